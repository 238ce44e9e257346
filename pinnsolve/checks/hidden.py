"""Hidden places: where sources, coefficients or data vary, and evenly spread points see nothing of it.

A charge of width 0.002 in a square, a contact on a wall, a resonance in a range of a parameter: points pass it by, and
a solution that does not know of it looks converged. So what varies of an equation, F (`checks.variation`), and its
slopes are compared with what evenly spread points see of them (`checks.boxes`): slopes, since what is narrow is steep
even where it is low. What is not decided is said to be so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from pinnsolve.checks.boxes import RULES, Search, searched
from pinnsolve.checks.peaks import Peak
from pinnsolve.checks.variation import Variation
from pinnsolve.geometry.piece import Piece
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Hidden:
    """A hidden place, in parts of the domain, by the coordinates along which it is narrow."""

    middle: Mapping[str, float]
    width: Mapping[str, float]


def hidden(problem: Problem, sizes: Mapping[str, Size]) -> tuple[list[Hidden], list[str]]:
    """The hidden places of a problem, and in words what could not be decided.

    The unknowns are taken to be of these sizes.
    """
    found: list[Hidden] = []
    undecided: list[str] = []
    for equation, piece in _functions(problem):
        search = searched(Variation(problem, equation, piece, sizes))
        if search is None:
            continue
        told = [h for p in search.peaks if (h := _told(search, p)) is not None]
        if search.curved:
            where = ", ".join(f"{c}={problem.domain.place(c, v):.4g}" for h in told[:1] for c, v in h.middle.items())
            undecided.append(
                f"'{equation.name}' varies on a short length along a curve, or in many places"
                + f", as at {where}" * bool(where)
            )
        elif search.undecided:
            undecided.append(f"whether '{equation.name}' varies on a length that no point sees is not decided")
        found += told * (not search.curved)
    return _distinct(found), list(dict.fromkeys(undecided))


def _functions(problem: Problem) -> list[tuple[Equation, Piece]]:
    """What may vary: equations inside, and conditions on their pieces, that ask for a coordinate along them."""
    inside = [(e, problem.domain.interior) for e in problem.equations]
    around = [(c, piece) for c in problem.conditions for piece in problem.pieces(c)]
    return [(e, piece) for e, piece in inside + around if e.asks & set(piece.free)]


def _told(search: Search, peak: Peak) -> Hidden | None:
    """A peak as a place, if it has a height and it matters."""
    width = (peak.foot_high - peak.foot_low).clamp(max=1.0)
    if not peak.lasting or peak.varied <= RULES.least * search.size:
        return None
    middle, whole = (peak.foot_high + peak.foot_low) / 2, 0.3  # longer ones are no narrower than the domain
    names = [(c, k) for k, c in enumerate(search.variation.free) if width[k] < whole]
    return Hidden({c: float(middle[k]) for c, k in names}, {c: float(width[k]) for c, k in names})


def _distinct(found: list[Hidden]) -> list[Hidden]:
    """Each place once: those that overlap in the same coordinates are one, as wide as the widest."""
    kept: list[Hidden] = []
    for h in sorted(found, key=lambda h: -max(h.width.values())):
        same = [k for k in kept if set(k.middle) == set(h.middle)]
        if not any(all(abs(k.middle[c] - h.middle[c]) <= k.width[c] for c in h.middle) for k in same):
            kept.append(h)
    return kept
