"""Steps of training over cells of a plane or of space in which nothing evolves: all of them at once, and again with
richer features."""

from __future__ import annotations

import torch
from torch import Tensor

from pinnsolve.cells.grading import beside
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.joined_newton import JoinedNewton
from pinnsolve.cells.stage_operator import iteration
from pinnsolve.checks.linearity import linear
from pinnsolve.geometry.places import Corner
from pinnsolve.march.second import among
from pinnsolve.march.slow_degrees import Orders, error_of_richest
from pinnsolve.methods.protocol import Objective, State
from pinnsolve.networks.reference_cell import ReferenceCell
from pinnsolve.networks.spread import taken_over
from pinnsolve.networks.tails import decay
from pinnsolve.residuals.costs import JOINED
from pinnsolve.steady.at_corners import error_of_richer
from pinnsolve.steady.cells import SteadyCells, SteadyOperator, scheme_of
from pinnsolve.steady.keeping import stored, taken_up
from pinnsolve.steady.measured import apart_from, felt_by_degree, measured, rescaled, sizes_like
from pinnsolve.steady.refining import fits, let_go
from pinnsolve.steady.whole import RULES, SteadyWhole
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.planar import Planar
from pinnsolve.trial.steady import steady


def steady_of(trial: Planar) -> Evolution:
    """What was read of the trial function's problem; read now, where nobody did."""
    if trial.read is None or trial.forward.count:
        trial.read = steady(trial.forward.at(trial.forward.values()), trial.plan)
    assert isinstance(trial.read, Evolution)  # others are not given such a trial function
    return trial.read


def _scheme(trial: Planar, degree: int, objective: Objective | None = None) -> Scheme:
    """That of its problem and hidden layer with features of a degree; with the ranks and the room of an objective."""
    read, device, activation = steady_of(trial), trial.device, trial.layer.activation
    if objective is None:
        return scheme_of(read, degree, device, activation=activation)
    return scheme_of(read, degree, device, objective.world, objective.room, activation)


def corners_of(trial: Planar) -> tuple[Corner, ...]:
    """Where prescribed values jump."""
    return (*trial.plan.corners, *steady_of(trial).jumps)


def stepped(trial: Planar, known: Planar | None, bound: float, state: State, objective: Objective) -> State:
    """One round: Newton's method on all cells, and halving. The first is one of the cells of a known solution, where
    there is one."""
    work = objective.work
    before = known if known is not None and known.complete else None
    degree = trial.degree if state["march"] or before is None else _begun_with(trial, before)
    scheme = _scheme(trial, degree, objective)
    live, begun = trial.live, work.operations
    if not isinstance(live, SteadyWhole) or live.cells.coefficients is not trial.coefficients:
        narrow = trial.plan.narrow if trial.dims > 2 else ()
        live = SteadyWhole(scheme, corners_of(trial), bound, work, narrow)
        work.add(JOINED.shape * (scheme.evolution.region is not None or trial.dims > 2))
        if state["march"]:
            assert trial.mesh is not None
            live = taken_up(live, trial.mesh, trial.coefficients, state["march"])
        elif before is not None and before.mesh is not None:
            live.go_on(before.mesh, _richer(before, before.cell(before.coefficients.shape[2]), scheme.cell))
    trial.live, live.work = live, work
    more = live.advance()
    trial.take(live.cells.mesh, live.cells.coefficients, live.settled, live.defect)
    ended = _ended(state, trial, live.cells.scheme, stuck=not more and not live.settled)
    rate = max(work.operations - begun, live.factorised * live.ahead)
    return {**ended, "done": not more, "march": stored(live), "rate": rate, "full": live.full and not more}


def _begun_with(trial: Planar, known: Planar) -> int:
    """The degree of the first cells: over space no less than that of a solution whose degrees were raised; in a plane
    less, where what is known has slopes without bound at a corner, and its last degrees are hardly smaller than those
    before. Smaller cells there do more than more features in all of them, and take less memory."""
    if trial.dims > 2:
        return max(trial.degree, known.degree)
    assert known.mesh is not None
    beside_corners = [beside(known.mesh, c, trial.problem.coordinates) for c in steady_of(trial).notches]
    c = known.coefficients / known.coefficients.square().sum((0, 2)).sqrt()[:, None]
    slow = decay(c, known.cell(c.shape[2])) > RULES.slow
    return trial.degree - 2 if any(bool((slow & here).any()) for here in beside_corners) else trial.degree


