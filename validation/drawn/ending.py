"""One run of a drawn problem, and what is not as it should be."""

from __future__ import annotations

from dataclasses import dataclass

from pinnsolve import ProblemError, compare, solve
from validation.drawn.families import drawn


@dataclass(frozen=True)
class Told:
    """How one of them ended."""

    name: str
    seed: int
    verdict: str
    outcome: str
    error: float | None
    estimate: float | None
    alone: bool
    tolerance: float

    @property
    def wrong(self) -> bool:
        return not self.alone or self.error is None or not self.error <= self.tolerance

    @property
    def faults(self) -> list[str]:
        """What is not as it should be."""
        ended = self.outcome == "converged"
        found = ["passes"] * (self.wrong and self.verdict == "pass") + ["converged"] * (self.wrong and ended)
        if self.error is not None and self.estimate is not None and self.estimate < 0.1 * self.error and self.wrong:
            found.append("estimated too kindly")
        if not self.wrong and (self.error or 0.0) <= self.tolerance / 3 and self.verdict != "pass":
            found.append("right, and does not pass")
        return found

    def __str__(self) -> str:
        numbers = [f"{v:.1e}" if v is not None else "none" for v in (self.error, self.estimate)]
        return f"{self.name} {self.seed}: {self.verdict}, {self.outcome}, error {numbers[0]}, estimate {numbers[1]}"


def told(name: str, seed: int, budget: float) -> Told:
    """One run."""
    one = drawn(name, seed)
    problem = one.problem
    try:
        solution = solve(problem, budget=budget, seed=seed)
        reference = problem.reference(problem) if callable(problem.reference) else None
        found = compare(solution, reference)
    except ProblemError as refusal:
        return Told(name, seed, "refused", str(refusal).split("\n")[0], None, None, one.alone, problem.tolerance)
    error = max((e.strict for e in found.errors.values()), default=None)
    outcome = "" if solution.outcome is None else solution.outcome.kind
    return Told(name, seed, found.verdict, outcome, error, solution.estimate, one.alone, problem.tolerance)
