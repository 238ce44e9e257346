"""Data alone, and noisy: random features whose smoothness the data say themselves."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pinnsolve.algebra.evidence import evidence
from pinnsolve.algebra.operations import cholesky, product
from pinnsolve.methods.protocol import Objective, State
from pinnsolve.networks.random_features import RandomFeatures
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Layer:
    """The features of a smoothing. Seen on sines, hills, kinks and steps of 50 to 800 measurements
    (`python -m validation.smoothing`).

    Parameters
    ----------
    fewest, most : int
        Features. More: time, and no better where noise decides. Fewer: what varies fast is taken for noise.
    waves : float
        The highest frequency, of the one at which two measurements lie in a wave. Larger: noise is followed where
        places cluster. Smaller: what varies fast is taken for noise.
    slowest : float
        The lowest frequency, for inputs scaled to [-1, 1]. Larger: slopes are harder to say. Smaller: nothing changes.
    """

    fewest: int = 100
    most: int = 600
    waves: float = 0.7
    slowest: float = 0.5


LAYER = Layer()


@dataclass(frozen=True, kw_only=True)
class Smoothing:
    """One regularised least-squares problem over frozen features, each octave of their frequencies with a prior of its
    own, at the largest evidence (`pinnsolve.algebra.evidence`). Meant for measurements without equations whose noise is
    known to be there: nothing is held out, and the error is the posterior's.

    Its state tells under "prior" the precision of each trained number and under "variance" that of the noise, in units
    of the misfits.
    """

    steps: int | None = None
    name = "smoothing"
    words = "features as smooth as the data ask for"
    cycle = 1
    redraws = False
    updates = 20  # of the evidence, on average

    def init(self, objective: Objective) -> State:
        return {"loss": math.nan, "stuck": False, "done": False}

    def operations(self, objective: Objective, state: State) -> float:
        count = objective.columns
        once = objective.costs.rows + product(count, objective.size, count)
        return once + self.updates * (3 * cholesky(count) + product(1, objective.size, count))

    def step(self, objective: Objective, state: State) -> State:
        start, network = objective.model.vector(), objective.model.network  # type: ignore[attr-defined]
        # every measurement weighs as much as its noise says, however many others there are
        residuals, rows = objective.residuals.rows({name: float(n) for name, n in objective.residuals.counts.items()})
        objective.work.add(self.operations(objective, state))
        found = evidence(rows, rows @ start - residuals, octaves(network))
        if found is None:
            return {**state, "loss": objective.loss(), "stuck": True, "done": True}
        objective.model.assign(found.solution)
        told = {"prior": found.precisions, "variance": found.variance}
        return {**state, **told, "loss": objective.loss(), "stuck": False, "done": True}


def octaves(network: nn.Sequential) -> Tensor:
    """The group of each trained number (P,): of each output its features by the octave of their frequencies, and its
    constant."""
    hidden, output = network[0], network[-1]
    assert isinstance(hidden, nn.Linear)
    assert isinstance(output, nn.Linear)
    _, mine = torch.unique(hidden.weight.norm(dim=1).clamp(min=LAYER.slowest).log2().floor(), return_inverse=True)
    several, outputs = int(mine.max()) + 1, output.out_features
    begins = several * torch.arange(outputs, device=mine.device)
    constants = several * outputs + torch.arange(outputs, device=mine.device)
    return torch.cat([(begins[:, None] + mine).flatten(), constants])


def features_for(measurements: int, coordinates: int) -> RandomFeatures:
    """A layer as rich as so many measurements can tell, in so many coordinates: sines up to the frequency at which two
    places a wave are seen."""
    count = min(max(measurements, LAYER.fewest), LAYER.most)
    top = LAYER.waves * math.pi / 2 * min(measurements, count) ** (1 / coordinates)
    return RandomFeatures(count, (LAYER.slowest, max(top, 2 * LAYER.slowest)), "sine")


def noisy_alone(problem: Problem) -> int:
    """The measurements of a problem that is nothing else, where they say how noisy they are; otherwise none."""
    alone = not problem.equations and all(e.points is not None for e in problem.system)
    known = all(o.known and o.loss == "squares" for o in problem.observations)
    return sum(len(o.points) for o in problem.observations) if alone and known else 0
