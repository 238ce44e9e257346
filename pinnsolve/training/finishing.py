"""The end of a run: what is kept, what it is worth, and what the data say."""

from __future__ import annotations

import math
from dataclasses import replace

from pinnsolve.algebra.operations import LARGEST, SPEED, cholesky, product, qr
from pinnsolve.errors import Outcome
from pinnsolve.inverse.record import Identified
from pinnsolve.inverse.standard_errors import Means, identified
from pinnsolve.methods import OWN_POINTS
from pinnsolve.methods.costs import costs_of
from pinnsolve.settings import described_method, described_network, is_features
from pinnsolve.training.history import Training
from pinnsolve.training.overfitting import overfitting
from pinnsolve.training.rules import RULES
from pinnsolve.training.run import Run
from pinnsolve.training.stopping import PATIENCE
from pinnsolve.training.strategy import NOISE
from pinnsolve.trial.piecewise import Piecewise

# Least-squares problems for the profile of one constant, and as many again to begin with: of random features, where one
# or two do for each place, and of networks that train. More: time. Fewer: an error that is far too small is not
# followed to its end. Chosen, not measured.
AGAIN, AGAIN_TRAINED = 16, 60
# Times that, for a constant that is sought between its bounds. Fewer: the search ends early. Chosen.
SCAN = 4
# Of the budget, for all of them. Larger: less training. Smaller: large networks have unchecked errors. Chosen.
SHARE = 0.2
# Places at which the error by noise is told. More: time. Fewer: it is known to fewer digits. Chosen, not measured.
SEEN = 200


def finished(run: Run, outcome: Outcome, unsaved: str = "") -> Training:
    """Take the best parameters, and tell how they were found; `unsaved` says why the last checkpoint is missing."""
    number, step = (run.number, run.step) if run.best is None else (run.best.stage, run.best.step)
    kept = run.settings.stages[number]
    if run.best is not None and kept.network is not run.stage.network:
        run.trial = run.best_trial()
        run.points.take(run.trial, training=_to_be_found(run))
    elif run.best is not None:
        run.trial.assign(run.best.vector)
    if run.best is not None:
        training, held_out, points, weights = (
            run.best.training, run.best.held_out, run.best.points, run.best.weights,
        )  # fmt: skip
    else:
        training, held_out = run.points.training.rms(), run.points.held_out.rms()
        points, weights = run.counts(), dict(run.weights)
    error = run.gathered().error_of(run.as_found(number, held_out), not is_features(kept.network), run.weights)
    data = run.trial.problem.data if run.settings.validation else {}
    lost = overfitting(run.history.looks, {name: run.weights[name] for name in data}, step)
    if lost is not None and outcome.kind in ("plateau", "overfitting"):
        outcome = lost.outcome
    found = _identified(run)
    outcome, error = _with_noise(outcome, error, found, run.tolerance)
    if run.trial.plan.unseen:  # a small residual is then no sign of a small error
        error = None
        if outcome.kind in ("converged", "plateau"):
            places = " and ".join(run.trial.plan.unseen)
            told = f"residuals at points do not say how the solution goes on across {places}"
            outcome = Outcome("undetermined", told, "write a first-order system, with the flux as an unknown")
    own, rule = isinstance(kept.method, OWN_POINTS), run.settings.redraw
    return Training(
        outcome, run.clock.seconds, run.step, step, run.history.looks, training, held_out, points,
        weights, _methods(run, number), described_network(kept.network), run.choice, error, found, lost,
        "sobol" if own else run.settings.sampler, rule.every if rule is not None and kept.method.redraws else None,
        unsaved, run.settings.unread(kept.method) if run.settings.automatic else [],
    )  # fmt: skip


def _to_be_found(run: Run) -> bool:
    """Whether there is something beside the solution of which the end of a run says how well it is known."""
    problem = run.trial.problem
    return bool(problem.data or problem.constants or problem.functions)


def ending(run: Run) -> float:
    """Operations that the statement of what the data say takes; zero where there is nothing to be found."""
    trial = run.trial
    if isinstance(trial, Piecewise) or not _to_be_found(run) or trial.parameters_count > LARGEST:
        return 0.0
    points, count = run.points.training, trial.parameters_count
    factor = qr(points.size + count, count)
    other = run.best is not None and run.settings.stages[run.best.stage].network is not run.stage.network
    # of another network than the one in training, the most there is
    again = SHARE * SPEED * run.settings.budget if other else _solves(run) * _one_solve(run)
    return costs_of(points).rows + factor + (factor + again if again else 0.0)


def _one_solve(run: Run) -> float:
    """Operations of one linearisation with its factorisation, by QR, or of J^T J where all layers train, and of the
    misfits at two lengths of the step."""
    rows, count = run.points.training.size, run.trial.parameters_count
    factor = qr(rows, count) if run.trial.frozen else product(count, rows, count) / 2 + cholesky(count)
    costs = costs_of(run.points.training)
    return costs.rows + 2 * costs.values + factor


def _solves(run: Run) -> int:
    """How many times the solution may be solved again with a constant moved: for each constant some places on either
    side, within a share of the budget, counted in operations."""
    constants = run.trial.problem.constants.values()
    each = AGAIN if run.trial.frozen else AGAIN_TRAINED
    scanned = sum(c.ends is not None for c in constants)
    allowed = int(SHARE * SPEED * run.settings.budget / _one_solve(run))
    return min(each * (1 + len(constants) + SCAN * scanned), allowed) if allowed >= each // 2 else 0


def _methods(run: Run, number: int) -> str:
    """What made the answer: all methods that trained its network, up to the stage in which it was found."""
    network = run.settings.stages[number].network
    same = [s.method for s in run.settings.stages[: number + 1] if s.network is network]
    return ", ".join(map(described_method, same))


def _identified(run: Run) -> Identified | None:
    if isinstance(run.trial, Piecewise):
        return None
    unseen = run.points.held_out if run.settings.validation else None
    met = {n: PATIENCE.converged * run.tolerance * r for n, r in run.history[0].held_out.items()}
    inside = next(points for site, points in run.points.held_out.places if site.name == "interior")
    few = inside[:: max(1, len(inside) // SEEN)]
    return identified(run.points.training, run.weights, Means(_solves(run), met, few), unseen)


def _with_noise(
    outcome: Outcome, error: float | None, found: Identified | None, tolerance: float
) -> tuple[Outcome, float | None]:
    """The outcome and the estimated error, with what the data leave open and what their noise makes."""
    if found is None:
        return outcome, error
    if found.undetermined:
        names = " and ".join(found.undetermined)
        return Outcome("undetermined", f"nothing determines {names}", "give measurements: observed(...)"), None
    if found.noise is None or error is None:
        return outcome, error
    both = math.hypot(error, found.noise)
    told = outcome.detail.replace(NOISE, f", {both:.0e} with the data's noise")
    if outcome.kind == "converged" and both > RULES.certain * tolerance:
        return Outcome("noise", told, "more or better measurements, or a larger tolerance"), both
    return replace(outcome, detail=told), both
