"""Shapes given by a function that is positive inside."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from functools import cached_property
from itertools import permutations
from typing import Any

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError, place_of
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.chains import chained
from pinnsolve.geometry.patch import Leaf, Patch, Surface
from pinnsolve.geometry.rules import RULES
from pinnsolve.geometry.shape import Bounds, Shape
from pinnsolve.geometry.simplices import cut, ways
from pinnsolve.jets.enclosures import enclosing
from pinnsolve.jets.intervals import Interval
from pinnsolve.jets.jet import Chart


class LevelSet(Shape):
    """Where a function of the coordinates is positive, within a box.

    Parts that are smaller than about a two-hundredth of the box may be overlooked, a fortieth in three dimensions.
    Where the function is positive up to the box, the faces of the box are sides as well, and a warning says so.

    Parameters
    ----------
    function : callable
        Of the coordinates by name, made of torch functions; smooth where it vanishes.
    within : Box
        Of two or three dimensions.
    name : str, optional

    Raises
    ------
    ProblemError
        If it is positive nowhere, or no function of the box's coordinates.

    Examples
    --------
    >>> from pinnsolve import Box, LevelSet
    >>> ellipse = LevelSet(lambda x, y: 1 - x**2 / 4 - y**2, within=Box(x=(-2.5, 2.5), y=(-1.5, 1.5)))
    >>> round(ellipse.measure, 8)
    6.28318531
    """

    def __init__(self, function: Callable[..., Any], *, within: Any, name: str | None = None) -> None:
        if not callable(function) or not isinstance(within, Box) or len(within.bounds) not in (2, 3):
            raise ProblemError(
                "LevelSet(...) takes a function, and a box of two or three dimensions in which it is looked at",
                "Write LevelSet(lambda x, y: 1 - x**2 / 4 - y**2, within=Box(x=(-3, 3), y=(-2, 2))).",
            )
        self.function, self.within, self.name = function, within, name
        self._asks = list(inspect.signature(function).parameters)
        unknown = [n for n in self._asks if n not in within.bounds]
        if unknown:
            raise ProblemError(
                f"LevelSet: the function asks for '{unknown[0]}', which is no coordinate of {within!r}",
                f"Possible: {', '.join(within.bounds)}.",
                place_of(function),
            )
        self._low, self._high = (
            torch.tensor(ends, dtype=torch.float64) for ends in zip(*within.bounds.values(), strict=True)
        )
        if not bool((self._grid > 0).any()):
            raise ProblemError(
                f"LevelSet: the function is positive nowhere in {within!r}", "It shall be positive inside the shape.",
                place_of(function),
            )  # fmt: skip

    def __repr__(self) -> str:
        return f"LevelSet({self.name or 'in ' + repr(self.within)})"

    @property
    def bounds(self) -> Bounds:
        return self.within.bounds

    # ------------------------------------------------------------ the function

    def values(self, x: Tensor) -> Tensor:
        """The function (N,) at points (N, d)."""
        columns = {c: x[:, k] for k, c in enumerate(self.within.bounds)}
        try:
            found = self.function(**{n: columns[n] for n in self._asks})
        except Exception as error:
            raise ProblemError(
                f"LevelSet: the function fails: {error}", "It is called with tensors: use functions of torch.",
                place_of(self.function),
            ) from error  # fmt: skip
        if not isinstance(found, Tensor) or found.shape != x[:, 0].shape:
            raise ProblemError(
                f"LevelSet: the function does not return one number for each point: {type(found).__name__}",
                "It must depend on the coordinates.",
                place_of(self.function),
            )
        if not found.is_floating_point():
            kind = "true or false" if found.dtype == torch.bool else f"numbers of the kind {found.dtype}"
            raise ProblemError(
                f"LevelSet: the function returns {kind}, which does not tell how far the boundary is",
                "Write a difference that is positive inside: 1 - x**2 - y**2 in place of x**2 + y**2 < 1.",
                place_of(self.function),
            )
        return found

    def _sloped(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The function (N,) and its gradient (N, d)."""
        leaf = x.detach().clone().requires_grad_()
        with torch.enable_grad():
            value = self.values(leaf)
            (slope,) = torch.autograd.grad(value.sum(), leaf)
        unsloped = ~torch.isfinite(slope).all(1)  # as that of sqrt(x^2 + y^2) at its zero: it is told from beside
        if bool(unsloped.any()):
            beside = x[unsloped].detach() + 1e-6 * (self._high - self._low)
            with torch.enable_grad():
                leaf = beside.requires_grad_()
                slope[unsloped] = torch.autograd.grad(self.values(leaf).sum(), leaf)[0]
        return value.detach(), slope

    def signed(self, x: Tensor) -> Tensor:
        if not len(x):
            return x[:, 0]
        value, slope = self._sloped(x)
        distance = value / slope.norm(dim=1).clamp(min=1e-300)
        return torch.minimum(distance.clamp(-self.size, self.size), self.within.signed(x))

    def _enclosed(self, low: Tensor, high: Tensor) -> Interval | None:
        chart = Chart(tuple(self.within.bounds), len(low), torch.float64, torch.device("cpu"))
        ends: list[Any] = [enclosing(low[:, k], high[:, k]) for k in range(low.shape[1])]
        at: Any = {c: chart.coordinate(c, both) for c, both in zip(self.within.bounds, ends, strict=True)}
        try:
            return Interval.of(self.function(**{n: at[n] for n in self._asks}).dense(chart.zeroth))
        except Exception:  # a user's function may do anything with an interval
            return None

    def apart(self, low: Tensor, high: Tensor) -> Tensor:
        beside, inside = self.within.apart(low, high), self._enclosed(low, high)
        return beside if inside is None else beside | (inside.high < 0)

    def covers(self, low: Tensor, high: Tensor) -> Tensor:
        within, inside = self.within.covers(low, high), self._enclosed(low, high)
        return torch.zeros_like(within) if inside is None else within & (inside.low > 0)

    # ------------------------------------------------------------ its surface

    @cached_property
    def _axes(self) -> list[Tensor]:
        count = RULES.cells if len(self._low) == 2 else RULES.cells_of_space
        return [torch.linspace(a, b, count + 1, dtype=torch.float64) for a, b in self.within.bounds.values()]

    @cached_property
    def _grid(self) -> Tensor:
        """The function on a grid; zero counts as a little less."""
        places = torch.cartesian_prod(*self._axes)
        found = torch.cat([self.values(part) for part in places.split(2**16)])
        if not bool(torch.isfinite(found).all()):
            raise ProblemError(
                f"LevelSet: the function is not finite everywhere in {self.within!r}",
                "Choose a smaller box, or another function that vanishes in the same places.",
                place_of(self.function),
            )
        found = torch.where(found == 0, -1e-300, found)
        return found.view([len(a) for a in self._axes])

    @cached_property
    def _simplices(self) -> Tensor:
        """The corners (K, d, d) of the chords or triangles that the surface has in the simplices of the grid's
        cells."""
        axes, shape = len(self._axes), self._grid.shape
        numbers = torch.arange(self._grid.numel()).view(shape)
        corner = numbers[tuple(slice(0, n - 1) for n in shape)].reshape(-1)
        steps = [numbers.stride(k) for k in range(axes)]
        values, places = self._grid.reshape(-1), torch.cartesian_prod(*self._axes)
        found = []
        for order in permutations(range(axes)):  # a cube in d! simplices along its diagonal, which fit together
            vertices = [corner]
            for k in order:
                vertices.append(vertices[-1] + steps[k])
            found.append(cut(torch.stack(vertices, 1), values, places))
        chords = torch.cat(found)
        flat = chords.view(-1, axes)
        for _ in range(RULES.steps):  # corners onto the surface, so that neighbours end in one place
            value, slope = self._sloped(flat)
            flat = flat - (value / slope.square().sum(1)).nan_to_num(0.0, 0.0, 0.0)[:, None] * slope
        chords = flat.view(chords.shape)
        edges = (chords[:, 1:] - chords[:, :1]).norm(dim=2)
        return chords[edges.min(1).values > 1e-9 * self.size]  # where it meets a corner, a chord may have no length

    def patches(self) -> list[Patch]:
        leaf, own = Leaf(self.signed), () if self.name is None else (self.name,)
        plane, chords = len(self._axes) == 2, self._simplices
        runs: tuple[float, ...] | None = None
        if plane and len(chords):
            chords, ends = chained(chords, 1e-8 * self.size)
            runs = tuple(end / len(chords) for end in ends)
        found = []
        if len(chords):
            found.append(replace(self._curve(chords, leaf, "curve" if plane else "surface", own), runs=runs))
        return found + [Patch(face.at, face.axes, leaf, face.name, own) for face in self._open]

    @property
    def _open(self) -> list[Patch]:
        """The faces of the box up to which the function is positive."""
        edge = [self._grid.select(k, end) for k in range(len(self._axes)) for end in (0, -1)]
        return [face for face, values in zip(self.within.patches(), edge, strict=True) if bool((values > 0).any())]

    def faults(self) -> list[str]:
        if not self._open:
            return []
        names = ", ".join(face.name for face in self._open)
        if not len(self._simplices):
            return [f"{self!r}: the function vanishes nowhere in its box, and the shape is all of it"]
        return [
            f"{self!r} leaves its box: the function is still positive at {names}, and there the box bounds the shape, "
            f"as face({self._open[0].name}); if the shape is to end where the function vanishes, choose a larger box"
        ]

    def _curve(self, chords: Tensor, leaf: Leaf, name: str, labels: tuple[str, ...]) -> Patch:
        begin = chords[:, 0]
        edges = chords[:, 1:] - begin[:, None]  # (K, d - 1, d)
        if len(self._low) == 2:
            across = torch.stack([edges[:, 0, 1], -edges[:, 0, 0]], 1)
        else:
            across = torch.linalg.cross(edges[:, 0], edges[:, 1])
        area = across.norm(dim=1)
        across = across / area[:, None]
        share, normals = None, across[:, None].expand_as(chords)
        if len(self._low) == 3:
            share = area.cumsum(0) / area.sum()
            normals = ways(across, self._sloped(chords.reshape(-1, 3))[1].view(chords.shape))
        turns = normals[:, 1:] - normals[:, :1]

        def at(parts: Tensor) -> Surface:
            if share is None:
                which = (parts[:, 0] * len(chords)).long().clamp(0, len(chords) - 1)
                local = [parts[:, 0] * len(chords) - which]
                size = area[which] * len(chords)
            else:
                which = torch.searchsorted(share, parts[:, 0].contiguous()).clamp(max=len(chords) - 1)
                first = torch.cat([torch.zeros(1, dtype=torch.float64), share[:-1]])[which]
                root = ((parts[:, 0] - first) / (share[which] - first)).clamp(0, 1).sqrt()
                local = [root * (1 - parts[:, 1]), root * parts[:, 1]]
                size = torch.full_like(root, float(area.sum()) / 2)
            x = begin[which] + sum(a[:, None] * edges[which, k] for k, a in enumerate(local))
            way = normals[which, 0] + sum(a[:, None] * turns[which, k] for k, a in enumerate(local))
            gone = torch.zeros_like(size)
            for _ in range(RULES.steps):
                value, slope = self._sloped(x)
                step = (value / (slope * way).sum(1)).nan_to_num(0.0, 0.0, 0.0)
                x, gone = x - step[:, None] * way, gone - step
                if not bool((step.abs() > 1e-15 * self.size).any()):
                    break
            slope = self._sloped(x)[1]
            outward = -slope / slope.norm(dim=1)[:, None]
            steep = (outward * way).sum(1)
            moved = edges[which] + gone[:, None, None] * turns[which]  # by the parameters, but for along the way
            moved = moved - ((moved * outward[:, None]).sum(2) / steep[:, None])[..., None] * way[:, None]
            stretch = moved[:, 0] if share is None else torch.linalg.cross(moved[:, 0], moved[:, 1])
            return Surface(x, outward, size * stretch.norm(dim=1) / area[which])

        if share is None:
            return Patch(at, 1, leaf, name, labels, len(chords))
        return Patch(at, 2, leaf, name, labels, shares=share)
