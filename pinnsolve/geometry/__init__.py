"""Where a problem lives: boxes, their regions, and points in them."""

from pinnsolve.geometry.box import Box
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.regions import Region, Slab, boundary, face, faces, initial_face, interior, point

__all__ = ["Box", "Points", "Region", "Slab", "boundary", "face", "faces", "initial_face", "interior", "point"]
