"""One run as the command makes it, with the CPU seconds of each phase and the peak memory so far."""

from time import process_time

from pinnsolve.__main__ import everything_stays

with everything_stays():
    from pinnsolve.command.awaited import references
    from pinnsolve.command.run import run as command  # noqa: F401 (its import is a part of the whole)
    from pinnsolve.problem_file import load
    from pinnsolve.report import console as show  # noqa: F401 (what the command shows is part of its import)

import dataclasses
import json
import sys
from pathlib import Path

from benchmarks.workers.measure import peak_mib
from pinnsolve.report.record import Report
from pinnsolve.solve import prepare
from pinnsolve.verdict.slices import compared


class Phases:
    """The CPU seconds (user and system) of one phase after the other, and the peak of resident memory after it (MiB).

    The first begins with the process.
    """

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}
        self.memory: dict[str, float] = {}

    def over(self, phase: str) -> None:
        self.seconds[phase] = process_time() - sum(self.seconds.values())
        self.memory[phase] = peak_mib()


def main(path: Path, budget: float | None, folder: Path) -> None:
    """What `python -m pinnsolve PATH` does, in its order; the record goes to the standard output."""
    phases = Phases()
    phases.over("import")
    file = load(path)
    settings = file.settings if budget is None else dataclasses.replace(file.settings, budget=budget)
    ready = prepare(file.problem, settings, folder)
    phases.over("check")
    found, note, _ = references(file.problem, ready.findings, settings.budget)
    phases.over("reference")
    solution = ready.solution(ready.loop.run())
    phases.over("training")
    worst, *others = compared(solution, found)
    from pinnsolve.report.write import write_all  # as late as in the command

    slices = [worst, *others] if others else []
    run = Report(
        file.name, file.description, solution.at(**worst.values), worst.comparison, ready.findings.warnings, 0, 0,
        note, slices,
    )  # fmt: skip
    write_all(run, folder)
    phases.over("report")
    told = {"verdict": worst.comparison.verdict, "seconds": phases.seconds, "memory": phases.memory}
    print(json.dumps(told))


if __name__ == "__main__":
    main(Path(sys.argv[1]), float(sys.argv[3]) if len(sys.argv) > 3 else None, Path(sys.argv[2]))
