"""What is told at one end of a coordinate and cannot be carried on to the other: heat backwards in time, potentials and
heat from a value and a slope on one face."""

from __future__ import annotations

import itertools
from collections.abc import Mapping

from torch import Tensor

from pinnsolve.checks.coverage import mentioning
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem

Slopes = dict[tuple[str, Alpha], Tensor]


def backwards(problem: Problem) -> str:
    """An equation and an unknown whose highest even derivative along a coordinate has the sign that grows in time, as
    "'heat' for u"; empty where there is none, or where conditions stand at both ends of time.

    Of u_t + c D^2k u (and of u_tt), every wave of wavenumber k grows or decays by the sign of c (-1)^k; marched from
    the end of time, u_t counts with the other sign.
    """
    if not marched(problem):
        return ""
    axis = problem.coordinates.index(str(problem.domain.time))
    looks = [(e, slopes) for e in problem.equations for slopes in _looks(problem, e)]
    for u in problem.unknowns:
        order = max((alpha[axis] for _, slopes in looks for v, alpha in slopes if v == u), default=0)
        for equation, slopes in looks:
            for sign in smoothing(problem, _of(u, slopes), order).values():
                if bool((sign <= 0).all() and (sign < 0).any()):  # where it vanishes nothing is sharpened, nor smoothed
                    return f"'{equation.name}' for {u}"
    return ""


def marched(problem: Problem) -> int:
    """One where conditions stand at the start of time alone, minus one where they stand at its end alone, else zero."""
    time = problem.domain.time
    if time is None or problem.observations:
        return 0
    begin, end = problem.domain.ends(time)
    moments = {piece.moment for c in problem.conditions for piece in problem.pieces(c)} - {None}
    return 1 if moments == {begin} else -1 if moments == {end} else 0


def smoothing(problem: Problem, mine: Mapping[Alpha, Tensor], order: int) -> dict[int, Tensor]:
    """For each axis of space along which an equation's highest derivative of an unknown is even, what is positive where
    fine waves along it decay, (N,); of what multiplies that unknown's derivatives, of which the rate is of an order."""
    axis = problem.coordinates.index(str(problem.domain.time))
    rates = [a for a in mine if a[axis] == sum(a) == order > 0]
    direction = (-1) ** order if marched(problem) < 0 else 1
    found = dict[int, Tensor]()
    for k in range(len(problem.coordinates)) if rates else ():
        along = [a for a in mine if a[k] == sum(a) > 0 and k != axis]
        highest = max(along, key=sum, default=None)
        if highest is not None and not sum(highest) % 2:
            found[k] = direction * mine[highest] * (-1) ** (sum(highest) // 2) * mine[rates[0]]
    return found


def _looks(problem: Problem, equation: Equation) -> list[Slopes]:
    """What multiplies each derivative for unknowns of one size; and, where terms begin beyond a threshold, for those of
    all sizes."""
    usual = {(u, alpha): slope for u, alpha, slope in problem.prober.inside(equation).slopes}
    every = problem.prober.slopes(equation)
    return [usual, every] if len(every) > len(usual) else [usual]


def _of(unknown: str, slopes: Slopes) -> dict[Alpha, Tensor]:
    """Those of one unknown."""
    return {alpha: slope for (u, alpha), slope in slopes.items() if u == unknown}


def _alike(product: Tensor) -> bool:
    """Whether two factors have one sign, wherever neither is zero."""
    return bool((product >= 0).all() and (product > 0).any())


def told_backwards(problem: Problem) -> list[str]:
    """The same as a warning."""
    where = backwards(problem)
    return [
        f"time runs the wrong way in {where}: it sharpens what is fine without bound, and the smallest error at first "
        "is the largest at last; check the sign before the highest derivative, and at which end of time it starts"
    ] * bool(where)


def sideways(problem: Problem) -> list[str]:
    """A warning for each unknown that has two conditions on one face of a box and none on the opposite one, where its
    equation cannot be carried on from there.

    From a value and a slope at y = 0 waves along x grow as exp(k y) where u_xx + u_yy = 0, and from those at x = 0
    waves in time as exp(sqrt(k) x) where u_t = u_xx: without bound as k grows (Hadamard). Where u_tt = u_xx none does.
    """
    if problem.observations or problem.domain.shape is not None:
        return []
    coordinates, time = problem.coordinates, problem.domain.time
    looks = [(e, problem.prober.slopes(e)) for e in problem.equations]
    found = []
    for u, (k, c) in itertools.product(problem.unknowns, enumerate(coordinates)):
        counts = {mentioning(problem, u, c, end): end for end in problem.domain.ends(c)}
        if c == time or set(counts) != {0, 2}:
            continue
        for equation, slopes in looks:
            mine = _of(u, slopes)
            twice = {a.index(2): slope for a, slope in mine.items() if sum(a) == 2 == max(a)}
            first = time is not None and any(sum(a) == 1 == a[coordinates.index(time)] for a in mine)
            wave = time is not None and coordinates.index(time) in twice
            alike = any(j != k and _alike(twice[k] * s) for j, s in twice.items() if k in twice)
            if k in twice and (alike or (first and not wave)):
                here, there = f"{c}={counts[2]:g}", f"{c}={counts[0]:g}"
                found.append(
                    f"{u} has two conditions on the face {here} and none on {there}: '{equation.name}' cannot be "
                    "carried on from one face (ill-posed: what is fine grows without bound, and so does the smallest "
                    f"error); give one of the two on {there}"
                )
                break
    return found
