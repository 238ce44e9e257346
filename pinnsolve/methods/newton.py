"""Newton's method on the output layer over frozen features: one least-squares problem a step."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from torch import Tensor

from pinnsolve.algebra.least_squares import Triangle, height_of
from pinnsolve.algebra.operations import qr
from pinnsolve.algebra.tolerances import EQUAL, RIDGE
from pinnsolve.errors import positive, whole
from pinnsolve.machine.room import Room
from pinnsolve.methods import pseudo_time
from pinnsolve.methods.protocol import Objective, State


@dataclass(frozen=True, kw_only=True)
class Newton:
    """Gauss-Newton steps that solve for the new parameters themselves:

        min over c_new of  ||J c_new - (J c - r)||^2 + ridge^2 ||D c_new||^2,

    D the norms of the columns of J. So the regularisation sits on the solution and not on the step, and features that
    are nearly dependent are no obstacle. The factorisation is orthogonal (QR). A step that does not lower the loss is
    halved. Where the iteration stalls on a steady problem, it goes on along pseudo-time (`pseudo_time`). Meant for
    `RandomFeatures`, where a linear problem takes one step.

    Source: Dong & Li, Comput. Methods Appl. Mech. Engrg. 387 (2021) 114129, algorithm 1; Bjorck, Numerical Methods for
    Least Squares Problems (SIAM 1996), section 9.2.

    Parameters
    ----------
    ridge : float
        Relative to columns of length one (dimensionless).
    steps : int, optional
        Ends after so many steps.
    """

    ridge: float = RIDGE
    steps: int | None = None
    name = "newton"
    cycle = 1
    redraws = False
    by_rows = True
    # The next three are chosen, not measured. Actual and predicted loss so close: the residual is linear there, and one
    # step solved it. Larger: a weakly nonlinear problem ends too early. Smaller: a linear one takes a step for nothing.
    linear = 0.02
    worth = 0.98  # of the loss: what a step must get below for another; smaller: it ends before it has converged
    unsolved = 0.02  # of the first residual (rms): with more of it left a steady problem is tried along pseudo-time

    def __post_init__(self) -> None:
        positive("Newton: ridge", self.ridge)
        whole("Newton: steps", self.steps)

    def init(self, objective: Objective) -> State:
        steady = objective.drift is not None and objective.drift.size > 0  # a fit alone has no equation to march along
        begin = objective.model.vector() if steady else None
        return {"loss": math.nan, "stuck": False, "done": False, "first": math.nan, "march": None, "begin": begin}

    def operations(self, objective: Objective, state: State) -> float:
        """Of one linearisation with its least-squares problem, and of two measurements of the loss."""
        factor = qr(objective.size + objective.columns, objective.columns)
        return objective.costs.rows + factor + 2 * objective.costs.values

    def held(self, rows: int, columns: int, squares: float, room: Room) -> float:
        """The front in which rows are folded."""
        return float(height_of(rows, columns, columns + 1, room.front) * (columns + 1))

    def step(self, objective: Objective, state: State) -> State:
        if state["march"] is not None:
            return pseudo_time.step(objective, state, self.ridge)
        start = objective.model.vector()
        after = self._newton(objective, start, state)
        unsolved = after["loss"] > self.unsolved**2 * after["first"]
        if after["done"] and unsolved and not after.pop("linear", False) and state["begin"] is not None:
            return {**pseudo_time.begun(after, state["begin"], objective.model.vector(), after["loss"]), "begin": None}
        return after

    def _newton(self, objective: Objective, start: Tensor, state: State) -> State:
        triangle, loss = Triangle(objective.own, len(start), start, front=objective.room.front), 0.0
        for r, jacobian in objective.pieces():
            loss += float(r.square().sum())
            triangle.add(jacobian, (jacobian @ start - r)[:, None])
        loss = objective.total(loss)
        fresh = math.isnan(state["first"])
        first = max(loss, objective.first) if fresh else state["first"]
        state = {**state, "loss": loss, "first": first}
        if not math.isfinite(loss):
            return state
        objective.work.add(qr(objective.size + len(start), len(start)))
        found = objective.world.solved(triangle, self.ridge)
        del triangle  # the memory of the front, before the loss is measured
        if found is None:
            return {**state, "stuck": True, "done": True}
        new, predicted = found[0][:, 0], found[1]
        moved = moved_down(objective.model.assign, objective.loss, start, new, loss)
        if moved is None:
            return {**state, "stuck": True, "done": True}
        part, left = moved
        nothing = EQUAL * loss * fresh  # after a first step that was not linear, what a later one leaves is no rounding
        linear = part == 1.0 and abs(left - predicted) <= self.linear * (left + predicted) + nothing
        return {**state, "loss": left, "stuck": False, "done": linear or left > self.worth * loss, "linear": linear}


def moved_down(
    assign: Callable[[Tensor], None], measure: Callable[[], float], start: Tensor, new: Tensor, loss: float
) -> tuple[float, float] | None:
    """Go from `start` towards `new`, halving the way until the loss falls: the part of it, and the loss there.

    None, with `start` assigned again, if it does not fall.
    """
    part = 1.0
    for _ in range(8):  # a part of 1/128 that does not lower the loss points nowhere
        assign(start + part * (new - start))
        found = measure()
        if found < loss:
            return part, found
        part /= 2
    assign(start)
    return None
