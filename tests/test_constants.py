"""Unknown constants over cells: what is found from data, with which errors, and what is said where it is not."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import exp, sin

from pinnsolve import (
    MLP,
    Box,
    LevenbergMarquardt,
    Problem,
    Solution,
    Unknown,
    condition,
    d,
    dirichlet,
    face,
    initial,
    integral,
    neumann,
    observed,
    point,
    solve,
)
from pinnsolve.checks.check import check
from pinnsolve.inverse.record import Identified
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.trial.evolution import evolution
from pinnsolve.trial.exact import verified
from pinnsolve.trial.forward import Forward
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.marched import Marched
from tests.core.common import stopped_after

CPU, PI = torch.device("cpu"), math.pi


# ------------------------------------------------------------ what is found


def heat(u: Any, x: Any, t: Any, k: Any) -> Any:
    return d(u, t) - k * d(u, x, x)


def rod(
    guess: float, noise: float = 0.0, seed: int = 0, length: float = 1.0, unit: float = 1.0, **changes: Any
) -> Problem:
    """k = 0.3 from 150 values of its decaying sine, in other units too."""
    x, t = np.random.default_rng(3).random((2, 150))
    u = np.exp(-0.3 * PI**2 * t) * np.sin(PI * x) + noise * np.random.default_rng([5, seed]).standard_normal(150)
    data = observed(x=length * x, t=t, u=unit * u, sigma=noise * unit or None)
    given: dict[str, Any] = {
        "space": Box(x=(0, length)), "time": (0, 1), "unknowns": "u", "equations": heat, "reference": None,
        "conditions": [initial(u=lambda x: unit * sin(PI * x / length)), dirichlet(u=0), data],
        "parameters": {"k": Unknown(guess * length**2, positive=True)},
    }  # fmt: skip
    return Problem(**{**given, **changes})


def told(solution: Solution) -> Identified:
    assert solution.training is not None and solution.training.identified is not None
    return solution.training.identified


@pytest.mark.parametrize("guess", [0.3 * 16])
def test_a_conductivity_is_found_from_bad_guesses(guess: float) -> None:
    solution = solve(rod(guess), budget=60)
    k = told(solution).constants["k"]
    assert isinstance(solution.trial, Marched) and solution.converged
    assert abs(k.value - 0.3) < 1e-6 and k.standard_error < 1e-5
    assert solution.u(x=0.5, t=0.5) == pytest.approx(math.exp(-0.15 * PI**2), abs=1e-5)


def test_other_units_change_nothing() -> None:
    here, there = (told(solve(rod(1.0, 0.05, **u), budget=60)) for u in ({}, {"length": 1e3, "unit": 1e-4}))
    k, m = here.constants["k"], there.constants["k"]
    assert m.value == pytest.approx(1e6 * k.value, rel=1e-5)
    assert m.standard_error == pytest.approx(1e6 * k.standard_error, rel=1e-3)


def decays(seed: int = 0, **changes: Any) -> Problem:
    """k = 0.7 and what it begins with, three."""

    def decay(u: Any, t: Any, k: Any) -> Any:
        return d(u, t) + k * u

    t = np.linspace(0, 2, 40)
    u = 3 * np.exp(-0.7 * t) + 0.02 * np.random.default_rng([1, seed]).standard_normal(40)
    given: dict[str, Any] = {
        "time": (0, 2), "unknowns": "u", "equations": decay, "reference": None, "tolerance": 0.05,
        "conditions": [initial(u=lambda b: b), observed(t=t, u=u, sigma=0.02)],
        "parameters": {"k": Unknown(0.1, positive=True), "b": Unknown(1.0)},
    }  # fmt: skip
    return Problem(**{**given, **changes})


def test_a_start_that_is_not_said_is_found_too() -> None:
    data = decays()._declared["conditions"][1]
    solution = solve(decays(conditions=[data], parameters={"k": Unknown(0.1, positive=True)}), budget=60)
    said = told(solve(decays(), budget=60)).constants["k"]
    k = told(solution).constants["k"]
    assert isinstance(solution.trial, Lined) and solution.trial.forward.count == 2
    assert k.value == pytest.approx(said.value, rel=1e-4)
    assert k.standard_error == pytest.approx(said.standard_error, rel=1e-2)


def test_start_and_walls_that_are_not_said_are_series() -> None:
    """At the corners they agree, and a level more adds terms that are zero."""
    problem = rod(1.0)
    bare = rod(1.0, conditions=[problem._declared["conditions"][2]])
    forward = Forward(bare, torch.float64, CPU)
    forward.guess()
    before = forward.values()
    known = forward.at(before)
    assert [c.name for c in known.conditions] == ["u on face(t=0)", "u on face(x=0)", "u on face(x=1)"]
    made, _ = verified(bare, check(bare))
    read = evolution(known, made)
    ends = torch.tensor([[0.0], [1.0]], dtype=torch.float64)
    start = read.given(read.starts["u"], ends, 0.0)
    walls = [w.equation.prescribes for w in read.walls]
    assert all(w is not None for w in walls)
    for k, wall in enumerate(walls):
        assert wall is not None
        assert float(read.given(wall, ends[k : k + 1], 0.0)[0]) == pytest.approx(float(start[k]), abs=1e-12)
    forward.rise(1)
    assert forward.count > len(before) and {n: v for n, v in forward.values().items() if n in before} == before


def test_of_a_product_both_factors_are_named() -> None:
    def both(u: Any, t: Any, a: Any, b: Any) -> Any:
        return d(u, t) + a * b * u

    problem = decays(equations=both, parameters={"a": Unknown(1.0), "b": Unknown(1.0)})
    problem = problem.replaced(conditions=[initial(u=3.0), problem._declared["conditions"][1]])
    solution = solve(problem, budget=60)
    assert set(told(solution).undetermined) == {"a", "b"} and not solution.converged
    assert all(c.endless for c in told(solution).constants.values())


def test_noise_that_is_larger_than_stated_is_in_the_errors_and_in_the_outcome() -> None:
    given = decays().observations[0].points
    data = observed(t=given.coordinates["t"].numpy(), u=given.measured["u"].numpy(), sigma=0.002)
    right, wrong = solve(decays(), budget=60), solve(decays(conditions=[initial(u=lambda b: b), data]), budget=60)
    ratio = told(wrong).constants["k"].standard_error / told(right).constants["k"].standard_error
    assert ratio == pytest.approx(1.0, abs=0.3)
    assert wrong.outcome is not None and wrong.outcome.kind == "contradicted" and "chi squared" in str(wrong.outcome)


@pytest.mark.parametrize("network", [None, MLP(8, 1)], ids=["cells", "network"])
def test_data_of_another_law_are_called_contradicted_and_not_noise(network: MLP | None) -> None:
    """Errors that are scaled by the misfit are large, and more measurements of the same would not help."""
    t = np.linspace(0, 5, 40)
    law = Problem(
        time=(0, 5), unknowns="u", equations=lambda u, t, a: d(u, t) + a * u, parameters={"a": Unknown(1.0)},
        conditions=[initial(u=1), observed(t=t, u=1 / (1 + t), sigma=1e-3)],
    )  # fmt: skip
    chosen: dict[str, Any] = {} if network is None else {"network": network, "method": LevenbergMarquardt(steps=10)}
    solution = solve(law, budget=20, **chosen)
    assert not solution.converged and solution.outcome is not None
    assert network is not None or (solution.outcome.kind == "contradicted" and "chi squared" in str(solution.outcome))


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ([], "nothing tells k: there are no data"),
        ([dirichlet(u=0.1, on=point(x=0.5))], ""),
        ([neumann(u=-0.5, on=face(x=1))], ""),
        ([condition(lambda u: integral(u, over="x") - 1)], ""),
        ([observed(x=[0.5], u=[0.1])], ""),
    ],
)
def test_what_tells_a_constant_is_counted(more: list[Any], told: str) -> None:
    rod = Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x, k: k * d(u, x, x) + 1,
        conditions=[dirichlet(u=0), *more], parameters={"k": Unknown(1.0)},
    )  # fmt: skip
    found = [w for w in check(rod).warnings if "nothing tells" in w or "too many" in w]
    assert [w[: len(told)] for w in found] == [told] * bool(told)


def test_measurements_that_contradict_each_other_are_no_convergence() -> None:
    """At one moment three of 0.7 and three of 0.2, to a thousandth: the best constant is that of their mean, and it is
    known no better than they agree. Features had called it converged, +- 0.002."""
    decay = Problem(
        time=(0, 1), unknowns="u", equations=lambda u, t, a: d(u, t) + a * u, parameters={"a": Unknown(1.0)},
        conditions=[initial(u=1), observed(t=[0.5] * 6, u=[0.7] * 3 + [0.2] * 3, sigma=1e-3)], reference=None,
    )  # fmt: skip
    solution = solve(decay, budget=60)
    assert solution.outcome is not None and solution.outcome.kind == "contradicted"
    assert solution.training is not None and solution.training.identified is not None
    a = solution.training.identified.constants["a"]
    assert a.value == pytest.approx(-2 * math.log(0.45), rel=0.02)
    spread = 0.25 * math.sqrt(6 / 5) / math.sqrt(6)  # of the mean, from six numbers of which one is taken
    assert a.standard_error == pytest.approx(2 * spread / 0.45, rel=0.2)


def test_another_minimum_is_sought_where_the_data_are_not_explained() -> None:
    """From w = 1 the nearest one is at 0.8."""

    def swing(u: Any, v: Any, t: Any) -> Any:
        return d(u, t) - v

    def spring(u: Any, v: Any, t: Any, w: Any) -> Any:
        return d(v, t) + w**2 * u

    t = np.linspace(0, 6, 60)
    u = np.cos(3 * t) + 0.05 * np.random.default_rng(4).standard_normal(60)
    problem = Problem(
        time=(0, 6), unknowns=("u", "v"), equations=[swing, spring], reference=None, tolerance=0.1,
        conditions=[initial(u=1, v=0), observed(t=t, u=u, sigma=0.05)], parameters={"w": Unknown(1.0, positive=True)},
    )  # fmt: skip
    w = told(solve(problem, budget=60)).constants["w"]
    assert abs(w.value - 3) < 4 * w.standard_error < 0.05


def test_a_fit_that_is_taken_up_again_has_the_same_bits(tmp_path: Path) -> None:
    whole = solve(decays(), budget=60)
    solve(decays(), budget=60, out=tmp_path, progress=stopped_after(2))
    again = solve(decays(), budget=60, out=tmp_path, resume=True)
    assert told(again).constants == told(whole).constants and again.outcome == whole.outcome


def test_what_was_found_is_saved_and_loaded(tmp_path: Path) -> None:
    solution = solve(decays(), budget=60)
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", decays())
    assert again.trial.constants.values() == solution.trial.constants.values()
    assert again.u(t=0.7) == solution.u(t=0.7)


def test_constants_come_first_in_a_march_as_one_vector() -> None:
    problem = rod(1.0)
    made, _ = verified(problem, check(problem))
    first, second = (Marched(problem, LocalFeatures(), made) for _ in range(2))
    first.forward.assign(torch.tensor([0.25]))
    first.found = True
    second.assign(first.vector())
    assert second.found and second.constants.values() == first.constants.values()


def test_equations_that_have_no_value_at_a_guess_are_left_to_others() -> None:
    """The root of a negative number: no march can be made, and nothing is said of what was not found."""

    def rooted(u: Any, t: Any, k: Any) -> Any:
        return d(u, t) + (k - 1.0) ** 0.5 * u * exp(0 * t)

    problem = decays(equations=rooted, parameters={"k": Unknown(2.0), "b": Unknown(1.0)})
    k = told(solve(problem, budget=60)).constants["k"]
    assert abs(k.value - 1.49) < 4 * k.standard_error


def test_a_constant_at_its_bound_is_said_to_be_there_and_not_unfinished() -> None:
    """Data ask for 1, and 0.5 is the most that is allowed: a step beyond is none that is left to make."""
    t = np.linspace(0, 2, 30)
    decay = Problem(
        time=(0, 2), unknowns="u", equations=lambda u, t, a: d(u, t) + a * u, reference=None,
        parameters={"a": Unknown(0.3, bounds=(0.1, 0.5))},
        conditions=[initial(u=1), observed(t=t, u=np.exp(-t), sigma=1e-2)],
    )  # fmt: skip
    solution = solve(decay, budget=60)
    assert solution.outcome is not None and solution.outcome.kind == "contradicted"
    assert "a = 0.5 stands at the upper end of its bounds" in str(solution.outcome)
    assert not any("come to its end" in text for text in told(solution).warnings)
