"""All that a report tells of one run."""

from __future__ import annotations

import csv
import io
import math
import platform
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from pinnsolve import __version__
from pinnsolve.ensembles.record import Ensemble
from pinnsolve.ensembles.scatter import Scatter
from pinnsolve.inverse.record import Identified
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.written import equation_text
from pinnsolve.reference import Reference
from pinnsolve.solution import Solution
from pinnsolve.training.history import Training
from pinnsolve.verdict.compare import Comparison
from pinnsolve.verdict.slices import Compared

PACKAGES = ("torch", "numpy", "scipy")
WHAT_SCATTER_IS = "how repeatable the method is over seeds; not how wrong it is: all members may be wrong alike"


@dataclass(frozen=True)
class Report:
    """What a report tells of: a finished run.

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
        Of the checks before training.
    training_memory, reference_memory : int
        The peak of the process' resident memory in each phase (bytes).
    reference_note : str
        Why there is no reference, where there is none.
    slices : list of Compared
        For a problem with parameters as inputs, the comparisons at all values, the worst first: `solution` and
        `comparison` are those.
    scatter : Scatter, optional
        Of an ensemble.
    command : str
        What was called to make the run; empty where it was made in Python.
    date : str
        When, to the minute.

    Attributes
    ----------
    evaluated : dict
        What was evaluated on grids, so that pictures and files share it; see `pinnsolve.report.fields.sampled`.
    """

    name: str
    description: str
    solution: Solution
    comparison: Comparison
    warnings: list[str]
    training_memory: int
    reference_memory: int
    reference_note: str = ""
    slices: list[Compared] = field(default_factory=list)
    scatter: Scatter | None = None
    command: str = ""
    date: str = field(default_factory=lambda: datetime.now().astimezone().strftime("%Y-%m-%d %H:%M %Z").strip())
    evaluated: dict[Any, Any] = field(init=False, default_factory=dict, repr=False, compare=False)

    @property
    def training(self) -> Training:
        assert self.solution.training is not None
        return self.solution.training

    @property
    def ensemble(self) -> Ensemble | None:
        """The solution, if it is the mean of several."""
        return self.solution if isinstance(self.solution, Ensemble) else None

    @property
    def members(self) -> dict[int, Training]:
        """How each member of an ensemble was trained, by seed; the only one, where there is one."""
        if self.ensemble is None:
            return {self.solution.settings.get("seed", 0): self.training}
        found = zip(self.ensemble.seeds, self.ensemble.members, strict=True)
        return {seed: member.training for seed, member in found if member.training is not None}


def over_seeds(run: Report) -> str:
    """What a spread is taken over: "5 seeds"."""
    return f"{len(run.members)} seeds"


def _reference(reference: Reference, memory: int) -> dict[str, Any]:
    told = {name: getattr(reference, name) for name in ("name", "own_error", "seconds", "automatic", "about")}
    return told | {"peak_memory": memory}


def history_csv(run: Report) -> str:
    """One row for each look (of each member): exact numbers, so that two runs can be compared bit by bit."""
    names, several = list(run.training.training), run.ensemble is not None
    stream = io.StringIO(newline="")
    writer = csv.writer(stream)
    header = ["seed"] * several + ["step", "seconds", "method", "loss"]
    writer.writerow(header + [f"{n} (training)" for n in names] + [f"{n} (held out)" for n in names])
    for seed, look in ((seed, look) for seed, t in run.members.items() for look in t.history):
        row = [seed] * several + [look.step, f"{look.seconds:.3f}", look.method, repr(look.loss)]
        writer.writerow(row + [repr(look.training[n]) for n in names] + [repr(look.held_out[n]) for n in names])
    return stream.getvalue()


def _written(problem: Problem, equations: Iterable[Equation]) -> dict[str, str]:
    """Equations by name, as they are written."""
    return {e.name: equation_text(e, problem.domain.time) for e in equations}


def _statement(problem: Problem) -> dict[str, Any]:
    """What was asked for: equations and conditions as they are written, and where unknowns of experiments belong."""
    conditions = (*problem.conditions, *problem.known, *problem.inner)
    return {
        "equations": _written(problem, problem.equations),
        "conditions_written": _written(problem, conditions),
        "experiments": problem.told_experiments,
    }


def summary(run: Report) -> dict[str, Any]:
    """The contents of report.json, the contract with other programs."""
    training, comparison = run.training, run.comparison
    reference = comparison.reference or run.comparison.eigenvalues_of
    problem, settings = run.solution.problem, run.solution.settings
    return _finite(
        {
            "problem": run.name,
            "date": run.date,
            "command": run.command,
            **_statement(problem),
            "verdict": comparison.verdict,
            "reason": comparison.reason,
            "tolerance": comparison.tolerance,
            "errors": _errors(comparison),
            "quantities": {name: vars(told) for name, told in comparison.quantities.items()},
            "measured_away_from": list(comparison.corners),
            "reference": None if reference is None else _reference(reference, run.reference_memory),
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
            "slices": [
                {"parameters": s.values, "verdict": s.comparison.verdict, "errors": _errors(s.comparison)}
                for s in run.slices
            ],
            **_identified(training.identified),
            "overfitting": None if training.overfitting is None else vars(training.overfitting),
            "ensemble": _ensemble(run),
            "warnings": [*run.warnings, *training.warnings],
            "method": settings["method"],
            "choice": training.choice,
            "network": {"description": settings["network"], "parameters": run.solution.parameters_count},
            "points": training.points,
            "sampler": training.sampler,
            "redrawn_every": training.redrawn_every,
            "seed": settings["seed"],
            "device": settings["device"],
            "dtype": settings["dtype"],
            "versions": {"pinnsolve": __version__, "python": platform.python_version()}
            | {name: _version(name) for name in PACKAGES},
        }
    )


def _errors(comparison: Comparison) -> dict[str, Any]:
    return {
        u: {
            "relative_l2": e.relative_l2,
            "relative_to_variation": e.to_variation,
            "max": e.max,
            "sampling": e.sampling,
        }
        for u, e in comparison.errors.items()
    }


def _identified(found: Identified | None) -> dict[str, Any]:
    """What the data say; empty without data."""
    if found is None:
        return {"functions": {}, "correlations": {}, "data": {}}
    return {
        "functions": {name: vars(function) for name, function in found.functions.items()},
        "correlations": {f"{a}, {b}": r for (a, b), r in found.correlations.items()},
        "data": {
            n: {"misfit": m.value, "expected": m.expected, "met": m.met if math.isfinite(m.expected) else None}
            for n, m in found.misfits.items()
        },
    }


def _ensemble(run: Report) -> dict[str, Any] | None:
    """The scatter of the method over seeds; None for a single run."""
    if run.ensemble is None or run.scatter is None:
        return None
    return {
        "seeds": list(run.ensemble.seeds),
        "left_out": {str(seed): why for seed, why in run.ensemble.left_out.items()},
        "outcomes": [str(training.outcome) for training in run.members.values()],
        "errors": {u: [e[u].relative_l2 for e in run.scatter.errors] for u in run.comparison.errors},
        "spread": run.scatter.spread,
        "constants_spread": run.ensemble.constants_spread,
    }


def _parameters(solution: Solution) -> dict[str, Any]:
    """Numbers, and what was found with its standard error."""
    training = solution.training
    found = {} if training is None or training.identified is None else training.identified.constants
    known = {**solution.problem.materials, **solution.problem.tables}.items()
    told = {n: repr(v) for n, v in known if not n.startswith("_")}  # beside constants that are numbers of materials
    return {**solution.problem.parameters, **told, **{name: vars(constant) for name, constant in found.items()}}


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
