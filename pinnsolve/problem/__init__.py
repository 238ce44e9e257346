"""A problem: equations and conditions on regions, bound by name and checked before anything is trained."""

from pinnsolve.problem.conditions import condition, dirichlet, initial, initial_rate, neumann, periodic, solenoidal
from pinnsolve.problem.constants import Unknown
from pinnsolve.problem.data import observed
from pinnsolve.problem.problem import Problem

__all__ = [
    "Problem",
    "Unknown",
    "condition",
    "dirichlet",
    "initial",
    "initial_rate",
    "neumann",
    "observed",
    "periodic",
    "solenoidal",
]
