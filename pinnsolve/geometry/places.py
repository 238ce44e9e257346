"""Places that need care: singular corners, planes across which slopes jump, and what is narrow.

Derivatives grow without bound towards a singular corner, and with them residuals that no network can bring to zero. So
residuals are weighted down towards it, the network sees it at many scales, and errors are measured away from it.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.geometry.domain import Domain

# Of the domain's lengths: closer to a corner no error is measured. Larger: an error that counts is not seen. Smaller:
# the corner, where no solution is smooth, decides the verdict. Chosen, not measured.
NEAR = 0.1
# Of the domain's lengths: residuals are multiplied by (distance / REACH)^3 where that is below one. Larger: the flow
# near the corner is hardly fitted. Smaller: the corner's residual outweighs all others. Chosen, not measured.
REACH = 0.2


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

    def distance(self, coordinates: Mapping[str, Tensor], domain: Domain) -> Tensor:
        """The distance of points (N,) from the corner, each coordinate in units of the domain's length."""
        parts = [((coordinates[c] - v) / domain.length(c)) ** 2 for c, v in self.fixed.items()]
        return torch.stack(parts).sum(0).sqrt()


@dataclass(frozen=True)
class Plane:
    """The plane on which one coordinate has a value."""

    coordinate: str
    value: float

    @property
    def name(self) -> str:
        return f"{self.coordinate}={self.value:g}"


@dataclass(frozen=True)
class Narrow:
    """A place in which the equations or their data vary on a short length: a film, a pulse, a charge, a contact.

    Parameters
    ----------
    middle : mapping from coordinate to value
        Of the coordinates along which it is narrow; along all others it is as long as the domain.
    width : mapping from coordinate to float
        The length on which most of the variation lies (in the coordinate's units).
    """

    middle: Mapping[str, float]
    width: Mapping[str, float]

    @property
    def name(self) -> str:
        digits = {c: 1 - math.floor(math.log10(w)) for c, w in self.width.items()}
        where = ", ".join(f"{c}={round(v, digits[c]):.12g}" for c, v in self.middle.items())
        return f"{where} (width {', '.join(dict.fromkeys(f'{w:.2g}' for w in self.width.values()))})"

    def around(self, coordinate: str) -> tuple[float, float]:
        """From one width below its middle to one above it: nearly all of the variation lies there."""
        middle, width = self.middle[coordinate], self.width[coordinate]
        return middle - width, middle + width

    def alone(self, coordinate: str) -> bool:
        """Whether it is narrow along this coordinate and no other."""
        return set(self.middle) == {coordinate}

    def holds(self, coordinates: Mapping[str, Tensor]) -> Tensor:
        """Which points (N,) lie around it."""
        inside = [(coordinates[c] - v).abs() <= self.width[c] for c, v in self.middle.items()]
        return torch.stack(inside).all(0)


def fading(
    around: Sequence[Corner], coordinates: Mapping[str, Tensor], domain: Domain, power: float = 3.0
) -> Tensor | None:  # fmt: skip
    """The factor (N,) by which residuals are weighted down towards the corners; None without corners."""
    factor: Tensor | None = None
    for corner in around:
        one = (corner.distance(coordinates, domain) / REACH).clamp(max=1.0) ** power
        factor = one if factor is None else torch.minimum(factor, one)
    return factor


def away(around: Sequence[Corner], coordinates: Mapping[str, Tensor], domain: Domain) -> Tensor | None:
    """Which points (N,) are far enough from every corner to measure errors there; None without corners."""
    far: Tensor | None = None
    for corner in around:
        one = corner.distance(coordinates, domain) >= NEAR
        far = one if far is None else far & one
    return far
