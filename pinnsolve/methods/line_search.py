"""A line search that meets the strong Wolfe conditions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor


@dataclass(frozen=True)
class Wolfe:
    """What a point on the line must meet, and how long it is looked for.

    Parameters
    ----------
    decrease : float
        c1; larger: shorter steps. The book's number for quasi-Newton methods.
    curvature : float
        c2; smaller: a more exact search, and more evaluations for each step. The book's number, too.
    trials : int
        Evaluations at most; fewer: the steepest descents are given up.
    longer : float
        How much further the next trial goes while the loss still falls. Chosen, not measured.
    """

    decrease: float = 1e-4
    curvature: float = 0.9
    trials: int = 20
    longer: float = 4.0


WOLFE = Wolfe()


class Probe(NamedTuple):
    """A point on the line: how far along, the loss there, its slope along the line, its gradient (P,)."""

    step: float
    loss: float
    slope: float
    gradient: Tensor


def searched(at: Callable[[float], Probe], start: Probe, step: float) -> Probe | None:
    """A point on the line with

        f(a) <= f(0) + c1 a f'(0)    and    |f'(a)| <= c2 |f'(0)|,

    c1 = 1e-4, c2 = 0.9. Where twenty trials find none, the lowest that meets the first condition; None without one.

    Parameters
    ----------
    at : callable a -> Probe
    start : Probe
        At a = 0; its slope is negative.
    step : float
        The first a.

    Source: Nocedal & Wright, Numerical Optimization (2006), algorithms 3.5 and 3.6, with equation 3.59.
    """
    low, high = start, None
    for _ in range(WOLFE.trials):
        new = at(step)
        enough = new.loss <= start.loss + WOLFE.decrease * step * start.slope
        if not enough or (new.loss >= low.loss and low is not start):
            high = new
        elif abs(new.slope) <= -WOLFE.curvature * start.slope:
            return new
        else:
            if new.slope >= 0 if high is None else new.slope * (high.step - low.step) >= 0:
                high = low
            low = new
        step = WOLFE.longer * low.step if high is None else between(low, high)
    return None if low is start else low


def between(low: Probe, high: Probe) -> float:
    """Where the cubic through both values and slopes is least, kept away from both ends by a tenth of the way."""
    width = high.step - low.step
    part = 0.1  # beyond the end the loss is not finite
    if math.isfinite(high.loss) and math.isfinite(high.slope):
        first = low.slope + high.slope - 3 * (low.loss - high.loss) / (low.step - high.step)
        square = first * first - low.slope * high.slope  # a power would raise where a product is infinite
        second = math.copysign(math.sqrt(square), width) if square >= 0 else math.nan
        bottom = high.slope - low.slope + 2 * second
        part = 1 - (high.slope + second - first) / bottom if bottom and math.isfinite(bottom) else 0.5
    return low.step + min(max(part, 0.1), 0.9) * width
