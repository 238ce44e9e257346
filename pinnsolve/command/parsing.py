"""Arguments of the command that are wrong, told in words."""

from __future__ import annotations

import argparse
import re
import sys
from typing import NoReturn

from pinnsolve.command.exits import Exit
from pinnsolve.errors import did_you_mean


class Parser(argparse.ArgumentParser):
    """One whose words are those of all other mistakes: what was wrong, what is possible, and what to write."""

    def error(self, message: str) -> NoReturn:
        """Say it, and end with the exit code of bad input."""
        print(f"error: {self._worded(message)}", file=sys.stderr)
        sys.exit(Exit.BAD_INPUT)

    def _worded(self, message: str) -> str:
        more = f"See {self.prog} --help."
        if unknown := re.match(r"unrecognized arguments: (--\w[\w-]*)", message):
            options = sorted(name for name in self._option_string_actions if name.startswith("--"))
            return f"there is no option '{unknown[1]}'\n  {did_you_mean(unknown[1], options)}"
        if unknown := re.match(r"unrecognized arguments: (.*)", message):
            return f"one problem file at a time, and '{unknown[1]}' is one more\n  {more}"
        if wrong := re.match(r"argument (\S+): invalid int value: (.*)", message):
            return f"{wrong[1]}: {wrong[2]} is no whole number\n  Write {wrong[1]} 1, for example. {more}"
        return f"{message}\n  {more}"
