"""The run folder: every file of it, each whole or not there."""

from __future__ import annotations

import csv
import json
from collections.abc import Sequence
from pathlib import Path

from pinnsolve.machine.files import PART, write_whole
from pinnsolve.report.export import STEPS_FOLDER, write_vtu
from pinnsolve.report.figures import png, solution_figure
from pinnsolve.report.page import write_page
from pinnsolve.report.record import Run, summary

MODEL, MEMBERS = "model.safetensors", "model-*.safetensors"
FILES = ("report.json", "report.html", "solution.png", "history.csv", "solution.vtu", "solution.pvd", MODEL)


def write_all(run: Run, folder: Path, figures: Sequence[str] | None = None) -> None:
    """Write the whole run folder; report.json comes last, so that where it is, all is.

    `figures` are the unknowns that the picture shows; without it, of many those with the largest errors.
    """
    run.solution.save(folder / MODEL)
    write_whole(folder / "history.csv", lambda file: _history(run, file))
    picture = png(solution_figure(run, figures))
    write_whole(folder / "solution.png", lambda file: file.write_bytes(picture))
    write_vtu(run, folder)
    write_page(run, folder / "report.html", picture)
    text = json.dumps(summary(run), indent=2, allow_nan=False, default=str)
    write_whole(folder / "report.json", lambda file: file.write_text(text + "\n", encoding="utf-8"))


def clear(folder: Path) -> None:
    """Take away the results of an earlier run, so that none stands beside those of a new one."""
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    for left in (*folder.glob(f"{PART}*"), *folder.glob(MEMBERS)):
        left.unlink()
    for step in (folder / STEPS_FOLDER).glob("solution_*.vtu"):
        step.unlink()


def _history(run: Run, file: Path) -> None:
    """One row for each look (of each member): exact numbers, so that two runs can be compared bit by bit."""
    names, several = list(run.training.training), run.ensemble is not None
    with file.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.writer(stream)
        header = ["seed"] * several + ["step", "seconds", "method", "loss"]
        writer.writerow(header + [f"{n} (training)" for n in names] + [f"{n} (held out)" for n in names])
        for seed, look in ((seed, look) for seed, t in run.members.items() for look in t.history):
            row = [seed] * several + [look.step, f"{look.seconds:.3f}", look.method, repr(look.loss)]
            writer.writerow(row + [repr(look.training[n]) for n in names] + [repr(look.held_out[n]) for n in names])
