"""An error of our own: told in a sentence, its traceback kept in a file that a report of it can bring along."""

from __future__ import annotations

import platform
import shlex
import sys
import tempfile
import traceback
from pathlib import Path

FILE = "traceback.txt"
MEMORY = 'Say how much there is, --memory "2 GB", and it is kept to; or take fewer points, or a smaller network.'
WHERE = "please report it in the project's issue tracker, with the problem file"


def told_fault(error: Exception, folder: Path | None, debug: bool) -> str:
    """What the user reads of an exception that no message of ours foresaw.

    Parameters
    ----------
    error : Exception
    folder : Path, optional
        Of the run; where it cannot be written the machine's folder for temporary files stands in.
    debug : bool
        Whether the traceback is shown instead of written.
    """
    what = f"{type(error).__name__}: {error}".strip().splitlines()[0][:300]
    trace = "".join(traceback.format_exception(error))
    if _of_memory(error):
        shown = trace * debug + f"error: the memory of this machine does not suffice ({what})"
        return f"{shown}\n  {MEMORY}{_reached(folder)}"
    fault = f"error: a fault of pinnsolve's own, and not of your file: {what}"
    remedy = f"Nothing that you wrote should lead here: {WHERE}"
    if debug:
        return f"{trace}{fault}\n  {remedy}."
    kept = _kept(trace, folder)
    more = f" and {kept}" if kept else "; --debug shows where it happened"
    return f"{fault}\n  {remedy}{more}."


def _reached(folder: Path | None) -> str:
    """Where a run that has ended so is gone on with."""
    from pinnsolve.training.checkpointing import CHECKPOINT  # heavy, and --help answers at once

    kept = folder is not None and (folder / CHECKPOINT).exists()
    return f" What was reached is kept in {folder}: go on with --resume." * kept


def _of_memory(error: Exception) -> bool:
    words = str(error).lower()
    return isinstance(error, MemoryError) or "allocate memory" in words or "out of memory" in words


def _kept(trace: str, folder: Path | None) -> Path | None:
    """The file that holds the traceback, what was called, and by which Python; None where nothing can be written."""
    head = (
        f"python -m pinnsolve {shlex.join(sys.argv[1:])}\n{platform.platform()}, Python {platform.python_version()}\n"
    )
    temporary = Path(tempfile.gettempdir()) / f"pinnsolve-{FILE}"
    for path in (folder / FILE if folder is not None and folder.is_dir() else temporary, temporary):
        try:
            path.write_text(head + trace, encoding="utf-8")
        except OSError:
            continue
        return path
    return None
