"""Never a false pass, and never converged where it is not: runs of every kind, counted.

    python -m validation.never_false_pass

Starved runs (`validation.starved`) are judged by tolerances at the edge of what they reach. A pass whose true error is
above the tolerance is a false pass; the exit code is 1 if there is one. So are the problem files of tests/cases, rough,
narrow, undetermined and others, with three seeds and two budgets each, where a run that calls itself converged and is
wrong counts as well; and the gallery's problems with references that are wrong by a part, or of other units; and
problems that are drawn (`validation.drawn`), whose places, widths, sizes, units and shapes nobody has looked at. Right runs that
were called wrong are counted too: those within a third of the tolerance that do not pass. The tables go to
validation/never_false_pass.md.
"""

from __future__ import annotations

import argparse
import math
import sys
import warnings
from dataclasses import dataclass, replace
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
from rich.progress import track
from scipy.stats import qmc

from pinnsolve import Problem, Reference, Settings, compare, solve
from validation.cases import collected, read, run
from validation.drawn.ending import told
from validation.drawn.families import KINDS, MAKE
from validation.starved import starved

CASES = {"seeds": (0, 1, 2), "budgets": (1.0, 4.0)}
WRONG = {  # what a reference says in place of the truth f, of size s
    "scaled by 1 %": lambda f, s: 1.01 * f, "in other units": lambda f, s: 1e3 * f, "shifted": lambda f, s: f + 0.02 * s,
    "of the other sign": lambda f, s: -f, "zero": lambda f, s: 0.0 * f,
}  # fmt: skip
DRAWS, SECONDS = 20, 4.0  # of each family
REFERRED = ("heat", "cooling", "poisson", "poisson_3d", "wave", "kovasznay", "fisher_kpp", "heat_plate")


@dataclass(frozen=True)
class Ended:
    """How one run of a problem file ended, or of a gallery's problem with a wrong reference."""

    name: str
    what: str
    verdict: str
    outcome: str
    error: float
    tolerance: float
    wrong: bool

    @property
    def false_pass(self) -> bool:
        return self.wrong and self.verdict == "pass"

    @property
    def false_end(self) -> bool:
        return self.wrong and self.outcome == "converged"

    @property
    def right_called_wrong(self) -> bool:
        return not self.wrong and self.error <= self.tolerance / 3 and self.verdict != "pass"


def of_case(path: Path, seed: int, budget: float) -> Ended | None:
    """One run of a problem file of tests/cases; None where it is refused, or nothing tells its true error."""
    module, refused = read(path)
    if refused is not None:
        return None
    settings = getattr(module, "settings", None) or Settings()
    if not isinstance(settings, Settings):
        return None
    vars(module)["settings"] = replace(settings, seed=seed)
    wanted, told = run(path, budget, module)
    if told.solution is None or told.comparison is None or told.solution.training is None:
        return None
    tolerance = told.solution.problem.tolerance
    wrong = wanted.wrong or (told.true is not None and not told.true <= tolerance)
    if told.true is None and not wanted.wrong:
        return None
    verdict, outcome = told.comparison.verdict, told.solution.training.outcome.kind
    return Ended(
        path.stem, f"{budget:g} s", verdict, outcome, math.nan if told.true is None else told.true, tolerance, wrong
    )


def with_wrong_reference(name: str, what: str, seed: int) -> Ended:
    """One run of a problem of the gallery, held against a reference that is wrong."""
    problem: Problem = import_module(f"problems.{name}").problem
    assert callable(problem.reference)
    true = problem.reference(problem)
    bounds = problem.domain.extent
    cube = qmc.Sobol(len(bounds), seed=5).random_base2(10)
    places = {c: low + (high - low) * cube[:, k] for k, (c, (low, high)) in enumerate(bounds.items())}

    def spoiled(field: Any, size: float) -> Any:
        return lambda **at: WRONG[what](np.asarray(field(**at)), size)

    sizes = {u: float(np.std(f(**places))) for u, f in true.fields.items()}
    fields = {u: spoiled(f, sizes[u]) for u, f in true.fields.items()}
    solution = solve(problem, seed=seed, budget=4.0)
    found = compare(solution, Reference(f"{true.name}, {what}", fields, true.own_error, true.seconds))
    assert solution.training is not None
    error = max(e.strict for e in found.errors.values())
    return Ended(name, what, found.verdict, "", error, problem.tolerance, True)


