"""Equations with more of their highest derivatives, on the way to those that are asked for.

Where a wind is strong, least squares on cells that do not resolve its layers spread what these leave over all of the
plane, so that everything is halved. With as much diffusion as the cells resolve, layers are wide and are found where
they stand; with less and less of it they become narrow on cells that follow. What is found in the end solves the
equations as they are.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from pinnsolve.jets.multi_index import Alpha
from pinnsolve.steady.cells import SteadyCells

Key = tuple[int, int, Alpha]


@dataclass(frozen=True)
class Rules:
    """How diffusion is taken away again. Chosen on layers of width 1e-1 to 1e-4, not varied one by one.

    Parameters
    ----------
    first : float
        Of the wind over the length: what is added at first. Larger: more steps. Smaller: the first is not resolved.
    takes : float
        Each step leaves this part of what is added. Smaller: fewer steps, of which more fail.
    mark : float
        Of the largest defect: cells below it are not halved yet. Smaller: cells around a layer are halved for nothing.
    fails : int
        Steps that fail before it is given up.
    loose : float
        The bound of defects on the way; what leaves less is not eased. Smaller: more rounds on the way, and corners
        with slopes without bound are taken for layers. Larger: layers of width 1e-4 halve everything.
    after : int
        Rounds that have not brought the largest defect below `stalls` of what it was: cells are then halved for
        nothing. More: they are for longer. Fewer: it is eased where that is not needed.
    stalls : float
    """

    first: float = 0.1
    takes: float = 0.4
    mark: float = 0.5
    fails: int = 6
    loose: float = 0.03
    after: int = 3
    stalls: float = 0.1


RULES = Rules()


@dataclass(frozen=True)
class Easing:
    """Where on that way it is.

    Parameters
    ----------
    whole : mapping from (equation, unknown, multi-index) to (sign, much, own)
        For each highest derivative the sign of its slope, what slope would make it as large as the wind over the
        length, and the slope that it has.
    part : float
        What of that is added now.
    before : float
        The part that was solved last.
    fails : int
    """

    whole: Mapping[Key, tuple[float, float, float]] = field(default_factory=dict)
    part: float = RULES.first
    before: float = math.inf
    fails: int = 0

    @property
    def last(self) -> bool:
        """Whether what would be added is less than what is there."""
        return all(self.part * much < own for _, much, own in self.whole.values())

    @property
    def added(self) -> dict[Key, float]:
        return {} if self.last else {key: self.part * sign * much for key, (sign, much, _) in self.whole.items()}

    def further(self, failed: bool) -> Easing | None:
        """The next step, after one that failed or did not; nothing where it is over."""
        if not failed:
            return None if self.last else replace(self, before=self.part, part=RULES.takes * self.part)
        if self.fails >= RULES.fails:
            return None
        part = 10 * self.part if self.before == math.inf else (self.part * self.before) ** 0.5
        return replace(self, part=part, fails=self.fails + 1)

    def stored(self) -> list[Any]:
        return [self.part, self.before, self.fails, [[*k[:2], list(k[2]), *v] for k, v in self.whole.items()]]

    @classmethod
    def restored(cls, kept: Sequence[Any]) -> Easing:
        part, before, fails, whole = kept
        made = {(i, f, tuple(alpha)): (sign, much, own) for i, f, alpha, sign, much, own in whole}
        return cls(made, part, before, fails)


def stalled(offs: Sequence[float]) -> bool:
    """Whether rounds have brought too little, by the largest defect of each."""
    late = len(offs) > RULES.after and offs[-1] > RULES.loose
    return late and offs[-1] > RULES.stalls * offs[-1 - RULES.after]


def begun(cells: SteadyCells) -> Easing:
    """The first step, on the first cells; without anything to add where there is no wind, or little of it."""
    e, mesh = cells.scheme.evolution, cells.mesh
    fields = torch.zeros_like(cells.coefficients)
    fields[..., 0] = fields.new_tensor(e.sizes)  # where they vanish, so does a wind that they are themselves
    found = cells.with_coefficients(fields).inside(cells.scheme.points, slopes=True).slopes
    whole = {}
    for (i, f, alpha), slope in found.items():
        k = e.derivative(alpha)[0]
        if sum(k) != 2 or max(k) != 2 or bool((slope.sign() != slope.sign()[0]).any()):
            continue
        winds = [
            float(s.abs().mean()) / float(mesh.lengths[e.derivative(beta)[0].index(1)])
            for (j, g, beta), s in found.items()
            if (j, g) == (i, f) and sum(e.derivative(beta)[0]) == 1
        ]
        much, own = sum(winds) * float(mesh.lengths[k.index(2)]) ** 2, float(slope.abs().mean())
        if RULES.first * much > own > 0:
            whole[i, f, alpha] = float(slope.sign()[0]), much, own
    return Easing(whole)
