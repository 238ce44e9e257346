"""Jets of which the derivatives that are read are kept, and nothing of what they were computed from."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import torch
from torch import Tensor

from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha


def settled(build: Callable[[], Jet], planned: Chart | None = None) -> Jet:
    """The jet that `build` makes, of what does not change in training.

    Between an input and a feature stand the derivatives of many expressions, each as large as the feature's. All that
    the chart's plan says is read is computed at once, and what it was computed from is let go. Clearing `known` lets
    go of the derivatives, too: they are computed anew when they are asked for. On a chart without a plan nothing is let
    go, since nobody knows what will be read. The chart with the plan is the jet's own, or the one that is given.
    """
    first = build()
    chart, shape, depends = first.chart, tuple(first.shape), first.depends
    planned = planned or chart

    def rule(alpha: Alpha) -> Tensor | None:
        jet = itself()
        assert jet is not None
        planned.read.add(alpha)
        with torch.no_grad():
            if planned.plan is None:
                return first.partial(alpha)
            read, whole = planned.plan().read, build()
            found = {beta: whole.partial(beta) for beta in sorted(read if alpha in read else {alpha})}
        jet.known.update(found)
        return found[alpha]

    made = Jet(chart, rule, shape, depends)
    itself = weakref.ref(made)  # a cycle would keep all tensors until Python looks for cycles
    return made
