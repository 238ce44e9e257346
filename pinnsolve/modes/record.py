"""The record of the modes of a problem."""

from __future__ import annotations

from dataclasses import dataclass

from pinnsolve.calls import worded_class
from pinnsolve.solution import Solution


@worded_class
@dataclass(frozen=True)
class Modes:
    """What was found.

    Parameters
    ----------
    name : str
        Of the eigenvalue.
    values, errors, residuals : list of float
        Eigenvalues, ascending; their relative errors as estimated; residuals relative to E B u.
    solution : Solution
        Of the problem whose unknowns are all modes: u_1, u_2, ... with E_1, E_2, ... among its parameters.
    near : float
    beside : float
        How far the next eigenvalue lies from that.
    """

    name: str
    values: list[float]
    errors: list[float]
    residuals: list[float]
    solution: Solution
    near: float
    beside: float

    @property
    def scale(self) -> float:
        """How far the eigenvalues lie from the number that they shall be near to."""
        far = max(abs(value - self.near) for value in self.values)
        return max(far, self.beside, 1e-2 * abs(self.near))
