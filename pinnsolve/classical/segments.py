"""Corners in a row, as a polygon has them that stands for a curve.

Smooth fields meet a value on both sides of such an edge best with slopes that are too small, wherever nodes are as far
apart as its corners are; and at each corner second derivatives grow without bound. So nodes stand closer along it, and
rows are weighed down towards its corners, as beside others.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from scipy.spatial import cKDTree

from pinnsolve.classical.stencils import Array
from pinnsolve.geometry.piece import Piece


@dataclass(frozen=True)
class Rules:
    """Which corners these are.

    Parameters
    ----------
    blunt : float
        The difference of normals up to which they are; others are looked at one by one.
    chord : float
        Of the shape's size: how deep one lies beneath the curve, at the least. Smaller: more nodes.
    spacing : float
        Of a segment's length: that of nodes. With these and the weights, the error in a disc of fifty times the
        conductivity, a mesh of 48 segments, is 2e-2 and 4e-3 on 1,920 and 4,009 nodes; with the spacing alone 0.26 and
        0.11, and with nothing 0.16 on 2,959.
    """

    blunt: float = 0.4
    chord: float = 1e-6
    spacing: float = 0.5


RULES = Rules()


def corners_in_a_row(pieces: Iterable[Piece], size: float) -> tuple[Array, Array]:
    """The places (K, 2) of such corners in a plane, and the spacings (K,) that they ask for."""
    sides = [p.side for p in pieces if p.side is not None and p.side.patch.axes == 1]
    ends = [side.stretched for side in sides]
    places, normals = (np.concatenate([getattr(e, of).numpy() for e in ends] or [np.zeros((0, 2))])
                       for of in ("points", "normals"))  # fmt: skip
    first, second = cKDTree(places).query_pairs(1e-8 * size, output_type="ndarray").T
    turn = np.linalg.norm(normals[first] - normals[second], axis=1)
    bends = (turn > 1e-6) & (turn < RULES.blunt)
    bent, turn = places[first[bends]], turn[bends]
    if not len(bent):
        return np.zeros((0, 2)), np.zeros(0)
    near = cKDTree(bent).query(bent, min(12, len(bent)))[0].reshape(len(bent), -1)  # itself, several times
    length = np.where(near > 1e-7 * size, near, np.inf).min(1)
    kept = np.isfinite(length) & (length * turn > 8 * RULES.chord * size)
    return bent[kept], RULES.spacing * length[kept]
