"""How smooth data say that unknown functions are: second derivatives that cost as much as the data ask for.

With z what is trained of a function, over coordinates s from -1 to 1, and all misfits in units of the noise, what is
least is

    |r|^2 + a integral of |D^2 z|^2 ds,

and a is where the probability of the data (the evidence) is largest: with H = J^T J + a B^T B, B the rows of D^2 z,

    a = (rank B - a trace(H^-1 B^T B)) / |B z|^2.

So features that the data do not need are not used to follow their noise, and a straight function costs nothing.

Source: MacKay, Neural Computation 4 (1992) 415; Wahba, Spline Models for Observational Data (SIAM 1990), chapter 4.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import combinations_with_replacement

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import RIDGE
from pinnsolve.inverse.linearised import function_on, places_of
from pinnsolve.jets.calculus import d
from pinnsolve.jets.tape import Tape
from pinnsolve.trial.trial import Trial


@dataclass(frozen=True)
class Rules:
    """How the price is found. Chosen, not measured, but for the first.

    Parameters
    ----------
    begin : float
        The first price: of a function that bends by one over the domain. What it comes to is the same from 1e-4 to 1e2.
    dependent : float
        Of the largest: what bends less is no direction of its own. Smaller: ridge and rounding are taken for data.
    most : int
        Updates. Fewer: the price has not settled. More: time.
    settled : float
        Of the price: a smaller change is the last. Larger: the same as of `most`.
    told : float
        Numbers that data tell of how it bends: where these are fewer it is all but straight, and the price stays.
        Smaller: prices beside which equations do not count. Larger: noise is followed by so many numbers.
    held : float
        In units of the noise, for a function that bends by one: of what equations tell less, data are asked. Smaller:
        features that are few are taken for smoothness. Larger: the same.
    lower, drop : float
        How much lower prices are tried at once, until the logarithm of the evidence has fallen by so much: two standard
        deviations. Larger: errors are too large. Smaller: functions that bend more than these data show are further
        off than is told.
    again : int
        How often all is solved again with another price. More: time. Fewer: prices of another solution.
    """

    begin: float = 1e-2
    dependent: float = 1e-6
    most: int = 40
    settled: float = 0.05
    told: float = 0.5
    held: float = 1.0
    lower: float = 3.0
    drop: float = 2.0
    again: int = 4


RULES = Rules()


@dataclass(frozen=True)
class Bends:
    """D^2 z of one function, B c + b of all that is trained, in the directions in which it can bend; and its price."""

    rows: Tensor
    beside: Tensor
    price: float = RULES.begin

    @property
    def priced(self) -> Tensor:
        """B (r, P) in units of the noise."""
        return self.price**0.5 * self.rows

    def at(self, vector: Tensor) -> Tensor:
        """B c + b (r,), in units of the noise."""
        return self.price**0.5 * (self.rows @ vector + self.beside)

    def free_of(self, whole: Tensor, equations: Tensor) -> Bends:
        """See `Smoothness.free_of`; all other numbers follow."""
        mine = self.rows.any(0)
        back = torch.linalg.pinv(self.rows[:, mine])
        told, held = (_left(triangle, mine) @ back for triangle in (whole, equations))
        values, directions = torch.linalg.eigh(told.T @ told - 2 * held.T @ held)
        kept = directions[:, values > -RULES.held].T
        return replace(self, rows=kept @ self.rows, beside=kept @ self.beside)


def _left(triangle: Tensor, mine: Tensor) -> Tensor:
    """The rows that are left for some of the columns when the others have followed."""
    rest = int((~mine).sum())
    return torch.linalg.qr(torch.cat([triangle[:, ~mine], triangle[:, mine]], 1), mode="r").R[rest:, rest:]


@dataclass(frozen=True)
class Smoothness:
    """The rows of all unknown functions."""

    bends: tuple[Bends, ...]

    def __len__(self) -> int:
        return sum(len(b.rows) for b in self.bends)

    def rows(self) -> Tensor:
        """(m, P)"""
        return torch.cat([b.priced for b in self.bends])

    def at(self, vector: Tensor) -> Tensor:
        """(m,)"""
        return torch.cat([b.at(vector) for b in self.bends])

    def free_of(self, whole: Tensor, equations: Tensor) -> Smoothness:
        """Without the directions of which equations tell more than data do, by the triangles (P, P) of all rows and of
        theirs: there features are too few for the unknowns to follow, and that says nothing of how a function bends."""
        return Smoothness(tuple(b.free_of(whole, equations) for b in self.bends))

    def priced(self, triangle: Tensor, right: Tensor) -> Smoothness:
        """As the evidence has it, for misfits whose linearised rows have this triangle (P, P) and right side (P,), so
        that the new values are least squares of them."""
        found = self
        for _ in range(RULES.most):
            solved = _Solved.of(triangle, right, found)
            before, found = found, Smoothness(tuple(solved.again(b) for b in found.bends))
            if found.as_dear(before):
                break
        return found

    def doubted(self, triangle: Tensor, right: Tensor) -> Smoothness:
        """Prices as much lower as the evidence lets them be: by these it is told how far functions may be off."""
        least, found = _Solved.of(triangle, right, self).evidence - RULES.drop, list(self.bends)
        for k in range(len(found)):
            for _ in range(RULES.most):
                found[k] = replace(found[k], price=found[k].price / RULES.lower)
                others = (*self.bends[:k], found[k], *self.bends[k + 1 :])
                if _Solved.of(triangle, right, Smoothness(others)).evidence < least:
                    break
        return Smoothness(tuple(found))

    def as_dear(self, other: Smoothness) -> bool:
        """Whether prices are those of another one."""
        return all(abs(b.price / a.price - 1) < RULES.settled for a, b in zip(other.bends, self.bends, strict=True))


@dataclass(frozen=True)
class _Solved:
    """Least squares with prices: their triangle (P, P) with columns of such lengths (P,), and what is trained (P,)."""

    factor: Tensor
    scale: Tensor
    vector: Tensor
    evidence: float

    @classmethod
    def of(cls, triangle: Tensor, right: Tensor, smooth: Smoothness) -> _Solved:
        scale = triangle.norm(dim=0)
        scale = torch.where(scale > 0, scale, torch.ones_like(scale))
        ridge = RIDGE * torch.eye(len(scale)).to(triangle)
        matrix = torch.cat([torch.cat([triangle, smooth.rows()]) / scale, ridge])
        given = torch.cat([right, *(-(b.price**0.5) * b.beside for b in smooth.bends), right.new_zeros(len(scale))])
        q, r = torch.linalg.qr(matrix)
        scaled = torch.linalg.solve_triangular(r, (q.T @ given)[:, None], upper=True)[:, 0]
        volume = sum(0.5 * len(b.rows) * math.log(b.price) for b in smooth.bends) - float(
            r.diagonal().abs().log().sum()
        )
        left = float((matrix @ scaled - given).square().sum())
        return cls(r, scale, scaled / scale, volume - 0.5 * left)

    def again(self, bends: Bends) -> Bends:
        """One update of a price, as if the others were known."""
        half = torch.linalg.solve_triangular(self.factor.T, (bends.priced / self.scale).T, upper=False)
        told = len(bends.rows) - float(half.square().sum())
        bent = float((bends.rows @ self.vector + bends.beside).square().sum())
        return replace(bends, price=told / bent) if told > RULES.told and bent > 0 else bends


def smoothness_of(trial: Trial) -> Smoothness:
    """How all unknown functions of a trial function bend, whose trained numbers enter linearly."""
    found = [_bends(trial, name) for name in trial.functions.declared]
    return Smoothness(tuple(b for b in found if len(b.rows)))


def _bends(trial: Trial, name: str) -> Bends:
    unknown, points, tape = trial.functions.declared[name], places_of(trial, name), Tape(trial.parameters)
    field, at = function_on(trial, name, points, tape)
    z, along, parts = unknown.raw(field), unknown.coordinates, list[tuple[Tensor, Tensor]]()
    half = {c: float(points.coordinates[c].max() - points.coordinates[c].min()) / 2 for c in along}
    for a, b in combinations_with_replacement(along, 2):
        value = d(z, at[a], at[b]).value
        factor = half[a] * half[b] * (1.0 if a == b else 2.0**0.5) / len(points) ** 0.5
        parts.append((factor * tape.rows(value), factor * value.detach()))
    return _compressed(parts, trial.vector())


def _compressed(parts: Sequence[tuple[Tensor, Tensor]], vector: Tensor) -> Bends:
    """As many rows as there are directions in which it bends."""
    rows, values = (torch.cat(each) for each in zip(*parts, strict=True))
    beside = values - rows @ vector
    left, sizes, right = torch.linalg.svd(rows, full_matrices=False)
    kept = sizes > RULES.dependent * sizes.max()
    return Bends(sizes[kept, None] * right[kept], left[:, kept].T @ beside)
