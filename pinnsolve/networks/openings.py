"""What cells over a shape share: the parts of their sides that lie inside; and whether nothing was overlooked."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import torch
from torch import Tensor

from pinnsolve.geometry.clipped import RULES as CLIPPED
from pinnsolve.networks.reference_cell import reference_cell
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Rules:
    """When a cell is closed. Chosen, not measured.

    Parameters
    ----------
    nodes : int
        Of Gauss on a stretch of a rim.
    closed : float
        Of the length around a cell: what is left open there by more is a stretch or a side that was overlooked. Larger:
        answers on other shapes than the one that is meant. Smaller: slivers without a cell of their own are faults.
    """

    nodes: int = 8
    closed: float = 1e-3


RULES = Rules()


@lru_cache(maxsize=2)  # of faces, and of the question whether they close cells
def openings(mesh: Tiles, rings: tuple[bool, ...]) -> list[tuple[int, Tensor, Tensor, Tensor, Tensor]]:
    """What cells over a shape in a plane share, by coordinate across: axis, the cells below and above, (p,), and from
    where to where along the other coordinate, (p, 1), in its own units: what of a side lies inside."""
    assert mesh.region is not None
    found, size = [], mesh.region.shape.size
    for axis, below, above, begin, end in mesh.pieces(rings):
        along = 1 - axis
        ends = torch.stack([mesh.along_axis(along, v[:, 0]) for v in (begin, end)], 1)
        at = mesh.along_axis(axis, mesh.units[1][below, axis])
        pairs, parts, places = list[int](), list[tuple[float, float]](), list[tuple[float, float]]()
        for j, (a, b, place, (low, high)) in enumerate(
            zip(below.tolist(), above.tolist(), at.tolist(), ends.tolist(), strict=True)
        ):
            here = torch.cat([mesh.clips[a].ends, mesh.clips[b].ends])
            here = here[(here[:, axis] - place).abs() <= 1e-9 * size, along]
            near = 1e-9 * (high - low)
            cuts = [low, *sorted(v for v in here.tolist() if low + near < v < high - near), high]
            for p, q in pairwise(cuts):
                if q - p > near:
                    pairs.append(j)
                    parts.append((p, q))
                    places.append((place, (p + q) / 2))
        kept = _opens(mesh, axis, torch.tensor(pairs), below, above, torch.tensor(places, dtype=torch.float64))
        chosen = torch.tensor(pairs, dtype=torch.int64)[kept]
        spans = torch.tensor(parts, dtype=torch.float64).reshape(-1, 2)[kept]
        found.append((axis, below[chosen], above[chosen], spans[:, :1], spans[:, 1:]))
    return found


def _opens(mesh: Tiles, axis: int, pairs: Tensor, below: Tensor, above: Tensor, middles: Tensor) -> Tensor:
    """Whether it lies inside on both sides of places (m, 2), each of which is given across and along."""
    if not len(pairs):
        return torch.zeros(0, dtype=torch.bool)
    found = torch.ones(len(pairs), dtype=torch.bool)
    for cells, sign in ((below, -1.0), (above, 1.0)):
        sizes = torch.tensor([float((mesh.clips[j].high - mesh.clips[j].low)[axis]) for j in cells[pairs].tolist()])
        x = torch.empty_like(middles)
        x[:, axis] = middles[:, 0] + sign * CLIPPED.beside * sizes
        x[:, 1 - axis] = middles[:, 1]
        found &= mesh.holds(cells[pairs], x)
    return found


def closed(mesh: Tiles, rings: tuple[bool, ...]) -> bool:
    """Whether stretches of the rim and open sides go around every cell, as the integral of the outward normal tells,
    which vanishes then."""
    assert mesh.region is not None
    owner = torch.tensor([j for j, clip in enumerate(mesh.clips) for _ in clip.arcs], dtype=torch.int64)
    total = torch.zeros(len(mesh), 2, dtype=torch.float64)
    around = torch.zeros(len(mesh), dtype=torch.float64)
    if len(owner):
        arcs = torch.cat([clip.arcs for clip in mesh.clips])
        nodes, w = reference_cell(RULES.nodes, torch.device("cpu"), 1).gauss(RULES.nodes)
        parts = arcs[:, 1:2] + (arcs[:, 2:] - arcs[:, 1:2]) * (nodes[:, 0] + 1) / 2
        _, normals, density = mesh.region.rim.at(arcs[:, 0], parts, outward=True)
        lengths = density * w * (arcs[:, 2:] - arcs[:, 1:2])
        total.index_add_(0, owner, (normals * lengths[..., None]).sum(1))
        around.index_add_(0, owner, lengths.sum(1))
    for axis, below, above, begin, end in openings(mesh, rings):
        for cells, sign in ((below, 1.0), (above, -1.0)):
            total[:, axis].index_add_(0, cells, sign * (end - begin)[:, 0])
            around.index_add_(0, cells, (end - begin)[:, 0])
    return bool((total.norm(dim=1) <= RULES.closed * around).all())
