"""One step of Radau IIA collocation over joined cells, by Newton's method on the declaration's own residuals.

Numbers of a step are coefficients C (q, n, F, M) of q stages, n cells, F unknowns and M features. Each iteration

    minimises over all joined fields    sum over the stages and cells of  int |r + r' delta|^2 dx

with the slopes r' averaged over the stages, so that the stages decouple by the eigenvectors of Radau's matrix. Rows
carry the true integral: the root of Gauss weight times the cell's width, times the same factor for all cells. With as
many Gauss points as numbers that the joins leave open it is collocation.

`python -m validation.stability` shows why: with rows of equal weight the march grows on cells of unequal width; with
exact joins and true weights it does not grow where equations are of first order in time; where they are of second
order, collocation does not.

Sources: Hairer & Wanner, Solving Ordinary Differential Equations II (1996), IV.8; de Boor & Swartz, SIAM J. Numer.
Anal. 10 (1973) 582 (collocation at Gauss points).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.algebra.radau import Radau, radau
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.networks.intervals import Intervals
from pinnsolve.networks.reference_cell import ReferenceCell, legendre, reference_cell
from pinnsolve.networks.traces import Traces
from pinnsolve.residuals.pointwise import Answers, answers
from pinnsolve.trial.evolution import Evolution


@dataclass
class Scheme:
    """An evolution with the features and stages that it is solved with.

    Parameters
    ----------
    evolution : Evolution
    degree, stages : int
    device : torch.device
    weights : tensor (E,)
        What each equation's rows are divided by: the size of its terms, the same for all cells and steps.
    """

    evolution: Evolution
    degree: int
    stages: int
    device: torch.device
    weights: Tensor | None = None
    square: bool = False

    def __post_init__(self) -> None:
        self.cell: ReferenceCell = reference_cell(self.degree, self.device)
        self.radau: Radau = radau(self.stages, self.device)
        e = self.evolution
        self.square = self.square or e.second
        self.walls = [w for end in (0, 1) for w in e.walls if w.end == end]

    @property
    def points(self) -> int:
        """Gauss points of a cell: as many as its joins leave open, or one more than the degree."""
        e = self.evolution
        open_numbers = sum(self.cell.count - k for k in e.joins)
        return math.ceil(open_numbers / len(e.problem.equations)) if self.square else self.cell.count

    @property
    def fields(self) -> int:
        return len(self.evolution.joins)

    @property
    def walled(self) -> list[int]:
        """The ends at which conditions stand."""
        return sorted({w.end for w in self.walls})


@dataclass(frozen=True)
class Start:
    """Where a step starts: values (n, F, M), and rates where an unknown is of second order in time."""

    values: Tensor
    rates: Tensor


@dataclass
class Step:
    """One step on one mesh.

    Parameters
    ----------
    scheme : Scheme
    mesh : Intervals
    begin, length : float
    start : Start
    stages : tensor (q, n, F, M)
    """

    scheme: Scheme
    mesh: Intervals
    begin: float
    length: float
    start: Start
    stages: Tensor

    def derived(self, order: int) -> Tensor:
        """The coefficients of the derivative along time at the stages."""
        r, found, begins = self.scheme.radau, self.stages, (self.start.values, self.start.rates)
        for k in range(order):
            found = (torch.tensordot(r.slopes, found, 1) + r.start[:, None, None, None] * begins[k]) / self.length
        return found

    @property
    def times(self) -> Tensor:
        """Of the stages, (q,)."""
        return self.begin + self.length * self.scheme.radau.places[1:]

    def end(self) -> Start:
        rates = self.derived(1)[-1] if self.scheme.evolution.second else self.start.rates
        return Start(self.stages[-1], rates)

    def everything(self) -> Tensor:
        """Start and stages, (q + 1, n, F, M); where an unknown is algebraic, the start is what its stages say."""
        start = self.start.values
        algebraic = [f for f, order in enumerate(self.scheme.evolution.orders) if order == 0]
        if algebraic:
            c = self.scheme.radau.places[1:]
            ratio = [(c[c != c[k]] / (c[c != c[k]] - c[k])).prod() for k in range(len(c))]
            before = torch.tensordot(torch.stack(ratio), self.stages, 1)
            start = start.clone()
            start[:, algebraic] = before[:, algebraic]
        return torch.cat([start[None], self.stages])

    # ------------------------------------------------------------ residuals

    def inside(self, points: int, slopes: bool) -> Answers:
        """The equations at Gauss points of all cells and stages, (E, q n P)."""
        e, cell, h = self.scheme.evolution, self.scheme.cell, self.mesh.widths
        xi, _ = cell.gauss(points)
        q = self.scheme.stages
        x = self.mesh.points(xi).expand(q, -1, -1)
        t = self.times[:, None, None].expand_as(x)
        derived: dict[int, Tensor] = {}

        def derivative(f: int, alpha: Alpha) -> Tensor:
            k, order = e.derivative(alpha)
            if order not in derived:
                derived[order] = self.derived(order)
            value = derived[order][:, :, f] @ cell.table(points, k).T
            return (value * ((2 / h) ** k)[:, None]).flatten() if k else value.flatten()

        return answers(e.problem, e.problem.equations, e.points(x.flatten(), t.flatten()), derivative, slopes)

    def at_wall(self, end: int, slopes: bool) -> Answers:
        """The conditions at one end, at all stages: (m, q)."""
        e, cell, k_end = self.scheme.evolution, self.scheme.cell, -end
        h = self.mesh.widths[k_end]
        x = self.mesh.edges[k_end].expand(self.scheme.stages)

        def derivative(f: int, alpha: Alpha) -> Tensor:
            k, order = e.derivative(alpha)
            return self.derived(order)[:, k_end, f] @ cell.end(k)[end] * (2 / h) ** k

        conditions = [w.equation for w in self.scheme.walls if w.end == end]
        return answers(e.problem, conditions, e.points(x, self.times, end), derivative, slopes)


def traces_of(scheme: Scheme, mesh: Intervals) -> Traces:
    """What cells of a mesh share."""
    e = scheme.evolution
    return Traces(mesh, e.joins, (scheme.cell.count,) * scheme.fields, e.periodic, e.bends)


def joined(c: Tensor, mesh: Intervals, scheme: Scheme) -> Tensor:
    """Coefficients (..., n, F, M) with the traces of neighbours made equal to their mean."""
    return traces_of(scheme, mesh).joined(c)


def projected(scheme: Scheme, mesh: Intervals, rates: bool = False) -> Tensor:
    """The coefficients (n, F, M) of what is prescribed at the start, nearest in each cell."""
    e, cell = scheme.evolution, scheme.cell
    points = 2 * scheme.degree + 4  # enough for data that are no polynomials
    xi, w = cell.gauss(points)
    x = mesh.points(xi)
    found = torch.zeros(len(mesh), scheme.fields, cell.count, dtype=x.dtype, device=x.device)
    for f, u in enumerate(e.problem.unknowns):
        told = (e.rates if rates else e.starts).get(u)
        if told is not None:
            values = e.given(told, x.flatten(), e.times[0]).reshape(x.shape)
            found[:, f] = (values * w) @ legendre(xi, scheme.degree, 0)
    return found


def equation_sizes(step: Step) -> Tensor:
    """(E,): the mean slope of each equation along the highest derivative in time, times the unknown's size; of one
    without such, the size of its terms over the length of the domain."""
    e = step.scheme.evolution
    found = step.inside(step.scheme.points, slopes=True)
    sizes = torch.zeros(len(e.problem.equations), dtype=torch.float64, device=step.scheme.device)
    order = in_time(e, found.slopes)
    for (i, f, alpha), slope in found.slopes.items():
        k, times = e.derivative(alpha)
        if times == order[i]:
            sizes[i] += slope.abs().mean() * e.sizes[f] / step.mesh.length**k
    return torch.where(sizes > 0, sizes, torch.ones_like(sizes))


def in_time(evolution: Evolution, slopes: Iterable[tuple[int, int, Alpha]]) -> list[int]:
    """The order of each equation in time."""
    found = [0] * len(evolution.problem.equations)
    for equation, _, alpha in slopes:
        found[equation] = max(found[equation], evolution.derivative(alpha)[1])
    return found
