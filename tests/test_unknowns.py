"""Robust losses, unknown functions, and parameters as inputs."""

from __future__ import annotations

from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pinnsolve import (
    MLP,
    Box,
    LevenbergMarquardt,
    LocalFeatures,
    Marching,
    Newton,
    NotConverged,
    Problem,
    ProblemError,
    RandomFeatures,
    Reference,
    Solution,
    Unknown,
    compare,
    d,
    dirichlet,
    exact,
    initial,
    observed,
    solve,
)
from pinnsolve.problem.observations import HUBER, TURN, huber, unhuber
from pinnsolve.settings import Settings
from pinnsolve.solve import prepare
from pinnsolve.verdict.slices import compared, references_of, values_of
from tests.core.common import stopped_after

# ------------------------------------------------------------ outliers


def test_huber_s_loss_is_square_near_zero_and_linear_far_out() -> None:
    r = torch.tensor([-100.0, -TURN, -0.3, 0.0, 0.5, TURN, 2.0, 50.0], dtype=torch.float64)
    s = huber(r)
    near = r.abs() <= TURN
    torch.testing.assert_close(s[near], r[near])
    torch.testing.assert_close(s[~near].square(), 2 * TURN * r[~near].abs() - TURN**2)
    torch.testing.assert_close(unhuber(s), r)
    assert bool((s.sign() == r.sign()).all())


def test_the_mean_of_huber_s_loss_is_that_of_normal_noise() -> None:
    x = torch.linspace(-12, 12, 400_001, dtype=torch.float64)
    mean = torch.trapezoid(huber(x).square() * torch.exp(-x.square() / 2) / (2 * pi) ** 0.5, x)
    assert float(mean) == pytest.approx(HUBER, rel=1e-8)


def test_an_outlier_is_named_and_survived() -> None:
    """A slope of 2 from 40 points, one of them off by 200 sigma: squares are carried away, Huber's loss is not."""

    def line(u, x, a):  # type: ignore[no-untyped-def]
        return d(u, x) - a

    x = np.linspace(0, 1, 40)
    values = 2 * x + 0.01 * np.random.default_rng(5).standard_normal(40)
    values[37] += 2.0
    found = {}
    for loss in ("squares", "huber"):
        given = Problem(
            space=Box(x=(0, 1)), unknowns="u", equations=line, parameters={"a": Unknown(1.0)}, reference=None,
            conditions=observed(x=x, u=values, sigma=0.01, loss=loss),
        )  # fmt: skip
        solution = solve(given, network=MLP(4, 1), method=LevenbergMarquardt(), budget=60, progress=stopped_after(30))
        assert solution.training is not None and solution.training.identified is not None
        found[loss] = solution.training.identified
    huber_a, squares_a = found["huber"].constants["a"], found["squares"].constants["a"]
    assert abs(huber_a.value - 2) < 4 * huber_a.standard_error < 0.1
    assert abs(huber_a.value - 2) < 0.2 * abs(squares_a.value - 2) < squares_a.standard_error, "which says so"
    assert any("row 38" in w and "beyond 5 sigma" in w for w in found["huber"].warnings)
    assert not next(iter(found["squares"].misfits.values())).met
    assert next(iter(found["huber"].misfits.values())).met, "all but the outlier"


@pytest.mark.parametrize(
    ("options", "fault"),
    [({"loss": "huber"}, "how large a misfit is usual"), ({"loss": "hubber", "sigma": 0.1}, "no loss 'hubber'")],
)
def test_a_loss_that_cannot_be_is_told(options: Any, fault: str) -> None:
    with pytest.raises(ProblemError, match=fault):
        observed(x=[0.5], u=[1.0], **options)


# ------------------------------------------------------------ unknown functions


def conductivity(x: Any) -> Any:
    return 0.1 * (1 + 0.5 * np.sin(2 * pi * x))


def steady(u, x, k):  # type: ignore[no-untyped-def]
    """-(k u')' = 1 + x, whose flux is known: u' = -(x + x^2 / 2 - c) / k."""
    return d(k * d(u, x), x) + 1 + x


