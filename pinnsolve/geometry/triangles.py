"""The triangles of meshes and level sets as boxes see them, each looked at once."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor


class Triangles(NamedTuple):
    """The triangles of meshes and level sets: there may be tens of thousands, each far smaller than a box.

    Parameters
    ----------
    pieces : tensor (T, 5)
        In the order of their sides and parameters.
    x, normals : tensor (T, P, 3)
        Points of each, and normals there.
    density : tensor (T, P)
        Areas for a unit of the parameters; zero at what is not on the boundary.
    """

    pieces: Tensor
    x: Tensor
    normals: Tensor
    density: Tensor

    @property
    def sizes(self) -> Tensor:
        """(T,)."""
        return (self.x.amax(1) - self.x.amin(1)).amax(1)

    def known(self, pieces: Tensor) -> Tensor:
        """The numbers (K,) of pieces (K, 5) among them; minus one of what is none, or a part of one."""
        if not len(self.pieces):
            return torch.full((len(pieces),), -1, dtype=torch.int64)
        mine, theirs = (p[:, 0] + (p[:, 1] + p[:, 2]) / 2 for p in (self.pieces, pieces))
        number = torch.searchsorted(mine, theirs).clamp(max=len(mine) - 1)
        return torch.where((self.pieces[number] == pieces).all(1), number, -1)

    def whole(self, pieces: Tensor, boxes: Tensor, near: float) -> Tensor:
        """Which of pieces (K, 5) are triangles that lie in their boxes (K, 2, 3) as a whole, (K,)."""
        found, known = torch.zeros(len(pieces), dtype=torch.bool), self.known(pieces)
        mine = (known >= 0).nonzero()[:, 0]
        found[mine] = self.within(known[mine], boxes[mine], near).all(1)
        return found

    def within(self, number: Tensor, boxes: Tensor, near: float) -> Tensor:
        """Which points (K, P) of some of them, (K,), bound what lies in boxes (K, 2, 3)."""
        held = held_in(self.x[number], self.normals[number], boxes[:, :, None], near)
        return held & (self.density[number] > 0)


def held_in(x: Tensor, normals: Tensor, boxes: Tensor, near: float) -> Tensor:
    """Which points (..., 3) of a boundary bound what lies in boxes (N, 2, ..., 3)."""
    inner = x - 10 * near * normals  # a side between two boxes belongs to one
    return ((inner >= boxes[:, 0] - near) & (inner <= boxes[:, 1] + near)).all(-1)
