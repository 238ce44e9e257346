"""How steps of a march are solved with little work: what is evaluated again, factorised again and tried again."""

from __future__ import annotations

import math
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest
import torch

from pinnsolve import (
    Box,
    Problem,
    Unknown,
    condition,
    d,
    dirichlet,
    face,
    faces,
    initial,
    initial_rate,
    laplace,
    neumann,
    periodic,
)
from pinnsolve.cells.equation_sizes import equation_sizes
from pinnsolve.cells.implicit_step import Scheme, Start, Step, sites_of
from pinnsolve.checks.linearity import constant_in_time
from pinnsolve.march.cells import finer_cells
from pinnsolve.march.extrapolated import extrapolated
from pinnsolve.march.lengths import Tries, following, passing
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.record import Accuracy, March
from pinnsolve.march.start import at_start
from pinnsolve.march.step_solver import StepSolver
from pinnsolve.networks.tiles import Tiles
from validation.marched import read

pytestmark = pytest.mark.usefixtures("unasked")

CPU = torch.device("cpu")
WAVE = Problem(
    space=Box(x=(0, 1)), time=(0, 1), unknowns=("u", "v"),
    equations=[lambda u, v, t: d(u, t) - v, lambda u, v, x, t: d(v, t) - d(u, x, x)],
    conditions=[initial(u=lambda x: torch.sin(math.pi * x), v=0.0), dirichlet(u=0)], reference=None,
)  # fmt: skip
BEATS = Problem(  # the slope of the start jumps where the ring is closed
    space=Box(x=(-5, 5)), time=(0, math.pi / 2), unknowns=("u", "v"),
    equations=[lambda u, v, x, t: d(u, t) + d(v, x, x) / 2 + (u**2 + v**2) * v,
               lambda u, v, x, t: d(v, t) - d(u, x, x) / 2 - (u**2 + v**2) * u],
    conditions=[initial(u=lambda x: 2 / torch.cosh(x), v=0), periodic("x")], reference=None,
)  # fmt: skip


def slow(u: Any, x: Any, t: Any) -> Any:
    return d(u, t) - d((1 + u * u) * d(u, x), x)


MOVED = Problem(
    space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=slow,
    conditions=[
        initial(u=lambda x: x), dirichlet(u=lambda t: torch.sin(9 * t), on=face(x=0)),
        neumann(u=lambda t: torch.cos(9 * t), on=face(x=1)),
    ],
    reference=None,
)  # fmt: skip


FRONT = Problem(
    space=Box(x=(0, 1)), time=(0, 0.2), unknowns="u",
    equations=lambda u, x, t: d(u, t) - 0.002 * d(u, x, x) - 160 * u * (1 - u) * (u - 0.3),
    conditions=[initial(u=lambda x: torch.exp(-100 * x**2)), neumann(u=0)], reference=None,
)  # fmt: skip


def test_linear_equations_take_one_iteration_a_step_once_it_is_seen_what_that_leaves() -> None:
    """And what it leaves is rounding: the string comes back (mutant: `_known` of 1.0 takes two a step)."""
    march = Marcher(read(WAVE)[0], Accuracy(11, 5, 1e-6, 1e-4), CPU)
    record = march.run()
    assert record.counts.iterations <= len(record.steps) + record.rejected + 3
    x = torch.linspace(0, 1, 9, dtype=torch.float64)
    last, mesh = record.steps[-1], record.steps[-1].mesh
    for j in range(len(mesh)):
        here = x[(x >= mesh.lows[j, 0]) & (x <= mesh.lows[j, 0] + mesh.widths[j, 0])]
        xi = 2 * (here - mesh.lows[j, 0]) / mesh.widths[j, 0] - 1
        values = last.scheme.cell.features(xi[:, None], (0,)) @ last.stages[-1, j, 0]
        assert torch.allclose(values, -torch.sin(math.pi * here), atol=1e-5)


def one_step(problem: Problem, cells: int, length: float) -> tuple[Step, StepSolver]:
    evolution = read(problem)[0]
    scheme, mesh = Scheme(evolution, 9, 4, CPU), Tiles.begun(evolution.extent, cells, evolution.joints, CPU)
    start = at_start(scheme, mesh)
    step = Step(scheme, mesh, 0.0, length, start, start.values.expand(4, -1, -1, -1)).closed()
    scheme.weights = equation_sizes(step)
    return step, StepSolver(scheme, torch.ones(1, dtype=torch.float64), 1e-10)


