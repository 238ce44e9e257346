"""A march over cells of space: steps that find their length, cells that are split and merged.

One step is `pinnsolve.cells.implicit_step`. Two things are measured after it, and each decides for itself:

    in time    the last Legendre coefficient of the step's polynomial: above its tolerance the step is shortened
    in space   the residual at points that the step did not use: cells above the bound are halved, the step repeated

A shorter step that does not lower the first says that space is what lacks: the cells where that coefficient sits are
halved. Cells whose residual is a thousandth of the bound are merged with the other half.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from pinnsolve.cells.equation_sizes import equation_sizes
from pinnsolve.cells.implicit_step import Scheme, Start, Step
from pinnsolve.cells.stage_operator import that_fit
from pinnsolve.machine.room import UNLIMITED, Room
from pinnsolve.machine.world import ALONE, World
from pinnsolve.march.carried import Carried
from pinnsolve.march.cells import bad_cells, calmer, cut_anew, finer_cells, first_cells, moved_onto
from pinnsolve.march.extrapolated import extrapolated
from pinnsolve.march.felt import felt, natural
from pinnsolve.march.growth import square_is_better
from pinnsolve.march.lengths import Failures, Tries, following, passing, served, worth_merging
from pinnsolve.march.like_cells import varies
from pinnsolve.march.record import Accuracy, March, Status, left_in_time, variation
from pinnsolve.march.rules import RULES
from pinnsolve.march.start import at_start, begun
from pinnsolve.march.step_solver import StepSolver
from pinnsolve.networks.moved import origins, refined
from pinnsolve.networks.spread import on_others, weights_of
from pinnsolve.networks.tiles import Tiles
from pinnsolve.trial.evolution import Evolution


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
        self, evolution: Evolution, accuracy: Accuracy, device: torch.device,
        enough: Callable[[], bool] | None = None, world: World = ALONE, room: Room = UNLIMITED,
    ) -> None:  # fmt: skip
        self.accuracy, self.enough = accuracy, enough or (lambda: False)
        form, kind = (accuracy.degree, accuracy.stages, device), accuracy.activation
        self.scheme = Scheme(evolution, *form, None, square_is_better(evolution, *form, kind), world, room, kind)
        self.record, (self.at, self.aim) = March(self.scheme), evolution.times
        self.span, self.moments = self.aim - self.at, evolution.moments
        self.first = first_cells(evolution, accuracy.cells if evolution.dims == 1 else RULES.plane, device)
        self.most = that_fit(self.scheme, at_most=accuracy.most, same=not varies(self.scheme, self.first))
        sizes = torch.tensor(evolution.sizes, dtype=torch.float64, device=device)
        self.mesh, self.sizes, self.even = begun(self.scheme, self.first, sizes, accuracy, self.most)
        self.start = at_start(self.scheme, self.mesh)
        self.jumped, self.layered = self.at, False  # when data jumped last, and whether a layer stands there since
        self.length = (RULES.first if evolution.dims < 3 else RULES.begin) * self.span
        self.last: Step | None = None
        self.taken, self.shortest, self.paused = 0, 0.0, False  # steps, and the length to which they were lengthened
        self.pause: Callable[[], bool] = lambda: False  # asked before each try: whether to go on another time
        self.looked, self.waits, self.rounds = 0, RULES.between, 0
        self.tries, self.failures, self.spreads = Tries(), Failures.over(evolution.dims), bool(evolution.spread_from)
        self.found: Tensor | None = None  # its stages, where its cells were halved
        self.terms: Tensor | None = None
        self.scheme.weights = equation_sizes(self._step(self.length, self._constant(self.length)))
        left, constant = RULES.newton * RULES.ease(evolution) * accuracy.tolerance, evolution.constant
        self.solver = StepSolver(self.scheme, self.sizes, left, constant)
        if constant and evolution.dims == 2:
            self.most = that_fit(self.scheme, at_most=int(RULES.linear * accuracy.most))
        self.record.counts, self.residual, self.halved = self.solver.counts, 1.0, -RULES.between
        self.carried = Carried.begun(self.scheme, self.mesh, self.sizes)

    # ------------------------------------------------------------ one step

    def _step(self, length: float, guess: Tensor) -> Step:
        """A step to be solved."""
        return Step(self.scheme, self.mesh, self.at, length, self.start, guess).closed()

    def _constant(self, length: float) -> Tensor:
        """The first guess where nothing came before: what is there stays, or goes on at its rate."""
        held = self.start.values.expand(self.scheme.stages, -1, -1, -1)
        moved = self.scheme.radau.places[1:, None, None, None] * length * self.start.rates
        return moved + held if self.scheme.evolution.second else held

    def _guess(self, length: float) -> Tensor:
        """The last step's polynomial, carried on."""
        last, least = self.last, int(self.scheme.evolution.second)
        return self._constant(length) if last is None else extrapolated(last, length, self.sizes, least=least)

    # ------------------------------------------------------------ what is measured

    def _in_space(self, step: Step) -> tuple[Tensor, Tensor]:
        """The held-out residual of each cell, relative to the equations' terms, (n,); and these, (E,). Where fluxes
        join cells, what it is felt as, which needs no terms."""
        s, shares = self.scheme, step.mesh.shares
        part = (shares ** (1 / step.mesh.dims) / RULES.narrow).clamp(max=1.0)
        if s.evolution.fluxed:
            ratio = (1.0 if s.evolution.second else RULES.felt) * self.accuracy.bound / self.accuracy.tolerance
            return ratio * felt(step, self.sizes) * part.sqrt(), shares.new_zeros(len(s.evolution.equations))
        points = self.accuracy.degree + 3
        found, w = step.inside(points, slopes=True), weights_of(step.mesh, s.cell, points)
        shape = len(s.weights), s.stages, *w.shape  # type: ignore[arg-type]
        square, whole = (
            (v.reshape(shape).square() * w).sum(-1).mean(1) for v in (found.residuals, found.sizes())
        )  # (E, n)
        terms = (whole @ shares).sqrt()
        terms = terms if self.terms is None else torch.maximum(terms, RULES.fades * self.terms)
        # terms so small that what is left of them makes no error by the end
        least = self.accuracy.tolerance / self.accuracy.bound * natural(s, found, self.span)
        relative = square / torch.maximum(terms, least).square()[:, None]
        return (relative.sum(0) * part).sqrt(), terms

    # ------------------------------------------------------------ the march

    @property
    def left(self) -> float:
        """The time that is left."""
        return self.scheme.evolution.times[1] - self.at

    def run(self) -> March:
        """March to the end, or until something keeps from it."""
        while self.advance():
            pass
        return self.record

    def advance(self) -> bool:
        """Take one step; whether there are more to take."""
        self.paused = False
        if self.left <= RULES.short * self.span:
            return False
        aim = next((m for m in self.moments if m > self.at + RULES.short * self.span), self.at + self.left)
        self.aim, left = aim, aim - self.at
        length = self.failures.limited(min(self.length, self.scheme.evolution.driven.longest(self.at)), self.taken)
        if RULES.stretch * length > left:
            length = left
        elif 2 * length > left:  # two equal ones, and no rest that is too short for one
            length = left / 2
        step, size = self._taken(length)
        if step is None:
            return self.paused
        self.at = aim if step.length == left else step.begin + step.length
        if step.length == left and aim in self.moments:  # nothing goes on across a jump
            self.last, self.jumped, self.layered = None, aim, False
        felt, asked = size * self._passing(0.0) if self.layered else size, self.tries.asked(self.accuracy.tolerance)
        self.length = following(step, self.solver, felt, asked, self.left)
        if self.carried.grows(self.mesh) and not self._lengthened(step.length, size):
            self._ended("growing")
            return False
        return self.left > RULES.short * self.span

    def _taken(self, length: float) -> tuple[Step | None, float]:
        """The next step, with a length and cells that suffice for it; nothing where it ends before."""
        guess, tries, self.found = self.found if length == self.length else None, self.tries, None
        while True:
            if why := self._kept_from(length):
                return self._ended(why)
            if self.pause():
                self.paused, self.length, self.found = True, length, guess
                return None, 0.0
            step, guess = self._step(length, self._guess(length) if guess is None else guess), None
            if not self.solver.solve(step):
                self.record.rejected += 1
                length = self.failures.at(length, self.taken, self.solver.leapt)
                continue
            size, here = left_in_time(step, self.sizes)
            late = size * self._passing(length) > (asked := tries.asked(self.accuracy.tolerance))
            jump, blind = late and self._jumps(size, length), None
            if jump and self.layered and self.mesh.dims > 2 and self.mesh.region is not None:
                return self._ended("cells")  # a start that disagrees with a rim: its layer wants too many
            if jump and not (blind := tries.blind(step, size, here)):
                self.record.rejected, self.layered, length = self.record.rejected + 1, True, RULES.after * length
                continue
            if blind:
                (step, size, here), length = blind, blind[0].length
            elif late and (factor := tries.shorter(size, length, asked, step)) is not None:
                self.record.rejected, length = self.record.rejected + 1, factor * length
                continue
            begins = not (late or self.last or self.layered or self.rounds)
            if begins and (longer := tries.grown(step, size, asked, self.aim - self.at)):
                length = longer
                continue
            off, terms = self._in_space(step)
            bad = self._bad(off, here if late else None, step) & (not self.even)
            finer, how = finer_cells(step, bad, off, self.accuracy.bound, self.most)
            if not how and blind:
                tries.finest, length = True, RULES.after * length
                continue
            if self.rounds >= RULES.rounds or not how:
                self.record.honest &= self.even or not (late or bad.any())
                tries.ended(size, late and self.mesh.dims > 1, self.spreads and self.last is None)
                self.record.rough |= size > self.accuracy.tolerance
                return self._accepted(step, off, terms), size
            self.rounds, self.record.rounds = self.rounds + 1, self.record.rounds + 1
            guess, before = self._split(step, off, finer, how), length
            guess = guess if (length := tries.halved(size if late else None, length)) == before else None

    def _kept_from(self, length: float) -> Status | None:
        """What keeps from another try of a step."""
        if self.enough():
            return "budget"
        if self.mesh.dims > 2 and len(self.mesh) > self.most:  # there is no memory for what was begun with
            return "cells"
        return "stuck" if length < RULES.short * self.span else None

    def _jumps(self, size: float, length: float) -> bool:
        """Whether a first step that leaves out too much begins at a jump, of which a shorter one sees as much."""
        room, smooth = (1 + RULES.room) * len(self.mesh) < self.most, self.tries.begun is not None
        long = length > RULES.sudden ** (1 / self.mesh.dims) * self.span
        return self.last is None and not smooth and size > RULES.jump and room and long

    def _lengthened(self, length: float, size: float) -> bool:
        """Take longer steps, which make nothing grow, where they leave out little enough."""
        if self.shortest or size * RULES.longer ** (self.scheme.stages + 1) > self.accuracy.tolerance:
            return False
        self.shortest = self.length = RULES.longer * length
        self.carried = Carried.begun(self.scheme, self.mesh, self.sizes)
        return True

    def _passing(self, length: float) -> float:
        """By how much less the first step after a jump counts, and steps while a layer stands."""
        after = (self.at + length - self.jumped) / self.span
        return passing(self.mesh, length / self.span, after, self.last is None, self.layered, self.spreads)

    def _bad(self, off: Tensor, here: Tensor | None, step: Step) -> Tensor:
        """The cells to be halved, and along which coordinates, (n, dims)."""
        since = (self.at - self.jumped) / self.span if self.layered else math.inf
        full = self.mesh.dims > 2 and self.mesh.region is None and (1 + RULES.room) * len(self.mesh) >= self.most
        few = full and not self.record.honest  # a few more cells would be no use
        return bad_cells(step, off / self.accuracy.bound, here, self.sizes, self.accuracy.tolerance, since, few)

    def _ended(self, why: Status) -> tuple[None, float]:
        self.record.status, self.record.honest = why, False
        return None, 0.0

    def _split(self, step: Step, off: Tensor, finer: Tiles, bad: list[list[int]]) -> Tensor:
        """Halve cells, and in a plane join calm ones, since all are factorised anew; what is known goes on to them.
        The stages, as the next guess."""
        cell, first, old, self.halved = self.scheme.cell, not self.taken, self.mesh, self.taken
        calm = (off < RULES.gathers * self.accuracy.bound) & (old.dims == 2 and old.region is None and self.rounds == 1)
        made, fewer = calmer(finer, calm[origins(bad, len(old)).to(calm.device)], self.scheme)

        def onto(c: Tensor) -> Tensor:
            return fewer(refined(c, bad, cell)) if old.region is None else on_others(c, old, finer, cell)

        if self.looked and self.taken - self.looked <= self.waits:  # fewer cells were too few
            self.waits *= 2
        self._go_on(made, onto)
        if first:
            self.start = at_start(self.scheme, self.mesh)
        return onto(step.stages)

    def _go_on(self, mesh: Tiles, onto: Callable[[Tensor], Tensor]) -> None:
        """Take what is known onto other cells."""
        self.mesh = mesh
        self.carried.move(onto)
        if self.last is not None:
            self.last = moved_onto(self.last, mesh, onto)
        self.start = Start(onto(self.start.values), onto(self.start.rates))

    def _accepted(self, step: Step, off: Tensor, terms: Tensor) -> Step:
        e = self.scheme.evolution
        self.record.steps.append(step)
        self.taken, self.tries, self.rounds = self.taken + 1, self.tries.of_next(), 0
        self.terms, self.residual = terms, float(off.max())
        self.sizes = self.solver.sizes = torch.maximum(self.sizes, variation(step.stages[-1], step.mesh))
        self.last, self.start = step, step.end()
        self.carried.after(step, self.solver.operator, self.span)  # type: ignore[arg-type]
        if e.region is not None:
            self._cut_anew(step, off)
            return step
        made, fewer = calmer(self.mesh, off < RULES.merge * self.accuracy.bound, self.scheme)
        worth = worth_merging(self.mesh, self.taken - self.halved)
        if len(self.mesh) - len(made) > worth and not (self.even or served(step, self.solver)):
            self._go_on(made, fewer)
        return step

    def _cut_anew(self, step: Step, off: Tensor) -> None:
        """Over a shape, where most cells are calm, look for fewer."""
        calm = float((off < RULES.calm * self.accuracy.bound).double().mean())
        if calm < RULES.mostly or self.taken < self.looked + self.waits:
            return
        self.looked = self.taken

        def left(moved: Step) -> Tensor:
            return self._in_space(moved)[0] / self.accuracy.bound

        if (mesh := cut_anew(self.first, step, left, self.sizes, self.accuracy.tolerance)) is not None:
            self._go_on(mesh, lambda c: on_others(c, step.mesh, mesh, self.scheme.cell))
