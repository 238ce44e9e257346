"""The end of a run: what is kept, what it is worth, and what the data say."""

from __future__ import annotations

from pinnsolve.algebra.operations import LARGEST, qr
from pinnsolve.errors import Outcome
from pinnsolve.inverse.record import Identified
from pinnsolve.inverse.standard_errors import identified
from pinnsolve.methods import OWN_POINTS
from pinnsolve.methods.costs import costs_of
from pinnsolve.settings import described_method, described_network, is_features
from pinnsolve.training.error_estimate import unsolved
from pinnsolve.training.history import Training
from pinnsolve.training.overfitting import overfitting
from pinnsolve.training.run import Run
from pinnsolve.trial.piecewise import Piecewise


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
    if found is not None and found.undetermined:
        names = " and ".join(found.undetermined)
        outcome = Outcome("undetermined", f"nothing determines {names}", "give measurements: observed(...)")
        error = None
    if run.trial.plan.narrow and unsolved(run.gathered().first, held_out):
        error = None  # what is not met in a narrow place spoils a solution by any amount
    if blind := _blind(run):
        error = None
        outcome = blind if outcome.kind in ("converged", "plateau") else outcome
    own, rule = isinstance(kept.method, OWN_POINTS), run.settings.redraw
    return Training(
        outcome, run.clock.seconds, run.step, step, run.history.looks, training, held_out, points,
        weights, _methods(run, number), described_network(kept.network), run.choice, error, found, lost,
        "sobol" if own else run.settings.sampler, rule.every if rule is not None and kept.method.redraws else None,
        unsaved, run.settings.unread(kept.method) if run.settings.automatic else [],
    )  # fmt: skip


def _blind(run: Run) -> Outcome | None:
    """Why a small residual is no sign of a small error, where it is none."""
    plan = run.trial.plan
    if plan.unseen:
        told = f"residuals at points do not say how the solution goes on across {' and '.join(plan.unseen)}"
        return Outcome("undetermined", told, "write a first-order system, with the flux as an unknown")
    if plan.undecided:
        remedy = "write it with functions of torch that vary on a length which points can see"
        return Outcome("undetermined", " and ".join(plan.undecided), remedy)
    return None


def _to_be_found(run: Run) -> bool:
    """Whether there is something beside the solution of which the end of a run says how well it is known."""
    problem = run.trial.problem
    return bool(problem.data or problem.constants or problem.functions)


def ending(run: Run) -> float:
    """Operations that the statement of what the data say takes; zero where there is nothing to be found."""
    trial, points = run.trial, run.points.training
    if isinstance(trial, Piecewise) or not _to_be_found(run) or trial.parameters_count > LARGEST:
        return 0.0
    return costs_of(points).rows + qr(points.size, trial.parameters_count)


def _methods(run: Run, number: int) -> str:
    """What made the answer: all methods that trained its network, up to the stage in which it was found."""
    network = run.settings.stages[number].network
    same = [s.method for s in run.settings.stages[: number + 1] if s.network is network]
    return ", ".join(map(described_method, same))


def _identified(run: Run) -> Identified | None:
    if isinstance(run.trial, Piecewise):
        return None
    unseen = run.points.held_out if run.settings.validation else None
    return identified(run.points.training, run.weights, unseen)
