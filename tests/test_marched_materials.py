"""Evolution over cells that curves between materials cut: exact solutions, contrasts, stability, mutants."""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.special import jv, yv
from torch import exp, sqrt
from torch.special import bessel_j0, bessel_y0

from pinnsolve import Box, Disk, Piecewise, Polygon, Problem, d, dirichlet, initial
from pinnsolve.cells.equation_sizes import equation_sizes
from pinnsolve.cells.implicit_step import Scheme, Step
from pinnsolve.geometry.part_shapes import ClippedParts
from pinnsolve.geometry.shape import Shape
from pinnsolve.march import growth as rules
from pinnsolve.march.cells import first_cells
from pinnsolve.march.growth import growth
from pinnsolve.march.second import apart, richer, slabs
from pinnsolve.march.start import at_start
from pinnsolve.march.step_solver import StepSolver
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.spread import spread
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.rim import region_of
from validation.marched import read
from validation.stability_shapes import CASES

CPU, RADIUS = torch.device("cpu"), 0.4


class Mode:
    """The lowest mode around the middle of a disc of radius one whose inner part conducts k times as well, and stores m
    times as much: J0 inside, J0 and Y0 outside, with the same value and flux where they meet."""

    def __init__(self, k: float, m: float) -> None:
        self.inner = math.sqrt(m / k)

        def outside(w: float) -> Any:
            z, s = w * RADIUS, w * self.inner
            given = [jv(0, s * RADIUS), -k * s * jv(1, s * RADIUS)]
            return np.linalg.solve([[jv(0, z), yv(0, z)], [-w * jv(1, z), -w * yv(1, z)]], given)

        def at_rim(w: float) -> float:
            a, b = outside(w)
            return float(a * jv(0, w) + b * yv(0, w))

        tried = np.linspace(0.1, 12, 400)
        first = next(j for j in range(399) if at_rim(tried[j]) * at_rim(tried[j + 1]) < 0)
        self.w = brentq(at_rim, tried[first], tried[first + 1], xtol=1e-14)
        self.a, self.b = outside(self.w)

    def __call__(self, x: Any, y: Any, within: Any) -> Any:
        """With one in place of `within` inside, and zero outside."""
        r = sqrt(x**2 + y**2 + 1e-30)
        far = self.w * (r + within)
        return within * bessel_j0(self.w * self.inner * r) + (1 - within) * (
            self.a * bessel_j0(far) + self.b * bessel_y0(far)
        )


def fading(k: float, m: float, space: Shape, **more: Any) -> tuple[Problem, Any]:
    """Heat in a disc of two materials, or in what of it a box holds, and what it is."""
    mode = Mode(k, m)

    def heat(u: Any, x: Any, y: Any, t: Any, k: Any, m: Any) -> Any:
        return m * mode.w**2 * d(u, t) - d(k * d(u, x), x) - d(k * d(u, y), y)

    def truth(x: Any, y: Any, t: Any) -> Any:
        return exp(-t) * mode(x, y, ((x**2 + y**2) < RADIUS**2).double())

    inner = Disk(x=0, y=0, radius=RADIUS)
    walls = dirichlet(u=0) if isinstance(space, Disk) else dirichlet(u=lambda x, y, t: exp(-t) * mode(x, y, 0 * x))
    problem = Problem(
        space=space, time=(0, 1), unknowns="u", equations=heat, reference=None,
        parameters={name: Piecewise(a, (inner, b)) for name, a, b in (("k", 1, k), ("m", 1, m), ("within", 0, 1))},
        conditions=[initial(u=mode), walls], **more,
    )  # fmt: skip
    return problem, truth


@lru_cache
def told(k: float, m: float) -> tuple[Problem, Any, Evolution, Plan]:
    problem, truth = fading(k, m, Box(x=(-0.7, 0.65), y=(-0.6, 0.72)))
    return problem, truth, *read(problem)


