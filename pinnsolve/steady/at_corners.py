"""How far steady cells that fluxes join are from the solution, where materials meet in corners and more features bring
them nearer slowly.

At a corner slopes go as r^(L - 1), L^2 the least eigenvalue but zero of

    -(a phi')' = L^2 a phi      around it, a as it is in each quarter,

so that what energy is lost of u_d, with features of degree d, goes as d^(-4 L) there. What u_d and u_(d+2) differ by in
energy, D in each cell, is what the first has lost more: u_(d+2) has lost g D beside such a corner,

    g = 1/((1 + 2/d)^(4 L) - 1),

and elsewhere no more than a part of D. By duality the unknown is off in proportion to what is lost: its error is the
distance of both times g, the largest of those corners that lose much, since one may be felt further than another.

Sources: Kellogg, Appl. Anal. 4 (1975) 101 (the exponents); Babuska & Suri, SIAM Rev. 36 (1994) 578 (the rate d^(-2 L)
in the root of the energy).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

import torch
from torch import Tensor

from pinnsolve.algebra import yardstick
from pinnsolve.algebra.quarters import exponent
from pinnsolve.cells.grading import beside
from pinnsolve.cells.spreading import by_direction
from pinnsolve.march.record import variation
from pinnsolve.march.second import among
from pinnsolve.steady.cells import SteadyCells


class Lost:
    """What decides.

    Parameters
    ----------
    smooth : float
        Of a difference: what is lost by richer features elsewhere. Larger: too cautious where corners do no harm.
    much : float
        Of what is lost in all: corners that lose less are not looked at. Smaller: too cautious. Larger: too kind.
    caution : float
        Times the error; without it 0.98 of an error is told. Larger: too cautious. Smaller: too kind.
    """

    smooth: ClassVar[float] = 0.33
    much: ClassVar[float] = 0.1
    caution: ClassVar[float] = 1.25


def error_of_richer(poorer: SteadyCells, richer: SteadyCells, scales: list[float]) -> float:
    """The relative error of cells with richer features, the largest over the unknowns of these natural sizes."""
    s, mesh, e = richer.scheme, richer.mesh, richer.scheme.evolution
    away = richer.coefficients - among(poorer.coefficients, mesh, poorer.scheme.cell, s.cell)
    points = s.degree + 3
    a = by_direction(s, richer.inside(points, slopes=True).slopes, (len(mesh), points**2))  # (F, 2, n, P)
    lost = energies(richer, away, a)
    apart = (mesh.shares @ away.square().sum(-1)).sqrt()
    norms, varied = (mesh.shares @ richer.coefficients.square().sum(-1)).sqrt(), variation(richer.coefficients, mesh)
    found = 0.0
    for f, size in enumerate(yardstick.of_estimates(norms, varied, scales)):
        corners = [(beside(mesh, corner, e.problem.coordinates), corner.fixed) for corner in e.notches]
        orders = [4 * _exponent(richer, a[f], here, place) for here, place in corners]
        factors = [1 / math.expm1(max(p, 1e-9) * math.log1p(2 / poorer.scheme.degree)) for p in orders]
        each = [g * float(lost[here, f].sum()) for g, (here, _) in zip(factors, corners, strict=True)]
        whole = sum(each) + Lost.smooth * float(lost[:, f].sum())
        part = max((g for g, mine in zip(factors, each, strict=True) if mine > Lost.much * whole), default=Lost.smooth)
        found = max(found, Lost.caution * part * float(apart[f]) / size)
    return found


def energies(cells: SteadyCells, c: Tensor, a: Tensor) -> Tensor:
    """int a |grad u|^2 over each cell, (n, F), of coefficients (n, F, M), with a (F, 2, n, P) at Gauss points."""
    s, mesh, points = cells.scheme, cells.mesh, cells.scheme.degree + 3
    w, found = s.cell.gauss(points)[1], c.new_zeros(c.shape[:2])
    for axis in range(2):
        u_x = (
            c @ s.cell.table(points, tuple(int(j == axis) for j in range(2))).T * (2 / mesh.widths[:, axis, None, None])
        )
        found += (a[:, axis].transpose(0, 1) * u_x.square()) @ w
    return found * mesh.shares[:, None]


def _exponent(cells: SteadyCells, a: Tensor, here: Tensor, corner: Mapping[str, float]) -> float:
    """That of a corner, by the coefficient (2, n, P) in the cells beside it."""
    mesh, names = cells.mesh, cells.scheme.evolution.problem.coordinates
    own = here.nonzero()[:, 0]
    place = mesh.lows.new_tensor([corner[c] for c in names])
    middle = (mesh.lows + mesh.widths / 2)[own] - place
    turned = torch.atan2(middle[:, 1], middle[:, 0]) % (2 * torch.pi)
    quarters = (turned / (torch.pi / 2)).long().clamp(max=3)
    x = mesh.points(cells.scheme.cell.gauss(cells.scheme.degree + 3)[0])[own]
    nearest = (x - place).square().sum(-1).argmin(1)
    both = a[:, own, nearest]
    around = both.new_ones(4)
    around[quarters] = both.prod(0).sqrt()
    return exponent(around.tolist())
