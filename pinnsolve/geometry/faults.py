"""What can be wrong with how a shape is put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.cube import sobol
from pinnsolve.geometry.rules import RULES


def needle(bounds: Mapping[str, tuple[float, float]]) -> list[str]:
    """A warning where a shape is so slender that its coordinates may be in different units."""
    lengths = {c: high - low for c, (low, high) in bounds.items()}
    short, long = min(lengths, key=lambda c: lengths[c]), max(lengths, key=lambda c: lengths[c])
    if lengths[short] >= RULES.needle * lengths[long]:
        return []
    return [
        f"the shape is {lengths[long]:g} long in {long} and {lengths[short]:g} in {short}; are both in the same unit?"
    ]


@dataclass(frozen=True)
class Cut:
    """A shape less a hole.

    Parameters
    ----------
    surface : tensor (N, d)
        Points of the hole's surface.
    deep, away : callable tensor (N, d) -> tensor (N,)
        How deep places lie in the shape, and how far from the hole's surface, of either sign.
    whole, size : float
        Of the shape, and of the hole.
    """

    surface: Tensor
    deep: Callable[[Tensor], Tensor]
    away: Callable[[Tensor], Tensor]
    whole: float
    size: float

    @cached_property
    def depth(self) -> Tensor:
        """How deep (N,) the hole's surface lies inside, in parts of the shape's size."""
        return self.deep(self.surface) / self.whole

    def faults(self, hole: str, rim: str, swallowed: bool) -> list[str]:
        """Warnings where it touches the rim from inside, and where it is so small that it may be in another unit.

        Parameters
        ----------
        hole, rim : str
            Both shapes, in words.
        swallowed : bool
            Whether the hole holds something of the shape all the same.

        Raises
        ------
        ProblemError
            If it lies outside.
        """
        depth, least = self.depth, float(self.depth.min())
        if not bool((depth > SAME).any()) and not swallowed:
            raise ProblemError(
                f"the hole {hole} lies outside {rim}", "Nothing is cut: look at its place and its units."
            )
        told = list[str]()
        if self.size < RULES.needle * self.whole:
            told.append(
                f"the hole {hole} is {self.size:.2g} across, and {rim} {self.whole:.2g}; are both in the same unit?"
            )
        if least < -SAME or float((depth.abs() <= SAME).double().mean()) > RULES.gap:
            return told  # it cuts the rim, or lies along it
        if RULES.gap <= least < RULES.close:
            least = self.nearest() / self.whole
        if -SAME <= least < RULES.gap:
            told.append(
                f"the hole {hole} touches the rim of {rim}, or nearly so: what lies between them is narrower than "
                "points can see; leave more room, or let it cut through"
            )
        return told

    def nearest(self) -> float:
        """The least depth of its surface, looked for around those of its points that lie least deep: places on it
        around each of these, closer and closer."""
        dimension = self.surface.shape[1]
        found = self.surface[self.depth.topk(min(RULES.touches, len(self.surface)), largest=False).indices]
        width = float((self.surface.max(0).values - self.surface.min(0).values).norm()) / 4
        engine = torch.quasirandom.SobolEngine(dimension, scramble=True, seed=7)
        around = 2 * engine.draw(RULES.around, dtype=torch.float64) - 1
        around = torch.cat([torch.zeros(1, dimension, dtype=torch.float64), around])
        for _ in range(RULES.closer):
            tried = (found[:, None] + width * around).flatten(0, 1)
            for _ in range(2):  # Newton's method back to the surface
                tried = _onto(tried, self.away, 1e-3 * width)
            best = self.deep(tried).view(len(found), -1).argmin(1)
            found, width = tried.view(len(found), -1, dimension)[torch.arange(len(found)), best], width / 2
        return float(self.deep(found).min())


def _onto(x: Tensor, away: Callable[[Tensor], Tensor], beside: float) -> Tensor:
    """Places (N, d) moved to where a distance vanishes, along its slope."""
    steps = beside * torch.eye(x.shape[1], dtype=torch.float64)
    slope = torch.stack([(away(x + step) - away(x - step)) / (2 * beside) for step in steps], 1)
    return x - away(x)[:, None] * slope / slope.square().sum(1, keepdim=True).clamp(min=0.25)


def deepest(
    bounds: Mapping[str, tuple[float, float]], signed: Callable[[Tensor], Tensor], name: str
) -> dict[str, float]:
    """A place far inside: the middle of the bounding box, or where that lies outside the farthest from the boundary
    that was seen.

    Raises
    ------
    ProblemError
        If nothing lies inside.
    """
    low, high = (torch.tensor(ends, dtype=torch.float64) for ends in zip(*bounds.values(), strict=True))
    x = torch.cat([(low + high)[None] / 2, low + (high - low) * sobol(RULES.look, len(low), seed=3)])
    depth = signed(x)
    best = 0 if float(depth[0]) > 0.1 * float(depth.max()) else int(depth.argmax())
    if not float(depth[best]) > 0:
        why = "Look at what its algebra leaves: nothing, or no more than a sliver."
        raise ProblemError(f"the shape {name} is empty", why)
    return dict(zip(bounds, x[best].tolist(), strict=True))
