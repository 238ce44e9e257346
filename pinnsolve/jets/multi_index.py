"""Multi-indices alpha, one count for each coordinate, and Leibniz' rule over them.

A Laplacian is an index of its own, with -2 for each coordinate in its sum: products and chain rules carry it through
beside first derivatives alone, n + 2 numbers a field in place of the 2 n + 1 that second derivatives one by one take.

Source: Li et al., Nature Machine Intelligence 6 (2024) 209, arXiv 2307.08214 (the forward Laplacian).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from functools import lru_cache
from itertools import product
from math import comb, prod

from torch import Tensor

Alpha = tuple[int, ...]


def raised(alpha: Alpha, axis: int, by: int = 1) -> Alpha:
    """The multi-index alpha + by * e_axis."""
    return (*alpha[:axis], alpha[axis] + by, *alpha[axis + 1 :])


def laplacian(axes: Collection[int], count: int) -> Alpha:
    """The sum of the second derivatives along some of so many axes."""
    return tuple(-2 if k in axes else 0 for k in range(count))


def is_sum(alpha: Alpha) -> bool:
    return bool(alpha) and min(alpha) < 0


@lru_cache(maxsize=64)
def firsts(alpha: Alpha) -> tuple[Alpha, ...]:
    """The first derivatives along the axes of a Laplacian."""
    nothing = (0,) * len(alpha)
    return tuple(raised(nothing, axis) for axis, k in enumerate(alpha) if k)


def summed(partial: Callable[[Alpha], Tensor | None], alpha: Alpha) -> Tensor | None:
    """A Laplacian of what is given by its derivatives, second derivative by second derivative."""
    total: Tensor | None = None
    for first in firsts(alpha):
        part = partial(tuple(2 * k for k in first))
        if part is not None:
            total = part if total is None else total + part
    return total


@lru_cache(maxsize=4096)
def splits(alpha: Alpha) -> tuple[tuple[int, Alpha, Alpha], ...]:
    """All (C(alpha, beta), beta, alpha - beta) of Leibniz' rule."""
    if is_sum(alpha):
        nothing = (0,) * len(alpha)
        return ((1, nothing, alpha), (1, alpha, nothing), *((2, one, one) for one in firsts(alpha)))
    betas: Iterator[Alpha] = product(*(range(k + 1) for k in alpha))
    return tuple(
        (prod(map(comb, alpha, beta)), beta, tuple(a - b for a, b in zip(alpha, beta, strict=True))) for beta in betas
    )


def leibniz(a: Callable[[Alpha], Tensor | None], b: Callable[[Alpha], Tensor | None], alpha: Alpha) -> Tensor | None:
    """D^alpha of a product, its factors given by their derivatives."""
    total: Tensor | None = None
    for count, beta, gamma in splits(alpha):
        left = a(beta)
        right = b(gamma) if left is not None else None
        if left is None or right is None:
            continue
        term = left * right
        if count != 1:
            term = term * count
        total = term if total is None else total + term
    return total
