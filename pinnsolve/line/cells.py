"""Collocation over cells of one coordinate: features, points and residuals.

A cell of an unknown of order k has P + k features, P its collocation points, the same for all unknowns. Its equations
there and the joins by k traces are as many as its numbers, so that conditions, k of them for each unknown, determine
everything. Points are Gauss's; where all conditions stand at one place, and it can be marched from there, they are
Radau's with the far end, which damps what is stiff.

Sources: de Boor & Swartz, SIAM J. Numer. Anal. 10 (1973) 582 (collocation at Gauss points); Ascher, Mattheij & Russell,
Numerical Solution of Boundary Value Problems for Ordinary Differential Equations (1995), chapter 5.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.line.scheme import LineScheme
from pinnsolve.networks.tiles import Tiles
from pinnsolve.networks.traces import Across, Traces
from pinnsolve.residuals.pointwise import Answers, Derivative, answers
from pinnsolve.trial.line import Standing


@dataclass
class Cells:
    """Fields over cells, and what holds of them beside the equations.

    Parameters
    ----------
    scheme : LineScheme
    mesh : Tiles
    coefficients : tensor (n, F, M)
    conditions : sequence of Standing
        Those that stand on these cells.
    known : tuple (side, tensor (D,)), optional
        Traces that are known at the left (0) or right (1) end, in the coordinate's units: a march goes on from there.
    added : mapping from (equation, unknown) to float
        So many times the unknown's highest derivative is added to an equation, on the way to a solution of it.
    """

    scheme: LineScheme
    mesh: Tiles
    coefficients: Tensor
    conditions: tuple[Standing, ...] = ()
    known: tuple[int, Tensor] | None = None
    added: Mapping[tuple[int, int], float] = field(default_factory=dict)

    @property
    def ring(self) -> bool:
        return self.scheme.line.periodic and self.known is None

    @cached_property
    def traces(self) -> Traces:
        s = self.scheme
        return Traces(self.mesh, s.line.joins, s.counts, s.cell, self.ring, within(s.line.across, self.mesh))

    @cached_property
    def kinds(self) -> Tensor:
        """Which points each cell has, (n,): see `LineScheme.places`."""
        begin = self.scheme.line.begin
        if begin is None:
            return torch.full((len(self.mesh),), 2, device=self.mesh.device)
        return (self.mesh.edges[1:] <= begin).to(torch.int64)

    def closed(self) -> Cells:
        """With the traces of neighbours made equal, and of what is known: corrections leave gaps as they are."""
        if self.known is not None:
            return self.with_coefficients(begun_with(self, *self.known))
        given = {k: v[0] for k, v in self.traces.given(self.mesh.edges.new_zeros(1)).items()}
        return self.with_coefficients(self.traces.joined(self.coefficients, given))

    def with_coefficients(self, c: Tensor) -> Cells:
        made = replace(self, coefficients=c)
        kept = ("traces", "kinds", "places", "_points", "_tables")
        made.__dict__ |= {k: self.__dict__[k] for k in kept if k in self.__dict__}
        return made

    # ------------------------------------------------------------ residuals

    def left(self) -> Tensor:
        """What is left of the equations at the collocation points, (E, n P)."""
        return self.at_points(slopes=False).residuals

    def at_points(self, slopes: bool, by: Mapping[str, float] | None = None) -> Answers:
        """The equations at the collocation points, (E, n P); with slopes by constants that stand at some values."""
        return self._answers(self._points, self.table, slopes, by)

    @cached_property
    def places(self) -> Tensor:
        """Where the equations are collocated, (n, P)."""
        return self._places(self.scheme.places[self.kinds])

    def between(self, points: int, slopes: bool = True) -> Answers:
        """The equations at Gauss points that were not collocated, (E, n points)."""
        s = self.scheme
        x = self.mesh.points(s.cell.gauss(points)[0])[..., 0]
        at, units = s.line.points(x.flatten()), 2 / self.mesh.widths[..., None]
        return self._answers(at, lambda k: s.cell.table(points, (k,)) * units**k, slopes)

    def table(self, order: int) -> Tensor:
        """The features at the collocation points, derived so many times in the coordinate's units, (n, P, M)."""
        if order not in self._tables:
            units = (2 / self.mesh.widths[..., None]) ** order
            self._tables[order] = self.scheme.table(order)[self.kinds] * units
        return self._tables[order]

    @cached_property
    def _tables(self) -> dict[int, Tensor]:
        return {}

    @cached_property
    def _points(self) -> Points:
        return self.scheme.line.points(self.places.flatten())

    def _places(self, xi: Tensor) -> Tensor:
        """Where points of cells are; at a joint inside by more than rounding, since equations may jump there."""
        edges, h = self.mesh.edges, self.mesh.widths
        low, high = self.scheme.line.ends
        inside = (self.scheme.beside * (high - low) / h).clamp(max=1e-3)
        return edges[:-1, None] + h * torch.maximum(torch.minimum((xi + 1) / 2, 1 - inside), inside)

    def _answers(
        self, at: Points, table: Callable[[int], Tensor], slopes: bool, by: Mapping[str, float] | None = None
    ) -> Answers:
        line, c, known = self.scheme.line, self.coefficients.transpose(1, 2), dict[int, Sequence[Tensor]]()

        def derivative(f: int, alpha: Alpha) -> Tensor:
            if (k := alpha[0]) not in known:  # of all unknowns at once
                known[k] = (table(k) @ c).flatten(0, 1).T.contiguous().unbind(0)
            return known[k][f]

        found = answers(line.problem, line.problem.equations, at, derivative, slopes, by)
        return self._with_added(found, derivative, slopes) if self.added else found

    def _with_added(self, found: Answers, derivative: Derivative, slopes: bool) -> Answers:
        residuals, more = found.residuals.clone(), dict(found.slopes)
        for (i, f), much in self.added.items():
            alpha = (self.scheme.line.joins[f],)
            residuals[i] += much * derivative(f, alpha)
            if slopes:
                more[i, f, alpha] = more.get((i, f, alpha), torch.zeros_like(residuals[i])) + much
        return Answers(residuals, more, found.values)

    def standing(
        self, condition: Standing, slopes: bool = False, by: Mapping[str, float] | None = None
    ) -> Answers:  # fmt: skip
        """A condition where it stands, (1, 1); with slopes by constants that stand at some values."""
        line, cell = self.scheme.line, self.scheme.cell
        joint = self.joint(condition.place)
        k_cell, side = (joint, 0) if joint < len(self.mesh) else (joint - 1, 1)
        x, h = self.mesh.edges[joint, None], self.mesh.widths[k_cell, 0]

        def derivative(f: int, alpha: Alpha) -> Tensor:
            k = alpha[0]
            return (self.coefficients[k_cell, f] @ cell.end(k)[side] * (2 / h) ** k)[None]

        return answers(line.problem, [condition.equation], line.points(x, condition.outward), derivative, slopes, by)

    def joint(self, place: float) -> int:
        return int((self.mesh.edges - place).abs().argmin())


