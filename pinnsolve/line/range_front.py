"""Which values of parameters are solved for next, and whether those that were are enough.

What the polynomial through the nodes before missed of a node says how far the polynomial is from the solution; no more
nodes follow where that, and what the nodes themselves leave, is small enough.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.trial.lower_set import Axis, Index, after, before, polynomials, to_surpluses
from pinnsolve.trial.over_ranges import OverRanges
from pinnsolve.trial.range_node import Node


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
    patience : float
        Seconds at the nominal speed that so many may take in all: then it is not asked whether polynomials converge
        fast enough. They begin to when there are more nodes than waves. Larger: time for what does not converge.
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
    most: int = 96
    patience: float = 10.0
    looks: int = 4
    slow: float = 10.0
    better: float = 0.5
    reading: float = 15.0


RULES = Rules()


# ------------------------------------------------------------ what a node brings


def surplus(trial: OverRanges, node: Node) -> float:
    """By how much the polynomial through the nodes before misses the solution at one, relative; of the first one,
    everything."""
    if node.brings is None:
        below = [n for n in trial.nodes if n is not node and all(map(int.__le__, n.index, node.index))]
        places = torch.tensor([list(node.values.values())], dtype=torch.float64)
        indices, node.brings = [n.index for n in below], 1.0
        if below:
            weights = polynomials(trial.axes, indices, places)[0] @ to_surpluses(trial.axes, indices)
            node.brings = _missed(trial, node, below, weights)
    return node.brings


def _left_out(trial: OverRanges, nodes: Sequence[Node], axis: Axis) -> float:
    """The sum of what polynomials in one parameter miss at each of some nodes through all others."""
    missed = 0.0
    for node in nodes:
        others = [n for n in nodes if n is not node]
        here, *there = (axis.scaled(n.values[axis.name]) for n in (node, *others))
        weights = [math.prod((here - b) / (a - b) for b in there if b != a) for a in there]
        missed += _missed(trial, node, others, torch.tensor(weights, dtype=torch.float64))
    return missed


def _missed(trial: OverRanges, node: Node, others: Sequence[Node], weights: Tensor) -> float:
    told = torch.einsum("k,kfp->fp", weights, torch.stack([trial.seen(n).best for n in others]))
    return trial.seen(node).off(told)


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
    brought = {n.index: surplus(trial, n) for n in trial.nodes}
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


def hopeless(trial: OverRanges, target: float) -> bool:
    """Whether polynomials in some parameter converge so slowly that too many nodes would follow."""
    brought = {n.index: surplus(trial, n) for n in trial.nodes}
    for k in range(len(trial.axes)):
        told = [brought[i] for i in _along(k, brought)]
        if len(told) < 4 * RULES.looks:
            continue
        rate, left = _rate(told), max(told[-RULES.looks :], default=0.0)
        if left > target and rate > 0 and len(told) + math.log(target / left) / math.log(min(rate, 0.999)) > RULES.most:
            return True
    return False


def take_better(trial: OverRanges, solved: Node) -> None:
    """Once a parameter has its first nodes, take those polynomials that miss less where each of these is left out.

    Later nothing is changed: nodes lie where the polynomials that they were chosen for are furthest off, and say little
    of others.
    """
    for k, axis in enumerate(trial.axes):
        own = [n for n in trial.nodes if all(not v for m, v in enumerate(n.index) if m != k)]
        if axis.signed and len(own) == RULES.fewest and solved in own:
            other = replace(axis, logarithmic=not axis.logarithmic)
            if _left_out(trial, own, other) < RULES.better * _left_out(trial, own, axis):
                trial.axes = (*trial.axes[:k], other, *trial.axes[k + 1 :])
                for node in trial.nodes:
                    node.brings = None
