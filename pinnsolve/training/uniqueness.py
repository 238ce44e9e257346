"""Whether the equations and conditions determine the solution: the change of it that costs the least residual.

A change is made of fresh random features, whatever made the solution (`pinnsolve.trial.change`). With J the Jacobian of
the residuals at the solution, each relative to the terms that it is made of, and U that of the unknowns' values, each
divided by its size, the change c with the largest

    |U c| / |J c|

is the one that residuals see least. If a change by the solution's own size, |U c| = 1, costs no more residual than
there is left, or less and less the more features it is made of, another solution is as good as this one.

Source: Golub & Van Loan, Matrix Computations (2013), section 8.7 (the generalised singular value decomposition).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.algebra.least_squares import Triangle
from pinnsolve.algebra.operations import SPEED, qr
from pinnsolve.algebra.tolerances import RIDGE
from pinnsolve.checks.repeats import repeats
from pinnsolve.errors import Outcome
from pinnsolve.geometry.beside import around_small, in_thin_parts, inside
from pinnsolve.geometry.points import Points, joined
from pinnsolve.geometry.sampling import sample
from pinnsolve.jets.jet import Jet
from pinnsolve.networks.random_features import RandomFeatures
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.probes import Size
from pinnsolve.residuals import Residuals, Site
from pinnsolve.residuals.costs import RATES
from pinnsolve.training.collocation import wanting
from pinnsolve.training.free_changes import Changes, in_words
from pinnsolve.training.rounding import rounding
from pinnsolve.training.weights import made_of
from pinnsolve.trial.change import Change
from pinnsolve.trial.trial import Trial


@dataclass(frozen=True)
class Limits:
    """What counts as undetermined, and how far it is looked for.

    Chosen between what determines a solution and what does not: with 200 features the changes that cost least take 2e-3
    to 9 of their terms in the gallery and in the cases that are determined, at budgets of 2 to 20 s, in features, cells
    and networks alike; where nothing determines the solution they take 1e-13 to 1e-9, and 2e-5 where it is a mode of
    many waves (3e-8 with 400). `python -m validation.blind` measures them.

    Parameters
    ----------
    most : float
        Of the terms that a change makes: it is never free if it costs more, whatever is left of the residual.
    doubtful : float
        Of the terms: if a change costs more, more features are not tried.
    falls : float
        By how much the cost falls, when the features are doubled, where there is nothing that it ends at: by 300 for a
        drum's mode, by 12 for growth by e^25, which is determined. Smaller: such growth is taken for free. Larger:
        modes of many waves are missed.
    counts : tuple of int
        Features of each unknown, round after round.
    fewest : int
        With fewer of them nothing is looked for.
    highest : float
        Frequency, for coordinates scaled to [-1, 1].
    share : float
        Of the budget, counted in operations.
    places : int
        At which changes are measured.
    iterations : int
        Of the power method, on `directions` at once.
    directions : int
    """

    most: float = 1e-6
    doubtful: float = 1e-2
    falls: float = 20.0
    counts: tuple[int, ...] = (200, 400, 800)
    fewest: int = 40
    highest: float = 64.0
    share: float = 0.05
    places: int = 200
    iterations: int = 8
    directions: int = 4


LIMITS = Limits()


@dataclass(frozen=True)
class Cheapest:
    """The changes that cost least.

    Parameters
    ----------
    costs : list of float
        Of each, by the solution's own size, relative to the terms that it makes, the least first; empty where the
        residuals have no finite derivatives.
    left : float
        The residual of the solution itself, relative to such terms.
    changes : Changes
    """

    costs: list[float]
    left: float
    changes: Changes


def features(count: int, coordinates: int) -> RandomFeatures:
    """What changes are made of: frequencies as high as so many features hold to rounding, by a third."""
    high = math.pi / 2 * count ** (1 / coordinates) / 3
    return RandomFeatures(count, (1.0, min(max(high, 2.0), LIMITS.highest)))


def operations(solution: Trial, places: Sequence[Site], count: int) -> float:
    """Of `cheapest`: points, the solution and the features there, rows of the Jacobian, their factorisation."""
    each = max(len(places[0].terms), 1)
    known = places[0].asked.get(solution)
    derivatives = len(known.below) if known else 1
    parts = solution.problem.parts
    width = solution.outputs * (count + 1) * (1 if parts is None else parts.count)
    points = _points(width, each)
    rows = each * points
    evaluated = RATES.slower * 2.0 * points * derivatives
    frozen = RATES.frozen * evaluated * count
    return qr(rows + width, width) + evaluated * (solution.width + width * (2 + each)) + frozen + RATES.call


def first(solution: Trial, places: Sequence[Site], budget: float) -> int:
    """How many features are tried first: fewer where the budget is small; zero where it is too small."""
    count = LIMITS.counts[0]
    while count >= LIMITS.fewest and not _affordable(solution, places, count, budget):
        count = count * 3 // 4
    return count if count >= LIMITS.fewest else 0


def free_change(solution: Trial, places: Sequence[Site], budget: float, ended: bool) -> str:
    """How the solution may change at no cost, in words; empty where it is determined, or where that cannot be said.

    Parameters
    ----------
    solution : Trial
        Complete.
    places : sequence of Site
        Where which residuals are to hold.
    budget : float
        Seconds; a share of it is used, counted in operations.
    ended : bool
        Whether nothing more would be done for the solution: then a change is free, too, that costs less residual than
        is left.
    """
    before: Cheapest | None = None
    for count in _counts(solution, places, budget):
        now = cheapest(solution, places, count)
        if not now.costs:
            return "the residuals have no finite derivatives at it, and others may branch off"
        cost, least = now.costs[0], rounding(solution.dtype)
        if cost <= min(max(now.left if ended else 0.0, least), LIMITS.most):
            return _told(solution, now)
        if before is not None and cost > before.costs[0] / LIMITS.falls:  # it has come to what it ends at
            return ""
        if before is not None and cost <= LIMITS.most:
            return _told(solution, now)
        if cost > LIMITS.doubtful:
            return ""
        before = now
    return ""


def _counts(solution: Trial, places: Sequence[Site], budget: float) -> Iterator[int]:
    """How many features are tried one after the other: where the second would cost too much, half of the first come
    before it."""
    begin = first(solution, places, budget)
    if not begin:
        return
    following = [c for c in LIMITS.counts[1:] if begin == LIMITS.counts[0] and _affordable(solution, places, c, budget)]
    yield from [begin, *following] if following else [begin // 2, begin]


def _affordable(solution: Trial, places: Sequence[Site], count: int, budget: float) -> bool:
    return operations(solution, places, count) <= LIMITS.share * SPEED * budget


def cheapest(solution: Trial, places: Sequence[Site], count: int) -> Cheapest:
    """The changes, of so many features, that cost least."""
    generator = torch.Generator().manual_seed(11)
    change = Change(solution, features(count, len(solution.problem.coordinates)), generator)
    values, slopes = _at_places(change)
    about = {u: _size(solution, u, v) for u, v in values.items()}
    sizes = {u: size.scale for u, size in about.items()}
    residuals = _on_points(change, places, generator)
    weights = {name: made**-2 for name, made in made_of(residuals, about, LIMITS.places).items()}
    triangle, left = Triangle(residuals.size, change.parameters_count, change.vector()), 0.0
    for r, jacobian in residuals.pieces(weights):
        seen = torch.isfinite(jacobian).all(1) & torch.isfinite(r)
        if 2 * int(seen.sum()) < len(r):
            return Cheapest([], math.inf, Changes(values, sizes, torch.zeros(0)))
        left += float(r[seen].square().sum())
        triangle.add(jacobian[seen], r[seen, None])
    factor, scale = triangle.factored(RIDGE)
    gains, moved = _largest(_relative(slopes, sizes) / scale, factor)
    number = max(sum(len(site.terms) for site, _ in residuals.places), 1) ** 0.5
    costs = [1 / (gain * number) if gain > 0 else math.inf for gain in gains]
    return Cheapest(costs, left**0.5 / number, Changes(values, sizes, moved))


def undetermined(change: str) -> Outcome:
    """The outcome of a run whose solution is one of many."""
    told = f"the equations and conditions do not determine the solution: {change}"
    return Outcome("undetermined", told, "a condition is missing (a value somewhere, a mean, a size), or an equation")


def _told(solution: Trial, found: Cheapest) -> str:
    """The free changes in words, and which equations say nothing of their own."""
    limit = max(10 * found.costs[0], rounding(solution.dtype))
    free = sum(cost <= limit for cost in found.costs)
    return "; ".join([in_words(found.changes.first(free)), *repeats(solution.problem)])


def _points(width: int, each: int) -> int:
    """Inside the domain, where so many equations hold: twice as many rows as columns."""
    return max(2 * width // each, 256)


def _on_points(change: Change, places: Sequence[Site], generator: torch.Generator) -> Residuals:
    """The residuals of a change on fresh points; beside holes, where features vary on their lengths, and in thin parts
    between materials, which have features of their own, more of them: a change that dips between two points costs
    nothing."""
    count = _points(change.parameters_count, max(len(places[0].terms), 1))
    towards, domain = wanting(change), change.problem.domain

    def drawn(site: Site) -> Points:
        if site.name == "interior":
            spread = inside(domain, count, "sobol", generator, towards)
            thin = in_thin_parts(domain, change.several, count, spread, generator)
            return joined([spread, *around_small(domain, count // 4, "sobol", generator), *thin])
        return sample(site.pieces, count // 4, "sobol", generator, towards)

    return Residuals(change, [(site, drawn(site)) for site in places if site.terms])


def _at_places(change: Change) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The unknowns at some places, (places,), and their slopes by the trained numbers, (places, P)."""

    def of(unknown: str) -> Callable[[Fields], Jet]:
        def term(fields: Fields) -> Jet:
            field: Jet = fields[unknown]
            return field

        return term

    piece = change.problem.domain.interior
    points = piece.draw(LIMITS.places, "sobol", torch.Generator().manual_seed(3))
    site = Site("values", (piece,), {u: of(u) for u in change.problem.unknowns})  # the unknowns as residuals
    blocks = list(Residuals(change, [(site, points)]).linearised())
    values = {u: torch.cat([b.residuals[u] for b in blocks]) for u in site.terms}
    return values, {u: torch.cat([b.jacobians[u] for b in blocks]) for u in site.terms}


