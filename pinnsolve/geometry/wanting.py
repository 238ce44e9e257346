"""What decides how points are spread over a piece: places that want more, and functions that leave a part of it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError

# Of the points: drawn towards each place that wants more. Larger: too few are left for the rest of the domain. Smaller:
# the corner is not resolved. Measured against none: `python -m validation.features`, the table "Singular corners".
SHARE = 0.15
WRITE = "It is asked of many places at once: where(lambda x: x < 0.5), where(lambda x: (x > 0.2) & (x < 0.5))."


@dataclass(frozen=True)
class Wanting:
    """A place that wants more points.

    Parameters
    ----------
    fixed : mapping from coordinate to value
    width : mapping from coordinate to float
        The length on which things vary there, in parts of the domain; empty where they do on every length, as at a
        singular corner.
    """

    fixed: Mapping[str, float]
    width: Mapping[str, float] = field(default_factory=dict)

    def shrunk(self, count: int, generator: torch.Generator) -> dict[str, Tensor]:
        """Numbers (count,) by which distances from it are multiplied: log-uniform between 0.01 and one; where it
        has a width half of them are that width, and the others log-uniform between it and one."""
        exponents = torch.rand(count, generator=generator, dtype=torch.float64)
        closest = 0.01  # of their distance: nearer ones would repeat what rounding leaves of a corner
        if not self.width:
            return dict.fromkeys(self.fixed, closest**exponents)
        return {c: self.width[c] ** (2 * exponents).clamp(max=1.0) for c in self.fixed}


@dataclass(frozen=True)
class Part:
    """Where a function of coordinates by name is true: what `.where(...)` leaves of a region."""

    function: Callable[..., Any]
    asks: tuple[str, ...]
    told: str

    def holds(self, coordinates: Mapping[str, Tensor]) -> Tensor:
        """Which points (N,) belong to it.

        Raises
        ------
        ProblemError
            If the function cannot be called with many places at once, or returns anything but true and false.
        """
        n = next(iter(coordinates.values())).shape
        try:
            found = torch.as_tensor(self.function(**{c: coordinates[c] for c in self.asks}))
            fits = found.dtype == torch.bool and found.shape in (n, ())
        except ProblemError:
            raise
        except Exception as error:
            raise ProblemError(f"the function of {self.told} raised {type(error).__name__}: {error}", WRITE) from error
        if not fits:
            kind = "numbers" if found.dtype != torch.bool else f"shape {tuple(found.shape)} for {n[0]} places"
            raise ProblemError(f"the function of {self.told} returned {kind}, and not true or false", WRITE)
        return found.expand(n)


class Spread(Protocol):
    """What is asked of a piece over which points are spread."""

    @property
    def extent(self) -> Mapping[str, tuple[float, float]]: ...

    @property
    def fixed(self) -> Mapping[str, float]: ...

    def holds(self, coordinates: Mapping[str, Tensor]) -> Tensor: ...


def share_of_each(places: int) -> float:
    """Of the points, drawn towards each of so many places."""
    together = 0.6  # for all of them: the rest of the domain keeps as many as it needs
    return min(SHARE, together / places)


def crowding(
    narrow: Sequence[Wanting], places: int, ends: Mapping[str, tuple[float, float]], at: Mapping[str, Tensor]
) -> Tensor:  # fmt: skip
    """How many times as many points as evenly spread ones lie around each of some, (N,), as `draw_towards` makes them.

        1 - k s + s sum over k of ([e = 1]/W + (W^-e - 1)/log(1/W)) / 2,    W = product of the widths w,

    with e the largest power, up to one, for which w^e still holds the point, and s the share of each place. Of other
    places than narrow ones it is not asked.
    """
    share = share_of_each(places)
    total = torch.full_like(next(iter(at.values())), 1 - share * len(narrow))
    for place in narrow:
        power, whole = torch.ones_like(total), 0.0
        for c, middle in place.fixed.items():
            low, high = ends[c]
            width = min(place.width[c], 0.99)
            away = (at[c] - middle) / torch.where(at[c] > middle, high - middle, low - middle)
            power = torch.minimum(power, away.clamp(min=1e-300).log() / math.log(width))
            whole += math.log(1 / width)
        inner = (power >= 1).to(total) * math.exp(whole)
        total = total + share / 2 * (inner + torch.expm1(whole * power) / whole)
    return total


def draw_towards(
    piece: Spread, places: Sequence[Wanting], values: Mapping[str, Tensor], generator: torch.Generator
) -> None:
    """Move points (N,) towards the places that lie in a piece and are not the whole of it; those that would leave it
    stay."""
    places = [p for p in places if _touches(piece, p)]
    if not places:
        return
    count = len(next(iter(values.values())))
    order = torch.randperm(count, generator=generator)
    each = int(count * share_of_each(len(places)))
    for k, place in enumerate(places):
        moved = order[k * each : (k + 1) * each]
        shrunk = place.shrunk(len(moved), generator)
        there = {c: v[moved] for c, v in values.items()}
        free = [c for c in place.fixed if c not in piece.fixed]
        for c in free:
            there[c] = place.fixed[c] + (there[c] - place.fixed[c]) * shrunk[c]
        stay = piece.holds(there)
        for c in free:
            values[c][moved[stay]] = there[c][stay]


def _touches(piece: Spread, place: Wanting) -> bool:
    def reaches(c: str, v: float) -> bool:
        low, high = piece.extent[c]
        return abs(piece.fixed.get(c, v) - v) <= place.width.get(c, 0.0) * (high - low)

    return all(reaches(c, v) for c, v in place.fixed.items()) and any(c not in piece.fixed for c in place.fixed)
