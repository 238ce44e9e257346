"""What every region of every box keeps: samples inside, unit outward normals, weights, the divergence theorem."""

from __future__ import annotations

import math

import pytest
import torch

from pinnsolve import Box, ProblemError, boundary, face, faces, point
from pinnsolve.geometry import Domain, Piece, Region, interior, start
from pinnsolve.geometry.inner import Inner
from pinnsolve.geometry.points import Points, joined
from pinnsolve.geometry.sampling import sample

BOXES = {
    "1D": (Box(x=(-1, 2)), None),
    "2D": (Box(x=(0, 2), y=(-3, 1)), None),
    "3D": (Box(x=(0, 1), y=(2, 5), z=(-1e-3, 1e-3)), None),
    "4D": (Box(a=(0, 1), b=(-1, 1), c=(0, 0.5), e=(1e3, 1e3 + 2)), None),
    "1D+t": (Box(x=(-1, 2)), (0, 3)),
    "2D+t": (Box(x=(0, 2), y=(-3, 1)), (1, 1.5)),
    "3D+t": (Box(x=(0, 1), y=(2, 5), z=(0, 1)), (-1, 1)),
}
SAMPLERS = ("sobol", "latin", "uniform")


def domain_of(name: str) -> Domain:
    return Domain(*BOXES[name])


def regions(name: str) -> list[Region]:
    domain = domain_of(name)
    space, first = domain.space_coordinates, domain.space_coordinates[0]
    low, high = domain.ends(first)
    found = [interior, boundary, face(**{first: low}), face(**{first: high}), faces(first), face(**{first: low}) | boundary,
             point(**{c: domain.ends(c)[0] for c in space}), point(**{c: domain.middle[c] for c in space})]  # fmt: skip
    return found + ([start, face(t=domain.ends("t")[1]), face(t=domain.middle["t"])] if domain.time else [])


CASES = [(name, region) for name in BOXES for region in regions(name)]


def draw(pieces: tuple[Piece, ...], count: int, sampler: str = "sobol", seed: int = 0) -> Points:
    return sample(pieces, count, sampler, torch.Generator().manual_seed(seed))  # type: ignore[arg-type]


@pytest.mark.parametrize("sampler", SAMPLERS)
@pytest.mark.parametrize(("name", "region"), CASES, ids=str)
def test_contract_of_every_region(name: str, region: Region, sampler: str) -> None:
    domain = domain_of(name)
    space, pieces = domain.space_coordinates, region.resolve(domain)
    points = draw(pieces, 200, sampler)
    assert tuple(points.coordinates) == domain.coordinates
    for c, (low, high) in domain.extent.items():
        assert (points.coordinates[c] >= low).all()
        assert (points.coordinates[c] <= high).all()
    on_some = torch.zeros(len(points), dtype=torch.bool)
    for piece in pieces:
        on = torch.ones(len(points), dtype=torch.bool)
        for c, value in piece.fixed.items():
            on &= points.coordinates[c] == value
        assert on.any(), piece.name
        on_some |= on
    assert on_some.all()
    measure = sum(math.prod(domain.length(c) for c in domain.coordinates if c not in p.fixed) for p in pieces)
    assert abs(float(points.weights.sum()) / measure - 1) < 1e-12  # 200 roundings
    if all(p.normal for p in pieces):
        n = torch.stack([points.normals[c] for c in space])
        assert torch.equal(n.square().sum(0), torch.ones(len(points), dtype=torch.float64))
        outward = sum((points.coordinates[c] - domain.middle[c]) * points.normals[c] for c in space)
        assert (outward > 0).all()
        step = {c: points.coordinates[c] + 1e-3 * domain.length(c) * points.normals[c] for c in space}
        assert all(
            ((step[c] < domain.ends(c)[0]) | (step[c] > domain.ends(c)[1]))[points.normals[c] != 0].all() for c in space
        )
    else:
        assert not points.normals


