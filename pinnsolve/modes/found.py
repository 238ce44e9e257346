"""The modes of a problem: random features of several kinds, more and more of them, until eigenvalues stay.

The same rows that train a solution are linear in the output layer, and in the eigenvalue: they are a pencil
(`pinnsolve.modes.pencil`). Two sets of features that differ in number and in what was drawn tell
the error, and the residual that is left.
"""

from __future__ import annotations

import inspect
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from time import perf_counter
from typing import Any

import torch
from torch import Tensor

from pinnsolve.calls import worded
from pinnsolve.checks.check import Findings
from pinnsolve.checks.check import check as checked
from pinnsolve.errors import Outcome, ProblemError
from pinnsolve.geometry.places import Plane
from pinnsolve.integrated import integral
from pinnsolve.modes.breaking import breaking
from pinnsolve.modes.compared import judged
from pinnsolve.modes.in_fluxes import in_fluxes
from pinnsolve.modes.pencil import RULES as PENCIL
from pinnsolve.modes.record import Modes
from pinnsolve.modes.search import RULES, Search, Set, trial_of
from pinnsolve.modes.statement import at, check, refuse_jumps, sought, together
from pinnsolve.problem.problem import Problem
from pinnsolve.residuals import sites
from pinnsolve.settings import Settings
from pinnsolve.solution import Solution
from pinnsolve.training.collocation import Collocation
from pinnsolve.training.history import Look, Training
from pinnsolve.training.weights import weighted
from pinnsolve.trial.exact import Plan, verified
from pinnsolve.trial.trial import Trial


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
    told, base = problem, at(problem, wanted.near or 1.0)  # at zero what multiplies it is not seen
    places = breaking(base) if len(problem.coordinates) == 1 else ()
    if places:
        told = in_fluxes(problem, base, bool(checked(base).unseen)) or problem
        base = at(told, wanted.near or 1.0)
    findings = checked(base)
    refuse_jumps(base, findings)
    made = _planned(base, findings, places)
    search = Search(told, wanted.near, wanted.count, made, chosen)
    best, errors, outcome, tried = search.run(began)
    return _handed_out(problem, told, name, made, best, errors, outcome, tried, chosen, began)


def solved(problem: Problem, settings: Settings, more: bool) -> Solution:
    """The modes as the unknowns of one solution; `more` says whether something was asked for that modes have not."""
    if more or not settings.automatic or settings.cells != "legendre":
        raise ProblemError(
            "modes are found at once by random features: there is nothing to resume, to continue or to train",
            "Leave resume, continuation, method, network and cells out.",
        )
    return modes(problem, settings).solution


def _planned(problem: Problem, findings: Findings, places: tuple[Plane, ...]) -> Plan:
    """How conditions are met by features that see the distance from these places."""
    made, _ = verified(problem, findings)
    return replace(made, planes=places or made.planes)


def _handed_out(
    asked: Problem, problem: Problem, name: str, made: Plan, best: Set, errors: list[float], outcome: Outcome,
    tried: int, settings: Settings, began: float,
) -> Modes:  # fmt: skip
    whole = together(problem, best.values)
    findings: Findings = checked(whole)
    planned = _planned(whole, findings, made.planes)
    trial = trial_of(whole, best.network, planned, best.seed, settings)
    singles: list[Trial] = []
    for value, vector in zip(best.values, best.vectors, strict=True):
        alike = PENCIL.one * max(map(abs, best.values))
        beside = [m for m, other in zip(singles, best.values, strict=False) if abs(value - other) <= alike]
        singles.append(trial_of(at(problem, value), best.network, made, best.seed, settings))
        _normalise(singles[-1], vector, beside, asked.unknowns)
    trial.assign(_together(trial, singles))
    _check_same(trial, singles)
    points = Collocation(trial, sites(whole, planned), settings, torch.Generator().manual_seed(best.seed))
    training, held, weights = points.training.rms(), points.held_out.rms(), dict.fromkeys(points.training.names, 1.0)
    seconds = perf_counter() - began
    look = Look(tried, seconds, "modes", weighted(weights, training), training, held)
    record = Training(
        outcome, seconds, tried, tried, [look], training, held, points.counts(), weights, "modes of random features",
        repr(best.network), [], _distance(problem, best, made, settings, asked.unknowns),
    )  # fmt: skip
    described = settings.described() | {"method": record.method, "network": record.network}
    solution, near = Solution(trial, record, findings, described), problem.parameters[name]
    found = Modes(name, best.values, errors, best.residuals, solution, near, best.reach)
    solution.judged = partial(judged, asked, found, settings.budget)
    return found


