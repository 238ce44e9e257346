"""An unknown function as a series: a field made of numbers among the parameters, which data tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from math import prod
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.domain import Domain
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.of_unknowns import composed, tangent_beyond
from pinnsolve.problem.on_planes import Plane, holding
from pinnsolve.problem.unknown import Unknown

Terms = Callable[[Tensor, int, int], Tensor]  # places in (-1, 1), how many, and how often derived: (N, count)
Lifted = Callable[[Chart, Mapping[str, Any]], tuple[Jet, Jet] | None]
Reach = tuple[tuple[float, float], ...]  # from where to where each argument goes


@dataclass(frozen=True)
class Products:
    """Products of terms, one factor along each coordinate.

    Parameters
    ----------
    coordinates : tuple of str
    factors : tuple of callable
        P_k of each.
    numbers : tuple of tuple of int
        Which k along each coordinate, by term.
    """

    coordinates: tuple[str, ...]
    factors: tuple[Terms, ...]
    numbers: tuple[tuple[int, ...], ...]

    @classmethod
    def alone(cls, along: str, factor: Terms, count: int) -> Products:
        """The first terms along one coordinate."""
        return cls((along,), (factor,), tuple((k,) for k in range(count)))

    def at(self, domain: Domain, at: Mapping[str, Any], orders: Mapping[str, int]) -> Tensor:
        """The terms where coordinates are as given, derived so many times along them, (N, count)."""
        s = [domain.scaled(c, at[c].value.detach()) for c in self.coordinates]
        stretch = prod((2 / domain.length(c)) ** orders[c] for c in self.coordinates)
        return self.over(s, [orders[c] for c in self.coordinates]) * stretch

    def over(self, places: Sequence[Tensor], orders: Sequence[int]) -> Tensor:
        """The same at places (N,) of (-1, 1) along each."""
        found = None
        for axis, (s, factor, order) in enumerate(zip(places, self.factors, orders, strict=True)):
            mine = [k[axis] for k in self.numbers]
            table = factor(s, max(mine) + 1, order)
            chosen = table if mine == list(range(table.shape[1])) else table[:, mine]
            found = chosen if found is None else found * chosen
        assert found is not None
        return found


@dataclass(frozen=True)
class Expansion:
    """k(x) = `Unknown.value`(g + phi sum_k c_k P_k(s)), s from -1 to 1 over the domain along each coordinate; or k(u),
    k(u, v, x), s from -1 to 1 over the reach of each argument.

    Parameters
    ----------
    unknown : Unknown
    terms : Products
        P_k.
    names : tuple of str
        Of the coefficients c_k, which are numbers among the parameters.
    about : callable, optional
        Of one coordinate: what stands beside the series, at places in (-1, 1) and derived so often, (N,).
    lifted : callable, optional
        g and phi, where values on faces are known; otherwise zero and one.
    reach : tuple of (low, high), optional
        Of each argument, of one that depends on unknowns.
    planes : tuple of Plane
        What is known of one of several such arguments.
    """

    unknown: Unknown
    terms: Products
    names: tuple[str, ...]
    about: Callable[[Tensor, int], Tensor] | None = None
    lifted: Lifted | None = None
    reach: Reach | None = None
    planes: tuple[Plane, ...] = ()

    def known(self, at: Mapping[str, Any]) -> bool:
        """Whether all of its coordinates are."""
        return all(c in at for c in self.terms.coordinates)

    def field(self, domain: Domain, chart: Chart, at: Mapping[str, Any]) -> Any:
        """The function on the points of a chart, where its coefficients are known by name."""
        if self.reach is not None:
            z = self.composed(chart, at, self.reach)
            return self.unknown.value(holding(self.planes, self.unknown, at, self.reach, z))
        z = summed(domain, chart, at, self.terms, self.names, self.about)
        known = self.lifted(chart, at) if self.lifted is not None else None
        return self.unknown.value(z if known is None else known[0] + known[1] * z)

    def composed(self, chart: Chart, at: Mapping[str, Any], reach: Reach) -> Any:
        """What is trained of a function of unknowns, over the reach of its arguments."""
        c, about, ends = _numbers(chart, at, self.names), self.about, zip(self.terms.coordinates, reach, strict=True)

        def curve(s: Sequence[Tensor], orders: Sequence[int]) -> Tensor:
            whole = (self.terms.over(s, orders) * c).sum(-1)
            return whole if about is None else whole + about(s[0], orders[0])

        return composed(
            tangent_beyond(curve), *((at[a] - 0.5 * (low + high)) * (2 / (high - low)) for a, (low, high) in ends)
        )


def written_out(problem: Any, chart: Chart, behind: Mapping[str, Any]) -> dict[str, Any]:
    """The series of a problem as fields, as far as what they depend on is known; and functions of an unknown once more,
    of those that experiments have in its place."""
    series, domain = problem.expansions, problem.domain
    found = {name: e.field(domain, chart, behind) for name, e in series.items() if e.known(behind)}
    for name, again in problem.again.items():
        there = {n: v for n, v in behind.items() if n not in again.names}
        there |= {u: behind[v] for u, v in again.names.items() if v in behind}
        if again.name in series and series[again.name].known(there):
            found[name] = series[again.name].field(domain, chart, there)
        elif again.name in behind and name not in behind:
            found[name] = behind[again.name]
    return found


def _numbers(chart: Chart, at: Mapping[str, Any], names: Sequence[str]) -> Tensor:
    """The coefficients at each point, (N, count)."""
    numbers = [at[name] for name in names]
    each = [c.value if isinstance(c, Jet) else torch.full((), c, dtype=chart.dtype) for c in numbers]
    return torch.stack([v.to(chart.device).expand(chart.size) for v in each], -1)


def summed(
    domain: Domain, chart: Chart, at: Mapping[str, Any], terms: Products, names: Sequence[str],
    about: Callable[[Tensor, int], Tensor] | None = None,
) -> Jet:  # fmt: skip
    """sum_k c_k P_k, and what stands beside it, as a field whose derivatives are known; not term by term, since there
    are many."""
    c = _numbers(chart, at, names)
    axes = {chart.axis(name): name for name in terms.coordinates}

    def rule(alpha: Alpha) -> Tensor | None:
        if any(a for k, a in enumerate(alpha) if k not in axes):
            return None
        orders = {name: alpha[axis] for axis, name in axes.items()}
        whole = (terms.at(domain, at, orders) * c).sum(-1)
        if about is None:
            return whole
        (name,) = terms.coordinates
        beside = about(domain.scaled(name, at[name].value.detach()), orders[name])
        return whole + beside * (2 / domain.length(name)) ** orders[name]

    return Jet(chart, rule, (chart.size,), frozenset(terms.coordinates))
