"""Steps of training over ranges of parameters: node after node is solved over cells, where most is missed so far.

A node is solved as the problem at its values is, twice: the second time with richer features, which tells the error of
the first. What the polynomial through the nodes before missed of it says how far the polynomial is from the solution;
no more nodes follow where that, and what the nodes themselves leave, is small enough.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from pinnsolve.methods.costs import JOINED
from pinnsolve.methods.line_condition import noise_of
from pinnsolve.methods.protocol import Method, Objective, State
from pinnsolve.trial.determined import UnmarchableError
from pinnsolve.trial.lower_set import Axis, Index, after, before
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.of_network import stated
from pinnsolve.trial.over_ranges import OverRanges
from pinnsolve.trial.range_node import Growth, Node


@dataclass(frozen=True)
class Rules:
    """Which nodes follow, and when they are enough. Chosen, not measured, but where it is said.

    Parameters
    ----------
    target : float
        Of the tolerance: what the polynomial may miss. Larger: with what nodes leave it is more than a third of the
        tolerance, which ends a run. Smaller: nodes for nothing.
    own : float
        Of the distance of both solutions at a node: what richer features leave. Larger: too cautious; smaller: too
        kind, and nodes that follow each other's errors.
    back : float
        Of what the node before brought: what one is taken to bring at the least. Of a solution that is even or odd in a
        parameter every other node brings nothing.
    fewest : int
        Nodes along each parameter. Fewer: one that repeats itself over the range is taken for a constant.
    more : int
        So many more where polynomials are not those that the first nodes were chosen for. Fewer: these say little.
    most : int
        The same at most. More: time for what polynomials do not converge to.
    looks : int
        Nodes over which it is seen how fast polynomials converge.
    slow : float
        The factor at most by which what later nodes bring together is more than what the next one does. Larger: a run
        at rounding is taken for one that does not converge. Smaller: too kind beside kinks.
    reading : float
        Iterations over cells that take as long as reading a problem at a node. Measured once.
    better : float
        By how much polynomials of the logarithm, or of the parameter itself, must miss less to be taken instead.
    """

    target: float = 0.2
    own: float = 0.1
    back: float = 0.2
    fewest: int = 4
    more: int = 2
    most: int = 64
    looks: int = 4
    slow: float = 10.0
    better: float = 0.5
    reading: float = 15.0


RULES = Rules()


# ------------------------------------------------------------ which node follows


@dataclass(frozen=True)
class Front:
    """How far the polynomial is from the solution.

    Parameters
    ----------
    following : tuple of int, optional
        The node that brings most, as far as those before it tell.
    missed : float
        By the polynomial through all nodes, relative, the worst over the ranges.
    """

    following: Index | None
    missed: float


def front_of(trial: OverRanges) -> Front:
    """What the nodes so far say."""
    brought = {n.index: trial.surplus(n) for n in trial.nodes}
    told = {i: max(s, RULES.back * max((brought[b] for b in before(i)), default=0.0)) for i, s in brought.items()}
    dims = len(trial.axes)
    candidates = {j for i in told for j in after(i) if j not in told and all(b in told for b in before(j))}
    if not told:
        return Front((0,) * dims, math.inf)
    brings = {j: max(told[b] for b in before(j)) for j in sorted(candidates)}
    rate = max(_rate([told[i] for i in _along(k, told)]) for k in range(dims))
    last = {b for j in candidates for b in before(j)}
    missed = math.hypot(*(told[i] for i in sorted(last))) * min(max(1.0, rate / max(1 - rate, 1e-3)), RULES.slow)
    asked = [j for j in brings if _asked(trial, j)]
    open_ones = asked or [j for j in brings if max(j) < RULES.most]
    if asked:
        missed = math.inf
    return Front(max(open_ones, key=lambda j: brings[j], default=None), missed)


def _asked(trial: OverRanges, index: Index) -> bool:
    """Whether a node is solved for in any case: the first along each parameter, and the corners between the first."""
    along = [k for k, i in enumerate(index) if i]
    if len(along) != 1:
        return max(index) <= 1 and len(along) <= 3
    axis = trial.axes[along[0]]
    changed = axis.logarithmic != Axis.begun(axis.name, axis.low, axis.high).logarithmic
    return max(index) < RULES.fewest + RULES.more * changed


def _along(k: int, of: Mapping[Index, float]) -> list[Index]:
    """The nodes on the axis of a parameter, in their order."""
    return sorted(i for i in of if all(not v for m, v in enumerate(i) if m != k))


def _rate(told: list[float]) -> float:
    """The factor from node to node by which less is missed, by the largest of the last few and of those before."""
    late, early = max(told[-RULES.looks :], default=0.0), max(told[-2 * RULES.looks : -RULES.looks], default=0.0)
    return min((late / early) ** (1 / RULES.looks), 1.0) if len(told) >= 2 * RULES.looks and early > 0 else 0.0


def _hopeless(trial: OverRanges, target: float) -> bool:
    """Whether polynomials in some parameter converge so slowly that too many nodes would follow."""
    brought = {n.index: trial.surplus(n) for n in trial.nodes}
    for k in range(len(trial.axes)):
        told = [brought[i] for i in _along(k, brought)]
        if len(told) < 4 * RULES.looks:
            continue
        rate, left = _rate(told), max(told[-RULES.looks :], default=0.0)
        if left > target and rate > 0 and len(told) + math.log(target / left) / math.log(min(rate, 0.999)) > RULES.most:
            return True
    return False


def _take_better(trial: OverRanges, solved: Node) -> None:
    """Once a parameter has its first nodes, take those polynomials that miss less where each of these is left out.

    Later nothing is changed: nodes lie where the polynomials that they were chosen for are furthest off, and say little
    of others.
    """
    for k, axis in enumerate(trial.axes):
        own = [n for n in trial.nodes if all(not v for m, v in enumerate(n.index) if m != k)]
        if axis.signed and len(own) == RULES.fewest and solved in own:
            other = replace(axis, logarithmic=not axis.logarithmic)
            if trial.left_out(own, other) < RULES.better * trial.left_out(own, axis):
                trial.axes = (*trial.axes[:k], other, *trial.axes[k + 1 :])
                for node in trial.nodes:
                    node.brings = None


# ------------------------------------------------------------ one step


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
        if trial.current is None:
            _next(trial)
            kept = {}
        else:
            kept["node"] = _further(trial.current, objective, kept.get("node", {}), first, second, trial)
        if work.operations - begun >= most:
            break
    done, failed = trial.growth is not Growth.ON, trial.growth is Growth.FAILED
    return {
        **state, "loss": min(trial.error, 1e300), "done": done, "stuck": failed, "rate": work.operations - begun,
        "points": trial.points, "march": kept,
    }  # fmt: skip


def _next(trial: OverRanges) -> None:
    """Begin the next node, unless they are enough."""
    front, target = front_of(trial), RULES.target * trial.problem.tolerance
    own = max((RULES.own * trial.distance(n) for n in trial.nodes), default=0.0)
    trial.error = front.missed + own + max((n.noise for n in trial.nodes), default=0.0)
    if front.missed <= max(target, own):
        trial.growth = Growth.CONVERGED
    elif front.following is None or _hopeless(trial, target):
        trial.growth = Growth.SLOW
    else:
        trial.begin(front.following)


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
    state = method.step(mine, kept or method.init(mine))
    if not state["done"]:
        return state
    solved.live = None
    if state["stuck"] or not solved.complete:
        trial.fail("the cells were not solved again with richer features" if again else solved.missing)
    elif not again:
        node.richer = trial.again(node)
        node.points = int(state["points"].get("interior", 0))
    else:
        node.noise = noise_of(node.best)
        trial.take(node)
        _take_better(trial, node)
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
