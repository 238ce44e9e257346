"""By how much a march with richer features is better, as the last terms of its series tell.

    u = sum c_kjm P_k(t) P_j(x) over a step and a cell,      part = max(T' / T,  S' / S ((d + 2) / d)^(2 m))

T, S the root mean squares of the two last k, of the two last j, over all steps and cells, T', S' the same of the richer
one; d its degree less two, m the highest derivative in space, of which the last term is so much larger. A residual at
points is the sum of what space and time leave out. Where the one is larger and the other makes the error, as of a pulse
that passes a joint, the residual falls while the error does not.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pinnsolve.networks.reference_cell import degree_of, reference_cell
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
    """

    last: int = 2
    counts: float = 1e-3


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
    (time, space, degree), (later, finer, richer) = (_last(s, scales) for s in (before, after))
    least = RULES.counts * max(time, space)
    if not least > 0:
        return 0.0
    return min(1.0, max(later / max(time, least), (richer / degree) ** (2 * order) * finer / max(space, least)))


def _last(slabs: Sequence[Slab], scales: Sequence[float]) -> tuple[float, float, int]:
    """The last terms in time and in space (root mean squares), and the degree in space."""
    mesh, modes = slabs[0].mesh, slabs[0].modes
    degree = degree_of(modes.shape[-1], mesh.dims)
    high = reference_cell(degree, modes.device, mesh.dims).powers.sum(1) > degree - RULES.last
    size, total = modes.new_tensor(scales)[:, None], sum(slab.length for slab in slabs)
    time = space = 0.0
    for slab in slabs:
        square, shares = (slab.modes / size).square(), slab.mesh.shares * slab.length / total
        time += float(square[:, -RULES.last :].sum((1, 2, 3)) @ shares)
        space += float(square[..., high].sum((1, 2, 3)) @ shares)
    return time**0.5, space**0.5, degree
