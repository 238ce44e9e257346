"""One task in this process: solved with default settings, kept, and scored against its truth."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from time import process_time
from typing import Any

import numpy as np
import torch

from benchmarks.pinnacle.score import scored
from benchmarks.pinnacle.truth import FOLDER, truth
from benchmarks.workers.measure import peak_mib
from pinnsolve import Solution, solve
from pinnsolve.problem_file import load

TASKS = Path(__file__).parent / "tasks"
RESULTS = Path(__file__).parent / "results"


def solved(name: str, budget: float) -> dict[str, Any]:
    """Solve a task and keep its solution; what was spent, and how it ended. Seconds are those of training."""
    begin = process_time()
    solution = solve(TASKS / f"{name}.py", budget=budget)
    cpu, training = process_time() - begin, solution.training
    assert training is not None
    folder = FOLDER / name
    folder.mkdir(parents=True, exist_ok=True)
    solution.save(folder / "model.safetensors")
    told = {
        "task": name, "budget": budget, "tolerance": solution.problem.tolerance, "outcome": training.outcome.kind,
        "words": str(training.outcome), "estimate": training.estimate, "seconds": training.seconds,
        "cpu_seconds": cpu, "method": training.method, "network": training.network, "peak_mib": peak_mib(),
    }  # fmt: skip
    (folder / "run.json").write_text(json.dumps(told))
    return told


def compared(name: str) -> dict[str, Any]:
    """The scores of the solution that was kept, with the truth's own accuracy."""
    solution = Solution.load(FOLDER / name / "model.safetensors", load(TASKS / f"{name}.py").problem)
    true = truth(name)
    found = {output: solution.d(output)(**true.places) for output in true.values}
    reached = solution.trial.reached({c: torch.from_numpy(v) for c, v in true.places.items()})
    if reached is not None:  # beyond that time nothing was solved
        found = {output: np.where(reached.numpy(), v, np.nan) for output, v in found.items()}
    return {"errors": scored(name, true, found), "own": dict(true.own), "truth": true.about}


def main() -> None:
    made = argparse.ArgumentParser()
    made.add_argument("name")
    made.add_argument("--budget", type=float)
    made.add_argument("--score", action="store_true")
    given = made.parse_args()
    kept = FOLDER / given.name / "run.json"
    told = json.loads(kept.read_text()) if given.score else solved(given.name, given.budget)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / f"{given.name}.json").write_text(json.dumps(told | compared(given.name), indent=1) + "\n")


if __name__ == "__main__":
    main()
