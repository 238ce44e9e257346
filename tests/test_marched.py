"""The march over cells: orders from theory, right answers for declarations of every kind, and honest ends."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import cos, cosh, exp, sin, where

from pinnsolve import (
    Box,
    Problem,
    Solution,
    condition,
    d,
    dirichlet,
    face,
    initial,
    initial_rate,
    neumann,
    periodic,
    solve,
)
from pinnsolve.cells.equation_sizes import equation_sizes
from pinnsolve.cells.implicit_step import Scheme, Step
from pinnsolve.cells.line_traces import joined
from pinnsolve.geometry.points import Points
from pinnsolve.march.growth import growth, square_is_better
from pinnsolve.march.keeping import restore, stored
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.record import Accuracy
from pinnsolve.march.second import distance, richer, slabs
from pinnsolve.march.start import at_start
from pinnsolve.march.step_solver import StepSolver
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.tiles import Tiles
from pinnsolve.trial.determined import UnmarchableError, Wall, determined, equations_of
from pinnsolve.trial.marched import Marched
from problems.burgers import problem as burgers
from tests.cases.sixteen_species import problem as sixteen_species
from validation.marched import read, row, trial_of

CPU = torch.device("cpu")
pi = math.pi


def problem(
    equations: Any, conditions: list[Any], unknowns: Any = "u", length: float = 1.0, time: float = 1.0
) -> Problem:
    return Problem(
        space=Box(x=(0, length)), time=(0, time), unknowns=unknowns, equations=equations, conditions=conditions,
        reference=None,
    )  # fmt: skip


def heat(u: Any, x: Any, t: Any) -> Any:
    return d(u, t) - d(u, x, x)


def advection(u: Any, x: Any, t: Any) -> Any:
    return d(u, t) + d(u, x)


def wave(u: Any, x: Any, t: Any) -> Any:
    return d(u, t, t) - d(u, x, x)


HEAT = problem(heat, [initial(u=lambda x: sin(pi * x)), dirichlet(u=0)], time=0.2)
RING = problem(advection, [initial(u=lambda x: sin(2 * pi * x)), periodic("x")])
WAVE = problem(wave, [initial(u=lambda x: sin(pi * x)), initial_rate(u=0), dirichlet(u=0)])
EXACT: dict[int, Callable[..., Any]] = {
    id(HEAT): lambda x, t: np.exp(-(pi**2) * t) * np.sin(pi * x),
    id(RING): lambda x, t: np.sin(2 * pi * (x - t)),
    id(WAVE): lambda x, t: np.cos(pi * t) * np.sin(pi * x),
}


def at(trial: Any, x: Any, t: Any, unknown: str = "u") -> Any:
    points = Points({"x": torch.as_tensor(x), "t": torch.as_tensor(t)}, torch.ones(len(x), dtype=torch.float64))
    return trial.unknowns(trial.prepare(points))[unknown].value.numpy()


def steps_of(declared: Problem, degree: int, stages: int, cells: int, steps: int) -> list[Step]:
    """Equal steps on equal cells."""
    evolution, _ = read(declared)
    scheme, mesh = Scheme(evolution, degree, stages, CPU), Tiles.begun(evolution.extent, cells, [()], CPU)
    length, start, found = evolution.times[1] / steps, at_start(scheme, mesh), []
    solver = StepSolver(scheme, torch.ones(scheme.fields, dtype=torch.float64), 1e-12)
    for k in range(steps):
        step = Step(
            scheme,
            mesh,
            k * length,
            length,
            start,
            joined(start.values.expand(stages, -1, -1, -1), mesh, scheme.evolution, scheme.cell),
        )
        scheme.weights = equation_sizes(step) if scheme.weights is None else scheme.weights
        assert solver.solve(step)
        found.append(step)
        start = step.end()
    return found


def error_at_the_end(declared: Problem, *how: int) -> float:
    steps = steps_of(declared, *how)
    x = np.linspace(0.01, 0.99, 197)
    end = steps[-1].begin + steps[-1].length
    found = at(trial_of(declared, read(declared)[1], steps), x, np.full_like(x, end))
    truth = EXACT[id(declared)](x, end)
    return float(np.linalg.norm(found - truth) / np.linalg.norm(truth))


@pytest.mark.parametrize("declared", [HEAT, RING, WAVE])
@pytest.mark.parametrize("stages", [2, 3])
def test_the_error_falls_with_the_step_as_radau_says(declared: Problem, stages: int) -> None:
    counts = (8, 16) if stages == 2 else (3, 6)
    few, many = (error_at_the_end(declared, 13, stages, 4, n) for n in counts)
    assert math.log2(few / many) == pytest.approx(2 * stages - 1, abs=0.4)


@pytest.mark.parametrize(("declared", "order"), [(HEAT, 6), (RING, 6)])
def test_the_error_falls_with_the_cells_at_least_as_degree_plus_one(declared: Problem, order: int) -> None:
    few, many = (error_at_the_end(declared, 5, 7, n, 12) for n in (4, 8))
    assert math.log2(few / many) > order - 0.4


def test_burgers_front_is_right_to_1e_5_and_the_second_march_says_so() -> None:
    found = row("burgers", burgers, Accuracy(11, 5, 1e-5, 1e-3))
    assert found.march.honest and found.errors[0] < 1e-5
    assert found.estimates[0] == pytest.approx(found.errors[0], rel=0.5)
    assert found.march.largest < 30


def once(declared: Problem, tolerance: float) -> tuple[Any, Any, Marcher]:
    evolution, made = read(declared)
    marcher = Marcher(evolution, Accuracy(11, 5, tolerance, 100 * tolerance), CPU)
    march = marcher.run()
    return trial_of(declared, made, march.steps), march, marcher


def marched(declared: Problem, tolerance: float = 1e-5) -> tuple[Any, Any, list[float]]:
    trial, march, marcher = once(declared, tolerance)
    second = richer(march.scheme, slabs(march.steps), marcher.solver)
    assert second is not None
    far = distance(march.steps, second)
    return trial, march, (far.difference / far.norm).tolist()


def error(
    declared: Problem, exact: dict[str, Callable[..., Any]], tolerance: float = 1e-5
) -> tuple[list[float], list[float]]:
    trial, march, estimates = marched(declared, tolerance)
    assert march.honest and march.status == "done"
    generator = np.random.default_rng(0)
    x, t = (generator.uniform(*declared.domain.ends(c), 500) for c in "xt")
    away = [(at(trial, x, t, u) - f(x, t), f(x, t)) for u, f in exact.items()]
    return [float(np.linalg.norm(a) / np.linalg.norm(b)) for a, b in away], estimates


DECLARED: dict[str, tuple[Problem, dict[str, Callable[..., Any]]]] = {
    "robin": (
        problem(
            heat,
            [initial(u=lambda x: cos(x)), neumann(u=0, on=face(x=0)),
             condition(lambda u, x, nx: nx * d(u, x) + math.tan(1) * u, on=face(x=1))],
        ),
        {"u": lambda x, t: np.exp(-t) * np.cos(x)},
    ),
    "walls that move": (
        problem(lambda u, x, t: d(u, t) + u * d(u, x) - 0.1 * d(u, x, x), [initial(u=lambda x: 1 / (1 + exp(5 * x))), dirichlet(u=lambda x, t: 1 / (1 + exp(5 * x - 2.5 * t)))]),
        {"u": lambda x, t: 1 / (1 + np.exp(5 * x - 2.5 * t))},
    ),
    "a flux as an unknown": (
        problem([lambda u, s, x, t: d(u, t) - d(s, x), lambda u, s, x: s - d(u, x)],
                [initial(u=lambda x: sin(pi * x)), dirichlet(u=0)], ("u", "s"), time=0.2),
        {"u": lambda x, t: np.exp(-(pi**2) * t) * np.sin(pi * x), "s": lambda x, t: pi * np.exp(-(pi**2) * t) * np.cos(pi * x)},
    ),
    "a rate as an unknown": (
        problem([lambda u, v, x, t: d(u, t) - v, lambda u, v, x, t: d(v, t) - d(u, x, x)],
                [initial(u=lambda x: sin(pi * x), v=0), dirichlet(u=0)], ("u", "v"), time=2.0),
        {"u": lambda x, t: np.cos(pi * t) * np.sin(pi * x), "v": lambda x, t: -pi * np.sin(pi * t) * np.sin(pi * x)},
    ),
    "a beam": (
        problem(lambda u, x, t: d(u, t, t) + d(u, x, x, x, x),
                [initial(u=lambda x: sin(pi * x)), initial_rate(u=0), dirichlet(u=0), condition(lambda u, x: d(u, x, x))], time=0.5),
        {"u": lambda x, t: np.cos(pi**2 * t) * np.sin(pi * x)},
    ),
    "each place for itself": (
        problem(lambda u, x, t: d(u, t) + u**2, [initial(u=lambda x: 1 + x)]),
        {"u": lambda x, t: (1 + x) / (1 + (1 + x) * t)},
    ),
    "kelvin and kilometres": (
        problem(heat, [initial(u=lambda x: 300 + 10 * sin(pi * x / 1000)), dirichlet(u=300)], length=1000.0, time=1e5),
        {"u": lambda x, t: 300 + 10 * np.exp(-((pi / 1000) ** 2) * t) * np.sin(pi * x / 1000)},
    ),
    "light enters glass": (
        problem([lambda E, H, x, t: where(x < 0.6, 1, 4) * d(E, t) - d(H, x), lambda E, H, x, t: d(H, t) - d(E, x)],
                [initial(E=lambda x: exp(-(((x - 0.3) / 0.05) ** 2)), H=lambda x: -exp(-(((x - 0.3) / 0.05) ** 2))),
                 condition(lambda E, H: E - H, on=face(x=0)), condition(lambda E, H: 2 * E + H, on=face(x=1))], ("E", "H"), time=0.4),
        {"E": lambda x, t: np.where(x < 0.6, np.exp(-(((x - t - 0.3) / 0.05) ** 2)) - np.exp(-(((0.9 - x - t) / 0.05) ** 2)) / 3,
                                    2 / 3 * np.exp(-(((0.3 - t + 2 * (x - 0.6)) / 0.05) ** 2)))},
    ),
    "a soliton": (
        Problem(space=Box(x=(-15, 15)), time=(0, 1), unknowns=("u", "v"), reference=None,
                equations=[lambda u, v, x, t: d(u, t) + d(v, x, x) / 2 + (u**2 + v**2) * v,
                           lambda u, v, x, t: d(v, t) - d(u, x, x) / 2 - (u**2 + v**2) * u],
                conditions=[initial(u=lambda x: cos(x) / cosh(x), v=lambda x: sin(x) / cosh(x)), dirichlet(u=0, v=0)]),
        {"u": lambda x, t: np.cos(x) / np.cosh(x - t), "v": lambda x, t: np.sin(x) / np.cosh(x - t)},
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", DECLARED)
def test_declarations_of_every_kind_come_out_right(name: str) -> None:
    errors, estimates = error(*DECLARED[name])
    assert max(errors) < 2e-4
    for one, estimate in zip(errors, estimates, strict=False):
        assert estimate > 0.5 * one


@pytest.mark.parametrize("place", [0.5, 0.3])
def test_heat_from_a_tent_is_right(place: float) -> None:
    def tent(x: Any) -> Any:
        return where(x < place, x / place, (1 - x) / (1 - place))

    def exact(x: Any, t: Any) -> Any:
        n = np.arange(1, 400)[:, None]
        weight = 2 * np.sin(n * pi * place) / (n * pi) ** 2 / (place * (1 - place))
        return (weight * np.sin(n * pi * x) * np.exp(-((n * pi) ** 2) * t)).sum(0)

    declared = problem(heat, [initial(u=tent), dirichlet(u=0)], time=0.1)
    errors, estimates = error(declared, {"u": exact}, 1e-4)
    assert errors[0] < 1e-4 and estimates[0] > 0.3 * errors[0]


def test_a_wall_that_jumps_ends_a_step() -> None:
    declared = problem(heat, [initial(u=0), dirichlet(u=lambda t: where(t > 0.3, 1.0, 0.0) + 0 * t, on=face(x=0)), dirichlet(u=0, on=face(x=1))])  # fmt: skip
    trial, march, _ = marched(declared, 1e-3)
    assert march.honest and march.rough
    assert any(abs(s.begin - 0.3) < 1e-9 for s in march.steps)
    x = np.array([0.2, 0.5])
    n = np.arange(1, 200)[:, None]
    truth = 1 - x - (2 / (n * pi) * np.sin(n * pi * x) * np.exp(-((n * pi) ** 2) * 0.05)).sum(0)
    assert at(trial, x, np.full(2, 0.35)) == pytest.approx(truth, abs=1e-3)


def test_a_pulse_in_time_is_not_stepped_over() -> None:
    declared = problem(lambda u, x, t: d(u, t) - d(u, x, x) - 1000 * exp(-(((t - 0.371) / 1e-3) ** 2)), [initial(u=0), neumann(u=0)])  # fmt: skip
    trial, _, _ = once(declared, 3e-3)
    assert at(trial, np.array([0.5]), np.array([0.9])) == pytest.approx(1e3 * 1e-3 * pi**0.5, rel=1e-3)


def test_derivatives_of_the_solution_are_those_of_the_exact_one() -> None:
    trial, _, _ = marched(HEAT, 1e-7)
    x, t = np.array([0.21, 0.5, 0.83]), np.array([0.05, 0.1, 0.19])
    prepared = trial.prepare(Points({"x": torch.tensor(x), "t": torch.tensor(t)}, torch.ones(3, dtype=torch.float64)))
    u = trial.unknowns(prepared)["u"]
    truth = np.exp(-(pi**2) * t) * np.sin(pi * x)
    assert u.dense((0, 1)).numpy() == pytest.approx(-(pi**2) * truth, rel=1e-3)
    assert u.dense((2, 0)).numpy() == pytest.approx(-(pi**2) * truth, rel=1e-3)


def test_a_marched_solution_is_kept_as_one_vector() -> None:
    trial, march, _ = marched(RING)
    other = trial_of(RING, read(RING)[1], march.steps[:1])
    other.restore(trial.tensors())
    x, t = np.linspace(0, 1, 9), np.linspace(0, 1, 9)
    assert np.array_equal(at(other, x, t), at(trial, x, t))
    assert other.complete and other.parameters_count == trial.parameters_count


def test_a_march_that_is_stopped_says_how_far_it_came() -> None:
    asked = iter([False] * 3)
    evolution, made = read(RING)
    march = Marcher(evolution, Accuracy(), CPU, lambda: next(asked, True)).run()
    assert march.status == "budget" and not march.honest and 0 < march.reached < 1
    trial = trial_of(RING, made, march.steps)
    assert not trial.complete and "nothing is solved" in trial.missing


@pytest.mark.parametrize(
    ("declared", "why"),
    [
        (problem(lambda u, x, t: d(u, t) - where(x < 0.5, 1.0, 9.0) * d(u, x, x), [initial(u=lambda x: sin(pi * x)), dirichlet(u=0)]), "a coefficient jumps"),
        (problem(heat, [initial(u=0), dirichlet(u=0, on=face(t=1)), dirichlet(u=0)]), "no value or rate where time begins"),
        (problem(wave, [initial(u=0), dirichlet(u=0)]), "at which rate u starts"),
        (Problem(space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x: d(u, x, x), conditions=[dirichlet(u=0)], reference=None), "one to three of space with time"),
    ],
)  # fmt: skip
def test_what_is_no_evolution_says_why(declared: Problem, why: str) -> None:
    with pytest.raises(UnmarchableError, match=why):
        read(declared)


def test_steps_do_not_follow_the_phase_of_what_swings() -> None:
    """A mode for two periods: few lengths, and hardly a step that is too long (mutant: 9 of 26 are)."""
    swings = problem(wave, [initial(u=lambda x: sin(pi * x)), initial_rate(u=0), dirichlet(u=0)], time=4.0)
    marcher = Marcher(read(swings)[0], Accuracy(11, 5, 1e-5, 1e-3), CPU)
    record = marcher.run()
    assert record.status == "done" and record.rejected <= 3 and record.counts.factorisations <= 14


def test_the_form_of_a_pair_is_chosen_at_the_degrees_with_which_it_is_solved() -> None:
    """Least squares of degree 15 let Schroedinger's equation grow by e^20 and more in all of time, and those of degree 7
    by no more than the equation does (mutant: always degree 7); against winds both ways they serve at any degree."""
    beats, _ = read(DECLARED["a soliton"][0])
    winds, _ = read(problem(
        [lambda u, v, x, t: d(u, t) + d(u, x) - 1e-4 * d(u, x, x), lambda u, v, x, t: d(v, t) - d(v, x) - 1e-4 * d(v, x, x)],
        [initial(u=lambda x: sin(pi * x), v=0), dirichlet(u=0, v=0)], ("u", "v"), time=1.0,
    ))  # fmt: skip
    closed = [initial(u=lambda x: 2 / cosh(x), v=0), periodic("x")]
    ring, _ = read(DECLARED["a soliton"][0].replaced(conditions=closed, space=Box(x=(-5, 5))))
    assert not square_is_better(ring, 5, 1, CPU) and square_is_better(ring, 13, 7, CPU)
    assert not square_is_better(beats, 5, 1, CPU) and not square_is_better(winds, 13, 7, CPU)


@pytest.mark.parametrize("eps", [4, 25])
def test_light_in_glass_does_not_grow_in_its_own_energy(eps: int) -> None:
    """With rows that are not weighed by 1/sqrt(eps), eps = 25 grows by e^17 (mutant: `Operator._masses` of ones)."""
    glass = problem(
        [lambda E, H, x, t: where(x < 0.6, 1, eps) * d(E, t) - d(H, x), lambda E, H, x, t: d(H, t) - d(E, x)],
        [initial(E=lambda x: exp(-(((x - 0.3) / 0.1) ** 2)), H=0), dirichlet(E=0)], ("E", "H"), time=4.0,
    )  # fmt: skip
    assert growth(read(glass)[0], False, CPU) < 1e-6


def test_equations_of_second_order_in_time_are_collocated_at_as_many_points_as_numbers_are_open() -> None:
    for declared, points in ((WAVE, 8), (HEAT, 10), (RING, 10)):
        assert Scheme(read(declared)[0], 9, 3, CPU).points == points


def test_guesses_are_joined_before_newtons_method() -> None:
    """Gaps of a guess would stay, and grow from step to step (mutant: `Marcher._step` without `joined`)."""
    evolution, _ = read(burgers)
    scheme, mesh = Scheme(evolution, 7, 3, CPU), Tiles.begun(evolution.extent, 5, [()], CPU)
    c = joined(
        at_start(scheme, mesh).values + 0.1 * torch.rand(5, 1, 8, dtype=torch.float64),
        mesh,
        scheme.evolution,
        scheme.cell,
    )
    for k in range(2):
        left, right = c[:, 0] @ scheme.cell.end(k)[0], c[:, 0] @ scheme.cell.end(k)[1]
        assert torch.allclose(left[1:], right[:-1], atol=1e-10)


@pytest.mark.parametrize("declared", [burgers, WAVE])
def test_a_march_goes_on_from_plain_values_to_the_same_bits(declared: Problem) -> None:
    evolution, _ = read(declared)
    accuracy = Accuracy(9, 3, 1e-3, 1e-1)
    whole, cut = Marcher(evolution, accuracy, CPU), Marcher(evolution, accuracy, CPU)
    for _ in range(4):
        assert whole.advance() and cut.advance()
    again = Marcher(evolution, accuracy, CPU)
    restore(again, stored(cut))
    for _ in range(3):
        assert whole.advance() and again.advance()
    assert torch.equal(whole.start.values, again.start.values) and torch.equal(whole.start.rates, again.start.rates)
    assert whole.at == again.at and whole.mesh.places == again.mesh.places


def test_an_automatic_run_takes_cells_and_is_saved(tmp_path: Path) -> None:
    solution = solve(HEAT, budget=20)
    assert solution.training is not None and solution.training.network.startswith("LocalFeatures")
    assert solution.converged and solution.estimate is not None and solution.estimate < 1e-4
    x = np.linspace(0, 1, 5)
    assert solution.u(x=x, t=0.1) == pytest.approx(np.exp(-(pi**2) * 0.1) * np.sin(pi * x), abs=1e-6)
    assert solution.d("u", "t")(x=0.5, t=0.1) == pytest.approx(-(pi**2) * np.exp(-(pi**2) * 0.1), rel=1e-4)
    solution.save(tmp_path / "model.safetensors")
    loaded = Solution.load(tmp_path / "model.safetensors", HEAT)
    assert np.array_equal(loaded.u(x=x, t=0.1), solution.u(x=x, t=0.1))
    assert "cells of" in solution.summary() and solution.parameters_count == loaded.parameters_count


def test_what_is_rough_is_told_with_more_doubt() -> None:
    tent = problem(heat, [initial(u=lambda x: 1 - abs(2 * x - 1)), dirichlet(u=0)], time=0.1)
    kinked = problem(heat, [initial(u=lambda x: x * (1 - x)), periodic("x")], time=0.1)
    for declared, rough in ((HEAT, False), (RING, False), (tent, True), (kinked, True)):
        evolution, made = read(declared)
        assert evolution.rough is rough
        trial = Marched(declared, LocalFeatures(), made)
        trial.read = evolution
        assert trial.doubt == (3.0 if rough else 1.0)


def test_many_equations_are_matched_with_their_unknowns() -> None:
    """By an assignment: to try all orders of sixteen would never end."""
    problem = sixteen_species
    ends = {0: 0.0, 1: 1.0}
    walls = [
        Wall(c, {0: ends[upper]}, (0, upper)) for c in problem.conditions if "dirichlet" in c.name for upper in ends
    ]
    determined(problem, equations_of(problem), walls, (False,), [0])
    with pytest.raises(UnmarchableError, match="31 conditions stand at the walls, and such equations ask for 32"):
        determined(problem, equations_of(problem), walls[1:], (False,), [0])
