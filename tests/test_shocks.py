"""Conservation laws: what is conserved, how fast waves run, and the limit of less and less viscosity."""

from __future__ import annotations

import copy
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import where

from pinnsolve import Box, Problem, Settings, Solution, d, dirichlet, face, initial, periodic, solve
from pinnsolve.checks.check import check
from pinnsolve.checks.conserved import conserved
from pinnsolve.errors import Outcome
from pinnsolve.march.fronts import quick
from pinnsolve.march.limits import RULES, at_place, difference
from pinnsolve.march.waves import States, coming_in, fastest, speeds
from pinnsolve.methods import Vanishing
from pinnsolve.methods.protocol import Objective
from pinnsolve.methods.vanishing import Limit
from pinnsolve.networks.tiles import Tiles
from pinnsolve.problem.probes import Size
from pinnsolve.training.history import Look
from pinnsolve.training.limit import at_the_limit
from pinnsolve.trial.exact import verified
from pinnsolve.trial.marched import Marched, Slab
from pinnsolve.trial.viscous import Law, read_law

CPU = torch.device("cpu")


def law(u, x, t):  # type: ignore[no-untyped-def]
    return d(u, t) + d(u**2 / 2, x)


def as_written(u, x, t):  # type: ignore[no-untyped-def]
    return d(u, t) + u * d(u, x)


def step(left: float, right: float, equation: Any = law, **given: Any) -> Problem:
    walls = [dirichlet(u=left, on=face(x=-0.5))] if left > 0 else []
    start = initial(u=lambda x: where(x < 0, left, right))
    options: dict[str, Any] = {"space": Box(x=(-0.5, 1)), "time": (0, 1), "tolerance": 0.5, "reference": None}
    return Problem(unknowns="u", equations=equation, conditions=[start, *walls], **(options | given))


def mass(h, v, x, t):  # type: ignore[no-untyped-def]
    return d(h, t) + d(h * v, x)


def dam(*momentum: Any, unknowns: Any = ("h", "v"), fast: float = 0.0) -> Problem:
    return Problem(
        space=Box(x=(-1, 1)), time=(0, 0.5), unknowns=unknowns, equations=[mass, *momentum],
        conditions=[initial(h=lambda x: where(x < 0, 2.0, 1.0), v=fast), dirichlet(v=fast)], reference=None,
    )  # fmt: skip


def momentum(h, v, x, t):  # type: ignore[no-untyped-def]
    return d(h * v, t) + d(h * v**2 + h**2 / 2, x)


def pressed(h, v, p, x, t):  # type: ignore[no-untyped-def]
    return -2 * d(h * v, t) - 2 * d(h * v**2 + p, x)


def hydrostatic(h, p, x, t):  # type: ignore[no-untyped-def]
    return p - h**2 / 2


def not_conserved(h, v, x, t):  # type: ignore[no-untyped-def]
    return d(v, t) + v * d(v, x) + d(h, x)


@cache
def read(problem: Problem) -> Law:
    made, _ = verified(problem, check(problem))
    found = read_law(problem, made)
    assert found is not None
    return found


# ---------------------------------------------------------------- what is conserved


def kept(equation: Any) -> Any:
    return conserved(step(1, 0, equation), {"u": Size(1.0, 0.4)})


@pytest.mark.parametrize(
    ("equation", "weights"),
    [
        (law, (1.0,)),
        (lambda u, x, t: -3 * d(u, t) - d(u**3, x) + u * x, (-3.0,)),
        (lambda u, x, t: d(u**2, t) + (1 + x**2) * d(u**3, x), (1.0,)),
        (lambda u, x, t: d(u, t) + d(u**2, t) / 2 + d(u**3, x) - torch.sin(u), (1.0, 0.5)),
    ],
)
def test_what_is_conserved_is_seen(equation: Any, weights: tuple[float, ...]) -> None:
    found = kept(equation)
    assert found.unsaid == "" and found.weights[0] == pytest.approx(weights)


@pytest.mark.parametrize(
    "equation",
    [
        lambda u, x, t: d(u, t) + d(u**2 / 2, x) - 0.1 * d(u, x, x),
        lambda u, x, t: d(u, t) - d((1 + x) * d(u, x), x),  # it spreads as much whatever u is
        lambda u, x, t: d(u, t, t) + d(u**2 / 2, x),
        lambda u, x, t: d(u**2 / 2, x) - 1,
        lambda u, x, t: u * d(u, t) + d(u**2 / 2, x),  # how much of it is conserved is not said
    ],
)
def test_other_equations_are_left_alone(equation: Any) -> None:
    assert kept(equation) is None


