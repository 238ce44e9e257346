"""Which cells of a steady problem are halved and along which coordinates, or have richer features."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.cells.faces import faces_of
from pinnsolve.cells.grading import RULES as GRADING
from pinnsolve.cells.grading import graded, targets
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.stage_costs import operations
from pinnsolve.cells.stage_operator import held, that_fit
from pinnsolve.geometry.places import Corner
from pinnsolve.machine.memory import give_back
from pinnsolve.networks.halvings import halvings
from pinnsolve.networks.moved import among_others, origins, refined
from pinnsolve.networks.spread import spread, taken_over
from pinnsolve.networks.tails import decay, fewest, steep
from pinnsolve.networks.tiles import Tiles
from pinnsolve.steady.cells import SteadyCells
from pinnsolve.steady.measured import sizes_like

Halves = tuple[Tiles, list[list[int]]]  # halved cells, and how they came about


@dataclass(frozen=True)
class Rules:
    """How much there may be. Chosen, not measured.

    Parameters
    ----------
    memory : float
        Bytes that complex rows and inverses would take; these are real. In space those that are taken with two degrees
        more, which tell the error. Larger: more than the 1 GB that is promised.
    share : float
        In space, where a budget of memory is given, of what it leaves for cells: what is made on the way, and holes
        that are not filled, take the rest. Larger: more than the budget.
    space : int
        The highest degree over space. Higher: cells of several hundred features, which take longer than what halving
        them brings.
    fine : float
        Of the bound: below it, in a plane, features have two degrees more from the second round on. The lid's flow to
        1e-4 takes 179 cells of degree 10, or 277 of degree 8, which take half as long again. Larger: more is computed
        than is asked for. Smaller: cells.
    """

    memory: float = 5.5e8
    share: float = 0.8
    space: int = 14
    fine: float = 1e-3


RULES = Rules()


def let_go(mesh: Tiles) -> None:
    """Let go of what was made for the cells before, once their solution is one of others: tables of features and of
    traces take as much memory over space as the equations of these, in a plane a quarter."""
    spread.cache_clear()
    faces_of.cache_clear()
    if mesh.dims > 1:
        give_back()


def wanted_of(cells: SteadyCells, found: Tensor, bound: float) -> tuple[Tensor, Tensor]:
    """Along which coordinates what each cell leaves, (n,), asks for halves, (n, dims), and the part of it that is left
    then, (n,). In space as few as suffice, since each costs more there."""
    c = cells.coefficients / sizes_like(cells)[:, None]
    if cells.mesh.dims > 2:
        return fewest(c, cells.scheme.cell, (bound / found).clamp(max=1.0))
    return steep(c, cells.mesh, cells.scheme.cell), torch.zeros_like(found)


def halves_of(cells: SteadyCells, wanted: Tensor, targets: Sequence[tuple[Corner, float]]) -> Halves:
    """Cells halved as is wanted, (n, dims), and around corners until they are small enough."""
    e = cells.scheme.evolution
    mesh, how = halvings(cells.mesh, wanted, e.rings)
    for corner, part in targets:
        mesh, more = graded(mesh, corner, part, e.problem.coordinates, e.rings)
        how += more
    return mesh, how


def halves_that_fit(
    cells: SteadyCells, wanted: Tensor, found: Tensor, targets: Sequence[tuple[Corner, float]]
) -> Halves:  # fmt: skip
    """The same; in space, where there is no room for them, of the same cells along that one coordinate which does most
    for what they leave, (n,)."""
    halves = halves_of(cells, wanted, targets)
    if cells.mesh.dims < 3 or fits(cells.scheme, halves[0]):
        return halves
    most = wanted_of(cells, found, math.inf)[0] & deep(cells.mesh)
    return halves_of(cells, most & wanted.any(1, keepdim=True), targets)


def deep(mesh: Tiles) -> Tensor:
    """Along which coordinates cells are wide enough to be halved, (n, dims)."""
    return mesh.widths > GRADING.shallow * mesh.lengths


def towards_corners(
    cells: SteadyCells, found: Tensor, parent: Tensor, bound: float, corners: Sequence[Corner]
) -> list[tuple[Corner, float]]:  # fmt: skip
    """How small cells at corners must be, by what each cell leaves and what its parent did, (n,): where values jump;
    where a rim turns and halving does little; and in a plane where values jump, too, where a value is held at a point
    of what is differentiated once, as a pressure, since there polynomials of small residuals are farthest off, as the
    square of their cell. What is differentiated twice would let through there what its sources do not balance."""
    e, mesh = cells.scheme.evolution, cells.mesh
    names = e.problem.coordinates
    singular = torch.where(found > GRADING.falls * parent, found, torch.zeros_like(found))
    known = targets(mesh, found, bound, corners, names) + targets(mesh, singular, bound, e.notches, names)
    rough = mesh.dims == 2 and len(corners) > 0
    once = {u for u, joins in zip(e.problem.unknowns, e.joins, strict=True) if max(joins) < 2 and rough}
    alone = [w.fixed for w in e.walls if w.side is None and w.rim is None and w.equation.unknown in once]
    return known + [(Corner({c: at[k] for k, c in enumerate(names)}), bound**0.5) for at in alone]


def richer_once(cells: SteadyCells, begun: int, bound: float) -> SteadyCells | None:
    """The same functions among features of two degrees more than those that were begun with, in a plane where much is
    asked for; not where slopes have no bound at corners of a rim, to which smaller cells do more."""
    once = cells.scheme.degree == begun and not cells.added and not cells.scheme.evolution.notches
    return richer(cells) if once and cells.mesh.dims == 2 and bound < RULES.fine else None


def fits(scheme: Scheme, mesh: Tiles) -> bool:
    """Whether there is memory for cells, and in space for those that tell their error."""
    if mesh.dims > 2:
        room = RULES.memory if scheme.room.cells is None else RULES.share * scheme.room.cells
        return held(scheme, mesh, scheme.degree + 2) <= room
    return len(mesh) <= that_fit(scheme, RULES.memory)


def halved(cells: SteadyCells, halves: Halves) -> tuple[SteadyCells, Tensor]:
    """The same functions on halved cells, and of which cell each is a part, (m,)."""
    (mesh, how), cell = halves, cells.scheme.cell
    origin = origins(how, len(cells.mesh)).to(mesh.device)
    if mesh.region is None:
        c = refined(cells.coefficients, how, cell)
    else:
        c = taken_over(cells.coefficients, cells.mesh, cell, mesh, cell, origin)
    return SteadyCells(cells.scheme, mesh, c, added=cells.added), origin


def richer(cells: SteadyCells) -> SteadyCells | None:
    """The same functions among features of two degrees more, or one; nothing where there is no memory for them."""
    for more in (2, 1):
        scheme = replace(cells.scheme, degree=cells.scheme.degree + more)
        if scheme.degree <= RULES.space and fits(scheme, cells.mesh):
            c = among_others(cells.coefficients, cells.scheme.cell, scheme.cell)
            return SteadyCells(scheme, cells.mesh, c, added=cells.added)
    return None


def richer_where_cheaper(cells: SteadyCells, halves: Halves, found: Tensor, bound: float) -> SteadyCells | None:
    """The same with degrees more, where these are foretold to bring what cells leave, (n,), below a bound for fewer
    operations than halving them; in a plane halves are always cheaper.

    Halves are foretold by the features' degrees along each coordinate, degrees by how much the last two are smaller
    than the two before; if one such round does not do, the next ones cost more each by the same factor.
    """
    more = richer(cells) if cells.mesh.dims > 2 else None
    if more is None:
        return None
    c = cells.coefficients / sizes_like(cells)[:, None]
    step = more.scheme.degree - cells.scheme.degree
    by_degree = _rounds(found, decay(c, cells.scheme.cell) ** (step / 2), bound)
    if halves[0].places == cells.mesh.places or not fits(cells.scheme, halves[0]):
        return more
    if cells.scheme.degree + step * by_degree > RULES.space:
        return None
    by_halves, costs = _rounds(found, wanted_of(cells, found, bound)[1], bound), list[float]()
    now = operations(cells.scheme, cells.mesh)[0]
    for scheme, mesh, rounds in ((more.scheme, more.mesh, by_degree), (cells.scheme, halves[0], by_halves)):
        ahead = operations(scheme, mesh)[0]
        costs.append(ahead * max(ahead / now, 1.0) ** (rounds - 1))
    return more if costs[0] < costs[1] else None


def _rounds(found: Tensor, left: Tensor, bound: float) -> float:
    """How many rounds bring what cells leave (n,) below a bound, if each leaves a part of it (n,)."""
    part = left.clamp(min=1e-12, max=0.99)
    return float(((found.log() - math.log(bound)) / -part.log()).ceil().clamp(min=1.0).amax())
