"""Problems on shapes, end to end: what they reach, what is inside, what is refused."""

from __future__ import annotations

import math
import warnings
from pathlib import Path
from typing import Any

import meshio
import numpy as np
import pytest
import torch
from torch import cos, exp, log, sin

from pinnsolve import (
    MLP,
    Box,
    Disk,
    LevelSet,
    LevenbergMarquardt,
    LocalFeatures,
    Marching,
    Newton,
    NotConverged,
    Problem,
    ProblemError,
    RandomFeatures,
    compare,
    condition,
    d,
    dirichlet,
    exact,
    face,
    faces,
    initial,
    neumann,
    observed,
    periodic,
    side,
    solve,
)  # fmt: skip
from pinnsolve.__main__ import main
from pinnsolve.checks.check import check
from pinnsolve.checks.references import reference_of

RING = Disk(x=0, y=0, radius=1, name="outer") - Disk(x=0, y=0, radius=0.3, name="inner")
ECCENTRIC = Disk(x=0, y=0, radius=1) - Disk(x=0.3, y=0.2, radius=0.3, name="hole")
PLATE = Box(x=(0, 1), y=(0, 1)) - Disk(x=0.5, y=0.5, radius=0.2, name="hole")
ELLIPSE = LevelSet(lambda x, y: 1 - x**2 / 4 - y**2, within=Box(x=(-2.5, 2.5), y=(-1.5, 1.5)), name="rim")
L = Box(x=(-1, 1), y=(-1, 1)) - Box(x=(0, 1), y=(-1, 0))


def laplace(u: Any, x: Any, y: Any) -> Any:
    return d(u, x, x) + d(u, y, y)


def poisson(u: Any, x: Any, y: Any) -> Any:
    return laplace(u, x, y) + 1.2 * cos(2 * x)


def smooth(x: Any, y: Any) -> Any:
    return exp(x) * sin(y) + 0.3 * cos(2 * x)


def flux(u: Any, x: Any, y: Any, nx: Any, ny: Any) -> Any:
    return nx * (d(u, x) - exp(x) * sin(y) + 0.6 * sin(2 * x)) + ny * (d(u, y) - exp(x) * cos(y))


def robin(u: Any, x: Any, y: Any, nx: Any, ny: Any) -> Any:
    return flux(u, x, y, nx, ny) + 2 * (u - smooth(x, y))


def around_the_corner(x: Any, y: Any) -> Any:
    """r^(2/3) sin(2 phi / 3), which vanishes on both sides of the notch of the L."""
    phi = torch.atan2(y, x)
    return (x**2 + y**2) ** (1 / 3) * sin(2 / 3 * torch.where(phi < -1e-9, phi + 2 * math.pi, phi))


WALLS = faces("x") | faces("y")
PROBLEMS: dict[str, dict[str, Any]] = {
    "ring": {"space": RING, "equations": laplace, "u": lambda x, y: 0.5 * log(x**2 + y**2) / math.log(0.3),
             "conditions": [dirichlet(u=0, on=side("outer")), dirichlet(u=1, on=side("inner"))]},
    "eccentric": {"space": ECCENTRIC, "equations": poisson, "u": smooth, "conditions": [dirichlet(u=smooth)]},
    "log in a plate": {"space": PLATE, "equations": laplace, "u": lambda x, y: 0.5 * log((x - 0.5)**2 + (y - 0.5)**2),
                       "conditions": [dirichlet(u=lambda x, y: 0.5 * log((x - 0.5)**2 + (y - 0.5)**2))]},
    "robin": {"space": PLATE, "equations": poisson, "u": smooth,
              "conditions": [dirichlet(u=smooth, on=WALLS), condition(robin, on=side("hole"))]},
    "ellipse": {"space": ELLIPSE, "equations": poisson, "u": smooth, "conditions": [
        dirichlet(u=smooth, on=side("rim").where(lambda x: x < 0)),
        condition(flux, on=side("rim").where(lambda x: x >= 0))]},
    "L": {"space": L, "equations": laplace, "u": around_the_corner, "conditions": [dirichlet(u=around_the_corner)]},
    "quarter": {"space": RING & Box(x=(0, 2), y=(0, 2)), "equations": lambda u, x, y: laplace(u, x, y) + 4,
                "u": lambda x, y: 1 - x**2 - y**2, "conditions": [
                    neumann(u=0, on=face(x=0) | face(y=0)),
                    dirichlet(u=lambda x, y: 1 - x**2 - y**2, on=side("outer") | side("inner"))]},
    "heat": {"space": PLATE, "time": (0, 1), "u": lambda x, y, t: exp(-2 * t) * cos(x) * cos(y),
             "equations": lambda u, x, y, t: d(u, t) - d(u, x, x) - d(u, y, y),
             "conditions": [initial(u=lambda x, y: cos(x) * cos(y)),
                            dirichlet(u=lambda x, y, t: exp(-2 * t) * cos(x) * cos(y))]},
}  # fmt: skip


def problem(name: str, **changes: Any) -> Problem:
    declared = {**PROBLEMS[name], **changes}
    u = declared.pop("u")
    return Problem(unknowns="u", tolerance=1e-6, **{"reference": exact(u=u), **declared})


# in tests of cells that a rim cuts, of marches over them, and of estimates
ELSEWHERE = {"ring", "eccentric", "log in a plate", "ellipse", "L", "heat"}


