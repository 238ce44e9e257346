"""How large the unknowns of steady cells are, and what each cell leaves of the equations, as far as it is felt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.geometry.places import Corner
from pinnsolve.methods.fluxed_faces import FluxedFaces
from pinnsolve.methods.grading import beside
from pinnsolve.methods.implicit_step import Scheme
from pinnsolve.methods.joined_faces import JoinedFaces
from pinnsolve.methods.march_record import variation
from pinnsolve.methods.steady_cells import SteadyCells, defects


@dataclass(frozen=True)
class Felt:
    """What counts. Chosen with `steady_whole.Rules`.

    Parameters
    ----------
    narrow : float
        Of the lengths: in smaller cells a larger defect is let pass, as the root of their width, and beside a corner
        whose values jump as their width. Larger: what such a corner leaves is felt far away. Smaller: more cells.
    many : float
        Over space, one over so many of the whole: in smaller cells a larger defect is let pass, as the root of their
        share. Larger: more cells.
    floor : float
        Of an unknown's size as data tell it: it counts as no smaller.
    """

    narrow: float = 0.1
    many: float = 8.0
    floor: float = 1e-3


FELT = Felt()


def measured(
    solved: SteadyCells, faces: JoinedFaces | FluxedFaces, told: Scheme, corners: Sequence[Corner]
) -> tuple[SteadyCells, Tensor]:
    """The same with sizes as the solution shows them, and what each cell leaves, (n,), as far as it is felt."""
    mesh, sized = solved.mesh, rescaled(solved, told)
    part = ((mesh.widths / mesh.lengths).amax(-1) / FELT.narrow).clamp(max=1.0)
    # where fluxes join cells it is told by energy, of which smaller ones have less
    felt = torch.ones_like(part) if told.evolution.fluxed else part.sqrt()
    if mesh.dims > 2:
        felt = felt * (FELT.many * mesh.shares).clamp(max=1.0).sqrt()
    for corner in corners:
        felt = torch.where(beside(mesh, corner, told.evolution.problem.coordinates), part, felt)
    return sized, defects(solved, faces, sizes_like(sized)) * felt


def sizes_like(cells: SteadyCells) -> Tensor:
    """In what the unknowns of cells are counted, (F,)."""
    return cells.coefficients.new_tensor(cells.scheme.evolution.sizes)


def rescaled(solved: SteadyCells, told: Scheme) -> SteadyCells:
    """Cells with the unknowns' sizes as they show them, no less than a part of what data tell."""
    floors = FELT.floor * solved.coefficients.new_tensor(told.evolution.sizes)
    sizes = torch.maximum(variation(solved.coefficients, solved.mesh), floors)
    evolution = replace(told.evolution, sizes=tuple(sizes.tolist()))
    return replace(solved, scheme=replace(solved.scheme, evolution=evolution))
