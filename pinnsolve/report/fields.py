"""Solution, reference and residuals on regular grids: what pictures and exported files are made of."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.as_regular import rest_of
from pinnsolve.checks.folds import lives
from pinnsolve.geometry.places import away
from pinnsolve.problem.problem import Problem
from pinnsolve.report.grids import Array, Grid, Scattered, grid, pictured, plane, whole_domain
from pinnsolve.report.layout import GRIDS
from pinnsolve.report.record import Report
from pinnsolve.residuals.evaluated import CHUNK
from pinnsolve.training.collocation import parted


@dataclass(frozen=True)
class Sampled:
    """One unknown on a grid.

    Parameters
    ----------
    grid : Grid or Scattered
    solution : Array of the grid's shape
    reference : Array of the grid's shape, or None
    spread : Array of the grid's shape, or None
        The standard deviation over the members of an ensemble.
    """

    grid: Any
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

    def at(self, coordinate: str, k: int) -> Sampled:
        """The part of it where a coordinate has its k-th value on the grid."""
        axis = list(self.grid.axes).index(coordinate)
        cut = (slice(None),) * axis + (k,)
        true, spread = (None if v is None else v[cut] for v in (self.reference, self.spread))
        return Sampled(self.grid.at(coordinate, k), self.solution[cut], true, spread)

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
        The largest size of all, and its place.
    held : str
        Where the other coordinates are held, in words.
    """

    axes: dict[str, Array]
    values: Array
    over: tuple[str, ...]
    largest: float
    at: dict[str, float]
    held: str


@dataclass(frozen=True)
class Outline:
    """A shape in a plane: the signed distance from its boundary, positive inside, over two coordinates."""

    xs: Array
    ys: Array
    signed: Array


@dataclass
class Evaluated:
    """What is known on one grid so far, by the names of unknowns and equations."""

    solution: dict[str, Array] = field(default_factory=dict)
    spread: dict[str, Array] = field(default_factory=dict)
    reference: dict[str, Array] = field(default_factory=dict)
    residuals: dict[str, Array] = field(default_factory=dict)


def sampled(run: Report, unknown: str, on: Grid | Scattered, alone: bool = False) -> Sampled:
    """One unknown's solution and, where there are such, its reference and its spread on a grid; or the solution alone.

    They are evaluated once on each grid, all unknowns of the solution together: networks are dear, and so may be the
    user's reference.
    """
    known, reference = _known(run, on), run.comparison.reference
    nothing = np.full(on.shape, np.nan)  # a plane through the middle may miss the shape
    if not known.solution:
        known.solution = on_grid(run, run.solution.everything, on)
        known.spread = {} if run.ensemble is None else on_grid(run, run.ensemble.spreads, on)
    if reference is not None and unknown not in known.reference and not alone:
        found = on_grid(run, lambda **places: {unknown: reference.fields[unknown](**places)}, on)
        known.reference[unknown] = found.get(unknown, nothing)
    unseen, mine = _hidden(run, on), lives(run.solution.problem, unknown, on.places())
    unseen = unseen if mine is None else unseen | ~mine
    shown = (known.solution.get(unknown, nothing), known.reference.get(unknown), known.spread.get(unknown))
    solution, true, spread = (None if v is None else np.where(unseen, np.nan, v) for v in shown)
    assert solution is not None
    return Sampled(on, solution, true, spread)


def _known(run: Report, on: Grid | Scattered) -> Evaluated:
    known: Evaluated = run.evaluated.setdefault(on.key, Evaluated())
    return known


def _hidden(run: Report, on: Grid | Scattered) -> npt.NDArray[np.bool_]:
    """Where no error is measured: next to singular corners, and at sources in points, where there is no value."""
    places = {c: torch.from_numpy(v.reshape(-1).copy()) for c, v in on.places().items()}
    problem = run.solution.problem
    far, rest = away(run.solution.trial.plan.corners, places, problem.domain), rest_of(problem)
    found = np.zeros(on.shape, dtype=bool) if far is None else ~far.numpy().reshape(on.shape)
    return found if rest is None else found | rest.near(places, SAME).numpy().reshape(on.shape)


def residuals(run: Report, on: Grid) -> dict[str, Array]:
    """Every equation's residual on a grid."""
    known = _known(run, on)
    if not known.residuals:
        known.residuals = on_grid(run, run.solution.residuals, on)
    return known.residuals


def measurements(run: Report, unknown: str) -> Iterator[tuple[dict[str, Array], Array, bool]]:
    """Each set of an unknown's measurements: where, the values, and whether training never saw them."""
    settings = run.solution.settings
    for found in run.solution.problem.observations:
        if unknown in found.unknowns:
            parts = parted(found.points, settings.get("validation"), settings.get("seed", 0))
            for points, unseen in zip(parts, (False, True) if settings.get("validation") else (False,), strict=False):
                places = {c: v.numpy() for c, v in points.coordinates.items()}
                yield places, points.measured[unknown].numpy(), unseen


def cuts(run: Report, unknown: str) -> list[Sampled]:
    """One unknown along the first coordinate of space, at four times; without time, at four values of the second.

    They are taken from the picture where it shows them all.
    """
    problem = run.solution.problem
    domain, along = problem.domain, problem.space_coordinates[0]
    moving = domain.time or problem.space_coordinates[1]
    parts = (0.25, 0.5, 0.75, 1.0) if domain.time is not None else (0.2, 0.4, 0.6, 0.8)
    shown = pictured(problem)
    if set(shown.axes) == set(problem.coordinates):
        whole, last = sampled(run, unknown, shown), len(shown.axes[moving]) - 1
        return [whole.at(moving, round(part * last)) for part in parts]
    places = [domain.place(moving, part) for part in parts]
    return [sampled(run, unknown, grid(problem, {along: GRIDS.along}, {moving: at})) for at in places]


