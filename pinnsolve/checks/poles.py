"""Places inside at which an equation, or what a condition prescribes, has no value, and grows beyond all bounds around.

    u_xx = 1/x  on (-1, 1),      laplace(u) = 1/(x^2 + y^2)  in a disc,      u_t = u_xx + 1/(t - 1/2)

Points pass such a place by, and what they see grows with how near they come. Where F grows as r^-p with the distance r
from a place of codimension m (one for a point of a line, a line of a plane and a moment; two for a point of a plane),
its integral around the place has a value for p < m alone. From m on no number says what comes from there, and most
often none is meant: a formula was written for a domain that ends before it.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.checks.boxes import Search
from pinnsolve.checks.peaks import Peak
from pinnsolve.checks.variation import Variation
from pinnsolve.problem.probes import Size


@dataclass(frozen=True)
class Rules:
    """What is a pole. Chosen, not measured; `tests/core/test_poles.py` holds the kinds.

    Parameters
    ----------
    away : pair of float
        Of the domain: the distances at which F is compared, on either side. Smaller: the place, which is known to some
        1e-11, is too near. Larger: what else varies counts.
    room : float
        By so much the power may fall short of the codimension, by what else varies. Larger: what is integrable is told.
    short : float
        Of the domain: a place that is longer along a coordinate is a line along it.
    """

    away: tuple[float, float] = (2.0**-12, 2.0**-22)
    room: float = 0.1
    short: float = 1e-6


RULES = Rules()


def poles(search: Search) -> tuple[list[str], list[str]]:
    """The poles among the places at which a function stands out, in words: of what it holds beside the unknowns, and
    of what multiplies these alone."""
    variation = search.variation
    alone = replace(variation, sizes=dict.fromkeys(variation.problem.unknowns, Size(0.0, 0.0)))
    of_sources: list[str] = []
    of_coefficients: list[str] = []
    for peak in search.peaks:
        if peak.lasting or not (axes := _across(peak)):
            continue
        if _grows(alone, peak, axes):
            of_sources.append(_told(variation, peak, axes))
        elif _grows(variation, peak, axes):
            of_coefficients.append(_told(variation, peak, axes))
    return of_sources, of_coefficients


def _across(peak: Peak) -> list[int]:
    """The axes along which it has no length; none where it does not lie inside of the domain."""
    low, high = peak.foot_low, peak.foot_high
    axes = [k for k in range(len(low)) if float(high[k] - low[k]) <= RULES.short]
    inside = all(RULES.away[0] < float(_middle(peak)[k]) < 1 - RULES.away[0] for k in axes)
    return axes if inside else []


def _middle(peak: Peak) -> Tensor:
    return (peak.foot_low + peak.foot_high) / 2


def _grows(variation: Variation, peak: Peak, axes: list[int]) -> bool:
    """Whether its integral around the place has no value, along any of the axes."""
    away = torch.tensor(RULES.away, dtype=torch.float64)
    steps = torch.zeros(len(axes), 2, 2, len(peak.foot_low), dtype=torch.float64)  # axis, side, distance
    for n, k in enumerate(axes):
        steps[n, 0, :, k], steps[n, 1, :, k] = -away, away
    places = (_middle(peak) + steps).flatten(0, 2)
    far, near = variation.at(places)[0].abs().view(-1, 2).T
    powers = (near / far).log() / (away[0] / away[1]).log()
    powers = powers[powers.isfinite()]
    return bool((powers >= len(axes) - RULES.room).any())


def _told(variation: Variation, peak: Peak, axes: list[int]) -> str:
    place, names = variation.problem.domain.place, variation.free
    digits = 1e-9  # of the length: what is nearer to a round number is that number
    at = []
    for k in axes:
        value, length = float(place(names[k], float(_middle(peak)[k]))), variation.problem.domain.length(names[k])
        at.append(f"{names[k]}={round(value / (digits * length)) * digits * length + 0.0:.6g}")
    return f"'{variation.equation.name}' grows without bound at {', '.join(at)}, inside of the domain (a pole)"
