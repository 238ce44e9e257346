"""What is joined across places of a line, and across lines of a plane, where that is not each trace by itself: fluxes
where coefficients jump (`checks.fluxes`), and what conditions inside ask for (`trial.inner_place`)."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.fluxes import bend
from pinnsolve.checks.inner_joins import inner_places
from pinnsolve.checks.resolution import Resolution
from pinnsolve.errors import ProblemError
from pinnsolve.networks.traces import Across, Crossed, Relation
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.determined import UnmarchableError
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.inner_place import Given, InnerPlace


def crossings(
    problem: Problem, made: Plan, coordinate: str, joins: Mapping[str, int], found_along: Resolution
) -> dict[float, Across]:
    """What is joined at the places where that is not each trace by itself.

    Parameters
    ----------
    joins : mapping from unknown to int
        So many traces each: the value and the derivatives below that order.
    found_along : Resolution
        Where equations jump.

    Raises
    ------
    UnmarchableError
        Where a coefficient jumps and the equations do not say how traces go on, or a condition is not linear.
    ProblemError
        Where conditions on an inner place are too many, too few, or contradict each other.
    """
    found, there = dict[float, Across](), inner_places(problem, coordinate)
    near = 100 * SAME * problem.domain.length(coordinate)
    for place in found_along.breaks:
        if any(abs(place - v) <= near for v in there):
            continue
        matrix = bend(problem, coordinate, place, joins)
        if matrix is None:
            raise UnmarchableError("a coefficient jumps, and no flux says how slopes go on there")
        if not torch.equal(matrix, torch.eye(len(matrix), dtype=matrix.dtype)):
            found[place] = Across.bent(matrix)
    for place, told in there.items():
        jumps = [b for b in found_along.breaks if abs(b - place) <= near]
        matrix = bend(problem, coordinate, place, joins) if jumps else torch.eye(sum(joins.values())).double()
        left, right, given = InnerPlace(problem, coordinate, joins, told, matrix).relations()
        found[place] = Across(left, right, _timed(given, problem.domain.time))
    check_seen(problem, made, [(coordinate, place) for place in found])
    return found


def check_seen(problem: Problem, made: Plan, found: Sequence[tuple[str, float]]) -> None:
    """Refuse coefficients of highest derivatives that jump where nothing else is joined than traces; where conditions
    stand inside, each place by itself."""
    told = {f"{coordinate}={place:g}" for coordinate, place in found}
    left = [place for place in made.unseen if not (told if not problem.inner else place in told)]
    if left:
        raise UnmarchableError(f"a coefficient of the highest derivative jumps at {left[0]}")


def crossings_in_time(
    problem: Problem, made: Plan, joins: Mapping[str, int], inside: Sequence[Resolution], sign: int, second: bool
) -> Mapping[float, Across]:
    """The same in an evolution, with times as a march counts them: `sign` times the problem's."""
    if len(inside) > 1:
        if made.unseen and not problem.inner:  # where conditions stand inside, lines say it (`crossed`)
            raise UnmarchableError(f"a coefficient of the highest derivative jumps at {made.unseen[0]}")
        return {}
    found = crossings(problem, made, problem.domain.space_coordinates[0], joins, inside[0])
    begin, end = problem.domain.ends(str(problem.domain.time))
    times = torch.linspace(begin, end, 17, dtype=torch.float64)
    if second and any(a.given is not None and bool((a.given(times).diff(dim=0) != 0).any()) for a in found.values()):
        raise UnmarchableError("what stands inside changes in time, and equations are of second order along it")
    return {place: a if a.given is None else _signed(a, a.given, sign) for place, a in found.items()}


def _signed(across: Across, given: Callable[[Tensor], Tensor], sign: int) -> Across:
    return replace(across, given=lambda times: given(sign * times))


def _timed(given: Given, time: str | None) -> Callable[[Tensor], Tensor]:
    return lambda times: given({} if time is None else {time: times}, len(times))


