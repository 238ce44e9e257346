"""Measurements in a problem: how they are declared, checked and fitted, and what they say of unknown constants."""

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
    Newton,
    Problem,
    ProblemError,
    RandomFeatures,
    Unknown,
    d,
    dirichlet,
    initial,
    observed,
    solve,
)
from pinnsolve.inverse import standard_errors
from pinnsolve.inverse.record import Constant, Misfit
from pinnsolve.solve import prepare
from tests.core.common import stopped_after

RNG = np.random.default_rng(0)
X, T = RNG.uniform(0, 1, 300), RNG.uniform(0, 1, 300)
ALPHA = 0.1
FEW: dict[str, Any] = {"method": LevenbergMarquardt(), "points": 300, "held_out": 200, "budget": 60}


def heat(u, x, t, alpha):  # type: ignore[no-untyped-def]
    return d(u, t) - alpha * d(u, x, x)


def truth(x: Any, t: Any) -> Any:
    return np.exp(-ALPHA * pi**2 * t) * np.sin(pi * x)


def problem(*data: Any, alpha: Any = ALPHA, **changes: Any) -> Problem:
    given: dict[str, Any] = {
        "space": Box(x=(0, 1)), "time": (0, 1), "unknowns": "u", "equations": heat,
        "conditions": [dirichlet(u=0), *data], "parameters": {"alpha": alpha}, "reference": None,
    }  # fmt: skip
    return Problem(**{**given, **changes})


# ------------------------------------------------------------ declaration


def test_data_stand_beside_the_file_that_names_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "probe.csv").write_text("x,t,u\n0.5,0.1,0.9\n")
    monkeypatch.chdir(tmp_path)
    (given,) = observed("probe.csv")
    (found,) = problem(given).observations
    assert found.name == "probe.csv" and found.unknowns == ("u",) and not found.known
    assert found.points.measured["u"].tolist() == [0.9]


def test_columns_may_be_renamed_chosen_and_added(tmp_path: Path) -> None:
    path = tmp_path / "probe.csv"
    path.write_text("x,temperature,noise,junk\n0.5,0.9,0.1,7\n")
    given = observed(path, columns={"u": "temperature"}, t=0.25, sigma="noise")
    with pytest.raises(ProblemError, match="the column 'junk' is neither a coordinate nor an unknown"):
        problem(*given)
    given = observed(path, columns=("x", "temperature"), t=0.25)
    with pytest.raises(ProblemError, match="no column for an unknown"):
        problem(*given)
    path.write_text("x,temperature,noise\n0.5,0.9,0.1\n")
    (found,) = problem(*observed(path, columns={"u": "temperature"}, t=0.25, sigma="noise")).observations
    assert found.known and found.points.measured["sigma u"].tolist() == [0.1]
    assert found.points.coordinates["t"].tolist() == [0.25]


@pytest.mark.parametrize(
    ("columns", "sigma", "fault"),
    [
        ({"x": X, "u": X}, None, "no column for the coordinate 't'"),
        ({"x": X, "t": T}, None, "no column for an unknown"),
        ({"x": X, "t": T, "u": X, "v": X}, None, "the column 'v' is neither"),
        ({"x": X + 0.5, "t": T, "u": X}, None, "outside the domain lie row"),
        ({"x": X, "t": T, "u": X}, 0.0, "sigma=0.0 is not a positive number"),
        ({"x": X, "t": T, "u": X}, "noise", "has no column 'noise'"),
        ({"x": X, "t": T, "u": X}, -X, "sigma is -"),
        ({"x": X, "t": T, "u": X}, {"w": 0.1}, "has no column 'w'"),
        ({"x": X, "t": T, "u": X}, X[:7], "differ in length"),
    ],
)
def test_what_does_not_fit_the_problem_is_named(columns: dict, sigma: Any, fault: str) -> None:  # type: ignore[type-arg]
    with pytest.raises(ProblemError, match=fault):
        problem(*observed(sigma=sigma, **columns))


def test_a_row_outside_is_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "probe.csv"
    path.write_text("x,t,u\n0.5,0.1,0.9\n1.5,0.1,0.9\n")
    with pytest.raises(ProblemError, match=r"probe\.csv: outside the domain lie line 3 \(x = 1\.5\)"):
        problem(*observed(path))


def test_a_column_of_noise_must_be_asked_for(tmp_path: Path) -> None:
    path = tmp_path / "probe.csv"
    path.write_text("x,t,u,sigma\n0.5,0.1,0.9,0.01\n")
    with pytest.raises(ProblemError, match='write sigma="sigma"'):
        problem(*observed(path))
    (found,) = problem(*observed(path, sigma="sigma")).observations
    assert found.known


def test_a_copy_is_a_warning_and_a_repeated_measurement_is_none() -> None:
    twice = observed(x=[0.5, 0.5, 0.2], t=[0.1, 0.1, 0.1], u=[0.9, 0.9, 0.4])
    told = prepare(problem(*twice), _settings()).findings.warnings
    assert any("stands more than once (row 1, row 2)" in w for w in told)
    again = observed(x=[0.5, 0.5, 0.2], t=[0.1, 0.1, 0.1], u=[0.9, 0.8, 0.4])
    assert not any("more than once" in w for w in prepare(problem(*again), _settings()).findings.warnings)


