"""Damped least squares (J^T J + mu I) x = -J^T v: over the parameters, or over the samples where these are fewer."""

from __future__ import annotations

from typing import Protocol

import torch
from torch import Tensor

from pinnsolve.algebra.operations import product
from pinnsolve.methods.protocol import Objective

# Of the step: where the second derivative along it is taken, by a difference. Larger: the third derivative disturbs it.
# Smaller: rounding does. Chosen, not measured.
AHEAD = 0.1


class Damped(Protocol):
    """The equations at one point, for any damping.

    Attributes
    ----------
    loss : float
    trace : float
        Of J^T J, the sum of its eigenvalues.
    """

    loss: float
    trace: float

    def step(self, mu: float) -> Tensor | None:
        """The step (P,); None where the damped matrix is not positive definite in floating point."""
        ...

    def predicted(self, delta: Tensor) -> float:
        """By how much the linearised loss falls, |r|^2 - |r + J delta|^2."""
        ...

    def bend(self, objective: Objective, start: Tensor, delta: Tensor) -> Tensor:
        """The geodesic acceleration (P,) to the last step: v = r''/2, half the second derivative along delta."""
        ...


def damped(objective: Objective) -> Damped:
    """Over the samples where these are fewer than the parameters: the same step, from a smaller matrix."""
    return Samples(objective) if objective.size < len(objective.model.vector()) else Parameters(objective)


class Parameters:
    """(J^T J + mu I) x = -J^T v, by Cholesky; J is never kept."""

    def __init__(self, objective: Objective) -> None:
        self.loss, self.gradient, self.matrix = objective.normal_equations()
        self.trace = float(self.matrix.diagonal().sum())

    def step(self, mu: float) -> Tensor | None:
        self.factor = shifted_factor(self.matrix, mu)
        return None if self.factor is None else self._solved(self.gradient)

    def _solved(self, right: Tensor) -> Tensor:
        assert self.factor is not None
        return -torch.cholesky_solve(right[:, None], self.factor)[:, 0]

    def predicted(self, delta: Tensor) -> float:
        return -float(2 * self.gradient @ delta + delta @ (self.matrix @ delta))

    def bend(self, objective: Objective, start: Tensor, delta: Tensor) -> Tensor:
        ahead = _ahead(objective, start, delta)
        risen = (objective.pulled_back(ahead) - self.gradient) / AHEAD
        return self._solved((risen - self.matrix @ delta) / AHEAD)


class Samples:
    """x = -J^T (J J^T + mu I)^(-1) v, the same x by the push-through identity."""

    def __init__(self, objective: Objective) -> None:
        self.r, self.jacobian = objective.rows()
        self.loss = float(self.r.square().sum())
        objective.work.add(product(len(self.r), self.jacobian.shape[1], len(self.r)))
        self.matrix = self.jacobian @ self.jacobian.T
        self.trace = float(self.matrix.diagonal().sum())

    def step(self, mu: float) -> Tensor | None:
        self.factor = shifted_factor(self.matrix, mu)
        return None if self.factor is None else self._solved(self.r)

    def _solved(self, right: Tensor) -> Tensor:
        assert self.factor is not None
        return -(torch.cholesky_solve(right[:, None], self.factor)[:, 0] @ self.jacobian)

    def predicted(self, delta: Tensor) -> float:
        image = self.jacobian @ delta
        return -float(2 * self.r @ image + image @ image)

    def bend(self, objective: Objective, start: Tensor, delta: Tensor) -> Tensor:
        risen = (_ahead(objective, start, delta) - self.r) / AHEAD
        return self._solved((risen - self.jacobian @ delta) / AHEAD)


def shifted_factor(matrix: Tensor, mu: float) -> Tensor | None:
    """The Cholesky factor of matrix + mu I."""
    shifted = matrix.clone()
    shifted.diagonal().add_(mu)
    factor, info = torch.linalg.cholesky_ex(shifted)
    return None if int(info) else factor


def _ahead(objective: Objective, start: Tensor, delta: Tensor) -> Tensor:
    """The residual vector a little ahead; the model is back at the start."""
    objective.model.assign(start + AHEAD * delta)
    found = objective.vector()
    objective.model.assign(start)
    return found
