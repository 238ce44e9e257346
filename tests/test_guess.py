"""A first guess of the unknowns: which of several solutions is found, by every method that iterates."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.sparse import diags_array, eye_array, kron
from scipy.sparse.linalg import spsolve

from pinnsolve import (
    MLP,
    Box,
    Eigenvalue,
    LevenbergMarquardt,
    Problem,
    ProblemError,
    RandomFeatures,
    Settings,
    automatic_reference,
    d,
    dirichlet,
    ensemble,
    initial,
    laplace,
    solve,
)
from pinnsolve.__main__ import main
from pinnsolve.cells.guessing import on_cells
from pinnsolve.continuation import _good, along
from pinnsolve.errors import Outcome
from pinnsolve.networks.reference_cell import reference_cell
from pinnsolve.networks.tiles import Tiles
from pinnsolve.overview import overview
from pinnsolve.solve import prepare, roughly
from pinnsolve.training.loop import Loop
from validation.bratu import height, roots

LOWER, UPPER = map(height, roots(1.0))


def bratu(guess: Any = None, **more: Any) -> Problem:
    def equation(u, x, lam):  # type: ignore[no-untyped-def]
        return d(u, x, x) + lam * torch.exp(u)

    return Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=equation, conditions=dirichlet(u=0), parameters={"lam": 1.0},
        guess=guess, **{"reference": None, "tolerance": 1e-6, **more},
    )  # fmt: skip


def hump(top: float) -> dict[str, Any]:
    return {"u": lambda x: 4 * top * x * (1 - x)}


@pytest.mark.parametrize(("top", "wanted"), [(0.0, LOWER), (3.0, UPPER), (6.0, UPPER)])
def test_both_branches_by_cells_features_and_differences(top: float, wanted: float) -> None:
    problem = bratu(hump(top))
    cells = solve(problem)
    assert cells.converged and cells.estimate is not None and cells.estimate < 1e-9
    assert abs(cells.u(x=0.5) - wanted) < 1e-9 * wanted
    features = solve(problem, network=RandomFeatures(150), budget=20)
    assert features.u(x=0.5) == pytest.approx(wanted, rel=1e-4)
    reference = automatic_reference(problem)
    assert reference.fields["u"](x=np.array([0.5]))[0] == pytest.approx(wanted, rel=1e-6)


@pytest.mark.filterwarnings("ignore::pinnsolve.NotConverged")
def test_both_branches_by_a_trained_network() -> None:
    network, method = MLP(width=8, depth=2), LevenbergMarquardt(steps=25)
    for top, wanted in ((0.0, LOWER), (4.0, UPPER)):
        solution = solve(bratu(hump(top)), network=network, method=method, points=100)
        assert solution.u(x=0.5) == pytest.approx(wanted, rel=1e-2)


def hot(guess: Any, space: Any) -> Problem:
    def equation(u, x, y):  # type: ignore[no-untyped-def]
        return laplace(u, x, y) + torch.exp(u)

    return Problem(
        space=space, unknowns="u", equations=equation, conditions=dirichlet(u=0), guess=guess, reference=None,
        tolerance=1e-4,
    )  # fmt: skip


def five_points(top: float, count: int = 40) -> float:
    """The middle of the solution near a hump, by five-point differences and Newton's method."""
    x = np.linspace(0, 1, count + 1)[1:-1]
    along = diags_array([1.0, -2.0, 1.0], offsets=[-1, 0, 1], shape=(len(x), len(x))) * count**2
    matrix = kron(along, eye_array(len(x))) + kron(eye_array(len(x)), along)
    u = top * np.outer(4 * x * (1 - x), 4 * x * (1 - x)).ravel() ** 2
    for _ in range(30):
        u = u - spsolve((matrix + diags_array(np.exp(u))).tocsc(), matrix @ u + np.exp(u))
    return float(u.reshape(len(x), -1)[count // 2 - 1, count // 2 - 1])


def test_the_zero_solution_is_not_handed_out_where_another_is_guessed() -> None:
    """u'' + 20 (u - u^3) = 0 between zeros: zero is a solution, and a hump is another."""

    def equation(u, x):  # type: ignore[no-untyped-def]
        return d(u, x, x) + 20 * (u - u**3)

    problem = Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=equation, conditions=dirichlet(u=0), guess=hump(1.0), reference=None
    )  # fmt: skip
    values = [solve(problem, budget=20, **how).u(x=0.5) for how in ({}, {"network": RandomFeatures(100)})]
    assert values[0] == pytest.approx(values[1], rel=1e-5)
    assert 0.5 < values[0] < 1


def test_an_earlier_solution_is_a_guess() -> None:
    before = solve(bratu(hump(4.0)))
    after = bratu(before).with_parameters({"lam": 0.8})
    assert solve(after).u(x=0.5) == pytest.approx(height(roots(0.8)[1]), rel=1e-6)
    assert "guess: an earlier solution at lam = 1" in repr(after)
    assert "guess: u = 4 * top * x * (1 - x)" in repr(bratu(hump(4.0)))


def test_several_solutions_are_told_with_what_to_write() -> None:
    with pytest.raises(ProblemError, match="guess="):
        automatic_reference(bratu(reference="automatic"))


@pytest.mark.parametrize(
    ("guess", "told"),
    [
        ({"v": 1.0}, "no unknown 'v'"), (3.0, "names no unknown"), ({"u": "hump"}, "neither a finite number"),
        ({"u": 1j}, "complex"), ({"u": math.nan}, "neither a finite number"), ({"u": True}, "neither a finite number"),
        ({"u": lambda u: u}, "unknown 'u'"), ({"u": lambda z: z}, "asks for 'z'"), ({"u": lambda **at: 1}, "guess=solution"),
    ],
)  # fmt: skip
def test_what_is_no_guess_is_told(guess: Any, told: str) -> None:
    with pytest.raises(ProblemError, match=told):
        bratu(guess)


def test_a_guess_that_is_not_finite_or_changes_nothing_is_told() -> None:
    with pytest.raises(ProblemError, match="guess of u is .* at x=0"):
        bratu({"u": lambda x: 1 / x}).check()

    def poisson(u, x):  # type: ignore[no-untyped-def]
        return d(u, x, x) + 1

    linear = bratu(hump(1.0)).replaced(equations=poisson, parameters={})
    assert any("guess= changes nothing" in f for f in linear.check().findings)

    def decay(u, t):  # type: ignore[no-untyped-def]
        return d(u, t) + u**2

    evolution = Problem(time=(0, 1), unknowns="u", equations=decay, conditions=initial(u=1), guess={"u": 1.0})
    assert any("of little use" in f for f in evolution.check().findings)


def test_a_guess_of_another_problem_is_refused() -> None:
    def equation(v, x):  # type: ignore[no-untyped-def]
        return d(v, x, x) + 1

    other = solve(
        Problem(space=Box(x=(0, 1)), unknowns="v", equations=equation, conditions=dirichlet(v=0), reference=None)
    )
    with pytest.raises(ProblemError, match="one for v over x"):
        bratu(other)


def test_a_run_begins_where_the_guess_says_and_is_resumed_from_no_other() -> None:
    ready = [prepare(bratu(hump(top)), Settings(network=RandomFeatures(80))) for top in (0.0, 4.0)]
    points = ready[1].loop.state.trial.problem.domain.line()
    trial = ready[1].loop.state.trial
    there = trial.unknowns(trial.prepare(points))["u"].value
    assert torch.allclose(there, trial.problem.guessed(points)["u"], atol=1e-3)


def test_a_guess_without_bound_where_data_jump_makes_no_cells_there() -> None:
    """The pressure 1/r under the lid of a cavity, of an earlier solution (mutant: cells follow it until there are 256)."""
    mesh, cell = Tiles.begun(((0.0, 1.0), (0.0, 1.0)), 4, ((), ()), torch.device("cpu")), reference_cell(8, "cpu", 2)

    def pressure(places: torch.Tensor) -> torch.Tensor:
        return 1 / places.square().sum(-1, keepdim=True).sqrt()

    def at_corner(mesh: Tiles) -> torch.Tensor:
        return (mesh.lows == 0).all(-1)

    followed, _ = on_cells(pressure, mesh, cell, (False, False))
    stayed, c = on_cells(pressure, mesh, cell, (False, False), at_corner)
    assert len(followed) > 32 and float(followed.widths.min()) < 1e-3
    assert float(stayed.widths[at_corner(stayed)].min()) == 0.25 and len(stayed) <= 16 and len(c) == len(stayed)


# ---------------------------------------------------------------- continuation


@pytest.mark.parametrize("how", [{}, {"network": RandomFeatures(150)}])
def test_a_branch_is_followed_in_a_parameter(how: dict[str, Any]) -> None:
    """From lam = 1 the upper solution is followed to lam = 3.5, near where both meet: a guess of its height there."""
    solution = solve(bratu(hump(4.0)), continuation={"lam": (1.0, 2.0, 3.0, 3.5)}, budget=20, **how)
    assert solution.problem.parameters["lam"] == 3.5
    assert solution.u(x=0.5) == pytest.approx(height(roots(3.5)[1]), rel=1e-4)
    assert solution.training is not None
    assert solution.training.choice[0] == "continued from lam = 1; lam = 2; lam = 3"


def test_what_is_only_a_guess_is_solved_once() -> None:
    """By cells within their bound: nobody asks how far off it is, which a second solution would tell."""
    found = roughly(bratu(hump(4.0)).replaced(reference=None, tolerance=1e-2), Settings())
    assert found.outcome is not None and found.outcome.kind == "steps" and found.estimate is None
    assert _good(found)
    assert found.u(x=0.5) == pytest.approx(height(roots(1.0)[1]), rel=1e-2)


def test_values_are_put_between_two_that_are_too_far_apart() -> None:
    """A solver that finds solutions below lam = 3.5, and no further than 1.3 times from its guess."""
    asked: list[float] = []

    def solver(problem: Problem, settings: Settings) -> Any:
        now, before = problem.parameters["lam"], problem.guess.solved
        asked.append(now)
        near = before is None or now / before.problem.parameters["lam"] < 1.3
        outcome = Outcome("converged" if near and now < 3.5 else "plateau", "")
        training = SimpleNamespace(outcome=outcome, left=1.0)
        trial, converged = SimpleNamespace(complete=True), outcome.kind == "converged"
        return SimpleNamespace(
            outcome=outcome, training=training, trial=trial, converged=converged, estimate=None, problem=problem,
            everything=lambda **places: {"u": 0 * places["x"]},
        )  # fmt: skip

    way = along(bratu(hump(4.0)), Settings(continuation={"lam": (1.0, 1.6, 2.0)}), solver)
    assert asked == pytest.approx([1.0, 1.6, 1.6**0.5, 1.6]) and not way.warnings
    assert way.problem.parameters["lam"] == 2.0
    assert way.problem.guess.solved is not None and way.problem.guess.solved.problem.parameters["lam"] == 1.6
    assert way.told == "continued from lam = 1; lam = 1.26491; lam = 1.6"
    way = along(bratu(hump(4.0)), Settings(continuation={"lam": (3.4, 4.0, 3.0)}), solver)
    assert way.warnings and "no solution was found at lam = 4" in way.warnings[-1]
    assert way.told.startswith("continued from lam = 3.4")


def test_what_lacked_time_is_not_too_far() -> None:
    """Values put before it have less time still: six of them had taken all that was left for the one that is wanted."""
    asked: list[float] = []

    def solver(problem: Problem, settings: Settings) -> Any:
        asked.append(problem.parameters["lam"])
        outcome = Outcome("converged" if len(asked) == 1 else "budget", "")
        training = SimpleNamespace(outcome=outcome, left=1e-3)
        return SimpleNamespace(
            outcome=outcome, training=training, trial=SimpleNamespace(complete=len(asked) == 1), estimate=None,
            converged=len(asked) == 1, problem=problem, everything=lambda **places: {"u": 0 * places["x"]},
        )  # fmt: skip

    way = along(bratu(hump(4.0)), Settings(continuation={"lam": (1.0, 2.0, 3.0)}), solver)
    assert asked == [1.0, 2.0] and way.told == "continued from lam = 1"
    assert "no solution was found at lam = 2 (budget)" in way.warnings[0]


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({}, "names no parameter"), (3, "names no parameter"), ({"lam": 2.0}, "no two numbers"),
        ({"lam": (1.0,)}, "no two numbers"), ({"lam": (1.0, math.inf)}, "no two numbers"), ({"lam": "1,2"}, "no two numbers"),
        ({"lam": (1.0, 1.0)}, "twice in a row"), ({"lam": (1.0, 2.0), "mu": (1, 2, 3)}, "differently many"),
    ],
)  # fmt: skip
def test_what_is_no_continuation_is_told_where_it_is_written(given: Any, told: str) -> None:
    with pytest.raises(ProblemError, match=told):
        Settings(continuation=given)