@pytest.mark.usefixtures("unasked")
def test_what_an_unknown_multiplies_is_not_conserved() -> None:
    assert "as_written" in kept(as_written).unsaid
    assert read(dam(momentum)).conserved.unsaid == ""
    assert "not_conserved" in read(dam(not_conserved)).conserved.unsaid
    assert read(dam(pressed, hydrostatic, unknowns=("p", "v", "h"))).conserved.weights == ((1.0,), (-2.0,), ())


@pytest.mark.usefixtures("unasked")
def test_where_a_start_jumps() -> None:
    assert read(step(1, 0)).start == "jumps"
    kinked = step(1, 0).replaced(
        conditions=[initial(u=lambda x: where(x < 0.2, x, 0.4 - x)), dirichlet(u=-0.5, on=face(x=-0.5))]
    )
    assert read(kinked).start == "smooth"
    assert read(kinked.replaced(conditions=[initial(u=1), dirichlet(u=2, on=face(x=-0.5))])).start == "jumps"
    assert read(kinked.replaced(conditions=[initial(u=lambda x: x), periodic("x")])).start == "jumps"
    switched = dirichlet(u=lambda t: where(t < 0.3, 1.0, 2.0), on=face(x=-0.5))
    assert read(kinked.replaced(conditions=[initial(u=1), switched])).start == "jumps"


def test_what_jumps_is_carried_by_linear_equations_too() -> None:
    carried = step(1, 0, lambda u, x, t: d(u, t) + (2 + x) * d(u, x))
    found = read(carried)
    assert found.conserved.linear and found.conserved.unsaid == "" and found.start == "jumps"
    made, _ = verified(
        smooth := carried.replaced(conditions=[initial(u=1), dirichlet(u=1, on=face(x=-0.5))]), check(smooth)
    )
    assert read_law(smooth, made) is None


# ---------------------------------------------------------------- waves


def test_waves_run_as_theory_says() -> None:
    assert fastest(read(step(-3, 1)).begun, {"u": 0.0}) == pytest.approx(3.0)
    deep = 2**0.5
    assert fastest(read(dam(momentum)).begun, {}) == pytest.approx(deep)
    assert fastest(read(dam(momentum, unknowns=("v", "h"), fast=-5.0)).begun, {}) == pytest.approx(5 + deep)
    with_pressure = read(dam(pressed, hydrostatic, unknowns=("p", "v", "h"))).begun
    assert fastest(with_pressure, {"p": 1.0}) == pytest.approx(deep)
    x = torch.zeros(1, dtype=torch.float64)
    state = States(x, x, torch.tensor([[2.0], [0.5]], dtype=torch.float64))
    found = speeds(read(dam(momentum)).begun, state)
    assert sorted(found[0].tolist()) == pytest.approx([0.5 - deep, 0.5 + deep])
    assert [coming_in(read(dam(momentum)).begun, state, upper, 2.0) for upper in (False, True)] == [1, 1]
    state.values[1] = 3.0  # faster than waves: both come in from the left
    assert [coming_in(read(dam(momentum)).begun, state, upper, 4.0) for upper in (False, True)] == [2, 0]


# ---------------------------------------------------------------- how far two marches are from each other


def slabs(cells: int, steps: int, height: float, slope: float = 0.0) -> list[Slab]:
    """u = height + slope x on x from 0 to 2, t from 0 to 4."""
    mesh = Tiles.begun([(0.0, 2.0)], cells, [()], CPU)
    found = []
    for k in range(steps):
        modes = torch.zeros(cells, 3, 1, 4, dtype=torch.float64)
        middle, width = mesh.lows[:, 0] + mesh.widths[:, 0] / 2, mesh.widths[:, 0]
        modes[:, 0, 0, 0] = height + slope * middle
        modes[:, 0, 0, 1] = slope * width / 2 / 3**0.5  # of the orthonormal linear polynomial
        found.append(Slab(mesh, 4.0 * k / steps, 4.0 / steps, modes))
    return found


def test_differences_on_unlike_cells_and_steps() -> None:
    found = difference(slabs(3, 2, 0.9, 1.0), slabs(5, 7, 1.0, 1.0), [1.0])
    # u varies by 1/2 about its mean on the mean, by 1/sqrt(3) in L2; Gauss points do not know where it is its mean
    assert (found.l1, found.l2) == (pytest.approx(0.1 / 0.5, rel=1e-3), pytest.approx(0.1 * 3**0.5))
    assert difference(slabs(3, 2, 0.0, 10.0), slabs(5, 7, 0.0, 40.0), [1.0]).steeper == pytest.approx(4.0)
    assert difference(slabs(3, 2, 0.0, 1.0), slabs(5, 7, 0.0, 4.0), [1.0]).steeper == 0.0
    assert at_place(slabs(3, 2, 1.0, 2.0), 0.75, [0.1, 3.9])[0].tolist() == pytest.approx([2.5, 2.5])


