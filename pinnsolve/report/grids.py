"""Solution, reference and residuals on regular grids: what pictures and exported files are made of."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch

from pinnsolve.geometry.places import away
from pinnsolve.problem.problem import Problem
from pinnsolve.report.record import Report
from pinnsolve.training.collocation import parted

Array = npt.NDArray[np.float64]
CHUNK = 8192  # places at a time; a user's reference may need much memory for each
WHOLE = 30_000  # points of a grid over the whole of a domain with three coordinates or more


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
    def where(self) -> str:
        """The held coordinates in words: "y = 0.5, t = 1"; empty where there are none."""
        return place(self.fixed)

    def places(self) -> dict[str, Array]:
        """Every coordinate as an array of the grid's shape."""
        free = dict(zip(self.axes, np.meshgrid(*self.axes.values(), indexing="ij"), strict=True))
        return free | {c: np.full(self.shape, v) for c, v in self.fixed.items()}


@dataclass(frozen=True)
class Sampled:
    """One unknown on a grid.

    Parameters
    ----------
    grid : Grid
    solution : Array of the grid's shape
    reference : Array of the grid's shape, or None
    spread : Array of the grid's shape, or None
        The standard deviation over the members of an ensemble.
    """

    grid: Grid
    solution: Array
    reference: Array | None
    spread: Array | None = None

    @property
    def difference(self) -> Array | None:
        """Solution minus reference."""
        return None if self.reference is None else self.solution - self.reference

    @property
    def band(self) -> tuple[Array, Array] | None:
        """Mean -+ two standard deviations: the scatter of an ensemble."""
        return None if self.spread is None else (self.solution - 2 * self.spread, self.solution + 2 * self.spread)

    @property
    def values(self) -> list[Array]:
        return [self.solution] if self.reference is None else [self.solution, self.reference]


@dataclass(frozen=True)
class Peaks:
    """The size of a quantity over a plane, and where it is largest.

    Parameters
    ----------
    axes : dict from coordinate to Array
        The two coordinates of the plane.
    values : Array
        The largest size over all coordinates but these two.
    over : tuple of str
        Those others.
    largest, at : float, dict from coordinate to float
        The largest size of all, and its place in the whole domain.
    """

    axes: dict[str, Array]
    values: Array
    over: tuple[str, ...]
    largest: float
    at: dict[str, float]


def place(coordinates: Mapping[str, float]) -> str:
    """Coordinates in words: "x = 0.25, t = 1"."""
    return ", ".join(f"{c} = {v:.3g}" for c, v in coordinates.items())


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


def sampled(run: Report, unknown: str, on: Grid) -> Sampled:
    """One unknown's solution and, where there are such, its reference and its spread on a grid."""
    reference = run.comparison.reference
    hidden = _hidden(run, on)
    solution = np.where(hidden, np.nan, _evaluated(run.solution.d(unknown), on))
    true = None if reference is None else np.where(hidden, np.nan, _evaluated(reference.fields[unknown], on))
    spread = None if run.ensemble is None else np.where(hidden, np.nan, _evaluated(run.ensemble.spread(unknown), on))
    return Sampled(on, solution, true, spread)


def _hidden(run: Report, on: Grid) -> npt.NDArray[np.bool_]:
    """Where no error is measured: next to singular corners."""
    places = {c: torch.from_numpy(v.reshape(-1).copy()) for c, v in on.places().items()}
    far = away(run.solution.trial.plan.corners, places, run.solution.problem.domain)
    return np.zeros(on.shape, dtype=bool) if far is None else ~far.numpy().reshape(on.shape)


def residual(run: Report, equation: str, on: Grid) -> Array:
    """One equation's residual on a grid."""
    return _evaluated(run.solution.residual(equation), on)


def measurements(run: Report, unknown: str) -> Iterator[tuple[dict[str, Array], Array, bool]]:
    """Each set of an unknown's measurements: where, the values, and whether training never saw them."""
    settings = run.solution.settings
    for found in run.solution.problem.observations:
        if unknown in found.unknowns:
            parts = parted(found.points, settings["validation"], settings["seed"])
            for points, unseen in zip(parts, (False, True) if settings["validation"] else (False,), strict=False):
                places = {c: v.numpy() for c, v in points.coordinates.items()}
                yield places, points.measured[unknown].numpy(), unseen


