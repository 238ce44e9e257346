"""The shipped problems with data: their files, what is known to have made them, and how their answers are told."""

from __future__ import annotations

import io
import json
from importlib import import_module
from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from pinnsolve import (
    MLP,
    Box,
    LevenbergMarquardt,
    LocalFeatures,
    Problem,
    ProblemError,
    Unknown,
    d,
    dirichlet,
    laplace,
    observed,
    point,
    solenoidal,
    solve,
)
from pinnsolve.data.tables import read
from pinnsolve.inverse.record import Identified
from pinnsolve.report.console import show_result
from pinnsolve.report.page import page
from pinnsolve.report.record import Report, summary
from pinnsolve.training.history import Look
from pinnsolve.verdict.compare import compare
from problems.data.make import FILES, FOLDER, text
from validation import calibration
from validation.calibration import CASES, Pull, pulls, table
from validation.kovasznay import velocity

WITH_DATA = {
    "inverse_burgers": {"burgers.csv": 2000}, "inverse_burgers_noisy": {"burgers_noisy.csv": 2000},
    "inverse_navier_stokes": {"eddies.csv": 2000}, "inverse_heat": {"rod.csv": 500}, "fit": {"franke.csv": 600},
    "heated_bar": {"bar_weak.csv": 60, "bar_strong.csv": 60}, "hot_rod": {"hot_rod.csv": 180},
}  # fmt: skip


# ------------------------------------------------------------ files


def test_every_file_is_made_by_the_script_and_used_by_a_problem() -> None:
    tables = {"borehole.csv"}  # functions, not measurements
    assert (
        {p.name for p in FOLDER.glob("*.csv")} - tables
        == set(FILES)
        == {name for files in WITH_DATA.values() for name in files}
    )


@pytest.mark.parametrize("name", FILES)
def test_the_script_makes_the_files_to_the_last_digit(name: str) -> None:
    lines = (FOLDER / name).read_text().splitlines(keepends=True)
    assert text(FILES[name].columns(20)) == "".join(lines[:21])
    assert len(lines) == FILES[name].count + 1


@pytest.mark.parametrize("name", WITH_DATA)
def test_problems_read_their_files(name: str) -> None:
    problem: Problem = import_module(f"problems.{name}").problem
    assert {o.name: len(o.points) for o in problem.observations} == WITH_DATA[name]
    for found in problem.observations:
        told = {u.removesuffix("_2") for u in found.unknowns}  # of a second experiment
        assert set(problem.coordinates) | told == set(read(FOLDER / found.name).columns)
        sigma = FILES[found.name].sigma
        assert found.known is (sigma > 0)
        if found.known:
            assert all((found.points.measured[f"sigma {u}"] == sigma).all() for u in found.unknowns)


@pytest.mark.parametrize("name", WITH_DATA)
def test_the_reference_has_made_the_data(name: str) -> None:
    """Chi squared of the truth is the number of measurements, but for chance; without noise nothing is left."""
    problem: Problem = import_module(f"problems.{name}").problem
    reference = problem.reference(problem)  # type: ignore[operator,misc]
    for found, unknown in [(o, u) for o in problem.observations for u in o.unknowns]:
        places = {c: v.numpy() for c, v in found.points.coordinates.items()}
        away = found.points.measured[unknown].numpy() - reference.fields[unknown](**places)
        if not found.known:
            assert np.abs(away).max() < 1e-8
            continue
        sigma, chance = found.points.measured[f"sigma {unknown}"].numpy(), 4 * (2 * len(away)) ** 0.5
        assert abs(((away / sigma) ** 2).sum() - len(away)) < chance
        off = away - 0.05 * reference.fields[unknown](**places)
        assert abs(((off / sigma) ** 2).sum() - len(away)) > chance, "another amplitude would be seen"


# ------------------------------------------------------------ fits


def surface(**changes: Any) -> Problem:
    rng = np.random.default_rng(2)
    x, y = rng.uniform(0, 1, (2, 200))
    values = np.sin(pi * x) * y + 0.1 * rng.standard_normal(200)
    given = {"space": Box(x=(0, 1), y=(0, 1)), "unknowns": "u", "conditions": observed(x=x, y=y, u=values, sigma=0.1)}
    return Problem(**{**given, "reference": None, **changes})  # type: ignore[arg-type]


