"""What can be wrong with how a shape is put together."""

from __future__ import annotations

from collections.abc import Callable, Mapping

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


def of_hole(hole: str, rim: str, depth: Tensor, swallowed: bool) -> list[str]:
    """A warning where a hole touches the rim from inside.

    Parameters
    ----------
    hole, rim : str
        Both shapes, in words.
    depth : tensor (N,)
        How deep the hole's surface lies inside the other shape, in parts of that one's size.
    swallowed : bool
        Whether the hole holds something of the shape all the same.

    Raises
    ------
    ProblemError
        If it lies outside.
    """
    if not bool((depth > SAME).any()) and not swallowed:
        raise ProblemError(f"the hole {hole} lies outside {rim}", "Nothing is cut: look at its place and its units.")
    cuts = bool((depth < -SAME).any()) or float((depth.abs() <= SAME).double().mean()) > RULES.gap
    if cuts or float(depth.min()) >= RULES.gap:
        return []
    return [
        f"the hole {hole} touches the rim of {rim}, or nearly so: what lies between them is narrower than points can "
        "see; leave more room, or let it cut through"
    ]


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
        raise ProblemError(f"the shape {name} is empty", "Look at what its algebra leaves: nothing of it lies inside.")
    return dict(zip(bounds, x[best].tolist(), strict=True))
