"""How exact a march shall be, and what one has come to."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Scheme, Step
from pinnsolve.march.rules import RULES
from pinnsolve.march.step_solver import Counts, norm
from pinnsolve.networks.reference_cell import ReferenceCell
from pinnsolve.networks.tiles import Tiles

Status = Literal["done", "budget", "cells", "stuck", "growing"]


@dataclass(frozen=True)
class Accuracy:
    """With what a march is made, and how exact.

    Parameters
    ----------
    degree, stages : int
        Of the features in a cell, and of the step.
    tolerance : float
        Of the step's last coefficient, relative to the unknowns (dimensionless).
    bound : float
        Of the held-out residual, relative to the equation's terms (dimensionless).
    cells : int
        To begin with.
    most : int
        Cells at once.
    even : bool
        Whether cells of a plane are alike and stay, where that can be (`march.start.begun`).
    """

    degree: int = 11
    stages: int = 5
    tolerance: float = 1e-5
    bound: float = 1e-3
    cells: int = 8
    most: int = 400
    activation: str = "legendre"
    even: bool = False


@dataclass
class March:
    """The record of a march.

    Parameters
    ----------
    steps : list of Step
    status : str
        "done", or why it ended before.
    rejected, rounds : int
        Steps that were too long, and how often cells were halved within one.
    """

    scheme: Scheme
    steps: list[Step] = field(default_factory=list)
    status: Status = "done"
    rejected: int = 0
    rounds: int = 0
    counts: Counts = field(default_factory=Counts)
    honest: bool = True  # whether every step met the bound and the tolerance
    rough: bool = False  # whether a first step after a jump was taken with more

    @property
    def reached(self) -> float:
        """The time up to which it is solved."""
        last = self.steps[-1] if self.steps else None
        return self.scheme.evolution.times[0] if last is None else last.begin + last.length

    @property
    def largest(self) -> int:
        return max((len(s.mesh) for s in self.steps), default=0)


def variation(c: Tensor, mesh: Tiles) -> Tensor:
    """The root mean square (F,) of fields (n, F, M) about their means."""
    share = mesh.shares
    mean = share @ c[..., 0]
    return ((share @ c.square().sum(-1)) - mean.square()).clamp(min=0).sqrt()


def left_in_time(step: Step, sizes: Tensor) -> tuple[float, Tensor]:
    """The size of what the step's polynomial leaves out, and of its last coefficient in each cell, (n,)."""
    modes = torch.tensordot(step.scheme.radau.modes[-3:], step.everything(), 1)
    modes = seen_in_time(modes, step.scheme.cell, step.mesh)
    here = (modes[-1] / sizes[:, None]).square().sum((-1, -2)) * step.mesh.shares
    swings = step.mesh.dims > 1 or step.scheme.evolution.second
    return falling(norm(modes, step.mesh, sizes), swings), here.sqrt()


def seen_in_time(c: Tensor, cell: ReferenceCell, mesh: Tiles) -> Tensor:
    """The part of coefficients (..., n, F, M) by which it is seen what time leaves out: in a plane, what space leaves
    out is another thing at each stage, and no shorter step mends that."""
    return c * (cell.powers.sum(1) <= RULES.low * cell.degree) if mesh.dims > 1 else c


def falling(last: Tensor, swings: bool) -> float:
    """What a series leaves out, by the sizes of its last three coefficients, (3,).

    What swings has even or odd coefficients by turns, as its phase is. Steps shall not follow that where equations are
    of second order in time, nor over a plane or space, where each length is factorised anew: with the rate at which
    every other coefficient falls, the last one counts as no less than the one before leads to expect.
    """
    before2, before, size = (last + 1e-300).tolist()
    rate = (size / before2) ** 0.5
    if not swings:
        return size * min(1.0, max(size / before, rate))
    rate = min(1.0, rate)
    return max(max(size, rate * before) * rate, 1e-300)
