"""What `python -m validation` measures, and the table that it writes."""

from __future__ import annotations

import json
import math
import os
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from pinnsolve.inverse.record import Constant

ROOT = Path(__file__).parents[1]
SEEDS = (0, 1, 2)
FORWARD = {
    "heat": 60.0, "cooling": 60.0, "heat_plate": 60.0, "poisson": 60.0, "poisson_3d": 60.0, "wave": 60.0,
    "klein_gordon": 60.0, "schrodinger": 60.0, "burgers": 60.0, "fisher_kpp": 60.0, "allen_cahn": 60.0,
    "two_materials": 60.0, "plucked_string": 60.0, "lotka_volterra": 60.0, "renewal": 60.0, "bratu": 60.0, "ignition": 60.0,
    "borehole": 60.0, "well": 60.0, "fuel_pin": 60.0,
    "kuramoto_sivashinsky": 60.0, "burgers_inviscid": 60.0, "dam_break": 60.0, "sod": 60.0,
    "heat_in_a_disc": 60.0, "plate_with_holes": 60.0, "plate_under_tension": 60.0, "ball": 60.0,
    "cylinder_flow": 60.0, "backward_step": 60.0, "waveguide": 60.0, "mixing": 60.0,
    "heat_many_scales": 60.0, "burgers_2d": 60.0, "gray_scott": 60.0,
    "inclusion": 60.0, "cable": 60.0, "l_shape": 60.0, "bracket_3d": 60.0, "drum": 60.0,
    "kovasznay": 60.0, "taylor_green": 60.0, "cavity": 60.0, "maxwell_cavity": 60.0, "maxwell_pulse": 60.0,
}  # fmt: skip
WITH_DATA = {
    "inverse_burgers": 60.0, "inverse_burgers_noisy": 60.0, "inverse_navier_stokes": 60.0, "inverse_heat": 60.0, "heated_bar": 60.0,
    "hot_rod": 60.0,
    "parametric_burgers": 60.0, "fit": 60.0,
}  # fmt: skip
BUDGETS = FORWARD | WITH_DATA
HEADER = (
    "| problem | relative L2 error: median (worst) | tolerance | verdicts | training | method | reference | its own error "
    "| its time | memory |\n|---|---|---|---|---|---|---|---|---|---|"
)


@dataclass
class Row:
    """One problem of the table.

    Parameters
    ----------
    problem : str
    reports : list of dict
        What report.json told, one for each seed that came to its end.
    faults : list of str
        What the others said.
    """

    problem: str
    budget: float
    reports: list[dict[str, Any]] = field(default_factory=list)
    faults: list[str] = field(default_factory=list)

    @property
    def complete(self) -> bool:
        return not self.faults

    @property
    def text(self) -> str:
        """The row in Markdown."""
        name = f"[{self.problem}](../problems/{self.problem}.py)"
        if not self.reports:
            return f"| {name} | failed: {self.faults[0]} | | {', '.join(['failed'] * len(self.faults))} | | | | | | |"
        first = self.reports[0]
        verdicts = ", ".join([r["verdict"] for r in self.reports] + [f"failed ({fault})" for fault in self.faults])
        memory = max(max(r["peak_memory"], (r["reference"] or {}).get("peak_memory", 0)) for r in self.reports)
        reference = first["reference"] or {"name": "none", "own_error": float("nan"), "seconds": float("nan")}
        seconds = statistics.median(r["seconds"] for r in self.reports)
        own = max((r["reference"] or reference)["own_error"] for r in self.reports)
        return (
            f"| {name} | {self._errors()} | {first['tolerance']:g} | {verdicts} | {seconds:.0f} s of {self.budget:g} s | "
            f"{self._methods()} | {reference['name']} | {own:.0e} | {reference['seconds']:.2g} s | "
            f"{memory / 2**20:.0f} MiB |"
        )

    def _methods(self) -> str:
        """What was chosen, once for all seeds that chose alike."""
        names = [f"{r['method'].split('(')[0]}, {r['network']['parameters']:,} parameters" for r in self.reports]
        return "; ".join(dict.fromkeys(names))

    def _errors(self) -> str:
        found = []
        for unknown in self.reports[0]["errors"]:
            values = [r["errors"][unknown]["relative_l2"] for r in self.reports]
            values = [float("inf") if v is None else v for v in values]
            found.append(f"{unknown} {statistics.median(values):.1e} ({max(values):.1e})")
        return ", ".join(found) + self._constants()

    def _constants(self) -> str:
        """What the first run found from data."""
        constants = {n: c for n, c in self.reports[0].get("parameters", {}).items() if isinstance(c, dict)}
        told = [f"{n} = {Constant(c['value'], c['standard_error'] or math.inf)}" for n, c in constants.items()]
        return f"; first seed: {', '.join(told)}" if told else ""


