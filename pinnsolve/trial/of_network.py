"""What a network's description stands for on a problem: its trial function, and whether cells can solve it at all."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import torch

from pinnsolve.checks.check import Findings, check
from pinnsolve.checks.scales import sizes_of
from pinnsolve.errors import ProblemError
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.problem.local import in_place
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.determined import UnmarchableError
from pinnsolve.trial.evolution import Evolution, evolution
from pinnsolve.trial.exact import Plan, verified
from pinnsolve.trial.forward import Forward
from pinnsolve.trial.line import Line, line
from pinnsolve.trial.over_ranges import axes_of, over_cells
from pinnsolve.trial.steady import steady
from pinnsolve.trial.trial import Trial
from pinnsolve.trial.unsaid import untied


def read_for_cells(problem: Problem, made: Plan) -> Evolution | Line:
    """What cells need to know of a problem. Whether they can solve it is decided here alone.

    Raises
    ------
    UnmarchableError
        With the reason why they cannot.
    """
    if problem.ranges:
        return stated(problem, made, {a.name: a.value(0.0) for a in axes_of(problem)}).read
    known = _with_values(problem, made)
    if len(problem.coordinates) == 1:
        return line(known, made)
    if problem.domain.time is None:
        return steady(known, made)
    found = evolution(known, made)
    if found.relations and (problem.constants or problem.functions):  # the rows on them depend on these, too
        raise UnmarchableError("cells of a march end at no curve between materials while constants are to be found")
    return found


def check_layer(problem: Problem, layer: LocalFeatures) -> None:
    """Refuse a hidden layer that cells cannot share.

    Raises
    ------
    UnmarchableError
        If it is one of random features, and cells are those of three coordinates.
    """
    if layer.activation != "legendre" and len(problem.space_coordinates) > 2:
        what = f"random features ({layer.activation}) are for cells of one or two coordinates of space"
        raise UnmarchableError(f"{what}; over three the layer is one of Legendre polynomials")


@dataclass(frozen=True)
class Stated:
    """A problem at some values of its ranges, as cells need to know it."""

    problem: Problem
    plan: Plan
    read: Evolution | Line


def stated(problem: Problem, made: Plan, values: Mapping[str, float]) -> Stated:
    """A problem with ranges at some values of these.

    Parameters
    ----------
    made : Plan
        Of the problem with ranges: where it saw nothing but smooth data over all of these, nothing is looked at again.

    Raises
    ------
    UnmarchableError
        With the reason why cells cannot solve it.
    """
    if problem.constants or problem.functions or problem.observations:
        raise UnmarchableError("data are fitted for one value of a parameter")
    if problem.parts is not None:
        raise UnmarchableError("over ranges cells end at no curve between materials")
    if problem.domain.time is not None and len(problem.space_coordinates) > 2:
        raise UnmarchableError("ranges of parameters are for one or two coordinates of space with time")
    odd = (made.weighted, made.corners, made.planes, made.narrow, made.unseen, made.undecided)
    try:
        known = problem.with_parameters(values)
        seen = Findings({u: set() for u in known.unknowns}, [], [], sizes=sizes_of(known))
        looked_at = any(odd) or made.rough or made.rough_inside
        plan, _ = verified(known, check(known) if looked_at else seen)
    except ProblemError as error:
        raise UnmarchableError(error.fault) from None
    plan = replace(plan, orders=made.orders)
    return Stated(known, plan, read_for_cells(known, plan))


def _with_values(problem: Problem, made: Plan) -> Problem:
    """The problem at the guesses of its constants, without its data, where these tell them."""
    if not problem.constants and not problem.functions:
        return _without_integrals(problem)
    if not problem.observations:
        raise UnmarchableError("no measurements tell its unknown constants")
    if name := untied(problem, made.weighted):
        raise UnmarchableError(f"what is known of {name} is no number at a place, and no value on a face")
    forward = Forward(problem, torch.float64, torch.device("cpu"), made.sizes)
    try:
        return _without_integrals(forward.at(forward.values()))
    except ProblemError as error:
        raise UnmarchableError(f"at the guesses of its constants, {error.fault}") from None


def _without_integrals(problem: Problem) -> Problem:
    try:
        return in_place(problem)
    except ProblemError as error:
        raise UnmarchableError(error.fault) from None


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
        return over_cells(problem)(problem, network, made, dtype, device)
    return Trial(problem, network, made, generator, dtype, device)
