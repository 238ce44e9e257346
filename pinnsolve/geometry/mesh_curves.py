"""The curved edges and faces of quadratic cells, as many short straight ones.

An edge with a node in its middle is the parabola through its three nodes, a face the surface that its nodes span with
quadratic functions. A sagitta of s is s / n^2 after n parts.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from pinnsolve.geometry.mesh_kinds import CORNERS, EDGES


@dataclass(frozen=True)
class Rules:
    """Into how many straight parts curves are cut. Chosen, not measured.

    Parameters
    ----------
    straight : float
        Of a mesh's size: a sagitta below it is none.
    near : float
        Of a mesh's size: what is left of the largest sagitta. Smaller: more parts.
    most, most_in_space : int
        Parts of an edge. More: slower distances.
    """

    straight: float = 1e-9
    near: float = 1e-7
    most: int = 32
    most_in_space: int = 6


RULES = Rules()
Middles = Mapping[tuple[int, int], int]  # of an edge by its sorted corners: the node in its middle


def middles(kind: str, nodes: np.ndarray) -> dict[tuple[int, int], int]:
    """The nodes in the middles of the edges of quadratic cells (C, nodes)."""
    found: dict[tuple[int, int], int] = {}
    for k, (a, b) in enumerate(EDGES[kind]):
        ends = np.sort(nodes[:, [a, b]], axis=1).tolist()
        found.update(zip(map(tuple, ends), nodes[:, CORNERS[kind] + k].tolist(), strict=True))
    return found


def cut(
    points: np.ndarray, faces: Sequence[tuple[int, ...]], between: Middles
) -> tuple[np.ndarray, np.ndarray, list[int], np.ndarray]:  # fmt: skip
    """Straight facets for faces of two to four corners: points (n, d), facets (F, d), how many each face became, and
    what is normal to the curve at their corners (F, d, d), of either sign; zeros where they are not bent."""
    triangles = [(face,) if len(face) < 4 else _halves(face) for face in faces]
    size = float(np.ptp(points, axis=0).max())
    bent = [_bent(points, face, between) > RULES.straight * size for face in faces]
    if not any(bent):
        facets = [t for both in triangles for t in both]
        return (
            points,
            np.array(facets),
            [len(both) for both in triangles],
            np.zeros((len(facets), *[points.shape[1]] * 2)),
        )
    deepest = max(_bent(points, face, between) for face in faces)
    most = RULES.most if points.shape[1] == 2 else RULES.most_in_space
    halves = max(1, math.ceil(math.sqrt(deepest / (RULES.near * size)) / 2))
    parts = min(most, 2 * halves)  # alike in all: no gaps between them; even: nodes in the middle stay on the rim
    made, facets, counts, count = [points], list[tuple[int, ...]](), list[int](), len(points)
    normals = list[np.ndarray]()
    for face, both, curved in zip(faces, triangles, bent, strict=True):
        begun = len(facets)
        for t in both:
            if not curved:
                facets.append(t)
                normals.append(np.zeros((1, *[points.shape[1]] * 2)))
                continue
            corners = _quadratic(points, t, face, between)
            nodes, own = _subdivided(corners, parts)
            made.append(nodes)
            normals.append(_normals(corners, parts)[np.array(own)])
            facets += [tuple(count + i for i in facet) for facet in own]
            count += len(nodes)
        counts.append(len(facets) - begun)
    return np.concatenate(made), np.array(facets), counts, np.concatenate(normals)


def _halves(face: tuple[int, ...]) -> tuple[tuple[int, ...], ...]:
    return face[:3], (face[0], face[2], face[3])


def _pairs(face: Sequence[int]) -> list[tuple[int, int]]:
    return [(face[0], face[1])] if len(face) == 2 else list(zip(face, [*face[1:], face[0]], strict=True))


def _bent(points: np.ndarray, face: Sequence[int], between: Middles) -> float:
    """The largest sagitta of a face's edges."""
    found = 0.0
    for a, b in _pairs(face):
        node = between.get((min(a, b), max(a, b)))
        if node is not None:
            found = max(found, float(np.linalg.norm(points[node] - (points[a] + points[b]) / 2)))
    return found


