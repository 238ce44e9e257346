"""Slopes are given on walls where wind blows in, over cells of a plane that fluxes join: nothing may grow there."""

import math

import numpy as np
import pytest
import torch
from torch import cos

from pinnsolve import Box, Problem, Settings, d, initial, laplace, neumann, solve
from pinnsolve.cells import outflows
from pinnsolve.cells.implicit_step import Scheme, Step
from pinnsolve.march import growth
from pinnsolve.march.cells import first_cells
from pinnsolve.march.start import at_start
from pinnsolve.methods.in_hand import evolution_of
from pinnsolve.solve import prepare

NU = 1e-4


def carried(u, x, y, t, a, b):
    return d(u, t) + a * d(u, x) + b * d(u, y) - NU * laplace(u, x, y)


def blown(a, b, until=4.0):
    """A wind over a square; along the wall where it comes in, and everywhere else, no slope."""
    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, until), unknowns="u", equations=carried,
        conditions=[initial(u=lambda x, y: cos(math.pi * y)), neumann(u=0)], parameters={"a": a, "b": b},
        reference=None, tolerance=1e-4,
    )  # fmt: skip


def one_step(problem, degree, cells, length):
    """The step's operator on a grid of so many cells along each coordinate."""
    evolution = evolution_of(prepare(problem, Settings()).loop.state.trial)
    scheme = Scheme(evolution, degree, 3, torch.device("cpu"), torch.ones(1, dtype=torch.float64))
    mesh = first_cells(evolution, cells, scheme.device)
    start = at_start(scheme, mesh)
    return growth.one_step(Step(scheme, mesh, 0.0, length, start, start.values.expand(3, -1, -1, -1)))


@pytest.mark.parametrize(("a", "b", "degree"), [(1.0, 0.0, 7), (0.5, -1.0, 9)])
def test_what_blows_in_with_no_slope_does_not_grow(a, b, degree):
    assert torch.linalg.eigvals(one_step(blown(a, b), degree, 2, 0.2)).abs().max() < 1 + 1e-7


def test_it_grows_where_a_slope_is_tested_as_if_nothing_blew_in(monkeypatch):
    monkeypatch.setattr(outflows, "RULES", outflows.Rules(entered=0.0))
    assert torch.linalg.eigvals(one_step(blown(1.0, 0.0), 7, 2, 0.2)).abs().max() > 1.5


def test_what_the_wind_finds_everywhere_alike_only_fades():
    """cos(pi y) fades as it does without the wind along x."""
    found = solve(blown(1.0, 0.0), budget=60)
    at = dict(zip("xyt", np.random.default_rng(0).uniform([[0], [0], [0]], [[1], [1], [4]], (3, 200)), strict=True))
    true = np.cos(np.pi * at["y"]) * np.exp(-NU * np.pi**2 * at["t"])
    off = float(np.linalg.norm(found.u(**at) - true) / np.linalg.norm(true))
    assert found.converged
    assert off < 1e-5
    assert off < found.estimate
