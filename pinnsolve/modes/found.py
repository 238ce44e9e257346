"""The modes of a problem: random features of several kinds, more and more of them, until eigenvalues stay.

The same rows that train a solution are linear in the output layer, and in the eigenvalue: they are a pencil
(`pinnsolve.modes.pencil`). Two sets of features that differ in number and in what was drawn tell the error.
"""

from __future__ import annotations

import inspect
import math
from dataclasses import dataclass, replace
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from pinnsolve.calls import worded
from pinnsolve.checks.check import Findings
from pinnsolve.checks.check import check as checked
from pinnsolve.errors import Outcome, ProblemError
from pinnsolve.integral import integral
from pinnsolve.modes.pencil import Pencil
from pinnsolve.modes.statement import at, check, sought, together
from pinnsolve.networks.random_features import RandomFeatures
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem
from pinnsolve.residuals import Residuals, Site, sites
from pinnsolve.settings import LAYERS, Settings
from pinnsolve.solution import Solution
from pinnsolve.training.collocation import Collocation
from pinnsolve.training.history import Look, Training
from pinnsolve.training.rounding import terms
from pinnsolve.training.weights import made_of, weighted, weights_of
from pinnsolve.trial.exact import Plan, verified
from pinnsolve.trial.trial import Trial


@dataclass(frozen=True)
class Rules:
    """How many features are tried. Chosen on strings, drums and wells.

    Parameters
    ----------
    first, most : int
        Features of the first round, and of the last. Fewer first: high modes are not seen. More at last: minutes.
    certain : float
        Of the tolerance: the change of the eigenvalues from one set of features to the next at which it ends.
    longer : float
        Times what the last round took: the next one, of twice as many features.
    solved : float
        The residual of a mode, relative to its terms: with more of it it is none.
    alike : float
        Of the largest: modes of eigenvalues that differ by less are told apart from set to set by chance.
    """

    first: int = 100
    most: int = 1600
    certain: float = 0.3
    longer: float = 7.0
    solved: float = 0.05
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
        On held-out points, relative to their terms (rms).
    beyond : bool
        Whether nearer eigenvalues are no real numbers.
    before : Set, optional
        The one with which it was compared.
    """

    network: RandomFeatures
    seed: int
    values: list[float]
    vectors: list[Tensor]
    residuals: list[float]
    beyond: bool
    before: Set | None = None

    @property
    def worst(self) -> float:
        return max(self.residuals, default=math.inf)


@dataclass(frozen=True)
class Modes:
    """What was found.

    Parameters
    ----------
    name : str
        Of the eigenvalue.
    values, errors, residuals : list of float
        Eigenvalues, ascending; their relative errors as estimated; residuals relative to their terms.
    solution : Solution
        Of the problem whose unknowns are all modes: u_1, u_2, ... with E_1, E_2, ... among its parameters.
    """

    name: str
    values: list[float]
    errors: list[float]
    residuals: list[float]
    solution: Solution


@worded
def modes(problem: Problem, settings: Settings | None = None) -> Modes:
    """The modes of a homogeneous linear problem, with `parameters={"E": Eigenvalue(near=10, count=3)}`.

    Each has the norm one, the integral of the sum of squares of its unknowns, and a sign by which its first unknown is
    positive where it is largest.

    Raises
    ------
    ProblemError
        If the problem is not linear, not homogeneous, or has no such modes.

    Examples
    --------
    >>> from pinnsolve import Box, Eigenvalue, d, dirichlet
    >>> string = Problem(
    ...     space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x, E: d(u, x, x) + E * u,
    ...     conditions=dirichlet(u=0), parameters={"E": Eigenvalue(near=0, count=2)},
    ... )
    >>> [round(value, 6) for value in modes(string).values]
    [9.869604, 39.478418]
    """
    began, chosen = perf_counter(), settings or Settings()
    name, wanted = sought(problem)
    check(problem, name, wanted.near)
    base = at(problem, wanted.near)
    findings = checked(base)
    made, _ = verified(base, findings)
    search = _Search(problem, wanted.near, wanted.count, made, chosen)
    best, errors, outcome, tried = search.run(began)
    return _handed_out(problem, name, best, errors, outcome, tried, chosen, began)


def solved(problem: Problem, settings: Settings, more: bool) -> Solution:
    """The modes as the unknowns of one solution; `more` says whether something was asked for that modes have not."""
    if more or not settings.automatic:
        raise ProblemError(
            "modes are found at once by random features: there is nothing to resume, to continue or to train",
            "Leave resume, continuation, method and network out.",
        )
    return modes(problem, settings).solution


class _Search:
    """Sets of features, one after the other."""

    def __init__(self, problem: Problem, near: float, count: int, made: Plan, settings: Settings) -> None:
        self.problem, self.near, self.count, self.made, self.settings = problem, near, count, made, settings

    def run(self, began: float) -> tuple[Set, list[float], Outcome, int]:
        """The best set, the errors of its eigenvalues, how it ended, and how many sets were tried."""
        kinds = [RandomFeatures(RULES.first, scale, layer) for layer, scale in LAYERS if layer == "sine"]
        last = perf_counter()
        sets = [self.found(kind, self.settings.seed + k) for k, kind in enumerate(kinds)]
        took = (perf_counter() - last) / len(sets)
        best, tried, errors = min(sets, key=lambda s: s.worst), len(sets), [math.inf] * self.count
        while best.network.count < RULES.most:
            if perf_counter() - began + RULES.longer * took > self.settings.budget:
                if best.worst > RULES.solved:
                    raise self._none(best)
                return best, errors, self._told("budget", errors, tried), tried
            last = perf_counter()
            network = replace(best.network, count=2 * best.network.count)
            richer = self.found(network, self.settings.seed + tried)
            took, tried = perf_counter() - last, tried + 1
            errors = apart(best.values, richer.values) if len(best.values) == len(richer.values) else errors
            best = replace(richer, before=replace(best, before=None))
            if best.worst < RULES.solved and max(errors) <= RULES.certain * self.problem.tolerance:
                return best, errors, self._told("converged", errors, tried), tried
        if best.worst > RULES.solved:
            raise self._none(best)
        return best, errors, self._told("plateau", errors, tried), tried

    def _none(self, best: Set) -> ProblemError:
        """What to say where there are no modes."""
        if best.beyond:
            return ProblemError(
                f"near {self.near:g} there are eigenvalues that are no real numbers",
                "Complex modes are two real unknowns; or look elsewhere, near another number.",
            )
        return ProblemError(
            f"no {self.count} modes were found near {self.near:g}: the closest leave {best.worst:.0e} of their terms",
            "Ask for fewer of them, near another number, or give it more seconds.",
        )

    def _told(self, kind: str, errors: list[float], tried: int) -> Outcome:
        worst = max(errors)
        told = f"eigenvalues of two sets of features differ by {worst:.0e} ({tried} sets tried)"
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
        found, vectors, beyond = pencil.near(self.near, self.count)
        whole = len(found) == self.count and not beyond and bool(found.isfinite().all())
        residuals = [math.inf] * self.count
        if whole:
            pairs = zip(found.tolist(), vectors.T, strict=True)
            residuals = [self._left(value, network, seed, vector, points, weights) for value, vector in pairs]
        return Set(network, seed, found.tolist(), list(vectors.T), residuals, beyond)

    def _trial(self, value: float, network: RandomFeatures, seed: int) -> Trial:
        return trial_of(at(self.problem, value), network, self.made, seed, self.settings)

    def _left(
        self, value: float, network: RandomFeatures, seed: int, vector: Tensor, points: Collocation, weights: Any
    ) -> float:
        """The residual of a mode on held-out points, relative to its terms."""
        trial = self._trial(value, network, seed)
        trial.assign(vector)
        held = Residuals(
            trial, [(s, p) for s, (_, p) in zip(sites(trial.problem, self.made), points.held_out.places, strict=True)]
        )
        values = trial.unknowns(trial.prepare(held.places[0][1]))
        about = {u: Size(0.0, float(v.value.detach().square().mean().sqrt()) or 1.0) for u, v in values.items()}
        made = max(
            weighted(weights, terms(held)), weighted(weights, made_of(held, about))
        )  # of a constant all are zero
        return (weighted(weights, held.rms()) / made) ** 0.5 if made > 0 else math.inf


def trial_of(problem: Problem, network: RandomFeatures, made: Plan, seed: int, settings: Settings) -> Trial:
    """A trial function whose features are drawn from a seed, and which is zero."""
    trial = Trial(problem, network, made, torch.Generator().manual_seed(seed), settings.dtype, settings.device)
    trial.assign(torch.zeros_like(trial.vector()))
    return trial


def apart(a: list[float], b: list[float]) -> list[float]:
    """By how much eigenvalues differ, relative to them; of one that is zero, to the largest there is."""
    largest = max(map(abs, [*a, *b])) or 1.0
    return [abs(x - y) / (abs(y) if abs(y) > 1e-6 * largest else largest) for x, y in zip(a, b, strict=True)]


def _unknown(name: str) -> Any:
    def term(fields: Fields) -> Any:
        return fields[name]

    return term


def _values(trial: Trial, points: Collocation) -> Tensor:
    """How the unknowns on the points inside answer to the output layer, (places, P)."""
    site, inside = next(place for place in points.training.places if place[0].name == "interior")
    terms_of = {u: _unknown(u) for u in trial.problem.unknowns}
    return Residuals(trial, [(Site("interior", site.pieces, terms_of), inside)]).rows(dict.fromkeys(terms_of, 1.0))[1]


# ------------------------------------------------------------ what is handed out


def _handed_out(
    problem: Problem, name: str, best: Set, errors: list[float], outcome: Outcome, tried: int, settings: Settings,
    began: float,
) -> Modes:  # fmt: skip
    whole = together(problem, best.values)
    findings: Findings = checked(whole)
    made, _ = verified(whole, findings)
    trial = trial_of(whole, best.network, made, best.seed, settings)
    singles = []
    for value, vector in zip(best.values, best.vectors, strict=True):
        single = trial_of(at(problem, value), best.network, _plan(problem, value), best.seed, settings)
        single.assign(vector)
        single.assign(vector * _factor(single, problem))
        singles.append(single)
    trial.assign(_together(trial, singles))
    _check_same(trial, singles)
    points = Collocation(trial, sites(whole, made), settings, torch.Generator().manual_seed(best.seed))
    training, held, weights = points.training.rms(), points.held_out.rms(), dict.fromkeys(points.training.names, 1.0)
    seconds = perf_counter() - began
    look = Look(tried, seconds, "modes", weighted(weights, training), training, held)
    record = Training(
        outcome, seconds, tried, tried, [look], training, held, points.counts(), weights, "modes of random features",
        repr(best.network), [], _distance(problem, best, settings),
    )  # fmt: skip
    described = settings.described() | {"method": record.method, "network": record.network}
    return Modes(name, best.values, errors, best.residuals, Solution(trial, record, findings, described))


def _distance(problem: Problem, best: Set, settings: Settings) -> float | None:
    """How far the modes of the set before are from these, the largest: each from all modes of nearly its eigenvalue.

    One at the end of the list may be of a pair whose other half is not in it; then nothing is known of it."""
    if best.before is None or len(best.before.values) != len(best.values):
        return None
    places = problem.domain.interior.draw(512, "sobol", torch.Generator().manual_seed(2))

    def of(some: Set, k: int) -> Tensor:
        trial = trial_of(at(problem, some.values[k]), some.network, _plan(problem, some.values[k]), some.seed, settings)
        trial.assign(some.vectors[k])
        fields = trial.unknowns(trial.prepare(places)).values()
        found = torch.cat([f.value.detach() for f in fields])
        return found / found.norm()

    mine = torch.stack([of(best, k) for k in range(len(best.values))], 1)
    values, found = torch.tensor(best.values), [0.0]
    for k, value in enumerate(best.before.values):
        near = (values - value).abs() <= RULES.alike * values.abs().max()
        space, other = torch.linalg.qr(mine[:, near])[0], of(best.before, k)
        distance = float((other - space @ (space.T @ other)).norm())
        cut = distance > 0.5 and k in (0, len(values) - 1)
        found += [] if cut else [distance]
    return max(found)


def _plan(problem: Problem, value: float) -> Plan:
    base = at(problem, value)
    return verified(base, checked(base))[0]


def _factor(trial: Trial, problem: Problem) -> float:
    """By which a mode has the norm one, and the sign that is agreed on."""
    unknowns = problem.unknowns

    def square(**fields: Any) -> Any:
        return sum(fields[u] ** 2 for u in unknowns)

    kind = inspect.Parameter.KEYWORD_ONLY
    square.__signature__ = inspect.Signature([inspect.Parameter(u, kind) for u in unknowns])  # type: ignore[attr-defined]
    norm = float(integral(trial, trial.problem, square)) ** 0.5
    domain = problem.domain
    places = domain.interior.draw(2048, "sobol", torch.Generator().manual_seed(1))
    first = trial.unknowns(trial.prepare(places))[unknowns[0]].value.detach()
    # odd modes are as large on either side: what lies further along the coordinates counts more
    more = sum((k + 1) * domain.unit(c, x) for k, (c, x) in enumerate(places.coordinates.items()))
    side = float((first**3 * (1 + 0.3 * more)).sum())
    return (1.0 if side >= 0 else -1.0) / norm


def _together(trial: Trial, singles: list[Trial]) -> Tensor:
    """The output layers of all modes as that of one network: its columns are the unknowns of one mode after the other,
    for one part of space after the other."""
    outputs = singles[0].outputs
    parts = 1 if singles[0].several is None else singles[0].several.count
    weights, biases = [], []
    for k, single in enumerate(singles):
        vector, columns = single.vector(), outputs * parts
        scale = torch.tensor([
            single.plan.size(u).scale / trial.plan.size(v).scale
            for u, v in zip(single.plan.exact, list(trial.plan.exact)[k * outputs :], strict=False)
        ], dtype=vector.dtype, device=vector.device)  # fmt: skip
        split = len(vector) - columns
        weights.append(vector[:split].view(parts, outputs, -1) * scale[:, None])
        biases.append(vector[split:].view(parts, outputs) * scale)
    return torch.cat([torch.cat(weights, 1).flatten(), torch.cat(biases, 1).flatten()])


def _check_same(trial: Trial, singles: list[Trial]) -> None:
    """That what is handed out is what was found."""
    points = trial.problem.domain.line()
    whole = list(trial.unknowns(trial.prepare(points)).values())
    each = [f for single in singles for f in single.unknowns(single.prepare(points)).values()]
    for a, b in zip(whole, each, strict=True):
        one, other = a.value.detach(), b.value.detach()
        assert torch.allclose(one, other, rtol=1e-6, atol=1e-9 * float(other.abs().max())), "modes differ"
