"""A reference solution: fields, and the error that they themselves carry."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

Field = Callable[..., np.ndarray]


@dataclass(frozen=True)
class Reference:
    """A solution found by other means than the network.

    Parameters
    ----------
    name : str
        The method, in a few words, as it will stand in tables and figures.
    fields : mapping from unknown to callable
        Each takes the problem's coordinates by name, as NumPy arrays of one shape, and returns an array of that shape.
    own_error : float
        The reference's own relative L2 error, the largest over the unknowns (dimensionless).
    seconds : float
        What it cost to compute.
    """

    name: str
    fields: Mapping[str, Field]
    own_error: float
    seconds: float
