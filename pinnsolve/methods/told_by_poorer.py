"""What a poorer march tells of the one that it solves again: its own error, and the part of it that the other has.

With two degrees and a stage fewer the errors differ by a factor of five to forty over a plane, so that the distance D
of both is that of the poorer one. Errors of values go as what series leave out, and this as the last terms of these:

    e = part D,      part = `last_terms.part_left` of the poorer march and the other, of values,

in each step by itself. What was told of marches of nine kinds is 0.9 to 7 times the error (`python -m
validation.poorer`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from torch import Tensor

from pinnsolve.checks.as_regular import kept_apart
from pinnsolve.methods.in_hand import evolution_of
from pinnsolve.methods.last_terms import part_left
from pinnsolve.trial.marched import Marched, Slab


@dataclass(frozen=True)
class Rules:
    """When a poorer march is solved first, and when it is believed.

    Parameters
    ----------
    costs : float
        Of a richer march: what it takes. Larger: fewer marches are solved again before the budget ends.
    enough : float
        Of the tolerance: an error told to be below it needs no richer march. Larger than `training.rules` say of cells:
        a march to a lower tolerance follows in its place.
    most : float
        A larger part is all of it: errors that fall so slowly do so at other rates than last terms (a front that
        nothing spreads has 0.39, and 0.40 is told). Larger: too kind. Smaller: richer marches that tell the same.
    least : float
        No part is told to be smaller: a poorer march that swings has large last terms. Smaller: too kind then.
    far : float
        A distance above which it tells nothing but itself. Larger: parts of a poorer march that follows nothing.
    kinked : float
        Times what a start says of kinks on cells that are alike. Smaller: too kind (`python -m validation.carried`).
    untold : float
        The most, and where a start says nothing: as of jumps. Smaller: too kind where a wall's jump is carried in.
    begun : float
        Of the distance: a start that misses less of an unknown has not made it. By the end a kink makes twice of it.
    fewer : int
        Degrees more there. Fewer of them off: errors that are nearly the same, so that the distance is less than these.
    """

    costs: float = 0.3
    enough: float = 0.9
    most: float = 0.3
    least: float = 0.05
    far: float = 0.2
    kinked: float = 1.2
    untold: float = 2.0
    begun: float = 0.1
    fewer: int = -4


RULES = Rules()


def tells(known: Marched) -> bool:
    """Whether last terms say what part of an error a march has: over a plane, where nothing keeps errors from falling
    as they do, such as a kink, a corner or what materials join."""
    e = evolution_of(known)
    plain = e.dims == 2 and e.region is None and not (e.cornered or e.relations or e.crossed)
    smooth = known.doubt == 1.0 and not known.plan.rough_inside
    return plain and smooth and kept_apart(known.problem) is None


def part_of(known: Marched, poorer: Sequence[Slab], away: float, sizes: Tensor) -> float:
    """What a march has of the error of a poorer one that is so far away; all of it where that is not told."""
    if not tells(known) or away > RULES.far:
        return 1.0
    part = part_left(poorer, known.slabs, sizes.tolist(), 0)
    return max(part, RULES.least) if part <= RULES.most else 1.0


def part_of_kinks(missed: Tensor, more: Tensor, away: float) -> float:
    """The part where kinks are carried through cells that are alike.

    Each degree adds to the start's polynomials parts that are orthogonal to all lower ones, so that squares of errors
    add up to that of the distance D:

        e = D / sqrt(g^2 - 1),      g = more / missed,

    with g = (d / d')^(3/2) of kinks, d / d' of edges as of a sphere, and (d / d')^(1/2) of jumps.

    Parameters
    ----------
    missed, more : Tensor
        What the start's polynomials miss of each unknown, and what those of fewer degrees do, relative to sizes, (F,).
    away : float
        The distance: a start that misses far less than that is not what makes it.
    """
    rough = more > RULES.begun * away
    if not rough.any():
        return RULES.untold
    grown = float((more[rough] / missed[rough]).amin())
    part = RULES.kinked / max(grown**2 - 1, 1e-300) ** 0.5
    return max(RULES.least, min(part, RULES.untold))


def good_enough(part: float, away: float, tolerance: float) -> bool:
    """Whether a march that has such a part of a distance need not be solved again; not where it is not told."""
    return part < 1.0 and part * away <= RULES.enough * tolerance
