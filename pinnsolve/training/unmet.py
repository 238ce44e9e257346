"""After training over cells: whether each condition holds as it was written, where nothing was solved.

Cells have rows of their own for conditions, and an error that is told by two solutions is blind to what both leave out.
So each condition is looked at on points of its own, by the fields that are handed out. What is left of it,

    rms(r) / mean(sum over p of |dr/dp p|),    p the derivatives of smooth changes of the unknowns by their sizes,

is the error of a value in units of the unknown, and of a slope in those over the domain's length: away from corners
where values jump, and without the tenth of the points where most is left. Rates at a moment are compared with those of
all times, where these are larger.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.algebra import yardstick
from pinnsolve.errors import Outcome
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.places import Corner, away
from pinnsolve.geometry.points import SIDES, Points
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Size
from pinnsolve.training.rules import RULES
from pinnsolve.training.run import Run
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.of_cells import OfCells


@dataclass(frozen=True)
class Looks:
    """How conditions are looked at.

    Parameters
    ----------
    points : int
        On each piece. Fewer: what is lost of a part of a side is not seen. Chosen, not measured.
    seed : int
        Of these points.
    values, slopes : float
        Times the estimated error: a condition on values alone, or on more than values, that leaves more is none that
        two solutions see. In the gallery they leave up to 3 and up to 16 times the estimate. Larger: estimates that are
        too kind. Smaller: good ones are made too cautious.
    poorer : float
        The same of a condition on values where a poorer march tells the error, which is nearer to what is told: they
        leave half of it (fronts aslant), and slopes fifty times it. Larger: a wall that was lost is not seen.
    kept : float
        Of the points of a piece, those where least is left: slopes need not agree at corners, and a rate beside a kink
        that moves is as large as waves are steep. Larger: a string that was plucked is said to be wrong. Smaller: what
        is lost of a part of a side is not seen.
    """

    points: int = 200
    seed: int = 23
    values: float = 10.0
    slopes: float = 100.0
    poorer: float = 2.0
    kept: float = 0.9


LOOKS = Looks()


@dataclass(frozen=True)
class Unmet:
    """What is left of a condition on a piece.

    Parameters
    ----------
    name : str
    share : float
        In units of the unknowns (dimensionless).
    usual : float
        How many times the error it may be.
    """

    name: str
    share: float
    usual: float


def with_conditions(run: Run, outcome: Outcome, error: float | None) -> tuple[Outcome, float | None]:
    """The outcome and the estimated error of a run, which are not better than the solution holds its conditions."""
    trial = run.trial
    if not (isinstance(trial, OfCells) and trial.complete) or (error is None and outcome.kind != "converged"):
        return outcome, error
    worst = max(_left(run, trial), key=lambda u: u.share / u.usual, default=None)
    enough = RULES.certain_cells * run.tolerance
    if worst is None or worst.share <= (enough if error is None else worst.usual * error):
        return outcome, error
    told = f"{outcome.detail}; but the condition '{worst.name}' is missed by {worst.share:.0e} at points of its own"
    if outcome.kind != "converged" or worst.share <= enough:
        return replace(outcome, detail=told), worst.share
    remedy = "cells do not hold what was written there: solve it with network=MLP(), and report it"
    return Outcome("plateau", told, remedy), worst.share


def _left(run: Run, trial: OfCells) -> Iterator[Unmet]:
    """What is left of each condition on each of its pieces."""
    problem = trial.problem
    about = {
        u: Size(float(v.mean()), yardstick.of_values(v, trial.plan.size(u).scale))
        for u, v in run.points.values().items()
    }
    poorer = run.best is not None and any(f.again == run.best.stage and f.part < 1.0 for f in run.found)
    values = LOOKS.poorer if poorer else LOOKS.values
    on_curves = {id(c): c for c, _ in problem.cuts}.values()
    for condition in (*problem.conditions, *on_curves):
        pieces = problem.pieces(condition)
        for piece in pieces:
            name = condition.name if len(pieces) < 2 else f"{condition.name} ({piece.name})"
            usual = values if condition.says("value") else LOOKS.slopes
            yield Unmet(name, _share(trial, condition, piece, about), usual)


def _share(trial: OfCells, condition: Equation, piece: Piece, about: dict[str, Size]) -> float:
    """What is left of a condition on a piece; nothing where no place is far enough from a corner."""
    points, read, domain = piece.scattered(LOOKS.points, LOOKS.seed), trial.read, trial.problem.domain
    jumps: tuple[Corner, ...] = read.jumps if isinstance(read, Evolution) else ()
    far = away((*trial.plan.corners, *jumps), points.coordinates, domain)
    points = points if far is None else points[far]
    if not len(points):
        return 0.0
    with torch.no_grad():
        r: Tensor = condition.residual(trial.fields(trial.prepare(points))).value
        r = (r.view(-1, 2).mean(1) if SIDES in points.measured else r).abs()  # inside it holds of both sides together
    kept = r[r.isfinite()].sort().values
    kept = kept[: math.ceil(LOOKS.kept * len(kept))]
    # a piece may be so small that one wave is zero on all of it, and then the other is not
    made = sum(trial.problem.prober.change(condition, about, points, shift) for shift in (0.0, math.pi / 2)) / 2
    if piece.moment is not None and not condition.says("value"):
        made = max(made, _later(trial, condition, points))
    return float(kept.square().mean().sqrt()) / made if made and len(kept) else 0.0


def _later(trial: OfCells, condition: Equation, points: Points) -> float:
    """What a condition on rates at a moment leaves at others, (rms): so large rates are, where what goes on does so
    many times in all of time."""
    domain = trial.problem.domain
    assert domain.time is not None
    times = domain.place(domain.time, (torch.arange(len(points), dtype=points.weights.dtype) + 0.5) / len(points))
    moved = replace(points, coordinates={**points.coordinates, domain.time: times})
    with torch.no_grad():
        r: Tensor = condition.residual(trial.fields(trial.prepare(moved))).value
    return float(r[r.isfinite()].square().mean().sqrt()) if bool(r.isfinite().any()) else 0.0
