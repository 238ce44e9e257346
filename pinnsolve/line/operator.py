"""The factorised equations of all cells of one coordinate, as Newton's method asks for them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pinnsolve.algebra.chains import Chain, Prescribed
from pinnsolve.line.cells import Cells
from pinnsolve.networks.traces import number_of
from pinnsolve.residuals.pointwise import Answers
from pinnsolve.trial.line import Standing


@dataclass
class LineOperator:
    """The factorised equations of all cells, linearised at what they are.

    Each row is divided by its largest entry: where equations are as many as numbers, that changes nothing but rounding.
    """

    cells: Cells
    inside: Answers
    about: Tensor | None = None  # how large coefficients are for what equations are made of, where not as they are
    chain: Chain = field(init=False)
    norms: Tensor = field(init=False)
    part: Tensor = field(init=False)  # the rows on coefficients, (n, E, P, F, M)

    def __post_init__(self) -> None:
        c, s = self.cells, self.cells.scheme
        n, e = len(c.mesh), len(s.line.problem.equations)
        part = torch.zeros(n, e, s.points, e, s.cell.count, dtype=torch.float64, device=s.device)
        for (i, f, alpha), slope in self.inside.slopes.items():
            part[:, i, :, f] += slope.reshape(n, s.points, 1) * c.table(alpha[0])
        rows, self.part = c.traces.rows(part.flatten(1, 2)), part
        self.norms = rows.abs().amax(-1).clamp(min=1e-300)  # (n, E P)
        rows = rows / self.norms[..., None]
        self._read_conditions()
        rows = self._with_inner(rows)
        ends = None if c.ring else Prescribed(self.ends[0][None], self.ends[1][None])
        self.chain = Chain(rows[None], c.traces.own, ends)

    @property
    def made(self) -> Tensor:
        """What each equation is made of at each point, (n, E P)."""
        sizes = self.cells.coefficients.abs() if self.about is None else self.about
        return (self.part.abs() * sizes[:, None, None]).sum((-1, -2)).flatten(1)

    @property
    def highest(self) -> Tensor:
        """The terms of each equation in the highest derivatives that it holds, (n, E P)."""
        found = torch.zeros_like(self.inside.residuals)
        orders = {i: max(a[0] for j, _, a in self.inside.slopes if j == i) for i, *_ in self.inside.slopes}
        for (i, f, alpha), slope in self.inside.slopes.items():
            if alpha[0] == orders[i]:
                found[i] += slope * self.inside.values[f, alpha]
        n, points = len(self.cells.mesh), self.cells.scheme.points
        return found.reshape(-1, n, points).transpose(0, 1).flatten(1)

    def _read_conditions(self) -> None:
        """What is prescribed at the ends, exactly, and rows of the joints between; all of length one."""
        c, d = self.cells, sum(self.cells.scheme.line.joins)
        last = len(c.mesh)
        at: dict[int, list[tuple[Standing, Tensor, float]]] = {}
        for condition in c.conditions:
            joint = c.joint(condition.place)
            row = self._row(c.standing(condition, slopes=True), joint)
            norm = float(row.norm()) or 1.0
            at.setdefault(joint, []).append((condition, row / norm, norm))
        self.at = at
        empty = torch.zeros(0, d, dtype=torch.float64, device=c.mesh.device)
        self.ends = [torch.stack([r for _, r, _ in at[j]]) if j in at else empty for j in (0, last)]
        self.inner = {j: told for j, told in at.items() if 0 < j < last}

    def _row(self, told: Answers, joint: int) -> Tensor:
        """A condition's slopes along the numbers of a joint, (D,)."""
        joins = self.cells.scheme.line.joins
        row = torch.zeros(sum(joins), dtype=torch.float64, device=self.cells.mesh.device)
        for (_, f, alpha), slope in told.slopes.items():
            row[number_of(joins, f, alpha[0])] += slope[0] / self.cells.traces.scales[joint] ** alpha[0]
        return row

    def _with_inner(self, rows: Tensor) -> Tensor:
        """Conditions between the ends, as rows of the cell on the right of their joint."""
        most = max((len(told) for told in self.inner.values()), default=0)
        more = rows.new_zeros(len(rows), most, rows.shape[-1])
        at = self.cells.traces.own
        for joint, told in self.inner.items():
            for k, (_, row, _) in enumerate(told):
                sides = self.cells.traces.sides
                more[joint, k, at : at + len(row)] = row if sides is None else row @ sides[0][joint]
        self.more = most
        return torch.cat([rows, more], 1)

    @classmethod
    def of(cls, cells: Cells, about: Tensor | None = None) -> LineOperator:
        return cls(cells, cells.at_points(slopes=True), about)

    @property
    def now(self) -> Tensor:
        """What the cells leave of their equations, (E, n P)."""
        return self.inside.residuals

    def correction(self, cells: Cells, inside: Tensor) -> Tensor:
        """The change of the coefficients (n, F, M) that makes residuals (E, n P) and those of conditions vanish."""
        s, n = cells.scheme, len(cells.mesh)
        b = -inside.reshape(-1, n, s.points).transpose(0, 1).flatten(1) / self.norms
        more = b.new_zeros(n, self.more)
        for joint, told in self.inner.items():
            for k, (condition, _, norm) in enumerate(told):
                more[joint, k] = -float(cells.standing(condition).residuals) / norm
        walls = None if cells.ring else self._walls(cells)
        found = self.chain.solve(torch.cat([b, more], 1)[None, ..., None], walls)
        return cells.traces.coefficients(found[0, ..., 0])

    def sensitivities(self, constants: Mapping[str, float]) -> Tensor:
        """How the solution answers to constants that stand at these values, (K, n, F, M): r'(u) s + dr/dc = 0."""
        c = self.cells
        n, points, names = len(c.mesh), c.scheme.points, list(constants)
        given = c.traces.given_by(c.coefficients[None], constants, c.mesh.edges.new_zeros(1))
        begun = c.traces.joined(
            c.coefficients.new_zeros(len(names), *c.coefficients.shape), {k: g[0] for k, g in given.items()}
        )
        traces = c.traces.of(begun)

        def source(found: Answers) -> Tensor:  # (E, N, K)
            nothing = torch.zeros_like(found.residuals)
            each = [torch.stack([found.by.get((e, name), row) for e, row in enumerate(nothing)]) for name in names]
            return -torch.stack(each, -1)

        def standing(told: list[tuple[Standing, Tensor, float]], joint: int) -> list[Tensor]:  # of (K,)
            side, cell = (0, joint) if joint < n else (1, joint - 1)
            now = traces[side][:, cell].T
            return [source(c.standing(s, slopes=True, by=constants))[0, 0] / norm - row @ now for s, row, norm in told]

        inside = source(c.at_points(slopes=False, by=constants)) - self._linear(begun)
        b = inside.unflatten(1, (n, points)).transpose(0, 1).flatten(1, 2) / self.norms[..., None]
        more = b.new_zeros(n, self.more, len(names))
        for joint, told in self.inner.items():
            more[joint, : len(told)] = torch.stack(standing(told, joint))
        at_ends = [row for joint in (0, n) for row in standing(self.at.get(joint, []), joint)]
        walls = None if c.ring else torch.stack(at_ends)[None] if at_ends else b.new_zeros(1, 0, len(names))
        found = self.chain.solve(torch.cat([b, more], 1)[None], walls)
        return begun + c.traces.coefficients(found[0].movedim(-1, 0))

    def _linear(self, c: Tensor) -> Tensor:
        """What the linearised equations make of coefficients (K, n, F, M), (E, N, K)."""
        found = c.new_zeros(*self.inside.residuals.shape, len(c))
        for (i, f, alpha), slope in self.inside.slopes.items():
            values = (self.cells.table(alpha[0]) @ c[:, :, f, :, None])[..., 0]
            found[i] += slope[:, None] * values.flatten(1).T
        return found

    def answer_to(self, noise: Tensor) -> Tensor:
        """The change (n, F, M) where equations are off at each point by so much, (n, E P)."""
        b = torch.cat([noise / self.norms, noise.new_zeros(len(noise), self.more)], 1)
        found = self.chain.solve(b[None, ..., None])
        return self.cells.traces.coefficients(found[0, ..., 0])

    def _walls(self, cells: Cells) -> Tensor:
        """What is prescribed of the change at the ends, (1, m, 1)."""
        given: list[Tensor] = []
        for joint in (0, len(cells.mesh)):
            for condition, _, norm in self.at.get(joint, []):
                given.append(-cells.standing(condition).residuals[0] / norm)
        return torch.cat(given)[None, :, None] if given else torch.zeros(1, 0, 1, dtype=torch.float64)
