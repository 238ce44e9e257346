"""Whether a march would grow: the one-step operator of an evolution on a few cells of unequal width.

    c_new = G c,     growth = max over a few lengths of the step of   T log(rho(G)) / length,

rho the spectral radius and T all of time: a growth g multiplies what is not wanted by e^g by the end. Where equations
do not grow themselves it shows whether their form does. Joined least squares do for pairs that say a wave of second
order in time (u_t = v, v_t = u_xx), and collocation does where wind outweighs diffusion: `python -m
validation.stability`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.methods.cell_start import at_start
from pinnsolve.methods.implicit_step import Scheme, Step, equation_sizes, joined, sites_of
from pinnsolve.methods.rows import in_cells
from pinnsolve.methods.stage_operator import Operator
from pinnsolve.networks.tiles import Tiles, halvings
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
    """

    degree: int = 7
    stages: int = 3
    cells: int = 4
    lengths: tuple[float, ...] = (1 / 64, 1e-3, 1e-4)
    much: float = 1.0


RULES = Rules()


def square_is_better(evolution: Evolution, device: torch.device) -> bool:
    """Whether collocation grows less than joined least squares, which grow."""
    if len(evolution.joins) < 2 or evolution.second or evolution.dims > 1:
        return evolution.second
    joined_grows = growth(evolution, False, device)
    return joined_grows > RULES.much and growth(evolution, True, device) < joined_grows - RULES.much


def growth(evolution: Evolution, square: bool, device: torch.device) -> float:
    """The growth of a form on a few cells; only of equations of first order in time."""
    scheme = Scheme(evolution, RULES.degree, RULES.stages, device, None, square)
    mesh = unequal(evolution, device)
    begin, end = evolution.times
    start = at_start(scheme, mesh)
    first = joined(start.values.expand(RULES.stages, -1, -1, -1), mesh, scheme)
    found = -math.inf
    for part in RULES.lengths:
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
    mesh = Tiles.begun(evolution.extent, RULES.cells // evolution.dims, evolution.joints, device)
    for _ in range(2):
        middle = torch.arange(len(mesh)) == len(mesh) // 2
        mesh, _ = halvings(mesh, middle[:, None].expand(-1, mesh.dims), evolution.rings)
    return mesh


def one_step(step: Step) -> Tensor:
    """G, (n F M, n F M), of the equations as they are linearised at a step."""
    s = step.scheme
    walls = [(site, step.at_site(site, slopes=True)) for site in sites_of(s, step.mesh)]
    operator = Operator.of(step, step.inside(s.points, slopes=True), walls)
    rates = in_cells(s, step.mesh, operator.slopes).get(1)
    assert rates is not None
    n, _, _, f, m = rates.shape
    rows = rates.flatten(1, 2).flatten(2, 3)  # (n, E P, F M): what the start of a cell says in its own equations
    apart = torch.einsum("nrc,nk->nrkc", rows, torch.eye(n, dtype=rows.dtype, device=rows.device)).flatten(2, 3)
    starts = (s.radau.into @ s.radau.start.to(torch.complex128)) / step.length
    b = -starts[:, None, None, None] * apart * operator.row_weights.flatten(2, 3)[..., None]
    nothing = [
        b.new_zeros(len(b), len(site.cells), len(site.conditions), len(site.xi), b.shape[-1]) for site, _ in walls
    ]
    found = operator.cells.solve(b, nothing)
    return torch.tensordot(s.radau.back[-1], found, 1).real.reshape(n * f * m, n * f * m)
