"""Which shapes may meet: fields are (N,), and nothing broadcasts silently."""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.jets.jet import Jet


def same_rank(a: Jet, b: Jet | Tensor, what: str) -> tuple[int, ...]:
    """The shape of a combination, refusing what would broadcast silently."""
    if isinstance(b, Tensor):
        good = fits(b, a.shape)
    else:
        columns = zip(a.shape[1:], b.shape[1:], strict=False)
        good = a.ndim == b.ndim and a.shape[0] == b.shape[0] and all(m == n or 1 in (m, n) for m, n in columns)
    if not good:
        raise ProblemError(
            f"a field of shape {tuple(a.shape)} was combined ({what}) with one of shape {tuple(b.shape)}",
            "Fields are (N,), one number a point; such a combination would broadcast silently.",
        )
    if isinstance(b, Tensor):
        return tuple(a.shape)  # what fits is never larger
    return tuple(n if m == 1 else m for m, n in zip(a.shape, b.shape, strict=True))


def fits(tensor: Tensor, shape: Sequence[int]) -> bool:
    """Whether a plain tensor may stand beside a field: one number, one for each column, or one for each entry."""
    size, whole = tuple(tensor.shape), tuple(shape)
    if len(size) == len(whole):
        return all(m in (1, n) for m, n in zip(size, whole, strict=True))
    return size in ((), (1,)) or (len(whole) > 1 and size == whole[-1:])
