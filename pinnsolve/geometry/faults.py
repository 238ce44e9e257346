"""What can be wrong with how a shape is put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.errors import ProblemError
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


def tiny(hole: str, size: float, rim: str, whole: float) -> list[str]:
    """A warning where a hole is so small that its numbers may be in another unit."""
    if size >= RULES.needle * whole:
        return []
    return [f"the hole {hole} is {size:.2g} across, and {rim} {whole:.2g}; are both in the same unit?"]


def of_hole(hole: str, rim: str, depth: Tensor, swallowed: bool, nearest: Callable[[], float]) -> list[str]:
    """A warning where a hole touches the rim from inside.

    Parameters
    ----------
    hole, rim : str
        Both shapes, in words.
    depth : tensor (N,)
        How deep the hole's surface lies inside the other shape, in parts of that one's size.
    swallowed : bool
        Whether the hole holds something of the shape all the same.
    nearest : callable () -> float
        The least depth, between these points, too.

    Raises
    ------
    ProblemError
        If it lies outside.
    """
    if not bool((depth > SAME).any()) and not swallowed:
        raise ProblemError(f"the hole {hole} lies outside {rim}", "Nothing is cut: look at its place and its units.")
    cuts = bool((depth < -SAME).any()) or float((depth.abs() <= SAME).double().mean()) > RULES.gap
    least = float(depth.min())
    if not cuts and RULES.gap <= least < RULES.close:
        least = nearest()
    if cuts or least >= RULES.gap or least < -SAME:
        return []
    return [
        f"the hole {hole} touches the rim of {rim}, or nearly so: what lies between them is narrower than points can "
        "see; leave more room, or let it cut through"
    ]


def shallowest(surface: Tensor, depth: Callable[[Tensor], Tensor], away: Callable[[Tensor], Tensor]) -> float:
    """The least depth of a surface, looked for around those of its points (N, d) that lie least deep: places on it
    around each of these, closer and closer.

    Parameters
    ----------
    depth, away : callable tensor (N, d) -> tensor (N,)
        How deep places lie in the other shape, and how far they are from the surface, of either sign.
    """
    dimension = surface.shape[1]
    found = surface[depth(surface).topk(min(RULES.touches, len(surface)), largest=False).indices]
    width = float((surface.max(0).values - surface.min(0).values).norm()) / 4
    around = torch.quasirandom.SobolEngine(dimension, scramble=True, seed=7).draw(RULES.around, dtype=torch.float64)
    around = torch.cat([torch.zeros(1, dimension, dtype=torch.float64), 2 * around - 1])
    for _ in range(RULES.closer):
        tried = (found[:, None] + width * around).flatten(0, 1)
        for _ in range(2):  # Newton's method back to the surface
            tried = _onto(tried, away, 1e-3 * width)
        depths = depth(tried).view(len(found), -1)
        best = depths.argmin(1)
        found, width = tried.view(len(found), -1, dimension)[torch.arange(len(found)), best], width / 2
    return float(depth(found).min())


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
    engine = torch.quasirandom.SobolEngine(len(low), scramble=True, seed=3)
    x = torch.cat([(low + high)[None] / 2, low + (high - low) * engine.draw(RULES.look, dtype=torch.float64)])
    depth = signed(x)
    best = 0 if float(depth[0]) > 0.1 * float(depth.max()) else int(depth.argmax())
    if not float(depth[best]) > 0:
        raise ProblemError(f"the shape {name} is empty", "Look at what its algebra leaves: nothing of it lies inside.")
    return dict(zip(bounds, x[best].tolist(), strict=True))
