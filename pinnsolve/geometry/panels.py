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


@dataclass(frozen=True)
class Nodes:
    """The points of an integral around each of n places: coordinates, weights, outward normals, and whose they are,
    (M,) each."""

    coordinates: dict[str, Tensor]
    weights: Tensor
    owner: Tensor
    normals: dict[str, Tensor] = field(default_factory=dict)


def on_panels(
    edges: Tensor, count: int, upper: Tensor | None = None, split: Tensor | None = None
) -> tuple[Tensor, Tensor, Tensor]:
    """Gauss' nodes for n places on panels between edges (K + 1,): positions, weights, and whose they are, (M,) each.

    Parameters
    ----------
    upper : tensor (n,), optional
        Where the integral of each place ends.
    split : tensor (n,), optional
        Where the integrand of each place may have a kink.
    """
    all_edges = edges.expand(count, -1)
    if split is not None:
        all_edges = torch.cat([all_edges, split.clamp(edges[0], edges[-1])[:, None]], 1).sort(1).values
    if upper is not None:
        all_edges = torch.minimum(all_edges, upper[:, None])
    low, high = all_edges[:, :-1].reshape(-1), all_edges[:, 1:].reshape(-1)
    owner = torch.arange(count).repeat_interleave(all_edges.shape[1] - 1)
    long = high > low
    low, half, owner = low[long], (high - low)[long] / 2, owner[long]
    places = (low + half)[:, None] + half[:, None] * _x
    return places.reshape(-1), (half[:, None] * _w).reshape(-1), owner.repeat_interleave(len(_x))


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


def _whole(grouped: Tensor, length: Tensor, count: int) -> Tensor:
    """The integral of the magnitude (columns,), on the mean over so many places."""
    means = torch.einsum("k,pkc->pc", _w / 2, grouped.abs())
    return ((means * length[:, None]).sum(0) / count).clamp(min=1e-300)


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
    looked : set of keys
        Those that need not be looked at again as the trial function is now.
    """

    edges: dict[Any, Tensor] = field(default_factory=dict)
    levels: dict[Any, int] = field(default_factory=dict)
    found: dict[Any, float] = field(default_factory=dict)
    missed: dict[Any, float] = field(default_factory=dict)
    looked: set[Any] = field(default_factory=set)

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
        self, key: Any, places: Tensor, values: Tensor, count: int = 1, apart: Tensor | None = None,
        sizes: Tensor | None = None,
    ) -> bool:  # fmt: skip
        """Halve the panels on which values (M, columns) at `places` (M,), as `on_panels` gave them for `count` places,
        are not held; false where none is halved.

        Parameters
        ----------
        apart : tensor (count, panels, columns), optional
            By how much finer panels give another integral over each.
        sizes : tensor (M, columns), optional
            What counts as the magnitude of values that may be what is left of larger ones.
        """
        edges, nodes = self.edges[key], len(_x)
        grouped = values.reshape(-1, nodes, values.shape[1])
        mine = torch.searchsorted(edges, places.reshape(-1, nodes).mean(1)).clamp(1, len(edges) - 1) - 1
        length = edges.diff()[mine]
        whole = _whole(grouped if sizes is None else sizes.reshape(grouped.shape), length, count)
        each = (_missed(grouped) * length[:, None] / whole).amax(1)
        missed = each.new_zeros(len(edges) - 1).scatter_reduce_(0, mine, each, "amax")
        if apart is not None:
            missed = torch.maximum(missed, (apart.abs() / whole).amax((0, 2)))
        self.note(key, float(missed.max()))
        bad = torch.nonzero(missed > REFINING.missed)[:, 0]
        tiny = length.min() < 2.0**-REFINING.rounds * (edges[-1] - edges[0])
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
