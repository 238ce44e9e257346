"""Pseudo-time: where Newton's method stalls in a minimum that is no solution."""

from __future__ import annotations

from collections.abc import Iterator
from math import inf
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import solve_bvp

import problems.kovasznay
from pinnsolve import Box, Newton, Problem, RandomFeatures, Settings, d, dirichlet, initial, solve
from pinnsolve.methods import pseudo_time
from pinnsolve.methods.protocol import Objective
from pinnsolve.solve import prepare
from pinnsolve.training.history import Look

SINES = RandomFeatures(300, (16.0, 40.0))


def layers(sign: float = 1.0) -> Problem:
    """u'' + 30 (u - u^3) = 10 sin 9x: several solutions with layers between -1 and 1; zero is none of them."""

    def reaction(u, x):  # type: ignore[no-untyped-def]
        return sign * (d(u, x, x) + 30 * (u - u**3) - 10 * torch.sin(9 * x))

    return Problem(
        space=Box(x=(0, 3)), unknowns="u", equations=reaction, conditions=dirichlet(u=0), reference=None, tolerance=1e-8
    )  # fmt: skip


def newton(problem: Problem, continued: bool, **settings: Any) -> tuple[float, list[float]]:
    """The held-out residual over the first after a run of Newton's method alone, and the losses on the way."""
    loop = prepare(problem, Settings(network=SINES, budget=60, **settings)).loop
    if not continued:
        loop.state.points.drift = lambda: None  # type: ignore[method-assign,assignment,return-value]
    looks: list[Look] = []
    training = loop.run(looks.append)
    first = max(looks[0].held_out.values())
    return max(training.held_out.values()) / first, [look.loss for look in looks]


@pytest.mark.parametrize("sign", [-1.0])
def test_it_finds_a_solution_where_newton_s_method_stalls(sign: float) -> None:
    """In whichever direction of pseudo-time the solution is at rest; without it a tenth of the residual stays."""
    stalled, _ = newton(layers(sign), continued=False)
    found, losses = newton(layers(sign), continued=True)
    assert stalled > 0.05 and found < 1e-5
    assert max(losses[3:]) > 10 * min(losses[:3]), "the way leads over larger residuals"


@pytest.mark.parametrize("problem", [problems.kovasznay.problem])
def test_where_newton_s_method_converges_nothing_is_added(problem: Problem) -> None:
    steps: list[int] = []
    for continued in (True, False):
        loop = prepare(problem, Settings(network=RandomFeatures(100), points=800, budget=60)).loop
        if not continued:
            loop.state.points.drift = lambda: None  # type: ignore[method-assign,assignment,return-value]
        steps.append(loop.run().steps)
    assert steps[0] == steps[1]


def test_a_linear_problem_that_features_cannot_represent_is_not_tried_twice() -> None:
    def fast(u, x):  # type: ignore[no-untyped-def]
        return d(u, x, x) - torch.sin(300 * x)

    problem = Problem(space=Box(x=(0, 3)), unknowns="u", equations=fast, conditions=dirichlet(u=0), reference=None)
    solution = solve(problem, network=RandomFeatures(50), method=Newton(), budget=20)
    assert solution.training is not None and solution.training.steps == 1


def test_a_problem_in_time_has_no_pseudo_time() -> None:
    def decay(u, t):  # type: ignore[no-untyped-def]
        return d(u, t) + u**3

    problem = Problem(time=(0, 1), unknowns="u", equations=decay, conditions=initial(u=1), reference=None)
    assert prepare(problem, Settings(network=RandomFeatures(50))).loop._objective().drift is None
    assert prepare(layers(), Settings(network=RandomFeatures(50))).loop._objective().drift is not None


def test_equations_are_paired_with_unknowns_row_by_row() -> None:
    loop = prepare(problems.kovasznay.problem, Settings(network=RandomFeatures(20))).loop
    loop.state.trial.assign(
        torch.randn(loop.state.trial.parameters_count, generator=torch.Generator().manual_seed(0)).double()
    )
    objective = loop._objective()
    assert objective.drift is not None
    values, rows = objective.drift.rows(objective.weights)
    residual, jacobian = objective.rows()
    names = [e.name for e in loop.state.trial.problem.equations]
    inside = [(s, p) for s, p, _ in loop.state.points.training.chunks if s.name == "interior"]
    wanted = []
    for _, prepared in inside:
        fields = loop.state.trial.unknowns(prepared)
        for name, unknown in zip(names, loop.state.trial.problem.unknowns, strict=True):
            scale = (objective.weights[name] / loop.state.points.training.counts[name]) ** 0.5
            wanted.append(fields[unknown].value.detach() * scale)
    assert torch.allclose(values, torch.cat(wanted))
    assert rows.shape[1] == jacobian.shape[1] and len(values) < len(residual)


