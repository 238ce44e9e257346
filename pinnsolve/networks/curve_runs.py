"""Where cells of two parts of a plane meet along a curve between materials."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache

import numpy as np
import torch
from torch import Tensor

from pinnsolve.geometry.part_shapes import ClippedParts
from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Rules:
    """How curves are followed. Chosen, not measured.

    Parameters
    ----------
    apart : float
        Of the parameter: what lies between two stretches of a curve, or is left over where cells do not end alike.
    nodes : int
        Of Gauss on a stretch, by which its length is known.
    short, shortest : float
        Of the smaller cell: a run below it has half as many points as others, or three.
    """

    apart: float = 1e-8
    nodes: int = 2
    short: float = 0.3
    shortest: float = 0.05


RULES = Rules()


@dataclass(frozen=True)
class Runs:
    """What cells of two parts share of curves, run by run: connected pieces of a curve between the same two cells.

    Parameters
    ----------
    below, above : tensor (r,)
        The cells from which normals come, and to which they point.
    lengths : tensor (r,)
    sizes : tensor (r,)
        Of the smaller cell.
    sides : tensor (r,)
        A side that the curve is, by its number among those of all parts.
    curves : tensor (r,)
        Which of the interfaces it is.
    turned : tensor (r,)
        Minus one where normals of that are not those of the patch that it is of.
    arcs : list by run of tensor (K, 2)
        From which parameter to which.
    along : list by run of tensor (K,)
        How long these are.
    """

    below: Tensor
    above: Tensor
    lengths: Tensor
    sizes: Tensor
    sides: Tensor
    curves: Tensor
    turned: Tensor
    arcs: list[Tensor]
    along: list[Tensor]

    def __len__(self) -> int:
        return len(self.arcs)

    def counts(self, points: int) -> Tensor:
        """So many points each (r,), of which usual ones have a number that is given."""
        share = self.lengths / self.sizes
        whole = (points * share.clamp(min=1.0)).ceil().to(torch.int64)
        half = torch.full_like(whole, max(3, (points + 1) // 2))
        few = torch.full_like(whole, min(points, 3))
        return torch.where(share < RULES.shortest, few, torch.where(share < RULES.short, half, whole))


@lru_cache(maxsize=4)
def runs_of(mesh: Tiles) -> Runs:
    """Those of a mesh, made once."""
    region = mesh.region
    assert isinstance(region, ClippedParts)
    arcs = torch.cat([clip.arcs for clip in mesh.clips])
    owner = torch.tensor([j for j, clip in enumerate(mesh.clips) for _ in clip.arcs], dtype=torch.int64)
    kinds = torch.tensor(region.made_of)[arcs[:, 0].long()]
    of_curve = torch.eq(kinds[:, 0], 1)
    arcs, owner, curve = arcs[of_curve], owner[of_curve], kinds[of_curve, 1]
    middle = arcs[:, 1:].mean(1, keepdim=True)
    plain, turned = (region.at(arcs[:, 0], middle, outward)[1][:, 0] for outward in (False, True))
    found: list[tuple[int, int, int, list[tuple[float, float]]]] = []
    numbers, signs = list[int](), list[float]()
    for number in curve.unique().tolist():
        mine = torch.eq(curve, number)
        sign = -1.0 if region.turned(number, middle[mine][:1], plain[mine][:1]) else 1.0
        outward = (sign * plain[mine] * turned[mine]).sum(1) > 0
        found += _meeting(arcs[mine].numpy(), owner[mine].numpy(), outward.numpy())
        numbers += [number] * (len(found) - len(numbers))
        signs += [sign] * (len(found) - len(signs))
    pieces = [torch.tensor(parts, dtype=torch.float64) for *_, parts in found]
    below, above, sides = (torch.tensor([run[k] for run in found], dtype=torch.int64) for k in range(3))
    widths = mesh.widths.cpu().amax(1)
    sizes = torch.minimum(widths[below], widths[above])
    counts = [len(p) for p in pieces]
    along = _lengths(region, sides.repeat_interleave(torch.tensor(counts)), torch.cat(pieces)).split(counts)
    curves, signed = torch.tensor(numbers, dtype=torch.int64), torch.tensor(signs, dtype=torch.float64)
    return Runs(below, above, torch.stack([a.sum() for a in along]), sizes, sides, curves, signed, pieces, list(along))


def _meeting(
    arcs: np.ndarray, owner: np.ndarray, outward: np.ndarray
) -> list[tuple[int, int, int, list[tuple[float, float]]]]:  # fmt: skip
    """Of one curve: the cells below and above, the side, and the parameters of each run."""
    found: list[tuple[int, int, int, list[tuple[float, float]]]] = []
    ends = np.sort(arcs[:, 1:].ravel())
    middles = (ends[1:] + ends[:-1]) / 2
    chosen = []
    for sign in (True, False):
        mine = np.flatnonzero(outward == sign)
        mine = mine[np.argsort(arcs[mine, 1])]
        at = np.searchsorted(arcs[mine, 1], middles) - 1
        held = (at >= 0) & (arcs[mine[at.clip(0)], 2] >= middles)
        chosen.append(np.where(held, mine[at.clip(0)], -1))
    for a, b, low, high in zip(*chosen, ends[:-1], ends[1:], strict=True):
        if min(a, b) < 0 or high - low <= RULES.apart:
            continue
        pair = int(owner[a]), int(owner[b])
        if found and found[-1][:2] == pair and low - found[-1][3][-1][1] <= RULES.apart:
            found[-1][3].append((low, high))
        else:
            found.append((*pair, int(arcs[a, 0]), [(low, high)]))
    return found


def _lengths(region: ClippedParts, sides: Tensor, parts: Tensor) -> Tensor:
    """Of stretches (K, 2) of sides (K,), (K,)."""
    xi, w = (torch.from_numpy(v) for v in np.polynomial.legendre.leggauss(RULES.nodes))
    t = parts[:, :1] + (parts[:, 1:] - parts[:, :1]) * (xi + 1) / 2
    return (region.at(sides, t)[2] * w / 2).sum(1) * (parts[:, 1] - parts[:, 0])


@dataclass(frozen=True)
class Spots:
    """Points of some runs, as many on each.

    Parameters
    ----------
    runs : tensor (c,)
    places, normals : tensor (c, Q, 2)
        From the lower cell to the upper one.
    weights : tensor (Q,)
        By length, of each run they sum to one.
    """

    runs: Tensor
    places: Tensor
    normals: Tensor
    weights: Tensor


@lru_cache(maxsize=4)  # those at which cells are joined, and those between
def spots_of(mesh: Tiles, points: int) -> list[Spots]:
    """Gauss' points by length on the curves, so many on each usual run, made once."""
    region, runs, found = mesh.region, runs_of(mesh), list[Spots]()
    assert isinstance(region, ClippedParts)
    counts = runs.counts(points)
    for count in counts.unique().tolist():
        mine = torch.eq(counts, count).nonzero()[:, 0]
        xi, w = (torch.from_numpy(v) for v in np.polynomial.legendre.leggauss(count))
        at = torch.stack([_by_length(runs.arcs[k], runs.along[k], (xi + 1) / 2) for k in mine.tolist()])
        places, normals, _ = region.at(runs.sides[mine], at)
        found.append(Spots(mine, places, runs.turned[mine][:, None, None] * normals, w / 2))
    return found


def _by_length(parts: Tensor, lengths: Tensor, shares: Tensor) -> Tensor:
    """Parameters (Q,) at shares (Q,) of the length of some stretches (K, 2), so long each."""
    ends = torch.cat([lengths.new_zeros(1), lengths.cumsum(0)])
    wanted = shares * ends[-1]
    k = (torch.bucketize(wanted, ends) - 1).clamp(0, len(parts) - 1)
    return parts[k, 0] + (parts[k, 1] - parts[k, 0]) * (wanted - ends[k]) / lengths[k]
