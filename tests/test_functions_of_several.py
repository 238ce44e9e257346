"""Unknown functions of several coordinates over cells, and constants where nothing evolves."""

from __future__ import annotations

from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import sin

from pinnsolve import (
    Box,
    Disk,
    Problem,
    Solution,
    Unknown,
    condition,
    d,
    dirichlet,
    face,
    neumann,
    observed,
    periodic,
    solve,
)
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.points import Points
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.settings import Settings
from pinnsolve.solve import prepare
from pinnsolve.trial.forward import Forward
from pinnsolve.trial.planar import Planar

CPU = torch.device("cpu")


def conductivity(x: Any, y: Any) -> Any:
    return 1 + 0.5 * sin(2 * x + y)


def warm(x: Any, y: Any) -> Any:
    return sin(pi * x) * sin(pi * y) + 0.3 * x


def conducts(u: Any, x: Any, y: Any, k: Any) -> Any:
    known, flow = conductivity(x, y), warm(x, y)
    source = d(known * d(flow, x), x) + d(known * d(flow, y), y)
    return d(k * d(u, x), x) + d(k * d(u, y), y) - source


def plate(*more: Any, of: Any = ("x", "y"), **changes: Any) -> Problem:
    draw = np.random.default_rng(2)
    x, y = draw.uniform(0, 1, (2, 100))
    u = np.sin(pi * x) * np.sin(pi * y) + 0.3 * x + 1e-3 * draw.standard_normal(100)
    data = observed(x=x, y=y, u=u, sigma=1e-3)
    given: dict[str, Any] = {
        "space": Box(x=(0, 1), y=(0, 1)), "unknowns": "u", "equations": conducts, "reference": None, "tolerance": 0.1,
        "conditions": [dirichlet(u=warm), data, *more], "parameters": {"k": Unknown(1.0, positive=True, of=of)},
    }  # fmt: skip
    return Problem(**{**given, **changes})


def forward_of(problem: Problem, level: int) -> Forward:
    """With coefficients of no meaning."""
    forward = Forward(problem, torch.float64, CPU)
    forward.rise(level)
    forward.assign(0.1 * torch.sin(1.0 + torch.arange(forward.count, dtype=torch.float64)))
    return forward


def seen(forward: Forward, **places: Any) -> Any:
    """The function k on some places, as a field, and its coordinates."""
    values = {c: torch.as_tensor(v, dtype=torch.float64) for c, v in places.items()}
    points = Points(values, torch.ones_like(values["x"]))
    chart, at = points.chart()
    return forward.at(forward.values()).fields(chart, at, {}, points)["k"], at


def test_a_series_of_two_coordinates_is_all_polynomials_of_a_total_degree() -> None:
    """There are (p + 1)(p + 2)/2 of them, and their derivatives are those of what they are."""
    for level, degree in ((0, 1), (2, 3)):
        assert forward_of(plate(), level).count == (degree + 1) * (degree + 2) // 2
    forward, h = forward_of(plate(), 2), 1e-4
    k, at = seen(forward, x=[0.2, 0.7], y=[0.4, 0.1])
    (up, _), (down, _) = (seen(forward, x=[0.2, 0.7], y=[0.4 + s * h, 0.1 + s * h]) for s in (1, -1))
    slope = (up.value - down.value) / (2 * h)
    torch.testing.assert_close(d(k, at["y"]).value, slope, rtol=1e-6, atol=0.0)


@pytest.mark.parametrize("level", [0, 3])
def test_what_is_known_on_faces_holds_whatever_is_sought(level: int) -> None:
    known = dirichlet(k=conductivity, on=face(x=0) | face(y=1))
    forward = forward_of(plate(known), level)
    k, _ = seen(forward, x=[0.0, 0.0, 0.3, 1.0], y=[0.2, 1.0, 1.0, 1.0])
    places = [torch.tensor(v, dtype=torch.float64) for v in ([0.0, 0.0, 0.3, 1.0], [0.2, 1.0, 1.0, 1.0])]
    torch.testing.assert_close(k.value, conductivity(*places), rtol=1e-12, atol=0.0)
    other, _ = seen(forward, x=[0.5], y=[0.5])
    assert abs(float(other.value[0]) - 1.0) > 1e-3


@pytest.mark.parametrize("known", [neumann(k=0, on=face(x=0)), condition(lambda k, y: k**2 - y, on=face(x=0))])
def test_what_no_series_holds_is_left_to_others_in_words(known: Any) -> None:
    with pytest.raises(ProblemError, match="what is known of k is no number at a place, and no value on a face"):
        prepare(plate(known), Settings(network=LocalFeatures()))


def test_a_conductivity_of_a_plate_is_found_with_its_error(tmp_path: Path) -> None:
    solution = solve(plate(dirichlet(k=conductivity, on=face(x=0))), budget=60)
    assert isinstance(solution.trial, Planar) and solution.converged
    assert solution.training is not None and solution.training.identified is not None
    told = solution.training.identified.functions["k"]
    true = conductivity(*(torch.tensor(told.places[c], dtype=torch.float64) for c in "xy")).numpy()
    away = np.linalg.norm(told.values - true) / np.linalg.norm(true)
    assert away < 1e-2
    assert away < 3 * np.linalg.norm(told.standard_errors) / np.linalg.norm(true)
    np.testing.assert_allclose(
        solution.k(x=0.0, y=[0.1, 0.9]), conductivity(torch.tensor(0.0), torch.tensor([0.1, 0.9])), 1e-6
    )
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", solution.problem)
    np.testing.assert_array_equal(again.k(x=[0.3], y=[0.6]), solution.k(x=[0.3], y=[0.6]))
    np.testing.assert_array_equal(again.u(x=[0.3], y=[0.6]), solution.u(x=[0.3], y=[0.6]))


def test_a_constant_over_cells_that_a_rim_cuts() -> None:
    """k laplace u = -1 in a disc: u = (1 - r^2) / (4 k)."""
    draw = np.random.default_rng(3).uniform
    r, phi = 0.9 * np.sqrt(draw(0, 1, 40)), draw(0, 2 * pi, 40)
    problem = Problem(
        space=Disk(x=0, y=0, radius=1), unknowns="u", reference=None, parameters={"k": Unknown(1.0)},
        equations=lambda u, x, y, k: k * (d(u, x, x) + d(u, y, y)) + 1,
        conditions=[dirichlet(u=0), observed(x=r * np.cos(phi), y=r * np.sin(phi), u=(1 - r**2) / 1.2)],
    )  # fmt: skip
    solution = solve(problem, budget=60)
    assert isinstance(solution.trial, Planar) and solution.converged
    assert solution.training is not None and solution.training.identified is not None
    assert solution.training.identified.constants["k"].value == pytest.approx(0.3, rel=1e-6)


@pytest.mark.parametrize("of", [None, "x", ("x", "t")])
def test_cells_find_what_is_unknown_where_time_repeats_itself(of: Any) -> None:
    """Cells of space and time at once, as a plane's."""
    x, t = np.random.default_rng(3).uniform(0, 1, (2, 40))
    ring = Problem(
        space=Box(x=(0, 1)), time=(0, 2), unknowns="u", reference=None, parameters={"k": Unknown(1.0, of=of)},
        equations=lambda u, x, t, k: d(u, t) - k * d(u, x, x) - sin(pi * t),
        conditions=[dirichlet(u=0), periodic("t"), observed(x=x, t=t, u=x)],
    )  # fmt: skip
    run = prepare(ring, Settings()).loop.state
    assert isinstance(run.trial, Planar) and run.trial.forward.count == {None: 1, "x": 3, ("x", "t"): 4}[of]
