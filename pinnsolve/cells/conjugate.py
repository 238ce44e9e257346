"""The systems of all stages of a step, solved with the factors of one that is real.

With N(lambda) the normal matrices of a step's stages and N = N(mu), mu the geometric mean of |lambda|, conjugate
gradients with N in front of them find what N(lambda) x = b says. For A = lambda + L, L of a positive spectrum as
diffusion has it,

    min over nu > 0 of  |lambda + nu|^2 / (mu + nu)^2  >=  0.6 of the largest        (2 to 7 stages),

so that an iteration leaves an eighth or less; where L is skew, as wind and waves are, a half, but of what is fast
beside the step alone. Real factors of one matrix take the place of complex ones of each pair: of what joins cells, a
fifth of the operations and a third of the memory with three stages, a ninth and a fifth with five.

Only the equations' rows know lambda, so that N(lambda) - N = D acts in each cell by itself, on coefficients c alone.
From N x_0 = b on, residuals have no part at the joints:

    s = -D c,   y = N^-1 s,   p = y + beta p,   q = N p = s + beta q,   alpha = <s, y> / <p, q + D p>.

Source: Hestenes & Stiefel, J. Res. Nat. Bur. Stand. 49 (1952) 409.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.cells.own_cells import OwnCells


@dataclass(frozen=True)
class Rules:
    """When the iteration ends.

    Parameters
    ----------
    left : float
        Of a solution: the last change. Newton's method looks again at what is left. Larger: iterations of it. Smaller:
        of these.
    most : int
        Iterations.
    """

    left: float = 1e-2
    most: int = 12


RULES = Rules()
Linear = Callable[[Tensor], Tensor]


def conjugate(
    c: Tensor, solved: Linear, apart: Linear, inner: Callable[[Tensor, Tensor], Tensor]
) -> tuple[Tensor, int]:  # fmt: skip
    """Solutions of N(lambda), for each stage and right side by itself, and how many iterations it took.

    Parameters
    ----------
    c : tensor (S, n, F M, K)
        Complex: those of N.
    solved : callable
        N^-1 of right sides in cells, the coefficients' part.
    apart : callable
        D c.
    inner : callable
        Products over all cells and ranks, (S, 1, 1, K).
    """
    s = -apart(c)
    p = q = torch.zeros_like(c)
    before = torch.ones_like(inner(c, c))
    count = 0
    while count < RULES.most:
        count += 1
        y = solved(s)
        now = inner(s, y)
        p, q = y + now / before * p, s + now / before * q
        turned = q + apart(p)
        alpha = now / inner(p, turned).clamp(min=1e-300)
        c, s, before = c + alpha * p, s - alpha * turned, now.clamp(min=1e-300)
        change = alpha.square() * inner(p, p)
        if bool((change <= RULES.left**2 * inner(c, c)).all()):
            break
    return c, count


@dataclass
class Shared:
    """The systems of all stages beside the one whose factors they share.

    Parameters
    ----------
    own : OwnCells
    differ : list by stage of tensor (1, C, F M, F M)
        D in cells that stand for all alike.
    phases : tensor (S, F)
        In what the one that is factorised counts the unknowns of each stage: |phase| = 1.
    """

    own: OwnCells
    differ: list[Tensor]
    phases: Tensor

    @property
    def by_column(self) -> Tensor:
        """The phases of coefficients, (S, 1, F M, 1)."""
        each = self.differ[0].shape[-1] // self.phases.shape[1]
        return self.phases.repeat_interleave(each, 1)[:, None, :, None]

    def columns(self, x: Tensor) -> Tensor:
        """What stages have (S, n, F M, K) as right sides of one real system, (1, n, F M, S K 2)."""
        return _columns(x * self.by_column.conj())

    def back(self, x: Tensor) -> Tensor:
        """Solutions (1, n, F M, S K 2) of that as those of the stages."""
        parts = x[0].unflatten(2, (len(self.differ), -1, 2)).permute(2, 0, 1, 3, 4)
        return torch.view_as_complex(parts.contiguous()) * self.by_column

    def given(self, told: Tensor, fields: Tensor) -> Tensor:
        """What is given on faces (S, N, K), unknowns of such fields, as right sides, (1, N, S K 2)."""
        return _columns((told * self.phases.conj()[:, fields, None])[:, :, None])[:, :, 0]

    def apart(self, c: Tensor) -> Tensor:
        """D c, of coefficients (S, n, F M, K)."""
        found = [
            self.own.alone(d, x if d.is_complex() else x.real).to(c.dtype)
            for d, x in zip(self.differ, c.split(1), strict=True)
        ]
        return torch.cat(found)


def _columns(x: Tensor) -> Tensor:
    """Complex numbers (S, n, M, K) side by side as real ones, (1, n, M, S K 2)."""
    return torch.view_as_real(x.resolve_conj()).permute(1, 2, 0, 3, 4).flatten(2)[None]
