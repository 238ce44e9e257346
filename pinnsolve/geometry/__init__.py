"""Where a problem lives: shapes, the domain of space and time, its pieces, and points on them."""

from pinnsolve.geometry.box import Box
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.regions import Region, boundary, face, faces, interior, point, start

__all__ = ["Box", "Domain", "Piece", "Points", "Region", "boundary", "face", "faces", "interior", "point", "start"]
