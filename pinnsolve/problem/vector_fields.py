"""Which unknowns are the components of a vector field, along which coordinates: read off the equations.

A divergence, u_x + v_y, or in a plane a curl, v_x - u_y, names the components. A velocity carries, (u . grad) w. Where
a solid is stretched, u_xx weighs more than u_yy beside v_xy. Two unknowns that nothing of this pairs, the two parts of
a wave function or two species, are none.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from torch import Tensor

from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.once import once
from pinnsolve.problem.flows import carried, first_along
from pinnsolve.problem.probes import Answer
from pinnsolve.problem.problem import Problem

Components = tuple[str, ...]  # by the coordinates of space


def vector_fields(problem: Problem) -> tuple[Components, ...]:
    """The vector fields among the unknowns, each by its components in the order of the coordinates of space.

    Two that share a component, as the rows of a stress, are taken for vectors where more equations say so of one.
    """
    return once(problem, ("vector fields",), lambda: tuple(_found(problem)))


def _found(problem: Problem) -> Iterator[Components]:
    domain = problem.domain
    if len(domain.space_coordinates) not in (2, 3) or len(problem.unknowns) < len(domain.space_coordinates):
        return
    answers = [problem.prober.inside(e) for e in problem.equations]
    votes = Counter[Components]()
    for answer in answers:
        votes.update(_by_first(answer, domain))
        votes.update(_by_mixed(answer, domain))
    pairs = sum((carried(answer, problem.unknowns, domain) for answer in answers), Counter[tuple[str, str]]())
    votes.update(_whole(set(pairs), domain))
    declared = {flow.components for flow in problem.solenoidal}
    best: dict[frozenset[str], Components] = {}
    for components in sorted(votes | Counter(declared), key=lambda c: (c in declared, votes[c]), reverse=True):
        best.setdefault(frozenset(components), components)
    for mine, components in best.items():
        rivals = [c for other, c in best.items() if other != mine and other & mine]
        if components in declared or all(votes[components] > votes[c] and c not in declared for c in rivals):
            yield components


def _whole(pairs: set[tuple[str, str]], domain: Domain) -> list[Components]:
    """One component along each coordinate, of those unknowns that stand for one coordinate alone."""
    along = Counter(u for u, _ in pairs)
    found = [[u for u, c in pairs if c == coordinate and along[u] == 1] for coordinate in domain.space_coordinates]
    return [tuple(u for (u,) in found)] if all(len(each) == 1 for each in found) else []


def _by_first(answer: Answer, domain: Domain) -> list[Components]:
    """A divergence, whose terms have one sign, or in a plane a curl, whose terms have two."""
    slopes = {(u, c): slope for u, alpha, slope in answer.slopes if (c := first_along(alpha, domain))}
    found = _whole(set(slopes), domain)
    if not found:
        return []
    first, *others = (slopes[u, c] for u, c in zip(found[0], domain.space_coordinates, strict=True))
    if all(bool((first * other > 0).all()) for other in others):
        return found
    return [found[0][::-1]] if len(others) == 1 and bool((first * others[0] < 0).all()) else []


def _by_mixed(answer: Answer, domain: Domain) -> list[Components]:
    """In a plane: u_xx and u_yy of different weights, and v_xy."""
    space = domain.space_coordinates
    if len(space) != 2:
        return []
    second: dict[tuple[str, tuple[str, ...]], Tensor] = {}
    for u, alpha, slope in answer.slopes:
        if sum(alpha) == 2:
            second[u, tuple(c for c, k in zip(domain.coordinates, alpha, strict=True) for _ in range(k))] = slope
    pure = {u for u, over in second if len(set(over)) == 1}
    mixed = {u for u, over in second if len(set(over)) == 2 and set(over) == set(space)}
    if len(pure) != 1 or len(mixed - pure) != 1:
        return []
    (stretched,), (other,) = pure, mixed - pure
    weights = [second.get((stretched, (c, c))) for c in space]
    if any(w is None for w in weights):
        return []
    x, y = (w.abs() for w in weights if w is not None)
    if bool((x > y).all()):
        return [(stretched, other)]
    return [(other, stretched)] if bool((x < y).all()) else []
