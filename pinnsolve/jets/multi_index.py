"""Multi-indices alpha, one count for each coordinate, and Leibniz' rule over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import product
from math import comb, prod

from torch import Tensor

Alpha = tuple[int, ...]


def raised(alpha: Alpha, axis: int, by: int = 1) -> Alpha:
    """The multi-index alpha + by * e_axis."""
    return (*alpha[:axis], alpha[axis] + by, *alpha[axis + 1 :])


@lru_cache(maxsize=4096)
def splits(alpha: Alpha) -> tuple[tuple[int, Alpha, Alpha], ...]:
    """All (C(alpha, beta), beta, alpha - beta) of Leibniz' rule."""
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
