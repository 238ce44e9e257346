"""The automatic reference where nodes may not be even or may not be crossed: seams, walls that break, dispersive waves."""

from math import pi

import numpy as np
import pytest
import torch
from torch import cos, where

from pinnsolve import (
    Box,
    Piecewise,
    Problem,
    automatic_reference,
    condition,
    d,
    dirichlet,
    face,
    faces,
    initial,
    initial_rate,
    laplace,
    neumann,
    periodic,
    point,
)
from pinnsolve.checks.check import check
from pinnsolve.classical.solving import Solver

C = 0.6 / pi**2


def around(x, cosine, choose):
    """A flux -sin(2 pi x) / (2 pi) + C through k = 1 and 4 around a period, as the solution."""
    left = cosine / (4 * pi**2) + C * x
    right = cosine / (16 * pi**2) + C * x / 4 - 3 / (16 * pi**2) + 3 * C / 8
    return choose(x < 0.5, left, right)


def test_two_materials_around_a_period_meet_in_the_middle_and_at_its_end():
    """Differences would be of first order there; a seam that passes slopes on in place of fluxes is off by a third."""
    problem = Problem(
        space=Box(x=(0, 1)),
        unknowns="u",
        equations=lambda u, x, k: d(k * d(u, x), x) - u + around(x, cos(2 * pi * x), where) + cos(2 * pi * x),
        conditions=[periodic("x")],
        parameters={"k": Piecewise(1.0, (Box(x=(0.5, 1)), 4.0))},
    )
    reference = automatic_reference(problem, tolerance=1e-6)
    x = np.linspace(0, 1, 401)
    true = around(x, np.cos(2 * pi * x), np.where)
    error = np.linalg.norm(reference.fields["u"](x=x) - true) / np.linalg.norm(true)
    assert error <= reference.own_error <= 1e-7


def test_no_difference_crosses_the_place_where_a_heater_ends():
    """Without a break there 188 x 188 nodes state 3e-3."""
    plate = Problem(
        space=Box(x=(0, 1), y=(0, 1)),
        unknowns="T",
        equations=lambda T, x, y: laplace(T, x, y),
        conditions=[
            dirichlet(T=0, on=face(y=0)),
            neumann(T=0, on=faces("x")),
            neumann(T=lambda x: where(x < 0.3, 1.0, 0.0), on=face(y=1)),
        ],
    )
    reference = automatic_reference(plate, tolerance=1e-2)
    x, y = np.random.default_rng(3).uniform(0.0, 0.95, (2, 200))
    k = pi * np.arange(1, 400)
    grown = (np.exp(np.outer(y - 1, k)) - np.exp(-np.outer(y + 1, k))) / (1 + np.exp(-2 * k))
    true = 0.3 * y + (2 * np.sin(0.3 * k) / k**2 * grown * np.cos(np.outer(x, k))).sum(1)
    error = np.linalg.norm(reference.fields["T"](x=x, y=y) - true) / np.linalg.norm(true)
    assert error <= reference.own_error <= 5e-4


def test_a_soliton_goes_on_with_even_nodes():
    """Closer nodes where it begins make third derivatives grow: there was no reference."""
    soliton = Problem(
        space=Box(x=(-9, 12)),
        time=(0, 0.5),
        unknowns="u",
        equations=lambda u, x, t: d(u, t) + 6 * u * d(u, x) + d(u, x, x, x),
        conditions=[initial(u=lambda x: 2 / torch.cosh(x) ** 2), periodic("x")],
    )
    reference = automatic_reference(soliton, tolerance=1e-2)
    x = np.linspace(-6, 9, 101)
    true = 2 / np.cosh(x - 2) ** 2
    assert np.linalg.norm(reference.fields["u"](x=x, t=0.5) - true) <= reference.own_error * np.linalg.norm(true)
    assert reference.own_error <= 5e-4


def test_levels_of_a_system_in_time_alone_are_far_apart(monkeypatch: pytest.MonkeyPatch):
    """Steps are all that tells them apart: with tolerances that fall by 0.3 a stiff oscillator stated a third of its
    error."""
    tolerances: list[float] = []
    solved = Solver.solved

    def seen(self, grid, tolerance, before):
        tolerances.append(tolerance)
        return solved(self, grid, tolerance, before)

    monkeypatch.setattr(Solver, "solved", seen)
    oscillator = Problem(
        time=(0, 15),
        unknowns="x",
        equations=lambda x, t: d(x, t, t) - 10 * (1 - x**2) * d(x, t) + x,
        conditions=[initial(x=2), initial_rate(x=0)],
    )
    automatic_reference(oscillator, tolerance=1e-2)
    assert len(tolerances) > 1
    assert max(b / a for a, b in zip(tolerances, tolerances[1:], strict=False)) <= 0.05 + 1e-12


def test_a_support_that_is_told_as_a_point_is_told_how_a_place_is_held():
    """A value at a single place says one number too much; a face inside lets the force jump."""

    def beam(on):
        return Problem(
            space=Box(x=(0, 3)),
            unknowns="w",
            equations=lambda w, x: d(w, x, x, x, x) + 1,
            conditions=[
                dirichlet(w=0),
                condition(lambda w, x: d(w, x, x), on=face(x=0) | face(x=3)),
                dirichlet(w=0, on=on),
            ],
        )

    assert any("face(x=1) where something is held" in told for told in check(beam(point(x=1))).warnings)
    assert not any("too much" in told for told in check(beam(face(x=1))).warnings)
