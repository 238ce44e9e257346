"""Numbers that options give."""

from __future__ import annotations

import math

from pinnsolve.errors import ProblemError


def number(what: str, text: str) -> float:
    """A finite number.

    Raises
    ------
    ProblemError
        With the option that gave it.
    """
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not math.isfinite(value):
        raise ProblemError(f"{what}: {text!r} is no number", "Write a number, as in --set nu=0.02 or --tolerance 1e-4.")
    return value


def count(option: str, text: str) -> int:
    """A whole number from one up."""
    if not text.isdecimal() or int(text) < 1:
        raise ProblemError(f"{option} {text}: {text!r} is no whole number from 1 up", f"Write {option} 5, for example.")
    return int(text)