def of_drawn(name: str, seed: int) -> Ended | None:
    """One run of a drawn problem; None where it is refused."""
    one = told(name, seed, SECONDS)
    if one.verdict == "refused":
        return None
    error = math.nan if one.error is None else one.error
    return Ended(f"{name} {seed}", f"{KINDS[name]}, drawn", one.verdict, one.outcome, error, one.tolerance, one.wrong)


def endings(found: list[Ended]) -> str:
    """A row for each budget, and for each fault of a reference; and the sum."""
    lines = ["| runs of | with | runs | wrong | of these passed | of these converged | right, and called wrong |",
             "|---|---|---|---|---|---|---|"]  # fmt: skip
    for what in dict.fromkeys(e.what for e in found):
        group = [e for e in found if e.what == what]
        of = "the gallery" if what in WRONG else "validation.drawn" if what.endswith("drawn") else "tests/cases"
        lines.append(
            f"| {of} | {what} | {len(group)} | {sum(e.wrong for e in group)} | {sum(e.false_pass for e in group)} | "
            f"{sum(e.false_end for e in group)} | {sum(e.right_called_wrong for e in group)} |"
        )
    named = sorted({f"{e.name} ({e.what}): {e.verdict}, {e.outcome}, error {e.error:.1e}" for e in found
                    if e.false_pass or e.false_end or e.right_called_wrong})  # fmt: skip
    right = [e for e in found if not e.wrong and e.error <= e.tolerance / 3]
    called = sum(e.right_called_wrong for e in right)
    lines += ["", f"Of {len(right)} runs that are right within a third of their tolerance {called} did not pass.", ""]
    return "\n".join(lines + [f"- {line}" for line in named]) + "\n"


def all_cases() -> list[Ended | None]:
    """The problem files of tests/cases."""
    files = [(p, int(s), b) for b in CASES["budgets"] for p in collected() for s in CASES["seeds"]]
    return [of_case(*given) for given in track(files, "problem files")]


def all_references() -> list[Ended | None]:
    """The gallery with wrong references."""
    wrong = [(n, w, s) for w in WRONG for n in REFERRED for s in (0, 1)]
    return [with_wrong_reference(*given) for given in track(wrong, "wrong references")]


def all_drawn() -> list[Ended | None]:
    """Drawn problems."""
    draws = [(n, s) for n in MAKE for s in range(DRAWS)]
    return [of_drawn(*given) for given in track(draws, "drawn problems")]


PARTS = {"cases": all_cases, "references": all_references, "drawn": all_drawn}


def renewed(text: str, part: str, made: str) -> str:
    """The tables with one part of them made anew."""
    sections = dict(section.split("\n", 1) for section in text.split("\n## ")[1:]) if text else {}
    sections[part] = "\n" + made
    body = "".join(f"\n## {name}\n{sections[name]}" for name in ["starved", *PARTS] if name in sections)
    whole = "`python -m validation.never_false_pass`, each part by `--only` and its name"
    return f"# Never a false pass\n\nMade anew by {whole}.\n" + body.rstrip("\n") + "\n"


def main() -> int:
    """Run everything and write the tables; 1 if any pass was false, or any run that called itself converged."""
    warnings.simplefilter("ignore")
    made = argparse.ArgumentParser(prog="python -m validation.never_false_pass", description=__doc__)
    made.add_argument("--only", choices=["starved", *PARTS], help="one of the parts: the tables of the others stay")
    only = made.parse_args().only
    place, anything = Path(__file__).with_suffix(".md"), False
    for part in [only] if only else ["starved", *PARTS]:
        if part == "starved":
            text, wrong = starved()
        else:
            ended = [e for e in PARTS[part]() if e is not None]
            text, wrong = endings(ended), any(e.false_pass or e.false_end for e in ended)
        place.write_text(renewed(place.read_text() if place.exists() else "", part, text))
        print(text)
        anything |= wrong
    return int(anything)


if __name__ == "__main__":
    sys.exit(main())
