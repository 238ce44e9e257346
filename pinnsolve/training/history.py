"""What training leaves behind: its history, bounded however long it was, and what was kept."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import asdict, dataclass, field, replace
from typing import Any

from pinnsolve.errors import Outcome
from pinnsolve.inverse.record import Identified
from pinnsolve.training.overfitting import Overfitting
from pinnsolve.training.rules import RULES


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


@dataclass
class History:
    """The looks of a run, the first and the last always among them; once there are more than `most`, every second one
    is left out, and so is every second one that follows, so that they stay evenly spaced.

    >>> history = History()
    >>> for step in range(10_000):
    ...     history.append(Look(step, 0.0, "lm", 1.0, {}, {}))
    >>> len(history) <= history.most + 1, history[0].step, history[1].step, history[-1].step
    (True, 0, 8, 9999)
    """

    looks: list[Look] = field(default_factory=list)
    every: int = 1
    seen: int = 0
    most = 2000  # more than a curve shows, and a checkpoint of them is written in a moment

    def append(self, look: Look) -> None:
        if self.looks and (self.seen - 1) % self.every:  # the last one was kept as the last alone
            self.looks.pop()
        self.looks.append(look)
        self.seen += 1
        if len(self.looks) > self.most:
            last = self.looks[-1]
            self.looks, self.every = self.looks[::2], 2 * self.every
            if self.looks[-1] is not last:
                self.looks.append(last)

    def lately(self, step: int, made: int) -> bool:
        """Whether the last look is a short while ago, at a step of a march that has made so many: a look at all points
        takes as long as some of its steps.

        >>> history = History([Look(40, 0.0, "marching", 1.0, {}, {})])
        >>> next(step for step in range(41, 60) if not history.lately(step, made=step))
        46
        """
        return step - self.looks[-1].step < RULES.looks * made

    def __len__(self) -> int:
        return len(self.looks)

    def __iter__(self) -> Iterator[Look]:
        return iter(self.looks)

    def __getitem__(self, k: int) -> Look:
        return self.looks[k]

    def stored(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def restored(cls, stored: dict[str, Any]) -> History:
        """From plain values."""
        return cls(**{**stored, "looks": [Look(**look) for look in stored["looks"]]})


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
        Those that the kept parameters were trained on; of cells, in all of them together.
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
    first : dict from residual name to float
        The residuals before training, without the user's guess.
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
    first: dict[str, float] = field(default_factory=dict)

    @property
    def left(self) -> float:
        """The largest part of a residual that is left of it, on held-out points (dimensionless)."""
        return max((self.held_out[n] / r for n, r in self.first.items() if r > 0 and n in self.held_out), default=0.0)

    def contradicted(self, by: str, remedy: str) -> Training:
        """The same record where something outside of training says otherwise, `by` which words: it is not called
        converged any more, and its estimate is not handed on."""
        outcome, estimate = self.outcome, self.estimate
        told = "no error was estimated" if estimate is None else f"the error was estimated at {estimate:.0e}"
        if outcome.kind == "converged":
            outcome = Outcome("contradicted", f"training ended as converged ({told}), but {by}", remedy)
        elif estimate is not None:
            outcome = replace(outcome, detail=f"{outcome.detail} ({told}, but {by})")
        return replace(self, outcome=outcome, estimate=None)

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
