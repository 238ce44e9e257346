"""Functions of a problem in which integrals are unknowns of their own, and the equations that say what these are.

Along one coordinate an integral is told by what holds at each place: with w what runs up to x, and m all of it,

    w_x = f,  w = 0 where x begins;      m_x = 0,  m = w where x ends,

and m the value of an expression at a place likewise, m = f there. So methods that know of each place its neighbours
alone solve for it.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pinnsolve.jets.calculus import d
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import arguments
from pinnsolve.problem.calling import Call, Captured, calling, innermost
from pinnsolve.problem.limits import Limits
from pinnsolve.problem.nearby import at_the_point, integrand_of, names_of

Function = Callable[..., Any]


@dataclass(frozen=True)
class Met:
    """An integral that was met in a call: what is integrated, over what, and on which fields."""

    what: Any
    limits: Limits
    call: Call

    @property
    def kernel(self) -> bool:
        """Whether a function is integrated, which may know where the equation stands."""
        return not isinstance(self.what, Jet)


@dataclass(frozen=True, eq=False)
class InPlace:
    """A user's function in which integrals are unknowns.

    Parameters
    ----------
    function : callable
    names : mapping from int to str
        The unknown that is the how many-th integral in it.
    added : str
        An unknown that is added to what it returns; empty for none.
    settles : str
        An unknown that it says something of, though it does not hold it.
    met : list of Met
        Where an integral has no name: what was met there.
    """

    function: Function
    names: Mapping[int, str]
    added: str = ""
    settles: str = ""
    met: list[Met] = field(default_factory=list)

    @property
    def __name__(self) -> str:
        return str(getattr(self.function, "__name__", "condition"))

    @property
    def __code__(self) -> Any:
        return getattr(self.function, "__code__", None)

    @property
    def __signature__(self) -> inspect.Signature:
        return _signature(self.function, *dict.fromkeys(self.names.values()), *filter(None, [self.added, self.settles]))

    def __call__(self, **fields: Any) -> Any:
        found = self.function(**{n: fields[n] for n in arguments(self.function) if n in fields})
        return found + fields[self.added] if self.added else found

    def stands(self, call: Call, number: int, what: Any, limits: Limits) -> Jet:
        """What stands for an integral in it."""
        if number in self.names:
            found: Jet = call.fields[self.names[number]]
            return found
        self.met.append(Met(what, limits, call))
        return at_the_point(call, what, limits)


@dataclass(frozen=True, eq=False)
class Integrand:
    """What is integrated, less the slope of its integral along a coordinate, or less its value at a place.

    Parameters
    ----------
    function : callable
        In which the integral stands.
    number : int
        The how many-th.
    limits : Limits
    unknown : str
        Which is the integral, or the value.
    runs : bool
        Whether it is an integral.
    """

    function: Function
    number: int
    limits: Limits
    unknown: str
    runs: bool = True

    @property
    def along(self) -> str:
        return self.limits.over[0]

    @property
    def __name__(self) -> str:
        return f"{self.unknown}_{self.along}"

    @property
    def __signature__(self) -> inspect.Signature:
        return _signature(self.function, self.along, *filter(None, [self.unknown]))

    def alone(self) -> Integrand:
        """What is integrated, and nothing else."""
        return replace(self, unknown="")

    def __call__(self, **fields: Any) -> Jet:
        if not self.unknown:
            return self.of(fields)
        left = fields[self.unknown]
        return (d(left, fields[self.along]) if self.runs else left) - self.of(fields)

    def of(self, fields: Mapping[str, Any]) -> Jet:
        """What is integrated."""
        call = innermost()
        assert call is not None
        again = Call(call.fields, self.function, self.__name__, wanted=self.number)
        try:
            with calling(again):
                self.function(**{n: fields[n] for n in arguments(self.function) if n in fields})
        except Captured as found:
            if isinstance(found.integrand, Jet):
                return found.integrand
            aliases = names_of(found.integrand, call.fields, self.limits)
            return integrand_of(again, found.integrand, {n: fields[c] for n, c in aliases.items()}, call.fields)
        raise AssertionError("a function holds fewer integrals when it is called again")


@dataclass(frozen=True, eq=False)
class Difference:
    """That two unknowns are the same."""

    one: str
    other: str

    @property
    def __name__(self) -> str:
        return self.one

    @property
    def __signature__(self) -> inspect.Signature:
        return inspect.Signature([inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY) for n in (self.one, self.other)])

    def __call__(self, **fields: Any) -> Jet:
        left: Jet = fields[self.one]
        return left - fields[self.other]


@dataclass(frozen=True, eq=False)
class Slope:
    """That the slope of an unknown along a coordinate is another one."""

    one: str
    other: str
    along: str

    @property
    def __name__(self) -> str:
        return f"{self.one}_{self.along}"

    @property
    def __signature__(self) -> inspect.Signature:
        names = (self.one, self.other, self.along)
        return inspect.Signature([inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY) for n in names])

    def __call__(self, **fields: Any) -> Jet:
        return d(fields[self.one], fields[self.along]) - fields[self.other]


def _signature(function: Function, *more: str) -> inspect.Signature:
    """Its own arguments, and further ones."""
    own = list(inspect.signature(function).parameters.values())
    names = {p.name for p in own}
    keyword = inspect.Parameter.KEYWORD_ONLY
    return inspect.Signature(
        [p.replace(kind=keyword) for p in own] + [inspect.Parameter(n, keyword) for n in more if n not in names]
    )
