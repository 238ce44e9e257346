"""Every name of an unknown, a coordinate or a parameter works, or is refused with the reason and what to write."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pinnsolve import (
    MLP,
    Box,
    Ensemble,
    LevenbergMarquardt,
    Problem,
    ProblemError,
    Settings,
    Solution,
    Unknown,
    condition,
    d,
    dirichlet,
    exact,
    face,
    observed,
    point,
    solve,
)
from pinnsolve.problem.names import ATTRIBUTES
from pinnsolve.solution import Slice

QUICK = Settings(network=MLP(width=4, depth=1), points=60, held_out=50, method=LevenbergMarquardt(steps=2))


def function(text: str, **around: Any) -> Callable[..., Any]:
    """A function of any arguments, as a problem file would write it."""
    space = {"d": d, "torch": torch, **around}
    exec(text, space)
    return space["f"]


def poisson(u: str = "u", x: str = "x", k: str = "k", given: Any = 1.0, more: tuple[Any, ...] = ()) -> Problem:
    """k u_xx + 2 = 0 between zeros, by any names."""
    return Problem(
        space=Box(**{x: (0, 1)}),
        unknowns=u,
        equations=function(f"def f({u}, {x}, {k}): return d({k} * d({u}, {x}), {x}) + 2.0"),
        conditions=[dirichlet(**{u: 0}), *more],
        parameters={k: given},
        reference=exact(**{u: lambda **at: at[x] * (1 - at[x])}),
    )


def test_the_attributes_of_a_solution_are_those_that_no_unknown_can_have() -> None:
    from pinnsolve.ensembles.ensemble import ensemble

    solution, several = solve(poisson(), settings=QUICK), ensemble(poisson(), 2, settings=QUICK)
    sliced = solve(poisson(given=(1.0, 2.0)), settings=QUICK).at(k=1.5)
    found = {name for kind in (Solution, Slice, Ensemble) for name in dir(kind)}
    found |= {name for thing in (solution, several, sliced) for name in vars(thing)}
    assert {name for name in found if not name.startswith("_")} == ATTRIBUTES


@pytest.mark.parametrize("name", sorted(ATTRIBUTES))
def test_an_unknown_or_a_function_is_no_attribute_of_ours(name: str) -> None:
    other = name if name != "d" else "D"  # the equation itself needs d
    with pytest.raises(ProblemError, match=f"'solution.{name}' is something else already\n.*another name"):
        Problem(
            space=Box(x=(0, 1)),
            unknowns=name,
            equations=function(f"def f({other}, x): return d({other}, x)"),
            conditions=[dirichlet(**{name: 0})],
        )
    with pytest.raises(ProblemError, match=f"the unknown function '{name}'"):
        Problem(space=Box(x=(0, 1)), unknowns="u", parameters={name: Unknown(1.0, of="x")})


@pytest.mark.parametrize("name", ["lambda", "in", "None", "_u", "__class__", "\N{GREEK PHI SYMBOL}"])
def test_names_that_python_keeps(name: str) -> None:
    with pytest.raises(ProblemError, match=f"'{name}' cannot be called so"):
        Problem(space=Box(x=(0, 1)), unknowns=name, conditions=[dirichlet(**{name: 0})])


@pytest.mark.parametrize("name", ["lambda", "x y"])
def test_parameters_and_coordinates_that_no_function_can_name(name: str) -> None:
    with pytest.raises(ProblemError, match=r"cannot be called so|is no name"):
        Problem(space=Box(x=(0, 1)), unknowns="u", parameters={name: 1.0})
    with pytest.raises(ProblemError, match="cannot be called so"):
        Problem(space=Box(**{name: (0, 1)}), unknowns="u")


def test_an_unknown_called_on() -> None:
    with pytest.raises(ProblemError, match="needs another name"):
        dirichlet(on=0)  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match="'on' is an argument of dirichlet"):
        Problem(
            space=Box(x=(0, 1)),
            unknowns="on",
            equations=function("def f(on, x): return d(on, x)"),
            conditions=[condition(function("def f(on): return on"), on=face(x=0))],
        )


# Names of arguments, attributes, columns and keys of ours that are nobody's business.
FREE = ["sigma", "type", "row", "loss", "file", "columns", "keys", "forward", "t", "train", "step", "parameters", "chart"]  # fmt: skip


@pytest.mark.parametrize("turn", range(len(FREE)), ids=lambda turn: FREE[turn])
def test_names_that_work_everywhere(turn: int, tmp_path: Path) -> None:
    """Each of them as an unknown, as a coordinate, and as a number or a range, beside others of them."""
    u, x, k, *_ = FREE[turn:] + FREE[:turn]
    problem = poisson(u, x, k, 1.0 if turn % 2 else (1.0, 2.0))
    solution = solve(problem, settings=QUICK)
    places = dict.fromkeys(problem.coordinates, 0.25) | dict.fromkeys(problem.ranges, 1.0)
    assert getattr(solution, problem.unknowns[0])(**places) == pytest.approx(0.1875, abs=0.2)
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", problem)
    assert again.d(problem.unknowns[0])(**places) == solution.d(problem.unknowns[0])(**places)


NAMED = ["sigma", "row", "parameters", "add_module", "training_"]


@pytest.mark.parametrize("name", NAMED)
def test_unknown_functions_and_constants_of_any_name(name: str, tmp_path: Path) -> None:
    xs = np.linspace(0.1, 0.9, 9)
    other = NAMED[NAMED.index(name) - 1]  # each is the function once and the constant once
    problem = Problem(
        space=Box(x=(0, 1)),
        unknowns="u",
        equations=function(f"def f(u, x, {name}, {other}): return d({name} * d(u, x), x) + 2.0 * {other}"),
        conditions=[dirichlet(u=0), observed(x=xs, u=xs * (1 - xs))],
        parameters={name: Unknown(0.9, of="x"), other: Unknown(0.9)},
    )
    solution = solve(problem, settings=QUICK)
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", problem)
    assert again.u(x=0.3) == solution.u(x=0.3)
    assert again.d(name)(x=0.3) == solution.d(name)(x=0.3)
    assert solution.training is not None and other in solution.training.identified.constants


def test_a_saved_function_of_another_name_is_refused(tmp_path: Path) -> None:
    solution = solve(poisson(given=Unknown(0.9, of="x"), more=(observed(x=[0.5], u=[0.25]),)), settings=QUICK)
    with pytest.raises(RuntimeError, match="no unknown function 'k'"):
        type(solution.trial.functions)().restore(solution.trial.functions.tensors())


# ---------------------------------------------------------------- measurements


def bar(*data: Any) -> Problem:
    """Two unknowns, one of them called sigma."""
    return Problem(
        space=Box(x=(0, 1)),
        unknowns=("u", "sigma"),
        equations=[
            function("def f(u, sigma, x): return sigma - d(u, x)"),
            function("def f(sigma, x): return d(sigma, x) + 1.0\nf.__name__ = 'balance'"),
        ],
        conditions=[dirichlet(u=0, on=point(x=0)), dirichlet(sigma=0, on=face(x=1)), *data],
    )


XS = np.linspace(0.1, 0.9, 5)


def test_a_measured_sigma_is_not_taken_for_noise() -> None:
    for noise in (1 - XS, 0.01):
        with pytest.raises(ProblemError, match=r"(?s)'sigma': it is not clear which is meant.*sigma=\{\"u\": 0.01\}"):
            bar(observed(x=XS, u=XS, sigma=noise))
    with pytest.raises(ProblemError, match="not clear which is meant"):
        Problem(space=Box(sigma=(0, 1)), unknowns="u", conditions=[dirichlet(u=0), observed(u=XS, sigma=XS)])


def test_a_column_sigma_that_is_an_unknown(tmp_path: Path) -> None:
    file = tmp_path / "bar.csv"
    file.write_text("x,u,sigma,noise\n" + "\n".join(f"{x},{x},{1 - x},0.1" for x in XS))
    (both,) = bar(observed(file, columns=("x", "u", "sigma"))).observations
    assert both.unknowns == ("u", "sigma") and not both.known
    (known,) = bar(observed(file, sigma="noise")).observations
    assert known.known
    (one,) = bar(observed(file, columns=("x", "u", "sigma"), sigma={"u": 0.1})).observations
    assert set(one.points.measured) >= {"sigma", "sigma u"} and not one.known
    for noise in ("sigma", {"u": "sigma"}):
        with pytest.raises(ProblemError, match="'sigma' is an unknown"):
            bar(observed(file, columns=("x", "u", "sigma"), sigma=noise))
    (mapped,) = bar(
        observed(file, columns={"sigma": "noise", "u": "u", "x": "x", "s": "sigma"}, sigma="s")
    ).observations
    assert mapped.known and float(mapped.points.measured["sigma"][0]) == 0.1


def test_an_unknown_called_row_keeps_its_values() -> None:
    (found,) = poisson(u="row", more=(observed(x=XS, row=XS**2),)).observations
    assert np.allclose(found.points.measured["row"], XS**2)


@pytest.mark.parametrize("name", ["loss", "columns", "file"])
def test_arguments_of_observed_that_are_measured(name: str) -> None:
    with pytest.raises(ProblemError, match="observed: "):
        observed(**{name: XS, "x": XS})  # type: ignore[arg-type]


def test_an_argument_that_hides_a_function_of_the_file() -> None:
    with pytest.raises(ProblemError, match="'d' hides the function"):
        solve(
            Problem(
                space=Box(x=(0, 1)),
                unknowns="u",
                equations=function("def f(u, x, d): return d(u, x)"),
                conditions=[dirichlet(u=0)],
                parameters={"d": 0.1},
            ),
            settings=QUICK,
        )
