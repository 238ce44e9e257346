"""A reference solution: fields, and the error that they themselves carry."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from pinnsolve.errors import ProblemError, if_complex

Field = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Reference:
    """A solution found by other means than the network.

    Parameters
    ----------
    name : str
        The method, in a few words, as it will stand in tables and figures.
    fields : mapping from unknown to callable
        Each takes the problem's coordinates by name, as NumPy arrays of one shape, and returns an array of that shape.
    own_error : float
        The reference's own relative L2 error, the largest over the unknowns (dimensionless).
    seconds : float
        What it cost to compute.
    """

    name: str
    fields: Mapping[str, Field]
    own_error: float
    seconds: float


def exact(**solutions: Field) -> Callable[[Any], Reference]:
    """A reference from exact solutions, one function of the named coordinates (and parameters) for each unknown.

    They may use NumPy's functions or torch's: they are called with arrays. Its own error is rounding alone.
    """

    def reference(problem: Any) -> Reference:
        fields = {name: _called(solution, problem.parameters) for name, solution in solutions.items()}
        return Reference("exact solution", fields, float(np.finfo(np.float64).eps), 0.0)

    return reference


def _called(solution: Field, parameters: Mapping[str, float]) -> Field:
    """The solution with its parameters filled in; it is given the coordinates that it names."""
    names = inspect.signature(solution).parameters

    def field(**coordinates: np.ndarray) -> np.ndarray:
        given = {n: v for n, v in {**parameters, **coordinates}.items() if n in names}
        try:
            values = solution(**given)
        except TypeError:  # torch's functions refuse arrays
            values = solution(**{n: torch.as_tensor(v) for n, v in given.items()})
        if remedy := if_complex(values if np.isscalar(values) else np.asarray(values)):
            raise ProblemError("the exact solution has complex values", remedy.strip())
        shape = np.broadcast_shapes(*(np.shape(v) for v in coordinates.values()))
        return np.broadcast_to(np.asarray(values, dtype=np.float64), shape)

    return field
