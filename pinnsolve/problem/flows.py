"""Which component of a velocity belongs to which coordinate of space: read off the equations, not off their order.

A velocity carries: where d(w, x) is multiplied by one component alone, that one runs along x. A pressure pushes: an
equation with second derivatives of one component and the derivative of another unknown along x alone is that of x. And
continuity, where it is declared, pairs them all. The pairing with the most of these signs is taken.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import permutations

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.geometry.domain import Domain
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Answer, Prober

USUAL = ("x", "y", "z")  # how coordinates are ordered where no equation tells


def in_order(components: Sequence[str], equations: Sequence[Equation], prober: Prober) -> tuple[str, ...]:
    """The components in the order of the coordinates of space that they run along.

    Where no equation tells, the order is that of the coordinates as they are declared, or of x, y, z if those are their
    names.
    """
    domain, signs = prober.domain, Counter[tuple[str, str]]()
    space = domain.space_coordinates
    for equation in equations:
        signs += carried(prober.inside(equation), components, domain)
        signs += _pushed(prober.derivatives(equation), components, domain)
    usual = sorted(space) if set(space) <= set(USUAL) else list(space)
    by_name = dict(zip(usual, components, strict=True))

    def weight(order: Sequence[str]) -> tuple[int, bool]:
        pairs = list(zip(order, space, strict=True))
        return sum(signs[pair] for pair in pairs), all(by_name[c] == k for k, c in pairs)

    return max(permutations(components), key=weight)


def carried(answer: Answer, components: Sequence[str], domain: Domain) -> Counter[tuple[str, str]]:
    """The unknowns that alone stand before a first derivative, and along which coordinate that is."""
    told = Counter[tuple[str, str]]()
    for _, alpha, slope in answer.slopes:
        coordinate = first_along(alpha, domain)
        for k in components if coordinate else ():
            ratio = slope / answer.probes[k].field.value.detach()
            if bool((ratio - ratio.mean()).abs().max() <= SAME * ratio.abs().max()):
                told[k, str(coordinate)] += 1
    return told


def _pushed(
    used: Sequence[tuple[str, Alpha]], components: Sequence[str], domain: Domain
) -> Counter[tuple[str, str]]:  # fmt: skip
    mine = {u for u, alpha in used if u in components and sum(alpha) == 2}
    pushing = {first_along(alpha, domain) for u, alpha in used if u not in components} - {None}
    if len(mine) == 1 and len(pushing) == 1:
        return Counter({(mine.pop(), str(pushing.pop())): 1})
    first = [(u, first_along(alpha, domain)) for u, alpha in used]
    if len(first) == len(components) and {u for u, _ in first} == set(components) and all(c for _, c in first):
        return Counter({(u, str(c)): 1 for u, c in first})  # continuity
    return Counter()


def first_along(alpha: Alpha, domain: Domain) -> str | None:
    """The coordinate of space along which this is a first derivative; None if it is another one."""
    if sum(alpha) != 1:
        return None
    coordinate = domain.coordinates[alpha.index(1)]
    return coordinate if coordinate in domain.space_coordinates else None
