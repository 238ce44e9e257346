"""Whether every face holds as many conditions as the order of the equations asks for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from itertools import permutations

import torch

from pinnsolve.geometry.piece import Piece
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.problem import Problem


def derivative_name(unknown: str, alpha: Alpha, coordinates: Iterable[str]) -> str:
    """How a paper writes a derivative: u_xxt."""
    index = "".join(c * k for c, k in zip(coordinates, alpha, strict=True))
    return f"{unknown}_{index}" if index else unknown


def counted(problem: Problem, derivatives: dict[str, set[Alpha]]) -> list[str]:
    """What the number of conditions is too small or too large for, in words."""
    return uncovered(problem, derivatives) + crowded(problem, derivatives) + untold(problem, derivatives)


def uncovered(problem: Problem, derivatives: dict[str, set[Alpha]]) -> list[str]:
    """A warning for each unknown and coordinate that has fewer conditions than its highest derivative asks for.

    A derivative of order m along a coordinate of space asks for m conditions on its two faces, half of them (rounded
    down) on each; along time, for m at the start. A condition on an unknown that asks for none there, a pressure, may
    stand in for one on another.
    """
    warnings = []
    for unknown, alphas in _on_walls_too(problem, derivatives).items():
        if problem.prober.algebraic(unknown, problem.equations, problem.parameters):
            continue  # a flux or a rate, which another unknown's conditions determine
        for axis, coordinate in enumerate(problem.coordinates):
            highest = max(alphas, key=lambda alpha: alpha[axis], default=None)
            if highest is None or highest[axis] == 0 or any(p.coordinate == coordinate for p in problem.periodic):
                continue
            if unknown in problem.fewer and coordinate in problem.fewer[unknown].others:
                continue
            alone = tuple(highest[axis] if k == axis else 0 for k in range(len(problem.coordinates)))
            shape = derivative_name(unknown, alone, problem.coordinates)
            if problem.domain.shape is not None and coordinate in problem.space_coordinates:
                continue
            if coordinate == problem.domain.time:
                warnings += _in_time(problem, unknown, coordinate, highest[axis], shape)
            else:
                told = _in_space(problem, unknown, coordinate, highest[axis], shape)
                warnings += told if told and not _made_up(problem, derivatives, coordinate) else []
        if problem.domain.shape is not None:
            warnings += _on_sides(problem, unknown, derivatives)
    return warnings


def _made_up(problem: Problem, derivatives: Mapping[str, set[Alpha]], coordinate: str) -> bool:
    """Whether both ends of a coordinate hold as many conditions as the system asks for, and those that unknowns lack
    there are made up for by some on unknowns that ask for none."""
    axis, ends = problem.coordinates.index(coordinate), problem.domain.ends(coordinate)
    orders = {u: max((a[axis] for a in alphas), default=0) for u, alphas in derivatives.items()}
    pieces = [problem.domain.face(coordinate, end) for end in ends]
    found = sum(int(_on_face(problem, coordinate, end).min()) for end in ends)
    return found >= _whole_order(problem, [axis]) and all(_in_place(problem, orders, piece) for piece in pieces)


def _in_place(problem: Problem, orders: Mapping[str, int], side: Piece) -> bool:
    """Whether conditions on unknowns of less than second order are as many as those that others lack on a side."""
    standing = {u: int(_standing(problem, side, u).min()) for u in orders}
    lacking = sum(max(n // 2 - standing[u], 0) for u, n in orders.items())
    return sum(standing[u] for u, n in orders.items() if n < 2) >= lacking


def _whole_order(problem: Problem, axes: Iterable[int]) -> float:
    """The order of all equations together along some coordinates: the highest of a product of derivatives, one of each
    unknown and each from another equation; infinite where it is not found.

    Source: Douglis & Nirenberg, Comm. Pure Appl. Math. 8 (1955) 503: a boundary takes half as many conditions.
    """
    axes, many = list(axes), 6
    rows: list[dict[str, int]] = [dict.fromkeys(flow.components, 1) for flow in problem.solenoidal]
    for equation in problem.equations:
        orders: dict[str, int] = {}
        for u, alpha, _ in problem.prober.answer(equation, problem.domain.line()).slopes:
            orders[u] = max(orders.get(u, 0), sum(alpha[k] for k in axes))
        rows.append(orders)
    unknowns = problem.unknowns
    if not len(rows) == len(unknowns) <= many:
        return float("inf")
    products = [
        sum(rows[k][u] for k, u in zip(order, unknowns, strict=True))
        for order in permutations(range(len(rows)))
        if all(u in rows[k] for k, u in zip(order, unknowns, strict=True))
    ]
    return max(products, default=float("inf"))


def crowded(problem: Problem, derivatives: dict[str, set[Alpha]]) -> list[str]:
    """A warning for each coordinate of a box whose ends together hold more conditions somewhere than the equations'
    orders along it ask for, those of all unknowns together; the start is an end of time. On shapes, for each side."""
    if problem.observations or not problem.equations:
        return []
    if problem.domain.shape is not None:
        return _crowded_sides(problem, derivatives)
    warnings = []
    for coordinate, orders, counts, found in _along_each(problem, derivatives):
        wanted = sum(orders.values())
        if found <= wanted + len(problem.constants):  # each of which takes a condition
            continue
        places = " and ".join(f"{n} on {coordinate}={end:g}" for end, n in counts.items() if n)
        asked = ", ".join(f"{u} of order {n}" for u, n in orders.items())
        warnings.append(
            f"{found} conditions along {coordinate} ({places}), and the equations ask for {wanted} ({asked}): "
            f"{'one' if found == wanted + 1 else found - wanted} too many, which nothing can meet unless they agree"
        )
    return warnings


def untold(problem: Problem, derivatives: dict[str, set[Alpha]]) -> list[str]:
    """A warning for constants that are to be found on a box, without data and without a condition beyond those that
    the equations' orders ask for."""
    names = [*problem.constants, *problem.functions]
    if problem.observations or not names or problem.domain.shape is not None or not problem.equations:
        return []
    apart = any(c.integrates or c.asks & {*names} for c in problem.conditions) or problem.known or problem.inner
    pieces = [p for c in problem.conditions for p in problem.pieces(c)]
    if apart or problem.known_values or problem.known_planes or any(p.face is None for p in pieces):
        return []
    if any(found > sum(orders.values()) for _, orders, _, found in _along_each(problem, derivatives)):
        return []
    return [
        f"nothing tells {' and '.join(names)}: there are no data, and no more conditions than the equations ask for; "
        "give measurements, observed(...), or a condition more"
    ]


