"""Meshes of quadrangles: rectangles between lines, and rings of quadrangles around discs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from validation.cylinder_flow import RINGS, Around
from validation.refine import Array
from validation.spectral_elements import Element, Rectangle

EVEN = (0.0, 1.0)  # no layers


@dataclass(frozen=True)
class Hole:
    """A disc at (x, y) that is left out, in a square of side 2 `box` around it that is divided around it."""

    x: float
    y: float
    radius: float
    box: float


def plane(
    x: Sequence[float] | Array,
    y: Sequence[float] | Array,
    holes: Sequence[Hole] = (),
    inside: Callable[[float, float], bool] = lambda x, y: True,
    rings: Sequence[float] = RINGS,
) -> list[Element]:
    """The rectangles between the lines `x` and those `y`, and between rings around the holes.

    Sides of the squares around holes become lines too. Elements whose middle is not `inside` are left out.
    """
    lines = []
    for given, places in ((x, [h.x for h in holes]), (y, [h.y for h in holes])):
        ends = [p + s * h.box for p, h in zip(places, holes, strict=True) for s in (-1, 1)]
        lines.append(_distinct([*given, *ends]))
    found: list[Element] = [
        Rectangle((a, c), (b, d))
        for a, b in pairwise(lines[0])
        for c, d in pairwise(lines[1])
        if not any(abs((a + b) / 2 - h.x) < h.box and abs((c + d) / 2 - h.y) < h.box for h in holes)
    ]
    for h in holes:
        for quarter in range(4):
            across, middle, sign = (lines[1], h.y, 1) if quarter % 2 == 0 else (lines[0], h.x, 1)
            sign = 1 if quarter in (0, 3) else -1
            slopes = _distinct([sign * (v - middle) / h.box for v in across if abs(v - middle) < h.box * (1 + 1e-9)])
            found += [
                Around((a, c), (b, d), quarter, (h.x, h.y), h.radius, h.box)
                for a, b in pairwise(slopes)
                for c, d in pairwise(rings)
            ]
    return [e for e in found if inside(*(float(v[0]) for v in e.place(np.zeros(1), np.zeros(1))))]


def graded(
    low: float, high: float, count: int, towards: Sequence[float], least: float = 1e-3, ratio: float = 0.5
) -> list[float]:
    """Lines from low to high: `count` equal parts, those beside `towards` divided by `ratio` again and again down to
    `least`."""
    lines = [*np.linspace(low, high, count + 1), *towards]
    for place in towards:
        step = (high - low) / count * ratio
        while step > least:
            lines += [v for v in (place - step, place + step) if low < v < high]
            step *= ratio
    return _distinct(lines)


def _distinct(values: Sequence[float]) -> list[float]:
    return [float(v) for v in np.unique(np.round(values, 12))]
