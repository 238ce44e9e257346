"""A problem with unknown constants as one that can be solved: for some values of these, without its data."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import torch
from torch import Tensor

from pinnsolve.jets.jet import Jet
from pinnsolve.jets.leaves import Leaves
from pinnsolve.problem.expansion import Expansion, Reach
from pinnsolve.problem.local import in_place
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.reading import Sought
from pinnsolve.trial.constants import Constants
from pinnsolve.trial.functions import Functions
from pinnsolve.trial.reach import reaches_of, refitted
from pinnsolve.trial.unsaid import Unsaid, unsaid


class Forward:
    """The constants of a problem, and the problem for their values.

    Parameters
    ----------
    problem : Problem
    sizes : mapping from unknown to Size, optional
        How large unknowns are, on which unknown functions depend.

    Attributes
    ----------
    level : int
        Of the series that stand for what the problem does not say (`trial.unsaid`).
    sought : Constants
        All numbers that are fitted to data; those that the user declared come last.
    constants : Constants
        Those that the user declared: the same numbers.
    reach : dict from unknown function to tuple of (low, high)
        Of those that depend on unknowns: between which values of their arguments their series stand.
    moved : tensor (K,)
        By how much richer features moved what is trained of each.
    """

    def __init__(
        self, problem: Problem, dtype: torch.dtype, device: torch.device, sizes: Mapping[str, Size] | None = None
    ) -> None:  # fmt: skip
        self.problem, self.dtype, self.device = problem, dtype, device
        self.constants = Constants(problem.constants, dtype, device)
        self.unsaid = unsaid(problem) if problem.constants or problem.functions else Unsaid()
        self.sought, self.reach = Constants({}, dtype, device), reaches_of(problem, sizes or {})
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
        self.reach = dict(other.reach)

    def values(self) -> dict[str, float]:
        return self.sought.values()

    def expansions(self) -> dict[str, Expansion]:
        """The unknown functions, as functions of these numbers."""
        return self.unsaid.expansions(self.level, self.reach)

    def stretch(self, name: str, reach: Reach) -> None:
        """Let the series of a function of unknowns stand between other values, as near to what it is as it can."""
        before = self.expansions()[name]
        self.reach[name] = reach
        for n, value in zip(before.names, refitted(before, self.expansions()[name], self.values()), strict=True):
            self.sought.put(n, value)

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
        known = {name: Sought(value) for name, value in values.items()} | self.expansions()
        return in_place(self.problem.solved_for(known, self.conditions) if self.count else self.problem)


class WrittenFunctions(Functions):
    """Unknown functions whose coefficients are among the numbers that are sought."""

    def __init__(self, forward: Forward) -> None:
        super().__init__()
        self.forward, self.declared = forward, dict(forward.problem.functions) if forward.count else {}
        self.problem = forward.problem

    def fields(self, seen: Mapping[str, Any], unknowns: Mapping[str, Jet]) -> dict[str, Jet]:
        """The functions where coordinates are as was seen, and unknowns as given."""
        at = {**seen, **unknowns}
        return self.told({name: self._field(name, at) for name in self.declared}, at)

    def alone(self, name: str, at: Mapping[str, Jet]) -> Jet:
        return self._field(name, at)

    def along(self, name: str, seen: Mapping[str, Any]) -> Jet:
        return self._field(name, seen)

    def _field(self, name: str, at: Mapping[str, Any]) -> Jet:
        chart, e = next(iter(at.values())).chart, self.forward.expansions()[name]
        found: Jet = e.field(self.forward.problem.domain, chart, {**self.forward.values(), **at})
        return found

    def gradients(self, name: str, at: Mapping[str, Jet]) -> Tensor:
        """The derivatives of one of them by all that is trained, (N, K)."""
        chart = next(iter(at.values())).chart
        slopes, held = self.forward.slopes(), Leaves.on(chart, self.forward.values())
        with torch.enable_grad():
            field = self._field(name, {**at, **held.fields(chart)}).value
            grads = torch.autograd.grad(
                field.sum(), list(held.values.values()), materialize_grads=True, allow_unused=True
            )
        return torch.stack(grads, 1) * slopes.to(field.device)
