"""Where a problem lives: shapes, the domain of space and time, its pieces, and points on them."""

from pinnsolve.calls import worded_class
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.extruded import Extruded
from pinnsolve.geometry.level_set import LevelSet
from pinnsolve.geometry.materials import Piecewise
from pinnsolve.geometry.mesh import Mesh
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.polygon import Polygon
from pinnsolve.geometry.regions import Region, boundary, face, faces, interior, point, side, start
from pinnsolve.geometry.rounds import Ball, Cylinder, Disk
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.tabulated import table

for made in (Ball, Box, Cylinder, Disk, Extruded, LevelSet, Mesh, Piecewise, Polygon):
    worded_class(made)

__all__ = [
    "Ball", "Box", "Cylinder", "Disk", "Domain", "Extruded", "LevelSet", "Mesh", "Piece", "Piecewise", "Points",
    "Polygon", "Region", "Shape", "boundary", "face", "faces", "interior", "point", "side", "start",
    "table",
]  # fmt: skip