def test_what_is_prescribed_at_ends_holds_after_each_step_though_it_is_evaluated_once() -> None:
    """A value and a slope that swing, beside equations that take several iterations (mutant: `held` of half as much)."""
    step, solver = one_step(MOVED, 4, 0.05)
    assert solver.solve(step) and solver.counts.iterations > 2
    for site in sites_of(step.scheme, step.mesh):
        assert step.at_site(site, slopes=False).residuals.abs().max() < 1e-11
    assert step.inside(step.scheme.points, slopes=False).residuals.abs().max() < 1e-1, "what cells leave between"


def test_conditions_that_are_no_values_are_evaluated_at_each_iteration() -> None:
    def radiates(u: Any, x: Any) -> Any:
        return d(u, x) + u**4 - 1

    hot = MOVED.replaced(conditions=[initial(u=lambda x: 0.5 + 0 * x), neumann(u=0, on=face(x=0)),
                                     condition(radiates, on=face(x=1))])  # fmt: skip
    step, solver = one_step(hot, 4, 0.05)
    assert solver.solve(step) and solver.held is None
    assert all(
        step.at_site(site, slopes=False).residuals.abs().max() < 1e-8 for site in sites_of(step.scheme, step.mesh)
    )


# ---------------------------------------------------------------- what is tried

AT = SimpleNamespace(scheme=SimpleNamespace(stages=5))


def tried(left: list[float], length: float = 1.0) -> list[str]:
    """What follows where a step leaves out so much, try after try, of which 1 is allowed: shorter ones, finer cells, or
    the longer step again on finer cells."""
    tries, told = Tries(), []
    for size in left:
        factor = tries.shorter(size, length, 1.0, AT)  # type: ignore[arg-type]
        if factor is not None:
            length, told = factor * length, [*told, "shorter"]
            continue
        before, length = length, tries.halved(size, length)
        told.append("finer" if length == before else "longer, finer")
    return told


def test_a_march_over_a_plane_begins_with_a_step_as_long_as_those_that_follow() -> None:
    """Each length is factorised anew, when it is solved again, too (mutant: a first step of a 64th has three)."""
    plate = Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, 1), unknowns="u", reference=None,
        equations=lambda u, x, y, t: d(u, t) - 0.05 * laplace(u, x, y),
        conditions=[
            initial(u=lambda x, y: torch.sin(math.pi * x) * torch.sin(math.pi * y)), dirichlet(u=0),
        ],
    )  # fmt: skip
    march = Marcher(read(plate)[0], Accuracy(7, 3, 1e-2, 1.0), CPU)
    record = march.run()
    assert {s.length for s in record.steps} == {0.25} and record.status == "done"


def test_a_first_step_that_grew_too_long_begins_at_no_jump() -> None:
    """A shorter one left out little, and a jump is seen by all (mutant: it is cut to a twentieth)."""
    ring = Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, 1), unknowns="u", reference=None,
        equations=lambda u, x, y, t: d(u, t) + 2 * d(u, x),
        conditions=[initial(u=lambda x, y: torch.sin(2 * math.pi * x)), periodic("x"), periodic("y")],
    )  # fmt: skip
    march = Marcher(read(ring)[0], Accuracy(7, 3, 1e-3, 1.0), CPU)
    assert march._jumps(0.5, 0.1)
    march.tries.begun = 0.02, 1e-4
    assert not march._jumps(0.5, 0.1)


@pytest.mark.parametrize(("seen", "times"), [([(0.1, 0.4)], None), ([(0.1, 0.4 * 2.0**-4)], 3), ([(0.1, 2e-3), (0.14, 2e-3)], 5), ([(0.1, 2e-3), (0.1, 2e-3)], None)])  # fmt: skip
def test_a_first_step_grows_by_the_power_of_its_length_that_was_seen(
    seen: list[tuple[float, float]], times: int | None
) -> None:
    """What it leaves out and does not grow with it, as what cells leave, is no reason for many tries: none is of less
    than thrice the length before it shows (mutant: of twice). The last one was halved twice, since Newton's method did
    not settle on the longer one."""
    tries = Tries()
    told: float | None = None
    for length, left in seen:
        driven = SimpleNamespace(longest=lambda begin: math.inf)
        evolution = SimpleNamespace(times=(0.0, 100.0), driven=driven)
        step = SimpleNamespace(length=length, begin=0.0, mesh=SimpleNamespace(dims=2),
            scheme=SimpleNamespace(stages=3, evolution=evolution))  # fmt: skip
        told = tries.grown(step, left, 1.0, 100.0)  # type: ignore[arg-type]
    assert (told is None) if times is None else times * 0.9 < (told or 0.0) / length < 8.8


