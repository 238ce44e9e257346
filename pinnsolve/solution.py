"""The trained solution: call it, differentiate it, ask for its residuals, save it and load it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from pinnsolve.calls import by_name, worded
from pinnsolve.checks.as_space import as_solved
from pinnsolve.checks.check import Findings, check
from pinnsolve.checks.contradictions import parts
from pinnsolve.checks.signature import signature
from pinnsolve.errors import Outcome, ProblemError, did_you_mean, file_path, known
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.regions import Region, interior
from pinnsolve.integrated import Integral, integral
from pinnsolve.machine.checkpoint import same
from pinnsolve.machine.model_file import read_model, write_model
from pinnsolve.networks.written import network_of
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.problem_file import declared
from pinnsolve.residuals.evaluated import Quantity
from pinnsolve.residuals.handed_out import handed_out, of_unknown
from pinnsolve.showing import Shown
from pinnsolve.training.history import Training
from pinnsolve.trial.exact import plan
from pinnsolve.trial.of_network import trial_of
from pinnsolve.trial.trial import Trial

Evaluator = Callable[..., Any]


class Solution(Shown):
    """The unknowns of a problem as functions of its coordinates.

    Each unknown is an attribute: `solution.u(x=xs, t=0.5)`, NumPy in and out, broadcasting like a ufunc. An unknown
    function asks for its own coordinates alone, `solution.k(x=xs)`, or for the unknown that it depends on: `k(T=20)`.

    Attributes
    ----------
    problem : Problem
        As it was declared.
    trial : Trial
    training : Training or None
        How it was found; None for one that was loaded.
    findings : Findings or None
        What the checks saw before training.
    conditions : dict from name to "exact" or "weighted", or to where it holds
    """

    def __init__(
        self,
        trial: Trial,
        training: Training | None = None,
        findings: Findings | None = None,
        settings: Mapping[str, Any] | None = None,
        problem: Problem | None = None,
    ) -> None:
        self.problem, self.trial = trial.problem if problem is None else problem, trial
        self.training, self.findings = training, findings
        self.settings = dict(settings or {})

    def __getattr__(self, name: str) -> Evaluator:
        problem = self.__dict__.get("problem")
        if problem is None or name.startswith("_"):
            raise AttributeError(name)
        if name not in (possible := [*problem.unknowns, *problem.functions]):
            if name in problem.parameters:
                raise AttributeError(f"'{name}' is a parameter: solution.problem.parameters['{name}']")
            hint, near, _ = did_you_mean(name, [*possible, *filter(str.islower, dir(type(self)))]).rpartition("? ")
            raise AttributeError(f"there is no unknown '{name}': {hint}{near}Possible: {', '.join(possible)}")
        return self.d(name)

    @worded
    def d(self, unknown: str, *coordinates: str) -> Evaluator:
        """A derivative of an unknown (or the unknown itself) as a function: `solution.d("u", "x", "x")(x=0, t=1)`."""
        known(unknown, [*self.problem.unknowns, *self.problem.functions], "unknown")
        alone = unknown in self.problem.of_unknowns
        along = (
            of_unknown(self.trial, unknown, coordinates, self._along) if alone else self._along(unknown, *coordinates)
        )
        return by_name(unknown, [c for c in self.problem.coordinates if c not in self._unasked(unknown)], along)

    def _along(self, unknown: str, *coordinates: str) -> Evaluator:
        others = self._unasked(unknown)
        axes = [self.problem.coordinates.index(known(c, self.problem.coordinates, "coordinate")) for c in coordinates]
        alpha = tuple(axes.count(k) for k in range(len(self.problem.coordinates)))
        wanted = {unknown: lambda at: at[unknown].dense(alpha)}
        return lambda **places: self._evaluate(wanted, others | places, derived=any(alpha))[unknown]

    @worded
    def everything(self, **places: Any) -> dict[str, Any]:
        """All unknowns at these places, by name: one evaluation of the network for all of them."""
        return self._evaluate({u: partial(_value, u) for u in self.problem.unknowns}, places, derived=False)

    def _unasked(self, name: str) -> dict[str, float]:
        """Values of the coordinates on which an unknown does not depend."""
        problem = self.problem
        mine = {n: f.coordinates for n, f in problem.functions.items() if n not in problem.of_unknowns}
        every = (mine | {n: fewer.mine for n, fewer in problem.fewer.items()}).get(name, problem.coordinates)
        return {c: m for c, m in problem.domain.middle.items() if c not in every}

    @worded
    def at(self, **values: float) -> Solution:
        """The solution at values of parameters that are its inputs, `solution.at(nu=0.05).u(x=0, t=1)`, or itself."""
        if not self.problem.ranges and not values:
            return self
        missing = [name for name in self.problem.ranges if name not in values]
        if missing:
            raise ProblemError(
                f"at(): the parameter {missing[0]} is missing", f"Give all of {', '.join(self.problem.ranges)}."
            )
        return Slice(self, values)

    def residual(self, equation: str) -> Evaluator:
        """The residual of one equation as a function of the coordinates."""
        named = {e.name: e for e in self.problem.equations}
        wanted = {equation: partial(_residual, named[known(equation, named, "equation")])}
        return by_name(equation, self.problem.coordinates, lambda **places: self._evaluate(wanted, places)[equation])

    @worded
    def residuals(self, **places: Any) -> dict[str, Any]:
        """All residuals at these places, by the names of the equations."""
        return self._evaluate({e.name: partial(_residual, e) for e in self.problem.equations}, places)

    def integral(
        self, function: Callable[..., Any], over: Region = interior, *, t: float | None = None
    ) -> Integral:  # fmt: skip
        """The integral of a function of unknowns, coordinates, parameters and normals over a part of the domain, with
        the error of its quadrature: a flux, a force, an energy. See `pinnsolve.integrated.integral`."""
        return integral(self.trial, self.problem, function, over, t)

    def _evaluate(
        self, quantities: Mapping[str, Quantity], places: Mapping[str, Any], derived: bool = True
    ) -> dict[str, Any]:
        arrays = self.problem.domain.arrays(places)
        shape = arrays[0].shape
        flat = [torch.from_numpy(np.ascontiguousarray(a, dtype=np.float64).reshape(-1).copy()) for a in arrays]
        points = Points(dict(zip(self.problem.coordinates, flat, strict=True)), torch.ones_like(flat[0]))
        out = handed_out(self.problem, self.trial, points, quantities, derived)
        return {name: values.reshape(shape)[()] for name, values in out.items()}

    @property
    def outcome(self) -> Outcome | None:
        """Why training ended, and what to do about it; None for a solution that was loaded."""
        return None if self.training is None else self.training.outcome

    @property
    def converged(self) -> bool:
        """Whether training ended as converged; what was loaded is not known to have."""
        return self.outcome is not None and self.outcome.kind == "converged"

    @property
    def estimate(self) -> float | None:
        """The relative L2 error as it is estimated without a reference; None where it cannot be."""
        return None if self.training is None else self.training.estimate

    @property
    def parameters_count(self) -> int:
        """The number of trainable parameters."""
        return self.trial.parameters_count

    @property
    def conditions(self) -> dict[str, str]:
        """Which conditions hold exactly, by construction, which are weighted residuals, and which hold where."""
        return self.trial.held()

    def summary(self) -> str:
        """The network layer by layer, with its parameter counts."""
        rows = [("layer", "what it is", "parameters")]
        rows += [(name, kind, f"{count:,}") for name, kind, count in self.trial.layers()]
        rows.append(("total", "", f"{self.parameters_count:,}"))
        widths = [max(len(r[k]) for r in rows) for k in range(3)]
        return "\n".join(f"{a:<{widths[0]}}  {b:<{widths[1]}}  {c:>{widths[2]}}" for a, b, c in rows)

    def __repr__(self) -> str:
        names = ", ".join(self.problem.unknowns)
        count = f"{self.parameters_count:,} parameters{self.trial.kind}"
        return f"Solution({names} over {self.problem.domain!r}, {count}, {self._ended})"

    @property
    def _ended(self) -> str:
        """Outcome and estimate in a few words."""
        if self.outcome is None:
            return "not trained here"
        told = "no estimate of the error" if self.estimate is None else f"estimated error {self.estimate:.0e}"
        return f"{self.outcome.kind}, {told}"

    def save(self, path: str | Path) -> None:
        """Write the network to one safetensors file, with what it takes to check that it fits a problem."""
        told = {
            "signature": signature(self.problem),
            "network": self.trial.written,
            "weighted": _numbers(self.problem, self.trial),
        }
        write_model(file_path("save", path), self.trial.tensors(), told)

    @classmethod
    @worded
    def load(
        cls, path: str | Path, problem: Problem | str | Path, network: nn.Module | None = None, device: str = "cpu"
    ) -> Solution:
        """Read a solution of this problem; the file holds numbers alone, no code.

        Parameters
        ----------
        path : path
            Of what `save` wrote, or of the folder of a run.
        problem : Problem, or the path of a problem file
        network : nn.Module, optional
            A module of the same shape, where the solution was trained with the user's own.

        Raises
        ------
        ProblemError
            If the file is none of ours, is damaged, or belongs to another problem.
        """
        if isinstance(path, Problem):
            raise ProblemError("Solution.load is given a problem first", "Write Solution.load(path, problem).")
        problem, _ = declared(problem, None)
        tensors, told = read_model(path)
        other = f"the model {path} belongs to another problem"
        same(other, told["signature"], signature(problem), "Give the problem that it was trained on.")
        written = told["network"]
        asked, problem = problem, as_solved(problem)
        given_up = [part for k, part in enumerate(parts(problem)) if k in told["weighted"]]
        described = network if network is not None else network_of(written, path)
        dtype = getattr(torch, written["dtype"])
        made = plan(problem, given_up, check(problem))
        trial = trial_of(problem, described, made, torch.Generator(), dtype, device)
        trial.restore(tensors)
        return cls(trial, problem=asked)


class Slice(Solution):
    """A solution at given values of all parameters that are its inputs; a solution of the problem with these values.

    Parameters
    ----------
    whole : Solution
    values : mapping from parameter to float

    Raises
    ------
    ProblemError
        If a name is none of the inputs; where it is evaluated, if a value lies outside its range.
    """

    def __init__(self, whole: Solution, values: Mapping[str, float]) -> None:
        for name in values:
            known(name, whole.problem.ranges, "parameter among the inputs")
        self.whole, self.values = whole, dict(values)
        given = whole.problem.with_parameters(values)
        super().__init__(whole.trial, whole.training, whole.findings, whole.settings, given)

    def _along(self, unknown: str, *coordinates: str) -> Evaluator:
        return self._at(self.whole._along(unknown, *coordinates))

    def everything(self, **places: Any) -> dict[str, Any]:
        return self._at(self.whole.everything)(**places)

    def residual(self, equation: str) -> Evaluator:
        return self._at(self.whole.residual(equation))

    def residuals(self, **places: Any) -> dict[str, Any]:
        return self._at(self.whole.residuals)(**places)

    def save(self, path: str | Path) -> None:
        """Write the whole solution, for all values."""
        self.whole.save(path)

    def _at(self, field: Evaluator) -> Evaluator:
        def evaluate(**places: Any) -> Any:
            for name in places:
                known(name, self.problem.coordinates, "coordinate")
            return field(**places, **self.values)

        return evaluate


def _value(unknown: str, at: Fields) -> torch.Tensor:
    return at[unknown].value


def _residual(equation: Equation, at: Fields) -> torch.Tensor:
    return equation.residual(at).value


def _numbers(problem: Problem, trial: Trial) -> list[int]:
    return [k for k, part in enumerate(parts(problem)) if part in trial.plan.weighted]
