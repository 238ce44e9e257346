"""How far two marches in a plane are from each other, whose cells and steps differ; along a line `march.limits`.

Means over evenly spread points, at times that are closest at the start; relative as there.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pinnsolve.algebra import yardstick
from pinnsolve.geometry.points import Points
from pinnsolve.march.limits import RULES, Difference
from pinnsolve.networks.reference_cell import legendre
from pinnsolve.networks.tiles import Tiles
from pinnsolve.trial.located import Located, Search
from pinnsolve.trial.marched import Slab


def difference_in_plane(first: Sequence[Slab], second: Sequence[Slab], scales: Sequence[float]) -> Difference:
    """How far the first march is from the second; nothing is told of the limit, and of slopes.

    Parameters
    ----------
    first, second : sequence of Slab
    scales : sequence of float
        The natural size of each unknown.
    """
    mesh, begin, span = second[0].mesh, second[0].begin, second[-1].end - second[0].begin
    x, count = _evenly(mesh), RULES.times
    parts = (torch.arange(count, dtype=torch.float64, device=mesh.device) + 0.5) / count
    times, weights = begin + span * parts**2, 2 * parts / count
    searches = [Search([s.mesh for s in slabs], [(s.begin, s.length) for s in slabs]) for slabs in (first, second)]
    u, v = (
        torch.stack([_values(slabs, search, x, t) for t in times])
        for slabs, search in zip((first, second), searches, strict=True)
    )  # (T, F, N)
    mean, size, norm, away, square, varied = (
        weights @ of.mean(-1)
        for of in (v, v.abs(), v.square(), (u - v).abs(), (u - v).square(), _about_mean(v, weights))
    )
    of_size = yardstick.of_two(size, varied, away, scales, RULES.flat)
    spread = (norm - mean.square()).clamp(min=0).sqrt()
    of_norm = yardstick.of_two(norm.sqrt(), spread, square.sqrt(), scales, RULES.flat)
    l1, l2 = away / away.new_tensor(of_size), square.sqrt() / away.new_tensor(of_norm)
    return Difference(float(l1.max()), float(l2.max()), 0.0)


def _about_mean(v: Tensor, weights: Tensor) -> Tensor:
    return (v - (weights @ v.mean(-1))[:, None]).abs()


def _evenly(mesh: Tiles) -> Tensor:
    """Places in the middle of equal parts of the plane, (N, 2)."""
    shares = (torch.arange(RULES.places, dtype=torch.float64, device=mesh.device) + 0.5) / RULES.places
    along = [ends[0] + (ends[-1] - ends[0]) * shares for ends in mesh.ends]
    return torch.cartesian_prod(*along)


def _values(slabs: Sequence[Slab], search: Search, x: Tensor, time: Tensor) -> Tensor:
    """The unknowns (F, N) at places (N, 2) and one time."""
    number = min(int(torch.searchsorted(search.ends, time)), len(slabs) - 1)
    slab = slabs[number]
    tau = (2 * (time - slab.begin) / slab.length - 1).reshape(1)
    c = torch.einsum("k,nkfm->nfm", legendre(tau, slab.modes.shape[1] - 1, 0)[0], slab.modes)
    points = Points({"x": x[:, 0], "y": x[:, 1]}, torch.ones_like(x[:, 0]))
    located = Located(points, *points.chart())
    search.place(located, x, time.expand(len(x)))
    table = slab.cell.features(located.xi, (0, 0))
    return torch.einsum("nfm,nm->fn", c[located.cell - int(search.first[number])], table)
