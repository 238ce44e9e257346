"""Places inside where what multiplies the highest derivative vanishes, or grows without bound, as a root.

    d(k u_x, x),   k ~ |x - c|^p,   0 < |p| < 1:        u_x ~ |x - c|^-p

A flux passes, and u is continuous; but the slopes on both sides are infinite, or zero, whatever the flux, so that cells
joined by slopes, and smooth networks, pass on a flux that is wrong by any factor, and leave no residual at points. As a
first-order system, with the flux as an unknown, the same problem is joined by what is continuous.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Rules:
    """How it is looked. Chosen, not measured.

    Parameters
    ----------
    varies : float
        The coefficient's largest value over its least on a first look; what varies by less is not looked into.
    samples, rounds : int
        Points along a line, and how often its surroundings are looked at again, each time so many times as closely as
        there are points. Fewer: the place is not known to rounding.
    line : float
        Where lines run, in parts of the other coordinates' lengths.
    away : tuple of float
        Of the length: distances from the place, on either side; a root changes by one power from each to the next.
        Larger: steep coefficients are taken for roots. Smaller: the place is not known so well.
    least, most : float
        The power of a root. At ends of that no flux is lost, or none passes.
    alike : float
        By so much powers may differ.
    shifts : tuple of float
        Phases of the probes: what vanishes with an unknown does so elsewhere for another.
    """

    varies: float = 1.5
    samples: int = 64
    rounds: int = 8
    line: float = 0.31
    away: tuple[float, ...] = (1e-5, 1e-7, 1e-9)
    least: float = 0.03
    most: float = 0.97
    alike: float = 0.05
    shifts: tuple[float, ...] = (0.0, 1.1)


RULES = Rules()


def severed(problem: Problem, derivatives: Mapping[str, set[Alpha]]) -> list[str]:
    """Where no residual says which flux passes, in words."""
    found = list[str]()
    for coordinate in problem.space_coordinates:
        axis = problem.coordinates.index(coordinate)
        if max((alpha[axis] for alphas in derivatives.values() for alpha in alphas), default=0) < 2:
            continue
        for equation in problem.equations:
            place = _place(_Top(problem, equation, axis))
            if place is not None:
                digits = 3 - math.floor(math.log10(problem.domain.length(coordinate)))
                found.append(
                    f"what multiplies the second derivative along {coordinate} vanishes, or grows without bound, at "
                    f"{coordinate}={round(place, digits) + 0.0:g}, and points do not see which flux passes there"
                )
    return list(dict.fromkeys(found))


@dataclass(frozen=True)
class _Top:
    """What multiplies an equation's highest derivative along a coordinate."""

    problem: Problem
    equation: Equation
    axis: int

    def first(self) -> Tensor:
        """On the line that other checks look at, too."""
        return self._of(self.problem.prober.inside(self.equation).slopes, len(self.problem.domain.line().weights))

    def at(self, x: Tensor, shift: float) -> Tensor:
        problem, one = self.problem, torch.ones_like(x)
        line = {c: problem.domain.place(c, RULES.line * one) for c in problem.coordinates}
        points = Points(line | {problem.coordinates[self.axis]: x}, one)
        return self._of(problem.prober.answer(self.equation, points, shift).slopes, len(x))

    def _of(self, slopes: list[tuple[str, Alpha, Tensor]], count: int) -> Tensor:
        order = max((alpha[self.axis] for _, alpha, _ in slopes), default=0)
        top = [g.detach().abs() for _, alpha, g in slopes if alpha[self.axis] == order > 1]
        return torch.stack(top).amax(0) if top else torch.zeros(count, dtype=torch.float64)


def _place(top: _Top) -> float | None:
    """Where it is like a root; None where it is so nowhere inside."""
    seen = top.first()
    if not bool((seen > 0).any()) or float(seen.max()) <= RULES.varies * float(seen.min()):
        return None
    low, high = top.problem.domain.ends(top.problem.coordinates[top.axis])
    for largest in (False, True):
        place = _extreme(top, low, high, largest)
        away = RULES.away[0] * (high - low)
        if low + away < place < high - away and all(_like_a_root(top, place, high - low, s) for s in RULES.shifts):
            return place
    return None


def _extreme(top: _Top, low: float, high: float, largest: bool) -> float:
    """Where it is smallest or largest, to rounding."""
    part = torch.arange(1, RULES.samples, dtype=torch.float64) / RULES.samples
    for _ in range(RULES.rounds):
        x = low + (high - low) * part
        values = top.at(x, RULES.shifts[0]).nan_to_num(math.inf if largest else 0.0)
        best, step = float(x[values.argmax() if largest else values.argmin()]), (high - low) / RULES.samples
        low, high = max(low, best - step), min(high, best + step)
        if not high - low > 4 * torch.finfo(torch.float64).eps * abs(best):
            break
    return best


def _like_a_root(top: _Top, place: float, length: float, shift: float) -> bool:
    """Whether it changes by one power of the distance, on both sides."""
    away = length * torch.tensor(RULES.away, dtype=torch.float64)
    logs = [top.at(place + side * away, shift).log() for side in (-1.0, 1.0)]
    powers = torch.cat([log.diff() / away.log().diff() for log in logs])
    if not bool(powers.isfinite().all()):
        return False
    root = RULES.least < float(powers.abs().min()) and float(powers.abs().max()) < RULES.most
    return root and float(powers.max() - powers.min()) < RULES.alike