def test_what_no_problem_can_be_continued_in_is_told() -> None:
    """By everything that takes settings, before anything is solved."""
    elsewhere, inputs = Settings(continuation={"la": (1, 2)}), bratu().replaced(parameters={"lam": (0.5, 1.0)})
    for told in (solve, partial(ensemble, members=2), overview):
        with pytest.raises(ProblemError, match="no parameter 'la'"):
            told(bratu(), settings=elsewhere)
    with pytest.raises(ProblemError, match="an input of the network"):
        solve(inputs, continuation={"lam": (1, 2)})
    string = bratu().replaced(
        equations=lambda u, x, lam, E: d(u, x, x) + lam * E * u, parameters={"lam": 1.0, "E": Eigenvalue(near=0)}
    )
    for told in (solve, overview):
        with pytest.raises(ProblemError, match="modes are found at once"):
            told(string, settings=Settings(continuation={"lam": (1, 2)}))


def test_a_continuation_is_taken_up_where_it_was_interrupted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """On the way, and at its last value: the same bits as of a run that went through."""
    asked: list[tuple[Path | None, float]] = []
    after, run = 2, Loop.run

    def interrupted(loop: Loop, told: Any = None) -> Any:
        lam = loop.state.trial.problem.parameters["lam"]
        asked.append((loop.checkpoint and loop.checkpoint.folder, lam))
        training = run(loop, told)
        return replace(training, outcome=Outcome("interrupted", "by the user")) if len(asked) == after else training

    how: dict[str, Any] = {"continuation": {"lam": (1.0, 2.0, 3.0)}, "network": RandomFeatures(60), "budget": 20}
    whole = solve(bratu(hump(4.0)), **how)
    monkeypatch.setattr(Loop, "run", interrupted)
    with pytest.raises(KeyboardInterrupt, match="on the way, at lam = 2"):
        solve(bratu(hump(4.0)), out=tmp_path, **how)
    with pytest.raises(ProblemError, match="went another way"):
        solve(bratu(hump(4.0)), out=tmp_path, resume=True, **how | {"continuation": {"lam": (1.0, 2.0, 3.1)}})
    for _ in range(2):
        again = solve(bratu(hump(4.0)), out=tmp_path, resume=True, **how)
        assert again.u(x=0.3) == whole.u(x=0.3) and again.training.choice[0] == whole.training.choice[0]
    assert [lam for _, lam in asked] == [1.0, 2.0, 2.0, 3.0, 3.0]
    with pytest.raises(ProblemError, match="no checkpoint"):
        solve(bratu(hump(4.0)), out=tmp_path / "other", resume=True, **how)


