"""A change of a solution: what may be added to it so that all conditions that are built in stay met.

Whatever made the solution u* (random features, cells, a trained network, the user's own module), the
change is

    w = phi * sum over j of c_j f_j,     f_j fresh random features over the whole domain,

with phi zero where values are built in, and a flow's w is curl(phi * ...). So u* + w is a trial function with the
trained numbers c, at c = 0 the solution itself, and its Jacobian there that of the residuals linearised at u*.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from pinnsolve.geometry.across import ACROSS
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.networks.random_features import RandomFeatures
from pinnsolve.problem.probes import Size
from pinnsolve.trial import flow, lift
from pinnsolve.trial.apart import labels
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.trial import Prepared, Trial


@dataclass(frozen=True)
class Beside(Prepared):
    """Points as a trial function prepares them, and the solution's fields there; on an interface those beyond it
    too."""

    solution: Mapping[str, Jet] = field(default_factory=dict)
    beyond: Mapping[str, Jet] = field(default_factory=dict)


class Change(Trial):
    """u* + w, at w = 0.

    Parameters
    ----------
    solution : Trial
        u*; it is never changed.
    features : RandomFeatures
        What w is made of.
    generator : torch.Generator
        The only source of randomness.
    """

    def __init__(self, solution: Trial, features: RandomFeatures, generator: torch.Generator) -> None:
        self.solution = solution
        made = _about_nothing(solution.plan)
        # without zooming in on corners: where one is fixed at a point, a change that dips there costs next to nothing
        super().__init__(solution.problem, features, replace(made, corners=()), generator, device=solution.device)
        self.plan = made
        self.assign(torch.zeros_like(self.vector()))

    def prepare(self, points: Points) -> Beside:
        points = points.to(self.dtype, self.device)
        chart, at = points.chart()
        nothing = chart.numbers(0.0)
        lifts = {u: lift.vanishing(self.problem.domain, ends, at) for u, ends in self.plan.exact.items()}
        flows = [(dict.fromkeys(f.components, nothing), flow.vanishing(self.problem, f, at)) for f in self.plan.flows]
        whole, (here, other) = self.solution.prepare(points), labels(self.several, points)
        there = self.solution.unknowns(whole)
        beyond = self.solution.unknowns(whole, beyond=True) if ACROSS in points.measured else {}
        return Beside(
            points, chart, at, self._seen(chart, at, here),
            {u: None if phi is None else (nothing, phi) for u, phi in lifts.items()}, flows,
            label=here, label_beyond=other, inputs_beyond=None if other is None else self._seen(chart, at, other),
            solution={u: _as_numbers(there[u], chart) for u in self.problem.unknowns},
            beyond={u: _as_numbers(jet, chart) for u, jet in beyond.items()},
        )  # fmt: skip

    def unknowns(self, prepared: Prepared, beyond: bool = False) -> dict[str, Jet]:
        assert isinstance(prepared, Beside)
        there = prepared.beyond if beyond else prepared.solution
        return {u: there[u] + w for u, w in super().unknowns(prepared, beyond).items()}


def _about_nothing(made: Plan) -> Plan:
    """The same plan for what is added to a solution: it has no offset."""
    return replace(made, sizes={u: Size(0.0, about.scale) for u, about in made.sizes.items()})


def _as_numbers(solution: Jet, chart: Chart) -> Jet:
    """A field with its derivatives as given numbers on another chart over the same points."""

    def rule(alpha: Alpha) -> Tensor | None:
        part = solution.partial(alpha)
        return None if part is None else part.detach().to(chart.dtype)

    return Jet(chart, rule, (chart.size,), frozenset(chart.names))
