"""Data that the solution misses though it is one: the noise is larger than was said, or the equations are others."""

from __future__ import annotations

from pinnsolve.errors import Outcome
from pinnsolve.inverse.record import Identified
from pinnsolve.inverse.words import at_bounds
from pinnsolve.problem.observations import Measured
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.trial import Trial


def with_data(trial: Trial, outcome: Outcome, own: float, found: Identified | None) -> Outcome:
    """The outcome where equations hold, and data are missed by more than their noise and the solution's own error.

    Over cells equations hold as exactly as they are solved; elsewhere `own` tells, the error of the solution (zero
    where it is not known), and then a run that has not come to its end contradicts its data, too.
    """
    data, misfits = trial.problem.data, {} if found is None else found.misfits
    lost = [(n, m) for n, m in misfits.items() if m.missed and m.value > _seen(data[n], n, own) + m.expected]
    ended = ("converged", "noise", "budget", "plateau") if own else ("converged", "noise")
    if outcome.kind not in ended or not (own or isinstance(trial, OfCells)) or not lost:
        return outcome  # errors that are scaled by a misfit look like noise
    name, misfit = lost[0]
    told = f"{name} is missed: chi squared is {misfit.value:.4g}, and {misfit.expected:.4g} is expected"
    remedy = (
        "the noise may be larger than sigma says, the equations others than those of the data, or another guess needed"
    )
    if found is not None and (standing := at_bounds(found.constants, trial.constants.declared, missed=True)):
        remedy = f"{next(iter(standing.values()))}; else the noise may be larger than sigma says"
    return Outcome("contradicted", told, remedy)


def _seen(data: Measured, name: str, error: float) -> float:
    """What a relative error of a solution makes of its misfit to data, sum (error size / sigma)^2."""
    unknown = next(u for u, e in zip(data.unknowns, data.equations, strict=True) if e.name == name)
    measured = data.points.measured[unknown]
    size = float(measured.std(correction=0)) or float(measured.abs().max())
    return float((error * size / data.points.measured[f"sigma {unknown}"]).square().sum())
