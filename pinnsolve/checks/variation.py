"""What of an equation varies from place to place: its residual with fixed numbers for the unknowns, and its slopes.

Values and derivatives of the unknowns are unrelated constants of their sizes. What is left are the sources, the
coefficients and the data, as a function F of the coordinates alone; at points, and as enclosures on boxes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from math import nan
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.jets.branches import apart, told, unbroken
from pinnsolve.jets.enclosures import enclosing
from pinnsolve.jets.intervals import Interval, UnenclosedError
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha, raised
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem


def constants(
    problem: Problem, chart: Chart, sizes: Mapping[str, Size], made: Callable[[Tensor], Tensor] = lambda leaf: leaf
) -> dict[str, Jet]:
    """For each unknown a field whose value and derivatives are unrelated constants of its size, each `made` into what
    is wanted of it."""

    def field(k: int, size: Size) -> Jet:
        def rule(alpha: Alpha) -> Tensor | None:
            if any(alpha[len(problem.coordinates) :]):  # other axes, on which none depends
                return None
            part = 0.3 + (0.618 * (k + 1) + sum(0.414 * (axis + 1) * n for axis, n in enumerate(alpha))) % 0.6
            lengths = 1.0
            for c, n in zip(problem.coordinates, alpha, strict=False):
                lengths *= problem.domain.length(c) ** n
            value = size.offset * (not any(alpha)) + size.scale * part / lengths  # positive, for roots and logarithms
            return made(torch.full((chart.size,), value, dtype=chart.dtype))

        return Jet(chart, rule, (chart.size,), frozenset(chart.names))

    return {u: field(k, sizes.get(u, Size())) for k, u in enumerate(problem.unknowns)}


class _Counting(TorchFunctionMode):
    """Counts the numbers that torch's functions return."""

    def __init__(self) -> None:
        super().__init__()
        self.numbers = 1

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        made = func(*args, **(kwargs or {}))
        self.numbers += made.numel() if isinstance(made, Tensor) else 0
        return made


