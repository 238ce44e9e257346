"""The one training loop: it owns finiteness, the budget, redrawn points, looks and checkpoints."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from contextlib import nullcontext
from functools import partial

from pinnsolve.errors import Outcome, ProblemError, why_not
from pinnsolve.machine.interrupts import Deferred
from pinnsolve.march.asked import share_of
from pinnsolve.methods import Enriching, Marching, Vanishing
from pinnsolve.methods.protocol import Counted, Objective, begun, stepped
from pinnsolve.networks import LocalFeatures, RandomFeatures
from pinnsolve.networks.dropout import drops, thinned
from pinnsolve.residuals.costs import costs_of
from pinnsolve.training.checkpointing import Checkpoint
from pinnsolve.training.clock import BEGIN
from pinnsolve.training.finishing import ending, finished
from pinnsolve.training.guessing import scaled
from pinnsolve.training.history import Look, Training
from pinnsolve.training.noise_bound import at_the_noise
from pinnsolve.training.results import Ended, Results, Turn
from pinnsolve.training.run import Run
from pinnsolve.training.strategy import Strategy
from pinnsolve.training.together import Together
from pinnsolve.trial.of_cells import OfCells

Progress = Callable[[Look], None]
LOOK, END = "look", "end"  # beside the methods, on the clock


class Loop:
    """Turns a run into a later one, step by step, until an outcome is reached.

    Parameters
    ----------
    state : Run
    strategy : Strategy
    checkpoint : Checkpoint, optional
        Where the run is saved; without it it is not.
    """

    def __init__(self, state: Run, strategy: Strategy, checkpoint: Checkpoint | None = None) -> None:
        self.state, self.strategy, self.checkpoint = state, strategy, checkpoint
        self.together = Together(state)
        self.unsaved = ""  # why the last checkpoint could not be written

    def run(self, progress: Progress | None = None) -> Training:
        """Train until an outcome is reached, and ask what the solution is worth."""
        return finished(self.state, self.train(progress), self.unsaved)

    def train(self, progress: Progress | None = None) -> Outcome:
        """The first half of it, on all ranks. Where one is lost, or has no memory left, what was reached is kept."""
        state = self.state
        outcome = self._over_already() if state.step else None
        began, written = time.perf_counter() - state.clock.seconds, time.perf_counter()
        interrupt = Deferred()
        try:
            with self.together.kept(self.keep):
                if not state.method_state:
                    self._start(fresh=True)
                    self._look(progress)
                with interrupt:
                    while outcome is None:
                        outcome = self._round(began, progress)
                        if time.perf_counter() - written > state.settings.checkpoint_every:
                            self.keep()
                            written = time.perf_counter()
                        if self.together.asked_to_end(interrupt):
                            raise KeyboardInterrupt
        except KeyboardInterrupt:
            if interrupt.twice:
                raise  # in the middle of a step; what was saved last stands
            outcome = Outcome("interrupted", f"by the user after {state.step} steps", "go on with --resume")
        self.keep()
        if outcome.kind != "non-finite":
            self._look(progress)
        state.points.alone()
        return outcome

    def keep(self) -> bool:
        """Save, if it can be done; why it could not is told by `unsaved`, and training goes on."""
        try:
            if self.checkpoint is not None and self.state.points.world.first:
                self.checkpoint.save(self.together.whole())
        except (OSError, ProblemError) as error:
            self.unsaved = f"the last checkpoint could not be written: {why_not(error)}"
            return False
        self.unsaved = ""
        return True

    def _round(self, began: float, progress: Progress | None) -> Outcome | None:
        """One step, and what it leads to; or the outcome that the budget leaves no room for it."""
        state = self.state
        self.together.agree(began)
        if (used := self._used_up()) is not None:
            return used
        failed = self._step()
        self.together.agree(began)
        if failed is not None:
            return self._ended(failed)
        whole = state.step % state.method.cycle == 0 or self._all_steps_made
        if whole and not self._on_the_way:
            self._look(progress)
            return self._judged()
        return None

    # ------------------------------------------------------------ a step

    def _objective(self) -> Objective:
        state = self.state
        objective = Objective(
            state.trial, state.points.training, state.weights, state.generator,
            costs=costs_of(state.points.training), work=state.clock.work, world=state.points.world,
            room=state.settings.room,
        )  # fmt: skip
        if state.trial.problem.guess.unknowns:
            objective.first, objective.values = state.watch.first, partial(scaled, state.trial)
        if state.trial.problem.time is None and not state.method.redraws:
            objective.drift = state.points.drift()
        if state.best is not None and state.settings.stages[state.best.stage].network is not state.stage.network:
            objective.guess = state.best_trial
        return objective

    def _step(self) -> Outcome | None:
        state, method = self.state, self.state.method
        begun, operations = time.perf_counter(), state.clock.operations
        self.together.before_step()
        redraw = state.points.redraw if method.redraws else None
        if redraw is not None and (bad := redraw(state.stage_step, state.watch.fraction, state.weights)):
            return self._non_finite(bad)
        with thinned(state.trial.network, self.together.masks()) if drops(state.stage.network) else nullcontext():
            objective = self._objective()
            objective.work.add(objective.costs.once * (not state.stage_step))
            state.method_state = stepped(method, objective, state.method_state)
        self.together.between()
        state.step += 1
        state.stage_step += 1
        state.clock.made(method.name, state.clock.operations - operations, time.perf_counter() - begun)
        if not math.isfinite(state.method_state["loss"]):
            return self._non_finite(state.points.worst())
        state.watch.stuck = state.watch.stuck + 1 if state.method_state["stuck"] else 0
        return None

    def _non_finite(self, where: str) -> Outcome:
        remedy = "look at the equation there (log or root of a negative number, division by zero?), or lower the rate"
        return Outcome("non-finite", f"{where}, at step {self.state.step}", remedy)

    def _look(self, progress: Progress | None) -> None:
        clock, begun, operations = self.state.clock, time.perf_counter(), self.state.clock.operations
        if (look := self.state.look()) is None:
            return
        clock.made(f"{LOOK} at {self.state.method.name}", clock.operations - operations, time.perf_counter() - begun)
        if progress is not None:
            progress(look)

    # ------------------------------------------------------------ what it leads to

    @property
    def _done(self) -> bool:
        return bool(self.state.method_state.get("done", False))

    @property
    def _all_steps_made(self) -> bool:
        return (limit := self.state.method.steps) is not None and self.state.stage_step >= limit

    @property
    def _on_the_way(self) -> bool:
        """Whether a look would tell little: at a solution that tells the error of the best one, which is worth nothing
        in part, and at a march that was looked at lately."""
        state = self.state
        if self._done or state.again is not None:
            return not self._done
        lately = isinstance(state.method, Marching | Vanishing) and state.history.lately(state.step, state.stage_step)
        return lately and not self.strategy.over(state.number, None, state.stage_step, False, state.clock)

    def _judged(self) -> Outcome | None:
        """After a look: an outcome, or the next stage if this one is over."""
        state, look = self.state, self.state.history[-1]
        verdict = state.watch.verdict(look.training, look.held_out)
        done = self._done or (state.exact and self.strategy.compares(state.number))
        over = self.strategy.over(state.number, verdict, state.stage_step, done, state.clock)
        return self._ended(verdict) if over else None

    def _ended(self, verdict: Outcome | None) -> Outcome | None:
        """The stage has come to its end: what follows."""
        state, ended = self.state, self._record(verdict)
        results = Results([*state.ended, ended], state.weights)
        turn = at_the_noise(state, ended, self.strategy.next(results, state.clock))
        if isinstance(turn, Outcome):
            return turn
        if state.clock.seconds + self._beginning(turn.number) > state.settings.budget:
            return self._too_little(self._beginning(turn.number))
        self.together.before_stage()
        state.ended.append(ended)
        self._take_up(turn)
        self.together.between()
        return None

    def _take_up(self, turn: Turn) -> None:
        clock, begun, operations = self.state.clock, time.perf_counter(), self.state.clock.operations
        self._start(self.state.take_up(turn))
        clock.made(BEGIN, clock.operations - operations, time.perf_counter() - begun)

    def _beginning(self, number: int) -> float:
        """Seconds until the first step of a stage: more features on more points take that much longer."""
        networks = [self.state.settings.stages[k].network for k in (self.state.number, number)]
        counts = [n.count for n in networks if isinstance(n, RandomFeatures)]
        return self.state.clock.beginning(counts[1] / counts[0]) if len(counts) == 2 else 0.0

    def _record(self, verdict: Outcome | None) -> Ended:
        """What was measured of the stage; of one that failed, as if it had left everything."""
        state = self.state
        held_out = state.history[-1].held_out
        complete = state.trial.complete and all(map(math.isfinite, held_out.values()))
        failed = not complete or (verdict is not None and verdict.kind == "non-finite")
        estimate = None
        if self.strategy.compares(state.number) and not failed:
            estimate = state.gathered().added(state.as_found(state.number, held_out), state.weights)
        return Ended(
            state.number, state.watch.fraction, dict.fromkeys(state.weights, math.inf) if failed else held_out,
            state.clock.operations - state.stage_began, state.trial.parameters_count, state.stage_step, verdict,
            bool(state.method_state.get("stuck", False)), "" if state.trial.complete else state.trial.missing, estimate,
            len(state.found), None if state.best is None else state.best.stage,
            exact=any(f.exact(state.weights) for f in state.found if f.stage == state.number),
            share=self._share(), part=getattr(state.trial, "of_known", 1.0), full=state.method_state.get("full", False),
        )  # fmt: skip

    def _share(self) -> float:
        method, trial = self.state.method, self.state.trial
        return (
            share_of(method, trial) if isinstance(method, Marching | Enriching) and isinstance(trial, OfCells) else 0.0
        )

    def _start(self, fresh: bool) -> None:
        """Begin the stage that the run has taken up."""
        state, best = self.state, self.state.best
        steps = any(e.steps > 1 for e in state.ended)
        alike = best is not None and not isinstance(state.settings.stages[best.stage].network, LocalFeatures)
        if fresh and steps and alike and isinstance(state.stage.network, RandomFeatures):
            inside = next(p for site, p in state.points.training.places if site.name == "interior")
            state.trial.follow(
                state.best_trial(), inside
            )  # Newton's method goes on from the best, where it takes steps
        state.again = best.stage if best is not None and isinstance(state.method, Enriching) else None
        state.method_state = begun(state.method, self._objective())

    def _over_already(self) -> Outcome | None:
        """Whether a run that is taken up again has nothing left to do; if only its stage was over, the next begins."""
        state = self.state
        whole = state.step % state.method.cycle == 0 or self._all_steps_made
        return self._judged() if whole and state.stage_step else None

    # ------------------------------------------------------------ the budget

    def _used_up(self) -> Outcome | None:
        """The outcome, if the budget is used, or what is left of it is too little for the next step.

        The first step of an automatic run is made whatever it takes: its layer was chosen to be small beside the
        budget, and without it there is nothing to hand out.
        """
        state, needed = self.state, self._needed() + self._ending()
        budget = state.settings.budget
        if state.clock.seconds + needed > budget and isinstance(state.method, Enriching):
            state.method_state = state.method.poorer(self._objective(), state.method_state)
            needed = self._needed() + self._ending()
        if state.clock.seconds + needed <= budget or (state.step == 0 and self.strategy.automatic):
            return None
        return self._too_little(needed)

    def _too_little(self, needed: float) -> Outcome:
        """What is left of the budget is not enough for what comes next."""
        state, budget = self.state, self.state.settings.budget
        detail = f"the {budget:g} s are used, after {state.step} steps"
        if state.clock.seconds < budget:
            detail = f"{state.clock.seconds:.2g} of {budget:g} s are used, and the next step takes about {needed:.2g} s"
        if not state.trial.complete and state.best is None:
            detail += f"; {state.trial.missing}"
        return Outcome("budget", detail, "go on with --resume and a larger --budget")

    def _needed(self) -> float:
        """Seconds that the next step takes."""
        state, method, objective = self.state, self.state.method, self._objective()
        operations = state.clock.last.get(method.name, 0.0)
        if isinstance(method, Counted):
            operations = method.operations(objective, state.method_state)
        return state.clock.expected(method.name, operations + objective.costs.once * (not state.stage_step))

    def _ending(self) -> float:
        """Seconds that the last look and the end of the run take."""
        points, clock = self.state.points, self.state.clock
        look = costs_of(points.held_out).values + costs_of(points.training).values
        method = f"{LOOK} at {self.state.method.name}"
        return 2 * clock.expected(method, look, LOOK) + clock.expected(END, ending(self.state), LOOK)
