"""Where tables have kinks and jumps: their data say it, however many there are, and nothing has to be searched."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from math import prod

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.geometry.tabulated import Tabulated
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Rules:
    """For how many of them cells end there. Chosen, not measured.

    Parameters
    ----------
    line : int
        Along one coordinate. More: time for what a smooth table would say as well.
    plane : int
        Cells of a plane that the places of a table make: where these would be more, cells are halved where they must
        be. The same.
    """

    line: int = 2000
    plane: int = 400


RULES = Rules()


def breaks(problem: Problem, coordinate: str, equations: Iterable[Equation]) -> tuple[float, ...]:
    """The kinks and jumps along a coordinate, inside the domain, of all tables that some equations ask for."""
    equations = list(equations)
    used = {n for e in equations for n in e.asks | (e.prescribes.asks if e.prescribes is not None else frozenset())}
    tables = [t for name, t in problem.tables.items() if name in used]
    tables += [e.function for e in equations if isinstance(e.function, Tabulated)]
    low, high = problem.domain.ends(coordinate)
    near, plane = 100 * SAME * (high - low), len(problem.space_coordinates) > 1
    found: list[float] = []
    for table in tables:
        inside = [b for b in table.breaks(coordinate) if low + near < b < high - near]
        few = prod(1 + len(table.breaks(c)) for c in table.of) <= RULES.plane
        if len(inside) <= RULES.line and (few or not plane):
            found += [b for b in inside if all(abs(b - other) > near for other in found)]
    return tuple(sorted(found))
