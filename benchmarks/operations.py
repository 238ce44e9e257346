"""How many counted operations this machine makes in a second, method by method, on problems of the gallery.

    python -m benchmarks.operations [NAME ...] [--budget 10]

What `pinnsolve.algebra.operations` and `pinnsolve.residuals.costs` count is good enough where the numbers lie within a
factor of five or so of each other; `SPEED` is about half of what an idle core makes of them.
"""

from __future__ import annotations

import argparse
import importlib
from collections import defaultdict

from pinnsolve.settings import Settings
from pinnsolve.solve import prepare

NAMES = ("heat", "kovasznay", "burgers", "cavity", "schrodinger", "inverse_burgers", "taylor_green")


def measured(name: str, budget: float) -> dict[str, tuple[float, float]]:
    """Operations and seconds of all steps of a run, by method."""
    loop = prepare(importlib.import_module(f"problems.{name}").problem, Settings(budget=budget)).loop
    found: dict[str, tuple[float, float]] = defaultdict(lambda: (0.0, 0.0))
    note = loop.state.clock.made

    def made(method: str, operations: float, seconds: float) -> None:
        found[method] = found[method][0] + operations, found[method][1] + seconds
        note(method, operations, seconds)

    loop.state.clock.made = made  # type: ignore[method-assign]
    loop.run()
    return found


def main() -> None:
    """Run, and tell."""
    parser = argparse.ArgumentParser(description="Counted operations a second.")
    parser.add_argument("names", nargs="*", default=NAMES)
    parser.add_argument("--budget", type=float, default=10.0)
    given = parser.parse_args()
    for name in given.names:
        for method, (operations, seconds) in measured(name, given.budget).items():
            print(f"{name:20} {method:24} {operations:8.1e} in {seconds:6.2f} s  {operations / seconds:8.1e} 1/s")


if __name__ == "__main__":
    main()
