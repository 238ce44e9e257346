"""The one training loop: it owns finiteness, stopping, redrawn points, history and checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from pinnsolve.errors import Outcome, ProblemError
from pinnsolve.machine.interrupts import Deferred
from pinnsolve.methods import Retracing
from pinnsolve.methods.protocol import Method, Objective, begun, stepped
from pinnsolve.networks import LocalFeatures, Network, RandomFeatures
from pinnsolve.networks.dropout import drops, thinned
from pinnsolve.residuals import Site
from pinnsolve.settings import Settings, Stage, is_features, kind_of
from pinnsolve.training.checkpointing import keep
from pinnsolve.training.collocation import Collocation
from pinnsolve.training.error_estimate import Found, Gathered
from pinnsolve.training.finishing import finished
from pinnsolve.training.history import Look, LoopState, Training
from pinnsolve.training.stopping import Watch
from pinnsolve.training.strategy import Ended, following
from pinnsolve.training.weights import weighted, weights_of
from pinnsolve.trial.trial import Trial

CERTAIN = 1 / 3  # of the tolerance: an error that is estimated below it ends the run
Build = Callable[[Network | LocalFeatures | nn.Module, torch.Generator], Trial]


class Loop:
    """Training of one trial function after another.

    Parameters
    ----------
    build : callable (network, torch.Generator) -> Trial
    places : list of Site
    settings : Settings
    generator : torch.Generator
        On the CPU; the only source of randomness.
    folder : Path, optional
        Where checkpoints go; without it there are none.
    identity : mapping
        What a checkpoint must have in common with this run to be resumed.
    """

    def __init__(
        self,
        build: Build,
        places: list[Site],
        settings: Settings,
        generator: torch.Generator,
        folder: Path | None = None,
        identity: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.build, self.settings, self.generator = build, settings, generator
        self.folder, self.identity = folder, dict(identity or {})
        born = generator.get_state()
        self.trial = build(settings.stages[0].network, generator)
        self.points = Collocation(self.trial, places, settings, generator)
        bad = self.points.first_bad()
        if bad is not None:
            look = "" if "overflows" in bad else "Look at the function there: log or division of zero?"
            raise ProblemError(f"at the first evaluation {bad}", look)
        self.weights: dict[str, float] = {}
        self.state = LoopState(
            0, 0, 0, 0.0, 0.0, {}, self.trial.vector(), born, {}, {}, self.weights, [], generator.get_state()
        )  # fmt: skip
        self.history: list[Look] = []
        self.unsaved = ""  # why the last checkpoint could not be written
        self._begin()

    # ------------------------------------------------------------ the loop

    def run(self, progress: Callable[[Look], None] | None = None) -> Training:
        """Train until an outcome is reached."""
        outcome = self._over_already() if self.state.step else None
        began, written = time.perf_counter() - self.state.seconds, time.perf_counter()
        interrupt = Deferred()
        try:
            if not self.state.method:
                self._start(fresh=True)
                self._look(progress)
            with interrupt:
                while outcome is None:
                    outcome = self._round(began, progress)
                    if self.folder and time.perf_counter() - written > self.settings.checkpoint_every:
                        keep(self)
                        written = time.perf_counter()
                    interrupt.check()
        except KeyboardInterrupt:
            if interrupt.twice:
                raise  # in the middle of a step; what was saved last stands
            outcome = Outcome("interrupted", f"by the user after {self.state.step} steps", "go on with --resume")
        if self.folder:
            keep(self)
        if outcome.kind != "non-finite":
            self._look(progress)
        return finished(self, outcome)

    def _round(self, began: float, progress: Callable[[Look], None] | None) -> Outcome | None:
        """One step, and what it leads to."""
        outcome = self._step()
        self.state.seconds = time.perf_counter() - began
        if outcome is not None and self._another():
            outcome = None
            self._hand_over(failed=True)
        elif outcome is None and self.state.step % self.method.cycle == 0 and not self._solving_again:
            self._look(progress)
            outcome = self._judged()
        return outcome or self._exhausted()

    @property
    def stage(self) -> Stage:
        return self.settings.stages[self.state.stage]

    @property
    def method(self) -> Method:
        return self.stage.method

    @property
    def _features(self) -> bool:
        """Whether this is one of several stages with features, whose solutions are compared."""
        return self.settings.automatic and is_features(self.stage.network)

    def _another(self) -> bool:
        """Whether another network follows, which may do where this one fails."""
        return any(s.network is not self.stage.network for s in self.settings.stages[self.state.stage :])

    def _objective(self) -> Objective:
        balanced = self.settings.weights == "balanced"
        objective = Objective(self.trial, self.points.training, self.weights, balanced, self.generator)
        if self.trial.problem.time is None and not self.method.redraws:
            objective.drift = self.points.drift()
        if self.state.best and self.settings.stages[self.state.best["stage"]].network is not self.stage.network:
            objective.guess = self.best_trial
        return objective

    def _step(self) -> Outcome | None:
        state = self.state
        if self.method.redraws and (bad := self.points.redraw(state.stage_step, self.watch.fraction, self.weights)):
            return self._non_finite(bad)
        with thinned(self.trial.network, self.generator) if drops(self.stage.network) else nullcontext():
            state.method = stepped(self.method, self._objective(), state.method)
        state.step += 1
        state.stage_step += 1
        if not math.isfinite(state.method["loss"]):
            return self._non_finite(self.points.worst())
        self.watch.stuck = self.watch.stuck + 1 if state.method["stuck"] else 0
        return None

    def _non_finite(self, where: str) -> Outcome:
        remedy = "look at the equation there (log or root of a negative number, division by zero?), or lower the rate"
        return Outcome("non-finite", f"{where}, at step {self.state.step}", remedy)

    def _judged(self) -> Outcome | None:
        """After a look: an outcome, or the next stage if this one is over, unless it is the last."""
        stages, state, look = self.settings.stages, self.state, self.history[-1]
        outcome = self.watch.verdict(look.training, look.held_out)
        ended = (self.method.steps is not None and state.stage_step >= self.method.steps) or state.method["done"]
        share = self.settings.budget * (state.stage + 1) / len(stages)
        last = state.stage + 1 == len(stages)
        if last and ended and not self.trial.complete:
            kind = "plateau" if state.method["stuck"] else "steps"
            return Outcome(kind, self.trial.missing, "raise Marching's bound, or most, or steps")
        if last:
            return outcome or (Outcome("steps", f"all {state.stage_step} steps made") if ended else None)
        if outcome is not None and outcome.kind == "converged":
            if not self._features:
                return outcome
            outcome = None  # where there is an estimate of the error, a small residual alone proves nothing
        timed = self.method.steps is None and not self.settings.automatic and state.seconds >= share
        if outcome is not None or ended or timed:
            certain = self._estimated()
            if certain is not None:
                return certain
            self._hand_over(failed=not self._finite())
        return None

    def _estimated(self) -> Outcome | None:
        """Compare the solution of a stage of features with those before; an outcome, if the best is good enough."""
        if not self._features or not self._finite():
            return None
        error = self.gathered().added(self.as_found(self.state.stage, self.history[-1].held_out), self.weights)
        self.state.behind = error / (CERTAIN * self.trial.problem.tolerance)
        if self.state.behind > 1 or self._to_be_solved_again():
            return None
        told = f"the error is estimated at {error:.0e} ({len(self.state.found)} solutions compared)"
        told += "; the data's noise comes on top" * bool(self.trial.problem.observations)
        return Outcome("converged", told)

    @property
    def _solving_again(self) -> bool:
        """Whether the solution is on the way that tells the error of the best one: it is worth nothing in part."""
        return self.state.again is not None and not self.state.method["done"]

    def _to_be_solved_again(self) -> bool:
        """Whether the best solution is new, and the next stage tells its error."""
        now = self.state.stage
        return self.state.best["stage"] == now and isinstance(self.settings.stages[now + 1].method, Retracing)

    def _finite(self) -> bool:
        """Whether the trial function stands for a solution, with a residual on all held-out points."""
        return self.trial.complete and all(map(math.isfinite, self.history[-1].held_out.values()))

    def as_found(self, stage: int, held_out: Mapping[str, float]) -> Found:
        """The trial function as it is, to be compared with others."""
        again = self.state.again if stage == self.state.stage else None
        return Found(stage, kind_of(self.settings.stages[stage].network), held_out, self.points.values(), again)

    def gathered(self) -> Gathered:
        data, first = self.trial.problem.data, self.history[0].held_out
        return Gathered(self.state.found, {n: r for n, r in first.items() if n not in data})

    def _hand_over(self, failed: bool = False) -> None:
        """Begin the next stage; after one that failed, as if it had left everything."""
        state, before = self.state, self.stage
        seconds = state.seconds - state.stage_began
        last = dict.fromkeys(self.weights, math.inf) if failed else self.history[-1].held_out
        ended = Ended(
            state.stage, self.watch.fraction, last, seconds, self.trial.parameters_count, state.stage_step
        )  # fmt: skip
        state.ended.append(asdict(ended))
        record = [Ended(**e) for e in state.ended]
        state.stage, why = following(
            self.settings.stages, record, self.weights, state.seconds, self.settings.budget, state.behind,
            windows=not (self.trial.problem.indivisible or self.settings.validation),  # windows take all data
        )  # fmt: skip
        state.stage_step, state.stage_began = 0, state.seconds
        if why:
            state.choice.append(why)
        fresh = self.stage.network is not before.network
        if fresh:
            state.born = self.generator.get_state()
            self.trial = self.build(self.stage.network, self.generator)
            self.points.take(self.trial, training=self.method.redraws and before.method.redraws)
            if self.method.redraws and not before.method.redraws:
                self.points.begin()
            self._begin()
        else:
            self.watch.anew()
        self._start(fresh)

    def _begin(self) -> None:
        """Points, weights and watch for a new network; what was best stays best, by the new weights."""
        if not self.method.redraws:
            self.points.renew(2 * self.trial.parameters_count)
        if not (self.weights and isinstance(self.stage.network, RandomFeatures)):
            self.weights = self.state.weights = weights_of(self.settings, self.points.training, self.weights)
        if isinstance(self.stage.network, RandomFeatures):  # Newton's method begins at g, not at a random function
            self.trial.assign(torch.zeros_like(self.trial.vector()))
            self.points.to_data()
        self.watch = Watch.begin(self.points.held_out.loss(self.weights), self.trial.problem.tolerance)
        if self.state.best:
            self.watch.best = weighted(self.weights, self.state.best["held_out"])

    def _start(self, fresh: bool) -> None:
        steps = any(e["steps"] > 1 for e in self.state.ended)
        if fresh and steps and self.state.best and isinstance(self.stage.network, RandomFeatures):
            inside = next(p for site, p in self.points.training.places if site.name == "interior")
            self.trial.follow(self.best_trial(), inside)  # where Newton's method takes steps, it goes on from the best
        self.state.again = self.state.best["stage"] if self.state.best and isinstance(self.method, Retracing) else None
        self.state.method = begun(self.method, self._objective())

    def _over_already(self) -> Outcome | None:
        """Whether a run that is taken up again has nothing left to do; if only its stage was over, the next begins."""
        if self.state.step % self.method.cycle:
            return self._exhausted()
        return self._judged() or self._exhausted()

    def _exhausted(self) -> Outcome | None:
        state, limit = self.state, self.method.steps
        if state.stage + 1 == len(self.settings.stages) and limit is not None and state.stage_step >= limit:
            return Outcome("steps", f"all {limit} steps of {self.method.name} made")
        if state.seconds < self.settings.budget or self._solving_again:
            return None
        detail = f"the {self.settings.budget:g} s are used, after {state.step} steps"
        if not self.trial.complete and not state.best:
            detail += f"; {self.trial.missing}"
        return Outcome("budget", detail, "go on with --resume and a larger --budget")

    def _look(self, progress: Callable[[Look], None] | None) -> None:
        """Measure on both sets of points, remember the best parameters, tell whoever watches."""
        state = self.state
        if self.history and self.history[-1].step == state.step:
            return
        held, training = self.points.held_out.rms(), self.points.training.rms()
        trained = weighted(self.weights, training)
        if self.trial.complete and self.watch.better(weighted(self.weights, held), trained):
            state.best = {
                "step": state.step, "stage": state.stage, "born": state.born, "vector": self.trial.vector(),
                "training": training, "held_out": held, "weights": dict(self.weights),
                "points": dict(state.method.get("points") or self.points.counts()),
            }  # fmt: skip
        look = Look(state.step, state.seconds, self.method.name, trained, training, held)
        self.history.append(look)
        in_training = not is_features(self.stage.network)
        if in_training and self.gathered().advanced(kind_of(self.stage.network), held, self.weights):
            self.state.found.append(vars(self.as_found(state.stage, held)))
        if progress is not None:
            progress(look)

    def best_trial(self) -> Trial:
        """The trial function with the lowest held-out residual so far."""
        best = self.state.best
        trial = self.reborn(self.settings.stages[best["stage"]], best["born"])
        trial.assign(best["vector"])
        return trial

    def reborn(self, stage: Stage, born: Tensor) -> Trial:
        """The trial function of an earlier stage, as it was drawn."""
        generator = torch.Generator()
        generator.set_state(born)
        return self.build(stage.network, generator)
