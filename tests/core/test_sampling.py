"""Samplers: inside, counted, reproducible, and as even or as selective as they claim."""

from __future__ import annotations

import pytest
import torch

from pinnsolve import Box, ProblemError
from pinnsolve.geometry import Domain
from pinnsolve.geometry.cube import SAMPLERS, unit_cube
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.sampling import crowded_at_ends, redrawn, sample, stretches
from pinnsolve.geometry.wanting import Wanting, crowding


def seeded(seed: int = 0) -> torch.Generator:
    return torch.Generator().manual_seed(seed)


@pytest.mark.parametrize("dimension", [0, 1, 2, 5, 11])
@pytest.mark.parametrize("count", [1, 2, 100, 257])
@pytest.mark.parametrize("sampler", SAMPLERS)
def test_cube(sampler: str, count: int, dimension: int) -> None:
    points = unit_cube(count, dimension, sampler, seeded())  # type: ignore[arg-type]
    assert points.shape == (count, dimension)
    assert points.dtype == torch.float64
    assert ((points >= 0) & (points <= 1)).all()
    assert len(set(map(tuple, points.tolist()))) == (count if dimension else 1)


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_seeds_reproduce_and_differ_and_leave_the_global_state(sampler: str) -> None:
    before = torch.get_rng_state().clone()
    a, b, c = (unit_cube(64, 2, sampler, seeded(s)) for s in (3, 3, 4))  # type: ignore[arg-type]
    assert torch.equal(a, b)
    assert not torch.equal(a, c)
    generator = seeded(3)
    first, second = (unit_cube(64, 2, sampler, generator) for _ in range(2))  # type: ignore[arg-type]
    assert torch.equal(first, a)
    assert not torch.equal(first, second)  # the generator moves on
    assert torch.equal(torch.get_rng_state(), before)


def gap(points: torch.Tensor) -> float:
    """The largest difference of empirical and true share over 500 boxes [0, a) (a simple star discrepancy)."""
    corners = torch.rand(500, points.shape[1], generator=seeded(9), dtype=torch.float64)
    inside = (points[:, None] < corners).all(-1).double().mean(0)
    return float((inside - corners.prod(-1)).abs().max())


def test_sobol_and_latin_points_are_more_even_than_random_ones() -> None:
    """512 points in 2D: random ones miss by about 1/sqrt(N) = 0.04, Sobol's by about log(N)^2/N = 0.01 or less."""
    mean = {s: sum(gap(unit_cube(512, 2, s, seeded(k))) for k in range(20)) / 20 for s in SAMPLERS}  # type: ignore[arg-type]
    assert mean["sobol"] < 0.3 * mean["uniform"]
    assert mean["latin"] < 0.9 * mean["uniform"]


@pytest.mark.parametrize("sampler", ["sobol", "latin"])
def test_each_of_n_strata_of_each_coordinate_holds_one_point(sampler: str) -> None:
    points = unit_cube(256, 3, sampler, seeded(1))  # type: ignore[arg-type]
    for column in points.T:
        assert sorted((column * 256).long().tolist()) == list(range(256))


@pytest.mark.parametrize("unit", [1.0, 1e-9, 1e3])
def test_the_share_of_each_part_is_the_same_in_any_unit(unit: float) -> None:
    domain = Domain(Box(x=(0, 1 * unit), y=(0, 3)))
    pieces = (domain.face("x", 0.0), domain.face("y", 0.0))  # lengths 3 and 1
    points = sample(pieces, 400, "sobol", seeded())
    assert int((points.coordinates["x"] == 0).sum()) == 200
    assert len(points) == 400
    for count in (1, 2, 3):
        few = sample(pieces, count, "sobol", seeded())  # no part is ever left out
        assert float(few.weights.sum()) == pytest.approx(3 + unit, rel=1e-14)
        assert len(few) >= 2
    assert len(sample((domain.point({"x": 0, "y": 0}),), 50, "sobol", seeded())) == 1


def test_unknown_samplers_are_refused() -> None:
    with pytest.raises(ProblemError, match="no sampler 'sobel'.*\n.*did you mean 'sobol'"):
        unit_cube(5, 2, "sobel", seeded())  # type: ignore[arg-type]


# ---------------------------------------------------------------- redrawn


def pool(count: int = 2000) -> Points:
    return Points({"x": torch.arange(count, dtype=torch.float64)}, torch.ones(count, dtype=torch.float64))


