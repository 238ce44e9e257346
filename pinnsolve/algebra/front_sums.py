"""What fronts of an elimination are summed from, and what is left of them."""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import Tensor

from pinnsolve.algebra.batches import Piece


def beside_of(parts: Iterable[Tensor]) -> Tensor:
    """Matrices (S, m, m) as one array, (S, c, m, m)."""
    first, *others = parts
    return torch.stack([first, *others], 1) if others else first[:, None]


def left_of(front: Tensor, lower: Tensor, beside: Tensor, hermitian: bool, columns: int = 256) -> Tensor:
    """What an elimination leaves of a front's border, front - lower beside; of a Hermitian one from the diagonal down
    by so many columns at once. Fewer: products of narrow matrices, which are slow. More: half of it is computed twice.
    """
    size = front.shape[-1]
    if not hermitian or size <= columns:
        return front - lower @ beside
    found = front.clone()
    for low in range(0, size, columns):
        high = low + columns
        found[..., low:, low:high] -= lower[..., low:, :] @ beside[..., low:high]
        found[..., low:high, high:] = found[..., high:, low:high].mH
    return found


def add(front: Tensor, blocks: Tensor, piece: Piece, most: int = 1 << 20) -> None:
    """Add matrices (S, c, s, s) to fronts (S, p, k, k); so many numbers at once, since what is needed on the way is as
    large. Fewer: many small operations."""
    count, size = front.shape[1:3]
    first = (torch.arange(len(front), device=front.device)[:, None] * count + piece.fronts) * size  # (S, c)
    rows = max(1, most // max(first.numel() * piece.at.shape[1], 1))
    for low in range(0, piece.at.shape[1], rows):
        to = (first[..., None] + piece.at[:, low : low + rows])[..., None] * size + piece.at[:, None]
        front.view(-1).index_add_(0, to.flatten(), blocks[:, :, low : low + rows].flatten())


def take(b: Tensor, at: Tensor, told: Tensor) -> None:
    """Subtract (S, p, m, K) from b (S, N, K), where several may stand at one place; in one order on any device."""
    s, n, k = b.shape
    if s * k > 1:
        systems, sides = (torch.arange(x, device=b.device) for x in (s, k))
        at = (systems[:, None, None] * n + at)[..., None] * k + sides
    b.view(-1).index_put_((at.flatten(),), -told.flatten().to(b.dtype), accumulate=True)
