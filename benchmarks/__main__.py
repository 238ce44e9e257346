"""pinnsolve beside DeepXDE, jinns and SciPy on the same statements.

    python -m benchmarks                            everything: some hours
    python -m benchmarks --only heat --limit 20     a part of it; the other rows stay

Every run is a process of its own on so many threads. Its record is kept in `benchmarks/results/`; the table and the
curves are written anew from all records.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from pathlib import Path

from benchmarks.curves import draw
from benchmarks.running import PINNSOLVE_LIMIT, RESULTS, run
from benchmarks.table import PACKAGES, PROBLEMS, Record, beside_classical, longest, read, summary, table, worst
from validation.results import put

HERE = Path(__file__).parent
DOCUMENTED = {  # statements with an example of the peer's own, or one near enough
    "deepxde": ("heat", "poisson", "burgers", "allen_cahn", "kovasznay", "cavity"),
    "jinns": ("heat", "poisson", "burgers", "kovasznay"),
}


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m benchmarks", description=(__doc__ or "").split("\n", maxsplit=1)[0])
    made.add_argument(
        "--only", nargs="+", choices=PROBLEMS, default=PROBLEMS, metavar="PROBLEM", help=", ".join(PROBLEMS)
    )
    made.add_argument("--packages", nargs="+", choices=PACKAGES, default=PACKAGES, help="default: all of them")
    made.add_argument("--seeds", nargs="+", type=int, help="default: 0 1 2 for pinnsolve, 0 for the others")
    made.add_argument("--threads", type=int, default=1, help="threads and processors for every run (default: 1)")
    made.add_argument(
        "--limit", type=float, default=600.0,
        help=f"seconds of training a run, and at most {PINNSOLVE_LIMIT:g} for each of pinnsolve's (default: 600)",
    )  # fmt: skip
    made.add_argument("--table", action="store_true", help="run nothing, only write the table and the curves anew")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run what is asked for, write the table and the curves; 1 if a run failed."""
    given = parser().parse_args(arguments)
    failed = 0
    for problem in () if given.table else given.only:
        for package in given.packages:
            if problem in DOCUMENTED.get(package, PROBLEMS):
                for seed in given.seeds or ((0, 1, 2) if package == "pinnsolve" else (0,)):
                    record = run(package, problem, seed, given.threads, given.limit)
                    failed += record["outcome"].startswith("failed")
                    print(said(record), flush=True)
    records = read(RESULTS)
    readme = HERE.parent / "README.md"
    readme.write_text(put(readme.read_text(), "benchmark", summary(records)))
    (HERE / "results.md").write_text(
        f"# Results\n\n{preface(records)}\n\n{beside_classical(records)}\n\n{table(records)}"
    )
    draw(records, HERE / "curves.png")
    return 1 if failed else 0


def said(record: Record) -> str:
    """A record in a line."""
    last = longest(record["curve"]) if record["curve"] else None
    reached = f"{worst(last['errors']):.1e} after {last['seconds']:.1f} s" if last else "nothing"
    return f"{record['problem']:10} {record['package']:9} seed {record['seed']}: {reached}, {record['outcome']}"


def preface(records: list[Record]) -> str:
    """What was measured, and on what."""
    threads = ", ".join(sorted({str(r["threads"]) for r in records})) or "no"
    least = min((r["processors"] for r in records if r.get("processors") and r["threads"] == 1), default=1.0)
    versions = {k: v for r in records for k, v in r["versions"].items()}
    return (
        f"Made by `python -m benchmarks` on {threads} thread(s) of {platform.machine()} with "
        f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') / 2**30:.0f} GiB ({platform.system()}); "
        f"{', '.join(f'{name} {number}' for name, number in sorted(versions.items()))}. "
        f"The run that got least of its processor had {least:.0%} of it. "
        "Seconds of training until the relative L2 error of every unknown was at or below a level, on 4,096 points, "
        "the same for all; `-` where it never was. Median over seeds. Import, set-up and compilation stand apart. "
        "How each is measured: [README.md](README.md).\n\n![Error over training time](curves.png)"
    )


if __name__ == "__main__":
    sys.exit(main())
