"""Steady problems over cells of space: orders from theory, right answers that say how right, and mutants that fail."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import cos, exp, sin

from pinnsolve import Box, Problem, condition, d, dirichlet, face, jump, laplace, neumann, periodic, solve
from pinnsolve.algebra.dissection import Dissection
from pinnsolve.cells.faces import faces_in, faces_of
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.joined_newton import JoinedNewton
from pinnsolve.cells.sides import grouped
from pinnsolve.checks.check import check
from pinnsolve.machine.room import Room
from pinnsolve.networks.halvings import halvings
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.reference_cell import reference_cell
from pinnsolve.networks.tails import decay, fewest
from pinnsolve.networks.tiles import Tiles
from pinnsolve.steady import refining as steady_refining
from pinnsolve.steady import whole as steady_whole
from pinnsolve.steady.cells import SteadyCells, SteadyOperator, scheme_of
from pinnsolve.steady.keeping import stored, taken_up
from pinnsolve.steady.whole import SteadyWhole
from pinnsolve.trial.determined import UnmarchableError
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.exact import Plan, verified
from pinnsolve.trial.planar import Planar
from pinnsolve.trial.steady import steady

CPU = torch.device("cpu")
pi = math.pi
Field = Callable[..., Any]
CUBE = Box(x=(0, 1), y=(0, 1), z=(0, 1))
Y_AND_Z = face(y=0) | face(y=1) | face(z=0) | face(z=1)


def smooth(x: Any, y: Any, z: Any) -> Any:
    return exp(x) * sin(2 * y) * cos(z) + x * y * z


def poisson(u: Any, x: Any, y: Any, z: Any) -> Any:
    return laplace(u, x, y, z) + 4 * exp(x) * sin(2 * y) * cos(z)


def declared(equations: Any = poisson, conditions: Any = None, **more: Any) -> Problem:
    given: dict[str, Any] = {"space": CUBE, "unknowns": "u", "reference": None}
    return Problem(**{**given, "equations": equations, "conditions": conditions or [dirichlet(u=smooth)], **more})


SMOOTH = declared()


@cache
def read(problem: Problem) -> tuple[Evolution, Plan]:
    made, _ = verified(problem, check(problem))
    return steady(problem, made), made


def solved_on(problem: Problem, degree: int, mesh: Tiles | int, **changed: Any) -> SteadyCells:
    evolution = replace(read(problem)[0], **changed)
    scheme = scheme_of(evolution, degree, CPU)
    mesh = Tiles.begun(evolution.extent, mesh, evolution.joints, CPU) if isinstance(mesh, int) else mesh
    empty = SteadyCells(scheme, mesh, torch.zeros(len(mesh), scheme.fields, scheme.cell.count, dtype=torch.float64))
    solved = JoinedNewton(SteadyOperator, torch.ones(scheme.fields, dtype=torch.float64), 1e-12).solve(empty)
    return empty if solved is None else solved


def error_of(solved: SteadyCells, exact: Field, field: int = 0) -> float:
    s, points = solved.scheme, solved.scheme.degree + 2
    xi, w = s.cell.gauss(points)
    weights, right = w * solved.mesh.shares[:, None], exact(*solved.mesh.points(xi).unbind(-1))
    off = solved.coefficients[:, field] @ s.cell.table(points, (0, 0, 0)).T - right
    return float(((off.square() * weights).sum() / (right.square() * weights).sum()).sqrt())


@pytest.mark.usefixtures("unasked")
def test_the_error_falls_as_the_width_to_the_degree_and_one() -> None:
    """Least squares with h^2 r are optimal in L2 up to the boundary rows: h^(d + 1), within 0.6 before the limit."""
    coarse, fine = (error_of(solved_on(SMOOTH, 4, n), smooth) for n in (2, 4))
    assert 4.4 < math.log2(coarse / fine) < 6.0


def test_richer_features_gain_a_digit_each() -> None:
    errors = [error_of(solved_on(SMOOTH, degree, 2), smooth) for degree in (4, 6, 8)]
    assert all(b < 0.02 * a for a, b in zip(errors, errors[1:], strict=False)) and errors[-1] < 1e-8


@pytest.mark.usefixtures("unasked")
def test_a_third_of_what_sides_could_join_is_left_open(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of (d + 1)^2 traces on a side, less than half are joined, and the solution is as good; mutants: fewer than the
    third that equations leave open, and it is none."""
    errors, numbers = [], []
    assert scheme_of(read(SMOOTH)[0], 5, CPU).loose == 2
    for less in (0, 2, 4):
        monkeypatch.setattr(Scheme, "loose", less)
        solved = solved_on(SMOOTH, 5, 3)
        errors.append(error_of(solved, smooth))
        numbers.append(faces_in(solved.scheme, solved.mesh).order.size)
    assert numbers[1] < 0.5 * numbers[0] and errors[1] < 1.5 * errors[0] and errors[2] > 10 * errors[0]


