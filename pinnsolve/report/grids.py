"""The regular grids that pictures and exported files are made on: as few as will do, since each is evaluated once."""

from __future__ import annotations

import math
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby

import numpy as np
import numpy.typing as npt

from pinnsolve.data.axes import TIME
from pinnsolve.geometry.triangulation import Cells
from pinnsolve.problem.problem import Problem
from pinnsolve.report.layout import GRIDS, LAYOUT

Array = npt.NDArray[np.float64]
Axis = Mapping[str, Array]


@dataclass(frozen=True)
class Grid:
    """A regular grid over some coordinates of a problem, while the others are held.

    Parameters
    ----------
    axes : dict from coordinate to Array (n,)
        The free coordinates in the order of the arrays' dimensions, both ends of the domain included.
    fixed : dict from coordinate to float
        The others: they are held at these values.
    """

    axes: dict[str, Array]
    fixed: dict[str, float]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(len(a) for a in self.axes.values())

    @property
    def key(self) -> Hashable:
        """The same for equal grids."""
        return tuple((c, a.tobytes()) for c, a in self.axes.items()), tuple(self.fixed.items())

    @property
    def where(self) -> str:
        """The held coordinates in words: "y = 0.5, t = 1"; empty where there are none."""
        return place(self.fixed)

    def at(self, coordinate: str, k: int) -> Grid:
        """The grid over the other axes, where this coordinate has its k-th value."""
        axes = {c: a for c, a in self.axes.items() if c != coordinate}
        return Grid(axes, self.fixed | {coordinate: float(self.axes[coordinate][k])})

    def places(self) -> dict[str, Array]:
        """Every coordinate as an array of the grid's shape."""
        free = dict(zip(self.axes, np.meshgrid(*self.axes.values(), indexing="ij"), strict=True))
        return free | {c: np.full(self.shape, v) for c, v in self.fixed.items()}


@dataclass(frozen=True)
class Scattered:
    """Points of a shape, and the cells between them.

    Parameters
    ----------
    points : dict from coordinate to Array (n,)
        Of space.
    cells : list of (kind, integers (cells, nodes))
        By the names of meshio.
    fixed : dict from coordinate to float
        All others.
    """

    points: dict[str, Array]
    cells: Cells
    fixed: dict[str, float]

    @property
    def shape(self) -> tuple[int, ...]:
        return next(iter(self.points.values())).shape

    @property
    def key(self) -> Hashable:
        """The same for equal points."""
        return tuple((c, a.tobytes()) for c, a in self.points.items()), tuple(self.fixed.items())

    def places(self) -> dict[str, Array]:
        """Every coordinate (n,)."""
        return self.points | {c: np.full(self.shape, v) for c, v in self.fixed.items()}


def place(coordinates: Mapping[str, float]) -> str:
    """Coordinates in words: "x = 0.25, t = 1"; many neighbours of one value as "x2, …, x9 = 0.5"."""
    alike = groupby(coordinates.items(), key=lambda item: f"{item[1]:.3g}")
    groups = [([c for c, _ in items], value) for value, items in alike]
    return ", ".join(
        f"{listed(names)} = {value}" if len(names) > LAYOUT.names else ", ".join(f"{c} = {value}" for c in names)
        for names, value in groups
    )


def listed(names: Sequence[str]) -> str:
    """Names in words, of many the first and the last.

    >>> listed(["x", "y", "z"])
    'x, y, z'
    """
    return ", ".join(names if len(names) <= LAYOUT.names else (names[0], "…", names[-1]))


def plane(problem: Problem) -> tuple[str, ...]:
    """The coordinates of a picture, horizontal one first.

    Time and space for one dimension of space with time, the first two of space where there are more; the only
    coordinate where there is one.
    """
    space = problem.space_coordinates
    time = problem.domain.time
    return space[:2] if time is None or len(space) > 1 else (time, *space)


def held(problem: Problem, fraction: float = 0.5, last: float = 1.0) -> dict[str, float]:
    """Values to hold coordinates at: the middle (or another fraction) of space and the end of time."""
    domain = problem.domain
    return {c: domain.place(c, last if c == domain.time else fraction) for c in domain.coordinates}


def grid(problem: Problem, counts: Mapping[str, int], fixed: Mapping[str, float] | None = None) -> Grid:
    """So many points along each of the named coordinates; the others in the middle of space, at the end of time.

    Parameters
    ----------
    problem : Problem
    counts : mapping from coordinate to int
    fixed : mapping from coordinate to float, optional
        Other values to hold coordinates at.
    """
    axes = {c: np.linspace(*problem.domain.ends(c), n) for c, n in counts.items()}
    values = held(problem) | dict(fixed or {})
    return Grid(axes, {c: values[c] for c in problem.coordinates if c not in axes})


def pictured(problem: Problem) -> Grid:
    """The grid of the pictures, over their plane."""
    shown = plane(problem)
    if len(shown) == 1:
        return grid(problem, {shown[0]: GRIDS.line})
    time = problem.domain.time
    if time in shown:
        return grid(problem, {c: GRIDS.times if c == time else GRIDS.along for c in shown})
    wide = ratio({c: np.array(problem.domain.extent[c]) for c in shown}) or 1.0
    across, up = (round(GRIDS.across * wide**power) for power in (0.5, -0.5))
    return grid(problem, dict(zip(shown, (across, up), strict=True)))


def ratio(over: Axis) -> float | None:
    """Width by height of a picture that is true to scale; None with time, and where it would be too slender."""
    xs, ys = over.values()
    found = float((xs[-1] - xs[0]) / (ys[-1] - ys[0]))
    return found if TIME not in over and 1 / LAYOUT.wide <= found <= LAYOUT.slender else None


def exported(problem: Problem, steps: int | None = None) -> Grid:
    """The grid of the files: over the first three coordinates of space, and over so many times if there is time.

    It is that of the pictures where that does, so that nothing is evaluated twice.
    """
    space, plain = problem.space_coordinates[:3], pictured(problem)
    if problem.time is None or not space:
        return plain if len(space) < 3 else grid(problem, dict.fromkeys(space, GRIDS.steady))
    count, usual = GRIDS.evolving[len(space) - 1]
    if len(space) == 1 and steps is None:
        return plain
    return grid(problem, {str(problem.domain.time): steps or usual} | dict.fromkeys(space, count))


def whole_domain(problem: Problem) -> Grid:
    """A grid over every coordinate: that of the files where it does, or a coarser one, those of the pictures more
    finely than the others; of many, over as many as three points along each allow."""
    known = exported(problem)
    if set(known.axes) == set(problem.coordinates):
        return known
    shown = plane(problem)
    others = [c for c in problem.coordinates if c not in shown][: int(math.log(GRIDS.whole / 11**2, 3))]
    fine = max(11, min(61, round((GRIDS.whole / 9 ** len(others)) ** 0.5)))
    coarse = max(3, min(31, math.floor((GRIDS.whole / fine**2) ** (1 / len(others)))))
    return grid(problem, dict.fromkeys(shown, fine) | dict.fromkeys(others, coarse))
