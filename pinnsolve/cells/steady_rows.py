"""How the rows of a steady problem weigh over cells of a plane, whatever their sizes.

Each equation is divided, point by point, by what its terms are for unknowns that vary by their own size within the
cell: in place of r it is (h/2)^2 r where diffusion rules, (h/2) r where a wind does, both in units of the unknowns. An
unknown of lower order, such as a pressure beside velocities, is counted in what moves the others within a cell: p in
nu u (2/h), so that its joins weigh h. All cells weigh alike and W = 1 (prototypes: W = 10 is twice as bad in corners,
weights by area stop an adaptive run at them).
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pinnsolve.cells.curves import Curve
from pinnsolve.cells.faces import Joining, faces_in
from pinnsolve.cells.implicit_step import Scheme, stretched
from pinnsolve.cells.raised import of_unknowns, raised
from pinnsolve.cells.rows import Slopes
from pinnsolve.networks.spread import spread
from pinnsolve.networks.tiles import Tiles


def balanced(
    scheme: Scheme, mesh: Tiles, slopes: Slopes, curves: Sequence[tuple[Curve, Slopes]] = ()
) -> tuple[Tensor, Joining]:  # fmt: skip
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
    much = raised(scheme, mesh, slopes, curves)
    by_field = of_unknowns(scheme, much, slopes)
    across = torch.where(faces.orders < 0, torch.ones_like(across), across * faces.raised(by_field))
    return (rows * much[..., None])[None], Joining(1.0, columns[None], units, across, by_field)


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