def _quadratic(points: np.ndarray, t: Sequence[int], face: Sequence[int], between: Middles) -> np.ndarray:
    """The corners of an edge or a triangle, then the middles of its edges."""
    edges = set(map(frozenset, _pairs(face)))

    def middle(a: int, b: int) -> np.ndarray:
        node = between.get((min(a, b), max(a, b)))
        if node is not None:
            return points[node]
        if frozenset((a, b)) in edges or len(face) < 4:
            return (points[a] + points[b]) / 2
        sides = [middle(*pair) for pair in _pairs(face)]  # the diagonal of a quadrangle: what its edges span
        return sum(sides) / 2 - sum(points[c] for c in face) / 4

    return np.stack([points[c] for c in t] + [middle(a, b) for a, b in _pairs(t)])


def _subdivided(nodes: np.ndarray, parts: int) -> tuple[np.ndarray, list[tuple[int, ...]]]:
    """An edge (3, d) or a triangle (6, d) as so many parts along each edge: points and facets."""
    if len(nodes) == 3:
        a, b, m = nodes
        return _along(a, b, m, parts), [(k, k + 1) for k in range(parts)]
    places = _places(parts)
    number = {place: k for k, place in enumerate(places)}
    v, w = (np.array(x, dtype=np.float64)[:, None] / parts for x in zip(*places, strict=True))
    u = 1 - v - w
    shapes = (u * (2 * u - 1), v * (2 * v - 1), w * (2 * w - 1), 4 * u * v, 4 * v * w, 4 * w * u)
    made = np.asarray(sum(shape * node for shape, node in zip(shapes, nodes, strict=True)))
    a, b, c, ab, bc, ca = nodes
    steps = range(parts + 1)
    made[[number[k, 0] for k in steps]] = _along(a, b, ab, parts)
    made[[number[0, k] for k in steps]] = _along(a, c, ca, parts)
    made[[number[parts - k, k] for k in steps]] = _along(b, c, bc, parts)
    facets = [
        tuple(number[c] for c in three)
        for i, j in places
        for three in (((i, j), (i + 1, j), (i, j + 1)), ((i + 1, j), (i + 1, j + 1), (i, j + 1)))
        if all(c in number for c in three)
    ]
    return made, facets


def _places(parts: int) -> list[tuple[int, int]]:
    return [(i, j) for i in range(parts + 1) for j in range(parts + 1 - i)]


def _normals(nodes: np.ndarray, parts: int) -> np.ndarray:
    """What is normal to an edge (3, d) or a triangle (6, d) at the points of `_subdivided`, of length one."""
    if len(nodes) == 3:
        a, b, m = nodes
        s = np.linspace(0, 1, parts + 1)[:, None]
        along = (4 * s - 3) * a + (4 * s - 1) * b + (4 - 8 * s) * m
        across = np.stack([along[:, 1], -along[:, 0]], 1)
    else:
        a, b, c, ab, bc, ca = nodes
        v, w = (np.array(x, dtype=np.float64)[:, None] / parts for x in zip(*_places(parts), strict=True))
        u = 1 - v - w
        by_v = (1 - 4 * u) * a + (4 * v - 1) * b + 4 * (u - v) * ab + 4 * w * (bc - ca)
        by_w = (1 - 4 * u) * a + (4 * w - 1) * c + 4 * (u - w) * ca + 4 * v * (bc - ab)
        across = np.cross(by_v, by_w)
    found: np.ndarray = across / np.maximum(np.linalg.norm(across, axis=1, keepdims=True), 1e-300)
    return found


def _along(a: np.ndarray, b: np.ndarray, m: np.ndarray, parts: int) -> np.ndarray:
    """Points (parts + 1, d) from a over m to b; the same from b to a to the last bit, so that facets leave no gap."""
    if tuple(b) < tuple(a):
        return _along(b, a, m, parts)[::-1]
    s = np.linspace(0, 1, parts + 1)[:, None]
    return np.asarray((1 - s) * (1 - 2 * s) * a + s * (2 * s - 1) * b + 4 * s * (1 - s) * m)
