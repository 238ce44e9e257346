"""Where nodes of the automatic reference stand beside a boundary that contradicts the start."""

import numpy as np
import pytest

from pinnsolve import Disk, Problem, d, dirichlet, initial
from pinnsolve.checks.check import check
from pinnsolve.classical.layout import cloud_of, spacing_of
from pinnsolve.classical.reading import read


@pytest.mark.parametrize(("conditions", "closer"), [
    ([initial(u=1), dirichlet(u=0)], True),
    ([dirichlet(u=0), initial(u=1)], True),
    ([initial(u=0), dirichlet(u=0)], False),
])  # fmt: skip
def test_nodes_close_up_where_the_start_disagrees(conditions, closer):
    problem = Problem(
        space=Disk(x=0, y=0, radius=1),
        time=(0, 1),
        unknowns="u",
        equations=lambda u, x, y, t: d(u, t) - d(u, x, x) - d(u, y, y) - 1,
        conditions=conditions,
    )
    given, findings = read(problem), check(problem)
    spacing = spacing_of(given, findings, 14)
    rim, middle = spacing.at(np.array([[0.6, 0.8], [0.0, 0.0]]))
    assert rim == pytest.approx(middle / 8 if closer else middle, rel=0.05)
    nodes = cloud_of(given, spacing, 1.0).places
    beside = 1 - np.hypot(*nodes.T)
    assert bool(((beside > 1e-6) & (beside < 0.3 * middle)).any()) == closer
