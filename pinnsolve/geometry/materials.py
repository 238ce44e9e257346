"""Coefficients that jump between parts of a domain, and the parts that they make of it."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from numbers import Real
from typing import Any, Protocol, runtime_checkable

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import EQUAL
from pinnsolve.errors import ProblemError, did_you_mean, if_complex
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.holes import Hole
from pinnsolve.geometry.meeting import extent_of, meets
from pinnsolve.geometry.named import PartName
from pinnsolve.geometry.shape import Shape
from pinnsolve.jets.branches import told
from pinnsolve.jets.intervals import Interval
from pinnsolve.jets.jet import Chart, Jet, on_jets

WRITE = 'Write parameters={"k": Piecewise(1.0, (Disk(x=0, y=0, radius=0.3), 100.0))}.'


@runtime_checkable
class Guessed(Protocol):
    """A number that is to be found, and where the search begins: `Unknown`, which stands below this room."""

    @property
    def guess(self) -> float: ...


class Piecewise:
    """A parameter that is one number in each part of space: k = value in the last part that holds the point, and
    `elsewhere` in none.

    Across the interfaces what equations differentiate is continuous: the unknown, and the flux of the divergence form
    in which the coefficient stands, as in `d(k * d(T, x), x)`. `where(x < 0.5, 1, 400)` in the equation means the same.

    Parameters
    ----------
    elsewhere : float, or Unknown
    *parts : (Shape or part("name"), float or Unknown)
        Where two overlap, the later one counts. A box of fewer coordinates than space is a layer: `Box(x=(0, 0.5))`. An
        `Unknown(1.0)` is found from data, as the constant `k_elsewhere`, `k_1`, or `k_steel` of a shape of that name.

    Raises
    ------
    ProblemError
        If a part is no shape with a finite number.

    Examples
    --------
    >>> from pinnsolve import Disk
    >>> k = Piecewise(1.0, (Disk(x=0, y=0, radius=1), 50.0), (Disk(x=0, y=0, radius=0.5), 3.0))
    >>> k.at({"x": torch.tensor([2.0, 0.8, 0.2]), "y": torch.zeros(3)}).tolist()
    [1.0, 50.0, 3.0]
    """

    def __init__(self, elsewhere: float | Guessed, *parts: tuple[Shape | PartName, float | Guessed]) -> None:
        self.elsewhere = _finite(elsewhere)
        if not parts:
            raise ProblemError(f"Piecewise({elsewhere!r}) has no part", WRITE)
        for part in parts:
            if not (isinstance(part, tuple | list) and len(part) == 2 and isinstance(part[0], Shape | PartName)):
                raise ProblemError(f"Piecewise: {part!r} is no shape with a number", WRITE)
        self.given = tuple((shape, _finite(value)) for shape, value in parts)
        numbers = zip((elsewhere, *(value for _, value in parts)), self.values, strict=True)
        self.sought_values = tuple(v if isinstance(v, Guessed) else number for v, number in numbers)
        self.sought = any(isinstance(v, Guessed) for v in self.sought_values)

    @property
    def parts(self) -> tuple[tuple[Shape, float], ...]:
        """The parts, once it is known what their names stand for."""
        found = tuple((shape, value) for shape, value in self.given if isinstance(shape, Shape))
        if len(found) < len(self.given):
            raise ProblemError(
                f"{self!r} names parts of a space that is not known", "Such a coefficient is a parameter of a Problem."
            )
        return found

    def over(self, space: Shape | None) -> Piecewise:
        """The same with the parts of a space in place of their names."""
        named = [(s.of(space) if isinstance(s, PartName) else s, v) for s, v in self.given]
        return self if named == list(self.given) else Piecewise(self.elsewhere, *named)

    def __repr__(self) -> str:
        told = ", ".join(f"({shape!r}, {value:g})" for shape, value in self.given)
        return f"Piecewise({self.elsewhere:g}, {told})"

    @property
    def values(self) -> tuple[float, ...]:
        """The number elsewhere, then of each part."""
        return (self.elsewhere, *(value for _, value in self.given))

    def check(self, name: str, domain: Domain) -> None:
        """Refuse parts of other coordinates, and those of which nothing lies in the domain.

        Raises
        ------
        ProblemError
            With the part.
        """
        for shape, _ in self.parts:
            for c in shape.bounds:
                if c not in domain.space_coordinates:
                    raise ProblemError(
                        f"parameters: {name}: {shape!r} has the coordinate '{c}', which space has not",
                        did_you_mean(c, domain.space_coordinates),
                    )
            if len(shape.bounds) > 1:
                shape.checked()
            if not meets(shape, domain):
                raise ProblemError(f"parameters: {name}: nothing of {shape!r} lies in the domain", extent_of(domain))

    def which(self, coordinates: Mapping[str, Tensor]) -> Tensor:
        """The number of the part that counts at points, (N,): zero elsewhere, and one more than its place in the
        list."""
        found = torch.zeros_like(next(iter(coordinates.values())), dtype=torch.long)
        if not len(found):
            return found
        if self._blocks is not None:
            return self._in_blocks(coordinates)
        ends = {c: (float(x.min()), float(x.max())) for c, x in coordinates.items()}
        for k, (shape, _) in enumerate(self.parts):
            room = 2 * EQUAL * shape.size
            if any(ends[c][0] > high + room or ends[c][1] < low - room for c, (low, high) in shape.bounds.items()):
                continue  # of many parts few lie around some points
            inside = shape.contains(_columns(shape, coordinates), EQUAL).to(found.device)
            found = torch.where(inside, k + 1, found)
        return found

    @cached_property
    def _blocks(self) -> tuple[tuple[str, ...], Tensor] | None:
        """Of parts that are boxes of the same coordinates: these, and where the boxes end (d, 2, K)."""
        shapes = [shape for shape, _ in self.parts]
        names = shapes[0].coordinates
        if not all(type(s) is Box and set(s.coordinates) == set(names) for s in shapes):
            return None
        room = torch.tensor([[-EQUAL], [EQUAL]], dtype=torch.float64) * torch.tensor([s.size for s in shapes])
        ends = torch.tensor([[s.bounds[c] for s in shapes] for c in names], dtype=torch.float64)
        return names, ends.transpose(1, 2) + room

    def _in_blocks(self, coordinates: Mapping[str, Tensor]) -> Tensor:
        assert self._blocks is not None
        names, ends = self._blocks
        inside = torch.ones((), dtype=torch.bool)
        for c, (low, high) in zip(names, ends, strict=True):
            x = coordinates[c].detach().to("cpu", torch.float64)[:, None]
            inside = inside & (x > low) & (x < high)
        later = torch.arange(1, ends.shape[2] + 1)
        return (inside * later).amax(1).to(coordinates[names[0]].device)

    def at(self, coordinates: Mapping[str, Tensor]) -> Tensor:
        """The coefficient at points, (N,)."""
        which = self.which(coordinates)
        return torch.tensor(self.values, dtype=torch.float64, device=which.device)[which]

    def field(self, chart: Chart, at: Mapping[str, Jet]) -> Jet:
        """The coefficient as a field of the coordinates, in whatever stands for these: values, intervals, stencils."""
        names = tuple(dict.fromkeys(c for shape, _ in self.parts for c in shape.bounds))
        if all(type(at[c].value) is Tensor and at[c].value.device.type == "cpu" for c in names):
            return self._looked_up([at[c] for c in names], names)
        made: Any = None
        known: dict[Any, Any] = {}  # comparisons, which boxes in a row have in common
        for shape, value in self.parts:
            inside = _box(shape, at, known) if isinstance(shape, Box) else _within(shape, at)
            made = on_jets.where(inside, value, self.elsewhere if made is None else made)
        return made

    def _looked_up(self, places: Sequence[Jet], names: Sequence[str]) -> Jet:
        """The same at points, in one step for all parts."""

        def inside(*values: Tensor) -> Tensor:
            columns = torch.broadcast_tensors(*values)
            found = self.at({c: x.reshape(-1) for c, x in zip(names, columns, strict=True)})
            return found.to(columns[0].dtype).view(columns[0].shape)

        inside.__name__ = "inside"
        return type(places[0]).__torch_function__(inside, (), tuple(places))


def _finite(value: Any) -> float:
    value = value.guess if isinstance(value, Guessed) else value
    if isinstance(value, bool) or not isinstance(value, Real) or not math.isfinite(value):
        raise ProblemError(f"Piecewise: {value!r} is no finite number", if_complex(value) + WRITE)
    return float(value)


def _columns(shape: Shape, coordinates: Mapping[str, Tensor]) -> Tensor:
    return torch.stack([coordinates[c].detach().to("cpu", torch.float64) for c in shape.bounds], 1)


def _box(box: Box, at: Mapping[str, Jet], known: dict[Any, Any]) -> Any:
    """Comparisons, as a user would write them: whoever looks for planes on which coefficients jump finds these."""
    inside: Any = None
    for c, (low, high) in box.bounds.items():
        room = EQUAL * (high - low)  # a part reaches to the wall, rounded or not
        if (c, low, high) not in known:
            known[c, low, high] = (at[c] > low - room) & (at[c] < high + room)
        inside = known[c, low, high] if inside is None else inside & known[c, low, high]
    return inside


def _within(shape: Shape, at: Mapping[str, Jet]) -> Any:
    """Whether points, or whole boxes, lie inside: true, false, or either."""

    def inside(*places: Any) -> Any:
        if any(isinstance(x, Interval) for x in places):
            bounds = [Interval.of(x) for x in places]
            low, high = (torch.stack(torch.broadcast_tensors(*ends), -1).view(-1, len(places)) for ends in
                         ([b.low for b in bounds], [b.high for b in bounds]))  # fmt: skip
            possible = Interval(shape.covers(low, high).double(), (~shape.apart(low, high)).double())
            return possible.named(told("inside", shape, *places))
        columns = torch.stack(torch.broadcast_tensors(*places), -1).reshape(-1, len(places))
        found = shape.contains(columns.detach().to("cpu", torch.float64), EQUAL)
        return found.to(places[0].device, places[0].dtype).view(places[0].shape)

    inside.__name__ = "inside"  # by which jets know it for piecewise constant
    jets = tuple(at[c] for c in shape.bounds)
    return type(jets[0]).__torch_function__(inside, (), jets) > 0.5


def layered(materials: Iterable[Piecewise]) -> bool:
    """Whether all materials lie between planes across a coordinate."""
    return all(len(shape.coordinates) == 1 for m in materials for shape, _ in m.parts)


class Parts:
    """What the interfaces of some materials cut a domain into.

    Parameters
    ----------
    domain : Domain
    materials : sequence of Piecewise

    Attributes
    ----------
    count : int
        Of parts that differ in some coefficient, as far as points show them.
    """

    def __init__(self, domain: Domain, materials: Iterable[Piecewise]) -> None:
        self.domain, self.materials = domain, tuple(materials)
        seen = domain.interior.draw(2**13, "sobol", torch.Generator().manual_seed(3)).coordinates
        keys = torch.cat([self._keys(seen), *(self._keys(c) for c in self._deep())])
        self.kinds = keys.unique(dim=0)
        self.count = len(self.kinds)

    def _deep(self) -> list[dict[str, Tensor]]:
        """A place far inside each part: small ones may hold none of the points."""
        found = []
        for material in self.materials:
            for shape, _ in material.parts:
                place = self.domain.middle | (shape.deepest if len(shape.bounds) > 1 else {})
                at = {c: torch.tensor([place[c]], dtype=torch.float64) for c in self.domain.coordinates}
                if self.domain.outside(at) is None and self.domain.beside(at) is None:
                    found.append(at)
        return found

    @cached_property
    def cores(self) -> list[tuple[Hole, int]]:
        """A ball in each part that lies inside of the domain, with the number of the part in its middle."""
        found: list[tuple[Hole, int]] = []
        names = self.domain.space_coordinates
        for shape in dict.fromkeys(shape for m in self.materials for shape, _ in m.parts):
            ends = shape.bounds
            within = set(ends) == set(names) and all(
                low > self.domain.ends(c)[0] and high < self.domain.ends(c)[1] for c, (low, high) in ends.items()
            )
            for core in shape.cores() if within else ():
                at = {
                    c: torch.tensor([v], dtype=torch.float64) for c, v in {**self.domain.middle, **core.centre}.items()
                }
                found.append((Hole({c: core.centre[c] for c in names}, core.radius), int(self.label(at))))
        return found

    def _keys(self, coordinates: Mapping[str, Tensor]) -> Tensor:
        return torch.stack([m.at(coordinates) for m in self.materials], 1)

    def label(self, coordinates: Mapping[str, Tensor]) -> Tensor:
        """The number of the part in which points lie, (N,)."""
        keys = self._keys(coordinates)
        return (keys[:, None] == self.kinds.to(keys.device)).all(2).double().argmax(1)

    def near(self, coordinates: Mapping[str, Tensor], reach: float) -> Tensor:
        """Which points (N,) have an interface closer than `reach` of the domain's length along some coordinate."""
        here, shortest = self.label(coordinates), min(self.domain.length(c) for c in self.domain.space_coordinates)
        found = torch.zeros_like(here, dtype=torch.bool)
        for shape in dict.fromkeys(shape for m in self.materials for shape, _ in m.parts):  # a thin one is stepped over
            away = shape.signed(torch.stack([coordinates[c] for c in shape.bounds], 1)).abs()
            found |= away <= reach * shortest
        for c in self.domain.space_coordinates:
            for sign in (-1, -0.5, 0.5, 1):
                found |= self.label({**coordinates, c: coordinates[c] + sign * reach * self.domain.length(c)}) != here
        return found