@pytest.mark.parametrize("name", [name for name in PROBLEMS if name not in ELSEWHERE])
def test_a_millionth_in_seconds(name: str) -> None:
    """By default settings; the estimate is no kinder than a third of the error."""
    made = problem(name)
    solution = solve(made, budget=30)
    found = compare(solution, reference_of(made), replicates=2)
    assert found.verdict == "pass", found.reason
    assert solution.converged
    assert solution.estimate is not None
    assert found.errors["u"].strict < 3 * solution.estimate


def test_every_side_wants_its_condition() -> None:
    told = check(problem("robin", conditions=[dirichlet(u=smooth, on=WALLS)], reference=None)).warnings
    assert any("too few conditions on hole" in w for w in told)
    told = check(problem("ellipse", conditions=[dirichlet(u=0, on=side("rim").where(lambda x: x < 0))], reference=None))
    assert any("too few conditions on rim" in w for w in told.warnings)
    assert not check(problem("robin")).warnings
    rod = Box(x=(0, 1), y=(0, 1)) - Disk(x=0.5, y=0.5, radius=0.25, name="rod")
    held = dirichlet(u=0, on=side("rod"))
    cell = Problem(
        space=rod, unknowns="u", equations=lambda u, x, y: d(u, x, x) + d(u, y, y) + 1, conditions=[held, periodic("x")]
    )
    assert "conditions on y=0 and y=1," in check(cell).warnings[0], "what goes on across x needs none there"


def test_nothing_is_known_in_a_hole() -> None:
    solution = solve(problem("eccentric"), budget=10)
    assert np.isfinite(solution.u(x=0.9, y=0))
    with pytest.raises(ProblemError, match="outside the shape"):
        solution.u(x=0.3, y=0.2)
    with pytest.raises(ProblemError, match="in a hole, lie row 1"):
        problem("eccentric", conditions=[dirichlet(u=smooth), observed(u=[0.0], x=[0.3], y=[0.2])])


def test_the_exact_solution_is_put_into_sides() -> None:
    told = check(problem("ring")).warnings
    assert not told
    wrong = problem("ring", conditions=[dirichlet(u=0.1, on=side("outer")), dirichlet(u=1, on=side("inner"))])
    solution = solve(wrong, network=RandomFeatures(20), method=Newton(steps=1), points=100, held_out=50)
    assert solution.findings is not None
    assert any("does not satisfy the condition" in w for w in solution.findings.warnings)


def test_other_networks_see_only_the_inside() -> None:
    method = LevenbergMarquardt(steps=3)
    solution = solve(problem("eccentric"), method=method, network=MLP(width=10, depth=2), points=200)
    assert solution.training is not None and solution.training.steps == 3


def test_residuals_that_fade_have_the_digits_of_the_run() -> None:
    """Where points are denser around a hole, and towards corners that disagree, residuals are weighed by numbers of
    full digits."""
    plate = Box(x=(0, 1), y=(0, 1)) - Disk(x=0.5, y=0.5, radius=0.2, name="hole")
    cold = dirichlet(T=0, on=face(x=0) | face(x=1) | face(y=0) | face(y=1))
    corners = Box(x=(0, 1), y=(0, 1)), [dirichlet(T=1, on=face(x=0)), dirichlet(T=0, on=face(y=0))]
    for space, conditions in ((plate, [cold, neumann(T=0, on=side("hole"))]), corners):
        problem = Problem(
            space=space,
            unknowns="T",
            conditions=conditions,
            equations=lambda T, x, y: laplace(T, x, y) + 1,
            reference=None,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotConverged)
            solution = solve(
                problem,
                dtype=torch.float32,
                network=RandomFeatures(60),
                method=Newton(steps=1),
                points=200,
                held_out=200,
            )
        assert bool(np.isfinite(solution.T(x=np.array([0.1]), y=np.array([0.2]))).all())


def test_what_does_not_work_on_shapes_says_so() -> None:
    with pytest.raises(ProblemError, match="the two ends of x"):
        problem("eccentric", conditions=[dirichlet(u=smooth), periodic("x")])
    waves = Problem(
        space=RING, time=(0, 1), unknowns="u", equations=lambda u, x, y, t: d(u, t) + d(u, x),
        conditions=[initial(u=0), dirichlet(u=0)], reference=None,
    )  # fmt: skip
    with pytest.raises(ProblemError, match="over a shape cells solve what is elliptic"):
        solve(waves, method=Marching(), network=LocalFeatures())


def test_the_command_draws_holes_and_writes_triangles(tmp_path: Path) -> None:
    file = tmp_path / "holed.py"
    file.write_text(
        "from pinnsolve import *\n"
        "plate = Box(x=(0, 2), y=(0, 1)) - Disk(x=0.5, y=0.5, radius=0.25, name='hole')\n"
        "problem = Problem(space=plate, unknowns='u', equations=lambda u, x, y: d(u, x, x) + d(u, y, y),\n"
        "    conditions=[dirichlet(u=lambda x, y: x)], reference=exact(u=lambda x, y: x))\n"
    )
    assert main([str(file), "--out", str(tmp_path / "out")]) == 0
    mesh = meshio.read(tmp_path / "out" / "solution.vtu")
    assert mesh.cells[0].type == "triangle"
    away = np.hypot(mesh.points[:, 0] - 0.5, mesh.points[:, 1] - 0.5)
    assert away.min() == pytest.approx(0.25, rel=1e-9)
    assert np.isfinite(mesh.point_data["u"]).all()
    assert (tmp_path / "out" / "solution.png").exists()
