"""The scatter of an ensemble over the whole domain, beside the errors of its members."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from pinnsolve.ensembles.record import Ensemble
from pinnsolve.reference import Reference
from pinnsolve.verdict.compare import REPLICATES, FieldError, field_errors, measured_places


@dataclass(frozen=True)
class Scatter:
    """How much the members of an ensemble differ.

    Parameters
    ----------
    spread : dict from unknown to float
        ||s|| / ||mean|| with s the standard deviation over the members, over the whole domain (dimensionless); the
        plain norm where the mean vanishes. The scatter of the method over seeds: no error, and no bound for it.
    errors : list of dict from unknown to FieldError
        Of each member; empty without a reference.
    """

    spread: dict[str, float]
    errors: list[dict[str, FieldError]]


def scatter(ensemble: Ensemble, reference: Reference | None) -> Scatter:
    """Measure an ensemble on the points on which solutions are compared."""
    squares, norms = dict.fromkeys(ensemble.problem.unknowns, 0.0), dict.fromkeys(ensemble.problem.unknowns, 0.0)
    for replicate in range(REPLICATES):
        places = measured_places(ensemble, replicate)
        for unknown in ensemble.problem.unknowns:
            squares[unknown] += float(np.mean(ensemble.spread(unknown)(**places) ** 2))
            norms[unknown] += float(np.mean(ensemble.d(unknown)(**places) ** 2))
    spread = {u: (squares[u] / (norms[u] or REPLICATES)) ** 0.5 for u in squares}
    errors = [] if reference is None else [field_errors(member, reference) for member in ensemble.members]
    return Scatter(spread, errors)
