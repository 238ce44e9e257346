"""The places around which an integral is taken, which may be fewer than those where it is asked for.

It is taken once for all points that share the coordinates which matter. Where that is one coordinate, as time of an
integral over all of space, it is a function of that one, and is taken at the nodes of panels, on which Legendre's
polynomials carry it to all points: as exactly as panels are halved until they hold it (`pinnsolve.geometry.panels`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.panels import REFINING, Panels, carried, on_panels

# the integral and its slopes around some places, (n, columns), and the integrals of their magnitudes
Taken = Callable[["Places"], tuple[Tensor, Tensor]]


@dataclass(frozen=True)
class Places:
    """Places around which an integral is taken.

    Parameters
    ----------
    where : mapping from coordinate to tensor (n,)
    numbers : tensor (n,)
        Which point of the equation each is, where it is one.
    back : tensor (N,) or (N, n)
        Whose integral is that of each point; or what makes those of all points of theirs.
    """

    where: Mapping[str, Tensor]
    numbers: Tensor
    back: Tensor

    def __len__(self) -> int:
        return len(self.numbers)

    def __getitem__(self, part: slice | Tensor) -> Places:
        return Places({c: v[part] for c, v in self.where.items()}, self.numbers[part], self.back)

    def carried(self, values: Tensor) -> Tensor:
        """What was found around them (n, ...) at all points (N, ...)."""
        return values[self.back] if self.back.ndim == 1 else self.back @ values

    @classmethod
    def all(cls, where: Mapping[str, Tensor]) -> Places:
        """Every point by itself."""
        like = next(iter(where.values()))
        every = torch.arange(len(like), device=like.device)
        return cls(where, every, every)

    @classmethod
    def distinct(cls, where: Mapping[str, Tensor], matter: Sequence[str]) -> Places:
        """One of those points that share the coordinates which matter."""
        size = len(next(iter(where.values())))
        device = next(iter(where.values())).device
        every = torch.arange(size, device=device)
        inverse = torch.zeros_like(every)
        if matter:
            _, inverse = torch.unique(torch.stack([where[c] for c in matter], 1), dim=0, return_inverse=True)
        first = torch.full((int(inverse.max()) + 1,), size, dtype=torch.int64, device=device)
        first.scatter_reduce_(0, inverse, every, "amin")
        return cls({c: v[first] for c, v in where.items()}, first, inverse)

    def on_panels(self, all_of: Tensor, matter: str, edges: Tensor) -> Places:
        """The nodes of panels along the one coordinate that matters, for points with these values of it (N,)."""
        nodes, _, _ = on_panels(edges, 1)
        like = self.where[matter]
        first = torch.zeros(len(nodes), dtype=torch.int64, device=like.device)
        where = {c: v[first] for c, v in self.where.items()} | {matter: nodes.to(like)}
        return Places(where, first, carried(edges, all_of.to("cpu", torch.float64)).to(like))


def along(
    places: Places, all_of: Tensor, matter: str, begin: Tensor, panels: Panels, key: Any, taken: Taken
) -> Places:  # fmt: skip
    """The nodes of panels in place of many places that differ in one coordinate alone; those themselves, where they are
    few, or where it would take as many nodes.

    Parameters
    ----------
    all_of : tensor (N,)
        The coordinate at all points.
    matter : str
        Its name.
    begin : tensor (K + 1,)
        The first panels: from one end of the domain to the other.
    key : hashable
        Of the integral, along this coordinate.
    """
    most, given_up = len(places) // (2 * REFINING.nodes), (key, "given up")
    if given_up in panels.looked or len(panels.edges.get(key, begin)) - 1 > most:
        return places
    panels.edges.setdefault(key, begin)
    while len(panels.edges[key]) - 1 <= most:
        fewer = places.on_panels(all_of, matter, panels.edges[key])
        if key in panels.looked:
            return fewer
        values, sizes = (v.to("cpu", torch.float64) for v in taken(fewer))
        nodes = fewer.where[matter].to("cpu", torch.float64)
        if not bool(torch.isfinite(values).all()):
            return places
        if not panels.halved(key, (nodes, on_panels(panels.edges[key], 1)[1]), values, sizes=sizes):
            panels.looked.add(key)
            if panels.missed[key] > panels.least:
                break
            return fewer
    panels.forget(key)
    panels.looked.add(given_up)
    return places
