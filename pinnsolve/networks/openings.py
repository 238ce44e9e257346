"""What cells over a shape share: the parts of their sides that lie inside; and whether nothing was overlooked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise

import torch
from torch import Tensor

from pinnsolve.geometry.clip_points import points_inside
from pinnsolve.geometry.clipped import RULES as CLIPPED
from pinnsolve.geometry.surfaces import Surfaces
from pinnsolve.geometry.walls import at_ends
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Rules:
    """When a cell is closed. Chosen, not measured.

    Parameters
    ----------
    nodes : int
        Of Gauss on a stretch of a rim.
    closed, closed_in_space : float
        Of the length around a cell, or the area around it and of its box' largest side: what is left open there by more
        is a stretch or a side that was overlooked. Larger: answers on other shapes than the one that is meant. Smaller:
        slivers without a cell of their own are faults; in space so is rounding, since areas are known roughly.
    grid : int
        In space, points along each coordinate of a side, by which it is known what of it lies inside.
    """

    nodes: int = 8
    closed: float = 1e-3
    closed_in_space: float = 0.03
    grid: int = 14


RULES = Rules()
# across which coordinate; the cells below and above, (p,); from where to where along the others, (p, dims - 1), in
# their own units, they share something; and which part of that lies inside, (p,)
Opening = tuple[int, Tensor, Tensor, Tensor, Tensor, Tensor]


@lru_cache(maxsize=4)  # of faces, of the question whether they close cells, and of halves that are thought of
def openings(mesh: Tiles, rings: tuple[bool, ...]) -> list[Opening]:
    """What cells over a shape share: what of their sides lies inside."""
    assert mesh.region is not None
    if mesh.dims > 2:
        return [_in_space(mesh, *piece) for piece in mesh.pieces(rings)]
    found, size = list[Opening](), mesh.region.shape.size
    for axis, below, above, begin, end in mesh.pieces(rings):
        along = 1 - axis
        ends = torch.stack([mesh.along_axis(along, v[:, 0]) for v in (begin, end)], 1)
        at = sides_at(mesh, axis, below, above)
        pairs, parts, middles = list[int](), list[tuple[float, float]](), list[float]()
        for j, (both, places, (low, high)) in enumerate(
            zip(zip(below.tolist(), above.tolist(), strict=True), at.T.tolist(), ends.tolist(), strict=True)
        ):
            rims = [(mesh.clips[k].ends, place) for k, place in zip(both, places, strict=True)]
            here = torch.cat([rim[(rim[:, axis] - place).abs() <= 1e-9 * size, along] for rim, place in rims])
            near = 1e-9 * (high - low)
            cuts = [low, *sorted(v for v in here.tolist() if low + near < v < high - near), high]
            for p, q in pairwise(cuts):
                if q - p > near:
                    pairs.append(j)
                    parts.append((p, q))
                    middles.append((p + q) / 2)
        number = torch.tensor(pairs, dtype=torch.int64)
        kept = _opens(mesh, axis, (below[number], above[number]), at[:, number], torch.tensor(middles, dtype=at.dtype))
        chosen = number[kept]
        spans = torch.tensor(parts, dtype=torch.float64).reshape(-1, 2)[kept]
        every = torch.ones(len(chosen), dtype=torch.float64)
        found.append((axis, below[chosen], above[chosen], spans[:, :1], spans[:, 1:], every))
    return found


def _in_space(mesh: Tiles, axis: int, below: Tensor, above: Tensor, begin: Tensor, end: Tensor) -> Opening:
    """The same of rectangles, (p, 2) in first intervals: the smallest ones around what lies inside."""
    others, n = [k for k in range(3) if k != axis], RULES.grid
    low, high = (torch.stack([mesh.along_axis(k, v[:, j]) for j, k in enumerate(others)], 1) for v in (begin, end))
    ticks = torch.linspace(CLIPPED.beside, 1 - CLIPPED.beside, n, dtype=torch.float64)
    places = low[:, None] + (high - low)[:, None] * torch.cartesian_prod(ticks, ticks)
    number = torch.arange(len(below)).repeat_interleave(n**2)
    inside = section(mesh, axis, below, above)(places.flatten(0, 1), number).view(-1, n, n)
    begins, ends, half = low.clone(), high.clone(), 0.5 / (n - 1)
    for j in range(2):
        some, width = inside.any(2 - j), (high - low)[:, j]
        first = torch.where(some, torch.arange(n), n - 1).amin(1)
        last = torch.where(some, torch.arange(n), 0).amax(1)
        begins[:, j] += width * torch.where(first == 0, 0.0, ticks[first] - half)
        ends[:, j] -= width * torch.where(last == n - 1, 0.0, 1 - half - ticks[last])
    share = inside.double().flatten(1).mean(1)
    kept = share > 0
    return axis, below[kept], above[kept], begins[kept], ends[kept], share[kept]


def section(mesh: Tiles, axis: int, below: Tensor, above: Tensor) -> Callable[[Tensor, Tensor], Tensor]:
    """Whether places (N, 2) of sides between cells, by their numbers (N,), lie inside."""
    region, others = mesh.region, [k for k in range(3) if k != axis]
    assert region is not None
    at = sides_at(mesh, axis, below, above)
    size = torch.stack([torch.stack([(mesh.clips[j].high - mesh.clips[j].low)[axis] for j in cells.tolist()])
                        for cells in (below, above)]) if len(below) else torch.zeros(2, 0)  # fmt: skip

    def inside(places: Tensor, number: Tensor) -> Tensor:
        x = torch.empty(len(places), 3, dtype=torch.float64)
        x[:, others] = places
        found = torch.ones(len(places), dtype=torch.bool)
        for places_of, sizes, sign in zip(at, size, (-1.0, 1.0), strict=True):
            x[:, axis] = places_of[number] + sign * CLIPPED.beside * sizes[number]
            found &= region.shape.contains(x)
        return found

    return inside


def in_section(mesh: Tiles, opening: Opening, count: int) -> tuple[Tensor, Tensor, Tensor]:
    """Points (p, count^2, 2) of what of sides lies inside, weights that sum to one, and shares of the rectangles."""
    axis, below, above, begin, end, _ = opening
    frames, along = torch.stack([begin, end], 1), torch.zeros(len(below), dtype=torch.int64)
    return points_inside(section(mesh, axis, below, above), frames, along, count)


def sides_at(mesh: Tiles, axis: int, below: Tensor, above: Tensor) -> Tensor:
    """Where the side between cells is as each of them sees it, (2, p): of a ring's last and first elsewhere."""
    low, high = mesh.units
    return torch.stack([mesh.along_axis(axis, u[cells, axis]) for u, cells in ((high, below), (low, above))])


