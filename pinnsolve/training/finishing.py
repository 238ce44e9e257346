"""The end of a run: what is kept, what it is worth, and what the data say."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch

from pinnsolve.algebra.operations import LARGEST, SPEED, cholesky, product, qr
from pinnsolve.errors import Outcome
from pinnsolve.geometry.points import Points
from pinnsolve.inverse.record import Identified
from pinnsolve.inverse.standard_errors import Means, identified
from pinnsolve.march.asked import accuracy
from pinnsolve.methods import OWN_POINTS, Enriching, Marching, Vanishing
from pinnsolve.methods.by_constants import ForConstants, solved_again
from pinnsolve.methods.by_name import described_method
from pinnsolve.methods.fitted import data_of, fall_back, taken
from pinnsolve.networks.described import described_network, is_features
from pinnsolve.problem.problem import Problem
from pinnsolve.residuals import Residuals
from pinnsolve.residuals.costs import costs_of
from pinnsolve.training import uniqueness
from pinnsolve.training.best import Best
from pinnsolve.training.broken_off import BrokenOff, refuting
from pinnsolve.training.data_missed import with_data
from pinnsolve.training.doubts import asked_whether_alone, doubted, to_be_found
from pinnsolve.training.error_estimate import HALF
from pinnsolve.training.found import Found
from pinnsolve.training.history import Training
from pinnsolve.training.limit import at_the_limit, limit_of
from pinnsolve.training.overfitting import overfitting
from pinnsolve.training.rules import RULES
from pinnsolve.training.run import Run
from pinnsolve.training.stopping import PATIENCE
from pinnsolve.training.strategy import NOISE
from pinnsolve.training.unbalanced import with_equations
from pinnsolve.training.unmet import with_conditions
from pinnsolve.training.unseen import cost
from pinnsolve.training.within_tables import check_within_tables
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.over_ranges import OverRanges


@dataclass(frozen=True)
class Reserve:
    """What is kept of the budget for the statement of what the data say. Chosen, not measured.

    Parameters
    ----------
    again, again_trained, again_cells : int
        Least-squares problems for the profile of one constant, and as many again to begin with: of random features,
        where one or two do for each place, of networks that train, and of constants alone. Fewer: an error that is far
        too small is not followed to its end. More: time.
    one_cells : float
        Seconds at the nominal speed, or twenty times what the solution itself takes if that is more: what takes longer
        for other constants is no solution of this kind. Larger: time, where constants are told together only.
    scan : int
        Times that, for a constant that is sought between its bounds. Fewer: the search ends early.
    bends : int
        Times that, for what unknown functions cost that bend. Fewer: they are left between two prices.
    share : float
        Of the budget, for all of them. Larger: less training. Smaller: large networks have unchecked errors.
    seen : int
        Places at which the error by noise is told. More: time. Fewer: it is known to fewer digits.
    """

    again: int = 16
    again_trained: int = 60
    again_cells: int = 5
    one_cells: float = 0.3
    scan: int = 4
    bends: int = 2
    share: float = 0.2
    seen: int = 200


RESERVE = Reserve()


def finished(run: Run, outcome: Outcome, unsaved: str = "") -> Training:
    """Take the best parameters, and tell how they were found; `unsaved` says why the last checkpoint is missing."""
    if run.best is None and isinstance(run.trial, OfCells):
        fall_back(run.trial, run.method_state.get("march") or {})
    number, step = (run.number, run.step) if run.best is None else (run.best.stage, run.best.step)
    kept = run.stage_at(number)
    if (best := run.best) is not None:
        _take_best(run, best)
        training, held_out, points, weights = best.training, best.held_out, best.points, best.weights
    else:
        training, held_out = run.points.training.rms(), run.points.held_out.rms()
        points, weights = run.counts(), dict(run.weights)
    found_now = _found(run, number) or run.as_found(number, held_out)
    error = run.gathered().error_of(found_now, not is_features(kept.network), run.weights)
    refuted = refuting(run.broken, found_now.values, found_now.scales, run.tolerance)
    if refuted and (error is None or error > HALF):
        return finished(run, _back_to(run, refuted, outcome), unsaved)
    if error is None and isinstance(run.trial, OverRanges):  # nothing was compared before the budget ended
        error = run.trial.known_error
    data = run.trial.problem.data if run.settings.validation else {}
    if "prior" in run.method_state:  # the measurements say it all: what they leave open is the error
        error = 0.0
        outcome = Outcome("converged", f"the measurements were smoothed as they ask for{NOISE}")
    lost = overfitting(run.history.looks, {name: run.weights[name] for name in data}, step)
    if lost is not None and outcome.kind in ("plateau", "overfitting"):
        outcome = lost.outcome
    before = run.trial.vector() if to_be_found(run) else None
    found = _identified(run)
    if before is not None and not torch.equal(before, run.trial.vector()):  # solved again beside the noise
        training, held_out = run.points.training.rms(), run.points.held_out.rms()
    own = error or 0.0
    outcome, error = _with_noise(outcome, error, found, run)
    limit = limit_of(run)
    if limit is None:
        outcome, error = with_conditions(run, *with_equations(run, *doubted(run, outcome, error, held_out)))
    else:
        outcome, error = at_the_limit(limit, outcome, run.tolerance)
    check_within_tables(run.trial)
    outcome = with_data(run.trial, outcome, own, found)
    rule, sampler = run.settings.redraw, str(run.settings.sampler)
    if isinstance(kept.method, OWN_POINTS):
        sampler = "gauss"
    return Training(
        outcome, run.clock.seconds, run.step, step, run.history.looks, training, held_out, points,
        weights, _methods(run, number), described_network(kept.network), run.choice, error, found, lost,
        sampler, rule.every if rule is not None and kept.method.redraws else None,
        unsaved, run.settings.unread(kept.method) if run.settings.automatic else [], run.first,
    )  # fmt: skip


def _take_best(run: Run, best: Best) -> None:
    """What was best takes the place of what was trained last."""
    if run.stage_at(best.stage).network is not run.stage.network:
        run.trial = run.best_trial()
        run.points.take(run.trial, training=to_be_found(run))
    elif not _at_its_best(run):
        run.trial.assign(best.vector)


def _back_to(run: Run, march: BrokenOff, outcome: Outcome) -> Outcome:
    """Take up a march as far as it came in place of what followed; what is said of it."""
    run.best, run.broken, run.found, run.method_state = None, [], [], {}
    run.number, run.trial = march.stage, (trial := run.reborn(march.stage, march.born, march.vector))
    if isinstance(trial, Marched):
        trial.stopped = march.stopped
    run.points.take(trial, training=to_be_found(run))
    return march.in_place(outcome, trial.missing)


def _at_its_best(run: Run) -> bool:
    """Whether nothing was trained since the best solution."""
    return run.best is not None and (run.best.stage, run.best.step) == (run.number, run.step) and not to_be_found(run)


def _found(run: Run, number: int) -> Found | None:
    """The solution as it was compared when its stage ended, where it still is that one."""
    if run.best is None or not (_at_its_best(run) and is_features(run.stage.network)):
        return None
    return next((f for f in run.found if f.stage == number and f.held_out == run.best.held_out), None)


def ending(run: Run) -> float:
    """Operations of what is looked at when training is over: differences, changes that cost nothing, and what the data
    say."""
    if isinstance(run.method, Vanishing):
        return 0.0
    trial, differences = run.trial, cost(run.points.held_out)
    if asked_whether_alone(run):
        places, budget = run.points.places, run.settings.budget
        differences += uniqueness.operations(trial, places, uniqueness.first(trial, places, budget))
    if isinstance(trial, OfCells) and trial.forward.count:
        return differences + _solves(run) * _one_solve(run)
    if isinstance(trial, OfCells) or not to_be_found(run) or trial.parameters_count > LARGEST:
        return differences
    points, count = run.points.training, trial.parameters_count
    factor = qr(points.size + count, count)
    other = run.best is not None and run.settings.stages[run.best.stage].network is not run.stage.network
    # of another network than the one in training, the most there is
    again = RESERVE.share * SPEED * run.settings.budget if other else _solves(run) * _one_solve(run)
    return differences + costs_of(points).rows + factor + (factor + again if again else 0.0)


def _one_solve(run: Run) -> float:
    """Operations of one linearisation with its factorisation, by QR, or of J^T J where all layers train, and of the
    misfits at two lengths of the step; over cells of a solution for other constants."""
    if isinstance(run.trial, OfCells):
        return solved_again(run.trial)
    rows, count = run.points.training.size, run.trial.parameters_count
    factor = qr(rows, count) if run.trial.frozen else product(count, rows, count) / 2 + cholesky(count)
    costs = costs_of(run.points.training)
    return costs.rows + 2 * costs.values + factor


def _solves(run: Run) -> int:
    """How many times the solution may be solved again with a constant moved: for each constant some places on either
    side, within a share of the budget, counted in operations."""
    problem = run.trial.problem
    if isinstance(run.trial, OfCells) and problem.functions:
        return 0  # their last terms are zero, since data ask for no more; solved again they would follow the noise
    constants = problem.constants.values()
    each = RESERVE.again if run.trial.frozen else RESERVE.again_trained
    if isinstance(run.trial, OfCells):
        each = RESERVE.again_cells
    scanned = sum(c.ends is not None for c in constants)
    allowed = int(RESERVE.share * SPEED * run.settings.budget / _one_solve(run))
    wanted = 1 + len(constants) + RESERVE.bends * bool(problem.functions) + RESERVE.scan * scanned
    return min(each * wanted, allowed) if allowed >= each // 2 else 0


def _methods(run: Run, number: int) -> str:
    """What made the answer: all methods that trained its network, up to the stage in which it was found."""
    network = run.settings.stages[number].network
    same = [s.method for s in run.settings.stages[: number + 1] if s.network is network]
    told = run.trial.told if isinstance(run.trial, OfCells) else str
    return ", ".join(told(described_method(m)) for m in same)


def seen_places(run: Run) -> Points:
    """The few held-out places inside at which the error by noise is told."""
    inside = next(points for site, points in run.points.held_out.places if site.name == "interior")
    return inside.thinned(RESERVE.seen)


def _identified(run: Run) -> Identified | None:
    if isinstance(run.trial, OfCells) and not run.trial.forward.count:
        return None
    unseen = run.points.held_out if run.settings.validation else None
    met = {n: PATIENCE.converged * run.tolerance * r for n, r in run.first.items()}
    few = seen_places(run)
    if isinstance(run.trial, OfCells):
        return _over_cells(run, run.trial, few, unseen)
    state = run.method_state
    prior = (state["prior"], state["variance"]) if "prior" in state else None
    return identified(run.points.training, run.weights, Means(_solves(run), met, few, prior=prior), unseen)


def _over_cells(run: Run, trial: OfCells, few: Points, unseen: Residuals | None) -> Identified | None:
    """The same of constants for whose every value the equations are solved; the solution is left at the best ones."""
    method = run.stage_at(run.number if run.best is None else run.best.stage).method
    assert isinstance(method, Marching | Enriching)
    solver = ForConstants(trial, accuracy(method, trial), settled=True)
    solver.spent.most = max(RESERVE.one_cells * SPEED, 20 * solved_again(trial))
    kept = solver.as_kept(trial)
    if kept is not None and run.best is not None and run.best.stage == run.number:
        kept.told_by(run.method_state.get("told"))  # constants have moved along them, by next to nothing
    data = data_of(trial, solver, kept, run.points.training)
    moved = dict(
        zip(trial.forward.sought.raw, (trial.forward.moved * trial.forward.slopes().abs()).tolist(), strict=True)
    )
    found = identified(data, run.weights, Means(_solves(run), {}, few, moved=moved), unseen)
    solved = data.trial.solved()
    if solved is not None and not torch.equal(data.trial.vector(), trial.forward.vector()):
        taken(trial, solved, data.trial.vector())
    return found


def _with_noise(
    outcome: Outcome, error: float | None, found: Identified | None, run: Run
) -> tuple[Outcome, float | None]:
    """The outcome and the estimated error, with what the data leave open and what their noise makes."""
    if found is None:
        return outcome, error
    if found.undetermined:
        names = " and ".join(found.undetermined)
        return Outcome("undetermined", f"nothing determines {names}", _more_data(found, run.trial.problem)), None
    if found.noise is None or error is None:
        return outcome, error
    both = math.hypot(error, found.noise)
    told = outcome.detail.replace(NOISE, f", {both:.0e} with the data's noise")
    if outcome.kind == "converged" and both > RULES.certain * run.tolerance:
        return Outcome("noise", told, "more or better measurements, or a larger tolerance"), both
    if outcome.kind == "noise" and both <= RULES.certain * run.tolerance:  # functions that bend less follow less of it
        return Outcome("converged", told), both
    return replace(outcome, detail=told), both


def _more_data(found: Identified, problem: Problem) -> str:
    """What to do where something is not determined: between given values a function of an unknown has no size."""
    bent = [n for n in found.undetermined if n in problem.of_unknowns]
    if not bent and problem.observations and len(found.undetermined) > 1:
        return "give measurements that tell them apart: observed(..., given=...), or take one of them as known"
    if not bent:
        return "give measurements: observed(...)"
    argument, *others = problem.functions[bent[0]].coordinates
    known = "" if others else f"say what {bent[0]} is somewhere, dirichlet({bent[0]}=1.0, on=point({argument}=0)), "
    return f"{known}give a flux or a source that is known, or measurements: observed(...)"
