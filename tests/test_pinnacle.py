"""PINNacle's tasks: each is stated, its exact solution leaves nothing, a mutant does; truths and scores are what they say."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable
from functools import cache
from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import eye_array

from benchmarks.pinnacle import bound
from benchmarks.pinnacle.one import TASKS
from benchmarks.pinnacle.published import BEST, CORRECTED
from benchmarks.pinnacle.recipes import power_law_field, seen_by_grid
from benchmarks.pinnacle.score import followed, scored
from benchmarks.pinnacle.table import NAMES, WANTED, factor, table
from benchmarks.pinnacle.truth import TRUTHS
from benchmarks.pinnacle.truths.elements import Space
from benchmarks.pinnacle.truths.mesh import Hole, plane
from benchmarks.pinnacle.truths.record import Truth, difference
from benchmarks.pinnacle.truths.steps import implicit
from pinnsolve import Problem
from pinnsolve.checks.check import check
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields
from pinnsolve.problem_file import load

# What the check says, beside nothing: a word of each finding that a task's docstring is about.
FOUND = {
    "gs": {"layer of width"},
    "heat2d_ms": {"very different size"},
    "ks": {"very different size"},
    "pinv": {"no condition"},  # data decide
    "hinv": {"no condition", "conditions at the start"},
}


SLOW = {
    "poisson2d_ms", "heat2d_cg", "burgers2d_c", "hnd", "poisson3d_cg", "heat2d_vc", "wave2d_cg", "pnd", "ns2d_cg",
}  # fmt: skip  # the check takes 1 to 22 s of these


@cache
def task(name: str) -> Problem:
    return load(TASKS / f"{name}.py").problem


def test_all_22_tasks_have_a_file_a_truth_and_a_published_error() -> None:
    files = {path.stem for path in TASKS.glob("[a-z]*.py")}
    assert files == set(NAMES) == set(TRUTHS) == set(BEST) and len(files) == 22 and set(CORRECTED) < files


@pytest.mark.parametrize("name", sorted(NAMES))
def test_a_task_passes_the_check_or_finds_what_is_said_of_it(name: str) -> None:
    if name in SLOW:
        assert task(name).tolerance > 0
        return
    said = check(task(name)).warnings
    words = FOUND.get(name, set())
    assert all(any(word in line for word in words) for line in said), said
    assert all(any(word in line for line in said) for word in words), said


# ------------------------------------------------------------ exact solutions, put in as jets


def stripes(x: Any, y: Any, t: Any) -> Any:
    return torch.sin(20 * pi * x) * torch.sin(pi * y) * torch.exp(-1.0016 * t)


def two_modes(x: Any, t: Any) -> Any:
    return torch.sin(pi * x) * torch.cos(2 * pi * t) + torch.sin(4 * pi * x) * torch.cos(8 * pi * t) / 2


EXACT: dict[str, dict[str, Any]] = {"heat2d_ms": {"u": stripes}, "wave1d_c": {"u": two_modes}}
for each in ("wave2d_ms", "pnd", "hnd", "pinv", "hinv"):
    EXACT[each] = dict(task(each).reference.solutions)  # type: ignore[union-attr]


def left(name: str, factor: float = 1.0) -> float:
    """The largest residual of equations and conditions, with the solution multiplied by a factor."""
    problem, found = task(name), []
    every = frozenset(problem.coordinates)
    for equation in (*problem.equations, *problem.conditions):
        pieces = [problem.domain.interior] if equation in problem.equations else problem.pieces(equation)
        for piece in pieces:
            points = piece.draw(40, "sobol", torch.Generator().manual_seed(0))
            chart, at = points.chart()
            known = Fields(chart, dict(at))
            values = {u: factor * known.value(f, "the solution") for u, f in EXACT[name].items()}
            solution = {u: Jet(chart, v.partial, (len(points),), every) for u, v in values.items()}
            found.append(equation.residual(problem.fields(chart, at, solution, points)).value.abs().max())
    return float(max(found))


@pytest.mark.parametrize("name", sorted(EXACT))
def test_exact_solutions_leave_no_residual_and_wrong_ones_do(name: str) -> None:
    """Rounding alone, of terms of up to a thousand; 2 % off leaves 1e-2 at least."""
    assert left(name) < 1e-9
    assert left(name, 1.02) > 1e-2


# ------------------------------------------------------------ truths


def test_the_random_field_is_that_of_the_benchmark() -> None:
    """Its own checks: c = 12 on 52.0 % of the nodes, a between 0.0604 and 14.24."""
    g = power_law_field()
    assert round(float((g > 0).mean()), 3) == 0.520
    assert np.exp(g).min() == pytest.approx(0.0604, abs=5e-5) and np.exp(g).max() == pytest.approx(14.24, abs=5e-3)


def test_elements_around_a_disc_converge_as_their_degree_rises() -> None:
    """log r between a disc and a square: areas, rims and values, a hundred times better with four degrees more."""
    wrong = []
    for n in (4, 8):
        space = Space(plane([-1, 0.1, 1], [-1, 0.2, 1], [Hole(0.1, 0.2, 0.4, 0.6)]), n)
        x, y = space.places.T
        log = np.log(np.hypot(x - 0.1, y - 0.2))
        rim = (np.hypot(x - 0.1, y - 0.2) < 0.4 + 1e-9) | (np.maximum(abs(x), abs(y)) > 1 - 1e-9)
        assert abs(space.weight.sum() - (4 - pi * 0.16)) < 1e-4
        _, length = space.rim(lambda x, y: np.hypot(x - 0.1, y - 0.2) < 0.41)
        assert length.sum() == pytest.approx(0.8 * pi, abs=1e-4)
        wrong.append(np.abs((space.stiffness() @ log)[~rim]).max())
    assert wrong[1] < wrong[0] / 100


def test_steps_in_time_are_of_order_four() -> None:
    """u' = -u + cos t: halving the step divides the error by 16, within 0.2 of the order."""
    one = eye_array(1).tocsr()

    def wrong(count: int) -> float:
        *_, end = implicit(one, one, lambda t: np.array([np.cos(t)]), np.zeros(1), np.linspace(0, 2, count + 1))
        return abs(float(end[0]) - (np.cos(2) + np.sin(2) - np.exp(-2)) / 2)

    assert np.log2(wrong(10) / wrong(20)) == pytest.approx(4, abs=0.2)


