"""Whether the exact solution that a problem brings satisfies its equations and conditions.

It is put into them before anything is trained, on a few hundred points, its derivatives taken as differences of several
widths; at each point the width counts at which the residual r settles, that is changes least from one to the next, by
delta. With s the size of the terms there (each derivative times the residual's slope by it, and what is left), the
equation is said not to hold if at more than a quarter of the points

    |r| - 5 delta  >  s * (the tolerance).

A share of the points, and not their mean, so that kinks and jumps of the solution do not count, where no derivative
exists; nor do points at which no width settles. In conditions s is at least the size that the unknown's variation gives
to the same terms: a wall that is zero to six digits is zero.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.differences import Differenced, Values
from pinnsolve.checks.references import judged, reference_of, reference_values
from pinnsolve.checks.some import some
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.jets.calculus import d
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Elsewhere, Fields, Watched
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.reference import Exact, Reference


@dataclass(frozen=True)
class Trial:
    """How an exact solution is put into equations. Chosen so that no right one of the gallery and the cases is told.

    Parameters
    ----------
    points : int
        On each piece. More: smaller places are seen; a slow solution takes longer.
    widths : tuple of float
        Steps of the differences, in parts of the domain's length. Wider: thin fronts do not settle. Narrower: rounding.
    margin : float
        Of the domain's length, on either side: there the widest stencil would leave it.
    settled : float
        Of the terms: a residual that changes by more from one width to the next is not known. Larger: kinks count.
    doubt : float
        Times that change, which is taken off the residual.
    least : float
        The smallest tolerance: below it solutions are said to be exact that hold digits fewer than float64.
    share : float
        Of the points that must be off. Smaller: several kinks are taken for a wrong equation.
    visible : float
        Of the largest terms: where they are smaller nothing happens, and nothing is looked at.
    large : float
        Times the tolerance: from there on a run that solves the equations is not called converged.
    few : int
        Points that must be left inside, or nothing is said.
    parts : tuple of float
        Of the ranges of parameters that are inputs: values at which it is tried.
    """

    points: int = 300
    widths: tuple[float, ...] = tuple(2.0**-k for k in (6, 8, 10, 12, 14, 16))
    margin: float = 0.08
    settled: float = 0.1
    doubt: float = 5.0
    least: float = 1e-5
    share: float = 0.25
    visible: float = 0.01
    large: float = 10.0
    few: int = 20
    parts: tuple[float, ...] = (0.31, 0.77)


TRIAL = Trial()


@dataclass(frozen=True)
class Misfit:
    """By how much the exact solution misses one equation or condition.

    Parameters
    ----------
    name : str
    size : float
        The residual over the size of the equation's terms, the median of the points that are off.
    share : float
        How many of the points are off.
    where : str
        The place at which it is largest.
    """

    name: str
    size: float
    share: float
    where: str

    def __str__(self) -> str:
        return (
            f"the exact solution does not satisfy {self.name}: it leaves {self.size:.1g} times the size of the terms "
            f"at {self.share:.0%} of the points, most near {self.where}; one of the two is wrong, or they are meant "
            "for other parameters or units (derivatives by differences; kinks are left out)"
        )


def misfits(problem: Problem) -> list[Misfit]:
    """The equations and conditions that the exact solution does not satisfy; none for any other reference.

    What holds an unknown constant or function that the exact solution does not name is left out.

    Raises
    ------
    ProblemError
        If the exact solution cannot be evaluated.
    """
    if not isinstance(problem.reference, Exact):
        return []
    if not problem.ranges:
        return list(_misfits(problem, reference_of(problem)))
    found: dict[str, Misfit] = {}
    for part in TRIAL.parts:
        values = {name: low + part * (high - low) for name, (low, high) in problem.ranges.items()}
        fixed, at = problem.with_parameters(values), ", ".join(f"{name}={v:.3g}" for name, v in values.items())
        for misfit in _misfits(fixed, reference_of(fixed)):
            if misfit.name not in found or found[misfit.name].size < misfit.size:
                found[misfit.name] = replace(misfit, where=f"{misfit.where}, {at}")
    return list(found.values())


def contradiction(problem: Problem, found: Sequence[Misfit]) -> str:
    """What says that a solution of the equations is not what is wanted; empty where nothing does."""
    for misfit in found:
        if misfit.size > TRIAL.large * max(problem.tolerance, TRIAL.least):
            return f"the exact solution that the problem brings does not satisfy {misfit.name}"
    return ""


def _misfits(problem: Problem, reference: Reference) -> Iterator[Misfit]:
    missing = {*problem.constants, *problem.functions, *problem.again} - set(reference.fields)
    everywhere = problem.domain.interior
    pairs = [(e, f"the equation '{e.name}'", [everywhere]) for e in [*problem.equations, *_divergences(problem)]]
    pairs += [(c, f"the condition '{c.name}'", some(problem.pieces(c))) for c in (*problem.conditions, *problem.known)]
    sizes = _sizes(problem, reference)
    for equation, name, pieces in pairs:
        if equation.asks & missing:
            continue
        for piece in pieces:
            on = "" if len(pieces) == 1 else f" (at {piece.name})"
            try:
                with np.errstate(all="ignore"):  # of a solution's formula on a face
                    found = _misfit(problem, reference, equation, piece, {} if piece is everywhere else sizes)
            except ProblemError:  # of a solution that is not defined there; inside, it was tried
                continue
            if found is not None:
                yield Misfit(name + on, *found)
    yield from _not_periodic(problem, reference, sizes)


def _divergences(problem: Problem) -> list[Equation]:
    """The continuity equations that `solenoidal` stands for."""

    def of(components: Sequence[str]) -> Equation:
        def residual(at: Fields) -> Jet:
            slopes = [d(at[u], at[x]) for u, x in zip(components, problem.space_coordinates, strict=True)]
            return sum(slopes[1:], slopes[0])

        return Equation(f"divergence of {', '.join(components)}", problem.equations[0].on, residual)

    return [of(flow.components) for flow in problem.solenoidal if problem.equations]


def _values(reference: Reference, name: str) -> Values:
    return lambda places: reference_values(reference, name, places)


def _sizes(problem: Problem, reference: Reference) -> dict[str, float]:
    """How far each unknown varies inside; its size, where it is a constant."""
    places = {c: v.numpy() for c, v in _points(problem, problem.domain.interior).coordinates.items()}
    found = {}
    for unknown in problem.unknowns:
        values = reference_values(reference, unknown, places)
        spread, size = float(np.std(values)), float(np.sqrt(np.mean(values**2)))
        found[unknown] = spread if spread > SAME * size else size
    return found


def _points(problem: Problem, piece: Piece) -> Points:
    """Points of a piece, so far from the ends of the domain that stencils stay within."""
    drawn, together = piece.draw(TRIAL.points, "sobol", torch.Generator().manual_seed(0)), set[str]()
    if piece.shape is not None:  # those inside that are deep enough, and of a side all: what is exact is so beyond it
        together = set(problem.space_coordinates)
        if piece.side is None:
            drawn = _deep(problem, piece, drawn)
    moved = {}
    for c, v in drawn.coordinates.items():
        part = TRIAL.margin + (1 - 2 * TRIAL.margin) * problem.domain.unit(c, v)
        moved[c] = v if c in piece.fixed or c in together else problem.domain.place(c, part)
    return Points(moved, drawn.weights, drawn.normals)


def _deep(problem: Problem, piece: Piece, points: Points) -> Points:
    """The half of points inside a shape that lies deeper."""
    assert piece.shape is not None
    depth = piece.shape.signed(torch.stack([points.coordinates[c] for c in problem.space_coordinates], 1))
    return points[depth >= depth.median()]


def _misfit(
    problem: Problem, reference: Reference, equation: Equation, piece: Piece, sizes: Mapping[str, float]
) -> tuple[float, float, str] | None:  # fmt: skip
    """Size, share and place of what an equation misses on a piece; None where it holds."""
    points = _points(problem, piece)
    tried = [_residual(problem, reference, equation, piece, points, width, sizes) for width in TRIAL.widths]
    residuals, terms = (np.array(each) for each in zip(*tried, strict=True))
    changes = np.nan_to_num(np.abs(np.diff(residuals, axis=0)), nan=np.inf)
    best = changes.argmin(0), np.arange(len(points))
    residual, change, size = np.abs(residuals[best]), changes[best], terms[best]
    known = np.isfinite(size) & (size > 0) & (change <= TRIAL.settled * size)
    if not known.any():
        return None
    known &= size >= TRIAL.visible * size[known].max()
    if known.sum() < min(TRIAL.few, len(points)):
        return None
    ratio = np.where(known, np.maximum(residual - TRIAL.doubt * change, 0.0) / np.where(known, size, 1.0), 0.0)
    off = ratio > max(problem.tolerance, TRIAL.least)
    share = float(off.sum() / known.sum())
    if share <= TRIAL.share:
        return None
    worst = int(ratio.argmax())
    where = ", ".join(f"{c}={float(v[worst]):.3g}" for c, v in points.coordinates.items())
    return float(np.median(ratio[off])), share, where


def _residual(
    problem: Problem, reference: Reference, equation: Equation, piece: Piece, points: Points, width: float,
    sizes: Mapping[str, float],
) -> tuple[np.ndarray, np.ndarray]:  # fmt: skip
    """The residual of the exact solution, and the size of its terms, both (N,)."""
    names = sorted({*judged(problem, reference), *(c for c in problem.constants if c in reference.fields)})

    integrals: list[Watched] = []

    def fields_at(points: Points, fixed: Mapping[str, float]) -> tuple[Fields, dict[str, Differenced]]:
        chart, at = points.chart()
        made = {
            n: Differenced(_values(reference, n), problem.domain, points, fixed, width, chart) for n in names
        }  # fmt: skip
        unknowns = {u: made[u].jet for u in problem.unknowns}
        found = {name: f.jet for name, f in made.items() if name not in unknowns}
        elsewhere = Elsewhere.of(lambda points: fields_at(points, {})[0])
        elsewhere.watched = integrals
        return problem.fields(chart, at, unknowns, points, found, elsewhere), made

    whole, fields = fields_at(points, piece.fixed)
    with torch.enable_grad():
        residual = equation.residual(whole).value
    terms, rest = torch.zeros(len(points), dtype=torch.float64), residual.detach().clone()
    leaves = [(name, alpha, leaf) for name, f in fields.items() for alpha, leaf in f.jet.known.items()]
    known = [leaf for *_, leaf in leaves if leaf is not None] + [w.leaf for w in integrals]
    slopes = torch.autograd.grad(residual.sum(), known, materialize_grads=True) if residual.requires_grad else ()
    for w, slope in zip(integrals, slopes[len(leaves) :], strict=False):
        rest -= slope * w.leaf.detach()
        terms += (slope * w.size).abs()
    for (name, alpha, leaf), slope in zip(leaves, slopes, strict=False):
        assert leaf is not None
        lengths = math.prod(problem.domain.length(c) ** k for c, k in zip(problem.coordinates, alpha, strict=True))
        term = slope * leaf.detach()
        rest -= term
        terms += torch.maximum(term.abs(), slope.abs() * sizes.get(name, 0.0) / lengths)
    return residual.detach().numpy(), (terms + rest.abs()).numpy()


def _not_periodic(problem: Problem, reference: Reference, sizes: Mapping[str, float]) -> Iterator[Misfit]:
    """The coordinates whose two ends do not have the same values."""
    for condition in problem.periodic:
        low, high = problem.domain.ends(condition.coordinate)
        places = {c: v.numpy() for c, v in _points(problem, problem.domain.interior).coordinates.items()}
        for unknown in problem.unknowns:
            ends = [
                {**places, condition.coordinate: np.full_like(places[condition.coordinate], end)} for end in (low, high)
            ]
            one, other = (reference_values(reference, unknown, end) for end in ends)
            away = np.abs(one - other) / (sizes[unknown] or 1.0)
            off = away > max(problem.tolerance, TRIAL.least)
            if off.mean() > TRIAL.share:
                yield Misfit(
                    f"'{condition.name}' ({unknown})", float(np.median(away[off])), float(off.mean()),
                    f"{condition.coordinate}={low:g} and {high:g}",
                )  # fmt: skip
