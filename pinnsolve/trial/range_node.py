"""A solution over cells at some values of parameters: a node of polynomials in these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

import torch
from torch import Tensor

from pinnsolve.algebra import yardstick
from pinnsolve.geometry.points import Points
from pinnsolve.trial.lower_set import RULES, Index
from pinnsolve.trial.of_cells import OfCells


@dataclass(frozen=True)
class Seen:
    """A solution at the places at which nodes are compared.

    Parameters
    ----------
    first, best : tensor (F, P)
        The unknowns, of the first solution and of the richer one.
    sizes : tensor (F, 1)
        What they are compared with.
    """

    first: Tensor
    best: Tensor
    sizes: Tensor

    def off(self, other: Tensor) -> float:
        """How far other values (F, P) are from the best: relative, rms over the places, the largest of the unknowns."""
        return float(((self.best - other) / self.sizes).square().mean(1).sqrt().max())


class Growth(Enum):
    """Whether more nodes are wanted, and why not."""

    ON, CONVERGED, SLOW, FAILED = range(4)


@dataclass
class Node:
    """Values of the parameters, with the solution there.

    Parameters
    ----------
    index : tuple of int
        For each parameter, which of its nodes.
    values : mapping from parameter to float
    trial : OfCells
    richer : OfCells, optional
        The same with richer features, where it was solved again.
    noise : float
        The relative error that rounding makes, where it is known.
    points : int
        At which its equations were solved.
    seen : Seen, optional
        What was seen of it, once.
    brings : float, optional
        Its surplus, for the polynomials as they are.
    """

    index: Index
    values: Mapping[str, float]
    trial: OfCells
    richer: OfCells | None = None

    noise: float = 0.0
    points: int = 0
    seen: Seen | None = None
    brings: float | None = None

    @property
    def best(self) -> OfCells:
        return self.trial if self.richer is None else self.richer


def seen_at(node: Node, scales: Sequence[float]) -> Seen:
    """What is seen of a node at places of space and time that are the same for all nodes.

    Parameters
    ----------
    scales : sequence of float
        The natural scales of the unknowns.
    """
    generator = torch.Generator().manual_seed(7)
    places = node.trial.problem.domain.interior.draw(RULES.compared, "sobol", generator)
    first, best = (_values(trial, places) for trial in (node.trial, node.best))
    sizes = yardstick.of_estimates(best.square().mean(1).sqrt(), best.std(1, correction=0), scales)
    return Seen(first, best, torch.tensor(sizes, dtype=torch.float64)[:, None])


def _values(trial: OfCells, points: Points) -> Tensor:
    fields = trial.unknowns(trial.prepare(points))
    return torch.stack([fields[u].value.to("cpu", torch.float64) for u in trial.problem.unknowns])
