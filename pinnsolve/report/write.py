"""The run folder: every file of it, each whole or not there."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TypeVar

from safetensors import SafetensorError

from pinnsolve.errors import ProblemError
from pinnsolve.machine.files import PART, write_whole
from pinnsolve.report.export import STEPS_FOLDER, write_vtu
from pinnsolve.report.figures import most_important, png, solution_figure
from pinnsolve.report.moments import over_time
from pinnsolve.report.page import write_page
from pinnsolve.report.record import Report, history_csv, summary
from pinnsolve.report.sweep import PAGE, SWEEP

MODEL, MEMBERS, PICTURE = "model.safetensors", "model-*.safetensors", "solution.png"
Thing = TypeVar("Thing")
FILES = (
    "report.json", "report.html", PICTURE, "traceback.txt", "history.csv", "solution.vtu", "solution.pvd", MODEL,
    SWEEP, PAGE,
)  # fmt: skip


def write_all(run: Report, folder: Path, figures: Sequence[str] | None = None) -> dict[str, str]:
    """Write the whole run folder; report.json comes last, so that where it is, all is that could be written.

    `figures` are the unknowns that the picture shows; without it, of many those with the largest errors.

    Returns
    -------
    dict from file to str
        What could not be written, and why: a full disk, a folder that is gone, a reference that fails on a picture's
        points.
    """
    unwritten: dict[str, str] = {}

    def attempt(name: str, write: Callable[[], Thing]) -> Thing | None:
        try:
            return write()
        except (OSError, SafetensorError, ProblemError) as error:
            unwritten[name] = reason(error)
        return None

    attempt(MODEL, lambda: run.solution.save(folder / MODEL))
    attempt(
        "history.csv",
        lambda: write_whole(folder / "history.csv", lambda file: file.write_bytes(history_csv(run).encode())),
    )
    picture = attempt(PICTURE, lambda: png(solution_figure(run, figures)))
    if picture is not None:
        attempt(PICTURE, lambda: write_whole(folder / PICTURE, lambda file: file.write_bytes(picture)))
    attempt("solution.vtu", lambda: write_vtu(run, folder))
    if picture is not None:
        shown = most_important(run) if figures is None else figures
        attempt("report.html", lambda: write_page(run, folder / "report.html", picture, over_time(run, shown)))
    else:
        unwritten["report.html"] = unwritten[PICTURE]
    told = [f"{name} could not be written: {why}" for name, why in unwritten.items()]
    contents = summary(replace(run, warnings=[*run.warnings, *told]))
    text = json.dumps(contents, indent=2, allow_nan=False, default=str)
    attempt(
        "report.json", lambda: write_whole(folder / "report.json", lambda file: file.write_text(text + "\n", "utf-8"))
    )
    return unwritten


def reason(error: Exception) -> str:
    """Why something failed, in one line."""
    told = (isinstance(error, OSError) and error.strerror) or str(error)
    return told.strip().splitlines()[0] if told.strip() else type(error).__name__


def clear(folder: Path) -> None:
    """Take away the results of an earlier run, so that none stands beside those of a new one."""
    for name in FILES:
        (folder / name).unlink(missing_ok=True)
    for left in (*folder.glob(f"{PART}*"), *folder.glob(MEMBERS)):
        left.unlink()
    for step in (folder / STEPS_FOLDER).glob("solution_*.vtu"):
        step.unlink()
