"""Which conditions the trial function meets exactly, and how.

For an unknown with prescribed values on some faces the trial function is

    u = g + phi * network,

phi vanishing on those faces and g taking the prescribed values there (`pinnsolve.trial.lift`).

Source: Lagaris et al., IEEE Trans. Neural Networks 9 (1998) 987.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch

from pinnsolve.algebra.tolerances import EQUAL
from pinnsolve.checks.check import Findings
from pinnsolve.checks.contradictions import Part, parts, weighted_parts
from pinnsolve.checks.divergence import met_by_construction
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.places import Corner, Narrow, Plane
from pinnsolve.geometry.points import Points
from pinnsolve.jets.calculus import d
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.local import sizes_in_place
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.flow import Flow, given, planned
from pinnsolve.trial.lift import Ends, lift, too_many

# Of the values: what the construction misses by more is no rounding, and must be weighted. Larger: a condition is taken
# for met that is not. Smaller: the user's rounding costs a construction. Chosen, not measured.
MET = 1e-6


@dataclass(frozen=True)
class Plan:
    """What the trial function is made of, and what is left to training.

    Parameters
    ----------
    exact : dict from unknown to list of Ends
        The faces where a value is exact; of the unknowns that are no component of a flow.
    flows : list of Flow
        The divergence-free velocities.
    weighted : list of (Equation, Piece)
        All that must be weighted residuals instead.
    met : set of str
        Equations that hold by construction, and need no training.
    corners : tuple of Corner
        Where prescribed values jump.
    planes : tuple of Plane
        Where slopes may jump.
    narrow : tuple of Narrow
        Where the equations vary on a scale that evenly spread points do not see.
    sizes : mapping from unknown to Size
        The offset and the scale of what the network adds.
    orders : mapping from unknown to int
        The order of the equations in time: so many derivatives, from the value up, go on from one time to the next.
    unseen : tuple of str
        Places at which no residual says how a solution goes on.
    rough : bool
        Whether what is prescribed has jumps or kinks, and with it the solution.
    disagrees : bool
        Whether a start contradicts what holds on a rim or at an end, so that residuals have no bound there.
    functions : dict from unknown function to list of Ends
        The faces where what is trained of it is exact.
    rough_inside : bool
        Whether an equation differentiates something that jumps or has a kink, which points do not see.
    undecided : tuple of str
        Equations and conditions that may vary where no point is, in words.
    """

    exact: Mapping[str, list[Ends]]
    weighted: list[Part] = field(default_factory=list)
    flows: list[Flow] = field(default_factory=list)
    met: frozenset[str] = frozenset()
    corners: tuple[Corner, ...] = ()
    planes: tuple[Plane, ...] = ()
    narrow: tuple[Narrow, ...] = ()
    sizes: Mapping[str, Size] = field(default_factory=dict)
    orders: Mapping[str, int] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    rough: bool = False
    undecided: tuple[str, ...] = ()
    rough_inside: bool = False
    functions: Mapping[str, list[Ends]] = field(default_factory=dict)
    disagrees: bool = False

    def size(self, unknown: str) -> Size:
        """The offset and the scale of an unknown; nothing and one where they are not known."""
        return self.sizes.get(unknown, Size())


def with_integrals(problem: Problem, made: Plan) -> Plan:
    """The same for a problem in which unknowns stand for integrals, with how large these are."""
    if all(u in made.sizes for u in problem.unknowns):
        return made
    return replace(made, sizes={**made.sizes, **sizes_in_place(problem, made.sizes)})


def plan(problem: Problem, given_up: list[Part], findings: Findings) -> Plan:
    """Make exact what is a value on a face of the domain, unless it is given up, or not known before training."""
    exact: dict[str, list[Ends]] = {u: [] for u in problem.unknowns}
    weighted: list[Part] = []
    flows = []
    for declared in problem.solenoidal:
        flow, loose = planned(problem, declared, given_up, findings.corners, findings.sizes)
        flows.append(flow)
        weighted += loose
        for component in flow.components:
            del exact[component]
    # moments first, since walls are interpolated on top of the start; values before the rates that stand on them
    for equation, piece in sorted(parts(problem), key=lambda p: (p[1].moment is None, not p[0].says("value"))):
        if equation.unknown is not None and equation.unknown not in exact:
            continue
        if (equation, piece) in given_up or not _placed(problem, exact, equation, piece):
            weighted.append((equation, piece))
    weighted += [p for p in _too_many(problem, exact) if p not in weighted]
    known, loose = known_ends(problem, given_up)
    weighted += loose
    met, orders = met_by_construction(problem), _orders(problem, findings)
    disagrees = problem.time is not None and bool(findings.contradictions)
    return Plan(
        exact, weighted, flows, met, findings.corners, findings.planes, findings.narrow, findings.sizes, orders,
        findings.unseen, bool(findings.rough), findings.undecided, bool(findings.jumps), known, disagrees,
    )  # fmt: skip


def _orders(problem: Problem, findings: Findings) -> dict[str, int]:
    """The order of the equations in time, for each unknown."""
    if problem.domain.time is None:
        return dict.fromkeys(problem.unknowns, 0)
    axis = problem.coordinates.index(problem.domain.time)
    return {u: max((a[axis] for a in alphas), default=0) for u, alphas in findings.derivatives.items()}


def verified(problem: Problem, findings: Findings) -> tuple[Plan, list[str]]:
    """Exact conditions, verified: what the construction does not meet to rounding becomes a weighted residual."""
    given_up = [*weighted_parts(findings.contradictions), *findings.rough, *findings.endless]
    names = dict[str, None]()
    if problem.parts is not None:  # beside a large coefficient what a lift adds must cancel to as many digits more
        given_up += [part for part in parts(problem) if part not in given_up]
    made = plan(problem, given_up, findings)
    flowing = {component for flow in problem.solenoidal for component in flow.components}
    while failing := broken(problem, made):
        given_up = given_up + failing[-1:]
        condition = failing[-1][0]
        if condition.unknown not in flowing:  # a flow meets no boundary values but zeros and those of its start
            names[f"{condition.name} cannot be built in together with the other conditions; it is weighted"] = None
        made = plan(problem, given_up, findings)
    return made, list(names)


def _placed(problem: Problem, exact: dict[str, list[Ends]], equation: Equation, piece: Piece) -> bool:
    """Take note of what a piece prescribes, if it can be exact."""
    told = equation.prescribes
    if told is None or told.what == "normal derivative" or piece.face is None or problem.to_be_found(told):
        return False
    name, value = piece.face
    ends = next((e for e in exact[told.unknown] if e.coordinate == name), None) or Ends(name, piece.moment is not None)
    end = ends.low if value == problem.domain.ends(name)[0] else ends.high
    if told.what == "rate":
        if end.value is None:
            return False
        end.rate = told
        return True
    end.value = told
    if ends not in exact[told.unknown]:
        exact[told.unknown].append(ends)
    return True


def known_ends(problem: Problem, given_up: Sequence[Part] = ()) -> tuple[dict[str, list[Ends]], list[Part]]:
    """Where unknown functions have values, of what is trained of them; and what of the conditions on them is weighted:
    what is no value on a face, or not met to rounding by what is built of all the others."""
    all_parts = [(c, p) for c in problem.known for p in problem.pieces(c)]
    loose = [part for part in all_parts if part in given_up]
    while True:
        exact: dict[str, list[Ends]] = {name: [] for name in problem.functions}
        values = [part for part in all_parts if part[0].says("value") and part not in loose]
        placed = [(c, p) for c, p in values if _placed(problem, exact, _trained(problem, c), p)]
        failing = [p for p in placed if not _function_met(problem, exact, *p)]
        if not failing:
            return exact, [p for p in all_parts if p not in placed]
        loose.append(failing[-1])


def _trained(problem: Problem, equation: Equation) -> Equation:
    """A prescribed value of an unknown function as one of what is trained of it."""
    told = equation.prescribes
    if told is None:
        return equation
    raw = problem.functions[told.unknown].raw
    return replace(equation, prescribes=replace(told, given=lambda at: raw(told.given(at)), number=None))


def _function_met(problem: Problem, exact: Mapping[str, list[Ends]], condition: Equation, piece: Piece) -> bool:
    """Whether what is built of an unknown function meets its value on a piece."""
    points = piece.grid()
    chart, at = points.chart()
    told = _trained(problem, condition).prescribes
    assert told is not None
    lifted = lift(problem, exact[told.unknown], points, at)
    assert lifted is not None
    value, have = told.given(problem.fields(chart, at, {}, points)).value, lifted[0].value
    return bool((have - value).abs().max() <= MET * max(float(value.abs().max()), float(have.abs().max()), 1.0))


def _too_many(problem: Problem, exact: dict[str, list[Ends]]) -> list[Part]:
    """The walls of unknowns that have too many of them to be interpolated, taken from what is exact; moments stay."""
    found: list[Part] = []
    for unknown, ends in exact.items():
        if not too_many(problem, ends):
            continue
        exact[unknown] = [e for e in ends if e.in_time]
        walls = {e.coordinate for e in ends if not e.in_time}
        found += [
            (equation, piece)
            for equation, piece in parts(problem)
            if equation.unknown == unknown and equation.says("value") and piece.face and piece.face[0] in walls
        ]
    return found


def broken(problem: Problem, made: Plan) -> list[Part]:
    """What the built g does not meet after all (to rounding); it has to be weighted."""
    built = [(c, p) for c, p in parts(problem) if (c, p) not in made.weighted]
    seen = [_met(problem, made, condition, piece) for condition, piece in built]
    largest: dict[tuple[str | None, bool], float] = {}  # of each unknown's values and rates on all of its pieces
    for (c, _), (_, scale) in zip(built, seen, strict=True):
        key = c.unknown, c.says("rate")
        largest[key] = max(largest.get(key, 0.0), scale)
    return [
        (c, piece)
        for (c, piece), (misfit, scale) in zip(built, seen, strict=True)
        if misfit > MET * scale + EQUAL * largest[c.unknown, c.says("rate")]
    ]


def _met(problem: Problem, made: Plan, condition: Equation, piece: Piece) -> tuple[float, float]:
    """By how much g misses a condition on a piece at most, and the largest value there (both the condition's units)."""
    points = piece.grid()
    chart, at = points.chart()
    told = condition.prescribes
    assert told is not None
    g = _given(problem, made, told.unknown, points, at)
    g = Jet(chart, g.partial, (len(points),), frozenset(problem.coordinates))
    value = told.given(problem.fields(chart, at, {}, points)).value
    have = d(g, at[str(problem.domain.time)]).value if told.what == "rate" else g.value
    scale = torch.maximum(value.abs().max(), g.value.abs().max())
    return float((have - value).abs().max()), float(scale)


def _given(problem: Problem, made: Plan, unknown: str, points: Points, at: dict[str, Jet]) -> Jet:
    """g of one unknown."""
    flow = next((f for f in made.flows if unknown in f.components), None)
    if flow is not None:
        return given(problem, flow, points, at)[unknown]
    lifted = lift(problem, made.exact[unknown], points, at)
    assert lifted is not None
    return lifted[0]


def held(problem: Problem, made: Plan) -> dict[str, str]:
    """By the names of all conditions: "exact", "weighted", or where it is the one and where the other."""
    found = dict.fromkeys([p.name for p in problem.periodic] + [s.name for s in problem.solenoidal], "exact")
    found |= dict.fromkeys(sorted(made.met), "exact")
    for condition in (*problem.conditions, *problem.known):
        pieces = problem.pieces(condition)
        loose = [p.name for p in pieces if (condition, p) in made.weighted]
        whole = len(loose) == len(pieces)
        found[condition.name] = (
            "exact" if not loose else "weighted" if whole else f"exact, but weighted on {'; '.join(loose)}"
        )
    return found
