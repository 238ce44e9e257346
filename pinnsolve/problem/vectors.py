"""Functions of many coordinates at once: x stands for x0, x1, ..."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any

from pinnsolve.calls import worded
from pinnsolve.errors import ProblemError, place_of, whole


@worded
def vector(**counts: int) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Say that an argument of a function stands for several coordinates, parameters or unknowns: with `vector(x=3)` it
    is (x0, x1, x2).

    `Box(x=[(0, 1)] * 3)` and `Ball(x=[0] * 3, radius=1)` have such coordinates. It is written above an equation, or
    around what is given in its place: `dirichlet(u=vector(x=3)(lambda x: x[0] * x[2]))`, `exact(u=vector(x=3)(f))`.

    Raises
    ------
    ProblemError
        If the function has no such argument, or a count is no positive whole number.

    Examples
    --------
    >>> @vector(x=3)
    ... def area(x, u):
    ...     return u * sum(x)
    >>> area(u=2.0, x0=1.0, x1=2.0, x2=3.0), str(inspect.signature(area))
    (12.0, '(x0, x1, x2, u)')
    """
    if not counts:
        raise ProblemError("vector() names no argument", "Write vector(x=10): x is x0 to x9.")
    for name, count in counts.items():
        whole(f"vector: {name}", count)
        if count is None:
            raise ProblemError(f"vector: {name}=None is no number of coordinates", f"Write vector({name}=10).")

    def spread(function: Callable[..., Any]) -> Callable[..., Any]:
        return _spread(function, counts)

    return spread


def _spread(function: Callable[..., Any], counts: dict[str, int]) -> Callable[..., Any]:
    if not callable(function):
        raise ProblemError(f"vector(...) was given {function!r}, and no function", "Write vector(x=10)(f).")
    before = inspect.signature(function)
    if lacks := [name for name in counts if name not in before.parameters]:
        told = f"{getattr(function, '__name__', 'the function')}({', '.join(before.parameters)})"
        raise ProblemError(f"vector({lacks[0]}=...): {told} has no argument '{lacks[0]}'", "", place_of(function))
    single = inspect.Parameter.POSITIONAL_OR_KEYWORD
    after: list[inspect.Parameter] = []
    for name, parameter in before.parameters.items():
        several = [inspect.Parameter(f"{name}{k}", single) for k in range(counts.get(name, 0))]
        after += several or [parameter]

    @functools.wraps(function)
    def called(*args: Any, **given: Any) -> Any:
        given = {**dict(zip((p.name for p in after), args, strict=False)), **given}
        vectors = {name: tuple(given.pop(f"{name}{k}") for k in range(count)) for name, count in counts.items()}
        return function(**given, **vectors)

    called.__signature__ = inspect.Signature(after)  # type: ignore[attr-defined]
    del called.__wrapped__  # its names are not these
    return called
