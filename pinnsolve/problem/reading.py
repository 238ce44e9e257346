"""The parts of a declaration, each read and checked on its own."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from numbers import Real
from typing import Any

from pinnsolve.data.observed import Observed
from pinnsolve.errors import ProblemError, if_complex, place_of
from pinnsolve.geometry.arguments import interval
from pinnsolve.geometry.materials import Piecewise
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.tabulated import Tabulated
from pinnsolve.problem.conditions import Periodic, Solenoidal
from pinnsolve.problem.eigenvalue import Eigenvalue
from pinnsolve.problem.equation import Equation, inside
from pinnsolve.problem.expansion import Expansion
from pinnsolve.problem.unknown import Again, Unknown
from pinnsolve.reference import Reference

Parameter = float | Unknown | Eigenvalue | tuple[float, float] | Piecewise | Tabulated | Expansion | Again


def unknowns_of(unknowns: Any) -> tuple[str, ...]:
    names = tuple(unknowns) if isinstance(unknowns, list | tuple | Mapping) else (unknowns,)
    for name in names:
        if not (isinstance(name, str) and name.isidentifier()):
            raise ProblemError(f"unknowns: {name!r} is no name", 'Write unknowns="u" or unknowns=("u", "v").')
    if not names:
        raise ProblemError("the problem has no unknown", 'Write unknowns="u".')
    return names


class Held(float):
    """A number in the place of a range: functions see it as the field that they see of a range, so that `exp(k)` from
    torch is the same for both."""


class Sought(float):
    """A number in the place of an unknown one, for which a problem is solved: it may be any other, too."""


@dataclass(frozen=True)
class Parameters:
    """What stands under `parameters`.

    Parameters
    ----------
    numbers : dict from name to float
        All but the ranges; what is unknown has its guess.
    unknown : dict from name to Unknown
    ranges : dict from name to (low, high)
        Those that are inputs of the network.
    materials : dict from name to Piecewise
        Those that jump between parts of space.
    tables : dict from name to Tabulated
        Those that are functions from data.
    eigenvalues : dict from name to Eigenvalue
        Among the numbers they have the value that they shall be near to.
    held : tuple of str
        The numbers that stand in the place of a range.
    expansions : dict from name to Expansion
        Functions that are series of numbers.
    sought : dict from name to float
        The numbers that stand in the place of unknown ones.
    again : dict from name to Again
        Functions of an unknown, of what experiments have in its place.
    """

    numbers: dict[str, float]
    unknown: dict[str, Unknown]
    ranges: dict[str, tuple[float, float]]
    materials: dict[str, Piecewise]
    tables: dict[str, Tabulated]
    eigenvalues: dict[str, Eigenvalue]
    held: tuple[str, ...] = ()
    expansions: dict[str, Expansion] = field(default_factory=dict)
    sought: dict[str, float] = field(default_factory=dict)
    again: dict[str, Again] = field(default_factory=dict)

    def over(self, space: Any) -> dict[str, Piecewise]:
        """The materials, where they name parts of a space."""
        known = isinstance(space, Shape | None)
        return {name: m.over(space) if known else m for name, m in self.materials.items()}

    def of_unknowns(self, unknowns: Sequence[str]) -> frozenset[str]:
        """The functions, to be found or written as series, that depend on one of these unknowns."""
        found = [name for name, u in self.functions.items() if any(c in unknowns for c in u.coordinates)]
        return frozenset((*found, *self.again, *(n for n, e in self.expansions.items() if e.reach is not None)))

    @property
    def known(self) -> dict[str, float]:
        """The numbers that are not to be found."""
        return {name: v for name, v in self.numbers.items() if name not in self.unknown}

    @property
    def constants(self) -> dict[str, Unknown]:
        """What is unknown and the same everywhere."""
        return {name: u for name, u in self.unknown.items() if not u.coordinates}

    @property
    def functions(self) -> dict[str, Unknown]:
        """What is unknown and depends on coordinates."""
        return {name: u for name, u in self.unknown.items() if u.coordinates}


def parameters_of(parameters: Any) -> Parameters:
    """The parameters by what they are; None stands for none."""
    parameters = {} if parameters is None else parameters
    if not isinstance(parameters, Mapping):
        raise ProblemError(f"parameters={parameters!r} is no mapping", 'Write parameters={"nu": 0.01}.')
    for name, value in parameters.items():
        if not (isinstance(name, str) and name.isidentifier()):
            raise ProblemError(f"parameters: {name!r} is no name", 'Write parameters={"nu": 0.01}.')
        if isinstance(value, Unknown | Eigenvalue | Piecewise | Tabulated | Expansion | Again | tuple | list):
            continue
        if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
            raise ProblemError(
                f"parameters: {name} = {value!r} is no finite number",
                if_complex(value)
                + 'Write parameters={"nu": 0.01}, or {"nu": Unknown(0.01)} for a constant to be found, or '
                '{"nu": (0.01, 0.1)} for an input of the network.',
            )
    for name, value in parameters.items():
        if isinstance(value, Piecewise) and value.sought:
            raise ProblemError(
                f"parameters: {name}: a number of a material can be sought for all experiments alone",
                f'Write parameters={{"{name}": {value!r}}}, and numbers in given=.',
            )
    ranges = {n: interval(f"parameters: {n}", v) for n, v in parameters.items() if isinstance(v, tuple | list)}
    unknown = {name: value for name, value in parameters.items() if isinstance(value, Unknown)}
    materials = {name: value for name, value in parameters.items() if isinstance(value, Piecewise)}
    tables = {name: value for name, value in parameters.items() if isinstance(value, Tabulated)}
    expansions = {name: value for name, value in parameters.items() if isinstance(value, Expansion)}
    again = {name: value for name, value in parameters.items() if isinstance(value, Again)}
    others = (ranges, materials, tables, expansions, again)
    given = {n: v for n, v in parameters.items() if not any(n in other for other in others)}
    eigenvalues = {n: v for n, v in given.items() if isinstance(v, Eigenvalue)}
    numbers = {n: float(v.guess if isinstance(v, Unknown) else v) for n, v in given.items() if n not in eigenvalues}
    numbers |= {n: float(v.near) for n, v in eigenvalues.items()}
    held = tuple(n for n, v in parameters.items() if isinstance(v, Held))
    sought = {n: float(v) for n, v in parameters.items() if isinstance(v, Sought)}
    return Parameters(numbers, unknown, ranges, materials, tables, eigenvalues, held, expansions, sought, again)


def equations_of(equations: Any, more: Sequence[Callable[..., Any]] = ()) -> tuple[Equation, ...]:
    """The equations, and more that follow from other words; none for a problem that is all data."""
    functions = [*(equations if isinstance(equations, list | tuple) else [equations]), *more]
    names: list[str] = []
    for number, function in enumerate(functions, start=1):
        if not callable(function):
            raise ProblemError(
                f"equations: {function!r} is no function", "Each returns a residual: def heat(u, x, t): ..."
            )
        name = getattr(function, "__name__", "<lambda>").replace("<lambda>", f"equation {number}")
        if name in names:
            raise ProblemError(
                f"two equations are called '{name}'", "Give each function a name of its own.", place_of(function)
            )
        names.append(name)
    return tuple(inside(n, f) for n, f in zip(names, functions, strict=True))


def reference_given(reference: Any) -> Any:
    """What stands under `reference`, as it is, if it can be meant."""
    automatic = isinstance(reference, str) and reference == "automatic"
    if reference is None or automatic or isinstance(reference, Reference) or callable(reference):
        return reference
    raise ProblemError(
        f"reference={reference!r} is neither a Reference nor a function that returns one",
        "Write reference=exact(u=lambda x, t: ...) for a known solution, a function reference(problem) that returns a "
        "Reference(...), or None for no comparison.",
    )


def flattened(conditions: Any) -> list[Any]:
    items: list[Any] = []
    for c in conditions if isinstance(conditions, list | tuple) else [conditions]:
        items.extend(flattened(c) if isinstance(c, list | tuple) else [c])
    for c in items:
        if not isinstance(c, Equation | Periodic | Solenoidal | Observed):
            raise ProblemError(
                f"conditions: {c!r} is no condition",
                "Possible: dirichlet, neumann, initial, initial_rate, periodic, solenoidal, condition, observed.",
            )
    return items


def numbered(items: Sequence[Any]) -> list[Any]:
    """The same, with a number after each name that an equation before it has, too: two functions without a name on one
    face are told apart wherever names are told."""
    names, found = Counter[str](), []
    for c in items:
        again = isinstance(c, Equation) and names[c.name]
        names[c.name] += isinstance(c, Equation)
        found.append(replace(c, name=f"{c.name} [{again + 1}]") if again else c)
    return found