def _size(solution: Trial, unknown: str, values: Tensor) -> Size:
    """Of an unknown: its mean, and how much it varies, its natural scale where that is known and larger, or one."""
    known, mean = solution.plan.sizes.get(unknown), float(values.nanmean().nan_to_num(0.0, 0.0, 0.0))
    varies = float((values - mean).square().mean().sqrt())
    return Size(mean, max(varies if math.isfinite(varies) else 0.0, known.scale if known else 0.0) or 1.0)


def _relative(slopes: Mapping[str, Tensor], sizes: Mapping[str, float]) -> Tensor:
    """U, (places * unknowns, P), the unknowns of a place one after the other, in the mean square over places."""
    each = [slopes[u] / (size * LIMITS.places**0.5) for u, size in sizes.items()]
    return torch.stack(each, 1).flatten(0, 1)


def _largest(changes: Tensor, factor: Tensor) -> tuple[list[float], Tensor]:
    """The largest |U R^-1 z| for |z| = 1, and the changes U R^-1 z there of size one, (places * unknowns, K)."""
    generator = torch.Generator().manual_seed(5)
    z = torch.randn(factor.shape[1], LIMITS.directions, generator=generator, dtype=torch.float64).to(factor)
    gains, moved = torch.zeros(0), changes.new_zeros(len(changes), 0)
    for _ in range(LIMITS.iterations):
        z = torch.linalg.qr(z).Q
        images = changes @ torch.linalg.solve_triangular(factor, z, upper=True)
        moved, gains, _ = torch.linalg.svd(images, full_matrices=False)
        z = torch.linalg.solve_triangular(factor.T, changes.T @ images, upper=False)
    return gains.tolist(), moved
