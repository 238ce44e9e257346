"""What is joined on a face of cells: each trace by itself, or relations across a line or plane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.networks.reference_cell import Part, ReferenceCell
from pinnsolve.networks.tiles import Tiles
from pinnsolve.networks.traces import Crossed, Relation


@dataclass(frozen=True)
class Told:
    """A relation on a piece of a line or plane where something is given.

    Parameters
    ----------
    crossed, relation : int
        Which one.
    first, count : int
        Of its unknowns.
    ends : sequence of (low, high)
        Of the piece, along each other coordinate.
    norm : float
        What the relation is divided by.
    """

    crossed: int
    relation: int
    first: int
    count: int
    ends: Part
    norm: float


def going_on(joins: tuple[tuple[int, ...], ...], axis: int) -> tuple[Relation, ...]:
    """That each trace is the same on both sides."""
    found = list[Relation]()
    for f, mine in enumerate(joins):
        for k in range(mine[axis]):
            one = tuple(float(i == k) for i in range(mine[axis]))
            found.append((f, one, tuple(-v for v in one)))
    return tuple(found)


def crossing(mesh: Tiles, axis: int, at: Tensor, crossed: Sequence[Crossed]) -> list[int]:
    """The line or plane on which each face stands, (p,), minus one elsewhere: such ones end first intervals."""
    here = at.round().to(torch.int64)
    known = {c.place: k for k, c in enumerate(crossed) if c.axis == axis}
    ends = mesh.ends[axis]
    whole = (at == here).tolist()
    return [known.get(ends[i], -1) if w else -1 for i, w in zip(here.tolist(), whole, strict=True)]


def lowest(relation: Relation) -> int:
    """The lowest order of a relation: it consists of as many coefficients as that has on a face."""
    _, below, above = relation
    return next(k for k, both in enumerate(zip(below, above, strict=True)) if any(both))


def norm(relation: Relation, unit: float) -> float:
    """The largest coefficient of a relation between traces in a unit of length."""
    _, below, above = relation
    return max(abs(v) / unit**k for side in (below, above) for k, v in enumerate(side))


def traces(
    relations: Sequence[Relation], fields: int, cell: ReferenceCell,
    side: tuple[int, int], part: Part, scale: tuple[float, float], less: int,
) -> Tensor:  # fmt: skip
    """The rows (k, F M) of what is joined on a part of a side, lower or upper along an axis, up to so many degrees
    `less` than there are; derivatives in the width of the narrower neighbour, whose ratio to the cell's own and whose
    size are the scale."""
    (axis, upper), (ratio, unit) = side, scale
    made = []
    for relation in relations:
        f, below, above = relation
        mine = below if upper else tuple(-v for v in above)
        rows = cell.zeros(cell.on_side(lowest(relation) + less), cell.count)
        for k, v in enumerate(mine):
            if v:
                trace = ((2 * ratio / unit) ** k * cell.trace(axis, upper, k, part))[: len(rows)]
                rows[: len(trace)] += v / norm(relation, unit) * trace
        made.append(torch.nn.functional.pad(rows, (f * cell.count, (fields - 1 - f) * cell.count)))
    return torch.cat(made) if made else cell.zeros(0, fields * cell.count)
