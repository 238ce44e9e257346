"""Materials that are boxes in a plane: cells end at their sides, fluxes join these, and no curve cuts a cell.

What flows out of one cell flows into the other, exactly, whatever is lost of a solution beside corners where blocks
meet: there slopes have hardly a square that can be integrated (r^-0.9 where four blocks differ by a factor of 200), and
least squares rather lose what flows through a good conductor than leave what such a slope does not fulfil of the
equations within a cell.
"""

from __future__ import annotations

from weakref import WeakKeyDictionary

import torch

from pinnsolve.geometry.blocks import are_boxes
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.determined import UnmarchableError, derivatives_of, equations_of, wall_at
from pinnsolve.trial.fluxes import Pairs, by_fluxes

_FLUXED: WeakKeyDictionary[Problem, Pairs] = WeakKeyDictionary()


def fluxed_blocks(problem: Problem) -> Pairs:
    """For each equation of a steady problem with such materials the number of the unknown that is spread by it, found
    once; nothing where materials are no boxes, or fluxes will not do."""
    if problem not in _FLUXED:
        with torch.enable_grad():  # also where a model is loaded
            _FLUXED[problem] = _fluxed(problem) if _in_boxes(problem) else ()
    return _FLUXED[problem]


def _in_boxes(problem: Problem) -> bool:
    """Whether a box of a plane is cut by boxes alone, and nothing is sought."""
    domain = problem.domain
    plane = domain.time is None and domain.shape is None and len(problem.coordinates) == 2
    if not plane or not problem.materials or problem.inner or problem.constants or problem.functions or problem.sought:
        return False
    return are_boxes(list(problem.materials.values()))


def _fluxed(problem: Problem) -> Pairs:
    equations, space = equations_of(problem), (0, 1)
    try:
        walls = [wall_at(problem, c, piece, parts=True) for c in problem.conditions for piece in problem.pieces(c)]
    except UnmarchableError:
        return ()
    rings = tuple(any(p.coordinate == c for p in problem.periodic) for c in problem.coordinates)
    derivatives = derivatives_of(problem, equations)
    joins = {u: [max((a[k] for a in derivatives[u]), default=0) for k in space] for u in problem.unknowns}
    return by_fluxes(problem, equations, walls, joins, dict.fromkeys(problem.unknowns, 0), space, rings, 1, False)
