"""Where functions of one coordinate break, and on which lengths they vary."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import Tensor

from pinnsolve.checks.resolution import Resolution, resolution, together

Function = Callable[[Tensor], Tensor]


def found(function: Function) -> Resolution:
    return resolution(lambda x: torch.stack([function(x)]), 0.0, 1.0)


@pytest.mark.parametrize("place", [0.3, 0.5, 0.7123, 1 / 61, 18.2371 / 61])
def test_jumps_are_found_to_rounding(place: float) -> None:
    breaks = found(lambda x: torch.where(x < place, torch.sin(x), 2.0)).breaks
    assert breaks == pytest.approx((place,), abs=1e-11)
    assert breaks[0] <= place


@pytest.mark.parametrize("place", [0.3, 0.5, 0.7123])
def test_kinks_are_found(place: float) -> None:
    assert found(lambda x: (x - place).abs()).breaks == pytest.approx((place,), abs=1e-6)


def test_several_breaks_are_several() -> None:
    assert found(lambda x: ((x > 0.2) & (x < 0.4)).double()).breaks == pytest.approx((0.2, 0.4), abs=1e-11)


@pytest.mark.parametrize("gap", [2e-4, 5e-5, 3e-7])
def test_jumps_close_together_are_several(gap: float) -> None:
    """One place for both, and what switches later is seen by no step (mutant: `Rules.jumps` of 1)."""
    breaks = found(lambda x: torch.sin(x) + (x > 0.3).double() + 3 * (x > 0.3 + gap).double()).breaks
    assert breaks == pytest.approx((0.3, 0.3 + gap), abs=1e-11)
    assert found(lambda x: 1e5 * torch.sin(3 * x) + (x > 0.3).double()).breaks == pytest.approx((0.3,), abs=1e-11)


@pytest.mark.parametrize(
    "function", [torch.sin, lambda x: 0 * x, lambda x: torch.sin(40 * x), lambda x: torch.tanh(20 * (x - 0.5))]
)
def test_smooth_functions_have_no_breaks_and_no_short_parts(function: Function) -> None:
    assert found(function) == Resolution()


def test_what_is_narrow_shortens_steps_that_meet_it() -> None:
    seen = found(lambda x: torch.exp(-(((x - 0.37) / 1e-3) ** 2)))
    assert seen.breaks == ()
    assert seen.finest(0.36, 0.38) < 4e-3
    assert math.isinf(seen.finest(0.5, 1.0)) and math.isinf(seen.longest(0.5))
    assert seen.longest(0.0) == pytest.approx(0.37, abs=0.02)  # up to it, and a little into it
    assert seen.longest(0.37) < 1e-2


def test_what_lies_on_one_place_is_one_break() -> None:
    assert together([Resolution((0.3,)), Resolution((0.3 + 1e-9, 0.6))], 1.0).breaks == (0.3, 0.6)
    assert together([Resolution((0.3, 0.3 + 1e-8)), Resolution((0.3 + 2e-8,))], 1.0).breaks == (0.3, 0.3 + 1e-8)


def test_jumps_of_different_functions_are_one_only_where_their_places_are() -> None:
    """Jumps are placed to rounding, kinks as well as a smaller change of slope lets them be."""

    def switched(at: float) -> Resolution:
        return resolution(lambda x: torch.where(x < at, 1.0, 2.0)[None], 0.0, 1.0)

    for apart in (5e-5, 1e-6):
        low, high = together([switched(0.3), switched(0.3 + apart)], 1.0).breaks
        assert high - low == pytest.approx(apart, rel=1e-6)
    weak = resolution(lambda x: (torch.sin(x) + 1e-3 * (x - 0.3).abs())[None], 0.0, 1.0)
    assert abs(weak.breaks[0] - 0.3) < weak.within[weak.breaks[0]] < 2e-4
    assert together([switched(0.3), weak], 1.0).breaks == switched(0.3).breaks
