"""Points along a curve of a plane's boundary, as close together as nodes are beside it, at any scale."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pinnsolve.classical.stencils import Array
from pinnsolve.geometry.cube import sobol
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points


@dataclass(frozen=True)
class Curve:
    """A piece of the boundary of a plane, by parts of its length.

    Parameters
    ----------
    piece : Piece
        One moment of it.
    names : (str, str)
        The coordinates of the plane.
    samples : int
        Parts at which it is looked at, and so many more towards each place that asks for closer points.
    """

    piece: Piece
    names: tuple[str, ...]
    samples: int = 1025

    @property
    def length(self) -> float:
        """Of all that has parts."""
        if self.piece.side is not None:
            return self.piece.side.size
        low, high = self.piece.extent[self._free]
        return high - low

    @property
    def _free(self) -> str:
        return next(c for c in self.names if c not in self.piece.fixed)

    def at(self, parts: Tensor) -> tuple[Points, Tensor]:
        """The points at parts (N,) of its length, and which of them belong to it."""
        piece, ones = self.piece, torch.ones(len(parts), dtype=torch.float64)
        values = {c: v * ones for c, v in piece.fixed.items()}
        normals, kept = {c: v * ones for c, v in piece.outward.items()}, torch.ones(len(parts), dtype=torch.bool)
        if piece.side is not None:
            surface, kept = piece.side.drawn(parts[:, None])
            values |= dict(zip(self.names, surface.points.T, strict=True))
            normals = dict(zip(self.names, surface.normals.T, strict=True))
        else:
            low, high = piece.extent[self._free]
            values[self._free] = low + (high - low) * parts
        return Points(values, ones, normals), kept & piece.holds(values)

    def nearest(self, place: Array) -> tuple[float, float]:
        """The part that is nearest to a place (2,), and how far that is."""
        low, high = 0.0, 1.0
        part = away = 0.0
        for _ in range(12):
            parts = torch.linspace(low, high, self.samples, dtype=torch.float64)
            distance = np.linalg.norm(self._places(parts) - place, axis=1)
            k = int(distance.argmin())
            part, away = float(parts[k]), float(distance[k])
            step = (high - low) / (self.samples - 1)
            low, high = max(part - step, 0.0), min(part + step, 1.0)
        return part, away

    def _places(self, parts: Tensor) -> Array:
        values = self.at(parts)[0].coordinates
        return np.stack([values[c].numpy() for c in self.names], 1)

    def drawn(self, apart: Callable[[Array], Array], along: int, around: Array) -> Points:
        """Points of which `along` stand in each spacing `apart` (P,) of places (P, 2), which falls towards some parts
        (K,)."""
        steps = 2.0 ** (-torch.arange(160, dtype=torch.float64) / 4)
        near = [part + sign * steps for part in around.tolist() for sign in (-1.0, 0.0, 1.0)]
        parts = torch.cat([torch.linspace(0, 1, self.samples, dtype=torch.float64), *near])
        parts = parts[(parts >= 0) & (parts <= 1)].unique()
        closeness = 1 / apart(self._places(parts))
        sums = np.concatenate([[0.0], np.cumsum(np.diff(parts.numpy()) * (closeness[1:] + closeness[:-1]) / 2)])
        count = int(np.clip(self.length * sums[-1] * along, 16, 200_000))
        wanted = sobol(count, 1, 11)[:, 0].numpy() * sums[-1]  # any first of them are evenly spread, too
        points, kept = self.at(torch.from_numpy(np.interp(wanted, sums, parts.numpy())))
        return points[kept]
