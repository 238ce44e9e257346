"""What stands where time begins, and at the walls of an evolution."""

from __future__ import annotations

from pinnsolve.problem.equation import Prescribed as Given
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.determined import UnmarchableError, Wall, wall_at
from pinnsolve.trial.rim import at_rim, wall_on_rim


def conditions_of(problem: Problem, begin: float) -> tuple[dict[str, Given], dict[str, Given], list[Wall]]:
    """What is prescribed where time begins, values and rates, and what holds at walls.

    Raises
    ------
    UnmarchableError
        If something stands at another moment, or elsewhere.
    """
    assert problem.time is not None
    starts: dict[str, Given] = {}
    rates: dict[str, Given] = {}
    walls: list[Wall] = []
    for condition in problem.conditions:
        for piece in problem.pieces(condition):
            if piece.moment is not None:
                told = condition.prescribes
                kept = {"value": starts, "rate": rates}.get(told.what) if told is not None else None
                if kept is None or told is None or piece.face != (problem.domain.time, begin):
                    raise UnmarchableError(f"{condition.name} is no value or rate where time begins")
                kept[told.unknown] = told
                continue
            if at_rim(problem):
                walls.append(wall_on_rim(problem, condition, piece))
            else:
                walls.append(wall_at(problem, condition, piece, parts=len(problem.space_coordinates) == 2))
    return starts, rates, walls
