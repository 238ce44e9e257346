"""Parts of a plane that conduct well and have no walls: their levels as unknowns of their own.

What tells the level of such a part is the flux around it, which moves the unknowns within it by 1/k alone: among all
that is said there it is lost to rounding, k^2 times smaller. So the mean of one cell of each is held, which leaves a
well-conditioned system, and with the answers d to levels of one each solution x becomes

    x + sum over the parts of  level (1 + d),      the levels such that nothing holds those means any more.

(Deflation: Nicolaides, SIAM J. Numer. Anal. 24 (1987) 355.)
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from pinnsolve.cells.faces import Faces
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.rows import Slopes
from pinnsolve.cells.sites import Site
from pinnsolve.networks.tiles import Tiles


@dataclass
class Floating:
    """The levels of a mesh.

    Parameters
    ----------
    scheme : Scheme
    cells : list of tensor
        Of each connected piece of a part that counts more than others.
    held : tensor (L, 2)
        By level, the cell whose mean is held, and the unknown.
    pieces : list of int
        By level, the piece.
    """

    scheme: Scheme
    cells: list[Tensor]
    held: Tensor
    pieces: list[int]
    answers: Tensor | None = field(default=None)  # (S, n, F, M, L): 1 + d
    means: Tensor | None = field(default=None)  # (S, L, L): by level what others make of its mean

    @classmethod
    def of(cls, scheme: Scheme, mesh: Tiles, faces: Faces, raised: Tensor | None) -> Floating | None:
        """Those of a mesh; nothing where all parts count alike."""
        if raised is None or not bool((raised > 1).any()):
            return None
        sides = faces.order.sides
        parts = mesh.parts.numpy()
        within = sides[(parts[sides[:, 0]] == parts[sides[:, 1]])]
        label = _connected(len(mesh), within)
        held, pieces, cells = list[tuple[int, int]](), list[int](), list[Tensor]()
        by_curve = faces.cells.new_zeros(len(mesh)).bool()
        by_curve[faces.cells[faces.orders < 0]] = True
        by_curve[faces.above[faces.orders < 0]] = True
        for number in np.unique(label).tolist():
            mine = torch.as_tensor(np.flatnonzero(label == number), device=mesh.device)
            alone = mine[by_curve[mine]]  # such a cell is like no other
            fields = [f for f in range(scheme.fields) if bool((raised[mine, f] > 1).any())]
            if len(alone) and fields:
                pieces += [len(cells)] * len(fields)
                cells.append(mine)
                held += [(int(alone[mesh.shares[alone].argmax()]), f) for f in fields]
        return cls(scheme, cells, torch.tensor(held, device=mesh.device), pieces) if held else None

    def pin(self, h: Tensor, alike: Tensor) -> None:
        """Hold the means, in the cells' matrices (C, F M, F M), as strongly as all else tells them."""
        for cell, f in self.held.tolist():
            number, at = int(alike[cell]), f * self.scheme.cell.count
            if number >= 0:
                h[number, at, at] *= 2

    def answer(
        self, solve: Callable[..., Tensor], apart: Callable[[Tensor], Tensor], slopes: Slopes, row_weights: Tensor,
        sites: Sequence[tuple[Site, Slopes]], values: Tensor,
    ) -> None:  # fmt: skip
        """Solve for levels of one at all stages (lambda), (S,), with means that are held.

        Parameters
        ----------
        apart : callable (S, n, F, M, L) -> (S, N, L)
            What levels leave of relations across curves, as traces count it: between cells of one part it is nothing,
            and rounding there would be more than what holds a level that hardly anything holds.
        """
        s, count = self.scheme, len(self.pieces)
        one = values.new_zeros(row_weights.shape[1], s.fields, s.cell.count, count)
        for number, (piece, (_, f)) in enumerate(zip(self.pieces, self.held.tolist(), strict=True)):
            one[self.cells[piece], f, 0, number] = 1.0
        b = values.new_zeros(*row_weights.shape[:2], len(s.evolution.equations), s.in_cell, count)
        told = list[Tensor]()
        for (i, f, alpha), slope in slopes.items():
            k, order = s.evolution.derivative(alpha)
            if not any(k):
                along = (values**order)[:, None, None, None]
                b[:, :, i] -= row_weights[:, :, i, :, None] * slope[..., None] * along * one[:, f, :1]
        for site, mine in sites:
            here = b.new_zeros(len(b), len(site.cells), len(site.conditions), site.count, count)
            for (i, f, alpha), slope in mine.items():
                k, order = s.evolution.derivative(alpha)
                if not any(k):
                    here[:, :, i] -= slope[..., None] * (values**order)[:, None, None, None] * one[site.cells, f, :1]
            told.append(here)
        levels = one.expand(len(b), *one.shape)
        found = solve(b.flatten(2, 3), told, torch.zeros_like(levels), apart(levels))
        self.answers, self.means = one + found, self._means(found)

    def _means(self, found: Tensor) -> Tensor:
        """Those that are held, (S, L, K), of coefficients (S, n, F, M, K)."""
        return found[:, self.held[:, 0], self.held[:, 1], 0]

    def freed(self, found: Tensor) -> Tensor:
        """Solutions (S, n, F, M, K) whose means nothing holds."""
        if self.answers is None or self.means is None:
            return found
        levels = -torch.linalg.solve(self.means, self._means(found))
        return found + self.answers @ levels[:, None, None]


def _connected(count: int, pairs: np.ndarray) -> np.ndarray:
    """By cell the number of the piece that hangs together to which it belongs, (n,)."""
    from scipy.sparse import coo_matrix  # slow to import, and seldom needed
    from scipy.sparse.csgraph import connected_components

    edges = coo_matrix((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), (count, count))
    found: np.ndarray = connected_components(edges, directed=False)[1]
    return found
