"""Steps of training over cells of a plane or of space in which nothing evolves: all of them at once, and again with
richer features."""

from __future__ import annotations

import math

from torch import Tensor

from pinnsolve.checks.posed import linear
from pinnsolve.geometry.places import Corner
from pinnsolve.methods.costs import JOINED
from pinnsolve.methods.implicit_step import Scheme
from pinnsolve.methods.joined_newton import JoinedNewton
from pinnsolve.methods.protocol import Objective, State
from pinnsolve.methods.second_march import among
from pinnsolve.methods.stage_operator import iteration
from pinnsolve.methods.steady_cells import SteadyCells, SteadyOperator, scheme_of
from pinnsolve.methods.steady_keeping import stored, taken_up
from pinnsolve.methods.steady_measured import measured, rescaled, sizes_like
from pinnsolve.methods.steady_whole import RULES, SteadyWhole
from pinnsolve.networks.reference_cell import ReferenceCell
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.planar import Planar
from pinnsolve.trial.steady import steady


def steady_of(trial: Planar) -> Evolution:
    """What was read of the trial function's problem; read now, where nobody did."""
    if trial.read is None:
        trial.read = steady(trial.problem, trial.plan)
    assert isinstance(trial.read, Evolution)  # others are not given such a trial function
    return trial.read


def corners_of(trial: Planar) -> tuple[Corner, ...]:
    """Where prescribed values jump."""
    return (*trial.plan.corners, *steady_of(trial).jumps)


def stepped(trial: Planar, known: Planar | None, bound: float, state: State, objective: Objective) -> State:
    """One round: Newton's method on all cells, and halving. The first is one of the cells of a known solution, where
    there is one with no more features."""
    work = objective.work
    before = known if known is not None and known.complete and trial.dims > 2 else None
    # over space degrees may have been raised, here or there
    degree = trial.degree if state["march"] else max(k.degree for k in (trial, before) if k is not None)
    scheme = scheme_of(steady_of(trial), degree, trial.device, objective.world)
    live, begun = trial.live, work.operations
    if not isinstance(live, SteadyWhole) or live.cells.coefficients is not trial.coefficients:
        narrow = trial.plan.narrow if trial.dims > 2 else ()
        live = SteadyWhole(scheme, corners_of(trial), bound, work, narrow)
        work.add(JOINED.shape * (scheme.evolution.region is not None or trial.dims > 2))
        if state["march"]:
            assert trial.mesh is not None
            live = taken_up(live, trial.mesh, trial.coefficients, state["march"])
        elif known is not None and known.complete and known.mesh is not None:
            cell = known.cell(known.coefficients.shape[2])
            if cell.degree <= scheme.degree:
                live.go_on(known.mesh, _richer(known, cell, scheme.cell))
    trial.live, live.work = live, work
    more = live.advance()
    defect = live.offs[-1] if live.offs else math.inf
    trial.take(live.cells.mesh, live.cells.coefficients, live.settled, defect)
    ended = _ended(state, trial, live.cells.scheme, stuck=not more and not live.settled)
    rate = max(work.operations - begun, live.factorised * live.ahead)
    return {**ended, "done": not more, "march": stored(live), "rate": rate}


def enriched(trial: Planar, known: Planar | None, bound: float, state: State, objective: Objective) -> State:
    """All cells of a known solution again with richer features."""
    degree = trial.layer.steady if known is None else max(trial.layer.steady, known.degree + 2)
    scheme = scheme_of(steady_of(trial), degree, trial.device, objective.world)
    solved = None
    if known is not None and known.complete and known.mesh is not None:
        before = scheme_of(steady_of(known), known.degree, known.device)
        c = _richer(known, before.cell, scheme.cell)
        cells = rescaled(SteadyCells(scheme, known.mesh, c), scheme)
        newton = JoinedNewton(SteadyOperator, sizes_like(cells), RULES.again * bound)
        solved = newton.solve(cells)
        objective.work.add(newton.effort.factorisations * iteration(scheme, known.mesh))
        if solved is not None:
            assert isinstance(newton.operator, SteadyOperator)
            _, left = measured(solved, newton.operator.faces, scheme, corners_of(trial))
            trial.take(known.mesh, solved.coefficients, True, float(left.max()))
    return {**_ended(state, trial, scheme, stuck=solved is None), "left": 0.0}


def _richer(known: Planar, before: ReferenceCell, after: ReferenceCell) -> Tensor:
    """The coefficients of a known solution among more features."""
    assert known.mesh is not None
    return among(known.coefficients, known.mesh, before, after)


def ahead(known: Planar) -> float:
    """Operations of solving its cells again with two degrees more, by two factorisations; over space by one, where
    equations are linear."""
    scheme = scheme_of(steady_of(known), known.degree + 2, known.device)
    assert known.mesh is not None
    problem = known.problem
    once = known.dims > 2 and all(linear(problem, e, problem.domain.line()) for e in problem.equations)
    return (1 if once else 2) * iteration(scheme, known.mesh)


def _ended(state: State, trial: Planar, scheme: Scheme, stuck: bool) -> State:
    inside = len(trial.coefficients) * scheme.in_cell
    return {**state, "loss": 0.0, "done": True, "stuck": stuck, "points": {"interior": inside}}
