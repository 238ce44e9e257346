"""What equations say on the sides of cells of a plane: how they diffuse across, and which wind blows there.

Of  m d_t^k u - a u_xx + b u_x + ...  across a coordinate x, with m counted positive,

    a   the diffusion,      w = b + a_x   the wind: what is left of b beside the flux form, (a u_x)_x.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Scheme, Step
from pinnsolve.cells.rows import Slopes
from pinnsolve.cells.sites import Site
from pinnsolve.networks.reference_cell import ReferenceCell, reference_cell
from pinnsolve.networks.spread import by_features
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class FacePlaces:
    """Faces across one coordinate, from where to where along the other one.

    Parameters
    ----------
    axis : int
    numbers : tensor (p,)
        Among all faces of the mesh.
    cells : pair of tensor (p,)
        Below and above.
    parts : pair of tensor (p, 2)
        From where to where along the other coordinate, in the reference cell of each of them.
    """

    axis: int
    numbers: Tensor
    cells: tuple[Tensor, Tensor]
    parts: tuple[Tensor, Tensor]

    def xi(self, upper: int, along: Tensor, inward: float = 0.0) -> Tensor:
        """Places (p, P, 2) of the cells below (0) or above, at `along` (P,) of each face; moved into the cell by so
        much."""
        low, high = self.parts[upper].unbind(1)
        across = (1.0 - inward) * (1 - 2 * upper)
        found = torch.empty(len(low), len(along), 2, dtype=along.dtype, device=along.device)
        found[..., self.axis] = across
        found[..., 1 - self.axis] = low[:, None] + (high - low)[:, None] * (along + 1) / 2
        return found


def face_places(mesh: Tiles, rings: tuple[bool, ...], some: Tensor | None = None) -> list[FacePlaces]:
    """In the order in which the unknowns of faces are numbered; with `some` cells those that these have."""
    low, high = mesh.units
    found, count = list[FacePlaces](), 0
    for axis, below, above, begin, end in mesh.pieces(rings):
        both, parts = (below, above), []
        for tiles in both:
            at, size = low[tiles, 1 - axis], (high - low)[tiles, 1 - axis]
            parts.append(torch.stack([2 * (u[:, 0] - at) / size - 1 for u in (begin, end)], 1))
        numbers = torch.arange(count, count + len(below))
        count += len(below)
        if some is not None:
            mine = (torch.isin(below, some.cpu()) | torch.isin(above, some.cpu())).nonzero()[:, 0]
            numbers, both, parts = numbers[mine], (below[mine], above[mine]), [part[mine] for part in parts]
        moved = [x.to(mesh.device) for x in (numbers, *both, *parts)]
        found.append(FacePlaces(axis, moved[0], (moved[1], moved[2]), (moved[3], moved[4])))
    return found


@dataclass(frozen=True)
class SideSlopes:
    """Averaged over the stages of a step.

    Parameters
    ----------
    places : list of FacePlaces
    faces : list of (a, w), (2, F, p, P) and (F, p, P)
        For each of them, along its coordinate; a as it is below and above.
    walls : list of (a, w), each (F, c, P)
        For each site, outward.
    inside : (a, a_x), each (F, 2, n, P), optional
        At the Gauss points of cells, along both coordinates; nothing where a is the same everywhere.
    """

    places: list[FacePlaces]
    faces: list[tuple[Tensor, Tensor]]
    walls: list[tuple[Tensor, Tensor]]
    inside: tuple[Tensor, Tensor] | None
    # of half a cell's width: so far from a side it is seen how a coefficient varies across. Smaller: rounding. Larger:
    # what varies on a shorter length is not seen.
    inward: ClassVar[float] = 1e-4
    # of twice a coefficient: what it changes by more, so near to a side, is a jump there and no slope.
    jump: ClassVar[float] = 1e-2


def along_face(scheme: Scheme) -> tuple[Tensor, Tensor]:
    """Gauss points along a face, (P,), and weights that sum to one."""
    xi, w = reference_cell(scheme.degree, scheme.device, 1).gauss(scheme.degree + 2)
    return xi[:, 0], w


def side_slopes(step: Step, sites: list[Site], some: Tensor | None = None) -> SideSlopes:
    """Of a step as it stands: on a face the mean of both sides', and where that jumps each side's own. With `some`
    cells on their faces and in them alone."""
    mesh, (along, _) = step.mesh, along_face(step.scheme)
    places = face_places(mesh, step.scheme.evolution.rings, some)
    told = _on_both_sides(step, places, along)
    near = [torch.stack([told[2 * k + side][0] for side in (0, 1)]) for k in range(len(places))]
    jumps = [(a[1] - a[0]).abs() >= SideSlopes.jump * (a[1] + a[0]) for a in near]
    farther = _on_both_sides(step, places, along, 2) if any(bool(j.any()) for j in jumps) else told
    faces = []
    for k, (face, a, jump) in enumerate(zip(places, near, jumps, strict=True)):
        apart = SideSlopes.inward * mesh.widths[torch.stack(face.cells), face.axis] / 2  # (2, p)
        slopes = (a - torch.stack([farther[2 * k + side][0] for side in (0, 1)])) / apart[:, None, :, None]
        own = a + slopes * apart[:, None, :, None]
        varies = torch.where(jump, (slopes[0] - slopes[1]) / 2, (a[1] - a[0]) / apart.sum(0)[:, None])
        wind = (told[2 * k][1] + told[2 * k + 1][1]) / 2 + varies
        faces.append((torch.where(jump, own, a.mean(0)), wind))
    return SideSlopes(places, faces, _at_walls(step, sites), _inside(step, some))


def unchanged(scheme: Scheme, before: Slopes, now: Slopes) -> bool:
    """Whether all that derives along space counts as much as it did: what stands on sides is then known."""
    derived = [key for key in now if any(scheme.evolution.derivative(key[2])[0])]
    return all(key in before and torch.equal(before[key], now[key]) for key in derived)


def _on_both_sides(
    step: Step, places: list[FacePlaces], along: Tensor, far: float = 1.0
) -> list[tuple[Tensor, Tensor]]:  # fmt: skip
    """a and b below and above of the faces across each coordinate, one after the other, (F, p, P) each; so many times
    as far inside."""
    sides = [(face, k) for face in places for k in (0, 1)]
    cells = torch.cat([face.cells[k] for face, k in sides])
    a, b = _at(step, cells, torch.cat([face.xi(k, along, far * SideSlopes.inward) for face, k in sides]))
    parts = [torch.split(x, [len(face.numbers) for face, _ in sides], 2) for x in (a, b)]
    return [(mine[face.axis], wind[face.axis]) for (face, _), mine, wind in zip(sides, *parts, strict=True)]


def _at_walls(step: Step, sites: list[Site]) -> list[tuple[Tensor, Tensor]]:
    """a and w at each site, outward; all of these have as many points on a cell's side."""
    found, cells, xi = list[tuple[Tensor, Tensor]](), list[Tensor](), list[Tensor]()
    for site in sites:
        assert site.side is not None
        moved = site.xi.clone()
        moved[:, site.side[0]] *= 1 - SideSlopes.inward
        cells += [site.cells] * 2
        xi += [x.expand(len(site.cells), -1, -1) for x in (site.xi, moved)]
    if not sites:
        return found
    parts = [torch.split(x, [len(c) for c in cells], 2) for x in _at(step, torch.cat(cells), torch.cat(xi))]
    for k, site in enumerate(sites):
        assert site.side is not None
        axis, upper = site.side
        (here, inside), b = (part[axis] for part in parts[0][2 * k : 2 * k + 2]), parts[1][2 * k][axis]
        apart = SideSlopes.inward * step.mesh.widths[site.cells, axis] / 2
        found.append((here, (2.0 * upper - 1.0) * b + (here - inside) / apart[:, None]))
    return found


