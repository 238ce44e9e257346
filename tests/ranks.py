"""Several processes that make one world: forked, on this machine, over gloo."""

from __future__ import annotations

import multiprocessing
import os
import pickle
import socket
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any

from pinnsolve.machine.shared import begun
from pinnsolve.machine.world import World


def on_ranks(size: int, work: Callable[[World], Any]) -> list[Any]:
    """What `work` returns on each rank; None of one that ended without."""

    def in_world() -> Any:
        with begun() as world:
            return work(world)

    return launched_on(size, in_world)


def launched_on(size: int, work: Callable[[], Any]) -> list[Any]:
    """The same of work that begins a world by itself, as a script that torchrun starts."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    forked = multiprocessing.get_context("fork")
    pipes = [forked.Pipe(duplex=False) for _ in range(size)]
    ranks = [forked.Process(target=_rank, args=(k, size, port, work, pipe[1])) for k, pipe in enumerate(pipes)]
    for rank, (_, theirs) in zip(ranks, pipes, strict=True):
        rank.start()
        theirs.close()
    found = [_of(mine) for mine, _ in pipes]
    for rank in ranks:
        rank.join()
    return found


def _rank(rank: int, size: int, port: int, work: Callable[[], Any], back: Connection) -> None:
    launched(rank, size, port)
    back.send_bytes(pickle.dumps(work()))  # tensors by value


def launched(rank: int, size: int, port: int) -> None:
    """The variables that torchrun sets."""
    os.environ.update(RANK=str(rank), WORLD_SIZE=str(size), MASTER_ADDR="127.0.0.1", MASTER_PORT=str(port))


def _of(pipe: Connection) -> Any:
    with suppress(EOFError):
        return pickle.loads(pipe.recv_bytes())
    return None
