"""Where which residuals are to hold, and which derivatives they ask of a network."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from pinnsolve.checks.on_both_sides import OnBothSides
from pinnsolve.checks.told_across import rows_by_piece
from pinnsolve.geometry.beside import rarer
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.places import fading
from pinnsolve.geometry.points import Points
from pinnsolve.jets.asked import Asked
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import splits
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.trial import Prepared, Trial

Faded = Callable[[Tensor], Tensor]


@dataclass(frozen=True)
class Site:
    """A region with all the residuals that are evaluated on its points.

    Parameters
    ----------
    name : str
    pieces : tuple of Piece
    terms : dict from name to callable (Fields) -> Jet
    asked : mapping from Trial to Asked
        The derivatives that the terms ask of a network, once they were found.
    points : Points, optional
        Where they hold; without it points are drawn on the pieces.
    """

    name: str
    pieces: tuple[Piece, ...]
    terms: dict[str, Callable[[Fields], Jet]] = field(default_factory=dict)
    asked: WeakKeyDictionary[Trial, Asked] = field(default_factory=WeakKeyDictionary, compare=False)
    points: Points | None = field(default=None, compare=False)


def sites(problem: Problem, made: Plan) -> list[Site]:
    """The interior with the equations, one site for each region on which conditions are weighted, and the data."""
    inside = {e.name: e.residual for e in problem.equations if e.name not in made.met}
    found = [Site("interior", (problem.domain.interior,), inside)]
    for across, here, told in rows_by_piece(problem):
        place = "interfaces" if len(across) == len(problem.interfaces) else "; ".join(p.name for p in across)
        found.append(Site(place, across))
        for name, e in here.items():
            found[-1].terms[_unused(name, found)] = e.residual
        for c in told:
            found[-1].terms[_unused(c.name, found)] = OnBothSides(c)
    for equation in problem.lines:
        pieces = problem.pieces(equation)
        found.append(Site("; ".join(p.name for p in pieces), pieces, {equation.name: equation.residual}))
    for equation in problem.system[len(problem.equations) :]:
        all_pieces = problem.pieces(equation)
        pieces = tuple(p for p in all_pieces if (equation, p) in made.weighted)
        if not pieces and equation.points is None:
            continue
        name = equation.name
        if len(pieces) < len(all_pieces):
            name += f" ({'; '.join(p.name for p in pieces)})"
        site = next((s for s in found if s.pieces == pieces and s.points is equation.points), None)
        if site is None:
            site = Site("; ".join(p.name for p in pieces) or equation.on.name, pieces, points=equation.points)
            found.append(site)
        site.terms[_unused(name, found)] = equation.residual
    return found


def _unused(name: str, found: Sequence[Site]) -> str:
    """The name, with a number where others have it."""
    known, number, told = {n for s in found for n in s.terms}, 2, name
    while told in known:
        told, number = f"{name} [{number}]", number + 1
    return told


@torch.no_grad()
def asked(trial: Trial, site: Site, few: Points) -> Asked:
    """The derivatives that a site asks of the network: found on a few points."""
    if trial not in site.asked:
        prepared = trial.prepare(few)
        at = trial.fields(prepared)
        for term in site.terms.values():
            term(at).value  # noqa: B018
        below = {beta for alpha in prepared.chart.asked for _, beta, _ in splits(alpha)}
        ordered = tuple(sorted(below, key=lambda alpha: (sum(alpha), alpha)))
        site.asked[trial] = Asked(ordered, frozenset(prepared.chart.read))
    return site.asked[trial]


def fade(trial: Trial, site: Site, prepared: Prepared) -> Faded:
    """How residuals are weighted down towards singular corners, and where more points are drawn than elsewhere, and up
    in parts that conduct little: inside the domain, and nowhere else."""
    if site.name != "interior":
        return lambda r: r
    coordinates, domain = prepared.points.coordinates, trial.problem.domain
    factors = [
        f for f in (fading(trial.plan.corners, coordinates, domain), rarer(domain, coordinates)) if f is not None
    ]
    if trial.scaling is not None and prepared.label is not None:
        factors.append(trial.scaling.raised.to(trial.device, trial.dtype)[prepared.label])
    if not factors:
        return lambda r: r
    whole = math.prod(factors[1:], start=factors[0]).to(trial.dtype)
    return lambda r: r * whole
