"""From a problem to its rows on a grid: which equation or condition holds at which places."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import torch
from scipy.sparse import csr_matrix

from pinnsolve.checks.check import Findings
from pinnsolve.classical.cloud import Cloud
from pinnsolve.classical.grid import Grid, Places, Scattered
from pinnsolve.classical.joining import joints_of
from pinnsolve.classical.parting import Parting
from pinnsolve.classical.reading import NoReferenceError, Read
from pinnsolve.classical.ring import Ring
from pinnsolve.classical.rows import Block, Rows
from pinnsolve.classical.scatter import Scatter
from pinnsolve.classical.singular import singular_places
from pinnsolve.classical.spread import SPREAD, Spacing, columns
from pinnsolve.classical.stencils import Array
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.places import Corner
from pinnsolve.problem.equation import Equation


def laid_out(given: Read, grid: Grid | Cloud, corners: Sequence[Corner] = ()) -> Rows:
    """The rows: as many as there are values where each end has its condition, least squares elsewhere."""
    joints: list[csr_matrix] = []
    if isinstance(grid, Cloud):
        blocks = _over_shape(given, grid)
    else:
        blocks, joints = _square(given, grid) if given.one_each else _least_squares(given, grid)
    return Rows(given.problem, grid, blocks, given.orders, corners, joints)


def _least_squares(given: Read, grid: Grid) -> tuple[list[Block], list[csr_matrix]]:
    """All equations everywhere, beside the conditions: between the nodes, where no wave from node to node is hidden, as
    a pressure has them, wherever that is not too dear."""
    few = len(grid.lines) == 1 or (len(grid.lines) == 2 and not given.marched)
    inside = grid.between() if few else grid.nodes
    blocks = [Block(given.equations, inside)]
    for piece, equations in _by_piece(given):
        fixed = {c: v for c, v in piece.fixed.items() if c in grid.lines}
        held = _held(piece, grid.fixed(fixed, inside.positions))
        blocks.append(Block(equations, held, piece.outward, condition=True))
    for seen in given.problem.observations:
        at = {c: seen.points.coordinates[c].numpy() for c in grid.lines}
        places = Scattered(grid, at)
        blocks.append(Block(seen.equations, places, condition=True, measured=seen.points.measured))
    joints, standing = joints_of(given, grid, inside.positions)
    return blocks + standing, joints


def _square(given: Read, grid: Grid) -> tuple[list[Block], list[csr_matrix]]:
    """Conditions at the nodes on the faces, in place of the equations; where faces meet, those of the one that
    prescribes more values. Beside breaks it is the joints that stand in place of the equations."""
    numbers = np.arange(len(grid)).reshape(grid.shape)
    taken, blocks = np.zeros(grid.shape, dtype=bool), []
    faces = sorted(_by_piece(given), key=lambda pair: -sum(e.says("value") for e in pair[1]))
    for piece, equations in faces:
        assert piece.face is not None
        coordinate, end = piece.face
        axis, line = list(grid.lines).index(coordinate), grid.lines[coordinate]
        at = (slice(None),) * axis + (0 if end == line.nodes[0] else -1,)
        free = np.flatnonzero(~taken[at].ravel())
        blocks.append(Block(equations, _chosen(grid.fixed({coordinate: end}), free), piece.outward, condition=True))
        taken[at] = True
    joints, standing = joints_of(given, grid, free=~taken)
    for axis, line in enumerate(grid.lines.values()):
        at_breaks = [k for first in line.parts[1:-1] for k in (first - 1, first)] + [0, -1] * line.seam
        taken[(slice(None),) * axis + (at_breaks,)] = True
    return [Block(given.equations, _chosen(grid.nodes, numbers[~taken])), *blocks, *standing], joints


def spacing_of(given: Read, findings: Findings, count: int) -> Spacing:
    """How far apart nodes stand on a shape, about `count` of them along each coordinate on the first level."""
    domain = given.problem.domain
    assert domain.space is not None
    names = given.coordinates
    widest = (domain.space.measure ** (1 / len(names))) / count
    near = [n for n in findings.narrow if set(n.middle) <= set(names)]
    sudden = _sudden(given, findings) if given.marched and len(names) == 2 else []
    ring, through = ring_of(given), domain.walls.at_ends(sorted(given.periodic))
    walls = [piece for k, piece in enumerate(domain.walls.pieces) if k not in through]
    singular = singular_places(given, findings.kinks).where(lambda places: ~ring.at_seam(places))
    return Spacing(domain.space, walls, widest, singular, near, Parting(given.problem), ring, sudden)


def ring_of(given: Read) -> Ring:
    """Which coordinates of space repeat themselves, and after which lengths."""
    ends = np.array([given.problem.domain.ends(c) for c in given.coordinates])
    around = np.array([c in given.periodic for c in given.coordinates])
    return Ring(ends[:, 0], np.where(around, ends[:, 1] - ends[:, 0], 0.0))


def _sudden(given: Read, findings: Findings) -> list[tuple[Piece, int]]:
    """The parts of the boundary on which the start contradicts a value, or a slope, or these jump in time, and how
    often nodes are halved there."""
    pairs = [(one.first, one.second) for one in findings.contradictions]
    walls = [[part for part in pair if part[1].moment is None] for pair in pairs]
    sudden = [alone[0] for alone in walls if len(alone) == 1]  # of two walls it is a corner
    jumping = {k.condition for k in findings.kinks if not k.along and set(k.place) == {given.problem.domain.time}}
    sudden += [(equation, piece) for equation, piece in given.walls if equation.name in jumping]
    return [(piece, SPREAD.sudden if equation.says("value") else SPREAD.sudden_slope) for equation, piece in sudden]


def cloud_of(given: Read, spacing: Spacing, finer: float, looked_at: Mapping[str, Array] | None = None) -> Cloud:
    """The nodes on a shape, `finer` times as many along each coordinate as on the first level."""
    asked = given.in_space(alpha for alphas in given.derivatives.values() for alpha in alphas)
    zeroth = (0,) * len(given.coordinates)
    return Cloud(given.coordinates, Scatter(spacing, finer), asked | {zeroth}, looked_at or {})


def _over_shape(given: Read, cloud: Cloud) -> list[Block]:
    """All equations inside and all conditions at places that are more than the nodes."""
    scatter, names = cloud.scatter, cloud.coordinates
    blocks = [Block(given.equations, cloud.spots(*scatter.inside, alphas=given.asked_by(given.equations)))]
    for piece, equations in _by_piece(given):
        if set(names) <= set(piece.fixed):
            at, normals = np.array([[piece.fixed[c] for c in names]]), {}
        else:
            points = scatter.on(piece, SPREAD.along)
            at, normals = columns(points.coordinates, names), {c: n.numpy() for c, n in points.normals.items()}
        sides = _side_labels(cloud, at, normals)
        spots = cloud.spots(at, labels=sides, alphas=given.asked_by(equations))
        blocks.append(Block(equations, spots, normals, condition=True))
    blocks += _across(cloud)
    for seen in given.problem.observations:
        spots = cloud.spots(columns(seen.points.coordinates, names))
        blocks.append(Block(seen.equations, spots, condition=True, measured=seen.points.measured))
    return blocks


def _side_labels(cloud: Cloud, at: Array, normals: Mapping[str, Array]) -> Array | None:
    """The materials (P,) just inside of places on the boundary."""
    parting = cloud.scatter.spacing.parting
    if not normals or not parting.pieces:
        return None
    return parting.beside(at, np.stack([normals[c] for c in cloud.coordinates], 1))[0]


def _across(cloud: Cloud) -> list[Block]:
    """What holds on interfaces, of both sides."""
    scatter, names, parting = cloud.scatter, cloud.coordinates, cloud.scatter.spacing.parting
    blocks = []
    for piece in parting.pieces:
        points = scatter.on(piece, SPREAD.along)
        at, normals = columns(points.coordinates, names), {c: n.numpy() for c, n in points.normals.items()}
        beyond, here = (  # normals come from beyond
            cloud.spots(at, labels=labels) for labels in parting.beside(at, columns(points.normals, names))
        )
        blocks.append(Block(parting.equations[piece.number], here, normals, True, points.measured, beyond))
    return blocks


def _held(piece: Piece, places: Places) -> Places:
    """Those places that belong to a part of a face.

    Raises
    ------
    NoReferenceError
        If there are none: nodes are too far apart.
    """
    if not piece.kept:
        return places
    within = np.flatnonzero(piece.holds({c: torch.from_numpy(x) for c, x in places.coordinates.items()}).numpy())
    if not len(within):
        raise NoReferenceError(f"no node stands on {piece.name}")
    return _chosen(places, within)


def _chosen(places: Places, chosen: Array) -> Places:
    return Places(places.grid, places.positions, chosen)


def _by_piece(given: Read) -> list[tuple[Piece, list[Equation]]]:
    """The conditions that hold on the same piece, together."""
    found: dict[object, tuple[Piece, list[Equation]]] = {}
    for equation, piece in given.walls:
        place = (tuple(sorted(piece.fixed.items())), id(piece.side), piece.kept)
        found.setdefault(place, (piece, []))[1].append(equation)
    return list(found.values())
