"""Diffusion that vanishes with the unknowns: edges that run at a finite speed, by a viscosity that is lowered."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import clamp

from pinnsolve import Box, Problem, Settings, Solution, d, dirichlet, div, face, grad, initial, laplace, solve
from pinnsolve.checks.check import check
from pinnsolve.checks.conserved import conserved
from pinnsolve.march.lengths import Failures
from pinnsolve.march.limits_in_planes import difference_in_plane
from pinnsolve.methods.vanishing import RULES, _falls
from pinnsolve.networks.reference_cell import reference_cell
from pinnsolve.networks.tiles import Tiles
from pinnsolve.problem.probes import Size
from pinnsolve.solve import prepare
from pinnsolve.trial.determined import derivatives_of
from pinnsolve.trial.exact import verified
from pinnsolve.trial.marched import Slab
from pinnsolve.trial.viscous import Law, read_law

END = 12**0.5  # of Barenblatt's solution for m = 2 at t = 1: u = t^(-1/3) max(1 - x^2 / (12 t^(2/3)), 0)


def barenblatt(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    return t ** (-1 / 3) * np.maximum(1 - x**2 / (12 * t ** (2 / 3)), 0)


def gas(unknown: float = 1.0, length: float = 1.0, time: float = 1.0, **given: Any) -> Problem:
    """u_t = (u^2)_xx in units: u in `unknown`, x in `length`, t in `time`."""
    spread = length**2 / time / unknown

    def porous(u, x, t):  # type: ignore[no-untyped-def]
        return d(u, t) - spread * d(u**2, x, x)

    options: dict[str, Any] = {
        "space": Box(x=(-6 * length, 6 * length)), "time": (time, 3 * time), "equations": porous,
        "conditions": [initial(u=lambda x: unknown * clamp(1 - (x / length) ** 2 / 12, min=0.0)), dirichlet(u=0)],
    }  # fmt: skip
    return Problem(**({"unknowns": "u", "tolerance": 0.1, "reference": None} | options | given))


def read(problem: Problem) -> Law | None:
    made, _ = verified(problem, check(problem))
    return read_law(problem, made)


@pytest.mark.parametrize(
    ("equation", "told"),
    [
        (lambda u, x, t: d(u, t) - d(u**2, x, x), True),
        (lambda u, x, t: d(u, t) + d(u**3, x) - d(u * d(u, x), x) - u, True),
        (lambda u, x, t: d(u, t) - d(abs(d(u, x)) * d(u, x), x), True),
        (lambda u, x, t: d(u, t) - 2 * u * d(u, x, x) - 2 * d(u, x) ** 2, False),
    ],
)
def test_what_is_conserved_is_seen_within_fluxes_too(equation: Any, told: bool) -> None:
    found = conserved(gas(equations=equation), {"u": Size(1.0, 0.4)})
    assert found is not None and found.spreads and not found.linear
    assert found.weights == ((1.0,),) and (found.unsaid == "") == told


@pytest.mark.usefixtures("unasked")
def test_a_viscosity_is_added_where_diffusion_vanishes_alone() -> None:
    edged = read(gas(2.0, 10.0, 0.1))
    assert edged is not None and edged.start == "jumps"
    # D = 2 u L^2 / (T U) at u = U
    assert edged.spread == pytest.approx(2 * 10.0**2 / 0.1, rel=1e-2)
    lifted = [initial(u=lambda x: 1.5 + torch.cos(x)), dirichlet(u=0.5)]
    assert read(gas(conditions=lifted)) is None
    # a flux with a kink, whose derivative has a delta that no point sees
    stefan = read(gas(equations=lambda u, x, t: d(u, t) - d(clamp(u - 0.3, min=0.0), x, x)))
    assert stefan is not None and "jumps where u takes some value" in stefan.leaps and not edged.leaps
    touching = [initial(u=lambda x: 1 - (x / 6) ** 2), dirichlet(u=0)]
    law = read(gas(conditions=touching))
    assert law is not None and law.start == "smooth"


@pytest.mark.usefixtures("unasked")
def test_viscosity_is_added_where_diffusion_lacks() -> None:
    law = read(gas(2.0, 10.0, 0.1))
    assert law is not None and law.diffusivity is not None
    u = torch.linspace(-0.2, 2.0, 23, dtype=torch.float64)
    known: Any = law.diffusivity
    assert torch.allclose(known.of(u), 1000.0 * u, atol=0.1)  # D = 2 u L^2 / (T U)
    nu = 10.0
    added = known.lacking(u, nu)
    assert float(added.min()) > 0 and float(known.lacking(0 * u, nu)[0]) == pytest.approx(nu, rel=1e-4)
    assert float(added[-1]) == pytest.approx(nu**2 / 2000, rel=1e-3)


@pytest.mark.usefixtures("unasked")
def test_what_slopes_places_and_other_unknowns_say_gets_the_same_viscosity_everywhere() -> None:
    for equation in (
        lambda u, x, t: d(u, t) - d(abs(d(u, x)) * d(u, x), x),
        lambda u, x, t: d(u, t) - d((2 + torch.sin(x)) * u * d(u, x), x),
    ):
        law = read(gas(equations=equation))
        assert law is not None and law.diffusivity is None


@pytest.mark.usefixtures("unasked")
def test_the_same_is_read_with_ends_and_unknowns_the_other_way_round() -> None:
    """Each of two gases comes in at one end, where the other has none."""

    def pair(unknowns: tuple[str, str], way: float) -> Law | None:
        def first(u, v, x, t):  # type: ignore[no-untyped-def]
            return d(u, t) - d(u * d(u, x), x) + u * v

        def second(u, v, x, t):  # type: ignore[no-untyped-def]
            return d(v, t) - d(3 * v * d(v, x), x) + u * v

        at, other = (face(x=way * side) for side in (-6, 6))
        walls = [dirichlet(u=lambda t: t, v=0, on=at), dirichlet(u=0, v=lambda t: 2 * t, on=other)]
        start = initial(u=lambda x: clamp(-way * x, min=0.0) / 6, v=lambda x: clamp(way * x, min=0.0) / 3)
        return read(gas(unknowns=unknowns, equations=[first, second], conditions=[start, *walls]))

    one, other = pair(("u", "v"), 1.0), pair(("v", "u"), -1.0)
    assert one is not None and other is not None and one.start == other.start
    assert one.spread == pytest.approx(other.spread, rel=1e-9)


def test_melting_by_enthalpy_is_never_taken_for_solved() -> None:
    """E_t = (max(E - L, 0))_xx from ice at E = 0, melted from one end: zero nearly everywhere meets it at points."""
    problem = gas(
        equations=lambda u, x, t: d(u, t) - d(clamp(u - 300, min=0.0), x, x),
        conditions=[initial(u=0.0), dirichlet(u=600.0, on=face(x=-6)), dirichlet(u=0.0, on=face(x=6))],
    )
    found = prepare(problem, Settings(budget=1))
    assert "jumps where u takes some value" in found.loop.state.trial.plan.undecided[0]


@pytest.mark.parametrize("threshold", [1e-4, 1.0, 5.0, 3e5])
def test_terms_that_begin_at_a_threshold_are_seen_in_all_units(threshold: float) -> None:
    problem = gas(equations=lambda u, x, t: d(u, t) - d(clamp(u - threshold, min=0.0), x, x) - 0 * d(u, x, x, x))
    assert derivatives_of(problem, problem.equations)["u"] == {(0, 1), (2, 0)}


@cache
def solved() -> Solution:
    return solve(gas(), budget=60)


def true_l2(solution: Solution, unknown: float = 1.0, length: float = 1.0, time: float = 1.0) -> float:
    x, t = (v.ravel() for v in np.meshgrid(np.linspace(-6, 6, 801), np.linspace(1.02, 3, 40)))
    found, known = solution.u(x=length * x, t=time * t) / unknown, barenblatt(x, t)
    return float(np.sqrt(((found - known) ** 2).mean()) / known.std())


def test_an_edge_runs_as_it_must_and_the_estimate_covers_the_error() -> None:
    solution = solved()
    assert solution.converged and solution.outcome is not None and solution.estimate is not None
    assert "added viscosity of" in solution.outcome.detail
    assert 0.05 * solution.estimate < true_l2(solution) < solution.estimate <= 0.1
    assert true_l2(solution) < 5e-3  # a viscosity that is the same everywhere leaves 1.5e-2 in as many marches
    x, at = np.linspace(0, 6, 3001), 2.5
    mass = 12 / 3001 * solution.u(x=x, t=at).sum()
    assert mass == pytest.approx(4 / 3 * END, rel=1e-2)  # as at the start
    assert x[np.argmax(solution.u(x=x, t=at) < 0.02)] == pytest.approx(END * at ** (1 / 3), abs=0.2)


def test_other_units_change_nothing() -> None:
    units = (50.0, 1e3, 1e-3)
    solution = solve(gas(*units), budget=60)
    assert solution.estimate == pytest.approx(solved().estimate, rel=1e-3)
    assert true_l2(solution, *units) == pytest.approx(true_l2(solved()), rel=1e-3)


@pytest.mark.parametrize("order", [0.5, 0.65, 0.8, 1.0])
def test_the_bound_covers_errors_that_fall_by_a_power(order: float) -> None:
    """e_k = 4^(-p k), whose differences are those of marches."""
    e0, e1, e2 = (4.0 ** (-order * k) for k in range(3))
    told = _falls(e0 - e1, e1 - e2, False) * (e1 - e2)
    assert e2 < told < 4 * e2
    assert _falls(0.0, e1 - e2, False) == RULES.most
    mixed = [e + 0.3 * 2.0**-k for k, e in enumerate((e0, e1, e2))]  # beside a part of order 1/2
    assert mixed[2] < _falls(mixed[0] - mixed[1], mixed[1] - mixed[2], False) * (mixed[1] - mixed[2])
    assert _falls(1.0, 0.25, True) == pytest.approx(RULES.sure)  # of a shock no more than the root is believed


def test_longer_steps_wait_after_failures() -> None:
    always = Failures()
    assert always.at(1.0, 3) == 0.5 and always.limited(1.0, 3) == 1.0
    waits = Failures(most=4)
    assert waits.at(1.0, 3) == 0.5
    assert [waits.limited(1.0, k) for k in (3, 4)] == [0.5, 1.0]
    waits.at(1.0, 4)
    assert [waits.limited(1.0, k) for k in (4, 6, 7)] == [0.5, 0.5, 1.0]
    waits.at(1.0, 7)
    assert waits.waits == 4 and waits.limited(0.1, 8) == 0.1
    waits.at(2.0, 40)  # long after: again at once
    assert waits.waits == 2
    waits.at(1.0, 40)  # the same step, shortened once more
    assert waits.waits == 2 and waits.limited(1.0, 40) == 0.5
    assert waits.at(1.0, 50, leapt=True) == 0.25 and always.at(1.0, 50, leapt=True) == 0.5  # along a line a half may do


# ---------------------------------------------------------------- in a plane


def planar(equation: Any) -> Problem:
    return Problem(
        space=Box(x=(-3, 3), y=(-2, 2)), time=(0, 1), unknowns="u", equations=equation, tolerance=0.1,
        conditions=[initial(u=lambda x, y: clamp(1 - x**2 - y**2, min=0.0)), dirichlet(u=0)], reference=None,
    )  # fmt: skip


@pytest.mark.usefixtures("unasked")
def test_diffusion_that_vanishes_in_a_plane_is_seen_in_any_words() -> None:
    for equation in (
        lambda u, x, y, t: d(u, t) - 2 * div(u * grad(u, x, y), x, y),
        lambda u, x, y, t: 3 * d(u, t) - 3 * laplace(u**2, x, y),
    ):
        found = read(planar(equation))
        assert found is not None and found.start == "jumps" and found.diffusivity is not None
        assert found.spread == pytest.approx(2.0, rel=0.02)
    assert read(planar(lambda u, x, y, t: d(u, t) - d((1 + u) * d(u, x), x) - d((1 + u) * d(u, y), y))) is None


def test_differences_in_a_plane_on_unlike_cells_and_steps() -> None:
    """u = 1 + x and u = 1.1 + x on (0, 2) x (0, 1), t from 0 to 4."""

    def slabs(cells: int, steps: int, height: float) -> list[Slab]:
        mesh = Tiles.begun([(0.0, 2.0), (0.0, 1.0)], cells, [(), ()], torch.device("cpu"))
        cell, found = reference_cell(2, torch.device("cpu"), 2), []
        modes = torch.zeros(len(mesh), 3, 1, cell.count, dtype=torch.float64)
        along = int((cell.powers == torch.tensor([1, 0])).all(1).nonzero())
        middle, width = mesh.lows[:, 0] + mesh.widths[:, 0] / 2, mesh.widths[:, 0]
        modes[:, 0, 0, 0], modes[:, 0, 0, along] = height + middle, width / 2 / 3**0.5
        for k in range(steps):
            found.append(Slab(mesh, 4.0 * k / steps, 4.0 / steps, modes))
        return found

    found = difference_in_plane(slabs(3, 2, 1.1), slabs(2, 5, 1.0), [1.0])
    assert (found.l1, found.l2) == (pytest.approx(0.1 / 0.5, rel=1e-3), pytest.approx(0.1 * 3**0.5, rel=1e-3))
