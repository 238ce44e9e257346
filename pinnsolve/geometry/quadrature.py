"""Quadrature over a piece of a domain: one rule after the other, each finer, so that two of them tell an error.

A box is cut at given places and has Gauss' nodes along every coordinate, a shape lines between its sides
(`pinnsolve.geometry.cutting`), a mesh nodes in each of its own cells, a side nodes along it.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pinnsolve.geometry.cutting import Cutting
from pinnsolve.geometry.gauss import gauss_of
from pinnsolve.geometry.mesh import Mesh
from pinnsolve.geometry.patch import Leaf, Patch, Surface
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.rules import RULES
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.strips import Strips


@dataclass(frozen=True)
class Fineness:
    """How fine rules begin, and where they end. Chosen, not measured.

    Parameters
    ----------
    nodes : tuple of int
        Of Gauss on each interval, from rule to rule: the digits of what is smooth grow with them.
    cells : tuple of int
        Intervals along each free coordinate of a box, by how many of them there are; one where there are more, with two
        nodes and then more.
    pieces : int
        Of a line or a curve as long as the shape.
    first : int
        Points at the least in the first rule. Fewer: two rules pass by the same narrow place and agree.
    most : int
        Points at the most, but for the first three rules. More: sharper functions are known better; an integral takes
        longer.
    settled : float
        Of the tolerance, and of the integral of the magnitude over all pieces: two rules that differ by less end it.
        Smaller: more points for digits that the solution does not have.
    """

    nodes: tuple[int, ...] = (6, 10, 15, 22, 32, 48, 72)
    cells: tuple[int, ...] = (12, 5, 2)
    pieces: int = 6
    first: int = 100
    most: int = 40_000
    settled: float = 1e-4


FINENESS = Fineness()


def rules(piece: Piece, breaks: Mapping[str, Sequence[float]]) -> Iterator[Points]:
    """Points with weights that sum to the size of a piece: few at first, then more and more of them.

    Parameters
    ----------
    piece : Piece
        Along whose free coordinates it is integrated.
    breaks : mapping from coordinate to places
        Where functions may have kinks.
    """
    for made in _refined(piece, breaks):
        if len(made) >= FINENESS.first or not piece.free:
            yield made


def _refined(piece: Piece, breaks: Mapping[str, Sequence[float]]) -> Iterator[Points]:
    if piece.side is not None:
        side = piece.side if not piece.kept else piece.side.where(_holding(piece, piece.space))
        return _bounded(piece, piece.space, lambda _: side.cutting)
    if piece.plain:
        return _of_box(piece, breaks)
    if piece.shape is not None and not piece.kept and piece.free == list(piece.space):
        if isinstance(piece.shape, Mesh) and piece.shape.cells is not None and not piece.shape.curved:
            return _of_mesh(piece, *piece.shape.cells)
        if len(piece.space) == 2 and all(_few(s.patch) for s in piece.shape.sides):
            return _in_plane(piece, piece.shape)
    return _bounded(piece, piece.free, lambda k: _filled(piece, k))


def _few(patch: Patch) -> bool:
    """Whether a curve goes on smoothly but for few places."""
    return patch.runs is not None or patch.stretches <= RULES.simple


def _bounded(piece: Piece, names: Sequence[str], cutting: Callable[[int], Cutting]) -> Iterator[Points]:
    for k, count in enumerate(FINENESS.nodes):
        cut = cutting(k)
        pieces = -(-FINENESS.pieces // cut.patch.stretches)
        surface, weights = (cut.over_planes if len(names) == 3 == cut.patch.axes else cut.nodes)(pieces, 1, count)
        if k > 2 and len(weights) > FINENESS.most:
            return
        yield _points(piece, dict(zip(names, surface.points.T, strict=True)), weights, surface.normals)


def _holding(piece: Piece, names: Sequence[str]) -> Callable[[Tensor], Tensor]:
    def holds(x: Tensor) -> Tensor:
        columns = dict(zip(names, x.T, strict=True))
        return piece.holds({c: torch.full_like(x[:, 0], v) for c, v in piece.fixed.items()} | columns)

    return holds


def _filled(piece: Piece, finer: int) -> Cutting:
    """What a piece holds of the box around it, as a patch whose surface are all of its points; finer rules look more
    closely where it ends, so that two of them tell what is overlooked."""
    holds, names = _holding(piece, piece.free), piece.free
    low, high = torch.tensor([piece.extent[c] for c in names], dtype=torch.float64).T
    begin, length = low - RULES.margin * (high - low), (1 + 2 * RULES.margin) * (high - low)

    def at(parts: Tensor) -> Surface:
        points = begin + length * parts
        return Surface(points, torch.zeros_like(points), torch.full_like(parts[:, 0], float(length.prod())))

    def taken(parts: Tensor) -> tuple[Surface, Tensor]:
        surface = at(parts)
        within = ((surface.points > low) & (surface.points < high)).all(1)
        return surface, within & holds(surface.points)

    return Cutting(Patch(at, len(names), Leaf(lambda x: x[:, 0]), piece.name), taken, RULES.lines * (2 + finer) // 2)


def _in_plane(piece: Piece, shape: Shape) -> Iterator[Points]:
    strips = Strips(shape.sides, shape.contains, shape.size)
    for k, count in enumerate(FINENESS.nodes):
        points, weights = strips.nodes(FINENESS.pieces, count)
        if k > 2 and len(weights) > FINENESS.most:
            return
        yield _points(piece, dict(zip(piece.space, points.T, strict=True)), weights, None)


# ------------------------------------------------------------ boxes


def _of_box(piece: Piece, breaks: Mapping[str, Sequence[float]]) -> Iterator[Points]:
    axes, dims = piece.free, len(piece.free)
    if not dims:
        yield _points(piece, {}, torch.ones(1, dtype=torch.float64), None)
        yield _points(piece, {}, torch.ones(1, dtype=torch.float64), None)
        return
    many = dims > len(FINENESS.cells)
    cells = 1 if many else FINENESS.cells[dims - 1]
    for k, nodes in enumerate(range(2, 24) if many else FINENESS.nodes):
        along = [_along(piece.extent[c], breaks.get(c, ()), cells, nodes) for c in axes]
        if k > 2 and math.prod(len(x) for x, _ in along) > FINENESS.most:
            return
        yield _product(piece, along)


def box_rule(piece: Piece, breaks: Mapping[str, Sequence[float]], nodes: int) -> Points:
    """The points of a box with so many of Gauss' nodes between two breaks along each free coordinate."""
    along = [_along(piece.extent[c], breaks.get(c, ()), 1, nodes) for c in piece.free]
    return _product(piece, along)


