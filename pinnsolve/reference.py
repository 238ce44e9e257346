"""A reference solution: fields, and the error that they themselves carry."""

from __future__ import annotations

import inspect
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import update_wrapper
from numbers import Real
from typing import Any

import numpy as np
import torch

from pinnsolve.calls import worded, worded_class
from pinnsolve.errors import ProblemError, did_you_mean, if_complex, place_of

Field = Callable[..., np.ndarray]


@worded_class
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
        The reference's own relative L2 error, the largest over the unknowns (dimensionless): finite, from zero up.
    seconds : float
        What it cost to compute.
    automatic : bool
        Whether it was made from the problem's own equations: then it confirms the solver, and not the modelling.
    about : str
        How it was computed, and where its own error comes from.

    Raises
    ------
    ProblemError
        If one of these is something else.

    Examples
    --------
    >>> Reference("by hand", {"u": lambda t: np.exp(-t)}, own_error=1e-12, seconds=0.0).name
    'by hand'
    """

    name: str
    fields: Mapping[str, Field]
    own_error: float
    seconds: float
    automatic: bool = False
    about: str = ""

    def __post_init__(self) -> None:
        if not isinstance(self.name, str):
            raise ProblemError(
                f"Reference: the name is {self.name!r}, and no text",
                'Write Reference("finite differences", {"u": f}, own_error=1e-6, seconds=0.0).',
            )
        if not isinstance(self.fields, Mapping) or not all(callable(f) for f in self.fields.values()):
            raise ProblemError(
                f"the reference '{self.name}' has fields={self.fields!r}, which are not functions by the names of the "
                "unknowns",
                'Write fields={"u": f}, where f(x=..., t=...) takes arrays of the coordinates and returns one more.',
            )
        _from_zero(
            self.own_error,
            f"the reference '{self.name}' states own_error={self.own_error!r}",
            "Write own_error=1e-6: its own relative L2 error, by refinement or from theory.",
        )
        _from_zero(
            self.seconds,
            f"the reference '{self.name}' states seconds={self.seconds!r}",
            "Write seconds=0.0: what it took to compute.",
        )


def _from_zero(value: Any, fault: str, remedy: str) -> None:
    """Refuse what is no finite number from zero up."""
    number = isinstance(value, Real) and not isinstance(value, bool | np.bool_)
    if not (number and math.isfinite(value) and value >= 0):
        raise ProblemError(f"{fault}, which is no finite number from zero up", if_complex(value) + remedy)


@dataclass(frozen=True)
class Exact:
    """What makes a reference of exact solutions, for the values that a problem's parameters have.

    Parameters
    ----------
    solutions : mapping from unknown to callable or number
    """

    solutions: Mapping[str, Field | float]

    def __call__(self, problem: Any) -> Reference:
        known = [*problem.unknowns, *problem.functions, *problem.parameters]
        for name in self.solutions:
            if name not in known:
                raise ProblemError(f"exact({name}=...): there is no unknown '{name}'", did_you_mean(name, known))
        fields = {name: _called(name, solution, problem.parameters) for name, solution in self.solutions.items()}
        return Reference("exact solution", fields, float(np.finfo(np.float64).eps), 0.0)


@worded
def exact(**solutions: Field | float) -> Exact:
    """A reference from exact solutions: for each unknown a function of the named coordinates (and parameters), or a
    number.

    They may use NumPy's functions or torch's: they are called with arrays. Its own error is rounding alone. Before
    anything is trained it is put into the problem's equations and conditions, and what does not hold is told.

    Raises
    ------
    ProblemError
        If there is none, or one is neither a function nor a finite number.

    Examples
    --------
    >>> exact(u=lambda x, t: np.exp(-t) * np.sin(x), p=0.0).solutions["p"]
    0.0
    """
    if not solutions:
        raise ProblemError("exact() names no unknown", "Write exact(u=lambda x, t: ...).")
    for name, solution in solutions.items():
        number = isinstance(solution, Real) and not isinstance(solution, bool)
        if not (callable(solution) or (number and math.isfinite(solution))):
            raise ProblemError(
                f"exact({name}={solution!r}) is neither a function nor a finite number",
                if_complex(solution) + f"Write exact({name}=lambda x, t: ...), a function of the coordinates by name.",
            )
    return Exact(dict(solutions))


def _called(name: str, solution: Field | float, parameters: Mapping[str, float]) -> Field:
    """The solution with its parameters filled in; it is given the coordinates that it names."""

    def field(**coordinates: np.ndarray) -> np.ndarray:
        everything: dict[str, Any] = {**parameters, **coordinates}
        given = {n: v for n, v in everything.items() if names is None or n in names}
        values: Any = solution
        if callable(solution):
            try:
                values = solution(**{n: np.array(v) if np.ndim(v) else v for n, v in given.items()})
            except TypeError:  # torch's functions refuse arrays
                values = solution(**{n: _as_tensor(v) for n, v in given.items()})
        if np.ndim(values):
            return np.asarray(values)
        return np.full(np.broadcast_shapes(*(np.shape(v) for v in coordinates.values())), values)

    names = asked_by(f"exact({name}=...)", solution) if callable(solution) else []
    return update_wrapper(field, solution) if callable(solution) else field


def _as_tensor(value: Any) -> torch.Tensor:
    """Numbers with all their digits: by itself torch keeps half of them."""
    return torch.tensor(value, dtype=torch.float64 if isinstance(value, Real) else None)


def asked_by(what: str, solution: Field) -> list[str] | None:
    """The names of what a function of a reference asks for; None where it takes everything (`**coordinates`).

    Raises
    ------
    ProblemError
        If its arguments have no names; `what` says which function it is.
    """
    try:
        found = inspect.signature(solution).parameters.values()
    except (TypeError, ValueError):
        found = None
    if found is None or any(p.kind in (p.VAR_POSITIONAL, p.POSITIONAL_ONLY) for p in found):
        raise ProblemError(
            f"{what}: the arguments of {getattr(solution, '__name__', repr(solution))} have no names",
            "Wrap it in a lambda x: f(x), with the coordinates as names.",
            place_of(solution),
        )
    return None if any(p.kind == p.VAR_KEYWORD for p in found) else [p.name for p in found]
