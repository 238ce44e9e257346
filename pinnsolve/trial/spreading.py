"""Where evolutions do not spread what they carry: diffusion that vanishes with the unknowns.

    q_t = (D(u, u_x) u_x)_x + ...,        D >= 0, zero somewhere

A start that ends where D is zero has an edge that runs at a finite speed, and at which slopes jump or have no bound:
Barenblatt's solution of u_t = (u^m)_xx. It is the limit of D + nu, as that of a law without any is, and of
D + nu / sqrt(1 + (D / nu)^2), which is nearer: behind the edge it adds nu^2 / D, and the edge runs ahead by a length of
nu over its speed, where that of D + nu does so by log(1/nu) times as much.

Sources: Vazquez, The Porous Medium Equation (2007), chapters 4 and 9; Carrillo, Arch. Ration. Mech. Anal. 147 (1999)
269 (uniqueness with convection).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import torch
from numpy.polynomial import chebyshev
from torch import Tensor

from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.prescribed import at_start


@dataclass(frozen=True)
class Rules:
    """Where it is looked, and what counts as none. Chosen, not measured.

    Parameters
    ----------
    places : int
        Along the line, and times at each end. More: narrow starts are not missed; more time.
    states : int
        Between the least and the largest values and slopes. More: what is zero for few of them is not missed.
    none : float
        Of the largest diffusivity: what is less spreads nothing. Larger: layers that a march can do are left to a
        series of them. Smaller: fronts of a start that is nearly zero are left to one that cannot.
    lines : int
        Along each coordinate of a plane. More: narrow starts are not missed; more time.
    edge : int
        Neighbouring places of a start at which nothing is spread. More: narrow gaps have no edge.
    leaps : float
        Of the largest change between neighbouring states, what half the distance leaves: more is a jump.
    least : float
        Of the largest diffusivity: smaller jumps are none.
    degree : int
        Of the polynomial that stands for it. Smaller: fewer laws have one. Larger: more terms in every residual.
    near : float
        Of the largest diffusivity: what that polynomial may miss, or other places and slopes may change. It decides
        where viscosity is added, not what is solved in the end.
    """

    places: int = 128
    states: int = 257
    none: float = 1e-6
    lines: int = 24
    edge: int = 2
    leaps: float = 0.9
    least: float = 1e-3
    degree: int = 8
    near: float = 1e-3


RULES = Rules()


@dataclass(frozen=True)
class Diffusivity:
    """How much an equation spreads what it is for, as a polynomial in its one unknown.

    Parameters
    ----------
    middle, half : float
        Of the unknown's range.
    coefficients : tuple of float
        Of the powers of (u - middle) / half (length squared over time).
    """

    middle: float
    half: float
    coefficients: tuple[float, ...]

    def of(self, u: Jet) -> Jet:
        """D(u)."""
        place = (u - self.middle) * (1 / self.half)
        found = 0.0 * place + self.coefficients[-1]
        for c in reversed(self.coefficients[:-1]):
            found = found * place + c
        return found

    def lacking(self, u: Jet, nu: float) -> Jet:
        """nu / sqrt(1 + (D / nu)^2): a viscosity nu where nothing is spread, and nu^2 / D where much is."""
        return nu / (1 + (self.of(u) * (1 / nu)) ** 2) ** 0.5


@dataclass(frozen=True)
class Spreading:
    """How much equations spread.

    Parameters
    ----------
    largest : float
        The largest diffusivity among what data say (length squared over time).
    vanishes : bool
        Whether it is zero somewhere between.
    edged : bool
        Whether the start has a part in which nothing is spread.
    known : Diffusivity, optional
        Of one unknown, where nothing else says how much is spread.
    leaps : bool
        Whether it jumps between two states: then nothing is known of where it vanishes.
    """

    largest: float
    vanishes: bool
    edged: bool
    known: Diffusivity | None = None
    leaps: bool = False


def spreading(laws: Evolution, scales: Tensor) -> Spreading:
    """How much equations spread on what is prescribed at the start and at the ends.

    Parameters
    ----------
    laws : Evolution
        Without added viscosity.
    scales : tensor (F, 2)
        The offset and the size of each unknown: they tell where data say nothing else.
    """
    values, slopes = _begun(laws, scales[:, 0])
    begun = _diffusivity(laws, values, slopes)
    ends = [_told(laws, values), (slopes.amin(1), slopes.amax(1))]
    found = _diffusivity(laws, *_between(ends))
    if not found.max() > 0:  # nothing is there as yet: what comes in is not prescribed as a value
        offset, size = scales.T
        ends[0] = (torch.minimum(ends[0][0], offset - size), torch.maximum(ends[0][1], offset + size))
        found = _diffusivity(laws, *_between(ends))
    largest = float(torch.cat([begun, found]).max())
    if _leaps(laws, ends, largest):
        return Spreading(largest, False, False, leaps=True)
    none = begun <= RULES.none * largest
    edged = bool(none.unfold(0, RULES.edge, 1).all(-1).any())
    vanishes = edged or bool((found <= RULES.none * largest).any())
    return Spreading(largest, vanishes, edged, _known(laws, ends, largest) if vanishes else None)


def _known(laws: Evolution, ends: list[tuple[Tensor, Tensor]], largest: float) -> Diffusivity | None:
    """The diffusivity as a polynomial in the one unknown; nothing where it is none."""
    low, high = (float(v) for v in (ends[0][0][0], ends[0][1][0]))
    if len(laws.problem.unknowns) > 1 or not high > low:
        return None
    values, slopes = _between(ends)
    found = _diffusivity(laws, values, slopes).numpy()
    fit = chebyshev.chebfit(np.linspace(-1, 1, RULES.states), found[: RULES.states], RULES.degree)
    place = 2 * (values[0].numpy() - low) / (high - low) - 1
    if not np.abs(chebyshev.chebval(place, fit) - found).max() <= RULES.near * largest:
        return None
    fit = chebyshev.chebtrim(fit, RULES.none * largest)
    return Diffusivity((low + high) / 2, (high - low) / 2, tuple(chebyshev.cheb2poly(fit).tolist()))


def _leaps(laws: Evolution, ends: list[tuple[Tensor, Tensor]], largest: float) -> bool:
    """Whether the diffusivity jumps between two states, as that of a flux by `where`: the derivative of such a flux has
    a delta there that no point sees."""
    for moved in range(len(ends)):
        found = []
        for count in (RULES.states, 2 * RULES.states - 1):
            share = torch.linspace(0, 1, count, dtype=torch.float64)
            parts = [share if kind == moved else torch.full_like(share, 0.4) for kind in range(len(ends))]
            values, slopes = (a[:, None] + (b - a)[:, None] * k for (a, b), k in zip(ends, parts, strict=True))
            found.append(float(_diffusivity(laws, values, slopes).diff().abs().max()))
        if found[1] > max(RULES.leaps * found[0], RULES.least * largest):
            return True
    return False


def _begun(laws: Evolution, usual: Tensor) -> tuple[Tensor, Tensor]:
    """The unknowns and their slopes at the start, (F, N): along a line, or along lines through a plane."""
    usually, found = dict(zip(laws.problem.unknowns, usual.tolist(), strict=True)), []
    for axis, (low, high) in enumerate(laws.extent):
        width = (high - low) / RULES.places
        ends = low + width * torch.arange(RULES.places + 1, dtype=torch.float64)
        for beside in _across(laws, axis):
            values = at_start(laws, _on_line(ends, beside, axis), usually)
            found.append(((values[:, 1:] + values[:, :-1]) / 2, values.diff(dim=1) / width))
    values, slopes = (torch.cat(parts, 1) for parts in zip(*found, strict=True))
    return values, slopes


def _across(laws: Evolution, axis: int) -> list[float | None]:
    """Where lines along a coordinate cross the other one; nothing where there is none."""
    if len(laws.extent) == 1:
        return [None]
    low, high = laws.extent[1 - axis]
    return [low + (high - low) * (k + 0.5) / RULES.lines for k in range(RULES.lines)]


def _on_line(along: Tensor, beside: float | None, axis: int) -> Tensor:
    """Places (N, dims) along a line."""
    if beside is None:
        return along[:, None]
    return torch.stack([along, torch.full_like(along, beside)][:: 1 if axis == 0 else -1], 1)


def _told(laws: Evolution, values: Tensor) -> tuple[Tensor, Tensor]:
    """The least and the largest of each unknown, (F,), by its start (F, N) and what is prescribed at the ends."""
    begin, end = laws.times
    times = torch.linspace(begin, end, RULES.places if len(laws.extent) == 1 else RULES.lines, dtype=torch.float64)
    low, high = values.amin(1), values.amax(1)
    for wall in laws.walls:
        told = wall.equation.prescribes
        if told is None or told.what != "value":
            continue
        f, ((axis, place),) = laws.problem.unknowns.index(told.unknown), wall.fixed.items()
        at = torch.full((1, 1), place, dtype=torch.float64)
        if len(laws.extent) > 1:
            beside = torch.tensor(_across(laws, axis), dtype=torch.float64)
            at = _on_line(beside, place, 1 - axis)
        here = torch.stack([laws.given(told, at, float(t)) for t in times])
        low[f], high[f] = torch.minimum(low[f], here.min()), torch.maximum(high[f], here.max())
    return low, high


def _between(ends: list[tuple[Tensor, Tensor]]) -> tuple[Tensor, Tensor]:
    """States between the least and the largest values and slopes, both among them: (F, N) each."""
    k = torch.arange(RULES.states, dtype=torch.float64)
    made, fields = [], len(ends[0][0])
    for kind, (low, high) in enumerate(ends):
        share = (k[None] * torch.arange(1 + kind * fields, 1 + (kind + 1) * fields)[:, None]) % RULES.states
        made.append(low[:, None] + (high - low)[:, None] * share / (RULES.states - 1))
    values, slopes = made
    flat = torch.zeros_like(slopes)  # no slope at all, where that is between the others
    within = (ends[1][0] <= 0).all() & (ends[1][1] >= 0).all()
    return torch.cat([values, values], 1), torch.cat([slopes, flat if within else slopes], 1)


def _diffusivity(laws: Evolution, values: Tensor, slopes: Tensor) -> Tensor:
    """The least diffusivity of all equations that spread what they derive along time, (N,), without its sign."""
    problem, count = laws.problem, values.shape[1]
    share = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    ends = laws.extent
    x = torch.stack([low + (high - low) * ((1 + 7 * k) * share % 1) for k, (low, high) in enumerate(ends)], 1)
    points = laws.points(x, torch.full_like(share, laws.times[0]))
    chart, at = points.chart()
    asked: dict[tuple[int, Alpha], Tensor] = {}

    def field(f: int) -> Jet:
        def leaf(alpha: Alpha) -> Tensor:
            (along, *beside), later = laws.derivative(alpha)  # in a plane slopes are those along its first coordinate
            told = along < 2 and not (later or any(beside))
            known = (values, slopes)[along][f] if told else torch.zeros_like(share)
            asked[f, alpha] = known.clone().requires_grad_()
            return asked[f, alpha]

        return Jet(chart, leaf, (chart.size,), frozenset(chart.names))

    spread = torch.zeros(len(ends), len(problem.equations), count, dtype=torch.float64)
    later = torch.zeros_like(spread[0])
    fields = problem.looked_at(chart, at, {u: field(f) for f, u in enumerate(problem.unknowns)}, points)
    for e, equation in enumerate(problem.equations):
        with torch.enable_grad():
            residual = equation.residual(fields).value
        if not residual.requires_grad:
            continue
        grads = torch.autograd.grad(residual.sum(), list(asked.values()), allow_unused=True, retain_graph=True)
        for (f, alpha), slope in zip(asked, grads, strict=True):
            along, of_time = laws.derivative(alpha)
            into = later if of_time else spread[along.index(2)] if 2 in along else None
            if into is not None and slope is not None:
                into[e] += slope.abs() * laws.sizes[f]
    most = spread.amax(0)
    mine = (later > 0).any(1) & (most > 0).any(1)
    if not bool(mine.any()):
        return torch.zeros_like(share)
    return (most[mine] / later[mine]).nan_to_num(0.0, posinf=0.0).amin(0)
