"""How a problem is read for the grid: which equations and conditions hold where, and whether time is marched."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.regions import interior
from pinnsolve.jets.calculus import div
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.conditions import Solenoidal
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem


class NoReferenceError(Exception):
    """Why a problem is not solved here, in words that follow "no reference, because"."""


class NoiseError(NoReferenceError):
    """A solution that varies from node to node, by waves that differences on uneven nodes make grow, or since there
    are too few of them."""


class UndeterminedError(NoReferenceError):
    """The same, where finer grids would not help."""


@dataclass(frozen=True)
class Read:
    """A problem as it is discretised.

    Parameters
    ----------
    problem : Problem
    marched : bool
        Whether time is marched; otherwise it is a line of the grid, as the coordinates of space are.
    equations : tuple of Equation
        All that hold inside, continuity among them where a velocity is declared solenoidal.
    derivatives : mapping from unknown's number to set of multi-indices
        What equations and conditions ask for.
    starts : list of (Equation, Piece)
    walls : list of (Equation, Piece)
    by_name : mapping from name of an equation to set of multi-indices
        What each of them asks for, of whatever unknown.
    """

    problem: Problem
    marched: bool
    equations: tuple[Equation, ...]
    derivatives: Mapping[int, set[Alpha]]
    starts: list[tuple[Equation, Piece]]
    walls: list[tuple[Equation, Piece]]
    by_name: Mapping[str, set[Alpha]]

    def in_space(self, alphas: Iterable[Alpha]) -> frozenset[Alpha]:
        """Multi-indices of the problem's coordinates as those of the grid's."""
        order = [self.problem.coordinates.index(c) for c in self.coordinates]
        return frozenset(tuple(alpha[k] for k in order) for alpha in alphas)

    def asked_by(self, equations: Iterable[Equation]) -> frozenset[Alpha]:
        """The derivatives along the grid that some equations ask for."""
        return self.in_space(alpha for e in equations for alpha in self.by_name.get(e.name, ()))

    @property
    def coordinates(self) -> tuple[str, ...]:
        """The lines of the grid."""
        return self.problem.space_coordinates if self.marched else self.problem.coordinates

    @property
    def periodic(self) -> frozenset[str]:
        return frozenset(p.coordinate for p in self.problem.periodic)

    def order(self, f: int, coordinate: str) -> int:
        """The highest order of the derivatives of an unknown along a coordinate."""
        axis = self.problem.coordinates.index(coordinate)
        return max((alpha[axis] for alpha in self.derivatives[f]), default=0)

    @property
    def orders(self) -> tuple[int, ...]:
        """The highest order of the rates of each unknown; zeros where time is not marched."""
        time, count = self.problem.domain.time, len(self.problem.unknowns)
        return tuple(self.order(f, time) for f in range(count)) if self.marched and time else (0,) * count

    @property
    def one_each(self) -> bool:
        """Whether every unknown has second derivatives along every coordinate, and one condition at every end."""
        if self.problem.observations or any(piece.face is None for _, piece in self.walls):
            return False
        unknowns = range(len(self.problem.unknowns))
        for c in (c for c in self.coordinates if c not in self.periodic):
            if any(self.order(f, c) != 2 for f in unknowns):
                return False
            ends = [piece.face for _, piece in self.walls if piece.face and piece.face[0] == c]
            if any(ends.count((c, end)) != len(unknowns) for end in self.problem.domain.ends(c)):
                return False
        return len(self.equations) == len(unknowns)


def read(problem: Problem) -> Read:
    """The problem's equations and conditions by the places where they hold."""
    time = problem.domain.time
    equations = (*problem.equations, *(_continuity(problem, flow) for flow in problem.solenoidal))
    starts: list[tuple[Equation, Piece]] = []
    walls: list[tuple[Equation, Piece]] = []
    for equation in problem.conditions:
        for piece in equation.on.resolve(problem.domain):
            at_start = time is not None and piece.moment == problem.domain.ends(time)[0]
            (starts if at_start else walls).append((equation, piece))
    marched = time is not None and all(piece.moment is None for _, piece in walls) and bool(starts)
    by_name: dict[str, set[Alpha]] = {}
    asked: dict[int, set[Alpha]] = {f: set() for f in range(len(problem.unknowns))}
    for equation, piece in [(e, problem.domain.interior) for e in equations] + walls + starts * (not marched):
        answer = problem.prober.answer(equation, piece.grid())
        for u, alpha, _ in answer.slopes:
            asked[problem.unknowns.index(u)].add(alpha)
            by_name.setdefault(equation.name, set()).add(alpha)
    return Read(problem, marched, equations, asked, starts, walls if marched else starts + walls, by_name)


def _continuity(problem: Problem, flow: Solenoidal) -> Equation:
    """That a velocity has no divergence."""

    def residual(at: Fields) -> Jet:
        return div([at[u] for u in flow.components], *(at[c] for c in problem.space_coordinates))

    return Equation(flow.name, interior, residual)
