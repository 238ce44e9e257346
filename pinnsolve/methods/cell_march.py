"""A march over cells of one coordinate of space: steps that find their length, cells that are split and merged.

One step is `pinnsolve.methods.implicit_step`. Two things are measured after it, and each decides for itself:

    in time    the last Legendre coefficient of the step's polynomial: above its tolerance the step is shortened
    in space   the residual at points that the step did not use: cells above the bound are halved, the step repeated

A shorter step that does not lower the first says that space is what lacks: the cells where that coefficient sits are
halved. Cells whose residual is a thousandth of the bound are merged with the other half.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Literal

import torch
from torch import Tensor

from pinnsolve.methods.implicit_step import (
    Operator,
    Scheme,
    Slopes,
    Start,
    Step,
    averaged,
    equation_sizes,
    joined,
    projected,
)
from pinnsolve.networks.intervals import Intervals, coarsened, refined
from pinnsolve.trial.evolution import Evolution

Status = Literal["done", "budget", "cells", "stuck"]


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
    """

    degree: int = 11
    stages: int = 5
    tolerance: float = 1e-5
    bound: float = 1e-3
    cells: int = 8
    most: int = 400


@dataclass(frozen=True)
class Rules:
    """What decides in a march. Values are those of the prototypes, where they were measured one by one."""

    newton: float = 0.01  # of the tolerance: what Newton's method may leave; larger: it is what the error consists of
    iterations: int = 10  # of Newton's method, before the step is halved
    contracts: float = 0.05  # a factorisation is kept while each iteration leaves less than this
    anew: float = 0.4  # and made anew within a step where it leaves more
    helps: float = 0.6  # a shorter step must bring its last coefficient below this part; otherwise space lacks
    aim: float = 0.4  # of the tolerance: what the next step aims at; larger: more steps are repeated
    grows: float = 2.0  # a step is at most so much longer than the last
    longest: float = 0.25  # of all time: the longest step
    first: float = 1 / 64  # of all time: the first step
    merge: float = 1e-3  # of the bound: calm cells are merged; larger: they are split again at once
    narrow: float = 0.1  # of the length: in cells below it a larger residual is let pass, as the root of their width
    shallow: float = 2.0**-18  # of the length: no cell is halved below it
    shallow_start: float = 2.0**-12  # of the length: nor for the start's sake below this
    rounds: int = 20  # of halving in one step
    short: float = 1e-12  # of all time: a step below it is none
    fades: float = 0.7  # the size of the equations' terms is at least so much of the last step's


RULES = Rules()


@dataclass
class March:
    """The record of a march.

    Parameters
    ----------
    steps : list of Step
    status : str
        "done", or why it ended before.
    rejected, rounds, iterations, factorisations : int
    """

    scheme: Scheme
    steps: list[Step] = field(default_factory=list)
    status: Status = "done"
    rejected: int = 0
    rounds: int = 0
    iterations: int = 0
    factorisations: int = 0
    honest: bool = True  # whether every step met the bound and the tolerance

    @property
    def reached(self) -> float:
        """The time up to which it is solved."""
        last = self.steps[-1] if self.steps else None
        return self.scheme.evolution.times[0] if last is None else last.begin + last.length

    @property
    def largest(self) -> int:
        return max((len(s.mesh) for s in self.steps), default=0)


def norm(c: Tensor, mesh: Intervals, sizes: Tensor) -> Tensor:
    """The root mean square over space of fields (..., n, F, M), each relative to its size: (...,)."""
    square = (c / sizes[:, None]).square().sum((-1, -2))
    return (square @ mesh.widths / mesh.length).sqrt()


def variation(c: Tensor, mesh: Intervals) -> Tensor:
    """The root mean square (F,) of fields (n, F, M) about their means."""
    share = mesh.widths / mesh.length
    mean = share @ c[..., 0]
    return ((share @ c.square().sum(-1)) - mean.square()).clamp(min=0).sqrt()


