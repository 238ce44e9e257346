"""Interfaces inside a domain, as pieces whose points know both of their sides."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.cube import Sampler
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.materials import Parts, Piecewise
from pinnsolve.geometry.patch import Leaf, Surface
from pinnsolve.geometry.piece import Piece
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.rules import RULES
from pinnsolve.geometry.shape import Shape
from pinnsolve.geometry.wanting import Wanting
from pinnsolve.jets.jet import Chart, Jet

ACROSS = "across"  # marks points that stand for both sides of an interface, by the number of that
BEYOND = "beyond "  # before a name: what it stands for on the side from which the normal points


@dataclass(frozen=True)
class Interface(Piece):
    """A part of an interface; its normals point out of the part that made it.

    Parameters
    ----------
    number : int
        Which of all interfaces it is.
    """

    number: int = 0

    def draw(
        self, count: int, sampler: Sampler, generator: torch.Generator, towards: Sequence[Wanting] = ()
    ) -> Points:  # fmt: skip
        return self._marked(super().draw(count, sampler, generator, towards))

    def scattered(self, count: int, seed: int) -> Points:
        return self._marked(super().scattered(count, seed))

    def _marked(self, points: Points) -> Points:
        return replace(points, measured={ACROSS: torch.full_like(points.weights, float(self.number))})


def both_sides(points: Points) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The places beside points of an interface: where the normals point, and where they come from."""
    size = max(float(points.coordinates[c].abs().max()) for c in points.normals)
    sides = []
    for sign in (1.0, -1.0):
        moved = dict(points.coordinates)
        for c, n in points.normals.items():
            moved[c] = moved[c] + sign * RULES.beside * size * n
        sides.append(moved)
    return sides[0], sides[1]


def materials_at(
    materials: Mapping[str, Piecewise], chart: Chart, at: Mapping[str, Jet], points: Points
) -> dict[str, Jet]:  # fmt: skip
    """Coefficients that jump as fields, by name; on an interface those beyond it too."""
    if not materials:
        return {}
    if ACROSS in points.measured:
        found = {}
        for prefix, places in zip(("", BEYOND), both_sides(points), strict=True):
            for name, material in materials.items():
                values = material.at(places).to(chart.device, chart.dtype)
                found[prefix + name] = chart.constant(values)
        return found
    known = {n: m for n, m in materials.items() if all(c in at for shape, _ in m.parts for c in shape.coordinates)}
    return {name: material.field(chart, at) for name, material in known.items()}


def interfaces_of(domain: Domain, parts: Parts) -> tuple[Interface, ...]:
    """The surfaces of the parts inside the domain, as far as a coefficient jumps there, each once."""
    inside = domain.interior
    found, earlier = list[Interface](), dict[Leaf, Shape]()
    for shape in _different(shape for m in parts.materials for shape, _ in m.parts):
        whole = _whole(shape, domain)
        near = tuple(leaf for leaf, other in earlier.items() if _may_meet(whole, other))
        for side in whole.sides:
            kept = side.within(_jumping(domain, parts, near))
            if kept.size > RULES.beside * shape.size ** (kept.dimension - 1):
                found.append(
                    Interface(inside.extent, {}, None, inside.space, inside.time, inside.shape, kept, number=len(found))
                )  # fmt: skip
        earlier |= dict.fromkeys((side.patch.leaf for side in whole.sides), whole)
    return tuple(found)


def _different(shapes: Iterable[Shape]) -> Iterable[Shape]:
    """Each shape once, boxes by where they end: coefficients of the same parts may each have made their own."""
    found = dict[Any, Shape]()
    for s in shapes:
        found.setdefault(tuple(s.bounds.items()) if type(s) is Box else s, s)
    return found.values()


def _may_meet(a: Shape, b: Shape) -> bool:
    """Whether the boxes around two shapes have a place in common, or nearly."""
    room = RULES.beside * (a.size + b.size)
    return all(low - room <= b.bounds[c][1] and b.bounds[c][0] - room <= high for c, (low, high) in a.bounds.items())


def _whole(shape: Shape, domain: Domain) -> Shape:
    """A shape of all coordinates of space: a layer goes from end to end."""
    if set(shape.coordinates) == set(domain.space_coordinates):
        return shape
    if not isinstance(shape, Box):
        raise ProblemError(
            f"the part {shape!r} has fewer coordinates than space",
            f"Write Extruded(...), so that it has {', '.join(domain.space_coordinates)}.",
        )
    return Box(**{c: shape.bounds.get(c, domain.ends(c)) for c in domain.space_coordinates})


def divided(piece: Piece, domain: Domain, materials: Sequence[Piecewise]) -> list[Piece]:
    """The inside of a domain cut at the interfaces of materials, where it can be; any other piece as it is."""
    whole = domain.space
    space_free = all(c not in piece.fixed for c in piece.space)
    if not materials or whole is None or piece.side is not None or piece.kept or not space_free or len(piece.space) < 2:
        return [piece]
    atoms = [whole]
    for shape in _different(shape for m in materials for shape, _ in m.parts):
        other = _whole(shape, domain)
        atoms = [part for atom in atoms for part in (_left(atom, other, True), _left(atom, other, False)) if part]
    return [replace(piece, shape=atom) for atom in atoms]


def _left(atom: Shape, other: Shape, inside: bool) -> Shape | None:
    """What two shapes share, or the first without the second; None where that is nothing."""
    try:
        found = atom & other if inside else atom - other
        found.deepest  # noqa: B018 (raises where it is empty)
    except ProblemError:
        return None
    return found


def ends_of(materials: Sequence[Piecewise]) -> dict[str, list[float]]:
    """Where boxes of materials begin and end, by coordinate."""
    found: dict[str, list[float]] = {}
    for shape in (shape for m in materials for shape, _ in m.parts if isinstance(shape, Box)):
        for c, ends in shape.bounds.items():
            found.setdefault(c, []).extend(ends)
    return found


def _jumping(domain: Domain, parts: Parts, earlier: Sequence[Leaf]) -> Callable[[Surface], Tensor]:
    """One where a coefficient jumps across the surface, inside the domain, and no earlier surface lies there."""
    names, size = domain.space_coordinates, max(domain.length(c) for c in domain.space_coordinates)
    middle, step = domain.middle, 10 * RULES.beside * size

    def keeps(surface: Surface) -> Tensor:
        sign, sides = torch.ones(len(surface.points), dtype=torch.int8), []
        for beside in (surface.points - step * surface.normals, surface.points + step * surface.normals):
            at = {c: torch.full_like(beside[:, 0], v) for c, v in middle.items()}
            at |= dict(zip(names, beside.T, strict=True))
            for c in names:
                low, high = domain.ends(c)
                sign[(at[c] <= low) | (at[c] >= high)] = 0
            sign[~domain.interior.holds(at)] = 0
            sides.append(at)
        left = sign.nonzero()[:, 0]
        below, above = (parts.label({c: x[left] for c, x in at.items()}) for at in sides)
        sign[left[below == above]] = 0
        for leaf in earlier:
            left = sign.nonzero()[:, 0]
            sign[left[leaf.away(surface.points[left]).abs() < 0.1 * step]] = 0
        return sign

    return keeps
