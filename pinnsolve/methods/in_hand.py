"""What training over cells has in hand: its march, the solution so far, and what was read of the equations."""

from __future__ import annotations

from typing import TypeVar

from pinnsolve.methods.protocol import Objective
from pinnsolve.trial.evolution import Evolution, read_evolution
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.planar import Planar

Known = TypeVar("Known", Lined, Planar)


def marched(objective: Objective) -> Marched:
    model = objective.model
    assert isinstance(model, Marched)
    return model


def known_of(objective: Objective, kind: type[Known]) -> Known | None:
    """The best solution so far, if it is one of a kind."""
    known = objective.guess() if objective.guess is not None else None
    return known if isinstance(known, kind) else None


def evolution_of(trial: Marched) -> Evolution:
    """What was read of the trial function's problem; read now, where nobody did."""
    if trial.read is None or trial.forward.count:
        trial.read = read_evolution(trial.forward.at(trial.forward.values()), trial.plan)
    assert isinstance(trial.read, Evolution)  # others are not given such a trial function
    return trial.read
