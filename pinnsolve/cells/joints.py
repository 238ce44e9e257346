"""What is joined on a face of cells: each trace by itself, or relations across a line or plane."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.networks.openings import Opening, in_section, sides_at
from pinnsolve.networks.reference_cell import Part, ReferenceCell
from pinnsolve.networks.spread import modes_on
from pinnsolve.networks.tiles import Tiles
from pinnsolve.networks.traces import Crossed, Relation

Parted = tuple[Tensor, Tensor]  # places (P, dims) in a cell, and what makes coefficients of values there, (T, P)


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
    relations: Sequence[Relation], fields: int, cell: ReferenceCell, trace: Callable[[int], Tensor], upper: bool,
    scale: tuple[float, float], less: int,
) -> Tensor:  # fmt: skip
    """The rows (k, F M) of what is joined on a part of a side, lower or upper, by the trace (T, M) of each derivative
    across it there, up to so many degrees `less` than there are; derivatives in the width of the narrower neighbour,
    whose ratio to the cell's own and whose size are the scale."""
    ratio, unit = scale
    made = []
    for relation in relations:
        f, below, above = relation
        mine = below if upper else tuple(-v for v in above)
        rows = cell.zeros(cell.on_side(lowest(relation) + less), cell.count)
        for k, v in enumerate(mine):
            if v:
                own = ((2 * ratio / unit) ** k * trace(k))[: len(rows)]
                rows[: len(own)] += v / norm(relation, unit) * own
        made.append(torch.nn.functional.pad(rows, (f * cell.count, (fields - 1 - f) * cell.count)))
    return torch.cat(made) if made else cell.zeros(0, fields * cell.count)


def parted_sides(
    mesh: Tiles, cell: ReferenceCell, ends: tuple[Tensor, Tensor], opening: Opening
) -> dict[int, list[Parted]]:  # fmt: skip
    """Of sides that a rim cuts, by number, what lies inside as both cells see it, whose ends (n, dims) each these
    are."""
    axis, *found = opening
    cut = (found[-1] < 1).nonzero()[:, 0]
    if not len(cut):
        return {}
    below, above, begin, end, share = (v[cut] for v in found)
    y, weights, _ = in_section(mesh, (axis, below, above, begin, end, share), cell.degree + 2)
    modes = modes_on(cell, 2 * (y - begin[:, None]) / (end - begin)[:, None] - 1, weights)
    low, size, xi = ends[0], ends[1] - ends[0], list[Tensor]()
    for cells, at in zip((below, above), sides_at(mesh, axis, below, above), strict=True):
        x = torch.empty(*y.shape[:2], mesh.dims, dtype=torch.float64)
        x[..., [k for k in range(mesh.dims) if k != axis]] = y
        x[..., axis] = at[:, None]
        xi.append(2 * (x - low[cells][:, None]) / size[cells][:, None] - 1)
    return {j: [(places[i], modes[i]) for places in xi] for i, j in enumerate(cut.tolist())}
