"""Levenberg-Marquardt on all weights: the default."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.methods.protocol import Objective, State
from pinnsolve.problem.declaration import positive, whole

ATTEMPTS = 12
SMALLEST = 1e-15  # of the trace of J^T J


@dataclass(frozen=True, kw_only=True)
class LevenbergMarquardt:
    """Damped Gauss-Newton steps: (J^T J + mu I) delta = -J^T r.

    A step is taken if it lowers the loss. mu follows the ratio of actual to predicted decrease: it is divided by three
    above 0.5, kept above 0.1 and multiplied by three below, so that steps stay long and a little inefficient.

    Parameters
    ----------
    damping : float
        The first mu, relative to the trace of the first J^T J, so that no unit matters.
    steps : int, optional
        Ends after so many steps.

    Source: Marquardt, SIAM J. Appl. Math. 11 (1963) 431; Nocedal & Wright, Numerical Optimization (2006), section 10.3.
    """

    damping: float = 1e-3
    steps: int | None = None
    name = "lm"
    cycle = 1
    redraws = True

    def __post_init__(self) -> None:
        positive("LevenbergMarquardt: damping", self.damping)
        whole("LevenbergMarquardt: steps", self.steps)

    def init(self, objective: Objective) -> State:
        return {"damping": None, "loss": math.nan, "stuck": False}

    def step(self, objective: Objective, state: State) -> State:
        loss, gradient, matrix = objective.normal_equations()
        if not math.isfinite(loss):
            return {**state, "loss": loss}
        trace = float(matrix.diagonal().sum())
        start = objective.model.vector()
        mu = self.damping * trace if state["damping"] is None else float(state["damping"])
        for _ in range(ATTEMPTS):
            delta = _solved(matrix, gradient, mu)
            if delta is not None:
                objective.model.assign(start + delta)
                new = objective.loss()
                predicted = -float(2 * gradient @ delta + delta @ (matrix @ delta))
                ratio = (loss - new) / predicted if predicted > 0 else -1.0
                if math.isfinite(new) and new < loss:
                    factor = 1 / 3 if ratio > 0.5 else 1.0 if ratio > 0.1 else 3.0
                    return {"damping": max(mu * factor, SMALLEST * trace), "loss": new, "stuck": False}
            mu *= 4
        objective.model.assign(start)
        return {"damping": mu, "loss": loss, "stuck": True}


def _solved(matrix: Tensor, gradient: Tensor, mu: float) -> Tensor | None:
    """The damped step, or None where the damped matrix is not positive definite in floating point."""
    damped = matrix.clone()
    damped.diagonal().add_(mu)
    factor, info = torch.linalg.cholesky_ex(damped)
    if int(info):
        return None
    return -torch.cholesky_solve(gradient[:, None], factor)[:, 0]
