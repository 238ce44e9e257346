"""What can be known of a problem before any training: shapes, derivatives, coverage, sizes.

What cannot be right raises; what may be meant comes back as a warning.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from pinnsolve.checks.backwards import sideways, told_backwards
from pinnsolve.checks.contradictions import Contradiction, Part, contradictions, each_kind
from pinnsolve.checks.corners import corners
from pinnsolve.checks.coverage import counted, derivative_name
from pinnsolve.checks.divergence import check_solenoidal
from pinnsolve.checks.experiments import experiments
from pinnsolve.checks.guesses import guesses
from pinnsolve.checks.hidden import hidden
from pinnsolve.checks.interfaces import interfaces
from pinnsolve.checks.joins import warnings_of
from pinnsolve.checks.kinks import Kink, kinks
from pinnsolve.checks.known_functions import known_functions
from pinnsolve.checks.layers import layers
from pinnsolve.checks.narrow import narrow, told
from pinnsolve.checks.posed import Posed, posed
from pinnsolve.checks.repeatable import check_repeatable
from pinnsolve.checks.repeats import too_few
from pinnsolve.checks.scales import sizes_of
from pinnsolve.checks.severed import severed
from pinnsolve.checks.signature import kept_signature
from pinnsolve.checks.signs import signs
from pinnsolve.checks.slopes import slopes
from pinnsolve.checks.slow_corners import slow_corners
from pinnsolve.checks.smoothness import smoothness
from pinnsolve.checks.some import some
from pinnsolve.checks.superfluous import superfluous
from pinnsolve.checks.systems import Systems
from pinnsolve.checks.unused import unused
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.once import once
from pinnsolve.geometry.places import NEAR, REACH, Corner, Narrow, Plane
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.tabulated import FURTHER
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.observations import copies
from pinnsolve.problem.probes import Answer, Size, fields_of, probes
from pinnsolve.problem.problem import Problem

# Coefficients further apart than this are named. Larger: a hint comes too late. Smaller: warnings where training does
# well. Chosen, not measured.
RATIO = 1e5
# Coordinates of space beyond which pairs of faces, lines and boxes are not gone through. Larger: checks of minutes, and
# of hours. Smaller: less is found. In six coordinates they take a second, in eleven 23 s.
MANY = 8


@dataclass(frozen=True)
class Findings:
    """What the checks saw.

    Parameters
    ----------
    derivatives : dict from unknown to multi-indices
        The derivatives that the equations ask for.
    warnings : list of str
    contradictions : list of Contradiction
    planes : tuple of Plane
        Where the equations jump, and slopes of the unknowns may.
    corners : tuple of Corner
        Where prescribed values jump.
    narrow : tuple of Narrow
        Where the equations vary on a scale that evenly spread points do not see.
    sizes : dict from unknown to Size
        Offset and scale of each, as far as they can be known before training.
    unseen : tuple of str
        Places at which no residual says how a solution goes on.
    rough : tuple of (Equation, Piece)
        Prescribed values with jumps or kinks, which are not built in.
    undecided : tuple of str
        Equations and conditions that may vary where no point is, in words.
    contradiction : str
        What says that a solution of the equations is not what is wanted; empty where nothing does.
    jumps : tuple of str
        Warnings about what jumps or has a kink where derivatives at points do not see it.
    lost : tuple of str
        Those of expressions that an equation differentiates.
    kinks : tuple of Kink
        Of data along rims, and in time on walls, which nothing differentiates.
    endless : tuple of (Equation, Piece)
        Prescribed values that are finite, with derivatives that are not, which are not built in.
    """

    derivatives: dict[str, set[Alpha]]
    warnings: list[str]
    contradictions: list[Contradiction]
    planes: tuple[Plane, ...] = ()
    corners: tuple[Corner, ...] = ()
    narrow: tuple[Narrow, ...] = ()
    sizes: Mapping[str, Size] = field(default_factory=dict)
    unseen: tuple[str, ...] = ()
    rough: tuple[Part, ...] = ()
    undecided: tuple[str, ...] = ()
    contradiction: str = ""
    jumps: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
    kinks: tuple[Kink, ...] = ()
    endless: tuple[Part, ...] = ()


def check(problem: Problem) -> Findings:
    """Evaluate every equation and condition on probes; of the same problem once, however often it is solved.

    Raises
    ------
    ProblemError
        If a residual has a wrong shape, is a constant, or does not involve any unknown; with the place of the function.
    """
    look = _looked_at_in_many if len(problem.space_coordinates) > MANY else _looked_at

    def looked_at() -> Findings:
        found = look(problem)
        kept_signature(problem)  # of what was looked at: it is looked at anew where that has changed
        return found

    found = once(problem, ("findings",), looked_at)
    return replace(found, warnings=[*found.warnings])  # what a run adds to them is its own


def _looked_at_in_many(problem: Problem) -> Findings:
    """In many coordinates what is looked for between pairs of faces, along lines and in boxes would take hours."""
    derivatives, _ = _probe_equations(problem)
    _probe_conditions(problem)
    _probe_quantities(problem)
    told = (
        f"in {len(problem.space_coordinates)} coordinates of space some things are not looked for: data that jump or "
        "have kinks, conditions that contradict each other, narrow places, what nothing determines"
    )
    return Findings(derivatives, [*problem.domain.warnings, told], [], sizes=sizes_of(problem))


def _looked_at(problem: Problem) -> Findings:
    derivatives, sizes = _probe_equations(problem)
    _probe_conditions(problem)
    _probe_quantities(problem)
    check_repeatable(problem)
    found = contradictions(problem)
    warnings = [*problem.domain.warnings, *each_kind(found)]
    warnings += (
        known_functions(problem)
        + guesses(problem)
        + experiments(problem)
        + unused(problem)
        + check_solenoidal(problem)
        + counted(problem, derivatives)
    )
    warnings += (told_backwards(problem) or signs(problem)) + sideways(problem) + slopes(problem)
    warnings += slow_corners(problem)
    if 0 < len(problem.equations) + len(problem.solenoidal) < len(problem.unknowns):
        warnings.append(f"{len(problem.unknowns)} unknowns, but only {len(problem.equations)} equations")
    warnings += too_few(problem) + warnings_of(problem)
    for unknown, alphas in derivatives.items():
        if not alphas and problem.equations:
            raise ProblemError(
                f"no equation uses the unknown '{unknown}'", "It is named as an argument, but never used."
            )
    sizes_of_unknowns = sizes_of(problem)
    passed_by, undecided, singular = hidden(problem, sizes_of_unknowns)
    warnings += singular
    undecided += severed(problem, derivatives)
    places = narrow(problem, sizes_of_unknowns, passed_by)
    planes, jumps, unseen = interfaces(problem, derivatives, sizes_of_unknowns, places)
    if places:
        sizes_of_unknowns = sizes_of(problem, places)
    rough, bends = smoothness(problem, derivatives, sizes_of_unknowns), kinks(problem)
    warnings += layers(problem, sizes_of_unknowns) or _spread(sizes)
    smooth = not (found or rough.warnings or jumps or places)
    seen = _determined(problem, smooth)
    warnings += seen.words
    at_corners = corners(found, problem.domain, derivatives, sizes_of_unknowns)
    warnings += (
        told(places, problem.domain)
        + _around(at_corners)
        + jumps
        + rough.warnings
        + list(map(str, bends))
        + [w for o in problem.observations for w in copies(o)]
    )
    warnings += [f"{told}; a small residual is then no sign of a small error" for told in undecided]
    return Findings(
        derivatives, warnings, found, planes, at_corners, places, sizes_of_unknowns, tuple(unseen), tuple(rough.parts),
        tuple(undecided), seen.unmet, (*jumps, *rough.lost), tuple(rough.lost), tuple(bends), tuple(rough.endless),
    )  # fmt: skip


def _determined(problem: Problem, smooth: bool) -> Posed:
    """What nothing determines, and what too much does: both are asked of the same systems."""
    systems = Systems(problem)
    asked = posed(systems, smooth)
    return asked if asked.words else superfluous(systems, smooth)


def _around(singular: Sequence[Corner]) -> list[str]:
    """What is done about singular corners."""
    if not singular:
        return []
    names = " and ".join(f"({corner.name})" for corner in singular)
    return [
        f"prescribed values jump at {names}: residuals are weighted down closer to it than {REACH:g} of the domain's "
        f"length, and no error is measured closer than {NEAR:g}"
    ]


def _probe_equations(problem: Problem) -> tuple[dict[str, set[Alpha]], dict[str, float]]:
    derivatives: dict[str, set[Alpha]] = {u: set() for u in problem.unknowns}
    sizes: dict[str, float] = {}
    for equation in problem.equations:
        answer = problem.prober.inside(equation)
        if not answer.slopes:
            raise ProblemError(
                f"equation '{equation.name}' does not involve any unknown",
                f"Its residual must depend on one of {', '.join(problem.unknowns)}.",
                equation.place,
            )
        for unknown, probe in answer.probes.items():
            derivatives[unknown] |= set(probe.asked)
            if told := [t for t, moves in probe.field.chart.tables.items() if t and not moves]:
                raise ProblemError(told[0], FURTHER, equation.place)
        sizes |= _coefficients(problem, equation.name, answer)
    return derivatives, sizes


def _coefficients(problem: Problem, name: str, answer: Answer) -> dict[str, float]:
    """How strongly the residual answers to each derivative, in units of the domain's lengths."""
    sizes = {}
    for unknown, alpha, slope in answer.slopes:
        lengths = [problem.domain.length(c) ** k for c, k in zip(problem.coordinates, alpha, strict=True)]
        size = float(slope.abs().nan_to_num().max()) / math.prod(lengths)
        if size > 0 and any(alpha):
            sizes[f"{derivative_name(unknown, alpha, problem.coordinates)} in '{name}'"] = size
    return sizes


