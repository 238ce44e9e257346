"""What steady equations are tested with over cells of a plane that are joined by fluxes, and what they leave there.

An equation, in which an unknown u is spread, is tested with that: <v, s r>, where -s a is its slope by u_xx. What a
cell leaves is told as its part of the energy, int a |grad u|^2, by what does not hold in it and on its sides,

    q = [r^2/(a (2/h)^2 d (d + 1)) + l (T [u]^2 + [a u_n]^2 / (t + t'))]/E,     1/T = 1/t + 1/t',

r at points, jumps over sides l of the cell's area, t as in `cells.fluxed_faces`, of both cells. An unknown is off by
q where slopes have hardly a square that can be integrated, and by h/d sqrt(q) where it is smooth, as duality tells.

Source: Bernardi & Verfuerth, Numer. Math. 85 (2000) 579 (residuals whose constants do not depend on how far a jumps).
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

import torch
from torch import Tensor

from pinnsolve.algebra.subtrees import Ranks
from pinnsolve.cells.implicit_step import Scheme, stretched
from pinnsolve.cells.outflows import Outflow
from pinnsolve.cells.rows import Slopes
from pinnsolve.networks.spread import weights_of
from pinnsolve.networks.tiles import Tiles


class Energy:
    """What counts.

    Parameters
    ----------
    floor : float
        An unknown has at least the energy of a slope so many times its size over the domain's length. Larger: what is
        nearly constant is not solved.
    """

    floor: ClassVar[float] = 1e-3


def spread_by(scheme: Scheme, slopes: Slopes) -> list[tuple[int, float]]:
    """For each equation the unknown that is spread by it, and s; nothing where unknowns evolve."""
    e = scheme.evolution
    if e.time is not None:
        return []
    return [
        (f, -1.0 if float(_along(scheme, slopes, i, f)[0].flatten()[0]) > 0 else 1.0) for i, f in enumerate(e.fluxed)
    ]


def levels(scheme: Scheme, mesh: Tiles, slopes: Slopes) -> Tensor:
    """What the rows of each equation are multiplied by, squared, (E,): one over the mean of a."""
    found = [
        1 / ((_along(scheme, slopes, i, f).abs().mean((0, 2)) @ mesh.shares).clamp(min=1e-300))
        for i, f in enumerate(scheme.evolution.fluxed)
    ]
    return torch.stack(found)


def row_weights(scheme: Scheme, mesh: Tiles, slopes: Slopes) -> Tensor:
    """What rows are multiplied by, (1, n, E, P): the roots of Gauss weights, and of levels."""
    w = weights_of(mesh, scheme.cell, scheme.points)
    return (w[None, :, None] * levels(scheme, mesh, slopes)[:, None]).sqrt()


def _along(scheme: Scheme, slopes: Slopes, equation: int, field: int) -> Tensor:
    """The slopes of an equation by the second derivatives of an unknown, (2, n, P)."""
    e, found = scheme.evolution, dict[int, Tensor]()
    for (i, f, alpha), slope in slopes.items():
        k = e.derivative(alpha)[0]
        if (i, f) == (equation, field) and max(k) == 2:
            found[k.index(2)] = slope
    return torch.stack([found[0], found[1]])


def by_direction(scheme: Scheme, slopes: Slopes, shape: tuple[int, int]) -> Tensor:
    """|a| along both coordinates, (F, 2, n, P), from slopes (n P,) of some points."""
    found = torch.zeros(scheme.fields, 2, *shape, dtype=torch.float64, device=scheme.device)
    for i, f in enumerate(scheme.evolution.fluxed):
        found[f] = _along(scheme, slopes, i, f).abs().view(2, *shape)
    return found


def left_by_cells(
    scheme: Scheme, mesh: Tiles, c: Tensor, inside: tuple[Tensor, Slopes, int], outflows: Sequence[Outflow],
    missed: Tensor, sizes: Tensor, unknowns: int, ranks: Ranks,
) -> Tensor:  # fmt: skip
    """What each cell with coefficients (n, F, M) leaves, (n,), as a change of the unknowns by their sizes (F,).

    Parameters
    ----------
    inside : (residuals (E, n, P), slopes, points along each coordinate)
    missed : tensor (n, F)
        What is missed at walls, as energy over the cell's area.
    unknowns : int
        On all sides.
    ranks : Ranks
        Among which cells are shared.
    """
    points, h, d = inside[2], mesh.widths, scheme.degree
    w, found = weights_of(mesh, scheme.cell, points), missed + ranks.sum(_at_sides(mesh, c, outflows, unknowns, ranks))
    energy, floor = c.new_zeros(scheme.fields), (Energy.floor * sizes) ** 2
    for i, f in enumerate(scheme.evolution.fluxed):
        a = _along(scheme, inside[1], i, f).abs()
        stiff = (a.mean(2) * (2 / h.T) ** 2).amin(0) * d * (d + 1)
        found[:, f] += (inside[0][i].square() * w).sum(1) / stiff
        for axis in range(2):
            k = tuple(int(j == axis) for j in range(2))
            u_x = (c[:, f] @ scheme.cell.table(points, k).T) * stretched(h, k)[:, None]
            energy[f] += (a[axis] * u_x.square() * w).sum(1) @ mesh.shares
        least = (a.mean((0, 2)) @ mesh.shares) * floor[f] / mesh.lengths.square().mean()
        energy[f] = torch.maximum(energy[f], least)
    q = (found * mesh.shares[:, None] / energy).amax(1)
    return q + (h / mesh.lengths).amax(1) / d * q.sqrt()


def _at_sides(mesh: Tiles, c: Tensor, outflows: Sequence[Outflow], unknowns: int, ranks: Ranks) -> Tensor:
    """What jumps at the sides of each of this rank's cells, as energy over its area, (n, F)."""
    sums = c.new_zeros(3, unknowns)
    stiff, values, fluxes = sums
    own = []
    for out in outflows:
        here = c[out.sides.cells].flatten(1)[..., None]
        u, flow = out.sides.traces(here[None])[0, ..., 0], (out.flux @ here)[..., 0]
        own.append(u)
        for whole, mine in ((stiff, out.stiff), (values, out.stiff * u), (fluxes, flow)):
            whole.index_add_(0, out.sides.unknowns.flatten(), mine.flatten())
    stiff, values, fluxes = ranks.sum(sums)  # both sides of a face may be different ranks'
    found = c.new_zeros(len(mesh), c.shape[1])
    for out, u in zip(outflows, own, strict=True):
        k = out.sides.unknowns
        gap = out.stiff * (values[k] / stiff[k] - u).square()
        each = out.length * (gap + fluxes[k].square() / (2 * stiff[k]))
        for f in range(c.shape[1]):
            found[out.sides.cells, f] += (each * (out.fields == f)).sum(1)
    return found
