"""Which function of the user's is being called, and on which fields: what an integral inside of it has to know.

A function that holds `integral(u, over="x")` is called on the fields at some points, and `u` is what it is there. To
take the integral, the same function is called again on the fields at the points of a quadrature, and left as soon as it
comes to the same integral: what stands in it then is the integrand.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

# The calls that are being made, the innermost last; of each thread its own.
_calls: ContextVar[tuple[Call, ...]] = ContextVar("calls of problem functions", default=())


@dataclass
class Call:
    """A call of a user's function.

    Parameters
    ----------
    fields : Fields
        What its arguments are bound to.
    function : callable
    what : str
        How messages call it.
    wanted : int, optional
        The number of the integral at which it is left, where it is called again for that; -1 for an integrand, in
        which no integral can stand.
    met : int
        How many integrals it has come to.
    """

    fields: Any
    function: Callable[..., Any]
    what: str
    wanted: int | None = None
    met: int = 0

    def next(self) -> int:
        """The number of the integral that it has come to."""
        self.met += 1
        return self.met - 1


class Captured(BaseException):  # no Exception: a user's function may catch these
    """A function that was called again has come to the integral for which it was; with the integrand."""

    def __init__(self, integrand: Any) -> None:
        super().__init__()
        self.integrand = integrand


@contextmanager
def calling(call: Call) -> Iterator[Call]:
    """While a user's function is being called."""
    token = _calls.set((*_calls.get(), call))
    try:
        yield call
    finally:
        _calls.reset(token)


def innermost() -> Call | None:
    """The call that an integral stands in."""
    made = _calls.get()
    return made[-1] if made else None