def _settings() -> Any:
    from pinnsolve import Settings

    return Settings(network=RandomFeatures(50), method=Newton())


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda: Unknown("a"), "has no guess"),
        (lambda: Unknown(-1.0, positive=True), "the guess is not positive"),
        (lambda: Unknown(3.0, bounds=(0, 1)), "does not lie between two numbers"),
        (lambda: Unknown(0.5, bounds=0.1), "does not lie between two numbers"),
        (lambda: Unknown(0.5, positive=True, bounds=(-1, 1)), "are not positive"),
        (lambda: observed(), "holds no data"),
        (lambda: problem(conditions=[dirichlet(u=0)], equations=()), "no equation and no data"),
    ],
)
def test_bad_declarations_are_told(make: Any, fault: str) -> None:
    with pytest.raises(ProblemError, match=fault):
        make()


# ------------------------------------------------------------ constants


@pytest.mark.parametrize("constant", [Unknown(0.3), Unknown(0.3, positive=True), Unknown(0.3, bounds=(0.0, 2.0))])
def test_a_constant_begins_at_its_guess_and_stays_where_it_may(constant: Unknown) -> None:
    zero = torch.zeros(1, dtype=torch.float64)
    assert float(constant.value(zero)) == pytest.approx(0.3, rel=1e-14)
    far = [float(constant.value(zero + z)) for z in (-30.0, 30.0)]
    if constant.bounds:
        assert all(0 <= v <= 2 for v in far)
    elif constant.positive:
        assert all(v > 0 for v in far)
    else:
        assert far[0] < 0


def test_the_jacobian_knows_the_constants() -> None:
    """Against finite differences of the weighted residual vector."""
    given = problem(*observed(x=X, t=T, u=truth(X, T)), alpha=Unknown(0.2, positive=True))
    from pinnsolve import Settings

    loop = prepare(given, Settings(network=MLP(5, 2), method=LevenbergMarquardt(), points=64)).loop
    residuals, weights = loop.state.points.training, loop.state.weights
    _, jacobian = residuals.rows(weights)
    start = loop.state.trial.vector()
    step = torch.zeros_like(start)
    step[-1] = 1e-6
    ends = []
    for sign in (1, -1):
        loop.state.trial.assign(start + sign * step)
        ends.append(residuals.vector(weights))
    numeric = (ends[0] - ends[1]) / 2e-6
    torch.testing.assert_close(jacobian[:, -1], numeric, rtol=1e-6, atol=1e-9)
    assert float(jacobian[:, -1].norm()) > 0


def test_a_diffusivity_is_found_with_its_standard_error() -> None:
    noise = 0.01
    values = truth(X, T) + noise * np.random.default_rng(3).standard_normal(len(X))
    given = problem(*observed(x=X, t=T, u=values, sigma=noise), alpha=Unknown(0.3, positive=True))
    solution = solve(given, network=MLP(10, 2), progress=stopped_after(30), **FEW)
    assert solution.training is not None
    found = solution.training.identified
    assert found is not None
    alpha = found.constants["alpha"]
    assert 1e-5 < alpha.standard_error < 0.01 and abs(alpha.value - ALPHA) < 4 * alpha.standard_error
    (misfit,) = found.misfits.values()
    assert misfit.met and misfit.expected < len(X)
    assert not found.warnings


def test_initial_values_may_hold_a_constant_too() -> None:
    """u = a exp(-k t): k from the equation, a from the start."""

    def decay(u, t, k):  # type: ignore[no-untyped-def]
        return d(u, t) + k * u

    t = np.linspace(0, 2, 40)
    given = Problem(
        time=(0, 2), unknowns="u", equations=decay, parameters={"k": Unknown(1.0), "a": Unknown(1.0)}, reference=None,
        conditions=[initial(u=lambda a: a), *observed(t=t, u=3 * np.exp(-0.7 * t))],
    )  # fmt: skip
    solution = solve(given, network=MLP(8, 1), progress=stopped_after(40), **FEW)
    assert solution.conditions["initial u"] == "weighted"
    assert solution.training is not None and solution.training.identified is not None
    found = solution.training.identified.constants
    assert found["k"].value == pytest.approx(0.7, rel=1e-3) and found["a"].value == pytest.approx(3.0, rel=1e-3)


def test_what_the_data_cannot_tell_is_said() -> None:
    """Only the product of k and m stands in the equation; n stands nowhere that matters."""

    def decay(u, t, k, m, n):  # type: ignore[no-untyped-def]
        return d(u, t) + k * m * u + 0 * n

    t = np.linspace(0, 2, 40)
    constants = {name: Unknown(1.0) for name in "kmn"}
    given = Problem(
        time=(0, 2), unknowns="u", equations=decay, parameters=constants, reference=None,
        conditions=[initial(u=3), *observed(t=t, u=3 * np.exp(-0.7 * t), sigma=0.01)],
    )  # fmt: skip
    solution = solve(given, network=MLP(8, 1), progress=stopped_after(40), **FEW)
    assert solution.training is not None and solution.training.identified is not None
    found = solution.training.identified
    assert found.constants["k"].value * found.constants["m"].value == pytest.approx(0.7, rel=1e-2)
    told = "\n".join(found.warnings)
    assert "cannot tell k" in told and "cannot tell m" in told and "cannot tell n" in told


