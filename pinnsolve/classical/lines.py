"""Where nodes stand along a coordinate: closer together where the solution curves, and towards ends without a period.

Differences of high order grow at the ends of evenly spread nodes (Runge). There nodes close up as those of Kosloff and
Tal-Ezer, over about as many as a difference takes.

Source: Kosloff & Tal-Ezer, J. Comput. Phys. 104 (1993) 457-469.
"""

from __future__ import annotations

from dataclasses import dataclass

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
        Over how many nodes an end closes up, times pi. Smaller: waves grow at the ends; larger: stiffer.
    samples : int
        Of the density, along the coordinate.
    """

    floor: float = 0.4
    grading: float = 0.12
    closing: float = 12.0
    samples: int = 4001


SPREAD = Spread()


def line(
    ends: tuple[float, float], count: int, width: int, periodic: bool, density: tuple[Array, Array] | None = None
) -> Line:
    """So many nodes between two ends.

    Parameters
    ----------
    density : (places, values), optional
        How close together they shall be, up to a factor; evenly without it.
    """
    low, high = ends
    count += periodic and count % 2 == 0  # an even number holds a wave from node to node that no slope sees
    steps = np.arange(count) / count if periodic else _closing(count)
    if density is None:
        nodes = low + (high - low) * steps
    else:
        x = np.linspace(low, high, SPREAD.samples)
        known = np.interp(x, *density, period=high - low) if periodic else np.interp(x, *density)
        rho = _graded(known, x, count, periodic)
        sums = np.concatenate([[0.0], np.cumsum((rho[1:] + rho[:-1]) / 2)])
        nodes = np.interp(steps, sums / sums[-1], x)
    if not periodic:
        nodes[0], nodes[-1] = low, high
    return Line(nodes, width, high - low if periodic else 0.0)


def _closing(count: int) -> Array:
    inner = 1 / np.cosh(SPREAD.closing / count)
    steps: Array = (1 - np.arcsin(inner * np.cos(np.pi * np.arange(count) / (count - 1))) / np.arcsin(inner)) / 2
    return steps


def _graded(density: Array, x: Array, count: int, periodic: bool) -> Array:
    """The density with a floor, and intervals 1/density that grow no faster than the grading allows."""
    mean = density.mean()
    rho = density / mean if mean > 0 else np.ones_like(density)
    rho = np.minimum(rho, count / 4) + SPREAD.floor
    spacing = (x[-1] - x[0]) * rho.mean() / (count * rho)
    step = x[1] - x[0]
    for _ in range(2 if periodic else 1):  # a second time around the period
        for k in range(1, len(x)):
            spacing[k] = min(spacing[k], spacing[k - 1] + SPREAD.grading * step)
        for k in range(len(x) - 2, -1, -1):
            spacing[k] = min(spacing[k], spacing[k + 1] + SPREAD.grading * step)
        if periodic:
            spacing[0] = spacing[-1] = min(spacing[0], spacing[-1])
    found: Array = 1 / spacing
    return found
