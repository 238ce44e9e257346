"""Several seeds as one solution: mean and spread by hand, members that fail, interruptions, and what reports show."""

from __future__ import annotations

import csv
import inspect
import json
from collections.abc import Callable
from math import pi
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest
import torch
from matplotlib.collections import FillBetweenPolyCollection

from pinnsolve import (
    MLP,
    Box,
    Ensemble,
    LevenbergMarquardt,
    Newton,
    NotConverged,
    Problem,
    ProblemError,
    RandomFeatures,
    Settings,
    Unknown,
    compare,
    d,
    dirichlet,
    ensemble,
    exact,
    initial,
    observed,
    solve,
)
from pinnsolve.__main__ import main
from pinnsolve.command.exits import Exit
from pinnsolve.ensembles.scatter import scatter
from pinnsolve.problem_file import load
from pinnsolve.report import grids
from pinnsolve.report.curves import BAND
from pinnsolve.report.figures import solution_figure
from pinnsolve.report.record import Report
from pinnsolve.solve import Options
from pinnsolve.training.history import Look
from pinnsolve.training.loop import Loop

SMALL: dict[str, Any] = {
    "network": MLP(width=6, depth=2), "method": LevenbergMarquardt(steps=4), "points": 100, "held_out": 80,
}  # fmt: skip
X, T = np.linspace(0.05, 0.95, 7), 0.4


def burgers(u, x, t):  # type: ignore[no-untyped-def]
    return d(u, t) + u * d(u, x) - 0.1 * d(u, x, x)


def decaying(x: Any, t: Any) -> Any:
    return np.exp(-t) * np.sin(pi * x)


STEEP = Problem(
    space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=burgers,
    conditions=[initial(u=lambda x: torch.sin(pi * x)), dirichlet(u=0)], reference=exact(u=decaying), tolerance=1e-3,
)  # fmt: skip
REFERENCE = STEEP.reference(STEEP)  # type: ignore[operator]


@pytest.fixture(scope="module")
def trio() -> Ensemble:
    return ensemble(STEEP, 3, seed=4, **SMALL)


# ------------------------------------------------------------ mean and spread


def test_mean_and_spread_are_those_of_solutions_of_the_seeds(trio: Ensemble) -> None:
    alone = [solve(STEEP, seed=seed, **SMALL).u(x=X, t=T) for seed in trio.seeds]
    assert trio.seeds == (4, 5, 6) and trio.left_out == {}
    assert [np.array_equal(m.u(x=X, t=T), u) for m, u in zip(trio.members, alone, strict=True)] == [True] * 3
    mean = (alone[0] + alone[1] + alone[2]) / 3
    np.testing.assert_allclose(trio.u(x=X, t=T), mean, rtol=1e-14)
    by_hand = np.sqrt(((alone[0] - mean) ** 2 + (alone[1] - mean) ** 2 + (alone[2] - mean) ** 2) / 2)
    assert by_hand.min() > 1e-5
    np.testing.assert_allclose(trio.spread("u")(x=X, t=T), by_hand, rtol=1e-10)
    slopes = [m.d("u", "x")(x=X, t=T) for m in trio.members]
    np.testing.assert_allclose(trio.d("u", "x")(x=X, t=T), np.mean(slopes, axis=0), rtol=1e-13)
    np.testing.assert_allclose(trio.spread("u", "x")(x=X, t=T), np.std(slopes, axis=0, ddof=1), rtol=1e-13)


def test_the_residual_is_that_of_the_mean_and_not_the_mean_of_residuals(trio: Ensemble) -> None:
    u, u_t, u_x, u_xx = (trio.d("u", *c)(x=X, t=T) for c in ("", "t", "x", "xx"))
    found = trio.residuals(x=X, t=T)["burgers"]
    np.testing.assert_allclose(found, u_t + u * u_x - 0.1 * u_xx, rtol=1e-10)
    others = np.mean([m.residuals(x=X, t=T)["burgers"] for m in trio.members], axis=0)
    assert np.abs(found - others).max() > 1e-8, "the product u u_x tells them apart"


