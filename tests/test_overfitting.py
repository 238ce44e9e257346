"""Overfitting to data: when it is called so, in what words, and where these are seen."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from matplotlib.figure import Figure

from pinnsolve import (
    MLP,
    Box,
    LevenbergMarquardt,
    LocalFeatures,
    Problem,
    ProblemError,
    Settings,
    exact,
    observed,
    solve,
)
from pinnsolve.__main__ import main
from pinnsolve.report.figures import solution_figure
from pinnsolve.report.record import Report, summary
from pinnsolve.solution import Solution
from pinnsolve.solve import prepare
from pinnsolve.training.history import Look
from pinnsolve.training.overfitting import Overfitting, overfitting
from pinnsolve.verdict.compare import compare

RNG = np.random.default_rng(1)
X = np.sort(RNG.uniform(-1, 1, 40))
NOISY = Problem(
    space=Box(x=(-1, 1)), unknowns="u", reference=None,
    conditions=observed(x=X, u=np.sin(np.pi * X) + 0.3 * RNG.standard_normal(40)),
)  # fmt: skip
NAME = "u of data x, u"


def looks(training: list[float], held_out: list[float]) -> list[Look]:
    pairs = zip(training, held_out, strict=True)
    return [Look(10 * k, 0.1 * k, "lm", t, {"u": t}, {"u": h}) for k, (t, h) in enumerate(pairs)]


# ------------------------------------------------------------ the rule


@pytest.mark.parametrize(
    ("training", "held_out", "step"),
    [
        ([1, 0.5, 0.3, 0.2], [1, 0.6, 0.5, 0.7], 20),  # the textbook's curves
        ([1, 0.5, 0.3, 0.2], [1, 0.6, 0.5, 0.51], None),  # 4 % in the loss: not yet
        ([1, 0.5, 0.3, 0.2], [1, 0.6, 0.5, 0.4], None),  # still learning
        ([1, 0.5, 0.3, 0.4], [1, 0.6, 0.5, 0.7], None),  # both worse: diverging, not overfitting
        ([1, 0.2] * 10 + [0.2] * 10, [1, 0.5] * 10 + [0.5] * 9 + [0.6], None),  # one bad look at the end
        ([1, 0.2] * 10 + [0.1] * 10, [1, 0.5] * 10 + [0.6] * 10, 10),
    ],
)
def test_it_is_overfitting_where_held_out_data_are_lost_and_trained_ones_are_not(
    training: list[float], held_out: list[float], step: int | None
) -> None:
    found = overfitting(looks(training, held_out), {"u": 2.0}, 30)
    assert (found.step if found else None) == step
    assert overfitting(looks(training, held_out), {}, 30) is None, "no data were held out"


def test_the_misfits_are_root_mean_squares_over_all_sets_of_data() -> None:
    history = [
        Look(k, 0.0, "lm", 0.0, {"u": a, "v": b, "law": 9.0}, {"u": c, "v": e, "law": 9.0})
        for k, (a, b, c, e) in enumerate([(3, 4, 3, 4), (1, 2, 5, 12)])
    ]
    found = overfitting(history, {"u": 1.0, "v": 1.0}, 0)
    assert found is not None
    assert found.held_out == pytest.approx((np.sqrt(12.5), np.sqrt(84.5)))
    assert found.training == pytest.approx((np.sqrt(12.5), np.sqrt(2.5)))


def test_the_words_name_the_step_that_was_kept_and_the_three_cures() -> None:
    words = str(Overfitting(240, (0.22, 0.54), (0.21, 0.03), 230))
    for part in ("after step 240", "from 0.22 to 0.54", "from 0.21 to 0.03", "step 230 was kept", "Adam(decay="):
        assert part in words
    assert "MLP(dropout=" in words and "early stopping" in words


# ------------------------------------------------------------ a run


def trained(**more: Any) -> Solution:
    return solve(NOISY, network=MLP(20, 2), method=LevenbergMarquardt(steps=40), budget=60, **more)


@pytest.fixture(scope="module")
def split() -> Solution:
    return trained(validation=0.25)


def run_of(solution: Solution) -> Report:
    assert solution.training is not None
    return Report("noisy", "Noise.", solution, compare(solution, None), [], 0, 0)


def test_a_network_that_learns_the_noise_is_told_of_and_the_best_one_is_kept(split: Solution) -> None:
    training = split.training
    assert training is not None and training.overfitting is not None
    held_out = {look.step: look.held_out[NAME] for look in training.history}
    best = min(held_out, key=held_out.__getitem__)
    assert training.kept == training.overfitting.step == best < training.steps
    assert training.held_out[NAME] == held_out[best] < held_out[training.steps]
    assert training.warnings == [str(training.overfitting)]


def test_without_a_split_it_is_told_that_the_fit_is_as_free_as_the_data_are_many() -> None:
    training = trained().training
    assert training is not None and training.overfitting is None
    (told,) = training.warnings
    taken = re.search(r"takes (\d+) of 40 degrees of freedom", told)
    assert taken is not None and int(taken.group(1)) > 30 and "Settings(validation=0.2)" in told


def test_a_run_that_would_end_by_itself_says_why(split: Solution) -> None:
    solution = solve(NOISY, network=MLP(20, 2), method=LevenbergMarquardt(), budget=60, validation=0.25)
    training = solution.training
    assert training is not None and training.outcome.kind == "overfitting" and training.overfitting is not None
    assert f"step {training.kept} was kept" in str(training.outcome)


def test_the_figure_marks_the_step_and_tells_trained_data_from_held_out_ones(split: Solution) -> None:
    figure = solution_figure(run_of(split))
    axes = {a.get_title(): a for a in figure.get_axes()}
    training = split.training
    assert training is not None
    history = next(a for title, a in axes.items() if title.endswith(f"overfitting after step {training.kept}"))
    assert [t.get_text().strip() for t in history.texts] == [f"kept: step {training.kept}"]
    at = next(look.seconds for look in training.history if look.step == training.kept)
    assert [line.get_xdata() for line in history.lines if line.get_linestyle() == "--"] == [[at, at]]
    dots = {str(line.get_label()): line for line in axes["u: solution"].lines}
    assert len(dots["data"].get_xdata()) == 30 and len(dots["held out"].get_xdata()) == 10
    assert sorted([*dots["data"].get_xdata(), *dots["held out"].get_xdata()]) == X.tolist()
    seen = split.u(x=dots["data"].get_xdata()) - dots["data"].get_ydata()
    assert np.sqrt(np.mean(seen**2)) == pytest.approx(training.training[NAME], rel=1e-12)


def test_a_figure_without_a_split_marks_nothing() -> None:
    figure: Figure = solution_figure(run_of(trained()))
    assert not any(t.get_text().strip().startswith("kept") for a in figure.get_axes() for t in a.texts)
    (solution,) = [a for a in figure.get_axes() if a.get_title() == "u: solution"]
    assert [str(line.get_label()) for line in solution.lines] == ["solution", "data"]


def test_report_json_has_it_as_numbers_and_in_words(split: Solution) -> None:
    told = summary(run_of(split))
    training = split.training
    assert training is not None and training.overfitting is not None
    assert told["kept_step"] == training.kept and told["overfitting"] == vars(training.overfitting)
    assert told["warnings"] == [str(training.overfitting)]


FIT = """
import numpy as np
from pinnsolve import *
rng = np.random.default_rng(1)
x = np.sort(rng.uniform(-1, 1, 40))
problem = Problem(
    space=Box(x=(-1, 1)), unknowns="u", conditions=observed(x=x, u=np.sin(np.pi * x) + 0.3 * rng.standard_normal(40)),
    reference=REFERENCE, tolerance=0.5,
)
settings = Settings(network=MLP(20, 2), method=LevenbergMarquardt(steps=40), validation=0.25)
"""


@pytest.mark.parametrize(
    ("reference", "verdict"), [("None", "unconfirmed"), ("exact(u=lambda x: np.sin(np.pi * x))", "pass")]
)
def test_the_command_fits_data_without_equations(
    reference: str, verdict: str, write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file, out = write(("REFERENCE", reference), text=FIT), tmp_path / "run"
    assert main([str(file), "--out", str(out)]) == (verdict != "pass")
    printed = " ".join(capsys.readouterr().out.split())
    told = json.loads((out / "report.json").read_text())
    (warning,) = told["warnings"]
    assert told["verdict"] == verdict and warning.startswith("overfitting: after step")
    assert f"warning {warning}" in printed
    assert warning in (out / "report.html").read_text() and (out / "solution.png").exists()


# ------------------------------------------------------------ fits and the automatic choice


def test_after_random_features_a_fit_goes_on_with_a_network_and_not_with_cells() -> None:
    methods: list[str] = []

    def stop(look: Look) -> None:
        methods.append(look.method)
        if look.method == "lm":
            raise KeyboardInterrupt

    solve(NOISY, validation=0.25, budget=60, progress=stop)
    assert set(methods) == {"newton", "lm"}


def test_cells_are_refused_where_there_is_no_equation() -> None:
    with pytest.raises(ProblemError, match="fit no data alone"):
        solve(NOISY, settings=Settings(network=LocalFeatures(), budget=1))


@pytest.mark.parametrize(("noise", "error"), [(0.1, 0.1), (0.0, 1e-9)])
def test_a_fit_to_data_alone_holds_some_of_them_out_by_itself(noise: float, error: float) -> None:
    """With all 80 in training the noisy ones are met by a function that is wrong by more than one."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 1, 80)
    data = observed(x=x, u=np.sin(5 * x) + noise * rng.standard_normal(80))
    fit = Problem(space=Box(x=(0, 1)), unknowns="u", conditions=data, reference=exact(u=lambda x: np.sin(5 * x)))
    found = compare(solve(fit, budget=20), fit.reference(fit)).errors["u"]  # type: ignore[operator,misc]
    assert found.relative_l2 < error
    assert not prepare(fit, Settings(validation=0.0)).loop.state.settings.validation
    assert not prepare(fit.replaced(conditions=observed(x=x[:40], u=x[:40])), Settings()).loop.state.settings.validation
