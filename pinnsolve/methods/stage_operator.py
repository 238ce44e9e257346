"""The factorised equations of one implicit step over joined cells."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pinnsolve.algebra.chains import Chain, Prescribed
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.methods.implicit_step import Scheme, Step, in_time, traces_of
from pinnsolve.networks.intervals import Intervals
from pinnsolve.networks.traces import Traces
from pinnsolve.residuals.pointwise import Answers

Slopes = dict[tuple[int, int, Alpha], Tensor]  # (n, P), by equation, unknown and derivative


def averaged(found: Answers, stages: int, shape: tuple[int, ...]) -> Slopes:
    """Slopes averaged over the stages."""
    return {key: slope.reshape(stages, *shape).mean(0) for key, slope in found.slopes.items()}


@dataclass
class Operator:
    """The factorised equations of one step.

    Parameters
    ----------
    scheme : Scheme
    mesh : Intervals
    length : float
        Of the step.
    slopes : Slopes
    wall_slopes : pair of Slopes
        At the left and right end; without entries for a ring.
    """

    scheme: Scheme
    mesh: Intervals
    length: float
    slopes: Slopes
    wall_slopes: Sequence[Slopes]
    traces: Traces = field(init=False)
    row_weights: Tensor = field(init=False)
    chain: Chain = field(init=False)
    wall_norms: list[Tensor] = field(init=False)

    def __post_init__(self) -> None:
        s, e = self.scheme, self.scheme.evolution
        self.traces = traces_of(s, self.mesh)
        h, xi_w = self.mesh.widths, s.cell.gauss(s.points)[1]
        assert s.weights is not None
        integral = (xi_w * h[:, None] / self.mesh.length).sqrt()  # (n, P)
        order = in_time(e, self.slopes)
        ratio = self.length / s.radau.values.abs()
        steps = torch.stack([ratio**k for k in order], 1) / s.weights  # (S, E)
        self.row_weights = steps[:, None, :, None] * (integral[:, None, :] * self._masses(order))  # (S, n, E, P)
        rows = self._rows()
        ends = None if e.periodic else Prescribed(*self._walls())
        self.chain = Chain(rows, self.traces.own, ends)

    def _masses(self, order: Sequence[int]) -> Tensor:
        """1/sqrt(m), m the slope along the highest derivative in time over its mean, (n, E, P).

        So the march is measured in the energy int m u^2, where a coefficient that jumps does no harm. Where m is below
        a hundredth of its mean it counts as that: otherwise such a place would outweigh all others.
        """
        n, e = len(self.mesh), self.scheme.evolution
        squares = torch.zeros(n, len(order), self.scheme.points, dtype=torch.float64, device=self.mesh.device)
        for (i, _, alpha), slope in self.slopes.items():
            if order[i] and e.derivative(alpha)[1] == order[i]:
                squares[:, i] += slope.square()
        mean = (squares.mean(-1) * (self.mesh.widths / self.mesh.length)[:, None]).sum(0).sqrt()[:, None]
        return torch.where(mean > 0, (squares.sqrt() / mean).clamp(min=0.01).rsqrt(), torch.ones_like(squares))

    @classmethod
    def of(cls, step: Step, inside: Answers, walls: Mapping[int, Answers]) -> Operator:
        """That of a step, from its answers inside and at the ends where conditions stand, with slopes."""
        s, n = step.scheme, len(step.mesh)
        at_ends = [averaged(walls[end], s.stages, ()) if end in walls else {} for end in (0, 1)]
        return cls(s, step.mesh, step.length, averaged(inside, s.stages, (n, s.points)), at_ends)

    def parts(self) -> dict[int, Tensor]:
        """By how often they derive along time: the rows on coefficients, (n, E, P, F, M)."""
        s, e, h = self.scheme, self.scheme.evolution, self.mesh.widths
        n, count, points = len(h), len(e.problem.equations), s.points
        parts: dict[int, Tensor] = {}
        for (i, f, alpha), slope in self.slopes.items():
            k, order = e.derivative(alpha)
            if order not in parts:
                parts[order] = torch.zeros(n, count, points, s.fields, s.cell.count, dtype=h.dtype, device=h.device)
            weight = slope * ((2 / h) ** k)[:, None] if k else slope
            parts[order][:, i, :, f] += weight[..., None] * s.cell.table(points, k)
        return parts

    def _rows(self) -> Tensor:
        """(S, n, E P, own + 2 joints), complex."""
        s = self.scheme
        moved = s.radau.values / self.length
        turned = [
            (moved**k)[:, None, None, None] * self.traces.rows(part.flatten(1, 2)) for k, part in self.parts().items()
        ]
        return torch.stack(turned).sum(0) * self.row_weights.flatten(2, 3)[..., None]

    def _walls(self) -> tuple[Tensor, Tensor]:
        """The rows of each end's conditions, (S, m, D), of length one."""
        s, e = self.scheme, self.scheme.evolution
        offsets = [sum(e.joins[:f]) for f in range(s.fields)]
        made, self.wall_norms = [], []
        for end, slopes in enumerate(self.wall_slopes):
            m = sum(w.end == end for w in s.walls)
            rows = torch.zeros(len(s.radau.values), m, sum(e.joins), dtype=torch.complex128, device=s.device)
            for (i, f, alpha), slope in slopes.items():
                k, order = e.derivative(alpha)
                turned = (s.radau.values / self.length) ** order
                rows[:, i, offsets[f] + k] += slope / self.traces.scales[-end] ** k * turned
            self.wall_norms.append(torch.linalg.vector_norm(rows, dim=-1))
            made.append(rows / self.wall_norms[-1][..., None])
        return made[0], made[1]

    def correction(self, residuals: Tensor, walls: Sequence[Tensor]) -> Tensor:
        """The change of the stages (q, n, F, M) that makes residuals (E, q n P) and those at walls (m, q) vanish."""
        s, e = self.scheme, self.scheme.evolution
        n, q = len(self.mesh), s.stages
        by_stage = residuals.reshape(-1, q, n, s.points).transpose(0, 1).to(torch.complex128)
        turned = torch.tensordot(s.radau.into, by_stage, 1)
        b = -(turned.transpose(1, 2) * self.row_weights).flatten(2, 3)
        prescribed = None
        if not e.periodic:
            pairs = zip(walls, self.wall_norms, strict=True)
            prescribed = torch.cat([-(r.to(torch.complex128) @ s.radau.into.T).T / norm for r, norm in pairs], -1)
        found = self.chain.solve(b[..., None], None if prescribed is None else prescribed[..., None])
        z, left, right = (torch.tensordot(s.radau.back, part[..., 0], 1).real for part in found)
        return self.traces.coefficients(z, left, right)
