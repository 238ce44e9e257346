"""Features of every kind on eight problems: the tables of docs/how_to_choose.md.

    python -m validation.features                    all tables: about 15 minutes on one core
    python -m validation.features kinds ridge --seed 1

Each run is one stage, without the choice between them. One thread; seconds are of CPU time.
"""

from __future__ import annotations

import argparse
import math
import sys
import time
from collections.abc import Callable
from functools import partial
from importlib import import_module
from pathlib import Path
from typing import Any
from unittest import mock

import torch
from rich.progress import track

from pinnsolve import Newton, Problem, RandomFeatures, compare, solve
from pinnsolve.geometry.wanting import SHARE
from pinnsolve.networks.inputs import Inputs
from pinnsolve.settings import LAYERS, Settings
from pinnsolve.solve import prepare
from validation.methods import PROBLEMS
from validation.results import put

PAGE = Path(__file__).parents[1] / "docs" / "how_to_choose.md"
SMOOTH = ("heat", "poisson", "kovasznay", "maxwell_cavity", "taylor_green")  # whose solutions are smooth
LIMIT = 100.0  # seconds of one run
BEST = {  # the layer that did best in the first table, where it is not the first
    "kovasznay": LAYERS[2], "maxwell_cavity": LAYERS[2], "taylor_green": LAYERS[1],
}  # fmt: skip


def layer(name: str, count: int) -> RandomFeatures:
    """So many features of the kind that suits a problem."""
    activation, scale = BEST.get(name, LAYERS[0])
    return RandomFeatures(count, scale, activation)


def cell(name: str, seed: int, **settings: Any) -> str:
    """One run as an entry of a table: the largest relative L2 error of the unknowns, and CPU seconds."""
    problem: Problem = import_module(f"problems.{name}").problem
    assert callable(problem.reference)
    began = time.process_time()
    solution = solve(problem.replaced(tolerance=1e-13), seed=seed, budget=LIMIT, **settings)
    spent = time.process_time() - began
    assert solution.training is not None
    if not math.isfinite(solution.training.history[-1].loss) or not solution.trial.complete:
        return f"no solution ({spent:.2g} s)"
    error = max(e.relative_l2 for e in compare(solution, problem.reference(problem)).errors.values())
    return f"{error:.0e} ({spent:.2g} s)"


Column = tuple[str, Callable[[str], str]]


def table(names: tuple[str, ...], columns: list[Column]) -> str:
    """A row for each name."""
    lines = ["| problem | " + " | ".join(title for title, _ in columns) + " |", "|---" * (len(columns) + 1) + "|"]
    for name in track(names, "rows"):
        lines.append(f"| {name} | " + " | ".join(run(name) for _, run in columns) + " |")
    return "\n".join(lines)


def kinds(seed: int) -> str:
    """400 features of each kind."""
    columns: list[Column] = []
    for activation, (low, high) in LAYERS:
        network = RandomFeatures(400, (low, high), activation)
        columns.append((f"{activation} {low:g} to {high:g}", partial(cell, seed=seed, network=network)))
    return table(PROBLEMS, columns)


def counts(seed: int) -> str:
    """More and more features of one kind."""

    def run(name: str, count: int) -> str:
        return cell(name, seed, network=layer(name, count))

    return table(PROBLEMS, [(str(count), partial(run, count=count)) for count in (100, 200, 400, 800, 1600)])


def ridge(seed: int) -> str:
    """The regularisation of 800 features."""

    def run(name: str, ridge: float) -> str:
        return cell(name, seed, network=layer(name, 800), method=Newton(ridge=ridge))

    return table(SMOOTH, [(f"{r:.0e}", partial(run, ridge=r)) for r in (1e-6, 1e-8, 1e-10, 1e-12, 1e-14)])


def points(seed: int) -> str:
    """Equations for each trained number, 800 features."""

    def run(name: str, share: float) -> str:
        problem: Problem = import_module(f"problems.{name}").problem
        loop = prepare(problem, Settings(network=layer(name, 800))).loop
        each = next(len(site.terms) for site in loop.state.points.places if site.name == "interior")
        return cell(name, seed, network=layer(name, 800), points=int(share * loop.state.trial.parameters_count / each))

    return table(SMOOTH, [(f"{share:g}", partial(run, share=share)) for share in (1.2, 2.0, 3.0, 5.0)])


def corners(seed: int) -> str:
    """The driven cavity with and without what its corners get."""

    def run(features: str, share: float, scales: bool) -> str:
        around = Inputs.places if scales else (lambda *_: [])
        with (
            mock.patch("pinnsolve.geometry.wanting.SHARE", share),
            mock.patch("pinnsolve.networks.inputs.Inputs.places", around),
        ):
            return cell("cavity", seed, network=layer("cavity", int(features.split(maxsplit=1)[0])))

    ways = (
        ("neither", 0.0, False),
        ("points", SHARE, False),
        ("scales", 0.0, True),
        ("both (the default)", SHARE, True),
    )
    columns: list[Column] = [(title, partial(run, share=share, scales=scales)) for title, share, scales in ways]
    return table(("400 features", "800 features"), columns).replace("| problem |", "| cavity |")


TABLES: dict[str, Callable[[int], str]] = {
    "kinds": kinds, "counts": counts, "ridge": ridge, "points": points, "corners": corners,
}  # fmt: skip


def main(arguments: list[str] | None = None) -> int:
    """Measure, and put the tables into the page."""
    made = argparse.ArgumentParser(prog="python -m validation.features", description=(__doc__ or "").split("\n")[0])
    made.add_argument("tables", nargs="*", metavar="table", help=f"any of {', '.join(TABLES)} (default: all)")
    made.add_argument("--seed", type=int, default=0)
    given = made.parse_args(arguments)
    unknown = [name for name in given.tables if name not in TABLES]
    if unknown:
        made.error(f"there is no table {', '.join(unknown)}; possible: {', '.join(TABLES)}")
    torch.set_num_threads(1)
    for name in given.tables or TABLES:
        text = TABLES[name](given.seed)
        print(f"{name}\n\n{text}\n", flush=True)
        PAGE.write_text(put(PAGE.read_text(), name, text))
    return 0


if __name__ == "__main__":
    sys.exit(main())
