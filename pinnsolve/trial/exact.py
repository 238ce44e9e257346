"""Which conditions the trial function meets exactly, and how.

For an unknown with prescribed values on some faces the trial function is

    u = g + phi * network,

phi vanishing on those faces and g taking the prescribed values there. g is built coordinate by coordinate, each step
adding the linear interpolation of what the faces of that coordinate still miss (transfinite interpolation):
g_k = g_(k-1) + P_k (f - g_(k-1)).

Source: Gordon & Hall, Numer. Math. 21 (1973) 109; Lagaris et al., IEEE Trans. Neural Networks 9 (1998) 987.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch

from pinnsolve.checks.check import Findings
from pinnsolve.checks.contradictions import Piece, meeting, pieces, weighted_pieces
from pinnsolve.checks.corners import Corner, corners
from pinnsolve.checks.divergence import met_by_construction
from pinnsolve.checks.interfaces import Plane
from pinnsolve.geometry.points import Points
from pinnsolve.jets.calculus import d
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import arguments
from pinnsolve.problem.conditions import Condition
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.flow import Flow, given, planned

ORDER = {"initial": 0, "dirichlet": 1}  # time first: walls are interpolated on top of the start


@dataclass
class Ends:
    """The values prescribed on the faces of one coordinate."""

    coordinate: str
    low: Condition | None = None
    high: Condition | None = None
    rate: Condition | None = None


@dataclass(frozen=True)
class Plan:
    """What the trial function is made of, and what is left to training.

    Parameters
    ----------
    exact : dict from unknown to list of Ends
        The faces where a value is exact; of the unknowns that are no component of a flow.
    flows : list of Flow
        The divergence-free velocities.
    weighted : list of (Condition, Slab)
        All pieces that must be weighted residuals instead.
    met : set of str
        Equations that hold by construction, and need no training.
    corners : tuple of Corner
        Where prescribed values jump.
    planes : tuple of Plane
        Where slopes may jump.
    """

    exact: Mapping[str, list[Ends]]
    weighted: list[Piece] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    met: frozenset[str] = frozenset()
    corners: tuple[Corner, ...] = ()
    planes: tuple[Plane, ...] = ()


def plan(problem: Problem, given_up: list[Piece], findings: Findings) -> Plan:
    """Make exact what is a value on a face of the box, unless it is given up or periodic."""
    exact: dict[str, list[Ends]] = {u: [] for u in problem.unknowns}
    weighted: list[Piece] = []
    flows, around = [], corners(findings.contradictions)
    for declared in problem.solenoidal:
        flow, loose = planned(problem, declared, given_up, around)
        flows.append(flow)
        weighted += loose
        for component in flow.components:
            del exact[component]
    for c in sorted(problem.conditions, key=lambda c: ORDER.get(c.kind, 2)):
        for slab in problem.slabs(c):
            if c.unknown is not None and c.unknown not in exact:
                continue
            if not _place(problem, exact, c, dict(slab.fixed), (c, slab) in given_up):
                weighted.append((c, slab))
    return Plan(exact, weighted, flows, met_by_construction(problem), around, findings.planes)


def verified(problem: Problem, findings: Findings) -> tuple[Plan, list[str]]:
    """Exact conditions, verified: what the construction does not meet to rounding becomes a weighted residual."""
    given_up, names = weighted_pieces(findings.contradictions), dict[str, None]()
    made = plan(problem, given_up, findings)
    flowing = {component for flow in problem.solenoidal for component in flow.components}
    while failing := broken(problem, made):
        given_up = given_up + failing[-1:]
        condition = failing[-1][0]
        if condition.unknown not in flowing:  # a flow meets no boundary values but zeros and those of its start
            names[f"{condition.name} cannot be built in together with the other conditions; it is weighted"] = None
        made = plan(problem, given_up, findings)
    return made, list(names)


def _place(
    problem: Problem, exact: dict[str, list[Ends]], c: Condition, fixed: dict[str, float], given_up: bool
) -> bool:
    asks = callable(c.given) and set(arguments(c.given)) & set(problem.constants)
    if (
        asks
        or given_up
        or c.unknown is None
        or len(fixed) != 1
        or c.kind not in ("dirichlet", "initial", "initial_rate")
    ):
        return False
    ((name, end),) = fixed.items()
    low, high = problem.domain.bounds[name]
    if end not in (low, high):
        return False
    ends = next((e for e in exact[c.unknown] if e.coordinate == name), None)
    if c.kind == "initial_rate" and (ends is None or ends.low is None):
        return False  # a rate is exact only on top of an exact value
    if ends is None:
        ends = Ends(name)
        exact[c.unknown].append(ends)
    setattr(ends, "rate" if c.kind == "initial_rate" else "low" if end == low else "high", c)
    return True


def lift(problem: Problem, ends: list[Ends], points: Points, at: Mapping[str, Jet]) -> tuple[Jet, Jet] | None:
    """g and phi of one unknown on these points, or None where nothing is exact."""
    if not ends:
        return None
    phi: Jet | None = None
    for e in ends:
        factor = _vanishing(problem, e, at[e.coordinate])
        phi = factor if phi is None else phi * factor
    assert phi is not None
    return _interpolated(problem, ends, points, dict(at)), phi


def _unit(problem: Problem, name: str, x: Jet) -> Jet:
    """The coordinate scaled to [0, 1]."""
    low, high = problem.domain.bounds[name]
    return (x - low) * (1 / (high - low))


def _vanishing(problem: Problem, e: Ends, x: Jet) -> Jet:
    """A factor that is zero where values are given (twice where the rate is too), and at most one."""
    s = _unit(problem, e.coordinate, x)
    first = s * s if e.rate is not None else s
    if e.low is not None and e.high is not None:
        return first * (1 - s) * 4
    return first if e.low is not None else 1 - s


def _interpolated(problem: Problem, ends: list[Ends], points: Points, at: dict[str, Jet]) -> Jet:
    """g over the given coordinates, of which some may be constants (a face)."""
    chart = next(iter(at.values())).chart
    if not ends:
        return chart.numbers(0.0)
    *before, e = ends
    name = e.coordinate
    g = _interpolated(problem, before, points, at)

    def missing(condition: Condition, end: float) -> Jet:
        there = {**at, name: chart.numbers(end)}
        value = problem.fields(chart, there, {}, points).value(condition.given, condition.name)
        return value - _interpolated(problem, before, points, there) if before else value

    low, high = problem.domain.bounds[name]
    s = _unit(problem, name, at[name])
    if e.low is not None and e.high is not None:
        g = g + missing(e.low, low) * (1 - s) + missing(e.high, high) * s
    elif e.low is not None:
        g = g + missing(e.low, low)
    elif e.high is not None:
        g = g + missing(e.high, high)
    if e.rate is not None:
        g = g + missing(e.rate, low) * (at[name] - low)
    return g


def broken(problem: Problem, made: Plan) -> list[Piece]:
    """The pieces that the built g does not meet after all (to rounding); they have to be weighted."""
    found = []
    for condition, slab in pieces(problem):
        if (condition, slab) in made.weighted:
            continue
        points = meeting(problem, slab.fixed)
        chart, at = points.chart()
        g = _given(problem, made, str(condition.unknown), points, at)
        g = Jet(chart, g.partial, (len(points),), frozenset(problem.coordinates))
        value = problem.fields(chart, at, {}, points).value(condition.given, condition.name).value
        have = d(g, at["t"]).value if condition.kind == "initial_rate" else g.value
        scale = torch.maximum(value.abs().max(), g.value.abs().max()) + 1e-300
        if float((have - value).abs().max()) > 1e-6 * float(scale):
            found.append((condition, slab))
    return found


def _given(problem: Problem, made: Plan, unknown: str, points: Points, at: dict[str, Jet]) -> Jet:
    """g of one unknown."""
    flow = next((f for f in made.flows if unknown in f.components), None)
    if flow is not None:
        return given(problem, flow, points, at)[unknown]
    lifted = lift(problem, made.exact[unknown], points, at)
    assert lifted is not None
    return lifted[0]
