"""What resists where parts of a plane meet: conditions on curves that hold values together by fluxes,

    [T] = R q,      q = k dT/dn,

as a contact or a thin film does. With a large R the part that no wall holds has its level from a flux that is small, as
a good conductor has (`cells.raised`), and only its own flux tells it: that on the other side is as large as R times
what is left of it there. So q is that of the part farther from walls.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import lru_cache

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Scheme, Step
from pinnsolve.networks.curve_runs import runs_of
from pinnsolve.networks.tiles import Tiles
from pinnsolve.residuals.pointwise import Answers

Key = tuple[int, int, tuple[int, ...]]  # relation, unknown (those beyond after all others), derivative


def pairs_of(mesh: Tiles) -> list[tuple[int, int]]:
    """The parts that meet along curves, below and above."""
    runs = runs_of(mesh)
    return sorted(set(zip(mesh.parts[runs.below].tolist(), mesh.parts[runs.above].tolist(), strict=True)))


@lru_cache(maxsize=4)
def _depths(mesh: Tiles, held: tuple[bool, ...]) -> Tensor:
    """By part, over how many curves it is tied to one that is held."""
    areas = torch.zeros(len(held), dtype=torch.float64).index_add_(0, mesh.parts, mesh.shares.cpu())
    held = held if any(held) else tuple(k == int(areas.argmax()) for k in range(len(held)))
    found = [0 if h else len(held) for h in held]
    for _ in held:
        for a, b in pairs_of(mesh):
            found[a], found[b] = min(found[a], found[b] + 1), min(found[b], found[a] + 1)
    return torch.tensor(found)


def nearer(mesh: Tiles, held: tuple[bool, ...], cells: Tensor) -> Tensor:
    """Which of two cells (2, c) across curves belongs to the part nearer to walls, (c,): zero, one, or minus one where
    neither does."""
    above, below = _depths(mesh, held)[mesh.parts[cells.cpu()]]
    return torch.where(above == below, -1, (below < above).long()).to(cells.device)


def by_own_flux(step: Step, found: Answers, cells: Tensor, normals: Tensor) -> Answers:
    """Relations at points of curves (c, Q): where they tie values by a flux, with that of the part farther from walls.
    As much of the relations of fluxes is taken from them as it takes."""
    e, fields = step.scheme.evolution, step.scheme.fields
    shape = step.scheme.stages, *normals.shape[:2]
    side = nearer(step.mesh, e.held, cells)
    along = along_normals(
        step.scheme, found.slopes, normals.expand(step.scheme.stages, *normals.shape).reshape(-1, e.dims)
    )
    flux = {i: k for i in range(len(e.relations)) if (k := _of_flux(found.slopes, i, fields)) is not None}
    residuals, slopes, by = found.residuals.clone(), dict(found.slopes), dict(found.by)
    for i in range(len(e.relations)):
        if not any(j == i and not any(alpha) for j, _, alpha in found.slopes):
            continue
        for j, f in flux.items():
            share = torch.zeros_like(residuals[0])
            for which in (0, 1):
                mine, own = along.get((i, f, which)), along.get((j, f, which))
                if mine is not None and own is not None:
                    here = torch.eq(side, which)[None, :, None].expand(shape).flatten() & (own != 0)
                    share = torch.where(here, mine / torch.where(own != 0, own, torch.ones_like(own)), share)
            if not bool(share.any()):
                continue
            residuals[i] -= share * found.residuals[j]
            for (number, g, alpha), slope in found.slopes.items():
                if number == j:
                    slopes[i, g, alpha] = slopes.get((i, g, alpha), torch.zeros_like(slope)) - share * slope
            for (number, name), slope in found.by.items():
                if number == j:
                    by[i, name] = by.get((i, name), torch.zeros_like(slope)) - share * slope
    return replace(found, residuals=residuals, slopes=slopes, by=by)


def _of_flux(slopes: Mapping[Key, Tensor], relation: int, fields: int) -> int | None:
    """The unknown of which a relation says nothing but how its slopes go on."""
    mine = {(g % fields, sum(alpha)) for j, g, alpha in slopes if j == relation}
    return next(iter(mine))[0] if len(mine) == 1 and next(iter(mine))[1] == 1 else None


def along_normals(scheme: Scheme, slopes: Mapping[Key, Tensor], normals: Tensor) -> dict[tuple[int, int, int], Tensor]:
    """By relation, unknown and side, above or below, the slopes by derivatives along normals (..., dims), (...)."""
    found = dict[tuple[int, int, int], Tensor]()
    for (i, numbered, alpha), slope in slopes.items():
        k, order = scheme.evolution.derivative(alpha)
        if sum(k) == 1 and not order:
            which, f = divmod(numbered, scheme.fields)
            part = slope * normals[..., k.index(1)]
            found[i, f, which] = found[i, f, which] + part if (i, f, which) in found else part
    return found
