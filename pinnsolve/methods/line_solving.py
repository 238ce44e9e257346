"""Steps of training over cells of a problem's one coordinate: all of them at once, or a march from one place."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pinnsolve.algebra import yardstick
from pinnsolve.algebra.operations import SPEED, Work, qr
from pinnsolve.cells.joined_newton import Effort, JoinedNewton
from pinnsolve.line.cells import Cells, defects
from pinnsolve.line.march import LineMarch
from pinnsolve.line.operator import LineOperator
from pinnsolve.line.scheme import LineScheme
from pinnsolve.line.whole import LineWhole
from pinnsolve.march.record import variation
from pinnsolve.methods.protocol import State
from pinnsolve.networks.moved import among_others
from pinnsolve.networks.tiles import Tiles, sizes_of
from pinnsolve.problem.local import surplus_of
from pinnsolve.residuals.costs import JOINED
from pinnsolve.trial.line import Line, read_line
from pinnsolve.trial.lined import Lined


@dataclass(frozen=True)
class Rules:
    """What work over cells of one coordinate is counted as, and how it is cut into steps of training.

    Parameters
    ----------
    step : float
        Operations of one step of training, about. More: the budget is kept less closely.
    whole : float
        Operations that all cells at once may take: what is not found by then is not found that way.
    left : float
        Of the unknowns: the last correction of a solution with richer features, which tells the error of another.
    share : float
        Of the distance from cells that are less rich: two degrees more were better by ten and more. Larger: too
        cautious; smaller: too kind. Seen on the problems of tests/test_lines.py.
    alike : float
        Of an error: richer cells are better by no less, where what they leave says so. Smaller: too cautious; larger:
        too kind where a coefficient begins as a root. The same.
    rounding : float
        Where less is left between points, as a part of the unknowns, it does not say what richer cells bring.
    """

    step: float = 0.25 * SPEED
    whole: float = 1.5 * SPEED
    left: float = 1e-11
    share: float = 0.1
    alike: float = 0.1
    rounding: float = 1e-12


RULES = Rules()


def line_of(trial: Lined) -> Line:
    """What was read of the trial function's problem; read now, where nobody did."""
    if trial.read is None or trial.forward.count:
        trial.read = read_line(trial.forward.at(trial.forward.values()), trial.plan)
    assert isinstance(trial.read, Line)  # others are not given such a trial function
    return trial.read


def stepped(trial: Lined, known: Lined | None, bound: float, state: State, work: Work) -> State:
    """One step: everything at once, from a known solution where there is one; where that cannot be done and all
    conditions stand at one place, the next cells from there on."""
    scheme = LineScheme(line_of(trial), trial.layer.degree, trial.device, trial.layer.activation)
    if not state["march"]:
        mine = known is not None and known.problem is trial.problem  # of other parameters cells end elsewhere
        if known is not None and mine and known.complete and scheme.line.begin is not None:
            closer = _closer(trial, known, scheme, bound, work)
            if closer is not None:
                return _ended(state, trial, scheme, closer)
        if scheme.line.begin is None or is_linear(scheme):
            whole = _whole(trial, scheme, bound, work)
            if whole is not None or scheme.line.begin is None:
                return _ended(state, trial, scheme, whole)
        march = LineMarch(scheme, bound, given(trial))
    else:
        march = _taken_up(trial, scheme, bound, state["march"])
    return _marched(trial, march, state, work)


def _whole(trial: Lined, scheme: LineScheme, bound: float, work: Work) -> Cells | None:
    """All cells at once; nothing where that was not found, or took too long."""
    effort = Effort()
    whole = LineWhole(scheme, bound, lambda: spent(scheme, effort) > RULES.whole, effort)
    found = whole.solve(given(trial))
    work.add(spent(scheme, effort))
    if found is not None and not _balanced(found, bound):
        return None
    if found is not None:
        trial.take(found.mesh.edges, found.coefficients, settled=True)
    return found