# ------------------------------------------------------------ scores


def record_of(name: str, error: float, own: float = 1e-9) -> dict[str, Any]:
    return {
        "task": name, "errors": {"joint": error, "outputs": {"u": error}, "solved": 1.0, "joint where solved": error},
        "own": {"u": own, "joint": own}, "seconds": 1.0, "cpu_seconds": 1.0, "outcome": "converged", "estimate": 1e-3,
        "tolerance": 1e-2, "words": "converged", "truth": "exact",
    }  # fmt: skip


def test_the_joint_error_is_that_of_all_outputs_together() -> None:
    true = Truth({"x": np.arange(4.0)}, {"u": np.full(4, 3.0), "a": np.full(4, 4.0)}, {"u": 0.0, "a": 0.0}, "")
    told = scored("pinv", true, {"u": np.full(4, 3.3), "a": np.full(4, 4.0)})
    assert told["joint"] == pytest.approx(0.3 / 5) and told["outputs"] == {"u": pytest.approx(0.1), "a": 0.0}


def test_places_without_a_value_have_no_error_and_are_counted() -> None:
    true = Truth({"t": np.arange(4.0)}, {"u": np.ones(4)}, {"u": 0.0}, "")
    told = scored("heat2d_ms", true, {"u": np.array([1.0, 1.1, np.nan, np.nan])})
    assert told["joint"] is None and told["solved"] == 0.5
    assert told["joint where solved"] == pytest.approx(difference(np.array([1.0, 1.1]), np.ones(2)))


def test_what_is_scored_apart() -> None:
    """u - 1 of GS, so that the trivial answer scores one; the pressure of a cavity less its mean."""
    places = {"x": np.array([0.0, 0.2, 0.5, 0.9]), "y": np.array([0.0, 0.1, 0.5, 0.2])}
    u = np.array([1.0, 0.9, 0.5, 1.0])
    true = Truth(places, {"u": u, "v": 1 - u}, {}, "")
    assert scored("gs", true, {"u": np.ones(4), "v": np.zeros(4)})["outputs"] == {"u - 1": 1.0, "v": 1.0}
    flow = dataclasses.replace(true, values={"u": u, "v": u, "p": u})
    told = scored("ns2d_c", flow, {"u": u, "v": u, "p": u + 7})
    assert max(told["outputs"].values()) < 1e-14 < told["joint"]


def test_how_far_a_chaotic_solution_is_followed() -> None:
    t, true = np.repeat([0.1, 0.2, 0.3], 2), np.ones(6)
    assert followed(t, true + np.repeat([0.0, 0.009, 0.011], 2), true) == 0.2


def test_a_factor_counts_no_more_than_the_truth_knows() -> None:
    best = BEST["ks"][0]
    assert factor(record_of("ks", best / 100)) == pytest.approx(100)
    assert factor(record_of("ks", 1e-12, own=best / 20)) == pytest.approx(20)


def test_the_table_has_a_row_for_each_task_and_says_what_failed() -> None:
    failed = {"task": "gs", "outcome": "failed", "words": "MemoryError"}
    text = table({"ks": record_of("ks", 1e-5), "gs": failed})
    assert text.count("](pinnacle/tasks/") == 22 and "MemoryError" in text and "not run" in text
    assert "1 are ten times or more below" in text and Path(TASKS / "ks.py").exists()


def test_what_noise_leaves_open_is_told_by_slopes_that_are_known() -> None:
    """u answers to a factor of the conductivity by -u; a swing with one shape decays as its eigenvalue says (mutant: a
    flipped sign in `bound.Plate.pushed`). One number alone leaves a relative error of s/(|u| in the data)."""
    x, y, t = np.random.default_rng(0).uniform(0.1, 0.9, (3, 50))
    varied = bound.Plate((0.0, 1.0), lambda x, y: 1 / (1 + x**2 + y), bound.temperature)
    assert np.allclose(bound.steady(varied, [varied.conductivity], x, y)[:, 0], -bound.temperature(x, y), atol=1e-9)
    one = bound.Plate((-1.0, 1.0), lambda x, y: 1 + 0 * x, bound.temperature)
    rate = 2 * pi**2
    wanted = bound.temperature(x, y) * rate / (rate - 1) * (np.exp(-rate * t) - np.exp(-t))
    assert np.allclose(bound.moving(one, [one.conductivity], x, y, t)[:, 0], wanted, atol=1e-9)
    u = bound.temperature(*seen_by_grid()[:2])[:, None]
    assert bound.expected(u, u, 0 * u, float(np.sqrt(np.mean(u**2)))) == pytest.approx(
        0.1 / np.linalg.norm(u), rel=1e-12
    )


@pytest.mark.parametrize(("name", "made"), [("pinv", bound.pinv), ("hinv", bound.hinv)])
def test_noise_keeps_any_unbiased_method_from_ten_times_below(name: str, made: Callable[[int], float]) -> None:
    assert made(1) > 2 * BEST[name][0] / WANTED
