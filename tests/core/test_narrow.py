"""Places that are narrow beside the domain: found, told, and looked into by cells, points and comparisons."""

from __future__ import annotations

from collections.abc import Callable
from math import pi
from typing import Any

import numpy as np
import pytest
import torch
from torch import exp

from pinnsolve import Box, Problem, Settings, compare, d, dirichlet, exact, initial, solve, table
from pinnsolve.checks.check import check
from pinnsolve.geometry.wanting import Wanting
from pinnsolve.solve import prepare
from pinnsolve.trial.lined import Lined


def first_order(source: Callable[[Any], Any], low: float = 0.0, high: float = 1.0, **more: Any) -> Problem:
    """u' = source(x)."""

    def slope(u: Any, x: Any) -> Any:
        return d(u, x) - source(x)

    return Problem(
        space=Box(x=(low, high)), unknowns="u", equations=slope, conditions=[dirichlet(u=0)], reference=None, **more
    )


def wall(resistance: Callable[[Any], Any], length: float = 1.0, **more: Any) -> Problem:
    def fourier(u: Any, q: Any, x: Any) -> Any:
        return d(u, x) - q * resistance(x / length)

    def balance(q: Any, x: Any) -> Any:
        return d(q, x)

    given = {"reference": None, **more}
    walls = dirichlet(u=lambda x: x / length)
    return Problem(
        space=Box(x=(0, length)), unknowns=("u", "q"), equations=[fourier, balance], conditions=[walls], **given
    )


def film(s: Any, width: float, place: float) -> Any:
    return exp(-(((s - place) / width) ** 2)) / (width * pi**0.5)


@pytest.mark.parametrize("unit", [1.0, 1e-3, 1e-9, 1e6])
@pytest.mark.parametrize("width", [6e-3, 1e-4, 1e-6])
def test_a_film_is_found_whatever_its_width_and_unit(width: float, unit: float) -> None:
    (found,) = check(wall(lambda s: 1 + film(s, width, 0.4371), unit)).narrow
    assert found.middle["x"] == pytest.approx(0.4371 * unit, abs=0.05 * width * unit)
    assert found.width["x"] == pytest.approx(3.03 * width * unit, rel=0.02)  # exp(-s^2) falls to a tenth at 1.52


def test_two_films_close_together_are_two_places() -> None:
    places = check(wall(lambda s: 1 + film(s, 1e-5, 0.7) + film(s, 1e-6, 0.7005))).narrow
    assert [p.middle["x"] for p in places] == pytest.approx([0.7, 0.7005], abs=1e-6)
    assert [p.width["x"] for p in places] == pytest.approx([3.03e-5, 3.03e-6], rel=0.02)


def test_a_film_with_sharp_sides_has_a_place_and_two_planes() -> None:
    inside = lambda s: torch.where(abs(s - 0.3) < 5e-6, 1e5, 1.0)  # noqa: E731
    findings = check(wall(inside))
    (found,) = findings.narrow
    assert (found.middle["x"], found.width["x"]) == pytest.approx((0.3, 1e-5), rel=1e-3)
    assert [p.value for p in findings.planes] == pytest.approx([0.3 - 5e-6, 0.3 + 5e-6], abs=1e-9)


def test_a_dip_and_a_layer_are_places_too() -> None:
    (dip,) = check(first_order(lambda x: 1 - (1 - 1e-5) * exp(-(((x - 0.7) / 1e-5) ** 2)))).narrow
    (layer,) = check(first_order(lambda x: torch.tanh((x - 0.2) / 1e-4))).narrow
    assert (dip.middle["x"], layer.middle["x"]) == pytest.approx((0.7, 0.2), abs=1e-6)
    assert (dip.width["x"], layer.width["x"]) == pytest.approx((3.03e-5, 2.94e-4), rel=0.02)


@pytest.mark.parametrize(
    "source",
    [
        lambda x: 0 * x + 1,
        lambda x: torch.sin(1000 * x),
        lambda x: exp(-(((x - 0.4) / 0.05) ** 2)),
        lambda x: exp(-(((x - 0.4) / 0.12) ** 2)),
        lambda x: torch.tanh((x - 0.4) / 0.05),
        lambda x: torch.where(x < 0.3, 1.0, 2.0),
        lambda x: 1 / x,
        lambda x: x**0.5,
        lambda x: abs(x - 0.3),
    ],
    ids=["constant", "waves", "bump", "wide bump", "layer", "jump", "singular", "root", "kink"],
)
def test_what_evenly_spread_points_see_is_no_narrow_place(source: Callable[[Any], Any]) -> None:
    findings = check(first_order(source))
    assert findings.narrow == ()
    assert not any("small part of the domain" in w for w in findings.warnings)


