"""The state of training: what is saved, resumed, shown and judged."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import torch
from torch import Tensor, nn

from pinnsolve.checks.as_regular import kept_apart
from pinnsolve.errors import ProblemError
from pinnsolve.machine.world import ALONE, World
from pinnsolve.methods import Enriching, Marching, Smoothing, Vanishing
from pinnsolve.methods.line_condition import missing_of, noise_of
from pinnsolve.methods.protocol import Method, State
from pinnsolve.networks import LocalFeatures, Network, RandomFeatures
from pinnsolve.networks.described import is_features, kind_of
from pinnsolve.residuals import Site
from pinnsolve.residuals.costs import costs_of
from pinnsolve.settings import Settings, Stage
from pinnsolve.training.best import Best
from pinnsolve.training.broken_off import BrokenOff
from pinnsolve.training.clock import BEGIN, Clock
from pinnsolve.training.collocation import Collocation
from pinnsolve.training.found import Found, solved_again
from pinnsolve.training.gathered import Gathered
from pinnsolve.training.guessing import before_guess, to_guess
from pinnsolve.training.history import History, Look
from pinnsolve.training.results import Ended, Turn
from pinnsolve.training.rounding import of_numbers, rounding, terms
from pinnsolve.training.seen import Seen
from pinnsolve.training.stopping import Watch
from pinnsolve.training.weights import left_beside, weighted, weights_of
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.over_ranges import OverRanges
from pinnsolve.trial.range_node import Growth
from pinnsolve.trial.trial import Trial

Build = Callable[[Network | LocalFeatures | nn.Module, torch.Generator], Trial]


@dataclass
class Run:
    """Everything that training has come to. The loop turns it into a later one; `training.checkpointing` makes it the
    same in another process, to the same bits.

    Parameters
    ----------
    settings : Settings
    build : callable (network, torch.Generator) -> Trial
    generator : torch.Generator
        On the CPU; the only source of randomness.
    trial : Trial
        Whose parameters are trained.
    points : Collocation
    born : tensor
        The state of the generator from which the network in training was drawn.
    number : int
        The stage in training.
    weights : dict from residual name to float
    watch : Watch
    method_state : dict
        What the method remembers from step to step; empty before it began.
    step, stage_step : int
        Steps of all stages, and of this one.
    clock : Clock
    stage_began : float
        The clock's operations when the stage began.
    best : Best, optional
    history : History
    ended : list of Ended
        The stages that came to their end.
    choice : list of str
        Why one stage followed another.
    found : list of Found
        The solutions so far, as they are compared for the estimate of the error.
    broken : list of BrokenOff
        Marches that did not come to their end.
    again : int, optional
        The stage whose solution the present one solves again.
    sizes : dict from residual name to float
        What the residuals were made of at the first look (`pinnsolve.training.rounding`).
    first : dict from residual name to float
        The residuals that all others are relative to: those of the first look, without the user's guess.
    changed : dict from the number of a stage to dict
        What its method has otherwise than in the settings, where that follows from what was found before.
    """

    settings: Settings
    build: Build
    generator: torch.Generator
    trial: Trial
    points: Collocation
    born: Tensor
    number: int
    weights: dict[str, float] = field(default_factory=dict)
    watch: Watch = field(default_factory=lambda: Watch(0.0, 0.0))
    method_state: State = field(default_factory=dict)
    step: int = 0
    stage_step: int = 0
    clock: Clock = field(default_factory=Clock)
    stage_began: float = 0.0
    best: Best | None = None
    history: History = field(default_factory=History)
    ended: list[Ended] = field(default_factory=list)
    choice: list[str] = field(default_factory=list)
    found: list[Found] = field(default_factory=list)
    broken: list[BrokenOff] = field(default_factory=list)
    again: int | None = None
    sizes: dict[str, float] = field(default_factory=dict)
    first: dict[str, float] = field(default_factory=dict)
    changed: dict[int, dict[str, Any]] = field(default_factory=dict)

    @classmethod
    def begun(
        cls, build: Build, places: list[Site], settings: Settings, generator: torch.Generator, number: int = 0,
        world: World = ALONE,
    ) -> Run:  # fmt: skip
        """A run before its first step, in the stage of that number.

        Raises
        ------
        ProblemError
            If a residual is not finite at the first evaluation.
        """
        began, born = time.perf_counter(), generator.get_state()
        trial = build(settings.stages[number].network, generator)
        points = Collocation(trial, places, settings, generator, world)
        bad = points.first_bad()
        if bad is not None:
            look = "" if "overflows" in bad else "Look at the function there: log or division of zero?"
            raise ProblemError(f"at the first evaluation {bad}", look)
        run = cls(settings, build, generator, trial, points, born, number)
        run.begin()
        run.clock.seconds = time.perf_counter() - began
        run.clock.made(BEGIN, run.clock.operations, run.clock.seconds)
        return run

    # ------------------------------------------------------------ the stage in training

    @property
    def stage(self) -> Stage:
        return self.stage_at(self.number)

    def stage_at(self, number: int) -> Stage:
        """A stage as it is trained."""
        stage, other = self.settings.stages[number], self.changed.get(number)
        return replace(stage, method=replace(stage.method, **other)) if other else stage  # type: ignore[type-var]

    @property
    def method(self) -> Method:
        return self.stage.method

    @property
    def tolerance(self) -> float:
        return self.trial.problem.tolerance

    def begin(self) -> None:
        """Points, weights and watch for a new network; what was best stays best, by the new weights."""
        if not self.method.redraws:
            self.points.renew(2 * self.trial.parameters_count)
        if not (self.weights and isinstance(self.stage.network, RandomFeatures)):
            self.weights = weights_of(self.settings, self.points.training, self.weights)
            self.clock.work.add(costs_of(self.points.training).rows)
        if isinstance(self.stage.network, RandomFeatures):  # Newton's method begins at g, not at a random function
            self.trial.assign(torch.zeros_like(self.trial.vector()))
            if not isinstance(self.method, Smoothing):  # which asks how smooth they are, and begins with nothing
                self.points.to_data()
        first = self.points.held_out.loss(self.weights)
        if self.trial.problem.guess.unknowns:  # as good as it may be: all else is relative to what is left without it
            left = before_guess(self.points.held_out)
            self.first, first = self.first or left, first or weighted(self.weights, left)
            to_guess(self.trial, self.points.training, self.clock.work)
        self.watch = Watch.begin(first, self.tolerance)
        self.clock.work.add(costs_of(self.points.held_out).once)
        if self.best is not None:
            self.watch.best = weighted(self.weights, self.best.held_out)

    def take_up(self, turn: Turn) -> bool:
        """Go on to another stage, with a network of its own unless it goes on with the same; true if it is another."""
        before, last, self.number = self.stage, self.number, turn.number
        self.stage_step, self.stage_began = 0, self.clock.operations
        if turn.why:
            self.choice.append(turn.why)
        self.changed |= turn.changed
        if isinstance(self.trial, Marched) and isinstance(before.method, Marching):
            self.broken = [*(b for b in self.broken if not b.whole), BrokenOff.of(last, self.born, self.points)]
        if self.stage.network is before.network:
            self.watch.anew()
            return False
        self.born = self.generator.get_state()
        self.trial = self.build(self.stage.network, self.generator)
        self.points.take(self.trial, training=self.method.redraws and before.method.redraws)
        if self.method.redraws and not before.method.redraws:
            self.points.begin()
        self.begin()
        return True

    # ------------------------------------------------------------ what was measured

    def look(self) -> Look | None:
        """Measure on both sets of points, and remember the best parameters; None if this was seen already."""
        if self.history and self.history[-1].step == self.step:
            return None
        held, training = self.points.held_out.rms(), self.points.training.rms()
        self.clock.work.add(costs_of(self.points.held_out).values + costs_of(self.points.training).values)
        trained = weighted(self.weights, training)
        if not self.sizes:
            self.sizes = terms(self.points.held_out)
            self.first = self.first or held
        if self.trial.complete and self._best_yet(weighted(self.weights, held), trained):
            vector, weights = self.trial.vector(), dict(self.weights)
            self.watch.best = weighted(self.weights, held)
            self.best = Best(
                self.step, self.number, self.born, vector, training, held, self.counts(), weights, self._left_by_cells
            )  # fmt: skip
        look = Look(self.step, self.clock.seconds, self.method.name, trained, training, held)
        self.history.append(look)
        in_training = not is_features(self.stage.network)
        if in_training and self.gathered().advanced(kind_of(self.stage.network), held, self.weights):
            self.found.append(self.as_found(self.number, held))
        return look

    def _best_yet(self, held_out: float, training: float) -> bool:
        """Whether it is the best so far; with less viscosity, for more values of parameters, or with richer features
        beside rough coefficients, it is, whatever residuals say; and of a march solved again, if these say little."""
        if isinstance(self.method, Vanishing) or getattr(self.trial, "better", False):
            return True
        better = self._comparable() and self.watch.better(held_out, training)
        if self.best is not None and min(self._left_by_cells, self.best.defect) > 0:
            return self._left_by_cells < self.best.defect  # smaller cells in a corner have larger residuals there
        best = -1 if self.best is None else self.best.stage
        grown = isinstance(self.trial, OverRanges) and best == self.number
        again = best == self.again and getattr(self.trial, "remains", 0.0) > 0  # as `best_of`
        return better or grown or (again and held_out <= Found.hardly**2 * self.watch.best)

    @property
    def _left_by_cells(self) -> float:
        """What the worst of steady cells leaves; zero where there are none."""
        return float(getattr(self.trial, "defect", 0.0))

    def _comparable(self) -> bool:
        """Whether its residual can be compared with those of other stages (`Gathered.judged`)."""
        if isinstance(self.stage.network, LocalFeatures) or not solved_again(self.found):
            return True
        self.clock.work.add(costs_of(self.points.held_out).values)
        return self.gathered().comparable(kind_of(self.stage.network), self.points.values(), self.weights)

    def counts(self) -> dict[str, int]:
        """The training points in each region: the run's own, or those that the method drew."""
        return dict(self.method_state.get("points") or self.points.counts())

    @property
    def exact(self) -> bool:
        """Whether the last look saw nothing but rounding, beside what the residuals were made of at the first."""
        left, made = weighted(self.weights, self.history[-1].held_out), weighted(self.weights, self.sizes)
        growing = isinstance(self.trial, OverRanges) and self.trial.growth is Growth.ON
        return self.trial.complete and not growing and left <= rounding(self.trial.dtype) ** 2 * made

    def as_found(self, stage: int, held_out: Mapping[str, float]) -> Found:
        """The trial function as it is, to be compared with others."""
        again = self.again if stage == self.number else None
        made, kind = terms(self.points.held_out), kind_of(self.settings.stages[stage].network)
        self.clock.work.add(costs_of(self.points.held_out).gradient)
        scales = {u: self.trial.plan.size(u).scale for u in self.trial.problem.unknowns}
        enriched = isinstance(self.settings.stages[stage].method, Enriching)
        richer = self.trial.doubt if enriched else 0.0
        noise = noise_of(self.trial, enriched)
        if isinstance(self.trial, OverRanges) and self.trial.growth is Growth.ON:
            noise = self.trial.known_error or math.inf
        values, narrow = self.points.values(), self.trial.plan.narrow
        beside = left_beside(self.points.held_out, narrow, values) if narrow else 0.0
        # of cells in a plane; relative to what is trained, which is not always what is handed out
        apart = getattr(self.trial, "apart", 0.0) if kept_apart(self.trial.problem) is None else 0.0
        return Found(
            stage, kind, held_out, values, again, made, scales, richer, max(noise, of_numbers(self.trial, values)),
            beside, self._left_by_cells, apart, getattr(self.trial, "remains", 0.0), self.points.shares(),
            0.0 if enriched else missing_of(self.trial), getattr(self.trial, "of_known", 1.0),
        )  # fmt: skip

    def gathered(self) -> Gathered:
        first = {n: r for n, r in self.first.items() if n not in self.trial.problem.data}
        return Gathered(self.found, first, Seen.of(self.trial.plan, self.trial.problem), self.broken)

    def best_trial(self) -> Trial:
        """The trial function with the lowest held-out residual so far."""
        assert self.best is not None
        return self.reborn(self.best.stage, self.best.born, self.best.vector)

    def reborn(self, number: int, born: Tensor, vector: Tensor) -> Trial:
        """The trial function of a stage, drawn anew, with the parameters that were kept of it."""
        generator = torch.Generator()
        generator.set_state(born)
        trial = self.build(self.settings.stages[number].network, generator)
        trial.assign(vector)
        return trial
