"""What is joined across places of a line, and across lines of a plane, where that is not each trace by itself: fluxes
where coefficients jump (`checks.fluxes`), and what conditions inside ask for (`trial.inner_place`)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

import torch
from torch import Tensor

from pinnsolve.checks.resolution import Resolution
from pinnsolve.errors import ProblemError
from pinnsolve.networks.traces import Across, Crossed, Relation
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.determined import UnmarchableError
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.inner_place import Given
from pinnsolve.trial.place_across import PlaceAcross, Relations, places_across


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
    found, time = dict[float, Across](), problem.domain.time
    for at in places_across(problem, coordinate, joins, found_along):
        told = at.relations()
        if told is None:
            raise UnmarchableError("a coefficient jumps, and no flux says how slopes go on there")
        if not at.same:
            found[at.place] = Across(told.left, told.right, _timed(told.given, time), _answering(at, time))
    check_seen(problem, made, [(coordinate, place) for place in found])
    return found


def _answering(at: PlaceAcross, time: str | None) -> Callable[[Mapping[str, float]], dict[str, Across]]:
    def by(constants: Mapping[str, float]) -> dict[str, Across]:
        return {n: Across(t.left, t.right, _timed(t.given, time, n)) for n, t in at.by(constants).items()}

    return by


def check_seen(problem: Problem, made: Plan, found: Sequence[tuple[str, float]]) -> None:
    """Refuse coefficients of highest derivatives that jump where nothing else is joined than traces; where conditions
    stand inside, each place by itself."""
    told = {f"{coordinate}={place:g}" for coordinate, place in found}
    left = [place for place in made.unseen if not (told if not problem.lines else place in told)]
    if left:
        raise UnmarchableError(f"a coefficient of the highest derivative jumps at {left[0]}")


def crossings_in_time(
    problem: Problem, made: Plan, joins: Mapping[str, int], inside: Sequence[Resolution], sign: int, second: bool
) -> Mapping[float, Across]:
    """The same in an evolution, with times as a march counts them: `sign` times the problem's."""
    if len(inside) > 1:
        if made.unseen and not problem.lines:  # where conditions stand inside, lines say it (`crossed`)
            raise UnmarchableError(f"a coefficient of the highest derivative jumps at {made.unseen[0]}")
        return {}
    found = crossings(problem, made, problem.domain.space_coordinates[0], joins, inside[0])
    begin, end = problem.domain.ends(str(problem.domain.time))
    times = torch.linspace(begin, end, 17, dtype=torch.float64)
    if second and any(a.given is not None and bool((a.given(times).diff(dim=0) != 0).any()) for a in found.values()):
        raise UnmarchableError("what stands inside changes in time, and equations are of second order along it")
    return {place: _signed(a, sign) for place, a in found.items()}


def _signed(across: Across, sign: int) -> Across:
    """The same with times as a march counts them."""
    given, by = across.given, across.by
    return replace(
        across,
        given=None if given is None else lambda times: given(sign * times),
        by=None if by is None else lambda constants: {n: _signed(a, sign) for n, a in by(constants).items()},
    )


def _timed(given: Given | None, time: str | None, by: str = "") -> Callable[[Tensor], Tensor] | None:
    """What is given, by times; or its derivative by a constant."""
    if given is None:
        return None
    return lambda times: given({} if time is None else {time: times}, len(times), by)


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
        orders = {u: j[axis] for u, j in joins.items()}
        for at in places_across(problem, coordinate, orders, along, fluxes):
            told = at.relations() if at.told else _by_fluxes(at)
            if told is None:
                continue
            relations = _relations(at, told)
            fields = [f for f, *_ in relations]
            found.append(
                Crossed(axis, at.place, relations, _along(problem, axis, told.given), _crossed_by(at, axis, fields))
            )
    return tuple(found)


def _crossed_by(
    at: PlaceAcross, axis: int, fields: Sequence[int]
) -> Callable[[Mapping[str, float]], dict[str, Crossed]]:  # fmt: skip
    def by(constants: Mapping[str, float]) -> dict[str, Crossed]:
        return {
            n: Crossed(axis, at.place, _relations(at, t, fields), _along(at.problem, axis, t.given, n))
            for n, t in at.by(constants).items()
        }

    return by


def _along(
    problem: Problem, axis: int, given: Given | None, by: str = ""
) -> Callable[[Tensor, Tensor], Tensor] | None:  # fmt: skip
    """What is given, by times and places along the other coordinates; or its derivative by a constant."""
    if given is None:
        return None
    along, time = [c for k, c in enumerate(problem.space_coordinates) if k != axis], problem.domain.time
    return lambda t, y: given(
        dict(zip(along, y.unbind(-1), strict=True)) | ({} if time is None else {time: t}), len(y), by
    )


def _relations(at: PlaceAcross, told: Relations, fields: Sequence[int] = ()) -> tuple[Relation, ...]:
    """The rows of relations, each with the unknown of which it speaks: that of these `fields`, where they are known."""
    found, starts = list[Relation](), list(itertools.pairwise(itertools.accumulate(at.joins.values(), initial=0)))
    for i, (below, above) in enumerate(zip(told.left, told.right, strict=True)):
        speaks = [f for f, (a, b) in enumerate(starts) if bool(below[a:b].any()) or bool(above[a:b].any())]
        mine = [fields[i]] if fields else speaks
        if len(mine) != 1 or not set(speaks) <= set(mine):
            raise UnmarchableError(f"conditions at {at.coordinate} = {at.place:g} speak of several unknowns at once")
        a, b = starts[mine[0]]
        found.append((mine[0], tuple(below[a:b].tolist()), tuple(above[a:b].tolist())))
    return tuple(found)


def _by_fluxes(at: PlaceAcross) -> Relations | None:
    """Where equations jump, how slopes go on there, as far as fluxes say it; nothing where they go on as they are.

    Raises
    ------
    UnmarchableError
        If they do not, or it is no slope of one unknown that jumps by itself.
    """
    told = at.relations()
    if told is None or bool((told.left != torch.diag(told.left.diagonal())).any()):
        raise UnmarchableError(f"no flux says how slopes go on at {at.coordinate} = {at.place:g}")
    if at.same:
        return None
    for k, ratio in zip(
        [k for n in at.joins.values() for k in range(n)], (-told.left.diagonal()).tolist(), strict=True
    ):
        if ratio != 1.0 and (k != 1 or not ratio > 0):
            raise UnmarchableError(f"more than a slope jumps at {at.coordinate} = {at.place:g}")
    return told


def not_inside(problem: Problem, why: str) -> ProblemError:
    """What to say where conditions stand inside and cells cannot be used."""
    names = " and ".join(c.name for c in problem.inner)
    return ProblemError(
        f"{names}: conditions inside the domain are solved over cells alone, and {why}",
        "Possible are linear conditions on face(x=0.5) of a box in one or two dimensions, or three without time, with "
        "enough conditions at its walls, and neither method nor network. A film may also be a part of its own, "
        "Piecewise(1.0, (Box(x=(0.4, 0.41)), 0.01)), and a load a narrow source in the equation.",
    )
