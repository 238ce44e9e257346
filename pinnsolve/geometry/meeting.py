"""Whether a part of space lies in a domain, where at least some of it does."""

from __future__ import annotations

import torch

from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.mesh import Mesh
from pinnsolve.geometry.shape import Shape


def meets(part: Shape, domain: Domain) -> bool:
    """Whether anything of a part lies in the domain: by their boxes, and, where it has all coordinates of a shape, by
    whether its rim enters that or either holds the middle of the other.

    A part that meets a connected shape otherwise holds all of it. Groups of a mesh lie in it, and are not looked at.
    """
    ends = {c: domain.ends(c) for c in part.bounds}
    if any(high <= ends[c][0] or low >= ends[c][1] for c, (low, high) in part.bounds.items()):
        return False
    whole = domain.shape
    if whole is None or isinstance(whole, Mesh) or set(part.bounds) != set(whole.bounds):
        return True
    order = [list(part.bounds).index(c) for c in whole.bounds]
    middle = torch.tensor([[whole.deepest[c] for c in part.bounds]], dtype=torch.float64)
    own = torch.tensor([list(part.deepest.values())], dtype=torch.float64)
    if bool(part.contains(middle)) or bool(whole.contains(own[:, order])):
        return True
    return any(bool(whole.contains(side.finely()[:, order]).any()) for side in part.sides)


def extent_of(domain: Domain) -> str:
    """How far space goes, in words."""
    ends = ", ".join("{} from {:g} to {:g}".format(c, *domain.ends(c)) for c in domain.space_coordinates)
    return f"Space is {ends}{'' if domain.shape is None else ', less what is cut out'}."
