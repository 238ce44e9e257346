"""Parameters that are declared, and asked for by nothing."""

from __future__ import annotations

from pinnsolve.problem.problem import Problem


def unused(problem: Problem) -> list[str]:
    """A warning for each parameter that no equation and no condition has among its arguments.

    A number that stands in the equation itself, or in the file around it, is not changed by `parameters` or `--set`.
    """
    asked = {name for equation in problem.system for name in equation.asks}
    asked |= {name for quantity in problem.quantities.values() for name in quantity.asks}
    return [
        f"no equation and no condition asks for the parameter '{name}', so it changes nothing: name it among the "
        "arguments of the function that needs it, or leave it out"
        for name in [*problem.parameters, *problem.materials, *problem.ranges]
        if name not in asked
    ]
