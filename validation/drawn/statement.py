"""How a drawn problem is stated: what all families share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from pinnsolve import Problem, Reference

Numbers = np.random.Generator
TOLERANCE = 1e-2


@dataclass(frozen=True)
class Drawn:
    """One problem.

    Parameters
    ----------
    problem : Problem
        With its exact solution as the reference, if there is one solution.
    alone : bool
        Whether the solution is the only one.
    """

    problem: Problem
    alone: bool = True


def made(**given: Any) -> Problem:
    return Problem(**{"unknowns": "u", "tolerance": TOLERANCE, **given})


def known(field: Callable[..., Any], error: float) -> Callable[[Problem], Reference]:
    """A solution by a series or a quadrature, which has an error of its own."""
    return lambda problem: Reference("series", {"u": field}, error, 0.0)


def any_size(rng: Numbers, decades: float) -> float:
    return float(10 ** rng.uniform(-decades, decades))
