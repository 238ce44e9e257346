"""Names that an unknown, a coordinate or a parameter cannot have: Python's own, and those of our arguments.

A solution hands out its unknowns as attributes (`solution.u`), and conditions, regions and measurements take names as
keywords (`dirichlet(u=0)`, `Box(x=(0, 1))`, `observed(x=xs, u=us)`). A name that stands there already would hide the
one or the other without a word.
"""

from __future__ import annotations

import inspect
import keyword
import unicodedata
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from typing import Any

from pinnsolve.data.observed import Observed
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.regions import face, point
from pinnsolve.problem.conditions import dirichlet, initial, initial_rate, neumann

# What a Solution, a Slice or an Ensemble has beside its unknowns; tests/test_names.py holds it against the classes,
# which stand below this file in the tower.
ATTRIBUTES = frozenset({
    "animate", "at", "conditions", "constants_spread", "converged", "d", "estimate", "everything", "export",
    "findings", "integral", "judged", "left_out", "load", "members", "outcome", "parameters_count", "plot", "problem",
    "report", "residual", "residuals", "save", "seeds", "settings", "spread", "spreads", "summary", "table",
    "to_xarray", "training", "trial", "values", "whole",
})  # fmt: skip


def check_free(
    unknowns: Iterable[str], coordinates: Iterable[str], parameters: Iterable[str], functions: Iterable[str]
) -> None:
    """Refuse names that mean something else already.

    Parameters
    ----------
    unknowns, coordinates, parameters : names
    functions : names
        Those parameters that are unknown functions: attributes of a solution, as its unknowns are.

    Raises
    ------
    ProblemError
        With the reason, and what to write.
    """
    functions = set(functions)
    for kind, names in (("unknown", unknowns), ("coordinate", coordinates), ("parameter", parameters)):
        for name in names:
            called = "unknown function" if name in functions else kind
            reason = _no_name(name) or _taken(name, called)
            if reason:
                raise ProblemError(
                    f"the {called} '{name}' cannot be called so: {reason}",
                    f"Give it another name, '{_other(name)}' for one, in the equations and conditions too.",
                )


def _no_name(name: str) -> str:
    """Why a name cannot be an argument of a function."""
    if keyword.iskeyword(name):
        return f"'{name}' is a word of Python's own, and no function can have an argument of that name"
    if not name.isidentifier():
        return "it is no name in Python, and no function can have an argument of that name"
    if unicodedata.normalize("NFKC", name) != name:
        return "Python reads that letter as another one in the arguments of functions"
    return ""


def _taken(name: str, kind: str) -> str:
    """What a name stands for already."""
    if kind == "coordinate":
        takes: tuple[Callable[..., Any], ...] = (Box.__init__, face, point)
        return f"'{name}' is an argument of our own functions" * any(name in _arguments(f) for f in takes)
    if kind == "parameter":
        return ""
    if name in ATTRIBUTES:
        return f"'solution.{name}' is something else already"
    if name.startswith("_"):
        return f"'solution.{name}' would be hidden, as is everything that begins with '_'"
    if kind == "unknown":
        for function in (dirichlet, neumann, initial, initial_rate):
            if name in _arguments(function):
                return f"'{name}' is an argument of {function.__name__}(...) already"
    return ""


@cache  # asked of the same few for every name of every problem
def _arguments(function: Callable[..., Any]) -> list[str]:
    """The arguments that a function has by name, beside those that it takes for names of the user's."""
    found = inspect.signature(function).parameters.values()
    return [p.name for p in found if p.kind not in (p.VAR_KEYWORD, p.VAR_POSITIONAL)]


def _other(name: str) -> str:
    """A name that is free."""
    plain = unicodedata.normalize("NFKC", name).strip("_")
    if plain != name and plain.isidentifier() and not keyword.iskeyword(plain) and plain not in ATTRIBUTES:
        return plain
    known = {"lambda": "lam", "d": "D", "at": "a", "on": "o"}
    return known.get(plain, f"{plain}_0" if f"{plain}_0".isidentifier() else "u")


def check_noise(given: Observed, names: Iterable[str]) -> None:
    """Refuse measurements whose noise may as well be the values of an unknown (or the places of a coordinate).

    Raises
    ------
    ProblemError
        If `sigma` is such a name and is given as an argument, or a column of that kind is named as the noise.
    """
    taken = set(names)
    noise = given.sigma.values() if isinstance(given.sigma, Mapping) else [given.sigma]
    for value in noise:
        if isinstance(value, str) and value in taken:
            raise ProblemError(
                f"{given.name}: the column '{value}' was named as the noise (sigma), and '{value}' is an unknown or a "
                "coordinate of the problem",
                f"""Call the column otherwise, columns={{"noise": "{value}"}} and sigma="noise"; or rename the one """
                "in the problem.",
            )
    plain = given.sigma is not None and not isinstance(given.sigma, Mapping | str)
    if "sigma" in taken and plain:
        raise ProblemError(
            f"{given.name}: sigma=... is the noise of the measurements, and the problem calls an unknown or a "
            "coordinate 'sigma': it is not clear which is meant",
            "Rename the one in the problem (to 'stress', say). Or give its measured values as the column 'sigma' of a "
            'file, and the noise, if it is known, by the names of the unknowns: sigma={"u": 0.01}.',
        )
