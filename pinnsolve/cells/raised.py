"""Where materials differ: how much more than elsewhere all counts that is said in a part of a plane.

A flux that is lost in a good conductor, as where its cells are joined, must be small beside those that go through bad
ones, and in a march beside what is stored there within a step.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.cells.curves import Curve
from pinnsolve.cells.implicit_step import Scheme, stretched
from pinnsolve.cells.rows import Slopes, in_time
from pinnsolve.cells.weak_links import along_normals, pairs_of
from pinnsolve.networks.spread import spread
from pinnsolve.networks.tiles import Tiles

Curves = Sequence[tuple[Curve, Slopes]]


def raised(scheme: Scheme, mesh: Tiles, slopes: Slopes, curves: Curves, length: float | None = None) -> Tensor:
    """(n, E): how much more all counts that is said in a part; in a march within a step of that length.

    Its terms of highest order over those of the parts through which it is tied to walls with values, where they are
    larger, and over what curves between them let through: of all ways there that on which the smallest ones are
    largest. Without such walls it is tied to the largest part. In a march over its own terms along time, where these
    are larger still.
    """
    e, count = scheme.evolution, len(scheme.evolution.held)
    parts = mesh.parts.to(mesh.device)
    areas = mesh.shares.new_zeros(count).index_add_(0, parts, mesh.shares)
    found = mesh.shares.new_ones(len(mesh), len(e.equations))
    held = e.held if length is None or any(e.held) else [k == int(areas.argmax()) for k in range(count)]
    along = in_time(e, slopes)
    for i, order in enumerate(along):
        mine = {key: slope for key, slope in slopes.items() if key[0] == i}
        highest, derived = max((sum(e.derivative(alpha)[0]), f) for _, f, alpha in mine)
        within, stored = torch.zeros_like(areas), torch.zeros_like(areas)
        for (_, f, alpha), slope in mine.items():
            k, times = e.derivative(alpha)
            size = _of_parts(scheme, mesh, slope) / areas.clamp(min=1e-300) * e.sizes[f]
            if sum(k) == highest:
                within += size * stretched(mesh.lengths[None], k)
            if length is not None and times == order > 0:
                stored += size / length**order
        sizes, through = within.tolist(), links(scheme, mesh, curves, derived)
        ways = {p: sizes[through[p].part] * through[p].strength if p in through else math.inf for p in pairs_of(mesh)}
        ratios = [
            max(s / max(t, own), 1.0) if t else 1.0
            for s, t, own in zip(sizes, tied(sizes, held, ways), stored.tolist(), strict=True)
        ]
        found[:, i] = found.new_tensor(ratios)[parts]
    return found


def masses(scheme: Scheme, mesh: Tiles, slopes: Slopes) -> Tensor:
    """(n, E): the mean over each part of what is derived most often along time, over that of the whole; one in
    equations without such."""
    e, parts = scheme.evolution, mesh.parts.to(mesh.device)
    areas = mesh.shares.new_zeros(max(1, len(e.held))).index_add_(0, parts, mesh.shares)
    found, along = mesh.shares.new_ones(len(mesh), len(e.equations)), in_time(e, slopes)
    for i, order in enumerate(along):
        square = torch.zeros_like(mesh.shares)
        for (j, _, alpha), slope in slopes.items():
            if i == j and order and e.derivative(alpha)[1] == order:
                square += slope.square().mean(-1) * mesh.shares
        mean = areas.new_zeros(len(areas)).index_add_(0, parts, square) / areas.clamp(min=1e-300)
        if float(square.sum()) > 0:
            found[:, i] = (mean / square.sum()).sqrt()[parts]
    return found


def in_step(
    scheme: Scheme, mesh: Tiles, slopes: Slopes, curves: Curves, length: float
) -> tuple[Tensor, Tensor]:  # fmt: skip
    """By unknown, (n, F), how much more all counts within a step of a march, and how much joins and conditions do: in
    the energy int m u^2, as the equations' rows."""
    found = of_unknowns(scheme, raised(scheme, mesh, slopes, curves, length), slopes)
    return found, found * of_unknowns(scheme, masses(scheme, mesh, slopes), slopes).sqrt()


def of_unknowns(scheme: Scheme, much: Tensor, slopes: Slopes) -> Tensor:
    """(n, F): the largest by unknown of what is said of the equations (n, E) that derive it along space."""
    found = much.new_zeros(len(much), scheme.fields)
    for i, f, alpha in slopes:
        if any(scheme.evolution.derivative(alpha)[0]):
            found[:, f] = torch.maximum(found[:, f], much[:, i])
    return torch.where(found > 0, found, torch.ones_like(found))


def _of_parts(scheme: Scheme, mesh: Tiles, slope: Tensor) -> Tensor:
    """The integral of the absolute value of a slope (n, P) over each part."""
    w = spread(mesh, scheme.cell, scheme.points).weights
    each = (slope.abs() * w).sum(1) * mesh.shares
    return each.new_zeros(len(scheme.evolution.held)).index_add_(0, mesh.parts.to(each.device), each)


def tied(sizes: Sequence[float], held: Sequence[bool], ways: Mapping[tuple[int, int], float]) -> list[float]:
    """By part the smallest size on the best way to a part that is held, without its own; infinite where it is held.

    Parameters
    ----------
    ways : mapping from two parts that meet to how much of a size there is between them at the most
    """
    found = [math.inf if h else 0.0 for h in held]
    for _ in sizes:
        for (p, q), between in ways.items():
            for a, b in ((p, q), (q, p)):
                found[a] = max(found[a], min(found[b], sizes[b], between))
    return found


@dataclass(frozen=True)
class Link:
    """How well values are tied where two parts meet.

    Parameters
    ----------
    part : int
        Whose flux ties them.
    strength : float
        By a slope so many times larger than their difference over half of the domain's length.
    """

    part: int
    strength: float


def links(
    scheme: Scheme, mesh: Tiles, curves: Sequence[tuple[Curve, Slopes]], field: int
) -> dict[tuple[int, int], Link]:  # fmt: skip
    """By pair of parts how an unknown is tied across the curves between them; where it goes on there is no entry."""
    found, half = dict[tuple[int, int], Link](), float(mesh.lengths.max()) / 2
    zeroth = (0,) * len(scheme.evolution.problem.coordinates)
    for curve, slopes in curves if scheme.evolution.problem.cuts else ():
        along = along_normals(scheme, slopes, curve.normals)
        parts = mesh.parts[curve.cells.cpu()]  # above and below
        for i in range(len(scheme.evolution.relations)):
            values = [slopes.get((i, field + k * scheme.fields, zeroth)) for k in (0, 1)]
            tied = [(k, along[i, field, k]) for k in (0, 1) if (i, field, k) in along]
            if not tied or values[0] is None or values[1] is None:
                continue
            jump = torch.minimum(*((v.abs() @ curve.weights) for v in values if v is not None))
            sizes = torch.stack([v.abs() @ curve.weights for _, v in tied])
            for c, most in enumerate(sizes.argmax(0).tolist()):
                strength = half * float(jump[c]) / max(float(sizes[most, c]), 1e-300)
                pair = int(parts[0, c]), int(parts[1, c])
                link = Link(pair[tied[most][0]], strength)
                if pair not in found or strength < found[pair].strength:
                    found[pair] = found[pair[::-1]] = link
    return found