def flux_and_divergence(name: str, count: int, flip: str | None = None) -> tuple[float, float]:
    """Both sides of the divergence theorem for F_c = sin(s_c + sum of s), s scaled to the box, over all times."""
    domain = domain_of(name)
    space = domain.space_coordinates

    def field(points: Points) -> tuple[dict[str, torch.Tensor], torch.Tensor]:
        s = {c: (points.coordinates[c] - domain.ends(c)[0]) / domain.length(c) for c in domain.coordinates}
        total = sum(s.values())
        divergence = sum(2 * torch.cos(s[c] + total) / domain.length(c) for c in space)
        return {c: torch.sin(s[c] + total) for c in space}, divergence

    inner = draw(interior.resolve(domain), count)
    outer = draw(boundary.resolve(domain), count)
    vector, _ = field(outer)
    flux = sum(((-1 if c == flip else 1) * vector[c] * outer.normals[c] * outer.weights).sum() for c in space)
    return float(flux), float((field(inner)[1] * inner.weights).sum())


@pytest.mark.parametrize("name", BOXES)
def test_divergence_theorem(name: str) -> None:
    """Scrambled Sobol integrates a smooth function with an error of N^-1.5 times logarithms; asserted is 10/N, relative."""
    count = 4096
    flux, divergence = flux_and_divergence(name, count)
    size = (
        max(1.0 / min(domain_of(name).length(c) for c in BOXES[name][0].coordinates), 1.0)
        * domain_of(name).interior.size
    )
    assert abs(flux - divergence) <= 10 / count * size
    wrong, _ = flux_and_divergence(name, count, flip=BOXES[name][0].coordinates[-1])
    assert abs(wrong - divergence) > 10 / count * size  # a normal that points inward would be seen


def test_unions_do_not_duplicate() -> None:
    domain = domain_of("2D")
    assert len((boundary | boundary | face(x=0)).resolve(domain)) == 4
    assert len((face(x=0) | face(x=0.0) | face(x=1e-13)).resolve(domain)) == 1
    assert len(faces("x", "x", "y").resolve(domain)) == 4
    assert len((faces("x") | faces("x", "y")).resolve(domain)) == 4
    assert (face(x=0) | face(y=1)).name == "face(x=0) | face(y=1)"


@pytest.mark.parametrize(("low", "high"), [(0, 1), (1e9, 1e9 + 1), (-1e-12, 1e-12), (1.7e9, 1.7e9 + 1e-2), (-3, 1e12)])
def test_the_two_ends_are_never_confused(low: float, high: float) -> None:
    domain = Domain(Box(x=(low, high)))
    for sign, end in ((-1, low), (1, high)):
        (piece,) = face(x=end).resolve(domain)
        assert piece.normal == ("x", sign)
        assert piece.fixed == {"x": end}
    with pytest.raises(ProblemError, match="no face"):
        face(x=low + (high - low) * 1.5).resolve(domain)
    (inside,) = face(x=low + (high - low) / 2).resolve(domain)
    assert isinstance(inside, Inner) and inside.normal is None
    below, above = inside.grid().coordinates["x"].tolist()
    assert (
        low < below < low + (high - low) / 2 < above < high and above - below < 1e-9 * (high - low) + 1e-5 * low / 1e9
    )


def test_ends_written_with_rounding_are_found() -> None:
    domain = Domain(Box(x=(0, 0.3), y=(-math.pi, math.pi)))
    assert face(x=0.1 + 0.2).resolve(domain)[0].fixed == {"x": 0.3}
    assert face(y=-3.14159265358979).resolve(domain)[0].fixed == {"y": -math.pi}


