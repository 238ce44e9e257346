"""Least squares over a chain of cells, solved by joining neighbours in pairs until few are left.

Each cell has rows A z + B l + C r = b for numbers z of its own and for what it shares at its left and right joint,

    min over all z, l, r of  sum over the cells of |A z + B l + C r - b|^2,      r of a cell = l of the next one,

with what is prescribed at the two ends, or with the last joint being the first. One QR condenses a cell to its joints;
two neighbours become one by a QR that eliminates the joint between them, all pairs at once in each round, until few
cells remain, whose joints are solved for together. Orthogonal throughout, so that no condition number is squared.

Source: Wright, SIAM J. Sci. Stat. Comput. 13 (1992) 742 (structured orthogonal factorisation); Bjoerck, Numerical
Methods for Least Squares Problems (1996), section 6.3.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

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
    and rest are one matrix, `both`, that many rows above the others."""

    both: Tensor
    beside: Tensor
    count: int


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

    Attributes
    ----------
    together : int
        Numbers at joints that are solved for at once. More: a dense QR takes longer than a round (16 cells with two
        numbers at each joint, three complex chains: 1.2 ms in four rounds, 0.9 ms at once, and each solution a third).
        Fewer: rounds of many small calls.

    Raises
    ------
    ProblemError
        If the ends prescribe more than there is, or too little to determine the solution.
    """

    together: ClassVar[int] = 32

    def __init__(self, rows: Tensor, own: int, ends: Prescribed | None) -> None:
        self.own, self.joint = own, (rows.shape[-1] - own) // 2
        tall = rows.shape[-2] - own > self.joint
        self.cells, tails = _eliminate(rows, own, 2 * self.joint if tall else self.joint)
        self.rounds: list[_Eliminated] = []
        while tails.shape[1] > 1 and tails.shape[1] * self.joint > self.together:
            tails = self._pairs(tails)
        self.ends = ends
        self._close(tails)

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

    def _close(self, tails: Tensor) -> None:
        """The few cells that are left, (S, n, r, 2 D), with all their joints x at once: x = fixed v at the two ends, v
        what is known there, and free (b - last fixed v) in all."""
        (s, n, r, _), d = tails.shape, self.joint
        whole = tails.new_zeros(s, n, r, n + 1, d)
        for side in (0, 1):  # a cell's joints are its own and the next
            mine = tails[..., side * d : (side + 1) * d]
            whole.diagonal(side, 1, 3).copy_(mine.permute(0, 2, 3, 1))
        whole = whole.reshape(s, n * r, (n + 1) * d)
        first, inner, last = whole.tensor_split([d, n * d], -1)
        if self.ends is None:
            q, r = torch.linalg.qr(torch.cat([first + last, inner], -1))
            x = torch.linalg.solve_triangular(r, q.mH, upper=True)
            self.free = torch.cat([x, x[..., :d, :]], -2)
            return
        fixed, around = self._at_ends(self.ends, whole)
        self.fixed, self.last = fixed, torch.cat([first, last], -1)
        q, r = torch.linalg.qr(torch.cat([self.last @ around, inner], -1))
        x = torch.linalg.solve_triangular(r, q.mH, upper=True)
        m = around.shape[-1]
        outer = around @ x[..., :m, :]
        self.free = torch.cat([outer[..., :d, :], x[..., m:, :], outer[..., d:, :]], -2)

    def _at_ends(self, ends: Prescribed, whole: Tensor) -> tuple[Tensor, Tensor]:
        """What is prescribed fixes of the first and last joint, (S, 2 D, m), and what it leaves, (S, 2 D, 2 D - m)."""
        left, right, d = ends.left, ends.right, self.joint
        given = torch.cat(
            [torch.cat([left, torch.zeros_like(left)], -1), torch.cat([torch.zeros_like(right), right], -1)], -2
        )
        m = given.shape[-2]
        if m > 2 * d or whole.shape[-1] - m > whole.shape[-2]:
            raise ProblemError(
                f"{m} conditions stand at the two walls, and {2 * d} numbers are joined between cells",
                "An equation asks for as many conditions at walls as it has derivatives along space.",
            )
        q, r = torch.linalg.qr(given.mH, mode="complete")
        eye = torch.eye(m, dtype=r.dtype, device=r.device).expand(len(given), -1, -1)
        inverse = torch.linalg.solve_triangular(r[..., :m, :].mH, eye, upper=False)
        return q[..., :m] @ inverse, q[..., m:]

    def solve(self, b: Tensor, walls: Tensor | None = None) -> Tensor:
        """Own numbers, and joints at the left and right of each cell, (S, n, Z + 2 D, K), for K right sides.

        Parameters
        ----------
        b : tensor (S, n, R, K)
        walls : tensor (S, m + k, K), optional
            What is prescribed, left end first; nothing stands for zeros.
        """
        d, own = self.joint, self.cells.both @ b
        tail, kept = own[..., self.own :, :], list[Tensor]()
        for done in self.rounds:
            count = done.both.shape[1]
            told = done.both @ tail[:, : 2 * count].reshape(tail.shape[0], count, 2 * tail.shape[2], b.shape[-1])
            kept.append(told[:, :, :d])
            alone = tail[:, 2 * count :]
            tail = torch.cat([told[:, :, d:], alone], 1) if alone.shape[1] else told[:, :, d:]
        ends = self._joints(tail, walls)
        for done, told in zip(reversed(self.rounds), reversed(kept), strict=True):
            count = done.both.shape[1]
            middle = told - done.beside @ ends[:, :count]
            left, right = ends[:, :count, :d], ends[:, :count, d:]
            halves = torch.cat([left, middle, middle, right], -2).reshape(len(ends), 2 * count, 2 * d, b.shape[-1])
            alone = ends[:, count:]
            ends = torch.cat([halves, alone], 1) if alone.shape[1] else halves
        z = own[..., : self.own, :] - self.cells.beside @ ends
        return torch.cat([z, ends], -2)

    def _joints(self, tail: Tensor, walls: Tensor | None) -> Tensor:
        """The joints at both sides of the cells that are left, (S, n, 2 D, K)."""
        (s, n, _, k), d = tail.shape, self.joint
        right_side = tail.reshape(s, -1, k)
        if walls is None:
            x = self.free @ right_side
        else:
            fixed = self.fixed @ walls
            x = self.free @ (right_side - self.last @ fixed)
            x[:, :d] += fixed[:, :d]
            x[:, n * d :] += fixed[:, d:]
        return torch.cat([x[:, : n * d].reshape(s, n, d, k), x[:, d:].reshape(s, n, d, k)], -2)
