"""Differences in place of derivatives: their order, and the jumps and kinks that only they see."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from pinnsolve import Box, Piecewise, Problem, d, dirichlet, face, faces, initial, laplace, solve
from pinnsolve.checks import roughness
from pinnsolve.checks.check import check
from pinnsolve.checks.roughness import Rough, rough
from pinnsolve.checks.two_ways import Both
from pinnsolve.geometry.points import Points
from pinnsolve.problem.binding import Fields
from tests.core.common import random

exp, sin, tanh, where = torch.exp, torch.sin, torch.tanh, torch.where
SMOOTH: dict[str, Any] = {
    "products": lambda x, y: d(x**3 * sin(3 * y), x, y),
    "fluxes": lambda x, y: d((1 + x * y) * d(exp(x - y), x), x),
    "choices": lambda x, y: d(where(x > -1, x**2, 0 * x), x) + laplace(sin(x) * y, x, y),
    "stacks": lambda x, y: d(torch.stack([x * y, x + y**4], -1)[:, 1], y),
}


def problem(**changes: Any) -> Problem:
    given: dict[str, Any] = {
        "space": Box(x=(0, 1), y=(0, 1)), "unknowns": "u", "equations": lambda u, x, y: laplace(u, x, y),
        "conditions": dirichlet(u=0),
    }  # fmt: skip
    return Problem(**{**given, **changes})


def both(expression: Any, of: Problem | None = None) -> Both:
    """An expression of the coordinates alone."""
    made = of or problem()

    def fields_at(points: Points) -> Fields:
        chart, at = points.chart()
        return made.fields(chart, at, {u: chart.numbers(0.0) for u in made.unknowns}, points)

    def value(fields: Fields) -> Tensor:
        return expression(*(fields[c] for c in made.coordinates)).value

    return Both(made, [value], fields_at)


@pytest.mark.parametrize("name", SMOOTH)
def test_differences_come_to_derivatives_with_the_square_of_their_width(name: str) -> None:
    points = Points({c: random(50, seed=k, low=0.2, high=0.8) for k, c in enumerate("xy")}, torch.ones(50).double())
    one, other = (float(both(SMOOTH[name]).apart(points, {"x": h, "y": h}).max()) for h in (0.02, 0.01))
    assert 3.9 < one / other < 4.1


def found(expression: Any, length: float = 1.0, order: int = 2) -> Rough:
    space = Box(x=(0, length), y=(0, 1))
    return rough(both(expression, problem(space=space)), {"x": order, "y": 0}, torch.tensor([length**-order]), 1e-3)


@pytest.mark.parametrize("length", [1.0, 1e3, 1e-6])
def test_a_kink_is_found_with_its_place_and_size_in_any_unit(length: float) -> None:
    """|x - a| has a slope that jumps by two; in a unit of length it is 2 / unit."""
    seen = found(lambda x, y: d(abs(x / length - 0.3) * (1 + 0 * y), x, x), length)
    assert {round(place["x"] / length, 3) for place in seen.places} == {0.3}
    assert seen.share > 0.5
    assert seen.jump == pytest.approx(2.0, rel=0.2)


def test_the_share_of_a_kink_is_its_jump_in_the_mean() -> None:
    """The mean of a delta of strength two over a length of one is two; beside it stands a term of size five."""
    space = problem()
    seen = rough(both(lambda x, y: d(abs(x - 0.3), x, x), space), {"x": 2, "y": 0}, torch.tensor([5.0]), 1e-3)
    assert seen.share == pytest.approx(2 / 5, rel=0.3)


@pytest.mark.parametrize("width", [0.1, 1e-2, 1e-3])
def test_what_is_only_steep_is_no_jump(width: float) -> None:
    assert not found(lambda x, y: d(tanh((x - 0.41) / width), x), order=1).places
    assert not found(
        lambda x, y: d(abs(x - 0.41) * (x - 0.41), x, x)
    ).places  # its second derivative jumps, and is seen


def test_without_following_them_down_fronts_would_count_as_jumps(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(roughness, "RULES", roughness.Rules(stays=-1.0, noise=0.0))
    assert found(lambda x, y: d(tanh((x - 0.41) / 1e-3), x), order=1).places


TENT = {
    "tent": lambda x: 1 - abs(2 * x - 1),
    "step": lambda x: where(x < 0.5, 1.0, 0.0),
    "relu": lambda x: torch.relu(x - 0.5),
}


@pytest.mark.parametrize("shape", TENT)
def test_rough_data_are_weighted_and_named(shape: str) -> None:
    def heat(u, x, t):
        return d(u, t) - d(u, x, x)

    rough_start = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat, conditions=[initial(u=TENT[shape])]
    )
    seen = check(rough_start)
    assert [(e.name, p.name) for e, p in seen.rough] == [("initial u", "t=0")]
    told = next(w for w in seen.warnings if w.startswith("initial u"))
    assert "at x=0.5" in told
    size = {"tent": "changes by 4", "step": "jumps by 1", "relu": "changes by 1"}[shape]
    assert size in told or size.replace("4", "3.9") in told or size.replace("1", "0.9") in told


def test_data_are_as_smooth_as_the_equations_ask_for() -> None:
    """A kink is no fault of what is carried along: its equation has first derivatives alone."""
    carried = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=lambda u, x, t: d(u, t) + d(u, x),
        conditions=[initial(u=TENT["tent"]), dirichlet(u=0, on=face(x=0))],
    )  # fmt: skip
    assert not check(carried).rough


def test_an_interface_at_zero_is_said_to_lie_there() -> None:
    """And not where the last halving, or the last width, left it."""
    warnings = check(Problem(
        space=Box(x=(-1.4, 2.6)), time=(0, 1), unknowns="u", equations=lambda u, x, t, k: d(u, t) - d(k * d(u, x), x),
        parameters={"k": Piecewise(1.0, (Box(x=(0, 2.6)), 9.0))},
        conditions=[initial(u=lambda x: tanh(x)), dirichlet(u=0)], reference=None,
    )).warnings  # fmt: skip
    told = [w for w in warnings if "equation" in w]
    assert len(told) == 2 and all(" at x=0, " in w or " at x=0: " in w for w in told)


def test_walls_with_kinks_are_found_along_the_wall() -> None:
    seen = check(problem(conditions=[
        dirichlet(u=lambda x: abs(x - 0.25), on=face(y=1)), dirichlet(u=0, on=face(y=0)), dirichlet(u=lambda y: y, on=faces("x")),
    ]))  # fmt: skip
    assert [p.name for _, p in seen.rough] == ["y=1"]
    assert any("at x=0.25" in w for w in seen.warnings)


def test_a_solution_that_jumps_where_its_residual_is_blind_is_undetermined() -> None:
    """A load that is written as the second derivative of |x - 1/2| / 2, and that no point sees."""
    membrane = Problem(
        space=Box(x=(0, 1)), unknowns="u", conditions=dirichlet(u=0),
        equations=lambda u, x: d(u, x, x) + d(abs(x - 0.5), x, x) / 2,
    )  # fmt: skip
    solution = solve(membrane, budget=5)
    assert solution.training is not None
    assert solution.training.outcome.kind == "undetermined"
    assert "x=0.5" in solution.training.outcome.detail
    assert solution.training.estimate is None
    assert any("differentiates something that jumps" in w for w in solution.findings.warnings)


@pytest.mark.parametrize(("step", "told"), [(0.0, False), (1e-3, True)])
def test_rounding_of_a_constant_is_no_jump(step: float, told: bool) -> None:
    """sin(pi y) is 1e-16 at y = 1, so that 2 + sin(pi x) sin(pi y) has steps of rounding there, and no other swing."""
    pi = 3.141592653589793
    wall = dirichlet(u=lambda x, y: 2 + sin(pi * x) * sin(pi * y) + step * where(x > 0.3, 1.0, 0.0))
    seen = check(problem(space=Box(x=(-1, 1), y=(-1, 1)), conditions=wall))
    assert any("jumps" in w for w in seen.warnings) == told


@pytest.mark.parametrize(("step", "told"), [(0.0, False), (1e-3, True)])
def test_rounding_of_a_tail_is_no_jump(step: float, told: bool) -> None:
    """The tail of a front that is still on its way: 0.3 + 2e-12 exp(20 (x - 1)) is 0.3 to the last digit where x < 0.5."""
    wall = dirichlet(u=lambda x, y: 0.3 + 2e-12 * exp(20 * (x - 1)) + step * where(x > 0.3, 1.0, 0.0))
    seen = check(problem(space=Box(x=(-1, 1), y=(-1, 1)), conditions=wall))
    assert any("jumps" in w for w in seen.warnings) == told


def bell(start: Any) -> Problem:
    """Heat in a rod from a bell of width 0.035."""
    return Problem(
        space=Box(x=(-1, 1)), time=(0, 0.01), unknowns="u", equations=lambda u, x, t: d(u, t) - 0.01 * d(u, x, x),
        conditions=[initial(u=start), dirichlet(u=0)], reference=None,
    )  # fmt: skip


def test_values_are_not_built_in_whose_derivatives_are_not_finite() -> None:
    """sqrt(f) where f is 1e-330, which is zero, has the slope 0/0, and 1 / (1 + exp(z)) beyond z = 709 another one."""
    plain, root = bell(lambda x: exp(-400 * x**2)), bell(lambda x: torch.sqrt(exp(-800 * x**2)))
    logistic = bell(lambda x: 1 / (1 + exp(900 * x**2)))
    assert not check(plain).endless
    for written in (root, logistic):
        assert len(check(written).endless) == 1
        assert "no finite derivative along x" in str(check(written).warnings)
    x = torch.linspace(-0.9, 0.9, 50).double()
    one, other = (torch.as_tensor(solve(p, budget=20).u(x=x, t=0.01)) for p in (plain, root))
    assert float((one - other).abs().max()) < 1e-6
