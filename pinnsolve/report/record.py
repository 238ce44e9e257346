"""All that a report tells of one run."""

from __future__ import annotations

import math
import platform
from collections.abc import Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pinnsolve.compare import Comparison
from pinnsolve.history import Training
from pinnsolve.solution import Solution

PACKAGES = ("pinnsolve", "torch", "numpy", "scipy")


@dataclass(frozen=True)
class Run:
    """A finished run.

    Parameters
    ----------
    name : str
        The problem file's name without its ending.
    description : str
        The problem file's docstring.
    solution : Solution
        Trained: its `training` and `findings` are there.
    comparison : Comparison
    warnings : list of str
    training_memory, reference_memory : int
        The peak of the process' resident memory in each phase (bytes).
    reference_note : str
        Why there is no reference, where there is none.
    """

    name: str
    description: str
    solution: Solution
    comparison: Comparison
    warnings: list[str]
    training_memory: int
    reference_memory: int
    reference_note: str = ""

    @property
    def training(self) -> Training:
        assert self.solution.training is not None
        return self.solution.training


def summary(run: Run) -> dict[str, Any]:
    """The contents of report.json, the contract with other programs."""
    training, comparison, reference = run.training, run.comparison, run.comparison.reference
    settings = run.solution.settings
    return _finite(
        {
            "problem": run.name,
            "verdict": comparison.verdict,
            "reason": comparison.reason,
            "tolerance": comparison.tolerance,
            "errors": {
                u: {"relative_l2": e.relative_l2, "max": e.max, "sampling": e.sampling}
                for u, e in comparison.errors.items()
            },
            "measured_away_from": list(comparison.corners),
            "reference": None
            if reference is None
            else {
                "name": reference.name,
                "own_error": reference.own_error,
                "seconds": reference.seconds,
                "peak_memory": run.reference_memory,
            },
            "estimated_error": training.estimate,
            "outcome": str(training.outcome),
            "seconds": training.seconds,
            "peak_memory": run.training_memory,
            "steps": training.steps,
            "kept_step": training.kept,
            "residuals": {
                name: {"training": training.training[name], "held_out": training.held_out[name]}
                for name in training.training
            },
            "weights": training.weights,
            "conditions": run.solution.conditions,
            "parameters": _parameters(run.solution),
            **_data(training),
            "warnings": run.warnings,
            "method": settings["method"],
            "choice": training.choice,
            "network": {"description": settings["network"], "parameters": run.solution.parameters_count},
            "points": training.points,
            "seed": settings["seed"],
            "device": settings["device"],
            "dtype": settings["dtype"],
            "versions": {"python": platform.python_version()} | {name: _version(name) for name in PACKAGES},
        }
    )


def _data(training: Training) -> dict[str, Any]:
    """What measurements say: of unknown constants, of their own misfit, and of overfitting to them."""
    found = training.identified
    return {
        "correlations": {} if found is None else {f"{a}, {b}": r for (a, b), r in found.correlations.items()},
        "data": {}
        if found is None
        else {n: {"misfit": m.value, "expected": m.expected} for n, m in found.misfits.items()},
        "overfitting": None if training.overfitting is None else vars(training.overfitting),
    }


def _parameters(solution: Solution) -> dict[str, Any]:
    """Numbers, and what was found with its standard error."""
    training = solution.training
    found = {} if training is None or training.identified is None else training.identified.constants
    return {**solution.problem.parameters, **{name: vars(constant) for name, constant in found.items()}}


def _finite(value: Any) -> Any:
    """The same with null for numbers that JSON cannot hold."""
    if isinstance(value, Mapping):
        return {k: _finite(v) for k, v in value.items()}
    return None if isinstance(value, float) and not math.isfinite(value) else value


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return "not installed"
