"""Numbers and functions of a problem that are not known, and are found together with the solution."""

from __future__ import annotations

import math
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch

from pinnsolve.calls import worded_class
from pinnsolve.errors import ProblemError, if_complex, is_number, yes_or_no

on_tensors: Any = torch
# Of the range between bounds: as near to them as a constant is put. Smaller: its slope is lost in rounding. Chosen.
INSIDE = 1e-6


@dataclass(frozen=True)
class Again:
    """An unknown function of unknowns once more, of those which an experiment has in their place: k(T_2).

    Parameters
    ----------
    name : str
        Of the function.
    names : mapping from name to name
        What the unknowns on which it depends are called there.
    """

    name: str
    names: Mapping[str, str]


@worded_class
@dataclass(frozen=True)
class Unknown:
    """A constant of equations, conditions or initial values that is fitted to data; in place of a number.

    It is trained as a number z that begins at zero: the constant is guess + |guess| z, or guess * exp(z) where it is
    positive, or low + (high - low) / (1 + exp(-(z + z0))) between bounds, z0 such that it begins at the guess. An
    unknown function of some coordinates is the same with the output of a network of its own as z, zero at first; what
    is known of it are conditions, dirichlet(k=1.0, on=face(x=0)). One of unknowns, k(T) or f(u, v), is known as far as
    these go.

    Parameters
    ----------
    guess : float
        Where the search begins; its order of magnitude is what counts.
    positive : bool
    bounds : (low, high), optional
    of : str or sequence of str, optional
        On what an unknown function depends: coordinates, of="x", of=("x", "t"), unknowns, of="T", of=("u", "v"), or
        both, of=("T", "x").

    Raises
    ------
    ProblemError
        If the guess does not lie where it may.
    """

    guess: float
    positive: bool = False
    bounds: tuple[float, float] | None = None
    of: str | Sequence[str] | None = None

    def __post_init__(self) -> None:
        if not is_number(self.guess):
            raise ProblemError(f"Unknown({self.guess!r}) has no guess", if_complex(self.guess) + "Write Unknown(0.05).")
        yes_or_no(f"Unknown({self.guess:g}): positive", self.positive)
        if self.positive and self.guess <= 0:
            raise ProblemError(
                f"Unknown({self.guess:g}, positive=True): the guess is not positive", "Begin above zero."
            )
        names = (self.of,) if isinstance(self.of, str) else self.of
        if names is not None and not (
            isinstance(names, list | tuple) and names and all(isinstance(c, str) and c for c in names)
        ):
            raise ProblemError(
                f"Unknown({self.guess:g}, of={self.of!r}) names no coordinate", 'Write of="x", or of=("x", "t").'
            )
        if self.bounds is None:
            return
        try:
            low, high = map(float, self.bounds)
        except (TypeError, ValueError):
            low, high = math.nan, math.nan
        if not (math.isfinite(low) and math.isfinite(high) and low < self.guess < high):
            raise ProblemError(
                f"Unknown({self.guess:g}, bounds={self.bounds!r}): the guess does not lie between two numbers",
                f"Write Unknown({self.guess:g}, bounds=(low, high)), low < {self.guess:g} < high.",
            )
        if self.positive and low < 0:
            raise ProblemError(f"Unknown({self.guess:g}): bounds={self.bounds!r} are not positive", "Begin at zero.")

    @property
    def coordinates(self) -> tuple[str, ...]:
        """On what it depends; nothing for a constant."""
        return (self.of,) if isinstance(self.of, str) else tuple(self.of or ())

    @property
    def ends(self) -> tuple[float, float] | None:
        """Between which numbers it lies, where that was said."""
        return None if self.bounds is None else (float(self.bounds[0]), float(self.bounds[1]))

    def beyond(self, name: str, value: float) -> str:
        """Why a function of this name cannot have a value; empty if it can."""
        if not math.isfinite(value):
            return "Values must be finite."
        if self.ends is not None and not self.ends[0] < value < self.ends[1]:
            low, high = self.ends
            return f"{name} lies between {low:g} and {high:g}, which it does not reach: bounds=(low, high)."
        return f"{name} is positive; leave positive=True out if it may vanish there." * (self.positive and value <= 0)

    @property
    def curved(self) -> bool:
        """Whether the constant is no linear function of what is trained."""
        return self.positive or self.bounds is not None

    def value(self, z: Any) -> Any:
        """The constant or function for what is trained: a tensor or a jet, of the same shape."""
        if self.bounds is not None:
            low, high = self.bounds
            share = (self.guess - low) / (high - low)
            return low + (high - low) * on_tensors.sigmoid(z + math.log(share / (1 - share)))
        if self.positive:
            return self.guess * on_tensors.exp(z)
        return self.guess + (abs(self.guess) or 1.0) * z

    def raw(self, value: Any) -> Any:
        """What is trained for a value that it may have: a tensor or a jet, of the same shape."""
        if self.bounds is not None:
            low, high = self.bounds
            begin = (self.guess - low) / (high - low)
            return on_tensors.log((value - low) * ((1 - begin) / begin) / (high - value))
        if self.positive:
            return on_tensors.log(value * (1 / self.guess))
        return (value - self.guess) * (1 / (abs(self.guess) or 1.0))

    def trained(self, value: float) -> float:
        """The number z that gives this value, the inverse of `value`; the nearest where there is none.

        >>> round(Unknown(0.2, positive=True).trained(0.4), 4), Unknown(2.0).trained(1.0)
        (0.6931, -0.5)
        """
        if self.bounds is not None:
            low, high = self.bounds
            room = INSIDE * (high - low)
            value = min(max(value, low + room), high - room)
        elif self.positive:
            value = max(value, sys.float_info.min * max(self.guess, 1.0))
        return float(self.raw(torch.tensor(value, dtype=torch.float64)))
