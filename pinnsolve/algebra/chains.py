"""Least squares over a chain of cells, solved by joining neighbours in pairs until one cell is left.

Each cell has rows A z + B l + C r = b for numbers z of its own and for what it shares at its left and right joint,

    min over all z, l, r of  sum over the cells of |A z + B l + C r - b|^2,      r of a cell = l of the next one,

with what is prescribed at the two ends, or with the last joint being the first. One QR condenses a cell to its joints;
two neighbours become one by a QR that eliminates the joint between them; after log2(n) rounds, in each of which all
pairs are factorised at once, one cell remains. Orthogonal throughout, so that no condition number is squared.

Source: Wright, SIAM J. Sci. Stat. Comput. 13 (1992) 742 (structured orthogonal factorisation); Bjoerck, Numerical
Methods for Least Squares Problems (1996), section 6.3.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError


@dataclass(frozen=True)
class Prescribed:
    """What holds exactly at the two ends: `left` (S, m, D) times the first joint, `right` (S, k, D) times the last."""

    left: Tensor
    right: Tensor


@dataclass(frozen=True)
class _Eliminated:
    """What one QR eliminated, so many numbers: x = given b - beside [l; r], and the rows that are left, `rest` b; given
    and rest are one matrix, `both`."""

    both: Tensor
    beside: Tensor
    count: int

    @property
    def given(self) -> Tensor:
        return self.both[..., : self.count, :]

    @property
    def rest(self) -> Tensor:
        return self.both[..., self.count :, :]


def _eliminate(rows: Tensor, count: int, wanted: int) -> tuple[_Eliminated, Tensor]:
    """Eliminate the first `count` columns of rows (..., R, C); what is left has `wanted` rows at least, zeros added."""
    q, r = torch.linalg.qr(rows)
    qh = q.mH
    upper = r[..., :count, :count]
    both = torch.cat([qh[..., :count, :], r[..., :count, count:]], -1)
    solved = torch.linalg.solve_triangular(upper, both, upper=True)
    split = rows.shape[-2]
    tail, rest = r[..., count:, count:], qh[..., count:, :]
    missing = wanted - tail.shape[-2]
    if missing > 0:
        tail = torch.nn.functional.pad(tail, (0, 0, 0, missing))
        rest = torch.nn.functional.pad(rest, (0, 0, 0, missing))
    return _Eliminated(torch.cat([solved[..., :split], rest], -2), solved[..., split:], count), tail


class Chain:
    """The factorised least-squares problem of a chain.

    Parameters
    ----------
    rows : tensor (S, n, R, Z + 2 D)
        Of S chains of n cells each, in the order own numbers, left joint, right joint.
    own : int
        Z.
    ends : Prescribed, optional
        Without it the chain is a ring.

    Raises
    ------
    ProblemError
        If the ends prescribe more than there is, or too little to determine the solution.
    """

    def __init__(self, rows: Tensor, own: int, ends: Prescribed | None) -> None:
        self.own, self.joint = own, (rows.shape[-1] - own) // 2
        tall = rows.shape[-2] - own > self.joint
        self.cells, tails = _eliminate(rows, own, 2 * self.joint if tall else self.joint)
        self.rounds: list[_Eliminated] = []
        while tails.shape[1] > 1:
            tails = self._pairs(tails)
        self.ends = ends
        self._close(tails[:, 0])

    def _pairs(self, tails: Tensor) -> Tensor:
        """Join neighbours in pairs; the last of an odd number goes on alone."""
        d, count = self.joint, tails.shape[1] // 2
        first, second = tails[:, 0 : 2 * count : 2], tails[:, 1 : 2 * count : 2]
        nothing = torch.zeros_like(first[..., :d])
        upper = torch.cat([first[..., d:], first[..., :d], nothing], -1)
        lower = torch.cat([second[..., :d], nothing, second[..., d:]], -1)
        done, joined = _eliminate(torch.cat([upper, lower], -2), d, tails.shape[-2])
        self.rounds.append(done)
        return torch.cat([joined, tails[:, 2 * count :]], 1)

    def _close(self, last: Tensor) -> None:
        """The one cell that is left, (S, r, 2 D): its ends are fixed v + free (b - last fixed v), v what is known."""
        s, d = last.shape[0], self.joint
        if self.ends is None:
            around = torch.cat([torch.eye(d, dtype=last.dtype, device=last.device)] * 2).expand(s, -1, -1)
            self.fixed = last.new_zeros(s, 2 * d, 0)
        else:
            left, right = self.ends.left, self.ends.right
            given = torch.cat(
                [torch.cat([left, torch.zeros_like(left)], -1), torch.cat([torch.zeros_like(right), right], -1)], -2
            )
            m = given.shape[-2]
            if m > 2 * d or 2 * d - m > last.shape[-2]:
                raise ProblemError(
                    f"{m} conditions stand at the two walls, and {2 * d} numbers are joined between cells",
                    "An equation asks for as many conditions at walls as it has derivatives along space.",
                )
            q, r = torch.linalg.qr(given.mH, mode="complete")
            eye = torch.eye(m, dtype=r.dtype, device=r.device).expand(s, -1, -1)
            inverse = torch.linalg.solve_triangular(r[..., :m, :].mH, eye, upper=False)
            self.fixed, around = q[..., :m] @ inverse, q[..., m:]
        q, r = torch.linalg.qr(last @ around)
        self.free = around @ torch.linalg.solve_triangular(r, q.mH, upper=True)
        self.last = last

    def solve(self, b: Tensor, walls: Tensor | None = None) -> tuple[Tensor, Tensor, Tensor]:
        """Own numbers (S, n, Z, K) and joints at the left and right of each cell, (S, n, D, K), for K right sides.

        Parameters
        ----------
        b : tensor (S, n, R, K)
        walls : tensor (S, m + k, K), optional
            What is prescribed, left end first; nothing stands for zeros.
        """
        tail, kept, d = self.cells.rest @ b, [], self.joint
        for done in self.rounds:
            count = done.both.shape[1]
            told = done.both @ tail[:, : 2 * count].reshape(tail.shape[0], count, 2 * tail.shape[2], b.shape[-1])
            kept.append(told[:, :, :d])
            alone = tail[:, 2 * count :]
            tail = torch.cat([told[:, :, d:], alone], 1) if alone.shape[1] else told[:, :, d:]
        ends = self._ends(tail[:, 0], walls)[:, None]
        for done, told in zip(reversed(self.rounds), reversed(kept), strict=True):
            count = done.both.shape[1]
            middle = told - done.beside @ ends[:, :count]
            left, right = ends[:, :count, :d], ends[:, :count, d:]
            halves = torch.cat([left, middle, middle, right], -2).reshape(len(ends), 2 * count, 2 * d, b.shape[-1])
            alone = ends[:, count:]
            ends = torch.cat([halves, alone], 1) if alone.shape[1] else halves
        z = self.cells.given @ b - self.cells.beside @ ends
        return z, ends[..., :d, :], ends[..., d:, :]

    def _ends(self, right_side: Tensor, walls: Tensor | None) -> Tensor:
        if walls is None:
            return self.free @ right_side
        fixed = self.fixed @ walls
        return fixed + self.free @ (right_side - self.last @ fixed)
