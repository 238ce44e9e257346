"""What cells of a plane say on their sides where fluxes join them, and what conditions at walls are tested with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.rows import Slopes
from pinnsolve.cells.side_slopes import SideSlopes, along_face
from pinnsolve.cells.sides import Sides
from pinnsolve.cells.sites import Site
from pinnsolve.networks.reference_cell import legendre
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Rules:
    """What decides here. Chosen: one would do where a is the same everywhere.

    Parameters
    ----------
    penalty : float
        p. Smaller: not stable where a varies within a cell. Larger: sides are stiff, and rounding counts.
    entered : float
        c. Smaller: what cells leave grows at walls with a slope where wind blows in, by e^10 while it crosses two cells
        of degree 7 (`tests/test_entering_wind.py`). Larger: no better; from degree 11 on it grows by e in each.
    """

    penalty: float = 2.0
    entered: float = 20.0


RULES = Rules()


@dataclass(frozen=True)
class Outflow:
    """What some cells with as many unknowns at their sides say there: rows over their coefficients, times the side's
    length over the cell's area.

    Parameters
    ----------
    sides : Sides
        With the traces T.
    stiff : tensor (m, k)
        t + |w|.
    flux : tensor (m, k, F M)
        Of a u_n.
    tests : tensor (m, k, F M)
        (t + |w| - w) T less the flux: what is tested with u - g.
    length : tensor (m, k)
        Of the side, over the cell's area.
    fields : tensor (m, k)
        Whose trace each unknown is.
    """

    sides: Sides
    stiff: Tensor
    flux: Tensor
    tests: Tensor
    length: Tensor
    fields: Tensor

    def told(self, some: Tensor) -> Tensor:
        """(t + |w|) T less the flux, of some of them, (c, k, F M)."""
        return self.stiff[some][..., None] * self.sides.rows(some) - self.flux[some]


@dataclass(frozen=True)
class AllFaces:
    """By face and side, below (0) and above (1), and by unknown: (N, 2, F, ...).

    Parameters
    ----------
    number : tensor
        Of each face of the mesh its number among these.
    """

    number: Tensor
    below: Tensor
    stiff: Tensor  # (N, 2, F)
    flux: Tensor  # (N, 2, F, T, M)
    carried: Tensor  # w T
    length: Tensor  # (N, 2)


def all_faces(scheme: Scheme, mesh: Tiles, beside: SideSlopes) -> AllFaces:
    """The faces at which it is known what the equations say."""
    along, w = along_face(scheme)
    modes = (legendre(along, scheme.degree, 0) * w[:, None]).T  # from values to coefficients, (T, P)
    found: list[list[Tensor]] = [[] for _ in range(5)]
    for face, (a, wind) in zip(beside.places, beside.faces, strict=True):
        parts: list[list[Tensor]] = [[] for _ in range(4)]
        for upper, cells in enumerate(face.cells):
            xi, h, sign = face.xi(upper, along), mesh.widths[cells], 1.0 - 2.0 * upper
            across = [int(k == face.axis) for k in range(2)]
            slope = scheme.cell.features(xi, across) * (2 * sign / h[:, face.axis])[:, None, None]
            flux = modes @ (a[upper, ..., None] * slope)  # (F, p, T, M)
            carried = modes @ (sign * wind[..., None] * scheme.cell.features(xi, (0, 0)))
            stiff = _stiff(scheme, a[upper], wind, h[:, face.axis])
            low, high = face.parts[upper].unbind(1)
            length = (high - low) / 2 / h[:, face.axis]
            for kept, value in zip(
                parts, (stiff.T, flux.transpose(0, 1), carried.transpose(0, 1), length), strict=True
            ):
                kept.append(value)
        found[0].append(face.cells[0])
        for kept, both in zip(found[1:], parts, strict=True):
            kept.append(torch.stack(both, 1))
    known = torch.cat([face.numbers for face in beside.places])
    number = known.new_zeros(int(known.max()) + 1 if len(known) else 0)
    number[known] = torch.arange(len(known), device=known.device)
    return AllFaces(number, *(torch.cat(v) for v in found))


def _stiff(scheme: Scheme, a: Tensor, wind: Tensor, h: Tensor) -> Tensor:
    """t + |w| of each side, (F, p)."""
    d = scheme.degree
    return RULES.penalty * d * (d + 1) * a.amax(-1) / h + wind.abs().amax(-1)


def outflow(group: Sides, sides: AllFaces, scheme: Scheme) -> Outflow:
    """Of some cells."""
    t, m = scheme.degree + 1, scheme.cell.count
    fields = scheme.fields
    number = sides.number[group.unknowns[:, :: fields * t] // (fields * t)]  # of its faces, (c, s)
    upper = (sides.below[number] != group.cells[:, None]).long()

    def spread(x: Tensor) -> Tensor:
        """Rows (c, s, F, T, M) over the coefficients of all unknowns, (c, s F T, F M)."""
        found = x.new_zeros(*x.shape[:4], fields, m)
        for f in range(fields):
            found[:, :, f, :, f] = x[:, :, f]
        return found.flatten(4).flatten(1, 3)

    stiff = sides.stiff[number, upper].repeat_interleave(t, 2).flatten(1)
    length = sides.length[number, upper].repeat_interleave(fields * t, 1)
    flux, carried = (spread(x[number, upper]) for x in (sides.flux, sides.carried))
    told = stiff[..., None] * group.rows(slice(None)) - flux
    which = torch.arange(fields, device=stiff.device).repeat_interleave(t).repeat(number.shape[1])
    return Outflow(group, stiff, flux, told - carried, length, which.expand_as(stiff))


def tested_with(scheme: Scheme, mesh: Tiles, site: Site, slopes: Slopes, a: Tensor, wind: Tensor) -> Tensor:
    """What each condition at a wall is tested with, (c, m P, F M): of a slope, B u = s u_n + ..., with
    (a v + c w_in (h/(d (d + 1)))^2 v_n)/s; of a value, B u = s u, with ((t + |w| - w) v - a v_n)/s; times weights, and
    the side's length over the cell's area.

    w_in = max(-w, 0) blows in. With a v alone a slope hardly counts where a is small, and a flow that comes in from
    nowhere lets everything grow; as a square of what is missed it takes away more than comes in.
    """
    assert site.side is not None
    (axis, upper), m, d = site.side, scheme.cell.count, scheme.degree
    h = mesh.widths[site.cells, axis]
    sign = 2.0 * upper - 1.0
    v = site.table(mesh, scheme.cell, (0, 0))
    v_n = site.table(mesh, scheme.cell, tuple(int(k == axis) for k in range(2)))
    found = v.new_zeros(len(site.cells), len(site.conditions), site.count, scheme.fields, m)
    stiff, weight = _stiff(scheme, a, wind, h), site.weights / h[:, None]
    for i in range(len(site.conditions)):
        f, order, factor = _said(scheme, slopes, i, axis)
        if order:
            entered = RULES.entered * wind[f].clamp(max=0).abs() * (h[:, None] / (d * (d + 1))) ** 2
            test = ((a[f] / sign)[..., None] * v + (2 / h[:, None] * entered)[..., None] * v_n) / factor[..., None]
        else:
            pressed = (stiff[f][:, None] - wind[f]) / factor
            test = pressed[..., None] * v - (2 * sign / h[:, None] * a[f] / factor)[..., None] * v_n
        found[:, i, :, f] += test * weight[..., None]
    return found.flatten(3).flatten(1, 2)


def missed_at(
    scheme: Scheme, mesh: Tiles, site: Site, slopes: Slopes, a: Tensor, wind: Tensor, told: Tensor
) -> dict[int, Tensor]:  # fmt: skip
    """By unknown what conditions miss at a wall, told (m, c P), as energy over the area of each cell, (c,): of values
    (t + |w|) times the square, of slopes that of fluxes over it."""
    assert site.side is not None
    axis, _ = site.side
    h, found = mesh.widths[site.cells, axis], dict[int, Tensor]()
    stiff = _stiff(scheme, a, wind, h)
    for i in range(len(site.conditions)):
        f, order, factor = _said(scheme, slopes, i, axis)
        off = (told[i].view(len(h), -1) / factor).square()
        square = site.mean(off * a[f].square()) / stiff[f] if order else site.mean(off) * stiff[f]
        found[f] = found.get(f, torch.zeros_like(h)) + square / h
    return found


def by_parts(
    scheme: Scheme, mesh: Tiles, own: Tensor, sites: Sequence[Site], outflows: Sequence[Outflow], beside: SideSlopes
) -> Tensor | None:  # fmt: skip
    """By what sums over points of <a grad u, grad v> differ from those of -<v, div(a grad u)> + <v, a u_n>, in a
    rank's own cells, (m, F M, F M): zero but for what points do not see of a."""
    if beside.inside is None:
        return None
    cell, m = scheme.cell, scheme.cell.count
    h, w, v = mesh.widths[own], cell.gauss(scheme.points)[1], cell.table(scheme.points, (0, 0))
    a, varies = (x[:, :, own] for x in beside.inside)
    found = w.new_zeros(len(own), scheme.fields * m, scheme.fields * m)
    for f in range(scheme.fields):
        mine = found[:, f * m : (f + 1) * m, f * m : (f + 1) * m]
        for axis in range(2):
            once, twice = (cell.table(scheme.points, [n * (k == axis) for k in range(2)]) for n in (1, 2))
            unit = (2 / h[:, axis])[:, None, None]
            weighted = (w * a[f, axis])[..., None]
            mine += unit**2 * (once.T @ (weighted * once) + v.T @ (weighted * twice))
            mine += unit * (v.T @ ((w * varies[f, axis])[..., None] * once))
    for out in outflows:
        found[torch.searchsorted(own, out.sides.cells)] -= (
            out.sides.rows(slice(None)) * out.length[..., None]
        ).mT @ out.flux
    for site, (at_wall, _) in zip(sites, beside.walls, strict=True):
        assert site.side is not None
        axis, upper = site.side
        value, slope = (site.table(mesh, cell, (n * (axis == 0), n * (axis == 1))) for n in (0, 1))
        mine = torch.isin(site.cells, own)
        here = torch.searchsorted(own, site.cells[mine])
        scale = (2.0 * upper - 1.0) * 2 / h[here, axis] ** 2
        for f in range(scheme.fields):
            weighted = (site.weights * at_wall[f, mine] * scale[:, None])[..., None]
            found[here, f * m : (f + 1) * m, f * m : (f + 1) * m] -= value.T @ (weighted * slope)
    return found


def _said(scheme: Scheme, slopes: Slopes, condition: int, axis: int) -> tuple[int, int, Tensor]:
    """Of which unknown a condition speaks, of its value (0) or its slope across, and times what, (c, P)."""
    orders = (
        (f, scheme.evolution.derivative(alpha)[0][axis], s) for (j, f, alpha), s in slopes.items() if j == condition
    )
    return max((o for o in orders if bool(o[2].any())), key=lambda o: o[1])  # others are tangential
