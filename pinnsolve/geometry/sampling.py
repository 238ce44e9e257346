"""Where collocation points lie: uniform random, Sobol, Latin hypercube, and redrawn where the residual is large."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal, get_args

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.points import Points, joined
from pinnsolve.geometry.regions import Slab

Sampler = Literal["sobol", "latin", "uniform"]
SAMPLERS: tuple[str, ...] = get_args(Sampler)
SHARE, MOST = 0.15, 0.6  # of the points: drawn towards each place that wants more, and towards all of them
CLOSEST = 0.01  # of their distance from it


def unit_cube(count: int, dimension: int, sampler: Sampler, generator: torch.Generator) -> Tensor:
    """Points of the unit cube, (count, dimension), float64 on the CPU."""
    if sampler not in SAMPLERS:
        raise ProblemError(f"there is no sampler '{sampler}'", did_you_mean(str(sampler), SAMPLERS))
    if dimension == 0:
        return torch.zeros(count, 0, dtype=torch.float64)
    if sampler == "uniform":
        return torch.rand(count, dimension, generator=generator, dtype=torch.float64)
    seed = int(torch.randint(2**31 - 1, (), generator=generator))
    if sampler == "sobol":
        engine = torch.quasirandom.SobolEngine(dimension, scramble=True, seed=seed)
        return engine.draw(count, dtype=torch.float64)
    from scipy.stats import qmc  # its import changes the warning filters, so only who asks for it gets it

    return torch.from_numpy(qmc.LatinHypercube(dimension, seed=seed).random(count))


def sample(
    domain: Box,
    space: tuple[str, ...],
    slabs: tuple[Slab, ...],
    count: int,
    sampler: Sampler,
    generator: torch.Generator,
    places: Sequence[Mapping[str, float]] = (),
) -> Points:
    """About `count` points of a region, shared among its slabs by their measure; weights sum to that measure.

    Where there are places that want more points, `SHARE` of all points is drawn towards each of them: their distances
    from it are multiplied by numbers that are log-uniform between `CLOSEST` and one. (The weights stay those of evenly
    spread points; no integral is taken over such a set.)

    Parameters
    ----------
    domain : Box
        Space and time.
    space : tuple of str
        The coordinates that have normals.
    slabs : tuple of Slab
        The region.
    places : sequence of mappings from coordinate to value
    """
    measures = [domain.measure(s.fixed) for s in slabs]
    parts = []
    for slab, measure in zip(slabs, measures, strict=True):
        free = [c for c in domain.coordinates if c not in slab.fixed]
        n = max(1, round(count * measure / sum(measures))) if free else 1
        cube = unit_cube(n, len(free), sampler, generator)
        values = {c: torch.full((n,), v, dtype=torch.float64) for c, v in slab.fixed.items()}
        for k, c in enumerate(free):
            low, high = domain.bounds[c]
            values[c] = low + (high - low) * cube[:, k]
        _draw_towards([p for p in places if _touches(p, slab)], values, slab, generator)
        normals = {}
        if slab.normal is not None:
            axis, sign = slab.normal
            normals = {c: torch.full((n,), float(sign) if c == axis else 0.0, dtype=torch.float64) for c in space}
        weights = torch.full((n,), measure / n, dtype=torch.float64)
        parts.append(Points({c: values[c] for c in domain.coordinates}, weights, normals))
    return joined(parts)


def _touches(place: Mapping[str, float], slab: Slab) -> bool:
    """Whether a place lies in a slab, and is not the whole of it."""
    return all(slab.fixed.get(c, v) == v for c, v in place.items()) and any(c not in slab.fixed for c in place)


def _draw_towards(
    places: Sequence[Mapping[str, float]], values: dict[str, Tensor], slab: Slab, generator: torch.Generator
) -> None:
    if not places:
        return
    count = len(next(iter(values.values())))
    order = torch.randperm(count, generator=generator)
    each = int(count * min(SHARE, MOST / len(places)))
    for k, place in enumerate(places):
        moved = order[k * each : (k + 1) * each]
        shrunk = CLOSEST ** torch.rand(len(moved), generator=generator, dtype=torch.float64)
        for c, v in place.items():
            if c not in slab.fixed:
                values[c][moved] = v + (values[c][moved] - v) * shrunk


def redrawn(pool: Points, size: Tensor, count: int, uniform: float, generator: torch.Generator) -> Points:
    """`count` points of a pool, drawn without replacement with probability proportional to

        |r| / mean |r| + uniform,

    r the residual on the pool. A large `uniform` keeps the points spread out.

    Source: Wu et al., Comput. Methods Appl. Mech. Engrg. 403 (2023) 115671, equation 2, with k = 1.
    """
    size = size.detach().to("cpu", torch.float64).abs()
    probability = size / (size.mean() + 1e-300) + uniform
    chosen = torch.multinomial(probability, min(count, len(pool)), replacement=False, generator=generator)
    return pool[chosen.sort().values]
