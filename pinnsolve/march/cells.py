"""The cells that a march begins with, and how wide they may be."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import EQUAL
from pinnsolve.cells.grading import graded, parts_apart
from pinnsolve.cells.implicit_step import Scheme, Start, Step
from pinnsolve.checks.resolution import Resolution
from pinnsolve.march.rules import RULES
from pinnsolve.networks.halvings import evenly, halves_of, halvings, mergeable
from pinnsolve.networks.moved import coarsened
from pinnsolve.networks.reference_cell import ReferenceCell
from pinnsolve.networks.spread import on_others
from pinnsolve.networks.tails import wanting
from pinnsolve.networks.tiles import Tiles
from pinnsolve.trial.evolution import Evolution


def first_cells(evolution: Evolution, count: int, device: torch.device) -> Tiles:
    """About so many along each coordinate of space, small enough for what varies; over a shape each holds one part."""
    mesh = Tiles.begun(evolution.extent, count, evolution.joints, device, evolution.region)
    if mesh.region is not None:
        mesh = parts_apart(mesh, evolution.rings)
    for corner in (*evolution.notches, *evolution.jumps):
        mesh, _ = graded(mesh, corner, RULES.corner, evolution.problem.space_coordinates, evolution.rings)
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


def calmer(mesh: Tiles, calm: Tensor, scheme: Scheme) -> tuple[Tiles, Callable[[Tensor], Tensor]]:
    """Cells of which those pairs are joined that are calm, (n,), and that the equations let be as wide; and what takes
    coefficients there."""
    if not bool(calm.any()):
        return mesh, lambda c: c
    e = scheme.evolution
    calm = calm & (2 * mesh.widths <= wide(mesh, e.inside)).all(-1)
    pairs = mergeable(mesh, calm.tolist(), e.rings)
    joins = [k[0] for k in e.joins]
    return mesh.joined(pairs), lambda c: coarsened(c, pairs, scheme.cell, joins) if pairs else c


def bad_cells(
    step: Step, off: Tensor, here: Tensor | None, sizes: Tensor, tolerance: float, since: float, full: bool = False
) -> Tensor:  # fmt: skip
    """The cells to be halved, and along which coordinates, (n, dims): by their residuals, (n,) in bounds, unless there
    are as many cells as there may be; where shorter steps do not help, by what is left in time, `here`."""
    mesh, bad = step.mesh, (off > 1) & (not full)
    if here is not None:
        bad |= here > 0.3 * here.max()
    return bad[:, None] & ways(step, sizes, 1 / off) & (mesh.widths > _shallow(mesh, tolerance, since) * mesh.lengths)


def _shallow(mesh: Tiles, tolerance: float, since: float) -> float:
    """Of the lengths: no cell is halved below it, such a part of all time after a jump at a rim. What a layer there
    leaves out before it is as wide as a cell h is felt for a time h^2, so that it is as h^1.5 over space and time."""
    least, layer = RULES.shallow ** (1 / mesh.dims), (RULES.layer * tolerance) ** (2 / 3)
    return max(least, min(layer, RULES.widest)) if mesh.region is not None and since < layer else least


def finer_cells(step: Step, bad: Tensor, off: Tensor, bound: float, most: int) -> tuple[Tiles, list[list[int]]]:
    """Halve bad cells of a step along the coordinates that are wanted, (n, dims), as `networks.halvings.halvings`.

    Along a line those that leave very much, (n,), are halved twice: where a front steepens, or a kink stands, a half
    leaves a quarter or more. Of more cells than so many those that leave most are halved, if these are some.
    """
    rings, much = step.scheme.evolution.rings, off > RULES.twice * bound
    finer, how = halved(step.mesh, bad, rings, most)
    if len(finer) > most:
        return _worst(step, bad, off, most)
    if step.mesh.dims > 1 or not bool((again := bad & much[:, None]).any()):
        return finer, how
    for made in how:
        again = again.repeat_interleave(halves_of(made).to(again.device), 0)
    finer, more = halvings(finer, again, rings)
    return finer, how + more


def halved(mesh: Tiles, bad: Tensor, rings: Sequence[bool], most: int) -> tuple[Tiles, list[list[int]]]:
    """Halve bad cells (n, dims). In a box of space all are halved with them, where many are bad, and where none becomes
    narrower than others are; along one coordinate, that which most of them want, where there is no room for more. Each
    change costs a factorisation, which of cells that differ takes several times as long as of a grid, and what travels
    wants such cells everywhere in the end."""
    finer, how = halvings(mesh, bad, rings)
    if mesh.dims < 3 or mesh.region is not None or not how:
        return finer, how
    several = bad.any(1).double().mean() >= RULES.many
    narrower = torch.where(bad, mesh.widths / 2, mesh.widths).amin(0) < 0.9 * mesh.widths.amin(0)
    if narrower.any() and not several:
        return finer, how
    room, axes = min(most, RULES.even * len(finer)), torch.arange(mesh.dims, device=bad.device)
    wanting_it = bad.sum(0) + (mesh.widths / mesh.lengths).amax(0)  # of as many, the widest
    order = wanting_it.argsort(descending=True, stable=True)
    along = [bad] + [bad & (axes == axis) for axis in order if bad[:, axis].any()]
    found = (evenly(mesh, some, rings, room) for some in along)
    return next((grid for grid in found if grid is not None), (finer, how))


def filled(mesh: Tiles, rings: Sequence[bool], most: int) -> Tiles:
    """All cells of a box of space as narrow as some are, where that makes few more."""
    if mesh.dims < 3 or mesh.region is not None:
        return mesh
    nothing = torch.zeros_like(mesh.widths, dtype=torch.bool)
    grid = evenly(mesh, nothing, rings, min(most, RULES.even * len(mesh)))
    return mesh if grid is None else grid[0]


def _worst(step: Step, bad: Tensor, off: Tensor, most: int) -> tuple[Tiles, list[list[int]]]:
    """As many of the bad cells (n, dims) halved as there is room for, those first that leave most, (n,), and of those
    that leave as much to half of the digits the first; none where that is hardly any."""
    digits = (off.clamp(min=torch.finfo(off.dtype).tiny).log() / EQUAL**0.5).round()
    rank = torch.where(bad.any(1), digits, -torch.inf).argsort(descending=True, stable=True).argsort()
    count = int(bad.any(1).sum())
    while count > RULES.room * len(step.mesh):
        finer, how = halvings(step.mesh, bad & (rank < count)[:, None], step.scheme.evolution.rings)
        if len(finer) <= most:
            return finer, how
        count = min(count - 1, count * (most - len(step.mesh)) // (len(finer) - len(step.mesh)))
    return step.mesh, []


def _missed(c: Tensor, old: Tiles, other: Tensor, new: Tiles, cell: ReferenceCell) -> Tensor:
    """What coefficients (m, F, M) on wider cells lack of (n, F, M), by the root mean square of each of them, (m,): seen
    on the narrower ones, since a layer may lie between the points of a wide cell."""
    (low, high), (below, above) = old.units, new.units
    within = ((below[:, None] <= low) & (high <= above[:, None])).all(-1)  # (m, n)
    away = (on_others(other, new, old, cell) - c).square().sum((-1, -2)) * old.shares
    return (within.to(away) @ away / new.shares).sqrt()


def _fewer_cells(first: Tiles, step: Step, asked: Callable[[Step], Tensor], most: float) -> Tiles | None:
    """Cells from the first ones on, as many as what is known asks for, (n, dims); nothing where these are too many.

    Over a shape few cells at the rim have another half with which they could be merged.
    """
    s, mesh = step.scheme, first
    while len(mesh) <= most:

        def onto(c: Tensor, mesh: Tiles = mesh) -> Tensor:
            return on_others(c, step.mesh, mesh, s.cell)

        finer, how = halvings(mesh, asked(moved_onto(step, mesh, onto)), s.evolution.rings)
        if not how:
            return mesh
        mesh = finer
    return None


def cut_anew(
    first: Tiles, step: Step, left: Callable[[Step], Tensor], sizes: Tensor, tolerance: float
) -> Tiles | None:  # fmt: skip
    """Fewer cells that do for a step as well, cut from the first ones on; nothing where these are not worth it. What is
    left on others (n,) is told in bounds."""

    def asked(moved: Step) -> Tensor:
        last, other = (s.stages[-1] / sizes[:, None] for s in (step, moved))
        lost = _missed(last, step.mesh, other, moved.mesh, step.scheme.cell) > tolerance
        wanted = lost | (left(moved) > RULES.asked)
        return wanted[:, None] & ways(moved, sizes, torch.ones_like(lost, dtype=last.dtype))

    return _fewer_cells(first, step, asked, RULES.fewer * len(step.mesh))


def moved_onto(step: Step, mesh: Tiles, change: Callable[[Tensor], Tensor]) -> Step:
    """A step's polynomial on other cells."""
    start = Start(change(step.start.values), change(step.start.rates))
    return replace(step, mesh=mesh, start=start, stages=change(step.stages))


def ways(step: Step, sizes: Tensor, needed: Tensor) -> Tensor:
    """Along which coordinates cells want halves, (n, dims), to bring what they leave down to such a part, (n,)."""
    return wanting(step.stages / sizes[:, None], step.mesh, step.scheme.cell, needed)
