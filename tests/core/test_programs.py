"""What is evaluated again as a list of operations is what the function itself says, to the last bit."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, exp, sin, sqrt, tanh, where

from pinnsolve import Box, Problem, d, dirichlet, initial
from pinnsolve.geometry.points import Points
from pinnsolve.jets.programs import Looking, Program, Recording
from pinnsolve.residuals.pointwise import Answers, answers, evaluated


def drawn(count: int, seed: int) -> list[Tensor]:
    generator = torch.Generator().manual_seed(seed)
    return [torch.rand(count, dtype=torch.float64, generator=generator) + 0.1 for _ in range(3)]


def with_slopes(u: Tensor, v: Tensor, x: Tensor) -> list[Tensor]:
    """A residual of most kinds of operations, and its slopes."""
    u, v = (w.detach().requires_grad_() for w in (u, v))
    return derived(u, v, x)


def derived(u: Tensor, v: Tensor, x: Tensor) -> list[Tensor]:
    r = exp(u) * sqrt(v) + tanh(u) * x + where(x < 0.5, u**3, v / u) + torch.stack([u, sin(v)]).sum(0)
    return [r.detach(), *torch.autograd.grad((r + torch.full((len(x),), 2.0) * u).sum(), [u, v])]


def noted(count: int, function: Callable[..., list[Tensor]], given: list[Tensor]) -> Program | None:
    recording = Recording(count)
    inputs = [given[0].requires_grad_(), given[1].requires_grad_(), given[2]]
    for value in inputs:
        recording.given(value)
    with Looking(recording), recording:
        outputs = function(*inputs)
    return recording.program(inputs, outputs)


def test_a_program_says_what_its_function_says_on_other_numbers_and_on_more_of_them() -> None:
    program = noted(50, derived, drawn(50, 0))
    assert program is not None
    more = program.sized(50, 70)
    assert more is not None
    for count, made in ((50, program), (70, more)):
        other = drawn(count, 1)
        for found, true in zip(made.run(other), with_slopes(*other), strict=True):
            assert torch.equal(found, true)


@pytest.mark.parametrize(
    "look",
    [
        lambda r: float(r.sum()),
        lambda r: r.detach().numpy().max(),
        lambda r: max(r.tolist()),
        lambda r: 1.0 if bool((r > 0).all()) else 0.0,
        lambda r: np.asarray(r.detach())[0],
        lambda r: torch.rand_like(r),
        lambda r: r.detach().unique()[0],
    ],
    ids=["sum", "numpy", "list", "branch", "array", "drawn", "unique"],
)
def test_what_looks_at_numbers_has_no_program(look: Callable[[Tensor], Any]) -> None:
    assert noted(50, lambda u, v, x: [u * look(x * 2)], drawn(50, 0)) is None


def test_what_was_made_of_other_points_has_no_program() -> None:
    before = torch.linspace(0, 1, 50, dtype=torch.float64)
    assert noted(50, lambda u, v, x: [u * before], drawn(50, 0)) is None


def test_a_field_that_varies_with_the_number_of_points_alone_is_not_made_for_others() -> None:
    program = noted(50, lambda u, v, x: [u * torch.linspace(0, 1, 50, dtype=torch.float64)], drawn(50, 0))
    assert program is not None and program.sized(50, 60) is None


# ------------------------------------------------------------------------------------------------ equations

CALLS = [0]


def steep(u: Any, x: Any, t: Any, k: float) -> Any:
    CALLS[0] += 1
    return d(u, t) + u**5 * d(u, x) - k * sin(t) * d(u, x, x) + where(x < 0.3, u, 0.0) * exp(-x)


def problem_of(equation: Any) -> Problem:
    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=equation,
        conditions=[initial(u=lambda x: sin(x)), dirichlet(u=0)], parameters={"k": 0.1},
    )  # fmt: skip


def places(count: int, seed: int) -> Points:
    x, t, w = drawn(count, seed)
    return Points({"x": x, "t": t}, w)


def told(problem: Problem, count: int, seed: int, slopes: bool = True) -> tuple[Answers, Answers]:
    """What is said at some points, and what the equations' own functions say there."""
    points, fields = places(count, seed), dict[Any, Tensor]()

    def derivative(f: int, alpha: Any) -> Tensor:
        return fields.setdefault(alpha, drawn(count, 7 * seed + sum(3**k * a for k, a in enumerate(alpha)))[0])

    given = problem, problem.equations, points, derivative
    return answers(*given, slopes), evaluated(*given, slopes)[0]


def test_equations_are_evaluated_without_their_functions_and_say_the_same() -> None:
    problem = problem_of(steep)
    asked = [(5, 1), (5, 2), (5, 3), (5, 4), (40, 5), (40, 6), (5, 7), (60, 8)]
    for slopes in (True, False):
        for k, (count, seed) in enumerate(asked):
            before = CALLS[0]
            found, true = told(problem, count, seed, slopes)
            assert torch.equal(found.residuals, true.residuals)
            assert found.slopes.keys() == true.slopes.keys()
            assert all(torch.equal(found.slopes[key], true.slopes[key]) for key in true.slopes)
            assert found.values.keys() == true.values.keys()
            assert CALLS[0] - before == (2 if k in (0, 1, 2, 4) else 1)


def test_what_reads_the_time_as_a_number_is_asked_each_time() -> None:
    """A source that a user's own code makes of the numbers behind a field has no program."""

    def switched(u: Any, x: Any, t: Any) -> Any:
        return d(u, t) - d(u, x, x) - float(t.value.max())

    problem = problem_of(switched)
    for seed in range(6):
        found, true = told(problem, 20, seed)
        assert torch.equal(found.residuals, true.residuals)
