"""Cells of a plane that are joined by fluxes: which declarations take them, their order, and that nothing grows where a
coefficient varies faster than cells can follow."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import cos, exp, sin

from pinnsolve import Problem, condition, d, dirichlet, faces, initial, initial_rate, laplace, neumann, periodic
from pinnsolve.cells import stage_operator
from pinnsolve.cells.equation_sizes import equation_sizes
from pinnsolve.cells.implicit_step import Scheme, Step
from pinnsolve.geometry.splines import LIMITS
from pinnsolve.march import growth as rules
from pinnsolve.march.growth import growth
from pinnsolve.march.start import at_start
from pinnsolve.march.step_solver import StepSolver
from pinnsolve.networks.tiles import Tiles
from validation.marched import read
from validation.stability_planes import CASES, heat, problem

pytestmark = pytest.mark.usefixtures("unasked")

CPU = torch.device("cpu")
pi = math.pi
START = [initial(u=lambda x, y: sin(pi * x) * sin(pi * y)), dirichlet(u=0)]


def rough(x: Any, y: Any) -> Any:
    """From 0.14 to 7, more than a wave in the cells that are used."""
    return exp(2 * sin(21 * x) * sin(17 * y + 1))


def spread(u: Any, x: Any, y: Any, k: Any = None) -> Any:
    k = rough(x, y) if k is None else k
    return d(k * d(u, x), x) + d(k * d(u, y), y)


TAKEN: dict[str, tuple[Any, list[Any], bool]] = {
    "heat": (heat, START, True),
    "heat backwards": (lambda u, x, y, t: d(u, t) + laplace(u, x, y), START, False),
    "the same, less": (lambda u, x, y, t: laplace(u, x, y) - d(u, t), START, True),
    "a flux": (lambda u, x, y, t: d(u, t) - spread(u, x, y), START, True),
    "diffusion that depends on u": (lambda u, x, y, t: d(u, t) - d((1 + u**2) * d(u, x), x) - d(u, y, y), START, False),
    "diffusion across": (lambda u, x, y, t: d(u, t) - laplace(u, x, y) - d(u, x, y), START, False),
    "hardly any along y": (lambda u, x, y, t: d(u, t) - d(u, x, x) - 1e-4 * d(u, y, y), START, False),
    "no diffusion along y": (lambda u, x, y, t: d(u, t) - d(u, x, x) + d(u, y), START, False),
    "a slope along the wall": (heat, [START[0], condition(lambda u, x, y: d(u, x) + d(u, y) - u)], False),
    "a ring that does not close": (
        lambda u, x, y, t: d(u, t) - spread(u, x, y), [START[0], dirichlet(u=0, on=faces("y")), periodic("x")], False,
    ),
    "robin": (heat, [START[0], condition(lambda u, x, y, nx, ny: nx * d(u, x) + ny * d(u, y) + u)], True),
    "a damped wave": (lambda u, x, y, t: d(u, t, t) + d(u, t) - laplace(u, x, y), [*START, initial_rate(u=0)], True),
}  # fmt: skip


@pytest.mark.parametrize("name", TAKEN)
def test_what_diffuses_by_itself_is_joined_by_fluxes(name: str) -> None:
    equation, conditions, taken = TAKEN[name]
    assert bool(read(problem(equation, conditions))[0].fluxed) == taken


@pytest.mark.parametrize("name", ["advection, ring", "Schroedinger, ring", "Stokes", "drum, pair"])
def test_what_does_not_is_not(name: str) -> None:
    assert read(CASES[name])[0].fluxed == ()


def solved(declared: Problem, degree: int, cells: int, stages: int = 4) -> Step:
    """One step over all of time, on equal cells."""
    evolution = read(declared)[0]
    scheme = Scheme(evolution, degree, stages, CPU)
    mesh = Tiles.begun(evolution.extent, cells, evolution.joints, CPU)
    start = at_start(scheme, mesh)
    begin, end = evolution.times
    step = Step(scheme, mesh, begin, end - begin, start, start.values.expand(stages, -1, -1, -1))
    scheme.weights = equation_sizes(step)
    assert StepSolver(scheme, torch.tensor(evolution.sizes, dtype=torch.float64), 1e-12, True).solve(step)
    return step


def missed(step: Step, exact: Any) -> float:
    """The error at the end, by the root mean square."""
    xi, w = step.scheme.cell.gauss(10)
    x, y = step.mesh.points(xi).unbind(-1)
    found = step.stages[-1, :, 0] @ step.scheme.cell.table(10, (0, 0)).T
    return float(((found - exact(x, y)).square() @ w @ step.mesh.shares).sqrt())


WALLS = {
    "values": [dirichlet(u=lambda x, y: sin(2 * x + y))],
    "slopes": [condition(lambda u, x, y, nx, ny: nx * (d(u, x) - 2 * cos(2 * x + y)) + ny * (d(u, y) - cos(2 * x + y)) + u - sin(2 * x + y))],
}  # fmt: skip


@pytest.mark.parametrize(("walls", "wind"), [("values", 300.0), ("slopes", 0.0)])
def test_the_error_falls_with_the_cells_as_the_degree_and_one_more(walls: str, wind: float) -> None:
    def exact(x: Any, y: Any) -> Any:
        return sin(2 * x + y)

    def equation(u: Any, x: Any, y: Any, t: Any) -> Any:
        def flow(w: Any) -> Any:
            return spread(w, x, y, 1 + x * y) - wind * (d(w, x) - d(w, y))

        source = -5 * (1 + x * y) * exact(x, y) + (2 * y + x) * cos(2 * x + y) - wind * cos(2 * x + y)
        return d(u, t) - flow(u) + source

    declared = problem(equation, [initial(u=exact), *WALLS[walls]], time=0.1)
    assert read(declared)[0].fluxed == (0,)
    coarse, fine = (missed(solved(declared, 4, cells), exact) for cells in (2, 4))
    assert fine < 1e-4
    assert math.log2(coarse / fine) > 4.8 - 0.5 * (wind > 0)  # where wind outweighs diffusion theory says a half less


ROUGH = {
    "insulated": (lambda u, x, y, t: d(u, t) - spread(u, x, y), [START[0], neumann(u=0)]),
    "a wave": (lambda u, x, y, t: d(u, t, t) - spread(u, x, y), [*START, initial_rate(u=0)]),
}  # fmt: skip


@pytest.mark.parametrize("name", ROUGH)
def test_nothing_grows_where_a_coefficient_varies_within_cells(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rules, "RULES", replace(rules.RULES, degree=5, lengths=(1 / 40,)))
    assert growth(read(problem(*ROUGH[name]))[0], False, CPU) < 1e-3


def test_values_of_a_table_are_those_of_the_places_that_are_asked_for() -> None:
    x = torch.linspace(0, 1, 5, dtype=torch.float64)
    spline = tabulated_line(x)
    asked = [torch.rand(7, dtype=torch.float64) for _ in range(LIMITS.seen + 2)]
    for places in [*asked, *asked]:
        assert torch.allclose(spline.at([places]), 2 * places, atol=1e-14)
    places = asked[-1].clone().requires_grad_()
    (slope,) = torch.autograd.grad(spline.at([places]).sum(), places)
    assert torch.allclose(slope, torch.full_like(slope, 2.0))


def tabulated_line(x: torch.Tensor) -> Any:
    from pinnsolve.geometry.tabulated import table

    return table(x=x.numpy(), k=2 * x.numpy(), of="x").spline


VARIES = {"with time": (lambda x, y, t: 0.1 * (1 + t) * (1 + x * y), 2), "in space": (lambda x, y, t: 0.1 + x * y, 1)}


@pytest.mark.parametrize("name", VARIES)
def test_what_stands_on_sides_is_looked_at_again_where_it_changes_alone(
    name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two steps with a source that depends on u: the second comes out as with a solver that knows nothing of sides."""
    k, looks = VARIES[name]
    equation = lambda u, x, y, t: d(u, t) - spread(u, x, y, k(x, y, t)) - sin(3 * u)  # noqa: E731
    evolution = read(problem(equation, START))[0]
    scheme = Scheme(evolution, 5, 2, CPU)
    mesh = Tiles.begun(evolution.extent, 2, evolution.joints, CPU)
    first = at_start(scheme, mesh)
    step = Step(scheme, mesh, evolution.times[0], 0.1, first, first.values.expand(2, -1, -1, -1))
    scheme.weights = equation_sizes(step)
    asked, looked = list[Step](), stage_operator.side_slopes
    monkeypatch.setattr(stage_operator, "side_slopes", lambda s, *rest: asked.append(s) or looked(s, *rest))
    sizes = torch.tensor(evolution.sizes, dtype=torch.float64)
    solver = StepSolver(scheme, sizes, 1e-13)
    assert solver.solve(step)
    start = step.end()
    found = []
    for mine in (solver, StepSolver(scheme, sizes, 1e-13)):
        mine.forget()
        after = replace(step, begin=step.begin + 0.1, start=start, stages=start.values.expand(2, -1, -1, -1))
        assert mine.solve(after)
        found.append(after.stages)
    assert len({s.begin for s in asked[:-1]}) == looks
    assert torch.allclose(*found, atol=1e-10)
