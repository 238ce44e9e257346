"""SPRING: Gauss-Newton steps from as many equations as there are points, for networks of 1e4 to 1e6 weights."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.algebra.operations import cholesky, product
from pinnsolve.errors import ProblemError, positive, whole
from pinnsolve.machine.room import Room
from pinnsolve.methods.damped import shifted_factor
from pinnsolve.methods.protocol import Objective, State

Back = Callable[[Tensor], Tensor]


@dataclass(frozen=True, kw_only=True)
class SPRING:
    """Subsampled projected-increment natural gradient: with the residuals r and their Jacobian J on this step's points,

        phi_k = momentum phi_(k-1) + J^T (J J^T + mu I)^(-1) (r - momentum J phi_(k-1)),    w <- w - eta phi_k,

    so that the system is as large as there are residuals, however many weights there are. mu is relative to the mean
    diagonal of J J^T; eta is `rate`, halved until the loss on these points falls. Points are to be redrawn often: what
    one set of them leaves open the direction before keeps; with many more weights than points a small rate keeps steps
    from following the points of the day.

    J is kept where there is room for it; otherwise as many of its rows as there is room for stand beside all others,
    which are made anew for each such part.

    Source: Goldshlager, Abrahamsen & Lin, J. Comput. Phys. 516 (2024) 113351, arXiv 2401.10190, algorithm 1; for
    residuals of equations Guzman-Cordero et al., arXiv 2505.12149.

    Parameters
    ----------
    damping : float
        mu, relative (dimensionless).
    momentum : float
        In [0, 1); with zero it is Gauss-Newton's method on these points.
    rate : float
        eta, in (0, 1] (dimensionless).
    steps : int, optional
        Ends after so many steps.
    """

    damping: float = 1e-6
    momentum: float = 0.9
    rate: float = 1.0
    steps: int | None = None
    name = "spring"
    cycle = 5
    redraws = True
    by_rows = True
    halvings = 10  # of a step that does not lower the loss; fewer: the direction before is forgotten too early

    def __post_init__(self) -> None:
        positive("SPRING: damping", self.damping)
        if isinstance(self.momentum, bool) or not 0 <= self.momentum < 1:
            raise ProblemError(f"SPRING: momentum={self.momentum!r} is not in [0, 1)", "Write SPRING(momentum=0.9).")
        if isinstance(self.rate, bool) or not 0 < self.rate <= 1:
            raise ProblemError(f"SPRING: rate={self.rate!r} is not in (0, 1]", "Write SPRING(rate=0.3).")
        whole("SPRING: steps", self.steps)

    def init(self, objective: Objective) -> State:
        return {"direction": torch.zeros_like(objective.model.vector()), "loss": math.nan, "stuck": False}

    def operations(self, objective: Objective, state: State) -> float:
        """Of the rows, once for each part of them that is kept, of their products, and of a few measurements."""
        rows, columns, costs = objective.size, objective.columns, objective.costs
        passes = -(-rows // max(1, objective.room.rows // columns))
        products = product(rows, columns, rows) + cholesky(rows)
        return passes * costs.rows + products + costs.gradient + 3 * costs.values

    def held(self, rows: int, columns: int, squares: float, room: Room) -> float:
        """The rows that are kept, the system with its factor, and a few vectors."""
        return float(min(rows * columns, max(room.rows, 64 * columns))) + 4.0 * rows**2 + 8.0 * columns

    def step(self, objective: Objective, state: State) -> State:
        before, start = state["direction"], objective.model.vector()
        r, image, gram, back = self._system(objective, before)
        objective.work.add(product(len(r), len(start), len(r)) + cholesky(len(r)))
        loss = float(r.square().sum())
        if not math.isfinite(loss):
            return {**state, "loss": loss}
        mu = self.damping * float(gram.diagonal().mean())
        solved = _solved(gram, mu, r - self.momentum * image)
        if solved is None:
            return {**state, "loss": loss, "stuck": True}
        direction = self.momentum * before + back(solved)
        for part in (self.rate * 0.5**k for k in range(self.halvings)):
            objective.model.assign(start - part * direction)
            if (new := objective.loss()) < loss:
                return {**state, "direction": direction, "loss": new, "stuck": False}
        objective.model.assign(start)
        return {**state, "direction": torch.zeros_like(before), "loss": loss, "stuck": not bool(before.any())}

    def _system(self, objective: Objective, before: Tensor) -> tuple[Tensor, Tensor, Tensor, Back]:
        """r (N,), J phi (N,), J J^T (N, N), and what multiplies a vector by J^T."""
        count, most = objective.size, max(1, objective.room.rows // len(before))
        if count <= most or objective.world.size > 1:  # ranks have rows of their own points alone
            r, rows = objective.rows()
            return r, rows @ before, rows @ rows.T, lambda v: v @ rows
        r, image, gram = before.new_zeros(count), before.new_zeros(count), before.new_zeros(count, count)
        for begin, held in _parts(objective, most):
            start = 0
            for some, rows in objective.pieces():
                here = slice(start, start + len(some))
                gram[begin : begin + len(held), here] = held @ rows.T
                if not begin:
                    r[here], image[here] = some, rows @ before
                start += len(some)
        return r, image, gram, objective.pulled_back


def _parts(objective: Objective, most: int) -> Iterator[tuple[int, Tensor]]:
    """So many rows at a time, and where they begin: each part is made by a pass of its own."""
    begin = 0
    while begin < objective.size:
        kept, start = list[Tensor](), 0
        for _, rows in objective.pieces():
            low, high = max(begin, start), min(begin + most, start + len(rows))
            if low < high:
                kept.append(rows[low - start : high - start].clone())
            start += len(rows)
            if start >= begin + most:
                break
        yield begin, torch.cat(kept)
        begin += most


def _solved(gram: Tensor, mu: float, right: Tensor) -> Tensor | None:
    """(J J^T + mu I)^(-1) b, with more of it where rounding leaves the matrix indefinite."""
    for more in (1.0, 1e2, 1e4, 1e6):
        if (factor := shifted_factor(gram, more * mu)) is not None:
            return torch.cholesky_solve(right[:, None], factor)[:, 0]
    return None
