"""Holes and notches of a shape: what makes solutions on it other than smooth functions of the coordinates."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Hole:
    """A ball in a hole, or in a plane across one that goes through.

    A solution beside a hole is the sum of one that goes on into it, and one that goes on to infinity: a series in

        xi = radius (x - centre) / r^2,    r = |x - centre|,

    with log r in a plane and radius / r in space (of Laplace's equation these are all there is).

    Parameters
    ----------
    centre : mapping from coordinate to float
    radius : float
    round : bool
        Whether it is all of what was cut out; then it counts where it cuts the rim, too.
    """

    centre: Mapping[str, float]
    radius: float
    round: bool = False


def placed_holes(holes: Iterable[Hole], turn: Tensor, shift: Tensor) -> list[Hole]:
    """Holes turned and moved; those through a plate, of fewer coordinates, are left out."""
    found = []
    for hole in holes:
        if len(hole.centre) == len(shift):
            place = turn @ torch.tensor(list(hole.centre.values()), dtype=torch.float64) + shift
            found.append(Hole(dict(zip(hole.centre, place.tolist(), strict=True)), hole.radius, hole.round))
    return found


@dataclass(frozen=True)
class Notch:
    """A corner whose angle inside is above 180 degrees, in a plane, or along an edge of a prism.

    There a solution is the sum of smooth functions times powers r^(k beta) cos(k beta phi) and sin(k beta phi), in
    polar coordinates around the corner with phi = 0 in the middle of the inside, and with

        beta = pi / (2 angle),

    which holds the powers of two equal conditions on both sides, and those of a value beside a slope.

    Source: Grisvard, Elliptic Problems in Nonsmooth Domains (1985), chapter 4.

    Parameters
    ----------
    place : mapping from coordinate to float
        Of two coordinates.
    inward : (float, float)
        The direction of the middle of the inside.
    angle : float
        In radians.
    reach : float
        How far the middle of the outside goes on before the shape begins again, as at a corner of a hole.
    """

    place: Mapping[str, float]
    inward: tuple[float, float]
    angle: float
    reach: float = math.inf
