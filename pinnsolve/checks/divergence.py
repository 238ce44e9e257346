"""What a velocity that is divergence-free by construction asks of the rest of the declaration."""

from __future__ import annotations

import torch

from pinnsolve.checks.contradictions import pieces
from pinnsolve.checks.probes import inside, probes
from pinnsolve.errors import ProblemError, place_of
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.regions import Slab
from pinnsolve.jets.calculus import curl, d, div
from pinnsolve.jets.jet import Jet, on_jets
from pinnsolve.problem.conditions import Condition, Solenoidal
from pinnsolve.problem.problem import Problem

ROUNDING = 1e-9  # of a divergence, relative to the derivatives that it is made of
MIDPOINTS = 32  # along each coordinate of a face
LEAK = 1e-3  # of the flux through the boundary, relative to what crosses it


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
    return frozenset(name for name, size in usual.items() if all(f[name] <= ROUNDING * size for f in free))


def _sizes(problem: Problem, phase: float, divergence_free: bool) -> dict[str, float]:
    """The largest residual of each equation on smooth fields."""
    found = {}
    points = inside(problem)
    for equation in problem.equations:
        chart, at, smooth = probes(problem, points, phase)
        fields = {u: p.field for u, p in smooth.items()}
        for flow in problem.solenoidal if divergence_free else ():
            coordinates = [at[c] for c in problem.space_coordinates]
            uneven = on_jets.cos(coordinates[0] * (1.7 / problem.domain.length(str(coordinates[0].name))) + phase)
            potentials = [
                fields[c] * uneven for c in flow.components[: count(problem)]
            ]  # no plane wave: u . grad u != 0
            fields |= dict(zip(flow.components, velocity_of(potentials, coordinates), strict=True))
        residual = equation.residual(problem.fields(chart, at, fields, points)).value
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
        starts = [_given(problem, c, "initial") for c in flow.components]
        if all(starts):
            _check_start(problem, flow, [s for s in starts if s])
        warnings += _leaks(problem, flow)
    return warnings


def _given(problem: Problem, unknown: str, kind: str) -> Condition | None:
    return next((c for c in problem.conditions if c.kind == kind and c.unknown == unknown), None)


def _check_start(problem: Problem, flow: Solenoidal, starts: list[Condition]) -> None:
    points = inside(problem)
    chart, at = points.chart()
    fields = problem.fields(chart, at, {}, points)
    coordinates = [at[c] for c in problem.space_coordinates]
    values = [fields.value(s.given, s.name) for s in starts]
    velocity = [Jet(chart, v.partial, (len(points),), frozenset(problem.coordinates)) for v in values]
    divergence = div(velocity, *coordinates).value.abs()
    parts = [v.along(chart.axis(str(x.name))).value.abs() for v, x in zip(velocity, coordinates, strict=True)]
    size = float(torch.stack(parts).sum(0).max())
    worst = int(divergence.argmax())
    if float(divergence[worst]) > ROUNDING * size:
        place = ", ".join(f"{c}={float(v[worst]):.4g}" for c, v in points.coordinates.items() if c != "t")
        given = starts[0].given
        raise ProblemError(
            f"{flow.name}: the initial velocity has the divergence {float(divergence[worst]):.3g} at {place}",
            "Prescribe a velocity without divergence at the start, or leave solenoidal(...) out.",
            place_of(given) if callable(given) else None,
        )


def _leaks(problem: Problem, flow: Solenoidal) -> list[str]:
    """A warning if the prescribed normal velocities let more out than in: no such flow exists."""
    net = total = 0.0
    periodic = {p.coordinate for p in problem.periodic}
    for component, coordinate in zip(flow.components, problem.space_coordinates, strict=True):
        walls = [
            (c, s) for c, s in pieces(problem, "dirichlet") if c.unknown == component and set(s.fixed) == {coordinate}
        ]
        if len(walls) < 2 and coordinate not in periodic:
            return []
        for condition, slab in walls:
            points = _midpoints(problem, slab)
            chart, at = points.chart()
            crossing = problem.fields(chart, at, {}, points).value(condition.given, condition.name).value
            sign = slab.normal[1] if slab.normal else 0
            net, total = net + sign * float(points.weights @ crossing), total + float(points.weights @ crossing.abs())
    if abs(net) <= LEAK * total:
        return []
    return [f"{flow.name}: the prescribed velocities carry {net:.3g} more out of the domain than into it, "
            "which no divergence-free velocity can"]  # fmt: skip


def _midpoints(problem: Problem, slab: Slab) -> Points:
    """A midpoint rule over a face."""
    free = [c for c in problem.coordinates if c not in slab.fixed]
    steps = (torch.arange(MIDPOINTS, dtype=torch.float64) + 0.5) / MIDPOINTS
    bounds = {c: problem.domain.bounds[c] for c in free}
    grid = torch.meshgrid(*(low + (high - low) * steps for low, high in bounds.values()), indexing="ij")
    size = grid[0].numel()
    values = {c: g.reshape(-1) for c, g in zip(free, grid, strict=True)}
    values |= {c: torch.full((size,), v, dtype=torch.float64) for c, v in slab.fixed.items()}
    weight = torch.full((size,), problem.domain.measure(slab.fixed) / size, dtype=torch.float64)
    return Points({c: values[c] for c in problem.coordinates}, weight)
