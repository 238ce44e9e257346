"""The cells that a march begins with, and how wide they may be."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pinnsolve.checks.resolution import Resolution
from pinnsolve.methods.grading import parts_apart
from pinnsolve.networks.tiles import Tiles, halvings
from pinnsolve.trial.evolution import Evolution


def first_cells(evolution: Evolution, count: int, device: torch.device) -> Tiles:
    """About so many along each coordinate of space, small enough for what varies; over a shape each holds one part."""
    mesh = Tiles.begun(evolution.extent, count, evolution.joints, device, evolution.region)
    if mesh.region is not None:
        mesh = parts_apart(mesh, evolution.rings)
    return fine(mesh, evolution.begun, evolution.rings)


def wide(mesh: Tiles, found: Sequence[Resolution]) -> Tensor:
    """How wide cells may be along each coordinate, (n, dims): twice the shortest part on which the equations vary
    there."""
    low, high = mesh.lows, mesh.lows + mesh.widths
    wide = [
        [2 * along.finest(a, b) for a, b in zip(low[:, axis].tolist(), high[:, axis].tolist(), strict=True)]
        for axis, along in enumerate(found)
    ]
    return torch.tensor(wide, dtype=torch.float64, device=mesh.device).T


def fine(mesh: Tiles, found: Sequence[Resolution], rings: Sequence[bool]) -> Tiles:
    """Cells that are small enough for what varies."""
    while bool((bad := mesh.widths > wide(mesh, found)).any()):
        mesh, _ = halvings(mesh, bad, rings)
    return mesh
