"""What moves in a report, and the cells that a solution is made of."""

from __future__ import annotations

import base64
import io
import json
from html.parser import HTMLParser
from math import prod

import numpy as np
import pytest
import torch
from PIL import Image

from pinnsolve import Box, Disk, Problem, Solution, d, dirichlet, initial, laplace, solve
from pinnsolve.report.grids import grid, pictured
from pinnsolve.report.moments import frames, over_time
from pinnsolve.report.page import page
from pinnsolve.report.partition import corners
from pinnsolve.report.shown import report_of
from pinnsolve.trial.of_cells import OfCells


@pytest.fixture(scope="module")
def rod() -> Solution:
    """What cools from x (1 - x): each moment is below the last one."""

    def heat(u, x, t):  # type: ignore[no-untyped-def]
        return d(u, t) - 0.3 * d(u, x, x)

    conditions = [initial(u=lambda x: x * (1 - x)), dirichlet(u=0)]
    return solve(Problem(space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat, conditions=conditions))


def steady(space: Box | Disk) -> Solution:
    return solve(
        Problem(
            space=space, unknowns="u", equations=lambda u, x, y: laplace(u, x, y) + x, conditions=[dirichlet(u=0)],
            tolerance=1e-3,
        ),
        budget=5,
    )  # fmt: skip


def highest(picture: str) -> int:
    """The row of the uppermost blue point of a curve."""
    image = Image.open(io.BytesIO(base64.b64decode(picture.partition("base64,")[2]))).convert("RGB")
    red, _, blue = np.asarray(image).astype(int)[:, :440].transpose(2, 0, 1)  # beside the legend
    return int((blue - red > 80).any(1).argmax())


def test_a_page_shows_each_moment(rod: Solution) -> None:
    moments = over_time(report_of(rod), ["u"])
    assert moments is not None
    assert (
        moments.at[0] == "t = 0" and moments.at[-1] == "t = 1" and len(moments.at) == len(moments.pictures["u"]) == 26
    )
    tops = [highest(picture) for picture in moments.pictures["u"][::5]]
    assert tops == sorted(tops) and tops[0] < tops[-1] - 100, "it cools"


def test_in_a_plane_what_is_beyond_a_shape_stays_white() -> None:
    problem = Problem(
        space=Disk(x=0, y=0, radius=1), time=(0, 1), unknowns="u", equations=lambda u, x, y, t: d(u, t) - 1,
        conditions=[initial(u=0)],
    )  # fmt: skip
    run = report_of(solve(problem))
    first, last = (
        np.asarray(f.convert("RGB")).astype(int)
        for f in frames(run, "u", grid(problem, {"t": 3, "x": 21, "y": 21}), [0, 2])
    )
    height, width, _ = first.shape
    inside, corner = (int(0.5 * height), int(0.49 * width)), (int(0.15 * height), int(0.25 * width))
    assert np.abs(first[inside] - last[inside]).max() > 100, "it rises"
    assert first[corner].min() > 250 and last[corner].min() > 250


class Scripts(HTMLParser):
    """What stands in scripts."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.found: list[str] = []
        self.inside = False
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.inside = tag == "script"

    def handle_data(self, data: str) -> None:
        if self.inside:
            self.found.append(data)
            self.inside = False


def test_a_page_brings_its_moments_and_the_script_that_shows_them(rod: Solution) -> None:
    run = report_of(rod)
    moments = over_time(run, ["u"])
    text = page(run, b"", moments)
    told, script = Scripts(text).found
    assert moments is not None and json.loads(told) == {"at": moments.at, "pictures": moments.pictures}
    assert "http" not in script and "innerHTML" not in script and "https:" not in text
    assert 'max="25"' in text and moments.pictures["u"][0] in text, "the first stands there without a script, too"


def test_nothing_moves_without_time_or_without_space() -> None:
    still = steady(Box(x=(0, 1), y=(0, 1)))
    decay = solve(Problem(time=(0, 3), unknowns="u", equations=lambda u, t: d(u, t) + u, conditions=[initial(u=1)]))
    assert over_time(report_of(still), ["u"]) is None and over_time(report_of(decay), ["u"]) is None
    assert not Scripts(page(report_of(still), b"")).found
    (ends,) = corners(report_of(decay), pictured(decay.problem)).T.reshape(1, 2, -1)
    assert ends.min() == 0 and ends.max() == 3 and np.allclose((ends[1] - ends[0]).sum(), 3)


def area(polygons: np.ndarray) -> float:
    """Of rectangles (K, 4, 2), with a sign."""
    x, y = polygons[..., 0], polygons[..., 1]
    return float(0.5 * (x * np.roll(y, -1, 1) - y * np.roll(x, -1, 1)).sum())


def test_cells_tile_the_picture(rod: Solution) -> None:
    """They fill it, and overlap nowhere: each of some points lies in one of them."""
    for solution, whole in ((rod, 1.0), (steady(Box(x=(-1, 1), y=(0, 3))), 6.0)):
        on = pictured(solution.problem)
        boxes = corners(report_of(solution), on)
        assert len(boxes) > 1 and area(boxes) == pytest.approx(whole)
        places = [torch.linspace(*solution.problem.domain.ends(c), 13, dtype=torch.float64).numpy() for c in on.axes]
        for place in zip(*places, strict=True):
            inner = np.asarray(place) * (1 - 1e-9) + 1e-10
            held = [prod((lo < v < hi) for v, lo, hi in zip(inner, b.min(0), b.max(0), strict=True)) for b in boxes]
            assert sum(held) <= 1
    assert isinstance(rod.trial, OfCells) and set(rod.trial.cells()) == {"x", "t"}


def test_a_plane_within_space_and_a_moment_within_time_are_met_by_their_own_cells(rod: Solution) -> None:
    ends = rod.trial.cells()  # type: ignore[attr-defined]
    last = ends["t"][:, 1] == 1
    middle = corners(report_of(rod), grid(rod.problem, {"x": 11}, {"t": 1.0}))
    assert np.allclose(np.sort(middle[:, 0]), np.sort(ends["x"][last, 0].numpy()))
