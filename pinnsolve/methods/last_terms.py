"""By how much a march with richer features is better, as the last terms of its series tell.

    u = sum c_kjm P_k(t) P_j(x) over a step and a cell,      part = max(T' / T,  S' / S ((d + 2) / d)^(2 m))

T, S the root mean squares of the two last k, of the two last j, over all steps and cells, T', S' the same of the richer
one; d its degree less two, m the highest derivative in space, of which the last term is so much larger. A residual at
points is the sum of what space and time leave out. Where the one is larger and the other makes the error, as of a pulse
that passes a joint, the residual falls while the error does not.

The same is asked of each step s by itself: where one of them makes the error, as before a pulse at a wall that all its
points but the last miss, the others' terms say nothing of it. With D_s the distance of both marches in a step,

    e_s = max(part_s / sqrt(1 - part_s^2) D_s, min(e_(s-1), D_s)),      part >= |e| / |D|

since errors of both that stand at right angles are apart by the root, and what a step leaves stays until the distance
itself becomes smaller.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from numpy.polynomial.legendre import leggauss
from torch import Tensor

from pinnsolve.networks.moved import among_others
from pinnsolve.networks.reference_cell import legendre
from pinnsolve.trial.marched import Slab


@dataclass(frozen=True)
class Rules:
    """Which terms count. Held against ten marches along a line, of which `tests/test_last_terms.py` has two.

    Parameters
    ----------
    last : int
        Terms that are looked at: odd and even ones may be of different sizes.
    counts : float
        Of the larger of both, the least that terms count: smaller ones make no error. Larger: errors of the smaller
        kind are told too kindly. Smaller: what iterations leave in them is taken for an error.
    most : float
        Of its error that a step has left when it is solved again. Larger: the distance of both says nothing any more.
    alike : float
        Times what a march has of the error of a poorer one: so many times their distance is its own, no less than the
        distance. Larger: too cautious. Smaller: too kind, where waves are resolved by neither (Schroedinger's equation
        after a kink: the distance is 0.76 of the error).
    iterated : float
        Of the distance of both: what Newton's method leaves in each step of the richer one along a line, where it may
        leave a ten-thousandth in its last iteration (`march.second`). Two solitons and a breather have a tenth of it.
        Larger: too cautious after many steps. Smaller: what is left by it is told by nothing.
    """

    last: int = 2
    counts: float = 1e-3
    most: float = 0.9
    alike: float = 1.75
    iterated: float = 3e-3


RULES = Rules()


def part_left(before: Sequence[Slab], after: Sequence[Slab], scales: Sequence[float], order: int) -> float:
    """What a richer march has of the error of that which it solves again (dimensionless), at most all of it.

    Parameters
    ----------
    before, after : sequence of Slab
    scales : sequence of float
        Of the unknowns.
    order : int
        The highest derivative in space.
    """
    time, space, _ = _last(before, scales)
    least = RULES.counts * max(time, space)
    if not least > 0:
        return 0.0
    size, kept, made, away = before[0].modes.new_tensor(scales)[:, None], 0.0, 0.0, 0.0
    for slab, again in _by_steps(before, after):
        far = _apart(slab, again, size)
        part = min(_part([slab], again, scales, order, least), RULES.most)
        kept = max(part / (1 - part**2) ** 0.5 * far, min(kept, far))
        made, away = made + kept**2 * slab.length, away + far**2 * slab.length
    together = _part(before, after, scales, order, least)
    return min(1.0, max(together, (made / away) ** 0.5 if away > 0 else 0.0))


def left_by_iterations(steps: int) -> float:
    """What so many richer steps have at most of the error of those that they solve again, since iterations end."""
    return min(1.0, RULES.iterated * steps)


def _part(
    before: Sequence[Slab], after: Sequence[Slab], scales: Sequence[float], order: int, least: float
) -> float:  # fmt: skip
    """The last terms of richer steps over those of the others; of these no less counts than the least."""
    (time, space, degree), (later, finer, richer) = (_last(s, scales) for s in (before, after))
    in_space = (richer / degree) ** (2 * order) * finer / max(space, least)
    return min(1.0, max(later / max(time, least), in_space))


def _by_steps(before: Sequence[Slab], after: Sequence[Slab]) -> Iterator[tuple[Slab, list[Slab]]]:
    """Each step with those that solve it again: itself, or parts of it."""
    rest = list(after)
    for slab in before:
        own = list[Slab]()
        while rest and (not own or rest[0].begin < slab.end - slab.length / 100):
            own.append(rest.pop(0))
        yield slab, own


def _apart(slab: Slab, again: Sequence[Slab], size: Tensor) -> float:
    """How far steps are from the one that they solve again (root mean square), relative to the unknowns' sizes."""
    square = 0.0
    for part in again:
        known = _over(slab, part)
        known = among_others(known, slab.cell, part.cell)
        known = torch.nn.functional.pad(known, (0, 0, 0, 0, 0, part.modes.shape[1] - known.shape[1]))
        square += float(((part.modes - known) / size).square().sum((1, 2, 3)) @ part.mesh.shares) * part.length
    return (square / slab.length) ** 0.5


def _over(slab: Slab, part: Slab) -> Tensor:
    """The modes (n, q + 1, F, M) of a step over a part of it."""
    if part.length == slab.length:
        return slab.modes
    q, kind = slab.modes.shape[1], slab.modes
    nodes, weights = (kind.new_tensor(v) for v in leggauss(q))
    there = 2 * (part.begin + part.length * (nodes + 1) / 2 - slab.begin) / slab.length - 1
    change = legendre(nodes, q - 1, 0).T @ (weights[:, None] / 2 * legendre(there, q - 1, 0))  # (k here, k there)
    return torch.einsum("kj,njfm->nkfm", change, kind)


def _last(slabs: Sequence[Slab], scales: Sequence[float]) -> tuple[float, float, int]:
    """The last terms in time and in space (root mean squares), and the degree in space."""
    modes = slabs[0].modes
    degree = slabs[0].cell.degree
    high = slabs[0].cell.powers.sum(1) > degree - RULES.last
    size, total = modes.new_tensor(scales)[:, None], sum(slab.length for slab in slabs)
    time = space = 0.0
    for slab in slabs:
        square, shares = (slab.modes / size).square(), slab.mesh.shares * slab.length / total
        time += float(square[:, -RULES.last :].sum((1, 2, 3)) @ shares)
        space += float(square[..., high].sum((1, 2, 3)) @ shares)
    return time**0.5, space**0.5, degree
