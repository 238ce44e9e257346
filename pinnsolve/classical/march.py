"""Time by implicit Radau IIA steps over the rows of space, each as long as its error allows.

A step's polynomial in time meets all rows at its stages. Its highest coefficient tells how well it follows the
solution: it stands for a polynomial of one degree less, and is kept below the tolerance of time. Nothing is solved for
the rate, so pressures, conditions and equations without a rate are rows like all others.

Source: Hairer & Wanner, Solving Ordinary Differential Equations II (1996), IV.8; the order is tested.
"""

from __future__ import annotations

import time as clock
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
import torch
from scipy.sparse.linalg import norm as sparse_norm

from pinnsolve.algebra.radau import radau
from pinnsolve.classical.cloud import Cloud
from pinnsolve.classical.linear import Dense, Factored
from pinnsolve.classical.marched import Marched, OutOfTimeError
from pinnsolve.classical.normal import Shifted, SingularError
from pinnsolve.classical.pace import PACE, Pace
from pinnsolve.classical.reading import NoiseError, NoReferenceError
from pinnsolve.classical.rows import Rows
from pinnsolve.classical.start import extrapolated
from pinnsolve.classical.steady import check_determined
from pinnsolve.classical.stencils import Array, Line
from pinnsolve.classical.weighing import in_a_march


