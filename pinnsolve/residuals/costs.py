"""What one evaluation of the residuals costs, counted from shapes, in the operations of a dense factorisation.

With n points, P numbers that one point's residual depends on, and D derivatives that are asked for,

    values 2 n P D,    a gradient three times that,    rows of the Jacobian 2 n P D for each residual on top,

times `slower`, and `call` for each piece that is evaluated by itself. Frozen layers of m features are evaluated once on
any points, which costs 2 n m D times `slower` and `frozen`, and `zoomed` times that where they zoom in on corners.
"""

from __future__ import annotations

from dataclasses import dataclass

from pinnsolve.algebra.operations import SPEED
from pinnsolve.residuals import Residuals
from pinnsolve.residuals.sites import Site
from pinnsolve.trial.trial import Trial


@dataclass(frozen=True)
class Rates:
    """What an evaluation is counted as, beside the operations of a factorisation.

    Measured by `python -m benchmarks.operations`, which prints operations a second for each method: the closer its
    rows, the better the choices of `training.strategy` fit the budget. Larger: a run is taken to be nearer its end than
    it is, and tries less. Smaller: it overruns.

    Parameters
    ----------
    slower : float
        An evaluation waits for memory; a factorisation does not.
    call : float
        Operations: 2 ms of Python for a region's residuals, however few points it has.
    frozen : float
        Sines and their derivatives, for each number of a frozen layer.
    zoomed : float
        Times that, where half of the neurons see the direction of a corner.
    """

    slower: float = 10.0
    call: float = 2e7
    frozen: float = 10.0
    zoomed: float = 4.0


RATES = Rates()


@dataclass(frozen=True)
class Joined:
    """What an iteration over cells is counted as.

    Parameters
    ----------
    call : float
        Operations: 2.5 ms of Python, however few cells there are.
    small : float
        Matrices of a dozen rows take so many times as long as their operations in a large one.
    shape : float
        Of looking at a shape, or making the tables of space, for the first time: 0.3 s. Without it the next step seems
        to take as long for each of its operations as the first one does.
    rim : float
        Of a cell that a rim enters: 1 ms for what of it lies inside, and for its own features.
    """

    call: float = 2.5e-3 * SPEED
    small: float = 15.0
    shape: float = 0.3 * SPEED
    rim: float = 1e-3 * SPEED


JOINED = Joined()


@dataclass(frozen=True)
class Costs:
    """Operations of the values of all residuals, of the loss' gradient, of the Jacobian's rows, and of what is
    evaluated once on new points."""

    values: float = 0.0
    gradient: float = 0.0
    rows: float = 0.0
    once: float = 0.0


def values_of(trial: Trial, site: Site, count: int) -> float:
    """Operations of the values of one site's residuals on so many points."""
    known = site.asked.get(trial)
    derivatives = len(known.below) if known else 1
    return RATES.slower * 2.0 * count * trial.width * derivatives + RATES.call


def costs_of(residuals: Residuals) -> Costs:
    """What evaluations on these points cost."""
    values = rows = once = 0.0
    trial = residuals.trial
    zoomed = RATES.zoomed if trial.plan.corners else 1.0
    for site, points in residuals.places:
        one = values_of(trial, site, len(points))
        values += one
        if trial.frozen:
            once += RATES.frozen * zoomed * one / max(trial.outputs, 1)
        rows += one * len(site.terms)
    return Costs(values, 3 * values, 2 * values + rows, once)
