"""Answers that could as well be others."""

from __future__ import annotations

from pinnsolve.solution import Solution


def left_open(solution: Solution) -> str:
    """Why an answer is one of many, in words; empty where it is not."""
    training = solution.training
    if training is None:
        return ""
    if training.outcome.kind == "undetermined":
        return f"{training.outcome.detail}; {training.outcome.remedy}"
    names = [] if training.identified is None else training.identified.undetermined
    return f"nothing determines {' and '.join(names)}" if names else ""
