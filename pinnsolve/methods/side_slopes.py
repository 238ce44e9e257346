"""What equations say on the sides of cells of a plane: how they diffuse across, and which wind blows there.

Of  m d_t^k u - a u_xx + b u_x + ...  across a coordinate x, with m counted positive,

    a   the diffusion,      w = b + a_x   the wind: what is left of b beside the flux form, (a u_x)_x.
"""

from __future__ import annotations

from collections.abc import Sequence
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
    # bytes of the features that are made at once. More: memory. Fewer: many small operations.
    together: ClassVar[float] = 3e6
    # of twice a coefficient: what it changes by more, so near to a side, is a jump there and no slope.
    jump: ClassVar[float] = 1e-2


def along_face(scheme: Scheme) -> tuple[Tensor, Tensor]:
    """Gauss points along a face, (P,), and weights that sum to one."""
    xi, w = reference_cell(scheme.degree, scheme.device, 1).gauss(scheme.degree + 2)
    return xi[:, 0], w


def side_slopes(step: Step, sites: list[Site]) -> SideSlopes:
    """Of a step as it stands: on a face the mean of both sides'."""
    return SideSlopes(_on_faces(step), _at_walls(step, sites), _inside(step))


def _on_faces(step: Step) -> list[tuple[Tensor, Tensor]]:
    mesh, (along, _) = step.mesh, along_face(step.scheme)
    faces = face_places(mesh, step.scheme.evolution.rings)
    sides = [(face, k) for face in faces for k in (0, 1)]
    told = _at(
        step, [face.cells[k] for face, k in sides], [face.xi(k, along, SideSlopes.inward) for face, k in sides]
    )  # fmt: skip
    found = []
    for face, below, above in zip(faces, told[::2], told[1::2], strict=True):
        (low, b_low), (high, b_high) = below[face.axis], above[face.axis]
        apart = SideSlopes.inward * (mesh.widths[face.cells[0]] + mesh.widths[face.cells[1]])[:, face.axis] / 2
        varies = torch.where((high - low).abs() < SideSlopes.jump * (high + low), high - low, 0.0)
        found.append(((low + high) / 2, (b_low + b_high) / 2 + varies / apart[:, None]))
    return found


def _at_walls(step: Step, sites: list[Site]) -> list[tuple[Tensor, Tensor]]:
    places, ends = list[Tensor](), [site.side for site in sites]
    for site, (axis, _) in zip(sites, ends, strict=True):  # type: ignore[misc]
        moved = site.xi.clone()
        moved[:, axis] *= 1 - SideSlopes.inward
        places += [x.expand(len(site.cells), -1, -1) for x in (site.xi, moved)]
    told, found = _at(step, [site.cells for site in sites for _ in (0, 1)], places), []
    for site, (axis, upper), there, within in zip(sites, ends, told[::2], told[1::2], strict=True):  # type: ignore[misc]
        (here, b), (inside, _) = there[axis], within[axis]
        apart = SideSlopes.inward * step.mesh.widths[site.cells, axis] / 2
        found.append((here, (2.0 * upper - 1.0) * b + (here - inside) / apart[:, None]))
    return found


def _inside(step: Step) -> tuple[Tensor, Tensor] | None:
    """a at the Gauss points, and how it varies there, by central differences."""
    s, cells = step.scheme, torch.arange(len(step.mesh), device=step.mesh.device)
    xi, varies = s.cell.gauss(s.points)[0], list[Tensor]()
    a = _some(step, cells, xi)[:, 0]
    for axis in range(2):
        if bool((a[axis] == a[axis].flatten()[0]).all()):
            varies.append(torch.zeros_like(a[axis]))
            continue
        moved = SideSlopes.inward * torch.eye(2, dtype=xi.dtype, device=xi.device)[axis]
        apart = SideSlopes.inward * step.mesh.widths[:, axis, None]
        after, before = (_some(step, cells, x)[axis, 0] for x in (xi + moved, xi - moved))
        varies.append((after - before) / apart)
    return (a.transpose(0, 1), torch.stack(varies, 1)) if any(bool(v.any()) for v in varies) else None


Across = list[tuple[Tensor, Tensor]]  # a and b along each coordinate, (F, p, P) each


def _at(step: Step, cells: Sequence[Tensor], xi: Sequence[Tensor]) -> list[Across]:
    """For groups of cells (p,) and as many places in each of them (p, P, 2), a and b there; all groups at once, as far
    as there is room for their features."""
    if not cells:
        return []
    both, places = torch.cat(list(cells)), torch.cat(list(xi))
    many = max(1, int(SideSlopes.together / (8 * places.shape[1] * step.scheme.cell.count)))
    parts = [_some(step, c, x) for c, x in zip(both.split(many), places.split(many), strict=True)]
    whole = torch.cat(parts, 3).split([len(c) for c in cells], 3)
    return [[(a, b) for a, b in group] for group in whole]


def _some(step: Step, cells: Tensor, xi: Tensor) -> Tensor:
    """The same of one group, (2, 2, F, p, P), by coordinate; at places (p, P, 2), or (P, 2) in all cells."""
    s, e, h = step.scheme, step.scheme.evolution, step.mesh.widths[cells]
    x = step.mesh.lows[cells][:, None] + h[:, None] * (xi + 1) / 2
    features = s.cell.featured(xi)

    def values(c: Tensor, k: tuple[int, ...]) -> Tensor:
        return by_features(c, features(k))

    found = step.answers(e.equations, x, h, values, slopes=True, cells=cells)
    told = torch.zeros(2, 2, len(e.fluxed), *x.shape[:2], dtype=x.dtype, device=x.device)
    m = torch.zeros_like(told[0, 0])
    for (i, f, alpha), slope in found.slopes.items():
        k, order = e.derivative(alpha)
        mean = slope.reshape(s.stages, *x.shape[:2]).mean(0)
        if f != e.fluxed[i]:
            continue
        if order == max(e.orders):
            m[f] += mean
            continue
        for axis in range(2):
            if k[axis] == sum(k) and k[axis] > 0:
                told[axis, 0 if k[axis] == 2 else 1, f] += mean
    sign = torch.where(m < 0, -1.0, 1.0)
    return told * torch.stack([-sign, sign])