def measured_temperatures(count: int = 200) -> tuple[Any, Any]:
    fine = np.linspace(0, 1, 20001)
    flux, middle = fine + fine**2 / 2, (fine[1:] + fine[:-1]) / 2
    integral = [np.concatenate([[0], np.cumsum(np.interp(middle, fine, f / conductivity(fine)) * np.diff(fine))])
                for f in (np.ones_like(fine), flux)]  # fmt: skip
    c = integral[1][-1] / integral[0][-1]
    x = np.linspace(0, 1, count)
    return x, np.interp(x, fine, c * integral[0] - integral[1])


def with_conductivity(noise: float = 0.0, **changes: Any) -> Problem:
    x, values = measured_temperatures()
    values = values + noise * np.random.default_rng(2).standard_normal(len(x))
    given: dict[str, Any] = {
        "space": Box(x=(0, 1)), "unknowns": "u", "equations": steady,
        "conditions": [dirichlet(u=0), *observed(x=x, u=values, sigma=noise or 1e-4)],
        "parameters": {"k": Unknown(0.2, positive=True, of="x")}, "reference": None,
    }  # fmt: skip
    return Problem(**{**given, **changes})


@pytest.mark.parametrize(("network", "method"), [(MLP(8, 1), LevenbergMarquardt()), (RandomFeatures(100), Newton())])
def test_a_conductivity_is_found_with_its_standard_error(network: Any, method: Any) -> None:
    problem = with_conductivity(noise=1e-3)
    solution = solve(problem, network=network, method=method, budget=60, points=300, progress=stopped_after(40))
    assert solution.training is not None and solution.training.identified is not None
    found = solution.training.identified.functions["k"]
    away = np.array(found.values) - conductivity(np.array(found.places["x"]))
    assert np.sqrt(np.mean(away**2)) < 0.05 * np.sqrt(np.mean(np.square(found.values)))
    assert np.sqrt(np.mean((away / np.array(found.standard_errors)) ** 2)) < 3
    (misfit,) = solution.training.identified.misfits.values()
    assert misfit.met
    np.testing.assert_allclose(solution.k(x=np.array(found.places["x"])), found.values, rtol=1e-12)
    assert str(found).startswith("from 0.0")


def test_a_conductivity_over_cells_is_as_exact_as_the_data_and_its_error_says_so(tmp_path: Path) -> None:
    """Series of more and more terms, whose coefficients data tell: errors fall with the noise, and stay within their
    standard errors."""
    for noise, most in ((1e-3, 2e-2), (1e-6, 1e-4)):
        problem = with_conductivity(noise=noise)
        solution = solve(problem, network=LocalFeatures(), method=Marching())
        assert solution.training is not None and solution.training.identified is not None
        found = solution.training.identified.functions["k"]
        away = np.array(found.values) - conductivity(np.array(found.places["x"]))
        assert np.sqrt(np.mean(away**2)) < most * np.sqrt(np.mean(np.square(found.values)))
        assert 0.1 < np.sqrt(np.mean((away / np.array(found.standard_errors)) ** 2)) < 2
        np.testing.assert_allclose(solution.k(x=np.array(found.places["x"])), found.values, rtol=1e-12)
    slope = (solution.k(x=0.401) - solution.k(x=0.399)) / 2e-3
    assert solution.d("k", "x")(x=0.4) == pytest.approx(slope, rel=1e-4)
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", problem)
    assert again.k(x=0.3) == solution.k(x=0.3) and again.u(x=0.3) == solution.u(x=0.3)


def test_a_force_over_cells_that_data_of_a_part_alone_do_not_tell() -> None:
    def driven(u, t, f):  # type: ignore[no-untyped-def]
        return d(u, t) + u - f

    t = np.linspace(0, 2, 80)
    u = 1 + np.sin(t) / 2 - np.cos(t) / 2  # where f = 1 + sin t
    for upto, told in ((2.0, False), (0.8, True)):
        data = observed(t=t[t <= upto], u=u[t <= upto], sigma=1e-5)
        problem = Problem(
            time=(0, 2), unknowns="u", equations=driven, conditions=[initial(u=0.5), *data],
            parameters={"f": Unknown(1.0, of="t")}, reference=None, tolerance=1e-2,
        )  # fmt: skip
        solution = solve(problem)
        assert solution.training is not None and solution.training.identified is not None
        assert any("the data cannot tell f" in w for w in solution.training.identified.warnings) is told
        assert solution.converged is not told
        assert np.abs(solution.f(t=t[:30]) - 1 - np.sin(t[:30])).max() < 1e-2


