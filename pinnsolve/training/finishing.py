"""The end of a run: what is kept, what it is worth, and what the data say."""

from __future__ import annotations

from pinnsolve.algebra.operations import qr
from pinnsolve.errors import Outcome
from pinnsolve.inverse.record import Identified
from pinnsolve.inverse.standard_errors import LARGEST, identified
from pinnsolve.methods.costs import costs_of
from pinnsolve.settings import described_method, described_network, is_features
from pinnsolve.training.history import Training
from pinnsolve.training.overfitting import overfitting
from pinnsolve.training.run import Run
from pinnsolve.trial.piecewise import Piecewise


def finished(run: Run, outcome: Outcome) -> Training:
    """Take the best parameters, and tell how they were found."""
    number, step = (run.number, run.step) if run.best is None else (run.best.stage, run.best.step)
    kept = run.settings.stages[number]
    if run.best is not None and kept.network is not run.stage.network:
        run.trial = run.best_trial()
        run.points.take(run.trial, training=bool(run.trial.problem.data))
        training, held_out, points = run.best.training, run.best.held_out, run.best.points
    else:
        if run.best is not None:
            run.trial.assign(run.best.vector)
        training, held_out, points = run.points.training.rms(), run.points.held_out.rms(), run.points.counts()
    error = run.gathered().error_of(run.as_found(number, held_out), not is_features(kept.network), run.weights)
    data = run.trial.problem.data if run.settings.validation else {}
    lost = overfitting(run.history.looks, {name: run.weights[name] for name in data}, step)
    if lost is not None and outcome.kind in ("plateau", "overfitting"):
        outcome = lost.outcome
    return Training(
        outcome, run.clock.seconds, run.step, step, run.history.looks, training, held_out, points,
        dict(run.weights), _methods(run, number), described_network(kept.network), run.choice, error, _identified(run),
        lost,
    )  # fmt: skip


def ending(run: Run) -> float:
    """Operations that the statement of what the data say takes; zero without data."""
    trial, points = run.trial, run.points.training
    if isinstance(trial, Piecewise) or not trial.problem.data or trial.parameters_count > LARGEST:
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
