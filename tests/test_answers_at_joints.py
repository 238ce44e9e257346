"""How solutions answer to constants in what joins cells: against differences of whole solutions, and what is found."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import sin, where

from pinnsolve import (
    Box,
    Disk,
    Piecewise,
    Problem,
    RandomFeatures,
    Settings,
    Unknown,
    condition,
    d,
    dirichlet,
    div,
    face,
    faces,
    grad,
    initial,
    jump,
    neumann,
    observed,
    solve,
)
from pinnsolve.march.record import Accuracy
from pinnsolve.networks.traces import Traces
from pinnsolve.solve import prepare
from pinnsolve.trial.place_across import PlaceAcross
from tests.test_sensitivities import Known, lines, marches, off, planes

PI, LAYERS = math.pi, {"k1": 1.0, "k2": 5.0}
COARSE = Accuracy(7, 3, 1e-2, 0.3, cells=2)


def conducted(u: Any, x: Any, k1: Any, k2: Any) -> Any:
    return d(where(x < 0.4, k1, k2) * d(u, x), x)


def contact(u: Any, x: Any, R: Any, k1: Any, k2: Any) -> Any:
    return jump(u) - R * where(x < 0.4, k1, k2) * d(u, x) - R**2


def rod(known: Known) -> Problem:
    inside = [condition(contact, on=face(x=0.4))] if "R" in known else []
    return Problem(
        space=Box(x=(0, 1)), unknowns="u", parameters=known, reference=None,
        equations=lambda u, x, k1, k2: conducted(u, x, k1, k2) + sin(x),
        conditions=[dirichlet(u=lambda x: x), *inside],
    )  # fmt: skip


def warmed(known: Known) -> Problem:
    return Problem(
        space=Box(x=(0, 1)), time=(0, 0.05), unknowns="u", parameters=known, reference=None,
        equations=lambda u, x, t, k1, k2: d(u, t) - conducted(u, x, k1, k2),
        conditions=[initial(u=lambda x: sin(PI * x)), dirichlet(u=0), condition(contact, on=face(x=0.4))],
    )  # fmt: skip


def plane(known: Known) -> Problem:
    def layers(u: Any, x: Any, y: Any, k1: Any, k2: Any) -> Any:
        return conducted(u, x, k1, k2) + where(x < 0.4, k1, k2) * d(u, y, y) + 10

    sides = dirichlet(u=lambda x: x, on=faces("x")), neumann(u=0, on=faces("y"))
    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", parameters={"k1": 1.0, **known}, reference=None, equations=layers,
        conditions=[*sides, condition(contact, on=face(x=0.4))],
    )  # fmt: skip


def disc(known: Known) -> Problem:
    """Of which the flux is a sum: what multiplies its parts is sought, too."""

    def heated(u: Any, x: Any, y: Any, s: Any, a: Any, b: Any, k: Any) -> Any:
        c = 1 + (k - 1) * s
        return a * d(c * d(u, x), x) + b * d(c * d(u, y), y) + 10

    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=heated, conditions=[dirichlet(u=0)], reference=None,
        parameters={"b": 1.0, **known, "s": Piecewise(0.0, (Disk(x=0.5, y=0.45, radius=0.25), 1.0))},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "make", "known"), [(lines, rod, {**LAYERS, "R": 0.3}), (planes, plane, {"k2": 5.0, "R": 0.3})]
)
def test_sensitivities_see_what_joins_cells(kind: Any, make: Any, known: Known) -> None:
    """Central differences are of second order."""
    found, other = kind(make, known)
    for name, s in found.items():
        coarse, fine = (off(s, other, known, name, part) for part in (0.05, 0.01))
        assert math.log(coarse / fine, 5) == pytest.approx(2.0, abs=0.2), name


@pytest.mark.parametrize(
    ("kind", "make", "known", "bound"),
    [
        (lambda make, known: marches(make, known, COARSE), warmed, {**LAYERS, "R": 0.3}, 1e-3),
        (planes, disc, {"a": 1.0, "k": 4.0}, 0.02),
    ],
)
def test_steps_and_cells_at_curves_do_so_up_to_their_own_error(
    kind: Any, make: Any, known: Known, bound: float
) -> None:  # fmt: skip
    """By least squares a solution and its sensitivities are off by as much as equations are missed."""
    found, other = kind(make, known)
    for name, s in found.items():
        assert off(s, other, known, name, 0.01) < bound, name


def test_without_what_joins_cells_they_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Traces, "given_by", lambda self, c, constants, times: {})
    found, other = lines(rod, LAYERS)
    assert all(off(s, other, LAYERS, name, 0.01) > 0.5 for name, s in found.items())


def steady_rod(x: np.ndarray, k1: float, k2: float, resistance: float) -> np.ndarray:
    """(k u')' = -1, u = x at both ends, the jump of u at 0.4 the resistance times the flux k u'."""

    def both(c: float) -> tuple[np.ndarray, float]:  # k u' = c - x
        at = (0.4 * c - 0.08) / k1 + resistance * (c - 0.4)
        right = at + (c * (x - 0.4) - (x**2 - 0.16) / 2) / k2
        return np.where(x < 0.4, (c * x - x**2 / 2) / k1, right), at + (0.6 * c - 0.42) / k2

    ends = [both(c)[1] for c in (0.0, 1.0)]
    return both((1 - ends[0]) / (ends[1] - ends[0]))[0]


@pytest.mark.parametrize(
    ("guess", "true"),
    [
        ({"k1": Unknown(1.0, positive=True), "k2": Unknown(1.0, positive=True)}, {"k1": 0.5, "k2": 2.0, "R": 0.0}),
        ({"R": Unknown(0.0)}, {"k1": 1.0, "k2": 5.0, "R": 0.3}),
    ],
)
def test_a_material_or_a_contact_is_found_from_what_a_steady_rod_tells(guess: Any, true: dict[str, float]) -> None:
    x, noise = np.linspace(0.03, 0.97, 39), 1e-5
    told = steady_rod(x, true["k1"], true["k2"], true["R"])
    seen = observed(x=x, u=told + noise * np.random.default_rng(3).standard_normal(39), sigma=noise)
    between = [condition(lambda u, x, R, k1, k2: contact(u, x, R, k1, k2) + R**2, on=face(x=0.4))]
    problem = Problem(
        space=Box(x=(0, 1)), unknowns="u", reference=None, parameters=true | guess,
        equations=lambda u, x, k1, k2: conducted(u, x, k1, k2) + 1,
        conditions=[dirichlet(u=lambda x: x), seen, *(between if "R" in guess else [])],
    )  # fmt: skip
    solution = solve(problem)
    assert solution.converged and solution.training is not None and solution.training.identified is not None
    for name, found in solution.training.identified.constants.items():
        assert abs(found.value - true[name]) < 4 * found.standard_error < 0.01 * true[name]


def test_what_a_place_joins_is_derived_by_numbers_that_are_alike() -> None:
    """k1 u_x = k2 u_x by hand: the slope on the right answers by u_x/k to k1, and by -u_x/k to k2."""
    at = PlaceAcross(rod({"k1": 2.0, "k2": 2.0}), "x", 0.4, {"u": 2})
    told = at.relations()
    assert told is not None and torch.equal(told.left, -told.right)
    by = at.by({"k1": 2.0, "k2": 2.0})
    slope = {name: -float(r.left[1, 1]) for name, r in by.items()}
    assert slope == {"k1": pytest.approx(0.5), "k2": pytest.approx(-0.5)}


def test_features_answer_to_a_constant_in_what_crosses_a_curve() -> None:
    """The last column of the Jacobian, by central differences: order two, here rounding, since k enters linearly."""
    disc = Piecewise(0.0, (Disk(x=0.5, y=0.5, radius=0.2), 1.0))
    plate = Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, 1), unknowns="u", parameters={"s": disc, "k": Unknown(2.0)}, reference=None,
        equations=lambda u, x, y, t, s, k: d(u, t) - div((1 + (k - 1) * s) * grad(u, x, y), x, y),
        conditions=[initial(u=0), dirichlet(u=0), observed(x=[0.5], y=[0.5], t=[0.5], u=[1.0], sigma=0.1)],
    )  # fmt: skip
    run = prepare(plate, Settings(network=RandomFeatures(20), points=100, held_out=50)).loop.state
    vector = torch.linspace(1, 2, run.trial.parameters_count, dtype=torch.float64)
    ones, seen = dict.fromkeys(run.points.training.rms(), 1.0), []
    for change in (1e-3, -1e-3, 0.0):
        run.trial.assign(vector + change * torch.eye(len(vector), dtype=torch.float64)[-1])
        seen.append(run.points.training.vector(ones))
    rows = run.points.training.rows(ones)[1][:, -1]
    assert float(rows.abs().max()) > 0.01
    assert torch.allclose((seen[0] - seen[1]) / 2e-3, rows, rtol=1e-6, atol=1e-8 * float(rows.abs().max()))