def test_where_the_data_cannot_tell_a_function_is_said() -> None:
    """Temperatures of a part alone: nothing is known of the conductivity elsewhere, nor of the flux that comes in."""
    x, values = measured_temperatures()
    for some, lost in ((x < 0.4, True), (x < 2, False)):
        problem = with_conductivity(conditions=[dirichlet(u=0), *observed(x=x[some], u=values[some], sigma=1e-3)])
        solution = solve(problem, network=RandomFeatures(100), method=Newton(), budget=60, progress=stopped_after(8))
        assert solution.training is not None and solution.training.identified is not None
        told = solution.training.identified.warnings
        assert any("the data cannot tell k at" in w for w in told) is lost


def test_a_source_of_two_coordinates_is_found_and_its_zeros_are_no_fault() -> None:
    def heated(u, x, t, f):  # type: ignore[no-untyped-def]
        return d(u, t) - 0.1 * d(u, x, x) - f

    rng = np.random.default_rng(0)
    x, t = rng.uniform(0, 1, 400), rng.uniform(0, 1, 400)
    problem = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heated, reference=None,
        parameters={"f": Unknown(1.0, of=("x", "t"))},
        conditions=[
            initial(u=0), dirichlet(u=0), *observed(x=x, t=t, u=np.sin(pi * x) * np.sin(2 * t), sigma=1e-6)
        ],
    )  # fmt: skip
    solution = solve(problem, network=RandomFeatures(200, (1.0, 2.0)), method=Newton(), budget=60)
    true = np.sin(pi * x) * (2 * np.cos(2 * t) + 0.1 * pi**2 * np.sin(2 * t))
    assert np.abs(solution.f(x=x, t=t) - true).max() < 1e-2
    assert solution.training is not None and solution.training.identified is not None
    assert not solution.training.identified.warnings


def test_the_jacobian_knows_the_functions() -> None:
    """Against finite differences, for a trained network and for frozen layers."""
    for network, method in ((MLP(5, 2), LevenbergMarquardt()), (RandomFeatures(30), Newton())):
        loop = prepare(with_conductivity(), Settings(network=network, method=method, points=64)).loop
        residuals, weights = loop.state.points.training, loop.state.weights
        names = [p.numel() for p in loop.state.trial.parameters]
        begin = sum(names) - sum(p.numel() for p in loop.state.trial.functions.parameters)
        start = loop.state.trial.vector() + 0.1
        loop.state.trial.assign(start)
        _, jacobian = residuals.rows(weights)
        for column in (begin, len(start) - 1):
            step = torch.zeros_like(start)
            step[column] = 1e-6
            ends = []
            for sign in (1, -1):
                loop.state.trial.assign(start + sign * step)
                ends.append(residuals.vector(weights))
            torch.testing.assert_close(jacobian[:, column], (ends[0] - ends[1]) / 2e-6, rtol=1e-5, atol=1e-8)
            assert float(jacobian[:, column].norm()) > 0


def test_an_unknown_function_is_judged_where_the_reference_knows_it() -> None:
    problem = with_conductivity(
        reference=exact(u=lambda x: np.interp(x, *measured_temperatures()), k=conductivity), tolerance=1e-2
    )
    solution = solve(problem, network=MLP(10, 2), method=LevenbergMarquardt(), budget=60, progress=stopped_after(5))
    assert callable(problem.reference)
    found = compare(solution, problem.reference(problem))
    assert list(found.errors) == ["u", "k"]
    assert found.errors["k"].relative_l2 > 1e-2 and found.verdict == "fail"


