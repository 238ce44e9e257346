"""What is found beside a solution: errors that come from data and equations, and constants that nothing tells."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import sin

from pinnsolve import (
    MLP,
    Box,
    LevenbergMarquardt,
    Newton,
    Problem,
    RandomFeatures,
    Unknown,
    compare,
    condition,
    d,
    dirichlet,
    exact,
    face,
    initial,
    observed,
    solve,
)
from pinnsolve.inverse.record import Constant, Identified
from pinnsolve.solution import Solution

PI = math.pi
FEATURES = {"network": RandomFeatures(100, (1.0, 2.0)), "method": Newton(), "budget": 60}


def heat(u, x, t, k):  # type: ignore[no-untyped-def]
    return d(u, t) - k * d(u, x, x)


def mode(k: float = 0.3) -> Any:
    return lambda x, t: np.exp(-k * PI**2 * t) * np.sin(PI * x)


def rod(equation: Any, data: Any, parameters: dict[str, Any], **changes: Any) -> Problem:
    given: dict[str, Any] = {
        "space": Box(x=(0, 1)), "time": (0, 1), "unknowns": "u", "equations": equation, "parameters": parameters,
        "conditions": [initial(u=lambda x: sin(PI * x)), dirichlet(u=0), data], "reference": None, "tolerance": 1e-2,
    }  # fmt: skip
    return Problem(**{**given, **changes})


def grid(noise: float, rate: float = 0.3 * PI**2, seed: int = 0, **columns: Any) -> Any:
    """Readings of exp(-rate t) sin(pi x) at 9 places and 10 times."""
    x, t = (a.ravel() for a in np.meshgrid(np.linspace(0.1, 0.9, 9), np.linspace(0.1, 1, 10)))
    values = np.exp(-rate * t) * np.sin(PI * x) + noise * np.random.default_rng(seed).standard_normal(len(x))
    return observed(x=x, t=t, u=values, sigma=noise, **columns)


def found(solution: Solution) -> Identified:
    assert solution.training is not None and solution.training.identified is not None
    return solution.training.identified


# ------------------------------------------------------------ what nothing tells


@pytest.mark.parametrize("guess", [0.05, 1.0])
@pytest.mark.parametrize("sigma", [1e-2, 1e-6])
def test_data_at_the_start_alone_say_nothing_of_a_diffusivity_whatever_the_guess(guess: float, sigma: float) -> None:
    x = np.linspace(0.1, 0.9, 50)
    data = observed(x=x, t=0 * x, u=np.sin(PI * x), sigma=sigma)
    solution = solve(rod(heat, data, {"k": Unknown(guess, positive=True)}), **FEATURES)
    told = found(solution)
    assert told.constants["k"].standard_error == math.inf and told.undetermined == ["k"]
    assert any("nothing determines k" in w for w in told.warnings)
    assert solution.training is not None and solution.training.outcome.kind == "undetermined"
    assert solution.training.estimate is None


def test_of_a_single_mode_decay_and_diffusion_are_told_only_together() -> None:
    """Only D pi^2 + k is in the data."""

    def decay(u, x, t, D, k):  # type: ignore[no-untyped-def]
        return d(u, t) - D * d(u, x, x) + k * u

    data = grid(0.01, rate=0.1 * PI**2 + 1.0, seed=1)
    told = found(solve(rod(decay, data, {"D": Unknown(0.2, positive=True), "k": Unknown(0.5)}), **FEATURES))
    assert all(c.standard_error == math.inf for c in told.constants.values())
    assert any("the data tell D and k only together" in w for w in told.warnings)
    known = found(solve(rod(decay, data, {"D": 0.1, "k": Unknown(0.5)}), **FEATURES)).constants["k"]
    assert abs(known.value - 1.0) < 3 * known.standard_error < 0.1


def test_of_a_product_neither_factor_is_told_and_no_verdict_is_a_pass() -> None:
    def product(u, x, t, a, b):  # type: ignore[no-untyped-def]
        return d(u, t) - a * b * d(u, x, x)

    problem = rod(product, grid(0.01), {"a": Unknown(1.0), "b": Unknown(1.0)}, tolerance=0.1, reference=exact(u=mode()))
    solution = solve(problem, **FEATURES)
    told = found(solution)
    assert all(c.standard_error == math.inf for c in told.constants.values())
    assert any("a and b only together" in w for w in told.warnings)
    comparison = compare(solution, problem.reference(problem))  # type: ignore[operator]
    assert comparison.verdict == "unconfirmed" and "nothing determines a and b" in comparison.reason


def test_noise_alone_tells_no_diffusivity() -> None:
    """Readings where the rod stays cold: with any conductivity they are what they are."""
    t = np.linspace(0.1, 1, 40)
    data = observed(x=0.5, t=t, u=0.01 * np.random.default_rng(3).standard_normal(40), sigma=0.01)
    cold = [initial(u=0), dirichlet(u=0), data]
    told = found(solve(rod(heat, data, {"k": Unknown(0.2, positive=True)}, conditions=cold), **FEATURES))
    assert told.constants["k"].standard_error == math.inf


def test_a_constant_that_the_equations_tell_needs_no_data() -> None:
    """A flux too many at a wall: u'' = -q, u(0) = u(1) = 0 and u'(0) = 1 leave q = 2 alone."""

    def poisson(u, x, q):  # type: ignore[no-untyped-def]
        return d(u, x, x) + q

    walls = [dirichlet(u=0), condition(lambda u, x: d(u, x) - 1, on=face(x=0))]
    problem = Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=poisson, conditions=walls, parameters={"q": Unknown(1.0)},
        reference=None,
    )  # fmt: skip
    told = found(solve(problem, **FEATURES))
    assert told.constants["q"].value == pytest.approx(2.0, abs=1e-6)
    assert told.constants["q"].standard_error < 1e-4 and not told.undetermined


