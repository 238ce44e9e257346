"""Corners at which a prescribed value and a prescribed normal derivative disagree in the slope along a wall."""

from __future__ import annotations

from pinnsolve.algebra.tolerances import EQUAL
from pinnsolve.checks.contradictions import parts
from pinnsolve.jets.calculus import d
from pinnsolve.problem.problem import Problem


def slopes(problem: Problem) -> list[str]:
    """A warning for each pair of walls of a box at whose corner the slope of what one prescribes is not the normal
    derivative that the other does, and by how much: second derivatives are unbounded there."""
    if problem.domain.shape is not None:
        return []
    found = []
    values = [(c, p) for c, p in parts(problem, "value") if p.face is not None and p.on_boundary]
    for fluxed, wall in parts(problem, "normal derivative"):
        for valued, other in values:
            met = other.meets(wall) if valued.unknown == fluxed.unknown and wall.face is not None else None
            given, flux = valued.prescribes, fluxed.prescribes
            if met is None or given is None or flux is None or wall.face is None:
                continue
            if problem.to_be_found(given) or problem.to_be_found(flux):
                continue
            coordinate, end = wall.face
            outward = 1.0 if end == problem.domain.ends(coordinate)[1] else -1.0
            points = met.grid()
            chart, at = points.chart()
            fields = problem.fields(chart, at, {}, points)
            value = given.given(fields)
            level = coordinate not in value.depends
            slope = 0.0 * points.weights if level else outward * d(value, at[coordinate]).value
            wanted = flux.given(fields).value
            jump = (slope - wanted).abs()
            worst = int(jump.argmax())
            scale = max(float(slope.abs().max()), float(wanted.abs().max()))
            if float(jump[worst]) > EQUAL * scale and float(jump[worst]) > 0:
                place = ", ".join(f"{c}={float(v[worst]):.4g}" for c, v in points.coordinates.items())
                found.append(
                    f"{valued.name} and {fluxed.name} disagree in slope at {place}: {float(slope[worst]):.3g} and "
                    f"{float(wanted[worst]):.3g}; second derivatives are unbounded there, and the error is largest"
                )
    return list(dict.fromkeys(found))
