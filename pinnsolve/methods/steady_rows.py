"""How the rows of a steady problem weigh over cells of a plane, whatever their sizes.

Each equation is divided, point by point, by what its terms are for unknowns that vary by their own size within the
cell: in place of r it is (h/2)^2 r where diffusion rules, (h/2) r where a wind does, both in units of the unknowns. An
unknown of lower order, such as a pressure beside velocities, is counted in what moves the others within a cell: p in
nu u (2/h), so that its joins weigh h. All cells weigh alike and W = 1 (prototypes: W = 10 is twice as bad in corners,
weights by area stop an adaptive run at them).
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import torch
from torch import Tensor

from pinnsolve.methods.faces import Joining, faces_in
from pinnsolve.methods.implicit_step import Scheme, stretched
from pinnsolve.methods.rows import Slopes
from pinnsolve.networks.curve_runs import runs_of
from pinnsolve.networks.spread import spread
from pinnsolve.networks.tiles import Tiles


def balanced(scheme: Scheme, mesh: Tiles, slopes: Slopes) -> tuple[Tensor, Joining]:
    """What rows are multiplied by, (1, n, E, P), and how cells are joined."""
    e, cell = scheme.evolution, scheme.cell
    moved, lower = _moved(scheme, mesh, slopes), lower_orders(scheme)
    widths = (2 / mesh.widths)[:, None]  # (n, 1, dims)
    powers = torch.tensor(lower, dtype=torch.float64, device=mesh.device)
    units = (moved * widths ** powers[:, None]).amin(-1)
    squares = torch.zeros(len(mesh), len(e.equations), scheme.in_cell, dtype=torch.float64, device=mesh.device)
    for (i, f, alpha), slope in slopes.items():
        k = e.derivative(alpha)[0]
        squares[:, i] += (slope * (units[:, f] * stretched(mesh.widths, k))[:, None]).square()
    w = spread(mesh, cell, scheme.points).weights[:, None]
    rows = torch.where(squares > 0, squares.clamp(min=1e-300).rsqrt(), torch.ones_like(squares)) * w.sqrt()
    faces = faces_in(scheme, mesh)
    field, axis = faces.kinds.unbind(-1)
    columns = units.amin(0)
    across = columns[field] / (moved[field, axis] * (2 / faces.across) ** powers[field])
    if not e.relations:
        return rows[None], Joining(1.0, columns[None], units, across)
    much = raised(scheme, mesh, slopes)
    by_field = much.new_ones(len(mesh), scheme.fields)
    for i, f, alpha in slopes:
        if any(e.derivative(alpha)[0]):
            by_field[:, f] = torch.maximum(by_field[:, f], much[:, i])
    across = torch.where(faces.orders < 0, torch.ones_like(across), across * by_field[faces.cells, field])
    return (rows * much[..., None])[None], Joining(1.0, columns[None], units, across, by_field)


def raised(scheme: Scheme, mesh: Tiles, slopes: Slopes) -> Tensor:
    """(n, E): how much more than elsewhere all counts that is said in a part.

    Its terms of highest order over those of the parts through which it is tied to walls with values, where they are
    larger: of all ways there that on which the smallest ones are largest. A flux that is lost in a good conductor must
    be small beside those that go through bad ones.
    """
    e, parts = scheme.evolution, mesh.parts.to(mesh.device)
    w, count = spread(mesh, scheme.cell, scheme.points).weights, len(e.held)
    runs, found = runs_of(mesh), w.new_ones(len(mesh), len(e.equations))
    pairs = sorted(set(zip(mesh.parts[runs.below].tolist(), mesh.parts[runs.above].tolist(), strict=True)))
    for i in range(len(e.equations)):
        mine = {key: slope for key, slope in slopes.items() if key[0] == i}
        order = max(sum(e.derivative(alpha)[0]) for _, _, alpha in mine)
        made = w.new_zeros(len(mesh))
        for (_, f, alpha), slope in mine.items():
            k = e.derivative(alpha)[0]
            if sum(k) == order:
                made += (slope.abs() * w).sum(1) * e.sizes[f] * stretched(mesh.lengths[None], k)
        sums = w.new_zeros(2, count).index_add_(1, parts, torch.stack([made * mesh.shares, mesh.shares]))
        sizes = (sums[0] / sums[1].clamp(min=1e-300)).tolist()
        tied = _tied(sizes, e.held, pairs)
        found[:, i] = found.new_tensor([max(s / t, 1.0) if t else 1.0 for s, t in zip(sizes, tied, strict=True)])[parts]
    return found


def _tied(sizes: Sequence[float], held: Sequence[bool], pairs: Sequence[tuple[int, int]]) -> list[float]:
    """By part the smallest size on the best way to a part that is held, without its own; infinite where it is held."""
    found = [math.inf if h else 0.0 for h in held]
    for _ in sizes:
        for a, b in (*pairs, *((b, a) for a, b in pairs)):
            found[a] = max(found[a], min(found[b], sizes[b]))
    return found


def lower_orders(scheme: Scheme) -> list[int]:
    """By how much the order of each unknown is below the highest one."""
    orders = [max(j) for j in scheme.evolution.joins]
    return [max(orders) - k for k in orders]


def _moved(scheme: Scheme, mesh: Tiles, slopes: Slopes) -> Tensor:
    """(F, dims): the size of an unknown; of one of lower order what makes it as large as the highest derivatives of the
    others within a cell of width two, along each coordinate."""
    e, lower, device = scheme.evolution, lower_orders(scheme), mesh.device
    sizes = torch.tensor(e.sizes, dtype=torch.float64, device=device)
    found = sizes[:, None].expand(-1, e.dims).clone()
    w = spread(mesh, scheme.cell, scheme.points).weights
    means = {key: float((slope.abs() * w).sum(1) @ mesh.shares) for key, slope in slopes.items()}
    for f, less in enumerate(lower):
        for axis in range(e.dims) if less else ():
            ratios = []
            for (i, g, alpha), mean in means.items():
                k = e.derivative(alpha)[0]
                if lower[g] or sum(k) != k[axis]:
                    continue
                beside = tuple((k[axis] - less) * (j == axis) for j in range(e.dims))
                own = means.get((i, f, beside), 0.0) if k[axis] >= less else 0.0
                if own > 0:
                    ratios.append(mean * float(sizes[g]) / own)
            usual = float(sizes[f]) * (float(mesh.lengths[axis]) / 2) ** less
            found[f, axis] = max(ratios, default=usual) or usual
    return found
