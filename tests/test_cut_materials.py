"""Steady problems over cells that curves between materials cut: exact solutions, contrasts, other words, mutants."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import cos, log, sin, where

from pinnsolve import Box, Disk, Piecewise, Problem, Solution, d, dirichlet, exact, side, solve
from pinnsolve.cells import floating
from pinnsolve.cells.grading import parts_apart
from pinnsolve.cells.joined_newton import JoinedNewton
from pinnsolve.cells.raised import tied
from pinnsolve.checks.check import check
from pinnsolve.checks.joins import relations
from pinnsolve.geometry.beside import in_thin_parts
from pinnsolve.geometry.part_shapes import ClippedParts
from pinnsolve.geometry.shape import Shape
from pinnsolve.networks.curve_runs import runs_of, spots_of
from pinnsolve.networks.openings import closed
from pinnsolve.networks.spread import spread
from pinnsolve.networks.tiles import Tiles
from pinnsolve.steady.cells import SteadyCells, SteadyOperator, scheme_of
from pinnsolve.trial.determined import UnmarchableError
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.exact import verified
from pinnsolve.trial.of_network import read_for_cells
from pinnsolve.trial.planar import Planar
from pinnsolve.trial.steady import steady

CPU = torch.device("cpu")
SQUARE, RADIUS = Box(x=(-1, 1), y=(-1, 1)), 0.4
DISC = Disk(x=0.1, y=-0.07, radius=RADIUS)


def conduction(T: Any, x: Any, y: Any, k: Any, s: Any) -> Any:
    return d(k * d(T, x), x) + d(k * d(T, y), y) + s


def heated(k: float, x0: float = 0.1, y0: float = -0.07) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """A heated disc of conductivity k in a uniform field: the temperature, and what it is outside. Around it flows what
    heats it, R^2 pi, which tells its level."""
    ratio = (k - 1) / (k + 1) * RADIUS**2

    def outside(x: Any, y: Any) -> Any:
        r2 = (x - x0) ** 2 + (y - y0) ** 2
        return (x - x0) * (1 - ratio / r2) - RADIUS**2 / 4 * log(r2 / RADIUS**2)

    def everywhere(x: Any, y: Any) -> Any:
        r2 = (x - x0) ** 2 + (y - y0) ** 2
        within = 2 / (k + 1) * (x - x0) + (RADIUS**2 - r2) / (4 * k)
        far = r2.clamp(min=0.01)
        beyond = (x - x0) * (1 - ratio / far) - RADIUS**2 / 4 * log(far / RADIUS**2)
        return where(r2 < RADIUS**2, within, beyond)

    return everywhere, outside


def declared(k: float, disc: Shape = DISC, **more: Any) -> Problem:
    materials = {"k": Piecewise(1.0, (disc, k)), "s": Piecewise(0.0, (disc, 1.0))}
    given: dict[str, Any] = {"parameters": materials, "reference": None, "tolerance": 1e-6, **more}
    return Problem(
        space=SQUARE, unknowns="T", equations=conduction, conditions=[dirichlet(T=heated(k)[1])], **given
    )  # fmt: skip


def read(problem: Problem) -> Evolution:
    return steady(problem, verified(problem, check(problem))[0])


@lru_cache
def standard(k: float) -> Evolution:
    return read(declared(k))


def begun(evolution: Evolution, degree: int, count: int) -> SteadyCells:
    scheme = scheme_of(evolution, degree, CPU)
    empty: tuple[tuple[float, ...], ...] = ((), ())
    mesh = parts_apart(Tiles.begun(evolution.extent, count, empty, CPU, evolution.region), evolution.rings)
    return SteadyCells(scheme, mesh, torch.zeros(len(mesh), scheme.fields, scheme.cell.count, dtype=torch.float64))


def solved(evolution: Evolution, degree: int, count: int) -> SteadyCells:
    found = JoinedNewton(SteadyOperator, torch.ones(1, dtype=torch.float64), 1e-11).solve(
        begun(evolution, degree, count)
    )
    assert found is not None
    return found


@lru_cache
def usual() -> SteadyCells:
    """What others are compared with: a contrast of ten, on few cells."""
    return solved(standard(10.0), 6, 4)


def error_of(cells: SteadyCells, right: Callable[..., Any]) -> float:
    inside = spread(cells.mesh, cells.scheme.cell, cells.scheme.degree + 4)
    weights = inside.weights * cells.mesh.shares[:, None]
    true = right(inside.places[..., 0], inside.places[..., 1])
    off = inside.values(cells.coefficients[:, 0], (0, 0)) - true
    return float(((off.square() * weights).sum() / (true.square() * weights).sum()).sqrt())


# ---------------------------------------------------------------- how exact it is


def test_the_error_falls_as_the_width_to_the_degree_and_one() -> None:
    """As over whole cells, h^(d + 1), within one before the limit."""
    coarse, fine = (error_of(cells, heated(10.0)[0]) for cells in (usual(), solved(standard(10.0), 6, 8)))
    assert 6.0 < math.log2(coarse / fine) < 8.0


@pytest.mark.parametrize("k", [1e-6, 1e6])
def test_contrast_costs_nothing(k: float) -> None:
    """As exact as at a contrast of ten, though the level of a good conductor hangs on a flux of 1e-6."""
    assert error_of(solved(standard(k), 6, 4), heated(k)[0]) < 2 * error_of(usual(), heated(10.0)[0])


@pytest.mark.usefixtures("unasked")
def test_what_is_joined_is_the_flux_and_a_slope_is_no_solution() -> None:
    """A mutant whose slopes go on: another answer, wrong by a tenth and more."""
    evolution = standard(10.0)
    value, flux = evolution.relations

    def slope(at: Any) -> Any:
        return flux.residual(at.replaced({"k": at.chart.numbers(1.0), "beyond k": at.chart.numbers(1.0)}))

    wrong = replace(evolution, relations=(value, replace(flux, residual=slope)))
    assert error_of(solved(wrong, 6, 4), heated(10.0)[0]) > 0.05


@pytest.mark.usefixtures("unasked")
def test_without_levels_of_their_own_good_conductors_are_lost_to_rounding(monkeypatch: pytest.MonkeyPatch) -> None:
    """One factorisation does with them; without, corrections by what rounding leaves do not settle."""
    evolution = standard(1e6)
    known, lost = (JoinedNewton(SteadyOperator, torch.ones(1, dtype=torch.float64), 1e-11) for _ in range(2))
    assert known.solve(begun(evolution, 6, 8)) is not None
    assert known.effort.factorisations == 1
    monkeypatch.setattr(floating.Floating, "of", classmethod(lambda *_: None))
    assert lost.solve(begun(evolution, 6, 8)) is None or lost.effort.factorisations > 1


def test_an_eccentric_cable_by_default_and_as_it_is_saved(tmp_path: Path) -> None:
    """Circles about two foci: V is linear in the logarithm of the distances' ratio, in each insulator."""
    taus = (2.0, 1.4, 0.9)
    (core, film, sheath) = ((1 / math.tanh(t), 1 / math.sinh(t)) for t in taus)
    eps = 1e3
    inner = 1 / (taus[1] - taus[2] + (taus[0] - taus[1]) / eps)

    def potential(x: Any, y: Any) -> Any:
        tau = 0.5 * np.log(((x + 1) ** 2 + y**2) / ((x - 1) ** 2 + y**2))
        return np.where(tau > taus[1], 1 - inner / eps * (taus[0] - tau), inner * (tau - taus[2]))

    def electrostatics(V: Any, x: Any, y: Any, k: Any) -> Any:
        return d(k * d(V, x), x) + d(k * d(V, y), y)

    problem = Problem(
        space=Disk(x=sheath[0], y=0, radius=sheath[1], name="sheath") - Disk(x=core[0], y=0, radius=core[1], name="core"),
        unknowns="V", equations=electrostatics, tolerance=1e-4, reference=exact(V=potential),
        conditions=[dirichlet(V=1, on=side("core")), dirichlet(V=0, on=side("sheath"))],
        parameters={"k": Piecewise(1.0, (Disk(x=film[0], y=0, radius=film[1]), eps))},
    )  # fmt: skip
    solution = solve(problem, budget=60)
    assert solution.converged
    assert isinstance(solution.trial, Planar)
    points = problem.domain.interior.draw(2000, "sobol", torch.Generator().manual_seed(1)).coordinates
    x, y = (v.numpy() for v in points.values())
    off = np.abs(solution.V(x=x, y=y) - potential(x, y)).max()
    assert off < 1e-4
    assert solution.estimate is not None
    assert off < 10 * solution.estimate  # the largest deviation, beside an estimate of the mean one
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", problem)
    assert np.array_equal(again.V(x=x, y=y), solution.V(x=x, y=y))


