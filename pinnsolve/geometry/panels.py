"""Quadrature along one coordinate on panels, each of which is halved until Gauss' nodes hold what is integrated.

On a panel of length h the integrand is sum_j c_j P_j. With c the last two coefficients and r their share of the largest
there, Gauss' rule misses about r c h where coefficients fall as those of a smooth function do, and c h where they do
not: at a kink, a jump, or where the integrand grows without bound.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

import numpy as np
import torch
from torch import Tensor


@dataclass(frozen=True)
class Refining:
    """How fine the quadrature of integrals inside of equations is made.

    Parameters
    ----------
    nodes : int
        On each panel. More: fewer panels, and more points where a place of little length is steep.
    missed : float
        Of the integral of the magnitude, for each panel. Smaller: more panels for digits that are rounding elsewhere.
    rough : float
        A share of the last coefficients that is no smooth function's. Chosen, not measured.
    parts : int
        Into so many the whole is divided where panels are looked at: what is narrower than a tenth of one is looked for
        before training. Fewer: what is narrow is passed by. More: a look takes longer.
    rounds : int
        Of halving. A jump of one takes 36 of them to come to `missed`.
    panels : int
        At most. More: what is rough in many places takes longer.
    deep : tuple of float
        Where an integrand grows without bound towards the place around which it is taken, panels end at these powers
        of 1/e of the distance. Fewer: less is held. Beyond the last rounding hides how far the place is.
    held : int
        Of these panels: so many hold what is smooth, better if the whole is halved. More: halves that change nothing.
    few : int
        Places around the integral at which it is looked at.
    levels : tuple of int
        Over more than a line: nodes of Gauss along each coordinate of a box, from rule to rule.
    same : float
        Of the integral of the magnitude: two such rules that differ by less are the same. Smaller: more points for
        digits that are rounding elsewhere.
    room : int
        Numbers of features at once. More: more memory. Fewer: more calls. Chosen, not measured.
    """

    nodes: int = 16
    missed: float = 1e-11
    rough: float = 1e-4
    parts: int = 8
    rounds: int = 40
    panels: int = 96
    deep: tuple[float, ...] = (0.0, 2.0, 6.0, 14.0, 32.0)
    held: int = 2
    few: int = 6
    levels: tuple[int, ...] = (6, 9, 13, 18, 25, 36, 50)
    same: float = 1e-10
    room: int = 2_000_000


REFINING = Refining()


def _rule() -> tuple[Tensor, Tensor, Tensor]:
    """Gauss' nodes and weights on (-1, 1), and what makes Legendre's coefficients of values at the nodes."""
    x, w = np.polynomial.legendre.leggauss(REFINING.nodes)
    values = np.polynomial.legendre.legvander(x, REFINING.nodes - 1) * w[:, None]
    factors = (2 * np.arange(REFINING.nodes) + 1) / 2
    return torch.from_numpy(x), torch.from_numpy(w), torch.from_numpy(factors[:, None] * values.T)


_x, _w, _to_series = _rule()


def _exponents() -> tuple[Tensor, Tensor]:
    """Where nodes towards a place lie, v, and the shares exp(-v) dv of the length."""
    edges = torch.tensor(REFINING.deep, dtype=torch.float64)
    half = edges.diff()[:, None] / 2
    v = ((edges[:-1, None] + half) + half * _x).reshape(-1)
    return v, (half * _w).reshape(-1) * torch.exp(-v)


_deep = _exponents()


@dataclass(frozen=True)
class Nodes:
    """The points of an integral around each of n places: coordinates, weights, outward normals, and whose they are,
    (M,) each."""

    coordinates: dict[str, Tensor]
    weights: Tensor
    owner: Tensor
    normals: dict[str, Tensor] = field(default_factory=dict)


def on_panels(
    edges: Tensor, count: int, upper: Tensor | None = None, split: Tensor | None = None, deep: bool = False
) -> tuple[Tensor, Tensor, Tensor]:
    """Gauss' nodes for n places on panels between edges (K + 1,): positions, weights, and whose they are, (M,) each.

    Parameters
    ----------
    upper : tensor (n,), optional
        Where the integral of each place ends.
    split : tensor (n,), optional
        Where the integrand of each place may have a kink.
    deep : bool
        Whether it grows without bound there, or at the end: on the panels beside it nodes lie at exp(-v) of their
        length, v on panels of its own; they come last.
    """
    all_edges = edges.expand(count, -1)
    if split is not None:
        all_edges = torch.cat([all_edges, split.clamp(edges[0], edges[-1])[:, None]], 1).sort(1).values
    if upper is not None:
        all_edges = torch.minimum(all_edges, upper[:, None])
    at = (split if split is not None else upper) if deep else None
    if at is not None:
        all_edges = _without_near_ones(all_edges, at)
    low, high = all_edges[:, :-1].reshape(-1), all_edges[:, 1:].reshape(-1)
    owner = torch.arange(count).repeat_interleave(all_edges.shape[1] - 1)
    long = high > low
    low, high, owner = low[long], high[long], owner[long]
    beside = torch.zeros_like(long[long]) if at is None else (low == at[owner]) | (high == at[owner])
    half, mine = (high - low)[~beside] / 2, owner[~beside]
    places = ((low[~beside] + half)[:, None] + half[:, None] * _x).reshape(-1)
    weights, whose = (half[:, None] * _w).reshape(-1), mine.repeat_interleave(len(_x))
    if at is None or not bool(beside.any()):
        return places, weights, whose
    v, shares = _deep
    length, mine = (high - low)[beside], owner[beside]
    sign = torch.where(low[beside] == at[mine], 1.0, -1.0).to(length)[:, None]
    least = 4 * torch.finfo(length.dtype).eps * edges.abs().max()  # closer, rounding hides that they are away
    away = torch.maximum(length[:, None] * torch.exp(-v), least)
    places = torch.cat([places, (at[mine][:, None] + sign * away).reshape(-1)])
    weights = torch.cat([weights, (length[:, None] * shares).reshape(-1)])
    return places, weights, torch.cat([whose, mine.repeat_interleave(len(v))])


def _without_near_ones(edges: Tensor, at: Tensor) -> Tensor:
    """Edges (n, K + 1) without those that are nearer to a place (n,) than the panel beyond them is long: Gauss' nodes
    do not hold what grows without bound so near."""
    longer = torch.nn.functional.pad(edges.diff(dim=1), (1, 1))
    away = edges - at[:, None]
    beyond = torch.where(away < 0, longer[:, :-1], longer[:, 1:])
    return torch.where(away.abs() < beyond, at[:, None], edges)


def beyond(weighted: Tensor, count: int) -> Tensor:
    """What lies beyond the last nodes of so many deep panels, which come last, by how the sums over the two before go
    on: (columns,), of weighted values (M, columns)."""
    parts = len(REFINING.deep) - 1
    sums = weighted.abs().reshape(-1, len(_x), weighted.shape[1]).sum(1)[-count * parts :]
    last, before = sums.view(count, parts, -1)[:, -1], sums.view(count, parts, -1)[:, -2].clamp(min=1e-300)
    *_, a, b, c = REFINING.deep
    return (last * (last / before) ** ((c - b) / (b - a))).amax(0)


def carried(edges: Tensor, places: Tensor) -> Tensor:
    """What makes values at places (N,) of those at the nodes on panels, (N, nodes): by Legendre's polynomials."""
    mine = torch.searchsorted(edges, places).clamp(1, len(edges) - 1) - 1
    local = 2 * (places - edges[mine]) / (edges[mine + 1] - edges[mine]) - 1
    powers = torch.from_numpy(np.polynomial.legendre.legvander(local.numpy(), len(_x) - 1))
    found = torch.zeros(len(places), len(edges) - 1, len(_x), dtype=torch.float64)
    found[torch.arange(len(places)), mine] = powers @ _to_series
    return found.reshape(len(places), -1)


