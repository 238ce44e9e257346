"""What training leaves behind, and what it needs to be taken up again."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from torch import Tensor

from pinnsolve.errors import Outcome
from pinnsolve.inverse.record import Identified
from pinnsolve.methods.protocol import State
from pinnsolve.training.overfitting import Overfitting


@dataclass(frozen=True)
class Look:
    """One line of the history.

    Parameters
    ----------
    step, seconds : int, float
        Steps made and seconds of training spent.
    method : str
    loss : float
        The weighted sum of squares that the method lowers.
    training, held_out : dict from residual name to float
        Root mean squares, on the current training points and on points that training never sees.
    """

    step: int
    seconds: float
    method: str
    loss: float
    training: dict[str, float]
    held_out: dict[str, float]


@dataclass(frozen=True)
class Training:
    """What training left behind.

    Parameters
    ----------
    outcome : Outcome
    seconds : float
        Of training, over all resumed parts.
    steps : int
    kept : int
        The step whose parameters were kept.
    history : list of Look
    training, held_out : dict from residual name to float
        Root mean squares of the parameters that were kept: those with the lowest held-out loss.
    points : dict from region to int
        Those that the kept parameters were trained on; of cells, in all windows together.
    weights : dict from residual name to float
    method, network : str
        What made the parameters that were kept, and what they are those of.
    choice : list of str
        Why one stage followed another, where that was decided automatically.
    estimate : float, optional
        The relative L2 error, estimated by comparing several solutions (`pinnsolve.training.error_estimate`).
    identified : Identified, optional
        The unknown constants, and how well the data are met; None for a problem without data.
    overfitting : Overfitting, optional
        Where data were held out (`Settings(validation=...)`), and lost while the others were fitted.
    sampler : str
        How the points were drawn.
    redrawn_every : int, optional
        After how many steps they were drawn anew; None where they stayed.
    unread : list of str
        Settings that were given and that the method did not read, where it was chosen automatically.
    unsaved : str
        Why the last checkpoint could not be written; empty where it was, or none was asked for.
    """

    outcome: Outcome
    seconds: float
    steps: int
    kept: int
    history: list[Look]
    training: dict[str, float]
    held_out: dict[str, float]
    points: dict[str, int]
    weights: dict[str, float]
    method: str
    network: str
    choice: list[str]
    estimate: float | None = None
    identified: Identified | None = None
    overfitting: Overfitting | None = None
    sampler: str = "sobol"
    redrawn_every: int | None = None
    unsaved: str = ""
    unread: list[str] = field(default_factory=list)

    @property
    def warnings(self) -> list[str]:
        """What is doubtful of the result, in words."""
        told = [] if self.identified is None else list(self.identified.warnings)
        told += [] if self.overfitting is None else [str(self.overfitting)]
        if self.unread:
            told.append(
                f"{', '.join(self.unread)} of the settings did nothing for what is handed out: {self.method} "
                "does not read that; choose a method that does, method=LevenbergMarquardt() for one"
            )
        return told + [self.unsaved] * bool(self.unsaved)


@dataclass
class LoopState:
    """Everything that a resumed run needs to go on with the same bits.

    `born` is the state of the generator from which the stage's network was drawn; `best` holds the parameters with the
    lowest held-out loss, with their step and stage, how it was born, and their residuals; `found` holds the solutions
    so far, as `training.error_estimate` compares them, and `behind` the last estimate over the error that would do;
    `again` is the stage whose solution the present one solves again.
    """

    step: int
    stage: int
    stage_step: int
    stage_began: float
    seconds: float
    method: State
    vector: Tensor
    born: Tensor
    best: dict[str, Any]
    watch: dict[str, Any]
    weights: dict[str, float]
    points: list[dict[str, Any]]
    generator: Tensor
    history: list[dict[str, Any]] = field(default_factory=list)
    ended: list[dict[str, Any]] = field(default_factory=list)
    choice: list[str] = field(default_factory=list)
    found: list[dict[str, Any]] = field(default_factory=list)
    behind: float = 1.0
    again: int | None = None
