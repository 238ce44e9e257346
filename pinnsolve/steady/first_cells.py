"""The cells that a steady problem begins with: small at corners whose values jump and where something is narrow, with
the user's guess on them where there is one."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from pinnsolve.cells.grading import beside_any, graded, parts_apart
from pinnsolve.cells.guessing import on_cells
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.geometry.places import Corner, Narrow
from pinnsolve.networks.tiles import Tiles
from pinnsolve.steady.cells import SteadyCells
from pinnsolve.trial.evolution import Evolution


@dataclass(frozen=True)
class Rules:
    """How small they are. Chosen on a dozen problems with layers, waves and corners, not varied one by one.

    Parameters
    ----------
    cells : int
        Along each coordinate.
    begun, first : float
        Of the bound: the length of the cells at a corner whose values jump, in parts of the whole, and no less, so that
        a first round fits in any budget. Larger: more rounds. Smaller: more cells than are asked for.
    """

    cells: int = 2
    begun: float = 0.02
    first: float = 0.02


RULES = Rules()


def first_cells(scheme: Scheme, corners: Sequence[Corner], bound: float, narrow: Sequence[Narrow] = ()) -> SteadyCells:
    """Those of a scheme, with its user's guess, or zeros.

    Parameters
    ----------
    scheme : Scheme
    corners : sequence of Corner
        Where prescribed values jump.
    bound : float
        Of what a cell may leave.
    narrow : sequence of Narrow
        Where no cell shall be longer than that.
    """
    e, names = scheme.evolution, scheme.evolution.problem.coordinates
    mesh = Tiles.begun(e.extent, RULES.cells, e.joints, scheme.device, e.region)
    mesh = mesh if mesh.region is None else parts_apart(mesh, e.rings)
    for corner in corners:
        mesh, _ = graded(mesh, corner, max(RULES.begun * bound, RULES.first), names, e.rings)
    for place in narrow:
        part = min(w / e.problem.domain.length(c) for c, w in place.width.items())
        mesh, _ = graded(mesh, Corner(place.middle), part, names, e.rings)
    if e.problem.guess.unknowns:
        jumps = partial(beside_any, corners=corners, names=names)
        return SteadyCells(scheme, *on_cells(partial(_guessed, e), mesh, scheme.cell, e.rings, jumps))
    shape = len(mesh), scheme.fields, scheme.cell.count
    return SteadyCells(scheme, mesh, torch.zeros(shape, dtype=torch.float64, device=scheme.device))


def _guessed(evolution: Evolution, x: Tensor) -> Tensor:
    """The user's guess at places (N, 2): values (N, F); zeros where there is none."""
    problem, none = evolution.problem, torch.zeros_like(x[:, 0])
    found = problem.guessed(evolution.points(x, none))
    return torch.stack([found.get(u, none) for u in problem.unknowns], 1)
