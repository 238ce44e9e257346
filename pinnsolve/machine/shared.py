"""The worlds that a launcher (torchrun) begins: for a command, and for one call in the middle of a script."""

from __future__ import annotations

import itertools
import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache
from types import FrameType
from typing import Any

import torch

from pinnsolve.errors import ProblemError
from pinnsolve.machine.world import ALONE, EndedError, LostError, World


@dataclass(frozen=True)
class Rules:
    """How long ranks wait for each other's numbers. Chosen, not measured.

    Parameters
    ----------
    timeout : float
        Seconds. A process that ends is missed at once, since its connections close; this is for one that hangs, and for
        a machine that is switched off. Shorter: a rank that is slow is taken for lost. Longer: the others wait for
        nothing.
    grace : float
        Seconds that a step has to end once this process is told to end; then it is broken off. Launchers wait for half
        a minute (torchrun) and end it in the middle of everything. Longer: what was reached is not written in that
        time. Shorter: what a step would have found is lost.
    """

    timeout: float = 300.0
    grace: float = 12.0


RULES = Rules()
TIMED = hasattr(signal, "setitimer")  # not on Windows
BEGUN = itertools.count()  # the worlds of this process: each has its own place in the launcher's store


def asked_for() -> tuple[int, int]:
    """The rank and the size that a launcher (torchrun) gave this process."""
    if "RANK" not in os.environ:
        return 0, 1
    return int(os.environ["RANK"]), int(os.environ.get("WORLD_SIZE", "1"))


@cache
def _meeting() -> Any:
    """Where the ranks meet: one store as long as this process lives, whatever worlds follow each other.

    Another one for each world would be begun on the first rank while a slower one still asks the last.
    """
    from torch.distributed.rendezvous import rendezvous

    return next(rendezvous("env://"))[0]


@contextmanager
def begun() -> Iterator[World]:
    """The world that a launcher has begun by the usual variables (RANK, WORLD_SIZE, MASTER_ADDR, MASTER_PORT).

    While it lasts a signal that ends this process (SIGTERM: a launcher sends it when another rank has ended) is
    remembered, so that what is kept is whole; a step that does not end in time is broken off.

    Raises
    ------
    ProblemError
        If the ranks do not find each other.
    """
    rank, size = asked_for()
    if size == 1:
        yield ALONE
        return
    from torch import distributed

    if cards := torch.cuda.is_available():
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", rank)) % torch.cuda.device_count())
    try:
        store = distributed.distributed_c10d.PrefixStore(f"world {next(BEGUN)}", _meeting())
        distributed.init_process_group(
            "cpu:gloo,cuda:nccl" if cards else "gloo",
            timeout=timedelta(seconds=RULES.timeout), store=store, rank=rank, world_size=size,
        )  # fmt: skip
    except (RuntimeError, ValueError, StopIteration) as error:
        raise ProblemError(
            f"the {size} processes of this run do not find each other: {str(error).splitlines()[0]}",
            "Start them by torchrun --nproc-per-node N -m pinnsolve file.py; docs/cluster.md has several machines.",
        ) from None
    world = World(rank, size, distributed.distributed_c10d.PrefixStore("pinnsolve", store))
    with _remembered(world):
        yield world
    distributed.destroy_process_group()  # not after an error: who is gone does not answer


@contextmanager
def _remembered(world: World) -> Iterator[None]:
    """SIGTERM only makes a note of it; after an error too, so that there is time to say it. What is in the middle of a
    step a while later is broken off."""

    def remember(number: int, frame: FrameType | None) -> None:
        world.ended = True
        if TIMED:
            signal.setitimer(signal.ITIMER_REAL, RULES.grace, 1.0)  # again, where something on the way caught it

    def over(number: int, frame: FrameType | None) -> None:
        if world.breaks:
            raise EndedError(f"this process was told to end, and its step took {RULES.grace:g} s more")

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {signal.SIGTERM: signal.signal(signal.SIGTERM, remember)}
    if TIMED:
        before[signal.SIGALRM] = signal.signal(signal.SIGALRM, over)
    try:
        yield
    except BaseException:
        if TIMED:
            signal.signal(signal.SIGALRM, signal.SIG_IGN)  # it may come as long as this process is there
        raise
    if world.ended and TIMED:
        signal.setitimer(signal.ITIMER_REAL, 0.0)
    for number, handler in before.items():
        signal.signal(number, handler)


@contextmanager
def shared() -> Iterator[World]:
    """The world of one call, in the middle of a script that a launcher began on all ranks.

    Within a world that somebody has begun already (the command, or the script itself) this process is alone: whether
    the others make the same call is not known.

    Raises
    ------
    ProblemError
        If the ranks do not find each other, or one is lost.
    """
    if asked_for()[1] > 1:
        from torch import distributed

        if distributed.is_initialized():
            yield ALONE
            return
    try:
        with begun() as world:
            yield world
    except LostError as error:
        what = "this run was ended" if isinstance(error, EndedError) else "another process of this run was lost"
        fault = f"{what} ({world.words() or error})"
        remedy = "What was reached is kept in the folder that out= names; go on with resume=True."
        raise ProblemError(fault, remedy) from None
    if world.ended:  # the signal that was remembered meanwhile
        signal.raise_signal(signal.SIGTERM)
