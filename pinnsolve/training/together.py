"""What keeps the ranks of a run together: one clock, the same steps, and a state that is whole when one of them is
lost."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import torch

from pinnsolve.errors import ProblemError
from pinnsolve.machine.interrupts import Deferred
from pinnsolve.machine.world import LostError
from pinnsolve.training.checkpointing import as_stored
from pinnsolve.training.run import Run


class Together:
    """A run on all its ranks; on one alone nothing of it costs anything.

    Parameters
    ----------
    state : Run
    """

    def __init__(self, state: Run) -> None:
        self.state = state
        self._whole: Callable[[], dict[str, Any]]
        self.between()

    def agree(self, began: float) -> None:
        """Take the first rank's clock, by which all of them choose, after a look at whether they came to the same.

        Parameters
        ----------
        began : float
            When this rank's clock was at zero, on `time.perf_counter`.

        Raises
        ------
        ProblemError
            On a rank that came to other numbers than the first.
        """
        state, clock = self.state, self.state.clock
        clock.seconds = time.perf_counter() - began
        world = state.points.world
        mine = (state.number, state.step, repr(state.method_state.get("loss")), clock.operations)
        told = world.told(lambda: (clock.seconds, clock.heaviest, mine))
        clock.seconds, clock.heaviest = told[0], dict(told[1])
        if told[2] != mine:
            raise ProblemError(
                f"rank {world.rank} came to other numbers than the first: (stage, step, loss, operations) is "
                f"{mine} here and {told[2]} there",
                "Processors of different kinds round differently: give the run machines of one kind.",
            )

    def asked_to_end(self, interrupt: Deferred) -> bool:
        """Whether a rank was interrupted, or told to end; what another one than the first was is seen a step later."""
        world = self.state.points.world
        here = interrupt.waiting or world.ended
        if here:
            world.end()
        return world.told(lambda: here or world.somebody_ends)

    @contextmanager
    def kept(self, keep: Callable[[], bool]) -> Iterator[None]:
        """Steps are made: if this process is told to end, one that takes long may be broken off. Where that is done, a
        rank is lost, or memory runs out on one, the last whole step is kept."""
        world = self.state.points.world
        world.breaks = world.size > 1
        try:
            yield
        except (LostError, MemoryError, RuntimeError):  # the last one is how torch says that memory does not suffice
            world.breaks = False
            with suppress(MemoryError, RuntimeError):
                if world.size > 1:
                    keep()
            raise
        finally:
            world.breaks = False

    def masks(self) -> torch.Generator:
        """What draws the masks of dropout: one mask for each point, so that several ranks need generators of their own,
        and leave the run's own alike on all."""
        world, generator = self.state.points.world, self.state.generator
        if world.size == 1:
            return generator
        seed = int(torch.randint(2**62, (1,), generator=generator))
        return torch.Generator().manual_seed(seed + world.rank)

    # ------------------------------------------------------------ what is kept when another rank is lost

    def between(self) -> None:
        """The run stands between two steps: it is whole as it is."""
        self._whole = lambda: as_stored(self.state)

    def before_step(self) -> None:
        """A step begins: what it moves is to be put back."""
        state = self.state
        if state.points.world.size == 1:
            return
        vector, drawn, training = state.trial.vector(), state.generator.get_state(), state.points.training

        def back() -> dict[str, Any]:
            state.trial.assign(vector)
            state.generator.set_state(drawn)
            state.points.training = training
            return as_stored(state)

        self._whole = back

    def before_stage(self) -> None:
        """Another stage begins: what was before is kept as it is."""
        if self.state.points.world.size > 1:
            stored = as_stored(self.state)
            self._whole = lambda: stored

    def whole(self) -> dict[str, Any]:
        """The state after the last whole step."""
        return self._whole()
