"""Methods of first order: Adam and SGD, on the vector of all weights.

torch.optim has them too; building one of its optimisers imports its compiler, which takes longer than a small training.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError, is_number, positive, whole
from pinnsolve.machine.room import Room
from pinnsolve.methods.protocol import Objective, State


def _moved(objective: Objective, vector: Tensor, move: Tensor) -> bool:
    """Go from a vector by a move; whether nothing changed."""
    new = vector + move
    objective.model.assign(new)
    return bool(torch.equal(new, vector))


def _decay(name: str, decay: float) -> None:
    if not is_number(decay) or decay < 0:
        raise ProblemError(f"{name}: decay={decay!r} is no regularisation", f"Write {name}(decay=1e-4).")


@dataclass(frozen=True, kw_only=True)
class Adam:
    """Adam, with bias-corrected moments.

    Source: Kingma & Ba, ICLR 2015, algorithm 1.

    Parameters
    ----------
    rate : float
    decay : float
        L2 regularisation: decay / 2 |w|^2 is added to the loss, over all trained numbers w.
    steps : int, optional
    """

    rate: float = 1e-3
    decay: float = 0.0
    steps: int | None = None
    name = "adam"
    cycle = 20
    redraws = True
    by_rows = False
    momentum, beta, tiny = 0.9, 0.999, 1e-8  # the paper's numbers: what everybody means by Adam

    def __post_init__(self) -> None:
        positive("Adam: rate", self.rate)
        _decay("Adam", self.decay)
        whole("Adam: steps", self.steps)

    def init(self, objective: Objective) -> State:
        nothing = torch.zeros_like(objective.model.vector())
        return {"step": 0, "first": nothing, "second": nothing, "loss": math.nan, "stuck": False}

    def held(self, rows: int, columns: int, squares: float, room: Room) -> float:
        """The moments, old and new, and what a move is made of."""
        return 12.0 * columns

    def step(self, objective: Objective, state: State) -> State:
        loss, gradient = objective.loss_and_gradient()
        if not math.isfinite(loss):
            return {**state, "loss": loss}
        if self.decay:
            gradient = gradient + self.decay * objective.model.vector()
        step = state["step"] + 1
        first = state["first"].lerp(gradient, 1 - self.momentum)
        second = state["second"].lerp(gradient.square(), 1 - self.beta)
        size = (second / (1 - self.beta**step)).sqrt() + self.tiny
        stuck = _moved(objective, objective.model.vector(), -self.rate / (1 - self.momentum**step) * first / size)
        return {"step": step, "first": first, "second": second, "loss": loss, "stuck": stuck}


@dataclass(frozen=True, kw_only=True)
class SGD:
    """Gradient descent with heavy-ball momentum; what is stochastic in it are the redrawn points.

    Source: Polyak, USSR Comput. Math. Math. Phys. 4 (1964) 1.

    Parameters
    ----------
    rate, momentum : float
    decay : float
        As in `Adam`.
    steps : int, optional
    """

    rate: float = 1e-3
    momentum: float = 0.9
    decay: float = 0.0
    steps: int | None = None
    name = "sgd"
    cycle = 20
    redraws = True
    by_rows = False

    def __post_init__(self) -> None:
        positive("SGD: rate", self.rate)
        _decay("SGD", self.decay)
        if not is_number(self.momentum) or not 0 <= self.momentum < 1:
            raise ProblemError(f"SGD: momentum={self.momentum!r} is not in [0, 1)", "Write SGD(momentum=0.9).")
        whole("SGD: steps", self.steps)

    def init(self, objective: Objective) -> State:
        return {"speed": torch.zeros_like(objective.model.vector()), "loss": math.nan, "stuck": False}

    def held(self, rows: int, columns: int, squares: float, room: Room) -> float:
        """The speed, old and new, and what a move is made of."""
        return 8.0 * columns

    def step(self, objective: Objective, state: State) -> State:
        loss, gradient = objective.loss_and_gradient()
        if not math.isfinite(loss):
            return {**state, "loss": loss}
        if self.decay:
            gradient = gradient + self.decay * objective.model.vector()
        speed = self.momentum * state["speed"] + gradient
        stuck = _moved(objective, objective.model.vector(), -self.rate * speed)
        return {"speed": speed, "loss": loss, "stuck": stuck}
