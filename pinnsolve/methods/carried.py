"""A guard at run time: whether what a march carries from step to step grows where the equations do not let it.

A step takes what stands at its start to its end; for small changes that is a matrix G, the step's operator (`growth`).
Two changes are looked at, by the factors that are at hand, one solution a step each:

    rough   random numbers in all coefficients, carried along beside the march: all that rounding may excite
    even    one everywhere, at the start of each step anew: what grows of it, the equations themselves let grow

If the rough one grows more than the even one, and what has grown lies in the features of highest degree, which resolved
solutions hardly use, the discretisation makes it. It does at steps that are short beside the cells alone, of which
there are many: longer ones are not looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.methods.implicit_step import Scheme, Start, Step, stretched
from pinnsolve.methods.rows import Slopes
from pinnsolve.methods.stage_operator import Operator
from pinnsolve.methods.step_solver import norm
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Rules:
    """What is looked at, and what is too much. Measured on drums and on mutants (`tests/test_guard.py`).

    Parameters
    ----------
    short : float
        Of all time: longer steps are not looked at, since too few of them follow. Larger: more solutions.
    settling : int
        So many steps may do with a change what they like: it goes from values to rates and back.
    much : float
        e to this power: what may be grown since then. Larger: a solution is lost before anybody says so. Smaller: what
        swings is taken for what grows.
    rough : float
        The part of the square in the highest degree and the one below. Larger: growth that joins make is let pass.
        Smaller: what equations themselves let grow in waves (Kuramoto-Sivashinsky's: 1e-8) is taken for a fault.
    """

    short: float = 1 / 50
    settling: int = 20
    much: float = 3.0
    rough: float = 1e-3


RULES = Rules()


@dataclass
class Carried:
    """The rough change of a march, and how much it has grown.

    Parameters
    ----------
    scheme : Scheme
    change : Start
    grown : float
        The logarithm of how much more than an even one.
    level : float
        The most of that while it settled.
    steps : int
        That were looked at.
    """

    scheme: Scheme
    change: Start
    grown: float = 0.0
    level: float = 0.0
    steps: int = 0

    @classmethod
    def begun(cls, scheme: Scheme, mesh: Tiles, sizes: Tensor) -> Carried:
        """A change on a mesh, of the size of the unknowns (F,); that of rates is none."""
        shape = len(mesh), scheme.fields, scheme.cell.count
        rough = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(mesh.device)
        return cls(scheme, Start(rough * sizes[:, None], torch.zeros_like(rough)))

    def move(self, change: Callable[[Tensor], Tensor]) -> None:
        """Go on to other cells."""
        self.change = Start(change(self.change.values), change(self.change.rates))

    def after(self, step: Step, operator: Operator, sizes: Tensor, span: float) -> None:
        """Go on through a step that was solved with this operator."""
        if step.length > RULES.short * span:
            return
        even = torch.zeros_like(self.change.values)
        even[..., 0] = sizes
        for sign, change in ((1, self.change), (-1, Start(even, torch.zeros_like(even)))):
            end = _through(step, operator, change)
            before, now = (max(float(norm(c.values, step.mesh, sizes)), 1e-300) for c in (change, end))
            grown = math.log(now / before)
            if sign > 0:
                self.change, self.grown = Start(end.values / now, end.rates / now), self.grown + grown
            else:
                self.grown -= max(grown, 0.0)
        self.steps += 1
        if self.steps <= RULES.settling:
            self.level = max(self.level, self.grown)

    def grows(self, mesh: Tiles, sizes: Tensor) -> bool:
        """Whether the march does what the equations do not."""
        if not self.grown > self.level + RULES.much:
            return False
        c, top = self.change.values, self.scheme.cell.powers.sum(1) >= self.scheme.cell.degree - 1
        return bool(norm(c * top, mesh, sizes) ** 2 > RULES.rough * norm(c, mesh, sizes) ** 2)


def _through(step: Step, operator: Operator, change: Start) -> Start:
    """What a change at a step's start is at its end, as the equations are linearised in the operator. Factors of half
    the digits are iterated upon."""
    s, n = step.scheme, len(step.mesh)
    moved = Step(s, step.mesh, step.begin, step.length, change, torch.zeros_like(step.stages))
    cells = torch.arange(n, device=step.mesh.device)
    for _ in range(2 if operator.brief else 1):
        tables = {k: s.cell.table(s.points, k) for k in _orders(operator, operator.slopes)}
        inside = _linear(moved, operator.slopes, cells, tables, len(s.evolution.equations))
        walls = []
        for site, slopes in operator.sites:
            here = {k: s.cell.features(site.xi, k) for k in _orders(operator, slopes)}
            walls.append(_linear(moved, slopes, site.cells, here, len(site.conditions)))
        moved.stages = moved.stages + operator.correction(inside, walls, moved.stages)
    return moved.end()


def _orders(operator: Operator, slopes: Slopes) -> set[tuple[int, ...]]:
    return {operator.scheme.evolution.derivative(alpha)[0] for _, _, alpha in slopes}


def _linear(step: Step, slopes: Slopes, cells: Tensor, tables: dict[tuple[int, ...], Tensor], count: int) -> Tensor:
    """Linearised equations or conditions at all stages of a step, (count, q c P)."""
    s, derived = step.scheme, dict[int, Tensor]()
    points = len(next(iter(tables.values())))
    found = torch.zeros(count, s.stages, len(cells), points, dtype=torch.float64, device=cells.device)
    for (i, f, alpha), slope in slopes.items():
        k, order = s.evolution.derivative(alpha)
        if order not in derived:
            derived[order] = step.derived(order)[:, cells]
        found[i] += slope * stretched(step.mesh.widths[cells], k)[:, None] * (derived[order][:, :, f] @ tables[k].T)
    return found.flatten(1)
