"""Marches for some values of unknown constants, and how they answer to these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor

from pinnsolve.algebra.operations import qr
from pinnsolve.cells.implicit_step import Scheme, Step
from pinnsolve.march.asked import RULES as ASKED
from pinnsolve.march.effort_spent import Spent
from pinnsolve.march.keeping import measured
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.record import Accuracy
from pinnsolve.march.second import as_it_was, richer, slabs, steps_of
from pinnsolve.march.sensitivities import sensitivities
from pinnsolve.march.step_solver import StepSolver
from pinnsolve.problem.problem import Problem
from pinnsolve.residuals.costs import JOINED
from pinnsolve.trial.evolution import Evolution, read_evolution
from pinnsolve.trial.marched import Marched, moved
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.retold import retold


@dataclass
class MarchedFor:
    """A march for some values of the constants."""

    trial: Marched
    values: Mapping[str, float]
    scheme: Scheme
    solver: StepSolver
    steps: Sequence[Step]
    spent: Spent
    left: float
    asked: float
    told: Tensor | None = None  # its sensitivities, or on the same cells those of a solution that is near

    def tangents(self) -> Tensor | None:
        """(K, n, q + 1, F, M), n the cells of all steps."""
        if self.told is None:
            found = sensitivities(self.scheme, self.steps, self.values, self.spent.counts)
            self.spent.operations += JOINED.call * (3 * len(self.steps) + 0.5 * len(self.values))  # slopes, and modes
            self.told = None if found is None else torch.cat(found, 1)
        return self.told

    def told_by(self, derivatives: Tensor | None) -> None:
        """Take these, or let them be its own."""
        self.told = derivatives

    def give(self, trial: OfCells) -> None:
        """Let a trial function keep it."""
        assert isinstance(trial, Marched)
        trial.slabs = []
        trial.take(self.trial.slabs)


@dataclass
class OverSteps:
    """Marches.

    Parameters
    ----------
    of : Marched
    accuracy : Accuracy
    spent : Spent

    Attributes
    ----------
    exact : float
        Of what a march leaves to Newton's method: where sensitivities lead, it is nearly there. Larger: misfits of
        near constants differ by what is left. Smaller: more iterations.
    """

    of: Marched
    accuracy: Accuracy
    spent: Spent

    exact: ClassVar[float] = 1e-2

    def anew(self, problem: Problem, values: Mapping[str, float]) -> MarchedFor | None:
        """On cells and steps of its own."""
        read = read_evolution(problem, self.of.plan)
        if read is None:
            return None
        begun = self.spent.total
        marcher = Marcher(read, self.accuracy, self.of.device)
        marcher.solver.counts = marcher.record.counts = self.spent.counts
        marcher.enough = lambda: self.spent.total - begun > self.spent.most
        record = marcher.run()
        if record.status != "done" or not record.steps:
            return None
        return self._kept(problem, values, marcher.scheme, marcher.solver, record.steps)

    def again(self, problem: Problem, values: Mapping[str, float], known: MarchedFor) -> MarchedFor | None:
        """On the cells and steps of a known one."""
        read = retold(known.scheme.evolution, problem, self.of.plan)
        return None if read is None else self._on_its_steps(problem, read, values, known)

    def richer(self, known: MarchedFor) -> MarchedFor | None:
        """The same with two degrees more."""
        return self._on_its_steps(known.trial.problem, known.scheme.evolution, known.values, known, more=2)

    def kept(self, problem: Problem, trial: Marched) -> MarchedFor | None:
        """That which a trial function keeps."""
        read = read_evolution(problem, trial.plan)
        if read is None or not trial.slabs:
            return None
        before = Marcher(read, self.accuracy, trial.device)
        for slab in trial.slabs:
            measured(before, slab)
        scheme = as_it_was(before.scheme, trial.slabs)
        steps = steps_of(scheme, trial.slabs)
        return self._kept(problem, trial.forward.values(), scheme, before.solver, steps)

    def once_more(self, trial: Marched) -> float:
        """Operations of a solution on the cells of a known one."""
        total = JOINED.call
        for slab in trial.slabs:
            n, q, f, m = slab.modes.shape
            total += 3 * JOINED.call + JOINED.small * 4.0 * (q // 2) * n * qr(f * m, f * m)
        return total

    def _on_its_steps(
        self, problem: Problem, read: Evolution, values: Mapping[str, float], known: MarchedFor, more: int = 0
    ) -> MarchedFor | None:
        """On the same cells and steps, from where the sensitivities lead."""
        scheme, guess, exact = replace(known.scheme, evolution=read), known.trial.slabs, 1.0
        moves = [v - known.values[name] for name, v in values.items()]
        if known.told is not None and any(moves):
            change = torch.tensordot(torch.tensor(moves, dtype=torch.float64, device=known.told.device), known.told, 1)
            guess, exact = moved(guess, change), self.exact
        found = richer(scheme, guess, known.solver, more=more, counts=self.spent.counts, exact=exact)
        if found is None or (not more and len(found) != len(guess)):
            return None
        made = self._kept(problem, values, found[0].scheme, known.solver, found)
        made.told, made.left, made.asked = None if more else known.told, known.left, known.asked
        return made

    def _kept(
        self, problem: Problem, values: Mapping[str, float], scheme: Scheme, solver: StepSolver, steps: Sequence[Step]
    ) -> MarchedFor:
        trial = Marched(problem, self.of.layer, self.of.plan, self.of.dtype, self.of.device)
        left = self.accuracy.tolerance / (ASKED.plane if scheme.evolution.dims > 1 else 1.0)
        trial.take(slabs(steps))
        return MarchedFor(trial, dict(values), scheme, solver, steps, self.spent, left, self.accuracy.tolerance)
