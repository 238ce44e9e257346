"""One window of a piecewise trial function: its points, its residuals, and Newton's method on it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any
from weakref import WeakKeyDictionary

import torch
from torch import Tensor

from pinnsolve.algebra.multifrontal import Rows, solved
from pinnsolve.algebra.operations import Work
from pinnsolve.geometry.points import Points, joined
from pinnsolve.geometry.sampling import sample
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.machine.memory import give_back
from pinnsolve.methods.balance import balanced
from pinnsolve.methods.costs import costs_of
from pinnsolve.methods.newton import moved_down
from pinnsolve.methods.protocol import Objective
from pinnsolve.problem.binding import Fields
from pinnsolve.residuals import Residuals, Site, sites
from pinnsolve.trial.piecewise import Piecewise
from pinnsolve.trial.trial import Trial
from pinnsolve.trial.window import Window

# Collocation points for each trained number of a cell. Larger: more time for few digits. Smaller: the fit follows its
# points. Measured for random features: `python -m validation.features`, the table "How many points".
ROWS = 2.0


def piecewise(objective: Objective) -> Piecewise:
    model = objective.model
    assert isinstance(model, Piecewise)
    return model


# ------------------------------------------------------------ points and residuals


def residuals_of(march: Piecewise, window: Window, share: float, generator: torch.Generator) -> Residuals:
    """The residuals of a window on new points: `share` for each trained number of a cell, and fewer on conditions."""
    places, cells = [], len(window.cells)
    features = window.basis.coefficients.shape[2]
    for site in sites(march.problem, window.plan):
        if site.points is not None:
            inside = _within(site.points, window)
            places += [(site, inside)] if len(inside) else []
        elif site.name == "interior":
            count = math.ceil(share * window.basis.width / max(1, len(site.terms)))
            places.append((site, _in_cells(window, count, generator)))
        else:
            crossed = any(c in window.divided for c in site.pieces[0].fixed)
            sides = cells ** (1 - 1 / max(1, len(window.divided))) if crossed else cells
            count = math.ceil(share * features * sides)
            pieces = [replace(p, extent=window.domain.extent) for p in site.pieces]
            places.append((site, sample(pieces, count, "sobol", generator)))
    if march.parts:
        count = math.ceil(share * features / 2)
        assert window.times is not None
        begin = window.times[:: march.direction][0]
        places.append((_joint(march.parts[-1]), _in_cells(window, count, generator, at=begin)))
    return Residuals(window, places)


def trained_on(before: Mapping[str, int], residuals: Residuals) -> dict[str, int]:
    """The points in each region of the windows before and of one more."""
    found = dict(before)
    for site, points in residuals.places:
        found[site.name] = found.get(site.name, 0) + len(points)
    return found


def _within(points: Points, window: Window) -> Points:
    """The measurements in a window of time."""
    left = window.domain.outside(points.coordinates)
    return points if left is None else points[~left[1]]


def _in_cells(window: Window, count: int, generator: torch.Generator, at: float | None = None) -> Points:
    """So many points in each cell, at all times or at one."""
    parts, domain = [], window.domain
    for low, high in zip(window.cells.low.tolist(), window.cells.high.tolist(), strict=True):
        extent = {
            name: (domain.place(name, (a + 1) / 2), domain.place(name, (b + 1) / 2))
            for name, a, b in zip(window.divided, low, high, strict=True)
        }
        piece = domain.part(extent).interior
        piece = piece if at is None else piece.at(**{str(domain.time): at})
        parts.append(piece.draw(count, "sobol", generator))
    return joined(parts)


def _joint(before: Window) -> Site:
    """A window begins with what the one before ended with: values, and rates where equations are of second order."""
    problem = before.problem
    known: WeakKeyDictionary[Chart, Mapping[str, Jet]] = WeakKeyDictionary()
    axis = problem.coordinates.index(str(problem.domain.time))

    def last(at: Fields) -> Mapping[str, Jet]:
        if at.chart not in known:
            values = {c: at[c].value for c in problem.coordinates}
            points = Points(values, torch.ones_like(next(iter(values.values()))))
            known[at.chart] = before.unknowns(before.prepare(points))
        return known[at.chart]

    def goes_on(unknown: str, order: int) -> Any:
        def residual(at: Fields) -> Jet:
            now, then = at[unknown], last(at)[unknown]
            for _ in range(order):
                now, then = now.along(axis), then.along(axis)
            return now - at.chart.constant(then.value.detach())

        return residual

    terms = {
        f"{'rate of ' * order}{unknown} goes on": goes_on(unknown, order)
        for unknown, orders in before.plan.orders.items()
        for order in range(orders)
    }
    return Site("joint", (), terms)


def weights_of(objective: Objective, residuals: Residuals) -> dict[str, float]:
    """The user's weights, or balanced ones; relative to the largest of an equation."""
    if not objective.balanced:
        return {name: objective.weights.get(name, 1.0) for name in residuals.names}
    weights = balanced(residuals)
    equations = [name for site, _ in residuals.places if site.name == "interior" for name in site.terms]
    largest = max(weights[name] for name in equations)
    return {name: w / largest for name, w in weights.items()}


