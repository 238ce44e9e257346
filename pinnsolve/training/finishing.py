"""The end of a run: what is kept, what it is worth, and what the data say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pinnsolve.errors import Outcome
from pinnsolve.inverse.record import Identified
from pinnsolve.inverse.standard_errors import identified
from pinnsolve.methods import OWN_POINTS
from pinnsolve.settings import described_method, described_network, is_features
from pinnsolve.training.history import Training
from pinnsolve.training.overfitting import overfitting
from pinnsolve.trial.piecewise import Piecewise

if TYPE_CHECKING:
    from pinnsolve.training.loop import Loop


def finished(loop: Loop, outcome: Outcome) -> Training:
    """Take the best parameters, and tell how they were found."""
    state = loop.state
    number, best = (state.best["stage"], state.best["step"]) if state.best else (state.stage, state.step)
    kept = loop.settings.stages[number]
    if state.best and kept.network is not loop.stage.network:
        loop.trial = loop.best_trial()
        loop.points.take(loop.trial)
    elif state.best:
        loop.trial.assign(state.best["vector"])
    held_out = loop.points.held_out.rms()
    was = state.best or {
        "training": loop.points.training.rms(), "weights": dict(loop.weights),
        "points": state.method.get("points") or loop.points.counts(),
    }  # fmt: skip
    error = loop.gathered().error_of(loop.as_found(number, held_out), not is_features(kept.network), loop.weights)
    data = loop.trial.problem.data if loop.settings.validation else {}
    lost = overfitting(loop.history, {name: loop.weights[name] for name in data}, best)
    if lost is not None and outcome.kind in ("plateau", "overfitting"):
        outcome = lost.outcome
    same = [s.method for s in loop.settings.stages[: number + 1] if s.network is kept.network]
    own, rule = isinstance(kept.method, OWN_POINTS), loop.settings.redraw
    return Training(
        outcome, state.seconds, state.step, best, loop.history, was["training"], held_out, was["points"],
        was["weights"], ", ".join(map(described_method, same)), described_network(kept.network), state.choice,
        error, _identified(loop), lost, "sobol" if own else loop.settings.sampler,
        rule.every if rule is not None and kept.method.redraws else None, loop.unsaved,
        loop.settings.unread(kept.method) if loop.settings.automatic else [],
    )  # fmt: skip


def _identified(loop: Loop) -> Identified | None:
    if isinstance(loop.trial, Piecewise):
        return None
    unseen = loop.points.held_out if loop.settings.validation else None
    return identified(loop.points.training, loop.weights, unseen)
