"""pinnsolve with default settings: a fresh run for each tolerance that a user may ask for."""

from time import perf_counter

began = perf_counter()

from importlib import import_module  # noqa: E402
from typing import Any  # noqa: E402

from benchmarks.workers.measure import Recorder  # noqa: E402
from pinnsolve import solve  # noqa: E402

TOLERANCES = (1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-8)
QUICK = 10.0  # seconds: the finest tolerance is asked for where the one before took less


def main() -> None:
    """Stops asking for finer tolerances once a run has used up its budget."""
    recorder = Recorder("pinnsolve", began, ("pinnsolve", "torch", "numpy"))
    problem: Any = import_module("problems." + recorder.problem).problem
    recorder.record["settings"] = "the default, asked for one tolerance after another, each time from the start"
    setup = []
    for tolerance in TOLERANCES:
        if tolerance == TOLERANCES[-1] and recorder.curve[-1]["seconds"] > QUICK:
            break
        begin = perf_counter()
        solution = solve(problem.replaced(tolerance=tolerance), seed=recorder.seed, budget=recorder.limit)
        training = solution.training
        assert training is not None
        setup.append(perf_counter() - begin - training.seconds)
        recorder.record["setup_seconds"] = max(setup)
        found = {unknown: solution.d(unknown)(**recorder.places) for unknown in recorder.truth}
        told: dict[str, Any] = {"tolerance": tolerance, "outcome": training.outcome.kind, "method": training.method}
        recorder.add(training.seconds, found, **told)
        if training.seconds >= recorder.limit:
            break
    recorder.write("ran")


if __name__ == "__main__":
    main()
