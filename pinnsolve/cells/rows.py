"""Linearised equations of cells as rows over their coefficients."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Scheme, stretched
from pinnsolve.cells.sites import Site
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.networks.spread import spread
from pinnsolve.networks.tiles import Tiles
from pinnsolve.residuals.pointwise import Answers
from pinnsolve.trial.evolution import Evolution

Slopes = Mapping[tuple[int, int, Alpha], Tensor]  # (n, P), by equation, unknown and derivative


def averaged(found: Answers, stages: int, shape: tuple[int, ...]) -> Slopes:
    """Slopes averaged over the stages."""
    return {key: slope.reshape(stages, *shape).mean(0) for key, slope in found.slopes.items()}


def in_cells(scheme: Scheme, mesh: Tiles, slopes: Slopes, chosen: Tensor | None = None) -> dict[int, Tensor]:
    """By how often they derive along time: the rows of the equations on coefficients, (n, E, P, F, M)."""
    cells = torch.arange(len(mesh), device=mesh.device) if chosen is None else chosen
    tables = {key[2]: features_in(scheme, mesh, cells, scheme.evolution.derivative(key[2])[0]) for key in slopes}
    mine = slopes if chosen is None else {key: slope[chosen] for key, slope in slopes.items()}
    h = mesh.widths if chosen is None else mesh.widths[chosen]
    return _rows(scheme, h, mine, tables, len(scheme.evolution.equations), scheme.in_cell)


def features_in(scheme: Scheme, mesh: Tiles, cells: Tensor, orders: tuple[int, ...]) -> Tensor:
    """The features at the points of some cells, derived so many times along each coordinate: (P, M), or (n, P, M)."""
    if mesh.region is None:
        return scheme.cell.table(scheme.points, orders)
    return spread(mesh, scheme.cell, scheme.points).rows(orders, cells).mT


def at_site(
    scheme: Scheme, mesh: Tiles, site: Site, slopes: Slopes, some: Tensor | None = None
) -> dict[int, Tensor]:  # fmt: skip
    """The same of conditions at a site, (c, m, P, F, M), or at some of its cells."""
    tables = {key[2]: site.table(mesh, scheme.cell, scheme.evolution.derivative(key[2])[0]) for key in slopes}
    h = mesh.widths[site.cells]
    if some is not None:
        h, slopes = h[some], {key: slope[some] for key, slope in slopes.items()}
        tables = {alpha: table if table.dim() == 2 else table[some] for alpha, table in tables.items()}
    return _rows(scheme, h, slopes, tables, len(site.conditions), site.count)


def tested_at(
    scheme: Scheme, mesh: Tiles, site: Site, slopes: Slopes, values: Tensor, told: Tensor
) -> Tensor:  # fmt: skip
    """B* b of some stages (lambda) at a site, (s, c, F M, K), for right sides b (s, c, m, P, K)."""
    m, h = scheme.cell.count, mesh.widths[site.cells]
    found = told.new_zeros(*told.shape[:2], scheme.fields * m, told.shape[-1])
    for (i, f, alpha), slope in slopes.items():
        k, order = scheme.evolution.derivative(alpha)
        mine = told[:, :, i] * (slope * stretched(h, k)[:, None])[..., None]
        made = times(site.table(mesh, scheme.cell, k).mT, mine)
        found[:, :, f * m : (f + 1) * m] += made * (values.conj() ** order)[:, None, None, None] if order else made
    return found


def times(real: Tensor, other: Tensor) -> Tensor:
    """The products (s, n, M, K) of real matrices (n, M, P), or one, and others (s, n, P, K), which may be complex: all
    stages and both parts at once, so that each real matrix is read once."""
    parts = torch.view_as_real(other.resolve_conj()) if other.is_complex() else other[..., None]
    s, _, _, k, two = parts.shape
    product = real @ parts.permute(1, 2, 0, 3, 4).flatten(2)
    found = product.unflatten(2, (s, k, two)).permute(2, 0, 1, 3, 4)
    return torch.view_as_complex(found.contiguous()) if two == 2 else found[..., 0]


def _rows(
    scheme: Scheme, h: Tensor, slopes: Slopes, tables: Mapping[Alpha, Tensor], count: int, points: int
) -> dict[int, Tensor]:  # fmt: skip
    parts: dict[int, Tensor] = {}
    for (i, f, alpha), slope in slopes.items():
        k, order = scheme.evolution.derivative(alpha)
        if order not in parts:
            parts[order] = h.new_zeros(len(h), count, points, scheme.fields, scheme.cell.count)
        weight = slope * stretched(h, k)[:, None] if any(k) else slope
        parts[order][:, i, :, f].addcmul_(weight[..., None], tables[alpha])
    return parts


def turned(parts: Mapping[int, Tensor], value: Tensor) -> Tensor:
    """Rows with derivatives along time as multiples of what they derive."""
    return torch.stack([value**order * part for order, part in parts.items()]).sum(0)


def in_time(evolution: Evolution, slopes: Iterable[tuple[int, int, Alpha]]) -> list[int]:
    """The order of each equation in time."""
    found = [0] * len(evolution.equations)
    for equation, _, alpha in slopes:
        found[equation] = max(found[equation], evolution.derivative(alpha)[1])
    return found
