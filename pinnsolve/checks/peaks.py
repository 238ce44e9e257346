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
    sudden : float
        Times the limits: what falls from more in one step has an edge there.
    shortest : float
        Of the domain: what is shorter has no length, and is a jump or grows without bound.
    """

    rounds: int = 16
    higher: float = 1.02
    foot: float = 0.1
    gap: int = 8
    flat: float = 0.7
    sudden: float = 3.0
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

    `lasting` is whether it has a height, `varied` how far F changes there, `values` (rows, N) are all seen, and `falls`
    are points (d,) far from its foot behind which it ends suddenly, with half the way to them.
    """

    low: Tensor
    high: Tensor
    foot_low: Tensor
    foot_high: Tensor
    lasting: bool
    varied: float
    values: Tensor
    falls: list[tuple[Tensor, float]]

    @property
    def share(self) -> float:
        """Of the domain, above its foot."""
        return float((self.foot_high - self.foot_low).prod())

    def meets(self, other: Peak) -> bool:
        """Whether both are one place."""
        return bool(((self.foot_low <= other.foot_high) & (self.foot_high >= other.foot_low)).all())


def climbed(values: Callable[[Tensor], Tensor], limits: Limits, start: Tensor, reach: float = 1.0) -> Peak:
    """The peak above a point (d,) that stands out, no further away than `reach`; of functions of points (N, d)."""
    top, height = start, float(limits.beyond(values(start[None]))[0])
    for _ in range(RULES.rounds):
        before = height
        for axis in range(len(top)):
            line = _line(top, axis)
            found = limits.beyond(values(line)).view(2, -1)
            for side, last in zip(found, _last(found > 1), strict=True):
                side[last + 1 :] = 0.0  # beyond a valley stands another one
            found = found.flatten() * ((line - start).abs() <= reach).all(1)
            best = int(found.argmax())
            if float(found[best]) > height:
                top, height = line[best].clone(), float(found[best])
        if height < RULES.higher * before:
            break
    return _measured(values, limits, top, height)


def _measured(values: Callable[[Tensor], Tensor], limits: Limits, top: Tensor, height: float) -> Peak:
    """Along the lines through a top."""
    edges, all_seen, falls, varied, lasting = [], [], [], 0.0, True
    for axis in range(len(top)):
        line = _line(top, axis)
        seen = values(line)
        all_seen.append(seen)
        beyond, sides = limits.beyond(seen).view(2, -1), line.view(2, -1, len(top))
        foot = beyond > max(RULES.foot * height, min(1.0, height / 2))  # what points see goes up to a half
        outer, inner = _last(beyond > 1), _last(foot)
        edges.append(
            [_edge(top[axis], sides[k, :, axis], last) for lasts in (outer, inner) for k, last in enumerate(lasts)]
        )
        for k in (0, 1):
            if outer[k] > inner[k] + RULES.gap and float(beyond[k, outer[k]]) > RULES.sudden:
                way = sides[k, outer[k]] - top
                falls.append((sides[k, outer[k]], float(way.abs().max()) / 2))
        lasting = lasting and float(beyond[:, 0].max()) > RULES.flat * height
        within = foot.clone()
        within[:, 1:] |= foot[:, :-1]  # and one step beside it
        inside = seen[0][within.flatten()]
        inside = inside[inside.isfinite()]
        varied = max(varied, float(inside.max() - inside.min()) if len(inside) else 0.0)
    low, high, foot_low, foot_high = torch.tensor(edges, dtype=torch.float64).unbind(1)
    lasting = lasting and float((foot_high - foot_low).min()) > RULES.shortest
    return Peak(low, high, foot_low, foot_high, lasting, varied, torch.cat(all_seen, 1), falls)


def _line(top: Tensor, axis: int) -> Tensor:
    """Points (2 S, d) along one coordinate: down from a place, and up from it."""
    line = top.repeat(2 * len(STEPS), 1)
    line[:, axis] += torch.cat([-STEPS, STEPS])
    return line.clamp(0.0, 1.0)


def _last(above: Tensor) -> list[int]:
    """The last step (of S) that is above before a gap, in both directions (2, S); minus one where none is."""
    found = []
    for side in above.tolist():
        last = -1
        for k, yes in enumerate(side):
            if yes:
                last = k
            elif k - last > RULES.gap and last >= 0:
                break
        found.append(last)
    return found


def _edge(top: Tensor, side: Tensor, last: int) -> float:
    """Between the last step that is above and the next."""
    return float(top if last < 0 else (side[last] + side[min(last + 1, len(side) - 1)]) / 2)
