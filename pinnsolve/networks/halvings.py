"""Tiles halved where it is wanted, and what stands beside them where it must be; and joined where all is calm."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pinnsolve.networks.tiles import GONE, Tiles


def halvings(mesh: Tiles, wanted: Tensor, rings: Sequence[bool]) -> tuple[Tiles, list[list[int]]]:
    """Halve tiles along the coordinates that are wanted, (n, dims), and what stands beside them where it must; the new
    tiles, and how they came about, for `refined`."""
    rounds, left = [], wanted.cpu()
    for axis in range(mesh.dims):
        axes = [axis if bad else -1 for bad in left[:, axis].tolist()]
        if max(axes) >= 0:
            mesh, more = _halved(mesh, axes)
            for made in more:
                left = left.repeat_interleave(halves_of(made), 0)
            rounds += more
    while max(axes := mesh.uneven(rings)) >= 0:
        mesh, more = _halved(mesh, axes)
        rounds += more
    return mesh, rounds


def evenly(mesh: Tiles, wanted: Tensor, rings: Sequence[bool], most: float) -> tuple[Tiles, list[list[int]]] | None:
    """Halve all tiles until none is wider along any coordinate than the narrowest will be once those are halved that
    are wanted, (n, dims); nothing where that makes more than so many."""
    widest = 1.25 * torch.where(wanted, mesh.widths / 2, mesh.widths).amin(0)  # of intervals of unlike lengths, about
    parts = (mesh.widths / widest).log2().ceil().clamp(min=0)
    if float((2**parts).prod(1).sum()) > most:
        return None
    rounds = list[list[int]]()
    while bool((wide := mesh.widths > widest).any()):
        mesh, more = halvings(mesh, wide, rings)
        rounds += more
    return mesh, rounds


def _halved(mesh: Tiles, axes: list[int]) -> tuple[Tiles, list[list[int]]]:
    """Halve tiles along a coordinate, and leave out those that hold nothing."""
    mesh = mesh.split(axes)
    if mesh.region is None:
        return mesh, [axes]
    empty = mesh.empty()
    return mesh.split(empty), [axes, empty]


def halves_of(axes: Sequence[int]) -> Tensor:
    """How many tiles become of each, (n,)."""
    return torch.tensor([0 if axis == GONE else 1 + (axis >= 0) for axis in axes])


def mergeable(mesh: Tiles, calm: Sequence[bool], rings: Sequence[bool]) -> list[tuple[int, int, int]]:
    """Pairs of calm tiles that can be joined, so that none meets more than two on a side."""
    pairs = mesh.siblings(calm)
    while pairs:
        after = mesh.joined(pairs)
        uneven = {place for place, axis in zip(after.places, after.uneven(rings), strict=True) if axis >= 0}
        if not uneven:
            break
        number = {place: j for j, place in enumerate(after.places)}
        gone = [second for _, second, _ in pairs]
        where = [j - sum(g < j for g in gone) for j, _, _ in pairs]
        bad = {number[place] for place in uneven}
        kept = [pair for pair, j in zip(pairs, where, strict=True) if j not in bad]
        pairs = kept if len(kept) < len(pairs) else []
    return pairs