# ---------------------------------------------------------------- the same in other words


def test_materials_in_another_order() -> None:
    mean = error_of(usual(), heated(10.0)[0])
    around = SQUARE - DISC
    other = declared(
        10.0, parameters={"k": Piecewise(10.0, (around, 1.0)), "s": Piecewise(1.0, (around, 0.0))}
    )  # fmt: skip
    assert error_of(solved(read(other), 6, 4), heated(10.0)[0]) == pytest.approx(mean, rel=0.01)


@pytest.mark.usefixtures("unasked")
def test_units_of_what_conducts() -> None:
    """Conductivity and heat in other units: the same numbers to rounding."""
    units = {"k": Piecewise(1e-7, (DISC, 1e-6)), "s": Piecewise(0.0, (DISC, 1e-7))}
    again = solved(read(declared(10.0, parameters=units)), 6, 4)
    assert torch.allclose(usual().coefficients, again.coefficients, rtol=0, atol=1e-9)


# ---------------------------------------------------------------- geometry and weights


def test_parts_cover_the_square_and_runs_go_once_around() -> None:
    evolution = standard(10.0)
    mesh = begun(evolution, 4, 4).mesh
    assert isinstance(mesh.region, ClippedParts)
    assert closed(mesh, evolution.rings)
    area = float(mesh.shares[mesh.parts == int(mesh.region.label(torch.tensor([[0.1, 0.0]])))].sum()) * 4
    assert area == pytest.approx(math.pi * RADIUS**2, rel=1e-3)  # by few lines in each cell
    runs = runs_of(mesh)
    assert float(runs.lengths.sum()) == pytest.approx(2 * math.pi * RADIUS, rel=1e-7)
    assert not bool((mesh.parts[runs.below] == mesh.parts[runs.above]).any())
    for spots in spots_of(mesh, 6):
        away = spots.places - torch.tensor([0.1, -0.07], dtype=torch.float64)
        assert torch.allclose(away.norm(dim=-1), torch.full_like(away[..., 0], RADIUS), atol=1e-12)


