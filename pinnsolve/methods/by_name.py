"""Methods by the names that the command line and `Settings` have for them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.methods.gradient import SGD, Adam
from pinnsolve.methods.levenberg_marquardt import LevenbergMarquardt
from pinnsolve.methods.marching import Marching
from pinnsolve.methods.newton import Newton
from pinnsolve.methods.protocol import Method
from pinnsolve.methods.quasi_newton import LBFGS, SSBroyden
from pinnsolve.methods.soap import SOAP
from pinnsolve.methods.spring import SPRING

METHODS: dict[str, Callable[..., Method]] = {
    "lm": LevenbergMarquardt, "lbfgs": LBFGS, "adam": Adam, "sgd": SGD,
    "ssbroyden": SSBroyden, "soap": SOAP, "spring": SPRING, "newton": Newton, "marching": Marching,
}  # fmt: skip


def named_methods(given: Any) -> Any:
    """What was given as a method, with methods in place of their names.

    >>> named_methods("adam"), named_methods(["adam", LBFGS(steps=9)])[1]
    (Adam(rate=0.001, decay=0.0, steps=None), LBFGS(memory=50, steps=9))
    """
    if isinstance(given, str):
        found = method_by_name(given)
        return found[0] if len(found) == 1 else found
    if isinstance(given, list | tuple):
        return tuple(m for one in given for m in (method_by_name(one) if isinstance(one, str) else (one,)))
    return given


def method_by_name(text: str, steps: int | None = None) -> tuple[Method, ...]:
    """The methods that a command line names: "lm", or "adam,lm" for one after the other."""
    names = [n.strip() for n in text.split(",")]
    for name in names:
        if name not in METHODS:
            raise ProblemError(f"there is no method '{name}'", did_you_mean(name, METHODS))
    last = len(names) - 1
    return tuple(METHODS[n](**({"steps": steps} if k == last else {})) for k, n in enumerate(names))


def described_method(method: Method) -> str:
    """A method's own words, or its name and numbers, but for how long it may go on."""
    if words := getattr(method, "words", None):
        return str(words)
    given = {k: v for k, v in getattr(method, "__dict__", {}).items() if k != "steps"}  # a user's may have slots
    return f"{type(method).__name__}({', '.join(f'{k}={v!r}' for k, v in given.items())})"
