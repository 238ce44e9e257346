"""The march over cells of a plane: right answers for declarations of every kind, and one-step operators that do not
grow."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import replace
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from torch import cos, exp, sigmoid, sin

from pinnsolve import (
    Box,
    Problem,
    condition,
    d,
    dirichlet,
    face,
    initial,
    initial_rate,
    laplace,
    neumann,
    periodic,
    point,
    solenoidal,
    solve,
)
from pinnsolve.geometry.points import Points
from pinnsolve.march import growth as rules
from pinnsolve.march.growth import growth
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.record import Accuracy
from pinnsolve.march.second import distance, richer, slabs
from pinnsolve.networks.halvings import halvings, mergeable
from pinnsolve.networks.moved import carried, coarsened, refined
from pinnsolve.networks.reference_cell import reference_cell
from pinnsolve.networks.tiles import Tiles
from pinnsolve.trial.determined import UnmarchableError
from validation.marched import read, trial_of
from validation.stability_planes import CASES, heat, problem

CPU = torch.device("cpu")
pi = math.pi
Fields = dict[str, Callable[..., Any]]


def carried_along(u: Any, x: Any, y: Any, t: Any) -> Any:
    return d(u, t) + d(u, x) + 0.5 * d(u, y)


def bump(x: Any, y: Any) -> Any:
    return sin(pi * x) * sin(pi * y)


def errors(declared: Problem, exact: Fields, accuracy: Accuracy) -> tuple[list[float], list[float]]:
    """What a march is away from the exact solution, and what the second march says of that."""
    evolution, made = read(declared)
    marcher = Marcher(evolution, accuracy, CPU)
    march = marcher.run()
    assert march.honest and march.status == "done"
    second = richer(march.scheme, slabs(march.steps), marcher.solver)
    assert second is not None
    far, trial = distance(march.steps, second), trial_of(declared, made, march.steps)
    generator = np.random.default_rng(0)
    x, y, t = (torch.from_numpy(generator.uniform(*declared.domain.ends(c), 400)) for c in "xyt")
    points = Points({"x": x, "y": y, "t": t}, torch.ones(400, dtype=torch.float64))
    found, away = trial.unknowns(trial.prepare(points)), []
    for u, f in exact.items():
        truth = f(x, y, t)
        away.append(float((found[u].value - truth).norm() / truth.norm()))
    return away, (far.difference / far.norm).tolist()


def eddies(x: Any, y: Any, t: Any) -> tuple[Any, Any, Any]:
    k, slower = 2 * pi, exp(-0.02 * (2 * pi) ** 2 * t)
    u = 1 - cos(k * (x - t)) * sin(k * (y - t)) * slower
    v = 1 + sin(k * (x - t)) * cos(k * (y - t)) * slower
    return u, v, -(cos(2 * k * (x - t)) + cos(2 * k * (y - t))) / 4 * slower**2


def turned(x: Any, y: Any, t: Any) -> Any:
    """A slope that the wind carries round."""
    a, b = x - 0.5, y - 0.5
    return sin(3 * (a * cos(t) - b * sin(t))) + (a * sin(t) + b * cos(t))


DECLARED: dict[str, tuple[Problem, Fields, float]] = {
    "twenty half waves along x and one along y": (
        problem(lambda u, x, y, t: d(u, t) - d(u, x, x) / 400 - d(u, y, y), [initial(u=lambda x, y: sin(20 * pi * x) * sin(pi * y)), dirichlet(u=0)], time=0.1),
        {"u": lambda x, y, t: exp(-2 * pi**2 * t) * sin(20 * pi * x) * sin(pi * y)}, 3e-3),
    "robin": (
        problem(heat, [initial(u=lambda x, y: cos(x) * cos(y)), neumann(u=0, on=face(x=0) | face(y=0)),
                       condition(lambda u, x, nx: nx * d(u, x) + math.tan(1) * u, on=face(x=1)), condition(lambda u, y: d(u, y) + math.tan(1) * u, on=face(y=1))]),
        {"u": lambda x, y, t: exp(-2 * t) * cos(x) * cos(y)}, 1e-4),
    "a front that moves": (
        problem(lambda u, x, y, t: d(u, t) + u * (d(u, x) + d(u, y)) - 0.1 * laplace(u, x, y),
                [initial(u=lambda x, y: sigmoid(-5 * (x + y))), dirichlet(u=lambda x, y, t: sigmoid(-5 * (x + y - t)))]),
        {"u": lambda x, y, t: sigmoid(-5 * (x + y - t))}, 2e-3),
    "eddies with their pressure": (
        problem([lambda u, v, p, x, y, t: d(u, t) + u * d(u, x) + v * d(u, y) + d(p, x) - 0.01 * laplace(u, x, y),
                 lambda u, v, p, x, y, t: d(v, t) + u * d(v, x) + v * d(v, y) + d(p, y) - 0.01 * laplace(v, x, y)],
                [solenoidal("u", "v"), initial(u=lambda x, y: eddies(x, y, 0 * x)[0], v=lambda x, y: eddies(x, y, 0 * x)[1]),
                 dirichlet(u=lambda x, y, t: eddies(x, y, t)[0], v=lambda x, y, t: eddies(x, y, t)[1]),
                 dirichlet(p=lambda x, y, t: eddies(x, y, t)[2], on=point(x=0.3, y=0.4))], ("u", "v", "p"), 0.2),
        {"u": lambda x, y, t: eddies(x, y, t)[0], "v": lambda x, y, t: eddies(x, y, t)[1], "p": lambda x, y, t: eddies(x, y, t)[2]}, 5e-2),
    "what flows in at parts of sides": (
        problem(lambda u, x, y, t: d(u, t) + (y - 0.5) * d(u, x) - (x - 0.5) * d(u, y),
                [initial(u=lambda x, y: turned(x, y, 0 * x)), dirichlet(u=turned, on=face(x=0).where(lambda y: y > 0.5) | face(x=1).where(lambda y: y < 0.5)
                 | face(y=0).where(lambda x: x < 0.5) | face(y=1).where(lambda x: x > 0.5))]),
        {"u": lambda x, y, t: turned(x, y, t)}, 2e-3),
    "a wall of two parts": (
        problem(heat, [initial(u=lambda x, y: cos(x) * cos(y)), neumann(u=0, on=face(x=0)), dirichlet(u=lambda x, y, t: exp(-2 * t) * cos(x) * cos(y), on=face(x=1) | face(y=1)),
                       neumann(u=0, on=face(y=0).where(lambda x: x < 0.3)), dirichlet(u=lambda x, t: exp(-2 * t) * cos(x), on=face(y=0).where(lambda x: x >= 0.3))]),
        {"u": lambda x, y, t: exp(-2 * t) * cos(x) * cos(y)}, 1e-4),
    "a drum": (
        problem(lambda u, x, y, t: d(u, t, t) - laplace(u, x, y), [initial(u=bump), initial_rate(u=0), dirichlet(u=0)]),
        {"u": lambda x, y, t: cos(pi * 2**0.5 * t) * bump(x, y)}, 2e-3),
}  # fmt: skip


@pytest.mark.parametrize("name", DECLARED)
def test_declarations_of_every_kind_come_out_right(name: str) -> None:
    declared, exact, most = DECLARED[name]
    found, estimates = errors(declared, exact, Accuracy(7, 3, 1e-3, 1e-1))
    assert max(found) < most
    for error, estimate in zip(found, estimates, strict=True):
        assert 0.5 * error < estimate < 2 * error


def test_an_automatic_run_takes_cells_of_a_plane() -> None:
    solution = solve(problem(heat, [initial(u=bump), dirichlet(u=0)], time=0.1), budget=20)
    assert solution.training is not None and solution.training.network.startswith("LocalFeatures")
    assert solution.converged and solution.estimate is not None and solution.estimate < 1e-3
    truth = np.exp(-2 * pi**2 * 0.05) * np.sin(pi * 0.3) * np.sin(pi * 0.6)
    assert solution.u(x=0.3, y=0.6, t=0.05) == pytest.approx(truth, rel=1e-4)
    assert "continued inwards" not in solution.outcome.detail  # cells begin with nothing, which meets these equations
    assert solution.d("u", "t")(x=0.3, y=0.6, t=0.05) == pytest.approx(-2 * pi**2 * truth, rel=1e-3)


@cache
def as_usual() -> Marcher:
    return _begun(eddies_in(1.0, 0.0))


@pytest.mark.parametrize(("slower", "wind"), [(1e-6, 0.0), (1.0, 1000.0)])
def test_units_of_time_and_an_offset_leave_a_march_as_it_is(slower: float, wind: float) -> None:
    """The cells, and what they leave of the equations (mutants: terms with the offset in them; those of a divergence
    over the length of time)."""
    own, told = as_usual(), _begun(eddies_in(slower, wind))
    assert [len(s.mesh) for s in own.record.steps] == [len(s.mesh) for s in told.record.steps]
    assert told.residual == pytest.approx(own.residual, rel=1e-3)


def eddies_in(slower: float, wind: float) -> Problem:
    """Eddies with t in another unit, and an unknown that is u + wind."""

    def carried(w: Any, u: Any, v: Any, x: Any, y: Any, t: Any) -> Any:
        return slower * d(w, t) + (u - wind) * d(w, x) + v * d(w, y) - 0.01 * laplace(w, x, y)

    def start(x: Any, y: Any) -> Any:
        return wind - cos(2 * pi * x) * sin(2 * pi * y)

    return problem(
        [lambda u, v, p, x, y, t: carried(u, u, v, x, y, t) + d(p, x),
         lambda u, v, p, x, y, t: carried(v, u, v, x, y, t) + d(p, y)],
        [solenoidal("u", "v"), periodic("x", "y"), initial(u=start, v=lambda x, y: sin(2 * pi * x) * cos(2 * pi * y)),
         dirichlet(p=0, on=point(x=0.3, y=0.4))], ("u", "v", "p"), 0.2 * slower,
    )  # fmt: skip


def _begun(declared: Problem) -> Marcher:
    """A march after two steps."""
    marcher = Marcher(read(declared)[0], Accuracy(7, 3, 1e-3, 3e-2), CPU)
    marcher.advance()
    marcher.advance()
    return marcher


def test_what_is_driven_in_goes_out_again_where_cells_do_not_follow_its_layers() -> None:
    """Through a channel at rest, of a few cells, along all of its length (mutant: `stage_operator.CONSTRAINT` of one:
    no first step, on more and more cells)."""

    def driven(t: Any) -> Any:
        return sin(pi * t) + sin(3 * pi * t) + sin(5 * pi * t)

    def carried(w: Any, u: Any, v: Any, x: Any, y: Any, t: Any) -> Any:
        return d(w, t) + u * d(w, x) + v * d(w, y) - 0.01 * laplace(w, x, y)

    declared = Problem(
        space=Box(x=(0, 2), y=(0, 1)), time=(0, 1), unknowns=("u", "v", "p"),
        equations=[lambda u, v, p, x, y, t: carried(u, u, v, x, y, t) + d(p, x),
                   lambda u, v, p, x, y, t: carried(v, u, v, x, y, t) + d(p, y),
                   lambda u, v, x, y: d(u, x) + d(v, y)],
        conditions=[initial(u=0, v=0), dirichlet(u=lambda y, t: sin(pi * y) * driven(t), v=0, on=face(x=0)),
                    dirichlet(u=0, v=0, on=face(y=0) | face(y=1)), dirichlet(v=0, p=0, on=face(x=2))],
    )  # fmt: skip
    evolution, made = read(declared)
    tries = iter(range(30))
    march = Marcher(evolution, Accuracy(7, 3, 5e-3, 0.5), CPU, enough=lambda: next(tries, None) is None).run()
    assert march.status == "done" and march.largest <= 16
    trial, count = trial_of(declared, made, march.steps), 400
    y, one = (torch.arange(count, dtype=torch.float64) + 0.5) / count, torch.ones(count, dtype=torch.float64)
    for x in (0.5, 1.0, 2.0):
        found = trial.unknowns(trial.prepare(Points({"x": x * one, "y": y, "t": 0.5 * one}, one)))["u"].value
        assert float(found.mean()) == pytest.approx(2 / pi * float(driven(0.5 * one[0])), abs=0.01)


def test_walls_that_say_too_little_are_refused() -> None:
    eddy = DECLARED["eddies with their pressure"][0]
    assert read(eddy)[0].joins == ((2, 2), (2, 2), (1, 1))  # four conditions between two sides, though five are joined
    with pytest.raises(UnmarchableError, match="1 conditions stand at the walls"):
        read(problem(heat, [initial(u=bump), dirichlet(u=0, on=face(x=0) | face(y=0) | face(y=1))]))


# ---------------------------------------------------------------- stability

GROWING: dict[str, Problem] = {
    "carried along a ring": problem(carried_along, [initial(u=lambda x, y: sin(2 * pi * x)), periodic("x", "y")]),
    "carried around": CASES["carried around, zero on all walls"],
    "light": CASES["light in a cavity"],
}


@pytest.mark.parametrize("name", GROWING)
def test_the_one_step_operator_does_not_grow_on_unequal_cells(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the same weight for large and small cells it grows by e^3 to e^20 (mutant: `JoinedFaces.shares` of ones)."""
    monkeypatch.setattr(rules, "RULES", replace(rules.RULES, degree=5, lengths=(1 / 400,)))
    assert growth(read(GROWING[name])[0], False, CPU) < 1e-3