def test_a_solution_with_a_function_is_saved_and_loaded(tmp_path: Path) -> None:
    problem = with_conductivity()
    solution = solve(problem, network=MLP(6, 1), method=LevenbergMarquardt(), budget=60, progress=stopped_after(3))
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", problem)
    assert again.k(x=0.3) == solution.k(x=0.3) and again.u(x=0.3) == solution.u(x=0.3)


def test_a_function_of_no_coordinate_is_refused() -> None:
    with pytest.raises(ProblemError, match="depends on 'y', which is no coordinate"):
        with_conductivity(parameters={"k": Unknown(0.2, of="y")})
    for nothing in (3, "", ("x", 1)):
        with pytest.raises(ProblemError, match="names no coordinate"):
            Unknown(0.2, of=nothing)  # type: ignore[arg-type]


def test_one_measurement_tells_no_function_of_two_coordinates_and_the_run_ends() -> None:
    heated = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=lambda u, x, t, f: d(u, t) - d(u, x, x) - f,
        conditions=[initial(u=0), dirichlet(u=0), *observed(x=[0.5], t=[0.5], u=[1.0], sigma=0.1)],
        parameters={"f": Unknown(1.0, of=("x", "t"))}, reference=None,
    )  # fmt: skip
    with pytest.warns(NotConverged):
        assert not solve(heated, network=LocalFeatures(), budget=3).converged


# ------------------------------------------------------------ parameters as inputs


def heat(u, x, t, alpha):  # type: ignore[no-untyped-def]
    return d(u, t) - alpha * d(u, x, x)


def decaying(x: Any, t: Any, alpha: Any) -> Any:
    return np.exp(-alpha * pi**2 * t) * np.sin(pi * x)


def parametric(**changes: Any) -> Problem:
    given: dict[str, Any] = {
        "space": Box(x=(0, 1)), "time": (0, 1), "unknowns": "u", "equations": heat,
        "conditions": [initial(u=lambda x: torch.sin(pi * x)), dirichlet(u=0)], "parameters": {"alpha": (0.02, 0.2)},
        "reference": exact(u=decaying), "tolerance": 1e-4,
    }  # fmt: skip
    return Problem(**{**given, **changes})


def test_one_network_answers_for_a_whole_range() -> None:
    problem = parametric()
    assert problem.coordinates == ("x", "t", "alpha") and problem.space_coordinates == ("x",)
    solution = solve(problem, network=RandomFeatures(300), method=Newton(), budget=60)
    alphas = np.linspace(0.02, 0.2, 7)
    for alpha in alphas:
        x, t = np.meshgrid(np.linspace(0, 1, 20), np.linspace(0, 1, 20))
        assert np.abs(solution.u(x=x, t=t, alpha=alpha) - decaying(x, t, alpha)).max() < 1e-3
        part = solution.at(alpha=alpha)
        assert np.array_equal(part.u(x=x, t=t), solution.u(x=x, t=t, alpha=alpha))
        assert part.problem.parameters == {"alpha": alpha} and part.problem.coordinates == ("x", "t")
        assert np.array_equal(part.d("u", "x")(x=0.2, t=0.1), solution.d("u", "x")(x=0.2, t=0.1, alpha=alpha))
        assert np.array_equal(part.residual("heat")(x=0.2, t=0.1), solution.residual("heat")(x=0.2, t=0.1, alpha=alpha))
    slope = (solution.u(x=0.5, t=0.5, alpha=0.1001) - solution.u(x=0.5, t=0.5, alpha=0.0999)) / 2e-4
    assert solution.d("u", "alpha")(x=0.5, t=0.5, alpha=0.1) == pytest.approx(slope, rel=1e-5)


def test_it_is_compared_in_the_middle_at_the_ends_and_between_and_the_worst_counts() -> None:
    problem = parametric()
    solution = solve(problem, network=RandomFeatures(60), method=Newton(), budget=60)
    references = references_of(problem, problem.reference)  # type: ignore[arg-type]
    values = [v["alpha"] for v, _ in references]
    assert values[:3] == pytest.approx([0.11, 0.02, 0.2])
    assert sorted(int((v - 0.02) / 0.18 * 32) for v in values[3:]) == list(range(32)), "one in each part of the range"
    found = compared(solution, references)
    sizes = [f.comparison.errors["u"].strict for f in found[1:] if f.comparison.verdict == found[1].comparison.verdict]
    assert sizes == sorted(sizes, reverse=True)
    assert found[0].comparison.errors["u"].strict == pytest.approx(max(sizes), rel=0.1), "measured on more points"
    assert str(found[0]).startswith("alpha = 0.")


