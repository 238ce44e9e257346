"""Many coordinates and many weights: vectors of coordinates, Laplacians that are carried through, SPRING."""

from __future__ import annotations

import inspect
from typing import Any

import pytest
import torch
from torch import Tensor

from pinnsolve import (
    MLP,
    SOAP,
    SPRING,
    Ball,
    Box,
    LevenbergMarquardt,
    Problem,
    ProblemError,
    RandomFeatures,
    Redraw,
    Settings,
    condition,
    d,
    dirichlet,
    faces,
    laplace,
    neumann,
    solve,
    vector,
)
from pinnsolve.machine.room import UNLIMITED, Room
from pinnsolve.machine.world import World
from pinnsolve.methods.protocol import Objective
from pinnsolve.residuals import Residuals
from pinnsolve.solve import Prepared, prepare
from tests.core.common import built, residuals_of
from tests.ranks import on_ranks

ROUNDING = 1e-13


# ------------------------------------------------------------ vectors of coordinates


NINE = Box(x=[(0, 1)] * 9)  # whose check is short


@vector(x=4)
def pairs(x):  # type: ignore[no-untyped-def]
    return x[0] * x[1] + x[2] * x[3]


@vector(x=9)
def poisson(u, x):  # type: ignore[no-untyped-def]
    return laplace(u, *x) - x[8]


def by_hand(u, x0, x1, x2, x3, x4, x5, x6, x7, x8):  # type: ignore[no-untyped-def]
    return laplace(u, x0, x1, x2, x3, x4, x5, x6, x7, x8) - x8


