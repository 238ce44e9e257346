"""Solutions over cells for some values of unknown constants, and how they answer to these."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any, ClassVar, Protocol

from pinnsolve.errors import ProblemError
from pinnsolve.march.effort_spent import Spent
from pinnsolve.march.record import Accuracy
from pinnsolve.methods.lined_for import OverLine
from pinnsolve.methods.marched_for import OverSteps
from pinnsolve.methods.planar_for import OverPlane
from pinnsolve.problem.problem import Problem
from pinnsolve.residuals.costs import JOINED
from pinnsolve.trial.by_constants import Solved
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.planar import Planar


class Kind(Protocol):
    """How a problem whose constants are numbers is solved over one kind of cells; nothing where it fails."""

    def anew(self, problem: Problem, values: Mapping[str, float]) -> Solved | None:
        """On cells of its own."""
        ...

    def again(self, problem: Problem, values: Mapping[str, float], known: Any) -> Solved | None:
        """On the cells of a solution for near values."""
        ...

    def richer(self, known: Any) -> Solved | None:
        """A solution again with two degrees more."""
        ...

    def kept(self, problem: Problem, trial: Any) -> Solved | None:
        """The solution that a trial function keeps, whose cells were found with the accuracy."""
        ...

    def once_more(self, trial: Any) -> float:
        """Operations of a solution on the cells of a known one."""
        ...


def kind_of(of: OfCells, accuracy: Accuracy, spent: Spent) -> Kind:
    """That of a trial function."""
    if isinstance(of, Lined):
        return OverLine(of, accuracy, spent)
    if isinstance(of, Planar):
        return OverPlane(of, accuracy, spent)
    assert isinstance(of, Marched)
    return OverSteps(of, accuracy, spent)


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
    reading : float
        Iterations that take as long as reading a problem anew. Measured once.
    """

    of: OfCells
    accuracy: Accuracy
    spent: Spent = field(default_factory=Spent)
    settled: bool = False

    near: ClassVar[float] = 0.3
    reading: ClassVar[float] = 10.0

    def __post_init__(self) -> None:
        self.kind = kind_of(self.of, self.accuracy, self.spent)

    def __call__(self, values: Mapping[str, float], known: Solved | None) -> Solved | None:
        """Solve for some values, on the cells of a solution for near ones; nothing where it fails."""
        self.spent.operations += self.reading * JOINED.call
        try:
            problem, found = self.of.forward.at(values), None
            if known is not None and self._is_near(values, known):
                found = self.kind.again(problem, values, known)
            return self.kind.anew(problem, values) if found is None else found
        except ProblemError:  # values at which an equation has none
            return None

    def _is_near(self, values: Mapping[str, float], of: Solved) -> bool:
        own, known = self.of.problem.constants, of.values
        if of.asked > self.accuracy.tolerance:
            return False
        if any(abs(values[n] - known[n]) > self.near * max(abs(known[n]), 1e-3 * abs(c.guess)) for n, c in own.items()):
            return False
        return self.settled or all(abs(v - known[n]) <= self.near for n, v in values.items() if n not in own)

    def ask(self, tolerance: float) -> None:
        """Find other cells with this tolerance from now on."""
        times = tolerance / self.accuracy.tolerance
        self.accuracy = replace(self.accuracy, tolerance=tolerance, bound=times * self.accuracy.bound)
        self.kind = kind_of(self.of, self.accuracy, self.spent)

    def richer(self, known: Solved) -> Solved | None:
        """The same with two degrees more."""
        return self.kind.richer(known)

    def as_kept(self, trial: OfCells) -> Solved | None:
        """The solution that a trial function keeps, at the constants of that."""
        return self.kind.kept(trial.forward.at(trial.forward.values()), trial)


def solved_again(trial: OfCells) -> float:
    """Operations of a solution for other constants on the cells of a known one."""
    return kind_of(trial, Accuracy(), Spent()).once_more(trial)