@pytest.mark.parametrize(
    ("constant", "text"),
    [
        (Constant(0.0031831, 4e-6), "0.0031831 +- 0.0000040"),
        (Constant(12.3, 0.4), "12.30 +- 0.40"),
        (Constant(1.0, float("inf")), "1 +- inf"),
    ],
)
def test_constants_are_told_with_two_digits_of_their_error(constant: Constant, text: str) -> None:
    assert str(constant) == text


@pytest.mark.parametrize(("value", "met"), [(100.0, True), (140.0, True), (150.0, False), (50.0, False)])
def test_a_misfit_is_near_its_expectation_within_three_standard_deviations(value: float, met: bool) -> None:
    assert Misfit(value, 100.0).met is met


# ------------------------------------------------------------ fits


def test_data_alone_are_a_problem_too() -> None:
    x = np.linspace(-1, 1, 200)
    given = Problem(space=Box(x=(-1, 1)), unknowns="u", conditions=observed(x=x, u=np.exp(x)), reference=None)
    solution = solve(given, network=MLP(8, 1), method=LevenbergMarquardt(), budget=60, progress=stopped_after(40))
    assert np.abs(solution.u(x=x) - np.exp(x)).max() < 1e-3


def test_a_validation_split_stops_a_network_that_learns_the_noise() -> None:
    """Twelve noisy points and a hundred numbers: the best network is not the last one."""
    rng = np.random.default_rng(1)
    x = np.sort(rng.uniform(-1, 1, 40))
    values = np.sin(pi * x) + 0.3 * rng.standard_normal(40)
    given = Problem(space=Box(x=(-1, 1)), unknowns="u", conditions=observed(x=x, u=values), reference=None)
    kept = {"network": MLP(20, 2), "method": LevenbergMarquardt(), "budget": 60, "progress": stopped_after(30)}
    split = solve(given, validation=0.25, **kept)  # type: ignore[arg-type]
    plain = solve(given, **kept)  # type: ignore[arg-type]
    assert split.training is not None and plain.training is not None
    assert split.training.points != plain.training.points
    fine = np.linspace(-1, 1, 500)
    errors = [np.abs(s.u(x=fine) - np.sin(pi * fine)).max() for s in (split, plain)]
    assert errors[0] < errors[1], "without a split the noise is learned"
    worst = [look.held_out for look in split.training.history]
    assert min(w["u of data x, u"] for w in worst) < worst[-1]["u of data x, u"]


def test_data_make_another_problem(tmp_path: Path) -> None:
    from pinnsolve.checks.signature import signature

    a, b = (problem(*observed(x=X, t=T, u=truth(X, T) + shift)) for shift in (0.0, 1e-6))
    assert signature(a) != signature(b)


def test_a_source_that_is_odd_makes_another_problem_and_is_read_anew() -> None:
    """It adds up to nothing over the domain; and a function may read a number that changes between two runs."""
    from pinnsolve.checks.signature import signature

    read = {"k": 1.0}
    odd = Problem(
        space=Box(x=(-1, 1)), unknowns="u", conditions=dirichlet(u=0),
        equations=lambda u, x: d(u, x, x) - u**3 + read["k"] * torch.sin(np.pi * x),
    )  # fmt: skip
    before, first = signature(odd), solve(odd)
    read["k"] = 30.0
    assert signature(odd) != before
    x, again = np.linspace(-1, 1, 50), solve(odd)
    fresh = solve(odd.replaced(tolerance=1e-3))
    assert again.converged and np.array_equal(again.u(x=x), fresh.u(x=x))
    assert np.abs(again.u(x=x)).max() > 10 * np.abs(first.u(x=x)).max()


def test_a_network_too_large_for_its_covariance_ends_without_standard_errors(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(standard_errors, "LARGEST", 20)
    data = observed(x=X, t=T, u=truth(X, T), sigma=0.01)
    given = problem(*data, alpha=Unknown(0.3, positive=True))
    solution = solve(given, network=MLP(10, 1), method=LevenbergMarquardt(steps=5), budget=60)
    split = solve(given, network=MLP(10, 1), method=LevenbergMarquardt(steps=5), budget=60, validation=0.2)
    assert solution.training is not None and split.training is not None
    found, unseen = solution.training.identified, split.training.identified
    assert found is not None and unseen is not None
    assert found.constants["alpha"].value == solution.trial.constants.values()["alpha"]
    assert np.isnan(found.constants["alpha"].standard_error) and "no standard errors" in found.warnings[0]
    ((misfit,), (held_out,)) = found.misfits.values(), unseen.misfits.values()
    assert misfit.value > 0 and np.isnan(misfit.expected) and held_out.expected == round(0.2 * len(X))
