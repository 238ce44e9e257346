"""Polygons."""

from __future__ import annotations

from typing import Any

import numpy as np
import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.arguments import side_names
from pinnsolve.geometry.patch import Leaf, Patch, Surface
from pinnsolve.geometry.rules import RULES
from pinnsolve.geometry.shape import Bounds, Shape


class Polygon(Shape):
    """The inside of a closed polygon, by the coordinates of its corners in order, one way round or the other.

    Parameters
    ----------
    name : str, optional
    names : sequence of str, optional
        Of its sides; the first goes from the first corner to the second. Several sides may have one name.
    **corners : sequence of float
        By coordinate.

    Raises
    ------
    ProblemError
        If it has fewer than three corners, repeats one, crosses itself, or has no area.

    Examples
    --------
    >>> from pinnsolve import Polygon
    >>> ramp = Polygon(x=[0, 2, 0], y=[0, 0, 1], names=["floor", "slope", "wall"])
    >>> ramp.measure, [side.name for side in ramp.sides]
    (1.0, ['floor', 'slope', 'wall'])
    """

    def __init__(self, *unnamed: Any, name: str | None = None, names: Any = None, **corners: Any) -> None:
        if unnamed or len(corners) != 2:
            raise ProblemError("Polygon(...) does not name two coordinates", "Write Polygon(x=[0, 2, 1], y=[0, 0, 1]).")
        self._names = tuple(corners)
        self.corners = _corners(corners)
        self.name, self.names = name, side_names("Polygon", names, len(self.corners))
        following = self.corners.roll(-1, 0)
        twice = self.corners[:, 0] * following[:, 1] - following[:, 0] * self.corners[:, 1]
        self._sign = 1.0 if float(twice.sum()) > 0 else -1.0
        _check(self.corners, float(twice.sum()) / 2)

    def __repr__(self) -> str:
        return f"Polygon(of {len(self.corners)} corners)" if self.name is None else f"Polygon({self.name})"

    @property
    def bounds(self) -> Bounds:
        low, high = self.corners.min(0).values.tolist(), self.corners.max(0).values.tolist()
        return dict(zip(self._names, zip(low, high, strict=True), strict=True))

    def signed(self, x: Tensor) -> Tensor:
        size = max(1, RULES.numbers // len(self.corners))
        return torch.cat([self._signed(part) for part in x.split(size)]) if len(x) else x[:, 0]

    def _signed(self, x: Tensor) -> Tensor:
        begin, along = self.corners, self.corners.roll(-1, 0) - self.corners
        away = x[:, None] - begin  # (N, corners, 2)
        part = ((away * along).sum(2) / along.square().sum(1)).clamp(0, 1)
        distance = (away - part[..., None] * along).norm(dim=2).min(1).values
        y, low, high = x[:, 1:], begin[:, 1], begin.roll(-1, 0)[:, 1]
        crossing = (low <= y) != (high <= y)
        at = begin[:, 0] + (y - low) * along[:, 0] / torch.where(along[:, 1] == 0, 1.0, along[:, 1])
        odd = (crossing & (at > x[:, :1])).sum(1) % 2 == 1
        return torch.where(odd, distance, -distance)

    def patches(self) -> list[Patch]:
        leaf, own = Leaf(self.signed), () if self.name is None else (self.name,)
        found = []
        for k in range(len(self.corners)):
            labels = (self.names[k], *own) if self.names else own
            found.append(Patch(self._edge(k), 1, leaf, f"side {k + 1}", labels))
        return found

    def _edge(self, k: int) -> Any:
        begin, along = self.corners[k], self.corners.roll(-1, 0)[k] - self.corners[k]
        length = along.norm()
        normal = self._sign * torch.stack([along[1], -along[0]]) / length

        def at(parts: Tensor) -> Surface:
            return Surface(begin + parts * along, normal.expand(len(parts), 2), length.expand(len(parts)))

        return at

    def vertices(self) -> tuple[Tensor, Tensor]:
        """The corners (n, 2), and the angles inside (n,), in radians."""
        before, after = self.corners.roll(1, 0) - self.corners, self.corners.roll(-1, 0) - self.corners
        turn = torch.atan2(before[:, 1], before[:, 0]) - torch.atan2(after[:, 1], after[:, 0])
        return self.corners, (self._sign * turn) % (2 * np.pi)


def _corners(given: Any) -> Tensor:
    try:
        x, y = (np.asarray(v, dtype=np.float64) for v in given.values())
    except (TypeError, ValueError):
        raise ProblemError("Polygon: corners are no numbers", "Write Polygon(x=[0, 2, 1], y=[0, 0, 1]).") from None
    if x.ndim != 1 or x.shape != y.shape or not (np.isfinite(x).all() and np.isfinite(y).all()):
        raise ProblemError(
            f"Polygon: {x.size} and {y.size} numbers are no corners", "Give two lists of finite numbers, equally long."
        )
    corners = np.stack([x, y], 1)
    if len(corners) > 1 and (corners[0] == corners[-1]).all():
        corners = corners[:-1]  # closed by hand
    if len(corners) < 3:
        raise ProblemError(f"a polygon of {len(corners)} corners has no inside", "Give three corners or more.")
    return torch.from_numpy(corners.copy())


def _check(corners: Tensor, area: float) -> None:
    following = corners.roll(-1, 0)
    lengths = (following - corners).norm(dim=1)
    size = float((corners.max(0).values - corners.min(0).values).norm())
    if float(lengths.min()) <= 1e-12 * size:
        k = int(lengths.argmin())
        raise ProblemError(
            f"Polygon: the corner {tuple(corners[k].tolist())} stands twice in a row", "Give every corner once."
        )
    crossed = _crossing(corners, following)
    if crossed is not None:
        raise ProblemError(
            f"the polygon crosses or touches itself: side {crossed[0] + 1} and side {crossed[1] + 1}",
            "Give the corners in their order around the shape.",
        )
    if abs(area) <= 1e-12 * size**2:
        raise ProblemError("the polygon has no area", "Its corners lie on a line.")


def _crossing(begin: Tensor, end: Tensor) -> tuple[int, int] | None:
    """Two sides that are no neighbours and have a point in common."""
    count = len(begin)

    def turn(a: Tensor, b: Tensor, c: Tensor) -> Tensor:
        u, v = b - a, c - a
        return u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0]

    for k in range(count - 2):
        last = count if k else count - 1
        a, b, c, e = begin[k], end[k], begin[k + 2 : last], end[k + 2 : last]
        apart = (turn(a, b, c) * turn(a, b, e) > 0) | (turn(c, e, a.expand_as(c)) * turn(c, e, b.expand_as(c)) > 0)
        low, high = torch.minimum(a, b), torch.maximum(a, b)
        apart |= ((torch.maximum(c, e) < low) | (torch.minimum(c, e) > high)).any(1)
        if not bool(apart.all()):
            return k, k + 2 + int((~apart).int().argmax())
    return None
