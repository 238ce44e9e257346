"""One step of Radau IIA collocation over cells, by Newton's method on the declaration's own residuals.

Numbers of a step are coefficients C (q, n, F, M) of q stages, n cells, F unknowns and M features. Each iteration

    minimises over all joined fields    sum over the stages and cells of  int |r + r' delta|^2 dx

with the slopes r' averaged over the stages, so that the stages decouple by the eigenvectors of Radau's matrix. Rows
carry the true integral: the root of Gauss weight times the cell's width, times the same factor for all cells. With as
many Gauss points as numbers that the joins leave open it is collocation.

`python -m validation.stability` shows why: with rows of equal weight the march grows on cells of unequal width; with
exact joins and true weights it does not grow where equations are of first order in time; where they are of second
order, collocation does not.

Sources: Hairer & Wanner, Solving Ordinary Differential Equations II (1996), IV.8; de Boor & Swartz, SIAM J. Numer.
Anal. 10 (1973) 582 (collocation at Gauss points).
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from pinnsolve.algebra.radau import Radau, radau
from pinnsolve.cells.line_traces import joined
from pinnsolve.cells.sites import Site, cell_at, rim_sites
from pinnsolve.geometry.once import once
from pinnsolve.geometry.points import Points
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.machine.room import UNLIMITED, Room
from pinnsolve.machine.world import ALONE, World
from pinnsolve.networks.reference_cell import ReferenceCell, reference_cell
from pinnsolve.networks.spread import by_features, spread
from pinnsolve.networks.tiles import Tiles
from pinnsolve.problem.equation import Equation
from pinnsolve.residuals.pointwise import Answers, answers, side_by_side
from pinnsolve.trial.determined import held_along
from pinnsolve.trial.evolution import Evolution


@dataclass
class Scheme:
    """An evolution with the features and stages that it is solved with.

    Parameters
    ----------
    evolution : Evolution
    degree, stages : int
    device : torch.device
    weights : tensor (E,)
        What each equation's rows are divided by: the size of its terms, the same for all cells and steps.
    square : bool
        Along a line: collocation at as many points as joins leave open; always where equations are of second order in
        time.
    world, room : World, Room
        The ranks that share the cells of a plane or of space, which along a line each solves alike; what may be held.
    activation : str
        Of the hidden layer that cells share.

    Attributes
    ----------
    weak : bool
        In a plane: equations are tested with what they derive along time, in place of least squares, where they are of
        second order in time or say so in two.
    """

    evolution: Evolution
    degree: int
    stages: int
    device: torch.device
    weights: Tensor | None = None
    square: bool = False
    world: World = ALONE
    room: Room = UNLIMITED
    activation: str = "legendre"

    def __post_init__(self) -> None:
        e = self.evolution
        self.cell: ReferenceCell = reference_cell(self.degree, self.device, e.dims, self.activation)
        self.radau: Radau = radau(self.stages, self.device)
        self.square = e.dims == 1 and (self.square or e.second)
        self.weak = e.dims > 1 and (e.second or e.rated or bool(e.fluxed))

    @cached_property
    def points(self) -> int:
        """Gauss points of a cell along each coordinate: as many as joins leave open, or one more than the degree; in
        space as many as that where all is joined: the feature that vanishes at them is seen at joins alone."""
        e = self.evolution
        open_numbers, unseen = sum(self.cell.count - k[0] for k in e.joins), any(0 in along for along in e.joins)
        return math.ceil(open_numbers / len(e.equations)) if self.square else self.degree + (e.dims < 3 or unseen)

    @property
    def loose(self) -> int:
        """Over space: up to so many degrees less than they have traces are joined, a third of all, in time a quarter.

        Joins of all, (d + 1)^2 a side, say three times what equations leave open, and cells give way in these: errors
        are up to ten times smaller so, and elimination takes a fifth. Fewer joins than a third leave a solution open;
        and short steps let grow what is left open before that (`validation.spaces`, `validation.stability_spaces`).
        """
        e = self.evolution
        return (self.degree + 1) // (3 if e.time is None else 4) if e.dims > 2 else 0

    @property
    def in_cell(self) -> int:
        """P, all Gauss points of a cell."""
        return self.points**self.evolution.dims

    @property
    def fields(self) -> int:
        return len(self.evolution.joins)


def sites_of(scheme: Scheme, mesh: Tiles) -> list[Site]:
    """The sides and points at which conditions stand, lower sides first; or the rim of a shape, side by side."""
    e = scheme.evolution
    found = [] if mesh.region is None else rim_sites(e.walls, mesh, scheme.points)
    for side in itertools.product(range(e.dims), (0, 1)):
        whole = tuple(w.equation for w in e.walls if w.side == side and w.part is None)
        parts = [((w.equation,), w.part) for w in e.walls if w.side == side and w.part is not None]
        for conditions, part in [(whole, None), *parts] if whole else parts:
            axis, upper = side
            edge = mesh.units[upper][:, axis]
            cells = (edge == (len(mesh.ends[axis]) - 1) * upper).nonzero()[:, 0].to(mesh.device)
            if part is not None:
                low = e.extent[1 - axis][0]
                middle = ((mesh.lows + mesh.widths / 2)[cells, 1 - axis] - low) / mesh.lengths[1 - axis]
                cells = cells[held_along(e.problem, part, middle)]
            many = max(scheme.points, scheme.degree + 1)
            along, w = reference_cell(scheme.degree, scheme.device, max(1, e.dims - 1)).gauss(many)
            xi = torch.full((len(w) if e.dims > 1 else 1, e.dims), 2.0 * upper - 1.0, dtype=w.dtype, device=w.device)
            if e.dims > 1:
                xi[:, [k for k in range(e.dims) if k != axis]] = along
            found.append(Site(conditions, cells, xi, w if e.dims > 1 else torch.ones_like(w[:1]), side))
    for wall in (w for w in e.walls if w.side is None and w.rim is None):
        place = torch.tensor([wall.fixed[k] for k in range(e.dims)], dtype=torch.float64, device=mesh.device)
        cell, xi = cell_at(mesh, place)
        found.append(Site((wall.equation,), cell[None], xi[None], torch.ones_like(xi[:1]), None))
    return found


@dataclass(frozen=True)
class Start:
    """Where a step starts: values (n, F, M), and rates where an unknown is of second order in time."""

    values: Tensor
    rates: Tensor


@dataclass
class Step:
    """One step on one mesh.

    Parameters
    ----------
    scheme : Scheme
    mesh : Tiles
    begin, length : float
    start : Start
    stages : tensor (q, n, F, M)
    """

    scheme: Scheme
    mesh: Tiles
    begin: float
    length: float
    start: Start
    stages: Tensor

    def derived(self, order: int) -> Tensor:
        """The coefficients of the derivative along time at the stages."""
        r, found, begins = self.scheme.radau, self.stages, (self.start.values, self.start.rates)
        for k in range(order):
            begun = torch.outer(r.start, begins[k].flatten())
            found = (torch.addmm(begun, r.slopes, found.flatten(1)) / self.length).view_as(found)
        return found

    @property
    def times(self) -> Tensor:
        """Of the stages, (q,)."""
        return self.begin + self.length * self.scheme.radau.places[1:]

    def closed(self) -> Step:
        """With stages that are joined: corrections are, and gaps of the guess would stay for ever."""
        return replace(self, stages=joined(self.stages, self.mesh, self.scheme.evolution, self.scheme.cell, self.times))

    def end(self) -> Start:
        rates = self.derived(1)[-1] if self.scheme.evolution.second else self.start.rates
        return Start(self.stages[-1], rates)

    def everything(self) -> Tensor:
        """Start and stages, (q + 1, n, F, M)."""
        return torch.cat([self.begun(self.start.values, self.stages)[None], self.stages])

    def begun(self, start: Tensor, stages: Tensor) -> Tensor:
        """A start (n, F, M); where an unknown is algebraic, what its stages (q, n, F, M) say."""
        algebraic = [f for f, order in enumerate(self.scheme.evolution.orders) if order == 0]
        if algebraic:
            c = self.scheme.radau.places[1:]
            ratio = [(c[c != c[k]] / (c[c != c[k]] - c[k])).prod() for k in range(len(c))]
            before = torch.tensordot(torch.stack(ratio), stages, 1)
            start = start.clone()
            start[:, algebraic] = before[:, algebraic]
        return start

    # ------------------------------------------------------------ residuals

    def inside(
        self, points: int, slopes: bool, by: Mapping[str, float] | None = None, cells: Tensor | None = None
    ) -> Answers:  # fmt: skip
        """The equations at Gauss points of all cells and stages, (E, q n P); with slopes by constants that stand at
        some values. Of some cells (c,) alone of a mesh that no rim cuts, (E, q c P)."""
        cell, equations = self.scheme.cell, self.scheme.evolution.equations
        own = None if self.mesh.region is None else spread(self.mesh, cell, points)
        x = self._gauss(points) if own is None else own.places

        def values(c: Tensor, k: tuple[int, ...]) -> Tensor:
            return c @ cell.table(points, k).T if own is None else own.values(c, k)

        some = max(1, self.scheme.room.points // (self.scheme.stages * x.shape[1]))
        if cells is None and (own is not None or some >= len(x)):
            return self.answers(equations, x, self.mesh.widths, values, slopes, by=by)
        parts = []
        for chosen in (torch.arange(len(x), device=x.device) if cells is None else cells).split(some):
            at_some = self.answers(equations, x[chosen], self.mesh.widths[chosen], values, slopes, by=by, cells=chosen)
            parts.append((at_some, len(chosen)))
        return side_by_side(parts, self.scheme.stages)

    def _gauss(self, points: int) -> Tensor:
        """Those of all cells, (n, P, dims); along a line, where calls take longer than what they do, made once."""
        mesh, xi = self.mesh, self.scheme.cell.gauss(points)[0]
        return once(mesh if mesh.dims == 1 else None, ("gauss", points), lambda: mesh.points(xi))

    def at_site(self, site: Site, slopes: bool, by: Mapping[str, float] | None = None) -> Answers:
        """The conditions of a site, at all stages: (m, q c P)."""
        h = self.mesh.widths[site.cells]
        x = self.mesh.lows[site.cells][:, None] + h[:, None] * (site.xi + 1) / 2

        def values(c: Tensor, k: tuple[int, ...]) -> Tensor:
            return by_features(c, site.table(self.mesh, self.scheme.cell, k))

        return self.answers(site.conditions, x, h, values, slopes, site, by)

    def answers(
        self, equations: Sequence[Equation], x: Tensor, h: Tensor, values: Callable[[Tensor, tuple[int, ...]], Tensor],
        slopes: bool, site: Site | None = None, by: Mapping[str, float] | None = None, cells: Tensor | None = None,
    ) -> Answers:  # fmt: skip
        """Of cells of widths h (n, dims), at places x (n, P, dims), where coefficients have such values."""
        cells = site.cells if site is not None else cells
        e = self.scheme.evolution
        derived: dict[int, Tensor] = {}

        def derivative(f: int, alpha: Alpha) -> Tensor:
            k, order = e.derivative(alpha)
            if order not in derived:
                derived[order] = self.derived(order) if cells is None else self.derived(order)[:, cells]
            value = values(derived[order][:, :, f], k)
            value = -value if e.sign < 0 and order % 2 else value
            return (value * stretched(h, k)[:, None]).flatten() if any(k) else value.flatten()

        places = self._places(x, site) if site is not None or cells is not None or e.dims > 1 else self._again(x)
        found = answers(e.problem, equations, places, derivative, slopes, by)
        if e.sign > 0:
            return found
        slopes_of = {key: e.sign ** e.derivative(key[2])[1] * slope for key, slope in found.slopes.items()}
        back = {key: e.sign ** e.derivative(key[1])[1] * value for key, value in found.values.items()}
        return replace(found, slopes=slopes_of, values=back)

    def _places(self, x: Tensor, site: Site | None) -> Points:
        """Points at places x (n, P, dims), at all stages."""
        e, q, (n, p, _) = self.scheme.evolution, self.scheme.stages, x.shape
        side, normals = (None, None) if site is None else (site.side, site.normals)
        flat = x.expand(q, n, p, -1).reshape(q * n * p, -1)
        outward = None if normals is None else normals.expand(q, n, p, -1).reshape(q * n * p, -1)
        return e.points(flat, self.times.repeat_interleave(n * p), side, outward)

    def _again(self, x: Tensor) -> Points:
        """The same along a line, where iterations ask for them again and again: the last ones of a mesh are kept."""
        known: dict[str, Any] = once(self.mesh, ("places", x.shape[1]), dict)
        at = self.begin, self.length, self.scheme.stages, self.scheme.evolution.problem.coordinates
        if known.get("at") != at:
            known.update(at=at, points=self._places(x, None))
        points: Points = known["points"]
        return points


def stretched(h: Tensor, k: Sequence[int]) -> Tensor:
    """What a derivative along the reference cell's coordinates is multiplied by in cells of widths h (n, dims)."""

    def found() -> Tensor:
        parts = [(2 / h[..., axis]) ** power for axis, power in enumerate(k) if power]
        return math.prod(parts[1:], start=parts[0]) if parts else torch.ones_like(h[..., 0])

    return once(h, ("stretched", *k), found)
