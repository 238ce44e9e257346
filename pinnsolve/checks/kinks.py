"""Jumps and kinks of data that are not built in: along rims of shapes, and in time on walls.

Nothing is differentiated there, so nothing is lost; but beside a jump or a kink of its data a solution is not smooth.
Data f over a line are looked at by second differences: towards a jump
|f(s - h) - 2 f(s) + f(s + h)| stays, towards a kink it falls as h, and elsewhere as h^2.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import EQUAL
from pinnsolve.checks.contradictions import parts
from pinnsolve.checks.roughness import rounded
from pinnsolve.geometry.patch import Patch, Surface
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.side import Side
from pinnsolve.problem.equation import Prescribed
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Kink:
    """A jump or a kink of what a condition prescribes.

    Parameters
    ----------
    condition : str
    place : mapping from coordinate to float
    change : float
        Of the value, or of its slope.
    along : str
        What the slope is along, in words; empty where the value itself jumps.
    """

    condition: str
    place: Mapping[str, float]
    change: float
    along: str

    def __str__(self) -> str:
        at = ", ".join(f"{c}={v:.4g}" for c, v in self.place.items())
        told = f"has a kink at {at}: its slope {self.along} changes by" if self.along else f"jumps at {at} by"
        return f"{self.condition} {told} {self.change:.2g}; the solution is not smooth beside it"


@dataclass(frozen=True)
class Line:
    """Data along a line.

    Parameters
    ----------
    places : callable tensor (N,) -> mapping from coordinate to tensor (N,)
        At parts of it, from zero to one.
    data : callable tensor (N,) -> tensor (N,)
    along : str
        What it runs along, in words.
    lengths : mapping from coordinate to float
        The coordinates that tell a place on it, and the domain's lengths along these.
    known : bool
        Whether jumps of its data are told elsewhere.
    """

    places: Callable[[Tensor], Mapping[str, Tensor]]
    data: Callable[[Tensor], Tensor]
    along: str
    lengths: Mapping[str, float]
    known: bool = False

    def place(self, s: float) -> dict[str, float]:
        """A place on it."""
        at = self.places(torch.tensor([s], dtype=torch.float64))
        return {c: rounded(float(at[c]), length) for c, length in self.lengths.items()}

    def slopes(self, s: Tensor, width: float) -> tuple[Tensor, Tensor]:
        """How fast data change over the line's length before and after places (K,)."""
        near = (s[:, None] + width * torch.tensor([-2.0, -1.0, 1.0, 2.0])).clamp(0, 1)
        apart = self.apart(near.flatten()).view(near.shape).diff(dim=1)
        found = self.data(near.flatten()).view(near.shape).diff(dim=1) / apart.clamp(min=1e-300)
        return found[:, 0], found[:, 2]

    def apart(self, s: Tensor) -> Tensor:
        """How long the line is up to places (N,), taken one after the other."""
        at = self.places(s)
        steps = torch.stack([at[c].diff() for c in self.lengths]).norm(dim=0)
        return torch.cat([torch.zeros(1, dtype=torch.float64), steps.cumsum(0)])


@dataclass(frozen=True)
class Rules:
    """How it is looked. Chosen on jumps, kinks and steep but smooth data of tests/core/test_kinks.py.

    Parameters
    ----------
    samples : int
        On a line. More: closer kinks are told apart.
    candidates : int
        Second differences that are followed, the largest ones. Fewer: a weak kink is missed beside a steep place.
    parts, rounds : int
        A place is looked at in so many parts, again and again. More rounds: steeper smooth data are told from kinks,
        until rounding decides.
    stays : float
        A kink keeps this part of its second difference over h, a jump of its second difference.
    least : float
        Of how much the data vary: what changes less over the whole line is no kink.
    same : float
        Of the domain's lengths: places that are closer are one.
    """

    samples: int = 257
    candidates: int = 6
    parts: int = 8
    rounds: int = 4
    stays: float = 0.5
    least: float = 1e-3
    same: float = 1e-3


RULES = Rules()


def kinks(problem: Problem) -> list[Kink]:
    """The jumps and kinks of prescribed values and slopes where nothing differentiates them, each once."""
    found: list[Kink] = []
    for equation, piece in parts(problem):
        data = equation.prescribes
        if data is None or problem.to_be_found(data) or data.asks & problem.tables.keys():
            continue
        for line in (*_rims(problem, data, piece), *_walls(problem, data, piece)):
            for kink in _along(line, equation.name):
                close = {c: RULES.same * length for c, length in line.lengths.items()}
                if not any(
                    k.condition == kink.condition and k.place.keys() == close.keys()
                    and all(abs(k.place[c] - kink.place[c]) < near for c, near in close.items())
                    for k in found
                ):  # fmt: skip
                    found.append(kink)
    return found


