"""Linear equations that carry jumps of start and walls: these are smeared, and narrowed from march to march."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import where

from pinnsolve import Box, Problem, condition, d, dirichlet, face, initial, initial_rate, periodic, solve
from pinnsolve.algebra.yardstick import of_two
from pinnsolve.checks.check import check
from pinnsolve.march.waves import fastest
from pinnsolve.trial.exact import verified
from pinnsolve.trial.viscous import Law, read_law
from validation.riemann import State, Tube
from validation.sod import Waves


def struck(speed: float = 1.0, height: float = 1.0, length: float = 1.0, wall: Any = None, **given: Any) -> Problem:
    """u_tt = c^2 u_xx from rest, whose left end is lifted at once."""

    def string(u, x, t):  # type: ignore[no-untyped-def]
        return 3 * d(u, t, t) - 3 * speed**2 * d(u, x, x)

    options: dict[str, Any] = {
        "space": Box(x=(0, length)), "time": (0, 0.8 * length / speed), "unknowns": "u", "equations": string,
        "conditions": [
            initial(u=0.0), initial_rate(u=0.0), dirichlet(u=height if wall is None else wall, on=face(x=0)),
            dirichlet(u=0.0, on=face(x=length)),
        ],
        "tolerance": 0.25, "reference": None,
    }  # fmt: skip
    return Problem(**(options | given))


def read(problem: Problem) -> Law | None:
    made, _ = verified(problem, check(problem))
    return read_law(problem, made)


@pytest.mark.usefixtures("unasked")
def test_waves_whose_values_jump_are_carried() -> None:
    law = read(struck(300.0, 1e-3, 2.0))
    assert law is not None and law.start == "jumps" and law.carries
    assert fastest(law.begun, {}) == pytest.approx(300.0)
    assert read(struck(wall=lambda t: 1 - torch.cos(t))) is None  # nothing jumps
    curved = struck(equations=lambda u, x, t: d(u, t, t) - d(d(u, x) ** 3, x))
    assert read(curved) is None  # it makes shocks of its own


@pytest.mark.usefixtures("unasked")
def test_walls_that_jump_are_caught_up_with() -> None:
    """From 0 at the start to 2 at once, and at t = 0.3 to -1 + t."""
    law = read(struck(wall=lambda t: where(t < 0.3, 2.0, t - 1.0)))
    assert law is not None
    soft = law.with_viscosity(1e-2, 1.0)
    at, told = torch.zeros(1, 1, dtype=torch.float64), soft.walls[0].equation.prescribes
    assert told is not None
    for t, wanted in (
        (0.0, 0.0),
        (0.01, 2 - 2 * np.exp(-1)),
        (0.29, 2.0),
        (soft.moments[0], 2.0),
        (0.305, -0.695 + 2.7 * np.exp(-1 / 16)),
        (0.5, -0.5),
    ):
        assert float(soft.given(told, at, t)) == pytest.approx(wanted, abs=1e-5)
    assert soft.walls[1] is law.begun.walls[1]


@pytest.mark.usefixtures("unasked")
def test_where_a_ring_closes_the_other_end_goes_on() -> None:
    """Of u = x on (0, 1), and of u = 1 in the middle, which closes without a jump."""
    ring = {"equations": lambda u, x, t: d(u, t) + d(u, x)}
    x = torch.tensor([0.0, 0.01, 0.5, 0.99, 1.0], dtype=torch.float64)[:, None]
    for start, wanted in (
        (lambda x: x, [0.5, 0.01 + (1 - math.erf(1.0)) / 2 * 0.99, 0.5, 0.99 - (1 - math.erf(1.0)) / 2 * 0.99, 0.5]),
        (lambda x: where((x > 0.5) & (x < 0.7), 1.0, 0.0), [0.0, 0.0, 0.5, 0.0, 0.0]),
    ):
        law = read(struck(conditions=[initial(u=start), periodic("x")], **ring))
        assert law is not None and law.carries
        soft = law.with_viscosity(1e-2, 1.0)
        assert soft.given(soft.starts["u"], x, 0.0).tolist() == pytest.approx(wanted, abs=1e-6)


@pytest.mark.usefixtures("unasked")
def test_what_is_no_value_at_a_wall_is_left_to_a_viscosity() -> None:
    """What cannot be smeared would jump all the more."""

    def system(*walls: Any) -> Law | None:
        return read(
            struck(
                unknowns=("u", "s"),
                equations=[lambda u, s, x, t: d(u, t) - d(s, x), lambda u, s, x, t: d(s, t) - d(u, x)],
                conditions=[initial(u=lambda x: where(x < 0.4, 1.0, 0.0), s=0.0), *walls],
            )
        )

    told = system(dirichlet(u=1.0, on=face(x=0)), dirichlet(u=0.0, on=face(x=1)))
    mixed = system(condition(lambda u, s: u + s - 1.0, on=face(x=0)), dirichlet(u=0.0, on=face(x=1)))
    assert told is not None and told.carries and mixed is not None and not mixed.carries


def test_a_string_that_is_lifted_at_once_comes_out() -> None:
    solution = solve(struck(2.0, 1e-3, 5.0), budget=60)
    assert solution.converged and solution.estimate is not None and solution.outcome is not None
    assert "smeared over a length of" in solution.outcome.detail and "viscosity" not in solution.outcome.detail
    x, t = (v.ravel() for v in np.meshgrid(np.linspace(0.001, 4.999, 801), np.linspace(0.01, 2, 60)))
    known = np.where(x < 2 * t, 1e-3, 0.0)
    away = solution.u(x=x, t=t) - known
    assert 0.2 * solution.estimate < np.sqrt((away**2).mean()) / known.std() < solution.estimate
    bound = float(solution.outcome.detail.split("within ")[1].split()[0])
    assert np.abs(away).mean() / np.abs(known).mean() < bound


# ---------------------------------------------------------------- what does not vary


def test_what_two_solutions_do_not_agree_on_is_no_variation() -> None:
    def yard(norm: float, deviation: float, apart: float, scale: float) -> float:
        (found,) = of_two(*(torch.tensor([v], dtype=torch.float64) for v in (norm, deviation, apart)), [scale], 1e-2)
        return found

    assert yard(1.0, 3e-5, 3e-5, 0.1) == 0.1  # of a pure contact, whose velocity is one
    assert yard(1e5, 0.4, 0.3, 100.0) == 100.0  # pascals
    assert yard(3e-5, 3e-5, 3e-5, 1.0) == 1.0  # and at rest
    assert yard(1.0, 3e-5, 1e-6, 0.1) == pytest.approx(3e-5)  # small, but both have it
    assert yard(1.0, 0.5, 0.4, 0.5) == 0.5  # large, and badly solved
    assert yard(2.0, 0.0, 0.0, 5.0) == 2.0


def test_lax_tube_is_known() -> None:
    """As Sod's tube is, and by Rankine's and Hugoniot's conditions across its contact and shock."""
    x, t = np.linspace(-0.5, 0.5, 401), np.full(401, 0.2)
    one, other = State(1.0, 0.0, 1.0), State(0.125, 0.0, 0.1)
    for found, known in zip(Tube(one, other, 1.4).at(x, t), Waves.of(1.4).at(x, t), strict=True):
        assert found == pytest.approx(known, abs=1e-12)
    lax = Tube(State(0.445, 0.698, 3.528), State(0.5, 0.0, 0.571), 1.4)
    p, v = lax.between()
    assert (p, v) == pytest.approx((2.46610, 1.52873), abs=1e-4)
    for ray in (v, v * 1.3041 / (1.3041 - 0.5)):  # the contact, and the shock
        states = [np.array(lax.at(np.array([ray * s]), np.array([1.0])))[:, 0] for s in (1 - 1e-3, 1 + 1e-3)]
        flux = [np.array([r * w, r * w**2 + q, (q * 3.5 + r * w**2 / 2) * w]) for r, w, q in states]
        kept = [np.array([r, r * w, q * 2.5 + r * w**2 / 2]) for r, w, q in states]
        assert abs(states[0][0] - states[1][0]) > 0.3
        assert flux[0] - flux[1] == pytest.approx(ray * (kept[0] - kept[1]), abs=1e-3)
