"""Newton's method on one implicit step, which keeps its factorisation while that serves."""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from pinnsolve.methods.implicit_step import Scheme, Step
from pinnsolve.methods.stage_operator import Operator, Slopes, averaged
from pinnsolve.networks.intervals import Intervals


@dataclass(frozen=True)
class Rules:
    """What decides in Newton's method. Values are those of the prototypes, where they were measured one by one."""

    iterations: int = 10  # before the step is given up; more: time on steps that are too long
    contracts: float = 0.05  # a factorisation is kept while each iteration leaves less; larger: more iterations
    anew: float = 0.4  # it is made anew within a step where an iteration leaves more; larger: more iterations
    away: float = 1e3  # of the unknowns' sizes: a change that large leads nowhere


RULES = Rules()


def norm(c: Tensor, mesh: Intervals, sizes: Tensor) -> Tensor:
    """The root mean square over space of fields (..., n, F, M), each relative to its size: (...,)."""
    square = (c / sizes[:, None]).square().sum((-1, -2))
    return (square @ mesh.widths / mesh.length).sqrt()


@dataclass
class Counts:
    """How often what was done."""

    iterations: int = 0
    factorisations: int = 0


@dataclass
class StepSolver:
    """Newton's method with slopes averaged over the stages.

    Parameters
    ----------
    scheme : Scheme
    sizes : tensor (F,)
        Of the unknowns.
    left : float
        The change that may be left, relative to them.
    constant : bool
        Whether one iteration solves the equations: they are linear, with slopes that do not change in time.
    """

    scheme: Scheme
    sizes: Tensor
    left: float
    constant: bool = False
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.operator: Operator | None = None
        self.rate = 1.0

    def solve(self, step: Step) -> bool:
        """Solve for the stages, in place; whether it settled."""
        before = None
        for k in range(1, RULES.iterations + 1):
            change = self._change(step, self._fresh(step, k))
            step.stages = step.stages + change
            self.counts.iterations += 1
            size = float(norm(change, step.mesh, self.sizes).max())
            if not size < RULES.away:
                return self._failed()
            self.rate = size / before if before else 0.0
            if self.constant or size < self.left or (before and self.rate < 0.5 and size * self.rate < 3 * self.left):
                return True
            if k > 4 and self.rate > 1:
                break
            before = size
        return self._failed()

    def forget(self) -> None:
        """Make the next factorisation anew, as a march that is taken up again does."""
        self.operator, self.rate = None, 1.0

    def _failed(self) -> bool:
        self.forget()
        return False

    def _fresh(self, step: Step, iteration: int) -> bool:
        """Whether the factorisation must be made anew."""
        kept = self.operator
        if kept is None or kept.mesh is not step.mesh or kept.length != step.length:
            return True
        if iteration == 1:
            return self.rate > RULES.contracts and not self.constant
        return iteration in (3, 6) and self.rate > RULES.anew

    def _change(self, step: Step, fresh: bool) -> Tensor:
        s = self.scheme
        inside = step.inside(s.points, slopes=fresh)
        walls = {end: step.at_wall(end, slopes=fresh) for end in s.walled}
        if fresh:
            self.operator = Operator.of(step, inside, walls)
            self.counts.factorisations += 1
        assert self.operator is not None
        nothing = torch.zeros(0, s.stages, dtype=torch.float64, device=s.device)
        return self.operator.correction(
            inside.residuals, [walls[end].residuals if end in walls else nothing for end in (0, 1)]
        )


def is_constant(step: Step, span: float) -> bool:
    """Whether equations and conditions are linear, with slopes that do not change in time: seen at two times and on
    two fields."""
    moved = replace(step, begin=step.begin + 0.61 * span, stages=1.7 * step.stages + 0.3)  # no period of anything
    for here, there in zip(_slopes(step), _slopes(moved), strict=True):
        if here.keys() != there.keys() or any(not torch.equal(here[k], there[k]) for k in here):
            return False
    return True


def _slopes(step: Step) -> list[Slopes]:
    s = step.scheme
    found = [averaged(step.inside(s.points, slopes=True), s.stages, (len(step.mesh), s.points))]
    return found + [averaged(step.at_wall(end, slopes=True), s.stages, ()) for end in s.walled]
