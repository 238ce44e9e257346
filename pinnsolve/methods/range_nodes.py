"""Steps of training over ranges of parameters: node after node is solved over cells, where most is missed so far.

A node is solved as the problem at its values is, twice: the second time with richer features, which tells the error of
the first. Which node follows is said by `pinnsolve.line.range_front`.
"""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

from pinnsolve.algebra.operations import SPEED
from pinnsolve.errors import ProblemError
from pinnsolve.line.range_front import RULES, front_of, hopeless, take_better
from pinnsolve.methods.line_condition import noise_of
from pinnsolve.methods.protocol import Method, Objective, State
from pinnsolve.residuals.costs import JOINED
from pinnsolve.trial.determined import UnmarchableError
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.of_network import stated
from pinnsolve.trial.over_ranges import OverRanges
from pinnsolve.trial.range_node import Growth, Node


def stepped(trial: OverRanges, objective: Objective, state: State, first: Method, second: Method, most: float) -> State:
    """One step of training: nodes, or a part of one, until about so many operations are made.

    Parameters
    ----------
    first, second : Method
        That solve a node, and solve it again with richer features.
    most : float
    """
    work, begun = objective.work, objective.work.operations
    kept: dict[str, Any] = dict(state["march"])
    while trial.growth is Growth.ON:
        before = work.operations
        if trial.current is None:
            _next(trial, kept.get("spent", 0.0))
            kept["node"] = {}
        else:
            kept["node"] = _further(trial.current, objective, kept["node"], first, second, trial)
        kept["spent"] = kept.get("spent", 0.0) + work.operations - before
        if work.operations - begun >= most:
            break
    done, failed = trial.growth is not Growth.ON, trial.growth is Growth.FAILED
    return {
        **state, "loss": min(trial.error, 1e300), "done": done, "stuck": failed, "rate": work.operations - begun,
        "points": trial.points, "march": kept,
    }  # fmt: skip


def _next(trial: OverRanges, spent: float) -> None:
    """Begin the next node, unless they are enough; so many operations were spent on those before."""
    front, target = front_of(trial), RULES.target * trial.problem.tolerance
    own = max((RULES.own * trial.distance(n) for n in trial.nodes), default=0.0)
    own += max((n.noise for n in trial.nodes), default=0.0)
    trial.error = front.missed + own
    if front.missed <= max(target, own):
        trial.growth = Growth.CONVERGED
    elif front.following is None or (_dear(trial, spent) and hopeless(trial, target)):
        trial.growth = Growth.SLOW
    else:
        trial.begin(front.following)


def _dear(trial: OverRanges, spent: float) -> bool:
    """Whether as many nodes as there may be take more time than can be given to what may not converge."""
    return spent / max(len(trial.nodes), 1) * RULES.most > RULES.patience * SPEED


def _further(
    node: Node, objective: Objective, kept: State, first: Method, second: Method, trial: OverRanges
) -> State:  # fmt: skip
    """Solve some more of a node; what is kept of it, nothing where it has come to its end."""
    try:
        known = None if node.trial.read is not None else stated(trial.problem, trial.plan, node.values)
        objective.work.add(0.0 if known is None else RULES.reading * JOINED.call)
    except UnmarchableError as error:
        trial.fail(str(error))
        return {}
    for of in (node.trial, node.richer):
        if of is not None and known is not None:
            of.plan, of.read = known.plan, known.read
    again = node.richer is not None
    method, solved = (second, node.richer) if again else (first, node.trial)
    guess = node.trial if again else _nearest(trial, node)
    assert solved is not None
    mine = replace(objective, model=solved, guess=None if guess is None else lambda: guess, drift=None, values=None)
    try:
        state = method.step(mine, kept or method.init(mine))
    except ProblemError as error:  # an equation may have no value there
        trial.fail(error.fault)
        return {}
    if not state["done"]:
        return state
    solved.live = None
    if state["stuck"] or not solved.complete:
        trial.fail("the cells were not solved again with richer features" if again else solved.missing)
    elif not again:
        node.richer = trial.again(node)
        node.points = int(state["points"].get("interior", 0))
    else:
        node.noise = noise_of(node.best, richer=True)
        trial.take(node)
        take_better(trial, node)
    return {}


def _nearest(trial: OverRanges, node: Node) -> OfCells | None:
    """The solution at the nearest node: cells of a plane go on from it."""

    def away(other: Node) -> float:
        return math.dist(*([a.scaled(n.values[a.name]) for a in trial.axes] for n in (other, node)))

    return min(trial.nodes, key=away).trial if trial.nodes else None


def again(trial: OverRanges, known: OverRanges, state: State) -> State:
    """All nodes of a known solution with their richer features; stuck where polynomials do not converge."""
    trial.axes, trial.error, trial.growth = known.axes, known.error, known.growth
    trial.nodes = [replace(n, trial=n.best, richer=None) for n in known.nodes]
    slow = known.growth is not Growth.CONVERGED
    return {
        **state,
        "loss": 0.0,
        "stuck": slow,
        "done": True,
        "points": {"interior": sum(n.points for n in known.nodes)},
    }