def test_a_vector_of_coordinates_is_these_one_by_one() -> None:
    """To the bit: the same problem with nine names written out."""
    short = Problem(space=NINE, unknowns="u", equations=poisson, conditions=dirichlet(u=pairs), reference=None)
    long = Problem(
        space=Box(**{f"x{k}": (0, 1) for k in range(9)}), unknowns="u", equations=by_hand, reference=None,
        conditions=dirichlet(u=lambda x0, x1, x2, x3: x0 * x1 + x2 * x3),
    )  # fmt: skip
    assert short.coordinates == long.coordinates == tuple(f"x{k}" for k in range(9))
    values = []
    for problem in (short, long):
        ready = prepare(problem, Settings(network=RandomFeatures(20), points=60, condition_points=40, held_out=30))
        ready.loop.train()
        values.append(ready.loop.state.points.values()["u"])
    assert torch.equal(*values) and float(values[0].abs().max()) > 0.1
    assert Ball(x=[0, 1, 2], radius=1).bounds == Ball(x0=0, x1=1, x2=2, radius=1).bounds


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: vector(), "names no argument"),
        (lambda: vector(x=0), "vector: x=0"),
        (lambda: vector(x=2.5), "vector: x=2.5"),
        (lambda: vector(y=2)(lambda x: x), "has no argument 'y'"),
        (lambda: vector(x=2)(3), "and no function"),
        (lambda: Box(x=[(0, 1), (1, 0)]), "x1 = "),
        (lambda: Problem(space=Box(x=[(0, 1)] * 3), unknowns="u", equations=poisson, conditions=[]), "x3"),
    ],
)  # fmt: skip
def test_what_is_no_vector_is_told(made: Any, words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        made()


def test_the_arguments_are_those_that_are_bound() -> None:
    assert list(inspect.signature(pairs).parameters) == ["x0", "x1", "x2", "x3"]
    assert pairs(1, 2, 3, 4) == pairs(x3=4, x0=1, x1=2, x2=3) == 14


def test_in_many_coordinates_the_check_is_short_and_says_what_it_leaves_out() -> None:
    n = 12

    @vector(x=n)
    def screened(u, x):  # type: ignore[no-untyped-def]
        return laplace(u, *x) - u

    ball = Problem(
        space=Ball(x=[0] * n, radius=1), unknowns="u", equations=screened, conditions=neumann(u=1), reference=None
    )
    box = ball.replaced(space=Box(x=[(0, 1)] * n), conditions=[dirichlet(u=1)])
    for problem in (ball, box):
        ready = prepare(
            problem, Settings(network=MLP(4, 1), method=SPRING(), points=20, condition_points=30, held_out=20)
        )
        assert any("12 coordinates of space some things are not looked for" in w for w in ready.findings.warnings)


# ------------------------------------------------------------ Laplacians


def summed(u, coordinates):  # type: ignore[no-untyped-def]
    total = d(u, coordinates[0], coordinates[0])
    for c in coordinates[1:]:
        total = total + d(u, c, c)
    return total


@vector(x=9)
def carried(u, x):  # type: ignore[no-untyped-def]
    return laplace(torch.exp(x[1]) * u + u**2, *x) + d(u, x[0])


@vector(x=9)
def one_by_one(u, x):  # type: ignore[no-untyped-def]
    return summed(torch.exp(x[1]) * u + u**2, x) + d(u, x[0])


@pytest.mark.parametrize(
    "network",
    [MLP(9, 2), MLP(9, 2, activation="sine"), MLP(9, 2, activation="gelu"), MLP(9, 2, activation="sigmoid"), RandomFeatures(20)],
    ids=["tanh", "sine", "gelu", "sigmoid", "features"],
)  # fmt: skip
def test_a_laplacian_that_is_carried_is_the_sum_of_second_derivatives(network: Any) -> None:
    """Values, rows, gradients; of expressions, and where values are built in."""
    found = []
    for equation in (carried, one_by_one):
        problem = Problem(
            space=NINE, unknowns="u", equations=equation, reference=None,
            conditions=[dirichlet(u=0, on=faces("x0")), condition(lambda u, x1: u - x1, on=faces("x1"))],
        )  # fmt: skip
        residuals = residuals_of(built(problem, network), 30)
        weights = dict.fromkeys(residuals.names, 1.0)
        found.append((*residuals.rows(weights), residuals.loss_and_gradient(weights)[1], residuals))
    for one, other in zip(found[0][:3], found[1][:3], strict=True):
        assert float((one - other).abs().max()) <= ROUNDING * float(other.abs().max())


def of_nine(equation: Any) -> Residuals:
    problem = Problem(space=NINE, unknowns="u", equations=equation, conditions=dirichlet(u=0), reference=None)
    return residuals_of(built(problem, MLP(5, 2)), 6)


def test_it_takes_one_number_beside_the_gradient() -> None:
    residuals = of_nine(vector(x=9)(lambda u, x: laplace(u, *x)))
    residuals.values()
    asked = [len(site.asked[residuals.trial].below) for site, _ in residuals.places if site.name == "interior"]
    assert asked == [1 + 9 + 1], "and not the nine second derivatives one by one"


def test_of_a_third_derivative_it_is_the_sum_again() -> None:
    equations = [lambda u, x: d(laplace(u, *x), x[0]) + u, lambda u, x: d(summed(u, x), x[0]) + u]
    one, other = (next(iter(of_nine(vector(x=9)(e)).values().values())) for e in equations)
    assert torch.allclose(one, other, rtol=ROUNDING, atol=1e-14) and bool(one.abs().max() > 1e-3)


# ------------------------------------------------------------ SPRING


def cubic(u, x, y):  # type: ignore[no-untyped-def]
    return d(u, x, x) + d(u, y, y) - u**3 - torch.sin(3 * x)


SQUARE = Problem(
    space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=cubic, reference=None,
    conditions=[condition(lambda u, x: u - x, on=faces("x") | faces("y"))],
)  # fmt: skip


def few_points(room: Room = UNLIMITED) -> tuple[Objective, Residuals]:
    ready: Prepared = prepare(SQUARE, Settings(network=MLP(16, 3), method=SPRING(), points=30, condition_points=20))
    trial, places = ready.loop.state.trial, ready.loop.state.points.training.places
    residuals = Residuals(trial, places, room=room)
    weights = {name: 0.5 + k for k, name in enumerate(residuals.names)}
    return Objective(trial, residuals, weights, room=room), residuals


@pytest.mark.parametrize("rate", [1.0, 0.3])
def test_its_steps_are_those_of_the_formula(rate: float) -> None:
    """Two steps, with the direction before, against J in full: w - eta (m phi + J^T (J J^T + mu)^-1 (r - m J phi))."""
    method, (objective, residuals) = SPRING(damping=1e-2, momentum=0.7, rate=rate), few_points()
    state = method.init(objective)
    before: Tensor = state["direction"]
    for _ in range(2):
        start = objective.model.vector()
        r, rows = residuals.rows(objective.weights)
        mu = 1e-2 * float((rows @ rows.T).diagonal().mean())
        normal = rows.T @ rows + mu * torch.eye(len(start), dtype=start.dtype)  # the same by the other identity
        wanted = 0.7 * before + torch.linalg.solve(normal, rows.T @ (r - 0.7 * rows @ before))
        state = method.step(objective, state)
        before = state["direction"]
        assert float((before - wanted).norm()) < 1e-8 * float(wanted.norm())
        moved = objective.model.vector() - start
        part = float((moved @ before) / (before @ before))
        assert torch.allclose(moved, part * before, atol=1e-12)
        assert min(abs(part + rate * 0.5**k) for k in range(10)) < 1e-12
        assert state["loss"] == pytest.approx(objective.loss(), rel=1e-12) and state["loss"] < float(r @ r)


def test_rows_that_are_made_anew_are_those_that_are_kept() -> None:
    """A seventh of the Jacobian at a time: the same direction to rounding of the system."""
    directions = []
    for rows in (10**9, 7 * 609):
        method, (objective, residuals) = SPRING(damping=1e-2), few_points(Room(rows=rows, entries=1))
        assert objective.columns == 609 and residuals.size == 30
        directions.append(method.step(objective, method.init(objective))["direction"])
    assert float((directions[0] - directions[1]).norm()) < 1e-9 * float(directions[0].norm())


def test_points_that_are_redrawn_from_no_pool_are_not_evaluated_to_be_chosen() -> None:
    seen = []

    def equation(u, x, y):  # type: ignore[no-untyped-def]
        seen.append(len(x))
        return d(u, x, x) + d(u, y, y) - u

    problem = Problem(space=SQUARE.space, unknowns="u", equations=equation, conditions=dirichlet(u=0.0), reference=None)
    counts = {}
    for pool in (1, 5):
        redraw = Redraw(every=1, pool=pool)
        points = prepare(problem, Settings(network=MLP(4, 1), points=300, redraw=redraw)).loop.state.points
        first, seen = points.training.places[0][1].coordinates["x"], []
        assert points.redraw(1, 0.0, dict.fromkeys(points.training.names, 1.0)) is None
        counts[pool], (_, now) = sum(seen), points.training.places[0]
        assert len(now) == 300 and not torch.isin(now.coordinates["x"], first).any()
    assert counts == {1: 0, 5: 1500}


def test_on_two_ranks_it_is_the_same_run() -> None:
    settings = Settings(network=MLP(12, 2), method=SPRING(steps=6), points=40, condition_points=20, held_out=30)

    def work(world: World) -> Any:
        ready = prepare(SQUARE, settings, None, world)
        ready.loop.train()
        return ready.loop.state.points.values()["u"].detach()

    one, other = on_ranks(2, work)
    alone = work(World())
    assert torch.equal(one, other) and float((one - alone).norm()) < 1e-6 * float(alone.norm())


def test_it_solves_with_more_weights_than_points_where_a_first_order_method_has_hardly_begun() -> None:
    def equation(u, x, y):  # type: ignore[no-untyped-def]
        return laplace(u, x, y) - 4.0

    bowl = Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=equation, reference=None,
        conditions=[condition(lambda u, x, y: u - x**2 - y**2, on=faces("x") | faces("y"))],
    )  # fmt: skip
    errors = {}
    for method in (SPRING(steps=20), SOAP(steps=20)):
        given = {"points": 100, "held_out": 50, "condition_points": 50, "budget": 100}
        solution = solve(bowl, network=MLP(24, 2), method=method, **given)  # type: ignore[arg-type]
        errors[method.name] = abs(float(solution.u(x=0.4, y=0.7)) - 0.65)
    assert errors["spring"] < 0.2 * errors["soap"], errors


@pytest.mark.parametrize(
    ("wrong", "words"),
    [({"damping": 0}, "SPRING: damping=0"), ({"momentum": 1.0}, "momentum=1.0"), ({"momentum": True}, "momentum"), ({"steps": 0}, "SPRING: steps=0"),
     ({"rate": 0.0}, "rate=0.0"), ({"rate": 1.5}, "rate=1.5"), ({"rate": True}, "rate=True")],
)  # fmt: skip
def test_wrong_options_are_told(wrong: dict[str, Any], words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        SPRING(**wrong)


def test_it_fits_where_a_matrix_over_all_weights_does_not() -> None:
    settings = {"network": MLP(300, 4), "points": 300, "memory": "1.3 GB", "weights": 1.0}
    ready = prepare(SQUARE, Settings(method=SPRING(), **settings))  # type: ignore[arg-type]
    assert ready.loop.state.trial.parameters_count > 272_000
    with pytest.raises(ProblemError, match="LevenbergMarquardt on 272,"):
        prepare(SQUARE, Settings(method=LevenbergMarquardt(), **settings))  # type: ignore[arg-type]
