"""What a run has measured of its stages: plain tables, which the strategy decides by."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pinnsolve.errors import Outcome
from pinnsolve.methods import Marching
from pinnsolve.training.weights import weighted


@dataclass(frozen=True)
class Ended:
    """A stage that came to its end.

    Parameters
    ----------
    stage : int
    fraction : float
        Its last held-out residual (rms) over the one at its start.
    held_out : dict from residual name to float
        Its last held-out residuals (rms); infinite where it failed.
    operations : float
    parameters : int
    steps : int
    verdict : Outcome, optional
        What its losses said in the end.
    stuck : bool
        Whether its method found no way down.
    missing : str
        What its trial function does not solve; empty where it solves everything.
    estimate : float, optional
        The relative error of the best solution so far, as estimated after this stage; None where nothing was compared.
    compared : int
        Solutions that were compared.
    best : int, optional
        The stage that made the best solution.
    exact : bool
        Whether its residual is rounding beside the terms that it is made of.
    share : float
        Of cells: the share of the problem's tolerance that they were solved to.
    part : float
        Of a poorer march: what the one that it solves again has of the error that it tells.
    full : bool
        Of steady cells over space: whether memory has room neither for finer ones nor for richer features.
    """

    stage: int
    fraction: float
    held_out: dict[str, float]
    operations: float
    parameters: int
    steps: int = 1
    verdict: Outcome | None = None
    stuck: bool = False
    missing: str = ""
    estimate: float | None = None
    compared: int = 0
    best: int | None = None
    exact: bool = False
    share: float = 0.0
    part: float = 1.0
    full: bool = False

    @classmethod
    def restored(cls, stored: Mapping[str, Any]) -> Ended:
        """From plain values."""
        verdict = stored["verdict"]
        return cls(**{**stored, "verdict": None if verdict is None else Outcome(**verdict)})

    def size(self, weights: Mapping[str, float]) -> float:
        """The weighted residual (rms)."""
        return weighted(weights, self.held_out) ** 0.5

    @property
    def solved(self) -> bool:
        """Whether it left a solution, with a residual everywhere."""
        return not self.missing and all(map(math.isfinite, self.held_out.values()))


@dataclass(frozen=True)
class Results:
    """The stages that came to their end so far, the last one just now, and the residuals' weights."""

    ended: Sequence[Ended]
    weights: Mapping[str, float]

    def of(self, stages: Sequence[int]) -> list[Ended]:
        return [e for e in self.ended if e.stage in stages]


@dataclass(frozen=True)
class Turn:
    """The stage that follows, by its number, and why it is that one, where that was a decision; of cells the share of
    the tolerance that they are solved to, how many degrees more, where these are others than the stage's own, and
    whether they are alike all over a plane, as far as that can be."""

    number: int
    why: str = ""
    share: float | None = None
    more: int | None = None
    even: bool = False

    @property
    def changed(self) -> dict[int, dict[str, float]]:
        """By stage what its method has otherwise: a share holds of what solves the same cells again, too."""
        if self.share is not None:
            found = {"share": self.share, "least": Marching.least} | ({"even": True} if self.even else {})
            return {self.number: found, self.number + 1: found}
        return {} if self.more is None else {self.number: {"more": self.more, "sparing": False}}
