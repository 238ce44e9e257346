"""How solutions over cells answer to constants: against differences of whole solutions."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import Tensor, sin

from pinnsolve import Box, Disk, Problem, condition, d, dirichlet, face, initial
from pinnsolve.cells.implicit_step import Start
from pinnsolve.cells.joined_newton import JoinedNewton
from pinnsolve.checks.check import check
from pinnsolve.line.cells import Cells
from pinnsolve.line.operator import LineOperator
from pinnsolve.line.scheme import LineScheme
from pinnsolve.march import sensitivities as module
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.record import Accuracy
from pinnsolve.march.second import in_modes, richer, slabs
from pinnsolve.march.sensitivities import sensitivities
from pinnsolve.networks.tiles import Tiles
from pinnsolve.steady.cells import SteadyCells, SteadyOperator, scheme_of
from pinnsolve.steady.measured import sizes_like
from pinnsolve.trial.evolution import evolution
from pinnsolve.trial.exact import verified
from pinnsolve.trial.line import read_line
from pinnsolve.trial.retold import retold
from pinnsolve.trial.steady import steady

CPU, PI, FINE = torch.device("cpu"), math.pi, Accuracy(9, 4, 1e-5, 1e-3)
Known = dict[str, float]


# ------------------------------------------------------------ marches


def burgers(u: Any, x: Any, t: Any, a: Any, nu: Any) -> Any:
    return d(u, t) + a * u * d(u, x) - nu * d(u, x, x)


def flow(known: Known) -> Problem:
    return Problem(
        space=Box(x=(-1, 1)), time=(0, 0.4), unknowns="u", equations=burgers, parameters=known, reference=None,
        conditions=[initial(u=lambda x, b: -b * sin(PI * x)), dirichlet(u=lambda t, c: c * sin(t))],
    )  # fmt: skip


def plucked(known: Known) -> Problem:
    def wave(u: Any, x: Any, t: Any, c: Any) -> Any:
        return d(u, t, t) - c**2 * d(u, x, x)

    def started(u: Any, x: Any, t: Any, r: Any) -> Any:
        return d(u, t) - r * sin(PI * x)

    return Problem(
        space=Box(x=(0, 1)), time=(0, 0.4), unknowns="u", equations=wave, parameters=known, reference=None,
        conditions=[initial(u=lambda x: sin(2 * PI * x)), condition(started, on=face(t=0)), dirichlet(u=0)],
    )  # fmt: skip


def marches(
    make: Callable[[Known], Problem], known: Known, asked: Accuracy = FINE
) -> tuple[dict[str, Tensor], Callable[[Known], Tensor]]:
    """The sensitivities of a march, and the same march, on the same cells and steps, for other constants."""
    problem = make(known)
    made, _ = verified(problem, check(problem))
    marcher = Marcher(evolution(problem, made), asked, CPU)
    steps = marcher.run().steps
    found = sensitivities(marcher.scheme, steps, known)
    assert found is not None

    def other(values: Known) -> Tensor:
        scheme = replace(marcher.scheme, evolution=evolution(make(values), made))
        again = richer(scheme, slabs(steps), marcher.solver, more=0, exact=1e-3)
        assert again is not None
        return torch.cat([in_modes(step) for step in again])

    return dict(zip(known, torch.cat(found, 1), strict=True)), other


def off(s: Tensor, other: Callable[[Known], Tensor], known: Known, name: str, part: float) -> float:
    """How far a sensitivity is from the central difference of two solutions, relative to itself."""
    step = part * known[name]
    up, down = (other({**known, name: known[name] + sign * step}) for sign in (1, -1))
    return float(((up - down) / (2 * step) - s).norm() / s.norm())


@pytest.mark.parametrize(
    ("make", "known"),
    [(flow, {"a": 1.0, "nu": 0.05, "b": 1.0, "c": 0.5}), (plucked, {"c": 1.0, "r": 1.0})],
)
def test_sensitivities_are_what_differences_of_whole_marches_come_to(make: Any, known: Known) -> None:
    """Central differences are of second order; where the solution is linear in a constant they are exact."""
    found, other = marches(make, known)
    for name, s in found.items():
        coarse, fine = (off(s, other, known, name, part) for part in (0.2, 0.04))
        assert fine < 3e-3
        if coarse > 1e-4:
            assert math.log(coarse / fine, 5) == pytest.approx(2.0, abs=0.2), name


def test_without_what_the_start_depends_on_they_are_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"a": 1.0, "nu": 0.05, "b": 1.0, "c": 0.5}
    whole = module.start_of

    def nothing(*given: Any) -> Start:
        start = whole(*given)
        return Start(0 * start.values, 0 * start.rates)

    monkeypatch.setattr(module, "start_of", nothing)
    found, other = marches(flow, known)
    assert off(found["b"], other, known, "b", 0.04) > 0.1
    assert off(found["nu"], other, known, "nu", 0.04) < 3e-3


def cooled(known: Known) -> Problem:
    """A plate with a hole, whose rim is as warm as c t."""
    return Problem(
        space=Box(x=(0, 1), y=(0, 1)) - Disk(x=0.5, y=0.5, radius=0.2), time=(0, 0.1), unknowns="u", reference=None,
        equations=lambda u, x, y, t, k: d(u, t) - d(k * (1 + u) * d(u, x), x) - k * d(u, y, y) - 1, parameters=known,
        conditions=[initial(u=lambda x: x), dirichlet(u=lambda x, t, c: x + c * t)],
    )  # fmt: skip


def test_sensitivities_over_cells_that_a_rim_cuts_are_what_differences_come_to() -> None:
    known = {"k": 0.5, "c": 2.0}
    found, other = marches(cooled, known, Accuracy(6, 3, 1e-2, 0.3, cells=2))
    for name, s in found.items():
        assert off(s, other, known, name, 0.02) < 1e-2


def planes(make: Callable[[Known], Problem], known: Known) -> tuple[dict[str, Tensor], Callable[[Known], Tensor]]:
    """The same over cells of a plane in which nothing evolves."""
    made, _ = verified(make(known), check(make(known)))
    read = steady(make(known), made)
    mesh = Tiles.begun(read.extent, 2, read.joints, CPU, read.region)

    def solved(values: Known) -> SteadyCells:
        scheme = scheme_of(retold(read, make(values), made) or read, 11, CPU)
        begun = torch.zeros(len(mesh), 1, scheme.cell.count, dtype=torch.float64)
        cells = SteadyCells(scheme, mesh, begun)
        found = JoinedNewton(SteadyOperator, sizes_like(cells), 1e-10).solve(cells)
        assert found is not None
        return found

    cells = solved(known)
    s = SteadyOperator(cells).sensitivities(known)
    return dict(zip(known, s, strict=True)), lambda values: solved(values).coefficients


def conducts(u: Any, x: Any, y: Any, k: Any) -> Any:
    return d((1 + k * u) * d(u, x), x) + d(u, y, y) + 10 * sin(PI * y)


def film(known: Known) -> Problem:
    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=conducts, parameters=known, reference=None,
        conditions=[
            dirichlet(u=lambda y, w: w * sin(PI * y), on=face(x=0)), dirichlet(u=0, on=face(y=0) | face(y=1)),
            condition(lambda u, x, h: d(u, x) + h * u, on=face(x=1)),
        ],
    )  # fmt: skip


def coin(known: Known) -> Problem:
    def cools(u: Any, x: Any, y: Any, nx: Any, ny: Any, h: Any, w: Any) -> Any:
        return nx * d(u, x) + ny * d(u, y) + h * (u - w * y)

    return Problem(
        space=Disk(x=0.5, y=0.5, radius=0.5), unknowns="u", equations=conducts, parameters=known, reference=None,
        conditions=[condition(cools)],
    )  # fmt: skip


@pytest.mark.parametrize("make", [film, coin])
def test_sensitivities_over_a_plane_are_what_differences_come_to(make: Any) -> None:
    known = {"k": 0.5, "w": 1.0, "h": 2.0}
    found, other = planes(make, known)
    for name, s in found.items():
        assert off(s, other, known, name, 0.04) < 3e-3
    coarse, fine = (off(found["k"], other, known, "k", part) for part in (0.4, 0.08))
    assert math.log(coarse / fine, 5) == pytest.approx(2.0, abs=0.2)


def lines(make: Callable[[Known], Problem], known: Known) -> tuple[dict[str, Tensor], Callable[[Known], Tensor]]:
    """The same over cells along a line."""
    made, _ = verified(make(known), check(make(known)))

    def solved(values: Known) -> Cells:
        line = read_line(make(values), made)
        assert line is not None
        scheme = LineScheme(line, 11, CPU)
        mesh = Tiles.begun([line.ends], 16, [line.joints], CPU)
        begun = torch.zeros(len(mesh), len(line.joins), scheme.cell.count, dtype=torch.float64)
        begun[..., 0] = 1.0
        found = JoinedNewton(LineOperator.of, scheme.floors, 1e-11).solve(Cells(scheme, mesh, begun, line.conditions))
        assert found is not None
        return found

    cells = solved(known)
    s = LineOperator(cells, cells.at_points(slopes=True)).sensitivities(known)
    return dict(zip(known, s, strict=True)), lambda values: solved(values).coefficients


def prey(u: Any, v: Any, t: Any, a: Any, b: Any) -> Any:
    return d(u, t) - a * u + b * u * v


def hunters(u: Any, v: Any, t: Any, b: Any) -> Any:
    return d(v, t) - b * u * v + v


def hunted(known: Known) -> Problem:
    return Problem(
        time=(0, 3), unknowns=("u", "v"), equations=[prey, hunters], parameters=known, reference=None,
        conditions=[initial(u=lambda u0: u0, v=0.7)],
    )  # fmt: skip


def beam(known: Known) -> Problem:
    def steady(u: Any, x: Any, k: Any) -> Any:
        return d((1 + k * u) * d(u, x), x) + 1

    return Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=steady, parameters=known, reference=None,
        conditions=[dirichlet(u=lambda w: w, on=face(x=0)), condition(lambda u, x, h: d(u, x) + h * u, on=face(x=1))],
    )  # fmt: skip


@pytest.mark.parametrize(
    ("make", "known"), [(hunted, {"a": 1.5, "b": 1.0, "u0": 1.0}), (beam, {"k": 0.5, "w": 0.3, "h": 2.0})]
)
def test_sensitivities_along_a_line_are_what_differences_come_to(make: Any, known: Known) -> None:
    found, other = lines(make, known)
    for name, s in found.items():
        coarse, fine = (off(s, other, known, name, part) for part in (0.1, 0.02))
        assert fine < 3e-3
        assert math.log(coarse / fine, 5) == pytest.approx(2.0, abs=0.2), name
