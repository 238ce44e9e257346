"""Derivatives of what differences on scattered nodes are made of: odd powers of the distance, and monomials."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product
from math import factorial, perm

import numpy as np

from pinnsolve.classical.stencils import Array
from pinnsolve.jets.multi_index import Alpha


def radial(apart: Array, alpha: Alpha, power: int) -> Array:
    """D^alpha of |x|^power at differences x (..., d); |alpha| below the power, which is odd.

    With s = |x|^2 each coordinate adds a factor of its own (Faa di Bruno for a square):
    D^alpha f(s) = sum over j of prod_i alpha_i! / (j_i! (alpha_i - 2 j_i)!) (2 x_i)^(alpha_i - 2 j_i)
    times the derivative of f of order |alpha| - |j|.
    """
    square = sum((x * x for x in np.moveaxis(apart, -1, 0)), np.zeros(apart.shape[:-1]))
    found = np.zeros_like(square)
    for js in product(*(range(a // 2 + 1) for a in alpha)):
        order = sum(alpha) - sum(js)
        factor: Array | float = float(np.prod([power / 2 - k for k in range(order)]))
        rest = [a - 2 * j for a, j in zip(alpha, js, strict=True)]
        for i, (a, j, r) in enumerate(zip(alpha, js, rest, strict=True)):
            factor *= factorial(a) / (factorial(j) * factorial(r))
            if r:
                factor = factor * (2 * apart[..., i]) ** r
        found += factor * _root_power(square, power - 2 * order)
    return found


def _root_power(square: Array, power: int) -> Array:
    """|x|^power from |x|^2, of an odd power; zero at zero where it is negative: there more x's than it has are zero."""
    root = np.sqrt(square)
    if power < 0:
        return np.where(square > 0, root, np.inf) ** power
    for _ in range(power // 2):
        root *= square
    return root


def exponents(dimension: int, degree: int) -> list[tuple[int, ...]]:
    """Of all monomials up to a total degree."""
    return [e for e in product(range(degree + 1), repeat=dimension) if sum(e) <= degree]


def monomials(x: Array, powers: Sequence[tuple[int, ...]], alpha: Alpha) -> Array:
    """D^alpha of monomials at places x (..., d): (..., M)."""
    highest = max(max(e) for e in powers)
    table = np.ones((*x.shape, highest + 1))  # x_i^k
    for k in range(1, highest + 1):
        table[..., k] = table[..., k - 1] * x
    found = np.zeros((*x.shape[:-1], len(powers)))
    for m, e in enumerate(powers):
        if any(k < a for k, a in zip(e, alpha, strict=True)):
            continue
        value: Array | float = 1.0
        for i, (k, a) in enumerate(zip(e, alpha, strict=True)):
            value = value * perm(k, a) * table[..., i, k - a]
        found[..., m] = value
    return found
