"""Cells that have as many unknowns at their sides, and their traces there."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import torch
from torch import Tensor

from pinnsolve.algebra.dissection import Dissection
from pinnsolve.cells.rows import times


@dataclass(frozen=True)
class Sides:
    """What cells that have as many unknowns at their sides say of these.

    Parameters
    ----------
    cells : tensor (m,)
    unknowns : tensor (m, k)
    each : tensor (m, k, F M), optional
        T: the traces of each of them.
    kinds : list of tensor (k, F M)
        Without these the traces of those that are unlike; of whole cells hardly any of their numbers is not zero, and
        none of these is kept.
    which : tensor (m,), optional
        The kind of each.
    scale : tensor (m, k), optional
        By what traces are multiplied.
    places : sequence by field of tensor (m, k_f)
        Which of them are traces of that field alone; empty where that is not so, or not the same number in each cell.
    """

    cells: Tensor
    unknowns: Tensor
    each: Tensor | None
    kinds: list[Tensor] = field(default_factory=list)
    which: Tensor | None = None
    scale: Tensor | None = None
    places: Sequence[Tensor] = ()

    def among(self, fields: Tensor) -> Sides:
        """The same, with what belongs to which field, where each unknown (N,) is of one."""
        mine = fields[self.unknowns]
        if not mine.numel():  # a single cell
            return self
        counts = torch.nn.functional.one_hot(mine).sum(1)
        if counts.shape[1] < 2 or not bool((counts == counts[0]).all()):
            return self
        return replace(self, places=mine.argsort(dim=1, stable=True).split(counts[0].tolist(), 1))

    def blocks(self, chosen: Tensor) -> list[tuple[Tensor, Tensor]]:
        """T of some of them by field, whose traces are nothing for all others: which, (c, k_f), and T_f, (c, k_f, M);
        one block where that is not known."""
        if not self.places:
            whole = torch.arange(self.unknowns.shape[1], device=self.cells.device)
            return [(whole.expand(len(chosen), -1), self.rows(chosen))]
        found, here, m = list[tuple[Tensor, Tensor]](), chosen[:, None], self._columns // len(self.places)
        each, mine = self.each, here
        if each is None:
            assert self.which is not None
            kinds, mine = torch.unique(self.which[here], return_inverse=True)
            each = torch.stack([self.kinds[kind].to_dense() for kind in kinds.tolist()])
        for f, places in enumerate(self.places):
            t = each[..., f * m : (f + 1) * m][mine, places[chosen]]
            found.append((places[chosen], t if self.scale is None else t * self.scale[here, places[chosen]][..., None]))
        return found

    @property
    def _columns(self) -> int:
        return (self.each[0] if self.each is not None else self.kinds[0]).shape[-1]

    @property
    def size(self) -> int:
        """Of the traces of one cell."""
        return self.each[0].numel() if self.each is not None else self.kinds[0].numel()

    def rows(self, chosen: Tensor | slice) -> Tensor:
        """T of some of them, by their numbers here, (c, k, F M)."""
        if self.each is not None:
            found = self.each[chosen]
        else:
            assert self.which is not None
            found = torch.stack([self.kinds[kind].to_dense() for kind in self.which[chosen].tolist()])
        return found if self.scale is None else found * self.scale[chosen][..., None]

    def traces(self, x: Tensor) -> Tensor:
        """T x, (s, m, k, K), of coefficients (s, m, F M, K)."""
        found = self._product(x, back=False)
        return found if self.scale is None else found * self.scale[..., None]

    def back(self, y: Tensor) -> Tensor:
        """T' y, (s, m, F M, K)."""
        return self._product(y if self.scale is None else y * self.scale[..., None], back=True)

    def _product(self, x: Tensor, back: bool) -> Tensor:
        if self.each is not None:
            return times(self.each.mT if back else self.each, x)
        parts = torch.view_as_real(x.resolve_conj()).flatten(-2) if x.is_complex() else x
        found = parts.new_empty(*x.shape[:2], self.kinds[0].shape[1 if back else 0], parts.shape[3])
        assert self.which is not None
        for kind, matrix in enumerate(self.kinds):
            mine = torch.eq(self.which, kind).nonzero()[:, 0]
            some = parts[:, mine].movedim(2, 0)  # (F M, s, c, K)
            turned, told = matrix.t() if back else matrix, some.flatten(1)
            made = torch.sparse.mm(turned, told) if turned.is_sparse else turned @ told
            found[:, mine] = made.unflatten(1, some.shape[1:]).movedim(0, 2)
        return torch.view_as_complex(found.unflatten(-1, (-1, 2)).contiguous()) if x.is_complex() else found


def grouped(
    order: Dissection, alike: Sequence[tuple[int, ...]], made: Callable[[tuple[int, ...]], Tensor],
    device: torch.device, small: float = 1e5,
) -> list[Sides]:  # fmt: skip
    """Cells with as many unknowns at their sides; where traces have more numbers than are `small`, those that are alike
    share them. Smaller: a product by itself for each kind. Larger: memory.

    Parameters
    ----------
    alike : sequence of tuple
        For each cell, what its traces depend on.
    made : callable
        The traces (k, F M) that depend on that.
    """
    by_count: dict[int, list[int]] = {}
    for j in range(len(alike)):
        by_count.setdefault(len(order.of_cell(j)), []).append(j)
    found = []
    for cells in by_count.values():
        here = torch.tensor(cells, device=device)
        unknowns = torch.as_tensor(np.stack([order.of_cell(j) for j in cells]), device=device)
        keys = {key: k for k, key in enumerate(dict.fromkeys(alike[j] for j in cells))}
        which = torch.tensor([keys[alike[j]] for j in cells], device=device)
        first = made(alike[cells[0]])
        if first.numel() <= small:
            found.append(Sides(here, unknowns, torch.stack([made(key) for key in keys])[which]))
        else:
            found.append(Sides(here, unknowns, None, [_sparse(made(key)) for key in keys], which))
    return found


def _sparse(traces: Tensor, dense: float = 1 / 3) -> Tensor:
    """Without what is rounding; as they are where a larger part than that, dense, is not: each number that is kept
    takes its two places with it."""
    kept = traces.abs() > 1e-14 * traces.abs().max()
    if int(kept.sum()) > dense * traces.numel():
        return traces
    return torch.where(kept, traces, torch.zeros_like(traces)).to_sparse()
