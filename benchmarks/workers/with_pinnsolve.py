"""pinnsolve with default settings: a fresh run for each tolerance, and for each budget, that a user may ask for."""

from time import perf_counter

began = perf_counter()

from importlib import import_module  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks.workers.measure import Recorder  # noqa: E402
from pinnsolve import solve  # noqa: E402

TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8, 1e-10)  # the accuracies that classical methods are asked for
FINE = 1e-8  # from here on
QUICK = 10.0  # seconds: tolerances are asked for where the one before took less
BUDGETS = (5.0, 20.0)  # seconds: what stands after them, where the finest tolerance took longer


def main() -> None:
    """Stops asking for finer tolerances once a run has used up its budget."""
    recorder = Recorder("pinnsolve", began, ("pinnsolve", "torch", "numpy"))
    problem: Any = import_module("problems." + recorder.problem).problem
    recorder.record["settings"] = (
        "the default, asked for one tolerance after another and for what 5 and 20 s bring, each time from the start"
    )
    for tolerance in TOLERANCES:
        if tolerance <= FINE and recorder.curve[-1]["seconds"] > QUICK:
            break
        if solved(recorder, problem, tolerance, recorder.limit) >= recorder.limit:
            break
    longest = recorder.curve[-1]["seconds"]
    for budget in BUDGETS:
        if budget < longest:
            solved(recorder, problem, FINE, budget)
    recorder.write("ran")


def solved(recorder: Recorder, problem: Any, tolerance: float, budget: float) -> float:
    """One run, and its point of the curve; the seconds of training."""
    begin = perf_counter()
    solution = solve(problem.replaced(tolerance=tolerance), seed=recorder.seed, budget=budget)
    training = solution.training
    assert training is not None
    setup = perf_counter() - begin - training.seconds
    recorder.record["setup_seconds"] = max(setup, recorder.record["setup_seconds"])
    found = {unknown: solution.d(unknown)(**recorder.places) for unknown in recorder.truth}
    told: dict[str, Any] = {"tolerance": tolerance, "budget": budget, "outcome": training.outcome.kind}
    recorder.add(training.seconds, found, **told, method=training.method, estimate=training.estimate)
    return training.seconds


if __name__ == "__main__":
    main()
