"""Problem files that once went wrong, `tests/cases/*.py`: what is wanted of each stands in the file, and is checked.

    python -m validation.cases                     all of them, the slow ones too
    python -m validation.cases stefan crack        some of them
    python -m validation.cases --budget 60         with so many seconds of training in place of each file's own

A fault that somebody reports is one more file there: a problem, `wanted = right(1e-3)` (or `honest()`, or
`refused("word")`), and `true_error(solution)` where the comparison with the reference does not tell the error. Exit
code: the number of cases that are not as wanted (at most 100).
"""

from __future__ import annotations

import argparse
import dataclasses
import importlib.util
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

from pinnsolve import Comparison, Problem, ProblemError, Settings, Solution, compare, solve
from pinnsolve.checks.references import brought, reference_of
from validation.wanted import Wanted

FOLDER = Path(__file__).parents[1] / "tests" / "cases"
KIND = 0.1  # an estimate below this part of the true error is too kind


@dataclass(frozen=True)
class Told:
    """What the package said of a case.

    Parameters
    ----------
    refusal : str
        The message with which it was refused; empty where it was solved.
    solution : Solution or None
    comparison : Comparison or None
    true : float or None
        The true error (relative L2): the file's own `true_error`, or the largest of the comparison.
    """

    refusal: str
    solution: Solution | None = None
    comparison: Comparison | None = None
    true: float | None = None


def collected() -> list[Path]:
    """All cases."""
    return sorted(FOLDER.glob("*.py"))


def read(path: Path) -> tuple[ModuleType, ProblemError | None]:
    """The file as a module, and the error with which its problem was refused, if it was.

    Raises
    ------
    ValueError
        If the file does not say what is wanted of it.
    """
    name = f"case_{path.stem}"
    spec = importlib.util.spec_from_file_location(name, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    error = None
    try:
        spec.loader.exec_module(module)
    except ProblemError as raised:
        error = raised
    if not isinstance(getattr(module, "wanted", None), Wanted):
        raise ValueError(f"{path.name} does not say `wanted = ...` ahead of its problem")
    return module, error


def run(path: Path, budget: float | None = None, given: ModuleType | None = None) -> tuple[Wanted, Told]:
    """What is wanted of a case, and what the package says of it; whatever else it raises is a traceback for a user.

    A module that was read, and changed, may be given in place of the file."""
    module, error = read(path) if given is None else (given, None)
    wanted: Wanted = module.wanted
    if error is not None:
        return wanted, Told(str(error))
    problem: Problem = module.problem
    settings: Any = getattr(module, "settings", Settings())
    try:
        if isinstance(settings, Settings):
            settings = dataclasses.replace(settings, budget=wanted.budget if budget is None else budget)
        reference = reference_of(problem) if brought(problem) else None
        solution = solve(problem, settings=settings)
        comparison = compare(solution, reference)
    except ProblemError as refusal:
        return wanted, Told(str(refusal))
    errors = [e.relative_l2 for e in comparison.errors.values()]
    true = max(errors, default=None)
    if hasattr(module, "true_error"):
        true = float(module.true_error(solution))
    return wanted, Told("", solution, comparison, true)


def fault(wanted: Wanted, told: Told) -> str:
    """In what the package is not as wanted; empty where it is."""
    if wanted.kind == "refused":
        return _not_refused(wanted.word, told)
    if told.solution is None or told.comparison is None or told.solution.training is None:
        return f"it was refused: {told.refusal}"
    verdict, training, true = told.comparison.verdict, told.solution.training, told.true
    if wanted.kind == "right":
        good = verdict == "pass" and true is not None and true <= wanted.error
        return "" if good else f"verdict {verdict}, true error {true}, wanted {wanted.error:g}; {training.outcome}"
    wrong = wanted.wrong or (true is not None and not true <= told.solution.problem.tolerance)
    if wrong and (verdict == "pass" or str(training.outcome).startswith("converged")):
        return f"verdict {verdict}, '{training.outcome}', but the true error is {true}"
    if wrong and true is not None and training.estimate is not None and training.estimate < KIND * true:
        return f"the error was estimated at {training.estimate:.1e}, and is {true:.1e}"
    return ""


def _not_refused(word: str, told: Told) -> str:
    if told.solution is not None:
        return "it was not refused"
    missing = word.lower() not in told.refusal.lower()
    return f"it was refused, but not for '{word}': {told.refusal}" * missing


def main(arguments: list[str] | None = None) -> int:
    """Run the cases that are named, or all; the number of those that are not as wanted."""
    made = argparse.ArgumentParser(prog="python -m validation.cases", description=(__doc__ or "").split("\n")[0])
    made.add_argument("names", nargs="*", help="files of tests/cases, without .py (default: all)")
    made.add_argument("--budget", type=float, help="seconds of training in place of each file's own")
    given = made.parse_args(arguments)
    paths = {path.stem: path for path in collected()}
    unknown = [name for name in given.names if name not in paths]
    if unknown:
        made.error(f"there is no case {', '.join(unknown)}; possible: {', '.join(paths)}")
    bad = 0
    for name in given.names or paths:
        began = time.perf_counter()
        try:
            found = fault(*run(paths[name], given.budget))
        except Exception as error:
            found = f"traceback: {type(error).__name__}: {error}"
        bad += bool(found)
        seconds = time.perf_counter() - began
        line = " ".join(found.split())
        print(f"{'WRONG' if found else 'ok   '} {name} ({seconds:.1f} s){': ' * bool(found)}{line}", flush=True)
    print(f"{len(given.names or paths) - bad} of {len(given.names or paths)} cases as wanted")
    return min(bad, 100)


if __name__ == "__main__":
    sys.exit(main())
