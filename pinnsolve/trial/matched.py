"""A first guess of unknown functions of unknowns, where all of these are measured: what joins the data is put into the
equations, and least squares tell what the functions would have to be.

With u^ polynomials through the data and c the coefficients of the functions,

    min sum over equations e and places of data  |r_e(u^, c)|^2 / |r_e(u^, c_0)|^2,      c_0 as the user guessed.

Nothing is solved for that. It is as good as slopes of noisy data are: a place to begin, from which solutions do not run
away.

Source: Varah, SIAM J. Sci. Stat. Comput. 3 (1982) 28.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product
from math import comb, inf
from typing import TYPE_CHECKING

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.leaves import Leaves
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.expansion import Products
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.reach import arguments_of
from pinnsolve.trial.series import polynomials

if TYPE_CHECKING:
    from pinnsolve.trial.forward import Forward


@dataclass(frozen=True)
class Rules:
    """What is tried. Chosen, not measured.

    Slopes along a coordinate with few different places would be those of polynomials, and of no data.

    Parameters
    ----------
    places : int
        Different ones along each coordinate, at the least.
    share : float
        Of the measurements: polynomials have no more terms. Larger: they follow the noise.
    degree : int
        The highest total degree of these. Higher: time.
    levels : int
        Of the functions' series. More: slopes of noisy data are followed.
    less : float
        Of what is left: what more terms leave, and what all must leave of that of the user's guess.
    steps : int
        Of Gauss and Newton; of a function that is neither positive nor bounded one is enough.
    ridge : float
        Of the rows: directions that the data do not tell stay as they are.
    """

    places: int = 10
    share: float = 0.3
    degree: int = 20
    levels: int = 3
    less: float = 0.5
    steps: int = 6
    ridge: float = 1e-4


RULES = Rules()


@dataclass(frozen=True)
class Joined:
    """A polynomial through what is measured of one unknown, by its coefficients and the places."""

    problem: Problem
    terms: Products
    coefficients: Tensor
    points: Points

    @classmethod
    def of(cls, problem: Problem, unknown: str) -> Joined | None:
        """That which generalised cross-validation prefers; nothing where there are hardly any data."""
        data = [o.points for o in problem.observations if unknown in o.unknowns]
        if not data:
            return None
        names, values = problem.coordinates, torch.cat([p.measured[unknown] for p in data])
        places = {c: torch.cat([p.coordinates[c] for p in data]) for c in names}
        points, best, least = Points(places, torch.ones_like(values)), None, inf
        if min(len(v.unique()) for v in places.values()) < RULES.places:
            return None
        _, at = points.chart()
        for degree in range(1, RULES.degree + 1):
            if comb(degree + len(names), len(names)) > RULES.share * len(values):
                break
            every = [k for k in product(range(degree + 1), repeat=len(names)) if sum(k) <= degree]
            terms = Products(names, (polynomials,) * len(names), tuple(every))
            rows = terms.at(problem.domain, at, dict.fromkeys(names, 0))
            found = torch.linalg.lstsq(rows, values[:, None]).solution[:, 0]
            score = float((rows @ found - values).square().sum()) / (len(values) - len(every)) ** 2
            if score < least:
                best, least = cls(problem, terms, found, points), score
        return best

    def field(self, chart: Chart, at: Mapping[str, Jet]) -> Jet:
        def rule(alpha: tuple[int, ...]) -> Tensor:
            orders = {c: alpha[chart.axis(c)] for c in self.terms.coordinates}
            return self.terms.at(self.problem.domain, at, orders) @ self.coefficients

        return Jet(chart, rule, (chart.size,), frozenset(self.terms.coordinates))


def match(forward: Forward) -> bool:
    """Begin functions of unknowns with what equations make of the data, where that leaves less than the guess; whether
    that was so."""
    problem = forward.problem
    names = [n for n in problem.functions if n in problem.of_unknowns]
    joined = {u: j for u in problem.unknowns if (j := Joined.of(problem, u)) is not None} if names else {}
    asked = {u for n in names for each in arguments_of(problem, n) for u in each if u in problem.unknowns}
    if not names or not asked <= joined.keys():
        return False
    measured = sum(len(o.points) * len(o.unknowns) for o in problem.observations)
    best, least, begun = None, inf, forward.level
    for level in range(begun, min(begun + RULES.levels, forward.unsaid.levels)):
        if level > begun and len(forward.unsaid.declared(level)) > RULES.share * measured:
            break
        forward.rise(level)
        found, left = _told(forward, names, joined)
        if found is None or left > RULES.less * least:
            break
        best, least = (level, found), left
    level, found = best if best is not None and least < RULES.less else (begun, {})
    forward.rise(level)
    for name, value in found.items():
        forward.sought.put(name, value)
    return bool(found)


def _told(forward: Forward, names: list[str], joined: Mapping[str, Joined]) -> tuple[dict[str, float] | None, float]:
    """The coefficients of the functions' series, and what is left of what the guess leaves (rms); nothing where no
    equation tells of them."""
    values, expansions = forward.values(), forward.expansions()
    problem, sought = forward.at(values), [c for n in names for c in expansions[n].names]
    of = forward.problem.of_unknowns
    known = [e for e in problem.equations if e.asks & of and {u for u in problem.unknowns if u in e.asks} <= {*joined}]
    if not known:
        return None, inf
    c = torch.tensor([values[n] for n in sought], dtype=torch.float64)
    sizes, start = list[Tensor](), c
    for _ in range(RULES.steps):
        r, slopes = _rows(problem, known, joined, dict(zip(sought, c.tolist(), strict=True)))
        sizes = sizes or [part.square().sum().sqrt().clamp(min=1e-300) for part in r]
        whole, rows = (
            torch.cat([a / s for a, s in zip(r, sizes, strict=True)]),
            torch.cat([a / s for a, s in zip(slopes, sizes, strict=True)]),
        )
        ridge = RULES.ridge * float(rows.norm()) * torch.eye(len(c), dtype=rows.dtype)
        given = torch.cat([-whole, -ridge @ (c - start)])
        if not bool(given.isfinite().all() & rows.isfinite().all()):
            return None, inf
        change = torch.linalg.lstsq(torch.cat([rows, ridge]), given[:, None]).solution[:, 0]
        curved = any(forward.problem.functions[n].curved for n in names)
        c = c + change * (min(1.0, 1.0 / max(float(change.abs().max()), 1e-300)) if curved else 1.0)
    r, _ = _rows(problem, known, joined, dict(zip(sought, c.tolist(), strict=True)))
    left = torch.cat([a / s for a, s in zip(r, sizes, strict=True)])
    return dict(zip(sought, c.tolist(), strict=True)), float(left.norm()) / len(r) ** 0.5


def _rows(
    problem: Problem, equations: list[Equation], joined: Mapping[str, Joined], values: Mapping[str, float]
) -> tuple[list[Tensor], list[Tensor]]:
    """Of each equation what it leaves at places of data (N,), and its slopes by the coefficients (N, K)."""
    residuals, slopes = [], []
    for e in equations:
        mine = [u for u in problem.unknowns if u in e.asks]
        points = joined[mine[0]].points if mine else next(iter(joined.values())).points
        chart, at = points.chart()
        held = Leaves.on(chart, values)
        unknowns = {u: j.field(chart, at) for u, j in joined.items()}
        with torch.enable_grad():
            r = e.residual(problem.fields(chart, at, unknowns, points, held.fields(chart))).value
            grads = torch.autograd.grad(r.sum(), list(held.values.values()), materialize_grads=True, allow_unused=True)
        residuals.append(r.detach())
        slopes.append(torch.stack(grads, 1))
    return residuals, slopes
