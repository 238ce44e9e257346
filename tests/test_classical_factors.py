"""What references of planes and shapes are solved with: normal matrices, factors that are kept, and steps that fail."""

from math import pi
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from scipy.sparse import csr_matrix, vstack
from scipy.sparse import random as sparse_random

from pinnsolve import Ball, Box, Disk, Piecewise, Problem, d, dirichlet, initial, laplace, periodic
from pinnsolve.checks.as_materials import as_materials
from pinnsolve.checks.check import check
from pinnsolve.classical import linear
from pinnsolve.classical.automatic import attempt, compared_at
from pinnsolve.classical.cloud import Cloud
from pinnsolve.classical.grid import Grid
from pinnsolve.classical.layout import cloud_of, spacing_of
from pinnsolve.classical.linear import Factored, Nearby
from pinnsolve.classical.lines import line
from pinnsolve.classical.normal import Normal, Shifted
from pinnsolve.classical.reading import read
from pinnsolve.classical.solving import Solver
from pinnsolve.classical.steady import Steady


def rectangular(seed: int, shift: float = 0.0) -> csr_matrix:
    """Rows of few entries, some at the same columns, and one for each column."""
    rng = np.random.default_rng(seed)
    few = sparse_random(200, 60, 0.06, format="csr", random_state=seed)
    again = few.copy()
    again.data = rng.standard_normal(len(again.data)) + shift
    return vstack([few, again, csr_matrix(np.eye(60))]).tocsr()


@pytest.mark.parametrize("shift", [0.0, 0.7 - 1.3j])
@pytest.mark.parametrize("wide", [False, True])
def test_a_normal_matrix_is_gathered_row_by_row(shift: complex, wide: bool) -> None:
    """And that of two matrices for any number before the second, from what is gathered once."""
    first = rectangular(1) if wide else _narrow()
    second = first.copy()
    second.data = second.data * np.maximum(np.linspace(-1, 2, len(second.data)), 0.0)
    weights, scale = np.linspace(1, 2, first.shape[0]), np.linspace(1, 3, 60)
    order = np.random.default_rng(2).permutation(60) if wide else np.arange(60)
    both = weights[:, None] * (first + shift * second).toarray() * scale
    right = np.random.default_rng(3).standard_normal(60) * (1 + shift)
    true = np.linalg.solve(both.conj().T @ both, right)
    found = Shifted(first, second, weights, order).at(shift, scale)
    assert found.banded is not wide
    assert np.allclose(found.solve(right), true)
    if not shift:
        assert np.allclose(Normal.of(csr_matrix(both), order).solve(right), true)


def _narrow() -> csr_matrix:
    return csr_matrix(np.eye(60) + 0.3 * np.eye(60, k=1) - 0.2 * np.eye(60, k=3))


def test_factors_of_one_matrix_solve_one_like_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """By conjugate gradients, and by factors of its own where these take too many steps."""
    first, weights, order = rectangular(1), np.linspace(1, 2, 460), np.arange(60)
    factors = Factored(first, weights, order)
    second = first.copy()
    second.data = second.data * (1 + 1e-2 * np.sin(np.arange(len(second.data))))
    right = np.random.default_rng(3).standard_normal(460)
    true = np.linalg.lstsq(weights[:, None] * second.toarray(), weights * right, rcond=None)[0]
    near = Nearby(factors, second, order)
    assert np.linalg.norm(near.solve(right) - true) <= 1e-3 * np.linalg.norm(true)
    assert near.factors is factors
    monkeypatch.setattr(linear, "ITERATED", linear.Iterated(most=1, met=1e-12))
    own = Nearby(factors, second, order)
    assert np.allclose(own.solve(right), true)
    assert own.factors is not factors


def test_what_is_singular_beside_factors_that_are_not_is_told() -> None:
    first = rectangular(1)
    second = first.copy()
    second.data = np.where(second.indices == 7, 1e-9 * second.data, second.data)
    change = Nearby(Factored(first, np.ones(460), np.arange(60)), second, np.arange(60)).softest()
    assert np.argmax(np.abs(change)) == 7
    assert np.linalg.norm(second @ change) <= 1e-7 * np.linalg.norm(change)


def test_a_sphere_of_another_material_in_a_ball_is_one_part() -> None:
    """Nodes on the outside of its surface are surrounded by those of the inside: none of them is a part of its own."""
    problem = Problem(
        space=Ball(x=0, y=0, z=0, radius=1), unknowns="T", conditions=dirichlet(T=lambda x, y, z: z),
        equations=lambda T, x, y, z, k: d(k * d(T, x), x) + d(k * d(T, y), y) + d(k * d(T, z), z),
        parameters={"k": Piecewise(1.0, (Ball(x=0.2, y=0, z=0, radius=0.4), 10.0))},
    )  # fmt: skip
    posed = as_materials(problem) or problem
    given = read(posed)
    parts = cloud_of(given, spacing_of(given, check(problem), 7), 1.0).scatter.parts
    assert np.bincount(parts).size == 2


