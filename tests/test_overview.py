"""The check before training: what it says of a problem, and what it finds."""

from __future__ import annotations

import json
from collections.abc import Callable
from math import pi
from pathlib import Path
from typing import Any

import pytest
from torch import cos, sin

from pinnsolve import (
    Box,
    Disk,
    Piecewise,
    Problem,
    Unknown,
    condition,
    d,
    dirichlet,
    face,
    faces,
    initial,
    initial_rate,
    laplace,
    neumann,
    observed,
    periodic,
    point,
)
from pinnsolve.__main__ import main
from pinnsolve.checks.check import check
from pinnsolve.problem.written import expression
from pinnsolve.problem_file import load

ROOT = Path(__file__).parents[1]
ROD, PLATE = Box(x=(0, 1)), Box(x=(0, 1), y=(0, 1))


def rod(u, x):  # type: ignore[no-untyped-def]
    return d(u, x, x) - 1


def plate(u, x, y):  # type: ignore[no-untyped-def]
    return laplace(u, x, y) - cos(pi * x)


def heat(u, x, t):  # type: ignore[no-untyped-def]
    return d(u, t) - d(u, x, x)


def mass(u, v, x, y):  # type: ignore[no-untyped-def]
    return d(u, x) + d(v, y)


def mass_again(u, v, x, y):  # type: ignore[no-untyped-def]
    return 2 * d(u, x, y) + 2 * d(v, y, y)


def stretch_x(u, v, x, y):  # type: ignore[no-untyped-def]
    return d(u, x, x) + 0.5 * d(u, y, y) + 0.5 * d(v, x, y)


def stretch_y(u, v, x, y):  # type: ignore[no-untyped-def]
    return d(v, y, y) + 0.5 * d(v, x, x) + 0.5 * d(u, x, y)


def pull_x(u, v, x, y, nx, ny):  # type: ignore[no-untyped-def]
    return nx * d(u, x) + 0.5 * ny * (d(u, y) + d(v, x))


def pull_y(u, v, x, y, nx, ny):  # type: ignore[no-untyped-def]
    return ny * d(v, y) + 0.5 * nx * (d(u, y) + d(v, x))


def made(equations: Any, *conditions: Any, unknowns: Any = "u", **more: Any) -> Problem:
    return Problem(unknowns=unknowns, equations=equations, conditions=list(conditions), **more)


def test_a_coefficient_that_is_another_in_each_part_is_told() -> None:
    """In the check and by repr; what is made of a number that is sought is not."""
    space = Box(x=(0, 1), name="rod")

    def conduction(u, x, k):  # type: ignore[no-untyped-def]
        return d(k * d(u, x), x)

    parts = Piecewise(1.0, (Box(x=(0, 0.5)), 4.0))
    bar = made(conduction, dirichlet(u=0), space=space, parameters={"k": parts})
    assert bar.check().parameters == {"k": "4 in Box(x=(0, 0.5)), 1 elsewhere"}
    assert "k = 4 in Box(x=(0, 0.5)), 1 elsewhere" in repr(bar)
    sought = bar.replaced(parameters={"k": Piecewise(Unknown(1.0), (Box(x=(0, 0.5)), 4.0))})
    assert not any(name.startswith("_") for name in sought.told_parameters)


