"""The end of a run: what is kept, what it is worth, and what the data say."""

from __future__ import annotations

from pinnsolve.algebra.operations import LARGEST, qr
from pinnsolve.errors import Outcome
from pinnsolve.inverse.record import Identified
from pinnsolve.inverse.standard_errors import identified
from pinnsolve.methods import OWN_POINTS
from pinnsolve.methods.costs import costs_of
from pinnsolve.settings import described_method, described_network, is_features
from pinnsolve.training.doubts import doubted, to_be_found
from pinnsolve.training.history import Training
from pinnsolve.training.overfitting import overfitting
from pinnsolve.training.run import Run
from pinnsolve.training.unseen import cost
from pinnsolve.trial.piecewise import Piecewise


def finished(run: Run, outcome: Outcome, unsaved: str = "") -> Training:
    """Take the best parameters, and tell how they were found; `unsaved` says why the last checkpoint is missing."""
    number, step = (run.number, run.step) if run.best is None else (run.best.stage, run.best.step)
    kept = run.settings.stages[number]
    if run.best is not None and kept.network is not run.stage.network:
        run.trial = run.best_trial()
        run.points.take(run.trial, training=to_be_found(run))
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
    outcome, error = doubted(run, outcome, error, held_out, weights)
    own, rule = isinstance(kept.method, OWN_POINTS), run.settings.redraw
    return Training(
        outcome, run.clock.seconds, run.step, step, run.history.looks, training, held_out, points,
        weights, _methods(run, number), described_network(kept.network), run.choice, error, found, lost,
        "sobol" if own else run.settings.sampler, rule.every if rule is not None and kept.method.redraws else None,
        unsaved, run.settings.unread(kept.method) if run.settings.automatic else [],
    )  # fmt: skip


def ending(run: Run) -> float:
    """Operations of what is looked at when training is over: differences, and what the data say."""
    trial, points = run.trial, run.points.training
    differences = cost(run.points.held_out)
    if isinstance(trial, Piecewise) or not to_be_found(run) or trial.parameters_count > LARGEST:
        return differences
    return differences + costs_of(points).rows + qr(points.size, trial.parameters_count)


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