def cuts(run: Report, unknown: str) -> list[Sampled]:
    """One unknown along the first coordinate of space, at four times; without time, at four values of the second."""
    problem = run.solution.problem
    domain, along = problem.domain, problem.space_coordinates[0]
    moving = domain.time or problem.space_coordinates[1]
    fractions = (0.25, 0.5, 0.75, 1.0) if domain.time is not None else (0.2, 0.4, 0.6, 0.8)
    places = [domain.place(moving, f) for f in fractions]
    return [sampled(run, unknown, grid(problem, {along: 401}, {moving: at})) for at in places]


def error_peaks(run: Report, unknown: str, known: Sampled | None = None) -> Peaks:
    """|solution - reference| over the plane of the pictures, the largest over all other coordinates.

    Parameters
    ----------
    run : Report
        With a reference.
    unknown : str
    known : Sampled, optional
        The unknown on that plane, which is used again where the plane is the whole domain.
    """
    whole = len(run.solution.problem.coordinates) == 2 and known is not None
    found = known if whole and known is not None else sampled(run, unknown, whole_domain(run.solution.problem))
    difference = found.difference
    assert difference is not None
    difference = np.where(_hidden(run, found.grid), 0.0, difference)
    return peaks(found.grid, difference, plane(run.solution.problem))


def whole_domain(problem: Problem) -> Grid:
    """A grid over every coordinate, those of the pictures more finely than the others."""
    shown = plane(problem)
    others = [c for c in problem.coordinates if c not in shown]
    if len(shown) == 1:
        return grid(problem, {shown[0]: 1001})
    if not others:
        return grid(problem, dict.fromkeys(shown, 121))
    fine = max(11, min(61, round((WHOLE / 9 ** len(others)) ** 0.5)))
    coarse = max(3, min(31, math.floor((WHOLE / fine**2) ** (1 / len(others)))))
    return grid(problem, dict.fromkeys(shown, fine) | dict.fromkeys(others, coarse))


def peaks(on: Grid, values: Array, shown: tuple[str, ...]) -> Peaks:
    """The absolute values' largest over all coordinates but the shown ones, and the largest of all."""
    size = np.nan_to_num(np.abs(values), nan=np.inf)
    names = list(on.axes)
    index = np.unravel_index(int(size.argmax()), size.shape)
    at = {c: float(on.axes[c][k]) for c, k in zip(names, index, strict=True)}
    over = tuple(c for c in names if c not in shown)
    flat = size.max(axis=tuple(names.index(c) for c in over)) if over else size
    if [c for c in names if c in shown] != list(shown):
        flat = flat.T
    return Peaks({c: on.axes[c] for c in shown}, flat, over, float(size.max()), at)


def limits(*arrays: Array, margin: float = 0.0) -> tuple[float, float]:
    """The common range of finite values, widened by this part of it on both sides; never empty."""
    values = np.concatenate([finite(a) for a in arrays])
    low, high = (float(values.min()), float(values.max())) if values.size else (0.0, 1.0)
    width = high - low
    if width <= 1e-12 * max(abs(low), abs(high)):
        width = abs(high) or 1.0
        low, high = low - width / 2, high + width / 2
    return low - margin * width, high + margin * width


def finite(values: Array) -> Array:
    """Those of the values that are finite."""
    return values[np.isfinite(values)]


def _evaluated(field: Callable[..., Array], on: Grid) -> Array:
    """A field on a grid, in pieces that fit into memory."""
    flat = {c: v.reshape(-1) for c, v in on.places().items()}
    parts = [np.asarray(field(**piece), dtype=np.float64) for piece in _pieces(flat)]
    return np.concatenate(parts).reshape(on.shape)


def _pieces(places: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    count = len(next(iter(places.values())))
    for start in range(0, count, CHUNK):
        yield {c: v[start : start + CHUNK].copy() for c, v in places.items()}
