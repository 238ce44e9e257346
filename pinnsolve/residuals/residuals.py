"""All residuals of a trial function on given points: values, gradients, rows of the Jacobian."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.tape import dense_rows
from pinnsolve.machine.memory import give_back
from pinnsolve.machine.room import UNLIMITED, Room
from pinnsolve.machine.world import ALONE, World
from pinnsolve.residuals.chunks import RULES, Chunk, Chunks, features_of
from pinnsolve.residuals.sites import Site
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.trial import Trial


@dataclass(frozen=True)
class Block:
    """Residuals on one chunk of points: values (n,) by name, and Jacobians (n, P) where they were asked for."""

    residuals: dict[str, Tensor]
    jacobians: dict[str, Tensor]


class Residuals:
    """All residuals of a trial function on given points.

    Parameters
    ----------
    trial : Trial
    places : list of (Site, Points)
    world : World
        The ranks that share the points: each evaluates its part of every region's. Rows come of this rank's points
        alone where they come some at a time; everything else is of all points, and the same on all ranks.
    room : Room
        How much is held at once.
    """

    def __init__(
        self, trial: Trial, places: list[tuple[Site, Points]], world: World = ALONE, room: Room = UNLIMITED
    ) -> None:  # fmt: skip
        self.trial, self.places, self.world, self.room = trial, places, world, room
        self.chunk = max(RULES.least, room.entries // max(trial.row_size, 1)) if trial.takes_jets else RULES.dense
        self.counts = {name: len(points) for site, points in places for name in site.terms}
        self._last: tuple[object, dict[str, Tensor]] | None = None  # what was trained when values were asked, and these

    @property
    def names(self) -> list[str]:
        return list(self.counts)

    def _cut(self, size: int) -> Chunks:
        mine = [(site, self.world.share(points)) for site, points in self.places]
        return Chunks(self.trial, mine, size, self.room)

    @cached_property
    def chunks(self) -> Chunks:
        """The points as a Jacobian takes them."""
        return self._cut(self.chunk)

    @cached_property
    def few(self) -> Chunks:
        """Fewer of them, where rows are so wide that those of a chunk exceed what is held at once."""
        size = max(RULES.fewest, self.room.entries // max(self.trial.row_size, 1))
        if size >= self.chunk:
            return self.chunks
        found = self._cut(size)
        found.kept = False  # they are gone through once, and what stays between wide rows leaves holes
        return found

    @cached_property
    def batches(self) -> Chunks:
        """The points as values and gradients take them: more at once, while the cache still holds them.

        Where layers are frozen they are the same, so that what these make of the points is computed once.
        """
        if self.trial.frozen:
            return self.chunks
        many = max(1.0, len(self.trial.problem.coordinates) / 8)  # derivatives along each of them
        batch = int(self.room.wide / many / max(self.trial.row_size, 1) ** 0.5)
        return self._cut(batch) if batch >= 2 * self.chunk else self.chunks

    def _each(self, chunks: Chunks) -> Iterator[Chunk]:
        """One chunk after the other; what frozen layers make of its points is let go, unless there is room for all."""
        for site, prepared, faded in chunks:
            yield site, prepared, faded
            if features_of(self.trial, prepared) is not None and not self._kept:
                prepared.inputs.known.clear()
        if self.trial.frozen and not self._kept:  # a small pass leaves little, and asking how much takes time
            give_back()

    @cached_property
    def _kept(self) -> bool:
        """Whether what frozen layers make of the points stays."""
        return self.chunks.features_fit(self.room.kept)

    @property
    def size(self) -> int:
        """The number of rows of the Jacobian."""
        return sum(self.counts.values())

    def rows_of(self, rank: int) -> int:
        """The rows that come of a rank's points."""
        parts = [(self.world.part(len(points), rank), len(site.terms)) for site, points in self.places]
        return sum((part.stop - part.start) * count for part, count in parts)

    @property
    def own(self) -> int:
        """The rows that come of this rank's points."""
        return self.rows_of(self.world.rank)

    @property
    def _begin(self) -> int:
        """The first row of this rank's, where those of all ranks stand one rank after the other."""
        return sum(map(self.rows_of, range(self.world.rank)))

    def values(self) -> dict[str, Tensor]:
        """Each residual on all its points, (N,), without gradients."""
        return {name: self._all(mine, self.counts[name]) for name, mine in self.own_values().items()}

    def own_values(self) -> dict[str, Tensor]:
        """The same on this rank's points.

        Of random features and of marches they are kept while these stay as they are: a look asks what a step has asked.
        """
        now = self._standing()
        if now is None:
            return self._own_values()
        before = None if self._last is None else self._last[0]
        same = torch.equal(before, now) if isinstance(before, Tensor) and isinstance(now, Tensor) else before is now
        if self._last is None or not same:
            self._last = now, self._own_values()
        return dict(self._last[1])

    def _standing(self) -> object | None:
        """What stands for the trial function as it is; nothing where more than that may change."""
        trial = self.trial
        if trial.elsewhere is not None or trial.functions.parameters:
            return None
        if isinstance(trial, Marched):  # before it is begun a guess stands for it, which nothing changes
            return None if trial.forward.count else (trial.state if trial.begun else trial)
        return trial.vector() if type(trial) is Trial and trial.frozen else None

    @torch.no_grad()
    def _own_values(self) -> dict[str, Tensor]:
        parts: dict[str, list[Tensor]] = {name: [] for name in self.counts}
        for site, prepared, faded in self._each(self.batches):
            at = self.trial.fields(prepared)
            for name, term in site.terms.items():
                parts[name].append(faded(term(at).value).detach())
        nothing = torch.zeros(0, dtype=self.trial.dtype, device=self.trial.device)
        return {name: torch.cat([nothing, *p]) for name, p in parts.items()}

    def _all(self, mine: Tensor, count: int) -> Tensor:
        """All ranks' numbers at the points of one region."""
        return self.world.whole(mine, self.world.part(count).start, count)

    @property
    def fallbacks(self) -> set[str]:
        """The functions that nested autograd stood in for, of all that was evaluated."""
        return {name for chunks in self._evaluated for name in chunks.fallbacks}

    @property
    def coarse(self) -> bool:
        """Whether somewhere numbers of fewer digits were combined with fields."""
        return any(chunks.coarse for chunks in self._evaluated)

    @property
    def _evaluated(self) -> list[Chunks]:
        return [vars(self)[name] for name in ("chunks", "few", "batches") if name in vars(self)]

    def rms(self) -> dict[str, float]:
        """The root mean square of each residual over its points, where the trial function has reached them."""
        if self.trial.elsewhere is not None:  # what is integrated is another function by now
            self.trial.elsewhere.panels.again()
        values, found = self.values(), {}
        for site, points in self.places:
            reached = self.trial.reached(points.coordinates)
            for name in site.terms:
                r = values[name] if reached is None else values[name][reached.to(values[name].device)]
                found[name] = float(r.square().mean().sqrt()) if len(r) else 0.0
        return found

    def linearised(self, chunks: Chunks | None = None) -> Iterator[Block]:
        """Residuals and their Jacobians, chunk by chunk."""
        for site, prepared, faded in self._each(chunks or self.chunks):
            tape = self.trial.tape(prepared)
            prepared.chart.tape = tape
            try:
                at = self.trial.fields(prepared)
                values = {name: faded(term(at).value) for name, term in site.terms.items()}
                if tape is not None:
                    rows = {name: tape.rows(r) for name, r in values.items()}
                else:
                    rows = {name: dense_rows(r, self.trial.parameters) for name, r in values.items()}
            finally:
                prepared.chart.tape = None
            yield Block({name: r.detach() for name, r in values.items()}, rows)

    def loss(self, weights: Mapping[str, float]) -> float:
        """sum over the residuals of weight * mean(r^2)."""
        values = self.own_values()
        return self._sum(sum(weights[n] / self.counts[n] * float(r.square().sum()) for n, r in values.items()))

    def _sum(self, mine: float) -> float:
        return float(self.world.sum(torch.tensor(mine, dtype=torch.float64)))

    def loss_and_gradient(self, weights: Mapping[str, float]) -> tuple[float, Tensor]:
        """The loss and its gradient (P,)."""
        loss = 0.0
        gradient = torch.zeros(self.trial.parameters_count, dtype=self.trial.dtype, device=self.trial.device)
        for site, prepared, faded in self._each(self.batches):
            if not site.terms:  # the interior of a fit without equations
                continue
            at = self.trial.fields(prepared)
            total = torch.zeros((), dtype=self.trial.dtype, device=self.trial.device)
            for name, term in site.terms.items():
                total = total + weights[name] / self.counts[name] * faded(term(at).value).square().sum()
            gradient += self._slope(total)
            loss += float(total.detach())
        return self._sum(loss), self.world.sum(gradient)

    def pieces(self, weights: Mapping[str, float]) -> Iterator[tuple[Tensor, Tensor]]:
        """The weighted residual vector, whose squares sum to the loss, and its Jacobian, some rows at a time: (n,) and
        (n, P), on this rank's points."""
        for block in self.linearised():
            for name, r in block.residuals.items():
                scale = (weights[name] / self.counts[name]) ** 0.5
                yield r * scale, block.jacobians.pop(name).mul_(scale)

    def rows(self, weights: Mapping[str, float]) -> tuple[Tensor, Tensor]:
        """All pieces as one vector (N,) and one matrix (N, P)."""
        nothing = torch.zeros(0, self.trial.parameters_count, dtype=self.trial.dtype, device=self.trial.device)
        values, jacobians = zip((nothing[:, 0], nothing), *self.pieces(weights), strict=True)
        return tuple(self.world.whole(torch.cat(p), self._begin, self.size) for p in (values, jacobians))  # type: ignore[return-value]

    @torch.no_grad()
    def vector(self, weights: Mapping[str, float]) -> Tensor:
        """The weighted residual vector (N,), in the order of `rows`."""
        parts = [torch.zeros(0, dtype=self.trial.dtype, device=self.trial.device)]
        for site, prepared, faded in self._each(self.chunks):
            at = self.trial.fields(prepared)
            scale = self._scales(site, weights)
            parts += [faded(term(at).value) * scale[name] for name, term in site.terms.items()]
        return self.world.whole(torch.cat(parts), self._begin, self.size)

    def pulled_back(self, weights: Mapping[str, float], vector: Tensor) -> Tensor:
        """J^T v (P,) for v (N,), in the order of `rows`: one backward pass."""
        found = torch.zeros(self.trial.parameters_count, dtype=self.trial.dtype, device=self.trial.device)
        start = self._begin
        for site, prepared, faded in self._each(self.chunks):
            at = self.trial.fields(prepared)
            total = torch.zeros((), dtype=self.trial.dtype, device=self.trial.device)
            scale = self._scales(site, weights)
            for name, term in site.terms.items():
                r = faded(term(at).value)
                total = total + scale[name] * (r @ vector[start : start + len(r)])
                start += len(r)
            found += self._slope(total)
        return self.world.sum(found)

    def _scales(self, site: Site, weights: Mapping[str, float]) -> dict[str, float]:
        """The root of each residual's weight a point."""
        return {name: (weights[name] / self.counts[name]) ** 0.5 for name in site.terms}

    def _slope(self, total: Tensor) -> Tensor:
        """The gradient of a number, (P,); of one on a site without residuals, as in a fit without equations, zero."""
        if not total.requires_grad:
            return torch.zeros(self.trial.parameters_count, dtype=self.trial.dtype, device=self.trial.device)
        grads = torch.autograd.grad(total, self.trial.parameters, materialize_grads=True, allow_unused=True)
        return torch.cat([g.reshape(-1) for g in grads])

    def normal_equations(self, weights: Mapping[str, float]) -> tuple[float, Tensor, Tensor]:
        """The loss, J^T r and J^T J of the weighted residual vector; J itself is never kept."""
        count = self.trial.parameters_count
        gradient = torch.zeros(count, dtype=self.trial.dtype, device=self.trial.device)
        matrix = torch.zeros(count, count, dtype=self.trial.dtype, device=self.trial.device)
        loss = 0.0
        for block in self.linearised():
            for name, r in block.residuals.items():
                scale = (weights[name] / self.counts[name]) ** 0.5
                rows = block.jacobians[name].mul_(scale)
                scaled = r * scale
                loss += float(scaled.square().sum())
                gradient.addmv_(rows.T, scaled)
                add_gram(matrix, rows)
        loss, gradient, matrix = self._sum(loss), self.world.sum(gradient), self.world.sum(matrix)
        return loss, gradient, torch.tril(matrix) + torch.tril(matrix, -1).T


def add_gram(matrix: Tensor, rows: Tensor) -> None:
    """Add J^T J to the lower triangle of a matrix, leaving out most of the upper one (PyTorch has no syrk)."""
    half = rows.shape[1] // 2
    matrix[:, :half].addmm_(rows.T, rows[:, :half])
    matrix[half:, half:].addmm_(rows[:, half:].T, rows[:, half:])