# ---------------------------------------------------------------- parts


def test_cells_are_halved_along_what_is_steep_alone() -> None:
    evolution, _ = read(DECLARED["twenty half waves along x and one along y"][0])
    marcher = Marcher(evolution, Accuracy(7, 3, 1e-3, 1e-1), CPU)
    widths = marcher.mesh.widths
    assert float(widths[:, 0].max()) < 0.1 and float(widths[:, 1].min()) > 0.2


def test_neighbours_are_no_more_than_twice_as_long() -> None:
    mesh, chosen = Tiles.begun([(0, 1), (0, 1)], 2, [(), ()], CPU), torch.zeros(4, 2, dtype=torch.bool)
    chosen[0] = True
    for _ in range(4):
        mesh, _ = halvings(mesh, chosen, (False, False))
        chosen = torch.zeros(len(mesh), 2, dtype=torch.bool)
        chosen[(mesh.lows.sum(1)).argmin()] = True
    assert float(mesh.shares.sum()) == pytest.approx(1.0)
    assert max(mesh.uneven((False, False))) < 0
    pairs = mergeable(mesh, [True] * len(mesh), (False, False))
    assert pairs and max(mesh.joined(pairs).uneven((False, False))) < 0


def test_coefficients_go_from_tiles_to_others_and_back() -> None:
    cell, mesh = reference_cell(5, CPU, 2), Tiles.begun([(0, 1), (0, 2)], 2, [(), ()], CPU)
    c = torch.randn(4, 1, cell.count, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    chosen = torch.tensor([[True, True], [False, True], [False, False], [True, False]])
    finer, rounds = halvings(mesh, chosen, (False, False))
    there = refined(c, rounds, cell)
    assert torch.allclose(carried(c, mesh, finer, cell, [0]), there)
    assert torch.allclose(carried(there, finer, mesh, cell, [0]), c)
    once = mesh.split([0, -1, -1, -1])
    assert torch.allclose(coarsened(refined(c, [[0, -1, -1, -1]], cell), once.siblings([True] * 5), cell, [0])[0], c[0])


def test_cells_that_are_alike_are_as_many_as_the_start_asks_for_and_stay() -> None:
    """A ridge that runs along x: with a third of the tolerance there are about 3^(2/3) times as many along each side."""

    def marched(tolerance: float) -> Marcher:
        ridge = Problem(
            space=Box(x=(0, 1), y=(0, 1)), time=(0, 0.02), unknowns="u", tolerance=tolerance,
            equations=lambda u, x, y, t: d(u, t) + d(u, x),
            conditions=[initial(u=lambda x, y: abs(x + 0.3 * y - 0.55)), dirichlet(u=0, on=face(x=0))],
        )  # fmt: skip
        return Marcher(read(ridge)[0], Accuracy(5, 3, 1e-1, 1.0, even=True), CPU)

    few, many = marched(0.03), marched(0.01)
    assert 1.2 < (len(many.mesh) / len(few.mesh)) ** 0.5 < 3.0
    assert all(float(m.mesh.widths.std(0).max()) < 1e-12 for m in (few, many))
    assert few.advance() and few.advance()
    assert few.record.steps[0].mesh is few.record.steps[1].mesh is few.mesh