def test_the_training_is_that_of_all_members(trio: Ensemble) -> None:
    each = [m.training for m in trio.members]
    assert trio.training is not None
    assert trio.training.steps == 12 and trio.training.seconds == sum(t.seconds for t in each if t)
    assert trio.parameters_count == 3 * trio.members[0].parameters_count and trio.training.points["interior"] == 300
    assert trio.training.outcome.kind == "steps"
    assert trio.training.held_out["burgers"] < sum(t.held_out["burgers"] for t in each if t)
    assert trio.settings["seed"] == 4


class Bent(torch.nn.Sequential):
    """A network that jets do not go through: nested autograd stands in."""

    def forward(self, h: Any) -> Any:
        return super().forward(torch.special.erfcx(h))


OWN = Bent(torch.nn.Linear(2, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1))


def linear(u, x, t, alpha=0.1):  # type: ignore[no-untyped-def]
    return d(u, t) - alpha * d(u, x, x)


LINEAR = STEEP.replaced(equations=linear)


@pytest.mark.parametrize(
    "options",
    [
        {"network": RandomFeatures(20), "method": Newton()},
        {"network": OWN, "method": LevenbergMarquardt(steps=1), "points": 60, "held_out": 60},
    ],
    ids=["random features", "nested autograd"],
)
def test_members_of_every_kind_have_a_mean(options: dict[str, Any]) -> None:
    """The residual of a linear equation is the mean of the members' residuals."""
    found = ensemble(LINEAR, 2, budget=10, **options)
    each = [m.residuals(x=X, t=T)["linear"] for m in found.members]
    assert np.abs(each[0] - each[1]).max() > 1e-9
    np.testing.assert_allclose(found.residuals(x=X, t=T)["linear"], np.mean(each, axis=0), atol=1e-11)


def test_scatter_over_the_domain(trio: Ensemble) -> None:
    """Against a grid of cell centres: both are quadratures of the same integrals."""
    middle = (np.arange(60) + 0.5) / 60
    places = {"x": middle[:, None], "t": middle}
    by_hand = np.sqrt(np.mean(trio.spread("u")(**places) ** 2) / np.mean(trio.u(**places) ** 2))
    found = scatter(trio, REFERENCE)
    assert found.spread["u"] == pytest.approx(by_hand, rel=1e-2)
    assert [e["u"] for e in found.errors] == [compare(m, REFERENCE).errors["u"] for m in trio.members]
    assert compare(trio, REFERENCE).errors["u"].relative_l2 <= np.mean([e["u"].relative_l2 for e in found.errors])
    assert scatter(trio, None).errors == []


def test_constants_have_a_mean_and_a_spread_beside_the_standard_error() -> None:
    rng = np.random.default_rng(0)
    x, t = rng.uniform(0, 1, (2, 40))
    noisy = np.exp(-0.1 * pi**2 * t) * np.sin(pi * x) + rng.normal(0, 0.01, 40)
    problem = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=linear,
        conditions=[dirichlet(u=0), observed(x=x, t=t, u=noisy, sigma=0.01)],
        parameters={"alpha": Unknown(0.05, positive=True)}, reference=None,
    )  # fmt: skip
    found = ensemble(problem, 2, network=RandomFeatures(60), method=Newton(steps=8), budget=20)
    alphas = [m.trial.constants.values()["alpha"] for m in found.members]
    assert alphas[0] != alphas[1] and found.training is not None and found.training.identified is not None
    alpha = found.training.identified.constants["alpha"]
    assert alpha.value == pytest.approx(sum(alphas) / 2, rel=1e-14)
    assert found.constants_spread == {"alpha": pytest.approx(abs(alphas[0] - alphas[1]) / 2**0.5, rel=1e-12)}
    each = [m.training.identified.constants["alpha"].standard_error for m in found.members]  # type: ignore[union-attr]
    assert min(each) <= alpha.standard_error <= max(each), "more seeds are no more data"
    x0 = found.d("u", "t")(x=0.3, t=0.2) - alpha.value * found.d("u", "x", "x")(x=0.3, t=0.2)
    assert found.residuals(x=0.3, t=0.2)["linear"] == pytest.approx(x0, abs=1e-12)


