"""What of a plane shape lies in the boxes of a tree: stretches of its boundary, and how far its inside goes.

A box is halved along a coordinate, and with it the stretches of the boundary within it. So what a box holds is told by
the one that it is a half of, however small boxes become, and each is looked at once.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from pinnsolve.geometry.clip_box import ClipBox, corners_of
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.stretches import RULES as STRETCHES
from pinnsolve.geometry.stretches import Stretches

Place = tuple[tuple[int, int, int], ...]  # along each coordinate: first interval, level, index
Ends = tuple[tuple[float, ...], ...]


@dataclass(frozen=True)
class Rules:
    """How closely boxes are looked at. Chosen, not measured.

    Parameters
    ----------
    beside : float
        Of a box: so far beside its sides it is asked what is inside. Larger: thin parts are overlooked. Smaller:
        rounding decides.
    grid : int
        Points along each side of what a box holds, by which its share is known.
    thin : float
        The share of its frame below which a part is a thin one, which is halved. Larger: more cells. Smaller: lines
        with points pass it by.
    deepest : float
        Of the shape's size: no box is halved below it, though it holds a thin part, or several that do not hang
        together. Smaller: thinner walls and gaps are seen; more cells.
    alike : float
        By so little coordinates differ in how steeply lines along them cross a boundary where rounding alone tells them
        apart.
    """

    beside: float = 1e-7
    grid: int = 16
    thin: float = 0.25
    deepest: float = 1e-3
    alike: float = 1e-6


RULES = Rules()


@dataclass(frozen=True)
class Clip:
    """What of a shape lies in a box.

    Parameters
    ----------
    low, high : tensor (2,)
        Of the box.
    arcs : tensor (K, 3)
        The stretches of its boundary there: the number of the side, and from which parameter to which.
    ends : tensor (2 K, 2)
        Where they begin and end.
    frame : tensor (2, 2)
        The lower and upper corner of the smallest box around what lies inside.
    inside : bool
        Whether anything does.
    whole : bool
        Whether all of the box does.
    torn : bool
        Whether that are several parts, or a thin one, so that the box is to be halved.
    along : int
        The coordinate along which lines cross the boundary most steeply.
    """

    low: Tensor
    high: Tensor
    arcs: Tensor
    ends: Tensor
    frame: Tensor
    inside: bool
    whole: bool
    torn: bool = False
    along: int = 0


class Clipped:
    """A shape as boxes see it.

    Parameters
    ----------
    shape : Shape
        Of two coordinates.
    breaks : mapping from the number of a side to parameters
        Where more stretches of it shall end.
    """

    def __init__(self, shape: Shape, breaks: Mapping[int, Sequence[float]] | None = None) -> None:
        self.shape, self.rim = shape, Stretches(shape, breaks)
        self._known: dict[Ends, dict[Place, Clip]] = {}

    @property
    def shapes(self) -> tuple[Shape, ...]:
        """Of the domain's only part."""
        return (self.shape,)

    def on_rim(self, sides: Tensor) -> Tensor:
        """Which side of the shape each is: itself."""
        return sides.long()

    # ------------------------------------------------------------ boxes

    def clips(self, ends: Ends, places: Sequence[Place]) -> list[Clip]:
        """What lies in boxes, which are parts of first intervals."""
        known = self._known.setdefault(ends, {})
        if not known:
            known.update(self._firsts(ends))
        while missing := [p for p in dict.fromkeys(places) if p not in known]:
            wanted = set[tuple[Place, int]]()
            for place in missing:
                above, axis = _above(place)
                while above not in known:
                    above, axis = _above(above)
                wanted.add((above, axis))
            known.update(self._halved(known, sorted(wanted)))
        return [known[p] for p in places]

    def _firsts(self, ends: Ends) -> dict[Place, Clip]:
        """The first boxes, from the whole of the boundary."""
        strips: list[tuple[tuple[int, ...], Tensor]] = [((), self.rim.whole())]
        for axis, bounds in enumerate(ends):
            found = []
            for before, whole in strips:
                arcs = whole
                for k, at in enumerate(bounds[1:-1]):
                    lines = torch.full((len(arcs),), at, dtype=torch.float64)
                    pieces, _, upper = self.rim.cut(arcs, torch.full_like(lines, axis, dtype=torch.int64), lines)
                    found.append(((*before, k), pieces[~upper]))
                    arcs = pieces[upper]
                found.append(((*before, len(bounds) - 2), arcs))
            strips = found
        low = torch.tensor([[ends[a][k] for a, k in enumerate(key)] for key, _ in strips], dtype=torch.float64)
        high = torch.tensor([[ends[a][k + 1] for a, k in enumerate(key)] for key, _ in strips], dtype=torch.float64)
        made = self._made(low, high, [arcs for _, arcs in strips])
        return {tuple((k, 0, 0) for k in key): clip for (key, _), clip in zip(strips, made, strict=True)}

    def _halved(self, known: Mapping[Place, Clip], wanted: Sequence[tuple[Place, int]]) -> dict[Place, Clip]:
        """Both halves of boxes along a coordinate."""
        arcs = torch.cat([known[place].arcs for place, _ in wanted])
        owner = torch.tensor([k for k, (place, _) in enumerate(wanted) for _ in known[place].arcs], dtype=torch.int64)
        axes = torch.tensor([axis for _, axis in wanted])
        low, high = (torch.stack([getattr(known[place], end) for place, _ in wanted]) for end in ("low", "high"))
        number = torch.arange(len(wanted))
        middle = (low[number, axes] + high[number, axes]) / 2
        pieces, source, upper = self.rim.cut(arcs, axes[owner], middle[owner])
        names, lows, highs, parts = [], list[Tensor](), list[Tensor](), list[Tensor]()
        for k, (place, axis) in enumerate(wanted):
            first, level, i = place[axis]
            for half in (0, 1):
                names.append((*place[:axis], (first, level + 1, 2 * i + half), *place[axis + 1 :]))
                ends = low[k].clone(), high[k].clone()
                ends[1 - half][axis] = middle[k]
                lows.append(ends[0])
                highs.append(ends[1])
                parts.append(pieces[(owner[source] == k) & (upper == bool(half))])
        return dict(zip(names, self._made(torch.stack(lows), torch.stack(highs), parts), strict=True))

    # ------------------------------------------------------------ what lies in boxes

    def _made(self, low: Tensor, high: Tensor, arcs: Sequence[Tensor]) -> list[Clip]:
        counts = torch.tensor([len(a) for a in arcs])
        cut = counts > 0
        inside = self.shape.contains((low + high) / 2)
        none, nowhere = torch.zeros(0, 3, dtype=torch.float64), torch.zeros(0, 2, dtype=torch.float64)
        made = [
            Clip(a, b, none, nowhere, torch.stack([a, b]), bool(held), bool(held))
            for a, b, held in zip(low, high, inside, strict=True)
        ]
        chosen = cut.nonzero()[:, 0].tolist()
        if not chosen:
            return made
        low, high, arcs = low[cut], high[cut], [arcs[k] for k in chosen]
        every = torch.cat(arcs)
        share = torch.linspace(0, 1, STRETCHES.samples, dtype=torch.float64)
        points, normals, density = self.rim.at(every[:, 0], every[:, 1:2] + (every[:, 2:] - every[:, 1:2]) * share)
        steep = (normals.abs() * (density * (every[:, 2:] - every[:, 1:2]))[..., None]).mean(1)
        groups = [v.split(counts[cut].tolist()) for v in (points, steep)]
        corners = corners_of(low, high)  # (n, 4, 2)
        step = RULES.beside * (high - low)
        boxes = [ClipBox(*given) for given in zip(low, high, corners, arcs, *groups, strict=True)]
        asked = [box.segments(step_of) for box, step_of in zip(boxes, step, strict=True)]
        flat = torch.cat([middles for _, middles in asked])
        answers = self.shape.contains(flat).split([len(m) for _, m in asked])
        frames = torch.stack([box.frame(s, a) for box, (s, _), a in zip(boxes, asked, answers, strict=True)])
        shares = self._shares(frames)
        for k, box, (segments, _), answer, frame, part in zip(
            chosen, boxes, asked, answers, frames, shares.tolist(), strict=True
        ):
            whole = box.sided and bool(inside[k])
            coarse = not whole and float((box.high - box.low).max()) > RULES.deepest * self.shape.size
            thin = part < RULES.thin and float((frame[1] - frame[0]).max()) > RULES.deepest * self.shape.size
            made[k] = Clip(
                box.low, box.high, box.arcs, box.points[:, [0, -1]].reshape(-1, 2),
                torch.stack([box.low, box.high]) if whole else frame, whole or part > 0 or (coarse and thin), whole,
                coarse and (thin or box.parts(segments, answer) > 1), _steepest(box.steep.sum(0)),
            )  # fmt: skip
        return made

    def _shares(self, frames: Tensor) -> Tensor:
        """What lies inside of each frame, in parts of it."""
        ticks = (torch.arange(RULES.grid, dtype=torch.float64) + 0.5) / RULES.grid
        x = frames[:, :1] + (frames[:, 1:] - frames[:, :1]) * torch.cartesian_prod(ticks, ticks)
        return self.shape.contains(x.reshape(-1, 2)).view(len(x), -1).double().mean(1)


def _steepest(steep: Tensor) -> int:
    """The coordinate along which lines cross the boundary most steeply; of two that do alike the first, whatever
    rounding says: a box that is cut from others on another way, as a saved solution's are, has the same one."""
    return int((steep >= (1 - RULES.alike) * steep.max()).nonzero()[0, 0])


def _above(place: Place) -> tuple[Place, int]:
    """The box of which one is a half, and along which coordinate: the one along which it was halved more often, so that
    boxes of a tree have one way to each."""
    levels = [level for _, level, _ in place]
    axis = int(np.argmax(levels))
    first, level, i = place[axis]
    return (*place[:axis], (first, level - 1, i // 2), *place[axis + 1 :]), axis
