"""Sets of random features and the modes that they have, until eigenvalues stay from set to set.

An eigenvalue is no better known than its residual: dist(E, spectrum) <= |A u + E B u| / |B u| where A and B are
symmetric, whatever the features are (Weinstein's bound). Both sets may miss the same kink.
Source: Chatelin, Spectral Approximation of Linear Operators (1983), section 6.4.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from pinnsolve.errors import Outcome, ProblemError
from pinnsolve.modes.pencil import Pencil
from pinnsolve.modes.statement import at
from pinnsolve.networks.random_features import RandomFeatures
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.problem import Problem
from pinnsolve.residuals import Residuals, Site, sites
from pinnsolve.settings import LAYERS, Settings
from pinnsolve.training.collocation import Collocation
from pinnsolve.training.weights import weighted, weights_of
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.trial import Trial


@dataclass(frozen=True)
class Rules:
    """How many features are tried. Chosen on strings, drums and wells.

    Parameters
    ----------
    first, most : int
        Features of the first round, and of the last. Fewer first: high modes are not seen. More at last: minutes.
    wider : float
        Times the highest frequency: the next wider range.
    gains : float
        Of what half as many features leave: where more is left, these have too few half-waves, and the next ones have
        a wider range. Of what a range leaves: where the next wider one leaves more, no other is tried. Larger: narrow
        wells want thousands of features. Smaller: ranges wider than they need be.
    certain : float
        Of the tolerance: the change of the eigenvalues from one set of features to the next at which it ends.
    longer : float
        Times what the last round took: the next one, of twice as many features.
    solved : float
        The residual of a mode, relative to E B u: with more of it it is none.
    stays : float
        Of an imaginary part: where it changes by less from set to set, it is there.
    alike : float
        Of the largest: modes of eigenvalues that differ by less are told apart from set to set by chance.
    """

    first: int = 100
    most: int = 1600
    wider: float = 4.0
    gains: float = 0.5
    certain: float = 0.3
    longer: float = 7.0
    solved: float = 0.2
    stays: float = 0.05
    alike: float = 1e-4


RULES = Rules()


@dataclass(frozen=True)
class Set:
    """Modes as one set of features has them.

    Parameters
    ----------
    network : RandomFeatures
    seed : int
        From which it was drawn.
    values : list of float
        Ascending.
    vectors : list of tensor (P,)
    residuals : list of float
        On held-out points, relative to E B u (rms).
    beyond : tensor (L,)
        The nearer eigenvalues that are no real numbers.
    reach : float
        How far the next eigenvalue lies from the number that they shall be near to.
    before : Set, optional
        The one with which it was compared.
    """

    network: RandomFeatures
    seed: int
    values: list[float]
    vectors: list[Tensor]
    residuals: list[float]
    beyond: Tensor
    reach: float
    before: Set | None = None

    @property
    def worst(self) -> float:
        return max(self.residuals, default=math.inf)


class Search:
    """Sets of features, one after the other."""

    def __init__(self, problem: Problem, near: float, count: int, made: Plan, settings: Settings) -> None:
        self.problem, self.near, self.count, self.made, self.settings = problem, near, count, made, settings

    def run(self, began: float) -> tuple[Set, list[float], Outcome, int]:
        """The best set, the errors of its eigenvalues, how it ended, and how many sets were tried."""
        kinds = [RandomFeatures(RULES.first, scale, layer) for layer, scale in LAYERS if layer == "sine"]
        last = perf_counter()
        sets = [self.found(kind, self.settings.seed + k) for k, kind in enumerate(kinds)]
        took = (perf_counter() - last) / len(sets)
        while min(sets, key=lambda s: s.worst) is sets[-1]:  # the widest range of frequencies
            sets.append(self.found(_wider(sets[-1].network), self.settings.seed + len(sets)))
            if sets[-1].worst > RULES.gains * sets[-2].worst:
                break
        best, tried, errors = min(sets, key=lambda s: s.worst), len(sets), [math.inf] * self.count
        while best.network.count < RULES.most:
            if perf_counter() - began + RULES.longer * took > self.settings.budget:
                if best.worst > RULES.solved:
                    raise self._none(best)
                return best, errors, self._told("budget", errors, tried), tried
            last = perf_counter()
            poor = best.before is not None and best.worst > RULES.gains * best.before.worst
            network = replace(_wider(best.network) if poor else best.network, count=2 * best.network.count)
            richer = self.found(network, self.settings.seed + tried)
            took, tried = perf_counter() - last, tried + 1
            errors = [math.inf] * self.count
            if len(best.values) == len(richer.values) == self.count:
                changes = apart(best.values, richer.values, richer.reach)
                errors = [max(pair) for pair in zip(changes, richer.residuals, strict=True)]
            if _stay(best.beyond, richer.beyond):
                raise self._none(richer)
            best = replace(richer, before=replace(best, before=None))
            if best.worst < RULES.solved and max(errors) <= RULES.certain * self.problem.tolerance:
                return best, errors, self._told("converged", errors, tried), tried
        if best.worst > RULES.solved:
            raise self._none(best)
        return best, errors, self._told("plateau", errors, tried), tried

    def _none(self, best: Set) -> ProblemError:
        """What to say where there are no modes."""
        if len(best.beyond):
            return ProblemError(
                f"near {self.near:g} there are eigenvalues that are no real numbers",
                "Complex modes are two real unknowns; or look elsewhere, near another number.",
            )
        return ProblemError(
            f"no {self.count} modes were found near {self.near:g}: the closest leave {best.worst:.0e} of E times them",
            "Ask for fewer of them, near another number, or give it more seconds.",
        )

    def _told(self, kind: str, errors: list[float], tried: int) -> Outcome:
        worst = max(errors)
        told = f"the eigenvalues are known to {worst:.0e} ({tried} sets of features tried)"
        return Outcome(kind, told, "" if kind == "converged" else "more seconds, a larger tolerance, or fewer modes")

    def found(self, network: RandomFeatures, seed: int) -> Set:
        """The modes of one set of features."""
        step = abs(self.near) or 1.0
        one, other = (self._trial(self.near + add, network, seed) for add in (0.0, step))
        generator = torch.Generator().manual_seed(seed)
        points = Collocation(one, sites(one.problem, self.made), self.settings, generator)
        points.renew(2 * one.parameters_count)
        weights = weights_of(self.settings, points.training, {})
        first = points.training.rows(weights)[1]
        values = _values(one, points)
        points.take(other)
        b = (points.training.rows(weights)[1] - first) / step
        pencil = Pencil(first - self.near * b, b, values)
        found, vectors, beyond, reach = pencil.near(self.near, self.count)
        whole = len(found) == self.count and not len(beyond) and bool(found.isfinite().all())
        residuals = [math.inf] * self.count
        if whole:
            small = 1e-6 * reach
            sizes = (b @ vectors).norm(dim=0) * found.abs().where(found.abs() > small, reach)
            pairs = zip(found.tolist(), vectors.T, sizes.tolist(), strict=True)
            residuals = [self._left(v, network, seed, vector, points, weights) / size for v, vector, size in pairs]
        return Set(network, seed, found.tolist(), list(vectors.T), residuals, beyond, reach)

    def _trial(self, value: float, network: RandomFeatures, seed: int) -> Trial:
        return trial_of(at(self.problem, value), network, self.made, seed, self.settings)

    def _left(
        self, value: float, network: RandomFeatures, seed: int, vector: Tensor, points: Collocation, weights: Any
    ) -> float:
        """The residual of a mode on held-out points."""
        trial = self._trial(value, network, seed)
        trial.assign(vector)
        places = zip(sites(trial.problem, self.made), points.held_out.places, strict=True)
        held = Residuals(trial, [(s, p) for s, (_, p) in places])
        return weighted(weights, held.rms()) ** 0.5


def _wider(network: RandomFeatures) -> RandomFeatures:
    low, high = network.scale
    return replace(network, scale=(low, RULES.wider * high))


def trial_of(problem: Problem, network: RandomFeatures, made: Plan, seed: int, settings: Settings) -> Trial:
    """A trial function whose features are drawn from a seed, and which is zero."""
    trial = Trial(problem, network, made, torch.Generator().manual_seed(seed), settings.dtype, settings.device)
    trial.assign(torch.zeros_like(trial.vector()))
    return trial


def apart(a: list[float], b: list[float], scale: float) -> list[float]:
    """By how much eigenvalues differ, relative to them; of one that is zero, to the scale of the others."""
    small = 1e-6 * scale
    return [abs(x - y) / (abs(y) if abs(y) > small else scale) for x, y in zip(a, b, strict=True)]


def _stay(a: Tensor, b: Tensor) -> bool:
    """Whether there are eigenvalues that are no real numbers, and are the same from set to set."""
    return len(a) == len(b) > 0 and bool(((a.abs() - b.abs()).abs() <= RULES.stays * b.imag.abs()).all())


def _unknown(name: str) -> Any:
    def term(fields: Fields) -> Any:
        return fields[name]

    return term


def _values(trial: Trial, points: Collocation) -> Tensor:
    """How the unknowns on the points inside answer to the output layer, (places, P)."""
    site, inside = next(place for place in points.training.places if place[0].name == "interior")
    terms_of = {u: _unknown(u) for u in trial.problem.unknowns}
    return Residuals(trial, [(Site("interior", site.pieces, terms_of), inside)]).rows(dict.fromkeys(terms_of, 1.0))[1]
