"""Training begins at the user's guess: what a trial function is made of comes as close to it as it can."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.algebra.least_squares import solved
from pinnsolve.algebra.operations import Work
from pinnsolve.jets.jet import Jet
from pinnsolve.methods import LevenbergMarquardt
from pinnsolve.methods.protocol import Objective
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.probes import Size
from pinnsolve.residuals import Residuals, Site
from pinnsolve.residuals.costs import costs_of
from pinnsolve.training.weights import made_of
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.trial import Trial


@dataclass(frozen=True)
class Rules:
    """How closely the guess is followed. Chosen, not measured.

    Parameters
    ----------
    ridge : float
        Of random features: no more than a rough fit is wanted, and a smooth one between the points.
    points : int
        At most, for networks that train. More: time for what is a guess.
    steps : int
        Of Levenberg-Marquardt at most. More: the same.
    close : float
        Of the guess (rms): what may be missed.
    """

    ridge: float = 1e-9
    points: int = 500
    steps: int = 40
    close: float = 1e-3


RULES = Rules()


def before_guess(residuals: Residuals) -> dict[str, float]:
    """What is left of all residuals (rms) before the guess is taken; where that is nothing at all, as where zero is a
    solution, what smooth unknowns of the guess's size make in them."""
    left = residuals.rms()
    return left if any(left.values()) else made_of(residuals, sizes(residuals.trial))


def to_guess(trial: Trial, training: Residuals, work: Work) -> None:
    """Bring the unknowns of which there is a guess as close to it as they come, on the points inside the domain; cells
    are found from it later."""
    if isinstance(trial, OfCells):
        return
    guess, (site, points) = trial.problem.guess, next(p for p in training.places if p[0].name == "interior")
    if not trial.frozen:
        points = points.thinned(RULES.points)
    terms = {u: _apart(trial, u) for u in guess.unknowns}
    values = Residuals(trial, [(Site("interior", site.pieces, terms), points)])
    weights = {u: size.scale**-2 for u, size in sizes(trial).items() if u in terms}
    if trial.frozen:
        residual, rows = values.rows(weights)
        start = trial.vector()
        found = solved(rows, (rows @ start - residual)[:, None], RULES.ridge)
        if found is not None:
            trial.assign(found[:, 0])
        return
    objective = Objective(trial, values, weights, costs=costs_of(values), work=work)
    method = LevenbergMarquardt()
    state = method.init(objective)
    for _ in range(RULES.steps):
        state = method.step(objective, state)
        if state["stuck"] or not state["loss"] > RULES.close**2 * len(terms):
            return


def _apart(trial: Trial, unknown: str) -> Callable[[Fields], Jet]:
    """An unknown less its guess."""

    def term(at: Fields) -> Jet:
        apart: Jet = at[unknown] - trial.problem.guess.of(unknown, at)
        return apart

    return term


def sizes(trial: Trial) -> dict[str, Size]:
    """How large the unknowns are and how much they vary, by the guess; where there is none as it is known otherwise."""
    problem = trial.problem
    found: dict[str, Size] = {u: trial.plan.size(u) for u in problem.unknowns}
    for u, values in problem.guessed(problem.domain.line()).items():
        varies = float(values.std()) or float(values.abs().max())
        found[u] = Size(float(values.mean()), max(varies, found[u].scale if not varies else 0.0))
    return found


@torch.no_grad()
def scaled(trial: Trial) -> Tensor:
    """The unknowns of which there is a guess, over their sizes, at some places, one after the other."""
    about = sizes(trial)
    fields = trial.unknowns(trial.prepare(trial.problem.domain.line()))
    return torch.cat([fields[u].value / about[u].scale for u in trial.problem.guess.unknowns])
