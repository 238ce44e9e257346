"""Cells that become smaller and smaller towards corners."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.geometry.places import Corner
from pinnsolve.networks.halvings import halvings
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Rules:
    """How small they become. Chosen on a dozen problems with corners, not varied one by one.

    Parameters
    ----------
    aim : float
        Of the bound: what cells at such a corner shall leave after the next round. Larger: more rounds. Smaller: more
        cells than are asked for.
    shallow : float
        Of the lengths: no cell is halved below it.
    falls : float
        What a halving leaves where a solution is smooth, and less: cells at the corners of a rim are graded where it
        leaves more. Larger: more rounds. Smaller: cells at corners that do no harm.
    once : float
        Of their length, in one round. Smaller: fewer rounds, and steps that take more than the last one foretells.
    """

    aim: float = 0.7
    shallow: float = 2.0**-24
    falls: float = 0.1
    once: float = 2.0**-6


RULES = Rules()


def beside(mesh: Tiles, corner: Corner, names: Sequence[str]) -> Tensor:
    """Which cells end at a corner, (n,)."""
    axes = [k for k, c in enumerate(names) if c in corner.fixed]
    place, near = mesh.lows.new_tensor([corner.fixed[names[k]] for k in axes]), SAME * mesh.widths
    if mesh.region is not None:  # where a rim enters cells is known to no more
        near = near + SAME * mesh.lengths
    low, high = (mesh.lows - near)[:, axes], (mesh.lows + mesh.widths + near)[:, axes]
    return ((low <= place) & (place <= high)).all(-1)


def beside_any(mesh: Tiles, corners: Sequence[Corner], names: Sequence[str]) -> Tensor:
    """Which cells end at some corner, (n,)."""
    none = torch.zeros_like(mesh.shares, dtype=torch.bool)
    return torch.stack([none, *(beside(mesh, corner, names) for corner in corners)]).any(0)


def reach(mesh: Tiles, corner: Corner, names: Sequence[str]) -> Tensor:
    """How far each cell reaches from a corner along some coordinate, (n,), in parts of the whole."""
    axes = [k for k, c in enumerate(names) if c in corner.fixed]
    place = mesh.lows.new_tensor([corner.fixed[names[k]] for k in axes])
    low, high = mesh.lows[:, axes], (mesh.lows + mesh.widths)[:, axes]
    return (torch.maximum((low - place).abs(), (high - place).abs()) / mesh.lengths[axes]).amax(-1)


def graded(
    mesh: Tiles, corner: Corner, part: float, names: Sequence[str], rings: Sequence[bool]
) -> tuple[Tiles, list[list[int]]]:  # fmt: skip
    """Cells that are halved until those beside a corner are no longer than a part of the whole; and how."""
    how = list[list[int]]()
    while bool((wanted := beside(mesh, corner, names)[:, None] & (mesh.widths > part * mesh.lengths)).any()):
        mesh, rounds = halvings(mesh, wanted, rings)
        how += rounds
    return mesh, how


def targets(
    mesh: Tiles, found: Tensor, bound: float, corners: Sequence[Corner], names: Sequence[str]
) -> list[tuple[Corner, float]]:
    """How small cells at corners must be, in parts of the whole, by what each leaves, (n,): that counts by their
    length."""
    wanted = list[tuple[Corner, float]]()
    for corner in corners:
        here = beside(mesh, corner, names)
        if bool((found[here] > bound).any()):
            size = float((mesh.widths / mesh.lengths)[here].amax())
            part = max(RULES.aim * bound / float(found[here].max()), RULES.once) * size
            wanted.append((corner, max(part, RULES.shallow)))
    return wanted


def parts_apart(mesh: Tiles, rings: Sequence[bool]) -> Tiles:
    """Cells over a shape that are halved until each holds one part of it."""
    return halvings(mesh, torch.zeros(len(mesh), mesh.dims, dtype=torch.bool), rings)[0]
