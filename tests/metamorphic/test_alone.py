"""Whether a solution is alone does not depend on units, the order of unknowns, the scale of an equation or the zero."""

from __future__ import annotations

from math import pi
from typing import Any

import pytest
from torch import sin

from pinnsolve import Box, Problem, d, dirichlet, face, initial, solve
from pinnsolve.errors import Outcome
from pinnsolve.residuals import sites
from pinnsolve.training.uniqueness import cheapest


def outcome_of(given: dict[str, Any]) -> Outcome:
    outcome = solve(Problem(**given), budget=10).outcome
    assert outcome is not None
    return outcome


def rod(length: float, size: float, k: float) -> dict[str, Any]:
    """u'' + k u / length^2 = size sin(2 pi x / length) / length^2 on a rod of this length."""
    return {
        "space": Box(x=(0, length)), "unknowns": "u", "conditions": dirichlet(u=0),
        "equations": lambda u, x: d(u, x, x) + (k * u - size * sin(2 * pi * x / length)) / length**2,
    }  # fmt: skip


@pytest.mark.parametrize(("length", "size"), [(1e-4, 300.0)])
def test_units_change_nothing(length: float, size: float) -> None:
    assert outcome_of(rod(length, size, pi**2)).kind == "undetermined"
    assert outcome_of(rod(length, size, 10.5)).kind == "converged"


@pytest.mark.parametrize(("unknowns", "scale"), [(("u", "v"), 1e5), (("v", "u"), -1.0)])
def test_the_order_of_unknowns_and_the_scale_of_an_equation_change_nothing(
    unknowns: tuple[str, str], scale: float
) -> None:
    def one(u: Any, v: Any, t: Any) -> Any:
        return d(u, t) + d(v, t) - 1

    def two(u: Any, v: Any, t: Any) -> Any:
        return scale * (d(u, t) + d(v, t) - 1)

    given = {"time": (0, 1), "unknowns": unknowns, "equations": [one, two], "conditions": initial(u=0, v=0)}
    outcome = outcome_of(given)
    assert outcome.kind == "undetermined"
    assert f"equation 'two' repeats 'one' ({scale:.6g} times it)" in outcome.detail


def test_where_the_zero_lies_changes_nothing() -> None:
    """What a nonlinear term is made of is that of the change, in kelvin as in degrees."""
    costs = []
    for zero in (0.0, 300.0):

        def phases(u: Any, x: Any, zero: float = zero) -> Any:
            return d(u, x, x) + (u - zero) - (u - zero) ** 3

        ends = [dirichlet(u=zero, on=face(x=0)), dirichlet(u=zero + 1, on=face(x=1))]
        solution = solve(Problem(space=Box(x=(0, 1)), unknowns="u", equations=phases, conditions=ends), budget=10)
        places = sites(solution.problem, solution.trial.plan)
        costs.append(cheapest(solution.trial, places, 200).costs[0])
    assert costs[0] > 0.1 and costs[1] == pytest.approx(costs[0], rel=0.1)