def test_relations_are_the_value_and_the_flux_whatever_else_is_differentiated() -> None:
    def more(T: Any, x: Any, y: Any, k: Any) -> Any:
        return d(k * d(T, x), x) + d(k * d(T, y), y) - d(sin(x) * cos(y), x, x)

    problem = Problem(
        space=SQUARE, unknowns="T", equations=more, conditions=[dirichlet(T=0)], reference=None, tolerance=1e-3,
        parameters={"k": Piecewise(1.0, (DISC, 5.0))},
    )  # fmt: skip
    assert [r.equation.name for r in relations(problem)] == [
        "continuous across interfaces [1]", "more, its flux across interfaces"
    ]  # fmt: skip


def test_a_part_is_tied_to_walls_by_the_best_way() -> None:
    """A core within an insulator, and beside both a good way through another part."""
    sizes, held = [1.0, 1e-6, 1.0], [True, False, False]
    ways = dict.fromkeys([(0, 1), (1, 2)], math.inf)
    assert tied(sizes, held, ways) == [math.inf, 1.0, 1e-6]
    others = ways | dict.fromkeys([(0, 3), (3, 2)], math.inf)
    assert tied([*sizes, 0.1], [*held, False], others)[2] == 0.1
    assert tied([*sizes, 0.1], [*held, False], others | {(0, 3): 0.01})[2] == 0.01  # what they meet through counts


def test_a_thin_film_has_points_of_its_own() -> None:
    film = declared(1.0, parameters={
        "k": Piecewise(1.0, (Disk(x=0, y=0, radius=0.41), 1e-3), (Disk(x=0, y=0, radius=0.4), 1.0)),
        "s": Piecewise(0.0, (DISC, 1.0)),
    })  # fmt: skip
    assert film.parts is not None
    spread_out = film.domain.interior.draw(500, "sobol", torch.Generator().manual_seed(1))
    found = in_thin_parts(film.domain, film.parts, 500, spread_out, torch.Generator().manual_seed(2))
    assert found
    assert sum(len(p) for p in found) > 50


def test_ranges_of_parameters_are_left_to_others() -> None:
    def warmed(T: Any, x: Any, y: Any, k: Any, s: Any, q: Any) -> Any:
        return conduction(T, x, y, k, q * s)

    materials = {"k": Piecewise(1.0, (DISC, 10.0)), "s": Piecewise(0.0, (DISC, 1.0))}
    problem = Problem(
        space=SQUARE, unknowns="T", equations=warmed, conditions=[dirichlet(T=0)], reference=None, tolerance=1e-3,
        parameters={**materials, "q": (0.5, 2.0)},
    )  # fmt: skip
    with pytest.raises(UnmarchableError, match="over ranges cells end at no curve"):
        read_for_cells(problem, verified(problem, check(problem))[0])