def test_steps_no_longer_than_one_that_failed_come_to_the_end() -> None:
    """The complex Ginzburg-Landau equation: steps that its error allows are longer than Newton's method finds."""
    c1, c3, length = 1.0, -0.8, 20.0

    def real_part(a, b, x, t):
        return d(a, t) - a - d(a, x, x) + c1 * d(b, x, x) + (a**2 + b**2) * (a + c3 * b)

    def imaginary_part(a, b, x, t):
        return d(b, t) - b - d(b, x, x) - c1 * d(a, x, x) + (a**2 + b**2) * (b - c3 * a)

    problem = Problem(
        space=Box(x=(0, length)), time=(0, 5), unknowns=("a", "b"), equations=[real_part, imaginary_part],
        conditions=[
            initial(a=lambda x: 0.8 + 0.2 * torch.cos(2 * pi * x / length), b=lambda x: 0.3 * torch.sin(2 * pi * x / length)),
            periodic("x"),
        ],
    )  # fmt: skip
    reference = attempt(problem, tolerance=1e-2).reference
    assert reference is not None
    x = length * np.arange(32) / 32
    waves = 2j * pi * np.fft.fftfreq(32, length / 32)

    def rate(_: float, z: np.ndarray) -> np.ndarray:
        return z + (1 + c1 * 1j) * np.fft.ifft(waves**2 * np.fft.fft(z)) - (1 - c3 * 1j) * abs(z) ** 2 * z

    begin = 0.8 + 0.2 * np.cos(2 * pi * x / length) + 0.3j * np.sin(2 * pi * x / length)
    end = solve_ivp(rate, (0, 5), begin, rtol=1e-8, atol=1e-10).y[:, -1]
    at = {"x": x, "t": np.full(32, 5.0)}
    found = reference.fields["a"](**at) + 1j * reference.fields["b"](**at)
    assert np.linalg.norm(found - end) <= (reference.own_error + 1e-7) * np.linalg.norm(end)


def test_what_grows_from_nothing_in_a_plane_is_followed_as_it_grows() -> None:
    """exp(9 t) from 1e-4: the tolerance of its first steps is that of what it is soon, not that of its end."""
    problem = Problem(
        space=Disk(x=0, y=0, radius=1), time=(0, 1), unknowns="u",
        equations=lambda u, x, y, t: d(u, t) - laplace(u, x, y) - 10 * u,
        conditions=[
            initial(u=lambda x: 1e-4 * torch.cos(x)), dirichlet(u=lambda x, t: 1e-4 * torch.exp(9 * t) * torch.cos(x)),
        ],
    )  # fmt: skip
    reference = attempt(problem, tolerance=5e-2).reference
    assert reference is not None
    at = compared_at(problem, check(problem))
    true = 1e-4 * np.exp(9 * at["t"]) * np.cos(at["x"])
    assert np.linalg.norm(reference.fields["u"](**at) - true) <= reference.own_error * np.linalg.norm(true)


def test_a_driven_cavity_is_met_towards_its_corners() -> None:
    """Nodes close up by a power; how well that does, `python -m validation.automatic cavity` tells."""
    nodes = line((0.0, 1.0), 33, 7, False, graded=True).nodes
    assert nodes[1] == pytest.approx(0.5 * (2 / 32) ** 3)
    assert np.allclose(nodes + nodes[::-1], 1)


def test_other_solutions_are_looked_for_where_the_known_one_is_resolved(monkeypatch: pytest.MonkeyPatch) -> None:
    """A driven cubic spring to 1e-7: guesses of other heights are tried on the first grid, and none of the finest two."""
    problem = Problem(
        space=Box(x=(0, 1)), unknowns="u", conditions=dirichlet(u=0), tolerance=1e-7,
        equations=lambda u, x: d(u, x, x) - u**3 + 20 * torch.sin(pi * x),
    )  # fmt: skip
    counts: list[int] = []
    whole = Solver.from_guess

    def noted(self: Solver, grid: Grid | Cloud, *rest: Any) -> Steady:
        counts.append(len(grid))
        return whole(self, grid, *rest)

    monkeypatch.setattr(Solver, "from_guess", noted)
    assert attempt(problem).reference is not None
    levels, looked = counts[:-5], counts[-5:]
    assert len(levels) > 2
    assert levels == sorted(set(levels))
    assert set(looked) == {levels[0]}
