"""What cells of a plane share: pieces of their sides, and the traces there as Legendre coefficients."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from pinnsolve.algebra.dissection import Dissection
from pinnsolve.networks.reference_cell import ReferenceCell, reference_cell
from pinnsolve.networks.tiles import Tiles

Kink = tuple[int, float, int, float]  # axis, place, unknown, slope above over slope below


@dataclass(frozen=True)
class Faces:
    """What the cells of a mesh share.

    Parameters
    ----------
    order : Dissection
    alike : tuple of tuple
        For each cell, what its traces depend on.
    groups : list of (cells (m,), traces (m, k, F M), unknowns (m, k))
        Cells with as many unknowns at their sides.
    kinds : tensor (N, 2)
        Of each unknown: the field whose trace it is, and the coordinate across.
    across : tensor (N,)
        The width there of the narrower neighbour.
    """

    order: Dissection
    alike: tuple[tuple[int, ...], ...]
    groups: list[tuple[Tensor, Tensor, Tensor]]
    kinds: Tensor
    across: Tensor


@dataclass(frozen=True)
class Joining:
    """How joins and walls weigh beside the equations' rows, where that is not as in a march.

    Parameters
    ----------
    weight : float
        W.
    columns : tensor (S, F)
        In what unknowns are counted.
    units : tensor (n, F)
        What each unknown is as large as in a cell, beside the others: conditions are divided by it.
    across : tensor (N,)
        Traces on faces are multiplied by it.
    """

    weight: float
    columns: Tensor
    units: Tensor
    across: Tensor


@lru_cache(maxsize=4)  # a step and its repetition, rich and poor; each takes tens of megabytes
def faces_of(
    mesh: Tiles, degree: int, joins: tuple[tuple[int, ...], ...], rings: tuple[bool, ...],
    kinks: tuple[Kink, ...] = (),
) -> Faces:  # fmt: skip
    """The faces of a mesh, made once; across kinks slopes on both sides are joined in terms of the larger flux."""
    cell, widths = reference_cell(degree, mesh.device, mesh.dims), mesh.widths.cpu()
    low, high = mesh.units
    kinds: dict[tuple[float, ...], int] = {}
    blocks: list[Tensor] = []
    mine: list[list[int]] = [[] for _ in range(len(mesh))]
    sides, counts, named, narrow = [], [], list[Tensor](), list[Tensor]()

    def kind(key: tuple[float, ...]) -> int:
        if key not in kinds:
            axis, side, begin, end, ratio, place = key
            kinds[key] = len(blocks)
            bent = _bent(kinks, axis, side, place)
            blocks.append(_traces(joins, cell, int(axis), int(side), begin, end, ratio, bent))
        return kinds[key]

    for axis, below, above, begin, end in mesh.pieces(rings):
        fields = [f for f, j in enumerate(joins) for k in range(j[axis]) for _ in range(degree + 1 - k)]
        count = len(fields)
        along = 1 - axis
        across = torch.minimum(widths[below, axis], widths[above, axis])
        narrow.append(across.repeat_interleave(count))
        named.append(torch.tensor([[f, axis] for f in fields], dtype=torch.int64).reshape(-1, 2).repeat(len(below), 1))
        parts = []
        place = _kinked(mesh, axis, high[below, axis], kinks)
        for side, tiles in ((1, below), (0, above)):
            span = (high - low)[tiles, along]
            bounds = [2 * (u - low[tiles, along]) / span - 1 for u in (begin, end)]
            ratio = (across / widths[tiles, axis] * 1e12).round() / 1e12  # the same for all that are alike
            parts.append([(axis, side, *key) for key in torch.stack([*bounds, ratio, place], 1).tolist()])
        for a, b, first, second in zip(below.tolist(), above.tolist(), *parts, strict=True):
            mine[a].append(kind(first))
            mine[b].append(kind(second))
            sides.append((a, b))
            counts.append(count)
    order = Dissection(
        np.array(sides, dtype=np.int64).reshape(-1, 2), np.array(counts, dtype=np.int64),
        (low + high).numpy(), mesh.device,
    )  # fmt: skip
    alike = tuple(map(tuple, mine))
    made = {key: torch.cat([blocks[k] for k in key]) for key in set(alike)}
    groups = _grouped(order, alike, made, mesh.device)
    kinds_of, width = torch.cat(named).to(mesh.device), torch.cat(narrow).to(mesh.device)
    return Faces(order, alike, groups, kinds_of, width)


def _grouped(
    order: Dissection, alike: Sequence[tuple[int, ...]], made: Mapping[tuple[int, ...], Tensor], device: torch.device
) -> list[tuple[Tensor, Tensor, Tensor]]:
    """Cells with as many unknowns at their sides, their traces, and which unknowns these are."""
    by_count: dict[int, list[int]] = {}
    for j, key in enumerate(alike):
        by_count.setdefault(len(made[key]), []).append(j)
    return [
        (
            torch.tensor(cells, device=device),
            torch.stack([made[alike[j]] for j in cells]),
            torch.as_tensor(np.stack([order.of_cell(j) for j in cells]), device=device),
        )
        for cells in by_count.values()
    ]


def _kinked(mesh: Tiles, axis: int, at: Tensor, kinks: Sequence[Kink]) -> Tensor:
    """The place of each face where slopes jump across it, (p,), infinite elsewhere: kinks end first intervals."""
    here = at.round().to(torch.int64)
    known = torch.tensor([place for a, place, *_ in kinks if a == axis], dtype=torch.float64)
    found = torch.tensor(mesh.ends[axis], dtype=torch.float64)[here]
    return torch.where((found[:, None] == known).any(1) & (at == here), found, math.inf)


def _bent(kinks: Sequence[Kink], axis: float, side: float, place: float) -> dict[int, float]:
    """What slopes of unknowns are multiplied by on a side of a face: one where the flux is the larger one."""
    here = [(f, ratio) for a, at, f, ratio in kinks if (a, at) == (axis, place)]
    return {f: min(ratio, 1.0) if side else min(1 / ratio, 1.0) for f, ratio in here}


def _traces(
    joins: tuple[tuple[int, ...], ...], cell: ReferenceCell, axis: int, side: int, begin: float, end: float,
    ratio: float, bent: Mapping[int, float],
) -> Tensor:  # fmt: skip
    """The rows (k, F M) of what is joined on a part of a side; derivatives in the width of the narrower neighbour."""
    made = []
    for f, mine in enumerate(joins):
        for k in range(mine[axis]):
            rows = (2 * ratio) ** k * cell.trace(axis, side, k, begin, end)
            rows = rows * bent.get(f, 1.0) if k == 1 else rows
            made.append(torch.nn.functional.pad(rows, (f * cell.count, (len(joins) - 1 - f) * cell.count)))
    return torch.cat(made) if made else cell.halves[0].new_zeros(0, len(joins) * cell.count)
