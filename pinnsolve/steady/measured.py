"""How large the unknowns of steady cells are, and what each cell leaves of the equations, as far as it is felt."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.cells.fluxed_faces import FluxedFaces
from pinnsolve.cells.grading import beside, reach
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.joined_faces import JoinedFaces
from pinnsolve.geometry.places import Corner
from pinnsolve.march.record import variation
from pinnsolve.networks.tiles import Tiles
from pinnsolve.steady.cells import SteadyCells, defects


@dataclass(frozen=True)
class Felt:
    """What counts. Chosen with `whole.Rules`.

    Parameters
    ----------
    narrow : float
        Of the lengths: in smaller cells a larger defect is let pass, as the root of their width, and near a corner
        whose values jump as how far they reach from it. Larger: what is left there is felt far away. Smaller: cells
        around such a corner are halved again and again.
    jumps : float
        The same of the cells at such a corner, whose defect is the same at every width: a lid's changes the flow by
        0.1 times what counts with it, as their width; of Laplace's equation by less, as its square. Larger: it is felt.
        Smaller: more cells. (`problems/cavity.py` on cells halved 2 to 9 times at the corners.)
    passes : float
        Of what counts of cells near such a corner: the error that comes of it elsewhere. Larger: too cautious.
        Smaller: too kind (the lid's pressure is 0.16 times that off).
    many : float
        Over space, one over so many of the whole: in smaller cells a larger defect is let pass, as the root of their
        share. Larger: more cells.
    falls : float
        Of what poorer cells of space leave, what those with richer features do: where it falls by less, as at edges
        that turn inwards, errors do not fall faster. Larger: too kind there. Smaller: too cautious of what is smooth.
    floor : float
        Of an unknown's size as data tell it: it counts as no smaller.
    """

    narrow: float = 0.1
    jumps: float = 0.25
    passes: float = 0.2
    many: float = 8.0
    falls: float = 0.5
    floor: float = 1e-3


FELT = Felt()


def measured(
    solved: SteadyCells, faces: JoinedFaces | FluxedFaces, told: Scheme, corners: Sequence[Corner]
) -> tuple[SteadyCells, Tensor]:
    """The same with sizes as the solution shows them, and what each cell leaves, (n,), as far as it is felt."""
    mesh, sized = solved.mesh, rescaled(solved, told)
    longest = (mesh.widths / mesh.lengths).amax(-1)
    part = (longest / FELT.narrow).clamp(max=1.0)
    # where fluxes join cells it is told by energy, of which smaller ones have less
    felt = torch.ones_like(part) if told.evolution.fluxed else part.sqrt()
    if mesh.dims > 2:
        felt = felt * (FELT.many * mesh.shares).clamp(max=1.0).sqrt()
    names = told.evolution.problem.coordinates
    for corner in corners:
        felt = torch.minimum(felt, reach(mesh, corner, names) / FELT.narrow)
        felt = torch.where(beside(mesh, corner, names), longest / FELT.jumps, felt)
    return sized, defects(solved, faces, sizes_like(sized)) * felt


def apart_from(
    corners: Sequence[Corner], mesh: Tiles, found: Tensor, names: Sequence[str]
) -> tuple[float, float]:  # fmt: skip
    """What the worst of all cells leaves that are not near a corner whose values jump, of what each does, (n,); and the
    error that comes of those that are: richer features hardly leave less there."""
    near = torch.zeros_like(found, dtype=torch.bool)
    for corner in corners:
        near |= reach(mesh, corner, names) <= FELT.narrow
    if not bool(near.any()) or bool(near.all()):
        return float(found.max()), 0.0
    return float(found[~near].max()), FELT.passes * float(found[near].max())


def felt_by_degree(left: float, before: float, degree: int, richer: int) -> float:
    """What cells of space with richer features leave, beside what poorer ones did, as a change of the unknowns: second
    derivatives of polynomials of degree d are d^2 times these, so that errors fall faster than what is left.

    In a ball, an octant, an ellipsoid, and cubes less a ball and less four, with values, slopes and loss of heat on
    them, errors fell to 0.2 to 1.3 times what this tells.

    >>> round(felt_by_degree(0.3, 1.0, 8, 10), 3), felt_by_degree(0.6, 1.0, 8, 10)
    (0.192, 0.6)
    """
    return left * (degree / richer) ** 2 if left < FELT.falls * before else left


def sizes_like(cells: SteadyCells) -> Tensor:
    """In what the unknowns of cells are counted, (F,)."""
    return cells.coefficients.new_tensor(cells.scheme.evolution.sizes)


def rescaled(solved: SteadyCells, told: Scheme) -> SteadyCells:
    """Cells with the unknowns' sizes as they show them, no less than a part of what data tell."""
    floors = FELT.floor * solved.coefficients.new_tensor(told.evolution.sizes)
    sizes = torch.maximum(variation(solved.coefficients, solved.mesh), floors)
    evolution = replace(told.evolution, sizes=tuple(sizes.tolist()))
    return replace(solved, scheme=replace(solved.scheme, evolution=evolution))