def _inside(step: Step, some: Tensor | None) -> tuple[Tensor, Tensor] | None:
    """a at the Gauss points, and how it varies there, by central differences; zeros in other cells than some."""
    s, n = step.scheme, len(step.mesh)
    cells = torch.arange(n, device=step.mesh.device) if some is None else some
    xi = s.cell.gauss(s.points)[0]
    a = _at(step, cells, xi)[0]
    varies = torch.zeros_like(a)
    for axis in range(2):
        if bool((a[axis] == a[axis].flatten()[0]).all()):
            continue
        moved = SideSlopes.inward * torch.eye(2, dtype=xi.dtype, device=xi.device)[axis]
        apart = SideSlopes.inward * step.mesh.widths[cells, axis, None]
        varies[axis] = (_at(step, cells, xi + moved)[0][axis] - _at(step, cells, xi - moved)[0][axis]) / apart
    if not bool(varies.any()):
        return None
    found = [x.new_zeros(len(a[0]), 2, n, len(xi)).index_copy_(2, cells, x.transpose(0, 1)) for x in (a, varies)]
    return found[0], found[1]


def _at(step: Step, cells: Tensor, xi: Tensor) -> tuple[Tensor, Tensor]:
    """a and b across both coordinates, (2, F, p, P) each, at places (P, 2) or (p, P, 2) of cells (p,)."""
    s, e, h = step.scheme, step.scheme.evolution, step.mesh.widths[cells]
    some = max(1, s.room.points // (s.stages * xi.shape[-2]))
    if len(cells) > some:
        chunks = torch.arange(len(cells), device=cells.device).split(some)
        parts = [_at(step, cells[chunk], xi if xi.dim() == 2 else xi[chunk]) for chunk in chunks]
        return torch.cat([a for a, _ in parts], 2), torch.cat([b for _, b in parts], 2)
    x = step.mesh.lows[cells][:, None] + h[:, None] * (xi + 1) / 2
    found = step.answers(e.equations, x, h, values_at(s.cell, xi), slopes=True, cells=cells)
    m = x.new_zeros(len(e.fluxed), *x.shape[:2])
    a, b = torch.zeros(2, 2, *m.shape, dtype=x.dtype, device=x.device)
    for (i, f, alpha), slope in found.slopes.items():
        k, order = e.derivative(alpha)
        if f != e.fluxed[i]:
            continue
        mean = slope.reshape(s.stages, *x.shape[:2]).mean(0)
        if order and order == max(e.orders):
            m[f] += mean
        elif any(k) and max(k) == sum(k):
            (a if max(k) == 2 else b)[k.index(max(k)), f] += mean
    sign = torch.where((m if max(e.orders) else -a[0]) < 0, -1.0, 1.0)
    return -sign * a, sign * b


def values_at(cell: ReferenceCell, xi: Tensor) -> Callable[[Tensor, tuple[int, ...]], Tensor]:
    """What coefficients (..., p, M) are, derived so many times, (..., p, P), at places (P, 2) of all, or (p, P, 2) of
    each: Gauss points of segments, of which few are unlike; their ends tell which."""
    if xi.dim() == 2:
        everywhere = cell.featured(xi)
        return lambda c, k: by_features(c, everywhere(k))
    ends, which = torch.unique(xi[:, [0, -1]].flatten(1), dim=0, return_inverse=True)
    mine = [(which == kind).nonzero()[:, 0] for kind in range(len(ends))]
    table = cell.featured(torch.stack([xi[some[0]] for some in mine]))

    def values(c: Tensor, k: tuple[int, ...]) -> Tensor:
        found = c.new_empty(*c.shape[:-1], xi.shape[1])
        for some, features in zip(mine, table(k), strict=True):
            found[..., some, :] = c[..., some, :] @ features.T
        return found

    return values
