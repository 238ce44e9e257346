"""Where nodes of a line close up towards its ends."""

import numpy as np
import pytest

from pinnsolve.classical.lines import SPREAD, line


@pytest.mark.parametrize("count", [33, 65])
def test_a_small_closing_is_nearly_chebyshevs(count):
    """The first interval of Chebyshev's nodes is (1 - cos(pi / (n - 1))) / 2 of the length."""
    nodes = line((2.0, 5.0), count, 9, False, closing=SPREAD.crowded).nodes
    first = 3.0 * (1 - np.cos(np.pi / (count - 1))) / 2
    assert first < nodes[1] - nodes[0] < 2 * first
    assert nodes[0] == 2.0
    assert nodes[-1] == 5.0
    assert np.allclose(nodes + nodes[::-1], 7.0)


def test_a_march_has_longer_intervals_at_its_ends():
    steady, marched = (line((0.0, 1.0), 65, 9, False, closing=c).nodes[1] for c in (SPREAD.crowded, SPREAD.closing))
    assert marched > 3 * steady
