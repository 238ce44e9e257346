"""Numbers for which a homogeneous problem has a solution beside zero."""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite
from numbers import Real

from pinnsolve.calls import worded_class
from pinnsolve.errors import ProblemError, if_complex


@worded_class
@dataclass(frozen=True)
class Eigenvalue:
    """A parameter that is found together with the modes of a homogeneous linear problem, in place of its zero.

    Parameters
    ----------
    near : float
        The modes whose eigenvalues are nearest to it are found. Zero for the lowest ones.
    count : int
        How many of them.

    Raises
    ------
    ProblemError
        If these are no numbers.
    """

    near: float
    count: int = 1

    def __post_init__(self) -> None:
        if isinstance(self.near, bool) or not isinstance(self.near, Real) or not isfinite(self.near):
            raise ProblemError(
                f"Eigenvalue(near={self.near!r}) is near no number",
                if_complex(self.near) + "Write Eigenvalue(near=10), or near=0 for the lowest ones.",
            )
        if isinstance(self.count, bool) or not isinstance(self.count, int) or not 1 <= self.count <= 50:
            raise ProblemError(
                f"Eigenvalue(near={self.near:g}, count={self.count!r}): there are 1 to 50 modes at once",
                f"Write Eigenvalue(near={self.near:g}, count=3).",
            )