def _spread(sizes: dict[str, float]) -> list[str]:
    if not sizes:
        return []
    small, large = min(sizes, key=lambda n: sizes[n]), max(sizes, key=lambda n: sizes[n])
    if sizes[large] <= RATIO * sizes[small]:
        return []
    return [
        f"coefficients of very different size: {large} weighs {sizes[large]:.1e}, {small} weighs {sizes[small]:.1e} "
        "(per length of the domain); dimensionless variables would bring them together"
    ]


def _probe_conditions(problem: Problem) -> None:
    for condition in problem.conditions:
        for piece in some(problem.pieces(condition)):
            points = piece.grid()
            answer = problem.prober.answer(condition, points)
            if not (answer.slopes or (condition.integrates and problem.prober.inside(condition).slopes)):
                why = "Its residual is a constant."
                if functions := sorted(condition.asks & set(problem.functions)):
                    why = f"To say something of {functions[0]} alone, ask for no unknown among its arguments."
                raise ProblemError(f"{condition.name} does not involve any unknown", why, condition.place)
            if condition.prescribes is not None:
                chart, at = points.chart()
                given = condition.prescribes.given(problem.fields(chart, at, {}, points))
                _finite(condition, given.value.detach(), points)


def _probe_quantities(problem: Problem) -> None:
    """What is to be integrated is one real number a point."""
    for quantity in problem.quantities.values():
        for piece in quantity.pieces(problem.domain):
            points = piece.grid()
            chart, at, found = probes(problem.domain, problem.unknowns, points)
            quantity.value(problem.looked_at(chart, at, fields_of(found), points))


def _finite(condition: Equation, values: Tensor, points: Points) -> None:
    bad = ~torch.isfinite(values)
    if bad.any():
        k = int(bad.to(torch.int).argmax())
        place = ", ".join(f"{c}={float(v[k]):.4g}" for c, v in points.coordinates.items())
        raise ProblemError(
            f"{condition.name} prescribes {float(values[k])} at {place}", "Values must be finite.", condition.place
        )
