"""What of a shape lies in the boxes of a tree: stretches or pieces of its boundary, and how far its inside goes.

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
from pinnsolve.geometry.clip_solid import RULES as SOLID
from pinnsolve.geometry.clip_solid import seen
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.stretches import RULES as STRETCHES
from pinnsolve.geometry.stretches import Stretches
from pinnsolve.geometry.surfaces import Surfaces

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
    deepest, deepest_in_space : float
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
    deepest_in_space: float = 0.05
    alike: float = 1e-6


RULES = Rules()


@dataclass(frozen=True)
class Clip:
    """What of a shape lies in a box.

    Parameters
    ----------
    low, high : tensor (d,)
        Of the box.
    arcs : tensor (K, 1 + 2 (d - 1))
        The stretches or pieces of its boundary there: the number of the side, and from which parameter to which.
    ends : tensor (2 K, 2)
        In a plane, where they begin and end.
    frame : tensor (2, d)
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
        Of two coordinates, or three.
    breaks : mapping from the number of a side to parameters
        Where in a plane more stretches of it shall end.
    """

    def __init__(self, shape: Shape, breaks: Mapping[int, Sequence[float]] | None = None) -> None:
        self.shape, self.dims = shape, len(shape.bounds)
        self.rim: Stretches | Surfaces = Surfaces(shape) if self.dims > 2 else Stretches(shape, breaks)
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
        strips = self.rim.parted(ends)
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
        boxes = torch.stack([low, high], 1)[owner]
        pieces, source, upper = self.rim.cut(arcs, axes[owner], middle[owner], boxes)
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
        none = torch.zeros(0, 1 + 2 * (self.dims - 1), dtype=torch.float64)
        nowhere = torch.zeros(0, self.dims, dtype=torch.float64)
        made = [
            Clip(a, b, none, nowhere, torch.stack([a, b]), bool(held), bool(held))
            for a, b, held in zip(low, high, inside, strict=True)
        ]
        chosen = cut.nonzero()[:, 0].tolist()
        if not chosen:
            return made
        low, high, arcs = low[cut], high[cut], [arcs[k] for k in chosen]
        at_rim = self._at_rim if self.dims == 2 else self._in_space
        for k, clip in zip(chosen, at_rim(low, high, arcs, inside[cut]), strict=True):
            made[k] = clip
        return made

    def _in_space(self, low: Tensor, high: Tensor, arcs: Sequence[Tensor], inside: Tensor) -> list[Clip]:
        """Boxes of space that the boundary enters."""
        assert isinstance(self.rim, Surfaces)
        told, made = seen(self.shape, self.rim, low, high, arcs), list[Clip]()
        thin, deepest = told.share < SOLID.thin, RULES.deepest_in_space * self.shape.size
        for k, own in enumerate(arcs):
            whole = bool(told.full[k])
            frame = torch.stack([low[k], high[k]]) if whole else told.frames[k]
            coarse = not whole and float((high[k] - low[k]).max()) > deepest
            several = (bool(thin[k]) and float((frame[1] - frame[0]).max()) > deepest) or bool(told.torn[k])
            made.append(Clip(
                low[k], high[k], own, own[:0, :3], frame, whole or bool(told.share[k] > 0), whole, coarse and several,
                int(told.along[k]),
            ))  # fmt: skip
        return made

    def _at_rim(self, low: Tensor, high: Tensor, arcs: Sequence[Tensor], inside: Tensor) -> list[Clip]:
        """Boxes of a plane that the boundary enters, and whether their middles lie inside."""
        counts, made = [len(a) for a in arcs], list[Clip]()
        every = torch.cat(list(arcs))
        share = torch.linspace(0, 1, STRETCHES.samples, dtype=torch.float64)
        assert isinstance(self.rim, Stretches)
        points, normals, density = self.rim.at(every[:, 0], every[:, 1:2] + (every[:, 2:] - every[:, 1:2]) * share)
        steep = (normals.abs() * (density * (every[:, 2:] - every[:, 1:2]))[..., None]).mean(1)
        groups = [v.split(counts) for v in (points, steep)]
        corners = corners_of(low, high)  # (n, 4, 2)
        step = RULES.beside * (high - low)
        boxes = [ClipBox(*given) for given in zip(low, high, corners, arcs, *groups, strict=True)]
        asked = [box.segments(step_of) for box, step_of in zip(boxes, step, strict=True)]
        flat = torch.cat([middles for _, middles in asked])
        answers = self.shape.contains(flat).split([len(m) for _, m in asked])
        frames = torch.stack([box.frame(s, a) for box, (s, _), a in zip(boxes, asked, answers, strict=True)])
        shares = self._shares(frames)
        for box, held, (segments, _), answer, frame, part in zip(
            boxes, inside.tolist(), asked, answers, frames, shares.tolist(), strict=True
        ):
            whole = box.sided and held
            coarse = not whole and float((box.high - box.low).max()) > RULES.deepest * self.shape.size
            thin = part < RULES.thin and float((frame[1] - frame[0]).max()) > RULES.deepest * self.shape.size
            made.append(Clip(
                box.low, box.high, box.arcs, box.points[:, [0, -1]].reshape(-1, 2),
                torch.stack([box.low, box.high]) if whole else frame, whole or part > 0 or (coarse and thin), whole,
                coarse and (thin or box.parts(segments, answer) > 1), _steepest(box.steep.sum(0)),
            ))  # fmt: skip
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
