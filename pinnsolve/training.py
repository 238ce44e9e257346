"""The one training loop: it owns finiteness, stopping, redrawn points, history and checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict
from pathlib import Path

import torch
from torch import Tensor, nn

from pinnsolve import checkpoint
from pinnsolve.choice import Ended, following
from pinnsolve.collocation import Collocation
from pinnsolve.errors import Outcome, ProblemError
from pinnsolve.estimate import Found, Gathered
from pinnsolve.history import Look, LoopState, Training
from pinnsolve.methods.protocol import Method, Objective
from pinnsolve.networks import LocalFeatures, Network, RandomFeatures
from pinnsolve.networks.trial import Trial
from pinnsolve.residuals import Site
from pinnsolve.settings import Settings, Stage, described_method, described_network, is_features, kind_of
from pinnsolve.stopping import Watch
from pinnsolve.weights import weighted, weights_of

CHECKPOINT = "checkpoint.pt"
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
            raise ProblemError(f"at the first evaluation {bad}", "Look at the function there: log or division of zero?")
        self.weights: dict[str, float] = {}
        self.state = LoopState(
            0, 0, 0, 0.0, 0.0, {}, self.trial.vector(), born, {}, {}, self.weights, [], generator.get_state()
        )  # fmt: skip
        self.history: list[Look] = []
        self._begin()

    # ------------------------------------------------------------ the loop

    def run(self, progress: Callable[[Look], None] | None = None) -> Training:
        """Train until an outcome is reached."""
        outcome = self._over_already() if self.state.step else None
        began, written = time.perf_counter() - self.state.seconds, time.perf_counter()
        if not self.state.method:
            self._start()
            self._look(progress)
        try:
            while outcome is None:
                outcome = self._step()
                self.state.seconds = time.perf_counter() - began
                if outcome is not None and self._another():
                    outcome = None
                    self._hand_over(failed=True)
                elif outcome is None and self.state.step % self.method.cycle == 0:
                    self._look(progress)
                    outcome = self._stage_over(self.watch.verdict(self.history[-1].training, self.history[-1].held_out))
                outcome = outcome or self._exhausted()
                if self.folder and time.perf_counter() - written > self.settings.checkpoint_every:
                    self.save()
                    written = time.perf_counter()
        except KeyboardInterrupt:
            outcome = Outcome("interrupted", f"by the user after {self.state.step} steps", "go on with --resume")
        if self.folder:
            self.save()
        if outcome.kind != "non-finite":
            self._look(progress)
        return self._finished(outcome)

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
        return Objective(self.trial, self.points.training, self.weights, balanced, self.generator)

    def _step(self) -> Outcome | None:
        state = self.state
        if self.method.redraws:
            self.points.redraw(state.stage_step, self.watch.fraction, self.weights)
        state.method = self.method.step(self._objective(), state.method)
        state.step += 1
        state.stage_step += 1
        if not math.isfinite(state.method["loss"]):
            where = self.points.first_bad() or "the loss"
            return Outcome(
                "non-finite", f"{where}, at step {state.step}", "lower the rate, or look at the equation there"
            )
        self.watch.stuck = self.watch.stuck + 1 if state.method["stuck"] else 0
        return None

    def _stage_over(self, outcome: Outcome | None) -> Outcome | None:
        """Hand over to the next stage, unless this is the last or the work is done."""
        stages, state = self.settings.stages, self.state
        ended = (self.method.steps is not None and state.stage_step >= self.method.steps) or state.method.get(
            "done", False
        )
        share = self.settings.budget * (state.stage + 1) / len(stages)
        last = state.stage + 1 == len(stages)
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
            self._hand_over(failed=not self.trial.complete)
        return None

    def _estimated(self) -> Outcome | None:
        """Compare the solution of a stage of features with those before; an outcome, if the best is good enough."""
        if not self._features or not self.trial.complete:
            return None
        error = self._gathered().added(self._found(self.stage.network, self.history[-1].held_out), self.weights)
        self.state.behind = error / (CERTAIN * self.trial.problem.tolerance)
        if self.state.behind > 1:
            return None
        told = f"the error is estimated at {error:.0e}, from the differences of {len(self.state.found)} solutions"
        return Outcome("converged", told)

    def _found(self, network: Network | LocalFeatures | nn.Module, held_out: Mapping[str, float]) -> Found:
        """The trial function as it is, to be compared with others."""
        return Found(kind_of(network), held_out, self.points.values())

    def _gathered(self) -> Gathered:
        return Gathered(self.state.found, self.history[0].held_out)

    def _hand_over(self, failed: bool = False) -> None:
        """Begin the next stage; after one that failed, as if it had left everything."""
        state, before = self.state, self.stage.network
        seconds = state.seconds - state.stage_began
        last = dict.fromkeys(self.weights, math.inf) if failed else self.history[-1].held_out
        ended = Ended(
            state.stage, self.watch.fraction, last, seconds, self.trial.parameters_count, state.stage_step
        )  # fmt: skip
        state.ended.append(asdict(ended))
        record = [Ended(**e) for e in state.ended]
        state.stage, why = following(
            self.settings.stages, record, self.weights, state.seconds, self.settings.budget, state.behind
        )
        state.stage_step, state.stage_began = 0, state.seconds
        if why:
            state.choice.append(why)
        if self.stage.network is before:
            self.watch.anew()
        else:
            state.born = self.generator.get_state()
            self.trial = self.build(self.stage.network, self.generator)
            self.points.take(self.trial, training=self.method.redraws)  # otherwise they are renewed
            self._begin()
        self._start()

    def _begin(self) -> None:
        """Points, weights and watch for a new network; what was best stays best, by the new weights."""
        if not self.method.redraws:
            self.points.renew(2 * self.trial.parameters_count // max(1, len(self.trial.problem.equations)))
        if not (self.weights and isinstance(self.stage.network, RandomFeatures)):
            self.weights = self.state.weights = weights_of(self.settings, self.points.training, self.weights)
        self.watch = Watch.begin(self.points.held_out.loss(self.weights), self.trial.problem.tolerance)
        if self.state.best:
            self.watch.best = weighted(self.weights, self.state.best["held_out"])

    def _start(self) -> None:
        if isinstance(self.stage.network, RandomFeatures):  # Newton's method begins at g, not at a random function
            self.trial.assign(torch.zeros_like(self.trial.vector()))
            if self.state.best and any(e["steps"] > 1 for e in self.state.ended):  # or, if it takes steps, at the best
                inside = next(p for site, p in self.points.training.places if site.name == "interior")
                self.trial.follow(self._best(), inside)
        self.state.method = self.method.init(self._objective())

    def _over_already(self) -> Outcome | None:
        """Whether a run that is taken up again has nothing left to do."""
        last = self.history[-1]
        return self._exhausted() or self.watch.verdict(last.training, last.held_out)

    def _exhausted(self) -> Outcome | None:
        state, limit = self.state, self.method.steps
        if state.stage + 1 == len(self.settings.stages) and limit is not None and state.stage_step >= limit:
            return Outcome("steps", f"all {limit} steps of {self.method.name} made")
        if state.seconds < self.settings.budget:
            return None
        detail = f"the {self.settings.budget:g} s are used, after {state.step} steps"
        return Outcome("budget", detail, "go on with --resume and a larger --budget")

    def _look(self, progress: Callable[[Look], None] | None) -> None:
        """Measure on both sets of points, remember the best parameters, tell whoever watches."""
        state = self.state
        if self.history and self.history[-1].step == state.step:
            return
        held, training = self.points.held_out.rms(), self.points.training.rms()
        trained = weighted(self.weights, training)
        if self.trial.complete and self.watch.better(weighted(self.weights, held), trained):
            vector, born = self.trial.vector(), state.born
            state.best = {"stage": state.stage, "born": born, "vector": vector, "training": training, "held_out": held}
        look = Look(state.step, state.seconds, self.method.name, trained, training, held)
        self.history.append(look)
        if not is_features(self.stage.network):
            self._gathered().passed(self._found(self.stage.network, held), self.weights)
        if progress is not None:
            progress(look)

    def _finished(self, outcome: Outcome) -> Training:
        state = self.state
        kept = self.settings.stages[state.best["stage"] if state.best else state.stage]
        if state.best and kept.network is not self.stage.network:
            self.trial = self._best()
            self.points.take(self.trial)
        elif state.best:
            self.trial.assign(state.best["vector"])
        training, held_out = self.points.training.rms(), self.points.held_out.rms()
        found = self._found(kept.network, held_out)
        error = self._gathered().error_of(found, not is_features(kept.network), self.weights)
        same = [s.method for s in self.settings.stages[: state.stage + 1] if s.network is kept.network]
        return Training(
            outcome, state.seconds, state.step, self.history, training, held_out, self.points.counts(),
            dict(self.weights), ", ".join(map(described_method, same)), described_network(kept.network), state.choice,
            error,
        )  # fmt: skip

    def _best(self) -> Trial:
        """The trial function with the lowest held-out residual so far."""
        best = self.state.best
        trial = self._reborn(self.settings.stages[best["stage"]], best["born"])
        trial.assign(best["vector"])
        return trial

    def _reborn(self, stage: Stage, born: Tensor) -> Trial:
        """The trial function of an earlier stage, as it was drawn."""
        generator = torch.Generator()
        generator.set_state(born)
        return self.build(stage.network, generator)

    # ------------------------------------------------------------ checkpoints

    def save(self) -> None:
        """Write the whole state; a file of an earlier step is replaced in one piece."""
        assert self.folder is not None
        state = self.state
        state.vector, state.watch, state.generator = self.trial.vector(), asdict(self.watch), self.generator.get_state()
        state.points = self.points.stored()
        state.history = [asdict(look) for look in self.history]
        checkpoint.write(self.folder / CHECKPOINT, {"identity": self.identity, "state": vars(state)})

    def resume(self) -> None:
        """Take up the state that the folder's checkpoint holds.

        Raises
        ------
        ProblemError
            If there is none, it is damaged, or it belongs to another problem or other settings.
        """
        assert self.folder is not None
        stored = checkpoint.read(self.folder / CHECKPOINT)
        for what, remedy in (
            ("problem", "It belongs to another problem: start without --resume, or choose another --out."),
            ("settings", "Give the same options, or start without --resume."),
        ):
            checkpoint.same(
                f"the checkpoint in {self.folder} does not fit ({what})", stored["identity"].get(what, {}),
                self.identity.get(what, {}), remedy,
            )  # fmt: skip
        self.state = LoopState(**stored["state"])
        if self.stage.network is not self.settings.stages[0].network:
            self.trial = self._reborn(self.stage, self.state.born)
            self.points.take(self.trial)
        self.trial.assign(self.state.vector)
        self.weights = self.state.weights
        self.watch = Watch(**{**self.state.watch, "tolerance": self.trial.problem.tolerance})
        self.points.restore(self.state.points)
        self.history = [Look(**look) for look in self.state.history]
        self.generator.set_state(self.state.generator)
