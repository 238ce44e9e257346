"""What the equations of so many cells of a plane take of memory, by which a budget says how many there may be."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pinnsolve.cells.implicit_step import Scheme


@dataclass(frozen=True)
class Rules:
    """What cells hold at once. Measured by `python -m benchmarks.memory`.

    Parameters
    ----------
    growth, begins : float
        A dissection of n equal cells with u unknowns on each side keeps n u^2 (growth log2 n - begins) numbers: of 400
        to 10,000 cells to 1 %.
    sided, apart : float
        The same where matrices are not Hermitian, and what multiplies from either side is kept.
    seen, point : float
        Numbers of a Gauss point of a stage that stay, and of one that is just evaluated.
    cell : float
        Bytes of a cell whatever its features are: its place, its sides, its part of the order.
    margin : float
        Times all that: fronts, and holes that are not filled. Larger: fewer cells than would fit.
    """

    growth: float = 4.15
    begins: float = 10.9
    sided: float = 7.44
    apart: float = 20.6
    seen: float = 12.0
    point: float = 50.0
    cell: float = 3e4
    margin: float = 1.15


RULES = Rules()


def held_in_plane(scheme: Scheme, count: int, brief: bool) -> float:
    """Bytes of so many cells that are all unlike: their inverses and what joins them, real and complex stages, half of
    the digits where these are brief, and what they are evaluated from."""
    e = scheme.evolution
    joined = [1] * len(e.joins) if e.fluxed else [max(mine) for mine in e.joins]  # by fluxes values alone are shared
    on_side = sum(scheme.cell.on_side(k) for several in joined for k in range(several))
    growth, begins = (RULES.sided, RULES.apart) if scheme.weak else (RULES.growth, RULES.begins)
    joins = count * on_side**2 * max(growth * math.log2(max(count, 2)) - begins, 1.0)
    inverse = count * (scheme.fields * scheme.cell.count) ** 2
    points = count * scheme.stages * (scheme.degree + 3) ** 2 * scheme.fields
    seen = RULES.seen * points + RULES.point * min(points, scheme.room.points)
    # one of each pair of complex stages is kept: as many real numbers as there are stages
    each = 8.0 * (scheme.stages * (joins * (0.5 if brief else 1.0) + inverse) + seen)
    return RULES.margin * (each + RULES.cell * count)


def planes_that_fit(scheme: Scheme, memory: float) -> int:
    """How many cells of a plane fit in so many bytes, to a hundredth: in brief, where the form allows it."""
    low, high, brief = 1, 2, not scheme.weak and not scheme.evolution.fluxed
    while held_in_plane(scheme, high, brief) <= memory:
        low, high = high, 2 * high
    while high - low > max(1, low // 100):
        middle = (low + high) // 2
        low, high = (middle, high) if held_in_plane(scheme, middle, brief) <= memory else (low, middle)
    return low
