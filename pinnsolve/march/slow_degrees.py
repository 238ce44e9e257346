"""How far steady cells are from the solution where more features bring them nearer slowly, as where materials meet in
a corner and slopes there have hardly a square that can be integrated: what richer cells leave of the equations falls
sooner than their error, and solutions of two degrees are wrong alike. A third degree tells the order.

With u_d the solution on the same cells with features of degree d, and errors of one shape, as large as c d^-p,

    |u_(d-2) - u_d| / |u_d - u_(d+2)| = ((d - 2)^-p - d^-p)/(d^-p - (d + 2)^-p) tells p,
    the error of u_(d+2) is |u_d - u_(d+2)| / ((1 + 2/d)^p - 1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import ClassVar

from torch import Tensor

from pinnsolve.algebra import yardstick
from pinnsolve.march.record import variation
from pinnsolve.march.second import among
from pinnsolve.networks.reference_cell import degree_of, reference_cell
from pinnsolve.networks.tiles import Tiles


class Orders:
    """What decides.

    Parameters
    ----------
    slow : float
        Of what cells leave: where those with two degrees more leave more, the order is asked for. Smaller: a third
        solution where two tell the error (`Found.alike` is what is left of it).
    counts : float
        Of the tolerance: a smaller difference is not looked at. Smaller: rounding is taken for slow convergence.
    least : float
        Below this order nothing is known, since the error is many times what is seen.
    most : float
        Above it a third degree tells no more than two.
    """

    slow: ClassVar[float] = 0.75
    counts: ClassVar[float] = 0.01
    least: ClassVar[float] = 0.1
    most: ClassVar[float] = 60.0


def order(poorer: float, richer: float, degree: int) -> float:
    """p, of how far solutions of degrees d - 2 and d, and d and d + 2, are from each other; zero where it is too small
    to be told.

    >>> round(order(6**-0.5 - 8**-0.5, 8**-0.5 - 10**-0.5, 8), 6)
    0.5
    """
    low, high = Orders.least, Orders.most
    if poorer * _apart(degree, low) <= richer * _apart(degree - 2, low):
        return 0.0
    while high - low > 1e-9:
        p = (low + high) / 2
        low, high = (p, high) if poorer * _apart(degree, p) > richer * _apart(degree - 2, p) else (low, p)
    return low


def _apart(degree: int, p: float) -> float:
    """d^-p - (d + 2)^-p, in units of d^-p of degree ten."""
    return float((degree / 10) ** -p - ((degree + 2) / 10) ** -p)


def error_of_richest(
    solved: Sequence[Tensor], mesh: Tiles, scales: Sequence[float], tolerance: float, activation: str = "legendre"
) -> float:
    """The relative error of the last of three solutions with coefficients (n, F, M) of degrees d - 2, d and d + 2, the
    largest over the unknowns of these natural sizes; infinite where their differences tell none, zero where they do not
    count."""
    cells = [reference_cell(degree_of(c.shape[2], mesh.dims), c.device, mesh.dims, activation) for c in solved]
    differences = []
    for k in range(2):
        away = solved[k + 1] - among(solved[k], mesh, cells[k], cells[k + 1])
        differences.append((mesh.shares @ away.square().sum(-1)).sqrt())
    norms, varied = (mesh.shares @ solved[-1].square().sum(-1)).sqrt(), variation(solved[-1], mesh)
    degree, found = cells[1].degree, 0.0
    for f, size in enumerate(yardstick.of_estimates(norms, varied, scales)):
        poorer, richer = (float(d[f]) / size for d in differences)
        if richer > Orders.counts * tolerance:
            p = order(poorer, richer, degree)
            found = max(found, richer / math.expm1(p * math.log1p(2 / degree)) if p else math.inf)
    return found