def _opens(mesh: Tiles, axis: int, both: tuple[Tensor, Tensor], at: Tensor, middles: Tensor) -> Tensor:
    """Whether it lies inside on both sides of places (m,) along a side between cells (m,), which is at (2, m)."""
    found = torch.ones(len(middles), dtype=torch.bool)
    for cells, place, sign in zip(both, at, (-1.0, 1.0), strict=True):
        sizes = [float((mesh.clips[j].high - mesh.clips[j].low)[axis]) for j in cells.tolist()]
        x = torch.empty(len(middles), 2, dtype=torch.float64)
        x[:, axis] = place + sign * CLIPPED.beside * torch.tensor(sizes, dtype=torch.float64)
        x[:, 1 - axis] = middles
        found &= mesh.holds(cells, x)
    return found


def closed(mesh: Tiles, rings: tuple[bool, ...]) -> bool:
    """Whether stretches of the rim and open sides go around every cell, as the integral of the outward normal tells,
    which vanishes then."""
    assert mesh.region is not None
    owner, boxes, arcs = in_cells(mesh)
    shape = mesh.region.shape
    names = [c for c, ring in zip(shape.coordinates, rings, strict=True) if ring]
    through = torch.tensor(sorted(at_ends(shape, names)))
    own = ~torch.isin(mesh.region.on_rim(arcs[:, 0]), through)  # where a ring goes on there is no rim
    owner, boxes, arcs = owner[own], boxes[own], arcs[own]
    total = torch.zeros(len(mesh), mesh.dims, dtype=torch.float64)
    around = torch.zeros(len(mesh), dtype=torch.float64)
    if len(owner):
        rim = mesh.region.rim
        if isinstance(rim, Surfaces):
            outward, sizes = rim.outward(arcs, boxes, RULES.nodes)
        else:
            _, normals, each = rim.nodes(arcs, boxes, RULES.nodes)
            outward, sizes = (normals * each[..., None]).sum(1), each.sum(1)
        total.index_add_(0, owner, outward)
        around.index_add_(0, owner, sizes)
    for opening in openings(mesh, rings):
        axis, below, above, begin, end, share = opening
        part = share if mesh.dims < 3 else torch.where(share < 1, in_section(mesh, opening, RULES.nodes)[2], share)
        size = (end - begin).prod(1) * part
        for cells, sign in ((below, 1.0), (above, -1.0)):
            total[:, axis].index_add_(0, cells, sign * size)
            around.index_add_(0, cells, size)
    if mesh.dims < 3:
        return bool((total.norm(dim=1) <= RULES.closed * around).all())
    sizes = torch.stack([clip.high - clip.low for clip in mesh.clips])
    beside = torch.maximum(around, sizes.prod(1) / sizes.amin(1))
    return bool((total.norm(dim=1) <= RULES.closed_in_space * beside).all())


def in_cells(mesh: Tiles) -> tuple[Tensor, Tensor, Tensor]:
    """The cells (K,) in which stretches or pieces of the rim lie, their boxes (K, 2, dims), and these themselves."""
    owner = torch.tensor([j for j, clip in enumerate(mesh.clips) for _ in clip.arcs], dtype=torch.int64)
    boxes = torch.stack([torch.stack([clip.low, clip.high]) for clip in mesh.clips])
    return owner, boxes[owner], torch.cat([clip.arcs for clip in mesh.clips])
