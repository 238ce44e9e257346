"""What is asked of jets while residuals are evaluated, and who listens to it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from pinnsolve.jets.multi_index import Alpha


@dataclass(frozen=True)
class Asked:
    """The derivatives that residuals ask of a network.

    Parameters
    ----------
    below : tuple of multi-indices
        Those and all below them, which chain rules need on the way; the lowest first.
    read : frozenset of multi-indices
        Those alone that are read of what frozen layers put out.
    """

    below: tuple[Alpha, ...]
    read: frozenset[Alpha]


class Recorder(Protocol):
    """What listens while parameters enter jets: `pinnsolve.jets.tape.Tape`."""

    def copy(self, parameter: Tensor, shape: Sequence[int]) -> Tensor: ...

    def linear(self, weight: Tensor, bias: Tensor | None) -> Callable[[Alpha, Tensor, Tensor], None]: ...

    def given(self, value: Tensor, rows: Tensor) -> Tensor: ...

    def rows(self, residual: Tensor) -> Tensor: ...
