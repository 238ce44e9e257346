"""The record of a truth: values at places, and how far they are off."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.stats import qmc

from validation.refine import Array, Domain

STEADY, MOVING = 2000, 1000  # places in space: as many as the benchmark's files have nodes, or more
TWO_INPUTS, MORE_INPUTS = 2500, 20000  # places where there is a formula, as the benchmark has them
JOINT = "joint"  # what is said of all outputs together
Values = dict[str, Array]


@dataclass(frozen=True)
class Truth:
    """Values of all outputs at places.

    Parameters
    ----------
    places : mapping from coordinate to array (M,)
    values : mapping from output to array (M,)
    own : mapping from output to float
        The relative L2 difference of two grids, or the rounding of a formula; "joint" is that of all outputs together.
    about : str
        The method and the two grids.
    """

    places: Mapping[str, Array]
    values: Mapping[str, Array]
    own: Mapping[str, float]
    about: str


def on_two_grids(
    places: Mapping[str, Array], solve: Callable[..., Values], grids: Sequence[object], about: str
) -> Truth:
    """The finer of two grids, with the difference from the coarser; solve(grid) returns the values at the places."""
    coarse, fine = (solve(grid) for grid in grids)
    own = {name: difference(coarse[name], v) for name, v in fine.items()}
    together = (np.concatenate([values[name] for name in fine]) for values in (coarse, fine))
    return Truth(places, fine, own | {JOINT: difference(*together)}, about)


def by_formula(places: Mapping[str, Array], values: Values, about: str, rounding: float = 1e-14) -> Truth:
    """An exact solution."""
    return Truth(places, values, dict.fromkeys([*values, JOINT], rounding), about)


def difference(found: Array, truth: Array) -> float:
    """The relative L2 difference."""
    return float(np.linalg.norm(found - truth) / np.linalg.norm(truth))


def uniform(count: int, domain: Domain, inside: Callable[..., Any] | None = None) -> dict[str, Array]:
    """That many uniform places of a box (of what is `inside` of it) by coordinate."""
    names, ends = list(domain), np.array(list(domain.values()), dtype=float)
    found = np.empty((0, len(names)))
    drawn = qmc.Sobol(len(names), seed=7)
    while len(found) < count:
        more = ends[:, 0] + (ends[:, 1] - ends[:, 0]) * drawn.random(4096)
        found = np.concatenate([found, more if inside is None else more[inside(*more.T)]])
    return dict(zip(names, found[:count].T.copy(), strict=True))


def at_times(places: Mapping[str, Array], times: Array) -> dict[str, Array]:
    """All places at all times, (times x places,) each."""
    count = len(next(iter(places.values())))
    return {name: np.tile(v, len(times)) for name, v in places.items()} | {"t": np.repeat(times, count)}


def outside_of(discs: Sequence[tuple[float, float, float]]) -> Callable[[Array, Array], Array]:
    """Whether places lie outside of all discs (x, y, radius)."""
    return lambda x, y: np.all([np.hypot(x - a, y - b) > r for a, b, r in discs], axis=0)
