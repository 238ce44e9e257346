"""Newton's method over joined cells, damped by the correction that would follow.

A step of length l is taken if the next correction, with the same factorisation, is smaller:

    |J^-1 F(c + l delta)| <= (1 - l/4) |delta|,

which asks nothing of the units of equations. Source: Deuflhard, Newton Methods for Nonlinear Problems (2004), section
3.3; Ascher, Mattheij & Russell (1995), section 8.1.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Protocol, Self, TypeVar

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.networks.tiles import Tiles, sizes_of


@dataclass(frozen=True)
class Rules:
    """What decides in Newton's method. Chosen, not measured.

    Parameters
    ----------
    iterations : int
        Before it is given up. More: time on what will not settle.
    shortest : float
        Of a correction: none is taken that is shorter. Smaller: more iterations before it is given up.
    away : float
        Of the unknowns' sizes: a correction that large leads nowhere.
    kept : float
        Of the last correction: while the next one with the same factorisation is below it, that is kept. Larger: more
        of them; smaller: more factorisations, of which each costs as much as two or three.
    rounding : float
        Of these sizes: where corrections stop to fall below it, they are rounding.
    """

    iterations: int = 40
    shortest: float = 1e-3
    away: float = 1e9
    kept: float = 0.2
    rounding: float = 1e-7


RULES = Rules()


class Linearised(Protocol):
    """The factorised equations of cells."""

    @property
    def now(self) -> Any:
        """What the cells leave of their equations."""
        ...

    def correction(self, cells: Any, left: Any) -> Tensor:
        """The change of the coefficients (n, F, M) by which what is left would vanish."""
        ...


class Joined(Protocol):
    """Cells whose coefficients (n, F, M) are to be found."""

    @property
    def mesh(self) -> Tiles: ...

    @property
    def coefficients(self) -> Tensor: ...

    def closed(self) -> Self:
        """Without gaps at joints, where corrections leave these as they are."""
        ...

    def with_coefficients(self, c: Tensor) -> Self: ...

    def left(self) -> Any:
        """What they leave of their equations, as operators read it."""
        ...


C = TypeVar("C", bound=Joined)


@dataclass
class Effort:
    """How often equations were factorised, and on how many cells in all."""

    factorisations: int = 0
    cells: int = 0


@dataclass
class JoinedNewton:
    """Newton's method with what it has cost.

    Parameters
    ----------
    factorise : callable
        The equations of cells, linearised at what they are.
    floors : tensor (F,)
        The least size of each unknown: what is smaller everywhere is nothing.
    left : float
        The correction that may be left, relative to the unknowns' sizes.
    iterations : int
    shortest : float
        See `Rules`.

    Attributes
    ----------
    operator : Linearised, optional
        The last one, and with it the cells at which it was made.
    last : float
        The correction that was taken last, or would follow.
    """

    factorise: Callable[[Any], Linearised]
    floors: Tensor
    left: float
    iterations: int = RULES.iterations
    shortest: float = RULES.shortest
    effort: Effort = field(default_factory=Effort)
    operator: Linearised | None = None
    last: float = math.inf

    def solve(self, cells: C) -> C | None:
        """The cells with their equations solved; nothing where that did not settle."""
        cells = cells.closed()
        length, before = 1.0, math.inf
        for _ in range(self.iterations):
            operator = self.operator = None  # let go of, before the next one takes as much memory
            try:
                operator = self._factorised(cells)
                change = operator.correction(cells, operator.now)
            except (ProblemError, RuntimeError):  # singular, or not enough is said
                return None
            sizes = torch.maximum(sizes_of(cells.coefficients + change, cells.mesh), self.floors)
            size = norm(change, cells, sizes)
            if not size < RULES.away:
                return None
            self.last = size
            if size < self.left or (size < RULES.rounding and size > 0.5 * before):
                return cells.with_coefficients(cells.coefficients + change)
            before = size
            taken = self._damped(cells, operator, change, size, sizes, length)
            if taken is None:
                return cells if size < RULES.rounding else None
            cells, length, self.last = taken
            if length == 1.0 and self.last < self.left:
                return cells
        return None

    def _factorised(self, cells: Joined) -> Linearised:
        self.effort.factorisations += 1
        self.effort.cells += len(cells.mesh)
        self.operator = self.factorise(cells)
        return self.operator

    def _damped(
        self, cells: C, operator: Linearised, change: Tensor, size: float, sizes: Tensor, length: float
    ) -> tuple[C, float, float] | None:
        """The cells after a part of a correction, that part, and the size of the correction that would follow."""
        length = min(1.0, 4 * length)
        while length >= self.shortest:
            moved = cells.with_coefficients(cells.coefficients + length * change)
            following = operator.correction(moved, moved.left())
            after = norm(following, cells, sizes)
            if after <= (1 - length / 4) * size or after < self.left:
                if length == 1.0 and after < RULES.kept * size:
                    return self._kept(moved, operator, following, after, sizes)
                return moved, length, after
            # the length at which the change of slopes, as just seen, would be half of what a step allows
            bend = 2 * abs(after - (1 - length) * size) / (length**2 * size) if after < RULES.away else math.inf
            length = min(0.5 * length, max(0.1 * length, 1 / bend if bend > 0 else 1.0))
        return None

    def _kept(
        self, cells: C, operator: Linearised, change: Tensor, size: float, sizes: Tensor
    ) -> tuple[C, float, float]:
        """Corrections with the same factorisation, as long as each is smaller by enough."""
        while True:
            cells = cells.with_coefficients(cells.coefficients + change)
            if size < self.left:
                return cells, 1.0, size
            following = operator.correction(cells, cells.left())
            after = norm(following, cells, sizes)
            if not after < RULES.kept * size:
                return cells, 1.0, after
            change, size = following, after


def norm(c: Tensor, cells: Joined, sizes: Tensor) -> float:
    """The largest over the unknowns of root mean squares along the line, each relative to its size."""
    found = float((sizes_of(c, cells.mesh) / sizes).max())
    return found if math.isfinite(found) else math.inf
