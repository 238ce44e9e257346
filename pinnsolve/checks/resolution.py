"""On which lengths functions of one coordinate vary: what is prescribed, and what equations ask of a coordinate.

An interval is cut, and cut again, until polynomials of degree 9 follow the functions on every part. Where parts become
as short as that allows, there is a jump or a kink: then the parts between such places are looked at again, each by
itself. What is narrower than the first points see stays unseen (`checks.hidden` finds it).
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
import torch
from torch import Tensor

Curves = Callable[[Tensor], Tensor]  # from places (N,) to values (K, N)


@dataclass(frozen=True)
class Rules:
    """How it is looked. None was measured: they are between what a solver resolves and what rounding leaves."""

    first: int = 61  # parts to begin with; more: narrower places are seen; more time
    degree: int = 9  # of the polynomials; more: longer parts
    points: int = 16  # in each part; more: narrower places are seen; more time
    followed: float = 1e-5  # of the size: what parts leave out; smaller: shorter steps than a solver needs
    broken: float = (
        1e-9  # the same, where breaks are looked for; smaller: kinks are placed closer, rounding is followed
    )
    rounds: int = 12  # of quartering; more: kinks are placed closer
    short: float = 1e-4  # of the length: parts below it are a jump or a kink; larger: steep places are taken for them
    closer: int = 7  # rounds in which a jump is placed 32 times closer each; more: rounding decides
    jumps: int = 8  # of one cluster of short parts; more: noise takes long
    apart: float = 1e-7  # of the length: jumps that are closer are one; smaller: steps between them are too short
    doubt: float = 4.0  # of the shortest part at a kink: how far off it may be; smaller: one of two functions is two
    known: int = 60  # breaks between which others are looked for; more: more time
    early: float = 2e-12  # of the length: how well a jump's place is known (`checks.interfaces` rounds it at 5e-13)
    most: int = 48  # parts at once that are looked into; more: noise takes long


RULES = Rules()


@dataclass(frozen=True)
class Resolution:
    """Where functions break, and short parts between on which they are smooth.

    Parameters
    ----------
    breaks : tuple of float
    parts : tuple of (low, high)
        Those that are shorter than a sixtieth of the whole, from left to right.
    within : mapping from break to float
        How far from where it is placed a kink may be; jumps are where they are.
    """

    breaks: tuple[float, ...] = ()
    parts: tuple[tuple[float, float], ...] = ()
    within: Mapping[float, float] = field(default_factory=dict)

    def mirrored(self, sign: int) -> Resolution:
        """The same along the coordinate times a sign."""
        parts = (sorted((sign * a, sign * b)) for a, b in self.parts)
        within = {sign * b: w for b, w in self.within.items()}
        return Resolution(tuple(sorted(sign * b for b in self.breaks)), tuple(sorted((a, b) for a, b in parts)), within)

    def longest(self, at: float) -> float:
        """How long a step from a place on may be: twice each part that it enters, and the way to it."""
        ways = (max(low - at, 0.0) + 2 * (high - low) for low, high in self.parts if high > at)
        return min(ways, default=float("inf"))

    def finest(self, low: float, high: float) -> float:
        """The shortest part in an interval."""
        return min((b - a for a, b in self.parts if b > low and a < high), default=float("inf"))


def together(found: Sequence[Resolution], size: float) -> Resolution:
    """What several functions over a length ask for; breaks that may be one, as far as their places are known, are one,
    at the place that the first of them says: where equations jump is known better than where what is prescribed has a
    kink."""
    kept, within = list[float](), dict[float, float]()

    def apart(a: float, b: float, w: float) -> bool:
        return abs(a - b) > max(w, within.get(b, 0.0), RULES.apart * size)

    for r in found:  # those of one are apart as they are
        new = [b for b in r.breaks if all(apart(b, other, r.within.get(b, 0.0)) for other in kept)]
        kept, within = kept + new, within | {b: r.within[b] for b in new if b in r.within}
    return Resolution(tuple(sorted(kept)), tuple(sorted({p for r in found for p in r.parts})), within)


def just_before(moments: Sequence[float], begin: float, end: float) -> tuple[float, ...]:
    """When steps of a march end where something jumps at some moments: as little before as these are known.

    The last stage of Radau's method stands at the end of its step. Where that is the moment itself, or after it by
    rounding, this stage alone sees what holds later: the step is wrong by a part of the jump that no higher order and
    no difference of two marches shows. A moment that comes early moves the solution by the jump times so little.
    """
    early = max(RULES.early * (end - begin), 8 * sys.float_info.epsilon * max(abs(begin), abs(end)))
    return tuple(sorted(m - early for m in moments))


def resolution(curves: Curves, low: float, high: float, known: Sequence[float] = ()) -> Resolution:
    """The breaks of functions over an interval, and the parts between; some breaks may be known."""
    if len(known) > RULES.known:  # between so many nothing else is looked for
        return Resolution(tuple(known))
    size = high - low
    if known:
        beside = 1e-9 * size
        between = [resolution(curves, a + beside, b - beside) for a, b in pairwise([low, *known, high])]
        return together([Resolution(tuple(known)), *between], size)
    usual = 0.9 * size / RULES.first  # what was not halved varies on no short length
    closely = _parts(curves, low, high, RULES.broken)
    if all(b - a >= usual for a, b in closely):
        return Resolution()
    within = _places(curves, [p for p in closely if p[1] - p[0] < RULES.short * size], size)
    breaks = list(within)
    beside = 1e-9 * size  # a part that begins at a break does not see it
    ends = [low, *breaks, high]
    inner = [(a + beside * (a > low), b - beside * (b < high)) for a, b in pairwise(ends) if b - a > RULES.short * size]
    parts = []
    for a, b in inner:
        usual = 0.9 * (b - a) / RULES.first
        parts += [p for p in _parts(curves, a, b, RULES.followed) if RULES.short * size <= p[1] - p[0] < usual]
    return Resolution(tuple(breaks), tuple(parts), {b: w for b, w in within.items() if w})


def _places(curves: Curves, short: Sequence[tuple[float, float]], size: float) -> dict[float, float]:
    """One place for each cluster of short parts, with how far off it may be: just before a jump, and near a kink."""
    clusters: list[list[tuple[float, float]]] = []
    for part in short:
        if clusters and part[0] - clusters[-1][-1][1] < RULES.short * size:
            clusters[-1].append(part)
        else:
            clusters.append([part])
    found: dict[float, float] = {}
    for cluster in clusters:
        a, b = min(cluster, key=lambda p: p[1] - p[0])
        jumps = _jumps(curves, cluster[0][0], cluster[-1][1], size)
        found |= dict.fromkeys(jumps, 0.0) if jumps else {(a + b) / 2: min(RULES.doubt * (b - a), RULES.short * size)}
    return found


def _jumps(curves: Curves, low: float, high: float, size: float) -> list[float]:
    """The places just before jumps, to rounding, from left to right; none where functions go on."""
    found, ends, least = list[float](), [(low, high)], 0.0
    while ends and len(found) < RULES.jumps:
        a, b = ends.pop()
        jump = _jump(curves, a, b)
        if jump is None or jump[1] <= least:
            continue
        place, beside = jump[0], RULES.apart * size
        least = max(least, RULES.broken * jump[1])
        found.append(place)
        ends += [(c, d) for c, d in ((a, place - beside), (place + beside, b)) if d - c > beside]
    return sorted(found)


def _jump(curves: Curves, low: float, high: float) -> tuple[float, float] | None:
    """The place just before the largest jump, to rounding, and its size; nothing where functions go on."""
    before = None
    for _ in range(RULES.closer):
        x = torch.linspace(low, high, 33, dtype=torch.float64)
        steps = curves(x).detach().cpu().to(torch.float64).diff(dim=1).abs().sum(0)
        k = int(steps.argmax())
        before = float(steps[k]) if before is None else before
        low, high = float(x[k]), float(x[k + 1])
    return (low, float(steps[k])) if before and float(steps[k]) > 0.3 * before else None


def _parts(curves: Curves, low: float, high: float, accuracy: float) -> list[tuple[float, float]]:
    """Parts on which the functions are polynomials, from left to right."""
    xi = np.cos(np.pi * np.arange(RULES.points) / (RULES.points - 1))  # both ends, so that no jump lies between parts
    fitted, _ = np.linalg.qr(np.polynomial.legendre.legvander(xi, RULES.degree))
    left_over = torch.as_tensor(np.eye(RULES.points) - fitted @ fitted.T)
    edges = torch.linspace(low, high, RULES.first + 1, dtype=torch.float64)
    a, b = edges[:-1], edges[1:]
    done: list[tuple[float, float]] = []
    scale: Tensor | None = None
    for _ in range(RULES.rounds):
        x = a[:, None] + (b - a)[:, None] * (torch.as_tensor(xi) + 1) / 2
        values = curves(x.flatten()).detach().cpu().to(torch.float64).reshape(-1, *x.shape)
        if scale is None:
            scale = values.abs().amax((1, 2)).clamp(min=1e-300)
        off = (values @ left_over.T).square().mean(-1).sqrt()
        bad = (off / scale[:, None]).amax(0) > accuracy
        done += list(zip(a[~bad].tolist(), b[~bad].tolist(), strict=True))
        a, b = a[bad], b[bad]
        if not len(a) or len(a) > RULES.most:
            break
        steps = torch.tensor([0.0, 0.2371, 0.4913, 0.7629, 1.0], dtype=torch.float64)  # odd, so that no jump is one
        cuts = a[:, None] + (b - a)[:, None] * steps
        a, b = cuts[:, :-1].flatten(), cuts[:, 1:].flatten()
    done += list(zip(a.tolist(), b.tolist(), strict=True))
    return sorted(done)
