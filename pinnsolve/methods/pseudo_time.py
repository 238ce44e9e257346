"""Continuation for Newton's method: from the start to a steady state along pseudo-time.

    (u_new - u)/tau = +- N(u_new),

linearised at u, one least-squares problem a step, tau larger the smaller the residual becomes (switched evolution
relaxation). Where Newton's method stalls in a minimum that is no solution, this goes round it. Equations are paired
with unknowns in the order in which they are declared. Whether N or -N leads to rest is not known: both are tried.

Source: Kelley & Keyes, SIAM J. Numer. Anal. 35 (1998) 508; Mulder & van Leer, J. Comput. Phys. 59 (1985) 232.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from torch import Tensor

from pinnsolve.algebra.least_squares import Triangle
from pinnsolve.algebra.operations import qr
from pinnsolve.methods.protocol import Objective, State


@dataclass(frozen=True)
class Rules:
    """How fast pseudo-time runs, and when it ends. Chosen, not measured: with them the problem of
    docs/how_to_choose.md, "Continuation", takes ten to twenty steps."""

    signs: tuple[float, ...] = (1.0, -1.0)  # of N, one after the other
    ahead: float = 1.5  # tau changes by so many times as much as the residual; larger: fewer, less stable steps
    slowest: float = 0.3  # the least that tau changes by
    fastest: float = 4.0  # the most; larger: it leaves the path on which it is stable
    blown_up: float = 1e4  # times the first loss: this sign leads nowhere; larger: more steps for nothing
    at_rest: float = 0.98  # of the loss: with a large tau no less, and it has come to rest
    large: float = 1e3  # times the first tau; smaller: a slow stretch is taken for rest
    longest: int = 60  # steps; fewer: given up too early


RULES = Rules()


def begun(state: State, start: Tensor, found: Tensor, loss: float) -> State:
    """The state with which a march from `start` begins, where Newton's method ended at `found`."""
    march: dict[str, Any] = {
        "sign": 0, "tau": 0.0, "first_tau": 0.0, "steps": 0, "start": start, "found": found, "least": loss,
    }  # fmt: skip
    return {**state, "march": march, "stuck": False, "done": False}


def step(objective: Objective, state: State, ridge: float) -> State:
    """One step in pseudo-time; the state without a march once it is over, at rest or at what was found before."""
    assert objective.drift is not None
    march, model = dict(state["march"]), objective.model
    if march["steps"] == 0:
        model.assign(march["start"])
    start = model.vector()
    if march["steps"] == 0:
        march["tau"] = march["first_tau"] = _first(objective)
        if not 0 < march["tau"] < math.inf:  # the residual does not answer at all, as (u')^2 - 1 at rest
            return _other_sign(objective, state, {**march, "sign": len(RULES.signs)})
    share, loss = RULES.signs[march["sign"]] / march["tau"], 0.0
    triangle = Triangle(objective.own, len(start), start, front=objective.room.front)
    for r, jacobian, drift in _paired(objective):
        loss += float(r.square().sum())
        if drift is not None:
            jacobian.sub_(drift, alpha=share)
        triangle.add(jacobian, (jacobian @ start - r)[:, None])
    loss = objective.total(loss)
    objective.work.add(qr(objective.size + len(start), len(start)))
    new = objective.world.solved(triangle, ridge)
    del triangle
    if new is not None:
        model.assign(new[0][:, 0])
    after = objective.loss() if new is not None else math.inf
    march["steps"] += 1
    large = march["tau"] > RULES.large * march["first_tau"]
    if not after < RULES.blown_up * state["first"] or march["steps"] >= RULES.longest:
        return _other_sign(objective, state, march)
    if large and after >= RULES.at_rest * loss:  # both are zero where the solution is exact
        if after >= march["least"]:
            return _other_sign(objective, state, march)
        return {**state, "march": None, "loss": after}
    fallen = RULES.ahead * (loss / after) ** 0.5 if after > 0 else math.inf
    march["tau"] *= min(RULES.fastest, max(RULES.slowest, fallen))
    return {**state, "march": march, "loss": after}


def _paired(objective: Objective) -> Iterator[tuple[Tensor, Tensor, Tensor | None]]:
    """The rows of the residuals, some at a time, with those of the drift where these belong to them: to the first."""
    assert objective.drift is not None
    drifts = objective.drift.pieces(objective.weights)
    for r, jacobian in objective.pieces():
        drift = next(drifts, None)
        yield r, jacobian, None if drift is None else drift[1]


def _first(objective: Objective) -> float:
    """The first tau: drift and residual change the rows alike."""
    squares = [
        (float(drift.square().sum()), float(jacobian.square().sum()))
        for _, jacobian, drift in _paired(objective)
        if drift is not None
    ]
    above, below = (objective.total(sum(s)) for s in zip((0.0, 0.0), *squares, strict=True))
    return (above / below) ** 0.5 if below > 0 else math.inf


def _other_sign(objective: Objective, state: State, march: dict[str, Any]) -> State:
    if march["sign"] + 1 < len(RULES.signs):
        return {**state, "march": {**march, "sign": march["sign"] + 1, "steps": 0}}
    objective.model.assign(march["found"])
    return {**state, "march": None, "loss": march["least"], "stuck": True, "done": True}
