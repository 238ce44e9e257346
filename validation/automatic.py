"""The automatic reference held against solutions that are known: does its own error cover the true one?

    python -m validation.automatic                     the gallery, and three draws of each family of validation/drawn and on shapes
    python -m validation.automatic burgers top_hat     some of them
    python -m validation.automatic --draws 20          more of it

Every problem loses its own reference, is solved by differences, and is then compared with the reference it had. Prints
own error and true error (the worst unknown, relative L2), seconds, and which own errors are too kind.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path

import numpy as np
import torch

from pinnsolve import Problem, ProblemError
from pinnsolve.checks.check import check
from pinnsolve.checks.references import reference_of
from pinnsolve.classical.automatic import Attempt, attempt, compared_at
from validation.drawn.families import MAKE, drawn

GALLERY = [path.stem for path in sorted((Path(__file__).parents[1] / "problems").glob("[a-z]*.py"))]


def problems(names: list[str], draws: int) -> Iterator[tuple[str, Problem, bool]]:
    """Each problem's name, itself, and whether it has one solution alone."""
    for name in names or [*GALLERY, *MAKE]:
        if name in GALLERY:
            yield name, import_module(f"problems.{name}").problem, True
            continue
        for seed in range(draws):
            one = drawn(name, seed)
            yield f"{name} {seed}", one.problem, one.alone


def told(problem: Problem, alone: bool, seconds: float) -> tuple[str, bool]:
    """One row, and whether its own error is too kind."""
    try:
        findings = check(problem)
        found: Attempt = attempt(problem, seconds=seconds, findings=findings)
    except ProblemError as refusal:
        return f"refused: {refusal.fault}", False
    if found.reference is None:
        return f"no reference, because {found.why}", False
    if not alone:
        return f"own error {found.reference.own_error:.1e}, and several functions solve it", True
    known, at = reference_of(problem), compared_at(problem, findings)
    errors = []
    for u in problem.unknowns:
        true = known.fields[u](**at)
        size = float(np.linalg.norm(true)) or findings.sizes[u].scale * len(true) ** 0.5
        errors.append(float(np.linalg.norm(found.reference.fields[u](**at) - true)) / size)
    kind = max(errors) > found.reference.own_error + known.own_error
    return (
        f"own error {found.reference.own_error:.1e}, true {max(errors):.1e} (known to {known.own_error:.0e}), "
        f"tolerance {problem.tolerance:.0e}, {found.reference.seconds:.1f} s: {found.why}"
    ), kind


def main() -> int:
    """All rows; the number of own errors that are too kind (at most 100)."""
    made = argparse.ArgumentParser(prog="python -m validation.automatic", description=(__doc__ or "").split("\n")[0])
    made.add_argument("names", nargs="*", choices=[*GALLERY, *MAKE, []])
    made.add_argument("--draws", type=int, default=3)
    made.add_argument("--seconds", type=float, default=30.0, help="for each reference")
    given = made.parse_args()
    torch.set_num_threads(1)
    bad = count = 0
    for name, problem, alone in problems(given.names, given.draws):
        row, kind = told(problem, alone, given.seconds)
        count, bad = count + 1, bad + kind
        print(f"{'TOO KIND' if kind else 'ok      '} {name:24} {row}", flush=True)
    print(f"{bad} of {count} own errors are too kind")
    return min(bad, 100)


if __name__ == "__main__":
    sys.exit(main())
