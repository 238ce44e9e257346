"""Rows and columns of a matrix brought to one size, and what a basis leaves of values."""

from __future__ import annotations

import numpy as np

Array = np.ndarray


def balanced(strengths: Array) -> tuple[Array, Array]:
    """Weights of the residuals and scales of the unknowns with which all answers are as near to one as can be, those of
    no residual above it: units do not matter.

    Source: Curtis & Reid, J. Inst. Maths Applics 10 (1972) 118-124.
    """
    rows, columns = np.nonzero(strengths)
    equations = np.zeros((len(rows), sum(strengths.shape)))
    equations[np.arange(len(rows)), rows] = equations[np.arange(len(rows)), len(strengths) + columns] = 1.0
    logs = np.linalg.lstsq(equations, -np.log(strengths[rows, columns]), rcond=None)[0]
    scales = np.exp(logs[len(strengths) :])
    largest = (strengths * scales).max(1)
    return 1.0 / np.where(largest > 0, largest, 1.0), scales


def rest(values: Array, basis: Array) -> float:
    """What is left of values, squared, beside a combination of these."""
    return float(np.sum((values - basis @ np.linalg.lstsq(basis, values, rcond=1e-10)[0]) ** 2))
