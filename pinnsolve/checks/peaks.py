"""How far a function goes beyond what evenly spread points see of it, and where that begins and ends.

From a point that stands out a peak is climbed along one coordinate after the other, in steps of every length; along the
lines through the peak it is then measured.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

# Steps from a place, in parts of the domain: each is longer by a fifth than the one before. Shorter ratios: places are
# measured more finely; more time. A place of less than the first has no length that could be told.
STEPS = 2.0 ** (torch.arange(-36 * 4, 1, dtype=torch.float64) / 4)


@dataclass(frozen=True)
class Rules:
    """How a peak is climbed and measured. Chosen, not measured.

    Parameters
    ----------
    rounds : int
        Of climbing. Fewer: a peak that lies across the coordinates is not reached.
    higher : float
        Times the height before: what a round must bring. Larger: what grows without bound looks like a peak.
    foot : float
        Of a peak: what is lower lies beside it. As in one dimension exp(-(x/w)^2) is then 3 w wide.
    gap : int
        Steps in a row that may be lower within a place: a slope has two sides, and passes zero between them.
    flat : float
        Of a peak: so much is left of it at the shortest steps, or it grows without bound.
    shortest : float
        Of the domain: what is shorter has no length, and is a jump or grows without bound.
    """

    rounds: int = 16
    higher: float = 1.02
    foot: float = 0.1
    gap: int = 8
    flat: float = 0.7
    shortest: float = 1e-9


RULES = Rules()


@dataclass(frozen=True)
class Limits:
    """What of F and its slopes is nothing new: (rows,) each, from what points see and room beyond it."""

    low: Tensor
    high: Tensor

    def beyond(self, values: Tensor) -> Tensor:
        """How far values (rows, N) go from the middle, relative to the limits, the largest of all rows (N,); above one
        they stand out. What is no number does not."""
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        far = (values - middle[:, None]).abs() / half[:, None]
        return far.nan_to_num(0.0, 0.0, 0.0).amax(0)

    def widened(self, values: Tensor) -> Limits:
        """Limits with room for these values (rows, N) too."""
        found = values.nan_to_num(0.0, 0.0, 0.0)
        middle, half = (self.low + self.high) / 2, (self.high - self.low) / 2
        far = torch.maximum(half, 1.5 * (found - middle[:, None]).abs().amax(1))
        return Limits(middle - far, middle + far)

    def quiet(self, low: Tensor, high: Tensor) -> Tensor:
        """Which boxes (N,) hold nothing new, by their bounds (rows, N)."""
        return ((low >= self.low[:, None]) & (high <= self.high[:, None])).all(0)


@dataclass(frozen=True)
class Peak:
    """A place that stands out: where it does at all, and where it is above its foot; (d,) each, parts of the domain.

    `lasting` is whether it has a height, `varied` how far F changes there, and `values` (rows, N) are all seen.
    """

    low: Tensor
    high: Tensor
    foot_low: Tensor
    foot_high: Tensor
    lasting: bool
    varied: float
    values: Tensor

    @property
    def share(self) -> float:
        """Of the domain, above its foot."""
        return float((self.foot_high - self.foot_low).prod())

    def around(self, by: float) -> tuple[Tensor, Tensor]:
        """From where it stands out, and by so many of its widths further."""
        more = by * (self.high - self.low) + 2 * STEPS[0]
        return self.low - more, self.high + more


def climbed(values: Callable[[Tensor], Tensor], limits: Limits, start: Tensor) -> Peak:
    """The peak above a point (d,) that stands out, of functions that take points (N, d)."""
    top, height = start, float(limits.beyond(values(start[None]))[0])
    for _ in range(RULES.rounds):
        before = height
        for axis in range(len(top)):
            line = _line(top, axis)
            found = limits.beyond(values(line))
            best = int(found.argmax())
            if float(found[best]) > height:
                top, height = line[best].clone(), float(found[best])
        if height < RULES.higher * before:
            break
    return _measured(values, limits, top, height)


def _measured(values: Callable[[Tensor], Tensor], limits: Limits, top: Tensor, height: float) -> Peak:
    edges, all_seen, varied, lasting = [], [], 0.0, True
    for axis in range(len(top)):
        line = _line(top, axis)
        seen = values(line)
        all_seen.append(seen)
        beyond, places = limits.beyond(seen).view(2, -1), line[:, axis].view(2, -1)
        foot = beyond > max(1.0, RULES.foot * height)
        edges.append([*_stretch(float(top[axis]), places, beyond > 1), *_stretch(float(top[axis]), places, foot)])
        lasting = lasting and float(beyond[:, 0].max()) > RULES.flat * height
        within = foot.clone()
        within[:, 1:] |= foot[:, :-1]  # and one step beside it
        inside = seen[0][within.flatten()]
        inside = inside[inside.isfinite()]
        varied = max(varied, float(inside.max() - inside.min()) if len(inside) else 0.0)
    low, high, foot_low, foot_high = torch.tensor(edges, dtype=torch.float64).unbind(1)
    shortest = float((foot_high - foot_low).min())
    lasting = lasting and shortest > RULES.shortest
    return Peak(low, high, foot_low, foot_high, lasting, varied, torch.cat(all_seen, 1))


def _line(top: Tensor, axis: int) -> Tensor:
    """Points (2 S, d) along one coordinate: down from a place, and up from it."""
    line = top.repeat(2 * len(STEPS), 1)
    line[:, axis] += torch.cat([-STEPS, STEPS])
    return line.clamp(0.0, 1.0)


def _stretch(top: float, places: Tensor, above: Tensor) -> tuple[float, float]:
    """From where to where it is above, around a place; (2, S) along both directions."""
    ends = []
    for side, is_above in zip(places.tolist(), above.tolist(), strict=True):
        last = -1
        for k, yes in enumerate(is_above):
            if yes:
                last = k
            elif k - last > RULES.gap and last >= 0:
                break
        following = min(last + 1, len(side) - 1)
        ends.append(top if last < 0 else (side[last] + side[following]) / 2)
    return ends[0], ends[1]
