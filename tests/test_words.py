"""Messages that say what to write, and a report that says what was done."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pinnsolve import (
    MLP,
    Adam,
    Box,
    LevenbergMarquardt,
    LocalFeatures,
    Marching,
    Newton,
    Problem,
    ProblemError,
    RandomFeatures,
    Redraw,
    Settings,
    ensemble,
    solve,
)
from pinnsolve.__main__ import main
from pinnsolve.solve import prepare
from tests.test_faults import HEAT, SETTINGS, TRUE, told

Write = Callable[..., Path]

START = "initial(u=lambda x: sin(pi * x))"
MESSAGES: dict[str, tuple[str, str, str]] = {
    # what is replaced, by what, words of the message
    "comparison": (HEAT, "    return d(u, t) == alpha * d(u, x, x)", "write lhs - rhs"),
    "comparison in a condition": ("dirichlet(u=0)", "condition(lambda u: u == 0)", "write lhs - rhs"),
    "list": (HEAT, "    return [d(u, t), d(u, x)]", "list them: equations=[mass, momentum]"),
    "tuple in a condition": ("dirichlet(u=0)", "condition(lambda u: (u, u))", "tuple of 2 things"),
    "no return": (HEAT, "    d(u, t) - alpha * d(u, x, x)", "Its return is missing"),
    "no return in a condition": ("dirichlet(u=0)", "condition(lambda u: None)", "Its return is missing"),
    "equation=": ("equations=heat", "equation=heat", "did you mean 'equations'?"),
    "unknown=": ('unknowns="u"', 'unknown="u"', "did you mean 'unknowns'?"),
    "no unknowns": ('unknowns="u", ', "", "missing 1 required keyword-only argument: 'unknowns'"),
    "Problem without names": ("Problem(", 'Problem("heat", ', "takes its arguments by name"),
    "Box without names": ("Box(x=(0, 1))", "Box((0, 1))", "Write Box(x=(0, 1))."),
    "Box of two numbers": ("Box(x=(0, 1))", "Box(0, 1)", "Write Box(x=(0, 1))."),
    "dirichlet without names": ("dirichlet(u=0)", "dirichlet(0)", "Write dirichlet(u=0)."),
    "start without names": (START, "initial(lambda x: sin(pi * x))", "Write initial(u=0)."),
    "a place by another word": ("dirichlet(u=0)", "dirichlet(u=0, at=face(x=0))", "Write dirichlet(u=0, on=face(x=0))."),
    "exact without names": (f"exact(u={TRUE})", "exact(lambda x: x)", "Write exact(u=lambda"),
    "settings as a dict": (SETTINGS, "settings = {'budget': 3, 'points': 300}", "settings = Settings(budget=3, points=300)"),
    "settings as a class": (SETTINGS, "settings = Settings", "settings is a class"),
    "problem as a dict": ("problem = Problem(", "problem = dict(", "problem is a dict, and no Problem"),
    "a word of Settings": (SETTINGS, "settings = Settings(bugdet=3)", "did you mean 'budget'?"),
    "a word of MLP": (SETTINGS, "settings = Settings(network=MLP(widht=3))", "did you mean 'width'?"),
    "a method's name": (SETTINGS, "settings = Settings(method='adma')", "did you mean 'adam'?"),
    "a condition on U": ("dirichlet(u=0)", "dirichlet(U=0)", "did you mean 'u'?"),
    "held-out data without data": ("points=300", "validation=0.2", "and the problem has none"),
}  # fmt: skip


@pytest.mark.parametrize("case", MESSAGES)
def test_messages(case: str, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    old, new, words = MESSAGES[case]
    assert main([str(write((old, new))), "--check"]) == 2
    assert words in told(capsys.readouterr().err)


def test_a_parameter_that_nothing_asks_for(write: Write, capsys: pytest.CaptureFixture[str]) -> None:
    main([str(write(('{"alpha": 0.1}', '{"alpha": 0.1, "beta": 2.0}'))), "--check"])
    assert "asks for the parameter 'beta'" in told(capsys.readouterr().out)


def test_truth_values_count_as_zeros_and_ones(write: Write) -> None:
    source = "    return d(u, t) - alpha * d(u, x, x) * (2 - (x < 0.5) - (x >= 0.5)) + ((x < 0.5) + (x < 0.6)) * 0"
    assert (
        main([str(write((HEAT, source), ("dirichlet(u=0)", "dirichlet(u=lambda x: 0 * (x < 0.5))"))), "--check"]) == 0
    )


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("points", 100),
        ("condition_points", 100),
        ("sampler", "latin"),
        ("validation", 0.2),
        ("redraw", Redraw(every=3)),
        ("weights", 10.0),
    ],
)
def test_settings_that_cells_do_not_read(name: str, value: Any) -> None:
    for chosen in ({"network": LocalFeatures()}, {"method": Marching()}):
        with pytest.raises(ProblemError, match=f"{name}=.* does nothing with Marching"):
            Settings(**chosen, **{name: value})  # type: ignore[arg-type]
    Settings(method=Marching(), redraw=None)  # none are drawn anew: that is so
    Settings(**{name: value})  # some of what is chosen automatically reads it


def test_points_that_stay_are_not_drawn_anew() -> None:
    with pytest.raises(ProblemError, match="redraw=.* does nothing with Newton, whose points stay"):
        Settings(method=Newton(), redraw=Redraw(every=3))
    Settings(method=[Newton(), Adam()], network=MLP(), redraw=Redraw(every=3))


@pytest.mark.usefixtures("unpictured")
def test_steps_keep_the_numbers_of_the_method(write: Write, tmp_path: Path) -> None:
    path = write(("LevenbergMarquardt(steps=15)", "LevenbergMarquardt(damping=0.5)"))
    main([str(path), "--out", str(tmp_path / "out"), "--steps", "1"])
    report = json.loads((tmp_path / "out" / "report.json").read_text())
    assert report["method"] == "LevenbergMarquardt(damping=0.5)" and report["steps"] == 1


def test_what_an_automatic_choice_did_not_read_is_said(heat: Problem) -> None:
    training = solve(heat, settings=Settings(redraw=Redraw(every=3), points=500, budget=5)).training
    assert (
        training is not None
        and training.method.startswith("march in cells, solved again")
        and training.sampler == "gauss"
    )
    assert training.unread == ["points", "redraw"] and any(
        "redraw of the settings did nothing" in w for w in training.warnings
    )


# ---------------------------------------------------------------- what was done


@pytest.mark.usefixtures("unpictured")
def test_points_are_those_that_were_trained_on(heat: Problem) -> None:
    chosen = Settings(network=MLP(width=6, depth=1), method=LevenbergMarquardt(steps=12), points=1200, sampler="latin")
    loop = prepare(heat, chosen).loop
    training = loop.run()
    assert loop.state.best is not None
    assert training.points["interior"] == loop.state.best.points["interior"] <= 1200
    assert training.sampler == "latin" and training.redrawn_every == 5
    fixed = solve(heat, settings=chosen, method=Newton(), network=RandomFeatures(count=50)).training
    assert fixed is not None and fixed.points["interior"] == 1200 and fixed.redrawn_every is None


def test_points_of_cells_are_those_of_all_steps(heat: Problem) -> None:
    training = solve(heat, network=LocalFeatures(degree=9), method=Marching(bound=0.1), budget=20).training
    assert training is not None and training.sampler == "gauss" and training.redrawn_every is None
    assert training.points["walls"] > 0 and training.points["interior"] > 300
    assert training.method == "march in cells, bound 0.1"


def test_what_is_handed_out_is_what_is_told(heat: Problem) -> None:
    """The second method makes it worse: the network is that of the first."""
    methods = [LevenbergMarquardt(steps=8), Adam(rate=10.0, steps=40)]
    settings = Settings(network=MLP(width=6, depth=1), method=methods, points=300)
    training = solve(heat, settings=settings).training
    assert training is not None and training.kept <= 8
    assert training.method == "LevenbergMarquardt(damping=0.001)"
    assert training.training["equation"] == pytest.approx(training.history[training.kept].training["equation"])


def test_points_of_an_ensemble_are_those_of_all_members(heat: Problem) -> None:
    made = ensemble(heat, 2, settings=Settings(network=MLP(width=4, depth=1), method=LevenbergMarquardt(steps=1)))
    assert made.training is not None
    assert made.training.points["interior"] == sum(m.training.points["interior"] for m in made.members if m.training)


def test_a_box_names_its_coordinates() -> None:
    with pytest.raises(ProblemError, match=r"Write Box\(x=\(0, 1\), y=\(0, 2\)\)"):
        Box((0, 1), (0, 2))
