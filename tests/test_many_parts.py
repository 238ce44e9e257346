"""Materials of many parts, and sides of which all is on the boundary: what is quick is the same as what is slow."""

import torch

from pinnsolve import Box, Disk, Piecewise, Polygon, Problem, condition, d
from pinnsolve.geometry import across
from pinnsolve.jets.enclosures import enclosing
from pinnsolve.jets.jet import Chart

SIDE = 4


def points(count: int) -> dict[str, torch.Tensor]:
    generator = torch.Generator().manual_seed(1)
    return {c: 4 * torch.rand(count, generator=generator, dtype=torch.float64) - 2 for c in "xy"}


def test_boxes_that_overlap_are_what_polygons_of_the_same_corners_are():
    boxes = [Box(x=(-1, 1), y=(-1, 1)), Box(y=(0, 2), x=(0, 2)), Box(x=(0.5, 0.6), y=(-2, 2))]
    polygons = [Polygon(x=[-1, 1, 1, -1], y=[-1, -1, 1, 1]), Polygon(x=[0, 2, 2, 0], y=[0, 0, 2, 2]),
                Polygon(x=[0.5, 0.6, 0.6, 0.5], y=[-2, -2, 2, 2])]  # fmt: skip
    numbers, places = (2.0, 3.0, 5.0), points(4000)
    a, b = (Piecewise(1.0, *zip(shapes, numbers, strict=True)).at(places) for shapes in (boxes, polygons))
    assert torch.equal(a, b)
    assert set(a.tolist()) == {1.0, *numbers}


def test_parts_of_which_none_holds_a_point_leave_it():
    k = Piecewise(7.0, (Disk(x=50, y=0, radius=1), 2.0), (Disk(x=0, y=0, radius=1), 3.0))
    at = points(2000)
    inside = at["x"] ** 2 + at["y"] ** 2 < 1
    assert torch.equal(k.at(at), torch.where(inside, 3.0, 7.0).double())


def test_normals_point_outward_where_a_curve_changes_sides():
    a, b = Disk(x=0, y=0, radius=1), Disk(x=1, y=0, radius=1)
    either = (a - b) | (b - a)
    for side in either.sides:
        cube = (torch.arange(500, dtype=torch.float64)[:, None] + 0.5) / 500
        surface, kept = side.drawn(cube)
        step = 1e-6 * surface.normals
        assert bool(kept.all())
        assert bool(either.contains(surface.points - step).all())
        assert not bool(either.contains(surface.points + step).any())


def diffusion(u, x, y, a, c):
    return d(a * d(u, x), x) + d(a * d(u, y), y) + c


def leaky(u, x, y, nx, ny, a):
    return a * (nx * d(u, x) + ny * d(u, y)) + u


def test_sides_are_held_against_those_beside_them_alone(monkeypatch):
    """However many there are: of 25 materials eight seconds became one (mutant: each side against all others)."""

    def blocks(power: float) -> Piecewise:
        squares = [Box(x=(i, i + 1), y=(j, j + 1)) for i in range(SIDE) for j in range(SIDE)]
        return Piecewise(1.0, *((square, (2.0 + k) ** power) for k, square in enumerate(squares)))

    held, jumping = [], across._jumping
    monkeypatch.setattr(across, "_jumping", lambda *of: held.append(len(of[2])) or jumping(*of))
    problem = Problem(
        space=Box(x=(0, SIDE), y=(0, SIDE)),
        unknowns="u",
        equations=diffusion,
        conditions=[condition(leaky)],
        parameters={"a": blocks(1.0), "c": blocks(-1.0)},
    )
    assert len(problem.interfaces) == 2 * SIDE * (SIDE - 1)
    assert 0 < max(held) <= 4, "a square touches four that came before it"


def test_boxes_in_narrow_boxes_have_the_number_that_they_have_at_a_point() -> None:
    """Boxes that begin or end at one place, and overlap (mutant: a comparison of another box is taken for theirs)."""
    spans = [((0, 1), (0, 2)), ((0, 3), (0, 1)), ((0, 1), (1, 2)), ((2, 3), (1, 3)), ((1, 3), (2, 3))]
    k = Piecewise(1.0, *((Box(x=x, y=y), 2.0 + n) for n, (x, y) in enumerate(spans)))
    x, y = torch.cartesian_prod(*[torch.arange(0.25, 3.5, 0.5, dtype=torch.float64)] * 2).T
    chart = Chart(("x", "y"), len(x), torch.float64, torch.device("cpu"))
    at = {c: chart.coordinate(c, enclosing(v - 0.1, v + 0.1)) for c, v in (("x", x), ("y", y))}
    found = k.field(chart, at).value
    assert torch.equal(found.low, found.high) and torch.equal(found.low, k.at({"x": x, "y": y}))
