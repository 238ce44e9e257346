"""Comparisons that a box does not decide: what asks the same question gets the same answer."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import exp, sin, where

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
    bounds, hulls = variation.on(low, high, closely=True), variation.on(low, high)
    assert bounds is not None and hulls is not None
    assert bool((bounds[0] >= hulls[0]).all()) and bool((bounds[1] <= hulls[1]).all())
    assert kind != "where" or bool((bounds[1] < hulls[1])[0].any())
    for _ in range(20):
        at = low + (high - low) * torch.rand(low.shape, generator=generator, dtype=torch.float64)
        values = variation.at(at)
        assert bool((values >= bounds[0]).all()) and bool((values <= bounds[1]).all())


def multiplied_out(x: Any, y: Any) -> Any:
    """The force of a Stokes flow with the stream function 50 (x (1 - x) y (1 - y))^2, and a pressure x^2 y."""
    in_x = -1200 * x**4 * y + 600 * x**4 + 2400 * x**3 * y - 1200 * x**3 - 2400 * x**2 * y**3 + 3600 * x**2 * y**2
    rest = 600 * x**2 - 2400 * x**2 * y + 2400 * x * y**3 - 3600 * x * y**2 + 1202 * x * y
    return in_x + rest - 400 * y**3 + 600 * y**2 - 200 * y


def bent(u: Any, x: Any, y: Any) -> Any:
    """What multiplies an unknown varies too: its slopes hold derivatives of the unknown that its values do not."""
    return d((1 + x * y) * d(u, x), x) - exp(sin(5 * x) * y) * d(u, y) + u**2 * (x - y) ** 3


def written_out(u: Any, x: Any, y: Any) -> Any:
    return -d(u, x, x) - d(u, y, y) - multiplied_out(x, y)


@pytest.mark.parametrize("equation", [bent, written_out])
def test_bounds_about_middles_hold_all_values_and_fall_as_the_square(equation: Any) -> None:
    problem = Problem(space=Box(x=(0, 2), y=(1, 2)), unknowns="u", equations=equation, conditions=[dirichlet(u=0)])
    variation = Variation(problem, problem.equations[0], problem.domain.interior, {"u": Size(0.4, 3.0)})
    generator = torch.Generator().manual_seed(0)
    low, wide = 0.9 * torch.rand(200, 2, generator=generator, dtype=torch.float64), []
    for length in (0.1, 0.01):
        bounds = variation.on(low, low + length, closely=True)
        assert bounds is not None and not variation.jumping
        seen = torch.stack([
            variation.at(low + length * torch.rand(low.shape, generator=generator, dtype=torch.float64))
            for _ in range(30)
        ])  # fmt: skip
        assert bool((seen >= bounds[0]).all()) and bool((seen <= bounds[1]).all())
        corners = torch.stack([variation.at(low + length * torch.tensor(c)) for c in ((0, 0), (1, 0), (0, 1), (1, 1))])
        wide.append(float(((bounds[1] - bounds[0]) - (corners.amax(0) - corners.amin(0)))[0].mean()))
    assert wide[1] < 0.03 * wide[0]  # of second order 0.01, where a natural enclosure has 0.1


def test_a_product_that_is_multiplied_out_is_decided_in_few_boxes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("pinnsolve.checks.boxes._rest", pytest.fail)
    for more in (0.0, 1e7):

        def equation(u: Any, x: Any, y: Any, more: float = more) -> Any:
            return written_out(u, x, y) - more * exp(-((x - 0.37) ** 2 + (y - 0.61) ** 2) / 1e-8)

        space = Box(x=(0, 1), y=(0, 1))
        problem = Problem(space=space, unknowns="u", equations=equation, conditions=[dirichlet(u=0)])
        found = check(problem)
        assert found.undecided == () and len(found.narrow) == (more > 0)
