"""Materials some of whose numbers are to be found: k = v_0 + sum_j (v_j - v_0) chi_j, chi_j one in part j, else zero.

What the user's functions ask for as k is made of constants k_elsewhere, k_1, ... and of parts that are known.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.materials import Piecewise
from pinnsolve.problem.binding import arguments
from pinnsolve.problem.conditions import holding, prescribing
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.reading import flattened
from pinnsolve.problem.unknown import Unknown

Values = tuple[float | str, ...]  # elsewhere and in each part: a number, or the name of a constant


class Mixed:
    """A function of the user's that is given materials made of what is to be found.

    Parameters
    ----------
    function : callable
    made : mapping from name to Values
        Of the materials.
    """

    def __init__(self, function: Callable[..., Any], made: Mapping[str, Values]) -> None:
        asks, given = arguments(function), inspect.signature(function).parameters
        self.made = {name: values for name, values in made.items() if name in asks}
        more = [n for name, values in self.made.items() for n in _asked(name, values)]
        kept = [p for name, p in given.items() if name not in self.made]
        added = [inspect.Parameter(n, inspect.Parameter.KEYWORD_ONLY) for n in dict.fromkeys(more) if n not in given]
        self.__wrapped__, self.__name__ = function, getattr(function, "__name__", "function")
        self.__signature__ = inspect.Signature([*kept, *added])
        self._own = [p.name for p in kept]

    def __call__(self, **given: Any) -> Any:
        materials = {name: _value(name, values, given) for name, values in self.made.items()}
        return self.__wrapped__(**{n: given[n] for n in self._own if n in given}, **materials)


def _asked(name: str, values: Values) -> list[str]:
    return [*(v for v in values if isinstance(v, str)), *(_part(name, j) for j in range(1, len(values)))]


def _part(name: str, number: int) -> str:
    """What chi_j is called; nobody else has such names."""
    return f"_{name}_{number}"


def _value(name: str, values: Values, given: Mapping[str, Any]) -> Any:
    first, *others = (given[v] if isinstance(v, str) else v for v in values)
    return first + sum((v - first) * given[_part(name, j)] for j, v in enumerate(others, 1))


def mixed(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A declaration whose materials are known, and beside them constants; as it is where all their numbers are.

    Raises
    ------
    ProblemError
        If what stands for a number is no constant.
    """
    parameters = declared["parameters"]
    given = parameters if isinstance(parameters, Mapping) else {}
    sought = {n: m for n, m in given.items() if isinstance(m, Piecewise) and m.sought}
    if not sought:
        return dict(declared)
    known, made = {n: v for n, v in given.items() if n not in sought}, dict[str, Values]()
    for name, material in sought.items():
        made[name] = _named(name, material, known)
        for j, v in enumerate(material.sought_values):
            if isinstance(v, Unknown):
                known[str(made[name][j])] = v
        known |= {_part(name, j): _alone(material, j) for j in range(1, len(made[name]))}

    def told(function: Any) -> Any:
        return Mixed(function, made) if callable(function) and set(arguments(function)) & made.keys() else function

    def of(given: Any) -> Any:
        return {u: told(v) for u, v in given.items()} if isinstance(given, Mapping) else given

    own = declared["equations"]
    quantities = declared["quantities"]
    if isinstance(quantities, Mapping):
        quantities = {n: (told(q[0]), *q[1:]) if isinstance(q, tuple) else told(q) for n, q in quantities.items()}
    return {
        **declared, "parameters": known, "guess": of(declared["guess"]), "quantities": quantities,
        "equations": [told(f) for f in own] if isinstance(own, list | tuple) else told(own),
        "conditions": [_condition(c, told) for c in flattened(declared["conditions"])],
    }  # fmt: skip


def _condition(c: Any, told: Callable[[Any], Any]) -> Any:
    """The same condition, given what its function asks for."""
    if not isinstance(c, Equation) or c.function is None or (function := told(c.function)) is c.function:
        return c
    if c.prescribes is None:
        return holding(c.name, c.on, function)
    return prescribing(c.name, c.on, c.prescribes.unknown, c.prescribes.what, function)


def _alone(material: Piecewise, number: int) -> Piecewise:
    """chi_j: one in this part, as far as no later one counts, and zero elsewhere."""
    shapes = [shape for shape, _ in material.given]
    return Piecewise(0.0, *((shape, float(k == number)) for k, shape in enumerate(shapes, 1) if k >= number))


def _named(name: str, material: Piecewise, taken: Mapping[str, Any]) -> Values:
    """The numbers of a material, and the names of those that are to be found."""
    found: list[float | str] = []
    for j, v in enumerate(material.sought_values):
        if isinstance(v, float):
            found.append(v)
            continue
        if not isinstance(v, Unknown) or v.coordinates:
            raise ProblemError(
                f"parameters: {name}: Piecewise has {v!r}, and a part's number is the same everywhere in it",
                "Write Unknown(1.0), a constant.",
            )
        called = f"{name}_{(material.given[j - 1][0].name or j) if j else 'elsewhere'}"
        new = called if called.isidentifier() else f"{name}_{j}"
        while new in taken or new in found:
            new += "_"
        found.append(new)
    return tuple(found)
