"""What shapes are given: numbers, intervals, lengths, names."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from numbers import Real
from typing import Any

import numpy as np

from pinnsolve.errors import ProblemError, if_complex
from pinnsolve.geometry.rules import RULES


def interval(what: str, bounds: Any) -> tuple[float, float]:
    """Two finite numbers, the lower first, or an error that says what is wrong with `what`."""
    if (
        not isinstance(bounds, tuple | list)
        or len(bounds) != 2
        or not all(isinstance(b, Real) and math.isfinite(b) for b in bounds)
    ):
        raise ProblemError(f"{what} = {bounds!r} is not an interval", "Write two finite numbers: (0, 1).")
    low, high = float(bounds[0]), float(bounds[1])
    if low == high:
        raise ProblemError(f"{what} = ({low:g}, {high:g}) is empty", "The upper end must be above the lower one.")
    if low > high:
        raise ProblemError(
            f"{what} = ({low:g}, {high:g}) runs backwards", f"The lower end comes first: ({high:g}, {low:g})."
        )
    if max(abs(low), abs(high)) > RULES.farthest or high - low < 1 / RULES.farthest:
        far = (
            f"reaches further than {RULES.farthest:g}" if high - low > 1 else f"is shorter than {1 / RULES.farthest:g}"
        )
        raise ProblemError(
            f"{what} = ({low:g}, {high:g}) {far}", "Derivatives over such a length are no numbers: choose another unit."
        )
    return low, high


def one_by_one(given: Mapping[str, Any], vector: Callable[[Any], bool]) -> dict[str, Any]:
    """What stands for several coordinates, x=[a, b], as those one by one: x0=a, x1=b."""
    found: dict[str, Any] = {}
    for name, value in given.items():
        several = isinstance(value, list | tuple) and len(value) > 0 and vector(value[0])
        found |= {f"{name}{k}": v for k, v in enumerate(value)} if several else {name: value}
    return found


def number(what: str, value: Any) -> float:
    """A finite number."""
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ProblemError(f"{what} = {value!r} is no finite number", "Write a number.")
    return float(value)


def side_names(what: str, names: Any, count: int) -> tuple[str, ...]:
    """The names of sides, if there are as many as sides."""
    if names is None:
        return ()
    given = tuple(names) if isinstance(names, tuple | list) else (names,)
    if len(given) != count or not all(isinstance(n, str) for n in given):
        raise ProblemError(f"{what}: names={names!r} does not name its {count} sides", f"Give {count} names.")
    return given


def positive_length(what: str, value: Any) -> float:
    """A length above zero."""
    length = number(what, value)
    if length <= 0:
        raise ProblemError(f"{what} = {length:g} is no length", "It must be above zero.")
    return length


def numbers(name: str, given: Any) -> np.ndarray:
    """What is given of a coordinate, as float64.

    Raises
    ------
    ProblemError
        If it is no real number, and no array of such.
    """
    try:
        found = np.asarray(given)
        values = None if given is None or if_complex(found) else found.astype(np.float64)
    except (TypeError, ValueError, RuntimeError):
        values = None
    if values is None:
        remedy = if_complex(given) or f"Write {name}=0.5, or {name}=[0.1, 0.2]: a number, or an array of numbers."
        raise ProblemError(f"{name}={given!r:.60} is no real number, and no array of such", remedy.strip())
    return values


def together(places: Mapping[str, np.ndarray]) -> list[np.ndarray]:
    """Arrays of one shape.

    Raises
    ------
    ProblemError
        If they have shapes that do not go together.
    """
    try:
        return list(np.broadcast_arrays(*places.values()))
    except ValueError:
        told = ", ".join(f"{name} {values.shape}" for name, values in places.items())
        raise ProblemError(
            f"the places have shapes that do not go together: {told}",
            "They broadcast as in NumPy: one number for all, arrays of one shape, or x[:, None] with t[None, :].",
        ) from None
