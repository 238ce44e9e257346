"""The figures of the README, measured anew.

    python -m validation.measure

Runs the command on the shipped problems with default settings, seeds 0, 1 and 2, reads each report.json, and writes
the table and the example into README.md between their marks. About seven minutes on two cores.
"""

from __future__ import annotations

import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from rich.progress import track

import problems.burgers
from pinnsolve.settings import Settings
from pinnsolve.solve import prepare

ROOT = Path(__file__).parents[1]
SEEDS = (0, 1, 2)
RUNS = (("heat", 15), ("cooling", 15), ("burgers", 20), ("burgers", 60))


def report(problem: str, budget: int, seed: int, folder: Path) -> dict[str, Any]:
    """One run of the command, as report.json tells it, with what it printed."""
    command = [sys.executable, "-m", "pinnsolve", f"problems/{problem}.py"]
    options = ["--budget", str(budget), "--seed", str(seed), "--out", str(folder)]
    done = subprocess.run([*command, *options], cwd=ROOT, capture_output=True, text=True, check=False)
    return {**json.loads((folder / "report.json").read_text()), "printed": done.stdout}


def show(found: dict[str, Any], folder: Path) -> str:
    """The README's example: what the command printed, its picture copied to docs/."""
    (ROOT / "docs").mkdir(exist_ok=True)
    shutil.copy(folder / "solution.png", ROOT / "docs" / "burgers.png")
    printed = found["printed"].replace(str(folder), "runs/burgers")
    return "```text\n" + "\n".join(line.rstrip() for line in printed.splitlines()) + "\n```"


def put(text: str, mark: str, inside: str) -> str:
    """A text with what stands between two marks replaced."""
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{inside}\n{end}{rest.partition(end)[2]}"


def row(problem: str, budget: int, found: list[dict[str, Any]]) -> str:
    """A row of the table: errors by seed, the reference, seconds, memory, verdicts."""
    errors = [r["errors"]["u"]["relative_l2"] for r in found]
    seconds = [r["seconds"] for r in found]
    memory = max(max(r["peak_memory"], r["reference"]["peak_memory"]) for r in found)
    verdicts = ", ".join(r["verdict"] for r in found)
    return (
        f"| `problems/{problem}.py` | `--budget {budget}` | {', '.join(f'{e:.1e}' for e in errors)} | "
        f"{statistics.median(seconds):.1f} s | {found[0]['tolerance']:g} | {verdicts} | "
        f"{found[0]['reference']['own_error']:.0e} in {found[0]['reference']['seconds']:.2f} s | {memory / 2**20:.0f} MiB |"
    )


def seconds_of(action: Any, repeats: int = 5) -> float:
    """The median time of an action (s)."""
    times = []
    for _ in range(repeats):
        started = time.perf_counter()
        action()
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> int:
    """Measure, and write the README's table."""
    plan = [(problem, budget, seed) for problem, budget in RUNS for seed in SEEDS]
    found: dict[tuple[str, int], list[dict[str, Any]]] = {}
    with tempfile.TemporaryDirectory() as folder:
        for problem, budget, seed in track(plan, "measuring"):
            place = Path(folder) / f"{problem}-{budget}-{seed}"
            found.setdefault((problem, budget), []).append(report(problem, budget, seed, place))
        example = show(found["burgers", 60][0], Path(folder) / "burgers-60-0")
    check = seconds_of(lambda: prepare(problems.burgers.problem, Settings()))
    show_help = seconds_of(
        lambda: subprocess.run(
            [sys.executable, "-m", "pinnsolve", "--help"], stdout=subprocess.DEVNULL, cwd=ROOT, check=True
        )
    )
    lines = [
        "| problem | option | relative L2 error, seeds 0, 1, 2 | training | tolerance | verdicts | reference: own error, time "
        "| peak memory |",
        "|---|---|---|---|---|---|---|---|",
        *(row(problem, budget, reports) for (problem, budget), reports in found.items()),
        "",
        f"Default settings, {torch.get_num_threads()} threads on {os.cpu_count()} cores, PyTorch {torch.__version__}. "
        f"The check before training takes {check:.2f} s, `python -m pinnsolve --help` {show_help:.2f} s. "
        "Made by `python -m validation.measure`.",
    ]
    readme = ROOT / "README.md"
    readme.write_text(put(put(readme.read_text(), "output", example), "measured", "\n".join(lines)))
    print("\n".join(lines))
    return 0


if __name__ == "__main__":
    sys.exit(main())
