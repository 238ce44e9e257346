"""Coefficients that jump between parts of the domain: what they mean, how solutions are joined, what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pinnsolve import (
    Ball,
    Box,
    Disk,
    Piecewise,
    Problem,
    ProblemError,
    RandomFeatures,
    Reference,
    Settings,
    Solution,
    Unknown,
    boundary,
    compare,
    d,
    dirichlet,
    exact,
    face,
    faces,
    initial,
    laplace,
    neumann,
    solve,
)  # fmt: skip
from pinnsolve.checks.check import check
from pinnsolve.checks.joins import joined
from pinnsolve.geometry.across import both_sides
from validation.two_materials import MIDDLE, modes, together

SQUARE = Box(x=(-1, 1), y=(-1, 1))
DISC = Disk(x=0, y=0, radius=0.3)


def conduction(T: Any, x: Any, y: Any, k: Any) -> Any:
    return d(k * d(T, x), x) + d(k * d(T, y), y)


def inclusion(k: float) -> Problem:
    """A disc of radius 0.3 in a uniform field."""
    ratio = (k - 1) / (k + 1) * 0.09

    def outside(x: Any, y: Any) -> Any:
        return x * (1 - ratio / (x**2 + y**2))

    def field(x: Any, y: Any) -> Any:
        r2 = x**2 + y**2
        return np.where(r2 < 0.09, 2 * x / (k + 1), x * (1 - ratio / np.maximum(r2, 0.09)))

    return Problem(
        space=SQUARE, unknowns="T", equations=conduction, conditions=[dirichlet(T=outside)],
        parameters={"k": Piecewise(1.0, (DISC, k))}, reference=Reference("dipole", {"T": field}, 1e-15, 0.0),
        tolerance=1e-6, quantities={"energy": lambda T, x, y, k: k * (d(T, x) ** 2 + d(T, y) ** 2)},
    )  # fmt: skip


def test_a_disc_that_conducts_a_million_times_better(tmp_path: Path) -> None:
    problem = inclusion(1e6)
    solution = solve(problem, settings=Settings(network=RandomFeatures(200), held_out=500))
    told = compare(solution, problem.reference)  # type: ignore[arg-type]
    assert told.errors["T"].strict < 1e-4
    energy = told.quantities["energy"]
    assert energy.relative is not None
    assert energy.relative < 1e-4
    assert energy.error < 1e-6
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", problem)
    assert float(again.T(x=0.2, y=0.1)) == float(solution.T(x=0.2, y=0.1))


def test_layers_from_wall_to_wall_and_what_is_exact() -> None:
    """The default choice; the flux through the layers is one over the sum of their resistances."""
    problem = Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="T", equations=conduction,
        conditions=[dirichlet(T=0, on=face(x=0)), dirichlet(T=1, on=face(x=1)), neumann(T=0, on=faces("y"))],
        parameters={"k": Piecewise(1.0, (Box(x=(0.4, 1)), 400.0))}, reference=None, tolerance=1e-6,
    )  # fmt: skip
    solution = solve(problem)
    assert solution.converged
    flux = solution.integral(lambda T, x, k, nx: k * nx * d(T, x), over=face(x=1))
    assert flux == pytest.approx(1 / (0.4 + 0.6 / 400), rel=1e-9)


def test_along_a_line_it_means_what_where_means() -> None:
    mode = modes(0.2, 4.0, 1)
    start = mode[0]

    def heat(u: Any, x: Any, t: Any, k: Any) -> Any:
        return d(u, t) - d(k * d(u, x), x)

    def begin(x: Any) -> Any:
        left = torch.sin(start.left * x)
        return torch.where(x < MIDDLE, left, start.ratio * torch.sin(start.right * (1 - x)))

    problem = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat, conditions=[initial(u=begin), dirichlet(u=0)],
        parameters={"k": Piecewise(0.2, (Box(x=(MIDDLE, 1)), 4.0))}, tolerance=1e-5,
        reference=Reference("modes", {"u": together(mode)}, 1e-13, 0.0),
        quantities={"out": (lambda u, x, k, nx: -k * nx * d(u, x), boundary, 0.5)},
    )  # fmt: skip
    solution = solve(problem)
    told = compare(solution, problem.reference)  # type: ignore[arg-type]
    assert solution.training is not None
    assert "march" in solution.training.method
    assert told.errors["u"].strict < 1e-8
    assert told.quantities["out"].relative is not None
    assert told.quantities["out"].relative < 1e-6


def test_a_steady_rod_of_any_contrast() -> None:
    rod = Problem(
        space=Box(x=(0, 1)), unknowns="T", equations=lambda T, x, k: d(k * d(T, x), x) + 1,
        conditions=[dirichlet(T=0)], parameters={"k": Piecewise(1.0, (Box(x=(0, 0.5)), 1e6))}, reference=None,
    )  # fmt: skip
    solution = solve(rod)
    away = (0.125e-6 + 0.375) / (0.5e-6 + 0.5)  # where the flux is zero
    assert float(solution.T(x=0.5)) == pytest.approx((0.5 * away - 0.125) * 1e-6, rel=1e-6)
    assert solution.integral(lambda T, x, k, nx: -k * nx * d(T, x), over=boundary) == pytest.approx(1, rel=1e-9)


def test_what_is_joined_is_what_equations_differentiate() -> None:
    (flux,) = joined(inclusion(100.0))
    assert flux.together == ((1, 1.0), (3, 1.0))
    assert flux.alone == (0, 2)
    assert not flux.lost
    problem = inclusion(100.0).replaced(equations=lambda T, x, y, k: k * laplace(T, x, y))
    (lost,) = joined(problem)
    assert lost.lost
    assert any("does not conserve" in w for w in check(problem).warnings)
    assert not any("jump" in w for w in check(inclusion(100.0)).warnings)


def test_later_parts_win_and_interfaces_stand_where_coefficients_jump() -> None:
    k = Piecewise(1.0, (Box(x=(-1, 0)), 5.0), (DISC, 7.0))
    at = {"x": torch.tensor([-0.9, 0.9, -0.1, 0.1, 0.29]), "y": torch.zeros(5)}
    assert k.at(at).tolist() == [5.0, 1.0, 7.0, 7.0, 7.0]
    problem = inclusion(100.0).with_parameters({"k": k})
    sizes = sorted(round(piece.size, 6) for piece in problem.interfaces)
    assert sizes == [1.4, round(0.6 * np.pi, 6)]  # the plane ends at the disc
    for piece in problem.interfaces:
        points = piece.draw(50, "sobol", torch.Generator().manual_seed(1))
        here, beyond = both_sides(points)
        assert bool((k.at(here) != k.at(beyond)).all())
    same = Piecewise(1.0, (DISC, 1.0), (Disk(x=0.5, y=0.5, radius=0.2), 2.0))
    assert len(inclusion(1.0).with_parameters({"k": same}).interfaces) == 1


def test_a_film_that_lies_between_two_looks_is_near() -> None:
    """A ring a two-hundredth of the square thick: along both coordinates looks that are half a reach apart miss it."""
    film = Disk(x=0, y=0, radius=0.51) - Disk(x=0, y=0, radius=0.5)
    parts = inclusion(1.0).with_parameters({"k": Piecewise(1.0, (film, 1e-3))}).parts
    assert parts is not None
    at = {"x": torch.tensor([0.45, 0.48, 0.55, 0.3]), "y": torch.zeros(4, dtype=torch.float64)}
    assert parts.near(at, 0.03125).tolist() == [True, True, True, False]


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: Piecewise(1.0), "has no part"),
        (lambda: Piecewise("a", (DISC, 1.0)), "no finite number"),
        (lambda: Piecewise(1.0, (DISC, 1j)), "complex"),
        (lambda: Piecewise(1.0, DISC, 2.0), "no shape with a number"),
        (
            lambda: inclusion(1.0).with_parameters({"k": Piecewise(1.0, (DISC, Unknown(2.0, of="x")))}),
            "everywhere in it",
        ),
        (lambda: inclusion(1.0).with_parameters({"k": Piecewise(1.0, (Disk(x=5, y=0, radius=1), 2.0))}), "nothing of"),
        (lambda: Problem(space=SQUARE - DISC, unknowns="T", equations=conduction, conditions=dirichlet(T=0),
                         parameters={"k": Piecewise(1.0, (Disk(x=0.1, y=0, radius=0.1), 2.0))}), "nothing of.*cut out"),
        (lambda: inclusion(1.0).with_parameters({"k": Piecewise(1.0, (Disk(x=0, z=0, radius=1), 2.0))}), "'z'"),
        (lambda: inclusion(1.0).with_parameters({"k": Piecewise(1.0, (Box(z=(0, 1)), 2.0))}), "'z'"),
    ],
)  # fmt: skip
def test_what_is_no_material_is_refused(made: Callable[[], Any], words: str) -> None:
    with pytest.raises(ProblemError, match=f"(?s){words}"):
        made()


def test_materials_of_solids_and_of_evolutions() -> None:
    """T = x / k, with k that jumps at x = 0; and a ball in a cube."""
    k = Piecewise(1.0, (Box(x=(0, 1)), 20.0))

    def inside(x: Any) -> Any:
        return torch.where(x > 0, x / 20, x)

    problem = Problem(
        space=Box(x=(-1, 1), y=(0, 1)), time=(0, 1), unknowns="T",
        equations=lambda T, x, y, t, k: d(T, t) - d(k * d(T, x), x) - d(k * d(T, y), y),
        conditions=[initial(T=inside), dirichlet(T=inside)], parameters={"k": k}, tolerance=1e-4,
        reference=exact(T=lambda x: np.where(x > 0, x / 20, x)),
    )  # fmt: skip
    solution = solve(problem, settings=Settings(network=RandomFeatures(200), held_out=500))
    assert float(np.abs(solution.T(x=[-0.5, 0.5], y=0.5, t=0.5) - [-0.5, 0.025]).max()) < 1e-4
    ball = Problem(
        space=Box(x=(-1, 1), y=(-1, 1), z=(-1, 1)), unknowns="T",
        equations=lambda T, x, y, z, k: d(k * d(T, x), x) + d(k * d(T, y), y) + d(k * d(T, z), z),
        conditions=[dirichlet(T=lambda x: x)], parameters={"k": Piecewise(1.0, (Ball(x=0, y=0, z=0, radius=0.5), 3.0))},
        reference=None,
    )  # fmt: skip
    assert sum(piece.size for piece in ball.interfaces) == pytest.approx(np.pi, rel=1e-4)


@pytest.mark.parametrize(("offset", "size"), [(0.0, 1.0), (300.0, 40.0), (0.0, 1e-3), (0.0, 1e4)])
def test_a_conductivity_that_jumps_with_the_temperature_is_seen_in_any_unit(offset: float, size: float) -> None:
    """Where the jump lies is part of the solution: what meets the equations at points is not called converged."""

    def rod(T: Any, x: Any) -> Any:
        return d(torch.where(T - offset < 0.6 * size, 1.0, 20.0) * d(T, x), x)

    ends = [dirichlet(T=offset, on=face(x=0)), dirichlet(T=offset + size, on=face(x=1))]
    problem = Problem(space=Box(x=(0, 1)), unknowns="T", equations=rod, conditions=ends, reference=None)
    assert check(problem).jumps
