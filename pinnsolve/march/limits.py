"""How far two marches along a line are from each other, whose cells and steps differ: in L1 and in L2.

Integrals over space and time, by Gauss points between all ends of cells of both, at times that are closest at the
start, where jumps open. Each unknown's difference is told relative to its size or, where that is smaller, to how much
it varies about its mean.
"""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.algebra import yardstick
from pinnsolve.networks.reference_cell import ReferenceCell, legendre, reference_cell
from pinnsolve.networks.tiles import Tiles
from pinnsolve.trial.marched import Slab


@dataclass(frozen=True)
class Rules:
    """Where differences are looked at.

    Parameters
    ----------
    times : int
        More: a shock that appears late is met more often; more time.
    points : int
        Gauss points between ends of cells.
    steep : float
        Of an unknown's size over the domain's length: slopes below it are none of a shock.
    """

    times: int = 64
    points: int = 8
    steep: float = 10.0


RULES = Rules()


@dataclass(frozen=True)
class Difference:
    """What two marches differ by (dimensionless), the largest over the unknowns, and by how much the second is steeper.

    Parameters
    ----------
    l1, l2 : float
        Relative differences.
    steeper : float
        The largest slope of the second one over that of the first, late, at the time at which that is most.
    """

    l1: float
    l2: float
    steeper: float


def difference(first: Sequence[Slab], second: Sequence[Slab], scales: Sequence[float]) -> Difference:
    """How far the first march is from the second.

    Parameters
    ----------
    first, second : sequence of Slab
    scales : sequence of float
        The natural size of each unknown.
    """
    device = second[0].modes.device
    count, fields = RULES.times, second[0].modes.shape[2]
    begin, span = second[0].begin, second[-1].end - second[0].begin
    away, size, square, norm, mean = torch.zeros(5, fields, dtype=torch.float64, device=device)
    sizes = torch.tensor(scales, dtype=torch.float64, device=device)
    slopes, kept, (one, other) = [], [], (first[0].cell, second[0].cell)
    for k in range(count):
        part = (k + 0.5) / count
        time, weight = begin + span * part**2, 2 * part / count
        (mesh_a, a), (mesh_b, b) = (_at(slabs, time) for slabs in (first, second))
        x, w = _points(mesh_a, mesh_b)
        u, v = _values(mesh_a, a, x, one), _values(mesh_b, b, x, other)
        away += weight * ((u - v).abs() @ w)
        square += weight * ((u - v).square() @ w)
        norm += weight * (v.square() @ w)
        mean += weight * (v @ w)
        size += weight * (v.abs() @ w)
        kept.append((weight, v, w))
        if part > 0.5:  # what the start was has opened by then
            both = (mesh_a, a, one), (mesh_b, b, other)
            before, now = (_values(m, c, x, cell, 1).abs().amax(1) for m, c, cell in both)
            seen = now * mesh_b.length > RULES.steep * sizes
            slopes.append(torch.where(seen, now / before.clamp(min=1e-300), torch.zeros_like(now)))
    varied = torch.stack([weight * ((v - mean[:, None]).abs() @ w) for weight, v, w in kept]).sum(0)
    deviation = (norm - mean.square()).clamp(min=0).sqrt()
    l1, l2 = 0.0, 0.0
    for f, scale in enumerate(scales):
        l1 = max(l1, float(away[f]) / yardstick.of_estimate(float(size[f]), float(varied[f]), scale))
        two = float(square[f].sqrt())
        l2 = max(l2, two / yardstick.of_estimate(float(norm[f].sqrt()), float(deviation[f]), scale))
    return Difference(l1, l2, float(torch.stack(slopes).max()))


def at_place(slabs: Sequence[Slab], place: float, times: Sequence[float]) -> Tensor:
    """The unknowns at one place and several times, (F, N)."""
    x = torch.tensor([place], dtype=torch.float64, device=slabs[0].modes.device)
    return torch.cat([_values(*_at(slabs, time), x, slabs[0].cell) for time in times], 1)


def _at(slabs: Sequence[Slab], time: float) -> tuple[Tiles, Tensor]:
    """Cells at a time, and their coefficients (n, F, M)."""
    slab = slabs[min(bisect_left(slabs, time, key=lambda s: s.end), len(slabs) - 1)]
    tau = torch.full((1,), 2 * (time - slab.begin) / slab.length - 1, dtype=torch.float64, device=slab.modes.device)
    return slab.mesh, torch.einsum("k,nkfm->nfm", legendre(tau, slab.modes.shape[1] - 1, 0)[0], slab.modes)


def _points(a: Tiles, b: Tiles) -> tuple[Tensor, Tensor]:
    """Gauss points between all ends of cells, and weights that sum to one, (N,)."""
    ends = torch.unique(torch.cat([a.edges, b.edges]))
    xi, w = reference_cell(1, ends.device).gauss(RULES.points)
    widths = ends.diff()
    x = ends[:-1, None] + widths[:, None] * (xi[:, 0] + 1) / 2
    return x.flatten(), (widths[:, None] * w / (ends[-1] - ends[0])).flatten()


def _values(mesh: Tiles, c: Tensor, x: Tensor, features: ReferenceCell, order: int = 0) -> Tensor:
    """Fields, or their derivatives along the line, at places, (F, N)."""
    edges = mesh.edges
    cell = (torch.searchsorted(edges, x) - 1).clamp(0, len(c) - 1)
    width = edges[cell + 1] - edges[cell]
    xi = 2 * (x - edges[cell]) / width - 1
    table = features.features(xi[:, None], (order,))
    return torch.einsum("nfm,nm->fn", c[cell], table) * (2 / width) ** order
