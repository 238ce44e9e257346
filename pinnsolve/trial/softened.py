"""What is prescribed along a line, with jumps smeared over a width. At the start, on either side of one the values
beside it go on; at a wall it is caught up with afterwards:

    u(x) = u_left + (1 + erf((x - b) / width)) / 2 (u_right - u_left),
    u(t) = u_told(t) - (u_told(b+) - u_told(b-)) exp(-((t - b) / width)^4)      for t > b.

Where a ring closes the other end goes on. What is smeared differs by less than the jump times the width, in L1, so that
marches with narrower and narrower jumps go to the solution of what is told.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor

from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Prescribed
from pinnsolve.trial.determined import Wall
from pinnsolve.trial.evolution import Evolution


@dataclass(frozen=True)
class Rules:
    """When a jump is seen, and when it is over. Chosen, not measured.

    Parameters
    ----------
    beside : float
        Of the length, or the time: so far from a break, on either side, values are compared. Larger: kinks are steep.
        Smaller: breaks are placed less well than that.
    jump : float
        Of an unknown's size: less is a kink. Larger: weak shocks are left to a march that cannot do them.
    after : float
        Of the time: so long after the moment at which a step ends, which is just before (`checks.resolution`), a wall
        has jumped. Larger: a short step sees nothing of it. Smaller: than how well the moment is known.
    """

    beside: float = 1e-6
    jump: float = 1e-4
    after: float = 1e-10


RULES = Rules()


def closes(begun: Evolution) -> bool:
    """Whether a start along a ring jumps where that closes."""
    if not begun.rings[0]:
        return False
    ends, moment = torch.tensor(begun.extent[0], dtype=torch.float64)[:, None], begun.times[0]
    sizes = dict(zip(begun.problem.unknowns, begun.sizes, strict=True))
    jumps = {u: float(begun.given(told, ends, moment).diff().abs()) for u, told in begun.starts.items()}
    return any(jump > RULES.jump * sizes[u] for u, jump in jumps.items())


def softened(begun: Evolution, width: float) -> dict[str, Prescribed]:
    """What is prescribed of each unknown at the start, with its jumps smeared over a width (length)."""
    (low, high), (name,) = begun.extent[0], begun.problem.space_coordinates
    breaks = sorted(b for b in begun.begun[0].breaks if low < b < high)
    ends, around = [low, *breaks, high], high - low
    parts = [(left, right, 0.0) for left, right in pairwise(ends)]
    if closes(begun):  # on either side the other end goes on
        parts = [(ends[-2], high, -around), *parts, (low, ends[1], around)]
        breaks = ends
    if not breaks:
        return begun.starts
    away = 1e-9 * around  # by rounding a place at a break may be on its other side

    def soft(told: Prescribed) -> Prescribed:
        def given(at: Fields) -> Jet:
            x = at[name].value.detach()

            def side(left: float, right: float, shift: float) -> Tensor:
                """What is prescribed between two ends; beyond them what is prescribed beside."""
                least, most = left + away * (left > low), right - away * (right < high)
                return begun.given(told, (x - shift).clamp(least, most)[:, None], begun.times[0])

            value = before = side(*parts[0])
            for place, part in zip(breaks, parts[1:], strict=True):
                here = side(*part)
                value = value + (1 + torch.erf((x - place) / width)) / 2 * (here - before)
                before = here
            return at[name] * 0.0 + value

        return replace(told, given=given, number=None)

    return {u: soft(told) if told.number is None else told for u, told in begun.starts.items()}


def at_wall(begun: Evolution, wall: Wall) -> list[tuple[float, float]]:
    """When what a wall says of a value begins elsewhere than it was, at the start and later, and by how much."""
    says = wall.equation.prescribes
    if says is None or says.what != "value" or says.unknown not in begun.starts:
        return []
    (begin, end), place = begun.times, torch.full((1, 1), wall.fixed[0], dtype=torch.float64)
    later = RULES.beside * (end - begin)
    found = [(begin, begun.given(says, place, begin) - begun.given(begun.starts[says.unknown], place, begin))]
    found += [(m, begun.given(says, place, m + later) - begun.given(says, place, m - later)) for m in begun.moments]
    size = begun.sizes[begun.problem.unknowns.index(says.unknown)]
    return [(moment, float(jump)) for moment, jump in found if float(jump.abs()) > RULES.jump * size]


def caught_up(begun: Evolution, width: float) -> tuple[Wall, ...]:
    """The walls, at which values that jump are caught up with within a width (time)."""
    return tuple(_caught_up(begun, wall, width) for wall in begun.walls)


def _caught_up(begun: Evolution, wall: Wall, width: float) -> Wall:
    told, name, (begin, end) = wall.equation.prescribes, str(begun.problem.domain.time), begun.times
    jumps = at_wall(begun, wall)
    if told is None or not jumps:
        return wall

    def given(at: Fields) -> Jet:
        value, time = told.given(at), at[name]
        for moment, jump in jumps:
            since, over = (time - moment) / width, moment + RULES.after * (end - begin) * (1 if moment > begin else -1)
            value = value - torch.where(time > over, jump * torch.exp(-(since**4)), 0.0 * time)
        return value

    def residual(at: Fields) -> Jet:
        return at[told.unknown] - given(at)

    soft = replace(told, given=given, asks=told.asks | {name}, number=None)
    return replace(wall, equation=replace(wall.equation, residual=residual, prescribes=soft))