FILE = """
from torch import exp
from pinnsolve import Box, Problem, d, dirichlet

def bratu(u, x, lam):
    return d(u, x, x) + lam * exp(u)

problem = Problem(space=Box(x=(0, 1)), unknowns="u", equations=bratu, conditions=dirichlet(u=0),
                  parameters={"lam": 1.0}, guess={"u": lambda x: 16 * x * (1 - x)})
"""
CONTINUED = (
    FILE.replace("import Box,", "import Box, Settings,")
    + """
settings = Settings(continuation={"lam": (1, 2, 3)})
"""
)


@pytest.mark.usefixtures("unpictured")
def test_a_file_says_it_too(tmp_path: Path, capsys: Any) -> None:
    """To the command, the check, `solve`, and not where `--set` gives a value of its own."""
    file = tmp_path / "bratu.py"
    file.write_text(CONTINUED)
    assert main([str(file), "--check"]) == 0
    assert "lam  3, continued from 1, 2" in capsys.readouterr().out
    assert main([str(file), "--no-reference", "--set", "lam=1.5", "--out", str(tmp_path / "set")]) == 1
    assert "--set gives another" in capsys.readouterr().out
    assert json.loads((tmp_path / "set" / "report.json").read_text())["parameters"]["lam"] == 1.5
    solution = solve(file, network=RandomFeatures(80))
    assert solution.u(x=0.5) == pytest.approx(height(roots(3.0)[1]), rel=1e-5)
    few = ensemble(file, 2, network=RandomFeatures(80))
    assert few.u(x=0.5) == pytest.approx(height(roots(3.0)[1]), rel=1e-5)


@pytest.mark.usefixtures("unpictured")
def test_the_command_continues_and_compares_with_the_same_branch(tmp_path: Path, capsys: Any) -> None:
    file = tmp_path / "bratu.py"
    file.write_text(FILE)
    out = tmp_path / "run"
    assert main([str(file), "--continue", "lam=1,2,3", "--out", str(out)]) == 0
    told = json.loads((out / "report.json").read_text())
    assert told["verdict"] == "pass" and told["parameters"]["lam"] == 3.0
    assert told["reference"]["automatic"] and told["choice"][0] == "continued from lam = 1; lam = 2"
    assert "continue lam = 2: steps: the cells are within their bound" in capsys.readouterr().out
    assert main([str(file), "--continue", "lam=1,2", "--set", "lam=3", "--out", str(tmp_path / "b")]) == 2
    assert main([str(file), "--continue", "mu=1,2", "--out", str(tmp_path / "b")]) == 2
    assert "there is no parameter 'mu'" in capsys.readouterr().err
