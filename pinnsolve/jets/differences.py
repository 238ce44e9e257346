"""Fields whose derivatives are differences: what a user's equation says when limits are not taken.

A field w over N points is known at places beside them as well, in half widths h/2 along each coordinate, and

    d(w, x)(x) = (w(x + h/2) - w(x - h/2)) / h,

the mean of the derivative over the width. Where all is smooth it comes to the derivative as h^2; where w has a jump or
a kink it holds the delta that no derivative at a point sees.

Source: Fornberg, Math. Comp. 51 (1988) 699 (centred differences).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import torch
from torch import Tensor

from pinnsolve.jets.arithmetic import chart_of
from pinnsolve.jets.jet import REGISTRY, Chart, Jet

Offset = tuple[int, ...]  # half widths along each coordinate
CHOICES = {"where", "logical_and", "logical_or", "logical_xor", "logical_not", "and", "or", "xor", "invert"}


class Stencil(Chart):
    """N points and the places beside them.

    Parameters
    ----------
    widths : mapping from coordinate to float
        h, in the coordinate's units.
    size : int
    """

    def __init__(self, widths: Mapping[str, float], size: int, dtype: torch.dtype, device: torch.device) -> None:
        super().__init__(tuple(widths), size, dtype, device)
        self.widths = tuple(widths.values())

    def moved(self, coordinates: Mapping[str, Tensor], offset: Offset) -> dict[str, Tensor]:
        """The coordinates (N,) of the places at an offset."""
        beside = zip(coordinates.items(), offset, self.widths, strict=True)
        return {name: values + 0.5 * k * h for (name, values), k, h in beside}

    def known(self, rule: Callable[[Offset], Tensor], coordinate: str | None = None) -> Shifted:
        """A field that is known at any offset; one of the coordinates, where it is named."""
        depends = self.names if coordinate is None else (coordinate,)
        return Shifted(self, rule, (self.size,), frozenset(depends), name=coordinate)


class Shifted(Jet):
    """A field over a stencil: a jet that is asked for offsets where others are asked for derivatives, negative ones,
    too, which are Laplacians elsewhere."""

    chart: Stencil

    def __init__(
        self, chart: Stencil, rule: Callable[[Offset], Tensor], shape: tuple[int, ...], depends: frozenset[str],
        name: str | None = None,
    ) -> None:  # fmt: skip
        super().__init__(chart, rule, shape, depends, name, sums=True)

    def along(self, axis: int) -> Shifted:
        width = self.chart.widths[axis]

        def rule(offset: Offset) -> Tensor:
            up, down = (tuple(k + sign * (i == axis) for i, k in enumerate(offset)) for sign in (1, -1))
            return (self.dense(up) - self.dense(down)) / width

        return Shifted(self.chart, rule, self.shape, self.depends)

    def map(self, linear: Callable[[Tensor], Tensor], shape: tuple[int, ...]) -> Shifted:
        return Shifted(self.chart, lambda offset: linear(self.dense(offset)), shape, self.depends)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        given = kwargs or {}
        if any(isinstance(a, Jet) and a.chart.beside is not None for a in args):  # among the points of an integral
            return REGISTRY["torch"](func, args, given)
        chart: Any = chart_of((*args, *given.values()))
        name = getattr(func, "__name__", str(func)).strip("_")

        def at(value: Any, offset: Offset) -> Any:
            if isinstance(value, list | tuple):
                return type(value)(at(v, offset) for v in value)
            if not isinstance(value, Jet):
                return value
            here = value.dense(offset) if isinstance(value, Shifted) else value.value
            return here.to(chart.dtype) if here.dtype == torch.bool and name not in CHOICES else here

        def rule(offset: Offset) -> Tensor:
            found: Tensor = func(*(at(a, offset) for a in args), **{k: at(v, offset) for k, v in given.items()})
            return found

        first = rule(chart.zeroth)
        made = Shifted(chart, rule, tuple(first.shape), _depends((*args, *given.values())))
        made.known[chart.zeroth], made.boolean = first, first.dtype == torch.bool
        return made

    __hash__ = object.__hash__


def _depends(operands: Sequence[Any]) -> frozenset[str]:
    """The coordinates on which some operands depend."""
    found: frozenset[str] = frozenset()
    for value in operands:
        inside = value if isinstance(value, list | tuple) else (value,)
        found = found.union(*(v.depends for v in inside if isinstance(v, Jet)))
    return found
