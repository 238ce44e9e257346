"""Wrong calls in Python are told in words, and what the command can the functions can."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import pinnsolve
from pinnsolve import (
    MLP,
    SGD,
    SOAP,
    Adam,
    Box,
    Disk,
    Fourier,
    LevenbergMarquardt,
    Problem,
    ProblemError,
    RandomFeatures,
    Settings,
    Solution,
    Unknown,
    automatic_reference,
    compare,
    condition,
    d,
    dirichlet,
    ensemble,
    initial,
    modes,
    observed,
    solve,
    table,
)
from pinnsolve.__main__ import main
from pinnsolve.problem_file import declared
from pinnsolve.solve import prepare, with_options
from pinnsolve.training.history import Look
from pinnsolve.training.progress import line

PROBLEM = """from pinnsolve import Problem, Settings, d, initial

problem = Problem(time=(0, 1), unknowns="u", equations=lambda u, t: d(u, t) + u, conditions=[initial(u=1)])
settings = Settings(seed=7)
"""


def decay(**changes: Any) -> Problem:
    given: dict[str, Any] = {
        "time": (0, 1), "unknowns": "u", "equations": lambda u, t: d(u, t) + u, "conditions": [initial(u=1)],
    }  # fmt: skip
    return Problem(**{**given, **changes})


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: solve(decay(), budjet=3), "did you mean 'budget'"),  # type: ignore[call-arg]
        (lambda: solve(decay(), 60), "takes its arguments by name, all but problem\n  Write solve(problem, budget=20)"),  # type: ignore[misc]
        (lambda: solve(decay(), tolerance=1e-3), "tolerance is said in Problem(..., tolerance=...)"),  # type: ignore[call-arg]
        (lambda: solve(decay(), epochs=3), "no argument 'epochs'\n  Possible: problem"),  # type: ignore[call-arg]
        (lambda: decay(budget=3), "budget is said in solve(..., budget=...)"),
        (lambda: condition(u=0), "Write condition(robin, on=face(x=1))."),  # type: ignore[call-arg]
        (lambda: solve(), "missing 1 required positional argument: 'problem'"),  # type: ignore[call-arg]
        (lambda: ensemble(decay(), 2, budjet=3), "ensemble(...) has no argument 'budjet'\n  did you mean 'budget'"),  # type: ignore[call-arg]
        (lambda: ensemble(decay(), membres=2), "did you mean 'members'"),  # type: ignore[call-arg]
        (lambda: compare(3), "compare(3) is given no solution"),  # type: ignore[arg-type]
        (lambda: modes(decay()), "modes(...) is given a problem without an eigenvalue"),
        (lambda: Box(1), "Write Box(x=(0, 1))."),
        (lambda: automatic_reference(decay(), tol=3), "did you mean 'tolerance'"),  # type: ignore[call-arg]
        (lambda: Problem(spaec=3), "did you mean 'space'"),  # type: ignore[call-arg]
        (lambda: decay(conditions=[dirichlet(U=0)]), "did you mean 'u'"),
        (lambda: Settings(bugdet=1), "did you mean 'budget'"),  # type: ignore[call-arg]
        (lambda: Settings(60), "Write Settings(budget=20)."),  # type: ignore[misc]
        (lambda: MLP(activaton="tanh"), "did you mean 'activation'"),  # type: ignore[call-arg]
        (lambda: dirichlet(0), "Write dirichlet(u=0)."),  # type: ignore[misc]
        (lambda: solve(decay(), method="levenberg"), "there is no method 'levenberg'"),
        (lambda: solve(3), "3 is neither a problem nor the path of a problem file"),  # type: ignore[arg-type]
        (lambda: solve("no_such_file.py"), "the problem file no_such_file.py does not exist"),
        (lambda: solve(decay(), out=3), "out: 3 is no path"),  # type: ignore[arg-type]
        (lambda: RandomFeatures(scale=8.0), "Write RandomFeatures(scale=(0.5, 2.0))"),  # type: ignore[arg-type]
        (lambda: decay(tolerance=5), "Write tolerance=0.05 for 5 percent"),
    ],
)
def test_wrong_calls_are_told(call: Callable[[], Any], words: str) -> None:
    with pytest.raises(ProblemError) as told:
        call()
    assert words in str(told.value)


WITHOUT = {  # made by ourselves, or about fields of their user's
    "Comparison", "Ensemble", "NotConverged", "Outcome", "Points", "ProblemError", "Solution",
    "curl", "d", "div", "dot", "grad", "jump", "laplace", "boundary", "interior",
}  # fmt: skip


@pytest.mark.parametrize("name", sorted(set(pinnsolve.__all__) - WITHOUT))
def test_every_public_name_tells_a_wrong_call(name: str) -> None:
    with pytest.raises(ProblemError):
        getattr(pinnsolve, name)(*range(9), no_such_argument=object())


NO_ARGUMENTS = [
    None, -1, 0, 2.5, "x", [], {}, float("nan"), 1j, object(), (1, 2), lambda: 0, np.ones(3), torch.ones(2), [None],
]  # fmt: skip
CALLS: list[tuple[Callable[..., Any], dict[str, Any]]] = [
    (decay, {"tolerance": 1e-3, "parameters": {"k": 1.0}, "reference": None, "quantities": None, "guess": None}),
    (Box, {"x": (0, 1)}),
    (Disk, {"x": 0, "y": 0, "radius": 1}),
    (Disk(x=0, y=0, radius=1).turned, {"degrees": 30, "about": (0, 0)}),
    (Settings, {"validation": 0.1, "budget": 1, "weights": 1.0, "dtype": "float64", "cells": "sine", "sampler": "sobol"}),
    (RandomFeatures, {"count": 10, "scale": (1.0, 2.0), "activation": "sine"}),
    (MLP, {"width": 4, "depth": 1, "activation": "tanh"}),
    (Fourier, {"count": 3, "scale": 1.0}),
    (Adam, {"rate": 1e-3, "decay": 0.1}),
    (SGD, {"rate": 1e-3, "decay": 0.1, "momentum": 0.5}),
    (SOAP, {"rate": 1e-3, "momentum": 0.5, "beta": 0.5}),
    (Unknown, {"guess": 0.5, "bounds": (0, 1), "of": "x"}),
    (table, {"x": [0, 1], "k": [1, 2], "of": "x", "kind": "linear", "outside": "refuse", "value": "k"}),
    (observed, {"x": [0, 1], "u": [1, 2], "sigma": 0.1, "loss": "huber", "columns": ("x", "u"), "given": {"Q": 1}}),
    (lambda **given: with_options(*declared(decay(), given["settings"])[1:], {}), {"settings": None}),
    (lambda **given: automatic_reference(given["problem"], tolerance=given["tolerance"], seconds=0.1), {
        "problem": decay(), "tolerance": 1e-3,
    }),
]  # fmt: skip


@pytest.mark.parametrize("number", range(len(CALLS)))
def test_no_argument_of_another_kind_is_a_traceback(number: int) -> None:
    call, right = CALLS[number]
    for name in right:
        for wrong in NO_ARGUMENTS:
            with contextlib.suppress(ProblemError):
                call(**right | {name: wrong})


@pytest.fixture(scope="module")
def front() -> Solution:
    wave = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=lambda u, x, t: d(u, t) + d(u, x) - d(u, x, x),
        conditions=[initial(u=0), dirichlet(u=0)], reference=None,
    )  # fmt: skip
    return prepare(wave, Settings(network=MLP(4, 1))).solution()


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda s: s.u(0.5, 0.1), "u(...) takes places by name\n  Write u(x=..., t=...)."),
        (lambda s: s.d("u", "x")(0.5), "takes places by name"),
        (lambda s: s.residual(s.problem.equations[0].name)(0.5, 1), "takes places by name"),
        (lambda s: s.residuals(0.5, 1), "residuals(...) takes its arguments by name\n  Write residuals(x=0.5)."),
        (lambda s: s.everything(0.5, 1), "Write everything(x=0.5)."),
        (lambda s: s.table(0.5), "Write table(x=[0, 0.5])."),
        (lambda s: s.at(0.5), "Write at(nu=0.05)."),
        (lambda s: s.export(), 'Write export("u.vtu").'),
        (lambda s: s.animate("u", 40), 'Write animate("u", frames=40).'),
        (lambda s: s.plot(unknown="u"), "plot(...) has no argument 'unknown'\n  did you mean 'unknowns'"),
        (lambda s: s.u(x="a", t=0), "x='a' is no real number"),
        (lambda s: s.u(x=None, t=0), "x=None is no real number"),
        (lambda s: s.u(x=[[0.1], [0.1, 0.2]], t=0), "is no real number, and no array of such"),
        (lambda s: s.u(x=0.5j, t=0), "x=0.5j is no real number"),
        (lambda s: s.u(x=[0.1, 0.2], t=[0, 0.1, 0.2]), "do not go together: x (2,), t (3,)"),
        (lambda s: s.table(x=[0.1, 0.2], t=[0, 0.1, 0.2]), "do not go together"),
        (lambda s: s.u(x=float("nan"), t=0), "x"),
    ],
)  # fmt: skip
def test_wrong_calls_of_a_solution_are_told(call: Callable[[Any], Any], words: str, front: Solution) -> None:
    with pytest.raises(ProblemError) as told:
        call(front)
    assert words in str(told.value)


@pytest.mark.parametrize("array", [np.array([1.0, 2.0]), torch.ones(2), np.array([])], ids=["numpy", "torch", "empty"])
@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda a: solve(decay(), budget=1, progress=a), "progress="),
        (lambda a: solve(decay(), budget=1, resume=a), "resume="),
        (lambda a: ensemble(decay(), members=2, budget=1, resume=a), "resume="),
        (lambda a: solve(decay(), budget=1, redraw=a), "redraw="),
        (lambda a: solve(decay(), budget=1, device=a), "device="),
        (lambda a: Unknown(1.0, positive=a), "positive="),
    ],
    ids=["progress", "resume", "ensemble", "redraw", "device", "positive"],
)
def test_arrays_where_yes_or_no_or_a_name_is_meant_are_told(
    call: Callable[[Any], Any], words: str, array: object
) -> None:
    with pytest.raises(ProblemError, match=words):
        call(array)


def test_numpy_may_say_yes_or_no() -> None:
    assert Unknown(1.0, positive=np.bool_(True)).positive
    with pytest.raises(ProblemError, match="neither True nor False"):
        Unknown(1.0, positive=1)  # type: ignore[arg-type]


def test_an_error_inside_a_call_stays_what_it_is() -> None:
    def refuses(problem: Problem) -> None:
        raise TypeError("f() got an unexpected keyword argument 'a'")

    with pytest.raises(TypeError):
        solve(decay(), budget=1, progress=lambda look: refuses(decay()))


def test_a_file_is_solved_with_its_settings(tmp_path: Path) -> None:
    path = tmp_path / "decay.py"
    path.write_text(PROBLEM)
    solution = solve(path)
    assert solution.settings["seed"] == 7 and solution.converged
    assert solve(str(path), settings=Settings(seed=3)).settings["seed"] == 3
    assert compare(solution).verdict == "pass", "by the automatic reference"
    assert compare(Solution(solution.trial)).reference is not None
    path.write_text(PROBLEM.replace("initial(u=1)", "initial(1)"))
    with pytest.raises(ProblemError, match=r"decay.py, line 3: initial\(...\) takes its arguments by name"):
        solve(path)


def test_the_reference_of_the_problem() -> None:
    off = decay(reference=None)
    quick = Settings(network=MLP(4, 1), method="adam", budget=0.1, points=50)
    assert isinstance(quick.method, Adam)
    assert isinstance(Settings(method=["adam", "lm"]).methods[1], LevenbergMarquardt)
    found = compare(solve(off, settings=quick))
    assert (found.verdict, found.reason) == ("unconfirmed", "the reference is switched off")
    ranged = decay(equations=lambda u, t, k: d(u, t) + k * u, parameters={"k": (0.5, 1.5)})
    with pytest.raises(ProblemError, match=r"compare\(solution.at\(k=1\)\)"):
        compare(solve(ranged, settings=quick))


def test_a_line_now_and_then_where_nothing_moves(capsys: pytest.CaptureFixture[str]) -> None:
    from rich.console import Console

    with line(Console(width=110), 60, every=15.0) as tell:
        for seconds in range(40):
            tell(Look(seconds, float(seconds), "lm", 1.0, {"heat": 1.0}, {"heat": 0.5}))
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 3 and "largest held-out residual: heat 5.0e-01" in lines[-1]


@pytest.mark.parametrize(
    ("given", "words"),
    [
        (["a.py", "--budjet", "3"], "there is no option '--budjet'\n  did you mean '--budget'?"),
        (["a.py", "--seed", "x"], "--seed: 'x' is no whole number"),
        (["a.py", "b.py"], "one problem file at a time, and 'b.py' is one more"),
        (["new", "a.py", "--kidn", "ode"], "did you mean '--kind'?"),
        ([], "the following arguments are required: file\n  See python -m pinnsolve --help."),
    ],
)
def test_wrong_options_are_told_as_all_else_is(
    given: list[str], words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(given)
    said = capsys.readouterr().err
    assert ended.value.code == 2 and said.startswith("error: ") and words in said


def test_the_version(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--version"])
    assert capsys.readouterr().out == f"pinnsolve {pinnsolve.__version__}\n"
