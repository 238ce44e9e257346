"""The sides of a shape: what of its parts' surfaces is left after the algebra, with quadrature and points on it."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from functools import cached_property

import numpy as np
import torch
from torch import Tensor

from pinnsolve.geometry.cutting import Cutting
from pinnsolve.geometry.holes import Notch
from pinnsolve.geometry.patch import Leaf, Patch, Surface
from pinnsolve.geometry.rules import RULES

Keeps = Callable[[Surface], Tensor]


class Side:
    """What of a patch is on the boundary of a shape.

    Parameters
    ----------
    patch : Patch
    keeps : callable Surface -> tensor (N,)
        One where a point is on the boundary and the normal points outward, minus one where it points inward, and zero
        where it is not on the boundary.
    called : str

    Attributes
    ----------
    number : int
        Which of several of that name it is; zero where it is the only one.
    """

    def __init__(self, patch: Patch, keeps: Keeps, called: str) -> None:
        self.patch, self.called, self._keeps, self.number = patch, called, keeps, 0

    @property
    def name(self) -> str:
        """How it is called in messages."""
        return f"{self.called} ({self.number})" if self.number else self.called

    @property
    def dimension(self) -> int:
        """Of the space around it."""
        return int(self.nodes[0].points.shape[1])

    @property
    def names(self) -> tuple[str, ...]:
        """All that it answers to."""
        return (*self.patch.names, self.called)

    def __repr__(self) -> str:
        return f"Side({self.name})"

    def taken(self, parts: Tensor) -> tuple[Surface, Tensor]:
        """The surface at parts (N, m), its normals outward, and which points (N,) are on the boundary."""
        surface = self.patch.at(parts)
        sign = self._keeps(surface)
        turned = torch.where(sign < 0, -1.0, 1.0)[:, None]
        return replace(surface, normals=surface.normals * turned), sign != 0

    @cached_property
    def nodes(self) -> tuple[Surface, Tensor]:
        """A quadrature: the surface, and weights (N,) that sum to its measure."""
        return self.cutting.nodes()

    @cached_property
    def cutting(self) -> Cutting:
        """What of its patch it is."""
        return Cutting(self.patch, self.taken)

    def where(self, holds: Callable[[Tensor], Tensor]) -> Side:
        """The part of it on which points (N, d) belong to something else, too."""
        return Side(self.patch, lambda surface: self._keeps(surface) * holds(surface.points), self.called)

    def towards(self, sign: Callable[[Surface], Tensor]) -> Side:
        """The same as a side of something else, which lies where the patch's normals come from (one), where they point
        (minus one), or elsewhere (zero)."""
        return Side(self.patch, lambda surface: self._keeps(surface).abs() * sign(surface), self.called)

    def within(self, keeps: Keeps) -> Side:
        """What of it something else keeps."""
        return Side(self.patch, lambda surface: self._keeps(surface) * keeps(surface), self.called)

    @cached_property
    def size(self) -> float:
        """Length or area (the problem's units)."""
        return float(self.nodes[1].sum())

    def finely(self) -> Tensor:
        """Many points (N, d) of the whole surface."""
        if self.patch.axes > 1:
            return self.nodes[0].points
        return self.patch.at(((torch.arange(RULES.samples, dtype=torch.float64) + 0.5) / RULES.samples)[:, None]).points

    def scaled_size(self, lengths: Tensor) -> float:
        """Length or area in coordinates that are divided by these lengths (d,)."""
        surface, weights = self.nodes
        return float((weights * (surface.normals * lengths).norm(dim=1)).sum() / lengths.prod())

    @property
    def intervals(self) -> Tensor:
        """The intervals (K, 2) of a curve's parameter that are on the boundary."""
        return self.cutting.intervals

    @cached_property
    def ends(self) -> Surface:
        """Where a curve ends or turns (K points), as its patch has it."""
        low, high = self.intervals.T
        inner = [t for t in self.patch.ends if bool(((low < t) & (t < high)).any())]
        parts = torch.cat([self.intervals.reshape(-1), torch.tensor(inner, dtype=torch.float64)])
        return self.patch.at(parts[:, None])

    @property
    def stretched(self) -> Surface:
        """Where each stretch of a curve begins and ends, a little inside of it, as far as it is kept."""
        count, near = self.patch.stretches, 1e-9
        low, high = self.intervals.T
        begins = torch.arange(count, dtype=torch.float64)
        inner = torch.cat([begins + near, begins + (1 - near)]) / count
        kept = ((low < inner[:, None]) & (inner[:, None] < high)).any(1)
        return self.patch.at(torch.cat([self.intervals.reshape(-1), inner[kept]])[:, None])

    def drawn(self, cube: Tensor) -> tuple[Surface, Tensor]:
        """Points evenly spread by length or area, from points of the unit cube (N, m); and which of them count."""
        if self.patch.axes == 1:
            parts = self._by_length(cube[:, 0])[:, None]
            if self._turned is None:
                return self.taken(parts)
            surface = self.patch.at(parts)
            return replace(surface, normals=self._turned * surface.normals), torch.ones(len(cube), dtype=torch.bool)
        surface, kept = self.taken(cube)
        top = self._densest
        if float(surface.density.min()) < 0.999 * top:  # thinned out where the parameters are dense
            hashed = torch.frac(cube.sum(1) * 7919.0 + cube[:, 0] * 104729.0)
            kept &= hashed * top <= surface.density
        return surface, kept

    @cached_property
    def _densest(self) -> float:
        return float(self.nodes[0].density.max())

    @cached_property
    def _turned(self) -> float | None:
        """Of a curve: one where its normals point outward wherever it is on the boundary, minus one where they point
        inward, None where both occur."""
        sign = self._keeps(self.patch.at(torch.from_numpy(self._table[1])[:, None]))
        return next((t for t in (1.0, -1.0) if not bool((sign == -t).any())), None)

    @cached_property
    def _table(self) -> tuple[np.ndarray, np.ndarray]:
        """Length against parameter, in fine steps."""
        ends = self.intervals
        each = max(64, 8 * self.patch.stretches // max(len(ends), 1))
        steps = torch.linspace(0, 1, each + 1, dtype=torch.float64)
        parts = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * steps
        middle = (parts[:, 1:] + parts[:, :-1]) / 2
        density = self.patch.at(middle.reshape(-1, 1)).density.view(middle.shape)
        steps_of = torch.cat([torch.zeros(len(ends), 1, dtype=torch.float64), density * parts.diff(dim=1)], 1)
        return steps_of.reshape(-1).cumsum(0).numpy(), parts.reshape(-1).numpy()

    def _by_length(self, share: Tensor) -> Tensor:
        lengths, parts = self._table
        wanted = share.numpy() * lengths[-1]
        right = np.searchsorted(lengths, wanted, side="right").clip(1, len(lengths) - 1)
        low, high = lengths[right - 1], lengths[right]
        rest = (wanted - low) / np.maximum(high - low, 1e-300)
        return torch.from_numpy(parts[right - 1] + rest * (parts[right] - parts[right - 1]))

    def flat(self) -> tuple[int, float] | None:
        """Axis and value of the plane across an axis in which it lies; None where it lies in none."""
        surface, _ = self.nodes
        for axis in range(surface.points.shape[1]):
            values = surface.points[:, axis]
            size = float((surface.points - surface.points[:1]).abs().max()) or 1.0
            if float((values - values[0]).abs().max()) <= 1e-12 * max(size, float(values.abs().max())):
                return axis, float(values[0])
        return None


def left_of(patches: Sequence[Patch], contains: Callable[[Tensor], Tensor], size: float) -> tuple[Side, ...]:
    """The sides of a shape, from the surfaces of its parts: those of which something is left.

    Parameters
    ----------
    patches : sequence of Patch
    contains : callable tensor (N, d) -> tensor (N,)
        Whether points lie inside the shape.
    size : float
        Its diagonal.
    """
    leaves = list({id(p.leaf): p.leaf for p in patches}.values())
    step = RULES.beside * size
    made = [Side(p, _keeps(contains, step, leaves[: leaves.index(p.leaf)]), (*p.labels, p.name)[0]) for p in patches]
    left = [side for side in made if side.size > RULES.beside * size ** (side.dimension - 1)]
    shared = {side.called: {s.patch.name for s in left if s.called == side.called} for side in left}
    for side in left:
        if len(shared[side.called]) > 1:  # "can mantle" and "can z=0", before numbers
            side.called = f"{side.called} {side.patch.name}"
    counts, numbers = Counter(side.called for side in left), Counter[str]()
    for side in left:
        numbers[side.called] += 1
        if counts[side.called] > 1:
            side.number = numbers[side.called]
    return tuple(left)


def _keeps(contains: Callable[[Tensor], Tensor], step: float, earlier: Sequence[Leaf]) -> Keeps:
    """Which points of a surface are on the boundary: each once, although two surfaces may lie in one place."""

    def keeps(surface: Surface) -> Tensor:
        x, moved = surface.points, step * surface.normals
        if len(x) > RULES.together:  # few at once, since calls take the time, and many apart, since points take memory
            within, without = contains(x - moved), contains(x + moved)
        else:
            within, without = contains(torch.cat([x - moved, x + moved])).chunk(2)
        sign = within.to(torch.int8) - without.to(torch.int8)
        for other in earlier:
            left = sign.nonzero()[:, 0]
            sign[left[other.away(surface.points[left]).abs() < 0.1 * step]] = 0
        return sign

    return keeps


def notches(
    sides: Sequence[Side], names: Iterable[str], signed: Callable[[Tensor], Tensor], size: float,
    blunt: float = 0.5,
) -> list[Notch]:  # fmt: skip
    """In a plane, the ends of sides around which more than half of a small circle lies inside; or more than another
    share, where it is not half, as on a smooth rim."""
    around, near = 3600, 1e-5 * size
    angle = 2 * math.pi * (torch.arange(around, dtype=torch.float64) + 0.5) / around
    circle = torch.stack([angle.cos(), angle.sin()], 1)
    seen: list[Tensor] = []
    made, (x, y) = list[Notch](), names
    for end in torch.cat([side.ends.points for side in sides]):
        if any(float((end - other).norm()) <= near for other in seen):
            continue
        seen.append(end)
        inside = signed(end + near * circle) > 0
        share = float(inside.double().mean())
        if RULES.notch < share < 1.0 or blunt < share < 1 - RULES.notch:
            inward = circle[inside].sum(0) / circle[inside].sum(0).norm()
            steps = torch.linspace(near / size, 1.0, around, dtype=torch.float64)[:, None] * size
            again = steps[signed(end - steps * inward) > 0]
            reach = float(again.min()) if len(again) else math.inf
            place, (a, b) = {x: float(end[0]), y: float(end[1])}, inward.tolist()
            made.append(Notch(place, (a, b), 2 * math.pi * share, reach))
    return made


def edges_of(side: Side) -> tuple[Sequence[float], Sequence[float]]:
    """Where the smooth pieces of a side's patch end along both parameters: those of what is curved turn by no more than
    a right angle."""
    patch = side.patch
    if patch.shares is not None:
        return [0.0, *patch.shares.tolist()], [0.0, 1.0]
    normals = side.nodes[0].normals
    flat = bool(((normals - normals[:1]).abs() < 1e-9).all())
    u = max(patch.stretches, 1 if flat else 4)
    v = 1 if flat or patch.stretches > 1 else 2
    return [k / u for k in range(u + 1)], [k / v for k in range(v + 1)]
