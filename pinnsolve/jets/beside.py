"""Points of an integral, which lie around those where an equation stands; and fields of these among theirs."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from torch import Tensor


@dataclass
class Beside:
    """That the points of a chart lie around those of another one, each around one of them.

    Parameters
    ----------
    chart : Chart
        That of the points around which they lie.
    owner : tensor (M,)
        Whose each is.
    over : frozenset of str
        The coordinates in which they differ from it.
    offset : tuple of int, optional
        Of a stencil, at which the fields of the other chart are taken.
    met : bool
        Whether a field of the other chart was combined with one of these.
    """

    chart: Any
    owner: Tensor
    over: frozenset[str]
    offset: tuple[int, ...] | None = None
    met: bool = False