def _closer(trial: Lined, known: Lined, scheme: LineScheme, bound: float, work: Work) -> Cells | None:
    """The cells of a known solution, solved again and halved until all meet the bound: a march from it would begin at
    every cell with less."""
    effort, before = Effort(), cells_of(known)
    whole = LineWhole(scheme, bound, lambda: spent(scheme, effort) > RULES.whole, effort)
    c = among_others(before.coefficients, before.scheme.cell, scheme.cell)
    found = whole.refined(Cells(scheme, before.mesh, c, scheme.line.conditions), bound)
    work.add(spent(scheme, effort))
    if found is not None:
        trial.take(found.mesh.edges, found.coefficients, settled=True)
    return found


def _balanced(cells: Cells, bound: float) -> bool:
    """Whether a number that is added to an equation is zero, as it is where what is said of a mean and of fluxes fits
    together; otherwise there is no solution."""
    line = cells.scheme.line
    if not (added := surplus_of(line.problem)):
        return True
    k = line.problem.unknowns.index(added)
    return float(sizes_of(cells.coefficients, cells.mesh)[k]) <= bound * line.sizes[k]


def _ended(state: State, trial: Lined, scheme: LineScheme, found: Cells | None) -> State:
    done = {**state, "loss": 0.0, "done": True, "stuck": found is None, "rate": RULES.step}
    return {**done, "points": collocated(scheme, len(trial.coefficients))}


def _marched(trial: Lined, march: LineMarch, state: State, work: Work) -> State:
    """So many cells as one step of training takes."""
    effort = march.effort = Effort()
    more = march.advance()
    while more and spent(march.scheme, effort) < RULES.step:
        more = march.advance()
    took = spent(march.scheme, effort)
    work.add(took)
    trial.live = march
    if march.made:
        edges = torch.tensor(march.edges, dtype=torch.float64, device=trial.device)
        trial.take(edges, torch.stack(march.made), settled=not more and not march.stuck)
    kept: dict[str, Any] = {"width": march.width, "side": march.side, "sizes": march.sizes}
    return {
        **state, "loss": 0.0, "done": not more, "stuck": march.stuck, "rate": took, "march": kept,
        "points": collocated(march.scheme, len(march.made)),
    }  # fmt: skip


def _taken_up(trial: Lined, scheme: LineScheme, bound: float, kept: dict[str, Any]) -> LineMarch:
    """The march in hand, or one that goes on from what was kept of it; to the same bits."""
    live = trial.live
    if isinstance(live, LineMarch) and len(live.made) == len(trial.coefficients):
        return live
    cells = list(trial.coefficients) if len(trial.coefficients) else []
    edges = trial.edges.tolist() if cells else [float(scheme.line.begin or 0.0)]
    return LineMarch(scheme, bound, given(trial), edges, cells, kept["width"], kept["side"], kept["sizes"])


def enriched(trial: Lined, known: Lined | None, state: State, work: Work) -> State:
    """All cells of a known solution again with richer features, at once."""
    scheme = LineScheme(line_of(trial), trial.layer.degree, trial.device, trial.layer.activation)
    found = None
    if known is not None and known.complete:
        before = cells_of(known)
        c = among_others(before.coefficients, before.scheme.cell, scheme.cell)
        newton = JoinedNewton(LineOperator.of, scheme.floors, RULES.left)
        found = newton.solve(Cells(scheme, before.mesh, c, scheme.line.conditions))
        work.add(spent(scheme, newton.effort))
    if found is not None:
        trial.take(found.mesh.edges, found.coefficients, settled=True)
        trial.distance = beside_poorer(found, before, len(trial.problem.unknowns))
    return {**_ended(state, trial, scheme, found), "left": 0.0}


