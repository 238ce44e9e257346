"""Which pieces of a region are looked at before training, where there are very many: the faces of a box in hundreds of
dimensions."""

from __future__ import annotations

from collections.abc import Sequence

from pinnsolve.geometry.piece import Piece


def some(pieces: Sequence[Piece], most: int = 16) -> list[Piece]:
    """All of them, or so many, evenly taken and with an odd step, so that lower and upper faces are among them.

    >>> [len(some([None] * n)) for n in (3, 16, 17, 200)]
    [3, 16, 16, 16]
    """
    count = len(pieces)
    return list(pieces) if count <= most else [pieces[(k * (count // most | 1)) % count] for k in range(most)]