def _distance(
    problem: Problem, best: Set, made: Plan, settings: Settings, unknowns: Sequence[str]
) -> float | None:  # fmt: skip
    """How far the modes of the set before are from these, the largest: each from all modes of nearly its eigenvalue.

    One at the end of the list may be of a pair whose other half is not in it; then nothing is known of it."""
    if best.before is None or len(best.before.values) != len(best.values):
        return None
    places = problem.domain.interior.draw(512, "sobol", torch.Generator().manual_seed(2))

    def of(some: Set, k: int) -> Tensor:
        trial = trial_of(at(problem, some.values[k]), some.network, made, some.seed, settings)
        trial.assign(some.vectors[k])
        fields = trial.unknowns(trial.prepare(places))
        found = torch.cat([fields[u].value.detach() for u in unknowns]).cpu()
        return found / found.norm()

    mine = torch.stack([of(best, k) for k in range(len(best.values))], 1)
    values, found = torch.tensor(best.values), list[float]()
    for k, value in enumerate(best.before.values):
        near = (values - value).abs() <= RULES.alike * values.abs().max()
        space, other = torch.linalg.qr(mine[:, near])[0], of(best.before, k)
        distance = float((other - space @ (space.T @ other)).norm())
        cut = distance > 0.5 and bool(near[k]) and k in (0, len(values) - 1)
        found += [] if cut else [distance]
    return max(found, default=None)


def _normalise(trial: Trial, vector: Tensor, beside: list[Trial], unknowns: Sequence[str]) -> None:
    """Give a mode the norm one, the sign that is agreed on, and nothing of those of the same eigenvalue."""
    trial.assign(vector)
    vector = vector / _square(trial, unknowns) ** 0.5
    for other in beside:
        squares = []
        for sign in (1.0, -1.0):
            trial.assign(vector + sign * other.vector())
            squares.append(_square(trial, unknowns))
        vector = vector - 0.25 * (squares[0] - squares[1]) * other.vector()
    trial.assign(vector)
    trial.assign(_sign(trial) * vector / _square(trial, unknowns) ** 0.5)


def _square(trial: Trial, unknowns: Sequence[str]) -> float:
    """The integral of the sum of squares of these unknowns."""

    def square(**fields: Any) -> Any:
        return sum(fields[u] ** 2 for u in unknowns)

    kind = inspect.Parameter.KEYWORD_ONLY
    square.__signature__ = inspect.Signature([inspect.Parameter(u, kind) for u in unknowns])  # type: ignore[attr-defined]
    return float(integral(trial, trial.problem, square))


def _sign(trial: Trial) -> float:
    """By which the first unknown is positive where it is largest."""
    domain = trial.problem.domain
    places = domain.interior.draw(2048, "sobol", torch.Generator().manual_seed(1))
    first = trial.unknowns(trial.prepare(places))[trial.problem.unknowns[0]].value.detach().cpu()
    # odd modes are as large on either side: what lies further along the coordinates counts more
    more = sum((k + 1) * domain.unit(c, x) for k, (c, x) in enumerate(places.coordinates.items()))
    return 1.0 if float((first**3 * (1 + 0.3 * more)).sum()) >= 0 else -1.0


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
    rounding = torch.finfo(points.weights.dtype).eps * float(trial.vector().abs().sum())  # of a sum of as many terms
    for a, b in zip(whole, each, strict=True):
        one, other = a.value.detach(), b.value.detach()
        near = 1e-9 * float(other.abs().max()) + rounding
        assert torch.allclose(one, other, rtol=1e-6, atol=near), "modes differ"
