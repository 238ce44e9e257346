"""Files that are either whole or not there."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

from pinnsolve.errors import ProblemError

PART = ".part-"  # what a killed process may leave behind; the next run in the folder takes it away


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` make a temporary file in the same folder, then put it in place in one step.

    Whoever reads `path` sees the old file or the new one, never a part, whenever the process is killed.
    """
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=PART, suffix=path.suffix)
    os.close(handle)
    temporary = Path(name)
    try:
        write(temporary)
        with temporary.open("rb+") as file:
            os.fsync(file.fileno())
        umask = os.umask(0)
        os.umask(umask)
        temporary.chmod(0o666 & ~umask)
        temporary.replace(path)
    finally:
        temporary.unlink(missing_ok=True)


def writable_folder(path: Path) -> Path:
    """The folder, made if need be; an error in words if it cannot be written."""
    try:
        path.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        raise ProblemError(
            f"the output folder {path} cannot be written: {error.strerror}", "Choose another one with --out DIR."
        ) from None
    return path
