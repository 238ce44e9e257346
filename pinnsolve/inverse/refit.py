"""Solving again from a solution on, with some constants held: how well data and equations can then be met.

In units of the noise the loss is

    chi^2 + W e,      chi^2 = sum over the data of (r / sigma)^2,      e = sum over the other rows of (weight) r^2,

e as training weighs it against the data for W = 1. Training needs light equations, to come near a solution at all. What
is told of constants needs heavy ones: with light ones a fit may leave the equations a little, and follow the noise.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.algebra.least_squares import Triangle
from pinnsolve.algebra.tolerances import RIDGE
from pinnsolve.residuals import Residuals

# The ridge on the step of a network whose layers all train, relative to columns of length one. Larger: weak directions
# are not followed, and errors come out too small. Smaller: steps leave the region where the network is linear. Chosen,
# not measured.
DAMPING = 1e-4
# Least-squares problems for one place: random features are linear, and one or two do. More: time. Fewer: a profile that
# has not come down is taken for one that rises. Chosen, not measured.
STEPS = {True: 3, False: 6}
# In one step, of a constant that is the exponential or the sigmoid of what is solved for. Larger: one near its end, where
# its slope is lost, jumps to the other. Smaller: more steps. Chosen, not measured.
FARTHEST = 2.0


@dataclass(frozen=True)
class Misfits:
    """chi^2 of the data and e of the equations, both dimensionless."""

    data: float
    equations: float


class Refit:
    """The trial function of some residuals, to be solved again.

    Parameters
    ----------
    residuals : Residuals
    scales : mapping from residual name to float
        What each row is multiplied with: one over sigma for data.
    allowed : int
        Least-squares problems that may be solved; what is left is `left`.

    Attributes
    ----------
    heavy : float
        W.
    """

    def __init__(self, residuals: Residuals, scales: Mapping[str, float], allowed: int) -> None:
        self.residuals, self.scales, self.left, self.heavy = residuals, scales, allowed, 1.0
        self.data = set(residuals.trial.problem.data)
        constants = residuals.trial.constants.declared
        first = residuals.trial.parameters_count - len(constants)
        self.curved = {first + k for k, c in enumerate(constants.values()) if c.curved}

    @property
    def spent(self) -> bool:
        return self.left <= 0

    def values(self) -> dict[str, float]:
        """The constants as they are now."""
        return self.residuals.trial.constants.values()

    def weights(self) -> dict[str, float]:
        """Those with which a loss of means is chi^2 + W e."""
        return {n: self._scale(n) ** 2 * count for n, count in self.residuals.counts.items()}

    def _scale(self, name: str) -> float:
        return self.scales[name] * (1.0 if name in self.data else self.heavy**0.5)

    def misfits(self) -> Misfits:
        """As the trial function is now."""
        sums = {n: float(r.square().sum()) * self.scales[n] ** 2 for n, r in self.residuals.values().items()}
        data = sum(s for n, s in sums.items() if n in self.data)
        return Misfits(data, sum(s for n, s in sums.items() if n not in self.data))

    def _loss(self, found: Misfits) -> float:
        return found.data + self.heavy * found.equations

    def settled(self, held: Collection[str] = ()) -> Misfits:
        """Solve for everything but the constants that are held, from where it is."""
        trial = self.residuals.trial
        linear, free, found = bool(trial.frozen), self._free(held), self.misfits()
        for _ in range(STEPS[linear]):
            if self.spent:
                break
            start, before = trial.vector(), self._loss(found)
            new = self._solved(start[free], free, linear)
            self.left -= 1
            moved = None if new is None else self._moved(start, free, new, before)
            if moved is None:
                break
            found = moved
            if before - self._loss(found) < 0.01:  # of chi squared, where one is a standard error
                break
        return found

    def _free(self, held: Collection[str]) -> Tensor:
        """The numbers of what is solved for, (m,)."""
        trial = self.residuals.trial
        free = torch.ones(trial.parameters_count, dtype=torch.bool)
        names = list(trial.constants.declared)
        for k, name in enumerate(names):
            free[len(free) - len(names) + k] = name not in held
        return free.nonzero()[:, 0].to(trial.device)

    def _solved(self, start: Tensor, free: Tensor, linear: bool) -> Tensor | None:
        """The new values (m,): with a ridge on them where they enter linearly, on the step otherwise."""
        triangle = Triangle(self.residuals.size, len(start), start)
        for block in self.residuals.linearised():
            for name, r in block.residuals.items():
                rows, scaled = block.jacobians[name][:, free] * self._scale(name), r * self._scale(name)
                triangle.add(rows, (rows @ start * linear - scaled)[:, None])
        found = triangle.solved(RIDGE if linear else DAMPING)
        if found is None:
            return None
        new = found[0][:, 0] if linear else start + found[0][:, 0]
        for k, place in enumerate(free.tolist()):
            if place in self.curved:
                new[k] = min(max(float(new[k]), float(start[k]) - FARTHEST), float(start[k]) + FARTHEST)
        return new

    def _moved(self, start: Tensor, free: Tensor, new: Tensor, loss: float) -> Misfits | None:
        """Go there, halving the way until the loss falls; None, and nothing moved, if it does not."""
        trial, part = self.residuals.trial, 1.0
        for _ in range(5):  # a sixteenth of the way that does not lower the loss points nowhere
            there = start.clone()
            there[free] += part * (new - start[free])
            trial.assign(there)
            found = self.misfits()
            if math.isfinite(self._loss(found)) and self._loss(found) < loss:
                return found
            part /= 2
        trial.assign(start)
        return None
