"""Patches of a surface, given by parameters."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor


@dataclass(frozen=True)
class Surface:
    """N points of a surface.

    Parameters
    ----------
    points, normals : tensor (N, d)
        The normals have the length one.
    density : tensor (N,)
        The area (length in two dimensions) for a unit of the parameters.
    """

    points: Tensor
    normals: Tensor
    density: Tensor

    def __getitem__(self, index: Tensor | slice) -> Surface:
        return Surface(self.points[index], self.normals[index], self.density[index])


@dataclass(frozen=True, eq=False)
class Leaf:
    """A shape without parts, where it stands in a whole: the distance (N,) of points (N, d) from its surface, of
    either sign."""

    away: Callable[[Tensor], Tensor]


@dataclass(frozen=True, eq=False)
class Patch:
    """A surface over the parameters (0, 1)^m.

    Parameters
    ----------
    at : callable tensor (N, m) -> Surface
    axes : int
        m: the dimension of the surface; one more where it is drawn from normal deviates.
    leaf : Leaf
        The shape to which it belongs.
    name : str
        How it is called, if nobody named it.
    labels : tuple of str
        The names that users gave it, and its shapes.
    stretches : int
        Equal parts of the first parameter, within each of which it is smooth.
    shares : tensor (K,), optional
        Of triangles: where each ends along the first parameter.
    runs : tuple of float, optional
        Of a curve in many stretches that follow each other along it: the parameters up to which it goes on smoothly.
    ends : tuple of float
        Of a curve in stretches that stand in any order: the parameters at which it turns, or ends.
    """

    at: Callable[[Tensor], Surface]
    axes: int
    leaf: Leaf
    name: str
    labels: tuple[str, ...] = ()
    stretches: int = 1
    shares: Tensor | None = None
    runs: tuple[float, ...] | None = None
    ends: tuple[float, ...] = ()

    @property
    def names(self) -> tuple[str, ...]:
        """All that it answers to: its labels, and each of them before its own name, "can mantle"."""
        if self.name in self.labels:
            return self.labels
        return (*self.labels, *(f"{label} {self.name}" for label in self.labels))


def moved(
    patches: Iterable[Patch], move: Callable[[Surface], Surface], back: Callable[[Tensor], Tensor]
) -> list[Patch]:
    """Patches moved with their shapes; `back` brings points to where they were."""
    leaves: dict[int, Leaf] = {}
    found = []
    for patch in patches:
        if id(patch.leaf) not in leaves:
            leaves[id(patch.leaf)] = Leaf(_after(back, patch.leaf.away))
        found.append(replace(patch, at=_after(patch.at, move), leaf=leaves[id(patch.leaf)]))
    return found


def _after(first: Callable[..., Any], then: Callable[..., Any]) -> Callable[..., Any]:
    return lambda x: then(first(x))


def inside_of(base: Tensor, z: Tensor, ends: tuple[float, float]) -> Tensor:
    """The signed distance (N,) of a prism, from that of its base and the coordinate along it."""
    slab = torch.minimum(z - ends[0], ends[1] - z)
    inside = torch.minimum(base, slab)
    outside = torch.hypot(base.clamp(max=0), slab.clamp(max=0))
    return torch.where(inside > 0, inside, -outside)
