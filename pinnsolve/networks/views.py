"""What features see of holes and notches: coordinates in which a solution beside them is smooth."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import torch

from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.holes import Hole, Notch


class Mirrored:
    """The place mirrored at a ball in a hole, xi = radius (x - c) / r^2, and log r in a plane or radius / r in space,
    scaled to (-1, 1).

    Attributes
    ----------
    count : int
        Columns.
    seen : pair of sequence of int
        Which of them go beside the coordinates, and which in place of some.
    instead : sequence of str
        In place of which.
    part : int, optional
        The part of space that it is, where it is none of its holes: there nothing is seen of it.
    """

    def __init__(self, hole: Hole, domain: Domain, part: int | None = None) -> None:
        self.hole, self.instead, self.part = hole, tuple(hole.centre), part
        axes = len(hole.centre)
        self.count, self.seen = axes + 1, ((axes,), tuple(range(axes + 1)))
        lengths = [max(abs(end - v) for end in domain.ends(c)) for c, v in hole.centre.items()]
        self.farthest = max(math.hypot(*lengths) / hole.radius, 1.5)

    def columns(self, at: Mapping[str, Any]) -> list[Any]:
        """The columns (N,) each."""
        offsets = [(at[c] - v) * (1 / self.hole.radius) for c, v in self.hole.centre.items()]
        squared = sum((o * o for o in offsets[1:]), offsets[0] * offsets[0])
        inverse = 1 / squared
        if len(offsets) == 2:
            distance = torch.log(squared) * (1 / math.log(self.farthest)) - 1.0
        else:
            least = 1 / self.farthest
            distance = (inverse**0.5 - (1 + least) / 2) * (2 / (1 - least))
        return [*(o * inverse for o in offsets), distance]


class Unfolded:
    """The place around a notch with its inside opened to a straight side or less: r^beta cos(beta phi) and
    r^beta sin(beta phi), beta = pi / (2 angle).

    Attributes
    ----------
    count, seen, instead
        As of `Mirrored`.
    """

    part = None

    def __init__(self, notch: Notch, domain: Domain) -> None:
        self.notch, self.instead = notch, tuple(notch.place)
        self.count, self.seen = 2, ((0, 1), (0, 1))
        self.size = math.hypot(*(max(abs(end - v) for end in domain.ends(c)) for c, v in notch.place.items()))

    def columns(self, at: Mapping[str, Any]) -> list[Any]:
        """The columns (N,) each."""
        a, b = ((at[c] - v) * (1 / self.size) for c, v in self.notch.place.items())
        along = a * self.notch.inward[0] + b * self.notch.inward[1]
        across = b * self.notch.inward[0] - a * self.notch.inward[1]
        r = (along * along + across * across + 1e-30) ** 0.5  # in the corner itself a number, too
        beta = math.pi / (2 * self.notch.angle)
        turned = torch.atan(across / (r + along)) * (2 * beta)  # the cut lies opposite, outside of the domain
        power = r**beta
        if self.notch.reach < math.inf:  # where the cut comes out of a hole again nothing may be left of it
            power = power * torch.exp(-((6 * self.size / self.notch.reach) ** 2) * (r * r))
        return [power * torch.cos(turned), power * torch.sin(turned)]