class Marcher:
    """Carries the variables of some rows through time.

    Parameters
    ----------
    rows : Rows
    start : array (V, N)
    span : (begin, end)
    tolerance : float
        Of the highest coefficient in time, relative to `scales`.
    scales : array (V,)
        Below which sizes of the variables are not told apart.
    deadline : float
        On `time.perf_counter`.
    stops : sequence of float
        Moments at which a step has to end: something jumps there.
    longest : float
        Of the steps, in parts of the time.
    before : Marched, optional
        The same on fewer nodes.
    """

    def __init__(
        self, rows: Rows, start: Array, span: tuple[float, float], tolerance: float, scales: Array, deadline: float,
        stops: Sequence[float] = (), longest: float = 1.0, pace: Pace = PACE, before: Marched | None = None,
    ) -> None:  # fmt: skip
        self.rows, self.span, self.tolerance, self.deadline, self.pace = rows, span, tolerance, deadline, pace
        self.tables = tables = radau(pace.stages, torch.device("cpu"))
        self.places, self.modes = tables.places.numpy(), tables.modes.numpy()
        self.slopes, self.start_slopes = tables.slopes.numpy(), tables.start.numpy()
        self.eigen, self.into, self.back = tables.values.numpy(), tables.into.numpy(), tables.back.numpy()
        self.longest = longest * (span[1] - span[0])
        self.now, self.u, self.last, self.before = span[0], start, start[None], before
        self.scales = self._ahead(scales)
        self.stops = [*sorted(s for s in stops if span[0] < s < span[1]), span[1]]
        self.found = Marched(rows, [span[0]])
        self.factors: dict[float, list[Factored | Dense]] = {}
        self.jacobian: tuple[Any, Any] | None = None
        self.shifted: Shifted | None = None
        self.weights: Array | None = None
        self.rejected, self.anew, self.since, self.falls = 0, True, 0, 1.0
        self.judged = np.array([k == 0 for _, k in rows.variables])
        self.shares = rows.grid.nodes.shares if isinstance(rows.grid, Cloud) else np.ones(1)

    def run(self) -> Marched:
        """All steps."""
        length = self.span[1] - self.span[0]
        wanted, failed, before, calm = self.pace.first * length, False, np.inf, 0
        most, reach = self.pace.growth, np.inf  # steps that are longer than the second find no stages
        on_shape = isinstance(self.rows.grid, Cloud)
        while self.stops:
            left = self.stops[0] - self.now
            if left <= 1e-12 * length:
                self.stops.pop(0)
                self.anew, self.since = True, len(self.found.values)
                continue
            dt = self._rounded(wanted, left)
            self._check_going(dt)
            stages, error = self._step(dt)
            # a start that the boundary contradicts leaves an error that shorter steps do not lessen: space makes it
            idle = on_shape and failed and stages is not None and error > self.pace.idle * before
            if stages is None:
                reach = self.pace.beyond * dt
            if stages is None or not (error <= 1.0 or idle):
                self.rejected += 2 if stages is None else 1
                again = 0.2 if failed else 1.0  # at a kink the error falls more slowly than that of smooth steps
                wanted = dt * min(again, 0.25 if stages is None else max(0.1, self._longer(error)))
                failed, before, calm = True, error, 0
                most = self.pace.growth if self.rows.grid.dimension else 1.0  # on few nodes waves grow in short steps
                continue
            self._accept(dt, stages)
            self._check_resolved()
            longer, calm = self.pace.growth if idle else self._longer(error), calm + 1
            if on_shape:  # the next shorter step is half as long: one that is accepted goes on
                longer = max(longer, 2.0 if calm > self.pace.calm and error < self.pace.idle else 1.0)
            wanted, failed = min(dt * min(self.pace.growth if idle else most, longer), reach), False
            reach *= self.pace.again
            most = min(most * 2**0.5, self.pace.growth)
        return self.found

    def _check_going(self, dt: float) -> None:
        length, steps = self.span[1] - self.span[0], len(self.found.values)
        allowed = self.pace.rejections + steps / 2 if self.rows.grid.dimension else np.inf
        if dt < self.pace.least * length or self.rejected > allowed:
            raise NoReferenceError(
                f"near t={self.now:.4g} no step in time is short enough: the solution ends or jumps there"
            )
        if clock.perf_counter() > self.deadline:
            raise OutOfTimeError

    def _longer(self, error: float) -> float:
        """By how much a step should be longer, for the error it made over the tolerance."""
        return self.pace.safety * float(max(error, 1e-12) ** (-1 / self.pace.stages))

    def _rounded(self, wanted: float, left: float) -> float:
        """Steps are powers of sqrt(2) of the time, of two where factors are dear: these serve again; the last ones meet
        the stop."""
        by = 2 if self.rows.grid.dimension < 2 else 1
        length = self.span[1] - self.span[0]
        wanted = min(wanted, self.longest)
        dt = length * 2.0 ** (np.floor(by * np.log2(wanted / length)) / by)
        count = np.ceil(left / dt - 1e-9)
        return float(left / count if count < 3 else dt)

    def _check_resolved(self) -> None:
        """Stop a long march of what every second node does not show: it is a march of noise."""
        steps, grid = len(self.found.values) - self.since, self.rows.grid  # what jumps is a layer at first
        if isinstance(grid, Cloud) or steps < self.pace.many or steps % 8 or not self.judged.any():
            return
        values = self.u[self.judged].reshape(-1, *grid.shape)
        spread = np.sqrt(np.mean((values - values.mean()) ** 2)) + 1e-300
        for axis, line in enumerate(grid.lines.values()):
            along = np.moveaxis(values, axis + 1, 0).reshape(len(line), -1)
            every_second = Line(line.nodes[::2], 5, line.period, line.breaks)
            between = every_second.matrix(line.nodes[1::2], 0) @ along[::2] - along[1::2]
            if not np.sqrt(np.mean(between**2)) <= self.pace.unseen * spread:
                raise NoiseError(f"at t={self.now:.4g} the solution varies from node to node")

    def _accept(self, dt: float, stages: Array) -> None:
        start = self.u
        if self.anew:  # what has no rate begins where its equations say, not where it was put or has been
            free = self._without_rate()
            start = np.where(free, extrapolated(self.places[1:], stages), start)
        self.last = np.concatenate([start[None], stages])
        sizes = np.sqrt(np.mean(stages[-1] ** 2, 1))
        self.now += dt
        self.found.add(self.now, self.last[:, self.judged], sizes)
        self.u, self.anew = stages[-1], False
        self.scales = self._ahead(np.maximum(self.scales, sizes))

    def _ahead(self, scales: Array) -> Array:
        """Sizes (V,), or those that the variables soon have: what grows from nothing is not followed there as closely
        as later, where shorter steps do not help nodes that stand too far apart."""
        if self.before is None or not self.before.values or self.rows.grid.dimension < 2:
            return scales
        soon = self.now + self.pace.soon * (self.span[1] - self.span[0])
        found: Array = np.maximum(scales, self.before.grown(soon))
        return found

    def _without_rate(self) -> Array:
        assert self.jacobian is not None
        to_rates = self.jacobian[1]
        return np.asarray(abs(to_rates).sum(0)).ravel().reshape(self.u.shape) == 0

    def _guess(self, dt: float) -> Array:
        """The last step's polynomial continued, or the start."""
        if not self.found.values:
            return np.repeat(self.u[None], self.pace.stages, 0)
        last = self.found.ends[-1] - self.found.ends[-2]
        parts = 1 + self.places[1:] * dt / last
        if parts[-1] > 3:
            return np.repeat(self.u[None], self.pace.stages, 0)
        weights = self.tables.at(torch.from_numpy(parts)).numpy()
        return np.einsum("sk,kvn->svn", weights, self.last)

    def _step(self, dt: float) -> tuple[Array | None, float]:
        """The stages (q, V, N) of one step and its error over the tolerance; None where they are not found."""
        stages = self._guess(dt)
        times = self.now + dt * self.places[1:]
        for attempt in range(2):
            if self.jacobian is None or attempt:
                self._linearise(dt, stages)
            found = self._newton(dt, stages, times)
            if found is not None:
                return found, self._error(dt, found)
        return None, np.inf

    def _rates(self, stages: Array, dt: float) -> Array:
        turned = (self.slopes @ stages.reshape(len(stages), -1)).reshape(stages.shape)
        rates: Array = (turned + self.start_slopes[:, None, None] * self.u) / dt
        return rates

    def _linearise(self, dt: float, stages: Array) -> None:
        middle = self.pace.stages // 2
        rates = self._rates(stages, dt)
        if not np.isfinite(stages).all():
            return
        self.falls = 1.0
        self.jacobian = self.rows.linearised(stages[middle], rates[middle], self.now + dt * self.places[1 + middle])
        self.factors, self.shifted = {}, None

    def _factors(self, dt: float) -> list[Factored | Dense]:
        key = float(f"{dt:.12e}")
        if key not in self.factors:
            assert self.jacobian is not None
            to_values, to_rates = self.jacobian
            first = self.weights is None
            if self.weights is None:
                self.weights = in_a_march(self.rows, abs(to_values) + abs(to_rates) / dt, self.pace.strict)
            for other in list(self.factors)[: -self.pace.kept]:
                del self.factors[other]
            shifts = [(e.real if e.imag == 0 else e) / dt for e in self.eigen]
            self.factors[key] = [self._factored(s) for s in shifts]
            if first and isinstance(self.rows.grid, Cloud):
                self._check_determined(shifts)
        self.factors[key] = self.factors.pop(key)  # the one that was asked for last stands last
        return self.factors[key]

    def _factored(self, shift: complex) -> Factored | Dense:
        assert self.jacobian is not None
        assert self.weights is not None
        to_values, to_rates = self.jacobian
        matrix, order = to_values + to_rates * shift, self.rows.order
        if not self.rows.grid.coordinates:
            return Dense(matrix, self.weights)
        narrow = self.rows.grid.dimension < 2
        if narrow or matrix.shape[0] == matrix.shape[1]:
            return Factored(matrix, self.weights, order, narrow)
        if self.shifted is None:
            self.shifted = Shifted(to_values, to_rates, self.weights, order)
        return Factored(matrix, self.weights, order, normal=partial(self.shifted.at, shift))

    def _check_determined(self, shifts: Sequence[complex]) -> None:
        """Refuse a level that nothing fixes, which a march on a shape would carry along as noise."""
        assert self.jacobian is not None
        to_values, to_rates = self.jacobian
        # in steps as short as differences reach, so that what a rate alone tells counts in a long step, too
        short = sparse_norm(to_values) / (sparse_norm(to_rates) or 1.0)
        for shift, factors in zip(shifts, next(iter(self.factors.values())), strict=True):
            if isinstance(factors, Factored) and not np.iscomplexobj(factors.matrix):
                check_determined(self.rows, factors, to_values + to_rates * max(shift.real, short), self.scales)

    def _newton(self, dt: float, stages: Array, times: Array) -> Array | None:
        try:
            factors = self._factors(dt)
        except SingularError:
            return None
        last, met = np.inf, max(self.pace.solved * self.tolerance, self.pace.rounding)
        for iteration in range(self.pace.iterations):
            residuals = self.rows.residuals(stages, self._rates(stages, dt), times)
            if not np.isfinite(residuals).all():
                return None
            turned = self.into @ residuals
            parts = np.stack([
                f.solve(-(r if np.iscomplexobj(f.matrix) else r.real), refined=0)  # Newton's next step refines
                for f, r in zip(factors, turned, strict=True)
            ])  # fmt: skip
            change = (self.back @ parts).real.reshape(stages.shape)
            stages = stages + change
            size = float(np.max(np.sqrt(np.mean(change**2, (0, 2)))[self.judged] / self._scale(stages)))
            part = 1.0 if self.rows.grid.dimension else min(size / last, 1.0)
            left = part / (1 - part) * size if 0 < part < self.pace.slow else size  # if corrections go on falling so
            if min(size, left, self.falls * size) <= met:
                self.falls = size / last if iteration else self.falls**self.pace.wanes
                return stages
            if iteration >= self.pace.settling and not size <= self.pace.slow * last:
                if not max(size, last) <= self.pace.stays * self.tolerance:
                    return None
                self.found.rounding = max(self.found.rounding, size)
                return stages
            last = size
        return None

    def _scale(self, stages: Array) -> Array:
        sizes = np.sqrt(np.mean(stages**2, (0, 2)))
        return np.maximum(self.scales, sizes)[self.judged] + 1e-300

    def _error(self, dt: float, stages: Array) -> float:
        values = np.concatenate([self.u[None], stages])
        if self.anew:
            values[0] = np.where(self._without_rate(), extrapolated(self.places[1:], stages), values[0])
        highest = np.tensordot(self.modes[-1], values, 1)
        sizes = np.sqrt(np.mean(self.shares * highest**2, 1))[self.judged]  # around corners nodes stand for little
        return float(np.max(sizes / self._scale(stages))) / self.tolerance