def test_redrawn_points_prefer_large_residuals() -> None:
    """One point in ten has 10 times the others' residual: |r|/mean + 1 is 6.26 there and 1.53 elsewhere.

    Of 200 draws out of 2,000, 31 % (a little less without replacement) are large, with a deviation of 3.3 %.
    """
    size = torch.ones(2000, dtype=torch.float64)
    size[::10] = -10.0
    chosen = redrawn(pool(), size, 200, 1.0, seeded()).coordinates["x"].long()
    assert len(chosen) == len(set(chosen.tolist())) == 200
    assert 0.31 - 0.03 - 5 * 0.033 < float((chosen % 10 == 0).double().mean()) < 0.31 + 5 * 0.033
    spread = redrawn(pool(), size, 200, 1e6, seeded()).coordinates["x"].long()
    assert float((spread % 10 == 0).double().mean()) < 0.1 + 5 * 0.021  # a large `uniform` forgets the residual
    greedy = redrawn(pool(), size * (size < 0), 200, 1e-12, seeded()).coordinates["x"].long()
    assert (greedy % 10 == 0).all()


def test_redrawn_keeps_what_belongs_together_and_reproduces() -> None:
    size = torch.rand(2000, generator=seeded(), dtype=torch.float64)
    a, b, c = (redrawn(pool(), size, 100, 1.0, seeded(s)) for s in (1, 1, 2))
    assert torch.equal(a.coordinates["x"], b.coordinates["x"])
    assert not torch.equal(a.coordinates["x"], c.coordinates["x"])
    assert len(redrawn(pool(10), size[:10], 100, 1.0, seeded())) == 10
    zero = redrawn(pool(), torch.zeros(2000), 100, 1.0, seeded())
    assert len(zero) == 100


@pytest.mark.parametrize("width", [1e-1, 1e-2, 1e-4])
def test_points_that_crowd_in_narrow_places_stand_for_their_share_of_the_domain(width: float) -> None:
    """Mean values of one, of x, and of a hill that few even points would meet, whose integral is pi w^2."""
    piece = Domain(Box(x=(-1, 3), y=(0, 2))).interior
    places = [Wanting({"x": 0.4, "y": 1.5}, {"x": width, "y": 2 * width}), Wanting({"x": 2.0}, {"x": 0.01})]
    at = piece.draw(40_000, "sobol", torch.Generator().manual_seed(3), places).coordinates
    shares = 1 / crowding(places, 2, {"x": (-1, 3), "y": (0, 2)}, at)
    assert float(shares.mean()) == pytest.approx(1.0, abs=0.01)
    assert float((shares * at["x"]).mean()) == pytest.approx(1.0, abs=0.02)
    hill = torch.exp(-(((at["x"] - 0.4) / width) ** 2) - ((at["y"] - 1.5) / width) ** 2)
    assert float((shares * hill).mean()) == pytest.approx(torch.pi * width**2 / 8, rel=0.06)


def test_values_of_a_range_crowd_at_its_ends_and_what_is_worst_in_a_stretch_is_seen() -> None:
    """The arcsine density on (2, 4) has the mean 3 and the variance (4 - 2)^2 / 8."""
    even = Domain(Box(x=(0, 1)), ranges={"k": (2.0, 4.0)}).interior.draw(4096, "sobol", seeded())
    points = crowded_at_ends(even, {"k": (2.0, 4.0)})
    k = points.coordinates["k"]
    assert torch.equal(points.coordinates["x"], even.coordinates["x"])
    assert float(k.min()) >= 2 and float(k.max()) <= 4
    assert float(k.mean()) == pytest.approx(3.0, abs=1e-2) and float(k.var()) == pytest.approx(0.5, rel=1e-2)
    found = stretches([{"k": k[:1000]}, {"k": k[1000:]}], ["k"], 4)
    assert torch.equal(torch.stack(found).sum(0), torch.ones_like(k))
    assert [int(w.sum()) for w in found] == [1024] * 4
    assert all(float(k[a > 0].max()) <= float(k[b > 0].min()) for a, b in zip(found, found[1:], strict=False))


@pytest.mark.parametrize("count", [200, 500])
def test_some_of_the_points_are_as_evenly_spread_as_all(count: int) -> None:
    """Every tenth of Sobol's points lay in one half of the domain, every fourth in a quarter."""
    square = Domain(Box(x=(0, 1), y=(0, 1))).interior
    points = square.draw(2000, "sobol", torch.Generator().manual_seed(3))
    few = points.thinned(count)
    assert 0.9 * count <= len(few.weights) <= count
    for values in few.coordinates.values():
        assert torch.histc(values, 4, 0, 1).min() > 0.8 * count / 4
    assert len(points.thinned(5000).weights) == 2000
