"""What is asked of cells: how exact they are, from a problem's tolerance or a bound that somebody gave."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol

from pinnsolve.march.record import Accuracy
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.planar import Planar
from pinnsolve.trial.rim import at_rim


@dataclass(frozen=True)
class Rules:
    """What is asked for.

    Parameters
    ----------
    line : float
        Times the least that is asked for, along a line. Larger: a march to a lower tolerance follows where a kink sends
        out waves (Schroedinger's equation to 1e-4), which takes ten times as long. Smaller: steps nobody asked for.
    plane : float
        Times the tolerance, over two coordinates: the second march is as much more exact there. Larger: it is not exact
        enough, and a third follows. Smaller: more cells than are asked for.
    nearer : float
        Of the least that a first march over a plane is asked for, where the tolerance asks for less. Larger: the second
        march just misses a tolerance of 1e-4, and a third follows (heat_many_scales: 2.3 s with 1, 1.3 with 1/2, 1.5
        with 1/3, and eddies to 1e-6 5.1 s with 1/5 in place of 1.8; `python -m validation heat_many_scales`).
    rim, cornered : float
        Times that over a shape, and where it has corners. Larger: a march to a lower tolerance follows more often,
        which takes ten times as long. Smaller: more than is asked for.
    first : float
        Over a shape what a first march is asked for at least. Larger: a march to a lower tolerance follows. Smaller:
        nothing is solved on slow machines.
    most : float
        The largest tolerance there. Larger: residuals as large as the terms are let pass.
    fluxed : float
        The same where fluxes join the cells of a plane, and residuals are measured by what they change. Larger: steps
        that follow nothing.
    constrained : float
        The same over a plane where an unknown has no derivative along time, as pressures have none: what cells leave of
        layers at walls does these little harm. Larger: steps that follow nothing. Smaller: layers that begin at a wall
        at once are chased with cells, and no march gets away from the start.
    waves : float
        The same of equations of second order in time, whose errors add up. Larger: a first march tells nothing.
    steady : float
        Times the share of the tolerance: where nothing evolves, what cells leave is of the size of the error. Larger:
        a second solution follows more often. Smaller: the first is more exact than is asked for.
    space : float
        Times that, over space, where what cells leave is ten to forty times the error.
    coarse : float
        The largest bound of that; over space so many times as large. Larger: solutions that are wrong alike. Smaller:
        more than is asked for.
    gaps : float
        Times that, where an equation may differentiate what jumps: differences that are taken to see it see the gaps of
        joints, too. Larger: these are taken for jumps of the solution. Smaller: more cells.
    bound : float
        Of the residual in space, in tolerances of the steps. Larger: steps chase what cells do not resolve. Smaller:
        more cells than the steps need. That of the prototypes.
    alike : int
        Cells of a plane that are alike, at most: they are factorised once. With 400 a cone that is carried around just
        misses 1e-2 (`python -m validation.carried`). Larger: more memory than a run is to take.
    """

    coarse: float = 0.005
    gaps: float = 0.01
    steady: float = 300.0
    space: float = 2.0
    line: float = 0.6
    plane: float = 100.0
    nearer: float = 0.5
    rim: float = 0.5
    cornered: float = 0.2
    first: float = 1e-4
    most: float = 1e-3
    fluxed: float = 2e-2
    constrained: float = 5e-3
    waves: float = 1e-2
    bound: float = 100.0
    alike: int = 1000


RULES = Rules()


class Asking(Protocol):
    """A method over cells: `Marching` and `Enriching`."""

    @property
    def bound(self) -> float | None: ...
    @property
    def share(self) -> float: ...
    @property
    def least(self) -> float: ...
    @property
    def even(self) -> bool: ...


def accuracy(method: Asking, trial: OfCells) -> Accuracy:
    """What the bound, or the problem's tolerance, asks of a march."""
    dims = len(trial.problem.space_coordinates)
    if isinstance(trial, Planar):
        bound = closeness(method, trial)
        return Accuracy(trial.layer.steady, 1, bound, bound, activation=trial.layer.activation)
    if method.bound is not None:
        return Accuracy(*trial.features, method.bound / RULES.bound, method.bound, activation=trial.layer.activation)
    times, least = _times(trial), method.least * (RULES.plane if dims > 1 else RULES.line)
    asked = method.share * trial.problem.tolerance * times
    if at_rim(trial.problem):
        least = min(least, RULES.first) * times / RULES.plane
    elif dims == 2 and asked < least:
        least *= RULES.nearer
    tolerance = max(asked, least)
    if dims > 1:
        tolerance = min(tolerance, _most(trial))
    even = method.even and isinstance(trial.read, Evolution) and may_be_even(trial.read)
    most, kind = RULES.alike if even else Accuracy.most, trial.layer.activation
    return Accuracy(*trial.features, tolerance, RULES.bound * tolerance, most=most, activation=kind, even=even)


def may_be_even(e: Evolution) -> bool:
    """Whether cells may be alike all over: where one factorisation of these serves all steps."""
    return e.dims == 2 and e.constant and e.region is None and not e.fluxed


def _most(trial: OfCells) -> float:
    """The largest tolerance."""
    e = trial.read
    if not isinstance(e, Evolution):
        return RULES.most
    if e.fluxed:
        return RULES.waves if e.second else RULES.fluxed
    return RULES.constrained if e.dims == 2 and 0 in e.orders else RULES.most


def _times(trial: OfCells) -> float:
    """What the share of the tolerance is multiplied by."""
    if len(trial.problem.space_coordinates) < 2:
        return 1.0
    if not at_rim(trial.problem):
        return RULES.plane
    cornered = isinstance(trial.read, Evolution) and trial.read.cornered
    return RULES.plane * (RULES.cornered if cornered else RULES.rim)


def closeness(method: Asking, trial: Planar) -> float:
    """Of what cells leave where nothing evolves: it is of the size of the error."""
    if method.bound is not None:
        return method.bound
    asked = min(RULES.steady * method.share * trial.problem.tolerance, RULES.coarse)
    return max(asked * _closer(trial), method.least)


def _closer(trial: Planar) -> float:
    return (RULES.gaps if trial.plan.rough_inside else 1.0) * (RULES.space if trial.dims > 2 else 1.0)


def share_of(method: Asking, trial: OfCells) -> float:
    """The share of the tolerance that comes of it, with the least and the most that is ever asked for."""
    if isinstance(trial, Planar):
        return closeness(method, trial) / (RULES.steady * _closer(trial) * trial.problem.tolerance)
    return accuracy(method, trial).tolerance / (_times(trial) * trial.problem.tolerance)
