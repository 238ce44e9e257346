"""Coefficients on tiles that are halved or joined."""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

import torch
from torch import Tensor

from pinnsolve.networks.halvings import halves_of
from pinnsolve.networks.hidden_layer import known_to, powers_to
from pinnsolve.networks.reference_cell import ReferenceCell
from pinnsolve.networks.spread import on_others
from pinnsolve.networks.tiles import Tiles


def refined(c: Tensor, rounds: Sequence[Sequence[int]], cell: ReferenceCell) -> Tensor:
    """Coefficients (..., n, F, M) after one `Tiles.split` after the other: the same function."""
    steps = torch.stack([torch.eye(cell.count, dtype=c.dtype, device=c.device), *(h for a in cell.halves for h in a)])
    for axes in rounds:
        kind = torch.tensor([s for a in axes for s in ((2 * a + 1, 2 * a + 2) if a >= 0 else (0,))], device=c.device)
        source = torch.tensor([k for k, a in enumerate(axes) for _ in range(1 + (a >= 0))], device=c.device)
        old, halves = c, kind.nonzero()[:, 0]
        c = old[..., source, :, :]
        c[..., halves, :, :] = old[..., source[halves], :, :] @ steps[kind[halves]].mT
    return c


def coarsened(
    c: Tensor, pairs: Sequence[tuple[int, int, int]], cell: ReferenceCell, orders: Sequence[int]
) -> Tensor:  # fmt: skip
    """Coefficients (..., n, F, M) after `Tiles.joined`: along a line outer traces of a pair, `orders` by unknown, are
    kept."""
    made, keep = c.clone(), torch.ones(c.shape[-3], dtype=torch.bool, device=c.device)
    for axis in range(cell.dims):
        chosen = [(j, k) for j, k, along in pairs if along == axis]
        if not chosen:
            continue
        first, second = (torch.tensor(side, device=c.device) for side in zip(*chosen, strict=True))
        whole = [cell.merged(c[..., first, f, :], c[..., second, f, :], k, axis) for f, k in enumerate(orders)]
        made[..., first, :, :] = torch.stack(whole, -2)
        keep[second] = False
    return made[..., keep, :, :]


def carried(c: Tensor, old: Tiles, new: Tiles, cell: ReferenceCell, orders: Sequence[int]) -> Tensor:
    """Coefficients (..., n, F, M) on other tiles of the same first ones, in their order: halved where these are
    smaller, joined where they are larger."""
    if old.region is not None:
        return on_others(c, old, new, cell)
    low, high = new.units
    while True:  # halve what no new tile holds, along a coordinate in which the new ones there are smaller
        mine = old.units
        meet = ((mine[0][:, None] < high) & (low < mine[1][:, None])).all(-1)  # (n, m)
        smaller = ((high - low) < (mine[1] - mine[0])[:, None]) & meet[..., None]
        axes = [axis[0] if axis else -1 for axis in (a.nonzero()[:, 0].tolist() for a in smaller.any(1))]
        if max(axes) < 0:
            break
        c, old = refined(c, [axes], cell), old.split(axes)
    wanted = set(new.places)
    while pairs := [p for p in old.siblings([place not in wanted for place in old.places]) if _inside(old, p, new)]:
        c, old = coarsened(c, pairs, cell, orders), old.joined(pairs)
    number = {place: j for j, place in enumerate(old.places)}
    return c[..., torch.tensor([number[place] for place in new.places], device=c.device), :, :]


def _inside(old: Tiles, pair: tuple[int, int, int], new: Tiles) -> bool:
    """Whether a pair's whole lies in one new tile."""
    j, k, _ = pair
    low, high = new.units
    return bool(((low <= old.units[0][j]) & (old.units[1][k] <= high)).all(-1).any())


def among_others(c: Tensor, few: ReferenceCell, many: ReferenceCell) -> Tensor:
    """The same functions (..., M) among more features; the nearest ones, where features are no polynomials."""
    return c @ _change(few, many)


@lru_cache(maxsize=32)
def _change(few: ReferenceCell, many: ReferenceCell) -> Tensor:
    """The inner products of features, (M, M')."""
    both = []
    for cell in (few, many):
        series = torch.eye(cell.count, dtype=torch.float64, device=cell.device) if cell.series is None else cell.series
        both.append(dict(zip(powers_to(known_to(cell.activation, cell.degree), cell.dims), series.T, strict=True)))
    shared = [(both[0][k], both[1][k]) for k in both[0] if k in both[1]]
    here, there = (torch.stack(side, 1) for side in zip(*shared, strict=True))
    return here @ there.T


def origins(rounds: Sequence[Sequence[int]], count: int) -> Tensor:
    """Of which of so many tiles each is a part, after one `Tiles.split` after the other."""
    found = torch.arange(count)
    for axes in rounds:
        found = found.repeat_interleave(halves_of(axes))
    return found
