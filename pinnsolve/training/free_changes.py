"""What changes of a solution do to the unknowns, in words."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import ClassVar

import torch
from torch import Tensor


@dataclass(frozen=True)
class Changes:
    """Changes of the unknowns at some places.

    Parameters
    ----------
    values : dict from unknown to tensor (places,)
        The solution.
    sizes : dict from unknown to float
    moved : tensor (places * unknowns, K)
        K changes, each unknown relative to its size, the unknowns of a place one after the other; orthonormal.
    alike : float
        Of a change, relative: what differs by less from a constant, or from a multiple of the unknown, is one. Larger:
        another change is called so. Smaller: the features' own error hides it. Chosen, not measured.
    """

    alike: ClassVar[float] = 1e-3

    values: Mapping[str, Tensor]
    sizes: Mapping[str, float]
    moved: Tensor

    def first(self, count: int) -> Changes:
        """The first of them."""
        return replace(self, moved=self.moved[:, :count])

    def spanned(self, given: Mapping[str, Tensor]) -> bool:
        """Whether a change of some unknowns, (places,) each, is a sum of these."""
        one = self._column(given)
        return bool(one.any()) and bool((one - self.moved @ (self.moved.T @ one)).norm() <= self.alike * one.norm())

    def without(self, given: Sequence[Mapping[str, Tensor]]) -> Changes:
        """What is left of them beside some that they span."""
        if not given:
            return self
        taken = torch.linalg.qr(torch.stack([self._column(g) for g in given], 1)).Q
        left, sizes, _ = torch.linalg.svd(self.moved - taken @ (taken.T @ self.moved), full_matrices=False)
        return replace(self, moved=left[:, sizes > 0.5])  # each is about one or zero

    def _column(self, given: Mapping[str, Tensor]) -> Tensor:
        nothing = torch.zeros_like(next(iter(self.values.values())))
        return torch.stack([given.get(u, nothing) / size for u, size in self.sizes.items()], 1).flatten()


def in_words(changes: Changes) -> str:
    """What they do, each way in which it can be said by itself; what is left after that is named by its unknowns."""
    values = changes.values
    constants = {u: {u: torch.ones_like(v)} for u, v in values.items() if changes.spanned({u: torch.ones_like(v)})}
    multiples = {u: {u: v} for u, v in values.items() if u not in constants and changes.spanned({u: v})}
    told = []
    if constants:
        told.append(f"{'constants' if len(constants) > 1 else 'a constant'} may be added to {_listed(list(constants))}")
    told += [f"{u} may be multiplied by any number" for u in multiples]
    known: list[Mapping[str, Tensor]] = [*constants.values(), *multiples.values()]
    if len(values) > 1 and not known and changes.spanned(values):
        told.append(f"{_listed(list(values))} may be multiplied by one number")
        known = [values]
    rest = changes.without(known)
    return "; ".join([*told, _others(rest)] if rest.moved.shape[1] else told)


def _others(changes: Changes) -> str:
    """Changes that are no constants and no multiples."""
    parts = changes.moved.view(-1, len(changes.values), changes.moved.shape[1]).square().sum((0, 2)).sqrt()
    names = [u for u, part in zip(changes.values, parts.tolist(), strict=True) if part > 0.1 * float(parts.max())]
    if not any(bool(changes.values[u].any()) for u in names):
        more = "functions of any size are others" if len(names) > 1 else "a function of any size another"
        return f"{' = '.join(names)} = 0 is one, and {more}"
    if len(names) > 1:
        return f"{_listed(names)} may change together"
    return f"{names[0]} may change by a function of about its own size"


def _listed(names: Sequence[str]) -> str:
    return " and ".join([", ".join(names[:-1]), names[-1]] if len(names) > 1 else names)
