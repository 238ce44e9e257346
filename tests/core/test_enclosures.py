"""Enclosures hold every value: of functions, of their slopes, and of what is chosen point by point."""

from __future__ import annotations

from collections.abc import Callable
from math import inf, pi, sin
from typing import Any

import pytest
import torch
from torch import Tensor

from pinnsolve.jets.enclosures import enclosing
from pinnsolve.jets.intervals import RULES, Interval, UnenclosedError
from pinnsolve.jets.jet import Chart

ONE_FIELD = [
    "exp", "exp2", "expm1", "log", "log2", "log10", "log1p", "sqrt", "rsqrt", "sin", "cos", "tan", "asin", "acos",
    "atan", "sinh", "cosh", "tanh", "asinh", "acosh", "atanh", "sigmoid", "erf", "erfc", "abs", "relu", "square",
    "reciprocal", "neg", "sign", "floor", "ceil", "round", "trunc",
]  # fmt: skip
WRITTEN: dict[str, Callable[[Any, Any], Any]] = {
    "charge": lambda x, y: torch.exp(-((x - 0.37) ** 2 + (y - 0.61) ** 2) / 0.01**2) / 0.01**2,
    "waves": lambda x, y: torch.sin(9 * x) * torch.cos(7 * y + x) + torch.tan(0.3 * x),
    "powers": lambda x, y: x**3 - y**-1.5 + (x - 0.4) ** 2 * 2.0**y + x**0.5,
    "quotients": lambda x, y: (1 + x) / (y - 3) - 2 / (1 + x * x) + (x / y),
    "window": lambda x, y: torch.where((abs(x - 0.3) < 0.1) & ~(y > 0.5), x * y, 2.0),
    "steps": lambda x, y: torch.heaviside(x - y, torch.tensor(0.5, dtype=torch.float64)) + torch.sign(y - 0.2),
    "clamped": lambda x, y: torch.clamp(x - y, 0.1, 0.4) * torch.maximum(x, y) - torch.minimum(x, 0.5 * y),
    "rest": lambda x, y: (5 * x) % 1.0 + y // 0.3,
    "angles": lambda x, y: torch.atan2(y - 0.5, x - 0.5) + torch.sinc(x) + torch.nn.functional.gelu(y - x),
    "bessel": lambda x, y: torch.special.bessel_j0(9 * x) * torch.special.bessel_j1(5 * y),
    "soft": lambda x, y: torch.nn.functional.softplus(x - y) + torch.nn.functional.silu(3 * y),
}  # fmt: skip


def boxes(count: int = 400) -> tuple[Tensor, Tensor]:
    """Boxes (N, 2) of all sizes in the unit square."""
    generator = torch.Generator().manual_seed(0)
    low = torch.rand(count, 2, generator=generator, dtype=torch.float64)
    return low, low + 10 ** (-4 * torch.rand(count, 1, generator=generator, dtype=torch.float64))


def fields(low: Any, high: Any = None) -> dict[str, Any]:
    chart = Chart(("x", "y"), len(low), torch.float64, torch.device("cpu"))
    columns = [low[:, k] if high is None else enclosing(low[:, k], high[:, k]) for k in (0, 1)]
    return {c: chart.coordinate(c, columns[k]) for k, c in enumerate("xy")}


@pytest.mark.parametrize("name", WRITTEN)
def test_values_and_slopes_lie_in_their_enclosures(name: str) -> None:
    low, high = boxes()
    held, alphas = WRITTEN[name](**fields(low, high)), [(0, 0), (1, 0), (0, 1), (1, 1)]
    for part in torch.rand(10, *low.shape, generator=torch.Generator().manual_seed(1), dtype=torch.float64):
        there = WRITTEN[name](**fields(low + (high - low) * part))
        for alpha in alphas:
            value, bounds = there.dense(alpha), Interval.of(held.dense(alpha))
            assert bool(((value >= bounds.low) & (value <= bounds.high)).all()), alpha


@pytest.mark.parametrize("name", ["charge", "waves", "powers", "quotients", "window"])
def test_small_boxes_have_narrow_enclosures(name: str) -> None:
    low, _ = boxes()
    held = WRITTEN[name](**fields(low, low + 1e-9))
    value = WRITTEN[name](**fields(low)).value
    assert float(((held.value.high - held.value.low) / (1 + value.abs())).median()) < 1e-7


@pytest.mark.parametrize("name", ONE_FIELD)
def test_functions_of_one_field(name: str) -> None:
    low = 4 * torch.rand(500, generator=torch.Generator().manual_seed(2), dtype=torch.float64) - 2
    high = low + torch.linspace(0, 3, 500, dtype=torch.float64) ** 3
    bounds = getattr(torch, name)(enclosing(low, high))
    for part in torch.linspace(0, 1, 21, dtype=torch.float64):
        value = getattr(torch, name)(low + (high - low) * part)
        known = ~value.isnan()  # outside of where it is defined
        assert bool(((value >= bounds.low) & (value <= bounds.high))[known].all())


def test_every_rule_has_a_function_of_torch() -> None:
    operators = {"radd", "rmul", "rsub", "truediv", "rdiv", "rtruediv", "or", "and", "invert", "log_sigmoid"}
    functional = torch.nn.functional
    for name in set(RULES) - operators:
        where = torch.special if name.startswith("special_") else torch
        bare = name.removeprefix("special_")
        assert hasattr(where, bare) or hasattr(functional, bare), name


def one(low: float, high: float) -> Interval:
    return enclosing(torch.tensor([low], dtype=torch.float64), torch.tensor([high], dtype=torch.float64))


def bounds(interval: Any) -> tuple[float, float]:
    return float(interval.low), float(interval.high)


def test_a_quotient_by_zero_is_unbounded() -> None:
    assert bounds(1 / one(-1, 2)) == (-inf, inf)
    assert bounds(1 / one(0, 2)) == (pytest.approx(0.5), inf)
    assert bounds(torch.log(one(-1, 1))) == (-inf, 0.0)
    assert bounds(torch.tan(one(1, 2))) == (-inf, inf)


def test_what_overflows_and_vanishes_is_bounded() -> None:
    assert bounds(1 / torch.cosh(one(800, 900))) == (0.0, 0.0)
    assert bounds(one(0, 0) * one(1, inf)) == (0.0, 0.0)


def test_crests_within_are_seen() -> None:
    assert bounds(torch.sin(one(1, 2))) == pytest.approx((sin(1), 1.0))
    assert bounds(torch.cos(one(pi - 0.1, pi + 0.2)))[0] == pytest.approx(-1.0)
    assert bounds(torch.sin(one(-1e9, 1e9))) == pytest.approx((-1.0, 1.0))


def test_an_undecided_choice_is_the_hull_of_both_sides() -> None:
    assert bounds(torch.where(torch.lt(one(0, 1), 0.5), one(5, 6), one(-2, -1))) == (-2.0, 6.0)
    assert bounds(torch.where(torch.lt(one(0, 1), 2.0), one(5, 6), one(-2, -1))) == (5.0, 6.0)
    assert bounds(torch.where(torch.gt(one(0, 1), 2.0), one(5, 6), one(-2, -1))) == (-2.0, -1.0)


def test_what_has_no_enclosure_says_so() -> None:
    with pytest.raises(UnenclosedError):
        torch.lgamma(one(1, 2))
    with pytest.raises(UnenclosedError):
        one(1, 2).numpy()
