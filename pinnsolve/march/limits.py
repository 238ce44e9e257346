"""How far two marches along a line are from each other, whose cells and steps differ, and how far the second one is
from the limit that both go to: in L1 and in L2.

Integrals over space and time, by Gauss points between all ends of cells of both, at times that are closest at the
start, where jumps open. Each unknown's difference is told relative to its size or, where that is smaller, to how much
it varies about its mean; of one that does not vary, as velocity and pressure do not across a contact, to its size.

Errors fall as nu to a power p, so that of marches whose viscosity fell from r nu to nu the last difference is r^p - 1
times the error. A shock's width is as nu, and p = 1 in L1, 1/2 in L2; that of a contact is as its root, and p = 1/2 and
1/4; at the corners of fans it is 1 and 3/4. Which of them stands where slopes tell (`march.fronts`): what is neither a
shock nor smooth counts as a contact.
"""

from __future__ import annotations

import math
from bisect import bisect_left
from collections.abc import Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.algebra import yardstick
from pinnsolve.march.fronts import quick
from pinnsolve.networks.reference_cell import ReferenceCell, legendre, reference_cell
from pinnsolve.networks.tiles import Tiles
from pinnsolve.trial.marched import Slab


@dataclass(frozen=True)
class Rules:
    """Where differences are looked at.

    Parameters
    ----------
    times : int
        More: a shock that appears late is met more often; more time.
    points : int
        Gauss points between ends of cells.
    places : int
        Along each coordinate of a plane. Fewer: an edge that moves by less than lies between is met at random.
    steep : float
        Of an unknown's size over the domain's length: slopes below it are none of a shock.
    flat : float
        Of an unknown's size: what varies by less, and by less than twice what two marches differ by, is a constant that
        carries their noise (a pure contact's velocity and pressure: 4e-4). Larger: weak waves are measured by what is
        not theirs. Smaller: noise is taken for a solution.
    safe_l1, safe_l2 : float
        Times what theory says of contacts. Smaller: too kind (`validation.shocks`). In L2 theory adds differences up
        that do not point one way: of layers (1 + erf(x / w)) / 2 or 1 / (1 + exp(x / w)), w as the root of nu, the
        error is 0.66 and 0.68 times as much, of 1 + x / sqrt(x^2 + w^2) 0.75.
    shock_l1, shock_l2 : float
        The same of shocks, beside which there are corners of fans, and where a march with more viscosity has not got
        as far: 1 and 0.9 times were seen.
    """

    times: int = 64
    points: int = 8
    places: int = 100
    steep: float = 10.0
    flat: float = 1e-2
    safe_l1: float = 1.25
    safe_l2: float = 0.85
    shock_l1: float = 1.8
    shock_l2: float = 1.25

    def beyond(self, ratio: float) -> Tensor:
        """How many times the difference of two marches the error of the second is: in L1 and in L2, where errors fall
        as at contacts and as at shocks, (2, 2)."""
        powers = torch.tensor([[0.5, 1.0], [0.25, 0.5]], dtype=torch.float64)
        safe = torch.tensor([[self.safe_l1, self.shock_l1], [self.safe_l2, self.shock_l2]], dtype=torch.float64)
        return safe / (ratio**powers - 1)


RULES = Rules()


@dataclass(frozen=True)
class Difference:
    """What two marches differ by (dimensionless), the largest over the unknowns, and by how much the second is steeper.

    Parameters
    ----------
    l1, l2 : float
        Relative differences.
    steeper : float
        The largest slope of the second one over that of the first, late, at the time at which that is most.
    beyond_l1, beyond_l2 : float
        Bounds of how far the second is from the limit, relative; infinite where no ratio of viscosities is known.
    """

    l1: float
    l2: float
    steeper: float
    beyond_l1: float = math.inf
    beyond_l2: float = math.inf


