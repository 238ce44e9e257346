"""Cells of a plane or of space in which nothing evolves, for some values of unknown constants, and how they answer to
these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.algebra.operations import Work
from pinnsolve.cells.joined_newton import JoinedNewton
from pinnsolve.cells.stage_operator import iteration
from pinnsolve.errors import ProblemError
from pinnsolve.march.effort_spent import Spent
from pinnsolve.march.record import Accuracy
from pinnsolve.march.second import among
from pinnsolve.problem.problem import Problem
from pinnsolve.residuals.costs import JOINED
from pinnsolve.steady.cells import SteadyCells, SteadyOperator, scheme_of
from pinnsolve.steady.measured import rescaled, sizes_like
from pinnsolve.steady.whole import RULES, SteadyWhole
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.planar import Planar
from pinnsolve.trial.retold import retold
from pinnsolve.trial.steady import read_steady


@dataclass
class PlanarFor:
    """Cells of a plane or of space for some values of the constants."""

    trial: Planar
    values: Mapping[str, float]
    cells: SteadyCells
    spent: Spent
    told: Tensor | None = None  # how they answer, or how a solution on the same cells does that is near
    asked = 0.0

    def told_by(self, derivatives: Tensor | None) -> None:
        """Take this answer, or let it be its own."""
        self.told = derivatives

    @property
    def left(self) -> float:
        return self.trial.defect

    def tangents(self) -> Tensor | None:
        """(K, n, F, M)."""
        if self.told is None:
            try:
                self.told = SteadyOperator(self.cells).sensitivities(self.values)
            except (ProblemError, RuntimeError):  # singular: the solution is not a function of the constants
                return None
            self.spent.operations += iteration(self.cells.scheme, self.cells.mesh)
        return self.told

    def give(self, trial: OfCells) -> None:
        """Let a trial function keep it."""
        assert isinstance(trial, Planar)
        trial.take(self.cells.mesh, self.cells.coefficients, True, self.trial.defect)


@dataclass
class OverPlane:
    """Cells of a plane or of space.

    Parameters
    ----------
    of : Planar
    accuracy : Accuracy
        Of which the bound is that of what cells leave.
    spent : Spent
    """

    of: Planar
    accuracy: Accuracy
    spent: Spent

    def anew(self, problem: Problem, values: Mapping[str, float]) -> PlanarFor | None:
        """On cells of its own."""
        read = read_steady(problem, self.of.plan)
        if read is None:
            return None
        plan, work, begun = self.of.plan, Work(), self.spent.total
        narrow = plan.narrow if self.of.dims > 2 else ()
        scheme = scheme_of(read, self.of.layer.steady, self.of.device, activation=self.of.layer.activation)
        whole = SteadyWhole(scheme, (*plan.corners, *read.jumps), self.accuracy.bound, work, narrow)
        before = self.spent.operations
        while whole.advance():
            self.spent.operations = before + work.operations
            if self.spent.total - begun > self.spent.most:
                return None
        self.spent.operations = before + work.operations
        return self._held(problem, values, whole.cells, whole.defect) if whole.settled else None

    def again(self, problem: Problem, values: Mapping[str, float], known: PlanarFor) -> PlanarFor | None:
        """On the cells of a known solution, from where its sensitivities lead."""
        cells = known.cells
        read = retold(cells.scheme.evolution, problem, self.of.plan)
        if read is None:
            return None
        c, moves = cells.coefficients, [v - known.values[name] for name, v in values.items()]
        if known.told is not None:
            c = c + torch.tensordot(torch.tensor(moves, dtype=c.dtype, device=c.device), known.told, 1)
        scheme = scheme_of(read, cells.scheme.degree, self.of.device, activation=self.of.layer.activation)
        found = self._on_cells(problem, values, rescaled(SteadyCells(scheme, cells.mesh, c), scheme))
        if found is not None:
            found.told = known.told
        return found

    def richer(self, known: PlanarFor) -> PlanarFor | None:
        """The same with two degrees more."""
        before = known.cells.scheme
        scheme = replace(before, degree=before.degree + 2)
        c = among(known.cells.coefficients, known.cells.mesh, before.cell, scheme.cell)
        return self._on_cells(known.trial.problem, known.values, SteadyCells(scheme, known.cells.mesh, c))

    def kept(self, problem: Problem, trial: Planar) -> PlanarFor | None:
        """That which a trial function keeps."""
        read = read_steady(problem, self.of.plan)
        if read is None or trial.mesh is None:
            return None
        scheme = scheme_of(read, trial.degree, trial.device, activation=trial.layer.activation)
        cells = rescaled(SteadyCells(scheme, trial.mesh, trial.coefficients), scheme)
        return self._held(problem, trial.forward.values(), cells, trial.defect)

    def once_more(self, trial: Planar) -> float:
        """Operations of a solution on the cells of a known one."""
        if trial.mesh is None or not isinstance(trial.read, Evolution):
            return JOINED.call
        return 2 * iteration(scheme_of(trial.read, trial.degree, trial.device), trial.mesh)

    def _on_cells(self, problem: Problem, values: Mapping[str, float], cells: SteadyCells) -> PlanarFor | None:
        newton = JoinedNewton(SteadyOperator, sizes_like(cells), RULES.again * self.accuracy.bound)
        found = newton.solve(cells)
        self.spent.operations += newton.effort.factorisations * iteration(cells.scheme, cells.mesh)
        self.spent.operations += JOINED.call * (found is None)
        return None if found is None else self._held(problem, values, found, self.of.defect)

    def _held(
        self, problem: Problem, values: Mapping[str, float], cells: SteadyCells, defect: float
    ) -> PlanarFor:  # fmt: skip
        trial = Planar(problem, self.of.layer, self.of.plan, self.of.dtype, self.of.device)
        trial.read = cells.scheme.evolution
        trial.take(cells.mesh, cells.coefficients, True, defect)
        return PlanarFor(trial, dict(values), cells, self.spent)
