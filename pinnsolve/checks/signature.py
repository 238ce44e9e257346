"""What tells one problem from another: its declaration, and what its residuals say of fixed probes."""

from __future__ import annotations

from pinnsolve.checks.contradictions import meeting
from pinnsolve.checks.probes import inside, probes
from pinnsolve.problem.problem import Problem


def signature(problem: Problem) -> dict[str, str]:
    """Names and numbers as text; two problems that differ in a coefficient differ here.

    A reformatted file, or another tolerance or reference, gives the same signature.
    """
    found = {
        "domain": repr(problem.domain),
        "unknowns": ", ".join(problem.unknowns),
        "periodic": ", ".join(p.coordinate for p in problem.periodic),
        "solenoidal": "; ".join(s.name for s in problem.solenoidal),
    }
    found |= {f"parameter {name}": repr(value) for name, value in sorted(problem.parameters.items())}
    found |= {f"parameter {name}": repr(u) for name, u in sorted((problem.constants | problem.functions).items())}
    points = inside(problem)
    for equation in problem.equations:
        chart, at, unknowns = probes(problem, points)
        fields = problem.fields(chart, at, {u: p.field for u, p in unknowns.items()}, points)
        found[f"equation {equation.name}"] = f"{float(equation.residual(fields).value.detach().sum()):.7e}"
    for number, condition in enumerate(problem.conditions):
        total = 0.0
        for slab in problem.slabs(condition):
            place = meeting(problem, slab.fixed, slab.normal)
            chart, at, unknowns = probes(problem, place)
            fields = problem.fields(chart, at, {u: p.field for u, p in unknowns.items()}, place)
            total += float(condition.residual(fields, condition.name).value.detach().sum())
        found[f"condition {number + 1}"] = f"{condition.name}: {total:.7e}"
    for o in problem.observations:
        total = sum(float(v.sum()) for v in (*o.points.coordinates.values(), *o.points.measured.values()))
        found[f"data {o.name}"] = f"{len(o.rows)} rows: {total:.12e}"
    return found
