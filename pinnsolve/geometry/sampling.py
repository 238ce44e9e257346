"""Where collocation points lie: shared among the pieces of a region, and redrawn where the residual is large."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.calls import worded_class
from pinnsolve.errors import positive, whole
from pinnsolve.geometry.cube import Sampler
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points, joined
from pinnsolve.geometry.wanting import Wanting


@worded_class
@dataclass(frozen=True, kw_only=True)
class Redraw:
    """Redraw the collocation points where the residual is large, every so many steps.

    Parameters
    ----------
    every : int
        Steps between two redrawings.
    uniform : float
        How much of the density stays uniform; see `pinnsolve.geometry.sampling.redrawn`.
    pool : int
        How many candidates for each point that is drawn; with one, points are drawn evenly and nothing is evaluated.
    """

    every: int = 5
    uniform: float = 1.0
    pool: int = 5

    def __post_init__(self) -> None:
        whole("Redraw: every", self.every)
        whole("Redraw: pool", self.pool)
        positive("Redraw: uniform", self.uniform)


def sample(
    pieces: Sequence[Piece],
    count: int,
    sampler: Sampler,
    generator: torch.Generator,
    towards: Sequence[Wanting] = (),
) -> Points:
    """About `count` points of a region, shared among its pieces by their measure in scaled coordinates.

    No piece is left out, however few points there are. Weights sum to the pieces' sizes in the problem's units.

    Parameters
    ----------
    pieces : sequence of Piece
    towards : sequence of Wanting
        Places that want more points; see `Piece.draw`.
    """
    total = sum(p.measure for p in pieces)
    return joined([p.draw(max(1, round(count * p.measure / total)), sampler, generator, towards) for p in pieces])


def crowded_at_ends(points: Points, ranges: Mapping[str, tuple[float, float]]) -> Points:
    """The same points with values of parameters that crowd towards the ends of their ranges,

    low + (high - low) (1 - cos(pi s)) / 2    for what was evenly spread, low + (high - low) s,

    the density for which least squares by polynomials are as good at the ends as within.

    Source: Cohen & Migliorati, SMAI J. Comput. Math. 3 (2017) 181-203.
    """
    moved = {
        name: low + (high - low) * (1 - torch.cos(math.pi * (points.coordinates[name] - low) / (high - low))) / 2
        for name, (low, high) in ranges.items()
    }
    return replace(points, coordinates={**points.coordinates, **moved}) if moved else points


def stretches(parts: Sequence[Mapping[str, Tensor]], ranges: Iterable[str], count: int = 8) -> list[Tensor]:
    """Ones on the points of each stretch of a range, zeros on the others: stretches of as many points each."""
    found = []
    for name in ranges:
        values = torch.cat([at[name] for at in parts])
        number = values.argsort().argsort() * count // max(len(values), 1)
        found += [(number == k).to(values) for k in range(min(count, len(values)))]
    return found


def redrawn(pool: Points, size: Tensor, count: int, uniform: float, generator: torch.Generator) -> Points:
    """`count` points of a pool, drawn without replacement with probability proportional to

        |r| / mean |r| + uniform,

    r the residual on the pool. A large `uniform` keeps the points spread out.

    Source: Wu et al., Comput. Methods Appl. Mech. Engrg. 403 (2023) 115671, equation 2, with k = 1.
    """
    size = size.detach().to("cpu", torch.float64).abs()
    probability = size / (size.mean() + 1e-300) + uniform
    chosen = torch.multinomial(probability, min(count, len(pool)), replacement=False, generator=generator)
    return pool[chosen.sort().values]
