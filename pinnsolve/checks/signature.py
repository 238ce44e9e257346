"""What tells one problem from another: its declaration, and what its residuals say of fixed probes."""

from __future__ import annotations

import torch

from pinnsolve.checks.as_space import as_solved
from pinnsolve.checks.some import some
from pinnsolve.geometry.once import forget, kept, once
from pinnsolve.geometry.points import Points
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem


def as_told(problem: Problem) -> Problem:
    """A declaration as it is solved (`as_solved`); what was found of it before is found anew where its functions say
    something else since, as where they read a number that has changed."""
    found = kept(problem, ("as solved",)) or problem
    before = kept(found, ("signature",))
    if before is None or before != signature(found):  # without one: nothing but what it was made with
        for told in (problem, found):
            forget(told, told.prober, told.functions_prober)
    return as_solved(problem)


def kept_signature(problem: Problem) -> dict[str, str]:
    """The signature with which a problem is checked and solved, kept until it is solved again."""
    return once(problem, ("signature",), lambda: signature(problem))


def signature(problem: Problem) -> dict[str, str]:
    """Names and numbers as text; two problems that differ in a coefficient differ here.

    A reformatted file, or another tolerance or reference, gives the same signature.
    """
    found = {
        "domain": repr(problem.domain),
        "unknowns": ", ".join(f"{u} ({problem.spans[u]})" if u in problem.spans else u for u in problem.unknowns),
        "periodic": ", ".join(p.coordinate for p in problem.periodic),
        "solenoidal": "; ".join(s.name for s in problem.solenoidal),
    }
    found |= {f"parameter {name}": repr(value) for name, value in sorted(problem.parameters.items())}
    found |= {f"parameter {name}": repr(u) for name, u in sorted((problem.constants | problem.functions).items())}
    found |= {f"parameter {name}": repr(material) for name, material in sorted(problem.materials.items())}
    found |= {f"parameter {name}": repr(data) for name, data in sorted(problem.tables.items())}
    for name, known in sorted(problem.known_values.items()):
        found[f"values of {name}"] = ", ".join(f"{value!r} at {place!r}" for place, value in sorted(known))
    for name, planes in sorted(problem.known_planes.items()):
        found[f"values of {name}"] = ", ".join(f"{p.seen!r} at {p.argument} = {p.place!r}" for p in planes)
    for equation in problem.equations:
        found[f"equation {equation.name}"] = f"{_total(problem, equation, problem.domain.line()):.7e}"
    for number, condition in enumerate((*problem.conditions, *problem.inner, *problem.known)):
        total = sum(_total(problem, condition, piece.grid()) for piece in some(condition.on.resolve(problem.domain)))
        found[f"condition {number + 1}"] = f"{condition.name}: {total:.7e}"
    for o in problem.observations:
        total = sum(float(v.sum()) for v in (*o.points.coordinates.values(), *o.points.measured.values()))
        found[f"data {o.name}"] = f"{len(o.rows)} rows: {total:.12e}"
    return found


def guessed_signature(problem: Problem) -> dict[str, str]:
    """What tells a run from one that began at another guess; a solution is one wherever it was begun."""
    found = problem.guessed(problem.domain.line())
    return {f"guess {u}": f"{float(values.sum()):.7e}" for u, values in found.items()}


def _total(problem: Problem, equation: Equation, points: Points) -> float:
    """The sum of an equation's residual on probes, later ones of which count for more: odd sources do not cancel."""
    prober = problem.functions_prober if equation in problem.known else problem.prober
    residual = prober.answer(equation, points).residual.flatten()
    return float(residual @ torch.linspace(1, 2, len(residual), dtype=residual.dtype, device=residual.device))
