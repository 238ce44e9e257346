"""Meshes in the text of Medit: vertices, and cells with a reference each; curved ones with a node on every edge.

meshio knows no curved cells there, and nothing of a file in which a keyword stands that it does not know.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.mesh_checks import held

Array = np.ndarray
# By keyword: the cells as meshio calls them, and their nodes.
CELLS = {
    "Edges": ("line", 2), "Triangles": ("triangle", 3), "Quadrilaterals": ("quad", 4), "Tetrahedra": ("tetra", 4),
    "Pyramids": ("pyramid", 5), "Prisms": ("wedge", 6), "Hexahedra": ("hexahedron", 8), "Hexaedra": ("hexahedron", 8),
    "EdgesP2": ("line3", 3), "TrianglesP2": ("triangle6", 6), "TetrahedraP2": ("tetra10", 10),
}  # fmt: skip
# What would be left out of space if it were passed over.
UNREAD = ("QuadrilateralsQ2", "HexahedraQ2", "PrismsP2", "PyramidsP2", "EdgesP3", "TrianglesP3", "TetrahedraP3")


def read_medit(path: Path) -> Any:
    """Points, cells, and the reference of each cell."""
    import meshio  # only who has a mesh waits for it

    dimension, points, cells, tags = 3, np.zeros((0, 3)), list[tuple[str, Array]](), list[Array]()
    for word, numbers in _blocks(path):
        if word == "Dimension":
            dimension = int(numbers[0])
        elif word == "Vertices":
            points = _rows(word, numbers, dimension + 1, path)[:, :-1]
        elif word in UNREAD:
            raise ProblemError(
                f"Mesh: {path} holds {word}, which are not read",
                "Save the mesh with straight cells, or with curved triangles or tetrahedra of second order.",
            )
        elif word in CELLS:
            kind, count = CELLS[word]
            rows = _rows(word, numbers, count + 1, path).astype(np.int64)
            if len(rows):
                cells.append((kind, rows[:, :-1] - 1))
                tags.append(rows[:, -1])
    held(path, len(points), [rows for _, rows in cells])
    cells = [(kind, _as_vtk(points, rows) if kind == "tetra10" else rows) for kind, rows in cells]
    return meshio.Mesh(points, cells, cell_data={"medit:ref": tags})


def _blocks(path: Path) -> Iterator[tuple[str, list[str]]]:
    """Each keyword, and the numbers behind it."""
    word, numbers = "", list[str]()
    for line in path.read_text(errors="replace").splitlines():
        for token in line.partition("#")[0].split():
            if token[0].isalpha() and token.lower() not in ("nan", "inf"):
                yield word, numbers
                word, numbers = token, []
            else:
                numbers.append(token)
    yield word, numbers


def _rows(word: str, numbers: list[str], width: int, path: Path) -> Array:
    """As many rows as a keyword says."""
    count = int(numbers[0]) if numbers else 0
    if len(numbers) - 1 != count * width:
        raise ProblemError(
            f"Mesh: {path} has {len(numbers) - 1} numbers under {word}, and says {count} rows of {width}",
            "It may be cut off: write the mesh anew.",
        )
    return np.array(numbers[1:], dtype=np.float64).reshape(count, width)


def _as_vtk(points: Array, cells: Array) -> Array:
    """Tetrahedra with the nodes of their edges in the order of these, whichever the file has: the one in which they are
    nearer to the middles."""
    begin, end = cells[:, [0, 1, 2, 0, 1, 2]], cells[:, [1, 2, 0, 3, 3, 3]]
    middles, turned = (points[begin] + points[end]) / 2, cells[:, [*range(8), 9, 8]]  # the last two as Gmsh has them
    away = [float(np.abs(points[of[:, 4:]] - middles).sum()) for of in (cells, turned)]
    return cells if away[0] <= away[1] else turned
