"""PINNacle's 22 tasks, solved and scored.

    python -m benchmarks.pinnacle                        # all, 60 s each, and then pinnacle.md
    python -m benchmarks.pinnacle ks wave1d_c --budget 20
    python -m benchmarks.pinnacle ks --score             # what is kept of the last run, against the truth
    python -m benchmarks.pinnacle --table                # pinnacle.md alone, from the records

Each task runs in a process of its own, on one thread and one processor, with default settings. Its record stays in
`results/`; its solution, and truths, which take longer than most solutions the first time, in
`benchmarks/.cache/pinnacle/`.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path

from benchmarks.pinnacle.table import NAMES, read, table
from benchmarks.running import environment, pin

HERE = Path(__file__).parent
RESULTS = HERE / "results"
TABLE = HERE.parent / "pinnacle.md"


def main() -> None:
    made = argparse.ArgumentParser(
        prog="python -m benchmarks.pinnacle", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    made.add_argument("tasks", nargs="*", metavar="NAME", help=f"of {', '.join(NAMES)}; all of them if there is none")
    made.add_argument("--budget", type=float, default=60.0, help="seconds of training for each (default: 60)")
    made.add_argument("--score", action="store_true", help="solve nothing, score what is kept")
    made.add_argument("--table", action="store_true", help="run nothing, write the table")
    given = made.parse_args()
    unknown = [name for name in given.tasks if name not in NAMES]
    if unknown:
        made.error(f"there is no task {', '.join(unknown)}; possible: {', '.join(NAMES)}")
    for name in [] if given.table else given.tasks or NAMES:
        print(told(name, given.budget, given.score), flush=True)
    TABLE.write_text(table(read(RESULTS)))


def told(name: str, budget: float, score: bool) -> str:
    """Run a task, and its record in a line."""
    options = ["--score"] if score else ["--budget", str(budget)]
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.pinnacle.one", name, *options]
    done = subprocess.run(
        command, cwd=HERE.parents[1], env=environment(1), preexec_fn=lambda: pin(1), capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    if done.returncode:
        words = (done.stderr.strip().splitlines() or ["it said nothing"])[-1]
        (RESULTS / f"{name}.json").write_text(json.dumps({"task": name, "outcome": "failed", "words": words}) + "\n")
        return f"{name}: failed, {words}"
    record = json.loads((RESULTS / f"{name}.json").read_text())
    errors = {k: v if v is None else float(f"{v:.2g}") for k, v in record["errors"]["outputs"].items()}
    return f"{name}: {errors} in {record['seconds']:.1f} s, {record['words']}"


if __name__ == "__main__":
    main()
