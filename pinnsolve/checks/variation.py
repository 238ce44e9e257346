"""What of an equation varies from place to place: its residual with fixed numbers for the unknowns, and its slopes.

Values and derivatives of the unknowns are unrelated constants of their sizes. What is left are the sources, the
coefficients and the data, as a function F of the coordinates alone; at points, and as enclosures on boxes.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from math import nan
from typing import Any

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.jets.branches import apart, told
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
        def rule(alpha: Alpha) -> Tensor:
            part = 0.3 + (0.618 * (k + 1) + sum(0.414 * (axis + 1) * n for axis, n in enumerate(alpha))) % 0.6
            lengths = 1.0
            for c, n in zip(chart.names, alpha, strict=True):
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
    """

    problem: Problem
    equation: Equation
    piece: Piece
    sizes: Mapping[str, Size]

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

    def on(self, low: Tensor, high: Tensor, by_branches: bool = False) -> tuple[Tensor, Tensor] | None:
        """Bounds of F and of its slopes, (1 + d, N) each, on boxes between corners (N, d); None where F is the same
        everywhere. Narrower ones, and dearer, for each way in which comparisons may end that a box does not decide.

        Raises
        ------
        UnenclosedError
            If a function in it has no enclosure.
        """
        place, count = self.problem.domain.place, len(low)

        def evaluated() -> list[Any]:
            columns = {
                c: enclosing(place(c, low[:, k]), place(c, high[:, k])).named(told("coordinate", c))
                for k, c in enumerate(self.free)
            }
            return self._evaluated(columns, count)

        try:
            each = list(apart(evaluated)) if by_branches else [evaluated()]
        except Exception as error:  # a user's function may do anything with what it does not expect
            raise UnenclosedError(self.equation.name) from error
        if not any(isinstance(f, Interval) for found in each for f in found):
            return None
        bounds = [[Interval.of(0.0 if f is None else f) for f in found] for found in each]
        lows = [torch.stack([b.low.expand(count) for b in found]) for found in bounds]
        highs = [torch.stack([b.high.expand(count) for b in found]) for found in bounds]
        return torch.stack(lows).amin(0), torch.stack(highs).amax(0)

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

    def _evaluated(self, columns: Mapping[str, Any], count: int) -> list[Any]:
        chart = Chart(self.problem.coordinates, count, torch.float64, torch.device("cpu"))
        ones, whole = torch.ones(count, dtype=torch.float64), self._whole(columns, count)
        at = {c: chart.coordinate(c, whole[c]) for c in chart.names}
        outward = {c: ones * v for c, v in self.piece.outward.items()}
        unknowns = constants(self.problem, chart, self.sizes)
        with torch.no_grad():
            fields = self.problem.looked_at(chart, at, unknowns, Points({}, ones, outward))
            residual = self.equation.residual(fields)
            found = [residual.partial(chart.zeroth)]
            for c in self.free:
                slope = residual.partial(raised(chart.zeroth, chart.axis(c)))
                found.append(None if slope is None else slope * self.problem.domain.length(c))
        return found
