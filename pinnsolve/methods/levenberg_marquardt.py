"""Levenberg-Marquardt on all weights: the default."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from pinnsolve.algebra.operations import cholesky, product
from pinnsolve.errors import positive, whole
from pinnsolve.machine.room import Room
from pinnsolve.methods.damped import Damped, damped
from pinnsolve.methods.protocol import Objective, State


@dataclass(frozen=True, kw_only=True)
class LevenbergMarquardt:
    """Damped Gauss-Newton steps with geodesic acceleration:

        (J^T J + mu I) delta = -J^T r,    (J^T J + mu I) a = -J^T r''/2,    step = delta + a,

    r'' the second derivative of r along delta, from one more evaluation; a is left out where 2 |a| > 0.75 |delta|.
    A step is taken if it lowers the loss. mu follows the ratio of actual to predicted decrease: it is divided by three
    above 0.5, kept above 0.1 and multiplied by three below, so that steps stay long and a little inefficient. Where
    there are fewer residuals than parameters, the same step comes from J J^T.

    Source: Marquardt, SIAM J. Appl. Math. 11 (1963) 431; Transtrum & Sethna, arXiv 1201.5885 (2012), on geodesic
    acceleration.

    Parameters
    ----------
    damping : float
        The first mu, relative to the trace of the first J^T J, so that no unit matters.
    steps : int, optional
        Ends after so many steps.
    """

    damping: float = 1e-3
    steps: int | None = None
    name = "lm"
    cycle = 1
    redraws = True
    by_rows = True
    attempts = 12  # to lower the loss, the damping four times as large each time; fewer: a step is given up too early
    smallest = 1e-15  # damping, of the trace of J^T J; larger: less than quadratic convergence at the end
    guessed = (
        1e-8  # the first damping where training begins at a user's guess; larger: steps downhill, out of its basin
    )
    reach = 0.3  # of their sizes: unknowns move by no more in a step from a guess on; larger: out of its basin
    halvings = 10  # of such a step; fewer: the damping is raised, and steps go downhill
    bent = 0.75  # of the step: twice the acceleration may be so long (Transtrum & Sethna)

    def __post_init__(self) -> None:
        positive("LevenbergMarquardt: damping", self.damping)
        whole("LevenbergMarquardt: steps", self.steps)

    def init(self, objective: Objective) -> State:
        first = self.damping if objective.values is None else min(self.damping, self.guessed)
        return {"damping": None, "first": first, "loss": math.nan, "stuck": False}

    def operations(self, objective: Objective, state: State) -> float:
        """Of one linearisation, and of one attempt."""
        rows, columns, costs = objective.size, objective.columns, objective.costs
        few = min(rows, columns)
        attempt = cholesky(few) + costs.gradient + 2 * costs.values
        return costs.rows + product(few, max(rows, columns), few) / 2 + attempt

    def held(self, rows: int, columns: int, squares: float, room: Room) -> float:
        """The matrix, its factor and what both come of; where there are fewer rows these, too."""
        few = min(rows, columns)
        return 4.0 * few**2 + 2.0 * rows * columns * (rows < columns)

    def step(self, objective: Objective, state: State) -> State:
        equations = damped(objective)
        loss = equations.loss
        if not math.isfinite(loss):
            return {**state, "loss": loss}
        start = objective.model.vector()
        mu = state["first"] * equations.trace if state["damping"] is None else float(state["damping"])
        for _ in range(self.attempts):
            objective.work.add(cholesky(min(objective.size, len(start))))
            delta = equations.step(mu)
            taken = None if delta is None else self._taken(equations, objective, start, delta)
            if taken is not None and delta is not None:
                part, new = taken
                predicted = equations.predicted(delta)
                ratio = (loss - new) / predicted if predicted > 0 else -1.0
                factor = 1 / 3 if ratio > 0.5 else 1.0 if ratio > 0.1 or part < 1 else 3.0
                mu = max(mu * factor, self.smallest * equations.trace)
                return {**state, "damping": mu, "loss": new, "stuck": False}
            mu *= 4
        objective.model.assign(start)
        return {**state, "damping": mu, "loss": loss, "stuck": True}

    def _taken(
        self, equations: Damped, objective: Objective, start: Tensor, delta: Tensor
    ) -> tuple[float, float] | None:  # fmt: skip
        """The part of a step that is taken, and the loss there; none that does not lower it. From a user's guess on the
        unknowns move by small steps, so that the solution is one that is near."""
        if objective.values is None:
            objective.model.assign(start + self._bent(equations, objective, start, delta))
            new = objective.loss()
            return (1.0, new) if math.isfinite(new) and new < equations.loss else None
        before = objective.values()
        for part in (0.5**k for k in range(self.halvings)):
            objective.model.assign(start + part * delta)
            new = objective.loss()
            near = bool((objective.values() - before).abs().max() <= self.reach)
            if near and math.isfinite(new) and new < equations.loss:
                return part, new
        return None

    def _bent(self, equations: Damped, objective: Objective, start: Tensor, delta: Tensor) -> Tensor:
        """The step with its acceleration, where that is small enough."""
        bend = equations.bend(objective, start, delta)
        return delta + bend if float(2 * bend.norm()) <= self.bent * float(delta.norm()) else delta
