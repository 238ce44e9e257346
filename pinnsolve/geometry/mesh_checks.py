"""What is wrong with a mesh: cells without size, on top of each other or inverted, surfaces that are not closed."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.facets import Facets
from pinnsolve.geometry.mesh_curves import cut
from pinnsolve.geometry.mesh_kinds import FACES, Face


@dataclass(frozen=True)
class Rules:
    """How closely a mesh is looked at. Chosen, not measured.

    Parameters
    ----------
    folded : float
        Of what bounds a mesh: cells that measure more in all lie on top of each other. Larger: a folded one passes.
        Smaller: rounding is taken for one.
    beside : float
        Of a mesh' size: so far beside facets it is asked what is inside; those that are not ten times as high are
        passed over. Larger: narrow gaps count as none. Smaller: rounding decides.
    points : int
        On all facets, beside which that is asked, and no fewer than one on each. Fewer: surfaces that cross in a small
        part of them pass. More: time.
    """

    folded: float = 1e-6
    beside: float = 1e-6
    points: int = 20_000


RULES = Rules()


def check(path: Path, points: np.ndarray, cells: np.ndarray, surface: bool) -> None:
    """Refuse cells without size and surfaces that are not closed."""
    corners = points[cells]
    edges = corners[:, 1:] - corners[:, :1]
    across = np.cross(edges[:, 0], edges[:, 1]) if surface else np.linalg.det(edges)[:, None]
    size = np.linalg.norm(across, axis=1)
    long = np.abs(edges).max() ** edges.shape[1]
    flat = np.flatnonzero(size <= 1e-14 * long)
    if len(flat):
        raise ProblemError(
            f"Mesh: {len(flat)} of {len(cells)} cells of {path} have no size, as number {flat[0]}",
            "Mesh the shape anew, or remove them.",
        )
    if surface:
        _closed(path, points, cells)
        if count := len(crossed(Facets(torch.from_numpy(points), torch.from_numpy(cells)))):
            raise ProblemError(
                f"Mesh: the surface {path} crosses itself: {count} of {len(cells)} triangles lie in part within others",
                "Unite the solids before they are meshed, so that one surface bounds them.",
            )


def _closed(path: Path, points: np.ndarray, cells: np.ndarray) -> None:
    edge = np.sort(np.concatenate([cells[:, [0, 1]], cells[:, [1, 2]], cells[:, [2, 0]]]), axis=1)
    counts = np.unique(edge, axis=0, return_counts=True)[1]
    if not (counts != 2).any():
        return
    used = points[np.unique(cells)]
    thick = np.linalg.svd(used - used.mean(0), compute_uv=False)
    if thick[2] <= 1e-3 * thick[1]:
        how = f"z from {used[:, 2].min():g} to {used[:, 2].max():g}"
        raise ProblemError(
            f"Mesh: {path} is a planar mesh with a third coordinate ({how})",
            "A planar mesh has the same z everywhere: turn it into that plane, or write zeros for z.",
        )
    raise ProblemError(
        f"Mesh: the surface {path} is not closed: {int((counts == 1).sum())} edges belong to one triangle, "
        f"{int((counts > 2).sum())} to more than two",
        "Close it, and merge points that are the same (an STL file repeats them).",
    )


def folded(path: Path, points: np.ndarray, cells: np.ndarray, faces: list[Face], simplices: bool) -> list[str]:
    """Refuse cells that cover something twice: they measure more than what bounds them encloses. A warning of those
    that are merely listed the other way round."""
    edges = points[cells][:, 1:] - points[cells][:, :1]
    signed = np.linalg.det(edges)
    positive = int((signed > 0).sum())
    turned = np.flatnonzero(signed < 0) if 2 * positive >= len(signed) else np.flatnonzero(signed > 0)
    told = f"{len(turned)} of {len(cells)} cells of {path} are inverted, as number {turned[0]}" if len(turned) else ""
    facets = Facets(torch.from_numpy(points), torch.from_numpy(cut(points, faces, {})[1]))
    middle = torch.from_numpy(points.mean(0))
    within = float((facets.sizes * ((facets.corners.mean(1) - middle) * facets.normals).sum(1)).sum()) / points.shape[1]
    whole = float(np.abs(signed).sum()) / math.factorial(points.shape[1])
    if abs(whole - within) > RULES.folded * abs(within):
        why = told if told and simplices else f"{path} measures {whole:g}, and what bounds it encloses {within:g}"
        raise ProblemError(f"Mesh: {why}: cells lie on top of each other", "Mesh the shape anew.")
    if count := len(crossed(facets)):
        raise ProblemError(
            f"Mesh: {count} edges or faces of {path} belong to one cell alone, and have cells on both sides: points at "
            "one place are not joined there, or cells do not meet corner to corner",
            "Merge points that coincide (Gmsh: Coherence Mesh); a crack is meshed as a narrow notch.",
        )
    return [f"{told}; they are taken as they stand"] if told and simplices else []


def held(path: Path, count: int, cells: Sequence[np.ndarray]) -> None:
    """That cells, numbers of points each, are of points that there are."""
    if any(rows.min(initial=0) < 0 or rows.max(initial=0) >= count for rows in cells):
        raise ProblemError(
            f"Mesh: {path} holds cells of points that it does not hold", "It may be cut off: write the mesh anew."
        )


def crossed(facets: Facets) -> np.ndarray:
    """The numbers of facets beside which it is not inside on one side and outside on the other, in some point."""
    corners, normals = facets.corners, facets.normals
    size = float((corners.amax((0, 1)) - corners.amin((0, 1))).norm())
    edges = (corners - corners.roll(1, 1)).norm(dim=2).amax(1)
    high = facets.sizes / edges if corners.shape[1] > 2 else edges
    some = (high > 10 * RULES.beside * size).nonzero()[:, 0]
    each = 1 + (RULES.points * facets.sizes[some] / facets.sizes[some].sum()).long()
    number = some.repeat_interleave(each)
    first = (torch.arange(len(number)) - (each.cumsum(0) - each).repeat_interleave(each)) == 0
    share = torch.rand(len(number), corners.shape[1], dtype=torch.float64, generator=torch.Generator().manual_seed(7))
    share = -share.clamp(min=1e-12).log()  # evenly over a simplex
    share = torch.where(first[:, None], 1.0, share)  # its middle
    share = 0.9 * share / share.sum(1, keepdim=True) + 0.1 / corners.shape[1]
    x, step = (share[:, :, None] * corners[number]).sum(1), RULES.beside * size * normals[number]
    wrong = facets.inside(x + step) | ~facets.inside(x - step)
    return np.unique(number[wrong].numpy())


def boundary(path: Path, blocks: list[tuple[str, np.ndarray]]) -> list[Face]:
    """The faces that belong to one cell alone."""
    found: dict[Face, list[Face]] = {}
    for kind, data in blocks:
        for corners in FACES[kind]:
            for face in data[:, list(corners)].tolist():
                found.setdefault(tuple(sorted(face)), []).append(tuple(face))
    many = sum(len(faces) > 2 for faces in found.values())
    if many:
        raise ProblemError(
            f"Mesh: {many} edges or faces of {path} belong to more than two cells",
            "Cells lie on top of each other: mesh the shape anew.",
        )
    return [faces[0] for faces in found.values() if len(faces) == 1]
