"""Where the residuals of smooth fields jump along lines through the domain.

Lines are closed in upon wherever something changes suddenly: a jump stays, whatever is only steep goes away. A
coefficient that jumps with an unknown does so where a probe takes a value, and where no other probe does.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.geometry.places import Narrow
from pinnsolve.geometry.points import Points
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.probes import Size, fields_of, probes
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Search:
    """How jumps are looked for. None of these was measured: they are chosen so that no jump of the tests is missed.

    Parameters
    ----------
    lines : tuple of float
        Where lines run, in parts of the other coordinates' lengths. More: fewer jumps are missed; more time.
    samples : int
        Points on a line. More: closer jumps are told apart.
    within : int
        And so many within a narrow place.
    shifts : tuple of float
        Phases of more probes, which together take nearly all values of an unknown's size: coefficients that jump with
        it do so where it takes one. Fewer: such a jump is missed.
    sudden : float
        Times the median change along a line: smaller changes are not looked into. Larger: small jumps are missed.
        Smaller: steep places take the candidates.
    candidates : int
        Changes of a line that are looked into. Fewer: jumps are missed where there are several.
    parts, rounds : int
        An interval is cut into so many parts, the one that changes most again, and so on. Fewer: a steep place is taken
        for a jump. 8^14 parts come to the rounding of float64; all of a round are looked at together.
    left : float
        A change that keeps this part of its size, however small the step, is a jump.
    beside : float
        Of the domain: so far from a jump, on either side, coefficients are compared.
    different : float
        Of coefficients: what differs by less is one. Smaller: a steep coefficient is said to jump.
    """

    lines: tuple[float, ...] = (0.31, 0.52, 0.77)
    samples: int = 257
    within: int = 65
    shifts: tuple[float, ...] = (1.1, 2.4)
    sudden: float = 8.0
    candidates: int = 4
    parts: int = 8
    rounds: int = 14
    left: float = 0.3
    beside: float = 1e-7
    different: float = 1e-3


SEARCH = Search()


def _steps(problem: Problem, coordinate: str, narrow: Sequence[Narrow]) -> Tensor:
    """Where the residuals are evaluated along a coordinate: evenly, and closer together where that is not enough."""
    steps = problem.domain.place(
        coordinate, (torch.arange(SEARCH.samples, dtype=torch.float64) + 0.417) / SEARCH.samples
    )
    fine = (torch.arange(SEARCH.within, dtype=torch.float64) + 0.417) / SEARCH.within
    parts = [low + (high - low) * fine for low, high in (n.around(coordinate) for n in narrow if n.alone(coordinate))]
    if not parts:
        return steps
    begin, end = problem.domain.ends(coordinate)
    closer = torch.cat(parts)
    return torch.cat([steps, closer[(closer > begin) & (closer < end)]]).unique()


@dataclass(frozen=True)
class Look:
    """Along one coordinate, with unknowns of these sizes."""

    problem: Problem
    coordinate: str
    sizes: Mapping[str, Size]

    @cached_property
    def asked(self) -> list[list[tuple[str, Alpha]]]:
        """The derivatives that each equation asks for."""
        return [self.problem.prober.derivatives(e) for e in self.problem.equations]


def jumps(look: Look, narrow: Sequence[Narrow], parts: bool = False) -> list[list[float]]:
    """Where the residuals jump along one coordinate, on each line; between materials, too, or not."""
    problem, coordinate = look.problem, look.coordinate
    steps = _steps(problem, coordinate, narrow)
    lines = torch.arange(len(SEARCH.lines)).repeat_interleave(len(steps))
    values = _residuals(look, steps.repeat(len(SEARCH.lines)), lines).view(-1, len(SEARCH.lines), len(steps))
    size = values.abs().amax((1, 2), keepdim=True)
    changes = (values / torch.where(size > 0, size, torch.ones_like(size))).diff(dim=2).abs()
    out = problem.domain.beside(_places(problem, coordinate, steps.repeat(len(SEARCH.lines)), lines))
    if out is not None:
        out = out.view(len(SEARCH.lines), len(steps))
        changes = torch.where(out[:, 1:] | out[:, :-1], 0.0, changes)
    usual = changes.median(dim=2, keepdim=True).values
    sudden, row = (changes * (changes > SEARCH.sudden * usual + SAME)).max(dim=0)
    sudden, best = sudden.topk(SEARCH.candidates, dim=1)
    line = torch.arange(len(SEARCH.lines)).repeat_interleave(SEARCH.candidates)
    row, best, sudden = row.gather(1, best).flatten(), best.flatten(), sudden.flatten() > 0
    line, row, best = line[sudden], row[sudden], best[sudden]
    if problem.parts is not None and not parts:  # across these each part has an output of its own
        low, high = (problem.parts.label(_places(problem, coordinate, steps[k], line)) for k in (best, best + 1))
        line, row, best = line[low == high], row[low == high], best[low == high]
    ends = torch.stack([best, best + 1], 1)
    places, alive = _closed_in(look, line, row, steps[ends], values[row[:, None], line[:, None], ends])
    if problem.parts is not None and not parts:
        alive &= ~problem.parts.near(_places(problem, coordinate, places, line), 1e-6)
    return [sorted(places[alive & (line == k)].tolist()) for k in range(len(SEARCH.lines))]


def moves(look: Look, place: float) -> bool:
    """Whether a jump on all lines is that of one probe: it stands where this one takes a value, and no other does."""
    beside = SEARCH.beside * look.problem.domain.length(look.coordinate)
    at = torch.tensor([place - beside, place + beside], dtype=torch.float64)
    left, right = _residuals(look, at, torch.zeros(2, dtype=torch.int64)).T
    apart = (left - right).abs() > SEARCH.different * (left.abs() + right.abs())
    phases, seen, first = 1 + len(SEARCH.shifts), set[int](), 0
    for asked in look.asked:
        each = 1 + len(asked)
        seen |= {k for k in range(phases) if bool(apart[first + k * each : first + (k + 1) * each].any())}
        first += phases * each
        if bool(apart[first]):  # without the unknowns, too
            return False
        first += 1
    return len(seen) == 1


def _closed_in(look: Look, line: Tensor, row: Tensor, ends: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
    """Close in on the largest change in each interval (n, 2), at whose ends values are known: where that ends, and
    whether the change is still there."""

    def values(at: Tensor) -> Tensor:
        """At places (n, k), all at once."""
        count = at.shape[1]
        found = _residuals(look, at.flatten(), line.repeat_interleave(count))
        return found.gather(0, row.repeat_interleave(count)[None])[0].view_as(at)

    whole = known.diff(dim=1)[:, 0].abs()
    alive = whole > 0
    share = torch.arange(SEARCH.parts + 1, dtype=ends.dtype) / SEARCH.parts
    for _ in range(SEARCH.rounds):
        if not alive.any():
            break
        places = ends[:, :1] + (ends[:, 1:] - ends[:, :1]) * share
        places[:, -1] = ends[:, 1]
        seen = torch.cat([known[:, :1], values(places[:, 1:-1]), known[:, 1:]], 1)
        changes = seen.diff(dim=1).abs()
        best = changes.argmax(1, keepdim=True)
        pair = torch.cat([best, best + 1], 1)
        ends, known = places.gather(1, pair), seen.gather(1, pair)
        change = changes.gather(1, best)[:, 0]
        alive &= (change > SEARCH.left * whole) & (change < whole / SEARCH.left)  # at a pole it grows without end
    return ends[:, 1], alive


def _places(problem: Problem, coordinate: str, at: Tensor, line: Tensor) -> dict[str, Tensor]:
    """Every coordinate on the lines."""
    parts = torch.tensor(SEARCH.lines, dtype=torch.float64)[line]
    return {c: problem.domain.place(c, parts) for c in problem.coordinates} | {coordinate: at}


def _residuals(look: Look, at: Tensor, line: Tensor) -> Tensor:
    """All equations on all probes, (rows, points): their residuals, what multiplies each derivative, and what is left
    without the unknowns. Each by itself, since which of them outweighs the others is a matter of units."""
    problem, sizes = look.problem, look.sizes
    places = _places(problem, look.coordinate, at, line)
    points = Points({c: places[c] for c in problem.coordinates}, torch.ones_like(at))
    phases = at.new_tensor([0.0, *SEARCH.shifts])
    often = Points(
        {c: v.repeat(len(phases)) for c, v in points.coordinates.items()}, at.new_ones(len(phases) * len(at))
    )
    shift, nothing, rows = phases.repeat_interleave(len(at)), torch.zeros_like(often.weights), list[Tensor]()
    none = {u: Size(0.0, 0.0) for u in problem.unknowns}
    for equation, asked in zip(problem.equations, look.asked, strict=True):
        answer = problem.prober.answer(equation, often, shift, sizes)  # all probes at once: calls cost more than points
        slopes = {(u, alpha): slope for u, alpha, slope in answer.slopes}
        told = torch.stack([answer.residual, *(slopes.get(key, nothing) for key in asked)])
        rows += told.view(len(told), len(phases), -1).transpose(0, 1).flatten(0, 1)
        chart, x, found = probes(problem.domain, problem.unknowns, points, 0.0, none)
        rows.append(equation.residual(problem.looked_at(chart, x, fields_of(found), points)).value.detach())
        if float(rows[-1].abs().max()) <= SAME * float(answer.residual[-len(at) :].abs().max()):
            rows[-1] = torch.zeros_like(at)  # rounding, as of a harmonic function
    return torch.stack(rows).nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