def test_a_wrong_join_is_no_solution() -> None:
    """A mutant: slopes that do not go on; an error of order one instead of 1e-5."""
    right = error_of(solved_on(SMOOTH, 5, 2), smooth)
    assert right < 3e-5 and error_of(solved_on(SMOOTH, 5, 2, joins=((1, 1, 1),)), smooth) > 1e3 * right


def test_what_is_a_feature_is_found_to_rounding_where_large_cells_meet_small_ones() -> None:
    def whole(x: Any, y: Any, z: Any) -> Any:
        return x**2 * y * z - y**3 + 2 * z**4 - x

    problem = declared(lambda u, x, y, z: laplace(u, x, y, z) - 2 * y * z + 6 * y - 24 * z**2, [dirichlet(u=whole)])
    mesh = Tiles.begun([(0, 1)] * 3, 2, [()] * 3, CPU)
    for _ in range(2):
        mesh, _ = halvings(mesh, (torch.arange(len(mesh)) == len(mesh) // 2)[:, None].expand(-1, 3), (False,) * 3)
    begin, end = (torch.cat([piece[k] for piece in mesh.pieces((False,) * 3)]) for k in (3, 4))
    assert len(mesh) > 20 and len((end - begin).prod(1).unique()) > 2  # sides in parts
    low, high = mesh.units
    assert float((high - low).prod(1).sum()) == 8.0
    assert error_of(solved_on(problem, 4, mesh), whole) < 1e-10


# ---------------------------------------------------------------- what problems say


def test_units_and_the_order_of_coordinates_change_nothing() -> None:
    def moved(x: Any, y: Any, z: Any) -> Any:
        return 10 * smooth(z, x / 1e3, 1 - y)

    def equation(T: Any, x: Any, y: Any, z: Any) -> Any:
        source = 40 * exp(z) * sin(2 * x / 1e3) * cos(1 - y)
        return 1e6 * d(T, x, x) + d(T, y, y) + d(T, z, z) + source

    other = declared(equation, [dirichlet(T=moved)], space=Box(z=(0, 1), x=(0, 1e3), y=(0, 1)), unknowns="T")
    first, second = (SteadyWhole(scheme_of(read(p)[0], 6, CPU), (), 1e-4) for p in (SMOOTH, other))
    assert first.solve() and second.solve()
    here, there = error_of(first.cells, smooth), error_of(second.cells, lambda z, x, y: moved(x, y, z))
    assert len(first.cells.mesh) == len(second.cells.mesh) and here == pytest.approx(there, rel=1e-3) and here < 1e-5


def ring(x: Any, y: Any, z: Any) -> Any:
    return sin(2 * pi * x) * exp(y) * z


def first_of(x: Any, y: Any, z: Any) -> Any:
    return x * sin(y + z)


def second_of(x: Any, y: Any, z: Any) -> Any:
    return cos(x) * y


def film(x: Any, y: Any, z: Any) -> Any:
    return torch.where(x < 0.5, x, 1 - x) + y * z


CASES: dict[str, tuple[Problem, list[Field]]] = {
    "slopes and mixed conditions": (
        declared(
            conditions=[
                dirichlet(u=smooth, on=face(x=0)),
                neumann(u=lambda x, y, z: exp(x) * sin(2 * y) * cos(z) + y * z, on=face(x=1)),
                condition(lambda u, x, y, z: u - d(u, y) + 2 * exp(x) * cos(z) + x * z, on=face(y=0)),
                neumann(u=lambda x, y, z: 2 * exp(x) * cos(2 * y) * cos(z) + x * z, on=face(y=1)),
                dirichlet(u=smooth, on=face(z=0) | face(z=1)),
            ]
        ),
        [smooth],
    ),
    "periodic": (
        declared(
            lambda u, x, y, z: laplace(u, x, y, z) - (1 - 4 * pi**2) * ring(x, y, z),
            [periodic("x"), dirichlet(u=ring, on=Y_AND_Z)],
        ),
        [ring],
    ),
    "not linear, of two unknowns": (
        declared(
            [
                lambda u, v, x, y, z: laplace(u, x, y, z) + u * v - first_of(x, y, z) * (second_of(x, y, z) - 2),
                lambda v, u, x, y, z: laplace(v, x, y, z) + v - u + first_of(x, y, z),
            ],
            [dirichlet(u=first_of, v=second_of)],
            unknowns=("u", "v"),
        ),
        [first_of, second_of],
    ),
    "a film that gives off heat": (
        declared(
            lambda u, x, y, z: laplace(u, x, y, z),
            [dirichlet(u=film), condition(lambda u, x: jump(d(u, x)) + 2, on=face(x=0.5))],
        ),
        [film],
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_what_is_said_is_solved(name: str) -> None:
    problem, exact = CASES[name]
    solved = solved_on(problem, 6, 2)
    assert all(error_of(solved, field, k) < 2e-3 for k, field in enumerate(exact))


WIDE = 2**0.5 * pi
HIGH = math.cosh(0.4 * WIDE) / 1e4  # of the slope on the side that conducts


def layers(x: Any, y: Any, z: Any) -> Any:
    beyond = HIGH * torch.sinh(WIDE * (z - 0.4)) + math.sinh(0.4 * WIDE) * torch.cosh(WIDE * (z - 0.4))
    return sin(pi * x) * sin(pi * y) * torch.where(z < 0.4, torch.sinh(WIDE * z), beyond)


def conduction(u: Any, x: Any, y: Any, z: Any) -> Any:
    k = torch.where(z < 0.4, 1.0, 1e4)
    return d(k * d(u, x), x) + d(k * d(u, y), y) + d(k * d(u, z), z)


TOP = HIGH * math.sinh(0.6 * WIDE) + math.sinh(0.4 * WIDE) * math.cosh(0.6 * WIDE)


def test_an_answer_is_right_and_says_how_right() -> None:
    """Two materials of a ratio of 1e4, joined by their flux; the estimate is not too kind."""
    walls = face(x=0) | face(x=1) | face(y=0) | face(y=1) | face(z=0)
    hot = dirichlet(u=lambda x, y: TOP * sin(pi * x) * sin(pi * y), on=face(z=1))
    solution = solve(declared(conduction, [dirichlet(u=0, on=walls), hot]))
    assert solution.converged and isinstance(solution.trial, Planar)
    x, y, z = torch.rand(3, 2000, generator=torch.Generator().manual_seed(3), dtype=torch.float64)
    right = layers(x, y, z)
    off = float((torch.as_tensor(solution.u(x=x, y=y, z=z)) - right).norm() / (right - right.mean()).norm())
    assert solution.estimate is not None and off < 1.5 * solution.estimate < 1e-3


# ---------------------------------------------------------------- how cells are refined


def waves(x: Any, y: Any, z: Any) -> Any:
    return sin(6 * pi * x) * sin(pi * y) * sin(pi * z)


def test_waves_along_one_coordinate_halve_cells_along_it() -> None:
    problem = declared(lambda u, x, y, z: laplace(u, x, y, z) + 38 * pi**2 * waves(x, y, z), [dirichlet(u=0)])
    whole = SteadyWhole(scheme_of(read(problem)[0], 6, CPU), (), 1e-2)
    assert whole.solve() and error_of(whole.cells, waves) < 3e-3
    levels = torch.tensor(whole.cells.mesh.places)[:, :, 1].amax(0)
    assert levels[0] > 0 and levels[1] == levels[2] == 0


def test_where_no_finer_cells_fit_what_is_near_goes_on_to_richer_features(monkeypatch: pytest.MonkeyPatch) -> None:
    """A tenth of the terms is left and no bound is met, but the error is far less; a mutant leaves all to others."""

    def slower(x: Any, y: Any, z: Any) -> Any:
        return sin(4 * pi * x) * sin(pi * y) * sin(pi * z)

    problem = declared(lambda u, x, y, z: laplace(u, x, y, z) + 18 * pi**2 * slower(x, y, z), [dirichlet(u=0)])
    scheme = scheme_of(read(problem)[0], 7, CPU)
    room = steady_refining.held(scheme, SteadyWhole(scheme, (), 1e-4).cells.mesh, 9)
    monkeypatch.setattr(steady_refining, "RULES", replace(steady_refining.RULES, memory=1.01 * room))
    whole = SteadyWhole(scheme, (), 1e-4)
    assert whole.solve() and 0.03 < whole.offs[-1] < steady_whole.RULES.in_space
    assert error_of(whole.cells, slower) < 0.1 * whole.offs[-1]
    monkeypatch.setattr(steady_whole, "RULES", replace(steady_whole.RULES, in_space=0.0))
    assert not SteadyWhole(scheme, (), 1e-4).solve()


def test_a_budget_of_memory_says_how_many_cells_of_space_there_may_be() -> None:
    """What does not fit in a gigabyte does in four; mutants: one room for all."""
    scheme, mesh = scheme_of(read(SMOOTH)[0], 8, CPU), Tiles.begun(read(SMOOTH)[0].extent, 7, ((), (), ()), CPU)
    told = [steady_refining.fits(replace(scheme, room=Room.of(limit)), mesh) for limit in (5e8, None, 1e9, 4e9)]
    assert told == [False, False, False, True]


def test_as_few_halves_as_suffice_are_foretold() -> None:
    cell = reference_cell(6, CPU, 3)
    c = torch.zeros(3, 1, cell.count, dtype=torch.float64)
    for j, powers in enumerate(([6, 0, 0], [0, 3, 3], [2, 2, 2])):
        c[j, 0, (cell.powers == torch.tensor(powers)).all(1)] = 1.0
    chosen, left = fewest(c, cell, torch.tensor([1e-9, 2.0**-6, 2.0**-3], dtype=torch.float64))
    assert chosen[0].tolist() == [True, False, False] and chosen[1].tolist() == [False, True, True]
    assert int(chosen[2].sum()) == 2 and left.tolist() == pytest.approx([2.0**-6, 2.0**-6, 2.0**-4])
    c[2] = 0.0
    for powers in ([3, 0, 3], [3, 3, 0]):
        c[2, 0, (cell.powers == torch.tensor(powers)).all(1)] = 1.0
    for noise in (1e-12, -1e-12):  # y or z: no last digit decides, since these differ with the number of ranks
        tied = c * (1 + noise * (cell.powers[:, 1] == 3).double())
        assert fewest(tied, cell, torch.full((3,), 0.1, dtype=torch.float64))[0][2].tolist() == [True, False, True]
    c[2] = c[0]
    c[:, 0, (cell.powers == torch.tensor([4, 0, 0])).all(1)] = 10.0
    assert decay(c, cell).tolist() == pytest.approx([0.1, 0.1, 0.1])


def test_degrees_are_raised_where_that_is_cheaper_and_a_run_is_taken_up_to_the_same_bits() -> None:
    def fast(x: Any, y: Any, z: Any) -> Any:
        return sin(3 * x) * cos(3 * y) * sin(3 * z)

    problem = declared(lambda u, x, y, z: laplace(u, x, y, z) + 27 * fast(x, y, z), [dirichlet(u=fast)])
    evolution, made = read(problem)
    whole = SteadyWhole(scheme_of(evolution, 6, CPU), (), 1e-3)
    assert whole.advance() and whole.cells.scheme.degree == 8 and len(whole.cells.mesh) == 8
    begun = SteadyWhole(scheme_of(evolution, 8, CPU), (), 1e-3)
    other = taken_up(begun, whole.cells.mesh, whole.cells.coefficients, stored(whole))
    for one in (whole, other):
        one.advance()
        assert faces_of.cache_info().currsize == 1, "traces of poorer cells are let go"
    assert torch.equal(whole.cells.coefficients, other.cells.coefficients) and whole.offs == other.offs
    trial, again = (Planar(problem, LocalFeatures(degree=9), made) for _ in range(2))
    trial.take(whole.cells.mesh, whole.cells.coefficients, True, whole.offs[-1])
    again.assign(trial.vector())
    assert again.degree == 8 and again.mesh is not None and again.mesh.places == whole.cells.mesh.places
    assert torch.equal(again.coefficients, trial.coefficients)


def test_a_cap_ends_without_a_claim(monkeypatch: pytest.MonkeyPatch) -> None:
    for module in (steady_refining, steady_whole):
        monkeypatch.setattr(module, "fits", lambda scheme, mesh: len(mesh) <= 8 and scheme.degree == 4)
    whole = SteadyWhole(scheme_of(read(SMOOTH)[0], 4, CPU), (), 1e-9)
    assert not whole.solve() and whole.solved and not whole.settled


def test_what_does_not_fit_is_left_to_others() -> None:
    plan = read(SMOOTH)[1]
    unread = [
        declared(conditions=[dirichlet(u=smooth, on=face(x=0) | face(x=1) | face(y=0) | face(z=0) | face(z=1))]),
        declared(conditions=[dirichlet(u=smooth, on=face(x=0).where(lambda y: y < 0.5)), neumann(u=0, on=face(x=0).where(lambda y: y > 0.5)),
                             dirichlet(u=smooth, on=face(x=1) | Y_AND_Z)]),
    ]  # fmt: skip
    for problem in unread:
        with pytest.raises(UnmarchableError):
            steady(problem, plan)


def test_halves_that_change_nothing_are_no_round(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no room for all of the halves, cells are halved along that coordinate which does most, though it
    be none of those that were wanted; and where none is, that is the end of it. A mutant solves the same cells again."""
    whole = SteadyWhole(scheme_of(read(SMOOTH)[0], 4, CPU), (), 1e-9)
    mesh, number = whole.cells.mesh, len(whole.cells.mesh)
    c = torch.zeros_like(whole.cells.coefficients)
    c[:, 0, (whole.scheme.cell.powers == torch.tensor([4, 0, 0])).all(1)] = 1.0
    cells, wanted = whole.cells.with_coefficients(c), torch.zeros(number, 3, dtype=torch.bool)
    wanted[3, 1:] = True
    monkeypatch.setattr(steady_refining, "fits", lambda scheme, mesh: len(mesh) <= number + 1)
    halves = steady_refining.halves_that_fit(cells, wanted, torch.ones(number, dtype=torch.float64), [])
    assert len(halves[0]) == number + 1 and len({place[0] for place in halves[0].places}) == 4
    same = steady_refining.halves_of(cells, torch.zeros_like(wanted), [])
    assert same[0].places == mesh.places and not whole._halve(same)


def test_traces_of_which_most_numbers_count_are_kept_as_they_are() -> None:
    """Each number that is kept by itself takes three; a mutant keeps all of them so."""
    order, generator = Dissection(np.array([[0, 1]]), np.array([40]), np.eye(2), CPU), torch.Generator().manual_seed(0)
    full = torch.rand(40, 50, dtype=torch.float64, generator=generator)
    few = torch.zeros(40, 50, dtype=torch.float64).fill_diagonal_(1.0)
    (both,) = grouped(order, [(0,), (1,)], lambda key: few if key == (1,) else full, CPU, small=10)
    assert [kind.is_sparse for kind in both.kinds] == [False, True]
    x = torch.rand(1, 2, 50, 3, dtype=torch.float64, generator=generator)
    for found, matrix, mine in zip(both.traces(x)[0], (full, few), x[0], strict=True):
        assert torch.allclose(found, matrix @ mine, rtol=1e-12)
    for found, matrix, mine in zip(both.back(both.traces(x))[0], (full, few), x[0], strict=True):
        assert torch.allclose(found, matrix.T @ matrix @ mine, rtol=1e-12)
