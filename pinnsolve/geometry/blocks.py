"""Materials that are boxes, side by side or within each other."""

from __future__ import annotations

import itertools
from collections.abc import Sequence

import torch

from pinnsolve.geometry.box import Box
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.materials import Piecewise
from pinnsolve.geometry.places import Corner


def are_boxes(materials: Sequence[Piecewise]) -> bool:
    """Whether all parts are boxes, layers among them."""
    return all(type(shape) is Box for m in materials for shape, _ in m.parts)


def ends_of_boxes(materials: Sequence[Piecewise], domain: Domain, coordinate: str) -> tuple[float, ...]:
    """Where boxes begin and end along a coordinate, inside of the domain."""
    low, high = domain.ends(coordinate)
    ends = {v for m in materials for shape, _ in m.parts for v in shape.bounds.get(coordinate, ())}
    return tuple(sorted(v for v in ends if low < v < high))


def corners_of_boxes(materials: Sequence[Piecewise], domain: Domain) -> tuple[Corner, ...]:
    """Where sides of boxes meet inside of a plane: places around which materials change, and not across one straight
    line alone."""
    names, found = domain.space_coordinates, list[Corner]()
    beside = [1e-9 * domain.length(c) for c in names]
    for place in itertools.product(*(ends_of_boxes(materials, domain, c) for c in names)):
        (left, right), (below, above) = ((v - h, v + h) for v, h in zip(place, beside, strict=True))
        at = {names[0]: [left, left, right, right], names[1]: [below, above, below, above]}
        around = {c: torch.tensor(v, dtype=torch.float64) for c, v in at.items()}
        kinds = torch.stack([m.at(around) for m in materials], 1).view(2, 2, -1)
        if not (bool((kinds[0] == kinds[1]).all()) or bool((kinds[:, 0] == kinds[:, 1]).all())):
            found.append(Corner(dict(zip(names, place, strict=True))))
    return tuple(found)
