"""What a network's description stands for on a problem: its trial function, and whether cells can solve it at all."""

from __future__ import annotations

from typing import Any

import torch

from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.evolution import Evolution, evolution
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.line import Line, line
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.planar import Planar
from pinnsolve.trial.steady import steady
from pinnsolve.trial.trial import Trial


def read_for_cells(problem: Problem, made: Plan) -> Evolution | Line:
    """What cells need to know of a problem. Whether they can solve it is decided here alone.

    Raises
    ------
    UnmarchableError
        With the reason why they cannot.
    """
    if len(problem.coordinates) == 1:
        return line(problem, made)
    return steady(problem, made) if problem.domain.time is None else evolution(problem, made)


def trial_of(
    problem: Problem,
    network: Any,
    made: Plan,
    generator: torch.Generator,
    dtype: torch.dtype,
    device: torch.device | str,
) -> Trial:
    """The trial function that a network's description stands for."""
    if isinstance(network, LocalFeatures):
        kind = Lined if len(problem.coordinates) == 1 else Planar if problem.domain.time is None else Marched
        return kind(problem, network, made, dtype, device)
    return Trial(problem, network, made, generator, dtype, device)
