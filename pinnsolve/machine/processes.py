"""Commands beside each other: each in a process of its own, with cores of its own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pinnsolve.machine.interrupts import Deferred

ONE_THREAD = dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1")


@dataclass(frozen=True)
class Rules:
    """How processes are waited for. Chosen, not measured.

    Parameters
    ----------
    pause : float
        Seconds between two looks. Shorter: looking costs time; longer: a core waits for its next command.
    grace : float
        Seconds that a process has to end by itself after an interrupt. Shorter: its last steps are lost; longer: who
        pressed Ctrl-C waits.
    """

    pause: float = 0.05
    grace: float = 10.0


RULES = Rules()


@dataclass(frozen=True)
class Command:
    """What is run.

    Parameters
    ----------
    arguments : sequence of str
    output : Path
        The file that takes all that it says.
    """

    arguments: Sequence[str]
    output: Path


Ended = Callable[[int, int | OSError], None]


def cores() -> list[int]:
    """The cores that this process may use."""
    if sys.platform == "linux":
        return sorted(os.sched_getaffinity(0))
    return list(range(os.cpu_count() or 1))


def together(commands: Sequence[Command], jobs: int, ended: Ended) -> None:
    """Run all commands, `jobs` of them at a time.

    Parameters
    ----------
    commands : sequence of Command
    jobs : int
    ended : callable (number, code) -> None
        Is told of each command that has ended: its exit code, minus the signal that killed it, or why it could not be
        started. Of those that an interrupt left waiting it is not told.

    Raises
    ------
    KeyboardInterrupt
        After Ctrl-C, or a signal that ends this process: all processes were interrupted, and were killed where they did
        not end within their grace, or at once after a second Ctrl-C.
    """
    waiting, jobs = list(enumerate(commands)), min(jobs, len(commands))
    places = _shared_out(cores(), jobs)
    running: dict[int, tuple[int, subprocess.Popen[bytes]]] = {}
    with Deferred(ends=True) as interrupt:
        try:
            while waiting or running:
                for place in [p for p in range(jobs) if p not in running][: len(waiting)]:
                    number, command = waiting.pop(0)
                    try:
                        running[place] = number, _started(command, places[place])
                    except OSError as error:
                        ended(number, error)
                time.sleep(RULES.pause)
                _tell(running, ended)
                interrupt.check()
        except KeyboardInterrupt:
            _interrupt(running, ended, interrupt)
            raise
        finally:  # an error of our own leaves none behind
            for _, process in running.values():
                _kill(process)


def _shared_out(all_cores: list[int], jobs: int) -> list[list[int]]:
    """The cores of each job: parts of about one size, or one of them where there are more jobs than cores.

    >>> _shared_out([0, 1, 2, 3], 2), _shared_out([4, 5], 3)
    ([[0, 1], [2, 3]], [[4], [5], [4]])
    """
    count = len(all_cores)
    if jobs >= count:
        return [[all_cores[job % count]] for job in range(jobs)]
    return [all_cores[job * count // jobs : (job + 1) * count // jobs] for job in range(jobs)]


def _started(command: Command, its_cores: list[int]) -> subprocess.Popen[bytes]:
    """A group of its own: Ctrl-C in a terminal reaches this process alone, which passes it on."""
    with command.output.open("wb") as output:
        process = subprocess.Popen(
            command.arguments, stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT,
            env={**os.environ, **ONE_THREAD}, process_group=0 if os.name == "posix" else None,
        )  # fmt: skip
    if sys.platform == "linux":
        with suppress(OSError):
            os.sched_setaffinity(process.pid, its_cores)  # what it starts beside itself shares these
    return process


def _tell(running: dict[int, tuple[int, subprocess.Popen[bytes]]], ended: Ended) -> None:
    for place, (number, process) in list(running.items()):
        if process.poll() is not None:
            del running[place]
            ended(number, process.returncode)


def _interrupt(running: dict[int, tuple[int, subprocess.Popen[bytes]]], ended: Ended, interrupt: Deferred) -> None:
    """Let all processes end by themselves, and kill those that do not."""
    for _, process in running.values():
        with suppress(ProcessLookupError):
            process.send_signal(signal.SIGINT if os.name == "posix" else signal.SIGTERM)
    until = time.monotonic() + RULES.grace
    while running and time.monotonic() < until and not interrupt.waiting:
        time.sleep(RULES.pause)
        _tell(running, ended)
    for place, (number, process) in list(running.items()):
        _kill(process)
        del running[place]
        ended(number, -signal.SIGINT)  # that was the reason


def _kill(process: subprocess.Popen[bytes]) -> None:
    """And what it started beside itself."""
    if process.poll() is None:
        if os.name == "posix":
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
        process.kill()
        process.wait()
