"""A solution in a notebook or a script: its picture, its report, and what a notebook shows of it."""

from __future__ import annotations

import html as text
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from matplotlib.figure import Figure

from pinnsolve.errors import ProblemError, known
from pinnsolve.machine.files import writable_folder
from pinnsolve.report.embedded import address
from pinnsolve.report.figures import most_important, plain_figure, png
from pinnsolve.report.record import Report
from pinnsolve.report.write import clear, write_all
from pinnsolve.solution import Solution
from pinnsolve.verdict.compare import Comparison, compare


def report_of(solution: Solution, comparison: Comparison | None = None) -> Report:
    """What pictures and files are made of; without a comparison there is no reference in it.

    Raises
    ------
    ProblemError
        Where the solution has inputs beside the coordinates.
    """
    problem = solution.problem
    if problem.ranges:
        values = ", ".join(f"{name}={(low + high) / 2:g}" for name, (low, high) in problem.ranges.items())
        raise ProblemError(
            f"the solution has inputs beside its coordinates ({', '.join(problem.ranges)}), and what is shown is for "
            "one value of each",
            f"Write solution.at({values}) first.",
        )
    found = comparison or Comparison("unconfirmed", "it was not compared", {}, None, problem.tolerance)
    warnings = list(solution.findings.warnings) if solution.findings is not None else []
    return Report("solution", "", solution, found, warnings, 0, 0)


def asked(solution: Solution, unknowns: Sequence[str]) -> list[str]:
    """The unknowns that were named, if they exist.

    Raises
    ------
    ProblemError
    """
    return [known(name, solution.problem.unknowns, "unknown") for name in unknowns]


def plot(solution: Solution, unknowns: Sequence[str], reference: Any) -> Figure:
    """See `Solution.plot`."""
    names = asked(solution, unknowns)
    run = report_of(solution, None if reference is None else compare(solution, reference))
    return plain_figure(run, names or most_important(run))


def report(solution: Solution, folder: Path, reference: Any, name: str | None) -> Comparison:
    """See `Solution.report`."""
    if solution.training is None:
        raise ProblemError(
            "nothing is known of how this solution was trained: it was loaded",
            "Write the report of what solve(...) returns, or compare(solution) and solution.plot() of this one.",
        )
    writable_folder(folder)
    comparison = compare(solution, reference)
    clear(folder)
    run = replace(report_of(solution, comparison), name=name or folder.resolve().name)
    unwritten = write_all(run, folder)
    if unwritten:
        told = "; ".join(f"{file}: {why}" for file, why in unwritten.items())
        raise ProblemError(f"not all of the report could be written ({told})", "Choose another folder.")
    return comparison


def html(solution: Solution) -> str:
    """See `Solution._repr_html_`."""
    outcome = solution.outcome
    lines = [str(outcome) if outcome is not None else "loaded from a file: not trained here"]
    if solution.estimate is not None:
        lines.append(f"estimated relative error {solution.estimate:.0e}, without a reference")
    told = "".join(f"<p>{text.escape(line)}</p>" for line in lines)
    names, over = ", ".join(solution.problem.unknowns), repr(solution.problem.domain)
    head = f"<p><strong>{text.escape(names)}</strong> over {text.escape(over)}</p>"
    if solution.problem.ranges:
        return head + told
    picture = address(png(plot(solution, (), None)))
    return f'{head}{told}<img alt="{text.escape(names)}" src="{picture}" style="max-width:100%">'
