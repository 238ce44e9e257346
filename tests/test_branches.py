"""Comparisons that a box does not decide: what asks the same question gets the same answer."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import where

from pinnsolve import Box, Disk, Piecewise, Problem, d, dirichlet, initial
from pinnsolve.checks.check import check
from pinnsolve.checks.variation import Variation
from pinnsolve.problem.probes import Size


def heated(k: Any, c: Any, x: tuple[float, float] = (0, 1), plane: bool = False) -> Problem:
    """c T_t = div(k grad T), where k and c jump: fields of the coordinates, or materials."""
    written = callable(k)

    def line(T: Any, x: Any, t: Any, k: Any, c: Any) -> Any:
        return c * d(T, t) - d(k * d(T, x), x)

    def both(T: Any, x: Any, y: Any, t: Any, k: Any, c: Any) -> Any:
        return c * d(T, t) - d(k * d(T, x), x) - d(k * d(T, y), y)

    def by_fields(T: Any, x: Any, t: Any) -> Any:
        return line(T, x, t, k(x), c(x))

    def by_plane(T: Any, x: Any, y: Any, t: Any) -> Any:
        return both(T, x, y, t, k(x, y), c(x, y))

    equations = {(True, False): by_fields, (True, True): by_plane, (False, False): line, (False, True): both}
    return Problem(
        space=Box(x=x, y=(0, 1)) if plane else Box(x=x), time=(0, 1), unknowns="T", equations=equations[written, plane],
        conditions=[initial(T=293.0), dirichlet(T=293.0)], parameters={} if written else {"k": k, "c": c},
    )  # fmt: skip


def disc() -> Disk:
    return Disk(x=0.5, y=0.5, radius=0.2)


TOGETHER = {
    "where": lambda: heated(lambda x: where(x < 0.4, 50.0, 0.8), lambda x: where(x < 0.4, 3.9, 1.6)),
    "Piecewise, in millimetres": lambda: heated(
        Piecewise(50.0, (Box(x=(400, 1000)), 0.8)), Piecewise(3.9, (Box(x=(400, 1000)), 1.6)), (0, 1000)
    ),
    "discs": lambda: heated(Piecewise(1.0, (disc(), 5.0)), Piecewise(1.0, (disc(), 3.0)), plane=True),
    "a circle by where": lambda: heated(
        lambda x, y: where((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.04, 5.0, 1.0),
        lambda x, y: where((x - 0.5) ** 2 + (y - 0.5) ** 2 < 0.04, 3.0, 1.0), plane=True,
    ),
    "planes that cross": lambda: heated(
        lambda x, y: where(x < 0.5, 5.0, 1.0) * where(y < 0.3, 2.0, 1.0),
        lambda x, y: where((x < 0.5) & (y < 0.3), 3.0, 1.0), plane=True,
    ),
}  # fmt: skip


@pytest.mark.parametrize("kind", TOGETHER)
def test_two_coefficients_that_jump_together_are_decided(kind: str) -> None:
    assert check(TOGETHER[kind]()).undecided == ()


def test_a_film_between_two_jumps_is_still_found() -> None:
    problem = heated(lambda x: where(x < 0.4, 50.0, 0.8), lambda x: where(x < 0.400001, 30.0, 0.1))
    (film,) = check(problem).narrow
    assert abs(film.middle["x"] - 0.4000005) < 1e-7 and 5e-7 < film.width["x"] < 2e-6


@pytest.mark.parametrize("kind", TOGETHER)
def test_answers_enclose_all_values_and_no_more_than_hulls_do(kind: str) -> None:
    problem = TOGETHER[kind]()
    variation = Variation(problem, problem.equations[0], problem.domain.interior, {"T": Size(300.0, 40.0)})
    generator, axes = torch.Generator().manual_seed(0), len(variation.free)
    low = 0.8 * torch.rand(200, axes, generator=generator, dtype=torch.float64)
    high = low + 0.2 * torch.rand(200, axes, generator=generator, dtype=torch.float64)
    bounds, hulls = variation.on(low, high, by_branches=True), variation.on(low, high)
    assert bounds is not None and hulls is not None
    assert bool((bounds[0] >= hulls[0]).all()) and bool((bounds[1] <= hulls[1]).all())
    assert kind != "where" or bool((bounds[1] < hulls[1])[0].any())
    for _ in range(20):
        at = low + (high - low) * torch.rand(low.shape, generator=generator, dtype=torch.float64)
        values = variation.at(at)
        assert bool((values >= bounds[0]).all()) and bool((values <= bounds[1]).all())
