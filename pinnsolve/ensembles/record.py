"""Several runs of one problem that differ by their seed alone: their mean, and the scatter of the method.

The spread is the standard deviation over the members,

    s(x)^2 = sum_k (u_k(x) - mean(x))^2 / (M - 1).

It measures how repeatable the method is over first weights and points. It is no confidence interval for the error: what
all members get wrong alike (an equation, a front that none of them resolves) does not show in it.

Source: deep ensembles, Lakshminarayanan, Pritzel & Blundell, NeurIPS 2017; here without any claim of calibration.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from torch import nn

from pinnsolve.calls import by_name
from pinnsolve.errors import ProblemError, file_path
from pinnsolve.problem.problem import Problem
from pinnsolve.solution import Evaluator, Solution
from pinnsolve.training.history import Training
from pinnsolve.trial.mean import Mean

LEAST = 2  # members: one alone has no spread; more would refuse what some have time for


class Ensemble(Solution):
    """The mean of several solutions of one problem, and their spread.

    It is used like any solution: `ensemble.u(x=..., t=...)` is the mean over the members, `ensemble.d("u", "x")` its
    derivative, `ensemble.residual(...)` the residual of the mean. Its `training` tells of all members together:
    seconds, steps, points and parameters are sums over them, residuals are those of the mean.

    Attributes
    ----------
    members : tuple of Solution
        Those in the mean.
    seeds : tuple of int
        Theirs.
    left_out : dict from seed to str
        Which members are not in the mean, and why.
    """

    def __init__(
        self, members: Mapping[int, Solution], left_out: Mapping[int, str] | None = None,
        training: Training | None = None,
    ) -> None:  # fmt: skip
        first = next(iter(members.values()))
        self.members, self.seeds, self.left_out = tuple(members.values()), tuple(members), dict(left_out or {})
        told = [f"the member of seed {seed} is left out of the mean: {why}" for seed, why in self.left_out.items()]
        findings = first.findings and replace(first.findings, warnings=[*first.findings.warnings, *told])
        kept = {} if training is None else {"method": training.method, "network": training.network}
        super().__init__(
            Mean([m.trial for m in self.members]), training, findings, first.settings | kept, first.problem
        )

    def spread(self, unknown: str, *coordinates: str) -> Evaluator:
        """The standard deviation over the members (ddof = 1), of an unknown or a derivative of it, as a function.

        `ensemble.spread("u")(x=..., t=...)` is in the unknown's own units, broadcasting like a ufunc. It is the scatter
        of the method over seeds, that is over first weights and points, not a confidence interval for the error: all
        members may be wrong alike.
        """
        fields = [member.d(unknown, *coordinates) for member in self.members]
        name, places = f"spread of {unknown}", self.problem.coordinates
        return by_name(name, places, lambda **at: np.std([field(**at) for field in fields], axis=0, ddof=1))

    def spreads(self, **places: Any) -> dict[str, Any]:
        """The standard deviation of every unknown at these places."""
        each = [member.everything(**places) for member in self.members]
        return {u: np.std([values[u] for values in each], axis=0, ddof=1) for u in self.problem.unknowns}

    @property
    def constants_spread(self) -> dict[str, float]:
        """The standard deviation over the members (ddof = 1) of each unknown constant."""
        values = [member.trial.constants.values() for member in self.members]
        return {name: float(np.std([v[name] for v in values], ddof=1)) for name in values[0]}

    def __repr__(self) -> str:
        names, seeds = ", ".join(self.problem.unknowns), ", ".join(map(str, self.seeds))
        return f"Ensemble({names} over {self.problem.domain!r}, seeds {seeds}, {self._ended})"

    def save(self, path: str | Path) -> None:
        """Write each member to a safetensors file of its own: `model.safetensors` becomes `model-0.safetensors` and so
        on, by seed; an earlier ensemble of that name is replaced."""
        path = file_path("save", path)
        for old in _files(path).values():
            old.unlink()
        for seed, member in zip(self.seeds, self.members, strict=True):
            member.save(path.with_stem(f"{path.stem}-{seed}"))

    @classmethod
    def load(
        cls, path: str | Path, problem: Problem | str | Path, network: nn.Module | None = None, device: str = "cpu"
    ) -> Ensemble:
        """Read the members that `save` wrote under this path; see `Solution.load`."""
        files = _files(file_path("Ensemble.load", path))
        if len(files) < LEAST:
            raise ProblemError(f"there is no ensemble under {path}", "It is written by Ensemble.save, with this path.")
        return cls({seed: Solution.load(file, problem, network, device) for seed, file in files.items()})


def _files(path: Path) -> dict[int, Path]:
    """The members that are saved under a path, by seed."""
    found = {file.stem.removeprefix(f"{path.stem}-"): file for file in path.parent.glob(f"{path.stem}-*{path.suffix}")}
    return {int(seed): found[seed] for seed in sorted((s for s in found if s.isdecimal()), key=int)}
