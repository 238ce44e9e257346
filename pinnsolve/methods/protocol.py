"""What a training method is: how it starts, and how it makes one step. The loop belongs to `training.loop`."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

State = dict[str, Any]


class LeastSquares(Protocol):
    """What a method asks of residuals: values, gradients, and the normal equations, each when it needs them."""

    @property
    def size(self) -> int: ...

    def loss(self, weights: Mapping[str, float]) -> float: ...

    def loss_and_gradient(self, weights: Mapping[str, float]) -> tuple[float, Tensor]: ...

    def normal_equations(self, weights: Mapping[str, float]) -> tuple[float, Tensor, Tensor]: ...

    def pieces(self, weights: Mapping[str, float]) -> Iterator[tuple[Tensor, Tensor]]: ...

    def rows(self, weights: Mapping[str, float]) -> tuple[Tensor, Tensor]: ...

    def vector(self, weights: Mapping[str, float]) -> Tensor: ...

    def pulled_back(self, weights: Mapping[str, float], vector: Tensor) -> Tensor: ...


class Parametrised(Protocol):
    """Whatever has its trainable parameters, one after the other, as one vector (P,)."""

    @property
    def parameters(self) -> Sequence[Tensor]: ...

    def vector(self) -> Tensor: ...

    def assign(self, vector: Tensor) -> None: ...


@dataclass
class Objective:
    """The sum over all residuals of weight * mean(r^2), still unsquared.

    Parameters
    ----------
    model : Parametrised
        Whose parameters move.
    residuals : LeastSquares
    weights : mapping from name to float
    balanced : bool
        Whether the weights were balanced, and not given by the user.
    generator : torch.Generator
        For methods that draw their own points; on the CPU.
    drift : LeastSquares, optional
        Of a steady problem: the unknowns that are paired with its equations, with the names, weights and points of
        these; its rows belong to the first rows of the residuals.
    guess : callable () -> Trial, optional
        The best solution so far, of another network.
    """

    model: Parametrised
    residuals: LeastSquares
    weights: Mapping[str, float]
    balanced: bool = True
    generator: torch.Generator = field(default_factory=torch.Generator)
    drift: LeastSquares | None = None
    guess: Callable[[], Any] | None = None

    def loss(self) -> float:
        return self.residuals.loss(self.weights)

    def loss_and_gradient(self) -> tuple[float, Tensor]:
        return self.residuals.loss_and_gradient(self.weights)

    def normal_equations(self) -> tuple[float, Tensor, Tensor]:
        return self.residuals.normal_equations(self.weights)

    def pieces(self) -> Iterator[tuple[Tensor, Tensor]]:
        """The weighted residual vector and its Jacobian, some rows at a time."""
        return self.residuals.pieces(self.weights)

    def rows(self) -> tuple[Tensor, Tensor]:
        return self.residuals.rows(self.weights)

    @property
    def size(self) -> int:
        """The number of rows of the Jacobian."""
        return self.residuals.size

    def vector(self) -> Tensor:
        """The weighted residual vector (N,), whose squares sum to the loss, in the order of the rows."""
        return self.residuals.vector(self.weights)

    def pulled_back(self, vector: Tensor) -> Tensor:
        """J^T v (P,) for a vector v (N,), without J."""
        return self.residuals.pulled_back(self.weights, vector)


@runtime_checkable
class Method(Protocol):
    """A training method.

    Attributes
    ----------
    name : str
        What the command and the report call it.
    steps : int or None
        After how many steps it ends, whatever the budget.
    cycle : int
        Steps between two looks at the held-out residual, the history and the stopping rules.
    redraws : bool
        Whether its collocation points may change from step to step.
    """

    @property
    def name(self) -> str: ...

    @property
    def steps(self) -> int | None: ...

    @property
    def cycle(self) -> int: ...

    @property
    def redraws(self) -> bool: ...

    def init(self, objective: Objective) -> State:
        """The state before the first step: numbers, strings and tensors alone, so that a checkpoint can hold it."""
        ...

    def step(self, objective: Objective, state: State) -> State:
        """One step: moves the model's parameters and returns the next state, whose "loss" is the loss it found.

        A state with "stuck" set says that the method found no way down, one with "done" that it has come to its end.
        """
        ...
