"""The collocation points of a run: drawn first, redrawn where the residual is large, kept in checkpoints."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import zip_longest
from typing import Any

import torch
from torch import Tensor

from pinnsolve.algebra.least_squares import solved
from pinnsolve.checks.as_regular import kept_apart
from pinnsolve.geometry.beside import inside
from pinnsolve.geometry.places import away
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.sampling import crowded_at_ends, redrawn, sample, stretches
from pinnsolve.geometry.wanting import Wanting, crowding
from pinnsolve.jets.jet import Jet
from pinnsolve.machine.world import ALONE, World
from pinnsolve.problem.binding import Fields
from pinnsolve.residuals import Residuals, Site
from pinnsolve.settings import POINTS, Settings
from pinnsolve.trial.trial import Trial

# From this fraction of the first residual up: this part of the points. Larger parts: rough steps take longer; on
# Burgers the first digits come in half the time with these. Smaller: steps follow their points.
GROWTH = ((0.1, 0.25), (0.005, 0.5), (0.0, 1.0))
# Points inside at least. Larger: small networks take longer. Smaller: an equation may be met between points by chance.
# Chosen, not measured.
FEWEST = 256


class Collocation:
    """Where the residuals are trained, and where they are only watched.

    Parameters
    ----------
    trial : Trial
    places : list of Site
    settings : Settings
    generator : torch.Generator
        On the CPU; the only source of randomness.
    world : World
        The ranks that share the training points. All of them draw all points, and watch the held-out ones alike.

    Attributes
    ----------
    held_out : Residuals
        On points that training never sees; drawn once.
    training : Residuals
        On the current collocation points.
    """

    def __init__(
        self, trial: Trial, places: list[Site], settings: Settings, generator: torch.Generator, world: World = ALONE
    ) -> None:  # fmt: skip
        self.trial, self.places, self.settings, self.generator, self.world = trial, places, settings, generator, world
        self.wanting = wanting(trial)
        self.data = {
            id(s): parted(s.points, settings.validation, settings.seed) for s in places if s.points is not None
        }
        self.held_out = self._watched([self._draw(s, settings.held_out, held_out=True) for s in places])
        self.begin()

    def begin(self) -> None:
        """The first training points of a network."""
        self.training = self._placed([self._draw(s, self._wanted(1.0)) for s in self.places])

    def take(self, trial: Trial, *, training: bool = True) -> None:
        """The same points for another trial function; the training points only if they are wanted."""
        self.trial = trial
        self.held_out = self._watched([points for _, points in self.held_out.places])
        if training:
            self.training = self._placed([points for _, points in self.training.places])

    def renew(self, equations: int) -> None:
        """New training points: for so many equations inside the domain, unless the user said how many, and a quarter
        of that on each region."""
        each = next(len(site.terms) for site in self.places if site.name == "interior")
        count = self.settings.points or max(equations // max(1, each), FEWEST)
        self.training = self._placed([self._draw(s, count, count // 4) for s in self.places])

    def _draw(self, site: Site, interior: int, elsewhere: int = 0, held_out: bool = False) -> Points:
        if site.points is not None:
            return self.data[id(site)][held_out]
        count = interior if site.name == "interior" else max(self.settings.condition_points, elsewhere)
        problem, sampler = self.trial.problem, self.settings.sampler
        if site.name == "interior":
            points = inside(problem.domain, count, sampler, self.generator, self.wanting)
        else:
            points = sample(site.pieces, count, sampler, self.generator, self.wanting)
        return crowded_at_ends(points, problem.ranges)

    def _placed(self, points: list[Points]) -> Residuals:
        return Residuals(self.trial, list(zip(self.places, points, strict=True)), self.world, self.settings.room)

    def _watched(self, points: list[Points]) -> Residuals:
        return Residuals(self.trial, list(zip(self.places, points, strict=True)), room=self.settings.room)

    def alone(self) -> None:
        """From here on this process evaluates all points: what is left to do is done by one rank."""
        if self.world.size > 1:
            self.world = ALONE
            self.training = self._placed([points for _, points in self.training.places])

    def _wanted(self, fraction: float) -> int:
        """How many points inside: a part of them while the held-out residual is still a large fraction of the first.

        Rough steps need few points; measured on Burgers, this brings the first digits in half the time.
        """
        points = self.settings.points or POINTS
        if self.settings.redraw is None:
            return points
        part = next(part for least, part in GROWTH if fraction >= least)
        return min(points, max(round(part * points), FEWEST))

    def redraw(self, step: int, fraction: float, weights: Mapping[str, float]) -> str | None:
        """New points when their time has come: inside the domain where the residual is large, elsewhere evenly.

        Where a residual is not finite on the points to choose from, they stay as they are: in words, which and where.
        """
        rule = self.settings.redraw
        if rule is None or step == 0 or step % rule.every:
            return None
        fresh = []
        for site in self.places:
            count = self._wanted(fraction) if site.name == "interior" else 0
            pool = self._draw(site, rule.pool * count)
            if rule.pool == 1 or site.name != "interior" or not site.terms:
                fresh.append(pool)
                continue
            candidates = Residuals(self.trial, [(site, pool)], self.world, self.settings.room)
            values = candidates.values()
            if bad := bad_among(values, candidates):
                return bad
            size = torch.stack([weights[n] ** 0.5 * r.abs() for n, r in values.items()]).sum(0)
            fresh.append(redrawn(pool, size, count, rule.uniform, self.generator))
        self.training = self._placed(fresh)
        return None

    def to_data(self) -> None:
        """Bring random features as close to the measurements as they come; where Newton's method sees the solution's
        shape it finds constants that it does not find from nothing."""
        places = [(site, points) for site, points in self.training.places if site.points is not None]
        if places:
            data = Residuals(self.trial, places)
            values, rows = data.rows(dict.fromkeys(data.names, 1.0))
            start = self.trial.vector()
            ridge = 1e-6  # a rough fit will do, and between the data a smooth one is wanted
            found = solved(rows, (rows @ start - values)[:, None], ridge)
            if found is not None:
                self.trial.assign(found[:, 0])

    @torch.no_grad()
    def values(self) -> dict[str, Tensor]:
        """The unknowns on the held-out points inside the domain, away from singular corners, as they are handed out."""
        parts: dict[str, list[Tensor]] = {u: [] for u in self.trial.problem.unknowns}
        rest = kept_apart(self.trial.problem)
        for prepared, far in self._inside():
            for unknown, field in self.trial.unknowns(prepared).items():
                value = field.value
                if rest is not None:
                    value = value + rest.at_points(unknown, prepared.points.coordinates).to(value)
                parts[unknown].append(value if far is None else value[far])
        return {u: torch.cat(p) for u, p in parts.items()}

    def inside(self) -> list[dict[str, Tensor]]:
        """The coordinates of these points, (N,) each, in parts."""
        return [
            {c: v if far is None else v[far] for c, v in prepared.points.coordinates.items()}
            for prepared, far in self._inside()
        ]

    def shares(self) -> tuple[Tensor, ...]:
        """Of the domain, for which each of them stands, (N,), one in the mean: other ways to weigh them than alike. One
        where points crowd in narrow places, and one for each stretch of a parameter's range, since a solution over it
        is as good as for its worst value."""
        domain, at = self.trial.problem.domain, self.inside()
        found = stretches(at, self.trial.problem.ranges)
        narrow = [place for place in self.wanting if place.width]
        if narrow:
            ends = {c: domain.ends(c) for c in domain.coordinates}
            found.append(1 / torch.cat([crowding(narrow, len(self.wanting), ends, part) for part in at]))
        return tuple(w / w.mean() for w in found)

    def _inside(self) -> Iterator[tuple[Any, Tensor | None]]:
        """What is prepared inside, and which of it lies away from singular corners."""
        for site, prepared, _ in self.held_out.batches:
            if site.name == "interior":
                yield prepared, away(self.trial.plan.corners, prepared.points.coordinates, self.trial.problem.domain)

    def drift(self) -> Residuals:
        """On the training points inside: the unknown that is paired with each equation, in the order declared."""
        site, points = next((s, p) for s, p in self.training.places if s.name == "interior")

        def unknown(name: str | None) -> Callable[[Fields], Jet]:
            return lambda at: at.chart.numbers(0.0) if name is None else at[name]

        pairs = zip_longest(site.terms, self.trial.problem.unknowns[: len(site.terms)])
        terms = {name: unknown(u) for name, u in pairs}
        return Residuals(self.trial, [(Site("interior", site.pieces, terms), points)], self.world, self.settings.room)

    def first_bad(self) -> str | None:
        """Which residual is not finite, and where; None if all are."""
        return first_bad(self.training) or first_bad(self.held_out)

    def worst(self) -> str:
        """Which residual is not finite, or the largest, and where."""
        return self.first_bad() or f"the loss is not finite, although {largest(self.training)}, the largest there is"

    def counts(self) -> dict[str, int]:
        """The number of training points in each region."""
        return {site.name: len(points) for site, points in self.training.places}

    def stored(self) -> list[dict[str, Any]]:
        """The training points as a checkpoint holds them."""
        return [
            {n: dict(v) if isinstance(v, Mapping) else v for n, v in vars(p).items()} for _, p in self.training.places
        ]

    def restore(self, stored: list[dict[str, Any]]) -> None:
        """Take the training points from a checkpoint."""
        self.training = self._placed([Points(**p) for p in stored])


def wanting(trial: Trial) -> list[Wanting]:
    """Where more points are wanted: narrow places, singular corners, and beside these the points where a value is
    prescribed.

    A pressure that is known at one point of a cavity is as good everywhere as the solution is there.
    """
    problem, domain = trial.problem, trial.problem.domain
    found = []
    for n in trial.plan.narrow:
        # of several coordinates most of the box around it would be empty: half of its width on either side
        part = 1.0 if len(n.middle) == 1 else 0.5
        found.append(Wanting(n.middle, {c: part * w / domain.length(c) for c, w in n.width.items()}))
    found += [Wanting(notch.place) for notch in domain.notches]
    if not trial.plan.corners:
        return found
    fixed = [piece.fixed for c in problem.conditions for piece in problem.pieces(c)]
    points = [f for f in fixed if set(problem.space_coordinates) <= set(f) and len(f) > 1]
    return found + [Wanting(f) for f in [corner.fixed for corner in trial.plan.corners] + points]


def parted(points: Points, share: float | None, seed: int) -> tuple[Points, Points]:
    """Measurements for training, and the share of them that is held out; the same for both where none is."""
    if not share:
        return points, points
    order = torch.randperm(len(points), generator=torch.Generator().manual_seed(seed))
    count = min(max(round(share * len(points)), 1), len(points) - 1)
    return points[order[count:]], points[order[:count]]


def first_bad(residuals: Residuals) -> str | None:
    """Which residual is not finite, or too large to be squared, and where; None if all are well."""
    return bad_among(residuals.values(), residuals)


def bad_among(values: Mapping[str, Tensor], residuals: Residuals) -> str | None:
    """The same of values that are known already."""
    for site, points in residuals.places:
        for name in site.terms:
            size = values[name].abs()
            bad = ~torch.isfinite(size.square() * len(size))  # their sum is needed
            if bad.any():
                worst = bad.to(torch.int).argmax() if size.isnan().any() else size.argmax()
                return _told(name, values[name], points, int(worst))
    return None


def largest(residuals: Residuals) -> str:
    """Which residual is the largest, and where."""
    values = residuals.values()
    worst = max(values, key=lambda name: float(values[name].abs().max()))
    points = next(points for site, points in residuals.places if worst in site.terms)
    return _told(worst, values[worst], points, int(values[worst].abs().argmax()))


def _told(name: str, values: Tensor, points: Points, k: int) -> str:
    place = ", ".join(f"{c}={float(v[k]):.4g}" for c, v in points.coordinates.items())
    value = float(values[k])
    overflow = math.isfinite(value) and not math.isfinite(float(values[k].square() * len(values)))
    told = ", and its square overflows: divide the equation by its size" * overflow
    return f"the residual '{name}' is {value:.4g} at {place}{told}"