def beside_poorer(found: Cells, poorer: Cells, own: int) -> float:
    """The least error of cells beside those with fewer features on the same mesh, relative to how much each of their
    own unknowns varies; others stand for integrals, and these may be zero.

    With errors e of the poorer and p e of these, p the part of what the others leave between points that is left, their
    distance is (1 - p) e: where features bring little both are wrong alike, and it tells a small part of the error.
    """
    scheme, mesh = found.scheme, found.mesh
    more = scheme.cell.count - poorer.scheme.cell.count
    away = found.coefficients - torch.nn.functional.pad(poorer.coefficients, (0, more))
    apart, norms = relative(away, found, own), sizes_of(found.coefficients, mesh)
    before, after = (float(defects(c, torch.maximum(norms, scheme.floors)).norm()) for c in (poorer, found))
    part = min(after / before, 1.0) if before > RULES.rounding else 0.0
    error = max(RULES.share, part / max(1 - part, RULES.alike)) * apart
    return error if math.isfinite(error) else math.inf


def relative(change: Tensor, cells: Cells, own: int) -> float:
    """How large a change (n, F, M) of the coefficients of cells is, relative to how much each of their own unknowns,
    which come first, varies: the largest of them."""
    mesh, c = cells.mesh, cells.coefficients[:, :own]
    sizes = yardstick.of_estimates(sizes_of(c, mesh), variation(c, mesh), cells.scheme.line.sizes[:own])
    return max(a / size for a, size in zip(sizes_of(change[:, :own], mesh).tolist(), sizes, strict=True))


def cells_of(trial: Lined) -> Cells:
    """The cells of a trial function that is complete."""
    scheme = LineScheme(line_of(trial), trial.layer.degree, trial.device, trial.layer.activation)
    mesh = Tiles.along(trial.edges.tolist(), trial.device)
    return Cells(scheme, mesh, trial.coefficients, scheme.line.conditions)


def given(trial: Lined) -> Any:
    """The first guess, from places (N,) to values (N, F): the user's, or what conditions prescribe, carried on."""
    fresh = Lined(trial.problem, trial.layer, trial.plan, trial.dtype, trial.device)
    line = line_of(trial)

    def values(x: Tensor) -> Tensor:
        fields, guessed = fresh.unknowns(fresh.prepare(line.points(x))), line.problem.guessed(line.points(x))
        known = {u: field.value.detach() for u, field in fields.items()} | guessed
        return torch.stack([known.get(u, torch.zeros_like(x)) for u in line.problem.unknowns], 1)  # integrals: zero

    return values


def is_linear(scheme: LineScheme) -> bool:
    """Whether equations and conditions are linear: their slopes are the same on two fields."""
    line = scheme.line
    mesh = Tiles.begun([line.ends], 2, [line.joints], scheme.device)
    shape = len(mesh), len(line.joins), scheme.cell.count
    k = torch.arange(shape[1] * shape[2], dtype=torch.float64, device=scheme.device).reshape(shape[1:])
    sizes = torch.tensor(line.sizes, dtype=torch.float64, device=scheme.device)
    wave = (sizes[:, None] * torch.sin(k + 0.7)).expand(shape)
    seen = []
    for c in (wave, -1.7 * wave + 0.3 * wave.flip(-1)):
        cells = Cells(scheme, mesh, c.contiguous(), line.conditions)
        told = [cells.at_points(slopes=True), *(cells.standing(s, slopes=True) for s in line.conditions)]
        seen.append([a.slopes for a in told])
    for here, there in zip(*seen, strict=True):
        if here.keys() != there.keys() or any(not torch.equal(here[k], there[k]) for k in here):
            return False
    return True


def spent(scheme: LineScheme, effort: Effort) -> float:
    """Operations of so many factorisations on so many cells in all."""
    rows = scheme.points * len(scheme.counts)
    each = JOINED.small * qr(rows, rows + sum(scheme.line.joins))
    return effort.factorisations * JOINED.call + effort.cells * each


def collocated(scheme: LineScheme, cells: int) -> dict[str, int]:
    """The points at which the equations were solved, and how many conditions were met exactly."""
    return {"interior": cells * scheme.points}
