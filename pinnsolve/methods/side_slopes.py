"""What equations say on the sides of cells of a plane: how they diffuse across, and which wind blows there.

Of  m d_t^k u - a u_xx + b u_x + ...  across a coordinate x, with m counted positive,

    a   the diffusion,      w = b + a_x   the wind: what is left of b beside the flux form, (a u_x)_x.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor

from pinnsolve.methods.implicit_step import Scheme, Step
from pinnsolve.methods.sites import Site
from pinnsolve.networks.reference_cell import reference_cell
from pinnsolve.networks.spread import by_features
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class FacePlaces:
    """The faces across one coordinate, from where to where along the other one.

    Parameters
    ----------
    axis : int
    cells : pair of tensor (p,)
        Below and above.
    parts : pair of tensor (p, 2)
        From where to where along the other coordinate, in the reference cell of each of them.
    """

    axis: int
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


def face_places(mesh: Tiles, rings: tuple[bool, ...]) -> list[FacePlaces]:
    """In the order in which the unknowns of faces are numbered."""
    low, high = mesh.units
    found = []
    for axis, below, above, begin, end in mesh.pieces(rings):
        both, parts = (below, above), []
        for tiles in both:
            at, size = low[tiles, 1 - axis], (high - low)[tiles, 1 - axis]
            parts.append(torch.stack([2 * (u[:, 0] - at) / size - 1 for u in (begin, end)], 1))
        moved = [x.to(mesh.device) for x in (*both, *parts)]
        found.append(FacePlaces(axis, (moved[0], moved[1]), (moved[2], moved[3])))
    return found


@dataclass(frozen=True)
class SideSlopes:
    """Averaged over the stages of a step.

    Parameters
    ----------
    faces : list of (a, w), each (F, p, P)
        For each `FacePlaces`, along its coordinate.
    walls : list of (a, w), each (F, c, P)
        For each site, outward.
    inside : (a, a_x), each (F, 2, n, P), optional
        At the Gauss points of cells, along both coordinates; nothing where a is the same everywhere.
    """

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


def side_slopes(step: Step, sites: list[Site]) -> SideSlopes:
    """Of a step as it stands: on a face the mean of both sides'."""
    mesh, (along, _) = step.mesh, along_face(step.scheme)
    faces = []
    for face in face_places(mesh, step.scheme.evolution.rings):
        told = [_at(step, face.cells[k], face.xi(k, along, SideSlopes.inward), face.axis) for k in (0, 1)]
        (below, b_below), (above, b_above) = told
        apart = SideSlopes.inward * (mesh.widths[face.cells[0]] + mesh.widths[face.cells[1]])[:, face.axis] / 2
        varies = torch.where((above - below).abs() < SideSlopes.jump * (above + below), above - below, 0.0)
        faces.append(((below + above) / 2, (b_below + b_above) / 2 + varies / apart[:, None]))
    walls = []
    for site in sites:
        assert site.side is not None
        axis, upper = site.side
        sign, moved = 2.0 * upper - 1.0, site.xi.clone()
        moved[:, axis] *= 1 - SideSlopes.inward
        here, b = _at(step, site.cells, site.xi.expand(len(site.cells), -1, -1), axis)
        inside, _ = _at(step, site.cells, moved.expand(len(site.cells), -1, -1), axis)
        apart = SideSlopes.inward * mesh.widths[site.cells, axis] / 2
        walls.append((here, sign * b + (here - inside) / apart[:, None]))
    return SideSlopes(faces, walls, _inside(step))


def _inside(step: Step) -> tuple[Tensor, Tensor] | None:
    """a at the Gauss points, and how it varies there, by central differences."""
    s, cells = step.scheme, torch.arange(len(step.mesh), device=step.mesh.device)
    xi, a, varies = s.cell.gauss(s.points)[0], list[Tensor](), list[Tensor]()
    for axis in range(2):
        here, _ = _at(step, cells, xi, axis)
        a.append(here)
        if bool((here == here.flatten()[0]).all()):
            varies.append(torch.zeros_like(here))
            continue
        moved = SideSlopes.inward * torch.eye(2, dtype=xi.dtype, device=xi.device)[axis]
        apart = SideSlopes.inward * step.mesh.widths[:, axis, None]
        varies.append((_at(step, cells, xi + moved, axis)[0] - _at(step, cells, xi - moved, axis)[0]) / apart)
    return (torch.stack(a, 1), torch.stack(varies, 1)) if any(bool(v.any()) for v in varies) else None


def _at(step: Step, cells: Tensor, xi: Tensor, axis: int) -> tuple[Tensor, Tensor]:
    """a and b across a coordinate, (F, p, P) each, at places (P, 2) or (p, P, 2) of cells (p,)."""
    s, e, h = step.scheme, step.scheme.evolution, step.mesh.widths[cells]
    x = step.mesh.lows[cells][:, None] + h[:, None] * (xi + 1) / 2

    def values(c: Tensor, k: tuple[int, ...]) -> Tensor:
        return by_features(c, s.cell.features(xi, k))

    found = step.answers(e.equations, x, h, values, slopes=True, cells=cells)
    a, b, m = torch.zeros(3, len(e.fluxed), *x.shape[:2], dtype=x.dtype, device=x.device)
    for (i, f, alpha), slope in found.slopes.items():
        k, order = e.derivative(alpha)
        mean = slope.reshape(s.stages, *x.shape[:2]).mean(0)
        if f != e.fluxed[i]:
            continue
        if order == max(e.orders):
            m[f] += mean
        elif k[axis] == sum(k) and k[axis] > 0:
            (a if k[axis] == 2 else b)[f] += mean
    sign = torch.where(m < 0, -1.0, 1.0)
    return -sign * a, sign * b
