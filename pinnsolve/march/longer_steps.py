"""Which steps solve a known march again with more stages: where fewer ones will do, as long as its longest on the same
cells, and all of one length.

A march feels its way, so that most of its steps are shorter than need be, and every other length is factorised anew.
What is known tells where longer steps do: where polynomials of their degree lose no more of it,

    sum over the long steps of  int |u - P u|^2 dt   <=   sum over the known ones of  length x (what each leaves out)^2

with P the projection onto polynomials in time.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.stage_costs import operations
from pinnsolve.march.record import falling, seen_in_time
from pinnsolve.march.rules import RULES as MARCH
from pinnsolve.march.step_solver import norm
from pinnsolve.networks.reference_cell import legendre, reference_cell
from pinnsolve.networks.tiles import Tiles
from pinnsolve.residuals.costs import JOINED
from pinnsolve.trial.marched import Slab


@dataclass(frozen=True)
class Rules:
    """When steps are taken together.

    Parameters
    ----------
    cheaper : float
        Of the operations: what does not come to less is left as it is. Larger: other steps for nothing.
    iterations : int
        Of Newton's method in each step.
    rounding : float
        Of a length: so much more is none.
    """

    cheaper: float = 0.9
    iterations: int = 2
    rounding: float = 1e-9


RULES = Rules()


@dataclass(frozen=True)
class Stretch:
    """A step to be solved, and the known ones that it covers.

    Parameters
    ----------
    begin, length : float
    known : sequence of Slab
        On one mesh, one after the other.
    most : float
        What the step may leave out in time, relative to the unknowns, where it covers several.
    """

    begin: float
    length: float
    known: Sequence[Slab]
    most: float = math.inf

    @property
    def mesh(self) -> Tiles:
        return self.known[0].mesh

    @property
    def ends(self) -> Tensor:
        """Where the known steps that it covers begin and end, in parts of it."""
        inner = [(slab.begin - self.begin) / self.length for slab in self.known[1:]]
        return torch.tensor([0.0, *inner, 1.0], dtype=torch.float64, device=self.mesh.device)

    def at(self, parts: Tensor) -> Tensor:
        """What is known at parts of the step (p,), in ascending order: (p, n, F, M)."""
        counts = torch.bincount(torch.searchsorted(self.ends[1:-1], parts), minlength=len(self.known))
        found = []
        for slab, mine in zip(self.known, parts.split(counts.tolist()), strict=True):
            tau = (self.begin - slab.begin + mine * self.length) / slab.length
            table = legendre(2 * tau - 1, slab.modes.shape[1] - 1, 0)
            found.append(torch.einsum("pk,nkfm->pnfm", table, slab.modes))
        return torch.cat(found)


def stretches(known: Sequence[Slab], scheme: Scheme, before: Scheme, sizes: Tensor) -> list[Stretch]:
    """The steps of a march with the unknowns' sizes (F,), taken together where a richer scheme takes them so."""
    found = list[Stretch]()
    for run in _runs(known, scheme):
        found += _together(run, scheme, before, sizes) if len(run) > 1 else [alone(run[0])]
    return found


def alone(slab: Slab) -> Stretch:
    return Stretch(slab.begin, slab.length, [slab])


def _runs(known: Sequence[Slab], scheme: Scheme) -> Iterator[list[Slab]]:
    """Steps on one mesh; the first one, and those after jumps, by themselves: what cells leave of a start, and of the
    rate at which it changes, dies away there, and a long step would spread it."""
    span, moments = known[-1].end - known[0].begin, (known[0].begin, *scheme.evolution.moments)
    run, alone_there = list[Slab](), True
    for slab in known:
        jumped = any(abs(m - slab.begin) < MARCH.short * span for m in moments)
        if run and (jumped or alone_there or run[-1].mesh.places != slab.mesh.places):
            yield run
            run = []
        run.append(slab)
        alone_there = jumped
    yield run


def _together(run: Sequence[Slab], scheme: Scheme, before: Scheme, sizes: Tensor) -> list[Stretch]:
    """Those of a run, as many of the last ones taken together as may be."""
    left = [_left_out(slab, before, sizes) for slab in run]
    factor, solve = operations(scheme, run[0].mesh, uses=RULES.iterations)
    each = RULES.iterations * (JOINED.call + solve)
    first = 0
    while first < len(run) - 1:
        some, out = run[first:], left[first:]
        span = some[-1].end - some[0].begin
        count = math.ceil((1 - RULES.rounding) * span / max(s.length for s in some))
        changes = 1 + sum(a.length != b.length for a, b in pairwise(some))
        if count * each + factor > RULES.cheaper * (len(some) * each + changes * factor):
            break
        allowed = sum(s.length * o**2 for s, o in zip(some, out, strict=True))
        made = _equal(some, count, max(out))
        short = all(s.length <= scheme.evolution.driven.longest(s.begin) for s in made)
        if short and sum(s.length * _lost(s, scheme, before, sizes) ** 2 for s in made) <= allowed:
            return [*map(alone, run[:first]), *made]
        first = 2 * first or 1
    return [*map(alone, run)]


def _equal(some: Sequence[Slab], count: int, most: float) -> list[Stretch]:
    """So many steps of one length in place of known ones."""
    begin, length = some[0].begin, (some[-1].end - some[0].begin) / count
    found = list[Stretch]()
    for k in range(count):
        low = begin + k * length
        high, short = low + length, RULES.rounding * length
        covered = [s for s in some if s.end > low + short and s.begin < high - short]
        found.append(Stretch(low, length, covered, most))
    return found


def _left_out(slab: Slab, before: Scheme, sizes: Tensor) -> float:
    """The size of what a known step's polynomial leaves out (`record.left_in_time`)."""
    last = slab.modes[:, -3:].transpose(0, 1)
    units = torch.arange(slab.modes.shape[1], dtype=last.dtype, device=last.device)[-3:].mul(2).add(1).sqrt()
    return falling(norm(seen_in_time(last, before.cell, slab.mesh), slab.mesh, sizes) * units, slab.mesh.dims > 1)


def _lost(step: Stretch, scheme: Scheme, before: Scheme, sizes: Tensor) -> float:
    """The root mean square over a step of what polynomials of its degree lose of what is known."""
    x, w = reference_cell(scheme.stages, scheme.device, 1).gauss(scheme.stages + 1)
    shares = step.ends.diff()
    parts = (step.ends[:-1, None] + shares[:, None] * (x[:, 0] + 1) / 2).flatten()
    w = (shares[:, None] * w).flatten()
    values = seen_in_time(step.at(parts), before.cell, step.mesh)
    table = legendre(2 * parts - 1, scheme.stages, 0)
    modes = torch.einsum("p,pk,pnfm->knfm", w, table, values)
    rest = values - torch.tensordot(table, modes, 1)
    return float((w * norm(rest, step.mesh, sizes).square()).sum().sqrt())
