"""Every problem of the gallery with default settings, and the table of what came out.

    python -m validation                     all of them, seeds 0, 1 and 2: about three quarters of an hour on two cores
    python -m validation kovasznay cavity    some of them; the other rows of the table stay

Runs the command on each problem file, reads each report.json, and writes `validation/results.md`, the pictures in
`docs/gallery/`, and what README.md shows. A problem that fails stands in the table as a failure.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from rich.console import Console

from validation.results import BUDGETS, SEEDS, measured, written


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m validation", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    made.add_argument("problems", nargs="*", metavar="problem", help=f"any of {', '.join(BUDGETS)} (default: all)")
    made.add_argument("--seeds", default=",".join(map(str, SEEDS)), help="seeds, with commas (default: %(default)s)")
    made.add_argument("--budget", type=float, help="seconds of training instead of each problem's own")
    made.add_argument("--out", type=Path, help="write there instead of into the repository")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Measure and write; 0 if every run came to its end, 1 if one did not, 2 if the arguments are bad."""
    given, made = parser().parse_args(arguments), parser()
    unknown = [name for name in given.problems if name not in BUDGETS]
    if unknown:
        made.error(f"there is no problem {', '.join(unknown)}; possible: {', '.join(BUDGETS)}")
    try:
        seeds = tuple(int(seed) for seed in given.seeds.split(","))
    except ValueError:
        made.error(f"--seeds {given.seeds}: write whole numbers with commas, as in --seeds 0,1,2")
    if given.budget is not None and not given.budget > 0:
        made.error(f"--budget {given.budget:g}: write a number of seconds above zero")
    budgets = {name: BUDGETS[name] if given.budget is None else given.budget for name in given.problems or BUDGETS}
    console = Console(highlight=False)
    rows = measured(budgets, seeds, console)
    written(rows, seeds, given.out)
    console.print("\n".join(row.text for row in rows.values()), markup=False)
    return 0 if all(row.complete for row in rows.values()) else 1


if __name__ == "__main__":
    sys.exit(main())
