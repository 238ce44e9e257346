"""The folder of a run: which one it is, and that nothing of an earlier run is lost in it."""

from __future__ import annotations

import argparse
from itertools import count, takewhile
from pathlib import Path

from pinnsolve.continuation import KEPT
from pinnsolve.ensembles.ensemble import MEMBER
from pinnsolve.errors import ProblemError
from pinnsolve.machine.files import writable_folder
from pinnsolve.report.sweep import SWEEP
from pinnsolve.training.checkpointing import CHECKPOINT

RUNS = Path("runs")
LEFT = (
    CHECKPOINT,
    KEPT,
    f"{MEMBER.format('*')}/{CHECKPOINT}",
    "report.json",
    "model*.safetensors",
    SWEEP,
)  # what a run leaves behind


def folder_of(arguments: argparse.Namespace, name: str, begun: str = "") -> Path:
    """Where the run's files go, made if need be: as asked for, or the first free folder; to resume, the last that holds
    what was begun (a run's checkpoint, if nothing else is named); to overwrite, the last.

    Raises
    ------
    ProblemError
        If it cannot be written, holds an earlier run that is neither to be resumed nor overwritten, or holds none that
        could be resumed.
    """
    if arguments.resume and arguments.overwrite:
        raise ProblemError("--resume goes on with a run, and --overwrite begins anew", "Give one of the two.")
    if arguments.out is None:
        if arguments.resume:
            return _to_resume(name, (begun,) if begun else _checkpoints(arguments))
        last = _begun(name)[-1:] if arguments.overwrite else []
        return writable_folder(*last) if last else _free(name)
    folder = writable_folder(Path(arguments.out))
    left = earlier(folder)
    if left and not (arguments.resume or arguments.overwrite):
        raise ProblemError(
            f"the folder {folder} holds an earlier run ({', '.join(p.relative_to(folder).as_posix() for p in left)})",
            "Go on with it: --resume. Begin anew in its place: --overwrite. Or choose another folder: --out DIR.",
        )
    return folder


def earlier(folder: Path) -> list[Path]:
    """What a run has left in a folder."""
    return sorted(path for pattern in LEFT for path in folder.glob(pattern))


def forget(folder: Path) -> None:
    """Take the checkpoints of an earlier run away: a later --resume shall not take them for this one's."""
    for path in earlier(folder):
        if path.name == CHECKPOINT:
            path.unlink(missing_ok=True)


def _numbered(name: str, number: int) -> Path:
    return RUNS / (name if number == 1 else f"{name}-{number}")


def _begun(name: str) -> list[Path]:
    """The folders of all runs of this name."""
    return list(takewhile(Path.exists, (_numbered(name, number) for number in count(1))))


def _free(name: str) -> Path:
    """The first folder that does not exist, made at once: two runs that start together get two."""
    number = 1
    while True:
        folder = _numbered(name, number)
        try:
            folder.mkdir(parents=True)
        except FileExistsError:
            number += 1
        except OSError as error:
            raise ProblemError(
                f"the output folder {folder} cannot be written: {error.strerror}", "Choose another one with --out DIR."
            ) from None
        else:
            return folder


def _checkpoints(arguments: argparse.Namespace) -> tuple[str, ...]:
    return CHECKPOINT if arguments.ensemble is None else f"{MEMBER.format('*')}/{CHECKPOINT}", KEPT


def _to_resume(name: str, places: tuple[str, ...]) -> Path:
    begun = [folder for folder in _begun(name) if any(any(folder.glob(place)) for place in places)]
    if not begun:
        raise ProblemError(
            f"there is no run of {name} to resume in {RUNS}/",
            "Start without --resume, or name its folder with --out.",
        )
    return writable_folder(begun[-1])