@pytest.mark.parametrize(
    ("left", "told"),
    [
        ([64.0, 2.0], ["shorter", "shorter"]),  # a power of the length
        ([64.0, 63.0, 20.0, 5.0], ["shorter", "longer, finer", "finer", "finer"]),  # a kink between cells
        ([64.0, 48.0, 47.0, 30.0], ["shorter", "finer", "shorter", "shorter"]),  # one in time: neither does much
        ([64.0, 63.0, 60.0, 50.0], ["shorter", "longer, finer", "shorter", "shorter"]),
    ],
)
def test_a_step_that_leaves_out_too_much_is_shortened_or_solved_on_finer_cells_as_one_of_them_helps(
    left: list[float], told: list[str]
) -> None:
    assert tried(left) == told


def test_a_step_is_shortened_by_the_power_of_its_length_that_was_seen() -> None:
    tries = Tries(left=None)
    first = tries.shorter(20.0, 1.0, 4.0, AT)  # type: ignore[arg-type]
    assert first == pytest.approx(10 ** (-1 / 6)), "half of what may be left, at order six"
    second = tries.shorter(8.0, 0.5, 4.0, AT)  # type: ignore[arg-type]
    assert second == pytest.approx(0.25 ** (math.log(2) / math.log(2.5)))


def test_cells_that_leave_very_much_are_halved_twice_along_a_line() -> None:
    step, _ = one_step(MOVED, 4, 0.1)
    bad, off = torch.tensor([0, 1, 1, 0]).bool(), torch.tensor([0.5, 2.0, 9.0, 9.0])
    finer, how = finer_cells(step, bad[:, None], off, bound=1.0, most=99)
    assert finer.widths[:, 0].tolist() == [0.25, 0.125, 0.125, *[0.0625] * 4, 0.25] and len(how) == 2


@pytest.mark.parametrize(("most", "halved"), [(6, [False, True, True, False]), (5, [False, False, True, False]), (4, [False] * 4)])  # fmt: skip
def test_where_there_is_no_room_for_all_cells_those_that_leave_most_are_halved(most: int, halved: list[bool]) -> None:
    step, _ = one_step(MOVED, 4, 0.1)
    off = torch.tensor([2.0, 3.0, 4.0, 0.5])
    finer, how = finer_cells(step, (off > 1)[:, None], off, bound=1.0, most=most)
    assert finer.widths[:, 0].tolist() == [w for h in halved for w in ([0.125, 0.125] if h else [0.25])]
    assert bool(how) == any(halved)


def test_no_step_is_shortened_for_what_cells_leave_that_cannot_be_halved() -> None:
    """Ten times as much is let pass afterwards, and seven tenths of that a step later (mutant: forgotten)."""
    tries = Tries()
    tries.ended(3.0, late=True)
    later = tries.of_next()
    assert later.asked(1.0) == pytest.approx(30.0) and later.left is None
    later.ended(2.0, late=False)
    assert later.of_next().asked(1.0) == pytest.approx(21.0) and later.asked(25.0) == 25.0


def test_what_the_first_step_after_a_jump_leaves_out_dies_away_in_those_after_it() -> None:
    """It may leave out eight times as much where kinks spread at once (mutants: none of it later, and everywhere)."""
    tries = Tries()
    tries.ended(5.0, late=False, first=True)
    assert tries.of_next().asked(1.0) == pytest.approx(3.5)
    line, told = SimpleNamespace(region=None), [(True, True), (False, True), (True, False)]
    counts = [passing(line, 0.5, 0.5, first, False, spreads) for first, spreads in told]  # type: ignore[arg-type]
    assert counts == [pytest.approx(1 / 8), 1.0, 1.0]
    carried = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=lambda u, x, t: d(u, t, t) - d(u, x, x),
        conditions=[initial(u=lambda x: 1 - abs(2 * x - 1)), initial_rate(u=0), dirichlet(u=0)], reference=None,
    )  # fmt: skip
    assert read(BEATS)[0].spread_from == (0.0,) and read(carried)[0].spread_from == ()


