"""One run in a folder at a time: a lock file that names the process, and that dies with it."""

from __future__ import annotations

import json
import os
import platform
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from pinnsolve.errors import ProblemError

LOCK = "run.lock"


@contextmanager
def held(folder: Path) -> Iterator[None]:
    """Hold the folder while the block runs.

    Where no lock can be written (a full disk) the run goes on without one: it will say what else was not written.

    Raises
    ------
    ProblemError
        If another run holds it. What a process that is gone has left behind is taken away.
    """
    path = folder / LOCK
    mine = json.dumps({"process": os.getpid(), "machine": platform.node(), "born": _born(os.getpid())})
    owner = _holder(path)
    if owner is not None:
        there = f"process {owner.get('process', 'that is just starting')} on {owner.get('machine', 'this machine')}"
        raise ProblemError(
            f"a run is going on in {folder} ({there})",
            f"Wait for its end, stop it, or choose another --out. If it no longer runs, remove {path}.",
        )
    with suppress(OSError):
        path.unlink(missing_ok=True)
        handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(mine)
    try:
        yield
    finally:
        with suppress(OSError):
            if path.read_text(encoding="utf-8") in (mine, ""):
                path.unlink()


def _holder(path: Path) -> dict[str, Any] | None:
    """Who holds the lock; None if nobody does, or nobody who still lives."""
    try:
        text, age = path.read_text(encoding="utf-8"), time.time() - path.stat().st_mtime
    except OSError:
        return None
    try:
        owner: dict[str, Any] = json.loads(text)
        process, machine = int(owner["process"]), str(owner["machine"])
    except (ValueError, TypeError, KeyError):  # none of ours
        return (
            {} if not text and age < 5.0 else None
        )  # an empty lock this young (s) was just made, and is being written
    if machine != platform.node() or os.name != "posix":
        return owner  # whether it lives cannot be seen from here
    return owner if _alive(process, owner.get("born")) else None


def _alive(process: int, born: str | None) -> bool:
    """Whether the process lives, and is the one that was born then: numbers of processes are used again."""
    if process <= 0:
        return False
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    except PermissionError:  # another user's
        pass
    now = _born(process)
    return now != "" and (born is None or now is None or born == now)


def _born(process: int) -> str | None:
    """When a process was born, in ticks since the machine started; "" for one that has ended but was not waited for.

    None where the system does not tell (it is no Linux).
    """
    try:
        told = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return "" if told[0] in "ZX" else told[19]
