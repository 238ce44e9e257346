"""Which unknowns are a vector field, and that its streamlines follow it."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from matplotlib.collections import LineCollection, QuadMesh
from matplotlib.figure import Figure

from pinnsolve import Box, Problem, d, dirichlet, initial, laplace
from pinnsolve.problem.vector_fields import vector_fields
from pinnsolve.report.fields import Sampled
from pinnsolve.report.grids import Grid
from pinnsolve.report.streamlines import _flow

STRAIN: list[Callable[..., Any]] = [
    lambda a, u, v, x, y: a - 3 * d(u, x) - d(v, y), lambda b, u, v, x, y: b - d(u, y) - d(v, x),
    lambda c, u, v, x, y: c - 3 * d(v, y) - d(u, x),
]  # fmt: skip
FORMS: dict[str, tuple[str, str, list[Callable[..., Any]], list[str]]] = {
    "creeping flow": ("xy", "uvp", [
        lambda u, p, x, y: d(p, x) - laplace(u, x, y), lambda v, p, x, y: d(p, y) - laplace(v, x, y),
        lambda u, v, x, y: d(u, x) + d(v, y)], ["uv"]),
    "Burgers": ("xy", "uv", [
        lambda u, v, x, y: u * d(u, x) + v * d(u, y) - laplace(u, x, y),
        lambda u, v, x, y: u * d(v, x) + v * d(v, y) - laplace(v, x, y)], ["uv"]),
    "shallow water": ("xyt", "huv", [
        lambda h, u, v, x, y, t: d(h, t) + d(h * u, x) + d(h * v, y),
        lambda h, u, v, x, y, t: d(u, t) + u * d(u, x) + v * d(u, y) + d(h, x),
        lambda h, u, v, x, y, t: d(v, t) + u * d(v, x) + v * d(v, y) + d(h, y)], ["uv"]),
    "a solid": ("xy", "uv", [
        lambda u, v, x, y: d(3 * d(u, x) + d(v, y), x) + d(d(u, y) + d(v, x), y),
        lambda u, v, x, y: d(3 * d(v, y) + d(u, x), y) + d(d(u, y) + d(v, x), x)], ["uv"]),
    "stresses, whose rows are no vectors": ("xy", "uvabc", [
        *STRAIN, lambda a, b, x, y: d(a, x) + d(b, y), lambda b, c, x, y: d(b, x) + d(c, y)], ["uv"]),
    "light": ("xyt", "epq", [
        lambda e, p, q, x, y, t: d(e, t) - d(q, x) + d(p, y), lambda e, p, y, t: d(p, t) + d(e, y),
        lambda e, q, x, t: d(q, t) - d(e, x)], ["pq"]),
    "a flux": ("xy", "Tpq", [
        lambda T, p, x: p + d(T, x), lambda T, q, y: q + d(T, y),
        lambda p, q, x, y: d(p, x) + d(q, y) - 1], ["pq"]),
    "species": ("xy", "uv", [
        lambda u, v, x, y: laplace(u, x, y) - u * v, lambda u, v, x, y: laplace(v, x, y) + u * v], []),
    "two parts of a wave in a wind": ("xy", "uv", [
        lambda u, v, x, y: laplace(u, x, y) + v + d(u, x) + 2 * d(u, y),
        lambda u, v, x, y: laplace(v, x, y) - u + d(v, x) + 2 * d(v, y)], []),
    "seeping in space": ("xyz", "uvwp", [
        lambda u, p, x: d(p, x) + u, lambda v, p, y: d(p, y) + v, lambda w, p, z: d(p, z) + w,
        lambda u, v, w, x, y, z: d(u, x) + d(v, y) + d(w, z)], ["uvw"]),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
def test_vector_fields_are_read_off_the_equations(name: str) -> None:
    """In whatever order unknowns and coordinates are declared."""
    names, unknowns, equations, wanted = FORMS[name]
    space = names.removesuffix("t")
    for flip in (1, -1):
        start = [initial(**dict.fromkeys(unknowns, 0))] if "t" in names else []
        problem = Problem(
            space=Box(**dict.fromkeys(space[::flip], (0, 1))), time=(0, 1) if "t" in names else None,
            unknowns=tuple(unknowns[::flip]), equations=equations[::flip], reference=None,
            conditions=[dirichlet(**dict.fromkeys(unknowns, 0)), *start],
        )  # fmt: skip
        assert vector_fields(problem) == tuple(tuple(components)[::flip] for components in wanted)


def test_streamlines_of_a_rotation_are_circles() -> None:
    x, y = np.linspace(-2, 2, 81), np.linspace(-1, 1, 41)
    on = Grid({"x": x, "y": y}, {"t": 1.0})
    places = on.places()
    hole = np.hypot(places["x"], places["y"]) < 0.3
    u, v = (np.where(hole, np.nan, c) for c in (-places["y"], places["x"]))
    (alone,) = _flow(["u", "v"], [Sampled(on, u, None), Sampled(on, v, None)], None)
    both = _flow(["u", "v"], [Sampled(on, u, u), Sampled(on, v, v)], None)
    axes = Figure().add_subplot()
    alone(axes)
    (lines,) = (c for c in axes.collections if isinstance(c, LineCollection))
    ends = np.concatenate([np.stack([s[:-1], s[1:]], 1) for s in map(np.asarray, lines.get_segments())])
    middle, along = ends.mean(1), ends[:, 1] - ends[:, 0]
    slope = (middle * along).sum(1) / np.hypot(*middle.T) / np.maximum(np.hypot(*along.T), 1e-12)
    assert len(ends) > 200 and np.abs(slope).max() < 0.1 and np.hypot(*middle.T).min() > 0.25
    (size,) = (c for c in axes.collections if isinstance(c, QuadMesh))
    np.testing.assert_allclose(size.get_array(), np.hypot(u, v).T, rtol=1e-12)
    assert axes.get_title() == "|(u, v)|: solution, streamlines\nat t = 1" and len(both) == 2


def test_what_does_not_flow_has_no_streamlines() -> None:
    on = Grid({"x": np.linspace(0, 1, 5), "y": np.linspace(0, 1, 5)}, {})
    (still,) = _flow(["u", "v"], [Sampled(on, np.zeros((5, 5)), None)] * 2, None)
    axes = Figure().add_subplot()
    still(axes)
    assert not any(isinstance(c, LineCollection) for c in axes.collections)
