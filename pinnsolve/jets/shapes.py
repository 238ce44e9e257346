"""Shapes of fields and of the plain tensors that stand beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor


def nothing(shape: Sequence[int]) -> Tensor:
    """A tensor of some shape that takes one number of memory: to learn what shape an operation would make of it.

    Not one on torch's "meta" device, whose first use loads SymPy: a third of a second for every run.
    """
    return torch.zeros((), dtype=torch.bool).expand(tuple(shape))


def fits(tensor: Tensor, shape: Sequence[int]) -> bool:
    """Whether a plain tensor may stand beside a field: one number, one for each column, or one for each entry."""
    size, whole = tuple(tensor.shape), tuple(shape)
    if len(size) == len(whole):
        return all(m in (1, n) for m, n in zip(size, whole, strict=True))
    return size in ((), (1,)) or (len(whole) > 1 and size == whole[-1:])


def plain(value: Any) -> Any:
    """A number or tensor for what NumPy brings; a complex number stays one, to be refused in words."""
    if np.ndim(value):
        return torch.as_tensor(value)
    return complex(value) if np.iscomplexobj(value) else float(value)
