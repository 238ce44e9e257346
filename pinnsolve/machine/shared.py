"""A call from Python that all processes of a launcher share."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager

from pinnsolve.errors import ProblemError
from pinnsolve.machine.world import ALONE, LostError, World, asked_for, begun


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
        fault = f"another process of this run was lost ({world.words() or error})"
        remedy = "What was reached is kept in the folder that out= names; go on with resume=True."
        raise ProblemError(fault, remedy) from None
    if world.ended:  # the signal that was remembered meanwhile
        signal.raise_signal(signal.SIGTERM)