def measured(budgets: dict[str, float], seeds: tuple[int, ...], console: Console) -> dict[str, Row]:
    """Run the command on each problem with each seed; pictures of the first seed are kept in a folder of the row."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    rows = {name: Row(name, budget) for name, budget in budgets.items()}
    with Progress(*columns, console=console) as progress:
        task = progress.add_task("", total=len(rows) * len(seeds))
        for name, row in rows.items():
            for seed in seeds:
                progress.update(task, description=f"{name}, seed {seed}")
                _run(row, seed)
                progress.advance(task)
    return rows


def _run(row: Row, seed: int) -> None:
    """One run of the command: its report, or what it said in place of one."""
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / row.problem
        command = [sys.executable, "-m", "pinnsolve", f"problems/{row.problem}.py", "--budget", f"{row.budget:g}"]
        command += ["--seed", str(seed), "--out", str(folder)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        try:
            told = json.loads((folder / "report.json").read_text())
            told["printed"] = done.stdout.replace(str(folder), f"runs/{row.problem}")
            told["picture"] = (folder / "solution.png").read_bytes()
        except (OSError, ValueError):
            said = (done.stderr or done.stdout).strip().splitlines() or ["nothing"]
            row.faults.append(f"seed {seed} ended with code {done.returncode}: {said[-1]}".replace("|", "/"))
            return
        row.reports.append(told)


def written(rows: dict[str, Row], seeds: tuple[int, ...], out: Path | None = None) -> None:
    """Write the table (rows of other problems stay), the pictures, and the README's table and example."""
    root = out or ROOT
    results, gallery = root / "validation" / "results.md", root / "docs" / "gallery"
    for folder in (results.parent, gallery):
        folder.mkdir(parents=True, exist_ok=True)
    lines = {name: line for name in BUDGETS if (line := _standing(results, name))}
    lines |= {name: row.text for name, row in rows.items()}
    table = "\n".join([HEADER, *(lines[name] for name in BUDGETS if name in lines)])
    results.write_text(f"# Results\n\n{_preface(seeds)}\n\n{table}\n")
    for name, row in rows.items():
        if row.reports:
            (gallery / f"{name}.png").write_bytes(row.reports[0]["picture"])
    readme = root / "README.md"
    if readme.exists():
        text = put(readme.read_text(), "measured", table.replace("](../problems/", "](problems/"))
        if "burgers" in rows and rows["burgers"].reports:
            text = put(text, "output", _example(rows["burgers"].reports[0]["printed"]))
        readme.write_text(text)


def _standing(results: Path, name: str) -> str | None:
    """The row of a problem in the table as it is."""
    if not results.exists():
        return None
    return next((line for line in results.read_text().splitlines() if line.startswith(f"| [{name}](")), None)


def _preface(seeds: tuple[int, ...]) -> str:
    return (
        f"Problem files as they stand, seeds {', '.join(map(str, seeds))}, {_threads()} on {os.cpu_count()} cores, "
        f"PyTorch {torch.__version__}. Made by `python -m validation`, which also makes the pictures of the "
        "[gallery](../docs/gallery.md). Errors are relative L2 errors over the whole domain of space and time, on points "
        "that training never saw; around the corners of the driven cavity, where its velocity jumps, nothing is measured. "
        "Training ends when the error, estimated from the differences of several solutions, is a third of the tolerance, when "
        "the held-out residual is small enough, or with the budget."
    )


def _threads() -> str:
    count = torch.get_num_threads()
    return f"{count} thread{'s' * (count > 1)}"


def _example(printed: str) -> str:
    return "```text\n" + "\n".join(line.rstrip() for line in printed.splitlines()) + "\n```"


def put(text: str, mark: str, inside: str) -> str:
    """A text with what stands between two marks replaced."""
    begin, end = f"<!-- {mark}: begin -->", f"<!-- {mark}: end -->"
    if begin not in text:
        return text
    before, _, rest = text.partition(begin)
    return f"{before}{begin}\n{inside}\n{end}{rest.partition(end)[2]}"