class Marcher:
    """One march from the start on.

    Parameters
    ----------
    evolution : Evolution
    accuracy : Accuracy
    device : torch.device
    enough : callable, optional
        Asked before each try of a step: whether the budget has ended.
    """

    def __init__(
        self, evolution: Evolution, accuracy: Accuracy, device: torch.device, enough: Callable[[], bool] | None = None
    ) -> None:
        self.accuracy, self.enough = accuracy, enough or (lambda: False)
        self.scheme = Scheme(evolution, accuracy.degree, accuracy.stages, device)
        self.record = March(self.scheme)
        begin, end = evolution.times
        self.span = end - begin
        self.mesh = Intervals.begun(*evolution.ends, accuracy.cells, evolution.joints, device)
        self.sizes = torch.tensor(evolution.sizes, dtype=torch.float64, device=device)
        self.start = self._begin()
        self.last: Step | None = None
        self.operator: Operator | None = None
        self.rate, self.terms = 0.0, None
        first = self._step(begin, RULES.first * self.span, self._constant(RULES.first * self.span))
        self.scheme.weights = equation_sizes(first)
        self.constant = self._is_constant(first)

    # ------------------------------------------------------------ the start

    def _begin(self) -> Start:
        """The start, on cells on which it is as good as is asked."""
        e, tolerance = self.scheme.evolution, self.accuracy.tolerance
        while True:
            values = projected(self.scheme, self.mesh)
            found = torch.maximum(variation(values, self.mesh), 0.3 * self.sizes)  # a wall may be larger than the start
            bad = (self._off(values) / found).amax(1) > tolerance
            bad &= self.mesh.widths > RULES.shallow_start * self.mesh.length
            if not bad.any() or len(self.mesh) + int(bad.sum()) > self.accuracy.most:
                break
            self.mesh = self.mesh.split(bad.tolist())
        self.sizes = found
        rates = projected(self.scheme, self.mesh, rates=True)
        if e.second:
            return Start(*(joined(c, self.mesh, self.scheme) for c in (values, rates)))
        return Start(values, rates)

    def _off(self, values: Tensor) -> Tensor:
        """What the start's polynomials miss between their points, (n, F), spread over the domain."""
        e, cell = self.scheme.evolution, self.scheme.cell
        points = self.accuracy.degree + 4
        xi, w = cell.gauss(points)
        x = self.mesh.points(xi)
        off = torch.zeros(len(self.mesh), self.scheme.fields, dtype=x.dtype, device=x.device)
        for f, u in enumerate(e.problem.unknowns):
            if u in e.starts:
                miss = e.given(e.starts[u], x.flatten(), e.times[0]).reshape(x.shape) - values[:, f] @ cell.table(points, 0).T  # fmt: skip
                off[:, f] = (miss.square() @ w * self.mesh.widths / self.mesh.length).sqrt()
        return off

    def _is_constant(self, step: Step) -> bool:
        """Whether the equations are linear with slopes that do not change in time: one iteration solves them."""
        moved = replace(step, begin=step.begin + 0.61 * self.span, stages=1.7 * step.stages + 0.3)
        for here, there in zip(self._asked(step), self._asked(moved), strict=True):
            if here.keys() != there.keys() or any(not torch.equal(here[k], there[k]) for k in here):
                return False
        return True

    def _asked(self, step: Step) -> list[Slopes]:
        s = self.scheme
        found = [averaged(step.inside(s.points, slopes=True), s.stages, (len(step.mesh), s.points))]
        return found + [averaged(step.at_wall(end, slopes=True), s.stages, ()) for end in self._walled]

    @property
    def _walled(self) -> list[int]:
        return sorted({w.end for w in self.scheme.walls})

    # ------------------------------------------------------------ one step

    def _step(self, begin: float, length: float, guess: Tensor) -> Step:
        """A step to be solved. Corrections are joined, so the guess must be: its gaps would stay for ever."""
        return Step(self.scheme, self.mesh, begin, length, self.start, joined(guess, self.mesh, self.scheme))

    def _constant(self, length: float) -> Tensor:
        """The first guess where nothing came before: what is there stays, or goes on at its rate."""
        held = self.start.values.expand(self.scheme.stages, -1, -1, -1)
        moved = self.scheme.radau.places[1:, None, None, None] * length * self.start.rates
        return moved + held if self.scheme.evolution.second else held

    def _guess(self, length: float) -> Tensor:
        """The last step's polynomial, carried on."""
        last, r = self.last, self.scheme.radau
        if last is None or length > 2.5 * last.length:  # further on it says nothing
            return self._constant(length)
        weights = r.at(1 + r.places[1:] * length / last.length)
        return torch.tensordot(weights, last.everything(), 1)

    def _newton(self, step: Step) -> bool:
        """Newton's method on the stages, in place; whether it settled."""
        before = None
        for k in range(1, RULES.iterations + 1):
            kept = self.operator
            fresh = kept is None or kept.mesh is not step.mesh or kept.length != step.length
            fresh = fresh or (k == 1 and self.rate > RULES.contracts and not self.constant)
            fresh = fresh or (k in (3, 6) and self.rate > RULES.anew)
            change = self._change(step, fresh)
            step.stages = step.stages + change
            self.record.iterations += 1
            size = float(norm(change, step.mesh, self.sizes).max())
            if not size < 1e3:  # not finite, or far away from anything
                return False
            self.rate = size / before if before else 0.0
            left = RULES.newton * self.accuracy.tolerance
            if self.constant or size < left or (before and self.rate < 0.5 and size * self.rate < 3 * left):
                return True
            if k > 4 and self.rate > 1:
                return False
            before = size
        return False

    def _change(self, step: Step, fresh: bool) -> Tensor:
        s = self.scheme
        inside = step.inside(s.points, slopes=fresh)
        walls = {end: step.at_wall(end, slopes=fresh) for end in self._walled}
        if fresh:
            shape = len(step.mesh), s.points
            slopes = [averaged(walls[end], s.stages, ()) if end in walls else {} for end in (0, 1)]
            self.operator = Operator(s, step.mesh, step.length, averaged(inside, s.stages, shape), slopes)
            self.record.factorisations += 1
        assert self.operator is not None
        nothing = torch.zeros(0, s.stages, dtype=torch.float64, device=s.device)
        told = [walls[end].residuals if end in walls else nothing for end in (0, 1)]
        return self.operator.correction(inside.residuals, told)

    # ------------------------------------------------------------ what is measured

    def _in_time(self, step: Step) -> tuple[float, Tensor]:
        """The size of what the step's polynomial leaves out, and of its last coefficient in each cell, (n,)."""
        modes = torch.tensordot(self.scheme.radau.modes[-3:], step.everything(), 1)
        before2, before, last = (norm(modes, step.mesh, self.sizes) + 1e-300).tolist()
        falls = max(last / before, (last / before2) ** 0.5)
        here = (modes[-1] / self.sizes[:, None]).square().sum((-1, -2)) * step.mesh.widths
        return last * min(1.0, falls), here.sqrt()

    def _in_space(self, step: Step) -> Tensor:
        """The held-out residual of each cell, relative to the equations' terms, (n,)."""
        s, h = self.scheme, step.mesh.widths
        points = self.accuracy.degree + 3
        found = step.inside(points, slopes=True)
        _, w = s.cell.gauss(points)
        shape = len(s.weights), s.stages, len(h), points  # type: ignore[arg-type]
        square = (found.residuals.reshape(shape).square() @ w).mean(1)  # (E, n)
        terms = ((found.sizes().reshape(shape).square() @ w).mean(1) @ h / step.mesh.length).sqrt()
        if self.terms is not None:
            terms = torch.maximum(terms, RULES.fades * self.terms)
        self.now = terms
        # terms so small that what is left of them makes no error by the end
        least = self.accuracy.tolerance / self.accuracy.bound * self._natural()
        relative = square / torch.maximum(terms, least).square()[:, None]
        share = (h / (RULES.narrow * step.mesh.length)).clamp(max=1.0)
        return (relative.sum(0) * share).sqrt()

    def _natural(self) -> Tensor:
        """The terms of each equation, where unknowns change by their size in all of time, (E,)."""
        assert self.scheme.weights is not None
        return self.scheme.weights / self.span ** max(self.scheme.evolution.orders)

    # ------------------------------------------------------------ the march

    def run(self) -> March:
        begin, end = self.scheme.evolution.times
        at, length = begin, RULES.first * self.span
        while end - at > 1e-12 * self.span:
            if at + length > end - 1e-9 * self.span:
                length = end - at
            elif at + 2 * length > end:  # two equal ones, and no rest that is too short for one
                length = (end - at) / 2
            step, size = self._taken(at, length)
            if step is None:
                return self.record
            at = end if end - (step.begin + step.length) < 1e-12 * self.span else step.begin + step.length
            factor = (RULES.aim * self.accuracy.tolerance / size) ** (1 / (self.scheme.stages + 1))
            length = step.length
            if not 0.9 < factor < 1.25:  # the factorisation is kept for the same length
                length = min(length * min(RULES.grows, max(0.3, factor)), RULES.longest * self.span)
        return self.record

    def _taken(self, at: float, length: float) -> tuple[Step | None, float]:
        """The next step, with lengths and cells that suffice for it; nothing where it ends before."""
        stages: Tensor | None = None
        before, rounds = None, 0
        while True:
            if self.enough():
                return self._ended("budget")
            if length < RULES.short * self.span:
                return self._ended("stuck")
            step = self._step(at, length, self._guess(length) if stages is None else stages)
            stages = None
            if not self._newton(step):
                self.record.rejected += 1
                self.rate, self.operator = 1.0, None
                length *= 0.5
                continue
            size, here = self._in_time(step)
            off = self._in_space(step)
            bad = off > self.accuracy.bound
            late = size > self.accuracy.tolerance
            if late and not (before is not None and size > RULES.helps * before):
                before, self.record.rejected = size, self.record.rejected + 1
                factor = (0.5 * self.accuracy.tolerance / size) ** (1 / (self.scheme.stages + 1))
                length *= max(0.2, min(0.7, factor))
                continue
            if late and rounds < RULES.rounds:
                bad |= here > 0.3 * here.max()
            before = None
            bad &= self.mesh.widths > RULES.shallow * self.mesh.length
            if not bad.any():
                return self._accepted(step, off, late), size
            if len(self.mesh) + int(bad.sum()) > self.accuracy.most or rounds >= RULES.rounds:
                self.record.honest = False
                return self._accepted(step, off, late), size
            rounds, self.record.rounds = rounds + 1, self.record.rounds + 1
            stages = self._split(step, bad.tolist())

    def _ended(self, why: Status) -> tuple[None, float]:
        self.record.status, self.record.honest = why, False
        return None, 0.0

    def _split(self, step: Step, bad: list[bool]) -> Tensor:
        """Halve cells; what is known goes on to them. The stages, as the next guess."""
        cell, first = self.scheme.cell, self.last is None
        self.mesh = self.mesh.split(bad)
        if self.last is not None:
            self.last = _moved(self.last, self.mesh, lambda c: refined(c, bad, cell))
        if first:
            values, rates = projected(self.scheme, self.mesh), projected(self.scheme, self.mesh, rates=True)
            second = self.scheme.evolution.second
            self.start = Start(*(joined(c, self.mesh, self.scheme) if second else c for c in (values, rates)))
        else:
            self.start = Start(refined(self.start.values, bad, cell), refined(self.start.rates, bad, cell))
        return refined(step.stages, bad, cell)

    def _accepted(self, step: Step, off: Tensor, late: bool) -> Step:
        self.record.steps.append(step)
        self.record.honest &= not late
        self.terms = self.now
        self.sizes = torch.maximum(self.sizes, variation(step.stages[-1], step.mesh))
        self.last, self.start = step, step.end()
        calm = (off < RULES.merge * self.accuracy.bound).tolist()
        left = self.mesh.siblings(calm)
        if left:
            self.mesh = self.mesh.joined(left)
            joins, cell = self.scheme.evolution.joins, self.scheme.cell
            self.last = _moved(step, self.mesh, lambda c: coarsened(c, left, cell, joins))
            self.start = Start(*(coarsened(c, left, cell, joins) for c in (self.start.values, self.start.rates)))
        return step


def _moved(step: Step, mesh: Intervals, change: Callable[[Tensor], Tensor]) -> Step:
    """A step's polynomial on other cells."""
    start = Start(change(step.start.values), change(step.start.rates))
    return replace(step, mesh=mesh, start=start, stages=change(step.stages))


def timed(limit: float) -> Callable[[], bool]:
    """Whether so many seconds of this process's time have passed."""
    begun = time.process_time()
    return lambda: time.process_time() - begun > limit