def _along_each(
    problem: Problem, derivatives: dict[str, set[Alpha]]
) -> Iterator[tuple[str, dict[str, int], dict[float, int], int]]:
    """For each coordinate of a box the order of each unknown along it, how many conditions stand at each end at most,
    and at both together."""
    derivatives = _on_walls_too(problem, derivatives)
    for axis, coordinate in enumerate(problem.coordinates):
        if any(p.coordinate == coordinate for p in problem.periodic) or coordinate in problem.ranges:
            continue
        orders = {u: max((a[axis] for a in alphas), default=0) for u, alphas in derivatives.items()}
        standing = {end: _on_face(problem, coordinate, end) for end in problem.domain.ends(coordinate)}
        counts = {end: int(n.max()) for end, n in standing.items()}
        yield coordinate, orders, counts, int(torch.stack([*standing.values()]).sum(0).max())


def _on_walls_too(problem: Problem, derivatives: dict[str, set[Alpha]]) -> dict[str, set[Alpha]]:
    """The same, with what conditions on walls differentiate of unknowns of fewer coordinates: how fast a tank warms, or
    a front moves, is often said there alone."""
    found = {u: set(alphas) for u, alphas in derivatives.items()}
    for c in problem.conditions if problem.fewer else ():
        for piece in problem.pieces(c):
            if piece.on_boundary and piece.moment is None:
                slopes = problem.prober.answer(c, piece.grid()).slopes
                for u, alpha, _ in slopes:
                    found[u] |= {alpha} if u in problem.fewer else set()
    return found


