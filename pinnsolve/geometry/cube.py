"""Points of the unit cube: uniform random, Sobol, Latin hypercube."""

from __future__ import annotations

from functools import lru_cache
from typing import Literal, get_args

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.geometry.rules import RULES

Sampler = Literal["sobol", "latin", "uniform"]
SAMPLERS: tuple[str, ...] = get_args(Sampler)


def unit_cube(count: int, dimension: int, sampler: Sampler, generator: torch.Generator) -> Tensor:
    """Points of the unit cube, (count, dimension), float64 on the CPU.

    Fewer Sobol points than coordinates are no more even than random ones, and their scrambling takes a hundred times
    longer: these are drawn uniformly.
    """
    if sampler not in SAMPLERS:
        raise ProblemError(f"there is no sampler '{sampler}'", did_you_mean(str(sampler), SAMPLERS))
    if dimension == 0:
        return torch.zeros(count, 0, dtype=torch.float64)
    if sampler == "uniform" or (sampler == "sobol" and count < dimension):
        return torch.rand(count, dimension, generator=generator, dtype=torch.float64)
    seed = int(torch.randint(2**31 - 1, (), generator=generator))
    if sampler == "sobol":
        return sobol(count, dimension, seed)
    from scipy.stats import qmc  # its import changes the warning filters, so only who asks for it gets it

    return torch.from_numpy(qmc.LatinHypercube(dimension, seed=seed).random(count))


def seen(axes: int) -> Tensor:
    """The points of the unit cube (N, axes) by which the share of a box that belongs to a shape is told: always the
    same ones."""
    return sobol(RULES.seen, axes, seed=2)


def sobol(count: int, dimension: int, seed: int) -> Tensor:
    """Sobol's first points of the unit cube, (count, dimension), as this seed scrambles them.

    Few are remembered: to scramble them takes longer than most of what is done with them.
    """
    made = _remembered if count * dimension <= RULES.remembered else _scrambled
    return made(count, dimension, seed).clone()


def _scrambled(count: int, dimension: int, seed: int) -> Tensor:
    engine = torch.quasirandom.SobolEngine(dimension, scramble=True, seed=seed)
    return engine.draw(count, dtype=torch.float64)


_remembered = lru_cache(maxsize=64)(_scrambled)