def test_what_does_not_come_to_rest_leaves_what_newton_s_method_found() -> None:
    """u'' = exp(8 u) + 20 x - 1 from u = 1: nothing of 20 features comes near; both directions are tried and left."""

    def steep(u, x):  # type: ignore[no-untyped-def]
        return d(u, x, x) - torch.exp(8 * u) + 1 - 20 * x

    problem = Problem(space=Box(x=(0, 1)), unknowns="u", equations=steep, conditions=dirichlet(u=1), reference=None)
    looks: list[Look] = []
    loop = prepare(problem, Settings(network=RandomFeatures(5, (0.1, 0.2)), budget=30)).loop
    training = loop.run(looks.append)
    assert training.outcome.kind != "non-finite"
    assert looks[-1].loss <= min((look.loss for look in looks), default=inf) * (1 + 1e-6)


def test_the_steps_grow_as_the_residual_falls() -> None:
    """One number, N(c) = c^3 - 2 from c = 1/2: tau grows until the step is Newton's."""

    class One:
        def __init__(self) -> None:
            self.c = torch.tensor([0.5], dtype=torch.float64)

        @property
        def parameters(self) -> list[torch.Tensor]:
            return [self.c]

        def vector(self) -> torch.Tensor:
            return self.c.clone()

        def assign(self, vector: torch.Tensor) -> None:
            self.c = vector.clone()

    model = One()

    class Cubic:
        size = own = 1

        def pieces(self, _: Any) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
            yield model.c**3 - 2, (3 * model.c**2)[None]

        def loss(self, _: Any) -> float:
            return float((model.c**3 - 2).square())

    class Itself(Cubic):
        def pieces(self, _: Any) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
            yield model.c.clone(), torch.ones(1, 1, dtype=torch.float64)

    objective = Objective(model, Cubic(), {}, drift=Itself())  # type: ignore[arg-type]
    state = pseudo_time.begun({"first": 3.6, "loss": 3.6}, model.vector(), model.vector(), 3.6)
    paces = []
    while state["march"] is not None:
        paces.append((state["march"]["sign"], state["march"]["tau"]))
        state = pseudo_time.step(objective, state, 1e-12)
        assert len(paces) < 200
    assert abs(float(model.c) - 2 ** (1 / 3)) < 1e-12
    assert paces[-1][1] > 1e3 * paces[0][1]


def test_where_the_residual_does_not_answer_at_all_there_is_no_march() -> None:
    """c^2 = 1 at rest: no slope says how long a step of pseudo-time is, and what was found before stays."""
    c = torch.zeros(1, dtype=torch.float64)

    class One:
        def vector(self) -> torch.Tensor:
            return c.clone()

        def assign(self, vector: torch.Tensor) -> None:
            c.copy_(vector)

    class Square:
        size = own = 1

        def pieces(self, _: Any) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
            yield c**2 - 1, 2 * c[None]

    class Itself(Square):
        def pieces(self, _: Any) -> Iterator[tuple[torch.Tensor, torch.Tensor]]:
            yield c.clone(), torch.ones(1, 1, dtype=torch.float64)

    objective = Objective(One(), Square(), {}, drift=Itself())  # type: ignore[arg-type]
    found = torch.full((1,), 0.5, dtype=torch.float64)
    ended = pseudo_time.step(objective, pseudo_time.begun({"first": 1.0}, c.clone(), found, 0.5625), 1e-12)
    assert ended["march"] is None and ended["stuck"] and ended["loss"] == 0.5625
    assert float(c) == 0.5


def test_the_default_solves_it_and_cells_begin_at_what_was_found() -> None:
    """Checked by SciPy's collocation, begun at the solution: with several solutions, it is the nearest that counts."""
    problem = layers().replaced(tolerance=1e-6)
    solution = solve(problem, budget=60)
    assert solution.training is not None and solution.training.outcome.kind == "converged"
    x = np.linspace(0, 3, 400)

    def slope(x: Any, y: Any) -> Any:
        return np.stack([y[1], 10 * np.sin(9 * x) - 30 * (y[0] - y[0] ** 3)])

    begin = np.stack([solution.u(x=x), solution.d("u", "x")(x=x)])
    found = solve_bvp(slope, lambda a, b: np.array([a[0], b[0]]), x, begin, tol=1e-10, max_nodes=100_000)
    assert found.success
    assert np.linalg.norm(solution.u(x=x) - found.sol(x)[0]) < 1e-5 * np.linalg.norm(found.sol(x)[0])
