"""Wrong calls of our own functions, as Python tells them, in words that say what to write."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable
from typing import Any

import pinnsolve
from pinnsolve.errors import ProblemError, did_you_mean

CALLED = re.compile(r"(\w+)(?:\.__init__)?\(\) (.*)", re.DOTALL)
# How a call looks, where its arguments alone do not tell.
EXAMPLES = {
    "Problem": 'Problem(space=Box(x=(0, 1)), unknowns="u", equations=poisson, conditions=[dirichlet(u=0)])',
    "Box": "Box(x=(0, 1))", "face": "face(x=0)", "point": "point(x=0, y=0)", "dirichlet": "dirichlet(u=0)",
    "neumann": "neumann(u=0)", "initial": "initial(u=0)", "initial_rate": "initial_rate(u=0)",
    "condition": "condition(robin, on=face(x=1))", "exact": "exact(u=lambda x: x**2)",
    "observed": "observed(x=xs, u=us)", "Settings": "Settings(budget=20)", "Redraw": "Redraw(every=10)",
}  # fmt: skip


def wrong_call(error: TypeError) -> ProblemError | None:
    """What was wrong with the call of one of our functions; None if the error is about something else.

    Python's own words are "f() got an unexpected keyword argument 'a'", "f() takes 1 positional argument but 2 were
    given" and "f() missing 1 required keyword-only argument: 'a'".
    """
    found = CALLED.fullmatch(str(error))
    name = found.group(1) if found else ""
    function = getattr(pinnsolve, name, None) if name in pinnsolve.__all__ else None
    if found is None or function is None:
        return None
    what, example = found.group(2), _example(name, function)
    unknown = re.search(r"unexpected keyword argument '(\w+)'", what)
    if unknown:
        fault = f"{name}(...) has no argument '{unknown.group(1)}'"
        return ProblemError(fault, did_you_mean(unknown.group(1), _arguments(function)))
    if "positional argument" in what and "given" in what:
        return ProblemError(f"{name}(...) takes its arguments by name", f"Write {example}.")
    if "missing" in what:
        return ProblemError(f"{name}(...) is {what}", f"Write {example}.")
    return None


def _arguments(function: Callable[..., Any]) -> list[str]:
    return [n for n, p in inspect.signature(function).parameters.items() if p.kind is not p.VAR_KEYWORD]


def _example(name: str, function: Callable[..., Any]) -> str:
    return EXAMPLES.get(name, f"{name}({', '.join(f'{a}=...' for a in _arguments(function))})")