def error_peaks(run: Report, unknown: str) -> Peaks:
    """|solution - reference| over the plane of the pictures, the largest over all other coordinates."""
    found = sampled(run, unknown, whole_domain(run.solution.problem))
    difference = found.difference
    assert difference is not None
    return peaks(found.grid, difference, plane(run.solution.problem), unjudged(run, found.grid, unknown))


def beside(run: Report, on: Grid | Scattered, name: str = "") -> npt.NDArray[np.bool_]:
    """Where a grid lies outside the shape, in a hole, or outside of the part of space of an unknown or an equation."""
    places = on.places()
    out, mine = run.solution.problem.domain.beside(places), lives(run.solution.problem, name, places)
    found = np.zeros(on.shape, dtype=bool) if out is None else np.asarray(out)
    return found if mine is None else found | ~mine


def unjudged(run: Report, on: Grid | Scattered, name: str) -> npt.NDArray[np.bool_]:
    """Where it is not told how large an error or a residual is: outside, and where data jump, since it has no bound."""
    return beside(run, on, name) | _hidden(run, on)


def outline(run: Report, axes: Mapping[str, Array]) -> Outline | None:
    """The shape in the plane of two coordinates, the others in the middle; None where there is none."""
    problem = run.solution.problem
    if problem.domain.shape is None or not set(axes) <= set(problem.space_coordinates):
        return None
    key = ("outline", *axes)
    if key not in run.evaluated:
        fine = grid(problem, dict.fromkeys(axes, GRIDS.outline))
        xs, ys = fine.axes.values()
        run.evaluated[key] = Outline(xs, ys, _signed(problem, fine))
    made: Outline = run.evaluated[key]
    return made


def _signed(problem: Problem, fine: Grid) -> Array:
    """The signed distance over a plane; where it is farther from the boundary than blocks of the grid are wide, that of
    a block's middle, since the boundary alone is drawn."""
    block, shape, space = GRIDS.block, problem.domain.shape, problem.space_coordinates
    assert shape is not None

    def at(on: Grid) -> Tensor:
        places = on.places()
        return torch.from_numpy(np.stack([places[c].reshape(-1) for c in space], 1))

    x = at(fine)
    lines = [axis.reshape(-1, block) for axis in fine.axes.values()]
    middles = Grid(dict(zip(fine.axes, (axis.mean(1) for axis in lines), strict=True)), fine.fixed)
    radius = float(np.hypot(*(np.ptp(axis, axis=1).max() for axis in lines)))
    far = shape.signed(at(middles)).view(middles.shape)
    found = far.repeat_interleave(block, 0).repeat_interleave(block, 1).reshape(-1)
    near = found.abs() <= 3 * radius  # level sets tell their distance to first order
    found[near] = shape.signed(x[near])
    return found.numpy().reshape(fine.shape)


def peaks(on: Grid, values: Array, shown: tuple[str, ...], outside: npt.NDArray[np.bool_] | None = None) -> Peaks:
    """The absolute values' largest over all coordinates but the shown ones, and the largest of all; what lies outside
    of a shape is no number."""
    size = np.nan_to_num(np.abs(values), nan=np.inf)
    size = size if outside is None else np.where(outside, -np.inf, size)
    names = list(on.axes)
    index = np.unravel_index(int(size.argmax()), size.shape)
    at = {c: float(on.axes[c][k]) for c, k in zip(names, index, strict=True)}
    over = tuple(c for c in names if c not in shown)
    flat = size.max(axis=tuple(names.index(c) for c in over)) if over else size
    flat = np.where(np.isneginf(flat), np.nan, flat)
    if [c for c in names if c in shown] != list(shown):
        flat = flat.T
    return Peaks({c: on.axes[c] for c in shown}, flat, over, float(size.max()), at, on.where)


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


def on_grid(run: Report, fields: Callable[..., Mapping[str, Array]], on: Grid | Scattered) -> dict[str, Array]:
    """Fields by name on a grid, in pieces that fit into memory; no numbers outside of a shape."""
    within = ~beside(run, on).reshape(-1)
    flat = {c: v.reshape(-1)[within] for c, v in on.places().items()}
    parts = [fields(**piece) for piece in _pieces(flat)]
    found = {}
    for name in parts[0] if parts else ():
        found[name] = np.full(within.shape, np.nan)
        found[name][within] = np.concatenate([np.asarray(p[name], dtype=np.float64) for p in parts])
    return {name: values.reshape(on.shape) for name, values in found.items()}


def _pieces(places: Mapping[str, Array]) -> Iterator[dict[str, Array]]:
    count = len(next(iter(places.values())))
    for start in range(0, count, CHUNK):
        yield {c: v[start : start + CHUNK].copy() for c, v in places.items()}


def widened(values: Array) -> Array:
    """Values on a plane, those without a number beside others taken from them: a picture is cut at the shape's own
    boundary, not where the cells of its grid end."""
    for _ in range(2):
        around = np.pad(values, 1, constant_values=np.nan)
        steps = [(a, b) for a in (0, 1, 2) for b in (0, 1, 2) if (a, b) != (1, 1)]
        beside = np.stack([around[a : a + values.shape[0], b : b + values.shape[1]] for a, b in steps])
        known = np.isfinite(beside)
        mean = np.where(known, beside, 0.0).sum(0) / np.maximum(known.sum(0), 1)
        values = np.where(np.isnan(values) & known.any(0), mean, values)
    return values