def test_it_is_saved_and_loaded(trio: Ensemble, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    (tmp_path / "model-9.safetensors").write_text("of an earlier ensemble")
    trio.save(path)
    assert sorted(p.name for p in tmp_path.iterdir()) == [f"model-{seed}.safetensors" for seed in (4, 5, 6)]
    again = Ensemble.load(path, STEEP)
    assert again.seeds == trio.seeds and np.array_equal(again.u(x=X, t=T), trio.u(x=X, t=T))
    with pytest.raises(ProblemError, match="no ensemble"):
        Ensemble.load(tmp_path / "other.safetensors", STEEP)


def test_options_are_those_of_solve() -> None:
    own = {"problem", "out", "resume", "progress"}
    assert set(inspect.signature(solve).parameters) - own == set(Options.__annotations__)


# ------------------------------------------------------------ members that fail


def failing(monkeypatch: pytest.MonkeyPatch, *seeds: int) -> None:
    """From its second step on, the weights of these members are not finite."""
    step = Loop._step

    def broken(self: Loop) -> Any:
        state = self.state
        if state.settings.seed in seeds and state.step:
            state.trial.assign(torch.full_like(state.trial.vector(), torch.nan))
            state.method_state = state.method.init(self._objective())
        return step(self)

    monkeypatch.setattr(Loop, "_step", broken)


def test_a_member_that_fails_is_named_and_left_out(monkeypatch: pytest.MonkeyPatch, trio: Ensemble) -> None:
    failing(monkeypatch, 5)
    with pytest.warns(RuntimeWarning, match=r"seed 5 is left out of the mean: non-finite"):
        found = ensemble(STEEP, 3, seed=4, **SMALL)
    assert found.seeds == (4, 6) and list(found.left_out) == [5]
    np.testing.assert_allclose(found.u(x=X, t=T), (trio.members[0].u(x=X, t=T) + trio.members[2].u(x=X, t=T)) / 2)
    assert found.training is not None and found.training.outcome.kind == "steps"
    assert found.training.outcome.detail == "3 members: 2 steps, 1 non-finite"
    assert found.training.steps > 8, "the time of the one that failed was spent too"
    assert found.findings is not None and any("seed 5" in w for w in found.findings.warnings)


def test_a_member_that_failed_is_still_left_out_when_resumed(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with monkeypatch.context() as patched:
        failing(patched, 1)
        with pytest.warns(RuntimeWarning, match="seed 1"):
            first = ensemble(STEEP, 3, out=tmp_path, **SMALL)
    with pytest.warns(RuntimeWarning, match="seed 1 is left out of the mean: non-finite"):
        again = ensemble(STEEP, 3, out=tmp_path, resume=True, **SMALL)
    assert np.array_equal(again.u(x=X, t=T), first.u(x=X, t=T))


def test_one_member_is_no_ensemble(monkeypatch: pytest.MonkeyPatch) -> None:
    failing(monkeypatch, 0, 2)
    with pytest.raises(ProblemError, match="only 1 of 3 members ended with finite numbers") as told:
        ensemble(STEEP, 3, **SMALL)
    assert "seed 0" in told.value.remedy and "seed 2" in told.value.remedy


@pytest.mark.parametrize("members", [1, 0, -2, True, 2.0, "5"])
def test_bad_numbers_of_members(members: Any) -> None:
    with pytest.raises(ProblemError, match="no whole number from 2 up"):
        ensemble(STEEP, members, **SMALL)


def test_resuming_needs_a_folder() -> None:
    with pytest.raises(ProblemError, match="resume=True needs the folder"):
        ensemble(STEEP, 2, resume=True, **SMALL)


# ------------------------------------------------------------ interruptions


def interrupting(after: int) -> Callable[[Look], None]:
    """Ctrl-C at so many looks, counted over all members; each makes five."""
    seen = []

    def watch(look: Look) -> None:
        seen.append(look)
        if len(seen) == after:
            raise KeyboardInterrupt

    return watch


def test_members_that_are_finished_are_kept_and_a_resumed_run_gives_the_same_bits(
    trio: Ensemble, tmp_path: Path
) -> None:
    with pytest.warns(RuntimeWarning, match="seed 6 is left out of the mean: interrupted"):
        cut = ensemble(STEEP, 3, seed=4, out=tmp_path, progress=interrupting(13), **SMALL)
    assert cut.seeds == (4, 5) and cut.training is not None
    assert cut.training.outcome.kind == "interrupted" and "2 of 3" in cut.training.outcome.detail
    again = ensemble(STEEP, 3, seed=4, out=tmp_path, resume=True, **SMALL)
    assert again.seeds == (4, 5, 6)
    for a, b in zip(again.members, trio.members, strict=True):
        assert torch.equal(a.trial.vector(), b.trial.vector())
    assert again.members[0].training is not None and cut.members[0].training is not None
    assert again.members[0].training.seconds == cut.members[0].training.seconds, "it was taken as it was"


def test_members_that_were_not_begun_are_named() -> None:
    with pytest.warns(RuntimeWarning) as told:
        found = ensemble(STEEP, 4, progress=interrupting(12), **SMALL)
    assert list(found.left_out) == [2, 3] and found.left_out[3].startswith("not trained")
    assert len([w for w in told if w.category is RuntimeWarning]) == 2
    (ended,) = [w for w in told if w.category is NotConverged]  # one for all members
    assert "interrupted" in str(ended.message) and ended.filename == __file__
    assert "seeds 0, 1, interrupted, estimated error" in repr(found) and not found.converged


def test_a_new_run_forgets_the_members_of_an_earlier_one(tmp_path: Path) -> None:
    ensemble(STEEP, 2, out=tmp_path, **SMALL)
    with pytest.raises(KeyboardInterrupt, match="0 of 2 members finished"):
        ensemble(STEEP, 2, out=tmp_path, progress=interrupting(3), **SMALL)
    assert [p.parent.name for p in tmp_path.glob("*/checkpoint.pt")] == ["seed-0"]


# ------------------------------------------------------------ the command


@pytest.fixture(scope="module")
def finished(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path, int]:
    from tests.conftest import SMALL as HEAT
    from tests.conftest import without_pictures

    folder = tmp_path_factory.mktemp("ensemble")
    path = folder / "case.py"
    path.write_text('"""Heat in a rod."""\n' + HEAT.replace("steps=15", "steps=5"))
    with pytest.MonkeyPatch.context() as monkeypatch:
        without_pictures(monkeypatch)
        return path, folder / "out", main([str(path), "--ensemble", "3", "--seed", "7", "--out", str(folder / "out")])


def test_the_command_reports_the_mean_and_the_scatter(finished: tuple[Path, Path, int]) -> None:
    path, out, code = finished
    report = json.loads((out / "report.json").read_text())
    assert (code == 0) == (report["verdict"] == "pass")
    told, problem = report["ensemble"], load(path).problem
    mean = Ensemble.load(out / "model.safetensors", problem)
    reference = problem.reference(problem)  # type: ignore[operator]
    assert told["seeds"] == [7, 8, 9] == list(mean.seeds) and told["left_out"] == {} and len(told["outcomes"]) == 3
    assert report["errors"]["u"]["relative_l2"] == compare(mean, reference).errors["u"].relative_l2
    assert told["errors"]["u"] == [compare(m, reference).errors["u"].relative_l2 for m in mean.members]
    assert told["spread"] == scatter(mean, None).spread
    page = (out / "report.html").read_text()
    assert "Scatter of the method over 3 seeds" in page and "It is no error bar" in page
    assert all(f"{e:.1e}" in page for e in told["errors"]["u"]) and f"{told['spread']['u']:.1e}" in page
    with (out / "history.csv").open() as stream:
        assert {row["seed"] for row in csv.DictReader(stream)} == {"7", "8", "9"}
    data = meshio.read(out / "solution.vtu")
    np.testing.assert_allclose(data.point_data["u_spread"], mean.spread("u")(x=data.points[:, 0], t=1.0), rtol=1e-12)


def test_the_console_names_members_and_scatter(
    finished: tuple[Path, Path, int], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Resumed, so that nothing is left to train; what is written is the other test's."""
    path, out, code = finished
    error = json.loads((out / "report.json").read_text())["errors"]["u"]["relative_l2"]
    monkeypatch.setattr("pinnsolve.report.write.write_all", lambda run, folder, figures: {})
    monkeypatch.setattr("pinnsolve.report.write.clear", lambda folder: None)
    options = ["--ensemble", "3", "--seed", "7", "--out", str(out), "--resume"]
    assert main([str(path), *options]) == code
    told = capsys.readouterr().out
    for part in ("member   2 of 3: seed 8, resumed at step 5", "error of seed 9", "error of the mean",
                 "scatter of the method over 3 seeds", "all members may be wrong alike", f"{error:.2e}"):  # fmt: skip
        assert part in told, part
    assert main([str(path), *options[:2], "--out", str(out), "--resume"]) == 2, "of seed 0 there is none"
    assert "there is no checkpoint" in capsys.readouterr().err


@pytest.mark.parametrize("number", ["1", "x", "2.5", "-3"])
def test_bad_numbers_on_the_command_line(
    number: str, write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main([str(write()), f"--ensemble={number}", "--out", str(tmp_path / "out")]) == 2
    assert "no whole number from 2 up" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


def test_an_interrupted_command_tells_how_far_it_came(
    write: Callable[..., Path], tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Loop.run
    monkeypatch.setattr(Loop, "run", lambda self, progress: run(self, interrupting(2)))
    assert main([str(write()), "--ensemble", "2", "--out", str(tmp_path / "out")]) == Exit.INTERRUPTED
    assert "0 of 2 members finished" in capsys.readouterr().err


# ------------------------------------------------------------ the picture


def bands(figure: Any) -> dict[str, FillBetweenPolyCollection]:
    return {
        axes.get_title().split("\n")[0]: band
        for axes in figure.get_axes()
        for band in axes.collections
        if band.get_label() == BAND
    }


def test_the_band_is_drawn_around_the_mean_and_around_its_error(trio: Ensemble) -> None:
    run = Report("steep", "", trio, compare(trio, REFERENCE), [], 0, 0, scatter=scatter(trio, REFERENCE))
    figure = solution_figure(run)
    found = bands(figure)
    assert len(found) == 8, "four slices, and four differences"
    xs = np.linspace(0, 1, 201)
    half = 2 * trio.spread("u")(x=xs, t=0.5)
    error = trio.u(x=xs, t=0.5) - decaying(xs, 0.5)
    for title, middle in (
        ("u at t = 0.5", trio.u(x=xs, t=0.5)),
        ("u: solution \N{MINUS SIGN} reference, t = 0.5", error),
    ):
        corners = found[title].get_paths()[0].vertices
        assert corners[:, 1].max() == pytest.approx((middle + half).max(), abs=1e-12)
        assert corners[:, 1].min() == pytest.approx((middle - half).min(), abs=1e-12)
        low, high = found[title].axes.get_ylim()
        assert low <= corners[:, 1].min() and corners[:, 1].max() <= high
    words = " ".join(t.get_text() for t in figure.subfigs[0].texts)
    assert "scatter of the method over 3 seeds" in words and "no error bars" in words
    history = figure.subfigs[-1].get_axes()[0]
    assert len(history.lines) == 6, "training and held-out points of three members"


def test_without_a_reference_there_is_a_picture_of_the_spread(trio: Ensemble) -> None:
    alone = Report("steep", "", trio, compare(trio, None), [], 0, 0, scatter=scatter(trio, None))
    titles = [axes.get_title() for axes in solution_figure(alone).get_axes()]
    (title,) = [t for t in titles if t.startswith("u: std over 3 seeds")]
    on = grids.pictured(STEEP)
    assert f"largest {trio.spread('u')(**on.places()).max():.1e}" in title


def test_a_single_run_has_no_band() -> None:
    solution = solve(STEEP, settings=Settings(**SMALL))
    figure = solution_figure(Report("steep", "", solution, compare(solution, REFERENCE), [], 0, 0))
    assert bands(figure) == {} and not any("scatter" in t.get_text() for t in figure.subfigs[0].texts)
