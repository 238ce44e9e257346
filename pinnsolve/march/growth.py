"""Whether a march would grow: the one-step operator of an evolution on a few cells of unequal width.

    c_new = G c,     growth = max over a few lengths of the step of   T log(rho(G)) / length,

rho the spectral radius and T all of time: a growth g multiplies what is not wanted by e^g by the end. Where equations
do not grow themselves it shows whether their form does. Joined least squares do for pairs that say a wave of second
order in time (u_t = v, v_t = u_xx), and collocation does where wind outweighs diffusion: `python -m
validation.stability`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.cells.curves import across, curves_of
from pinnsolve.cells.equation_sizes import equation_sizes
from pinnsolve.cells.grading import parts_apart
from pinnsolve.cells.implicit_step import Scheme, Step, sites_of
from pinnsolve.cells.line_traces import joined
from pinnsolve.cells.rows import in_cells
from pinnsolve.cells.stage_operator import Operator
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.once import once
from pinnsolve.march.start import at_start
from pinnsolve.networks.halvings import halvings
from pinnsolve.networks.tiles import Tiles
from pinnsolve.trial.evolution import Evolution


@dataclass(frozen=True)
class Rules:
    """The small march, and what is too much. As in the study of stability; more would be dearer, and no clearer.

    Parameters
    ----------
    degree, stages, cells : int
    lengths : tuple of float
        Of the step, in parts of all time: growth shows where it is below a tenth of a cell's width.
    much : float
        e to this power by the end: a form that grows more is left, if the other grows less.
    more : int
        Degrees and stages beyond those of a march whose form is chosen: it is solved again with them, and least squares
        of high degree grow most (Schroedinger's equation: not at all with degree 7, e^460 in all of time with 15).
    chosen_at : tuple of float
        The lengths at which the form is chosen: they grow at some alone.
    """

    degree: int = 7
    stages: int = 3
    cells: int = 4
    lengths: tuple[float, ...] = (1 / 64, 1e-3, 1e-4)
    much: float = 1.0
    more: int = 2
    chosen_at: tuple[float, ...] = (1 / 64, 4e-3, 1e-3)


RULES = Rules()


def square_is_better(
    evolution: Evolution, degree: int, stages: int, device: torch.device, activation: str = "legendre"
) -> bool:
    """Whether collocation grows less than joined least squares, which grow, in a march with such features or in that
    which solves it again; found once for an evolution."""
    if len(evolution.joins) < 2 or evolution.second or evolution.dims > 1:
        return evolution.second
    rules = replace(RULES, degree=degree + RULES.more, stages=stages + RULES.more, lengths=RULES.chosen_at)

    def found() -> bool:
        grows = growth(evolution, False, device, activation, rules)
        return grows > RULES.much and growth(evolution, True, device, activation, rules) < grows - RULES.much

    return once(evolution, ("square is better", degree, stages, activation), found)


def growth(
    evolution: Evolution, square: bool, device: torch.device, activation: str = "legendre", rules: Rules | None = None
) -> float:
    """The growth of a form on a few cells."""
    rules = rules or RULES
    scheme = Scheme(evolution, rules.degree, rules.stages, device, None, square, activation=activation)
    mesh = unequal(evolution, device)
    begin, end = evolution.times
    start = at_start(scheme, mesh)
    first = joined(start.values.expand(rules.stages, -1, -1, -1), mesh, scheme.evolution, scheme.cell)
    found = -math.inf
    for part in rules.lengths:
        step = Step(scheme, mesh, begin, part * (end - begin), start, first)
        scheme.weights = equation_sizes(step) if scheme.weights is None else scheme.weights
        try:
            matrix = one_step(step)
        except ProblemError:  # walls say too little for as many points as numbers
            return math.inf
        if not bool(matrix.isfinite().all()):
            return math.inf
        rho = float(torch.linalg.eigvals(matrix).abs().max())
        found = max(found, math.log(max(rho, 1e-300)) / part)
    return found


def unequal(evolution: Evolution, device: torch.device) -> Tiles:
    """A few cells, one of them halved, and a half of it again."""
    mesh = Tiles.begun(evolution.extent, RULES.cells // evolution.dims, evolution.joints, device, evolution.region)
    if mesh.region is not None:
        mesh = parts_apart(mesh, evolution.rings)
    for _ in range(2):
        middle = torch.arange(len(mesh)) == len(mesh) // 2
        mesh, _ = halvings(mesh, middle[:, None].expand(-1, mesh.dims), evolution.rings)
    return mesh


def one_step(step: Step) -> Tensor:
    """G of the equations as they are linearised at a step: (n F M, n F M), or twice as many rows and columns where
    rates go on from step to step, too."""
    s, r = step.scheme, step.scheme.radau
    walls = [(site, step.at_site(site, slopes=True)) for site in sites_of(s, step.mesh)]
    curves = [(curve, across(step, curve, slopes=True)) for curve in curves_of(s, step.mesh)]
    operator = Operator.of(step, step.inside(s.points, slopes=True), walls, curves=curves)
    parts = in_cells(s, step.mesh, operator.slopes)
    n, size = len(step.mesh), s.fields * s.cell.count
    eye = torch.eye(n * size, dtype=torch.float64, device=s.device)
    ends = []
    for known in range(1 + s.evolution.second):  # what a value or a rate at the start says in a cell's own equations
        b = torch.zeros((), dtype=torch.complex128, device=s.device)
        for order, rows in parts.items():
            if order > known:
                along = r.start / step.length
                for _ in range(order - known - 1):
                    along = r.slopes @ along / step.length
                flat = rows.flatten(1, 2).flatten(2, 3)  # (n, E P, F M)
                apart = torch.einsum("nrc,nk->nrkc", flat, torch.eye(n, dtype=flat.dtype, device=flat.device))
                b = b - (r.into @ along.to(r.into.dtype))[:, None, None, None] * apart.flatten(2, 3)
        b = b * operator.row_weights.flatten(2, 3)[..., None]
        nothing = [b.new_zeros(len(b), len(w.cells), len(w.conditions), w.count, b.shape[-1]) for w, _ in walls]
        stages = torch.tensordot(r.back, operator.cells.solve(b, nothing), 1).real.reshape(s.stages, n * size, -1)
        rate = torch.tensordot(r.slopes[-1], stages, 1) + (r.start[-1] * eye if known == 0 else 0.0)
        ends.append(torch.cat([stages[-1], rate / step.length]) if s.evolution.second else stages[-1])
    return torch.cat(ends, 1)
