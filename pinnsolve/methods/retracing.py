"""Newton's method again on the cells and windows of a known solution, with other features, to see how far it moves."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pinnsolve.algebra.tolerances import RIDGE
from pinnsolve.methods.protocol import Objective, State
from pinnsolve.methods.windows import ROWS, follow, newton, piecewise, residuals_of, trained_on, weights_of
from pinnsolve.trial.piecewise import Piecewise


@dataclass(frozen=True, kw_only=True)
class Retracing:
    """One step solves one window of the best solution so far again, beginning at that solution.

    With hidden layers that are drawn anew the result is a solution of the same quality, made in a fraction of the time,
    because no cell is looked for; its distance from the known one tells the error of both
    (`pinnsolve.training.error_estimate`).

    Parameters
    ----------
    ridge : float
        See `Newton`.
    """

    ridge: float = RIDGE
    name = "retracing"
    steps = None
    cycle = 1
    redraws = False

    def init(self, objective: Objective) -> State:
        return {"loss": math.nan, "stuck": False, "done": False, "points": {}, "left": 0.0}

    def operations(self, objective: Objective, state: State) -> float:
        """Of all windows that are left, by what the last one took: a solution is worth nothing in part."""
        return state["left"]

    def step(self, objective: Objective, state: State) -> State:
        march, work, begun = piecewise(objective), objective.work, objective.work.operations
        known = objective.guess() if objective.guess is not None else None
        if not isinstance(known, Piecewise):
            return {**state, "loss": 0.0, "stuck": True, "done": True, "left": 0.0}
        before = known.parts[len(march.parts)]
        window = march.window(before.cells, before.times, objective.generator)
        training = residuals_of(march, window, ROWS, objective.generator)
        follow(window, before, training, self.ridge, work)
        loss = newton(window, training, weights_of(objective, training), self.ridge, work)
        march.parts.append(window)
        power = max(1.0, (before.cells.low.shape[1] + 1) / 2)  # of the number of cells, as in nested dissection
        size = sum((len(p.cells) / len(before.cells)) ** power for p in known.parts[len(march.parts) :])
        left, points = (work.operations - begun) * size, trained_on(state["points"], training)
        return {"loss": loss, "stuck": False, "done": march.complete, "points": points, "left": left}