def _rims(problem: Problem, data: Prescribed, piece: Piece) -> Iterator[Line]:
    """The sides of a plane that are no faces of a box."""
    side, names = piece.side, problem.space_coordinates
    if side is None or side.patch.axes != 1 or not data.asks & {*names} or _torn(side.patch):
        return
    lengths = {c: problem.domain.length(c) for c in names}
    for first, last in side.intervals.tolist():
        ends = side.taken(torch.tensor([[first], [last]], dtype=torch.float64))[0].points
        closed = bool((ends[0] - ends[1]).norm() < RULES.same * min(lengths.values()))
        for shift in (0.0, 0.5) if closed else (0.0,):  # what lies at the seam lies in the middle once
            surface = partial(_surface, side, first, last, shift)

            def places(s: Tensor, surface: Callable[[Tensor], Surface] = surface) -> dict[str, Tensor]:
                return dict(zip(names, surface(s).points.T, strict=True))

            def values(s: Tensor, surface: Callable[[Tensor], Surface] = surface) -> Tensor:
                at = surface(s)
                here = _fixed(problem.domain.middle, len(s)) | dict(zip(names, at.points.T, strict=True))
                return _given(problem, data, here, dict(zip(names, at.normals.T, strict=True)))

            yield Line(places, values, "along the side", lengths)


def _torn(patch: Patch) -> bool:
    """Whether a curve is made of parts in any order, as that of a level set is."""
    ends, beside, near = torch.arange(1, patch.stretches, dtype=torch.float64) / patch.stretches, 1e-9, 1e-6
    before, after = (patch.at((ends + sign * beside)[:, None]).points for sign in (-1, 1))
    whole = float(patch.at(torch.linspace(0, 1, 9, dtype=torch.float64)[:, None]).points.std(0).norm())
    return bool(((before - after).norm(dim=1) > near * whole).any())


def _surface(side: Side, first: float, last: float, shift: float, s: Tensor) -> Surface:
    along = (s + shift) % 1.0 if shift else s
    return side.taken((first + (last - first) * along)[:, None])[0]


def _walls(problem: Problem, data: Prescribed, piece: Piece) -> Iterator[Line]:
    """A wall over time, at two of its places."""
    time = problem.domain.time
    if time is None or piece.moment is not None or time not in data.asks:
        return
    points = piece.draw(2, "sobol", torch.Generator().manual_seed(13))
    built = data.what == "value" and piece.side is None and not piece.kept

    def places(s: Tensor) -> dict[str, Tensor]:
        return {time: problem.domain.place(time, s)}

    for k in range(2):
        one = points[k : k + 1]

        def values(s: Tensor, one: Points = one) -> Tensor:
            here, normals = ({c: v.expand(len(s)) for c, v in of.items()} for of in (one.coordinates, one.normals))
            return _given(problem, data, here | places(s), normals)

        yield Line(places, values, f"along {time}", {time: problem.domain.length(time)}, built)


def _fixed(values: Mapping[str, float], count: int) -> dict[str, Tensor]:
    return {c: torch.full((count,), v, dtype=torch.float64) for c, v in values.items()}


def _given(problem: Problem, data: Prescribed, at: dict[str, Tensor], normals: Mapping[str, Tensor]) -> Tensor:
    points = Points(at, torch.ones_like(next(iter(at.values()))), normals)
    chart, fields = points.chart()
    with torch.no_grad():
        return data.given(problem.fields(chart, fields, {}, points)).value.detach().expand(len(points.weights))


def _along(line: Line, name: str) -> list[Kink]:
    """What jumps on a line or has a kink: jumps alone, where there are some."""
    s = torch.linspace(0, 1, RULES.samples, dtype=torch.float64)
    values = line.data(s)
    swing, length = float((values - values.mean()).abs().max()), line.apart(s)
    if not swing > EQUAL * float(values.abs().max()):
        return []
    first, best = values.diff(n=2).abs().topk(RULES.candidates)
    bent, middle, width = first, s[best + 1], 1 / (RULES.samples - 1)
    steps = torch.arange(-RULES.parts, RULES.parts + 1, dtype=torch.float64)
    for _ in range(RULES.rounds):
        width /= RULES.parts
        near = (middle[:, None] + width * steps).clamp(0, 1)
        bent, at = line.data(near.flatten()).view(near.shape).diff(n=2, dim=1).abs().max(1)
        middle = near.gather(1, at[:, None] + 1)[:, 0]
    jumps = (bent > RULES.stays * first) & (bent > RULES.least * swing)
    if bool(jumps.any()):
        sizes, which, along = bent, torch.zeros_like(jumps) if line.known else jumps, ""
    else:
        before, after = line.slopes(middle, width)
        sizes, along = (after - before).abs(), line.along
        stays = bent > RULES.stays * first * width * (RULES.samples - 1)
        which = stays & (sizes > RULES.least * swing / float(length[-1]))
    found = sorted(which.nonzero()[:, 0].tolist(), key=lambda k: -float(sizes[k]))
    return [Kink(name, line.place(float(middle[k])), float(sizes[k]), along) for k in found]
