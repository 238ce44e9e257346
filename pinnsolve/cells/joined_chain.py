"""Cells of a line, joined exactly: a chain of them (`pinnsolve.algebra.chains`)."""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pinnsolve.algebra.chains import Chain, Prescribed
from pinnsolve.algebra.operations import qr
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.line_traces import traces_of
from pinnsolve.cells.rows import Slopes, in_cells
from pinnsolve.cells.sites import Site
from pinnsolve.networks.tiles import Tiles
from pinnsolve.networks.traces import number_of
from pinnsolve.residuals.costs import JOINED


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
        self.scheme, self.traces, self.sites = scheme, traces_of(mesh, scheme.evolution, scheme.cell), sites
        self.values = scheme.radau.values / length
        parts = in_cells(scheme, mesh, slopes)
        powers = torch.stack([self.values**order for order in parts], 1)  # (S, orders in time)
        each = self.traces.rows(torch.stack([part.flatten(1, 2) for part in parts.values()]))
        rows = torch.tensordot(powers, each.to(powers.dtype), 1) * row_weights.flatten(2, 3)[..., None]
        self.norms: list[Tensor] = []
        self.chain = Chain(rows, self.traces.own, None if self.traces.ring else Prescribed(*self._walls()))

    def _walls(self) -> list[Tensor]:
        """The rows of the conditions at the left and right end, (S, m, D), of length one."""
        s, joins, made = self.scheme, self.traces.joins, []
        for end in (0, 1):
            mine = next(((site, slopes) for site, slopes in self.sites if site.side == (0, end)), None)
            m = 0 if mine is None else len(mine[0].conditions)
            rows = torch.zeros(len(self.values), m, sum(joins), dtype=torch.complex128, device=s.device)
            for (i, f, alpha), slope in mine[1].items() if mine is not None else ():
                (k,), order = s.evolution.derivative(alpha)
                rows[:, i, number_of(joins, f, k)] += slope[0, 0] / self.traces.scales[-end] ** k * self.values**order
            norms = torch.linalg.vector_norm(rows, dim=-1)
            if mine is not None:
                self.norms.append(norms)
            made.append(rows / norms[..., None])
        return made

    def solve(self, b: Tensor, at_sites: Sequence[Tensor] | None) -> Tensor:
        """The coefficients (S, n, F, M, K) for K right sides b (S, n, R, K) and those at the ends, (S, 1, m, 1, K),
        nothing for zeros.

        Corrections are joined; so must be what is known.
        """
        return self.traces.coefficients(self.numbers(b, at_sites).movedim(-1, 0)).movedim(0, -1)

    def numbers(self, b: Tensor, at_sites: Sequence[Tensor] | None) -> Tensor:
        """The same as own numbers and joints of cells, (S, n, own + 2 D, K)."""
        prescribed = None
        if at_sites is not None and not self.traces.ring:
            rows = [told[:, 0, :, 0] / norm[..., None] for told, norm in zip(at_sites, self.norms, strict=True)]
            prescribed = torch.cat(rows, 1) if rows else b.new_zeros(len(b), 0, b.shape[-1])
        return self.chain.solve(b, prescribed)


def operations(scheme: Scheme, mesh: Tiles) -> tuple[float, float]:
    """Of one factorisation, and of one solution, complex numbers as four real."""
    rows, columns = scheme.points * len(scheme.evolution.equations), scheme.cell.count * scheme.fields
    each = JOINED.small * 4.0 * len(scheme.radau.values) * len(mesh)
    return each * qr(rows, columns), each * 2 * rows * columns
