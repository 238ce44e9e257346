"""Binding a user's function to fields by the names of its arguments."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from weakref import WeakKeyDictionary

import torch

from pinnsolve.errors import ProblemError, did_you_mean, if_complex, place_of
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.materials import Piecewise
from pinnsolve.geometry.panels import Panels
from pinnsolve.geometry.points import Points
from pinnsolve.jets.calculus import describe
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.problem.calling import Call, calling

_read: WeakKeyDictionary[Callable[..., Any], dict[str, bool]] = WeakKeyDictionary()  # keeps no function alive


def arguments(function: Callable[..., Any]) -> dict[str, bool]:
    """The argument names of a function, each with whether it must be given.

    Raises
    ------
    ProblemError
        If the names cannot be read: a builtin, `*args`, `**kwargs`, or a positional-only argument.
    """
    try:
        if function not in _read:
            _read[function] = _arguments(function)
        return _read[function]
    except TypeError:  # a callable object without a hash
        return _arguments(function)


def _arguments(function: Callable[..., Any]) -> dict[str, bool]:
    name = getattr(function, "__name__", repr(function))
    try:
        parameters = inspect.signature(function).parameters.values()
    except (TypeError, ValueError):
        raise ProblemError(
            f"the arguments of {name} have no names", f"Wrap it: lambda x: {name}(x), with the coordinates as names."
        ) from None
    for p in parameters:
        if p.kind in (p.VAR_POSITIONAL, p.VAR_KEYWORD, p.POSITIONAL_ONLY):
            raise ProblemError(
                f"{name}: the argument {p} cannot be bound by name", "Name every argument.", place_of(function)
            )
    return {p.name: p.default is p.empty for p in parameters}


def check_names(function: Callable[..., Any], what: str, possible: Iterable[str]) -> None:
    """Every argument without a default is the name of something that exists."""
    names = list(possible)
    for name, needed in arguments(function).items():
        if needed and name not in names:
            raise ProblemError(
                f"{what} asks for '{name}', which does not exist", did_you_mean(name, names), place_of(function)
            )


def as_residual(result: Any, what: str, function: Callable[..., Any]) -> Any:
    """What a function returned as its residual, refused where it can be none.

    Raises
    ------
    ProblemError
        For a comparison, several residuals, or nothing at all.
    """
    where = place_of(function)
    if result is None:
        raise ProblemError(f"{what} returned nothing", "Its return is missing: write return lhs - rhs.", where)
    if isinstance(result, Jet) and result.boolean:
        raise ProblemError(
            f"{what} returned a comparison, true or false at each point",
            "A residual is a difference that shall be zero: write lhs - rhs in place of lhs == rhs.",
            where,
        )
    if isinstance(result, list | tuple | dict):
        raise ProblemError(
            f"{what} returned {type(result).__name__} of {len(result)} things, and not one residual",
            "Return one residual; write a function for each, and list them: equations=[mass, momentum], or one "
            "condition(...) each.",
            where,
        )
    return result


# what Python says of fields that are written otherwise than here, and what to write
AS_WRITTEN = {
    "object is not callable": "Arguments are fields and numbers, and none is called: k for k(x), at(u, x=0) for u(0).",
    "'Jet' object has no attribute": "Derivatives are d(u, x) and d(u, x, x); functions come from torch.",
    "for ^: 'Jet'": "A power is u**2.",
}


def _remedy(function: Callable[..., Any], error: BaseException) -> str:
    """What to do where an argument has the name of a function that the same file calls, or is called as one; empty
    elsewhere."""
    around = getattr(function, "__globals__", {})
    hidden = [name for name in arguments(function) if callable(around.get(name))]
    if not hidden:
        return next((write for said, write in AS_WRITTEN.items() if said in str(error)), "")
    return f"The argument '{hidden[0]}' hides the function of that name in this file: give one of them another name."


@dataclass(frozen=True)
class Watched:
    """An integral that was taken: on which chart, its values as a leaf (N,), and the integral of the magnitude (N,)."""

    chart: Chart
    leaf: torch.Tensor
    size: torch.Tensor


@dataclass
class Elsewhere:
    """How the unknowns are known at other points: what integrals are taken of.

    Parameters
    ----------
    fields : callable (Points, bool) -> Fields
        What stands behind the names there; with a tape on their chart, if so asked.
    room : int
        Points at once.
    frozen : bool
        Whether the unknowns are sums of fixed features: then the quadrature is one for each of these.
    breaks : mapping from coordinate to places
        Where slopes may jump.
    panels : Panels
        What is known of the quadrature.
    watched : list of Watched, optional
        Where it is a list, every integral that is taken is put into it.
    """

    fields: Callable[[Points, bool], Fields]
    room: int = 4096
    frozen: bool = False
    breaks: Mapping[str, Sequence[float]] = field(default_factory=dict)
    panels: Panels = field(default_factory=Panels)
    watched: list[Watched] | None = None

    @classmethod
    def of(cls, fields: Callable[[Points], Fields]) -> Elsewhere:
        """Where the fields at any points are known."""
        return cls(lambda points, _: fields(points))


@dataclass(frozen=True)
class Around:
    """What lies around the points of some fields.

    Parameters
    ----------
    domain : Domain
    materials : sequence of Piecewise
    elsewhere : Elsewhere, "here" or None
        "here" for a look before training, in which an integral is what is integrated at the point itself, times the
        length: right in size, and in what it asks for. None where nothing is known of other points.
    met : list of Jet
        What was integrated, in such a look.
    """

    domain: Domain
    materials: Sequence[Piecewise] = ()
    elsewhere: Elsewhere | Literal["here"] | None = None
    met: list[Jet] = field(default_factory=list)


class Fields(dict[str, Any]):
    """What stands behind the names on one set of points: unknowns, coordinates, parameters, normals.

    Unknowns and coordinates are jets, parameters are numbers, and `nx`, `ny`, ... are the outward normal. `time` is the
    name of the coordinate of time, where there is one. `around` is what integrals have to know; without it they are
    those of the function in which this one is called.
    """

    def __init__(
        self, chart: Chart, values: Mapping[str, Any], time: str | None = None, around: Around | None = None
    ) -> None:  # fmt: skip
        super().__init__(values)
        self.chart, self.time, self.around = chart, time, around

    def replaced(self, values: Mapping[str, Any]) -> Fields:
        """The same with other things behind some of the names."""
        return Fields(self.chart, {**self, **values}, self.time, self.around)

    def call(self, function: Callable[..., Any], what: str) -> Any:
        """The function's result, with a foreign exception told as the user's."""
        if self.around is None:
            return self.called(function, what)
        with calling(Call(self, function, what)):
            return self.called(function, what)

    def called(self, function: Callable[..., Any], what: str, more: Mapping[str, Any] | None = None) -> Any:
        """The same within the call that an integral in it is to see, with `more` behind further names."""
        known = self if more is None else {**self, **more}
        given = {name: known[name] for name in arguments(function) if name in known}
        try:
            return function(**given)
        except ProblemError as error:
            if error.args and not str(error).startswith(what):
                raise ProblemError(f"{what}: {error.fault}", error.remedy, error.where).with_traceback(
                    error.__traceback__
                ) from None
            raise
        except (Exception, SystemExit) as error:  # a user's exit() shall not end the command as if all were well
            raise ProblemError(
                f"{what} raised {type(error).__name__}: {error}", _remedy(function, error)
            ).with_traceback(error.__traceback__) from error

    def value(self, given: Any, what: str) -> Jet:
        """A number, or a function of names, as a field (N,)."""
        result = self.call(given, what) if callable(given) else given
        if isinstance(result, torch.Tensor) and result.ndim == 0:
            result = result.item()
        if isinstance(result, int | float):
            return self.chart.numbers(float(result))
        where = place_of(given) if callable(given) else None
        if isinstance(result, Jet) and result.boolean:
            return result + 0.0  # zeros and ones
        if not isinstance(result, Jet):
            raise ProblemError(
                f"{what} returned {describe(result)}",
                if_complex(result) + "Return a number or an expression of the arguments.",
                where,
            )
        if tuple(result.shape) != (self.chart.size,):
            raise ProblemError(
                f"{what} returned shape {tuple(result.shape)} for {self.chart.size} points",
                "Return one number a point: shape (N,).",
                where,
            )
        return result