@torch.no_grad()
def by_cell(window: Window, residuals: Residuals, weights: Mapping[str, float]) -> Tensor:
    """The weighted residual (rms) of each cell, (S,)."""
    total = torch.zeros(len(window.cells), dtype=torch.float64)
    for site, prepared, faded in residuals.chunks:
        at = window.fields(prepared)
        square = torch.stack([weights[n] * faded(term(at).value).square() for n, term in site.terms.items()]).sum(0)
        owner = window.cells.owner(prepared.inputs.places)
        counts = torch.bincount(owner, minlength=len(total)).clamp(min=1)
        total += torch.zeros_like(total).index_add_(0, owner, square.to("cpu", torch.float64)) / counts
    return total.sqrt()


# ------------------------------------------------------------ Newton's method


@torch.no_grad()
def follow(window: Window, guess: Trial, residuals: Residuals, ridge: float, work: Work) -> None:
    """Begin with the coefficients that come closest to another trial function on the points inside."""
    basis, rows = window.basis, [[] for _ in range(window.outputs)]  # type: ignore[var-annotated]
    for site, prepared, _ in residuals.chunks:
        if site.name != "interior":
            continue
        expansion: Any = prepared.inputs
        columns = [column.value for column in guess.columns(guess.prepare(prepared.points))]
        for cells, pairs, points in expansion.groups:
            matrix = _by_point(expansion.features.value[pairs], cells, points)
            for k, column in enumerate(columns):
                rows[k].append(Rows(cells, matrix, column[points]))
    count, width = len(window.cells), basis.coefficients.shape[2]
    found = torch.stack([solved(r, count, width, ridge, work) for r in rows], 1)
    if bool(torch.isfinite(found).all()):
        basis.assign(found)


def newton(
    window: Window, residuals: Residuals, weights: Mapping[str, float], ridge: float, work: Work
) -> float:  # fmt: skip
    """Newton steps until they no longer pay; the loss that is left."""
    basis = window.basis
    count, width = len(window.cells), basis.width
    found = residuals.loss(weights)
    for _ in range(20):
        start = basis.coefficients.reshape(count, width).to(window.device, window.dtype)
        loss, rows = found, list(_rows(residuals, weights, start))
        give_back()
        new = solved(rows, count, width, ridge, work)
        costs = costs_of(residuals)
        work.add(costs.rows + 2 * costs.values)
        if not bool(torch.isfinite(new).all()):
            break
        predicted = sum(float(r.misfit(new).square().sum()) for r in rows)
        moved = moved_down(basis.assign, lambda: residuals.loss(weights), start, new, loss)
        if moved is None:
            return loss
        part, found = moved
        # Looser than `Newton`, since the next window or another split follows: chosen, not measured.
        if found > 0.9 * loss or (part == 1.0 and abs(found - predicted) <= 0.05 * found):
            break
    return found


def _by_point(pairs: Tensor, cells: Sequence[int], points: Tensor) -> Tensor:
    """What stands cell by cell, and in each by point, with all cells of a point in one row: (N, cells * width)."""
    return pairs.view(len(cells), len(points), -1).transpose(0, 1).reshape(len(points), -1)


def _rows(residuals: Residuals, weights: Mapping[str, float], start: Tensor) -> Iterator[Rows]:
    """The linearised equations J c_new = J c - r, the rows of points with the same active cells together."""
    for (_, prepared, _), block in zip(residuals.chunks, residuals.linearised(), strict=True):
        expansion: Any = prepared.inputs
        for cells, pairs, points in expansion.groups:
            for name, residual in block.residuals.items():
                scale = (weights[name] / residuals.counts[name]) ** 0.5
                matrix = _by_point(block.jacobians[name][pairs], cells, points) * scale
                right = matrix @ start[list(cells)].flatten() - residual[points] * scale
                yield Rows(cells, matrix, right)
