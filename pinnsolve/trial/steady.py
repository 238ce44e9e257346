"""A steady problem in a plane or in space, as one over cells that are joined: what is joined, and what sides say."""

from __future__ import annotations

from collections.abc import Sequence

from pinnsolve.checks.parts_apart import held
from pinnsolve.checks.resolution import Resolution
from pinnsolve.checks.varying import varying_along
from pinnsolve.geometry.blocks import corners_of_boxes, ends_of_boxes
from pinnsolve.geometry.materials import layered
from pinnsolve.networks.traces import Crossed
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.blocks import fluxed_blocks
from pinnsolve.trial.breaks import cuts
from pinnsolve.trial.crossings import check_seen, crossed
from pinnsolve.trial.determined import (
    UnmarchableError,
    Wall,
    derivatives_of,
    determined,
    equations_of,
    wall_at,
    with_ends,
)
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.exact import Plan, with_integrals
from pinnsolve.trial.rim import at_rim, region_of, relations_of, told_on_rim, wall_on_rim
from pinnsolve.trial.rim_corners import corners_of_rim


def steady(problem: Problem, made: Plan) -> Evolution:
    """Read a problem as one in which nothing changes: an evolution without time, of which one step is everything.

    Raises
    ------
    UnmarchableError
        With the reason.
    """
    made = with_integrals(problem, made)
    domain = problem.domain
    dims = len(problem.coordinates)
    if domain.time is not None or dims not in (2, 3) or len(domain.space_coordinates) != dims:
        raise UnmarchableError("steady cells are those of a plane or of space")
    if problem.indivisible or problem.observations:
        raise UnmarchableError(problem.indivisible or "measurements are fitted by others")
    space, equations = tuple(range(dims)), equations_of(problem)
    if len(equations) < len(problem.unknowns):
        raise UnmarchableError("there are fewer equations than unknowns")
    if dims > 2 and problem.parts is not None and not layered(problem.materials.values()):
        raise UnmarchableError("cells of space end at layers of materials, and at no curved interface")
    if at_rim(problem):
        return _over_shape(problem, made, equations)
    if fluxed_blocks(problem):
        return _of_blocks(problem, made, equations)
    standing, walls = [(c, piece) for c in problem.conditions for piece in problem.pieces(c)], walls_of(problem)
    rings = rings_of(problem)
    determined(problem, equations, walls, rings, space)
    joins = _joins(problem, equations)
    inside = tuple(varying_along(problem, c, standing, planes=True) for c in problem.coordinates)
    # over space cells are graded towards what is narrow: ends along each coordinate would make too many of them
    places = [cuts(problem, made, c, r, narrow=dims < 3) for c, r in zip(problem.coordinates, inside, strict=True)]
    across = crossed(problem, dict(zip(problem.unknowns, joins, strict=True)), inside, fluxes=True)
    check_seen(problem, made, [(problem.coordinates[c.axis], c.place) for c in across])
    rough = any(r.breaks for r in inside) or made.rough or bool(made.corners)
    return Evolution(
        problem, equations, space, None, 1, joins, (0,) * len(joins), {}, {}, tuple(walls), rings, {},
        with_ends(problem, walls, places), (), inside, inside, Resolution(), rough,
        tuple(made.size(u).scale for u in problem.unknowns), False, across,
    )  # fmt: skip


def _of_blocks(problem: Problem, made: Plan, equations: Sequence[Equation]) -> Evolution:
    """The same over blocks of materials, joined by fluxes."""
    walls, rings, blocks = walls_of(problem), rings_of(problem), list(problem.materials.values())
    determined(problem, equations, walls, rings, (0, 1))
    places = [
        sorted({*cuts(problem, made, c, Resolution()), *ends_of_boxes(blocks, problem.domain, c)})
        for c in problem.coordinates
    ]
    joins, inside = _joins(problem, equations), (Resolution(),) * 2
    return Evolution(
        problem, tuple(equations), (0, 1), None, 1, joins, (0,) * len(joins), {}, {}, tuple(walls), rings, {},
        with_ends(problem, walls, places), (), inside, inside, Resolution(), made.rough or bool(made.corners),
        tuple(made.size(u).scale for u in problem.unknowns), False, notches=corners_of_boxes(blocks, problem.domain),
        fluxed=fluxed_blocks(problem),
    )  # fmt: skip


def read_steady(problem: Problem, made: Plan) -> Evolution | None:
    """A problem as a steady one over cells, where it is one."""
    try:
        return steady(problem, made)
    except UnmarchableError:
        return None


def walls_of(problem: Problem) -> list[Wall]:
    """What holds at the sides of a box, or along the rim of what is cut."""
    standing = [(c, piece) for c in problem.conditions for piece in problem.pieces(c)]
    if at_rim(problem):
        return [wall_on_rim(problem, c, piece) for c, piece in standing]
    return [wall_at(problem, c, piece, parts=len(problem.coordinates) == 2) for c, piece in standing]


def rings_of(problem: Problem) -> tuple[bool, ...]:
    """Along which coordinates everything is periodic."""
    return tuple(any(p.coordinate == c for p in problem.periodic) for c in problem.coordinates)


def _joins(problem: Problem, equations: Sequence[Equation]) -> tuple[tuple[int, ...], ...]:
    """So many traces of each unknown are joined along each coordinate."""
    derivatives = derivatives_of(problem, equations)
    space = range(len(problem.coordinates))
    return tuple(tuple(max((a[k] for a in derivatives[u]), default=0) for k in space) for u in problem.unknowns)


def _over_shape(problem: Problem, made: Plan, equations: Sequence[Equation]) -> Evolution:
    """The same over a shape, whose rim cuts cells."""
    if made.unseen and not (len(problem.coordinates) > 2 and problem.parts is not None):  # else asked at their layers
        raise UnmarchableError(f"a coefficient of the highest derivative jumps at {made.unseen[0]}")
    walls = walls_of(problem)
    told_on_rim(problem, equations, walls)
    dims, joins = len(problem.coordinates), _joins(problem, equations)
    across = relations_of(problem, equations)
    inside, (notches, jumps) = (Resolution(),) * dims, corners_of_rim(problem, made, walls)
    planes = tuple[Crossed, ...]()
    if dims > 2 and problem.parts is not None:
        inside = tuple(varying_along(problem, c, (), planes=True) for c in problem.coordinates)
        planes = crossed(problem, dict(zip(problem.unknowns, joins, strict=True)), inside, fluxes=True)
        check_seen(problem, made, [(problem.coordinates[c.axis], c.place) for c in planes])
    joints = tuple(cuts(problem, made, c, r, narrow=dims < 3) for c, r in zip(problem.coordinates, inside, strict=True))
    space, rings = tuple(range(dims)), rings_of(problem)
    return Evolution(
        problem, tuple(equations), space, None, 1, joins, (0,) * len(joins), {}, {}, tuple(walls), rings, {},
        joints, (), inside, inside, Resolution(), made.rough or bool(made.corners),
        tuple(made.size(u).scale for u in problem.unknowns), False, planes, notches, jumps, region_of(problem), across,
        tuple(held(problem).tolist()) if across else (),
    )  # fmt: skip
