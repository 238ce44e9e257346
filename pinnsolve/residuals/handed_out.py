"""What a solution hands out of a problem's unknowns where something else is solved for: beside sources, and on parts of
space."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import torch

from pinnsolve.checks.as_regular import whole
from pinnsolve.checks.folds import Fold, Sheet, fold_of, on_sheet, seen_on
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.points import Points
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.quantities import Quantity
from pinnsolve.residuals.evaluated import Quantity as Wanted
from pinnsolve.residuals.evaluated import evaluated
from pinnsolve.trial.elsewhere import breaks
from pinnsolve.trial.reach import RULES as REACH
from pinnsolve.trial.reach import passed, reached
from pinnsolve.trial.trial import Trial

Part = tuple[Fold, Sheet]


def handed_out(
    problem: Problem, trial: Trial, points: Points, quantities: Mapping[str, Wanted], derived: bool = True
) -> dict[str, np.ndarray]:
    """Each quantity of an unknown or an equation, by its name, at all points of a problem as it was written, (N,): no
    number where it does not live.

    Parameters
    ----------
    problem : Problem
        As it was written; `trial` is that of the problem as it is solved.
    derived : bool
        Whether derivatives are asked for.
    """
    fold = fold_of(problem)
    if fold is None:
        return evaluated(trial, points, quantities, derived, whole(problem))
    found: dict[str, Any] = {}
    parts = [fold.sheet_of(name) for name in quantities]
    for sheet in dict.fromkeys(parts):
        mine = {n: q for (n, q), own in zip(quantities.items(), parts, strict=True) if own == sheet}
        values = evaluated(trial, on_sheet(points, fold, sheet), mine, derived, seen_on(fold, sheet))
        inside = np.asarray(sheet.inside(points.coordinates[fold.coordinate]))
        found |= {n: v if fold.everywhere(n) else np.where(inside, v, np.nan) for n, v in values.items()}
    return {name: found[name] for name in quantities}


def of_unknown(
    trial: Trial, name: str, derived: Sequence[str], along: Callable[..., Callable[..., Any]]
) -> Callable[..., Any]:  # fmt: skip
    """An unknown function of unknowns: of places of these, where the solution comes to them; or `along` the
    coordinates, as it stands in the equations."""
    arguments = trial.problem.functions[name].coordinates
    asked = [a for a in arguments if a in trial.problem.unknowns]
    if any(c not in arguments for c in derived):
        return along(name, *derived)

    def evaluate(**places: Any) -> Any:
        if not any(a in places for a in asked):
            return along(name, *derived)(**places)
        if {*places} != {*arguments}:
            write = ", ".join(f"{a}=..." for a in arguments)
            raise ProblemError(f"{name} is a function of {' and '.join(arguments)} alone", f"Write {name}({write}).")
        values = np.broadcast_arrays(*(np.asarray(places[a], dtype=np.float64) for a in arguments))
        flat = [torch.from_numpy(np.ascontiguousarray(v.reshape(-1))) for v in values]
        _within(trial, name, torch.stack(flat, 1))
        points = Points(dict(zip(arguments, flat, strict=True)), torch.ones_like(flat[0]))
        _, at = points.to(trial.dtype, trial.device).chart()
        alpha = tuple(list(derived).count(a) for a in arguments)
        found = trial.functions.alone(name, at).dense(alpha).detach().cpu().double().numpy()
        return found.reshape(values[0].shape)[()]

    return evaluate


def _within(trial: Trial, name: str, places: torch.Tensor) -> None:
    """Refuse places (N, arguments) to which the solution does not come.

    Raises
    ------
    ProblemError
        With how far it goes, or the nearest one to which it comes.
    """
    arguments, ends = trial.problem.functions[name].coordinates, reached(trial, name)
    low, high = torch.tensor(ends, dtype=torch.float64).T
    room = REACH.missed if len(arguments) == 1 else REACH.beside
    beyond = ~((places >= low - room * (high - low)) & (places <= high + room * (high - low))).all(1)
    if len(arguments) > 1:
        seen = (passed(trial, name) - low) / (high - low)
        away, nearest = _nearest((places - low) / (high - low), seen)
        beyond |= away > room
    if not bool(beyond.any()):
        return
    worst = int(beyond.nonzero()[0])
    where = _told(arguments, places[worst])
    if len(arguments) == 1:
        raise ProblemError(
            f"{name} is known from {arguments[0]} = {float(low):.6g} to {float(high):.6g}, and was asked at {where}",
            f"That is how far {arguments[0]} goes in the solution: nothing tells {name} beyond.",
        )
    near = _told(arguments, low + (high - low) * seen[nearest[worst]])
    raise ProblemError(
        f"{name} was asked at {where}, and the solution comes no nearer to that than {near}",
        f"Nothing tells {name} where the solution does not go: data of other experiments, observed(..., given=...).",
    )


def _nearest(places: torch.Tensor, seen: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """How far each place (N, arguments) is from the nearest of others, and which that is."""
    each = [torch.cdist(part, seen).min(1) for part in places.split(1024)]
    return torch.cat([e.values for e in each]), torch.cat([e.indices for e in each])


def _told(names: Sequence[str], values: torch.Tensor) -> str:
    return ", ".join(f"{n} = {v:.6g}" for n, v in zip(names, values.tolist(), strict=True))


def part_of(problem: Problem, quantity: Quantity) -> Part | None:
    """On which part of space a quantity is to be integrated; None where unknowns live on all of it.

    Raises
    ------
    ProblemError
        If it speaks of unknowns on several parts and not where these meet, or of none.
    """
    fold = fold_of(problem)
    if fold is None:
        return None
    sheets, at = fold.asked(quantity.asks), [p.fixed.get(fold.coordinate) for p in quantity.pieces(problem.domain)]
    length = problem.domain.length(fold.coordinate)
    if not sheets or (
        len(sheets) > 1 and not all(x is not None and all(s.span.holds(x, length) for s in sheets) for x in at)
    ):
        raise ProblemError(
            f"{quantity.name} speaks of {'unknowns on several parts' if sheets else 'no unknown'} of space",
            f"Integrate what lives on one part, or stand where they meet, over=face({fold.coordinate}=...).",
        )
    return fold, sheets[0]


def of_quantity(
    problem: Problem, trial: Trial, points: Points, quantity: Quantity, part: Part | None
) -> np.ndarray:  # fmt: skip
    """What is integrated, (N,); nothing outside of the part of space of which it speaks."""
    wanted = {"": lambda at: quantity.value(at).value}
    if part is None:
        return evaluated(trial, points, wanted, shown=whole(problem))[""]
    fold, sheet = part
    found = evaluated(trial, on_sheet(points, fold, sheet), wanted, shown=seen_on(fold, sheet))[""]
    return np.where(np.asarray(sheet.inside(points.coordinates[fold.coordinate])), found, 0.0)


def broken_at(trial: Trial, part: Part | None) -> dict[str, list[float]]:
    """Where along a coordinate what is integrated on a part of space may jump, or its slopes."""
    found = breaks(trial)
    if part is not None:
        fold, sheet = part
        ends = [sheet.span.low, sheet.span.high]
        found[fold.coordinate] = ends + [sheet.unfolded(xi) for xi in found.get(fold.coordinate, [])]
    return found
