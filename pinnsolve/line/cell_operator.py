"""The factorised equations of one cell of a march, whose traces at the end where it begins are known."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.line.cells import Cells
from pinnsolve.residuals.pointwise import Answers


@dataclass
class CellOperator:
    """Equations at collocation points, linearised, as rows on the numbers of a cell that are free: its own ones and
    the traces at its far end. There are as many of both.

    Corrections leave the known traces as they are (`Cells.closed`). Each row is divided by its largest entry.

    Parameters
    ----------
    inside : Answers
    free : tensor (E P, F M)
        From these numbers to coefficients.
    norms : tensor (E P,)
        By what rows are divided.
    factors : tuple of tensors
        LU with the pivots.
    """

    inside: Answers
    free: Tensor
    norms: Tensor
    factors: tuple[Tensor, Tensor]

    @classmethod
    def of(cls, cells: Cells) -> CellOperator:
        """Of one cell with known traces.

        Raises
        ------
        RuntimeError
            Where the rows are singular.
        """
        s, inside = cells.scheme, cells.at_points(slopes=True)
        assert cells.known is not None
        free, unknowns = s.free_of(cells.known[0]), len(s.counts)
        part = free.new_zeros(len(inside.residuals), s.points, unknowns, s.cell.count)
        for (i, f, alpha), slope in inside.slopes.items():
            part[i, :, f] += slope[:, None] * cells.table(alpha[0])[0]
        rows = part.flatten(2).flatten(0, 1) @ free.T
        norms = rows.abs().amax(-1).clamp(min=1e-300)
        lu, pivots = torch.linalg.lu_factor(rows / norms[:, None])
        return cls(inside, free, norms, (lu, pivots))

    @property
    def now(self) -> Tensor:
        """What the cell leaves of its equations, (E, P)."""
        return self.inside.residuals

    def correction(self, cells: Cells, left: Tensor) -> Tensor:
        """The change of the coefficients (1, F, M) that makes residuals (E, P) vanish."""
        z = torch.linalg.lu_solve(*self.factors, (-left.flatten() / self.norms)[:, None])
        return (z[:, 0] @ self.free).view_as(cells.coefficients)