def test_a_search_ends_where_only_one_bin_varies() -> None:
    """A table that is held beyond its data: its slope changes at once, wherever one looks, and the rest is flat."""
    held = table(x=[0, 0.5], k=[1, 2], of="x", outside="hold")
    problem = Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x, k: d(k * d(u, x), x) + 1, conditions=dirichlet(u=0),
        parameters={"k": held}, reference=None,
    )  # fmt: skip
    assert check(problem).narrow == ()


def test_what_evenly_spread_points_see_is_not_told() -> None:
    findings = check(wall(lambda s: 1 + film(s, 0.01, 0.4)))
    assert [p.width["x"] for p in findings.narrow] == pytest.approx([0.0303], rel=0.02)
    assert not any("small part of the domain" in w for w in findings.warnings)


def test_steep_nonlinearity_is_no_place() -> None:
    def reaction(u: Any, x: Any) -> Any:
        return d(u, x, x) - torch.tanh((u - 0.5) / 1e-5) * (1 + x)

    assert (
        check(Problem(space=Box(x=(0, 1)), unknowns="u", equations=reaction, conditions=[dirichlet(u=0)])).narrow == ()
    )


def test_a_warning_says_where_and_what_is_done() -> None:
    (told,) = (w for w in check(wall(lambda s: 1 + film(s, 1e-5, 0.25))).warnings if "small part" in w)
    assert "x=0.25 (width 3e-05)" in told
    assert "more points are drawn there, and cells are small there" in told


def test_points_are_drawn_towards_a_place_at_its_width() -> None:
    piece = wall(lambda s: 1 + s).domain.interior
    points = piece.draw(1000, "sobol", torch.Generator().manual_seed(0), [Wanting({"x": 0.3}, {"x": 1e-5})])
    away = (points.coordinates["x"] - 0.3).abs()
    assert 70 <= int((away < 1e-5).sum()) <= 120  # of 150: half of them at its width, some of the others
    assert int((away > 1e-3).sum()) > 850
    assert int(((away > 1e-5) & (away < 1e-3)).sum()) > 10


def pulsed(width: float = 1e-5, place: float = 0.37) -> Problem:
    def kicked(u: Any, t: Any) -> Any:
        return d(u, t) - film(t, width, place)

    return Problem(
        time=(0, 2), unknowns="u", equations=kicked, conditions=[initial(u=0)],
        reference=exact(u=lambda t: np.where(t > place, 1.0, 0.0)),
    )  # fmt: skip


def test_a_pulse_in_time_is_solved_by_cells_that_shrink_towards_it() -> None:
    problem = pulsed()
    solution = solve(problem, budget=20)
    assert solution.training is not None and solution.training.outcome.kind == "converged"
    assert isinstance(solution.trial, Lined)
    lengths = solution.trial.edges.diff().tolist()
    assert min(lengths) < 2e-5 and max(lengths) > 0.1
    assert compare(solution, problem.reference(problem)).verdict == "pass"  # type: ignore[operator, misc]


def test_a_film_with_sharp_sides_is_solved() -> None:
    drop = lambda x: np.minimum(x, 0.3) + np.clip((x - 0.3) * 1e5, 0, 1) + np.maximum(x - 0.3, 0)  # noqa: E731
    problem = wall(
        lambda s: 1 + torch.where((s > 0.3) & (s < 0.3 + 1e-5), 1e5, 0.0),
        reference=exact(u=lambda x: drop(x) / 2, q=lambda x: 0.5 + 0 * x),
    )
    solution = solve(problem, budget=20)
    assert compare(solution, problem.reference(problem)).verdict == "pass"  # type: ignore[operator, misc]


def test_a_solution_without_the_pulse_does_not_pass() -> None:
    def bump(u: Any, t: Any) -> Any:
        return d(u, t) + 2 * (t - 0.37) / 1e-10 * exp(-(((t - 0.37) / 1e-5) ** 2))

    problem = Problem(
        time=(0, 2), unknowns="u", equations=bump, conditions=[initial(u=1)],
        reference=exact(u=lambda t: 1 + np.exp(-(((t - 0.37) / 1e-5) ** 2))), tolerance=1e-2,
    )  # fmt: skip
    nothing = prepare(problem, Settings()).solution()  # u = 1, which is right beside the pulse
    comparison = compare(nothing, problem.reference(problem))  # type: ignore[operator, misc]
    assert comparison.errors["u"].relative_l2 < 1e-12
    assert comparison.verdict == "fail"
    assert "near t=0.37" in comparison.reason and "does not show" in comparison.reason
