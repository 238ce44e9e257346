"""The same problem in other words: units, origins, names, orders, and other ways to say a condition.

    python -m validation.metamorphic                                   every problem, every transformation: a quarter of
                                                                       an hour on one core
    python -m validation.metamorphic heat "heat, trained"              some problems
    python -m validation.metamorphic --transformation "u offset"       some transformations, by a part of their names

Each is solved as it stands and as it is told; the verdict has to be the same, and each error (relative L2 on points that
no training saw, relative to the smaller of norm and standard deviation) at most ten times the original's, or below 1e-9.
Where a telling makes other features and points of the same random numbers (a mirrored axis, another order), the original
may be the worst of three seeds: the answer may change by no more than another seed would change it.
The exit code is 1 if one is WRONG.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from pathlib import Path

from validation.metamorphic.measuring import Measured, fault, original, told, told_by_hand, with_other_seeds
from validation.metamorphic.subjects import BUDGET, Subject, subjects
from validation.metamorphic.transformations import retellings

HEADER = f"{'problem':22} {'told with':26} {'error':>8} {'was':>8} {'verdict':>11} {'was':>11} {'s':>5}"
NOTE = 120  # letters of a fault that a row shows


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m validation.metamorphic", description=(__doc__ or "").split("\n")[0])
    made.add_argument("problems", nargs="*", metavar="problem", help=f"any of {', '.join(subjects())} (default: all)")
    made.add_argument("--transformation", metavar="PART", help="those alone whose names hold this")
    made.add_argument("--budget", type=float, default=BUDGET, help="seconds of training (default: %(default)s)")
    made.add_argument("--out", type=Path, help="write the table there, too")
    return made


def rows(subject: Subject, part: str = "") -> Iterator[tuple[str, bool]]:
    """A line for each transformation of one problem, and whether it is as it should be."""
    problem = subject.declare()
    before = original(problem, subject.settings)
    yield _row(subject.name, "(as it stands)", before, before, ""), before.verdict in ("pass", "fail", "unconfirmed")
    for name, retelling in retellings(problem).items():
        if part in name:
            after = told(problem, retelling, subject.settings)
            found = fault(before, after)
            if found and retelling.redraws:
                found = fault(with_other_seeds(problem, subject.settings, before), after)
            yield _row(subject.name, name, after, before, found), not found
    if subject.first_order is not None and part in "first-order system":
        after = told_by_hand(subject.first_order, problem, subject.settings)
        found = fault(before, after)
        yield _row(subject.name, "first-order system", after, before, found), not found


def _row(problem: str, name: str, after: Measured, before: Measured, found: str) -> str:
    numbers = f"{after.worst:8.1e} {before.worst:8.1e} {after.verdict:>11} {before.verdict:>11} {after.seconds:5.1f}"
    note = " ".join(found.split())[:NOTE]
    return f"{problem:22} {name:26} {numbers}  {'WRONG  ' + note if found else 'ok'}".rstrip()


def main(arguments: list[str] | None = None) -> int:
    """Print the table; 0 if every row is as it should be, 1 if one is not, 2 if the arguments are bad."""
    given, made = parser().parse_args(arguments), parser()
    if not given.budget > 0:
        made.error(f"--budget {given.budget:g}: write a number of seconds above zero")
    known = subjects(given.budget)
    unknown = [name for name in given.problems if name not in known]
    if unknown:
        made.error(f"there is no problem {', '.join(unknown)}; possible: {', '.join(known)}")
    lines, good = [HEADER], 0
    print(HEADER, flush=True)
    for name in given.problems or known:
        for line, fine in rows(known[name], given.transformation or ""):
            print(line, flush=True)
            lines.append(line)
            good += fine
    lines.append(f"{good} of {len(lines) - 1} as they should be")
    print(lines[-1])
    if given.out is not None:
        given.out.write_text("\n".join(lines) + "\n")
    return 0 if good == len(lines) - 2 else 1


if __name__ == "__main__":
    sys.exit(main())