def crossed(
    problem: Problem, joins: Mapping[str, Sequence[int]], inside: Sequence[Resolution], fluxes: bool
) -> tuple[Crossed, ...]:
    """What is joined across lines of a plane, or planes of space, otherwise than the traces themselves.

    Parameters
    ----------
    joins : mapping from unknown to sequence of int
        Along each coordinate of space so many traces.
    inside : sequence by coordinate of Resolution
        Where equations jump.
    fluxes : bool
        Whether lines where equations jump are looked at, and fluxes go on there.

    Raises
    ------
    UnmarchableError
        Where the equations do not say how traces go on, or that is more than a slope; where a condition is not linear,
        or speaks of several unknowns.
    ProblemError
        Where conditions on an inner place are too many, too few, or contradict each other.
    """
    found = list[Crossed]()
    for axis, (coordinate, along) in enumerate(zip(problem.space_coordinates, inside, strict=True)):
        orders, there = {u: j[axis] for u, j in joins.items()}, inner_places(problem, coordinate)
        near = 100 * SAME * problem.domain.length(coordinate)
        for place in along.breaks if fluxes else ():
            if all(abs(place - v) > near for v in there):
                found += _by_fluxes(problem, axis, coordinate, place, orders)
        for place, told in there.items():
            jumps = fluxes and any(abs(b - place) <= near for b in along.breaks)
            matrix = bend(problem, coordinate, place, orders) if jumps else torch.eye(sum(orders.values())).double()
            left, right, given = InnerPlace(problem, coordinate, orders, told, matrix).relations()
            found.append(
                Crossed(axis, place, _relations(coordinate, place, orders, left, right), _along(problem, axis, given))
            )
    return tuple(found)


def _along(problem: Problem, axis: int, given: Given) -> Callable[[Tensor, Tensor], Tensor]:
    """What is given, by times and places along the other coordinates."""
    along, time = [c for k, c in enumerate(problem.space_coordinates) if k != axis], problem.domain.time
    return lambda t, y: given(dict(zip(along, y.unbind(-1), strict=True)) | ({} if time is None else {time: t}), len(y))


def _relations(
    coordinate: str, place: float, orders: Mapping[str, int], left: Tensor, right: Tensor
) -> tuple[Relation, ...]:
    """The rows of relations, each with the unknown of which it speaks."""
    found, first, starts = list[Relation](), 0, list[tuple[int, int]]()
    for count in orders.values():
        starts.append((first, first + count))
        first += count
    for below, above in zip(left, right, strict=True):
        mine = [f for f, (a, b) in enumerate(starts) if bool(below[a:b].any()) or bool(above[a:b].any())]
        if len(mine) != 1:
            raise UnmarchableError(f"conditions at {coordinate} = {place:g} speak of several unknowns at once")
        a, b = starts[mine[0]]
        found.append((mine[0], tuple(below[a:b].tolist()), tuple(above[a:b].tolist())))
    return tuple(found)


def _by_fluxes(problem: Problem, axis: int, coordinate: str, place: float, orders: Mapping[str, int]) -> list[Crossed]:
    """Where equations jump, how slopes go on there, as far as fluxes say it.

    Raises
    ------
    UnmarchableError
        If they do not, or it is no slope of one unknown that jumps by itself.
    """
    matrix = bend(problem, coordinate, place, orders)
    if matrix is None or bool((matrix != torch.diag(matrix.diagonal())).any()):
        raise UnmarchableError(f"no flux says how slopes go on at {coordinate} = {place:g}")
    ratios = matrix.diagonal().tolist()
    if all(ratio == 1.0 for ratio in ratios):
        return []
    for k, ratio in zip([k for n in orders.values() for k in range(n)], ratios, strict=True):
        if ratio != 1.0 and (k != 1 or not ratio > 0):
            raise UnmarchableError(f"more than a slope jumps at {coordinate} = {place:g}")
    same = torch.eye(len(matrix), dtype=torch.float64)
    return [Crossed(axis, place, _relations(coordinate, place, orders, matrix, -same))]


def not_inside(problem: Problem, why: str) -> ProblemError:
    """What to say where conditions stand inside and cells cannot be used."""
    names = " and ".join(c.name for c in problem.inner)
    return ProblemError(
        f"{names}: conditions inside the domain are solved over cells alone, and {why}",
        "Possible are linear conditions on face(x=0.5) of a box in one or two dimensions, or three without time, with "
        "enough conditions at its walls, and neither method nor network. A film may also be a part of its own, "
        "Piecewise(1.0, (Box(x=(0.4, 0.41)), 0.01)), and a load a narrow source in the equation.",
    )
