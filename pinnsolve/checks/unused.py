"""Parameters that are declared, and asked for by nothing."""

from __future__ import annotations

import dis
from collections.abc import Callable
from typing import Any

from pinnsolve.problem.binding import arguments
from pinnsolve.problem.problem import Problem


def unused(problem: Problem) -> list[str]:
    """A warning for each parameter that no equation and no condition has among its arguments.

    A number that stands in the equation itself, or in the file around it, is not changed by `parameters` or `--set`.
    """
    asked = {name for e in problem.system for name in e.asks if e not in problem.known or name != e.unknown}
    asked |= {name for quantity in problem.quantities.values() for name in quantity.asks}
    asked |= problem.guess.asks
    return [
        f"no equation and no condition asks for the parameter '{name}', so it changes nothing: name it among the "
        "arguments of the function that needs it, or leave it out"
        for name in [*problem.others, *problem.ranges]
        if name not in asked and not name.startswith("_")
    ] + [
        f"the parameter '{name}' is an argument of {' and '.join(at)}, and nothing there uses it, so it changes nothing"
        for name in [*problem.parameters, *problem.ranges]
        if name in asked and (at := _idle(problem, name))
    ]


def _idle(problem: Problem, name: str) -> list[str]:
    """The functions that have an argument of this name, if none of them reads it."""
    mine = [e for e in problem.system if e.function is not None and name in e.asks]
    read = any(name in _read(e.function) for e in mine)
    return [] if read else list(dict.fromkeys(f"'{e.name}'" for e in mine))


def _read(function: Callable[..., Any] | None) -> set[str]:
    """The names that a function reads; all of its arguments where that cannot be seen."""
    code = getattr(function, "__code__", None)
    if code is None or function is None:
        return set(arguments(function)) if function is not None else set()
    return {str(i.argval) for i in dis.get_instructions(code) if i.opname.startswith("LOAD_")} | set(code.co_cellvars)
