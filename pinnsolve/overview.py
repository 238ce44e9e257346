"""A look at a problem before it is trained: `problem.check()` and `--check`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

import torch

from pinnsolve.checks.linearity import linear
from pinnsolve.checks.references import brought
from pinnsolve.classical.automatic import EFFORT
from pinnsolve.errors import ProblemError
from pinnsolve.modes.statement import at, check, sought
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.overview import Overview, Said
from pinnsolve.problem.path import Values, path_of
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.written import equation_text
from pinnsolve.settings import Settings
from pinnsolve.solve import Prepared, prepare
from pinnsolve.training.expected import expected
from pinnsolve.trial.of_cells import OfCells


def overview(problem: Problem, settings: Settings | None = None) -> Overview:
    """Check a problem, and say what it is and what is expected of a run.

    Raises
    ------
    ProblemError
        If it cannot be solved as it stands.
    """
    path = path_of(problem, settings.continuation) if settings is not None and settings.continuation is not None else []
    if problem.eigenvalues and path:
        raise ProblemError("continuation: modes are found at once, and not by training", "Leave it out.")
    if problem.eigenvalues:
        return _of_modes(problem, settings)
    problem = problem.with_parameters(path[-1]) if path else problem
    ready = prepare(problem, settings or Settings())
    run, solution = ready.loop.state, ready.solution()
    held = solution.conditions
    texts = {
        c.name: equation_text(c, problem.domain.time) for c in (*problem.conditions, *problem.known, *problem.inner)
    }
    names = [*texts, *(n for n in held if n not in texts)]
    automatic = "automatic; first " * ready.settings.automatic
    words = getattr(run.stage.method, "words", "")
    first = run.trial.told(words) if isinstance(run.trial, OfCells) else words or run.trial.description
    return Overview(
        unknowns={u: _stands(problem, ready, u) for u in problem.unknowns},
        domain=repr(problem.domain),
        equations={e.name: _said(problem, e) for e in problem.equations},
        conditions={n: {"text": texts.get(n, ""), "holds": held.get(n, "weighted")} for n in names},
        data={n: f"{len(o.points):,} values" for n, o in problem.data.items()},
        parameters=problem.told_parameters | _continued(problem, path),
        reference=problem.told_reference,
        tolerance=problem.tolerance,
        method=f"{automatic}{first}",
        parameters_count=solution.parameters_count,
        memory=int(expected(run.trial, run.points.places, run.stage.method, ready.settings)),
        seconds={"training": ready.settings.budget, "reference": _reference_seconds(problem, ready.settings)},
        findings=list(ready.findings.warnings),
    )


def _continued(problem: Problem, path: Sequence[Values]) -> dict[str, str]:
    """The parameters that a continuation moves, each with the values that it comes from."""
    told = problem.told_parameters
    return {
        name: f"{told[name]}, continued from {', '.join(f'{values[name]:.6g}' for values in path[:-1])}"
        for name in (path[-1] if path else ())
    }


def _of_modes(problem: Problem, settings: Settings | None) -> Overview:
    """What is known of a problem whose modes are sought: what it is for the number that they shall be near to."""
    name, wanted = sought(problem)
    check(problem, name, wanted.near)
    found = overview(at(problem, wanted.near), settings)
    findings = [f for f in found.findings if "determine" not in f]  # modes are what nothing else determines
    return replace(
        found, parameters=problem.told_parameters, reference=problem.told_reference, findings=findings,
        method=f"{wanted.count} modes of random features",
    )  # fmt: skip


def _stands(problem: Problem, ready: Prepared, unknown: str) -> str:
    """The coordinates of an unknown, and how large it is expected to be."""
    size = ready.findings.sizes.get(unknown)
    told = f"of {', '.join(problem.coordinates)}"
    if unknown in problem.spans:
        told += f"; {problem.spans[unknown]}"
    if unknown in problem.told_experiments:
        told += f"; {problem.told_experiments[unknown]}"
    if size is None or not (math.isfinite(size.scale) and math.isfinite(size.offset)):
        return told
    around = f"{size.offset:.3g} +- {size.scale:.1g}" if abs(size.offset) > size.scale else f"about {size.scale:.1g}"
    return f"{told}; expected size {around}"


def _said(problem: Problem, equation: Equation) -> Said:
    line = problem.domain.line()
    with torch.enable_grad():
        answer = problem.prober.answer(equation, line)
    orders: dict[str, dict[str, int]] = {}
    for unknown, alpha, _ in answer.slopes:
        mine = orders.setdefault(unknown, {})
        for c, k in zip(problem.coordinates, alpha, strict=True):
            if k:
                mine[c] = max(k, mine.get(c, 0))
    return Said(equation_text(equation, problem.domain.time), linear(problem, equation, line), orders)


def _reference_seconds(problem: Problem, settings: Settings) -> float:
    automatic = problem.reference is not None and not brought(problem)
    return EFFORT.share * settings.budget if automatic else 0.0
