"""What the command does besides solving: `new` and `examples`."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

from pinnsolve.command.exits import Exit
from pinnsolve.command.parsing import Parser
from pinnsolve.errors import ProblemError


def new(argv: Sequence[str]) -> None:
    """Write a problem file to begin with."""
    from pinnsolve.command.new import kinds, write_new

    p = Parser(prog="python -m pinnsolve new", description=new.__doc__)
    p.add_argument("file", type=Path, help="the file to write, as in my_problem.py")
    p.add_argument("--kind", metavar="KIND", default="evolution", help=f"one of {', '.join(kinds())} (evolution)")
    arguments = p.parse_args(argv)
    print(write_new(arguments.file, arguments.kind))


def examples(argv: Sequence[str]) -> None:
    """List the problems of the gallery, or copy one with its reference and data into the current folder."""
    from rich.table import Table

    from pinnsolve.command.examples import copied, listed
    from pinnsolve.machine.lasting import Lasting

    p = Parser(prog="python -m pinnsolve examples", description=examples.__doc__)
    p.add_argument("name", nargs="?", help="the problem to copy")
    arguments = p.parse_args(argv)
    if arguments.name is not None:
        files = copied(arguments.name, Path())
        print(f"copied: {', '.join(map(str, files))}\nrun it by: python -m pinnsolve {files[0]}")
        return
    table = Table("name", "what it is", box=None, pad_edge=False)
    for name, told in listed():
        table.add_row(name, told)
    Lasting(highlight=False).print(table)
    print("\ncopy one by: python -m pinnsolve examples NAME")


VERBS: dict[str, Callable[[Sequence[str]], None]] = {"new": new, "examples": examples}


def called(verb: str, argv: Sequence[str]) -> int:
    """Run a verb; its exit code."""
    try:
        VERBS[verb](argv)
    except ProblemError as error:
        print(f"error: {error}", file=sys.stderr)
        return Exit.BAD_INPUT
    return Exit.PASSED
