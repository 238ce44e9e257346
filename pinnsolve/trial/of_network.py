"""What a network's description stands for on a problem: its trial function, and whether cells can solve it at all."""

from __future__ import annotations

from typing import Any

import torch

from pinnsolve.errors import ProblemError
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.determined import UnmarchableError
from pinnsolve.trial.evolution import Evolution, evolution
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.forward import Forward
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
    known = _with_values(problem)
    if len(problem.coordinates) == 1:
        return line(known, made)
    return steady(known, made) if problem.domain.time is None else evolution(known, made)


def _with_values(problem: Problem) -> Problem:
    """The problem at the guesses of its constants, without its data, where these tell them."""
    if not problem.constants:
        return problem
    if problem.inner:
        raise UnmarchableError("where conditions stand inside, they find no unknown constants")
    if not problem.observations:
        raise UnmarchableError("no measurements tell its unknown constants")
    if problem.domain.time is None and len(problem.coordinates) > 1:
        raise UnmarchableError("cells of a steady plane find no unknown constants")
    forward = Forward(problem, torch.float64, torch.device("cpu"))
    try:
        return forward.at(forward.values())
    except ProblemError as error:
        raise UnmarchableError(f"at the guesses of its constants, {error.fault}") from None


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