def test_of_data_alone_the_choice_makes_no_cells() -> None:
    """Random features fit the noise; cells would be halved where an equation says so, and there is none."""

    def stop(look: Look) -> None:
        if look.method == "lm":
            raise KeyboardInterrupt

    of_unknown_noise = surface()
    data = of_unknown_noise.observations[0].points
    noise = {
        "conditions": observed(
            x=data.coordinates["x"].numpy(), y=data.coordinates["y"].numpy(), u=data.measured["u"].numpy()
        )
    }
    training = solve(surface(**noise), validation=0.2, budget=600, progress=stop).training
    assert training is not None
    assert training.choice[-1].endswith("so a network was trained")
    with pytest.raises(ProblemError, match="cells fit no data alone"):
        solve(surface(), network=LocalFeatures(), budget=1)


def test_the_misfit_of_a_split_is_that_of_the_measurements_held_out() -> None:
    """A network that is stopped early has taken fewer degrees of freedom than it has numbers."""
    solution = solve(surface(), validation=0.25, network=MLP(12, 2), method=LevenbergMarquardt(steps=40), budget=600)
    assert solution.training is not None and solution.training.identified is not None
    (misfit,) = solution.training.identified.misfits.values()
    ((_, held_out),) = solution.training.held_out.items()
    assert misfit.expected == 50
    assert misfit.value == pytest.approx(50 * held_out**2)
    assert misfit.met


# ------------------------------------------------------------ what cannot be told


@pytest.fixture(scope="module")
def run() -> Report:
    """k u_x = m: only the ratio of k and m can be known; n stands nowhere that matters."""

    def slope(u, x, k, m, n):  # type: ignore[no-untyped-def]
        return k * d(u, x) - m + 0 * n

    x = np.linspace(0, 1, 40)
    problem = Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=slope, conditions=observed(x=x, u=2 * x, sigma=0.01),
        parameters={"k": Unknown(1.0), "m": Unknown(1.0), "n": Unknown(1.0)}, reference=None,
    )  # fmt: skip
    solution = solve(problem, network=MLP(4, 1), method=LevenbergMarquardt(steps=20), points=64, held_out=64)
    return Report("slope", "A slope.", solution, compare(solution, None), ["mind the gap"], 2**28, 2**27)


def test_the_report_says_which_constants_the_data_cannot_tell(run: Report, tmp_path: Path) -> None:
    printed = io.StringIO()
    show_result(Console(file=printed, width=400), run, tmp_path)
    told = json.dumps(summary(run))
    shown = page(run, b"no picture")
    for words in ("the data cannot tell n", "the data cannot tell k", "the data cannot tell m"):
        assert words in printed.getvalue() and words in told and words in shown
    assert "mind the gap" in shown and "mind the gap" in told


def test_the_page_tells_constants_with_their_errors_and_how_the_data_are_met(run: Report) -> None:
    shown = page(run, b"no picture")
    assert run.training.identified is not None
    constants = run.training.identified.constants
    assert all(f'<td class="number">{c}</td>' in shown for c in constants.values())
    assert "standard_error" not in shown
    (misfit,) = run.training.identified.misfits.values()
    assert f"{misfit.value:.8g}" in shown and f"{misfit.expected:.8g}" in shown


def decays(noise: float, steps: int) -> Identified:
    """k = 0.7 from measurements of its decay, by so many steps."""

    def decay(u, t, k):  # type: ignore[no-untyped-def]
        return d(u, t) + k * u

    t = np.linspace(0, 2, 40)
    data = observed(t=t, u=3 * np.exp(-0.7 * t) + noise * np.random.default_rng(0).standard_normal(40), sigma=noise)
    given = Problem(
        time=(0, 2), unknowns="u", equations=decay, conditions=data, parameters={"k": Unknown(1.0)}, reference=None
    )
    solution = solve(given, network=MLP(8, 1), method=LevenbergMarquardt(steps=steps), points=100, budget=600)
    assert solution.training is not None and solution.training.identified is not None
    return solution.training.identified


