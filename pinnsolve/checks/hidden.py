"""Hidden places: where sources, coefficients or data vary, and evenly spread points see nothing of it.

A charge of width 0.002 in a square, a contact on a wall, a resonance in a range of a parameter: points pass it by, and
a solution that does not know of it looks converged. So what varies of an equation, F (`checks.variation`), and its
slopes are compared with what evenly spread points see of them (`checks.boxes`): slopes, since what is narrow is steep
even where it is low. What is not decided is said to be so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch

from pinnsolve.checks.boxes import RULES, Search, searched
from pinnsolve.checks.peaks import Peak
from pinnsolve.checks.poles import poles
from pinnsolve.checks.variation import Variation
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Hidden:
    """A hidden place, in parts of the domain, by the coordinates along which it is narrow."""

    middle: Mapping[str, float]
    width: Mapping[str, float]


def hidden(problem: Problem, sizes: Mapping[str, Size]) -> tuple[list[Hidden], list[str], list[str]]:
    """The hidden places of a problem, and in words what could not be decided, and where what multiplies unknowns has a
    pole.

    The unknowns are taken to be of these sizes.
    """
    found: list[Hidden] = []
    undecided: list[str] = []
    singular: list[str] = []
    for equation, piece in _functions(problem):
        if piece.side is not None:
            undecided += _on_side(Variation(problem, equation, piece, sizes))
            continue
        search = searched(Variation(problem, equation, piece, sizes))
        if search is None:
            continue
        told = [h for p in search.peaks if (h := _told(search, p)) is not None]
        of_sources, of_coefficients = poles(search)
        undecided += [f"{words}, where nothing says what comes from it" for words in of_sources]
        singular += of_coefficients
        if search.curved:
            where = ", ".join(f"{c}={problem.domain.place(c, v):.4g}" for h in told[:1] for c, v in h.middle.items())
            undecided.append(
                f"'{equation.name}' varies on a short length along a curve, or in many places"
                + f", as at {where}" * bool(where)
            )
        elif search.undecided:
            undecided.append(f"whether '{equation.name}' varies on a length that no point sees is not decided")
        found += told * (not search.curved)
    return _distinct(found), list(dict.fromkeys(undecided)), list(dict.fromkeys(singular))


def hidden_on(problem: Problem, equation: Equation, piece: Piece, sizes: Mapping[str, Size]) -> list[Hidden]:
    """The hidden places of one function on a piece of the domain; none where it asks for nothing along it, varies in
    too many places, or on a side of a shape."""
    if piece.side is not None or not equation.asks & set(piece.free):
        return []
    search = searched(Variation(problem, equation, piece, sizes))
    if search is None or search.curved:
        return []
    return _distinct([h for p in search.peaks if (h := _told(search, p)) is not None])


def missed_on(problem: Problem, equation: Equation, piece: Piece, sizes: Mapping[str, Size]) -> bool:
    """Whether a function varies along a side of a shape where a few points do not see it."""
    asks = piece.side is not None and equation.asks & set(piece.free)
    return bool(asks and _on_side(Variation(problem, equation, piece, sizes)))


def _functions(problem: Problem) -> list[tuple[Equation, Piece]]:
    """What may vary: equations inside, and conditions on their pieces, that ask for a coordinate along them."""
    inside = [(e, problem.domain.interior) for e in problem.equations]
    around = [(c, piece) for c in problem.conditions for piece in problem.pieces(c)]
    return [(e, piece) for e, piece in inside + around if e.asks & set(piece.free)]


def _on_side(variation: Variation) -> list[str]:
    """What varies along a side of a shape where the points of a run do not see it: looked for on many points, since a
    curve has no boxes."""
    piece = variation.piece
    few = piece.draw(RULES.points, "sobol", torch.Generator().manual_seed(RULES.points))
    values = [variation.along(points) for points in (few, many_along(piece))]
    seen = values[0][1].nan_to_num().sort().values[int(RULES.few) : -int(RULES.few)]
    places, found = values[1]
    half = (1 + 2 * RULES.value) * (seen[-1] - seen[0]) / 2 + RULES.least * seen.abs().max() + 1e-300
    far = (found - (seen[0] + seen[-1]) / 2).abs().nan_to_num()
    if not float(far.max()) > float(half):
        return []
    at = ", ".join(f"{c}={float(v[far.argmax()]):.4g}" for c, v in places.coordinates.items())
    return [f"'{variation.equation.name}' varies on a short length along {piece.name}, as at {at}"]


def many_along(piece: Piece) -> Points:
    """So many points of a side that they are evaluated in 0.1 s."""
    return piece.draw(2**16, "sobol", torch.Generator().manual_seed(2**16))


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