def test_noise_of_a_constant_is_relative_to_its_size() -> None:
    """As of velocity and pressure beside a contact: both marches have some, and not the same."""
    found = difference(slabs(3, 2, 1.0, 3e-5), slabs(5, 7, 1.0, -3e-5), [0.1])
    assert found.l1 == pytest.approx(6e-5 / 0.1, rel=1e-3)
    assert difference(slabs(3, 2, 1.0, 3.1e-5), slabs(5, 7, 1.0, 3e-5), [0.1]).l1 > 0.05  # a slope that both have


def layers(width: float, contact: float) -> torch.Tensor:
    """Slopes of a shock at -1, of a contact at 1 and of a fan from 3 to 5."""
    x = torch.linspace(-3, 6, 1801, dtype=torch.float64)
    steep = torch.cosh((x + 1) / width) ** -2 / width + torch.exp(-(((x - 1) / contact) ** 2)) / contact
    return (steep + 0.3 * ((x > 3) & (x < 5)))[None]


@pytest.mark.parametrize("ratio", [2.0, 4.0])
def test_shocks_and_fans_are_told_from_contacts_by_their_slopes(ratio: float) -> None:
    found = quick(layers(0.05 * ratio, 0.1 * ratio**0.5), layers(0.05, 0.1), ratio)[0]
    at = [int((place + 3) / 9 * 1800) for place in (-1.0, 1.0, 4.0)]
    assert found[at].tolist() == [True, False, True]
    assert not quick(layers(0.05, 0.1) * 0, layers(0.05, 0.1), ratio)[0, at[0]]  # what was not there at all is no shock


def test_bounds_are_those_of_theory() -> None:
    """Of a shock errors fall as nu in L1 and as its root in L2, of a contact as its root and its fourth root."""
    (contact_l1, shock_l1), (contact_l2, shock_l2) = RULES.beyond(4.0).tolist()
    assert (contact_l1 / RULES.safe_l1, contact_l2 / RULES.safe_l2) == pytest.approx((1.0, 1 / (2**0.5 - 1)))
    assert (shock_l1 / RULES.shock_l1, shock_l2 / RULES.shock_l2) == pytest.approx((1 / 3, 1.0))
    assert (RULES.beyond(2.0) > 1.5 * RULES.beyond(4.0)).all()
    found = difference(slabs(3, 2, 0.9, 1.0), slabs(5, 7, 1.0, 1.0), [1.0], 4.0)  # the same slopes
    assert (found.beyond_l1, found.beyond_l2) == pytest.approx((shock_l1 * found.l1, shock_l2 * found.l2))


def test_a_difference_is_relative_to_what_is_smaller_in_l1_too() -> None:
    """Of u = x on (0, 2) the mean is 1, and it varies by 1/2 about it; of u - 1 the mean of |u| is 1/2 as well."""
    for height in (0.0, -1.0):
        found = difference(slabs(3, 2, height - 0.1, 1.0), slabs(5, 7, height, 1.0), [1.0])
        assert found.l1 == pytest.approx(0.2, rel=1e-3)


@pytest.mark.usefixtures("unasked")
def test_jumps_of_a_start_are_as_wide_as_a_shock() -> None:
    found = read(step(2, 1))
    x = torch.linspace(-0.5, 1, 3001, dtype=torch.float64)[:, None]
    begun, told = found.with_viscosity(1e-2, 2.0), found.begun.starts["u"]
    soft = begun.given(begun.starts["u"], x, 0.0)
    width = 1e-2 / 2.0
    assert soft.numpy() == pytest.approx(1.5 - torch.erf(x[:, 0] / width).numpy() / 2, abs=1e-12)
    assert torch.equal(found.with_viscosity(1e-2).given(told, x, 0.0), found.begun.given(told, x, 0.0))


# ---------------------------------------------------------------- the limit


