"""The mesh of a bracket in space: an angle of two plates with a hole through the upright one, in tetrahedra.

    python -m problems.data.bracket     writes bracket.msh of this folder anew, the same to the last digit

Groups: "foot" is the lower side, "hole" the inside of the hole; the rest of the surface is in none. In units of the
bracket's length.
"""

from __future__ import annotations

from pathlib import Path

import meshio
import numpy as np

from pinnsolve import Disk, Polygon
from pinnsolve.geometry.triangulation import triangulated

FILE = Path(__file__).parent / "bracket.msh"
DEPTH, HOLE = 0.6, {"x": 0.15, "z": 0.65, "radius": 0.12}


def layers() -> tuple[np.ndarray, np.ndarray]:
    """Points (n, 3) and tetrahedra (T, 4): triangles of the profile, drawn out in layers and cut into three each."""
    profile = Polygon(x=[0, 1, 1, 0.3, 0.3, 0], z=[0, 0, 0.3, 0.3, 1, 1]) - Disk(**HOLE)
    points, ((_, triangles),) = triangulated(profile, 130)
    points = np.round(points, 5)
    heights, count = np.linspace(0, DEPTH, 5), len(points)
    places = np.concatenate([np.c_[points[:, 0], np.full(count, h), points[:, 1]] for h in heights])
    triangles = np.sort(triangles, axis=1)  # by which neighbours cut the side that they share alike
    a, b, c = triangles.T
    cells = []
    for k in range(len(heights) - 1):
        low, high = k * count, (k + 1) * count
        cells += [
            np.c_[a + low, b + low, c + low, c + high],
            np.c_[a + low, b + low, b + high, c + high],
            np.c_[a + low, a + high, b + high, c + high],
        ]
    made = np.concatenate(cells)
    edges = places[made][:, 1:] - places[made][:, :1]
    turned = np.linalg.det(edges) < 0
    made[turned, 2:] = made[turned, :1:-1]
    return places, made


def surface(cells: np.ndarray) -> np.ndarray:
    """The faces that belong to one tetrahedron alone."""
    faces = np.sort(np.concatenate([cells[:, k] for k in ([0, 1, 2], [0, 1, 3], [0, 2, 3], [1, 2, 3])]), axis=1)
    found, counts = np.unique(faces, axis=0, return_counts=True)
    return found[counts == 1]


def write(path: Path) -> None:
    """Write the mesh as Gmsh does, version 2.2."""
    points, cells = layers()
    faces = surface(cells)
    corners = points[faces]
    foot = (corners[:, :, 2] == 0).all(1)
    away = np.hypot(corners[:, :, 0] - HOLE["x"], corners[:, :, 2] - HOLE["z"])
    hole = (np.abs(away - HOLE["radius"]) < 1e-3).all(1) & (np.ptp(corners[:, :, 1], axis=1) > 0)
    tags = np.where(foot, 1, np.where(hole, 2, 0)).astype(np.int32)
    steel = np.full(len(cells), 3, dtype=np.int32)
    mesh = meshio.Mesh(
        points, [("tetra", cells), ("triangle", faces)],
        cell_data={name: [steel, tags] for name in ("gmsh:physical", "gmsh:geometrical")},
        field_data={"foot": np.array([1, 2]), "hole": np.array([2, 2]), "steel": np.array([3, 3])},
    )  # fmt: skip
    meshio.write(path, mesh, file_format="gmsh22", binary=False, float_fmt=".6g")


if __name__ == "__main__":
    write(FILE)
