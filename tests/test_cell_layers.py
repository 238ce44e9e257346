"""Cells over hidden layers of sines and tanh: marches, steady problems, and where they cannot be had."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import exp, sin

from pinnsolve import (
    Box,
    LocalFeatures,
    Marching,
    Problem,
    ProblemError,
    Settings,
    Solution,
    compare,
    d,
    dirichlet,
    exact,
    initial,
    laplace,
    solve,
)
from pinnsolve.__main__ import main

LAYERS = ("sine", "tanh")


def warm(left: float = 0.0, right: float = 1.0) -> Problem:
    """Heat in a rod, two modes; mirrored where it goes from right to left."""

    def u(x, t):  # type: ignore[no-untyped-def]
        s = torch.pi * (x - left) / (right - left)
        return sin(s) * exp(-(torch.pi**2) * t / 10) + sin(2 * s) * exp(-4 * torch.pi**2 * t / 10)

    return Problem(
        space=Box(x=(min(left, right), max(left, right))), time=(0, 1), unknowns="u",
        equations=lambda u, x, t: d(u, t) - 0.1 * d(u, x, x), conditions=[initial(u=lambda x: u(x, 0 * x)), dirichlet(u=0)],
        reference=exact(u=u), tolerance=1e-6,
    )  # fmt: skip


def plate(x: str = "x", y: str = "y") -> Problem:
    """Poisson's equation with u = exp(x) sin(2 y), in coordinates of these names."""

    def u(**at: Any) -> Any:
        return exp(at[x]) * sin(2 * at[y])

    known = {"u": lambda x, y: u(x=x, y=y)}
    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=lambda u, x, y: laplace(u, x, y) + 3 * known["u"](x, y),
        conditions=[dirichlet(**known)], reference=exact(**known), tolerance=1e-5,
    )  # fmt: skip


def honest(solution: Solution, layer: str) -> float:
    """The error of a solution that converged, told by no less, over cells of that layer."""
    assert solution.converged and solution.training is not None and solution.estimate is not None
    assert f"activation='{layer}'" in solution.training.network and f"parameters of {layer} features" in repr(solution)
    error = max(e.relative_l2 for e in compare(solution).errors.values())
    assert error <= solution.estimate <= solution.problem.tolerance
    return error


def test_a_march_is_as_good_as_asked_and_mirrored_it_is_the_same() -> None:
    there, back = (solve(warm(*ends), cells="sine", budget=60) for ends in ((0.0, 1.0), (1.0, 0.0)))
    honest(there, "sine")
    x = np.linspace(0, 1, 9)
    assert there.u(x=x, t=0.5) == pytest.approx(back.u(x=1 - x, t=0.5), abs=1e-11)


def test_steady_cells_are_as_good_as_asked_and_coordinates_may_be_exchanged() -> None:
    one, other = (solve(plate(*names), cells="tanh", budget=60) for names in (("x", "y"), ("y", "x")))
    honest(one, "tanh")
    x, y = np.meshgrid(np.linspace(0, 1, 5), np.linspace(0, 1, 5))
    assert one.u(x=x, y=y) == pytest.approx(other.u(x=y, y=x), abs=1e-9)


@pytest.mark.parametrize("layer", LAYERS)
def test_an_ode_is_solved_over_them(layer: str) -> None:
    swing = Problem(
        time=(0, 3), unknowns=("a", "b"), equations=[lambda a, b, t: d(a, t) - b, lambda a, b, t: d(b, t) + a],
        conditions=[initial(a=0, b=1)], reference=exact(a=lambda t: sin(t), b=lambda t: torch.cos(t)), tolerance=1e-7,
    )  # fmt: skip
    honest(solve(swing, cells=layer, budget=60), layer)


def test_a_march_is_taken_up_again_and_loaded_to_the_same_bits(tmp_path: Path) -> None:
    options: dict[str, Any] = {"network": LocalFeatures(activation="sine"), "method": Marching(bound=1e-2)}
    whole = solve(warm(), budget=60, **options)
    solve(warm(), budget=60, out=tmp_path, **options)
    again = solve(warm(), budget=60, out=tmp_path, resume=True, **options)
    assert torch.equal(whole.trial.vector(), again.trial.vector())
    again.save(tmp_path / "model.safetensors")
    loaded = Solution.load(tmp_path / "model.safetensors", warm())
    assert loaded.u(x=0.3, t=0.4) == again.u(x=0.3, t=0.4)


CUBE = Problem(
    space=Box(x=(0, 1), y=(0, 1), z=(0, 1)), unknowns="u", equations=lambda u, x, y, z: laplace(u, x, y, z) + 1,
    conditions=[dirichlet(u=0)], reference=None,
)  # fmt: skip
REFUSED: dict[str, tuple[Any, str]] = {
    "no such layer": (lambda: Settings(cells="sines"), "no layer cells='sines'.*\n.*did you mean 'sine'"),
    "no such activation": (lambda: LocalFeatures(activation="cos"), "no activation 'cos'.*\n.*legendre, sine, tanh"),
    "beside a network": (lambda: Settings(cells="sine", network=LocalFeatures()), "does nothing beside a method or"),
    "beside a method": (lambda: Settings(cells="tanh", method="lm"), r"LocalFeatures\(activation='tanh'\)"),
    "space": (lambda: solve(CUBE, cells="sine"), "for cells of one or two coordinates.*\n.*Leave .* cells out"),
    "float32": (lambda: solve(warm(), cells="sine", dtype="float32"), "cells are solved in float64"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_cannot_be_had_is_said_before_work_begins(name: str) -> None:
    asked, words = REFUSED[name]
    with pytest.raises(ProblemError, match=words):
        asked()


def test_the_command_chooses_a_layer_and_its_report_says_which(tmp_path: Path) -> None:
    file, out = tmp_path / "decay.py", tmp_path / "run"
    file.write_text(
        "from pinnsolve import Problem, d, exact, initial\nfrom torch import exp\n"
        "problem = Problem(time=(0, 1), unknowns='u', equations=lambda u, t: d(u, t) + u, conditions=[initial(u=1)],\n"
        "    reference=exact(u=lambda t: exp(-t)))\n"
    )
    assert main([str(file), "--cells", "tanh", "--out", str(out)]) == 0
    assert "activation='tanh'" in json.loads((out / "report.json").read_text())["network"]["description"]
