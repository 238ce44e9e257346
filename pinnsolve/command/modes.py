"""The command on a problem whose modes are sought."""

from __future__ import annotations

import argparse
import shlex
from collections.abc import Callable, Sequence
from pathlib import Path

from rich.console import Console

from pinnsolve.errors import ProblemError
from pinnsolve.machine.memory import peak_memory
from pinnsolve.modes.compared import compared, known
from pinnsolve.modes.found import modes
from pinnsolve.problem.problem import Problem
from pinnsolve.problem_file import ProblemFile
from pinnsolve.report import console as show
from pinnsolve.report.record import Report
from pinnsolve.settings import Settings


def solved_modes(
    arguments: argparse.Namespace, file: ProblemFile, problem: Problem, settings: Settings, folder: Path,
    console: Console, figures: Callable[[Problem], Sequence[str] | None],
) -> Report:  # fmt: skip
    """From the problem to the run's files and the final tables."""
    for option, given in (
        ("--resume", arguments.resume),
        ("--ensemble", arguments.ensemble),
        ("--continue" if arguments.continuation else "continuation", settings.continuation),
    ):
        if given:
            raise ProblemError(f"{option}: modes are found at once, and not by training", "Leave it out.")
    if not settings.automatic or settings.cells != "legendre":
        raise ProblemError(
            "modes are found by random features: a method, a network of one's own and cells have none",
            "Leave method, network and cells out.",
        )
    console.print(f"[bold]{file.name}[/]  {file.description.splitlines()[0] if file.description else ''}")
    with peak_memory() as peak:
        found = modes(problem, settings)
    with peak_memory() as reference_peak:
        reference = known(problem, settings.budget, found.scale)
    solution = found.solution
    assert solution.findings is not None
    shown = figures(solution.problem)
    comparison = compared(problem, found, reference)
    result = Report(
        file.name, file.description, solution, comparison, [], peak.bytes, reference_peak.bytes,
        command=f"python -m pinnsolve {shlex.join(arguments.given)}",
    )  # fmt: skip
    from pinnsolve.report.write import clear, write_all  # matplotlib is slow to import, and not needed before

    clear(folder)
    unwritten: dict[str, str] = {}
    try:
        unwritten.update(write_all(result, folder, shown))
    finally:
        show.show_result(console, result, folder, unwritten)
    return result
