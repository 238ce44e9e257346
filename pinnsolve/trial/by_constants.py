"""A solution as a function of the unknown constants alone: equations and conditions hold for all values of these."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Protocol

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.trial.forward import Forward, WrittenFunctions
from pinnsolve.trial.of_cells import InCells, OfCells
from pinnsolve.trial.trial import Trial


class Solved(Protocol):
    """A solution for some values of the constants."""

    @property
    def trial(self) -> OfCells: ...
    @property
    def values(self) -> Mapping[str, float]: ...

    @property
    def left(self) -> float:
        """What its cells leave, relative to the unknowns."""
        ...

    @property
    def asked(self) -> float:
        """The tolerance with which its cells were found; zero where these are the same for any."""
        ...

    def tangents(self) -> Tensor | None:
        """Its derivatives by the constants, as coefficients (K, ...) on the same cells, or those of a solution nearby;
        nothing without such."""
        ...

    def told_by(self, derivatives: Tensor | None) -> None:
        """Take these as its derivatives, or none: then they are its own."""
        ...

    def give(self, trial: OfCells) -> None:
        """Let a trial function keep it."""
        ...


Solver = Callable[[Mapping[str, float], Solved | None], Solved | None]


class ByConstants(Trial):
    """Parameters
    ----------
    of : OfCells
        Whose constants these are.
    solver : callable (values, a solution for others) -> Solved or None
        Solves the equations; nothing where that fails.
    """

    frozen = 1  # what is solved for is all but linear in what is trained, near a solution

    def __init__(self, of: OfCells, solver: Solver, begun: Solved | None = None) -> None:
        self.problem, self.plan, self.dtype, self.device = of.problem, of.plan, of.dtype, of.device
        self.forward = Forward(of.problem, of.dtype, of.device, of.plan.sizes)
        self.forward.follow(of.forward)
        self.constants, self.solver = self.forward.constants, solver
        self.functions = WrittenFunctions(self.forward)
        self.known: dict[tuple[float, ...], Solved | None] = {}
        self.last = begun
        if begun is not None:
            self.known[self.key] = begun

    @property
    def key(self) -> tuple[float, ...]:
        return tuple(self.vector().tolist())

    def solved(self) -> Solved | None:
        """The solution for the constants as they are."""
        if self.key not in self.known:
            found = self.solver(self.forward.values(), self.last)
            if len(self.known) >= 8:  # profiles return to where they began
                del self.known[next(iter(self.known))]
            self.known[self.key] = found
        found = self.known[self.key] = self.known.pop(self.key)  # what was asked for lately goes last
        self.last = found or self.last
        return found

    @property
    def parameters_count(self) -> int:
        return self.forward.count

    def vector(self) -> Tensor:
        return self.forward.vector()

    @torch.no_grad()
    def assign(self, vector: Tensor) -> None:
        self.forward.assign(vector)

    def prepare(self, points: Points) -> InCells:  # type: ignore[override]
        points = points.to(self.dtype, self.device)
        return InCells(points, *points.chart())

    def unknowns(self, prepared: InCells) -> dict[str, Jet]:  # type: ignore[override]
        """Those of the solution for the constants as they are; none where there is none."""
        solved = self.solved()
        return {} if solved is None else solved.trial.unknowns(solved.trial.prepare(prepared.points))

    def gradients(self, points: Points) -> dict[str, tuple[Tensor, Tensor]]:
        """The unknowns at some points (N,), and their derivatives by what is trained there, (N, K), on the CPU."""
        solved = self.solved()
        tangents = None if solved is None else solved.tangents()
        if solved is None or tangents is None:
            return {}
        of, found = solved.trial, {}
        prepared = of.prepare(points)
        alpha = (0,) * len(self.problem.coordinates)
        for f, u in enumerate(self.problem.unknowns):
            each = [of.part(prepared, of.gathered(prepared, f, t), alpha) for t in (None, *tangents)]
            value, *slopes = (v.to("cpu", torch.float64) for v in each)
            found[u] = (value, torch.stack(slopes, 1) * self.forward.slopes())
        return found
