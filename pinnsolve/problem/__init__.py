"""A problem: equations and conditions on regions, bound by name and checked before anything is trained."""

from pinnsolve.data.observed import observed
from pinnsolve.problem.conditions import condition, dirichlet, initial, initial_rate, neumann, periodic, solenoidal
from pinnsolve.problem.eigenvalue import Eigenvalue
from pinnsolve.problem.integrals import at, integral
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.sources import source
from pinnsolve.problem.unknown import Unknown

__all__ = [
    "Eigenvalue",
    "Problem",
    "Unknown",
    "at",
    "condition",
    "dirichlet",
    "initial",
    "initial_rate",
    "integral",
    "neumann",
    "observed",
    "periodic",
    "solenoidal",
    "source",
]