def test_waves_that_a_kink_sends_out_take_few_steps_and_cells() -> None:
    """At once the longest step whose loss counts no more than all others together (mutant: a fifth as long)."""
    marcher = Marcher(read(BEATS)[0], Accuracy(11, 5, 1e-5, 1e-3), CPU)
    assert marcher.advance() and marcher.advance()
    first, second = marcher.record.steps
    assert min(first.length, second.length) > marcher.span / 200 and len(second.mesh) < 30
    assert marcher.record.honest


def test_steps_over_a_plane_are_equal_up_to_the_end() -> None:
    """Lengths that were factorised serve again (mutant: no division)."""
    step = SimpleNamespace(length=0.1, mesh=SimpleNamespace(dims=2), scheme=SimpleNamespace(
        stages=3, evolution=SimpleNamespace(times=(0.0, 1.0))))  # fmt: skip
    felt = 0.4 * 2.0**-4  # twice as long
    length = following(step, SimpleNamespace(), felt, 1.0, 0.7)  # type: ignore[arg-type]
    assert length == pytest.approx(0.7 / 4)
    assert following(step, SimpleNamespace(), felt, 1.0, 0.43) == pytest.approx(0.43 / 2), "a tenth longer"  # type: ignore[arg-type]


@pytest.mark.parametrize(("begin", "grows"), [(0.02, False), (1.0, True)])
def test_steps_over_a_plane_grow_a_little_once_that_saves_more_than_a_factorisation(begin: float, grows: bool) -> None:
    """A fifth longer saves a sixth of the steps: of two or three none that counts, of a hundred sixteen (mutant: a band
    of lengths that are kept however many steps there are, as a layer beside a rim wants them)."""
    step = SimpleNamespace(begin=begin, length=0.01, mesh=SimpleNamespace(dims=2), scheme=SimpleNamespace(
        stages=3, evolution=SimpleNamespace(times=(0.0, 9.0))))  # fmt: skip
    length = following(step, SimpleNamespace(), 0.4 * 1.2**-4, 1.0, 9.0 - begin - 0.01)  # type: ignore[arg-type]
    assert length == pytest.approx(0.012, rel=0.11) if grows else length == 0.01


# ---------------------------------------------------------------- what is carried on


def swung(solution: Any, length: float) -> Step:
    """A step from 0 that is a function of time, times x."""
    step, _ = one_step(MOVED, 3, length)
    x, at = step.start.values, solution(length * step.scheme.radau.places)
    return replace(step, start=Start(at[0] * x, 0 * x), stages=at[1:, None, None, None] * x)


def off(solution: Any, length: float, ratio: float) -> tuple[float, float]:
    """How far the next step's guess is from the function, and how far all of the polynomial is; x counts as one."""
    step = swung(solution, length)
    parts, x = 1 + ratio * step.scheme.radau.places[1:], one_step(MOVED, 3, length)[0].start.values
    true = solution(length * parts)[:, None, None, None] * x
    made = extrapolated(step, ratio * length, torch.ones(1, dtype=torch.float64), least=0)
    whole = torch.tensordot(step.scheme.radau.at(parts), step.everything(), 1)
    return float((made - true).norm() / x.norm()), float((whole - true).norm() / x.norm())


@pytest.mark.parametrize("ratio", [0.5, 1.0, 3.0])
def test_a_polynomial_in_time_is_carried_on_exactly_however_long_the_next_step(ratio: float) -> None:
    """Mutant: terms of one degree less."""
    assert off(lambda t: 1 + t - 0.2 * t**2 + 0.05 * t**3, 1.0, ratio)[0] < 1e-11


def test_what_turns_within_a_step_is_not_carried_on_to_where_its_polynomial_leads() -> None:
    """All of a series that falls is taken; one that grows is cut (mutant: all of it)."""
    made, whole = off(torch.exp, 0.3, 1.0)
    assert made == pytest.approx(whole, rel=1e-6) and made < 1e-3
    made, whole = off(lambda t: torch.cos(7 * t), 0.6, 3.0)
    assert made < 5 and whole > 50


def test_a_pause_after_cells_were_halved_costs_no_iterations() -> None:
    """What stands still before each try does what goes straight on (mutant: the stages found so far are forgotten)."""

    def marched(pause: bool) -> March:
        march = Marcher(read(FRONT)[0], Accuracy(7, 3, 2e-2, 2e-2, cells=2), CPU)
        begun = 0
        march.pause = lambda: pause and march.record.counts.iterations > begun
        while march.advance():
            begun = march.record.counts.iterations
        return march.record

    straight, paused = marched(False), marched(True)
    assert straight.status == paused.status == "done" and paused.rounds == straight.rounds > 2
    assert paused.counts.iterations <= straight.counts.iterations + 2


