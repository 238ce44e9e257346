"""Whether equations along one coordinate determine their solution: how it answers to noise in them."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.cells.joined_newton import norm
from pinnsolve.errors import ProblemError
from pinnsolve.line.cells import Cells
from pinnsolve.line.operator import LineOperator
from pinnsolve.line.scheme import LineScheme
from pinnsolve.methods.line_solving import cells_of, relative
from pinnsolve.networks.moved import among_others
from pinnsolve.networks.tiles import Tiles, sizes_of
from pinnsolve.trial.line import Line
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.over_ranges import OverRanges
from pinnsolve.trial.trial import Trial


@dataclass(frozen=True)
class Limits:
    """What answers to noise mean. Seen on the problems of tests/test_lines.py.

    Parameters
    ----------
    most : float
        Of the solution, for noise of one part of all terms: what answers by more is not determined. Where nothing
        determines it, rounding and what the cells leave out do: 1e12 and more. 95 periods answer by 1e3. Larger: an
        answer of noise is taken for the solution. Smaller: solutions that grow fast are said not to be determined.
    wrong : float
        Of the solution: where what is left of the equations may change a network by more, it says nothing of the error,
        since they are linearised at what it is. Larger: 0.1 was told where a front stood elsewhere, 1.4 off.
    caution : float
        Times the answer to rounding. Larger: too cautious; smaller: too kind.
    inside, nothing : float
        Of the line: closer to its ends nothing turns singular; of a determinant: below it, it is rounding.
    degree, cells : int
        Of what stands for a solution of another kind, whose equations are linearised. More: steeper ones; more time.
    """

    most: float = 1e9
    wrong: float = 0.1
    caution: float = 4.0
    inside: float = 0.01
    nothing: float = 1e-3
    degree: int = 9
    cells: int = 64


LIMITS = Limits()


def answers_to_noise(cells: Cells, own: int) -> float:
    """By how much the solution changes, relative to its size, for noise of one part of the equations' terms, drawn
    anew at each point or as large as they are everywhere, as tables of features are off alike in all cells; infinite
    where it is zero, of which that says nothing, or the equations are singular. Asked of its own unknowns alone, which
    come first: others stand for integrals, and these may be zero. An unknown that vanishes beside others is taken to be
    of its natural size, and as smooth as the line is long.

    Newton's last corrections are below what is told here, and what rounding makes of a correction is a part of it: only
    the residuals' own rounding is left, as after iterative refinement (Skeel, Math. Comp. 35 (1980) 817).
    """
    sizes, about = sizes_of(cells.coefficients, cells.mesh), cells.coefficients.abs()
    scales = sizes.new_tensor(cells.scheme.line.sizes[:own])
    lost = torch.nonzero(~(sizes[:own] > SAME * scales))[:, 0].tolist()
    if len(lost) == own:
        return math.inf
    low, high = cells.scheme.line.ends
    halved = (cells.mesh.widths.view(-1, 1) / (2 * (high - low))) ** torch.arange(about.shape[-1]).to(about)
    for f in lost:
        sizes[f], about[:, f] = scales[f], scales[f] * halved
    sizes[own:] = math.inf
    try:
        operator = LineOperator.of(cells, about)
        made = operator.made
        noise = torch.randn(made.shape, generator=torch.Generator().manual_seed(3), dtype=torch.float64).to(made)
        return max(norm(operator.answer_to(b), cells, sizes) for b in (noise * made, operator.highest.sign() * made))
    except (ProblemError, RuntimeError):
        return math.inf


def cells_like(trial: Trial, line: Line) -> Cells:
    """Cells that come closest to a solution of another kind, of a problem along a line."""
    scheme = LineScheme(line, LIMITS.degree, trial.device)
    mesh = Tiles.begun([line.ends], LIMITS.cells, [line.joints], trial.device)
    places = mesh.points(scheme.cell.gauss(scheme.cell.count)[0])[..., 0]
    fields = trial.unknowns(trial.prepare(line.points(places.flatten())))
    own = [fields[u].value.detach().to(torch.float64) for u in trial.problem.unknowns]
    values = torch.stack([*own, *(torch.zeros_like(own[0]) for _ in line.problem.unknowns[len(own) :])], -1)
    nearest = scheme.nearest(values.reshape(*places.shape, -1))
    return Cells(scheme, mesh, nearest, line.conditions)


def missing(cells: Cells, own: int, more: int = 2) -> float:
    """How far so many more features would take cells, relative to how much each of their own unknowns varies: one
    correction of Newton's method. Infinite where the equations are singular there."""
    scheme = cells.scheme.richer(more)
    c = among_others(cells.coefficients, cells.scheme.cell, scheme.cell)
    rich = Cells(scheme, cells.mesh, c, cells.conditions).closed()
    try:
        operator = LineOperator.of(rich)
        change = operator.correction(rich, operator.now)
    except (ProblemError, RuntimeError):
        return math.inf
    found = relative(change, Cells(scheme, cells.mesh, c, cells.conditions), own)
    return found if math.isfinite(found) else math.inf


def turns_singular(cells: Cells) -> float | None:
    """Where along a line, well inside, the equations stop to ask for the highest derivatives of their unknowns: where
    the determinant of their slopes along these changes its sign; None where it does not."""
    line = cells.scheme.line
    found = cells.at_points(slopes=True)
    highest = found.residuals.new_zeros(found.residuals.shape[1], len(found.residuals), len(line.joins))
    for (i, f, alpha), slope in found.slopes.items():
        if alpha[0] == line.joins[f]:
            highest[:, i, f] = slope
    if highest.shape[1] != highest.shape[2]:
        return None
    highest = highest / highest.abs().amax((0, 2), keepdim=True).clamp(min=1e-300)
    places = cells.places.flatten()
    low, high = line.ends
    inside = (places > low + LIMITS.inside * (high - low)) & (places < high - LIMITS.inside * (high - low))
    there, places = torch.linalg.det(highest)[inside], places[inside]
    there = torch.where(there.abs() > LIMITS.nothing, there, torch.zeros_like(there)).sign()
    known = torch.nonzero(there)[:, 0]  # the sign on either side, whatever rounding says between
    turned = torch.nonzero(there[known].diff())[:, 0]
    return float(places[known[turned[0]]]) if len(turned) else None


def missing_of(trial: Trial) -> float:
    """What cells along a line lack that were not solved again; zero of other kinds."""
    if not isinstance(trial, Lined) or not trial.complete or trial.distance > 0:
        return 0.0
    return missing(cells_of(trial), len(trial.problem.unknowns))


def noise_of(trial: Trial, richer: bool) -> float:
    """The least relative error: what rounding makes; of richer cells also what their distance from those that are less
    rich says, since points may lie beside all that differs, and what still richer ones would add: one wide cell before
    a jump hardly gains by two degrees, whatever all others do, and when the jump comes hangs on it; over ranges of
    parameters the worst of richer ones and of the polynomials; zero where nothing is known."""
    if isinstance(trial, OverRanges):
        return trial.error if richer else 0.0
    if not isinstance(trial, Lined) or not trial.complete:
        return 0.0
    cells, own = cells_of(trial), len(trial.problem.unknowns)
    answer = answers_to_noise(cells, own)
    by_rounding = LIMITS.caution * torch.finfo(torch.float64).eps * answer if math.isfinite(answer) else 0.0
    if not richer:
        return by_rounding
    more = missing(cells, own)
    return max(by_rounding, trial.distance, more if math.isfinite(more) else 0.0)
