"""Cells of a line, joined exactly: a chain of them (`pinnsolve.algebra.chains`)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pinnsolve.algebra.chains import Chain, Prescribed
from pinnsolve.algebra.operations import qr
from pinnsolve.methods.implicit_step import Scheme, Site
from pinnsolve.methods.rows import Slopes, in_cells, turned
from pinnsolve.networks.tiles import Tiles


class JoinedChain:
    """The factorised equations of one step.

    Parameters
    ----------
    scheme : Scheme
    mesh : Tiles
    length : float
    slopes : Slopes
    sites : list of (Site, Slopes)
        The two ends; nothing for a ring.
    row_weights : tensor (S, n, E, P)
    """

    def __init__(
        self, scheme: Scheme, mesh: Tiles, length: float, slopes: Slopes, sites: Sequence[tuple[Site, Slopes]],
        row_weights: Tensor,
    ) -> None:  # fmt: skip
        self.scheme, self.widths, self.sites = scheme, mesh.widths[:, 0], sites
        self.ring, self.values = scheme.evolution.rings[0], scheme.radau.values / length
        self.joins = [k for (k,) in scheme.evolution.joins]
        self.scales = self._scales()
        parts = {order: self._in_joins(part.flatten(1, 2)) for order, part in in_cells(scheme, mesh, slopes).items()}
        rows = torch.stack([turned(parts, value) for value in self.values])
        rows = rows * row_weights.flatten(2, 3)[..., None]
        own = sum(scheme.cell.count - 2 * k for k in self.joins)
        self.norms: list[Tensor] = []
        self.chain = Chain(rows, own, None if self.ring else Prescribed(*self._walls()))

    def _scales(self) -> Tensor:
        """(n + 1,): the length in which derivatives at joints are counted, that of the smaller neighbour."""
        h = self.widths
        beside = torch.minimum(h[1:], h[:-1])
        if self.ring:
            around = torch.minimum(h[:1], h[-1:])
            return torch.cat([around, beside, around])
        return torch.cat([h[:1], beside, h[-1:]])

    def _stretch(self, joins: int) -> tuple[Tensor, Tensor]:
        """What a joint's numbers are in the reference cell's units, (n, joins) at the left and right."""
        k = torch.arange(joins, dtype=torch.float64, device=self.widths.device)
        h = self.widths[:, None]
        left, right = ((h / (2 * side[:, None])) ** k for side in (self.scales[:-1], self.scales[1:]))
        return left, right

    def _in_joins(self, part: Tensor) -> Tensor:
        """From coefficients (n, R, F, M) to own numbers and joints, (n, R, own + 2 joints)."""
        own, left, right = [], [], []
        for f, joins in enumerate(self.joins):
            lift, free = self.scheme.cell.joins(joins)
            own.append(part[:, :, f] @ free)
            lifted = part[:, :, f] @ lift
            a, b = self._stretch(joins)
            left.append(lifted[..., :joins] * a[:, None])
            right.append(lifted[..., joins:] * b[:, None])
        return torch.cat(own + left + right, -1)

    def _walls(self) -> list[Tensor]:
        """The rows of the conditions at the left and right end, (S, m, D), of length one."""
        s, offsets = self.scheme, [sum(self.joins[:f]) for f in range(len(self.joins))]
        made = []
        for end in (0, 1):
            mine = next(((site, slopes) for site, slopes in self.sites if site.side == (0, end)), None)
            m = 0 if mine is None else len(mine[0].conditions)
            rows = torch.zeros(len(self.values), m, sum(self.joins), dtype=torch.complex128, device=s.device)
            for (i, f, alpha), slope in mine[1].items() if mine is not None else ():
                (k,), order = s.evolution.derivative(alpha)
                rows[:, i, offsets[f] + k] += slope[0, 0] / self.scales[-end] ** k * self.values**order
            norms = torch.linalg.vector_norm(rows, dim=-1)
            if mine is not None:
                self.norms.append(norms)
            made.append(rows / norms[..., None])
        return made

    def solve(self, b: Tensor, at_sites: Sequence[Tensor], known: Tensor | None = None) -> Tensor:
        """The coefficients (S, n, F, M, K) for K right sides b (S, n, R, K) and those at the ends, (S, 1, m, 1, K).

        Corrections are joined; so must be what is known.
        """
        del known
        prescribed = None
        if not self.ring:
            rows = [told[:, 0, :, 0] / norm[..., None] for told, norm in zip(at_sites, self.norms, strict=True)]
            prescribed = torch.cat(rows, 1) if rows else b.new_zeros(len(b), 0, b.shape[-1])
        z, left, right = (part.movedim(-1, 0) for part in self.chain.solve(b, prescribed))
        return self._coefficients(z, left, right).movedim(0, -1)

    def _coefficients(self, z: Tensor, left: Tensor, right: Tensor) -> Tensor:
        """From own numbers (..., n, Z) and joints (..., n, D) at both sides to (..., n, F, M)."""
        made, at, joint = [], 0, 0
        for joins in self.joins:
            lift, free = (table.to(z.dtype) for table in self.scheme.cell.joins(joins))
            own = self.scheme.cell.count - 2 * joins
            c = z[..., at : at + own] @ free.T
            if joins:
                a, b = self._stretch(joins)
                ends = torch.cat([left[..., joint : joint + joins] * a, right[..., joint : joint + joins] * b], -1)
                c = c + ends @ lift.T
            made.append(c)
            at, joint = at + own, joint + joins
        return torch.stack(made, -2)


def operations(scheme: Scheme, mesh: Tiles) -> tuple[float, float]:
    """Of one factorisation, and of one solution; matrices of a dozen rows take fifteen times as long as their
    operations do in a large one."""
    rows, columns = scheme.points * len(scheme.evolution.equations), scheme.cell.count * scheme.fields
    each = 15.0 * 4.0 * len(scheme.radau.values) * len(mesh)
    return each * qr(rows, columns), each * 2 * rows * columns