# ------------------------------------------------------------ what is told


def test_noise_is_a_part_of_the_estimate_and_of_the_outcome() -> None:
    """Nine places in the middle of a rod whose walls and start are not known."""
    data = grid(0.05)
    problem = rod(heat, data, {"k": Unknown(0.2, positive=True)}, conditions=[data])
    solution = solve(problem, budget=30)
    assert solution.training is not None
    told, estimate = found(solution), solution.training.estimate
    assert told.noise is not None and estimate is not None and estimate >= told.noise > 1e-2
    assert solution.training.outcome.kind != "converged"
    truth = compare(solution, exact(u=mode())(problem)).errors["u"].relative_l2
    assert truth < 3 * estimate


def test_an_alias_between_the_bounds_is_told_or_not_ruled_out() -> None:
    """An oscillation that is read once in two units of time: w and pi - w are the same to the readings."""

    def oscillator(u, t, w):  # type: ignore[no-untyped-def]
        return d(u, t, t) + w**2 * u

    t = np.arange(6) * 2.0
    data = observed(t=t, u=np.cos(t) + 0.01 * np.random.default_rng(0).standard_normal(6), sigma=0.01)
    for bounds, other in (((0.5, 3.0), True), ((0.8, 1.2), False)):
        problem = Problem(
            time=(0, 10), unknowns="u", equations=oscillator, conditions=[initial(u=1.0), data], reference=None,
            parameters={"w": Unknown(1.1, bounds=bounds)},
        )  # fmt: skip
        told = found(solve(problem, **{**FEATURES, "network": RandomFeatures(200, (1.0, 2.0))}))
        words = [w for w in told.warnings if "not ruled out" in w or "several values do" in w]
        assert bool(words) is other, told.warnings


def test_a_run_without_time_says_that_its_errors_were_not_checked() -> None:
    data = grid(0.02)
    network, method = MLP(16, 2), LevenbergMarquardt(steps=5)
    solution = solve(rod(heat, data, {"k": Unknown(0.2, positive=True)}), network=network, method=method, budget=0.1)
    assert any("standard error of k is linearised" in w for w in found(solution).warnings)


# ------------------------------------------------------------ the numbers below


@pytest.mark.parametrize(
    "unknown", [Unknown(0.2, positive=True), Unknown(-3.0), Unknown(0.0), Unknown(0.3, bounds=(0.1, 0.9))]
)
def test_what_is_trained_gives_the_value_back(unknown: Unknown) -> None:
    for value in (0.15, 0.3, 0.8):
        assert float(unknown.value(torch.tensor([unknown.trained(value)], dtype=torch.float64))) == pytest.approx(value)


def test_an_error_without_end_is_said() -> None:
    assert str(Constant(0.25, math.inf)) == "0.25 +- inf" and Constant(0.25, math.inf).endless
