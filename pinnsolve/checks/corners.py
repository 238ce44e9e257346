"""Singular corners: where prescribed values jump, as under the lid of a driven cavity.

Derivatives grow without bound towards such a place, and with them residuals that no network can bring to zero. So the
residuals are weighted down towards it, the network sees it at many scales, and errors are measured away from it.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.checks.contradictions import VALUES, Contradiction
from pinnsolve.geometry.box import Box

NEAR = 0.1  # of the domain's lengths: closer to a corner no error is measured
REACH, POWER = 0.2, 3  # residuals are multiplied by (distance / REACH)^POWER where that is below one
SERIOUS = 1e-3  # of the values' own size: a smaller jump needs no treatment


@dataclass(frozen=True)
class Corner:
    """A place where two coordinates are fixed and a prescribed value jumps.

    Parameters
    ----------
    fixed : mapping from coordinate to value
    """

    fixed: Mapping[str, float]

    @property
    def name(self) -> str:
        return ", ".join(f"{c}={v:g}" for c, v in self.fixed.items())

    def distance(self, coordinates: Mapping[str, Tensor], domain: Box) -> Tensor:
        """The distance of points (N,) from the corner, each coordinate in units of the domain's length."""
        parts = [((coordinates[c] - v) / domain.length(c)) ** 2 for c, v in self.fixed.items()]
        return torch.stack(parts).sum(0).sqrt()


def corners(found: Sequence[Contradiction]) -> tuple[Corner, ...]:
    """The singular corners among the contradictions: where values that are given on two faces of space jump.

    A jump between the start and a face is none of them: what happens there decides all that comes later, so nothing may
    be weighted down (measured on a plate whose temperature jumps: an error of 8e-3 instead of 2e-3).
    """
    places: dict[tuple[tuple[str, float], ...], Corner] = {}
    for c in found:
        fixed = {**c.first[1].fixed, **c.second[1].fixed}
        walls = c.first[1].normal is not None and c.second[1].normal is not None
        if walls and c.first[0].kind in VALUES and c.second[0].kind in VALUES and c.jump > SERIOUS * c.scale:
            places[tuple(sorted(fixed.items()))] = Corner({name: fixed[name] for name in c.place if name in fixed})
    return tuple(places.values())


def fading(around: Sequence[Corner], coordinates: Mapping[str, Tensor], domain: Box) -> Tensor | None:
    """The factor (N,) by which residuals are weighted down towards the corners; None without corners."""
    factor: Tensor | None = None
    for corner in around:
        one = (corner.distance(coordinates, domain) / REACH).clamp(max=1.0) ** POWER
        factor = one if factor is None else torch.minimum(factor, one)
    return factor


def away(around: Sequence[Corner], coordinates: Mapping[str, Tensor], domain: Box) -> Tensor | None:
    """Which points (N,) are far enough from every corner to measure errors there; None without corners."""
    far: Tensor | None = None
    for corner in around:
        one = corner.distance(coordinates, domain) >= NEAR
        far = one if far is None else far & one
    return far
