"""What the last terms of two marches tell of their errors, and that iterations leave nothing in the richer one."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import cosh, exp, sin

from pinnsolve import Box, Piecewise, Problem, d, dirichlet, face, initial, initial_rate, neumann
from pinnsolve.cells.implicit_step import Step
from pinnsolve.checks.check import check
from pinnsolve.march import record as march_record
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.record import Accuracy
from pinnsolve.march.second import distance, richer, slabs
from pinnsolve.methods.last_terms import left_by_iterations, part_left
from pinnsolve.trial.evolution import evolution
from pinnsolve.trial.exact import verified
from validation.drawn.families import drawn

HALF = Box(x=(0, 18))


def two_solitons() -> Problem:
    """Two that are bound: they meet at t = pi/4, and small errors grow there (Satsuma & Yajima 1974)."""

    def real(a: Any, b: Any, x: Any, t: Any) -> Any:
        return d(a, x, x) / 2 - d(b, t) + (a**2 + b**2) * a

    def imaginary(a: Any, b: Any, x: Any, t: Any) -> Any:
        return d(b, x, x) / 2 + d(a, t) + (a**2 + b**2) * b

    return Problem(
        space=HALF, time=(0, 1), unknowns=("a", "b"), equations=[real, imaginary],
        conditions=[initial(a=lambda x: 2 / cosh(x), b=0), neumann(a=0, b=0, on=face(x=0)),
                    dirichlet(a=0, b=0, on=face(x=18))],
    )  # fmt: skip


def pulse_between_media() -> Problem:
    """A pulse that comes to where waves run three times as fast: space makes the error, and time the residual."""

    def pulse(x: Any) -> Any:
        return exp(-(((x + 0.4) / 0.05) ** 2))

    return Problem(
        space=Box(x=(-1.4, 2.6)), time=(0, 0.6), unknowns="u", equations=lambda u, x, t, k: d(u, t, t) - d(k * d(u, x), x),
        conditions=[initial(u=pulse), initial_rate(u=lambda x: 800 * (x + 0.4) * pulse(x)), dirichlet(u=0)],
        parameters={"k": Piecewise(1.0, (Box(x=(0, 2.6)), 9.0))},
    )  # fmt: skip


def pulse_at_a_wall() -> Problem:
    """Of a step that ends where a pulse begins all points but the last see nothing: of two degrees more, too."""
    return Problem(
        space=Box(x=(0, 1)), time=(0, 0.9), unknowns="u", equations=lambda u, x, t: d(u, t) - d(u, x, x),
        conditions=[initial(u=0), dirichlet(u=0, on=face(x=1)),
                    dirichlet(u=lambda t: exp(-(((t - 0.8771) / 0.003) ** 2)), on=face(x=0))],
    )  # fmt: skip


def in_a_row(problem: Problem) -> tuple[Marcher, list[Step], list[Step], list[Step]]:
    """A march, and twice the same with two degrees more."""
    made, _ = verified(problem, check(problem))
    marcher = Marcher(evolution(problem, made), Accuracy(11, 5, 1e-5, 1e-3), torch.device("cpu"))
    first = marcher.run().steps
    second = richer(marcher.scheme, slabs(first), marcher.solver)
    assert second is not None
    third = richer(second[0].scheme, slabs(second), marcher.solver)
    assert third is not None
    return marcher, first, second, third


def apart(a: list[Step], b: list[Step]) -> float:
    far = distance(a, b)
    return float((far.difference / far.norm).max())


@pytest.mark.parametrize(
    "problem", [pulse_between_media(), two_solitons(), pulse_at_a_wall()], ids=["pulse", "solitons", "wall"]
)
def test_the_last_terms_tell_what_richer_features_leave(problem: Problem) -> None:
    """The share of the error that two degrees more leave, by a third march, which is better by orders."""
    marcher, first, second, third = in_a_row(problem)
    part = apart(second, third) / apart(first, second)
    told = part_left(slabs(first), slabs(second), marcher.sizes.tolist(), 2)
    assert 0.6 * part < told < 6 * part
    closer = richer(marcher.scheme, slabs(first), marcher.solver, exact=1e-2)
    assert closer is not None
    iterated = apart(second, closer) / apart(first, second)
    assert iterated < left_by_iterations(len(second)) < 0.2, "and what iterations leave is told by their number"


def test_what_iterations_leave_does_not_add_up_over_many_swings() -> None:
    """Breathers of sine-Gordon whose frequency is that of their height, over nearly five swings."""
    high = 0.75**0.5
    problem = Problem(
        space=Box(x=(-20, 20)), time=(0, 60), unknowns="u",
        equations=lambda u, x, t: d(u, t, t) - d(u, x, x) + sin(u),
        conditions=[initial(u=0), initial_rate(u=lambda x: 4 * high / cosh(high * x)), neumann(u=0)],
        reference=None,
    )  # fmt: skip
    made, _ = verified(problem, check(problem))
    marcher = Marcher(evolution(problem, made), Accuracy(11, 5, 1e-4, 1e-3), torch.device("cpu"))
    first = marcher.run().steps
    second = richer(marcher.scheme, slabs(first), marcher.solver)
    closer = richer(marcher.scheme, slabs(first), marcher.solver, exact=1e-2)
    assert second is not None and closer is not None
    assert apart(second, closer) < 0.5 * left_by_iterations(len(second)) * apart(first, second)


def test_steps_that_more_stages_do_not_resolve_are_halved(monkeypatch: pytest.MonkeyPatch) -> None:
    """A breather swings round within a step that follows its phase, as steps do where equations are of first order in
    time: both marches then had one error, and were a fifth of it apart."""
    followed = march_record.falling
    monkeypatch.setattr(march_record, "falling", lambda last, swings: followed(last, False))
    one = drawn("breather", 107).problem
    made, _ = verified(one, check(one))
    marcher = Marcher(evolution(one, made), Accuracy(11, 5, 1e-5, 1e-3), torch.device("cpu"))
    first = marcher.run().steps
    second, halved = (richer(marcher.scheme, slabs(first), marcher.solver, allowed=a) for a in (math.inf, 2.5e-6))
    assert second is not None and halved is not None
    assert len(second) == len(first) < len(halved) < len(first) + 10

    def ends_apart(a: list[Step], b: list[Step]) -> float:
        features = min(s[-1].stages.shape[-1] for s in (a, b))
        return float((a[-1].stages[-1][..., :features] - b[-1].stages[-1][..., :features]).norm())

    assert ends_apart(second, halved) > 1.5 * ends_apart(first, second), "the second has more than both are apart"
    assert ends_apart(first, halved) > 2.5 * ends_apart(first, second)


def test_terms_in_space_count_where_time_is_solved() -> None:
    """A wave of a few modes: errors fall by orders, and so do the terms; at rest there is nothing to tell."""
    _, first, second, _ = in_a_row(
        Problem(
            space=Box(x=(0, 1)), time=(0, 0.1), unknowns="u", equations=lambda u, x, t: d(u, t) - d(u, x, x),
            conditions=[initial(u=lambda x: sin(torch.pi * x)), dirichlet(u=0)],
        )
    )  # fmt: skip
    assert part_left(slabs(first), slabs(second), [1.0], 2) < 0.05
    for slab in (both := slabs(first)):
        slab.modes.zero_()
    assert part_left(both, both, [1.0], 2) == 0.0
