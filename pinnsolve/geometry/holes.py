"""Holes of a shape: where solutions may have their sources outside of the domain, but not beyond it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Hole:
    """A ball in a hole, or in a plane across one that goes through.

    A solution beside a hole is the sum of one that goes on into it, and one that goes on to infinity: a series in

        xi = radius (x - centre) / r^2,    r = |x - centre|,

    with log r in a plane and radius / r in space (of Laplace's equation these are all there is).

    Parameters
    ----------
    centre : mapping from coordinate to float
    radius : float
    """

    centre: Mapping[str, float]
    radius: float