def difference(
    first: Sequence[Slab], second: Sequence[Slab], scales: Sequence[float], ratio: float | None = None,
    carried: bool = False,
) -> Difference:  # fmt: skip
    """How far the first march is from the second.

    Parameters
    ----------
    first, second : sequence of Slab
    scales : sequence of float
        The natural size of each unknown.
    ratio : float, optional
        Of the viscosity of the first over that of the second.
    carried : bool
        Whether jumps are carried along without one, as wide as they began: errors fall as at shocks everywhere.
    """
    device, count, fields = second[0].modes.device, RULES.times, second[0].modes.shape[2]
    begin, span = second[0].begin, second[-1].end - second[0].begin
    # in L1, L2; where errors fall as at contacts, as at shocks
    apart = torch.zeros(2, 2, fields, dtype=torch.float64, device=device)
    own = torch.zeros(3, fields, dtype=torch.float64, device=device)
    sizes = torch.tensor(scales, dtype=torch.float64, device=device)
    slopes, kept, (one, other) = [], [], (first[0].cell, second[0].cell)
    for k in range(count):
        part = (k + 0.5) / count
        time, weight = begin + span * part**2, 2 * part / count
        (mesh_a, a), (mesh_b, b) = (_at(slabs, time) for slabs in (first, second))
        x, w = _points(mesh_a, mesh_b)
        u, v = _values(mesh_a, a, x, one), _values(mesh_b, b, x, other)
        before, now = _values(mesh_a, a, x, one, 1).abs(), _values(mesh_b, b, x, other, 1).abs()
        fast = torch.full_like(now, carried, dtype=torch.bool)
        if ratio is not None and not carried:
            fast = quick(before, now, ratio)
        off = torch.stack([~fast, fast]) * (u - v).abs()
        apart += weight * (torch.stack([off, off.square()]) @ w)
        own += weight * (torch.stack([v, v.abs(), v.square()]) @ w)
        kept.append((weight, v, w))
        if part > 0.5:  # what the start was has opened by then
            seen = now.amax(1) * mesh_b.length > RULES.steep * sizes
            slopes.append(torch.where(seen, now.amax(1) / before.amax(1).clamp(min=1e-300), torch.zeros_like(sizes)))
    mean, size, norm = own
    varied = torch.stack([weight * ((v - mean[:, None]).abs() @ w) for weight, v, w in kept]).sum(0)
    in_l1, in_l2 = apart.sum(1)
    yards = yardstick.of_two(size, varied, in_l1, scales, RULES.flat)
    spread = (norm - mean.square()).clamp(min=0).sqrt()
    yards += yardstick.of_two(norm.sqrt(), spread, in_l2.sqrt(), scales, RULES.flat)
    l1, l2 = _relative(apart, torch.ones(2, 2, dtype=torch.float64), yards)
    beyond = (math.inf, math.inf) if ratio is None else _relative(apart, RULES.beyond(ratio), yards)
    return Difference(l1, l2, float(torch.stack(slopes).max()), *beyond)


def _relative(apart: Tensor, times: Tensor, yards: Sequence[float]) -> tuple[float, float]:
    """The largest over the unknowns in L1 and in L2 of both kinds' integrals (2, 2, F), so many times each, (2, 2)."""
    one, two = apart * torch.stack([times[0], times[1].square()]).to(apart)[..., None]
    found = torch.stack([one.sum(0), two.sum(0).sqrt()]) / apart.new_tensor(yards).reshape(2, -1)
    l1, l2 = found.amax(1).tolist()
    return l1, l2


def at_place(slabs: Sequence[Slab], place: float, times: Sequence[float]) -> Tensor:
    """The unknowns at one place and several times, (F, N)."""
    x = torch.tensor([place], dtype=torch.float64, device=slabs[0].modes.device)
    return torch.cat([_values(*_at(slabs, time), x, slabs[0].cell) for time in times], 1)


def _at(slabs: Sequence[Slab], time: float) -> tuple[Tiles, Tensor]:
    """Cells at a time, and their coefficients (n, F, M)."""
    slab = slabs[min(bisect_left(slabs, time, key=lambda s: s.end), len(slabs) - 1)]
    tau = torch.full((1,), 2 * (time - slab.begin) / slab.length - 1, dtype=torch.float64, device=slab.modes.device)
    return slab.mesh, torch.einsum("k,nkfm->nfm", legendre(tau, slab.modes.shape[1] - 1, 0)[0], slab.modes)


def _points(a: Tiles, b: Tiles) -> tuple[Tensor, Tensor]:
    """Gauss points between all ends of cells, and weights that sum to one, (N,)."""
    ends = torch.unique(torch.cat([a.edges, b.edges]))
    xi, w = reference_cell(1, ends.device).gauss(RULES.points)
    widths = ends.diff()
    x = ends[:-1, None] + widths[:, None] * (xi[:, 0] + 1) / 2
    return x.flatten(), (widths[:, None] * w / (ends[-1] - ends[0])).flatten()


def _values(mesh: Tiles, c: Tensor, x: Tensor, features: ReferenceCell, order: int = 0) -> Tensor:
    """Fields, or their derivatives along the line, at places, (F, N)."""
    edges = mesh.edges
    cell = (torch.searchsorted(edges, x) - 1).clamp(0, len(c) - 1)
    width = edges[cell + 1] - edges[cell]
    xi = 2 * (x - edges[cell]) / width - 1
    table = features.features(xi[:, None], (order,))
    return torch.einsum("nfm,nm->fn", c[cell], table) * (2 / width) ** order
