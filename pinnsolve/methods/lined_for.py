"""Cells along a line for some values of unknown constants, and how they answer to these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.cells.joined_newton import Effort, JoinedNewton
from pinnsolve.errors import ProblemError
from pinnsolve.line.cells import Cells
from pinnsolve.line.march import LineMarch
from pinnsolve.line.operator import LineOperator
from pinnsolve.line.scheme import LineScheme
from pinnsolve.line.whole import LineWhole
from pinnsolve.march.effort_spent import Spent
from pinnsolve.march.record import Accuracy
from pinnsolve.methods import line_solving
from pinnsolve.networks.moved import among_others
from pinnsolve.networks.tiles import Tiles
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.line import Line, read_line
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.retold import retold_line


@dataclass
class LinedFor:
    """Cells along a line for some values of the constants."""

    trial: Lined
    values: Mapping[str, float]
    cells: Cells
    left: float
    told: Tensor | None = None
    asked = 0.0

    def told_by(self, derivatives: Tensor | None) -> None:
        """Take these, or let them be its own."""
        self.told = derivatives

    def tangents(self) -> Tensor | None:
        """(K, n, F, M)."""
        if self.told is None:
            try:
                operator = LineOperator(self.cells, self.cells.at_points(slopes=True))
                self.told = operator.sensitivities(self.values)
            except (ProblemError, RuntimeError):  # singular: the solution is not a function of the constants
                return None
        return self.told

    def give(self, trial: OfCells) -> None:
        """Let a trial function keep it."""
        assert isinstance(trial, Lined)
        trial.take(self.trial.edges, self.trial.coefficients, settled=True)


@dataclass
class OverLine:
    """Cells along a line.

    Parameters
    ----------
    of : Lined
    accuracy : Accuracy
    spent : Spent
    """

    of: Lined
    accuracy: Accuracy
    spent: Spent

    def anew(self, problem: Problem, values: Mapping[str, float]) -> LinedFor | None:
        """On cells of its own: all at once, or one after the other from where all conditions stand."""
        line = read_line(problem, self.of.plan)
        if line is None:
            return None
        trial = Lined(problem, self.of.layer, self.of.plan, self.of.dtype, self.of.device)
        trial.read, bound, effort = line, self.accuracy.tolerance, Effort()
        scheme = LineScheme(line, trial.layer.degree, trial.device, trial.layer.activation)

        def enough() -> bool:
            return line_solving.spent(scheme, effort) > self.spent.most

        start, found = line_solving.given(trial), None
        if line.begin is None or line_solving.is_linear(scheme):
            found = LineWhole(scheme, bound, enough, effort).solve(start)
        if found is None and line.begin is not None:
            found = _to_the_end(LineMarch(scheme, bound, start, effort=effort), enough)
        self.spent.operations += line_solving.spent(scheme, effort)
        return None if found is None else self._held(problem, values, found)

    def again(self, problem: Problem, values: Mapping[str, float], known: LinedFor) -> LinedFor | None:
        """On the cells of a known solution."""
        cells = known.cells
        line = retold_line(cells.scheme.line, problem, self.of.plan)
        if line is None:
            return None
        scheme = replace(cells.scheme, line=line)
        return self._on_cells(problem, values, Cells(scheme, cells.mesh, cells.coefficients, line.conditions))

    def richer(self, known: LinedFor) -> LinedFor | None:
        """The same with two degrees more."""
        scheme = known.cells.scheme.richer(2)
        c = among_others(known.cells.coefficients, known.cells.scheme.cell, scheme.cell)
        cells = Cells(scheme, known.cells.mesh, c, known.cells.conditions)
        return self._on_cells(known.trial.problem, known.values, cells)

    def kept(self, problem: Problem, trial: Lined) -> LinedFor | None:
        """That which a trial function keeps."""
        read = trial.read
        line = retold_line(read, problem, trial.plan) if isinstance(read, Line) else read_line(problem, trial.plan)
        if line is None or not len(trial.coefficients):
            return None
        scheme = LineScheme(line, trial.coefficients.shape[2] - 1, trial.device, trial.layer.activation)
        mesh = Tiles.along(trial.edges.tolist(), trial.device)
        cells = Cells(scheme, mesh, trial.coefficients, line.conditions)
        return self._held(problem, trial.forward.values(), cells)

    def once_more(self, trial: Lined) -> float:
        """Operations of a solution on the cells of a known one."""
        read = trial.read if isinstance(trial.read, Line) else line_solving.line_of(trial)
        scheme = LineScheme(read, trial.layer.degree, trial.device, trial.layer.activation)
        return line_solving.spent(scheme, Effort(3, 3 * len(trial.coefficients)))  # Newton's method settles in three

    def _on_cells(self, problem: Problem, values: Mapping[str, float], cells: Cells) -> LinedFor | None:
        newton = JoinedNewton(LineOperator.of, cells.scheme.floors, line_solving.RULES.left)
        found = newton.solve(cells)
        self.spent.operations += line_solving.spent(cells.scheme, newton.effort)
        return None if found is None else self._held(problem, values, found)

    def _held(self, problem: Problem, values: Mapping[str, float], cells: Cells) -> LinedFor:
        trial = Lined(problem, self.of.layer, self.of.plan, self.of.dtype, self.of.device)
        trial.read = cells.scheme.line
        trial.take(cells.mesh.edges, cells.coefficients, settled=True)
        return LinedFor(trial, dict(values), cells, self.accuracy.tolerance)


def _to_the_end(march: LineMarch, enough: Callable[[], bool]) -> Cells | None:
    while march.advance():
        if enough():
            return None
    if march.stuck:
        return None
    scheme = march.scheme
    mesh = Tiles.along(march.edges, scheme.device)
    return Cells(scheme, mesh, torch.stack(march.made), scheme.line.conditions)
