"""The shipped problems: their residuals against exact solutions, mutants of them, and a short run of each."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import ModuleType

import pytest
import torch
from torch import Tensor, cos, exp, sin

import problems.burgers
import problems.cooling
import problems.heat
from pinnsolve import MLP, Box, LevenbergMarquardt, Points, Problem, compare, d, solve
from pinnsolve.geometry.regions import Slab
from pinnsolve.problem.manufactured import manufactured
from pinnsolve.sampling import sample
from pinnsolve.taylor import Jet

MODULES = [problems.heat, problems.burgers, problems.cooling]
Exact = Callable[[dict[str, Jet]], Jet]
NU = 0.05  # smooth enough for a quadrature of 400 nodes to be exact to rounding


def heat_solution(at: dict[str, Jet]) -> Jet:
    return exp(-0.4 * math.pi**2 * at["t"]) * sin(math.pi * at["x"])  # type: ignore[arg-type,return-value]


def wall_solution(at: dict[str, Jet]) -> Jet:
    """One eigenfunction of the wall: mu tan(mu) = h."""
    mu = 1.0768739863118038
    return exp(-(mu**2) * at["t"]) * cos(mu * at["x"])  # type: ignore[arg-type,return-value]


def cole_hopf(at: dict[str, Jet]) -> Jet:
    """u = -2 nu theta_x / theta, theta the heat kernel's convolution, by a trapezoidal rule over jets."""
    nodes = torch.linspace(-7, 7, 401, dtype=torch.float64)
    x, root = at["x"], torch.sqrt(4 * NU * at["t"])  # type: ignore[arg-type]
    top: Jet | float = 0.0
    bottom: Jet | float = 0.0
    for z in nodes.tolist():
        y = x - root * z  # type: ignore[operator]
        weight = exp(-cos(math.pi * y) / (2 * math.pi * NU)) * math.exp(-z * z)  # type: ignore[arg-type]
        top, bottom = top + sin(math.pi * y) * weight, bottom + weight  # type: ignore[arg-type,assignment]
    return -(top / bottom)  # type: ignore[operator,return-value]


CASES: list[tuple[Problem, Exact]] = [
    (problems.heat.problem, heat_solution),
    (problems.burgers.problem.with_parameters({"nu": NU}), cole_hopf),
    (problems.cooling.problem, wall_solution),
]
IDS = ["heat", "burgers", "cooling"]


def residuals(problem: Problem, exact: Exact, mutate: Callable[[Jet], Jet] = lambda u: u) -> dict[str, Tensor]:
    """Every residual of a problem with an exact solution put in; initial values apart, which CASES may not share."""
    found = {}
    regions = [((Slab(),), [(e.name, e.residual) for e in problem.equations])]
    for c in problem.conditions:
        if c.kind != "initial":
            regions.append((problem.slabs(c), [(c.name, lambda at, c=c: c.residual(at, c.name))]))  # type: ignore[misc]
    for slabs, terms in regions:
        generator = torch.Generator().manual_seed(0)
        points: Points = sample(problem.domain, problem.space_coordinates, slabs, 50, "sobol", generator)
        chart, at = points.chart()
        u = mutate(exact(at))
        whole = Jet(chart, u.partial, (len(points),), frozenset(problem.coordinates))
        fields = problem.fields(chart, at, {"u": whole}, points)
        found |= {name: term(fields).value for name, term in terms}
    return found


@pytest.mark.parametrize(("problem", "exact"), CASES, ids=IDS)
def test_exact_solutions_have_no_residual(problem: Problem, exact: Exact) -> None:
    for name, r in residuals(problem, exact).items():
        assert float(r.abs().max()) < 1e-11, name  # rounding of second derivatives of size 10 to 100


@pytest.mark.parametrize(("problem", "exact"), CASES, ids=IDS)
@pytest.mark.parametrize("factor", [-1.0, 1.02], ids=["sign", "2 %"])
def test_mutated_coefficients_do(problem: Problem, exact: Exact, factor: float) -> None:
    name = next(iter(problem.parameters))
    mutant = problem.with_parameters({name: factor * problem.parameters[name]})
    worst = max(float(r.abs().max()) for r in residuals(mutant, exact).values())
    assert worst > 5e-3


def test_mutated_robin_condition_does() -> None:
    mutant = problems.cooling.problem.with_parameters({"h": 2.04})
    assert float(residuals(mutant, wall_solution)["air on face(x=1)"].abs().max()) > 5e-3


@pytest.mark.parametrize("module", MODULES, ids=IDS)
def test_each_problem_runs_in_a_reduced_form(module: ModuleType) -> None:
    problem: Problem = module.problem
    if "nu" in problem.parameters:
        problem = problem.with_parameters({"nu": 0.1})
    problem = problem.replaced(tolerance=2e-2)
    solution = solve(problem, network=MLP(width=10, depth=2), points=400, method=LevenbergMarquardt(steps=40))
    found = compare(solution, problem.reference(problem))  # type: ignore[operator,misc]
    assert found.verdict == "pass", found.reason


def test_manufactured_solution_is_found_and_a_wrong_equation_is_not_seen_by_it() -> None:
    def poisson(u, x, y):  # type: ignore[no-untyped-def]
        return d(u, x, x) + d(u, y, y)

    from pinnsolve import dirichlet

    base = Problem(
        space=Box(x=(0, 1), y=(0, 2)), unknowns="u", equations=poisson, conditions=dirichlet(u=0), tolerance=1e-2
    )
    shifted = manufactured(base, u=lambda x, y: sin(2 * x) * exp(y / 2))
    solution = solve(shifted, network=MLP(width=10, depth=2), points=400, method=LevenbergMarquardt(steps=40))
    assert compare(solution, shifted.reference(shifted)).verdict == "pass"  # type: ignore[operator,misc]
    other = manufactured(base, u=lambda x, y: sin(2.1 * x) * exp(y / 2))
    assert compare(solution, other.reference(other)).verdict == "fail"  # type: ignore[operator,misc]
