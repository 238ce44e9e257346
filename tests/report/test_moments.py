"""What the page shows of time: the moments, their curves and colours, and the cells over them."""

from __future__ import annotations

import base64
import io
import re
from typing import Any

import numpy as np
import pytest
from PIL import Image

from pinnsolve import MLP, Box, Disk, LevenbergMarquardt, Problem, d, dirichlet, exact, initial, laplace, solve
from pinnsolve.report.cells import cells_on
from pinnsolve.report.grids import grid
from pinnsolve.report.moments import moments
from pinnsolve.report.page import page
from pinnsolve.report.record import Report
from pinnsolve.verdict.compare import compare


def small(problem: Problem, quick: bool = True) -> Report:
    how: dict[str, Any] = {"network": MLP(width=6, depth=2), "method": LevenbergMarquardt(steps=2)} if quick else {}
    solution = solve(problem, points=64, held_out=64, **how) if quick else solve(problem, budget=60)
    return Report("small", "", solution, compare(solution, problem.reference(problem)), [], 0, 0)  # type: ignore[operator]


def rod() -> Problem:
    true = exact(u=lambda x, t: x**2 + 2 * t)
    return Problem(
        space=Box(x=(-1, 3)), time=(0.5, 2), unknowns="u", equations=lambda u, x, t: d(u, t) - d(u, x, x),
        conditions=[initial(u=lambda x: x**2 + 1), dirichlet(u=lambda x, t: x**2 + 2 * t)], reference=true,
    )  # fmt: skip


def test_a_curve_at_each_moment_is_the_solution_then() -> None:
    run = small(rod())
    found = moments(run, ["u"])
    assert [when for when, _ in found][:: len(found) - 1] == ["t = 0.5", "t = 2"] and len(found) == 21
    for when, (drawn,) in found[::10]:
        paths = dict(drawn.lines)
        for kind, field in (("solution", run.solution.u), ("reference", run.comparison.reference.fields["u"])):  # type: ignore[union-attr]
            x, y = (
                np.array(v, dtype=float) for v in zip(*re.findall(r"([\d.]+) (-?[\d.]+)", paths[kind]), strict=True)
            )
            low, high = float(drawn.low), float(drawn.high)
            told = high - y / drawn.tall * (high - low)
            wanted = field(x=-1 + 4 * x / drawn.wide, t=np.full(len(x), float(when[4:])))
            assert np.abs(told - wanted).max() < 0.01 * (high - low)  # three digits are written of both ends
    text = page(run, b"")
    assert len(re.findall('type="radio"', text)) == len(re.findall(r":checked ~ \.moment", text)) == 21
    assert "<script" not in text and "not measured" in text


def test_colours_stand_where_the_solution_has_them() -> None:
    """Highest in the upper right corner, where both coordinates are largest; nothing in the hole."""
    true = exact(u=lambda x, y, t: x + 3 * y + t)
    problem = Problem(
        space=Box(x=(0, 2), y=(0, 1)) - Disk(x=0.5, y=0.5, radius=0.3), time=(0, 1), unknowns="u",
        equations=lambda u, x, y, t: d(u, t) - laplace(u, x, y) - 1,
        conditions=[initial(u=lambda x, y: x + 3 * y), dirichlet(u=lambda x, y, t: x + 3 * y + t)], reference=true,
    )  # fmt: skip
    run = small(problem)
    (_, (drawn,)), *_ = moments(run, ["u"])
    colours = np.array(Image.open(io.BytesIO(base64.b64decode(drawn.image.partition(",")[2]))))
    assert colours.shape[:2] == (61, 61) and (drawn.wide, drawn.tall) == (480, 240)
    green = colours[..., 1].astype(int)  # rises along viridis
    assert green[0, -1] == green[colours[..., 3] > 0].max() and green[-1, 0] == green[colours[..., 3] > 0].min()
    assert not colours[30, 15, 3] and colours[5, 50, 3]
    outside = dict(drawn.lines)["outside"]
    x, y = (np.array(v, dtype=float) for v in zip(*re.findall(r"([\d.]+) ([\d.]+)", outside), strict=True))
    inner = (np.abs(x - 240) < 235) & (np.abs(y - 120) < 115)  # of the box it is the line around
    apart = np.hypot(x / 240 - 0.5, y / 240 - 0.5)[inner]
    assert len(apart) > 100 and np.abs(apart - 0.3).max() < 0.01


def test_cells_fill_the_plane_that_they_are_drawn_on() -> None:
    run = small(rod(), quick=False)
    every = cells_on(run, grid(run.solution.problem, {"t": 3, "x": 3}))
    assert every is not None
    assert sum((every["x"][1] - every["x"][0]) * (every["t"][1] - every["t"][0])) == pytest.approx(4 * 1.5)
    for t in (0.5, 0.9, 2.0):
        then = cells_on(run, grid(run.solution.problem, {"x": 3}, {"t": t}))
        assert then is not None and sum(then["x"][1] - then["x"][0]) == pytest.approx(4)
    assert cells_on(small(rod()), grid(run.solution.problem, {"x": 3})) is None