def test_a_constant_that_training_has_not_found_yet_has_the_error_that_is_left() -> None:
    """What noise explains is a small part of it then: without the step that is left the pull would be large."""
    found = [decays(1e-6, steps) for steps in (6, 30)]
    early, late = (f.constants["k"] for f in found)
    assert early.standard_error > 5 * late.standard_error
    assert abs(early.value - 0.7) < 3 * early.standard_error and abs(early.value - 0.7) > 5 * late.standard_error
    assert abs(late.value - 0.7) < 3 * late.standard_error
    assert any("one more step would move k" in w for w in found[0].warnings)


def test_what_a_few_steps_left_beside_much_noise_is_solved_in_the_end() -> None:
    """Three steps alone are wrong by more than 0.02."""
    early, late = (decays(1e-2, steps) for steps in (3, 30))
    assert abs(early.constants["k"].value - late.constants["k"].value) < 0.5 * late.constants["k"].standard_error
    assert not early.warnings and not late.warnings


def test_in_steady_flow_inertia_and_viscosity_are_told_only_together() -> None:
    """a, nu and p may all be multiplied by one number; with a known, nu is found."""

    def x_momentum(u, v, p, x, y, a, nu):  # type: ignore[no-untyped-def]
        return a * (u * d(u, x) + v * d(u, y)) + d(p, x) - nu * laplace(u, x, y)

    def y_momentum(u, v, p, x, y, a, nu):  # type: ignore[no-untyped-def]
        return a * (u * d(v, x) + v * d(v, y)) + d(p, y) - nu * laplace(v, x, y)

    rng, sigma = np.random.default_rng(0), 0.01
    x, y = rng.uniform(-0.5, 1, 150), rng.uniform(-0.5, 0.5, 150)
    u, v = (field + sigma * rng.standard_normal(150) for field in velocity(x, y, 20.0))
    told = []
    for a, steps in ((Unknown(2.0), 12), (1.0, 25)):
        flow = Problem(
            space=Box(x=(-0.5, 1), y=(-0.5, 0.5)), unknowns=("u", "v", "p"), equations=[x_momentum, y_momentum],
            conditions=[
                solenoidal("u", "v"), dirichlet(p=0, on=point(x=0, y=0)), observed(x=x, y=y, u=u, v=v, sigma=sigma)
            ],
            parameters={"a": a, "nu": Unknown(0.1, positive=True)}, reference=None,
        )  # fmt: skip
        method = LevenbergMarquardt(steps=steps)
        solution = solve(flow, network=MLP(8, 2), method=method, points=120, held_out=60, budget=600)
        assert solution.training is not None and solution.training.identified is not None
        told.append(solution.training.identified)
    assert any("the data tell a and nu only together" in w for w in told[0].warnings)
    assert not told[1].warnings
    nu = told[1].constants["nu"]
    assert abs(nu.value - 0.05) < 3 * nu.standard_error < 0.005


# ------------------------------------------------------------ calibration


def test_one_run_of_the_calibration_tells_pull_and_misfit() -> None:
    (found,) = pulls("heat", 0)
    assert abs(found.pull) < 4 and 0.001 < found.error < 0.05 and 0.6 < found.misfit < 1.4


def test_the_noise_differs_from_seed_to_seed_and_the_places_do_not() -> None:
    a, b, again = (CASES["heat"].measured(seed).observations[0].points for seed in (0, 1, 0))
    assert (a.coordinates["x"] == b.coordinates["x"]).all() and (a.measured["u"] == again.measured["u"]).all()
    assert not (a.measured["u"] == b.measured["u"]).any()


def test_the_table_counts_what_is_covered() -> None:
    found = [Pull("heat", "alpha", k, p, 0.01, 1.1) for k, p in enumerate((0.5, -0.5, 1.5, -3.0))]
    line = next(line for line in table(found).splitlines() if line.startswith("| heat |"))
    assert "| 4 | 1.00% | 50% (68% +- 23%) | 75% (95% +- 10%) | -0.38 +- 0.50 | 2.94 +- 0.71 | 1.100 |" in line


def test_a_case_that_is_not_there_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        calibration.main(["hot"])
    assert "there is no case hot; possible: heat" in capsys.readouterr().err
