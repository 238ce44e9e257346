"""An unknown function as a series: a field made of numbers among the parameters, which data tell."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pinnsolve.geometry.domain import Domain
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.unknown import Unknown

Terms = Callable[[Tensor, int, int], Tensor]  # places in (-1, 1), how many, and how often derived: (N, count)


@dataclass(frozen=True)
class Expansion:
    """k(x) = `Unknown.value`(g(s) + sum_k c_k P_k(s)), s from -1 to 1 over the domain.

    Parameters
    ----------
    unknown : Unknown
    along : str
        The coordinate on which it depends.
    names : tuple of str
        Of its coefficients, which are numbers among the parameters.
    terms : callable
        P_k.
    about : callable, optional
        What stands beside the series, at places in (-1, 1) and derived so often: (N,).
    """

    unknown: Unknown
    along: str
    names: tuple[str, ...]
    terms: Terms
    about: Callable[[Tensor, int], Tensor] | None = None

    def field(self, domain: Domain, chart: Chart, at: Mapping[str, Any]) -> Any:
        """The function on the points of a chart, where its coefficients are known by name."""
        return self.unknown.value(summed(domain, chart, at, self.along, self.names, self.terms, self.about))


def summed(
    domain: Domain, chart: Chart, at: Mapping[str, Any], along: str, names: Sequence[str], terms: Terms,
    about: Callable[[Tensor, int], Tensor] | None = None,
) -> Jet:  # fmt: skip
    """sum_k c_k P_k, and what stands beside it, as a field whose derivatives are known; not term by term, since there
    are many."""
    numbers = [at[name] for name in names]
    each = [c.value if isinstance(c, Jet) else torch.full((), c, dtype=chart.dtype) for c in numbers]
    c = torch.stack([v.to(chart.device).expand(chart.size) for v in each], -1)  # (N, count)
    axis, s = chart.axis(along), domain.scaled(along, at[along].value.detach())
    stretch = 2 / domain.length(along)

    def rule(alpha: Alpha) -> Tensor | None:
        if any(a for k, a in enumerate(alpha) if k != axis):
            return None
        whole = (terms(s, len(names), alpha[axis]) * c).sum(-1)
        return (whole if about is None else whole + about(s, alpha[axis])) * stretch ** alpha[axis]

    return Jet(chart, rule, (chart.size,), frozenset({along}))