def test_what_is_right_in_the_middle_and_at_the_ends_alone_does_not_pass() -> None:
    """The reference grows by a hump in alpha that is zero in the middle and at the ends; the solution has none."""

    def humped(problem: Problem) -> Reference:
        part = (problem.parameters["alpha"] - 0.02) / 0.18
        grown = 1 + 0.1 * np.sin(2 * np.pi * part)
        alpha = problem.parameters["alpha"]
        return Reference("humped", {"u": lambda x, t: grown * decaying(x, t, alpha)}, 1e-12, 0.0)

    solution = solve(parametric(tolerance=1e-2), network=RandomFeatures(300), method=Newton(), budget=60)
    first = compared(solution, references_of(solution.problem, humped)[:3])
    assert first[0].comparison.verdict == "pass"
    found = compared(solution, references_of(solution.problem, humped))
    assert found[0].comparison.verdict == "fail"
    assert found[0].comparison.errors["u"].relative_l2 == pytest.approx(0.1 / 0.9, rel=0.05)


def test_two_ranges_are_compared_at_all_corners() -> None:
    def reaction(u, x, t, alpha, k):  # type: ignore[no-untyped-def]
        return d(u, t) - alpha * d(u, x, x) + k * u

    problem = parametric(equations=reaction, parameters={"alpha": (0.1, 0.2), "k": (0, 1)})
    values = values_of(problem)
    assert len(values) == 5 + 32 and values == values_of(problem)
    assert all(0.1 <= v["alpha"] <= 0.2 and 0 <= v["k"] <= 1 for v in values)
    assert problem.with_parameters({"alpha": 0.1}).coordinates == ("x", "t", "k")


@pytest.mark.parametrize(
    ("act", "fault"),
    [
        (lambda: parametric(parameters={"alpha": (0.2, 0.02)}), "runs backwards"),
        (lambda: parametric(parameters={"alpha": (0.1, 0.2), "x": (0, 1)}), "stands for two things"),
        (lambda: parametric(parameters={"alpha": (0.1, 0.2, 0.3)}), "is not an interval"),
        (lambda: _some().u(x=0.5, t=0.5), "the coordinate alpha is missing"),
        (lambda: _some().u(x=0.5, t=0.5, alpha=0.3), "leaves the domain"),
        (lambda: _some().at(nu=0.1), "the parameter alpha is missing"),
        (lambda: _some().at(alpha=0.1, nu=0.1), "no parameter among the inputs 'nu'"),
    ],
)
def test_bad_use_of_ranges_is_told(act: Any, fault: str) -> None:
    with pytest.raises(ProblemError, match=fault):
        act()


def _some() -> Solution:
    return prepare(parametric(), Settings(network=RandomFeatures(20), method=Newton())).solution()


def test_a_constant_that_runs_to_its_end_lets_the_others_come_to_their_place() -> None:
    """k pi^2 + c alone is told, and c may not be negative: data are met all the same (they were missed by 15 %)."""
    x = np.linspace(0.05, 0.95, 20)
    seen = np.sin(np.pi * x) / (0.5 * np.pi**2 + 2) + 1e-4 * np.random.default_rng(1).standard_normal(20)
    problem = Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x, k, c: k * d(u, x, x) - c * u + torch.sin(np.pi * x),
        conditions=[dirichlet(u=0), observed(x=x, u=seen, sigma=1e-4)], reference=None,
        parameters={"k": Unknown(1.0, positive=True), "c": Unknown(1.0, bounds=(0, 10))}, tolerance=1e-2,
    )  # fmt: skip
    solution = solve(problem)
    assert abs(solution.u(x=0.5) * (0.5 * np.pi**2 + 2) - 1) < 1e-3
    assert solution.outcome is not None and solution.outcome.kind == "undetermined"
    assert "tell them apart" in solution.outcome.remedy
