"""Marches that broke off: what is solved by other means is held against them, as far as they came.

    error >= rms(u - u_march) / size of u,        t - t_0 <= 0.8 (t_end - t_0)

Whatever follows has to begin as the march did. Just before its end a march may be wrong itself. Where what followed is
refuted so, and nothing tells its error, the march is handed out as far as it came. One that came to its end, and that
nothing solved again, tells no error of others; but where theirs is large or not known, it is what is handed out: zero
leaves less of the equations than a front that is smeared does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.algebra import yardstick
from pinnsolve.errors import Outcome
from pinnsolve.training.collocation import Collocation
from pinnsolve.trial.marched import Marched

Parts = Sequence[Mapping[str, Tensor]]  # of marches, by unknown, (N,); no numbers where they did not come


@dataclass(frozen=True)
class Rules:
    """What of a march is believed. Chosen.

    Parameters
    ----------
    share : float
        Of the time that it took. Larger: what made it break off is in it. Smaller: others are held against less.
    """

    share: float = 0.8


RULES = Rules()


@dataclass(frozen=True)
class BrokenOff:
    """A march that did not come to its end, or was not solved again.

    Parameters
    ----------
    stage : int
    born, vector : tensor
        The state of the generator from which its stage was drawn, and all its steps, (L,).
    stopped : str
        Why it went no further.
    part : dict from unknown to tensor (N,)
        On the held-out points inside; no numbers where it is not believed.
    whole : bool
        Whether it came to its end.
    """

    stage: int
    born: Tensor
    vector: Tensor
    stopped: str
    part: Mapping[str, Tensor]
    whole: bool = False

    @classmethod
    def of(cls, stage: int, born: Tensor, points: Collocation) -> BrokenOff:
        """The march that is in training."""
        march = points.trial
        assert isinstance(march, Marched)
        return cls(stage, born, march.vector(), march.stopped, _part_of(march, points), march.complete)

    def in_place(self, outcome: Outcome, missing: str) -> Outcome:
        """What is said of it where it is handed out in place of what followed, and how that ended. Where the budget
        ended that, more of it helps no march that had come to a halt, and none that is not begun anew."""
        told = "the march, which nothing solved again, is handed out" if self.whole else missing
        detail = f"{outcome.detail}; {told}, and what was tried after that is refuted by it"
        if outcome.kind != "budget":
            return replace(outcome, detail=detail)
        remedy = "begin anew with a larger --budget"
        if self.stopped and not self.whole:
            remedy = "a lower tolerance or other unknowns may come further, and more time does not"
        return replace(outcome, detail=detail, remedy=f"{remedy}; --resume goes on with what is refuted")


def _part_of(march: Marched, points: Collocation) -> dict[str, Tensor]:
    time = str(march.problem.domain.time)
    begin = march.problem.domain.ends(time)[0 if march.sign > 0 else 1]
    masks = []
    for coordinates in points.inside():
        stretched = {**coordinates, time: begin + (coordinates[time] - begin) / RULES.share}
        reached = march.reached(stretched)
        all_alike = torch.full_like(coordinates[time], march.complete, dtype=torch.bool)
        masks.append(all_alike if reached is None else reached)
    there = torch.cat(masks)
    return {u: torch.where(there.to(v.device), v, torch.nan) for u, v in points.values().items()}


def held_against(parts: Parts, values: Mapping[str, Tensor], scales: Mapping[str, float]) -> float:
    """The relative error that values (N,) have at least, the largest over the unknowns; zero where no march says so."""
    least = 0.0
    for part in parts:
        for u, v in values.items():
            there = part[u].isfinite()
            if bool(there.any()):
                away = float((part[u] - v)[there].square().sum().div(len(v)).sqrt())
                least = max(least, away / yardstick.of_values(v, scales.get(u, 0.0)))
    return least


def refuting(
    broken: Sequence[BrokenOff], values: Mapping[str, Tensor], scales: Mapping[str, float], tolerance: float
) -> BrokenOff | None:
    """The last march from which values (N,) are farther than is asked for."""
    return next((b for b in reversed(broken) if held_against([b.part], values, scales) > tolerance), None)
