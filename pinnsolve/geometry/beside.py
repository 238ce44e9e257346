"""Points close to the sides of a shape with holes, where evenly spread ones are few and solutions vary the most."""

from __future__ import annotations

import math
from collections.abc import Mapping

import torch
from torch import Tensor

from pinnsolve.geometry.cube import Sampler
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.materials import Parts
from pinnsolve.geometry.points import Points, joined
from pinnsolve.geometry.rules import RULES
from pinnsolve.geometry.sampling import sample
from pinnsolve.geometry.wanting import Wanting


def inside(domain: Domain, count: int, sampler: Sampler, generator: torch.Generator, towards: list[Wanting]) -> Points:
    """`count` points inside a domain; of a shape with holes a part of them close to its sides.

    Beside holes features vary on the length of the hole. What is met between evenly spread points, and not there, is
    missed by as much as an extrapolation.
    """
    if domain.shape is None or not domain.holes:
        return sample([domain.interior], count, sampler, generator, towards)
    near = round(RULES.near * count)
    spread = sample([domain.interior], count - near, sampler, generator, towards)
    on = sample(domain.walls.pieces, near, sampler, generator)
    depth = torch.rand(len(on), generator=generator, dtype=torch.float64)
    away = domain.shape.size * RULES.closest * (RULES.layer / RULES.closest) ** depth
    moved = {c: v - on.normals[c] * away if c in on.normals else v for c, v in on.coordinates.items()}
    stay = domain.interior.holds(moved)
    kept = Points({c: v[stay] for c, v in moved.items()}, on.weights[stay])
    return joined([spread, kept])


def around_small(domain: Domain, count: int, sampler: Sampler, generator: torch.Generator) -> list[Points]:
    """About `count` points around holes that are small beside the shape, as far from each as it is long at the most:
    what varies on its length falls between points that are spread over the whole, or along all sides."""
    shape, found = domain.shape, list[Points]()
    if shape is None or not domain.holes:
        return found
    small = [p for p in domain.walls.pieces if p.side is not None and p.side.size < RULES.small * shape.size]
    for piece in small:
        assert piece.side is not None
        on = piece.draw(max(count // len(small), 1), sampler, generator)
        away = piece.side.size * RULES.closest ** torch.rand(len(on), generator=generator, dtype=torch.float64)
        moved = {c: v - on.normals[c] * away if c in on.normals else v for c, v in on.coordinates.items()}
        stay = domain.interior.holds(moved)
        found.append(Points({c: v[stay] for c, v in moved.items()}, on.weights[stay]))
    return found


def in_thin_parts(
    domain: Domain, parts: Parts | None, count: int, spread: Points, generator: torch.Generator
) -> list[Points]:  # fmt: skip
    """Points in those parts between materials in which few of some spread ones lie: as many as each had if all parts
    were alike."""
    if parts is None:
        return []
    each, label = count // parts.count, parts.label(spread.coordinates)
    thin = [k for k in range(parts.count) if int(torch.eq(label, k).sum()) < each // RULES.few_in_parts]
    if not thin:
        return []
    many = domain.interior.draw(RULES.counted, "sobol", generator)
    there = parts.label(many.coordinates)
    chosen = [torch.eq(there, k).nonzero()[:each, 0] for k in thin]
    return [many[mine] for mine in chosen if len(mine)]


def rarer(domain: Domain, coordinates: Mapping[str, Tensor]) -> Tensor | None:
    """The factor (N,) on residuals with which points that `inside` draws stand for their share of the domain: the root
    of the density of evenly spread points over theirs. None where they are evenly spread."""
    if domain.shape is None or not domain.holes:
        return None
    shape = domain.shape
    around = sum(side.size for side in shape.sides)
    places = torch.stack([coordinates[c] for c in domain.space_coordinates], 1)
    depth = shape.signed(places.cpu()).to(places) / shape.size
    layer = shape.measure / (around * shape.size * depth * math.log(RULES.layer / RULES.closest))
    close = (depth > RULES.closest) & (depth < RULES.layer)
    return (1 - RULES.near + RULES.near * torch.where(close, layer, 0.0)) ** -0.5
