"""Solutions over cells for some values of unknown constants, and how they answer to these."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import torch
from torch import Tensor

from pinnsolve.algebra.operations import SPEED, qr
from pinnsolve.errors import ProblemError
from pinnsolve.methods import line_solving
from pinnsolve.methods.cell_march import Marcher
from pinnsolve.methods.costs import JOINED
from pinnsolve.methods.implicit_step import Scheme, Step
from pinnsolve.methods.joined_newton import Effort, JoinedNewton
from pinnsolve.methods.line_cells import Cells, LineScheme
from pinnsolve.methods.line_march import LineMarch
from pinnsolve.methods.line_operator import LineOperator
from pinnsolve.methods.line_whole import LineWhole
from pinnsolve.methods.march_keeping import measured
from pinnsolve.methods.march_record import Accuracy
from pinnsolve.methods.second_march import as_it_was, richer, slabs, steps_of
from pinnsolve.methods.sensitivities import sensitivities
from pinnsolve.methods.step_solver import Counts, StepSolver
from pinnsolve.networks.tiles import Tiles
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.by_constants import Solved
from pinnsolve.trial.evolution import Evolution, read_evolution
from pinnsolve.trial.line import Line, read_line
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.marched import Marched, moved
from pinnsolve.trial.of_cells import OfCells


@dataclass
class Spent:
    """What solving has cost, and the most that one solution may (operations)."""

    counts: Counts = field(default_factory=Counts)
    operations: float = 0.0
    most: float = 10 * SPEED

    @property
    def total(self) -> float:
        return self.operations + self.counts.operations + JOINED.call * self.counts.iterations


@dataclass
class MarchedFor:
    """A march for some values of the constants."""

    trial: Marched
    values: Mapping[str, float]
    scheme: Scheme
    solver: StepSolver
    steps: Sequence[Step]
    spent: Spent
    told: Tensor | None = None  # its sensitivities, or on the same cells those of a solution that is near

    def tangents(self) -> Tensor | None:
        """(K, n, q + 1, F, M), n the cells of all steps."""
        if self.told is None:
            found = sensitivities(self.scheme, self.steps, self.values, self.spent.counts)
            self.spent.operations += JOINED.call * (3 * len(self.steps) + 0.5 * len(self.values))  # slopes, and modes
            self.told = None if found is None else torch.cat(found, 1)
        return self.told


@dataclass
class LinedFor:
    """Cells along a line for some values of the constants."""

    trial: Lined
    values: Mapping[str, float]
    cells: Cells
    _tangents: Tensor | None = None

    def tangents(self) -> Tensor | None:
        """(K, n, F, M)."""
        if self._tangents is None:
            try:
                operator = LineOperator(self.cells, self.cells.at_points(slopes=True))
                self._tangents = operator.sensitivities(self.values)
            except (ProblemError, RuntimeError):  # singular: the solution is not a function of the constants
                return None
        return self._tangents


@dataclass
class ForConstants:
    """Solves a problem over cells for given values of its constants.

    Parameters
    ----------
    of : OfCells
    accuracy : Accuracy
    spent : Spent
    settled : bool
        Whether series of what is not said have settled, so that the cells serve for others of them.

    Attributes
    ----------
    near : float
        Relative change of all constants up to which the cells and steps of another solution serve. Larger: they may
        not suffice. Smaller: solutions on cells of their own differ by their errors.
    exact : float
        Of what a march leaves to Newton's method: where sensitivities lead, it is nearly there. Larger: misfits of
        near constants differ by what is left. Smaller: more iterations.
    reading : float
        Iterations that take as long as reading a problem anew. Measured once.
    """

    of: OfCells
    accuracy: Accuracy
    spent: Spent = field(default_factory=Spent)
    settled: bool = False

    near: ClassVar[float] = 0.3
    exact: ClassVar[float] = 1e-2
    reading: ClassVar[float] = 10.0

    def __call__(self, values: Mapping[str, float], known: Solved | None) -> Solved | None:
        """Solve for some values, on the cells of a solution for near ones; nothing where it fails."""
        self.spent.operations += self.reading * JOINED.call
        try:
            problem = self.of.forward.at(values)
            if isinstance(self.of, Lined):
                return self._along(problem, values, known if isinstance(known, LinedFor) else None)
            return self._marched(problem, values, known if isinstance(known, MarchedFor) else None)
        except ProblemError:  # values at which an equation has none
            return None

    def _is_near(self, values: Mapping[str, float], known: Mapping[str, float]) -> bool:
        own = self.of.problem.constants
        if any(abs(values[n] - known[n]) > self.near * max(abs(known[n]), 1e-3 * abs(c.guess)) for n, c in own.items()):
            return False
        return self.settled or all(abs(v - known[n]) <= self.near for n, v in values.items() if n not in own)

    # ------------------------------------------------------------ a march

    def _marched(self, problem: Problem, values: Mapping[str, float], known: MarchedFor | None) -> MarchedFor | None:
        read = read_evolution(problem, self.of.plan)
        if read is None:
            return None
        if known is not None and self._is_near(values, known.values):
            found = self._on_its_steps(problem, read, values, known)
            if found is not None:
                return found
        begun = self.spent.total
        marcher = Marcher(read, self.accuracy, self.of.device)
        marcher.solver.counts = marcher.record.counts = self.spent.counts
        marcher.enough = lambda: self.spent.total - begun > self.spent.most
        record = marcher.run()
        if record.status != "done" or not record.steps:
            return None
        return self._kept(problem, values, marcher.scheme, marcher.solver, record.steps)

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
        made.told = None if more else known.told
        return made

    def _kept(
        self, problem: Problem, values: Mapping[str, float], scheme: Scheme, solver: StepSolver, steps: Sequence[Step]
    ) -> MarchedFor:
        assert isinstance(self.of, Marched)
        trial = Marched(problem, self.of.layer, self.of.plan, self.of.dtype, self.of.device)
        trial.take(slabs(steps))
        return MarchedFor(trial, dict(values), scheme, solver, steps, self.spent)

    def richer(self, known: Solved) -> Solved | None:
        """The same with two degrees more."""
        if isinstance(known, MarchedFor):
            problem = self.of.forward.at(known.values)
            return self._on_its_steps(problem, known.scheme.evolution, known.values, known, more=2)
        assert isinstance(known, LinedFor)
        scheme = known.cells.scheme.richer(2)
        c = torch.nn.functional.pad(known.cells.coefficients, (0, scheme.cell.count - known.cells.scheme.cell.count))
        return self._on_cells(
            known.trial.problem, known.values, Cells(scheme, known.cells.mesh, c, known.cells.conditions)
        )

    def _as_kept(self, trial: Marched, problem: Problem) -> MarchedFor | None:
        read = read_evolution(problem, trial.plan)
        if read is None or not trial.slabs:
            return None
        before = Marcher(read, self.accuracy, trial.device)
        for slab in trial.slabs:
            measured(before, slab)
        scheme = as_it_was(before.scheme, trial.slabs)
        steps = steps_of(scheme, trial.slabs)
        return self._kept(problem, trial.forward.values(), scheme, before.solver, steps)

    # ------------------------------------------------------------ along a line

    def _along(self, problem: Problem, values: Mapping[str, float], known: LinedFor | None) -> LinedFor | None:
        line = read_line(problem, self.of.plan)
        if line is None:
            return None
        if known is not None and self._is_near(values, known.values):
            cells = known.cells
            scheme = replace(cells.scheme, line=line)
            found = self._on_cells(problem, values, Cells(scheme, cells.mesh, cells.coefficients, line.conditions))
            if found is not None:
                return found
        return self._anew(problem, values, line)

    def _on_cells(self, problem: Problem, values: Mapping[str, float], cells: Cells) -> LinedFor | None:
        newton = JoinedNewton(LineOperator.of, cells.scheme.floors, line_solving.RULES.left)
        found = newton.solve(cells)
        self.spent.operations += line_solving.spent(cells.scheme, newton.effort)
        return None if found is None else self._held(problem, values, found)

    def _anew(self, problem: Problem, values: Mapping[str, float], line: Line) -> LinedFor | None:
        """On cells of its own: all at once, or one after the other from where all conditions stand."""
        trial = Lined(problem, self.of.layer, self.of.plan, self.of.dtype, self.of.device)
        trial.read, bound, effort = line, self.accuracy.tolerance, Effort()
        scheme = LineScheme(line, trial.layer.degree, trial.device)

        def enough() -> bool:
            return line_solving.spent(scheme, effort) > self.spent.most

        start, found = line_solving.given(trial), None
        if line.begin is None or line_solving.is_linear(scheme):
            found = LineWhole(scheme, bound, enough, effort).solve(start)
        if found is None and line.begin is not None:
            found = _to_the_end(LineMarch(scheme, bound, start, effort=effort), enough)
        self.spent.operations += line_solving.spent(scheme, effort)
        return None if found is None else self._held(problem, values, found)

    def _held(self, problem: Problem, values: Mapping[str, float], cells: Cells) -> LinedFor:
        assert isinstance(self.of, Lined)
        trial = Lined(problem, self.of.layer, self.of.plan, self.of.dtype, self.of.device)
        trial.read = cells.scheme.line
        trial.take(cells.mesh.edges, cells.coefficients, settled=True)
        return LinedFor(trial, dict(values), cells)

    def as_kept(self, trial: OfCells) -> Solved | None:
        """The solution that a trial function keeps, at the constants of that."""
        problem = trial.forward.at(trial.forward.values())
        if isinstance(trial, Marched):
            return self._as_kept(trial, problem)
        line = read_line(problem, trial.plan)
        assert isinstance(trial, Lined)
        if line is None or not len(trial.coefficients):
            return None
        scheme = LineScheme(line, trial.coefficients.shape[2] - 1, trial.device)
        mesh = Tiles.along(trial.edges.tolist(), trial.device)
        cells = Cells(scheme, mesh, trial.coefficients, line.conditions)
        return self._held(problem, trial.forward.values(), cells)


def _to_the_end(march: LineMarch, enough: object) -> Cells | None:
    while march.advance():
        if callable(enough) and enough():
            return None
    if march.stuck:
        return None
    scheme = march.scheme
    mesh = Tiles.along(march.edges, scheme.device)
    return Cells(scheme, mesh, torch.stack(march.made), scheme.line.conditions)


def solved_again(trial: OfCells) -> float:
    """Operations of a solution for other constants on the cells of a known one."""
    if isinstance(trial, Lined):
        scheme = LineScheme(line_solving.line_of(trial), trial.layer.degree, trial.device)
        return line_solving.spent(scheme, Effort(3, 3 * len(trial.coefficients)))  # Newton's method settles in three
    assert isinstance(trial, Marched)
    total = JOINED.call
    for slab in trial.slabs:
        n, q, f, m = slab.modes.shape
        total += 3 * JOINED.call + JOINED.small * 4.0 * (q // 2) * n * qr(f * m, f * m)
    return total
