"""Work in a process of its own, beside this one.

The process is forked: it has the user's functions as they are, and nothing need be written down for it. What it makes
stays there, and is asked for; arrays alone go to and fro.
"""

from __future__ import annotations

import multiprocessing
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from multiprocessing.connection import Connection
from typing import Any, Generic, TypeVar

import torch

from pinnsolve.machine.processes import cores

Told = TypeVar("Told")
Work = Callable[[], tuple[Told, Callable[[Any], Any]]]


def second_core() -> bool:
    """Whether a forked process has a core of its own, and can do what it is for.

    Beside an accelerator it cannot: autograd refuses to work in a process that was forked from one with its threads.
    """
    if sys.platform != "linux" or torch.accelerator.is_available():
        return False
    return len(cores()) > 1


class Beside(Generic[Told]):
    """Work that goes on while this process does something else.

    Parameters
    ----------
    work : callable () -> (told, answer)
        What it has to tell, and what answers questions from then on; both the told thing and answers are pickled.

    Notes
    -----
    Its process ends with `close`, or with this one; Ctrl-C is left to this one.
    """

    def __init__(self, work: Work[Told]) -> None:
        self._mine, theirs = multiprocessing.Pipe()
        forked = multiprocessing.get_context("fork")
        self._process = forked.Process(target=_work, args=(work, self._mine, theirs), daemon=True)
        self._process.start()
        theirs.close()

    def told(self) -> Told | None:
        """What the work has to tell, waited for; None where it failed, or its process was ended."""
        try:
            made, told = self._mine.recv()
        except (EOFError, OSError):
            return None
        return told if made else None

    def ask(self, question: Any) -> Any:
        """An answer.

        Raises
        ------
        EOFError, OSError
            If the process was ended.
        """
        self._mine.send(question)
        answer = self._mine.recv()
        if isinstance(answer, Exception):
            raise answer
        return answer

    def close(self) -> None:
        """End the process."""
        self._mine.close()
        self._process.terminate()
        self._process.join()


def _work(work: Work[Any], theirs: Connection, mine: Connection) -> None:
    """What the process does: the work, then answers, until nobody is left to ask."""
    theirs.close()  # otherwise it would never see that the other process has gone
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)  # the threads of this process did not come along; and the other cores are taken
    try:
        told, answer = work()
    except Exception:
        mine.send((False, None))
        return
    mine.send((True, told))
    with suppress(EOFError, OSError):
        while True:
            question = mine.recv()
            try:
                mine.send(answer(question))
            except Exception as error:  # told where it was asked
                mine.send(error)
