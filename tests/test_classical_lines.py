"""Where nodes of a line close up towards its ends."""

import numpy as np
import pytest

from pinnsolve.classical.lines import SPREAD, line


@pytest.mark.parametrize("count", [33, 65])
@pytest.mark.parametrize(("closing", "least", "most"), [(SPREAD.even, 0.5, 1.0), (SPREAD.closing, 0.1, 0.2)])
def test_first_intervals_beside_the_mean_one(count, closing, least, most):
    """Chebyshev's nodes would have pi^2 / 4 (n - 1) of it, 0.08 for 33: a march has more, a plane nearly all."""
    nodes = line((2.0, 5.0), count, 9, False, closing=closing).nodes
    assert least < (nodes[1] - nodes[0]) * (count - 1) / 3.0 < most
    assert nodes[0] == 2.0
    assert nodes[-1] == 5.0
    assert np.allclose(nodes + nodes[::-1], 7.0)
