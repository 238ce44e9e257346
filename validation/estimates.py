"""The estimate of the error against the true error, on problems of the gallery and of tests/cases, over seeds and
budgets.

    python -m validation.estimates                      all of the gallery: about half an hour on one core
    python -m validation.estimates cases --seeds 0      all of tests/cases: the same
    python -m validation.estimates heat plucked_string --seeds 0 --budgets 1,4

Each run has default settings (a case those of its file) but for a tolerance that nothing reaches, so that it goes on to
the end of its budget and states the error of whatever it has then. One thread. The tables go to
validation/estimates.md, the scatter to docs/estimates.png, the points themselves to validation/estimates.json (rows of
other problems stay).
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import warnings
from dataclasses import replace
from functools import cache
from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import torch
from rich.progress import track

from pinnsolve import NotConverged, Problem, Reference, Settings, compare, solve
from pinnsolve.training.rounding import ROUNDING
from validation.cases import collected, read, run
from validation.results import FORWARD as GALLERY  # where data have noise, residuals hold it and tell no error

ROOT = Path(__file__).parents[1]
NEVER = 1e-13  # a tolerance that no run reaches, so that none stops early
WITHIN, FAR = 3.0, 30.0
SEEDS, BUDGETS = "0,1,2", "2,8,30"

Case = dict[str, Any]


def case(name: str, seed: int, budget: float) -> Case | None:
    """One run: what it estimated, the true error, and how well that is known; the largest over the unknowns. None for
    modes, which are compared by their eigenvalues, and for a case of tests/cases that is refused, that has no one
    solution, or whose true error nothing tells: data whose noise is stated leave more than exact ones do, and an exact
    solution that contradicts the equations is none."""
    return of_gallery(name, seed, budget) if name in GALLERY else of_case(name, seed, budget)


def of_case(name: str, seed: int, budget: float) -> Case | None:
    """One run of a problem file of tests/cases."""
    module, refused = read({p.stem: p for p in collected()}[name])
    settings = getattr(module, "settings", None) or Settings()
    if refused is not None or module.wanted.wrong or not isinstance(settings, Settings):
        return None
    vars(module)["settings"] = replace(settings, seed=seed)
    vars(module)["problem"] = module.problem.replaced(tolerance=NEVER)
    _, told = run(Path(name), budget, module)
    if told.solution is None or told.solution.training is None or told.true is None:
        return None
    findings = told.solution.findings
    if (findings is not None and findings.contradiction) or any(o.known for o in module.problem.observations):
        return None
    training, reference = told.solution.training, told.comparison and told.comparison.reference
    return {
        "problem": name, "seed": seed, "budget": budget, "network": training.network.split("(")[0],
        "estimate": training.estimate, "error": told.true, "reference": reference.own_error if reference else 0.0,
        "seconds": training.seconds,
    }  # fmt: skip


def of_gallery(name: str, seed: int, budget: float) -> Case | None:
    """One run of a problem of the gallery."""
    problem: Problem = import_module(f"problems.{name}").problem
    if problem.eigenvalues:
        return None
    solution = solve(problem.replaced(tolerance=NEVER), seed=seed, budget=budget)
    reference = reference_of_gallery(name)
    found = compare(solution, reference)
    assert solution.training is not None
    return {
        "problem": name, "seed": seed, "budget": budget, "network": solution.training.network.split("(")[0],
        "estimate": solution.training.estimate, "error": max(e.strict for e in found.errors.values()),
        "reference": reference.own_error, "seconds": solution.training.seconds,
    }  # fmt: skip


@cache
def reference_of_gallery(name: str) -> Reference:
    """The same for all seeds and budgets: some take minutes."""
    problem: Problem = import_module(f"problems.{name}").problem
    assert callable(problem.reference)
    return problem.reference(problem)


def known(cases: list[Case]) -> list[Case]:
    """Those with an estimate that is more than "at the level of rounding", whose true error the reference can tell."""
    some = [c for c in cases if c["estimate"] is not None and c["estimate"] > ROUNDING]
    return [c for c in some if c["error"] > WITHIN * c["reference"]]


def counts(cases: list[Case]) -> tuple[int, int, int, int]:
    """How many there are, within a factor of three, too kind by more, too cautious by more."""
    ratios = [c["estimate"] / c["error"] for c in cases]
    kind, cautious = sum(r < 1 / WITHIN for r in ratios), sum(r > WITHIN for r in ratios)
    return len(ratios), len(ratios) - kind - cautious, kind, cautious


def tables(cases: list[Case]) -> str:
    """Of the gallery, and of tests/cases."""
    gallery = [c for c in cases if c["problem"] in GALLERY]
    others = [c for c in cases if c["problem"] not in GALLERY]
    text = "# Estimated and true errors\n\n## The gallery\n\n" + table(gallery)
    return text + ("\n## tests/cases, problems that once went wrong\n\n" + table(others) if others else "")


def far(cases: list[Case]) -> int:
    """How many are too cautious by more than a factor of thirty."""
    return sum(c["estimate"] > FAR * c["error"] for c in cases)


def table(cases: list[Case]) -> str:
    """A row for each problem."""
    some = known(cases)
    total, within, kind, cautious = counts(some)
    missing = sum(c["estimate"] is None for c in cases)
    low = [c for c in cases if c["estimate"] is not None and c["estimate"] <= ROUNDING]
    true = sum(c["error"] <= WITHIN * max(ROUNDING, c["reference"]) for c in low)  # as far as the reference can tell
    vague = len(cases) - missing - len(low) - total
    lines = [
        "Made by `python -m validation.estimates`: default settings, a tolerance that nothing reaches, seeds "
        f"{_listed(cases, 'seed')}, budgets of {_listed(cases, 'budget')} s, one thread. The estimate is the one that the "
        "report states, the error the largest relative L2 error of the unknowns.",
        "",
        f"{len(cases)} runs. {missing} had no estimate (one solution only). {len(low)} claimed no more than {ROUNDING:.0e}, "
        f"which is the least that is ever claimed: true of {true}. {vague} had an error that the reference cannot tell "
        f"(below {WITHIN:g} times its own). Of the other {total}, {within} "
        f"({100 * within / max(1, total):.0f} %) are within a factor of {WITHIN:g}, {kind} "
        f"({100 * kind / max(1, total):.1f} %) too kind by more than that, {cautious} "
        f"({100 * cautious / max(1, total):.0f} %) too cautious, of these {far(some)} by more than a factor of {FAR:g}.",
        "",
        "| problem | runs counted | within 3 | too kind | too cautious | estimate / error: least, median, largest | errors |",
        "|---|---|---|---|---|---|---|",
    ]
    for name in dict.fromkeys(c["problem"] for c in cases):
        mine = [c for c in some if c["problem"] == name]
        if not mine:
            lines.append(f"| {name} | 0 | | | | | |")
            continue
        ratios, errors = [c["estimate"] / c["error"] for c in mine], [c["error"] for c in mine]
        told = " | ".join(map(str, counts(mine)))
        spread = f"{min(ratios):.2g}, {np.median(ratios):.2g}, {max(ratios):.2g}"
        lines.append(f"| {name} | {told} | {spread} | {max(errors):.1e} to {min(errors):.1e} |")
    return "\n".join(lines) + "\n"


def _listed(cases: list[Case], what: str) -> str:
    return ", ".join(f"{value:g}" for value in sorted({c[what] for c in cases}))


def figure(cases: list[Case], place: Path) -> None:
    """Estimates over errors, with the band of a factor of three."""
    from matplotlib.figure import Figure

    some = known(cases)
    made = Figure(figsize=(7.5, 6), layout="constrained")
    axes = made.subplots()
    ends = np.array([1e-12, 10.0])
    axes.fill_between(ends, ends / WITHIN, ends * WITHIN, color="0.9", label=f"within a factor of {WITHIN:g}")
    axes.plot(ends, ends, color="0.5", lw=1)
    names = list(dict.fromkeys(c["problem"] for c in cases))
    for k, name in enumerate(names):
        mine = [c for c in some if c["problem"] == name]
        colour, marker = f"C{k % 10}", "osD^v"[k // 10]
        x, y = [c["error"] for c in mine], [c["estimate"] for c in mine]
        axes.plot(x, y, marker, color=colour, label=name, ms=5, alpha=0.8, mew=0)
    low = 10 ** math.floor(math.log10(min([min(c["error"], c["estimate"]) for c in some], default=1e-12)))
    axes.set(xscale="log", yscale="log", xlim=(low, 3), ylim=(low, 3), aspect="equal")
    axes.set(xlabel="true relative L2 error", ylabel="estimated without a reference")
    axes.legend(loc="center left", bbox_to_anchor=(1.02, 0.5), frameon=False, fontsize="small")
    made.savefig(place, dpi=150, bbox_inches="tight")


def parser() -> argparse.ArgumentParser:
    """The command line."""
    made = argparse.ArgumentParser(prog="python -m validation.estimates", description=(__doc__ or "").split("\n")[0])
    made.add_argument("problems", nargs="*", default=[], metavar="problem", help="(default: all)")
    made.add_argument("--seeds", default=SEEDS, help="with commas (default: %(default)s)")
    made.add_argument("--budgets", default=BUDGETS, help="seconds, with commas (default: %(default)s)")
    made.add_argument("--out", type=Path, help="write there instead of into the repository")
    return made


def main(arguments: list[str] | None = None) -> int:
    """Run, write, and tell."""
    made = parser()
    given = made.parse_args(arguments)
    files = [path.stem for path in collected()]
    order = [*GALLERY, *files]
    unknown = [name for name in given.problems if name not in (*order, "cases")]
    if unknown:
        made.error(f"there is no problem {', '.join(unknown)}; possible: cases, {', '.join(order)}")
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", NotConverged)
    names = [n for name in given.problems or GALLERY for n in (files if name == "cases" else [name])]
    plan = [
        (n, int(s), float(b)) for n in names for s in given.seeds.split(",") for b in given.budgets.split(",")
    ]  # fmt: skip
    root = given.out or ROOT
    for folder in ("validation", "docs"):
        (root / folder).mkdir(parents=True, exist_ok=True)
    place = root / "validation" / "estimates.json"
    stored = json.loads(place.read_text()) if place.exists() else []
    kept = [c for c in stored if c["problem"] not in names]
    each = [case(*some) for some in track(plan, "runs")]
    found = [c for c in each if c is not None]
    kept = [c for c in kept if c["problem"] in order]
    cases = sorted(kept + found, key=lambda c: (order.index(c["problem"]), c["seed"], c["budget"]))
    place.write_text("[\n" + ",\n".join(json.dumps(c) for c in cases) + "\n]\n")
    place.with_suffix(".md").write_text(tables(cases))
    figure([c for c in cases if c["problem"] in GALLERY], root / "docs" / "estimates.png")
    print(tables(cases))
    return 0


if __name__ == "__main__":
    sys.exit(main())
