"""At which places a march with little viscosity is as near to the limit as at a shock, told by a march with more.

From one viscosity to the other slopes of shocks grow by the ratio of both, those of contacts by its root. Those of
fans and of what is smooth do not grow: errors fall there more quickly than at shocks. A line falls into the
neighbourhoods of its steepest places, between which slopes of both marches fall to less than half.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Rules:
    """What is a shock, and what is smooth, by powers of the viscosities' ratio by which slopes grow.

    Parameters
    ----------
    near, far : float
        Those of a shock lie between. Nearer to one: shocks that have not formed as yet are none. Farther: so is what a
        march with more viscosity does not see at all.
    calm : float
        Those of what is smooth lie below. Larger: contacts are smooth.
    falls : float
        Of the slopes on either side: what lies between two neighbourhoods. Larger: wiggles are places of their own.
    """

    near: float = 0.8
    far: float = 1.3
    calm: float = 0.2
    falls: float = 0.5


RULES = Rules()


def quick(before: Tensor, now: Tensor, ratio: float) -> Tensor:
    """Whether errors fall at each place at least as at a shock, (F, N).

    Parameters
    ----------
    before, now : tensor (F, N)
        Slopes along a line, without their signs, where more viscosity was added, and now.
    ratio : float
        Of both viscosities.
    """
    found = torch.zeros_like(now, dtype=torch.bool)
    calm, least, most = (ratio**power for power in (RULES.calm, RULES.near, RULES.far))
    for f, slopes in enumerate((before + now).tolist()):  # beyond a layer lies what it was with more viscosity
        begins = _neighbourhoods(slopes)
        for low, high in zip(begins, [*begins[1:], len(slopes)], strict=True):
            grown = float(now[f, low:high].max()) / max(float(before[f, low:high].max()), 1e-300)
            found[f, low:high] = least < grown < most or grown < calm
    return found


def _neighbourhoods(slopes: list[float]) -> list[int]:
    """Where each of them begins."""
    found, steepest, lowest, at = [0], 0.0, 0.0, 0
    for k, slope in enumerate(slopes):
        if slope < lowest:
            lowest, at = slope, k
        elif RULES.falls * slope > lowest and lowest < RULES.falls * steepest:
            found.append(at)
            steepest = lowest = slope
        elif slope > steepest:
            steepest = lowest = slope
    return found