def _product(piece: Piece, along: Sequence[tuple[Tensor, Tensor]]) -> Points:
    """The product of rules along the free coordinates of a piece."""
    if not along:
        return _points(piece, {}, torch.ones(1, dtype=torch.float64), None)
    grid = torch.meshgrid(*(x for x, _ in along), indexing="ij")
    weights = torch.meshgrid(*(w for _, w in along), indexing="ij")
    found = {c: g.reshape(-1) for c, g in zip(piece.free, grid, strict=True)}
    return _points(piece, found, torch.stack(weights).prod(0).reshape(-1), None)


def _along(ends: tuple[float, float], breaks: Sequence[float], panels: int, nodes: int) -> tuple[Tensor, Tensor]:
    low, high = ends
    inner = sorted({(b - low) / (high - low) for b in breaks if low < b < high})
    cuts = torch.tensor([0.0, *inner, 1.0], dtype=torch.float64)
    steps = torch.arange(panels, dtype=torch.float64) / panels
    edges = torch.cat([(cuts[:-1, None] + cuts.diff()[:, None] * steps).reshape(-1), cuts[-1:]])
    x, weights, _ = gauss_of(torch.stack([edges[:-1], edges[1:]], 1), 1, nodes)
    return low + (high - low) * x, (high - low) * weights


# ------------------------------------------------------------ meshes


def _of_mesh(piece: Piece, corners: np.ndarray, cells: np.ndarray) -> Iterator[Points]:
    """Gauss' nodes in each triangle or tetrahedron, drawn together towards a corner."""
    at = torch.from_numpy(corners[cells])  # (cells, d + 1, d)
    edges = at[:, 1:] - at[:, :1]
    volume = torch.linalg.det(edges).abs()
    for nodes in range(2, 7):
        local, weights = _simplex(nodes, edges.shape[1])
        if nodes > 4 and len(at) * len(local) > FINENESS.most:
            return
        points = (at[:, :1] + local @ edges).reshape(-1, edges.shape[1])
        every = (volume[:, None] * weights).reshape(-1)
        yield _points(piece, dict(zip(piece.space, points.T, strict=True)), every, None)


def _simplex(nodes: int, dims: int) -> tuple[Tensor, Tensor]:
    """Nodes (n, d) and weights of the simplex with corners 0 and e_k: x_k = t_k times what the ones before leave."""
    x, w = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(nodes))
    x, w = (x + 1) / 2, w / 2
    t = torch.cartesian_prod(*[x] * dims).reshape(-1, dims)
    weights = torch.cartesian_prod(*[w] * dims).reshape(-1, dims).prod(1)
    left = torch.ones_like(weights)
    columns = []
    for k in range(dims):
        columns.append(left * t[:, k])
        weights = weights * left
        left = left * (1 - t[:, k])
    return torch.stack(columns, 1), weights


def _points(piece: Piece, found: Mapping[str, Tensor], weights: Tensor, normals: Tensor | None) -> Points:
    """With the coordinates that are fixed, and normals where the piece has some."""
    outward = {c: torch.full_like(weights, v) for c, v in piece.outward.items()}
    if normals is not None and piece.side is not None:
        outward = dict(zip(piece.space, normals.T, strict=True))
    every = {c: torch.full_like(weights, v) for c, v in piece.fixed.items()} | dict(found)
    return Points({c: every[c] for c in piece.extent}, weights, outward)
