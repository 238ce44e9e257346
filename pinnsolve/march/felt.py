"""What a residual in cells that are joined by fluxes is felt as: by how much an unknown would change for it.

    m d_t^k u - div(a grad u) = r,      change    |r|/(m/T^k + a (2/h)^2 d (d + 1))

T all of time, d the degree of the features: what a cell leaves oscillates as fast as these do or faster, since they are
tested, and what does not is balanced by what flows through its sides. So the slope of a rough coefficient counts for as
little as it does harm.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Scheme, Step
from pinnsolve.cells.own_cells import Seen, seen_by
from pinnsolve.cells.rows import in_time
from pinnsolve.networks.spread import weights_of
from pinnsolve.residuals.pointwise import Answers


def felt(step: Step, sizes: Tensor, alone: bool = False) -> Tensor:
    """The root mean square over the stages of what each cell's residual is felt as, relative to the unknowns' sizes
    (F,), (n,); where this rank is not `alone` each looks at the cells that it condenses."""
    s, e = step.scheme, step.scheme.evolution
    seen = Seen(None, s.world) if alone else seen_by(s, step.mesh)
    found = step.inside(s.degree + 3, slopes=True, cells=seen.cells)
    w, widths = weights_of(step.mesh, s.cell, s.degree + 3), step.mesh.widths
    if seen.cells is not None:
        w, widths = w[seen.cells], widths[seen.cells]
    residuals = found.residuals.reshape(len(e.equations), s.stages, *w.shape)
    square = torch.zeros(len(w), dtype=w.dtype, device=w.device)
    for i, f in enumerate(e.fluxed):
        holds, spreads = torch.zeros_like(square), torch.zeros(len(w), 2, dtype=w.dtype, device=w.device)
        for (j, g, alpha), slope in found.slopes.items():
            if (j, g) == (i, f):
                k, order = e.derivative(alpha)
                mean = slope.abs().reshape(s.stages, *w.shape).mean((0, 2))
                if order == max(e.orders):
                    holds += mean / (e.times[1] - e.times[0]) ** order
                elif sum(k) == 2:
                    spreads[:, 0 if k[0] else 1] += mean
        stiff = holds + (spreads * (2 / widths) ** 2).amin(1) * s.degree * (s.degree + 1)
        square += (residuals[i].square() * w).sum(-1).mean(0) / (stiff * sizes[f]).square()
    return seen.sum(seen.among(square, len(step.mesh))).sqrt()


def felt_everywhere(steps: Sequence[Step], sizes: Tensor) -> Tensor:
    """The same over all of space, of each of some steps, which ranks share among them, (k,)."""
    found, world = sizes.new_zeros(len(steps)), steps[0].scheme.world
    for k in range(world.rank, len(steps), world.size):
        found[k] = (felt(steps[k], sizes, alone=True).square() @ steps[k].mesh.shares).sqrt()
    return world.sum(found)


def natural(scheme: Scheme, found: Answers, span: float) -> Tensor:
    """The terms of each equation, where unknowns change by their size in all of time, (E,)."""
    assert scheme.weights is not None
    orders = in_time(scheme.evolution, found.slopes)
    return scheme.weights / span ** scheme.weights.new_tensor(orders)
