"""Cells over each kind of hidden layer: the table of docs/how_to_choose.md.

    python -m validation.hidden_layers               all of it: five minutes on one core
    python -m validation.hidden_layers burgers cavity

Whole automatic runs to the gallery's tolerances. One thread; seconds are of CPU time.
"""

from __future__ import annotations

import sys
import time
from importlib import import_module
from pathlib import Path

import torch

from pinnsolve import Problem, compare, solve
from pinnsolve.networks.hidden_layer import HIDDEN
from validation.results import put

PAGE = Path(__file__).parents[1] / "docs" / "how_to_choose.md"
PROBLEMS = (
    "heat", "burgers", "allen_cahn", "wave", "kuramoto_sivashinsky", "lotka_volterra", "poisson", "l_shape", "cavity",
    "plate_with_holes", "heat_in_a_disc", "mixing", "taylor_green", "burgers_2d", "gray_scott",
)  # fmt: skip
LIMIT = 240.0  # seconds of one run


def cell(name: str, layer: str) -> str:
    """One run as an entry of the table: the largest relative L2 error of the unknowns, what was estimated, and CPU
    seconds."""
    problem: Problem = import_module(f"problems.{name}").problem
    assert callable(problem.reference)
    began = time.process_time()
    solution = solve(problem, cells=layer, budget=LIMIT)
    spent = time.process_time() - began
    assert solution.training is not None
    error = max(e.relative_l2 for e in compare(solution, problem.reference(problem)).errors.values())
    told = "none" if solution.estimate is None else f"{solution.estimate:.0e}"
    kind = "" if f"activation={layer!r}" in solution.training.network else f", {solution.training.network}"
    return f"{error:.0e}, told {told} ({spent:.2g} s){kind}"


def main(chosen: list[str]) -> None:
    torch.set_num_threads(1)
    rows = [f"| problem | {' | '.join(HIDDEN)} |", "|---" * (1 + len(HIDDEN)) + "|"]
    print(*rows, sep="\n")
    for name in chosen or PROBLEMS:
        rows.append(f"| {name} | {' | '.join(cell(name, layer) for layer in HIDDEN)} |")
        print(rows[-1], flush=True)
    if not chosen:
        PAGE.write_text(put(PAGE.read_text(), "hidden layers", "\n".join(rows)))


if __name__ == "__main__":
    main(sys.argv[1:])
