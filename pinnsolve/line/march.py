"""A march along one coordinate from the place where all conditions stand: cell after cell, as wide as they may be."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import partial

import torch
from torch import Tensor

from pinnsolve.cells.joined_newton import Effort, JoinedNewton
from pinnsolve.line.cell_operator import CellOperator
from pinnsolve.line.cells import Cells, defects, ends_of
from pinnsolve.line.operator import LineOperator
from pinnsolve.line.scheme import LineScheme
from pinnsolve.networks.tiles import Tiles, sizes_of


@dataclass(frozen=True)
class Rules:
    """How cells find their widths. Chosen, not measured, but for `aim`, `grows` and `left`: for prey and predators, van
    der Pol's and Lorenz' equations a fifth fewer factorisations in all than with 0.3, 3 and 1e-4.

    Parameters
    ----------
    first : float
        Of the way: the first cell.
    aim : float
        Of the bound: what the next cell aims at. Larger: more are repeated.
    grows : float
        A cell is at most so many times wider than the last.
    shrinks : float
        And so many times narrower, where one is repeated.
    unsettled : float
        The same where Newton's method did not settle.
    short : float
        Of the way: a cell below it is none.
    iterations, shortest : int, float
        Of Newton's method, and of its steps: from the last cell it settles in four; the first cell has
        what any solution has, since what equations give algebraically may be far from the first guess.
    terms : int
        The order of the last of Taylor's terms from which a cell begins. With two there are half as many corrections as
        with the last cell's whole polynomial, four fifths of those with none, and six sevenths of those with five:
        prey and predators, van der Pol's, Lorenz' and Robertson's equations, bounds of 1e-5 and 1e-3.
    left : float
        Of the bound: what Newton's method may leave. Larger: cells leave more than they need. Smaller: iterations.
    """

    first: float = 1 / 64
    aim: float = 0.1
    grows: float = 2.0
    shrinks: float = 0.1
    unsettled: float = 0.25
    short: float = 1e-15
    iterations: int = 10
    shortest: float = 0.2
    terms: int = 2
    left: float = 1e-3


RULES = Rules()


@dataclass
class LineMarch:
    """The cells so far, and how wide the next shall be.

    Parameters
    ----------
    scheme : LineScheme
    bound : float
        Of what a cell leaves of its equations (`defects`).
    start : callable
        The first guess (N, F) at places (N,).
    """

    scheme: LineScheme
    bound: float
    start: Callable[[Tensor], Tensor]
    edges: list[float] = field(default_factory=list)
    made: list[Tensor] = field(default_factory=list)  # (F, M) of each cell, from left to right
    width: float = 0.0
    side: int = 1  # to the right first
    sizes: Tensor = field(default_factory=lambda: torch.zeros(0))
    stuck: bool = False
    effort: Effort = field(default_factory=Effort)

    def __post_init__(self) -> None:
        line = self.scheme.line
        assert line.begin is not None
        if not self.edges:
            self.edges, self.sizes = [line.begin], self.scheme.floors
            self._turned()

    @property
    def _way(self) -> float:
        low, high = self.scheme.line.ends
        return high - low

    @property
    def at(self) -> float:
        return self.edges[-1 if self.side else 0]

    @property
    def left(self) -> float:
        """The way that is left on this side."""
        low, high = self.scheme.line.ends
        return high - self.at if self.side else self.at - low

    def _turned(self) -> None:
        """To the left, where nothing is left on the right."""
        if self.side and self.left <= RULES.short * self._way:
            self.side = 0
        self.width = RULES.first * self._way

    def advance(self) -> bool:
        """Take one cell; whether there are more to take."""
        width, grows, tried = self._allowed(self.width), RULES.grows, self._begins_at
        while True:
            if width < RULES.short * self._way:
                self.stuck = True
                return False
            cells = self._solved(width, tried)
            off = self.bound if cells is None else float(defects(cells, self._sizes(cells)).max())
            factor = (RULES.aim * self.bound / max(off, 1e-300)) ** (1 / (self.scheme.points + 1))
            if cells is not None and off <= self.bound:
                break
            width *= RULES.unsettled if cells is None else max(RULES.shrinks, min(0.7, factor))
            grows = 1.0  # what was too wide just now may be so again
            tried = tried if cells is None else partial(carried_to, cells)
        self._accept(cells)
        self.width = width * min(grows, max(0.3, factor))
        if self.left <= RULES.short * self._way:
            self._turned()
        return self.left > RULES.short * self._way

    def _allowed(self, width: float) -> float:
        """A width that ends where the equations jump, and is short where they vary."""
        line, sign = self.scheme.line, 1 if self.side else -1
        ahead = [abs(j - self.at) for j in (*line.joints, *line.ends) if sign * (j - self.at) > RULES.short * self._way]
        aim = min(ahead)
        low, high = sorted((self.at, self.at + sign * width))
        while width > 2 * line.inside.finest(low, high):
            width *= 0.5
            low, high = sorted((self.at, self.at + sign * width))
        return aim if width > 0.9 * aim else aim / 2 if 2 * width > aim else width

    def _solved(self, width: float, guess: Callable[[Tensor], Tensor]) -> Cells | None:
        s, line = self.scheme, self.scheme.line
        at, sign = self.at, 1 if self.side else -1
        end = at + sign * width
        if abs(end - line.ends[self.side]) < 1e-9 * width:
            end = line.ends[self.side]
        mesh = Tiles.along(sorted((at, end)), s.device)
        first = len(self.edges) == 1
        conditions = line.conditions if first else ()
        known = None
        if not first:
            known = 1 - self.side, self._beyond(ends_of(self._last(), self.side))
        of = LineOperator.of if first else CellOperator.of
        newton = JoinedNewton(of, self.sizes, RULES.left * self.bound, effort=self.effort)
        if not first:  # it begins close by
            newton.iterations, newton.shortest = RULES.iterations, RULES.shortest
        places = mesh.points(s.cell.gauss(s.cell.count)[0])[0, :, 0]
        return newton.solve(Cells(s, mesh, s.nearest(guess(places)[None]), conditions, known))

    def _beyond(self, traces: Tensor) -> Tensor:
        """The traces on the other side of the place where the march stands."""
        across = self.scheme.line.across.get(self.at)
        return traces if across is None else across.beyond(traces, bool(self.side))

    def _last(self) -> Cells:
        """The cell from which it goes on."""
        k = len(self.made) - 1 if self.side else 0
        mesh = Tiles.along(self.edges[k : k + 2], self.scheme.device)
        return Cells(self.scheme, mesh, self.made[k][None])

    def _begins_at(self, places: Tensor) -> Tensor:
        """The first terms of Taylor's series at the end of the last cell (N, F): what its whole polynomial says beyond
        grows with the degree, until it is far off."""
        if not self.made:
            return self.start(places)
        last, ends = self._last(), self.scheme.cell.end
        way, found = 2 * (places - self.at) / last.mesh.length, places.new_zeros(len(places), 1)
        for k in range(RULES.terms, -1, -1):
            found = found * way[:, None] / (k + 1) + ends(k)[self.side] @ last.coefficients[0].T
        return found

    def _sizes(self, cells: Cells) -> Tensor:
        return torch.maximum(self.sizes, sizes_of(cells.coefficients, cells.mesh))

    def _accept(self, cells: Cells) -> None:
        self.sizes = self._sizes(cells)
        new = cells.coefficients[0]
        if self.side:
            self.edges.append(float(cells.mesh.edges[1]))
            self.made.append(new)
        else:
            self.edges.insert(0, float(cells.mesh.edges[0]))
            self.made.insert(0, new)


def carried_to(cells: Cells, places: Tensor) -> Tensor:
    """What one cell is at places (N,) of it, (N, F)."""
    xi = 2 * (places - cells.mesh.edges[0]) / cells.mesh.length - 1
    return cells.scheme.cell.features(xi[:, None], (0,)) @ cells.coefficients[0].T
