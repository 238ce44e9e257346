"""A start along a line whose jumps are smeared over a width: on either side of one the values beside it go on,

    u(x) = u_left + (1 + erf((x - b) / width)) / 2 (u_right - u_left).

What is smeared differs from the start by less than the jump times the width, in L1, so that marches with less and less
viscosity, and as narrow jumps, go to the same limit.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import torch
from torch import Tensor

from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Prescribed
from pinnsolve.trial.evolution import Evolution


def softened(begun: Evolution, width: float) -> dict[str, Prescribed]:
    """What is prescribed of each unknown at the start, with its jumps smeared over a width (length)."""
    (low, high), (name,) = begun.extent[0], begun.problem.space_coordinates
    breaks = sorted(b for b in begun.begun[0].breaks if low < b < high)
    if not breaks:
        return begun.starts
    ends = [low, *breaks, high]
    away = 1e-9 * (high - low)  # by rounding a place at a break may be on its other side

    def soft(told: Prescribed) -> Prescribed:
        def given(at: Fields) -> Jet:
            x = at[name].value.detach()
            value = _side(begun, told, x, ends[0], ends[1] - away)
            before = value
            for left, right in pairwise(ends[1:]):
                here = _side(begun, told, x, left + away, right - away)
                value = value + (1 + torch.erf((x - left) / width)) / 2 * (here - before)
                before = here
            return at[name] * 0.0 + value

        return replace(told, given=given, number=None)

    return {u: soft(told) if told.number is None else told for u, told in begun.starts.items()}


def _side(begun: Evolution, told: Prescribed, x: Tensor, low: float, high: float) -> Tensor:
    """What is prescribed between two breaks; beyond them what is prescribed beside."""
    return begun.given(told, x.clamp(low, high)[:, None], begun.times[0])