def within(across: Mapping[float, Across], mesh: Tiles) -> dict[float, Across]:
    """What is joined otherwise, between cells."""
    low, high = float(mesh.edges[0]), float(mesh.edges[-1])
    return {place: told for place, told in across.items() if low < place < high}


def ends_of(cells: Cells, side: int) -> Tensor:
    """The traces (D,) at the left (0) or right (1) end, in the coordinate's units."""
    s = cells.scheme
    return (s.at_ends[side] @ cells.coefficients[-side].flatten()) * (2 / cells.mesh.widths[-side]) ** s.orders


def begun_with(cells: Cells, side: int, traces: Tensor) -> Tensor:
    """The coefficients (1, F, M) of one cell with these traces (D,) at its left (0) or right (1) end, and the others as
    they are."""
    s, d = cells.scheme, len(traces)
    away = (traces - ends_of(cells, side)) * (cells.mesh.widths[0] / 2) ** s.orders
    near = s.shared[len(s.shared) - (2 - side) * d :][:d]
    return cells.coefficients + (away @ near).view_as(cells.coefficients)


def defects(cells: Cells, sizes: Tensor) -> Tensor:
    """What each cell leaves of its equations between its points, (n,): as a change of the unknowns by their sizes.

    The root mean square of each residual, over that of sum |slope| size (2/h)^k: what a change of such a size, over the
    width of a cell, would make. The largest over the equations (dimensionless).
    """
    s, n, h = cells.scheme, len(cells.mesh), cells.mesh.widths[:, 0]
    points = s.points + 3
    found, w = cells.between(points), s.cell.gauss(points)[1]
    made = torch.zeros_like(found.residuals)
    for (i, f, alpha), slope in found.slopes.items():
        unit = (sizes[f] * (2 / h) ** alpha[0]).repeat_interleave(points)
        made[i] += slope.abs() * unit
    shape = -1, n, points
    left, whole = (v.reshape(shape).square() @ w for v in (found.residuals, made))
    off = (left / whole.clamp(min=1e-300)).sqrt().amax(0)
    return torch.where(off.isfinite(), off, torch.full_like(off, math.inf))
