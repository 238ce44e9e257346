"""Time that runs the wrong way: what sharpens without bound, as heat does backwards."""

from __future__ import annotations

from pinnsolve.problem.problem import Problem


def backwards(problem: Problem) -> str:
    """An equation and an unknown whose highest even derivative along a coordinate has the sign that grows in time, as
    "'heat' for u"; empty where there is none, or where conditions stand at both ends of time.

    Of u_t + c D^2k u (and of u_tt), every wave of wavenumber k grows or decays by the sign of c (-1)^k; marched from
    the end of time, u_t counts with the other sign.
    """
    time = problem.domain.time
    if time is None or problem.observations:
        return ""
    begin, end = problem.domain.ends(time)
    moments = {piece.moment for c in problem.conditions for piece in problem.pieces(c)} - {None}
    if moments not in ({begin}, {end}):
        return ""
    axis = problem.coordinates.index(time)
    answers = [(e, problem.prober.inside(e)) for e in problem.equations]
    for u in problem.unknowns:
        order = max((alpha[axis] for _, answer in answers for alpha in answer.of(u)), default=0)
        for equation, answer in answers:
            mine = answer.of(u)
            rates = [a for a in mine if a[axis] == sum(a) == order > 0]
            direction = (-1) ** order if moments == {end} else 1
            for k in range(len(problem.coordinates)) if rates else ():
                along = [a for a in mine if a[k] == sum(a) > 0 and k != axis]
                highest = max(along, key=sum, default=None)
                if highest is None or sum(highest) % 2:
                    continue
                sign = direction * mine[highest] * (-1) ** (sum(highest) // 2) * mine[rates[0]]
                if bool((sign < 0).all()):
                    return f"'{equation.name}' for {u}"
    return ""


def told_backwards(problem: Problem) -> list[str]:
    """The same as a warning."""
    where = backwards(problem)
    return [
        f"time runs the wrong way in {where}: it sharpens what is fine without bound, and the smallest error at first "
        "is the largest at last; check the sign before the highest derivative, and at which end of time it starts"
    ] * bool(where)
