"""Boxes that the boundary of a solid enters: what lies inside of them, as a grid of points tells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.surfaces import Surfaces


@dataclass(frozen=True)
class Rules:
    """How closely boxes are looked at. Chosen, not measured.

    Parameters
    ----------
    beside : float
        Of a box: so far beside its sides the first and last points lie. Larger: thin parts are overlooked. Smaller:
        rounding decides.
    grid, finer : int
        Points along each side of a box, and of the smallest box around what lies inside.
    thin : float
        The share of that below which a part is a thin one. Larger: more cells. Smaller: lines with points pass it by.
    piece : float
        Of what lies inside: what does not hang together with the rest and is no less is a part by itself.
    gap : tuple of float
        Of the distance between points: so far beyond the boundary it is asked whether something lies inside again.
    gaps : float
        Of the boundary in a box: where that is so on more of it, there is a wall or a gap that points do not see.
        Larger: thin walls are overlooked. Smaller: edges that turn inwards are taken for them.
    """

    beside: float = 1e-7
    grid: int = 14
    finer: int = 10
    thin: float = 0.1
    piece: float = 0.02
    gap: tuple[float, ...] = (0.1, 0.4, 1.0)
    gaps: float = 0.3


RULES = Rules()


@dataclass(frozen=True)
class Seen:
    """What is seen of boxes that a boundary enters.

    Parameters
    ----------
    frames : tensor (K, 2, 3)
        The lower and upper corner of the smallest box around what lies inside.
    share : tensor (K,)
        Of that, what does.
    full : tensor (K,)
        Whether all points of a box do, and its boundary lies along its sides.
    torn : tensor (K,)
        Whether that are several parts, or there is a thin wall between.
    along : tensor (K,)
        The coordinate along which lines cross the boundary most steeply.
    """

    frames: Tensor
    share: Tensor
    full: Tensor
    torn: Tensor
    along: Tensor


def seen(shape: Shape, rim: Surfaces, low: Tensor, high: Tensor, pieces: Sequence[Tensor]) -> Seen:
    """What boxes hold between corners (K, 3), each with its pieces of the boundary."""
    grid, size = RULES.grid, high - low
    ticks = torch.linspace(RULES.beside, 1 - RULES.beside, grid, dtype=torch.float64)
    inside = _held(shape, low, size, ticks)
    x, normals, areas = rim.seen(torch.cat(list(pieces)))
    owner = torch.arange(len(pieces)).repeat_interleave(torch.tensor([len(p) for p in pieces]))
    near = 1e-9 * size[owner][:, None]
    a, b = low[owner][:, None], high[owner][:, None]
    here = (areas > 0) & ((x >= a - near) & (x <= b + near)).all(-1)
    on_side = ((x - a).abs() <= near) | ((x - b).abs() <= near)
    free = torch.zeros(len(pieces), dtype=torch.bool).index_put_((owner,), (here & ~on_side.any(-1)).any(1), True)
    full = inside.flatten(1).all(1) & ~free
    frames = _frames(inside, low, size, ticks)
    for end, how in ((0, "amin"), (1, "amax")):
        beyond = torch.where(here[..., None], x, frames[owner, end][:, None])
        outer = getattr(beyond, how)(1)
        frames[:, end].scatter_reduce_(0, owner[:, None].expand(-1, 3), outer, how)
        frames[:, end] = torch.minimum(torch.maximum(frames[:, end], low), high)
    finer = (torch.arange(RULES.finer, dtype=torch.float64) + 0.5) / RULES.finer
    share = _held(shape, frames[:, 0], frames[:, 1] - frames[:, 0], finer).double().flatten(1).mean(1)
    steep = torch.zeros(len(pieces), 3, dtype=torch.float64)
    steep.index_add_(0, owner, (normals.abs() * (areas * here)[..., None]).sum(1))
    torn = (_parts(inside) > 1) | _gaps(shape, (x, normals, areas * (here & ~on_side.any(-1))), low, high, owner)
    return Seen(frames, share * inside.flatten(1).any(1), full, torn, _steepest(steep))


def _gaps(shape: Shape, rim: tuple[Tensor, Tensor, Tensor], low: Tensor, high: Tensor, owner: Tensor) -> Tensor:
    """In which boxes something lies inside again closely beyond the boundary, by points (P, n, 3) of it, normals and
    areas, and the boxes (P,) of these."""
    x, normals, areas = rim
    step = ((high - low).amin(1) / (RULES.grid - 1))[owner][:, None, None]
    again = torch.zeros_like(areas, dtype=torch.bool)
    for part in RULES.gap:
        y = x + part * step * normals
        within = ((y >= low[owner][:, None]) & (y <= high[owner][:, None])).all(-1)
        again |= within & shape.contains(y.reshape(-1, 3)).view(again.shape)
    sums = torch.zeros(2, len(low), dtype=torch.float64)
    sums.index_add_(1, owner, torch.stack([(areas * again).sum(1), areas.sum(1)]))
    return sums[0] > RULES.gaps * sums[1]


def _held(shape: Shape, low: Tensor, size: Tensor, ticks: Tensor) -> Tensor:
    """Which points (K, n, n, n) of grids lie inside."""
    n = len(ticks)
    x = low[:, None] + size[:, None] * torch.cartesian_prod(ticks, ticks, ticks)
    return shape.contains(x.reshape(-1, 3)).view(-1, n, n, n)


def _frames(inside: Tensor, low: Tensor, size: Tensor, ticks: Tensor) -> Tensor:
    """Boxes (K, 2, 3) around points of grids that lie inside, and half of the way to the next ones."""
    found, half, n = torch.stack([low, low + size], 1), 0.5 / (len(ticks) - 1), len(ticks)
    for axis in range(3):
        others = [k + 1 for k in range(3) if k != axis]
        some = inside.any(others[1]).any(others[0])
        first = torch.where(some, torch.arange(n), n - 1).amin(1)
        last = torch.where(some, torch.arange(n), 0).amax(1)
        begin = torch.where(first == 0, 0.0, ticks[first] - half).clamp(min=0)
        end = torch.where(last == n - 1, 1.0, ticks[last] + half).clamp(max=1)
        found[:, 0, axis], found[:, 1, axis] = low[:, axis] + size[:, axis] * begin, low[:, axis] + size[:, axis] * end
    return found


def _parts(inside: Tensor) -> Tensor:
    """In how many parts that hang together what lies inside of each box is."""
    from scipy.ndimage import label  # slow to import, and only solids ask for it

    found = []
    for box in inside.numpy():
        numbers, count = label(box, structure=[[[1] * 3] * 3] * 3)
        sizes = torch.bincount(torch.from_numpy(numbers).flatten().long(), minlength=count + 1)[1:]
        found.append(int((sizes >= RULES.piece * sizes.sum()).sum()))
    return torch.tensor(found)


def _steepest(steep: Tensor, alike: float = 1e-6) -> Tensor:
    """The coordinate along which lines cross most steeply, (K,); of those that do alike the first."""
    return (steep >= (1 - alike) * steep.amax(1, keepdim=True)).int().argmax(1)
