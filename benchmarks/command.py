"""What the whole command costs, phase by phase, for every problem of the gallery.

    python -m benchmarks.command                       # all of problems/
    python -m benchmarks.command heat wave --budget 10

CPU seconds (user and system) on one thread, each run in a process of its own: `import` until the command has read its
modules, `check` until training could begin, then the reference, training, and the report (comparison, pictures, files).
`whole` is the process, with its end; memory is its peak, and `after training` the peak until then.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

from benchmarks.running import environment

ROOT = Path(__file__).parents[1]
PHASES = ("import", "check", "reference", "training", "report")


def main() -> None:
    made = argparse.ArgumentParser(prog="python -m benchmarks.command", description=__doc__)
    made.add_argument("problems", nargs="*", help="names in problems/, or files; all of problems/ if there is none")
    made.add_argument("--budget", type=float, help="seconds of training (the problem's own, 60)")
    given = made.parse_args()
    paths = [path_of(name) for name in given.problems] or sorted((ROOT / "problems").glob("[!_]*.py"))
    print(row(["problem", *PHASES, "whole", "MiB after training", "MiB", "verdict"]))
    print(row(["---"] * (len(PHASES) + 5)))
    for path in paths:
        print(measured(path, given.budget), flush=True)


def path_of(name: str) -> Path:
    """A problem file by its name in the gallery, or by its path."""
    return Path(name) if name.endswith(".py") else ROOT / "problems" / f"{name}.py"


def measured(path: Path, budget: float | None) -> str:
    """One row of the table."""
    with tempfile.TemporaryDirectory() as folder:
        before = _children()
        command = [sys.executable, "-m", "benchmarks.workers.phases", str(path), folder]
        command += [] if budget is None else [str(budget)]
        done = subprocess.run(command, cwd=ROOT, env=environment(1), capture_output=True, text=True, check=False)
        whole = _children() - before
    if done.returncode:
        return row([path.stem, "failed: " + (done.stderr.strip().splitlines() or ["it said nothing"])[-1]])
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    seconds, memory = told["seconds"], told["memory"]
    cells = [f"{seconds[phase]:.2f}" for phase in PHASES] + [f"{whole:.2f}"]
    return row([path.stem, *cells, f"{memory['training']:.0f}", f"{memory['report']:.0f}", told["verdict"]])


def row(cells: list[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _children() -> float:
    """CPU seconds of all processes that were started and have ended."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


if __name__ == "__main__":
    main()