@lru_cache
def one_step(k: float, m: float = 1.0, degree: int = 7) -> Step:
    """Half of all time in one step over a few cells."""
    scheme = Scheme(told(k, m)[2], degree, 3, CPU)
    mesh = first_cells(scheme.evolution, 1, CPU)
    start = at_start(scheme, mesh)
    step = Step(scheme, mesh, 0.0, 0.5, start, start.values.expand(3, -1, -1, -1))
    scheme.weights = equation_sizes(step)
    assert StepSolver(scheme, torch.ones(1, dtype=torch.float64), 1e-9, scheme.evolution.constant).solve(step)
    return step


def error_of(step: Step, truth: Any) -> float:
    """At its end, relative."""
    inside = spread(step.mesh, step.scheme.cell, 12)
    weights = inside.weights * step.mesh.shares[:, None]
    right = truth(inside.places[..., 0], inside.places[..., 1], torch.tensor(0.5))
    off = inside.values(step.stages[-1][:, 0], (0, 0)) - right
    return float(((off.square() * weights).sum() / (right.square() * weights).sum()).sqrt())


def test_what_stores_next_to_nothing_comes_out_as_well_with_richer_features() -> None:
    """A quarter of the error with two degrees more, or less: where cells count by the mean of the whole, none settles."""
    truth = told(1e-6, 1e-6)[1]
    few, many = (error_of(one_step(1e-6, 1e-6, degree), truth) for degree in (4, 6))
    assert many < 0.25 * few


def test_the_distance_of_two_marches_is_the_error_of_the_first() -> None:
    step = one_step(1e6)
    solver = StepSolver(step.scheme, torch.ones(1, dtype=torch.float64), 1e-9, True)
    again = richer(step.scheme, slabs([step]), solver)
    assert again is not None
    problem, truth, _, plan = told(1e6, 1.0)
    trial = Marched(problem, LocalFeatures(degree=7, stages=3), plan)
    trial.take(slabs([step]))
    points = problem.domain.interior.draw(2000, "sobol", torch.Generator().manual_seed(1))
    points.coordinates["t"].mul_(0.5)
    right = truth(**points.coordinates)
    away = (trial.unknowns(trial.prepare(points))["u"].value - right).norm() / (right - right.mean()).norm()
    assert float(away) == pytest.approx(apart([step], again, [1.0]), rel=0.2)


@pytest.mark.parametrize(
    ("part", "count"),
    [
        (Polygon(x=[0, 0.3, 0.3, 0], y=[0, 0, 1, 1]), 0),
        (Disk(x=0, y=0, radius=0.4), 0),
        (Polygon(x=[0, 0.5, 0.3, 0], y=[0, 0, 1, 1]), 2),
    ],
)
def test_a_curve_that_ends_on_the_rim_at_a_right_angle_has_no_corner_there(part: Shape, count: int) -> None:
    problem = Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=lambda u, x, y, k: d(k * d(u, x), x) + d(k * d(u, y), y),
        conditions=[dirichlet(u=0)], parameters={"k": Piecewise(1.0, (part, 5.0))}, reference=None,
    )  # fmt: skip
    region = region_of(problem)
    assert isinstance(region, ClippedParts)
    assert len({tuple(corner.values()) for corner in region.corners}) == count


def test_the_one_step_operator_does_not_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    """`python -m validation.stability_shapes` has more of them."""
    monkeypatch.setattr(rules, "RULES", replace(rules.RULES, degree=5, lengths=(1 / 400,)))
    assert growth(read(CASES["drum, disc, inclusion 10"])[0], False, CPU) < 1e-3


def test_a_trial_function_knows_both_sides_and_is_kept_as_it_is() -> None:
    problem, _, _, plan = told(1e6, 1.0)
    step = one_step(1e6)
    trial, again = (Marched(problem, LocalFeatures(degree=7, stages=3), plan) for _ in range(2))
    trial.take(slabs([step]))
    again.assign(trial.vector())
    points = problem.interfaces[0].draw(40, "sobol", torch.Generator().manual_seed(1))
    assert bool((points.coordinates["t"] > 0).any())
    prepared = trial.prepare(points)
    here, there = (trial.unknowns(prepared, beyond)["u"].value for beyond in (False, True))
    assert torch.allclose(here, there, atol=1e-3) and not torch.equal(here, there)
    assert torch.equal(here, again.unknowns(again.prepare(points))["u"].value)
