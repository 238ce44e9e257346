"""Where a function of one coordinate is positive, told as layers."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise

import torch
from torch import Tensor

from pinnsolve.geometry.box import Box
from pinnsolve.geometry.domain import Domain


def layers(
    value: Callable[[Tensor], Tensor], domain: Domain, coordinate: str, samples: int = 1025
) -> tuple[list[Box], list[float]]:  # fmt: skip
    """The layers of a domain where a function of a coordinate is positive, and the places at which it changes its sign,
    to rounding; those between so many places."""
    low, high = domain.ends(coordinate)
    at = torch.linspace(low, high, samples, dtype=torch.float64)
    signs = value(at) > 0
    changes = (signs[1:] != signs[:-1]).nonzero()[:, 0]
    below, above, first = at[changes], at[changes + 1], signs[changes]
    for _ in range(60):
        middle = (below + above) / 2
        same = (value(middle) > 0) == first
        below, above = torch.where(same, middle, below), torch.where(same, above, middle)
    places = [float(f"{place:.14g}") for place in ((below + above) / 2).tolist()]
    positive = [bool(signs[0]) ^ bool(k % 2) for k in range(len(places) + 1)]
    pairs = zip(pairwise([low, *places, high]), positive, strict=True)
    return [Box(**{coordinate: pair}) for pair, inside in pairs if inside], places
