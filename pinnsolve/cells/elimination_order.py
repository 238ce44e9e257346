"""The order in which the cells of a mesh are eliminated, before anything is known of their traces: what a factorisation
takes of time and of memory follows from it, so that cells need not be made to know that there are too many of them."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import numpy as np
from torch import Tensor

from pinnsolve.algebra.dissection import Dissection
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.joints import crossing, going_on, lowest
from pinnsolve.networks.curve_runs import runs_of
from pinnsolve.networks.openings import Opening, openings
from pinnsolve.networks.reference_cell import ReferenceCell
from pinnsolve.networks.tiles import Tiles
from pinnsolve.networks.traces import Crossed, Relation

Orders = tuple[tuple[int, ...], ...]
Joined = tuple[Tiles, ReferenceCell, Orders, tuple[bool, ...], tuple[Crossed, ...], int, tuple[int, ...]]


def order_in(scheme: Scheme, mesh: Tiles) -> Dissection:
    """That of a mesh with the features of a scheme."""
    return order_of(*joining(scheme, mesh))


def joining(scheme: Scheme, mesh: Tiles) -> Joined:
    """What joins the cells of a mesh with the features of a scheme, as `order_of` and `faces.faces_of` take it."""
    e = scheme.evolution
    meeting = () if not e.relations else tuple(counts_of(scheme, mesh).tolist())
    joins = ((1, 1),) * len(e.joins) if e.fluxed else e.joins
    return mesh, scheme.cell, joins, e.rings, e.crossed, scheme.loose, meeting


@lru_cache(maxsize=8)  # of the degrees and of the halves that are thought of before one of them is taken
def order_of(
    mesh: Tiles, cell: ReferenceCell, joins: Orders, rings: tuple[bool, ...],
    crossed: tuple[Crossed, ...] = (), less: int = 0, meeting: tuple[int, ...] = (),
) -> Dissection:  # fmt: skip
    """Of what `faces.faces_of` joins: its sides in the same order, with as many unknowns."""
    sides, counts = list[tuple[int, int]](), list[int]()
    for axis, below, above, *_ in pieces_of(mesh, rings):
        joined = joined_across(mesh, joins, axis, below, crossed)
        there = {k: sum(sizes_on(cell, relations, less)) for k, relations in dict(joined).items()}
        counts += [there[k] for k, _ in joined]
        sides += zip(below.tolist(), above.tolist(), strict=True)
    if meeting:
        runs = runs_of(mesh)
        sides += zip(runs.below.tolist(), runs.above.tolist(), strict=True)
        counts += meeting
    low, high = mesh.units
    pairs = np.array(sides, dtype=np.int64).reshape(-1, 2)
    return Dissection(pairs, np.array(counts, dtype=np.int64), (low + high).numpy(), mesh.device)


def pieces_of(
    mesh: Tiles, rings: tuple[bool, ...]
) -> Sequence[tuple[int, Tensor, Tensor, Tensor, Tensor] | Opening]:  # fmt: skip
    """All faces, those across a coordinate together: the coordinate, the cells on both sides, and where."""
    return mesh.pieces(rings) if mesh.region is None else openings(mesh, rings)


def joined_across(
    mesh: Tiles, joins: Orders, axis: int, below: Tensor, crossed: Sequence[Crossed]
) -> list[tuple[int, Sequence[Relation]]]:  # fmt: skip
    """For each face across a coordinate on which line or plane it stands, or minus one, and what is joined there."""
    usual, lines = going_on(joins, axis), crossing(mesh, axis, mesh.units[1][below, axis], crossed)
    return [(k, usual if k < 0 else crossed[k].relations) for k in lines]


def sizes_on(cell: ReferenceCell, relations: Sequence[Relation], less: int) -> list[int]:
    """How many unknowns each relation has on a face, joined up to so many degrees less than traces have."""
    return [cell.on_side(lowest(r) + less) for r in relations]


def counts_of(scheme: Scheme, mesh: Tiles) -> Tensor:
    """By run of a curve between materials how many unknowns it has, (r,)."""
    return len(scheme.evolution.relations) * runs_of(mesh).counts(joined_at(scheme))


def joined_at(scheme: Scheme) -> int:
    """At so many points of a usual run: one more than a side has traces."""
    return scheme.degree + 2
