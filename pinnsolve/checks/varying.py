"""On which lengths equations and data vary along a coordinate, and where they break.

Seen on smooth fields in place of the unknowns, on lines (`pinnsolve.checks.resolution`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.checks.resolution import Resolution, resolution, together
from pinnsolve.checks.tables import breaks
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Rules:
    """How equations and data are looked at. Chosen, not measured.

    Parameters
    ----------
    same : float
        Of the length: breaks on two lines that are closer stand on a plane.
    lines : tuple of float
        Parts of the other coordinates' lengths, where lines run. More: fewer jumps are missed; more time.
    across : tuple of float
        The same in a plane, where what breaks along two of them is a plane.
    """

    same: float = 1e-6
    lines: tuple[float, ...] = (0.31, 0.77)
    across: tuple[float, ...] = (0.13, 0.31, 0.46, 0.59, 0.77)


RULES = Rules()


def varying_along(
    problem: Problem, coordinate: str, conditions: Sequence[tuple[Equation, Piece]] = (), planes: bool = False
) -> Resolution:
    """On which lengths equations, and some conditions, vary along a coordinate; or on which planes they break."""
    found = each_along(problem, coordinate, [*everywhere(problem), *conditions], planes)
    return together_along(problem, coordinate, found)


def everywhere(problem: Problem) -> list[tuple[Equation, Piece]]:
    """The equations that hold inside, with where that is."""
    return [(e, problem.domain.interior) for e in problem.equations]


def each_along(
    problem: Problem, coordinate: str, chosen: Sequence[tuple[Equation, Piece]], planes: bool
) -> list[Resolution]:  # fmt: skip
    """The same of each of those that ask for the coordinate."""
    asking = [(c, piece) for c, piece in chosen if coordinate in _asks(c)]
    if planes:
        return [_across(problem, c, piece, coordinate) for c, piece in asking]
    return [_resolution(problem, c, piece, coordinate, RULES.lines) for c, piece in asking]


def together_along(problem: Problem, coordinate: str, found: Sequence[Resolution]) -> Resolution:
    """What several functions along a coordinate ask for."""
    return together(found, problem.domain.length(coordinate))


def _across(problem: Problem, equation: Equation, piece: Piece, coordinate: str) -> Resolution:
    """The breaks that stand at the same place on two lines: planes. Others bend, and no cell ends at them; what is
    short on a line may be long beside it, and cells find it."""
    if not _resolution(problem, equation, piece, coordinate, RULES.across).breaks:  # seen together it costs a fifth
        return Resolution()
    near, kept = RULES.same * problem.domain.length(coordinate), list[float]()
    lines = [_resolution(problem, equation, piece, coordinate, [part]).breaks for part in RULES.across]
    for k, line in enumerate(lines):
        others = [c for other in lines[k + 1 :] for c in other]
        kept += [b for b in line if any(abs(b - c) < near for c in others) and all(abs(b - c) > near for c in kept)]
    return Resolution(tuple(sorted(kept)))


def _asks(equation: Equation) -> frozenset[str]:
    return equation.asks | (frozenset() if equation.prescribes is None else equation.prescribes.asks)


def _resolution(
    problem: Problem, equation: Equation, piece: Piece, coordinate: str, parts: Sequence[float]
) -> Resolution:
    """On which lengths the coefficients and sources of an equation vary along a coordinate: seen on smooth fields, on
    lines. Of numbers that are sought it counts how they enter: two may be guessed alike, and differ."""
    domain, sought = problem.domain, {n: v for n, v in problem.sought.items() if n in _asks(equation)}
    rim = None if piece.side is None else piece.draw(len(parts), "sobol", torch.Generator().manual_seed(5))

    def curves(x: Tensor) -> Tensor:
        """All lines at once, (curves x lines, points)."""
        line = torch.arange(len(parts)).repeat_interleave(len(x))
        along, part = x.repeat(len(parts)), torch.tensor(parts, dtype=x.dtype)[line]
        at = {c: domain.place(c, part) for c in problem.coordinates}
        at |= {c: torch.full_like(part, v) for c, v in piece.fixed.items()}
        normals = {c: torch.full_like(part, v) for c, v in piece.outward.items()}
        if rim is not None:  # places of its own, since they are nowhere on a line
            at |= {c: rim.coordinates[c][line] for c in piece.space}
            normals = {c: v[line] for c, v in rim.normals.items()}
        at[coordinate] = along
        given = {name: torch.full_like(part, value).requires_grad_() for name, value in sought.items()}
        answer = problem.prober.answer(equation, Points(at, torch.ones_like(part), normals), given=given)
        by = [answer.by.get(name, torch.zeros_like(part)) for name in sought]
        rows = torch.stack([answer.residual, *(slope.detach() for slope in (*(s for *_, s in answer.slopes), *by))])
        return rows.view(-1, len(x))

    return resolution(curves, *domain.ends(coordinate), breaks(problem, coordinate, [equation]))
