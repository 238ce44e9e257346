"""The equations' rows in the cells of a plane, and their products for stages of all kinds.

A stage's rows are A = sum over the orders k in time of lambda^k P_k, with P_k real and the same for all stages, times
what stages weigh each equation by. So the normal matrices of all stages,

    A* A = sum over the equations, and over k and l, of   weight^2 conj(lambda)^k lambda^l  P_k' P_l,

need real products alone, and these once. In the weak form A* stands for the highest order alone.
"""

from __future__ import annotations

import torch
from torch import Tensor

from pinnsolve.methods.implicit_step import Scheme, stretched
from pinnsolve.methods.rows import Slopes
from pinnsolve.networks.spread import spread
from pinnsolve.networks.tiles import Tiles


class CellRows:
    """The rows of some cells.

    Parameters
    ----------
    scheme : Scheme
    mesh : Tiles
    slopes : Slopes
    first : tensor (C,)
        The cells.
    weights : tensor (S, n, E, P)
        What rows are multiplied by: at other stages so many times as much, for each equation.
    values : tensor (S,)
        lambda.
    """

    def __init__(
        self, scheme: Scheme, mesh: Tiles, slopes: Slopes, first: Tensor, weights: Tensor, values: Tensor
    ) -> None:
        m = scheme.cell.count
        self.count, self.each, self.values = scheme.fields * m, scheme.in_cell, values
        self.ratio = weights.amax((1, 3)) / weights[0].amax((0, 2))  # (S, E)
        fields: dict[tuple[int, int], list[int]] = {}
        for (i, f, alpha), slope in slopes.items():
            if bool((slope != 0).any()):
                fields.setdefault((i, scheme.evolution.derivative(alpha)[1]), []).append(f)
        self.columns = {key: slice(min(mine) * m, (max(mine) + 1) * m) for key, mine in fields.items()}
        # by equation and order in time, (C, columns, P)
        self.parts = {
            key: weights.new_zeros(len(first), c.stop - c.start, self.each) for key, c in self.columns.items()
        }
        own = None if mesh.region is None else spread(mesh, scheme.cell, scheme.points)
        for (i, f, alpha), slope in slopes.items():
            k, order = scheme.evolution.derivative(alpha)
            if f in fields.get((i, order), ()):
                mine = slope[first] * weights[0, first, i] * stretched(mesh.widths[first], k)[:, None]
                low = f * m - self.columns[i, order].start
                table = scheme.cell.table(scheme.points, k).T if own is None else own.rows(k, first)
                self.parts[i, order][:, low : low + m] += table * mine[:, None]
        highest = {i: max(order for j, order in fields if j == i) for i, _ in fields}
        self.products: dict[
            tuple[int, int, int], Tensor
        ] = {}  # that were made; whoever needs no more of them drops them
        self.tests = [key for key in fields if not scheme.weak or key[1] == highest[key[0]]]

    def normal(self, numbers: Tensor, real: bool) -> Tensor:
        """A* A of some stages, (s, C, F M, F M)."""
        values, cells = self.values[numbers], len(next(iter(self.parts.values())))
        dtype = self.ratio.dtype if real else values.dtype
        found = torch.zeros(len(numbers), cells, self.count, self.count, dtype=dtype, device=values.device)
        for i, k in self.tests:
            for (j, order), part in self.parts.items():
                if i != j:
                    continue
                if (i, k, order) not in self.products:
                    self.products[i, k, order] = self.parts[i, k] @ part.mT
                product, rows, columns = self.products[i, k, order], self.columns[i, k], self.columns[j, order]
                factors = values.conj() ** k * values**order * self.ratio[numbers, i] ** 2
                for whole, factor in zip(found[:, :, rows, columns], factors.tolist(), strict=True):
                    _add(whole, product, factor)
        return found

    def tested(self, b: Tensor, numbers: Tensor, alike: Tensor | None) -> Tensor:
        """A* b of some stages, (s, n, F M, K), for weighted right sides b (s, n, E P, K) in all cells; `alike` tells
        which of the cells here stands for each, where not each for itself."""
        found = b.new_zeros(*b.shape[:2], self.count, b.shape[-1])
        values = self.values[numbers]
        for i, k in self.tests:
            part = self.parts[i, k] if alike is None else self.parts[i, k][alike]
            product = times(part, b[:, :, i * self.each : (i + 1) * self.each])
            factors = values.conj() ** k * self.ratio[numbers, i]
            factors = factors if b.is_complex() else factors.real
            found[:, :, self.columns[i, k]] += factors[:, None, None, None] * product
        return found


def _add(whole: Tensor, product: Tensor, factor: complex) -> None:
    """Add a real matrix times a number."""
    if not whole.is_complex():
        whole.add_(product, alpha=factor.real)
        return
    both = torch.view_as_real(whole)
    both[..., 0].add_(product, alpha=factor.real)
    if factor.imag:
        both[..., 1].add_(product, alpha=factor.imag)


def times(real: Tensor, other: Tensor) -> Tensor:
    """The products (s, n, M, K) of real matrices (n, M, P) and others (s, n, P, K), which may be complex: all stages
    and both parts at once, so that each real matrix is read once."""
    parts = torch.view_as_real(other.resolve_conj()) if other.is_complex() else other[..., None]
    s, _, _, k, two = parts.shape
    product = real @ parts.permute(1, 2, 0, 3, 4).flatten(2)
    found = product.unflatten(2, (s, k, two)).permute(2, 0, 1, 3, 4)
    return torch.view_as_complex(found.contiguous()) if two == 2 else found[..., 0]