def of_shock(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    return np.where(x < t / 2, 1.0, 0.0)


def true_l1(solution: Solution, right: Any, length: float = 1.0, time: float = 1.0, mirrored: int = 1) -> float:
    x, t = (
        v.ravel() for v in np.meshgrid(np.linspace(-0.4997, 0.9991, 601), np.linspace(0.005, 1, 60))
    )  # beside joints
    u, known = solution.u(x=mirrored * length * x, t=time * t) * mirrored * time / length, right(x, t)
    size = min(np.abs(known).mean(), np.abs(known - known.mean()).mean())
    return float(np.abs(u - known).mean() / size)


@cache
def shock() -> Solution:
    return solve(step(1, 0), budget=60)


def test_a_shock_runs_as_fast_as_it_must_and_the_bounds_hold() -> None:
    solution = shock()
    outcome, error = solution.outcome, true_l1(solution, of_shock)
    assert outcome is not None and outcome.kind == "converged", outcome
    assert "added viscosity of" in outcome.detail and "nothing is said of single values beside shocks" in outcome.detail
    told = float(outcome.detail.split("within ")[1].split()[0])
    assert 0.1 * told < error < told
    assert solution.estimate is not None and solution.estimate <= 0.5
    x = np.linspace(-0.5, 1, 3001)
    for t in (0.3, 0.8):
        assert x[np.argmin(np.abs(solution.u(x=x, t=t) - 0.5))] == pytest.approx(t / 2, abs=5e-3)


def test_other_units_and_a_mirror_change_nothing() -> None:
    """x in millimetres to the left, t in milliseconds."""
    length, time = 1e3, 1e-3
    speed = -length / time
    there = Problem(
        space=Box(x=(-length, 0.5 * length)), time=(0, time), unknowns="u", equations=lambda u, x, t: 7 * law(u, x, t),
        conditions=[initial(u=lambda x: where(x > 0, speed, 0.0)), dirichlet(u=speed, on=face(x=0.5 * length))],
        tolerance=0.5, reference=None,
    )  # fmt: skip
    solution = solve(there, budget=60)
    assert solution.estimate == pytest.approx(shock().estimate, rel=1e-3)
    assert true_l1(solution, of_shock, length, time, -1) == pytest.approx(true_l1(shock(), of_shock), rel=1e-3)


def test_no_shock_stands_that_expands() -> None:
    """Where nothing jumps for long, any form of the equation is right."""
    solution = solve(step(-1, 1, as_written, space=Box(x=(-1.5, 1.5)), tolerance=0.2), budget=60)
    assert solution.converged
    x = np.linspace(-0.5, 1, 601)
    assert np.abs(solution.u(x=x, t=1.0) - x).max() < 0.1


def test_shocks_of_what_is_not_conserved_are_not_told() -> None:
    solution = solve(step(1, 0, as_written), budget=60)
    assert solution.outcome is not None and solution.outcome.kind == "undetermined" and solution.estimate is None
    assert (
        "an unknown multiplies a derivative" in solution.outcome.detail and "d(u**2 / 2, x)" in solution.outcome.remedy
    )


def test_waves_that_come_in_ask_for_conditions() -> None:
    problem = step(1, 0).replaced(conditions=[initial(u=lambda x: where(x < 0, 1.0, 0.0))])
    outcome = solve(problem, budget=60).outcome
    assert outcome is not None and outcome.kind == "undetermined" and "1 more condition at x = -0.5" in outcome.detail


def test_words_of_what_is_not_known() -> None:
    ended = Outcome("budget", "the 9 s are used", "more")
    once, error = at_the_limit(Limit(0.1, 1), ended, 1e-2)
    assert once.kind == "budget" and "once" in once.detail and error is None

    def stop(look: Look) -> None:  # by steps, not by a clock
        if look.step == 1:
            raise KeyboardInterrupt

    begun = solve(step(1, 0), budget=60, progress=stop)
    assert begun.outcome is not None and begun.outcome.kind == "interrupted" and begun.estimate is None
    assert "added viscosity of 1.0e-02" in begun.outcome.detail
    twice, error = at_the_limit(Limit(0.1, 2, 0.03, 0.2), ended, 1e-2)
    assert twice.kind == "budget" and error == 0.2 and "3.0e-02" in twice.detail
    assert at_the_limit(Limit(0.1, 2, 0.001, 0.009), ended, 1e-2)[0].kind == "converged"


def test_a_series_that_is_taken_up_again_goes_on_to_the_same_bits() -> None:
    problem = step(1, 0)
    made, _ = verified(problem, check(problem))
    stage = next(s for s in Settings().stages if isinstance(s.method, Vanishing))

    def fresh() -> Marched:
        trial = Marched(problem, stage.network, made)  # type: ignore[arg-type]
        trial.law = read(problem)
        return trial

    trial, method = fresh(), stage.method
    objective: Any = Objective(trial, None, {})  # type: ignore[arg-type]
    state = method.step(objective, method.init(objective) | {"level": 2, "share": 6.25e-4, "former": 2.5e-3})
    again = fresh()
    other: Any = Objective(again, None, {})  # type: ignore[arg-type]
    taken_up = method.step(other, copy.deepcopy(state))
    state = method.step(objective, state)
    assert torch.equal(state["growing"], taken_up["growing"]) and len(state["growing"]) > 100
    assert state["march"]["at"] == taken_up["march"]["at"] > 0
