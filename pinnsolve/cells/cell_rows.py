"""The equations' rows in cells, and their products for stages of all kinds.

A stage's rows are A = sum over the orders k in time of lambda^k P_k, with P_k real and the same for all stages, times
what stages weigh each equation by. So the normal matrices of all stages,

    A* A = sum over the equations, and over k and l, of   weight^2 conj(lambda)^k lambda^l  P_k' P_l,

need real products alone, and these once. In the weak form A* stands for the highest order alone, and where nothing
evolves for the unknown that is spread. Rows are made for a few cells at once and not kept: over space they take more
memory than all else.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Scheme, stretched
from pinnsolve.cells.own_cells import Seen
from pinnsolve.cells.rows import Slopes
from pinnsolve.networks.spread import spread
from pinnsolve.networks.tiles import Tiles

Terms = list[tuple[int, tuple[int, ...], Tensor]]


class CellRows:
    """The rows of some cells.

    Parameters
    ----------
    scheme : Scheme
    mesh : Tiles
    slopes : Slopes
    first : tensor (C,)
        The cells.
    seen : Seen, optional
        Where slopes are known; without it in all cells.
    weights : tensor (S, n, E, P)
        What rows are multiplied by: at other stages so many times as much, for each equation.
    values : tensor (S,)
        lambda.
    spread_by : sequence of (int, float)
        For each equation the unknown that it is tested with, times a sign; without these with what it derives.
    together : float
        Bytes of the rows that are made at once. More: memory. Fewer: small products.
    """

    def __init__(
        self, scheme: Scheme, mesh: Tiles, slopes: Slopes, first: Tensor, weights: Tensor, values: Tensor,
        seen: Seen | None = None, spread_by: Sequence[tuple[int, float]] = (), together: float = 3e7,
    ) -> None:  # fmt: skip
        self.m, self.each, self.values, self.first = scheme.cell.count, scheme.in_cell, values, first
        self.count, self.inside = scheme.fields * self.m, spread(mesh, scheme.cell, scheme.points)
        self.ratio = weights.amax((1, 3)) / weights[0].amax((0, 2))  # (S, E)
        # by equation and order in time: the unknowns, how they are derived, and by what that is multiplied, (n, P)
        self.terms: dict[tuple[int, int], Terms] = {}
        there = torch.stack([(slope != 0).any() for slope in slopes.values()]).double()
        there = there if seen is None else seen.sum(there)
        for ((i, f, alpha), slope), any_there in zip(slopes.items(), there.tolist(), strict=True):
            if any_there:
                k, order = scheme.evolution.derivative(alpha)
                factor = slope * weights[0, :, i] * stretched(mesh.widths, k)[:, None]
                self.terms.setdefault((i, order), []).append((f, k, factor))
        highest = {i: max(order for j, order in self.terms if j == i) for i, _ in self.terms}
        self.tests = {k: mine for k, mine in self.terms.items() if not scheme.weak or k[1] == highest[k[0]]}
        for i, (f, sign) in enumerate(spread_by):
            self.tests[i, 0] = [(f, (0,) * mesh.dims, sign * weights[0, :, i])]
        own = mesh.dims > 2 and len(mesh.cut) > 0  # of cut cells features are made anew, in several steps
        self.chunk = max(1, int((together / 3 if own else together) / (8 * self.count * self.each)))

    def _part(self, terms: Terms, cells: Tensor) -> tuple[slice, Tensor]:
        """P_k' of an equation in some cells, (c, columns, P), and among which columns."""
        fields = [f for f, *_ in terms]
        columns = slice(min(fields) * self.m, (max(fields) + 1) * self.m)
        found = self.ratio.new_zeros(len(cells), columns.stop - columns.start, self.each)
        for f, k, factor in terms:
            low = f * self.m - columns.start
            found[:, low : low + self.m] += self.inside.rows(k, cells) * factor[cells][:, None]
        return columns, found

    def normal(self, real: Sequence[bool]) -> list[Tensor]:
        """A* A of each stage, or of the first ones, (1, C, F M, F M), real where that is so."""
        dtypes = [self.ratio.dtype if r else self.values.dtype for r in real]
        shape, device = (1, len(self.first), self.count, self.count), self.values.device
        found = [torch.zeros(shape, dtype=dtype, device=device) for dtype in dtypes]
        for low in range(0, len(self.first), self.chunk):
            some = slice(low, low + self.chunk)
            parts = {key: self._part(terms, self.first[some]) for key, terms in self.terms.items()}
            for (i, k), tested in self.tests.items():
                same = tested is self.terms[i, k]
                rows, tests = parts[i, k] if same else self._part(tested, self.first[some])
                for (j, order), (columns, part) in parts.items():
                    if i != j:
                        continue
                    product = tests @ part.mT
                    factors = self.values.conj() ** k * self.values**order * self.ratio[:, i] ** 2
                    for whole, factor in zip(found, factors.tolist(), strict=False):
                        _add(whole[0, some, rows, columns], product, factor)
        return found

    def tested(self, b: Tensor, numbers: Tensor, cells: Tensor | None = None) -> Tensor:
        """A* b of some stages, (s, n, F M, K), for weighted right sides b (s, n, E P, K) in all cells; or in some of a
        mesh that no rim cuts, (s, c, ...)."""
        found = b.new_zeros(*b.shape[:2], self.count, b.shape[-1])
        values = self.values[numbers]
        for (i, k), tested in self.tests.items():
            mine = _apart(b[:, :, i * self.each : (i + 1) * self.each])  # (s, K, n, P)
            factors = values.conj() ** k * self.ratio[numbers, i]
            factors = factors if b.is_complex() else factors.real
            for f, derived, factor in tested:
                here = factor if cells is None else factor[cells]
                product = _together(self.inside.tested(mine * here, derived), b)
                found[:, :, f * self.m : (f + 1) * self.m] += factors[:, None, None, None] * product
        return found


def _apart(b: Tensor) -> Tensor:
    """Right sides (s, n, P, K), each real one by itself: (s, K or 2 K, n, P)."""
    parts = torch.view_as_real(b.resolve_conj()).flatten(-2) if b.is_complex() else b
    return parts.movedim(-1, 1)


def _together(found: Tensor, b: Tensor) -> Tensor:
    """And back, (s, n, M, K), as b is."""
    parts = found.movedim(1, -1)
    return torch.view_as_complex(parts.unflatten(-1, (-1, 2)).contiguous()) if b.is_complex() else parts


def _add(whole: Tensor, product: Tensor, factor: complex) -> None:
    """Add a real matrix times a number."""
    if not whole.is_complex():
        whole.add_(product, alpha=factor.real)
        return
    both = torch.view_as_real(whole)
    both[..., 0].add_(product, alpha=factor.real)
    if factor.imag:
        both[..., 1].add_(product, alpha=factor.imag)
