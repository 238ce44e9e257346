"""The kinds of cells of meshes, by the names of meshio without the number of their nodes."""

from __future__ import annotations

from collections.abc import Mapping

Face = tuple[int, ...]
# Of each kind of cell: the dimension, and the simplices that it is cut into, by its corners.
CELLS: Mapping[str, tuple[int, tuple[tuple[int, ...], ...]]] = {
    "line": (1, ((0, 1),)),
    "triangle": (2, ((0, 1, 2),)),
    "quad": (2, ((0, 1, 2), (0, 2, 3))),
    "tetra": (3, ((0, 1, 2, 3),)),
    "pyramid": (3, ((0, 1, 2, 4), (0, 2, 3, 4))),
    "wedge": (3, ((0, 1, 2, 3), (1, 2, 3, 5), (1, 3, 4, 5))),
    "hexahedron": (3, ((0, 1, 3, 4), (1, 2, 3, 6), (1, 3, 4, 6), (1, 4, 5, 6), (3, 4, 6, 7))),
}
# The faces of each kind of cell by its corners; a quadrangle is cut into two triangles.
FACES: Mapping[str, tuple[tuple[int, ...], ...]] = {
    "triangle": ((0, 1), (1, 2), (2, 0)),
    "quad": ((0, 1), (1, 2), (2, 3), (3, 0)),
    "tetra": ((0, 1, 2), (0, 1, 3), (1, 2, 3), (0, 2, 3)),
    "pyramid": ((0, 1, 2, 3), (0, 1, 4), (1, 2, 4), (2, 3, 4), (3, 0, 4)),
    "wedge": ((0, 1, 2), (3, 4, 5), (0, 1, 4, 3), (1, 2, 5, 4), (2, 0, 3, 5)),
    "hexahedron": ((0, 1, 2, 3), (4, 5, 6, 7), (0, 1, 5, 4), (1, 2, 6, 5), (2, 3, 7, 6), (3, 0, 4, 7)),
}

# The edges of each kind of cell, in the order of the nodes in their middles.
EDGES: Mapping[str, tuple[tuple[int, int], ...]] = {
    "line": ((0, 1),),
    "triangle": ((0, 1), (1, 2), (2, 0)),
    "quad": ((0, 1), (1, 2), (2, 3), (3, 0)),
    "tetra": ((0, 1), (1, 2), (2, 0), (0, 3), (1, 3), (2, 3)),
    "pyramid": ((0, 1), (1, 2), (2, 3), (3, 0), (0, 4), (1, 4), (2, 4), (3, 4)),
    "wedge": ((0, 1), (1, 2), (2, 0), (3, 4), (4, 5), (5, 3), (0, 3), (1, 4), (2, 5)),
    "hexahedron": (
        (0, 1), (1, 2), (2, 3), (3, 0), (4, 5), (5, 6), (6, 7), (7, 4), (0, 4), (1, 5), (2, 6), (3, 7),
    ),
}  # fmt: skip
CORNERS: Mapping[str, int] = {kind: 1 + max(max(edge) for edge in edges) for kind, edges in EDGES.items()}
QUADRATIC = frozenset({
    "line3", "triangle6", "triangle7", "quad8", "quad9", "tetra10", "pyramid13", "pyramid14", "wedge15", "wedge18",
    "hexahedron20", "hexahedron24", "hexahedron27",
})  # fmt: skip


def kind_of(name: str) -> str | None:
    """The linear cell with the same corners: "triangle" of "triangle6".

    >>> kind_of("hexahedron27"), kind_of("vertex")
    ('hexahedron', None)
    """
    plain = name.rstrip("0123456789")
    return plain if plain in CELLS else None
