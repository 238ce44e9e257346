"""The largest sum of an assignment is SciPy's."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment

from pinnsolve.algebra.assignment import largest_sum


@pytest.mark.parametrize("whole", [True, False])
def test_it_is_that_of_another_algorithm(whole: bool) -> None:
    generator = np.random.default_rng(0)
    for _ in range(200):
        rows, more = generator.integers(1, 7), generator.integers(0, 4)
        values = generator.normal(size=(rows, rows + more)) * 3
        values = np.round(values) if whole else values
        best = values[linear_sum_assignment(values, maximize=True)].sum()
        assert largest_sum(values.tolist()) == pytest.approx(best, abs=1e-12)
