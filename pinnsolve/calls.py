"""Wrong calls of our own functions and classes, told in words that say what to write.

Python's own words are "f() got an unexpected keyword argument 'a'", "f() takes 1 positional argument but 2 were given"
and "f() missing 1 required keyword-only argument: 'a'".
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Sequence
from functools import wraps
from typing import Any, ParamSpec, TypeVar

from pinnsolve.errors import ProblemError, did_you_mean

P = ParamSpec("P")
R = TypeVar("R")
Made = TypeVar("Made", bound=type)
# How a call looks, where its arguments alone do not tell.
EXAMPLES = {
    "Problem": 'Problem(space=Box(x=(0, 1)), unknowns="u", equations=poisson, conditions=[dirichlet(u=0)])',
    "Box": "Box(x=(0, 1))", "Disk": "Disk(x=0, y=0, radius=1)", "Ball": "Ball(x=0, y=0, z=0, radius=1)",
    "Polygon": "Polygon(x=[0, 2, 1], y=[0, 0, 1])", "Cylinder": "Cylinder(x=0, y=0, radius=1, z=(0, 2))",
    "Extruded": "Extruded(shape, z=(0, 1))", "LevelSet": "LevelSet(lambda x, y: 1 - x**2 - y**2, within=Box(...))",
    "face": "face(x=0)", "point": "point(x=0, y=0)", "side": 'side("hole")', "dirichlet": "dirichlet(u=0)",
    "neumann": "neumann(u=0)", "initial": "initial(u=0)", "initial_rate": "initial_rate(u=0)",
    "condition": "condition(robin, on=face(x=1))", "exact": "exact(u=lambda x: x**2)",
    "observed": "observed(x=xs, u=us)", "Settings": "Settings(budget=20)", "Redraw": "Redraw(every=10)",
    "solve": "solve(problem, budget=20)", "ensemble": "ensemble(problem, 5, budget=20)",
    "compare": "compare(solution), or compare(solution, reference)",
    "automatic_reference": "automatic_reference(problem, tolerance=1e-6)",
    "Unknown": "Unknown(0.05, positive=True)", "Piecewise": "Piecewise(1.0, (Box(x=(0, 0.5)), 50.0))",
    "integral": 'integral(u, over="x")', "source": "source(1.0, x=0.3)",
    "Solution.everything": "everything(x=0.5)", "Solution.residuals": "residuals(x=0.5)", "Solution.at": "at(nu=0.05)",
    "Solution.load": 'load("model.safetensors", problem)', "Solution.d": 'd("u", "x")(x=0.5)',
    "faces": 'faces("x"), or face(x=0)', "periodic": 'periodic("x")', "Shown.to_xarray": "to_xarray()",
    "Shown.export": 'export("u.vtu")', "Shown.table": "table(x=[0, 0.5])", "Shown.animate": 'animate("u", frames=40)',
    "Shown.report": 'report("runs/mine")', "Shown.plot": 'plot("u")',
    "modes": "modes(problem)", "Eigenvalue": "Eigenvalue(near=10, count=3)", "table": 'table("k.csv", of="x")',
}  # fmt: skip
# Arguments that are given to others by mistake.
HOMES = {
    "Problem": (
        "space", "time", "unknowns", "equations", "conditions", "parameters", "reference", "tolerance", "quantities",
        "guess",
    ),
    "solve": ("budget", "method", "network", "seed", "device", "dtype", "cells", "points", "continuation"),
}  # fmt: skip


def worded(function: Callable[P, R]) -> Callable[P, R]:
    """A function that tells wrong calls of it as a `ProblemError`: what was wrong, and what to write."""

    @wraps(function)
    def called(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                raise  # it arose inside
            raise wrong_call(function.__qualname__, inspect.signature(function), args, str(error)) from None

    return called


def worded_class(made: Made) -> Made:
    """The class itself, whose wrong calls are told so; those of a subclass by its own name."""
    init = made.__init__  # type: ignore[misc]

    @wraps(init)
    def called(self: Any, *args: Any, **kwargs: Any) -> None:
        try:
            init(self, *args, **kwargs)
        except TypeError as error:
            if error.__traceback__ is not None and error.__traceback__.tb_next is not None:
                raise
            raise wrong_call(type(self).__name__, inspect.signature(type(self)), args, str(error)) from None

    made.__init__ = called  # type: ignore[misc]
    return made


def by_name(name: str, wanted: Sequence[str], function: Callable[..., R]) -> Callable[..., R]:
    """A function of places that are given by name; told so where they are not."""

    def evaluate(*given: Any, **places: Any) -> R:
        if given:
            example = ", ".join(f"{c}=..." for c in wanted)
            raise ProblemError(f"{name}(...) takes places by name", f"Write {name}({example}).")
        return function(**places)

    return evaluate


def wrong_call(name: str, signature: inspect.Signature, args: tuple[Any, ...], told: str) -> ProblemError:
    """What was wrong with a call, by the signature and by what Python said of it; of a method, by its full name."""
    full, name = name, name.rpartition(".")[2]
    kinds = {n: p.kind for n, p in signature.parameters.items() if n != "self"}
    own = [n for n, kind in kinds.items() if kind is not inspect.Parameter.VAR_KEYWORD]
    example = EXAMPLES.get(full, f"{name}({', '.join(f'{a}=...' for a in own)})")
    unknown = re.search(r"unexpected keyword argument '(\w+)'", told)
    if unknown:
        asked = unknown.group(1)
        told = did_you_mean(asked, own) if own else f"Write {example}."
        home = next((f"{asked} is said in {other}(..., {asked}=...). " for other, n in HOMES.items() if asked in n), "")
        also = f". Write {example}." if full in EXAMPLES and own and not home and "?" not in told else ""
        return ProblemError(f"{name}(...) has no argument '{asked}'", f"{home}{told}{also}")
    if "positional" in told and "given" in told:
        first = [n for n in own if kinds[n] is not inspect.Parameter.KEYWORD_ONLY]
        also = f", all but {' and '.join(first)}" * bool(first)
        return ProblemError(f"{name}(...) takes its arguments by name{also}", f"Write {example}.")
    missing = re.search(r"missing .*", told)
    if missing:
        return ProblemError(f"{name}(...) is {missing.group()}", f"Write {example}.")
    return ProblemError(f"{name}(...): {told.partition('() ')[2] or told}", f"Write {example}.")