def test_what_swings_over_a_plane_takes_steps_of_few_lengths_and_of_more_stages() -> None:
    """A drum's mode over three periods, its last coefficient in time large and small by turns (mutant: `falling` as
    along a line takes 20 lengths)."""
    drum = Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, 4), unknowns="u",
        equations=lambda u, x, y, t: d(u, t, t) - laplace(u, x, y), reference=None,
        conditions=[initial(u=lambda x, y: torch.sin(math.pi * x) * torch.sin(math.pi * y)), initial_rate(u=0),
                    dirichlet(u=0)],
    )  # fmt: skip
    evolution = read(drum)[0]
    assert evolution.constant
    record = Marcher(evolution, Accuracy(7, 5, 1e-3, 1e-1), CPU).run()
    assert record.honest and len({round(s.length, 9) for s in record.steps}) <= 7 and record.rejected <= 3
    end = record.steps[-1]
    at = end.scheme.cell.features(torch.zeros(1, 2, dtype=torch.float64), (0, 0)) @ end.stages[-1, 0, 0]
    middle = end.mesh.lows[0] + end.mesh.widths[0] / 2
    shape = float(torch.sin(math.pi * middle).prod())
    assert float(at) == pytest.approx(shape * math.cos(math.pi * 2**0.5 * 4), abs=3e-3)


@pytest.mark.parametrize(
    ("equation", "wall", "constant"),
    [
        (lambda u, x, y, t: d(u, t) + y * d(u, x) - x * d(u, y), lambda u: u, True),
        (lambda u, x, y, t: d(u, t) - laplace(u, x, y) - torch.sin(t), lambda u, y, t: u - y * t, True),
        (lambda u, x, y, t: d(u, t) - torch.exp(t) * laplace(u, x, y), lambda u: u, False),
        (lambda u, x, y, t: d(u, t) + u * d(u, x) - laplace(u, x, y), lambda u: u, False),
        (lambda u, x, y, t: d(u, t) - laplace(u, x, y), lambda u, x, nx: nx * d(u, x) + 2 * u, True),
        (lambda u, x, y, t: d(u, t) - laplace(u, x, y), lambda u, x, t, nx: nx * d(u, x) + t * u, False),
        (lambda u, x, y, t: d(u, t) - laplace(u, x, y), lambda u, x, nx: nx * d(u, x) + u**4, False),
        (lambda u, x, y, t: d(u, t) - (1 + t * torch.exp(-((x - 0.7) / 1e-3) ** 2)) * laplace(u, x, y), lambda u: u, False),
    ],
)  # fmt: skip
def test_what_is_linear_and_does_not_change_in_time_is_constant(equation: Any, wall: Any, constant: bool) -> None:
    declared = Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, 4), unknowns="u", equations=equation, reference=None,
        conditions=[initial(u=0), dirichlet(u=0, on=faces("y")), condition(wall, on=faces("x"))],
    )  # fmt: skip
    assert read(declared)[0].constant == constant


def test_a_function_of_the_solution_is_not_constant_however_it_is_guessed() -> None:
    rod = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="T", equations=lambda T, x, t, k: d(T, t) - d(k * d(T, x), x),
        conditions=[initial(T=0), dirichlet(T=0)], parameters={"k": Unknown(1.0, of="T")}, reference=None,
    )  # fmt: skip
    assert not constant_in_time(rod, rod.equations)


def test_cells_behind_a_hill_that_travels_are_joined_while_others_are_halved() -> None:
    """Without that there are 62 in the end, for 23 in the beginning: a fifth of them is never calm at once."""

    def hill(x: Any, y: Any, t: Any) -> Any:
        return torch.exp(-((x - 0.2 - t) ** 2 + (y - 0.4) ** 2) / 0.0012)

    problem = Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, 0.6), unknowns="u",
        equations=lambda u, x, t: d(u, t) + d(u, x),
        conditions=[initial(u=lambda x, y: hill(x, y, 0.0)), dirichlet(u=hill, on=face(x=0))], reference=None,
    )  # fmt: skip
    marcher = Marcher(read(problem)[0], Accuracy(degree=7, stages=3, tolerance=3e-3, bound=0.3), CPU)
    counts = [len(step.mesh) for step in marcher.run().steps]
    assert marcher.record.honest and marcher.record.rounds > 1
    assert max(counts) < 2.5 * counts[0]
