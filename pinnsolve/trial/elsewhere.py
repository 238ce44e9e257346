"""A trial function at other points than those at hand: what integrals are taken of."""

from __future__ import annotations

from typing import Any

import torch

from pinnsolve.geometry.across import ends_of
from pinnsolve.geometry.panels import REFINING, Panels
from pinnsolve.geometry.points import Points
from pinnsolve.problem.binding import Elsewhere, Fields


def elsewhere_of(trial: Any) -> Elsewhere | None:
    """How a trial function is known at other points; None where its problem holds no integral."""
    return _elsewhere(trial, bool(trial.frozen))


def elsewhere_of_cells(trial: Any) -> Elsewhere | None:
    """The same of one over cells, which are others from step to step."""
    return _elsewhere(trial, False)


def _elsewhere(trial: Any, fixed: bool) -> Elsewhere | None:
    if not trial.problem.integrals:
        return None

    def fields(points: Points, taped: bool) -> Fields:
        prepared = trial.prepare(points)
        if taped:
            prepared.chart.tape = trial.tape(prepared)
        found: Fields = trial.fields(prepared)
        return found

    room = max(REFINING.room // max(trial.width, 1), 64)
    panels = Panels(least=max(REFINING.missed, 100 * torch.finfo(trial.dtype).eps))
    return Elsewhere(fields, room, fixed, graded(trial), panels)


def breaks(trial: Any) -> dict[str, list[float]]:
    """Where along a coordinate slopes may jump, or something narrow begins and ends."""
    found = ends_of(list(trial.problem.materials.values()))
    for c, places in trial.fluxes.items():
        found.setdefault(c, []).extend(places)
    for plane in trial.plan.planes:
        found.setdefault(plane.coordinate, []).append(plane.value)
    for place in trial.plan.narrow:
        for c, middle in place.middle.items():
            found.setdefault(c, []).extend([*place.around(c), middle])
    return found


def graded(trial: Any) -> dict[str, list[float]]:
    """The same, and around what is narrow at distances that double: its ends, too, are steep."""
    found = breaks(trial)
    for place in trial.plan.narrow:
        for c, middle in place.middle.items():
            away, length = place.width[c], trial.problem.domain.length(c)
            while away < length:
                found[c] += [middle - away, middle + away]
                away *= 2
    return found
