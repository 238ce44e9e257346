"""What cells along a line share at their joints: values, and derivatives as equations ask for them."""

from __future__ import annotations

from torch import Tensor

from pinnsolve.geometry.once import once
from pinnsolve.networks.reference_cell import ReferenceCell
from pinnsolve.networks.tiles import Tiles
from pinnsolve.networks.traces import Traces
from pinnsolve.trial.evolution import Evolution


def traces_of(mesh: Tiles, evolution: Evolution, cell: ReferenceCell) -> Traces:
    """What cells along a line share, found once for a mesh."""
    joins, across = tuple(k for (k,) in evolution.joins), evolution.across
    given = joins, (cell.count,) * len(joins), cell, evolution.rings[0]
    return once(None if across else mesh, given, lambda: Traces(mesh, *given, across))


def joined(c: Tensor, mesh: Tiles, evolution: Evolution, cell: ReferenceCell, times: Tensor | None = None) -> Tensor:
    """Coefficients (..., n, F, M) along a line with the traces of neighbours made equal to their mean, or (q, n, F, M)
    joined as is given at times (q,); in more coordinates joins are rows, and nothing has to be done."""
    if mesh.dims > 1:
        return c
    traces = traces_of(mesh, evolution, cell)
    given = {} if times is None else {k: v.reshape(*c.shape[:-3], -1) for k, v in traces.given(times).items()}
    return traces.joined(c, given)
