"""Methods of first order, Adam and SGD, stepped by torch.optim."""

from __future__ import annotations

import copy
import math
from dataclasses import dataclass
from typing import Any

import torch

from pinnsolve.errors import ProblemError
from pinnsolve.methods.protocol import Objective, State
from pinnsolve.problem.declaration import positive, whole


def _advance(make: Any, objective: Objective, state: State) -> State:
    """One step of a torch optimiser on the vector of parameters, its own state carried along."""
    vector = torch.nn.Parameter(objective.model.vector())
    optimiser: torch.optim.Optimizer = make([vector])
    if state["optimiser"] is not None:
        optimiser.load_state_dict(copy.deepcopy(state["optimiser"]))

    def closure() -> float:
        objective.model.assign(vector.detach())
        loss, gradient = objective.loss_and_gradient()
        vector.grad = gradient
        losses.append(loss)
        return loss

    losses: list[float] = []
    before = vector.detach().clone()
    optimiser.step(closure)
    objective.model.assign(vector.detach())
    stuck = math.isfinite(losses[0]) and bool(torch.equal(before, vector.detach()))
    return {"optimiser": optimiser.state_dict(), "loss": losses[0], "stuck": stuck}


def _fresh(objective: Objective) -> State:
    return {"optimiser": None, "loss": math.nan, "stuck": False}


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Adam, with bias-corrected moments.

    Source: Kingma & Ba, ICLR 2015, algorithm 1.
    """

    rate: float = 1e-3
    steps: int | None = None
    name = "adam"
    cycle = 20
    redraws = True

    def __post_init__(self) -> None:
        positive("Adam: rate", self.rate)
        whole("Adam: steps", self.steps)

    def init(self, objective: Objective) -> State:
        return _fresh(objective)

    def step(self, objective: Objective, state: State) -> State:
        return _advance(lambda p: torch.optim.Adam(p, lr=self.rate), objective, state)


@dataclass(frozen=True, kw_only=True)
class SGD:
    """Gradient descent with heavy-ball momentum; what is stochastic in it are the redrawn points.

    Source: Polyak, USSR Comput. Math. Math. Phys. 4 (1964) 1.
    """

    rate: float = 1e-3
    momentum: float = 0.9
    steps: int | None = None
    name = "sgd"
    cycle = 20
    redraws = True

    def __post_init__(self) -> None:
        positive("SGD: rate", self.rate)
        if isinstance(self.momentum, bool) or not 0 <= self.momentum < 1:
            raise ProblemError(f"SGD: momentum={self.momentum!r} is not in [0, 1)", "Write SGD(momentum=0.9).")
        whole("SGD: steps", self.steps)

    def init(self, objective: Objective) -> State:
        return _fresh(objective)

    def step(self, objective: Objective, state: State) -> State:
        return _advance(lambda p: torch.optim.SGD(p, lr=self.rate, momentum=self.momentum), objective, state)
