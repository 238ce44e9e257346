"""How a march over cells answers to constants: s = du/dc on the cells and steps of the march.

With r(u, c) = 0 the equations, conditions at walls and u_0(c) the start, s solves in every step

    r'(u) s + dr/dc = 0,      s(0) = du_0/dc,

whose stages are those of the step. Its factorisation, with slopes averaged over the stages, is that of Newton's method,
and is repeated until nothing is left. All constants are right sides of one factorisation.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.cells.given_across import given_by
from pinnsolve.cells.implicit_step import Scheme, Start, Step, sites_of, stretched
from pinnsolve.cells.line_traces import traces_of
from pinnsolve.cells.sites import Site
from pinnsolve.cells.stage_operator import Operator
from pinnsolve.march.second import in_modes_of
from pinnsolve.march.start import projected
from pinnsolve.march.step_solver import Counts
from pinnsolve.networks.moved import carried
from pinnsolve.networks.spread import by_features, spread
from pinnsolve.networks.tiles import Tiles
from pinnsolve.residuals.pointwise import Answers


@dataclass(frozen=True)
class Rules:
    """When a step is solved. Chosen, not measured, but for the first.

    Parameters
    ----------
    left : float
        Of a sensitivity: the last correction, which leaves a hundredth of it. Smaller: more iterations, which no step
        of Gauss and Newton needs, nor a standard error (inverse_burgers: 4e-6 is left with 1e-3, an eighth faster).
    iterations : int
    fast : float
        What an iteration may leave: more, and the factorisation of another step is not kept. Larger: more iterations.
    """

    left: float = 1e-3
    iterations: int = 25
    fast: float = 0.05


RULES = Rules()


def sensitivities(
    scheme: Scheme, steps: Sequence[Step], constants: Mapping[str, float], counts: Counts | None = None
) -> list[Tensor] | None:
    """For each step the modes (K, n, q + 1, F, M) of the sensitivities to K constants that stand at these values;
    nothing where they do not settle."""
    mesh, found, kept = steps[0].mesh, list[Tensor](), None
    joins = [k[0] for k in scheme.evolution.joins]
    start, counts = start_of(steps[0], constants), counts or Counts()
    for step in steps:
        if step.mesh.places != mesh.places:
            moved = [carried(c, mesh, step.mesh, scheme.cell, joins) for c in (start.values, start.rates)]
            start, mesh = Start(*moved), step.mesh
        known = Answered.of(step, constants)
        kept = kept if kept is not None and kept.mesh is step.mesh and kept.length == step.length else None
        solved = _solved(known, start, kept, counts)
        if solved is None:
            return None
        stages, start, kept = solved
        found.append(stages)
    return found


def start_of(step: Step, constants: Mapping[str, float]) -> Start:
    """The derivatives of what is prescribed at the start of the first step, (K, n, F, M)."""
    made = [projected(step.scheme, step.mesh, rates, constants) for rates in (False, True)]
    if step.scheme.evolution.second:
        begun = zip(
            made, (step.start.values, step.start.rates), (step.times.new_tensor([step.begin]), None), strict=True
        )
        made = [_joined(c[None], step, known[None], constants, times)[0] for c, known, times in begun]
    return Start(*made)


def _joined(
    c: Tensor, step: Step, known: Tensor, constants: Mapping[str, float], times: Tensor | None
) -> Tensor:  # fmt: skip
    """Coefficients (q, K, n, F, M) along a line with traces that are joined as those of derivatives of some that are
    known, (q, n, F, M); in more coordinates joins are rows."""
    if step.mesh.dims > 1:
        return c
    traces = traces_of(step.mesh, step.scheme.evolution, step.scheme.cell)
    return traces.joined(c, traces.given_by(known, constants, times))


@dataclass(frozen=True)
class Answered:
    """The equations of a step, linearised where it ended."""

    step: Step
    constants: Mapping[str, float]
    inside: Answers
    sites: list[tuple[Site, Answers]]

    @classmethod
    def of(cls, step: Step, constants: Mapping[str, float]) -> Answered:
        s = step.scheme
        inside = step.inside(s.points, True, constants)
        return cls(
            step, constants, inside, [(site, step.at_site(site, True, constants)) for site in sites_of(s, step.mesh)]
        )

    def operator(self) -> Operator:
        return Operator.of(self.step, self.inside, self.sites)

    def left(self, stages: Tensor, start: Start) -> tuple[Tensor, list[Tensor]]:
        """What stages (q, K, n, F, M) leave of the equations, (E, q, K, n, P), and of conditions, (m, q, K, c, P)."""
        s = self.step.scheme
        orders = {s.evolution.derivative(key[2])[1] for _, a in [(None, self.inside), *self.sites] for key in a.slopes}
        derived = {k: _derived(self.step, stages, start, k) for k in orders}
        inside = self._left(self.inside, derived, None)
        return inside, [self._left(found, derived, site) for site, found in self.sites]

    def _left(self, found: Answers, derived: Mapping[int, Tensor], site: Site | None) -> Tensor:
        step, s = self.step, self.step.scheme
        h = step.mesh.widths if site is None else step.mesh.widths[site.cells]
        n, p = len(h), s.in_cell if site is None else site.count
        made = found.by_constants(list(self.constants)).unflatten(2, (s.stages, n, p)).transpose(1, 2)
        for (e, f, alpha), slope in found.slopes.items():
            k_space, order = s.evolution.derivative(alpha)
            weight = slope.reshape(s.stages, 1, n, p) * stretched(h, k_space)[:, None]
            made[e] += weight * self._values(derived[order][:, :, :, f], site, k_space)
        return made

    def _values(self, c: Tensor, site: Site | None, k: tuple[int, ...]) -> Tensor:
        """What coefficients (q, K, n, M) are where equations or a condition stand, derived so often: (q, K, c, P)."""
        mesh, s = self.step.mesh, self.step.scheme
        if site is not None:
            return by_features(c[:, :, site.cells], site.table(mesh, s.cell, k))
        return c @ s.cell.table(s.points, k).T if mesh.region is None else spread(mesh, s.cell, s.points).values(c, k)


def _derived(step: Step, stages: Tensor, start: Start, order: int) -> Tensor:
    """The derivative along time at the stages, (q, K, n, F, M)."""
    r, found = step.scheme.radau, stages
    for begin in (start.values, start.rates)[:order]:
        found = (torch.tensordot(r.slopes, found, 1) + r.start[:, None, None, None, None] * begin) / step.length
    return found


Solved = tuple[Tensor, Start, Operator | None]


def _solved(known: Answered, start: Start, kept: Operator | None, counts: Counts) -> Solved | None:
    """The modes, what is at the end, and the factorisation, where the next step may keep it."""
    step, s = known.step, known.step.scheme
    begun = start.values.expand(s.stages, *start.values.shape).clone()
    stages = _joined(begun, step, step.stages, known.constants, step.times)
    across = None if step.mesh.dims < 2 else given_by(step, step.stages, known.constants)
    operator, before, rate = kept, 0.0, 0.0
    for _ in range(RULES.iterations):
        if operator is None:
            operator = known.operator()
            counts.factorisations += 1
            counts.operations += operator.operations[0]
        change = operator.corrections(*known.left(stages, start), stages, across)
        counts.iterations += 1
        counts.operations += operator.operations[1] * len(known.constants)
        stages = stages + change
        size, whole = (_size(c, step.mesh) for c in (change, stages))
        worst = float((size / whole.clamp(min=1e-300)).nan_to_num(nan=torch.inf).max())
        rate = worst / before if before else 0.0
        if worst < RULES.left:
            break
        if operator is kept and rate > RULES.fast:
            operator, kept, worst = None, None, 0.0
        before = worst
    else:
        return None
    ends = _derived(step, stages, start, 1)[-1] if s.evolution.second else start.rates
    each = torch.stack([torch.cat([b[None], c]) for b, c in _each(step, start, stages)], 1)  # (q + 1, K, n, F, M)
    modes = in_modes_of(s, each.flatten(1, 2)).unflatten(0, each.shape[1:3])
    return modes, Start(stages[-1], ends), operator if rate < RULES.fast else None


def _each(step: Step, start: Start, stages: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Start and stages of each constant's sensitivity; an unknown that is algebraic begins as its stages say."""
    return [(step.begun(start.values[k], stages[:, k]), stages[:, k]) for k in range(stages.shape[1])]


def _size(c: Tensor, mesh: Tiles) -> Tensor:
    """The largest of the stages' root mean squares, of all unknowns together, (K,)."""
    return (c.square().sum((-1, -2)) @ mesh.shares).sqrt().amax(0)
