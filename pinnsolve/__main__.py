"""The command line: python -m pinnsolve problems/burgers.py."""

from __future__ import annotations

import argparse
import gc
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pinnsolve import __version__
from pinnsolve.command.exits import Exit
from pinnsolve.command.faults import told_fault
from pinnsolve.command.parsing import Parser
from pinnsolve.command.verbs import VERBS, called


def parser() -> argparse.ArgumentParser:
    """The arguments; nothing heavy is imported for them, so that --help answers at once."""
    p = Parser(
        prog="python -m pinnsolve",
        description="Solve a partial differential equation with a neural network, and check it against a reference.",
        epilog="Also: python -m pinnsolve new my_problem.py, a file to begin with, and python -m pinnsolve examples, "
        "the gallery. Exit code: 0 the verdict is a pass, 1 it is not (or unconfirmed), 2 the input is bad, 3 an "
        "error of pinnsolve's own, 130 interrupted before there was a result.",
    )
    p.add_argument("file", help="a Python file that declares problem = Problem(...)")
    p.add_argument("--version", action="version", version=f"pinnsolve {__version__}")
    p.add_argument("--budget", metavar="SECONDS", help="seconds of training (60)")
    p.add_argument("--tolerance", metavar="ERROR", help="the relative L2 error that is wanted")
    p.add_argument(
        "--method",
        metavar="NAME",
        help="lm, ssbroyden, spring, lbfgs, soap, adam, sgd, or several one after the other: adam,lm",
    )
    p.add_argument(
        "--steps",
        type=int,
        metavar="N",
        help="end the (last) method after N steps (lm, where it is chosen automatically)",
    )
    p.add_argument("--set", action="append", default=[], metavar="NAME=VALUE", help="change a parameter, as in nu=0.02")
    p.add_argument(
        "--continue", dest="continuation", action="append", default=[], metavar="NAME=VALUES",
        help="solve for these values of a parameter one after the other, as in Re=10,50,100; the last one is wanted",
    )  # fmt: skip
    _several(p)
    p.add_argument("--seed", type=int, metavar="N", help="for the first weights and all points (0)")
    p.add_argument(
        "--ensemble", metavar="N", help="train N members from N seeds; report their mean and the method's scatter"
    )
    _machine(p)
    p.add_argument(
        "--figures", metavar="NAMES",
        help="the unknowns in solution.png, as in u,p, or all (those with the largest errors, where there are many)",
    )  # fmt: skip
    p.add_argument("--out", metavar="DIR", help="the folder for the run's files (runs/NAME, the first free one)")
    p.add_argument(
        "--resume", action="store_true", help="go on from the checkpoint in the run's folder, or with a sweep"
    )
    p.add_argument(
        "--overwrite", action="store_true", help="begin anew in a folder that holds an earlier run (no --out: the last)"
    )
    p.add_argument("--check", action="store_true", help="check the problem, and stop there")
    p.add_argument("--json", action="store_true", help="with --check: what was found as JSON, for other programs")
    p.add_argument("--no-reference", action="store_true", help="do not compare; the verdict is then 'unconfirmed'")
    p.add_argument("--debug", action="store_true", help="show where in the code an error arose")
    return p


def _machine(p: argparse.ArgumentParser) -> None:
    """What a run computes with."""
    p.add_argument("--device", metavar="NAME", help="cpu or cuda (cpu)")
    p.add_argument("--dtype", metavar="NAME", help="float64 or float32 (float64)")
    p.add_argument(
        "--cells", metavar="NAME", help="the hidden layer that cells share: legendre, sine or tanh (legendre)"
    )
    p.add_argument("--memory", metavar="SIZE", help='what training may take, each process by itself, as in "2 GB"')


def _several(p: argparse.ArgumentParser) -> None:
    """What makes many runs of one problem."""
    p.add_argument(
        "--sweep", action="append", default=[], metavar="NAME=VALUES",
        help="one run for each of these values of a parameter, as in nu=0.01,0.02,0.05; several make a product",
    )  # fmt: skip
    p.add_argument("--seeds", metavar="N", help="one run for each of N seeds (and for each value of --sweep)")
    p.add_argument("--jobs", metavar="N", help="so many runs of a sweep at a time (as many as cores)")


@contextmanager
def everything_stays() -> Iterator[None]:
    """Spare Python from looking for garbage among what imports leave: a third of what importing torch costs.

    Nothing of it is ever garbage: neither while it is made, nor later, nor when the process ends.
    """
    was = gc.isenabled()
    gc.disable()
    try:
        yield
        gc.freeze()
    finally:
        if was:
            gc.enable()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code."""
    given = list(sys.argv[1:] if argv is None else argv)
    if given and given[0] in VERBS:
        return called(given[0], given[1:])
    arguments = parser().parse_args(given)
    arguments.given = given
    if arguments.json and not arguments.check:
        parser().error("--json goes with --check; a run leaves report.json in its folder")
    try:
        with everything_stays():
            from pinnsolve.command.run import run
        return run(arguments)
    except KeyboardInterrupt as interrupt:  # outside training, which ends by itself with what it has
        print(str(interrupt) or "interrupted", file=sys.stderr)
        return Exit.INTERRUPTED
    except Exception as error:
        print(told_fault(error, Path(arguments.out) if arguments.out else None, arguments.debug), file=sys.stderr)
        return Exit.OWN_FAULT


if __name__ == "__main__":
    sys.exit(main())