@pytest.mark.parametrize(
    ("make", "fault"),
    [
        (lambda: Box(), "no coordinate"),
        (lambda: Box(x=(1, 1)), r"x = \(1, 1\) is empty"),
        (lambda: Box(x=(1, 0)), "runs backwards"),
        (lambda: Box(x=(0, math.inf)), "not an interval"),
        (lambda: Box(x=(math.nan, 1)), "not an interval"),
        (lambda: Box(x=1), "not an interval"),
        (lambda: Box(x=(0, 1, 2)), "not an interval"),
        (lambda: Box(x="01"), "not an interval"),
        (lambda: face(), "names 0 coordinates"),
        (lambda: face(x=0, y=0), "names 2 coordinates"),
        (lambda: face(x="left"), "no number"),
        (lambda: point(x=None), "no number"),
        (lambda: faces(), "names of coordinates"),
        (lambda: faces(0), "names of coordinates"),
        (lambda: face(x=0) | "face", "united with 'face'"),
        (lambda: face(z=0).resolve(Domain(Box(x=(0, 1)))), "no coordinate 'z'"),
        (lambda: faces("z").resolve(Domain(Box(x=(0, 1)))), "no coordinate 'z'"),
        (lambda: face(x=1.5).resolve(Domain(Box(x=(0, 1)))), "no face x = 1.5"),
        (lambda: face(x=math.nan).resolve(Domain(Box(x=(0, 1)))), "no face x = nan"),
        (lambda: point(x=2).resolve(Domain(Box(x=(0, 1)))), r"x = 2 lies outside \(0, 1\)"),
        (lambda: point(x=math.nan).resolve(Domain(Box(x=(0, 1)))), "lies outside"),
        (lambda: point(x=0).resolve(Domain(Box(x=(0, 1), y=(0, 1)))), "says nothing of y"),
        (lambda: point(q=0).resolve(Domain(Box(x=(0, 1)))), "no coordinate 'q'"),
        (lambda: boundary.resolve(Domain(None, (0, 1))), "no space"),
        (lambda: start.resolve(Domain(Box(x=(0, 1)))), "no time"),
    ],
)  # fmt: skip
def test_errors(make: object, fault: str) -> None:
    with pytest.raises(ProblemError, match=fault) as caught:
        make()  # type: ignore[operator]
    assert caught.value.remedy


def test_measures() -> None:
    inside = domain_of("2D+t").interior
    assert inside.size == 2 * 4 * 0.5
    assert inside.at(x=0.0).size == 2.0
    assert inside.at(x=0.0, y=-3.0, t=1.0).size == 1.0


def test_pieces_meet_and_rise_from_zero() -> None:
    domain = domain_of("2D+t")
    low, high = domain.faces("x")
    assert low.meets(high) is None
    corner = low.meets(domain.start)
    assert corner is not None and corner.fixed == {"x": 0.0, "t": 1.0} and corner.moment == 1.0
    points = draw((low, high), 20)
    assert low.level(low.draw(5, "sobol", torch.Generator()).coordinates).abs().max() == 0
    assert high.level(low.draw(5, "sobol", torch.Generator()).coordinates).sub(1).abs().max() == 0
    assert len(points) == 20
    assert domain.part({"t": (1.1, 1.2)}).ends("t") == (1.1, 1.2) and domain.ends("t") == (1.0, 1.5)
    assert domain.over(["t"]).coordinates == ("t",) and domain.over(["x"]).time is None
    assert domain.outside({"x": torch.tensor([0.0, 3.0]), "y": torch.zeros(2), "t": torch.ones(2)})[0] == "x"  # type: ignore[index]


def test_points_travel_together() -> None:
    domain = domain_of("2D")
    points = draw(boundary.resolve(domain), 50)
    few = points[torch.tensor([3, 1])]
    assert len(few) == 2
    for pick in (lambda p: p.coordinates["y"], lambda p: p.normals["x"], lambda p: p.weights):
        assert torch.equal(pick(few), pick(points)[[3, 1]])
    inner = draw(interior.resolve(domain), 10)
    assert not joined([points, inner]).normals
    assert len(joined([points, inner])) == len(points) + len(inner)
    single = points.to(torch.float32, torch.device("cpu"))
    assert {v.dtype for v in [*single.coordinates.values(), *single.normals.values(), single.weights]} == {
        torch.float32
    }
    assert points.weights.dtype == torch.float64
