"""Where a march starts: what is prescribed there, on cells that are small enough for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Scheme, Start
from pinnsolve.cells.line_traces import joined
from pinnsolve.march.cells import filled
from pinnsolve.march.record import Accuracy, variation
from pinnsolve.networks.halvings import halvings
from pinnsolve.networks.spread import RULES as SPREAD
from pinnsolve.networks.spread import spread
from pinnsolve.networks.tails import wanting
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Rules:
    """How closely a start is resolved. Chosen, not measured; the first is that of the prototypes.

    Parameters
    ----------
    shallow : float
        Of the length: no cell is halved below it for the start's sake, in a plane below its root. Larger: a jump is
        smeared. Smaller: steps as short as such a cell's own time, which cost more than what they bring.
    floor : float
        Of an unknown's size by all data: it counts as no smaller, since walls may be larger than the start. Larger: a
        small start is not resolved. Smaller: a start of nothing asks for what nobody sees.
    even : float
        Of the problem's tolerance: what the start's polynomials miss on cells that are alike. A kink that is carried
        around makes twice as much of it by the end (`validation.carried`). Larger: it just misses the tolerance.
        Smaller: cells nobody asked for.
    more : float
        Times as many cells along each coordinate, the next that are tried. Larger: more than are needed.
    hopeless : float
        Times what is asked of the start: where so much is missed over space by as many cells as there is room for, the
        march is not begun. Larger: a budget that goes into a march that cannot be right. Smaller: marches that would
        have been just right.
    """

    shallow: float = 2.0**-12
    floor: float = 0.3
    hopeless: float = 20.0
    even: float = 0.23
    more: float = 1.08


RULES = Rules()


def begun(
    scheme: Scheme, first: Tiles, sizes: Tensor, accuracy: Accuracy, most: int
) -> tuple[Tiles, Tensor, bool]:  # fmt: skip
    """The cells that a march begins with, the unknowns' sizes, and whether cells are alike all over and stay so: where
    that is asked for, since a kink is carried through all of them, and what is done in each step is the same."""
    e = scheme.evolution
    if not accuracy.even:
        return *resolved(scheme, first, sizes, accuracy.tolerance, most), False
    count, asked = float(len(first.ends[0])), RULES.even * e.problem.tolerance
    while True:
        mesh = Tiles.begun(e.extent, round(count), e.joints, scheme.device)
        values = projected(scheme, mesh)
        varied = variation(values, mesh)
        missed = float((_missed(scheme, mesh, values).norm(dim=0) / varied.clamp(min=1e-300)).max())
        if missed <= asked or RULES.more**2 * len(mesh) > most:
            return mesh, torch.maximum(varied, RULES.floor * sizes), True
        count = max(RULES.more * count, count + 1)


def at_start(scheme: Scheme, mesh: Tiles) -> Start:
    """What is prescribed at the start on given cells; joined where rates go on from it."""
    values, rates = projected(scheme, mesh), projected(scheme, mesh, rates=True)
    if scheme.evolution.second:
        begin = values.new_tensor([scheme.evolution.times[0]])
        e = scheme.evolution
        return Start(joined(values, mesh, e, scheme.cell, begin), joined(rates, mesh, e, scheme.cell))
    return Start(values, rates)


def resolved(scheme: Scheme, mesh: Tiles, sizes: Tensor, tolerance: float, most: int) -> tuple[Tiles, Tensor]:
    """Cells on which the start's polynomials are as good as is asked, relative to the unknowns' sizes (F,), and these
    sizes as the start shows them. In space more than `most` of them, where fewer are hopeless;
    in a box as many as make a grid, where these are few."""
    while True:
        values = projected(scheme, mesh)
        found = torch.maximum(variation(values, mesh), RULES.floor * sizes)
        missed = (_missed(scheme, mesh, values) / found).amax(1)
        bad = missed > tolerance
        wanted = wanting(values / found[:, None], mesh, scheme.cell, tolerance / missed) & bad[:, None]
        wanted &= mesh.widths > RULES.shallow ** (1 / mesh.dims) * mesh.lengths
        finer, _ = halvings(mesh, wanted, scheme.evolution.rings)
        if len(finer) == len(mesh) or len(finer) > most:
            hopeless = mesh.dims > 2 and float(missed.norm()) > RULES.hopeless * tolerance
            return finer if hopeless else filled(mesh, scheme.evolution.rings, most), found
        mesh = finer


def missed_at_start(scheme: Scheme, mesh: Tiles) -> Tensor:
    """What the start's polynomials miss of each unknown, in its units, (F,), in L2 on the mean over the domain."""
    return _missed(scheme, mesh, projected(scheme, mesh)).norm(dim=0)


def _missed(scheme: Scheme, mesh: Tiles, values: Tensor) -> Tensor:
    """What the start's polynomials miss between their points, (n, F), spread over the domain."""
    e, cell, points = scheme.evolution, scheme.cell, scheme.degree + 4
    inside = spread(mesh, cell, points)
    x, w = inside.places, inside.weights
    found = torch.zeros(len(mesh), scheme.fields, dtype=x.dtype, device=x.device)
    for f, u in enumerate(e.problem.unknowns):
        if u in e.starts:
            given = e.given(e.starts[u], x.flatten(0, 1), e.times[0]).reshape(x.shape[:-1])
            missed = given - inside.values(values[:, f], (0,) * e.dims)
            found[:, f] = ((missed.square() * w).sum(1) * mesh.shares).sqrt()
    return found


def projected(
    scheme: Scheme, mesh: Tiles, rates: bool = False, by: Mapping[str, float] | None = None
) -> Tensor:  # fmt: skip
    """The coefficients (n, F, M) of what is prescribed at the start, nearest in each cell; or (K, n, F, M) of its
    derivatives by K constants that stand at some values."""
    e, cell = scheme.evolution, scheme.cell
    points = 2 * scheme.degree + 4  # enough for data that are no polynomials
    if mesh.region is not None:  # those by which features are orthonormal in cut cells
        points = scheme.degree + SPREAD.closer
    inside = spread(mesh, cell, points)
    x = inside.places
    names = list(by or ("",))
    found = torch.zeros(len(names), len(mesh), scheme.fields, cell.count, dtype=x.dtype, device=x.device)
    for f, u in enumerate(e.problem.unknowns):
        told = (e.rates if rates else e.starts).get(u)
        if told is None:
            continue
        flat, begin = x.flatten(0, 1), e.times[0]
        given = e.given_by(told, flat, begin, by) if by else {"": e.given(told, flat, begin)}
        for name, values in given.items():
            found[names.index(name), :, f] = inside.nearest(values.reshape(x.shape[:-1]))
    return found if by else found[0]
