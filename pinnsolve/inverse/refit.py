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
from typing import ClassVar

import torch
from torch import Tensor

from pinnsolve.algebra.least_squares import Triangle
from pinnsolve.algebra.tolerances import RIDGE
from pinnsolve.inverse.smoothness import RULES as SMOOTHNESS
from pinnsolve.inverse.smoothness import Smoothness, smoothness_of
from pinnsolve.residuals import Residuals
from pinnsolve.trial.by_constants import ByConstants

# The damping of steps of a network whose layers all train, relative to the diagonal: at first, and times what it rises
# when a step fails and falls when one succeeds. Larger: weak directions are not followed, and errors are too small.
# Smaller: steps leave the region where the network is linear. Chosen, not measured.
DAMPING, HARDER = 1e-6, 10.0
# Least-squares problems for one place: random features are linear, and one or two do. More: time. Fewer: a profile that
# has not come down is taken for one that rises. Chosen, not measured.
STEPS = {True: 3, False: 6}
# Of chi squared, in which one is a standard error: a step that brings less is the last. Larger: errors are too small.
# Smaller: more steps. Chosen, not measured.
SETTLED = 0.01


@dataclass(frozen=True)
class Misfits:
    """chi^2 of the data, e of the equations, and what unknown functions cost that bend; all dimensionless."""

    data: float
    equations: float
    bends: float = 0.0


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

    tiny: ClassVar[float] = torch.finfo(torch.float64).tiny ** 0.25  # noise is divided by, and its reciprocal squared

    def __init__(self, residuals: Residuals, scales: Mapping[str, float], allowed: int) -> None:
        self.residuals, self.scales, self.left = residuals, dict(scales), allowed
        self.heavy, self.damping = 1.0, DAMPING
        self.foretold = math.inf  # the loss after a step, if all were linear: then no other step is needed
        self.ended = set[str]()  # positive constants that the last step would have made negative
        self.data = set(residuals.trial.problem.data)
        self.exact = isinstance(residuals.trial, ByConstants)  # equations hold, and each place takes a whole solution
        self.smooth: Smoothness | None = None  # what unknown functions cost that bend
        self.doubted: Smoothness | None = None  # and the least that they may
        self._slopes: tuple[Tensor, Tensor] | None = None  # scaled misfits and their slopes at the minimum

    @property
    def spent(self) -> bool:
        return self.left <= 0

    def values(self) -> dict[str, float]:
        """The constants as they are now."""
        return self.residuals.trial.constants.values()

    def rescale(self, noise: Mapping[str, float]) -> None:
        """Take another size for the noise of each set of data (its residual's units)."""
        self.scales |= {n: 1 / max(size, self.tiny) for n, size in noise.items()}
        self._slopes = None

    def weights(self) -> dict[str, float]:
        """Those with which a loss of means is chi^2 + W e."""
        return {n: self._scale(n) ** 2 * count for n, count in self.residuals.counts.items()}

    def _scale(self, name: str) -> float:
        return self.scales[name] * (1.0 if name in self.data else self.heavy**0.5)

    @property
    def by_chance(self) -> float:
        """By how much chi squared varies from one noise to another: three standard deviations."""
        return 3.0 * math.sqrt(2 * sum(self.residuals.counts[n] for n in self.data))

    def misfits(self) -> Misfits:
        """As the trial function is now."""
        sums = {n: float(r.square().sum()) * self.scales[n] ** 2 for n, r in self.residuals.values().items()}
        data = sum(s for n, s in sums.items() if n in self.data)
        bends = 0.0 if self.smooth is None else float(self.smooth.at(self.residuals.trial.vector()).square().sum())
        return Misfits(data, sum(s for n, s in sums.items() if n not in self.data), bends)

    def _loss(self, found: Misfits) -> float:
        loss = found.data + self.heavy * found.equations + found.bends
        return loss if math.isfinite(loss) else math.inf

    def settled(self, held: Collection[str] = ()) -> Misfits:
        """Solve for everything but the constants that are held, from where it is.

        A positive constant that would become negative stays, and the rest is solved again.
        """
        linear, held, found = bool(self.residuals.trial.frozen), set(held), self.misfits()
        for _ in range(STEPS[linear]):
            if self.spent:
                break
            before, self.ended, self.foretold = self._loss(found), set(), math.inf
            free = self._free(held)
            if not len(free):
                break
            moved = (self._solved if linear else self._damped)(free, before)
            self.left -= 1
            found = moved or found
            now = self._loss(found)
            if min(before - now, abs(now - self.foretold)) < SETTLED and self.ended <= held:
                break
            held |= self.ended
        return found

    def settled_anew(self) -> Misfits:
        """The same where W was changed: the constants follow when all else has."""
        if self.residuals.trial.frozen and not self.exact:
            self.settled(self.values())
        return self.settled()

    def beside(self, name: str, value: float) -> tuple[Misfits, float]:
        """Hold a constant at another value than that of the minimum, where it is, and solve for all else: what that
        comes to, and what the slopes at the minimum had foretold of the loss; infinite where they were not asked.

        Where equations hold for all constants each place takes a whole solution, so that all else goes along with the
        constant at once, as these slopes say.
        """
        trial = self.residuals.trial
        if self.exact and not self.spent and self._along(name, value):
            self.left -= 1
            found, foretold = self.misfits(), self.foretold
            if self._loss(found) - foretold < SETTLED:  # there is nothing that other slopes would lower
                return found, foretold
            return self.settled({name}), math.inf
        trial.constants.put(name, value)
        return self.settled({name}), math.inf

    def _along(self, name: str, value: float) -> bool:
        """Go where the slopes at the minimum lead if a constant is held; whether they are finite, and it is not far."""
        trial, (r, rows) = self.residuals.trial, self._at_minimum()
        start, names = trial.vector(), list(trial.constants.declared)
        k = len(start) - len(names) + names.index(name)
        trial.constants.put(name, value)
        there = trial.vector()
        free = self._free({name})
        moved = r + rows[:, k] * (there[k] - start[k]).to(rows)
        found = torch.linalg.lstsq(rows[:, free].cpu(), -moved.cpu()[:, None], driver="gelsd").solution[:, 0].to(rows)
        if not bool(torch.isfinite(found).all()):
            return False
        self.foretold = float((moved + rows[:, free] @ found).square().sum())
        there[free] += found.to(there)
        trial.assign(there)
        return True

    def _at_minimum(self) -> tuple[Tensor, Tensor]:
        """Misfits (N,) and their slopes (N, P), in units of the noise, where the trial function is now at first."""
        if self._slopes is None:
            blocks = list(self.residuals.linearised())
            r = torch.cat([self._scale(n) * v for b in blocks for n, v in b.residuals.items()])
            rows = torch.cat([self._scale(n) * v for b in blocks for n, v in b.jacobians.items()])
            self._slopes = r, rows
        return self._slopes

    def _free(self, held: Collection[str]) -> Tensor:
        """The numbers of what is solved for, (m,)."""
        trial = self.residuals.trial
        free = torch.ones(trial.parameters_count, dtype=torch.bool)
        names = list(trial.constants.declared)
        for k, name in enumerate(names):
            free[len(free) - len(names) + k] = name not in held
        return free.nonzero()[:, 0].to(trial.device)

    def _solved(self, free: Tensor, loss: float) -> Misfits | None:
        """One step for what enters linearly, with a ridge on the new values; halved until the loss falls."""
        start = self.residuals.trial.vector()
        found = self._triangle(start, free).solved(RIDGE)
        if found is None:
            return None
        step, self.foretold = found[0][:, 0] - start[free], found[1]
        if self.exact and 0 <= loss - self.foretold < SETTLED:
            return None
        for part in (1.0, 0.5, 0.25, 0.125):  # less that does not lower the loss points nowhere
            now = self._at(start, free, part * step)
            if self._loss(now) < loss:
                return now
        self.residuals.trial.assign(start)
        return None

    def _triangle(self, start: Tensor, free: Tensor, without: Collection[str] = ()) -> Triangle:
        """The linearised rows of all that is solved for, whose least squares are its new values; without some."""
        bends = 0 if self.smooth is None else len(self.smooth)
        triangle = Triangle(self.residuals.size + bends, len(free), start)
        for block in self.residuals.linearised():
            for name, r in block.residuals.items():
                if name in without:
                    continue
                rows, scaled = block.jacobians[name][:, free] * self._scale(name), r * self._scale(name)
                triangle.add(rows, (rows @ start[free] - scaled)[:, None])
        if self.smooth is not None:
            rows = self.smooth.rows()[:, free]
            triangle.add(rows, (rows @ start[free] - self.smooth.at(start))[:, None])
        return triangle

    def smoothed(self) -> None:
        """Take the price of unknown functions that bend which the data ask for, and solve again; linear in what is
        trained."""
        trial, free = self.residuals.trial, self._free(())
        bends = smoothness_of(trial)
        for _ in range(SMOOTHNESS.again * (len(bends) > 0)):
            if self.spent:
                break
            before, self.smooth, vector = self.smooth, None, trial.vector()
            triangle = self._triangle(vector, free).folded()[:-1]
            equations = self._triangle(vector, free, self.data).folded()[:-1, :-1]
            matrix, right = triangle[:, :-1], triangle[:, -1]
            self.smooth = bends.free_of(matrix, equations).priced(matrix, right)
            self.doubted, self.left = self.smooth.doubted(matrix, right), self.left - 1
            self.settled()
            if before is not None and self.smooth.as_dear(before):
                break

    def _damped(self, free: Tensor, loss: float) -> Misfits | None:
        """One step for what enters nonlinearly, (J^T J + mu D) s = -J^T r; damped harder until the loss falls."""
        start = self.residuals.trial.vector()
        _, slope, matrix = self.residuals.normal_equations(self.weights())
        slope, matrix = slope[free], matrix[free][:, free]
        diagonal = matrix.diagonal().clone()
        diagonal = diagonal.clamp(min=torch.finfo(diagonal.dtype).eps * float(diagonal.max()))
        for _ in range(6):  # a million times harder
            factor, bad = torch.linalg.cholesky_ex(matrix + self.damping * torch.diag(diagonal))
            if not int(bad):
                now = self._at(start, free, -torch.cholesky_solve(slope[:, None], factor)[:, 0])
                if self._loss(now) < loss:
                    self.damping /= HARDER
                    return now
            self.damping *= HARDER
        self.residuals.trial.assign(start)
        return None

    def _at(self, start: Tensor, free: Tensor, step: Tensor) -> Misfits:
        """Go there, and measure. Constants go along their tangent: equations are linear in them, not in logarithms."""
        constants = self.residuals.trial.constants
        self.residuals.trial.assign(start)
        now, slopes = constants.values(), constants.slopes()
        there, moved = start.clone(), torch.zeros_like(start)
        there[free] += step
        moved[free] = step
        first = len(start) - len(now)
        for k, (name, declared) in enumerate(constants.declared.items(), start=first):
            if declared.curved and moved[k] != 0:
                # A step leaves a tenth at least: from near zero, where its slope is lost, it would not come back.
                least = 0.1 * now[name] if declared.positive else -math.inf
                value = now[name] + slopes[name] * float(moved[k])
                self.ended |= {name} if value < least else set()
                there[k] = declared.trained(max(value, least))
        self.residuals.trial.assign(there)
        return self.misfits()
