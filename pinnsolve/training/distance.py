"""How far two solutions are from each other, by their values on held-out points."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from torch import Tensor

from pinnsolve.algebra import yardstick


def distance(
    a: Mapping[str, Tensor], b: Mapping[str, Tensor], scales: Mapping[str, float], shares: Sequence[Tensor] = ()
) -> float:  # fmt: skip
    """The difference of values (N,) relative to how much the second ones vary, the largest over the unknowns.

    Where points crowd in a narrow place, and `shares` (N,) of the domain stand for each, it is told both ways, and the
    larger counts: what is small but everywhere is seen by few of them, and what is narrow is taken for large. So it is
    for each stretch of a parameter's range.
    """

    def relative(unknown: str, v: Tensor, w: Tensor | None) -> float:
        square = (a[unknown] - v).square()
        away = float((square if w is None else square * w).mean().sqrt())
        return away / yardstick.of_values(v, scales.get(unknown, 0.0), w)

    return max(relative(u, v, w) for u, v in b.items() for w in (None, *shares))