FOUND: dict[str, tuple[Callable[[], Problem], str]] = {
    "balance, line": (lambda: made(rod, neumann(u=0), space=ROD), "no solution satisfies all"),
    "balance by a per cent": (
        lambda: made(lambda u, x: d(u, x, x) - cos(pi * x) - 0.01, neumann(u=0), space=ROD), "no solution satisfies all",
    ),
    "balance, ring": (lambda: made(rod, periodic("x"), space=ROD), "no solution satisfies all"),
    "balance, plate": (
        lambda: made(lambda u, x, y: laplace(u, x, y) - sin(3 * x), neumann(u=0), space=PLATE), "no solution satisfies",
    ),
    "balance, disc": (
        lambda: made(lambda u, x, y: laplace(u, x, y) - 1, neumann(u=0), space=Disk(x=0, y=0, radius=2)),
        "no solution satisfies all",
    ),
    "level": (lambda: made(plate, neumann(u=0), space=PLATE), "nothing determines u: a constant may be added"),
    "floating": (
        lambda: made([stretch_x, stretch_y], condition(pull_x), condition(pull_y), unknowns=("u", "v"), space=PLATE),
        "nothing determines u and v in 3 independent ways",
    ),
    "clamped once": (
        lambda: made(
            lambda u, x: d(u, x, x, x, x) - 1, dirichlet(u=0), neumann(u=0, on=face(x=0)), space=ROD
        ),
        "nothing determines u: something that varies",
    ),
    "three of two": (lambda: made(rod, dirichlet(u=0), neumann(u=0, on=face(x=0)), space=ROD), "one too many"),
    "two of one": (lambda: made(plate, dirichlet(u=0), neumann(u=1), space=Disk(x=0, y=0, radius=1)), "2 conditions on"),
    "a rate too many": (
        lambda: made(heat, initial(u=0), initial_rate(u=0), dirichlet(u=0), space=ROD, time=(0, 1)), "one too many",
    ),
    "backwards": (
        lambda: made(lambda u, x, t: d(u, t) + 2 * d(u, x, x), initial(u=0), dirichlet(u=0), space=ROD, time=(0, 1)),
        "time runs the wrong way",
    ),
    "from the end": (
        lambda: made(heat, dirichlet(u=0, on=face(t=1)), dirichlet(u=0), space=ROD, time=(0, 1)), "time runs the wrong way",
    ),
    "from one face": (
        lambda: made(
            plate, dirichlet(u=lambda x: sin(pi * x), on=face(y=0)), neumann(u=0, on=face(y=0)),
            dirichlet(u=0, on=faces("x")), space=PLATE,
        ),
        "u has two conditions on the face y=0 and none on y=1: 'plate' cannot be carried on from one face",
    ),
    "heat from one face": (
        lambda: made(heat, initial(u=0), dirichlet(u=0, on=face(x=1)), neumann(u=0, on=face(x=1)), space=ROD, time=(0, 1)),
        "two conditions on the face x=1 and none on x=0",
    ),
    "driven at its pitch": (
        lambda: made(lambda u, x: d(u, x, x) + pi**2 * u - sin(pi * x), dirichlet(u=0), space=ROD), "(a resonance)",
    ),
    "layer": (
        lambda: made(lambda u, x: -1e-8 * d(u, x, x) + u - 1, dirichlet(u=0), space=ROD),
        "1e-08 before u_xx in 'equation 1', beside 1 before u: expect a layer of width 1e-04 along x",
    ),
    "layer in the wind": (
        lambda: made(lambda u, x: -1e-8 * d(u, x, x) + d(u, x) - 1, dirichlet(u=0), space=ROD), "a layer of width 1e-08",
    ),
    "slope": (
        lambda: made(
            plate, dirichlet(u=lambda x: x, on=faces("y")), neumann(u=0, on=face(x=1)), dirichlet(u=0, on=face(x=0)),
            space=PLATE,
        ),
        "disagree in slope at x=1, y=0: 1 and 0",
    ),
    "derivative": (
        lambda: made([mass, mass_again], dirichlet(u=0), dirichlet(v=0, on=faces("y")), unknowns=("u", "v"), space=PLATE),
        "'mass_again' is the derivative by y of 'mass' (2 times it)",
    ),
    "idle": (
        lambda: made(lambda u, x, k: d(u, x, x) - 1, dirichlet(u=0), space=ROD, parameters={"k": 1.0}), "nothing there uses",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", FOUND)
def test_what_is_wrong_is_found(name: str) -> None:
    make, words = FOUND[name]
    assert any(words in w for w in check(make()).warnings), check(make()).warnings


NOTHING: dict[str, Callable[[], Problem]] = {
    "rod": lambda: made(rod, dirichlet(u=0), space=ROD),
    "units": lambda: made(rod, dirichlet(u=0), space=Box(x=(0, 1e-6))),
    "two ends": lambda: made(rod, dirichlet(u=0, on=face(x=0)), neumann(u=1, on=face(x=1)), space=ROD),
    "plate": lambda: made(plate, dirichlet(u=0), space=PLATE),
    "fixed level": lambda: made(plate, neumann(u=0), dirichlet(u=0, on=point(x=0, y=0)), space=PLATE),
    "heat": lambda: made(heat, initial(u=lambda x: cos(pi * x)), neumann(u=0), space=ROD, time=(0, 1)),
    "backwards from the end": lambda: made(
        lambda u, x, t: d(u, t) + d(u, x, x), dirichlet(u=0, on=face(t=1)), dirichlet(u=0), space=ROD, time=(0, 1)
    ),
    "walls in parts": lambda: made(
        plate, dirichlet(u=0, on=faces("x") | face(y=0)), dirichlet(u=0, on=face(y=1).where(lambda x: x < 0.5)),
        neumann(u=0, on=face(y=1).where(lambda x: x >= 0.5)), space=PLATE,
    ),
    "flux of its own": lambda: made(
        [lambda u, q, x: d(u, x) - q, lambda u, q, x: d(q, x) - 1], dirichlet(u=0), unknowns=("u", "q"), space=ROD
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", NOTHING)
def test_what_is_right_is_left_alone(name: str) -> None:
    assert check(NOTHING[name]()).warnings == []


def test_waves_go_on_from_one_face() -> None:
    """u_tt = u_xx is as good a wave along x as in time."""
    start, end = (dirichlet(u=0, on=face(x=0)), neumann(u=0, on=face(x=0))), (initial(u=0), initial_rate(u=0))
    wave = made(lambda u, x, t: d(u, t, t) - d(u, x, x), *start, *end, space=ROD, time=(0, 1))
    assert not any("carried on" in w for w in check(wave).warnings)


@pytest.mark.parametrize("waves", [2, 20, 200])
def test_what_is_not_resolved_is_not_called_unsolvable(waves: int) -> None:
    """cos(k pi x) balances fluxes of zero, whether polynomials hold it or not."""
    found = check(made(lambda u, x: d(u, x, x) - cos(waves * pi * x), neumann(u=0), space=ROD)).warnings
    assert any("a constant may be added" in w for w in found)
    assert not any("no solution" in w for w in found)


def test_sources_are_read_as_they_are_written() -> None:
    def flux(u, x, k):  # type: ignore[no-untyped-def]
        """A flux."""
        q = k * d(u, x)
        return d(q, x)  # its divergence

    def odd(u, x):  # type: ignore[no-untyped-def]
        for _ in range(2):
            u = d(u, x)
        return u

    first, second = (lambda u, x: u - x), (lambda u, x: u + x)
    assert expression(flux) == "d(q, x), where q = k * d(u, x)"
    assert expression(odd) == "odd(u, x)"
    assert (expression(first), expression(second)) == ("u - x", "u + x")
    unseen: dict[str, Any] = {}
    exec("def unseen(u, x): return u", unseen)
    assert expression(unseen["unseen"]) == "unseen(u, x)"
    assert expression(sin) == "sin"


def test_a_problem_reads_like_its_docstring() -> None:
    told = repr(load(ROOT / "problems" / "burgers.py").problem)
    for words in (
        "Problem for u over Box(x=(-1, 1), t=(0, 1))", "d(u, t) + u * d(u, x) - nu * d(u, x, x) = 0",
        "u = -sin(pi * x)", "nu = 0.0031831", "reference: cole_hopf", "tolerance: 0.001",
    ):  # fmt: skip
        assert words in told
    fit = made(rod, observed(x=[0.1, 0.2], u=[1.0, 2.0]), periodic("x"), space=ROD)
    assert "2 values" in repr(fit) and "periodic in x" in repr(fit)


def test_the_check_says_what_the_problem_is(capsys: pytest.CaptureFixture[str]) -> None:
    problem = load(ROOT / "problems" / "kovasznay.py").problem
    found = problem.check()
    momentum = found.equations["x_momentum"]
    assert not momentum.linear and found.equations["continuity"].linear
    assert momentum.orders == {"u": {"x": 2, "y": 2}, "v": {}, "p": {"x": 1}}
    assert found.conditions["dirichlet p on point(x=0, y=0)"] == {"text": "p = 0", "holds": "nearest in each cell"}
    assert found.memory > 1e6 and found.seconds == {"training": 60.0, "reference": 0.0} and not found.findings
    assert main([str(ROOT / "problems" / "kovasznay.py"), "--check"]) == 0
    printed = capsys.readouterr().out
    assert "\n".join(printed.splitlines()[1:4]) in str(found) and "(nonlinear, order 2 in x, order 2 in y)" in printed


def test_the_check_for_programs(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "mine.py"
    path.write_text("from pinnsolve import Problem\n\nproblem = Problem(unknown='u')\n")
    assert main([str(path), "--check", "--json"]) == 2
    told = json.loads(capsys.readouterr().out)
    assert not told["stands"] and told["line"] == 3 and "did you mean 'unknowns'" in told["remedy"]
    assert main([str(ROOT / "problems" / "heat.py"), "--check", "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["stands"] and told["findings"] == [] and told["equations"]["heat"]["linear"]
