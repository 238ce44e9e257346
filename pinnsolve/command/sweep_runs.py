"""The runs of a sweep: the command of each, and what became of it."""

from __future__ import annotations

import argparse
import signal
import sys
from contextlib import suppress
from dataclasses import replace
from pathlib import Path

from pinnsolve.command.exits import Exit
from pinnsolve.command.folder import earlier
from pinnsolve.errors import ProblemError, why_not
from pinnsolve.machine import checkpoint
from pinnsolve.machine.files import writable_folder
from pinnsolve.machine.processes import Command
from pinnsolve.problem_file import ProblemFile
from pinnsolve.report.sweep import DIED, INTERRUPTED, Row
from pinnsolve.training.checkpointing import CHECKPOINT

OUTPUT = "output.txt"  # what a run says
# What the sweep sees to itself; every other option is handed on to its runs.
OWN = {"file", "given", "sweep", "seeds", "jobs", "seed", "out", "resume", "overwrite", "check", "json"}
WRITTEN = {"continuation": "--continue"}  # options whose name is another


def command_of(arguments: argparse.Namespace, file: ProblemFile, row: Row, folder: Path) -> Command:
    """What runs one row: the same command for one value and one seed, and the options that the sweep was given."""
    own = writable_folder(folder / row.folder)
    given = [sys.executable, "-u", "-m", "pinnsolve", str(file.path), *_handed_on(arguments)]
    given += [f"--set={name}={value!r}" for name, value in row.parameters.items()]
    given += [f"--seed={row.seed}", f"--out={own}"]
    if arguments.resume or arguments.overwrite:
        given.append("--resume" if arguments.resume and _can_be_taken_up(own) else "--overwrite")
    return Command(given, own / OUTPUT)


def _handed_on(arguments: argparse.Namespace) -> list[str]:
    """All options that are not the sweep's own, as they are written."""
    found: list[str] = []
    for name, value in vars(arguments).items():
        option = WRITTEN.get(name, f"--{name.replace('_', '-')}")
        if name in OWN or value is None or value is False:
            continue
        found += (
            [option] if value is True else [f"{option}={v}" for v in (value if isinstance(value, list) else [value])]
        )
    return found


def _can_be_taken_up(own: Path) -> bool:
    """Whether a run has left a checkpoint that is whole (an ensemble: each member that began)."""
    found = [path for path in earlier(own) if path.name == CHECKPOINT]
    try:
        return bool([checkpoint.read(path) for path in found])
    except ProblemError:
        return False


def after(row: Row, folder: Path, code: int | OSError) -> Row:
    """A row, once its process has ended."""
    if isinstance(code, OSError):
        return replace(row, state=DIED, why=f"it could not be started: {why_not(code)}")
    if code in (Exit.PASSED, Exit.NOT_PASSED):
        found = row.read(folder)
        missing = found.state == DIED and not (folder / row.folder / "report.json").exists()
        return replace(found, why=f"{found.why}: {_last_words(folder / row.folder, code)}") if missing else found
    if code in (Exit.INTERRUPTED, -signal.SIGINT):
        return replace(row, state=INTERRUPTED)
    return replace(row, state=DIED, why=_killed(-code) if code < 0 else _last_words(folder / row.folder, code))


def _killed(number: int) -> str:
    with suppress(ValueError):
        name = signal.Signals(number).name
        return f"it was killed ({name})" + ", as the system does where memory runs out" * (name == "SIGKILL")
    return f"it was killed (signal {number})"


def _last_words(own: Path, code: int, most: int = 300) -> str:
    """The error that a run has told, or its exit code and the last line of what it said; at most so many letters.

    All that it said stays in its folder.
    """
    try:
        lines = (own / OUTPUT).read_text(encoding="utf-8", errors="replace").split("\n")
    except OSError:
        lines = []
    told = [line.removeprefix("error: ") for line in lines if line.startswith("error: ")]
    if told:
        return told[-1][:most]
    last = next((line.strip() for line in reversed(lines) if line.strip()), "it said nothing")
    return f"it ended with exit code {code}: {last}"[:most]