@dataclass(frozen=True)
class Variation:
    """F and its slopes on a piece of the domain, in the piece's free coordinates, each over a length of one.

    Parameters
    ----------
    problem : Problem
    equation : Equation
    piece : Piece
    sizes : mapping from unknown to Size
    jumping : list of None
        Not empty where something in it was seen to jump, or to have no second slopes.
    """

    problem: Problem
    equation: Equation
    piece: Piece
    sizes: Mapping[str, Size]
    jumping: list[None] = field(default_factory=list, repr=False)

    @property
    def free(self) -> list[str]:
        return self.piece.free

    def at(self, parts: Tensor) -> Tensor:
        """F and its slopes, (1 + d, N), at points that are given as parts of the domain (N, d); no numbers outside a
        shape."""
        columns = {c: self.problem.domain.place(c, parts[:, k]) for k, c in enumerate(self.free)}
        found = self._evaluated(columns, len(parts))
        rows = torch.stack([torch.zeros(len(parts), dtype=torch.float64) if f is None else f for f in found])
        return rows if self.piece.plain else torch.where(self.piece.holds(self._whole(columns, len(parts))), rows, nan)

    def apart(self, low: Tensor, high: Tensor) -> Tensor:
        """Which boxes between corners (N, d) lie outside of the shape, or of the part of a face that was asked for."""
        piece, space = self.piece, self.problem.space_coordinates
        if piece.kept:
            return ~self._touched(low, high)
        if piece.shape is None or any(c not in self.free for c in space):
            return torch.zeros(len(low), dtype=torch.bool)
        axes, place = [self.free.index(c) for c in space], self.problem.domain.place
        corners = [torch.stack([place(c, x[:, k]) for c, k in zip(space, axes, strict=True)], 1) for x in (low, high)]
        return piece.shape.apart(corners[0], corners[1])

    def _touched(self, low: Tensor, high: Tensor) -> Tensor:
        """Which boxes hold points of the piece, as far as a grid of five along each coordinate shows."""
        steps = torch.linspace(0, 1, 5, dtype=torch.float64)
        within = torch.cartesian_prod(*[steps] * low.shape[1]).view(-1, low.shape[1])
        parts = (low[:, None] + (high - low)[:, None] * within).flatten(0, 1)
        columns = {c: self.problem.domain.place(c, parts[:, k]) for k, c in enumerate(self.free)}
        return self.piece.holds(self._whole(columns, len(parts))).view(len(low), -1).any(1)

    def _whole(self, columns: Mapping[str, Any], count: int) -> dict[str, Any]:
        """All coordinates by name."""
        ones = torch.ones(count, dtype=torch.float64)
        return {**columns, **{c: value * ones for c, value in self.piece.fixed.items()}}

    def on(self, low: Tensor, high: Tensor, closely: bool = False) -> tuple[Tensor, Tensor] | None:
        """Bounds of F and of its slopes, (1 + d, N) each, on boxes between corners (N, d); None where F is the same
        everywhere. `closely`, narrower ones, and dearer: from the middles of boxes where nothing jumps, elsewhere for
        each way in which comparisons may end that a box does not decide.

        Raises
        ------
        UnenclosedError
            If a function in it has no enclosure.
        """
        if closely and not self.jumping and (about := self._about_middles(low, high)) is not None:
            return about
        try:
            every = apart(lambda: self._enclosed(low, high)) if closely else [self._enclosed(low, high)]
            each = list(every)
        except Exception as error:  # a user's function may do anything with what it does not expect
            raise UnenclosedError(self.equation.name) from error
        if not any(isinstance(f, Interval) for found in each for f in found):
            return None
        bounds = [_bounds(found, len(low)) for found in each]
        return torch.stack([low for low, _ in bounds]).amin(0), torch.stack([high for _, high in bounds]).amax(0)

    def _enclosed(self, low: Tensor, high: Tensor, further: int = 0) -> list[Any]:
        """What is evaluated on boxes between corners (N, d)."""
        place = self.problem.domain.place
        columns = {
            c: enclosing(place(c, low[:, k]), place(c, high[:, k])).named(told("coordinate", c))
            for k, c in enumerate(self.free)
        }
        return self._evaluated(columns, len(low), further)

    def _about_middles(self, low: Tensor, high: Tensor) -> tuple[Tensor, Tensor] | None:
        """Bounds of F and of its slopes f by the theorem of the mean,

            f(x) in f(m) + sum_k D_k f(box) (x_k - m_k),   and the same of D_k F itself:

        terms that cancel each other, as those of a product that was multiplied out, are then wide by the square of a
        box's length alone. None where something jumps, or has no such bounds."""
        count, axes, half, middle = len(low), low.shape[1], (high - low).T / 2, (low + high) / 2
        try:
            found, smooth = unbroken(lambda: self._enclosed(low, high, further=2))
            there = self._enclosed(middle, middle, further=1) if smooth else []
        except Exception:  # a user's function may do anything with what it does not expect
            smooth = False
        if not smooth:
            self.jumping.append(None)
            return None
        (lows, highs), (least, most) = _bounds(found, count), _bounds(there, count)
        first, second = 1 + axes, 1 + axes + axes * (1 + axes)  # where D_k f of all begin, and of D_k F
        for rows, begin in ((slice(first, first + axes), second), (slice(0, first), first)):
            size = rows.stop - rows.start
            steep = torch.maximum(lows.abs(), highs.abs())[begin : begin + size * axes].view(size, axes, count)
            away = (1 + 1e-12) * (steep * half).sum(1)  # with room for the rounding of sums and of middles
            lows[rows] = torch.fmax(lows[rows], least[rows] - away)
            highs[rows] = torch.fmin(highs[rows], most[rows] + away)
        return lows[:first], highs[:first]

    def along(self, points: Points) -> tuple[Points, Tensor]:
        """F at points of a side (N,), with the points."""
        chart, at = points.chart()
        fields = self.problem.looked_at(chart, at, constants(self.problem, chart, self.sizes), points)
        with torch.no_grad():
            return points, self.equation.residual(fields).value

    def cost(self) -> float:
        """Numbers that are made for each point."""
        few = torch.rand(64, len(self.free), generator=torch.Generator().manual_seed(0), dtype=torch.float64)
        with _Counting() as counted:
            self.at(few)
        return counted.numbers / len(few)

    def _evaluated(self, columns: Mapping[str, Any], count: int, further: int = 0) -> list[Any]:
        """F and its slopes; `further`, also D_k of each of them, and then D_l D_k F: of what reads where it is, with
        the derivatives of the unknowns held, along axes of their own, on which no unknown depends."""
        names, axes = self.problem.coordinates, len(self.free)
        chart = Chart(names + tuple(map(_held, names)) * (further > 0), count, torch.float64, torch.device("cpu"))
        ones, whole = torch.ones(count, dtype=torch.float64), self._whole(columns, count)
        at = {c: _coordinate(chart, c, whole[c]) if further else chart.coordinate(c, whole[c]) for c in names}
        outward = {c: ones * v for c, v in self.piece.outward.items()}
        unknowns = constants(self.problem, chart, self.sizes)
        lengths = [self.problem.domain.length(c) for c in self.free]
        with torch.no_grad():
            fields = self.problem.looked_at(chart, at, unknowns, Points({}, ones, outward))
            residual = self.equation.residual(fields)

            def sloped(of: Sequence[tuple[Alpha, float]], along: Sequence[str]) -> list[tuple[Alpha, float]]:
                axes = list(zip(map(chart.axis, along), lengths, strict=True))
                return [(raised(alpha, axis), by * length) for alpha, by in of for axis, length in axes]

            asked: list[tuple[Alpha, float]] = [(chart.zeroth, 1.0)]
            asked += sloped(asked, self.free)
            if further:
                held = [_held(c) for c in self.free]
                asked += sloped(asked, held)
                asked += sloped(asked[1 + axes : 1 + 2 * axes], held) * (further > 1)
            parts = [(residual.partial(alpha), length) for alpha, length in asked]
        return [None if part is None else part * length for part, length in parts]


def _held(coordinate: str) -> str:
    """The axis on which coordinates lie as on their own, and no unknown depends."""
    return f"{coordinate}'"


def _coordinate(chart: Chart, name: str, values: Any) -> Jet:
    """A coordinate with slope one along itself and along its other axis."""
    one, beside = chart.coordinate(name, values), raised(chart.zeroth, chart.axis(_held(name)))
    parts = {alpha: one.partial(alpha) for alpha in (chart.zeroth, raised(chart.zeroth, chart.axis(name)))}
    return Jet(chart, (parts | {beside: chart.ones}).get, (chart.size,), one.depends, name)


def _bounds(found: Sequence[Any], count: int) -> tuple[Tensor, Tensor]:
    """The bounds (rows, N) of what is an interval, a number or nothing."""
    bounds = [Interval.of(0.0 if f is None else f) for f in found]
    return torch.stack([b.low.expand(count) for b in bounds]), torch.stack([b.high.expand(count) for b in bounds])
