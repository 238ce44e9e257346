"""A guard at run time: whether what a march carries from step to step grows where the equations do not let it.

A step takes what stands at its start to its end; for small changes that is a matrix G, the step's operator (`growth`).
Beside the march a change is carried along by the factors that are at hand, one solution a step:

    rough   random numbers in all coefficients: all that rounding may excite
    even    where the rough one has grown: one bump over all of space, from there on, which grows as equations let it

If the rough one then grows once more, and more than the even one, and what has grown lies in the features of highest
degree, which resolved solutions hardly use, the discretisation makes it. It does at steps that are short beside the
cells alone, of which there are many: longer ones are not looked at.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Scheme, Start, Step, stretched
from pinnsolve.cells.rows import Slopes, features_in
from pinnsolve.cells.stage_operator import Operator
from pinnsolve.march.step_solver import norm
from pinnsolve.networks.spread import spread
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Rules:
    """What is looked at, and what is too much. Measured on drums and on mutants (`tests/test_guard.py`).

    Parameters
    ----------
    short : float
        Of all time: longer steps are not looked at, since too few of them follow. Larger: more solutions.
    waits : int
        So many short steps before: fewer of them make nothing grow that counts. Larger: it is seen later. Smaller: more
        solutions.
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
    waits: int = 20
    settling: int = 20
    much: float = 3.0
    rough: float = 1e-3


RULES = Rules()


@dataclass
class Carried:
    """The changes of a march, and how much they have grown.

    Parameters
    ----------
    scheme : Scheme
    change : Start
        The rough one.
    grown : float
        The logarithm of how much it has.
    low : float
        The least of that, since the even one began.
    level : float
        The most by which it rose while it settled.
    steps : int
        That were looked at.
    waited : int
        Short steps before.
    even : list of Start
        The even one, where there is one.
    even_grown : float
    sizes : tensor (F,)
        Of the unknowns when it began: norms in others would tell of these.
    """

    scheme: Scheme
    change: Start
    sizes: Tensor
    grown: float = 0.0
    low: float = 0.0
    level: float = 0.0
    steps: int = 0
    even_grown: float = 0.0
    waited: int = 0
    even: list[Start] = field(default_factory=list)

    @classmethod
    def begun(cls, scheme: Scheme, mesh: Tiles, sizes: Tensor) -> Carried:
        """A change on a mesh, of the size of the unknowns (F,); that of rates is none."""
        return cls(scheme, _rough(scheme, mesh, sizes), sizes)

    def move(self, change: Callable[[Tensor], Tensor]) -> None:
        """Go on to other cells."""
        if not self.steps:
            return
        self.change, *self.even = [Start(change(c.values), change(c.rates)) for c in (self.change, *self.even)]

    def after(self, step: Step, operator: Operator, span: float) -> None:
        """Go on through a step that was solved with this operator."""
        if step.length > RULES.short * span:
            return
        if self.waited < RULES.waits:
            self.waited += 1
            return
        if not self.steps:
            self.change = _rough(self.scheme, step.mesh, self.sizes)
        end, grown = _through(step, operator, self.change, self.sizes)
        self.change, self.grown = end, self.grown + grown
        for even in self.even:
            end, grown = _through(step, operator, even, self.sizes)
            self.even, self.even_grown = [end], self.even_grown + grown
        self.steps += 1
        self.low = min(self.low, self.grown)
        if self.steps <= RULES.settling:
            self.level = max(self.level, self.grown - self.low)

    def grows(self, mesh: Tiles) -> bool:
        """Whether the march does what the equations do not."""
        if not self.grown - self.low > self.level + RULES.much:
            return False
        if not self.even:
            self.even, self.low = [self._bump(mesh)], self.grown
            return False
        if not self.grown - self.low - max(self.even_grown, 0.0) > self.level + RULES.much:
            return False
        c, top = self.change.values, self.scheme.cell.powers.sum(1) >= self.scheme.cell.degree - 1
        return bool(norm(c * top, mesh, self.sizes) ** 2 > RULES.rough * norm(c, mesh, self.sizes) ** 2)

    def _bump(self, mesh: Tiles) -> Start:
        """Nothing at walls, and one in the middle; one everywhere along a ring."""
        e, cell = self.scheme.evolution, self.scheme.cell
        inside = spread(mesh, cell, self.scheme.degree + 4)
        low = torch.tensor([a for a, _ in e.extent], dtype=torch.float64, device=mesh.device)
        inner = torch.tensor([not ring for ring in e.rings], device=mesh.device)
        part = (inside.places - low) / mesh.lengths
        shape = torch.where(inner, (math.pi * part).sin() ** 2, torch.ones_like(part)).prod(-1)
        values = inside.nearest(shape)[:, None] * self.sizes[:, None]
        return Start(values, torch.zeros_like(values))


def _rough(scheme: Scheme, mesh: Tiles, sizes: Tensor) -> Start:
    shape = len(mesh), scheme.fields, scheme.cell.count
    rough = torch.randn(shape, generator=torch.Generator().manual_seed(0), dtype=torch.float64).to(mesh.device)
    return Start(rough * sizes[:, None], torch.zeros_like(rough))


def _through(step: Step, operator: Operator, change: Start, sizes: Tensor) -> tuple[Start, float]:
    """What a change at a step's start is at its end, as the equations are linearised in the operator, as large as one;
    and the logarithm of its growth. Factors of half the digits, and those that stages share, are iterated upon."""
    s, n = step.scheme, len(step.mesh)
    moved = Step(s, step.mesh, step.begin, step.length, change, torch.zeros_like(step.stages))
    cells = torch.arange(n, device=step.mesh.device)
    for _ in range(2 if operator.iterated else 1):
        tables = {k: features_in(s, step.mesh, cells, k) for k in _orders(operator, operator.slopes)}
        inside = _linear(moved, operator.slopes, cells, tables, len(s.evolution.equations))
        walls = []
        for site, slopes in operator.sites:
            here = {k: site.table(step.mesh, s.cell, k) for k in _orders(operator, slopes)}
            walls.append(_linear(moved, slopes, site.cells, here, len(site.conditions)))
        moved.stages = moved.stages + operator.correction(inside, walls, moved.stages)
    end = moved.end()
    before, now = (max(float(norm(c.values, step.mesh, sizes)), 1e-300) for c in (change, end))
    return Start(end.values / now, end.rates / now), math.log(now / before)


def _orders(operator: Operator, slopes: Slopes) -> set[tuple[int, ...]]:
    return {operator.scheme.evolution.derivative(alpha)[0] for _, _, alpha in slopes}


def _linear(step: Step, slopes: Slopes, cells: Tensor, tables: dict[tuple[int, ...], Tensor], count: int) -> Tensor:
    """Linearised equations or conditions at all stages of a step, (count, q c P)."""
    s, derived = step.scheme, dict[int, Tensor]()
    points = next(iter(tables.values())).shape[-2]
    found = torch.zeros(count, s.stages, len(cells), points, dtype=torch.float64, device=cells.device)
    still = not bool(step.stages.any())  # at first, and then what does not derive along time says nothing
    for (i, f, alpha), slope in slopes.items():
        k, order = s.evolution.derivative(alpha)
        if still and not order:
            continue
        if order not in derived:
            derived[order] = step.derived(order)[:, cells]
        mine, table = derived[order][:, :, f], tables[k]  # of features that all cells share one product
        there = mine @ table.T if table.dim() == 2 else (table @ mine[..., None])[..., 0]
        found[i] += slope * stretched(step.mesh.widths[cells], k)[:, None] * there
    return found.flatten(1)