def _missed(grouped: Tensor) -> Tensor:
    """What Gauss' rule misses of the mean over each panel, (panels, columns), of values (panels, nodes, columns)."""
    series = torch.einsum("jk,pkc->pjc", _to_series, grouped).abs()
    last = series[:, -2:].sum(1)
    share = last / series.amax(1).clamp(min=1e-300)
    return torch.where(share > REFINING.rough, last, share * last)


def rough(values: Tensor) -> Tensor:
    """On which panels (panels,) values (M, columns) are no smooth function's."""
    series = torch.einsum("jk,pkc->pjc", _to_series, values.reshape(-1, len(_x), values.shape[1])).abs()
    return (series[:, -2:].sum(1) > REFINING.rough * series.amax(1)).any(1)


@dataclass
class Panels:
    """The panels of the integrals of one trial function, by which integral it is, and how well they do.

    Parameters
    ----------
    edges : dict from key to tensor (K + 1,)
    levels : dict from key to int
        Of integrals over more than a line: which of the rules (`pinnsolve.geometry.quadrature`).
    found : dict from key to float
        What the last look found that the rule missed of the integral, before it was refined.
    missed : dict from key to float
        What it misses after that.
    deep : set of keys
        Those of which what is integrated grows without bound towards the place around which it is taken.
    looked : set of keys
        Those that need not be looked at again as the trial function is now.
    least : float
        What may be missed of an integral: rounding, or more.
    """

    edges: dict[Any, Tensor] = field(default_factory=dict)
    levels: dict[Any, int] = field(default_factory=dict)
    found: dict[Any, float] = field(default_factory=dict)
    missed: dict[Any, float] = field(default_factory=dict)
    deep: set[Any] = field(default_factory=set)
    looked: set[Any] = field(default_factory=set)
    least: float = REFINING.missed

    def finer(self, key: Any) -> Tensor:
        """Edges of panels that are no longer than a part of the whole: what nothing else sees shows between these."""
        edges = self.edges[key]
        longest = float(edges[-1] - edges[0]) / REFINING.parts
        steps = [
            torch.linspace(a, b, math.ceil((b - a) / longest - 1e-9) + 1, dtype=torch.float64)[:-1]
            for a, b in pairwise(edges.tolist())
        ]  # fmt: skip
        return torch.cat([*steps, edges[-1:]])

    def sums(self, key: Any, places: Tensor, owner: Tensor, weighted: Tensor, count: int) -> Tensor:
        """The integral over each panel around each place, (count, panels, columns), of weighted values (M, columns)."""
        edges = self.edges[key]
        mine = torch.searchsorted(edges, places).clamp(1, len(edges) - 1) - 1
        found = weighted.new_zeros(count * (len(edges) - 1), weighted.shape[1])
        found.index_add_(0, owner * (len(edges) - 1) + mine, weighted)
        return found.view(count, len(edges) - 1, -1)

    def halved(
        self, key: Any, nodes: tuple[Tensor, Tensor], values: Tensor, count: int = 1, apart: Tensor | None = None,
        sizes: Tensor | None = None, left: Tensor | None = None, deep: int = 0,
    ) -> bool:  # fmt: skip
        """Halve the panels on which values (M, columns) at nodes and with weights (M,), as `on_panels` gave them for
        `count` places, are not held; false where none is halved.

        Parameters
        ----------
        apart : tensor (count, panels, columns), optional
            By how much finer panels give another integral over each.
        sizes : tensor (M, columns), optional
            What counts as the magnitude of values that may be what is left of larger ones.
        left : tensor (columns,), optional
            What no panel reaches.
        deep : int
            So many of the panels, the last ones, are deep: halves of these hold no more of what grows without bound.
        """
        edges, (places, weights), each = self.edges[key], nodes, len(_x)
        grouped, size = values.reshape(-1, each, values.shape[1]), weights.reshape(-1, each)
        mine = torch.searchsorted(edges, places.reshape(-1, each).mean(1)).clamp(1, len(edges) - 1) - 1
        magnitude = grouped.abs() if sizes is None else sizes.reshape(grouped.shape)
        whole = (torch.einsum("pk,pkc->c", size, magnitude) / count).clamp(min=1e-300)
        own = grouped * (size / _w)[..., None]  # as a function of what its nodes are Gauss' nodes of
        share = (2 * _missed(own) / whole).amax(1)
        ends, parts = len(share) - deep * (len(REFINING.deep) - 1), len(REFINING.deep) - 1
        beside = share[ends:].view(deep, parts)[:, REFINING.held :].amax() if deep else 0.0
        share[ends:].view(deep, parts)[:, REFINING.held :] = 0.0
        missed = share.new_zeros(len(edges) - 1).scatter_reduce_(0, mine, share, "amax")
        if apart is not None:
            missed = torch.maximum(missed, (apart.abs() / whole).amax((0, 2)))
        self.note(key, max(float(missed.max()), float(beside), 0.0 if left is None else float((left / whole).max())))
        bad = torch.nonzero(missed > self.least)[:, 0]
        tiny = edges.diff().min() < 2.0**-REFINING.rounds * (edges[-1] - edges[0])
        if not len(bad) or len(edges) > REFINING.panels or bool(tiny):
            return False
        middle = (edges[bad] + edges[bad + 1]) / 2
        self.edges[key] = torch.cat([edges, middle]).sort().values
        return True

    def again(self) -> None:
        """Look at all integrals again: the trial function is not what it was."""
        self.looked.clear()
        self.found.clear()

    def forget(self, key: Any) -> None:
        """Panels that were tried, and are not used."""
        for known in (self.edges, self.found, self.missed):
            known.pop(key, None)
        self.looked.discard(key)

    def note(self, key: Any, missed: float) -> None:
        """What is missed of an integral by the rule as it is now."""
        self.found.setdefault(key, missed)
        self.missed[key] = missed
