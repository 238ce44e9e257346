"""The same march with richer features, to tell the error: other degrees in space and in time on the same cells, and
where that does in fewer steps (`longer_steps`).

Two marches of degrees d, q and d + 2, q + 2 make errors of their own; the second one's is smaller by orders, so that
their distance is the error of the first. Neither degree alone would do: each shows its own share of the error.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.algebra import yardstick
from pinnsolve.cells.implicit_step import Scheme, Start, Step
from pinnsolve.march.felt import felt_everywhere
from pinnsolve.march.longer_steps import Stretch, alone, stretches
from pinnsolve.march.record import left_in_time
from pinnsolve.march.rules import RULES as MARCH
from pinnsolve.march.start import at_start
from pinnsolve.march.step_solver import Counts, StepSolver
from pinnsolve.networks.moved import among_others, carried
from pinnsolve.networks.reference_cell import ReferenceCell, legendre
from pinnsolve.networks.spread import taken_over
from pinnsolve.networks.tiles import Tiles
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.marched import Slab


def richer(
    before: Scheme,
    known: Sequence[Slab],
    solver: StepSolver,
    enough: Callable[[], bool] | None = None,
    more: int = 2,
    shortest: float = 1 / 8,
    counts: Counts | None = None,
    exact: float = 1.0,
    longer: bool = False,
    allowed: float = math.inf,
) -> list[Step] | None:
    """Solve a march's steps again; nothing where one of them cannot be solved, or there was no time.

    Parameters
    ----------
    before, known, solver : Scheme, sequence of Slab, StepSolver
        Of the march, its steps, and what solved them.
    enough : callable, optional
        Whether the budget has ended.
    more : int
        Degrees in space and stages (`stages_for`); more than two are dearer, and to tell the error no truer
        (prototypes). Below zero it is a poorer march, whose distance is its own error: steps are not halved then.
    shortest : float
        Of a step: what is too long for more stages is halved, and given up below. Smaller: more tries before that.
    counts : Counts, optional
        Where it is counted what is done.
    exact : float
        Of what the solver leaves otherwise.
    longer : bool
        Whether steps are taken together where that does (`longer_steps`).
    allowed : float
        What a step may leave out in time, relative to the unknowns, and the first after a jump some times as much; what
        leaves more is halved, but for the shortest: marches of what swings round within a step share an error.
    """
    scheme = replace(before, degree=before.degree + more, stages=before.stages + stages_for(more))
    left = _left(exact * solver.left, before.evolution, more)
    again = StepSolver(scheme, solver.sizes, left, solver.constant, counts or Counts())
    part, away = exact * RULES.part if more > 0 and before.evolution.dims < 2 else 0.0, 0.0
    mesh, found, spread = known[0].mesh, list[Step](), before.evolution.spread_from
    joins, start = [k[0] for k in before.evolution.joins], at_start(scheme, mesh)
    for stretch in stretches(known, scheme, before, solver.sizes) if longer else map(alone, known):
        if stretch.mesh.places != mesh.places:
            start = Start(*(carried(c, mesh, stretch.mesh, scheme.cell, joins) for c in (start.values, start.rates)))
            mesh = stretch.mesh
        parts = [(0.0, 1.0)]  # of the step: a half of what is too long, and again
        while parts:
            if enough is not None and enough():
                return None
            low, high = parts.pop(0)
            step = _again(scheme, before, stretch, mesh, low, high, start)
            again.left = max(left, part * away)
            solved, long = again.solve(step), high - low > shortest
            mine = allowed * (MARCH.once if stretch.begin in spread else 1.0) if long else math.inf
            if solved and (more < 0 or left_in_time(step, solver.sizes)[0] <= min(stretch.most, mine)):
                found.append(step)
                start, away = step.end(), max(away, again.first)
            elif more >= 0 and long:
                parts = [(low, (low + high) / 2), ((low + high) / 2, high), *parts]
            else:
                return None
    return found


def stages_for(more: int) -> int:
    """How many stages more go with so many degrees more: as many, two at most; half as many fewer, as few are left."""
    return min(more, 2) if more >= 0 else more // 2


def _left(before: float, evolution: Evolution, more: int) -> float:
    """What Newton's method may leave in each step: none tells it, and it adds up: beside richer features, nothing; over
    a plane poorer ones have a hundred times that."""
    if more < 0 and evolution.dims > 1:
        return before
    before /= MARCH.ease(evolution)
    least = max((RULES.leaves if evolution.dims < 2 else RULES.leaves_in_plane) * before, RULES.finest)
    return min(RULES.usual * before, least) if more > 0 else RULES.usual * before


def _again(
    scheme: Scheme, before: Scheme, stretch: Stretch, mesh: Tiles, low: float, high: float, start: Start
) -> Step:  # fmt: skip
    """A part of a step, to be solved with other features from another start; the guess is what is known, with fewer
    features as far off as the start is, or the start: what they lose opens joints of a line, and in cut cells more."""
    fewer = scheme.degree < before.degree
    places = low + (high - low) * scheme.radau.places[0 if fewer else 1 :]
    if fewer and (mesh.dims < 2 or mesh.region is not None):
        guess = start.values.expand(scheme.stages, *start.values.shape)
    else:
        guess = among(stretch.at(places), mesh, before.cell, scheme.cell)
        guess = guess[1:] + (start.values - guess[0]) if fewer else guess
    begin, length = stretch.begin + low * stretch.length, (high - low) * stretch.length
    return Step(scheme, mesh, begin, length, start, guess).closed()


def as_it_was(before: Scheme, known: Sequence[Slab]) -> Scheme:
    """The scheme with the features and stages of known steps."""
    q = known[0].modes.shape[1]
    return replace(before, degree=known[0].cell.degree, stages=q - 1)


def steps_of(scheme: Scheme, known: Sequence[Slab]) -> list[Step]:
    """The steps of a march again from what a trial function keeps of them."""
    mesh, found = known[0].mesh, list[Step]()
    joins = [k[0] for k in scheme.evolution.joins]
    start = at_start(scheme, mesh)
    at_stages = legendre(2 * scheme.radau.places[1:] - 1, scheme.stages, 0)
    for slab in known:
        if slab.mesh.places != mesh.places:
            moved = [carried(c, mesh, slab.mesh, scheme.cell, joins) for c in (start.values, start.rates)]
            start, mesh = Start(*moved), slab.mesh
        stages = torch.einsum("pk,nkfm->pnfm", at_stages, slab.modes)
        found.append(Step(scheme, mesh, slab.begin, slab.length, start, stages))
        start = found[-1].end()
    return found


def slabs(steps: Sequence[Step]) -> list[Slab]:
    """Steps as a trial function keeps them."""
    return [Slab(s.mesh, s.begin, s.length, in_modes(s), s.scheme.activation) for s in steps]


@dataclass(frozen=True)
class Rules:
    """What a distance tells at corners. Measured on an L with a known solution.

    Parameters
    ----------
    usual, leaves, leaves_in_plane : float
        Of what Newton's method left, or would have with nothing eased: what it may leave again with the same features,
        and with richer ones, along a line and over more. Larger: the error is that of the iteration, and told too
        kindly (20 times with 0.1). Smaller: iterations, which over a plane with 1e-3 take a quarter more time.
    part : float
        Of how far the two are apart so far, by first iterations: what the last of a step may leave along a line.
        Larger: what adds up over swings whose frequency is that of their height (a breather of sine-Gordon over 60 had
        all of the error at 1e-3, a hundredth of it now). Smaller: iterations.
    finest : float
        Of the unknowns' sizes: rounding is never asked for.
    near : float
        Of the length: so far from a corner the error of its cells lies.
    share : float
        Of the square: more than it beside corners, and it is theirs (0.25 to 0.45; else 0.01 to 0.08).
    doubt : float
        Times the distance: then it is the error. Larger: too cautious. Smaller: too kind (it was 1.1 to 2.4).
    spares : float
        Of what a step of the first march may leave out in time: what a richer one may. Larger: errors that both have.
        Smaller: more steps.
    looked : int
        Steps at which it is looked what richer features leave. More: time.
    hardly : float
        Of what a march leaves: where richer features leave more, as beside rough coefficients, residuals do not tell
        the error. Larger: residuals are believed that say nothing. Smaller: errors that they tell are told too large.
    least, largest : float
        Of the first error: what the second one has counts as no less, and no more. Larger: too cautious.
    """

    usual: float = 0.1
    leaves: float = 1e-3
    leaves_in_plane: float = 1e-2
    part: float = 1e-4
    finest: float = 1e-12
    near: float = 0.015
    share: float = 0.15
    doubt: float = 3.0
    spares: float = 0.25
    looked: int = 8
    hardly: float = 0.3
    least: float = 0.5
    largest: float = 0.9


RULES = Rules()


@dataclass(frozen=True)
class Distance:
    """How far two marches are from each other, for each unknown, (F,).

    Parameters
    ----------
    difference, norm, deviation : tensor (F,)
        Root mean squares over space and time: of the difference, of the second one, and of it about its mean.
    """

    difference: Tensor
    norm: Tensor
    deviation: Tensor


def distance(first: Sequence[Step], second: Sequence[Step]) -> Distance:
    """Compare marches on the same cells and steps, by their orthonormal coefficients."""
    square, norms, means = torch.zeros(3, first[0].scheme.fields, dtype=torch.float64, device=first[0].stages.device)
    total = sum(a.length for a in first)
    for a, b in zip(first, second, strict=True):
        share = a.mesh.shares * a.length
        theirs = in_modes(b)
        square += torch.einsum("nkfm,n->f", _between(a, b).square(), share)
        norms += torch.einsum("nkfm,n->f", theirs.square(), share)
        means += torch.einsum("nf,n->f", theirs[:, 0, :, 0], share)
    mean, norm = means / total, norms / total
    return Distance((square / total).sqrt(), norm.sqrt(), (norm - mean.square()).clamp(min=0).sqrt())


def apart(first: Sequence[Step], second: Sequence[Step], scales: Sequence[float]) -> float:
    """The relative error of marches over a shape with corners, or over curves between materials, as their distance
    tells it, the largest over the unknowns: thrice that beside a corner, since there richer features err as much."""
    e = first[0].scheme.evolution
    if not e.cornered:
        return _relative(first, second, scales)
    names, beside, whole = e.problem.space_coordinates, 0.0, 0.0
    for a, b in zip(first, second, strict=True):
        here = _between(a, b).square().sum((1, 2, 3)) * a.mesh.shares * a.length
        middles = a.mesh.lows + a.mesh.widths / 2
        places = middles.new_tensor([[c.fixed[n] for n in names] for c in (*e.notches, *e.jumps)])
        near = torch.cdist(middles, places).amin(1) < RULES.near * float(a.mesh.lengths.max())
        beside, whole = beside + float(here[near].sum()), whole + float(here.sum())
    return (RULES.doubt if beside > RULES.share * whole else 1.0) * _relative(first, second, scales)


def _relative(first: Sequence[Step], second: Sequence[Step], scales: Sequence[float]) -> float:
    """The distance of marches, the largest over the unknowns, each relative to what it is measured by."""
    away = distance(first, second)
    yards = yardstick.of_estimates(away.norm, away.deviation, scales)
    return max(off / yard for off, yard in zip(away.difference.tolist(), yards, strict=True))


def told_by_distance(
    first: Sequence[Step], second: Sequence[Step], scales: Sequence[float], sizes: Tensor
) -> float:  # fmt: skip
    """The relative error of a second march over cells that fluxes join, where richer features leave hardly less of the
    equations, as beside rough coefficients; zero elsewhere, where residuals tell it.

    Errors of nested spaces that are tested by themselves stand at right angles: the distance is D = e sqrt(1 - r^2) of
    the first one's, e, of which the second has the part r. It is no less than half, whatever residuals say.
    """
    chosen = range(0, len(first), max(1, len(first) // RULES.looked))
    left = felt_everywhere([steps[k] for steps in (first, second) for k in chosen], sizes).view(2, -1).sum(1).tolist()
    part = left[1] / left[0] if left[0] > 0 else 0.0
    if part <= RULES.hardly:
        return 0.0
    part = min(max(part, RULES.least), RULES.largest)
    return _relative(first, second, scales) * part / (1 - part**2) ** 0.5


def _between(a: Step, b: Step) -> Tensor:
    """The modes (n, q + 1, F, M) of a richer step less those of another on the same cells."""
    theirs, mine = (in_modes(s) for s in (b, a))
    mine = among(mine.transpose(0, 1), a.mesh, a.scheme.cell, b.scheme.cell).transpose(0, 1)
    return theirs - torch.nn.functional.pad(mine, (0, 0, 0, 0, 0, theirs.shape[1] - mine.shape[1]))


def in_modes(step: Step) -> Tensor:
    """Coefficients (n, q + 1, F, M) of orthonormal Legendre polynomials over the step and the cells."""
    return in_modes_of(step.scheme, step.everything())


def in_modes_of(scheme: Scheme, everything: Tensor) -> Tensor:
    """The same of start and stages, (q + 1, n, F, M)."""
    r = scheme.radau
    norms = torch.arange(r.stages + 1, dtype=torch.float64, device=r.modes.device).mul(2).add(1).sqrt()
    return torch.tensordot(r.modes / norms[:, None], everything, 1).transpose(0, 1).contiguous()


def among(c: Tensor, mesh: Tiles, few: ReferenceCell, many: ReferenceCell) -> Tensor:
    """The same functions (..., n, F, M) among more features on the same cells."""
    if not len(mesh.cut):
        return among_others(c, few, many)
    return taken_over(c, mesh, few, mesh, many, torch.arange(len(mesh), device=mesh.device))
