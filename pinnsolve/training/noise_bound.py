"""Whether the noise of the data keeps the answer from its tolerance: then no other network comes nearer."""

from __future__ import annotations

from pinnsolve.algebra.operations import LARGEST
from pinnsolve.errors import Outcome
from pinnsolve.inverse.standard_errors import Means, identified
from pinnsolve.networks import RandomFeatures
from pinnsolve.networks.described import is_features
from pinnsolve.training.finishing import seen_places
from pinnsolve.training.results import Ended, Turn
from pinnsolve.training.rules import RULES
from pinnsolve.training.run import Run
from pinnsolve.training.strategy import NOISE


def at_the_noise(run: Run, now: Ended, turn: Turn | Outcome) -> Turn | Outcome:
    """The turn as it is; or the outcome where it would train a network, and random features are known to the noise.

    What the noise makes of the best features is more than the tolerance, and more than what they leave of the solution:
    the misfit of the data, which no network can lower, is what is left of the residual.
    """
    if isinstance(turn, Outcome) or is_features(run.settings.stages[turn.number].network) or now.estimate is None:
        return turn
    problem = run.trial.problem
    if not run.settings.automatic or not problem.data or not problem.equations:
        return turn  # without equations nothing tells which function lies in the noise
    best = None if run.best is None else run.settings.stages[run.best.stage].network
    if not isinstance(best, RandomFeatures) or now.parameters > LARGEST:
        return turn
    noise = _of_the_best(run)
    if noise is None or not noise > max(RULES.certain * run.tolerance, now.estimate):
        return turn
    told = f"the error is estimated at {now.estimate:.0e} ({now.compared} solutions compared){NOISE}"
    return Outcome("noise", told, "more or better measurements, or a larger tolerance")


def _of_the_best(run: Run) -> float | None:
    """The relative error that the data's noise makes of the best solution so far; None where it is not known."""
    before = run.trial
    run.trial = run.best_trial()
    run.points.take(run.trial)
    try:
        found = identified(run.points.training, run.weights, Means(0, {}, seen_places(run)))
    finally:
        run.trial = before
        run.points.take(before)
    return None if found is None or found.undetermined else found.noise
