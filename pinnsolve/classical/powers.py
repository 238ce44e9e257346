"""Derivatives of what differences on scattered nodes are made of: odd powers of the distance, and monomials.

Coordinates come first: whatever is done with one of them is done with numbers that lie side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import factorial, perm, prod

import numpy as np

from pinnsolve.classical.stencils import Array
from pinnsolve.jets.multi_index import Alpha


def radial(apart: Sequence[Array], alphas: Sequence[Alpha], power: int) -> list[Array]:
    """Each D^alpha of |x|^power at differences x, one array for each coordinate; |alpha| below the power, which is odd.

    With s = |x|^2 each coordinate adds a factor of its own (Faa di Bruno for a square):
    D^alpha f(s) = sum over j of prod_i alpha_i! / (j_i! (alpha_i - 2 j_i)!) (2 x_i)^(alpha_i - 2 j_i)
    times the derivative of f of order |alpha| - |j|.
    """
    square = sum((x * x for x in apart[1:]), apart[0] * apart[0])
    powers: dict[int, Array] = {}  # of the distance: those that derivatives share
    found = []
    for alpha in alphas:
        whole = np.zeros_like(square)
        for js in product(*(range(a // 2 + 1) for a in alpha)):
            order = sum(alpha) - sum(js)
            rest = [a - 2 * j for a, j in zip(alpha, js, strict=True)]
            factor = prod(power / 2 - k for k in range(order)) * 2.0 ** sum(rest)
            for a, j, r in zip(alpha, js, rest, strict=True):
                factor *= factorial(a) / (factorial(j) * factorial(r))
            left = power - 2 * order
            if left not in powers:
                powers[left] = odd_power(square, left)
            term = factor * powers[left]
            for x, r in zip(apart, rest, strict=True):
                for _ in range(r):
                    term *= x
            whole += term
        found.append(whole)
    return found


def odd_power(square: Array, power: int, root: Array | None = None) -> Array:
    """|x|^power from |x|^2, of an odd power; zero at zero where it is negative: there more x's than it has are zero.
    It may be written where `root` is."""
    root = np.sqrt(square, out=root)
    if power < 0:
        return np.where(square > 0, root, np.inf) ** power
    for _ in range(power // 2):
        root *= square
    return root


def exponents(dimension: int, degree: int) -> list[tuple[int, ...]]:
    """Of all monomials up to a total degree."""
    return [e for e in product(range(degree + 1), repeat=dimension) if sum(e) <= degree]


def monomials(x: Sequence[Array], powers: Sequence[tuple[int, ...]], alphas: Sequence[Alpha]) -> list[Array]:
    """Each D^alpha of monomials at places x, one array (...) for each coordinate: arrays (M, ...)."""
    table = [[np.ones_like(c)] for c in x]  # x_i^k
    for column, c in zip(table, x, strict=True):
        for _ in range(max(max(e) for e in powers)):
            column.append(column[-1] * c)
    found = []
    for alpha in alphas:
        values = np.zeros((len(powers), *x[0].shape))
        for m, e in enumerate(powers):
            factor = prod(perm(k, a) for k, a in zip(e, alpha, strict=True))  # zero where k < a
            if factor:
                parts = [column[k - a] for column, k, a in zip(table, e, alpha, strict=True) if k > a]
                values[m] = prod(parts, start=factor)
        found.append(values)
    return found
