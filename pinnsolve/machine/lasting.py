"""A console that outlives whoever reads it: of `python -m pinnsolve file.py | head -1` the run goes on to its files."""

from __future__ import annotations

import os
from contextlib import suppress

from rich.console import Console


class Lasting(Console):
    """A console that is quiet, and raises nothing, from the moment on at which its pipe is closed."""

    def on_broken_pipe(self) -> None:
        """Send nothing any more, and what still waits to be written, at the end of the process too, nowhere."""
        self.quiet = True
        with suppress(OSError, ValueError):  # a file that is none of the system's has nothing that waits
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.file.fileno())
