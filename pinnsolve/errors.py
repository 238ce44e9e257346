"""What can go wrong, and how a run can end: both are told in words that carry the remedy."""

from __future__ import annotations

import difflib
import inspect
import math
import os
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from numbers import Real
from pathlib import Path
from typing import Any


class ProblemError(ValueError):
    """A mistake in a problem file, an option or an input file.

    Parameters
    ----------
    fault : str
        What is wrong, with the name of the thing that is.
    remedy : str
        What was possible, or what to write instead.
    where : (file, line), optional
        The place in the user's file, where it is not the line that raised.
    """

    def __init__(self, fault: str, remedy: str = "", where: tuple[str, int] | None = None) -> None:
        super().__init__(fault + ("\n  " + remedy if remedy else ""))
        self.fault, self.remedy, self.where = fault, remedy, where


def why_not(error: OSError | ProblemError) -> str:
    """Why a file could not be written or read, in one line."""
    return (error.strerror or str(error)) if isinstance(error, OSError) else error.fault


def place_of(function: Callable[..., object]) -> tuple[str, int] | None:
    """File and line on which a function was written, if it was written in Python."""
    code = getattr(inspect.unwrap(function), "__code__", None)
    return (code.co_filename, code.co_firstlineno) if code is not None else None


def did_you_mean(name: str, possible: Iterable[str]) -> str:
    """The remedy for a name that does not exist.

    >>> did_you_mean("alhpa", ["alpha", "u"])
    "did you mean 'alpha'? Possible: alpha, u"
    """
    names = list(possible)
    plain = {n.casefold(): n for n in reversed(names)}  # U for u is a slip, too
    asked = str(name).casefold()
    near = [plain[n] for n in difflib.get_close_matches(asked, plain, n=1, cutoff=0.5) if _alike(asked, n)]
    near = near or [plain[n] for n in plain if len(asked) > 2 and n.startswith(asked)]
    hint = f"did you mean '{near[0]}'? " if near else ""
    return f"{hint}Possible: {', '.join(names) if names else '(nothing)'}"


def _alike(asked: str, name: str) -> bool:
    """Whether two names that have half of their letters in common are so alike that one may stand for the other."""
    more = difflib.SequenceMatcher(None, name, asked).ratio() > 0.5
    return more or asked[:1] == name[:1] or sorted(asked) == sorted(name)


def known(name: str, possible: Collection[str], what: str) -> str:
    """The name, if it exists."""
    if not isinstance(name, str):
        raise ProblemError(
            f"{name!r:.60} is no name of {'an' if what[0] in 'aeiou' else 'a'} {what}", did_you_mean("", possible)
        )
    if name not in possible:
        raise ProblemError(f"there is no {what} '{name!s:.60}'", did_you_mean(name, possible))
    return name


def if_complex(value: object) -> str:
    """What to do about a complex number, to follow the words that refuse it; empty for anything else.

    >>> if_complex(2j)
    'It is complex, and everything here is real: take real and imaginary part as two unknowns. '
    >>> if_complex(2.0)
    ''
    """
    kind = str(getattr(value, "dtype", ""))  # of arrays and tensors, without their packages
    if not (isinstance(value, complex) or "complex" in kind):
        return ""
    return "It is complex, and everything here is real: take real and imaginary part as two unknowns. "


@dataclass(frozen=True)
class Outcome:
    """Why a training run ended, and what to do about it.

    Parameters
    ----------
    kind : str
        ``converged``, ``plateau``, ``overfitting``, ``budget``, ``steps``, ``undetermined``, ``noise``,
        ``contradicted``, ``non-finite`` or ``interrupted``.
    detail : str
        What was seen, with names and numbers.
    remedy : str
        What to change; empty where nothing need be.
    """

    kind: str
    detail: str
    remedy: str = ""

    def __str__(self) -> str:
        return f"{self.kind}: {self.detail}" + (f"; {self.remedy}" if self.remedy else "")


class NotConverged(UserWarning):
    """Warns that a run ended without "converged"; its text is the outcome, with the remedy.

    Examples
    --------
    >>> import warnings
    >>> warnings.simplefilter("error", NotConverged)  # such a run raises
    >>> warnings.simplefilter("default", NotConverged)
    """

    def __init__(self, outcome: Outcome) -> None:
        super().__init__(f"the run ended without convergence. {outcome}")


def is_number(value: Any) -> bool:
    """Whether it is a finite real number, and no truth value."""
    return isinstance(value, Real) and not isinstance(value, bool) and math.isfinite(value)


def positive(what: str, value: Any) -> float:
    """A finite number above zero."""
    if not (is_number(value) and float(value) > 0):
        name = what.rsplit(maxsplit=1)[-1]
        example = "1e-3" if name == "tolerance" else "1.0"
        raise ProblemError(f"{what}={value!r} is not a positive number", f"Write {name}={example}, for example.")
    return float(value)


def tolerated(value: Any) -> float:
    """A relative error that means something: zero itself is off by 1."""
    if positive("tolerance", value) > 1:
        raise ProblemError(
            f"tolerance={value!r} is a relative error, and zero, for any solution, is off by 1",
            f"Write tolerance={float(value) / 100:g} for {float(value):g} percent.",
        )
    return float(value)


def file_path(what: str, value: Any) -> Path:
    """The path of a file or a folder.

    >>> file_path("export", "u.vtu").suffix
    '.vtu'
    """
    if not isinstance(value, str | os.PathLike) or not str(value):
        raise ProblemError(f"{what}: {value!r:.60} is no path", 'Write a name in quotes: "runs/mine", or "u.vtu".')
    return Path(value)


def whole(what: str, value: Any) -> None:
    """A whole number above zero, or None."""
    if value is not None and (isinstance(value, bool) or not isinstance(value, int) or value < 1):
        raise ProblemError(
            f"{what}={value!r} is not a positive whole number",
            f"Write {what.rsplit(maxsplit=1)[-1]}=100.",
        )


def yes_or_no(what: str, value: Any) -> None:
    """Refuse what is neither True nor False: numbers, names, arrays, which have no truth of their own.

    >>> yes_or_no("resume", True)
    """
    alone = getattr(value, "shape", None) == () and "bool" in str(getattr(value, "dtype", ""))  # of NumPy and torch
    if not (isinstance(value, bool) or alone):
        raise ProblemError(
            f"{what}={value!r:.60} is neither True nor False", f"Write {what.rsplit(maxsplit=1)[-1]}=True."
        )
