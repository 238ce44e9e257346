"""What a velocity that is divergence-free by construction asks of the rest of the declaration."""

from __future__ import annotations

import torch

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.contradictions import parts
from pinnsolve.errors import ProblemError
from pinnsolve.jets.calculus import curl, d, div
from pinnsolve.jets.jet import Jet, on_jets
from pinnsolve.problem.conditions import Solenoidal
from pinnsolve.problem.equation import Equation, Prescribed
from pinnsolve.problem.probes import fields_of, probes
from pinnsolve.problem.problem import Problem

# Of the flux through the boundary, relative to what crosses it. Larger: an impossible flow passes. Smaller: the error
# of the midpoint rule at jumps, as under a lid, is told as a leak. Chosen, not measured.
LEAK = 1e-3


def velocity_of(potentials: list[Jet], coordinates: list[Jet]) -> tuple[Jet, ...]:
    """The divergence-free velocity (psi_y, -psi_x) of a stream function, or curl A of a vector potential."""
    if len(coordinates) == 2:
        (psi,), (x, y) = potentials, coordinates
        return d(psi, y), -d(psi, x)
    rotated = curl(tuple(potentials), *coordinates)
    assert isinstance(rotated, tuple)
    return rotated


def count(problem: Problem) -> int:
    """How many potentials a velocity has: one stream function, or three components of a vector potential."""
    return 1 if len(problem.space_coordinates) == 2 else 3


def met_by_construction(problem: Problem) -> frozenset[str]:
    """The equations that any divergence-free velocity satisfies: continuity, however it is written.

    Each equation is evaluated on random smooth fields, once as they are and twice made divergence-free; it is met where
    only rounding is left of it.
    """
    if not problem.solenoidal:
        return frozenset()
    free = [_sizes(problem, phase, True) for phase in (0.3, 1.9)]
    usual = _sizes(problem, 0.3, False)
    return frozenset(name for name, size in usual.items() if all(f[name] <= SAME * size for f in free))


def _sizes(problem: Problem, phase: float, divergence_free: bool) -> dict[str, float]:
    """The largest residual of each equation on smooth fields."""
    found = {}
    points = problem.domain.line()
    for equation in problem.equations:
        chart, at, smooth = probes(problem.domain, problem.unknowns, points, phase)
        fields = fields_of(smooth)
        for flow in problem.solenoidal if divergence_free else ():
            coordinates = [at[c] for c in problem.space_coordinates]
            first = coordinates[0]
            uneven = on_jets.cos(1.7 * problem.domain.unit(str(first.name), first) + phase)
            potentials = [
                fields[c] * uneven for c in flow.components[: count(problem)]
            ]  # no plane wave: u . grad u != 0
            fields |= dict(zip(flow.components, velocity_of(potentials, coordinates), strict=True))
        residual = equation.residual(problem.looked_at(chart, at, fields, points)).value
        found[equation.name] = float(residual.detach().abs().max())
    return found


def check_solenoidal(problem: Problem) -> list[str]:
    """Warnings about what a divergence-free velocity cannot do.

    Raises
    ------
    ProblemError
        If the initial velocity has a divergence.
    """
    warnings = []
    for flow in problem.solenoidal:
        starts = {c.unknown: c for c, p in parts(problem, "value") if p.moment is not None and p.face}
        mine = [starts[u] for u in flow.components if u in starts and not problem.to_be_found(_value(starts[u]))]
        if len(mine) == len(flow.components):
            _check_start(problem, flow, mine)
        warnings += _leaks(problem, flow)
    return warnings


def _value(equation: Equation) -> Prescribed:
    assert equation.prescribes is not None
    return equation.prescribes


def _check_start(problem: Problem, flow: Solenoidal, starts: list[Equation]) -> None:
    points = problem.domain.line()
    chart, at = points.chart()
    fields = problem.fields(chart, at, {}, points)
    coordinates = [at[c] for c in problem.space_coordinates]
    values = [_value(s).given(fields) for s in starts]
    velocity = [Jet(chart, v.partial, (len(points),), frozenset(problem.coordinates)) for v in values]
    divergence = div(velocity, *coordinates).value.abs()
    parts_of_it = [v.along(chart.axis(str(x.name))).value.abs() for v, x in zip(velocity, coordinates, strict=True)]
    size = float(torch.stack(parts_of_it).sum(0).max())
    worst = int(divergence.argmax())
    if float(divergence[worst]) > SAME * size:
        place = ", ".join(f"{c}={float(points.coordinates[c][worst]):.4g}" for c in problem.space_coordinates)
        raise ProblemError(
            f"{flow.name}: the initial velocity has the divergence {float(divergence[worst]):.3g} at {place}",
            "Prescribe a velocity without divergence at the start, or leave solenoidal(...) out.",
            starts[0].place,
        )


def _leaks(problem: Problem, flow: Solenoidal) -> list[str]:
    """A warning if the prescribed normal velocities let more out than in: no such flow exists."""
    net = total = 0.0
    periodic = {p.coordinate for p in problem.periodic}
    for component, coordinate in zip(flow.components, problem.space_coordinates, strict=True):
        walls = [(c, p) for c, p in parts(problem, "value") if c.unknown == component and set(p.fixed) == {coordinate}]
        if (len(walls) < 2 and coordinate not in periodic) or any(problem.to_be_found(_value(c)) for c, _ in walls):
            return []
        for condition, piece in walls:
            points = piece.midpoints(32)  # along each of its coordinates
            chart, at = points.chart()
            crossing = _value(condition).given(problem.fields(chart, at, {}, points)).value
            sign = piece.normal[1] if piece.normal else 0
            net, total = net + sign * float(points.weights @ crossing), total + float(points.weights @ crossing.abs())
    if abs(net) <= LEAK * total:
        return []
    return [f"{flow.name}: the prescribed velocities carry {net:.3g} more out of the domain than into it, "
            "which no divergence-free velocity can"]  # fmt: skip
