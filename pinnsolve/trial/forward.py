"""A problem with unknown constants as one that can be solved: for some values of these, without its data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pinnsolve.jets.jet import Jet
from pinnsolve.jets.leaves import Leaves
from pinnsolve.problem.local import in_place
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.reading import Sought
from pinnsolve.trial.constants import Constants
from pinnsolve.trial.functions import Functions
from pinnsolve.trial.unsaid import Unsaid, unsaid


class Forward:
    """The constants of a problem, and the problem for their values.

    Parameters
    ----------
    problem : Problem

    Attributes
    ----------
    level : int
        Of the series that stand for what the problem does not say (`trial.unsaid`).
    sought : Constants
        All numbers that are fitted to data; those that the user declared come last.
    constants : Constants
        Those that the user declared: the same numbers.
    moved : tensor (K,)
        By how much richer features moved what is trained of each.
    """

    def __init__(self, problem: Problem, dtype: torch.dtype, device: torch.device) -> None:
        self.problem, self.dtype, self.device = problem, dtype, device
        self.constants = Constants(problem.constants, dtype, device)
        self.unsaid = unsaid(problem) if problem.constants or problem.functions else Unsaid()
        self.sought = Constants({}, dtype, device)
        self.rise(0)

    def rise(self, level: int) -> None:
        """Take series of another level; terms that there were before keep their coefficients."""
        before = self.sought.values()
        self.level, more = level, self.unsaid.declared(level)
        self.sought = Constants(more, self.dtype, self.device)
        for name in more:
            self.sought.put(name, before.get(name, 0.0))
        self.sought.declared |= self.constants.declared
        self.sought.raw |= self.constants.raw
        self.conditions = self.unsaid.equations(self.problem.domain, level)
        self.moved = torch.zeros(self.count, dtype=torch.float64)

    def guess(self) -> None:
        """Begin what is not said with what data look like."""
        for name, value in zip(
            self.unsaid.declared(self.level), self.unsaid.guessed(self.problem, self.level), strict=True
        ):
            self.sought.put(name, value)

    @property
    def count(self) -> int:
        return len(self.sought.raw)

    def vector(self) -> Tensor:
        """What is trained of all of them, (K,)."""
        raw = [r.detach() for r in self.sought.raw.values()]
        return torch.cat(raw).to(torch.float64) if raw else torch.zeros(0, dtype=torch.float64)

    @torch.no_grad()
    def assign(self, vector: Tensor) -> None:
        for raw, value in zip(self.sought.raw.values(), vector.tolist(), strict=True):
            raw.fill_(value)

    @torch.no_grad()
    def take(self, vector: Tensor) -> None:
        """The numbers that the user declared alone."""
        for raw, value in zip(self.constants.raw.values(), vector.tolist(), strict=True):
            raw.fill_(value)

    def follow(self, other: Forward) -> None:
        """Take the level and the numbers of another one."""
        self.rise(other.level)
        self.assign(other.vector())

    def values(self) -> dict[str, float]:
        return self.sought.values()

    def own(self, vector: Tensor) -> Tensor:
        """Those that the user declared, of a vector (K,)."""
        return vector[len(vector) - len(self.constants.raw) :]

    def slopes(self) -> Tensor:
        """The derivatives of the constants by what is trained, (K,)."""
        return torch.tensor(list(self.sought.slopes().values()), dtype=torch.float64)

    def at(self, values: Mapping[str, float]) -> Problem:
        """The problem for some values of all that is sought, without its data; with integrals as unknowns.

        Raises
        ------
        ProblemError
            If that cannot be.
        """
        known = {name: Sought(value) for name, value in values.items()} | self.unsaid.expansions(self.level)
        return in_place(self.problem.solved_for(known, self.conditions) if self.count else self.problem)


class WrittenFunctions(Functions):
    """Unknown functions whose coefficients are among the numbers that are sought."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.forward, self.declared = forward, dict(forward.problem.functions) if forward.count else {}

    def fields(self, seen: Mapping[str, Any]) -> dict[str, Jet]:
        """The functions where coordinates are as was seen."""
        known = {**self.forward.values(), **seen}
        domain, chart = self.forward.problem.domain, next(iter(seen.values())).chart
        found = self.forward.unsaid.expansions(self.forward.level)
        return {name: e.field(domain, chart, known) for name, e in found.items()}

    def gradients(self, name: str, seen: Mapping[str, Any]) -> Tensor:
        """The derivatives of one of them by all that is trained, (N, K)."""
        chart = next(iter(seen.values())).chart
        values, slopes = self.forward.values(), self.forward.slopes()
        held = Leaves.on(chart, values)
        e = self.forward.unsaid.expansions(self.forward.level)[name]
        with torch.enable_grad():
            field = e.field(self.forward.problem.domain, chart, {**values, **held.fields(chart), **seen}).value
            grads = torch.autograd.grad(
                field.sum(), list(held.values.values()), materialize_grads=True, allow_unused=True
            )
        return torch.stack(grads, 1) * slopes.to(field.device)
