"""The one training loop: it owns finiteness, stopping, redrawn points, history and checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from pinnsolve import checkpoint
from pinnsolve.collocation import Collocation
from pinnsolve.errors import Outcome, ProblemError
from pinnsolve.methods.protocol import Method, Objective, State
from pinnsolve.networks.trial import Trial
from pinnsolve.residuals import Site
from pinnsolve.settings import Settings
from pinnsolve.stopping import Watch
from pinnsolve.weights import weights_of

CHECKPOINT = "checkpoint.pt"


@dataclass(frozen=True)
class Look:
    """One line of the history.

    Parameters
    ----------
    step, seconds : int, float
        Steps made and seconds of training spent.
    method : str
    loss : float
        The weighted sum of squares that the method lowers.
    training, held_out : dict from residual name to float
        Root mean squares, on the current training points and on points that training never sees.
    """

    step: int
    seconds: float
    method: str
    loss: float
    training: dict[str, float]
    held_out: dict[str, float]


@dataclass(frozen=True)
class Training:
    """What training left behind.

    Parameters
    ----------
    outcome : Outcome
    seconds : float
        Of training, over all resumed parts.
    steps : int
    history : list of Look
    training, held_out : dict from residual name to float
        Root mean squares of the parameters that were kept: those with the lowest held-out loss.
    points : dict from region to int
    weights : dict from residual name to float
    """

    outcome: Outcome
    seconds: float
    steps: int
    history: list[Look]
    training: dict[str, float]
    held_out: dict[str, float]
    points: dict[str, int]
    weights: dict[str, float]


@dataclass
class LoopState:
    """Everything that a resumed run needs to go on with the same bits."""

    step: int
    stage: int
    stage_step: int
    seconds: float
    method: State
    vector: Tensor
    best: Tensor
    watch: dict[str, Any]
    weights: dict[str, float]
    points: list[dict[str, Any]]
    generator: Tensor
    history: list[dict[str, Any]] = field(default_factory=list)


class Loop:
    """Training of one trial function.

    Parameters
    ----------
    trial : Trial
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
        trial: Trial,
        places: list[Site],
        settings: Settings,
        generator: torch.Generator,
        folder: Path | None = None,
        identity: Mapping[str, Mapping[str, str]] | None = None,
    ) -> None:
        self.trial, self.settings, self.generator = trial, settings, generator
        self.folder, self.identity = folder, dict(identity or {})
        self.points = Collocation(trial, places, settings, generator)
        bad = self.points.first_bad()
        if bad is not None:
            raise ProblemError(f"at the first evaluation {bad}", "Look at the function there: log or division of zero?")
        self.weights = weights_of(settings, self.points.training)
        self.watch = Watch.begin(self.points.held_out.loss(self.weights), trial.problem.tolerance)
        self.state = LoopState(
            0, 0, 0, 0.0, {}, trial.vector(), trial.vector(), {}, self.weights, [], generator.get_state()
        )
        self.history: list[Look] = []

    # ------------------------------------------------------------ the loop

    def run(self, progress: Callable[[Look], None] | None = None) -> Training:
        """Train until an outcome is reached."""
        outcome = self._over_already() if self.state.step else None
        began, written = time.perf_counter() - self.state.seconds, time.perf_counter()
        if not self.state.method:
            self.state.method = self.method.init(self._objective())
            self._look(progress)
        try:
            while outcome is None:
                outcome = self._step()
                self.state.seconds = time.perf_counter() - began
                if outcome is None and self.state.step % self.method.cycle == 0:
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
    def method(self) -> Method:
        return self.settings.methods[self.state.stage]

    def _objective(self) -> Objective:
        return Objective(self.trial, self.points.training, self.weights)

    def _step(self) -> Outcome | None:
        state = self.state
        self.points.redraw(state.step, self.watch.fraction, self.weights)
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
        """Hand over to the next method of a sequence, unless this is the last or the work is done."""
        methods, state = self.settings.methods, self.state
        ended = self.method.steps is not None and state.stage_step >= self.method.steps
        share = self.settings.budget * (state.stage + 1) / len(methods)
        last = state.stage + 1 == len(methods)
        if last:
            return Outcome("steps", f"all {self.method.steps} steps made") if ended and outcome is None else outcome
        if outcome is not None and outcome.kind == "converged":
            return outcome
        if outcome is not None or ended or (self.method.steps is None and state.seconds >= share):
            state.stage, state.stage_step = state.stage + 1, 0
            state.method = self.method.init(self._objective())
            self.watch.anew()
        return None

    def _over_already(self) -> Outcome | None:
        """Whether a run that is taken up again has nothing left to do."""
        last = self.history[-1]
        return self._exhausted() or self.watch.verdict(last.training, last.held_out)

    def _exhausted(self) -> Outcome | None:
        state, limit = self.state, self.method.steps
        if state.stage + 1 == len(self.settings.methods) and limit is not None and state.stage_step >= limit:
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
        held = self.points.held_out.rms()
        loss = sum(self.weights[n] * r**2 for n, r in held.items())
        training = self.points.training.rms()
        trained = sum(self.weights[n] * r**2 for n, r in training.items())
        if self.watch.better(loss, trained):
            state.best = self.trial.vector()
        look = Look(state.step, state.seconds, self.method.name, trained, training, held)
        self.history.append(look)
        if progress is not None:
            progress(look)

    def _finished(self, outcome: Outcome) -> Training:
        self.trial.assign(self.state.best)
        training, held_out = self.points.training.rms(), self.points.held_out.rms()
        seconds, steps, counts = self.state.seconds, self.state.step, self.points.counts()
        return Training(outcome, seconds, steps, self.history, training, held_out, counts, dict(self.weights))

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
        self.trial.assign(self.state.vector)
        self.weights = self.state.weights
        self.watch = Watch(**{**self.state.watch, "tolerance": self.trial.problem.tolerance})
        self.points.restore(self.state.points)
        self.history = [Look(**look) for look in self.state.history]
        self.generator.set_state(self.state.generator)