def _crowded_sides(problem: Problem, derivatives: dict[str, set[Alpha]]) -> list[str]:
    """Sides of a shape that hold more conditions than half the orders of all unknowns in space, rounded up: those of
    first order have one where they come in."""
    axes = [problem.coordinates.index(c) for c in problem.space_coordinates]
    orders = {u: max((sum(a[k] for k in axes) for a in alphas), default=0) for u, alphas in derivatives.items()}
    wanted, warnings = sum((n + 1) // 2 for n in orders.values()), []
    asked = ", ".join(f"{u} of order {n}" for u, n in orders.items())
    for side in problem.domain.walls.pieces:
        found = int(_standing(problem, side).max())
        if found > wanted:
            warnings.append(
                f"{found} conditions on {side.name}, and the equations ask for {wanted} ({asked}): "
                f"{'one' if found == wanted + 1 else found - wanted} too many, which nothing can meet unless they agree"
            )
    return warnings


def _standing(problem: Problem, side: Piece, unknown: str | None = None) -> torch.Tensor:
    """How many conditions, of one unknown or all, stand at points of a side."""
    points = side.grid()
    count = torch.zeros(len(points))
    for c in problem.conditions:
        for piece in problem.pieces(c):
            mine = c.integrates != "alone" if unknown is None else unknown in c.asks
            if mine and piece.fixed == side.fixed and piece.side is side.side:
                count += piece.holds(points.coordinates)
    return count


def _on_face(
    problem: Problem, coordinate: str, end: float, unknown: str | None = None, places: int = 256
) -> torch.Tensor:  # fmt: skip
    """How many conditions, of one unknown or all, stand at points of one face: parts of a face may have their own, and
    points that are drawn do not lie where these meet. More places: time. Fewer: narrow gaps between parts are not seen.
    """
    domain = problem.domain
    face = domain.interior.at(**{coordinate: end}) if coordinate == domain.time else domain.face(coordinate, end)
    points = face.draw(places, "sobol", torch.Generator().manual_seed(0))
    count = torch.zeros(len(points))
    for c in problem.conditions:
        for piece in problem.pieces(c):
            mine = c.integrates != "alone" and (unknown is None or unknown in c.asks)  # such a one stands nowhere
            if mine and piece.fixed == {coordinate: end}:
                count += piece.holds(points.coordinates)
    return count


def _on_sides(problem: Problem, unknown: str, derivatives: Mapping[str, set[Alpha]]) -> list[str]:
    """Sides of a shape on which fewer conditions mention an unknown than half its order in space, and none on another
    stands in for it."""
    axes = [problem.coordinates.index(c) for c in problem.space_coordinates]
    orders = {u: max((sum(a[k] for k in axes) for a in alphas), default=0) for u, alphas in derivatives.items()}
    order = orders[unknown]
    through = problem.domain.walls.at_ends([p.coordinate for p in problem.periodic])  # what leaves there comes back
    walls = [p for k, p in enumerate(problem.domain.walls.pieces) if k not in through]
    sides = [p for p in walls if int(_standing(problem, p, unknown).min()) < order // 2]
    whole = _whole_order(problem, axes) if sides else 0.0
    short = [
        side.name
        for side in sides
        if not (2 * int(_standing(problem, side).min()) >= whole and _in_place(problem, orders, side))
    ]
    if not short:
        return []
    return [
        f"{unknown} has too few conditions on {' and '.join(short)}, although the equations hold derivatives of order "
        f"{order}; an outflow may be meant, or the data may decide"
    ]


def _in_time(problem: Problem, unknown: str, coordinate: str, order: int, shape: str) -> list[str]:
    found = sum(mentioning(problem, unknown, coordinate, end) for end in problem.domain.ends(coordinate))
    found += _nowhere(problem, unknown)
    if found >= order:
        return []
    start = problem.domain.ends(coordinate)[0]
    return [
        f"{unknown} has {found} of {order} conditions at the start {coordinate}={start:g} that {shape} in the "
        "equations asks for; the data may decide"
    ]


def _in_space(problem: Problem, unknown: str, coordinate: str, order: int, shape: str) -> list[str]:
    standing = {end: _on_face(problem, coordinate, end, unknown) for end in problem.domain.ends(coordinate)}
    counts, most = ({end: int(how(n)) for end, n in standing.items()} for how in (torch.min, torch.max))
    short = [end for end, n in counts.items() if n < order // 2]
    if order % 2 and not short and sum(most.values()) < order and not (order == 1 and _pinned(problem, unknown)):
        short = [end for end in most if most[end] == min(most.values())]
    if not short or sum(counts.values()) + _nowhere(problem, unknown) >= order:
        return []
    places = " and ".join(f"{coordinate}={end:g}{', on a part of it' * (most[end] > counts[end])}" for end in short)
    few = "no condition" if all(counts[end] == 0 for end in short) else "too few conditions"
    return [
        f"{unknown} has {few} on the face {places}, although the equations hold {shape}; "
        "an outflow may be meant, or the data may decide"
    ]


def _pinned(problem: Problem, unknown: str) -> bool:
    """Whether a value is given in a point, which stands for the one inflow of a first-order equation."""
    return any(
        c.unknown == unknown and not piece.on_boundary and piece.moment is None
        for c in problem.conditions
        for piece in problem.pieces(c)
    )


def mentioning(problem: Problem, unknown: str, coordinate: str, end: float) -> int:
    """How many conditions on the face at an end of a coordinate mention an unknown, where they are fewest."""
    return int(_on_face(problem, coordinate, end, unknown).min())


def _nowhere(problem: Problem, unknown: str) -> int:
    """How many conditions on integrals alone there are, which are one condition wherever they stand."""
    return sum(unknown in c.asks and c.integrates == "alone" for c in problem.conditions)
