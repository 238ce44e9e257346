"""What every shape and every combination keeps: points inside, unit outward normals, weights that sum to the measure,
the divergence theorem, the same after moving, turning and in other units."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import Tensor

from pinnsolve import Ball, Box, Cylinder, Disk, Extruded, LevelSet, Polygon, ProblemError, boundary, face, side
from pinnsolve.geometry import Domain, Shape
from pinnsolve.geometry.sampling import sample
from pinnsolve.geometry.triangulation import triangulated

SQUARE, CUBE = Box(x=(0, 1), y=(0, 1)), Box(x=(0, 1), y=(0, 1), z=(0, 1))
HOLE, PI = Disk(x=0.5, y=0.5, radius=0.2, name="hole"), math.pi
ELLIPSE = LevelSet(lambda x, y: 1 - x**2 / 4 - y**2, within=Box(x=(-2.5, 2.5), y=(-1.5, 1.5)))
LENS = 2 * PI / 3 - math.sqrt(3) / 2  # of two discs of radius one, one apart
# The shape, its measure, and how well measure and fluxes are known: to rounding in the plane, but for where curves are
# cut (1e-9 of the size); in space by lines over the surfaces, whose ends are square roots.
SHAPES: dict[str, tuple[Shape, float, float]] = {
    "disc": (Disk(x=3, y=-1, radius=2), 4 * PI, 1e-13),
    "polygon": (Polygon(x=[0, 2, 2, 1], y=[0, 0, 1, 0.5]), 1.0, 1e-13),
    "ellipse": (ELLIPSE, 2 * PI, 1e-12),
    "ball": (Ball(x=0, y=0, z=1, radius=2), 32 / 3 * PI, 1e-12),
    "ball in four": (Ball(x=0, y=0, z=0, w=0, radius=1), PI**2 / 2, 5e-3),
    "cylinder": (Cylinder(x=0, y=0, radius=1, z=(0, 2)), 2 * PI, 1e-6),
    "plate with a hole": (SQUARE - HOLE, 1 - 0.04 * PI, 1e-12),
    "plate with a notch": (SQUARE - Disk(x=0, y=0.5, radius=0.25), 1 - PI / 32, 1e-8),
    "eccentric ring": (Disk(x=0, y=0, radius=1) - Disk(x=0.3, y=0, radius=0.5), 0.75 * PI, 1e-12),
    "two discs": (Disk(x=0, y=0, radius=1) | Disk(x=1, y=0, radius=1), 2 * PI - LENS, 1e-8),
    "lens": (Disk(x=0, y=0, radius=1) & Disk(x=1, y=0, radius=1), LENS, 1e-8),
    "L": (Box(x=(-1, 1), y=(-1, 1)) - Box(x=(0, 1), y=(-1, 0)), 3.0, 1e-8),
    "boxes side by side": (SQUARE | Box(x=(1, 2), y=(0, 1)), 2.0, 1e-8),
    "boxes that overlap": (SQUARE | Box(x=(0.5, 2), y=(0, 1)), 2.0, 1e-8),
    "other order of names": (SQUARE - Disk(y=0.3, x=0.5, radius=0.2), 1 - 0.04 * PI, 1e-12),
    "hole in a hole's shape": (Disk(x=0, y=0, radius=1) - (Disk(x=0, y=0, radius=0.6) - Disk(x=0, y=0, radius=0.3)),
                               PI * (1 - 0.36 + 0.09), 1e-12),
    "ellipse with a bite": (ELLIPSE - Box(x=(0, 3), y=(0, 2)), 1.5 * PI, 1e-8),
    "turned plate": ((SQUARE - HOLE).turned(30).moved(x=2), 1 - 0.04 * PI, 1e-12),
    "cube less a ball": (CUBE - Ball(x=0.5, y=0.5, z=0.5, radius=0.25), 1 - PI / 48, 1e-12),
    "cube less a corner": (CUBE - Ball(x=0, y=0, z=0, radius=0.5), 1 - PI / 48, 1e-5),
    "bored ball": (Ball(x=0, y=0, z=0, radius=1) - Cylinder(x=0, y=0, radius=0.5, z=(-2, 2)),
                   4 / 3 * PI * 0.75**1.5, 1e-6),
    "thick plate": (Extruded(SQUARE - HOLE, z=(0, 0.5)), 0.5 - 0.02 * PI, 1e-5),
    "turned cylinder": (Cylinder(x=0, y=0, radius=1, z=(0, 2)).turned(40, about="x"), 2 * PI, 1e-6),
}  # fmt: skip


def nodes(shape: Shape) -> tuple[Tensor, Tensor, Tensor]:
    """Points, normals and weights of the whole boundary."""
    parts = [side.nodes for side in shape.sides]
    return (
        torch.cat([s.points for s, _ in parts]), torch.cat([s.normals for s, _ in parts]), torch.cat([w for _, w in parts])
    )  # fmt: skip


@pytest.mark.parametrize("name", SHAPES)
def test_contract_of_every_shape(name: str) -> None:
    shape, measure, exactly = SHAPES[name]
    domain, size = Domain(shape), shape.size
    assert shape.measure == pytest.approx(measure, rel=exactly)
    inside = domain.interior.draw(300, "sobol", torch.Generator().manual_seed(0))
    x = torch.stack(list(inside.coordinates.values()), 1)
    assert bool(shape.contains(x).all())
    assert len(inside) == 300
    assert float(inside.weights.sum()) == pytest.approx(shape.measure, rel=1e-12)
    drawn = sample(domain.walls.pieces, 300, "sobol", torch.Generator().manual_seed(0))
    x, n = (torch.stack([v[c] for c in shape.coordinates], 1) for v in (drawn.coordinates, drawn.normals))
    assert float((n.square().sum(1) - 1).abs().max()) < 1e-12
    assert float(shape.distance(x).max()) < 1e-9 * size
    near = 1e-6 * size
    assert bool(shape.contains(x - near * n).all())
    assert not bool(shape.contains(x + near * n).any())
    assert float(drawn.weights.sum()) == pytest.approx(sum(side.size for side in shape.sides), rel=1e-10)


@pytest.mark.parametrize("name", SHAPES)
def test_divergence_theorem(name: str) -> None:
    """The flux of (x^2, x y, ...) and of a constant; a side that is lost or turned round shows in both."""
    shape, _, exactly = SHAPES[name]
    x, n, w = nodes(shape)
    around = float(w.sum())
    assert float((w[:, None] * n).sum(0).abs().max()) < max(3 * exactly, 1e-8) * around
    if len(shape.bounds) > 3:
        return
    middle = x.mean(0)
    y = x - middle
    flux = float((w * (y[:, :1] * y * n).sum(1)).sum())
    cube = torch.quasirandom.SobolEngine(len(shape.bounds), scramble=True, seed=1).draw(2**17, dtype=torch.float64)
    low, high = (torch.tensor(e, dtype=torch.float64) for e in zip(*shape.bounds.values(), strict=True))
    at = low + (high - low) * cube
    divergence = (1 + len(shape.bounds)) * (at[:, 0] - middle[0]) * shape.contains(at)
    whole = float(divergence.mean() * (high - low).prod())
    assert flux == pytest.approx(whole, abs=2e-3 * shape.size * shape.measure)  # of 131,072 points, a few at the rim


@pytest.mark.parametrize("name", ["plate with a notch", "L", "ellipse with a bite", "bored ball"])
def test_the_same_in_other_units_and_places(name: str) -> None:
    shape = SHAPES[name][0]
    moved = shape.moved(x=7.0).turned(25)
    assert moved.measure == pytest.approx(shape.measure, rel=1e-6)
    assert [s.size for s in moved.sides] == pytest.approx([s.size for s in shape.sides], rel=1e-6)
    k = 1e-3
    small = Box(x=(0, k), y=(0, k)) - Disk(x=0, y=0.5 * k, radius=0.25 * k)
    large = SHAPES["plate with a notch"][0]
    assert small.measure == pytest.approx(k**2 * large.measure, rel=1e-8)


def test_where_a_side_is_found() -> None:
    plate = Domain(
        Box(x=(0, 2), y=(0, 1), names=["in", "out", "low", "high"]) - Disk(x=0, y=0.5, radius=0.2, name="bite")
    )
    sizes = {region.name: sum(p.size for p in region.resolve(plate)) for region in (
        face(x=0), face(y=1), side("in"), side("out"), side("bite"), boundary, face(x=0).where(lambda y: y < 0.5))}  # fmt: skip
    assert sizes == pytest.approx({
        "face(x=0)": 0.6, "face(y=1)": 2.0, "side('in')": 0.6, "side('out')": 1.0, "side('bite')": 0.2 * PI,
        "boundary": 5.6 + 0.2 * PI, "face(x=0) where y": 0.3}, rel=1e-3)  # fmt: skip
    assert [p.face for p in face(y=1).resolve(plate)] == [("y", 1.0)]  # whole: a value can be built in
    assert [p.face for p in face(x=0).resolve(plate)] == [None]
    box = Domain(Box(x=(0, 2), y=(0, 1), names=["in", "out", "low", "high"]))
    assert [p.face for p in side("out").resolve(box)] == [("x", 2.0)]


def test_triangles_of_a_shape_fill_it() -> None:
    for name, most in {"plate with a hole": 1e-3, "L": 1e-6, "cube less a ball": 1e-2}.items():
        shape = SHAPES[name][0]
        points, ((_, cells),) = triangulated(shape, 1500)
        corners = points[cells]
        volumes = torch.linalg.det(torch.from_numpy(corners[:, 1:] - corners[:, :1])) / math.factorial(points.shape[1])
        assert float(volumes.min()) > 0
        assert float(volumes.sum()) == pytest.approx(shape.measure, rel=most)


def test_holes_and_notches_are_known() -> None:
    (hole,) = SHAPES["plate with a hole"][0].holes()
    assert (dict(hole.centre), hole.radius) == ({"x": 0.5, "y": 0.5}, 0.2)
    assert [hole.radius for hole in SHAPES["plate with a notch"][0].holes()] == [0.25]
    assert SHAPES["L"][0].holes() == []
    (notch,) = SHAPES["L"][0].notches()
    assert list(notch.place.values()) == pytest.approx([0, 0], abs=1e-8)
    assert notch.angle == pytest.approx(1.5 * PI, rel=1e-3)
    assert SHAPES["plate with a hole"][0].notches() == SHAPES["disc"][0].notches() == []


@pytest.mark.parametrize(
    ("made", "told"),
    [
        (lambda: Domain(Disk(x=0, y=0, radius=1) - Disk(x=3, y=0, radius=1)), "lies outside"),
        (lambda: Domain(Disk(x=0, y=0, radius=1) - Disk(x=0, y=0, radius=2)), "is empty"),
        (lambda: Domain(Disk(x=0, y=0, radius=1) & Disk(x=3, y=0, radius=1)), "is empty"),
        (lambda: Polygon(x=[0, 1, 0, 1], y=[0, 1, 1, 0]), "crosses or touches itself"),
        (lambda: Polygon(x=[0, 1, 2], y=[0, 1, 2]), "no area"),
        (lambda: Polygon(x=[0, 1], y=[0, 1]), "no inside"),
        (lambda: Polygon(x=[0, 1, 0], y=[0, 1, 1], names=["a"]), "3 sides"),
        (lambda: Disk(x=0, y=0, radius=0), "no length"),
        (lambda: Disk(x=0, y=0, z=0, radius=1), "two coordinates"),
        (lambda: SQUARE - Disk(x=0, z=0, radius=1), "same coordinates"),
        (lambda: SQUARE - 3, "combined with 3"),  # type: ignore[operator]
        (lambda: LevelSet(lambda x, y: -1 - x**2 - y**2, within=SQUARE), "positive nowhere"),
        (lambda: LevelSet(lambda x, z: x - z, within=SQUARE), "no coordinate"),
        (lambda: LevelSet(lambda x, y: x**2 + y**2 < 1, within=SQUARE), "returns true or false"),
        (lambda: Box(x=(0, 1e300)), "reaches further than"),
        (lambda: Box(x=(0, 1e-300)), "is shorter than"),
        (lambda: Extruded(SQUARE, x=(0, 1)), "already"),
        (lambda: side("hol").resolve(Domain(SQUARE - HOLE)), "hole"),
        (lambda: face(x=2.5).resolve(Domain(SQUARE - HOLE)), "no side"),
        (lambda: Domain(SQUARE - HOLE).point({"x": 0.5, "y": 0.5}), "in a hole"),
        (lambda: face(x=0).where(lambda y: y > 2).resolve(Domain(SQUARE - HOLE)), "nothing is left"),
        (lambda: side("b").resolve(Domain((SQUARE - Disk(x=0.5, y=0.5, radius=0.1, name="b"))
                                          - Disk(x=0.5, y=0.5, radius=0.3))), "nothing is left"),
    ],
)  # fmt: skip
def test_what_no_shape_can_be(made: object, told: str) -> None:
    with pytest.raises(ProblemError, match=told):
        made()  # type: ignore[operator]


def test_what_is_odd_is_told() -> None:
    assert "touches" in Domain(SQUARE - Disk(x=0.5, y=0.1, radius=0.1)).warnings[0]
    assert "same unit" in Domain(Box(x=(0, 1e6), y=(0, 1)) - Disk(x=10, y=0.5, radius=0.1)).warnings[-1]
    assert not Domain(SQUARE - HOLE).warnings
    assert not Domain(SHAPES["L"][0]).warnings


def test_a_level_set_that_leaves_its_box_is_told() -> None:
    def round_(x: Any, y: Any) -> Any:
        return 1 - x**2 - y**2

    cut = LevelSet(round_, within=Box(x=(-0.8, 0.8), y=(-2, 2)))
    (told,) = Domain(cut).warnings
    assert "positive at x=-0.8, x=0.8" in told and "a larger box" in told
    assert {s.name for s in cut.sides} == {"x=-0.8", "x=0.8", "curve"}
    assert "vanishes nowhere" in Domain(LevelSet(lambda x, y: 9 + x * y, within=SQUARE)).warnings[0]
    assert not Domain(LevelSet(round_, within=Box(x=(-1, 1), y=(-1, 1)))).warnings  # it touches
    assert not Domain(ELLIPSE).warnings


@pytest.mark.parametrize(("shape", "hole", "touches"), [
    (Ball(x=0, y=0, z=0, radius=1), Ball(x=0.5, y=0, z=0, radius=0.5), True),
    (Ball(x=0, y=0, z=0, radius=1), Ball(x=0.18, y=0.24, z=0, radius=0.7), True),
    (Ball(x=0, y=0, z=0, radius=1), Ball(x=0.18, y=0.24, z=0, radius=0.69), False),
    (Box(x=(0, 1), y=(0, 1), z=(0, 1)), Ball(x=0.3, y=0.5, z=0.6, radius=0.3), True),
    (Box(x=(0, 1), y=(0, 1), z=(0, 1)), Ball(x=0.3, y=0.5, z=0.6, radius=0.31), False),
    (Disk(x=0, y=0, radius=1), Disk(x=0.5, y=0, radius=0.5), True),
], ids=["along an axis", "slanted", "apart", "a wall", "through a wall", "circles"])  # fmt: skip
def test_a_hole_that_touches_the_rim_is_told(shape: Shape, hole: Shape, touches: bool) -> None:
    """Two spheres touch where the distance of their middles is the difference of their radii."""
    for scale in (0.0, 90.0):
        told = " ".join((shape - hole).turned(scale).faults())
        assert ("touches the rim" in told) is touches


def test_a_hole_in_another_unit_is_told() -> None:
    assert "same unit" in (Box(x=(0, 1), y=(0, 1)) - Disk(x=0.5, y=0.5, radius=1e-5)).checked()[0]
    assert not (Box(x=(0, 1), y=(0, 1)) - Disk(x=0.5, y=0.5, radius=1e-3)).checked()


def test_the_mantle_and_the_lids_of_a_named_cylinder_have_words() -> None:
    """side("can") is all of it; of what the algebra leaves, too, and where it is a hole."""
    can = Cylinder(x=0, y=0, radius=1, z=(0, 2), name="can")
    bar = Extruded(Disk(x=0, y=0, radius=1, name="pin"), z=(0, 2), name="bar")
    bored = Domain(Box(x=(-2, 2), y=(-2, 2), z=(0, 3)) - can.moved(z=-1))

    def named(domain: Domain, *names: str) -> list[list[str]]:
        return [[piece.name for piece in side(name).resolve(domain)] for name in names]

    every = ["can mantle", "can z=0", "can z=2"]
    assert named(Domain(can), "can", *every) == [every, *([name] for name in every)]
    assert named(bored, "can mantle", "can z=2", "can") == [["can mantle"], ["can z=2"], ["can mantle", "can z=2"]]
    assert [p.size for p in side("can").resolve(bored)] == pytest.approx([2 * PI, PI])
    assert named(Domain(bar), "pin", "bar circle", "bar z=0") == [["pin"], ["pin"], ["bar z=0"]]
    with pytest.raises(ProblemError, match="did you mean 'can mantle'"):
        side("mantle").resolve(Domain(can))
    plate = Box(x=(0, 1), y=(0, 1)) - Disk(x=0.5, y=0.5, radius=0.1, name="hole")
    assert [s.name for s in plate.sides][-1] == "hole"


def test_surfaces_of_level_sets_have_no_gaps() -> None:
    """A torus of radii 1.2 and 0.4: its triangles go on from one to the next."""
    within = Box(x=(-2, 2), y=(-2, 2), z=(-1, 1))
    torus = LevelSet(lambda x, y, z: 0.16 - (torch.hypot(x, y) - 1.2) ** 2 - z**2, within=within)
    assert torus.measure == pytest.approx(2 * math.pi**2 * 1.2 * 0.16, rel=1e-7)
    assert torus.sides[0].size == pytest.approx(4 * math.pi**2 * 1.2 * 0.4, rel=1e-7)
    cone = LevelSet(lambda x, y, z: -z - torch.hypot(x, y), within=Box(x=(-2, 2), y=(-2, 2), z=(-1, 1)))
    assert cone.measure == pytest.approx(math.pi / 3, rel=1e-3)  # its slope has a jump at the tip
