"""In what unknowns are counted where cells of a plane or of space are joined, and conditions where they stand."""

from __future__ import annotations

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Scheme, stretched
from pinnsolve.cells.rows import Slopes
from pinnsolve.cells.sites import Site
from pinnsolve.networks.tiles import Tiles


def felt_sizes(scheme: Scheme, mesh: Tiles, slopes: Slopes, row_weights: Tensor, shares: Tensor) -> Tensor:
    """In what unknowns are counted at joints and walls of a march, (S, F): their own sizes. Of one without a derivative
    along time, such as a pressure, no less than what moves the others by their size within a step and a cell: short
    steps feel it little, and its joins would outweigh all that says something of it."""
    e = scheme.evolution
    felt = torch.zeros(len(row_weights), len(e.sizes), dtype=torch.float64, device=mesh.device)
    for (i, f, alpha), slope in slopes.items():
        if e.orders[f] == 0:
            within = slope * (stretched(mesh.widths, e.derivative(alpha)[0]) / 2 ** sum(alpha))[:, None]
            felt[:, f] += (row_weights[:, :, i] * within).square().sum(2) @ shares
    moves = (shares.sum() / felt.clamp(min=1e-300)).sqrt()
    own = torch.tensor(e.sizes, dtype=torch.float64, device=mesh.device).expand_as(moves)
    algebraic = torch.tensor(e.orders, device=mesh.device) == 0
    return torch.where(algebraic & (felt > 0), torch.maximum(own, moves), own)


def norms_of(
    scheme: Scheme, mesh: Tiles, at: tuple[Site, Slopes], values: Tensor, units: Tensor, raised: Tensor | None
) -> Tensor:  # fmt: skip
    """What a condition's rows are divided by, (S, c, m): the size of its terms for unknowns as large as units (n, F)
    that vary by it within a cell; less where all counts more, (n, F)."""
    site, slopes = at
    found = torch.zeros(len(values), len(site.cells), len(site.conditions), dtype=torch.float64, device=mesh.device)
    for (i, f, alpha), slope in slopes.items():
        k, order = scheme.evolution.derivative(alpha)
        inner = stretched(mesh.widths[site.cells], k) / 2 ** sum(k) * units[site.cells, f]
        if raised is not None:
            inner = inner / raised[site.cells, f]
        square = site.mean(slope.square()) * inner.square()
        found[:, :, i] += (values.abs() ** order).square()[:, None] * square
    return torch.where(found > 0, found, torch.ones_like(found)).sqrt()
