"""A steady problem in a plane, as one over cells that are joined: what is joined, and what sides say."""

from __future__ import annotations

from pinnsolve.checks.resolution import Resolution
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.breaks import cuts, varying_along
from pinnsolve.trial.determined import UnmarchableError, determined, equations_of, wall_at
from pinnsolve.trial.evolution import Evolution, derivatives_of
from pinnsolve.trial.exact import Plan


def steady(problem: Problem, made: Plan) -> Evolution:
    """Read a problem as one in which nothing changes: an evolution without time, of which one step is everything.

    Raises
    ------
    UnmarchableError
        With the reason.
    """
    domain = problem.domain
    if domain.time is not None or len(problem.coordinates) != 2 or len(domain.space_coordinates) != 2:
        raise UnmarchableError("steady cells are those of a plane")
    if problem.indivisible or problem.observations:
        raise UnmarchableError(problem.indivisible or "measurements are fitted by others")
    space, equations = (0, 1), equations_of(problem)
    if len(equations) < len(problem.unknowns):
        raise UnmarchableError("there are fewer equations than unknowns")
    if made.unseen:
        raise UnmarchableError(f"a coefficient of the highest derivative jumps at {made.unseen[0]}")
    standing = [(c, piece) for c in problem.conditions for piece in problem.pieces(c)]
    walls = [wall_at(problem, condition, piece) for condition, piece in standing]
    rings = tuple(any(p.coordinate == c for p in problem.periodic) for c in problem.coordinates)
    determined(problem, equations, walls, rings, space)
    derivatives = derivatives_of(problem, equations)
    joins = tuple(tuple(max((a[k] for a in derivatives[u]), default=0) for k in space) for u in problem.unknowns)
    inside = tuple(varying_along(problem, c, standing, planes=True) for c in problem.coordinates)
    joints = tuple(cuts(problem, made, c, r) for c, r in zip(problem.coordinates, inside, strict=True))
    rough = any(r.breaks for r in inside) or made.rough or bool(made.corners)
    return Evolution(
        problem, equations, space, None, 1, joins, (0,) * len(joins), {}, {}, tuple(walls), rings, {}, joints, (),
        inside, inside, Resolution(), rough, tuple(made.size(u).scale for u in problem.unknowns), False,
    )  # fmt: skip


def read_steady(problem: Problem, made: Plan) -> Evolution | None:
    """A problem as a steady one over cells, where it is one."""
    try:
        return steady(problem, made)
    except UnmarchableError:
        return None
