"""Where nodes stand along a coordinate: closer together where the solution curves, and towards ends without a period.

Differences of high order grow at the ends of evenly spread nodes (Runge). There nodes close up as those of Kosloff and
Tal-Ezer, over about as many as a difference takes.

Source: Kosloff & Tal-Ezer, J. Comput. Phys. 104 (1993) 457-469.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from pinnsolve.classical.stencils import Array, Line


@dataclass(frozen=True)
class Spread:
    """How nodes are spread.

    Parameters
    ----------
    floor : float
        Of the mean density: what is left where nothing happens. Smaller: a weak feature is passed by.
    grading : float
        Neighbouring intervals differ by no more than this part. Larger: differences lose their order at fronts.
    closing : float
        Over how many nodes an end closes up, times pi, where a march goes along. Smaller: waves grow at the ends;
        larger: stiffer.
    even : float
        The same of a steady plane that is met in the sense of least squares, as flows with a pressure are: that keeps
        ends from growing by itself, and nodes are of more use inside. With 12 Kovasznay's flow has four times
        the error.
    solid : float
        The same of three coordinates that are not marched: with 12 a brick whose edges leave r^2 log r has twice the
        error, with 2 a smooth one five times.
    power : float
        By which nodes close up towards singular corners. With 2.5 or 4 a driven cavity has more error.
    inside : float
        Of the width of a narrow place: the distance of nodes in its middle, on the first level.
    samples : int
        Of the density, along the coordinate.
    beside : float
        Of the length: so far from a break its two nodes stand, so that what jumps there is told of either side.
    moved : int
        Nodes on either side of a jump of a start that move with the one that stands there.
    """

    floor: float = 0.4
    grading: float = 0.12
    closing: float = 12.0
    even: float = 2.0
    solid: float = 6.0
    power: float = 3.0
    inside: float = 0.2
    samples: int = 4001
    beside: float = 1e-10
    moved: int = 10


SPREAD = Spread()


@dataclass(frozen=True)
class Wanted:
    """Where nodes are wanted.

    Parameters
    ----------
    density : (places, values), optional
        How close together, up to a factor; evenly without it.
    narrow : sequence of (middle, width)
        Places in which what is narrow has to be met by several nodes, however many that takes.
    """

    density: tuple[Array, Array] | None = None
    narrow: Sequence[tuple[float, float]] = ()


def line(
    ends: tuple[float, float], count: int, width: int, periodic: bool, wanted: Wanted | None = None,
    finer: float = 1.0, breaks: Sequence[float] = (), closing: float = SPREAD.closing, graded: bool = False,
) -> Line:  # fmt: skip
    """About so many nodes between two ends, and more where something is narrow.

    Parameters
    ----------
    finer : float
        How many times as many nodes narrow places have as they need at the least.
    breaks : sequence of float
        Where nodes stand on either side, in rising order; around a period its end is one more.
    closing : float
        Over how many nodes an end closes up, times pi.
    graded : bool
        Towards both ends by a power, in place of that.
    """
    low, high = ends
    asked = wanted or Wanted()
    x, spacing = _spacing(ends, count, periodic, asked, finer)
    sums = np.concatenate([[0.0], np.cumsum(np.diff(x) * (1 / spacing[1:] + 1 / spacing[:-1]) / 2)])
    if breaks:
        away = SPREAD.beside * (high - low)
        edges = [low, *breaks, high]
        shares = np.diff(np.interp(edges, x, sums)) / sums[-1]
        parts = [
            line(
                (a + (a > low) * away, b - (b < high) * away),
                max(width, round(count * s)),
                width,
                False,
                asked,
                finer,
                closing=closing,
                graded=graded,
            )
            for a, b, s in zip(edges, edges[1:], shares, strict=False)
        ]
        return Line(np.concatenate([part.nodes for part in parts]), width, breaks=tuple(breaks), seam=periodic)
    if asked.narrow:
        count = max(count, int(sums[-1]))
    count += periodic and count % 2 == 0  # an even number holds a wave from node to node that no slope sees
    steps = np.arange(count) / count if periodic else _powers(count) if graded else _closing(count, closing)
    nodes = np.interp(steps, sums / sums[-1], x)
    if not periodic:
        nodes[0], nodes[-1] = low, high
    return Line(nodes, width, high - low if periodic else 0.0)


def through(found: Line, places: Sequence[float]) -> Line:
    """The same with a node at each of some places: the nearest, and less and less those around it, move there."""
    nodes = found.nodes.copy()
    nearest = [int(np.argmin(np.abs(nodes - place))) for place in places]
    fixed = {0, len(nodes) - 1, *nearest}
    for place, k in zip(places, nearest, strict=True):
        reach = min(SPREAD.moved, *(abs(k - other) for other in fixed - {k})) if k not in (0, len(nodes) - 1) else 0
        if reach and nearest.count(k) == 1 and not found.breaks:
            shares = np.maximum(1 - np.abs(np.arange(len(nodes)) - k) / reach, 0.0)
            nodes += (place - nodes[k]) * shares
    return replace(found, nodes=nodes)


def _spacing(
    ends: tuple[float, float], count: int, periodic: bool, wanted: Wanted, finer: float
) -> tuple[Array, Array]:
    """How far apart nodes shall be, at many places."""
    low, high = ends
    x = np.linspace(low, high, SPREAD.samples)
    for middle, width in wanted.narrow:
        away = width * np.geomspace(1e-2, (high - low) / width, SPREAD.samples // 8)
        beside = np.concatenate([middle - away, [middle], middle + away])
        x = np.union1d(x, beside[(beside > low) & (beside < high)])
    rho = np.ones_like(x)
    if wanted.density is not None:
        known = np.interp(x, *wanted.density, period=high - low if periodic else None)
        mean = float(np.sum(np.diff(x) * (known[1:] + known[:-1]) / 2) / (high - low))
        rho = np.minimum(known / mean if mean > 0 else np.ones_like(x), count / 4) + SPREAD.floor
    whole = float(np.sum(np.diff(x) * (rho[1:] + rho[:-1]) / 2))
    spacing = whole / (count * rho)
    for middle, width in wanted.narrow:
        spacing = np.minimum(spacing, (SPREAD.inside * width + SPREAD.grading * np.abs(x - middle)) / finer)
    return x, _graded(spacing, x, periodic)


def _closing(count: int, closing: float) -> Array:
    inner = 1 / np.cosh(closing / count)
    steps: Array = (1 - np.arcsin(inner * np.cos(np.pi * np.arange(count) / (count - 1))) / np.arcsin(inner)) / 2
    return steps


def _powers(count: int) -> Array:
    """From each end to the middle as the cube of even steps: as many nodes see a jump in a corner at every scale."""
    steps = 2 * np.arange(count) / (count - 1)
    found: Array = np.where(steps < 1, steps**SPREAD.power, 2 - (2 - steps) ** SPREAD.power) / 2
    return found


def _graded(spacing: Array, x: Array, periodic: bool) -> Array:
    """Distances that grow no faster than the grading allows."""
    steps = SPREAD.grading * np.diff(x)
    found = spacing.copy()
    for _ in range(2 if periodic else 1):  # a second time around the period
        for k in range(1, len(x)):
            found[k] = min(found[k], found[k - 1] + steps[k - 1])
        for k in range(len(x) - 2, -1, -1):
            found[k] = min(found[k], found[k + 1] + steps[k])
        if periodic:
            found[0] = found[-1] = min(found[0], found[-1])
    return found
