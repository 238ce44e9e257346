"""What the command tells the shell."""

from __future__ import annotations

from enum import IntEnum


class Exit(IntEnum):
    """The exit codes, as `--help` lists them."""

    PASSED = 0
    NOT_PASSED = 1
    BAD_INPUT = 2
    OWN_FAULT = 3
    INTERRUPTED = 130  # what a shell expects after Ctrl-C
