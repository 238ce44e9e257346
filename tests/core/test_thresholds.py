"""Terms that begin where an unknown passes a threshold, beyond the size of usual probes, are terms to every check.

Each is zero for unknowns between -1 and 1, where slopes are read; the mutant reads them there alone.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from torch import clamp

from pinnsolve import (
    Box,
    Problem,
    ProblemError,
    d,
    dirichlet,
    face,
    faces,
    initial,
    laplace,
    neumann,
    observed,
    point,
    solenoidal,
    source,
)
from pinnsolve.checks.as_time import as_evolution
from pinnsolve.checks.backwards import backwards, sideways
from pinnsolve.checks.repeats import repeats
from pinnsolve.checks.singular import singular
from pinnsolve.trial.determined import rated
from pinnsolve.trial.unsaid import unsaid

ROD, PLANE = Box(x=(0, 1)), Box(x=(0, 1), y=(0, 1))
LEVEL = dirichlet(p=0, on=point(x=0, y=0))


def beyond(u: Any) -> Any:
    return clamp(u - 5.0, min=0.0)


def rod(equation: Any, *conditions: Any, **more: Any) -> Problem:
    return Problem(space=ROD, time=(0, 1), equations=equation, conditions=[*conditions], **{"unknowns": "u", **more})


def plane(equation: Any, *conditions: Any, **more: Any) -> Problem:
    return Problem(space=PLANE, equations=equation, conditions=[*conditions], **{"unknowns": "u", **more})


@pytest.mark.parametrize("sign", [1, -1])
def test_time_runs_the_wrong_way_where_heat_that_begins_there_sharpens(sign: int) -> None:
    told = backwards(rod(lambda u, x, t: d(u, t) + sign * d(beyond(u), x, x), initial(u=0), dirichlet(u=0)))
    assert bool(told) == (sign > 0)


def test_what_smooths_there_cannot_be_carried_on_from_one_face() -> None:
    begun = dirichlet(u=0, on=face(y=0)), neumann(u=0, on=face(y=0)), dirichlet(u=0, on=faces("x"))
    assert sideways(plane(lambda u, x, y: d(u, y, y) + d(beyond(u), x, x), *begun))
    assert not sideways(plane(lambda u, x, y: d(u, y, y) - d(beyond(u), x, x), *begun)), "a wave"


def test_a_second_derivative_that_begins_there_wants_a_rate_of_what_is_called_time() -> None:
    begun = dirichlet(u=1, on=face(y=0)), dirichlet(u=0, on=faces("x"))
    assert as_evolution(plane(lambda u, x, y: d(u, y) - d(u, x, x), *begun)) is not None
    assert as_evolution(plane(lambda u, x, y: d(u, y) - d(u, x, x) + d(beyond(u), y, y), *begun)) is None


def test_equations_that_differ_there_do_not_repeat_each_other() -> None:
    def told(more: Any) -> list[str]:
        pair = [lambda u, v, x: d(v, x) + v, lambda u, v, x: d(v, x) + v + more(u)]
        return repeats(plane(pair, dirichlet(u=0, v=0), unknowns=("u", "v")))

    assert told(lambda u: 0 * u) and not told(beyond)


def test_walls_that_nothing_speaks_of_are_those_of_what_begins_there() -> None:
    x = np.linspace(0.1, 0.9, 5)
    data = observed(x=x, t=x, u=x)
    asked = [
        len(unsaid(rod(e, data)).series)
        for e in (
            lambda u, x, t: d(u, t) - d(u, x, x),
            lambda u, x, t: d(u, t) - d(beyond(u), x, x),
            lambda u, x, t: d(u, t) - 0 * d(u, x, x),
        )
    ]
    assert asked[0] == asked[1] > asked[2]


def test_components_are_ordered_by_what_begins_there() -> None:
    """Fluids that flow where they are sheared enough: what the pressure pushes along x is the component along x."""
    pushed = [
        lambda a, p, x, y: d(p, x) - d(beyond(a), y, y),
        lambda b, p, x, y: d(p, y) - d(beyond(b), x, x),
    ]
    problem = plane(pushed, solenoidal("b", "a"), dirichlet(a=0, b=0), LEVEL, unknowns=("b", "a", "p"))
    assert problem.solenoidal[0].components == ("a", "b")


def test_a_rate_with_a_flux_that_begins_there_is_none() -> None:
    pair = [lambda u, v, x, t: d(u, t) - v - d(beyond(v), x, x), lambda u, v, x, t: d(v, t) - d(u, x, x)]
    problem, joins = rod(pair, initial(u=0, v=0), dirichlet(u=0), unknowns=("u", "v")), {"u": [2], "v": [0]}
    assert not rated(problem, problem.equations[:1], joins, {"u": 1, "v": 1}, [0])
    assert joins == {"u": [2], "v": [0]}


def test_beside_a_source_nothing_may_begin() -> None:
    problem = plane(lambda u, x, y: laplace(u, x, y) + d(beyond(u), x) + source(1.0, x=0.5, y=0.5), dirichlet(u=0))
    with pytest.raises(ProblemError, match="the factor of u_x depends there on the solution"):
        singular(problem, problem.equations[0], {"x": 0.5, "y": 0.5})