def enriched(trial: Planar, known: Planar | None, bound: float, state: State, objective: Objective) -> State:
    """All cells of a known solution again with richer features."""
    degree = trial.layer.steady if known is None else max(trial.layer.steady, known.degree + 2)
    scheme = _scheme(trial, degree, objective)
    solved, full = None, False
    if known is not None and known.complete and known.mesh is not None:
        before = _scheme(known, known.degree)
        c = _richer(known, before.cell, scheme.cell)
        cells = rescaled(SteadyCells(scheme, known.mesh, c), scheme)
        let_go(known.mesh)
        newton = JoinedNewton(SteadyOperator, sizes_like(cells), RULES.again * bound)
        solved = newton.solve(cells)
        objective.work.add(newton.effort.factorisations * iteration(scheme, known.mesh))
        if solved is not None:
            assert isinstance(newton.operator, SteadyOperator)
            _, left = measured(solved, newton.operator.faces, scheme, corners_of(trial))
            defect, passed = apart_from(corners_of(trial), known.mesh, left, trial.problem.coordinates)
            if trial.dims > 2:
                defect = felt_by_degree(defect, known.defect, known.degree, degree)
            trial.take(known.mesh, solved.coefficients, True, defect)
            full = trial.dims > 2 and known.defect > bound and not fits(scheme, known.mesh)
            scales = [trial.plan.size(u).scale for u in trial.problem.unknowns]
            if scheme.evolution.fluxed:
                poorer = SteadyCells(before, known.mesh, known.coefficients)
                trial.apart = error_of_richer(poorer, solved, scales)
            else:
                trial.apart = max(_told_by_orders(trial, known, bound, objective), passed)
    return {**_ended(state, trial, scheme, stuck=solved is None), "left": 0.0, "full": full}


def _told_by_orders(trial: Planar, known: Planar, bound: float, objective: Objective) -> float:
    """The error of richer cells as a third solution tells it, with two degrees less than the known one, where what is
    left of the equations falls slowly."""
    mesh, degree = known.mesh, known.degree - 2
    if mesh is None or degree < 4 or trial.defect < Orders.slow * known.defect:
        return 0.0
    scheme = _scheme(trial, degree, objective)
    cells = rescaled(
        SteadyCells(scheme, mesh, _richer(known, known.cell(known.coefficients.shape[2]), scheme.cell)), scheme
    )
    newton = JoinedNewton(SteadyOperator, sizes_like(cells), RULES.again * bound)
    solved = newton.solve(cells)
    objective.work.add(newton.effort.factorisations * iteration(scheme, mesh))
    if solved is None:
        return 0.0
    scales = [trial.plan.size(u).scale for u in trial.problem.unknowns]
    three = [solved.coefficients, known.coefficients, trial.coefficients]
    return error_of_richest(three, mesh, scales, trial.problem.tolerance, trial.layer.activation)


def _richer(known: Planar, before: ReferenceCell, after: ReferenceCell) -> Tensor:
    """The coefficients of a known solution among more features; or the nearest among fewer."""
    assert known.mesh is not None
    if after.degree < before.degree:
        mine = torch.arange(len(known.mesh), device=known.mesh.device)
        return taken_over(known.coefficients, known.mesh, before, known.mesh, after, mine)
    return among(known.coefficients, known.mesh, before, after)


def ahead(known: Planar) -> float:
    """Operations of solving its cells again with two degrees more, by two factorisations; over space by one, where
    equations are linear."""
    scheme = _scheme(known, known.degree + 2)
    assert known.mesh is not None
    problem = known.problem
    once = known.dims > 2 and all(linear(problem, e, problem.domain.line()) for e in problem.equations)
    return (1 if once else 2) * iteration(scheme, known.mesh)


def _ended(state: State, trial: Planar, scheme: Scheme, stuck: bool) -> State:
    inside = len(trial.coefficients) * scheme.in_cell
    return {**state, "loss": 0.0, "done": True, "stuck": stuck, "points": {"interior": inside}}
