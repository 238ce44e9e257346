"""After training: whether tables of unknowns have data where the solution ends.

On the way to a solution unknowns take values that they do not have at last; beyond their data tables keep the values at
their ends there. A solution that ends beyond is one of an equation that nobody wrote.
"""

from __future__ import annotations

from functools import partial

import torch

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.tabulated import FURTHER
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.residuals.evaluated import evaluated
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.trial import Trial


def check_within_tables(trial: Trial) -> None:
    """Refuse a problem whose solution, where all of it was found, asks a table for values beyond its data.

    Raises
    ------
    ProblemError
    """
    inside, elsewhere = 1024, 128
    whole = not isinstance(trial, OfCells) or trial.complete
    for equation in _asking(trial.problem) if whole else []:
        told: dict[str, bool] = {}
        for piece in trial.problem.pieces(equation):
            count = elsewhere if piece.fixed or piece.on_boundary else inside
            points = piece.draw(count, "sobol", torch.Generator().manual_seed(37))
            evaluated(trial, points, {equation.name: partial(_noted, equation, told)})
        if beyond := next(filter(None, told), ""):
            raise ProblemError(f"where training ended {beyond}", FURTHER, equation.place)


def _asking(problem: Problem) -> list[Equation]:
    """The equations and conditions that call tables on unknowns."""
    answers = [(e, problem.prober.inside(e)) for e in problem.equations]
    for c in problem.conditions:
        if c.prescribes is None and not c.integrates:
            answers.append((c, problem.prober.answer(c, problem.pieces(c)[0].grid())))
    return [e for e, answer in answers if any(p.field.chart.tables for p in answer.probes.values())]


def _noted(equation: Equation, told: dict[str, bool], at: Fields) -> torch.Tensor:
    value = equation.residual(at).value
    told |= at.chart.tables
    return value
