"""What an input file of Abaqus holds: nodes, elements and sets, of one part or of an assembly of parts."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import ClassVar, TypeVar

import numpy as np

from pinnsolve.errors import ProblemError, did_you_mean

Tag = tuple[str, int]  # an instance, empty where there is none, and a number in it
Side = tuple[str | Tag, str]  # a set of elements, or one, and which of their sides
Members = TypeVar("Members", bound=Tag | Side)


@dataclass
class Deck:
    """A part, an instance of one, or all of a file.

    Parameters
    ----------
    nodes : dict from tag to place
    cells : dict from tag to (kind, tags of nodes)
    nodesets, cellsets : dict from name to tags
    surfaces : dict from name to sides
    written : dict from name to how it is written
        Names are the same in small letters and in large ones, and are kept in large ones.
    hidden : names of sets that Abaqus made for itself
    near : float
        Of the whole: so near to each other nodes of two instances are one.
    """

    near: ClassVar[float] = 1e-6

    nodes: dict[Tag, list[float]] = field(default_factory=dict)
    cells: dict[Tag, tuple[str, list[Tag]]] = field(default_factory=dict)
    nodesets: dict[str, list[Tag]] = field(default_factory=dict)
    cellsets: dict[str, list[Tag]] = field(default_factory=dict)
    surfaces: dict[str, list[Side]] = field(default_factory=dict)
    written: dict[str, str] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)

    def add(self, known: dict[str, list[Members]], name: str | None, members: Iterable[Members]) -> None:
        """To a set, which begins with that where there is none of the name."""
        if name:
            self.written.setdefault(name.upper(), name)
            known.setdefault(name.upper(), []).extend(members)

    def members(self, known: Mapping[str, Sequence[Tag]], words: Iterable[str], scope: str, of: str) -> list[Tag]:
        """The tags that numbers, and names of sets of an instance, stand for, as the set or surface `of` tells them."""
        found = list[Tag]()
        for word in words:
            where, _, number = word.rpartition(".")
            if number.isdigit():
                found.append((where.upper() or scope, int(number)))
                continue
            name = f"{scope}.{word}".upper() if scope and f"{scope}.{word}".upper() in known else word.upper()
            if name not in known:
                names = [self.written.get(n, n) for n in known]
                raise ProblemError(
                    f"Mesh: '{of}' names the set '{word}', which is not there", did_you_mean(word, names)
                )
            found += known[name]
        return found

    def placed(self, name: str, rows: Sequence[Sequence[str]]) -> Deck:
        """An instance of it, moved and turned as data lines tell; its sets are called after it, too."""
        scope, move = name.upper(), _moved(rows, name)

        def tag(of: Tag) -> Tag:
            return scope, of[1]

        def called(key: str) -> str:
            return f"{scope}.{key}"

        found = Deck(
            {tag(t): move(place) for t, place in self.nodes.items()},
            {tag(t): (kind, [tag(n) for n in nodes]) for t, (kind, nodes) in self.cells.items()},
            {called(key): [tag(t) for t in of] for key, of in self.nodesets.items()},
            {called(key): [tag(t) for t in of] for key, of in self.cellsets.items()},
        )
        for key, sides in self.surfaces.items():
            found.surfaces[called(key)] = [
                (called(of) if isinstance(of, str) else tag(of), side) for of, side in sides
            ]  # fmt: skip
        found.written = {called(key): f"{name}.{written}" for key, written in self.written.items()}
        found.hidden = {called(key) for key in self.hidden}
        return found

    def take(self, other: Deck) -> None:
        for mine, theirs in zip(self._parts, other._parts, strict=True):
            mine.update(theirs)
        self.hidden |= other.hidden

    @property
    def _sets(self) -> tuple[dict[str, list], ...]:  # type: ignore[type-arg]
        return self.nodesets, self.cellsets, self.surfaces

    @property
    def _parts(self) -> tuple[dict, ...]:  # type: ignore[type-arg]
        return self.nodes, self.cells, self.nodesets, self.cellsets, self.surfaces, self.written

    def assembled(self, instances: Sequence[str]) -> Deck:
        """The same with sets of parts under their own names, all instances of one together, but where the assembly has
        a set of that name; and with each of several instances as a set of its elements."""
        for known in self._sets:
            own = set(known)
            for name in instances:
                for key in [k for k in own if k.startswith(f"{name.upper()}.")]:
                    plain = key[len(name) + 1 :]
                    if plain not in own and key not in self.hidden:
                        self.add(known, self.written[key][len(name) + 1 :], known[key])
                    if len(instances) == 1:
                        self.hidden.add(key)
        for name in instances if len(instances) > 1 else ():
            if name.upper() not in self.cellsets:
                self.add(self.cellsets, name, [t for t in self.cells if t[0] == name.upper()])
        return self

    def same(self) -> dict[Tag, Tag]:
        """For each node the one that stands for all in its place: parts are joined where theirs coincide."""
        tags = list(self.nodes)
        first = {t: t for t in tags}
        if len({t[0] for t in tags}) < 2:
            return first
        from scipy.spatial import cKDTree  # only assemblies ask for it

        places = np.zeros((len(tags), 3))
        for k, place in enumerate(self.nodes.values()):
            places[k, : len(place)] = place
        near = self.near * float(np.ptp(places, axis=0).max())
        for a, b in sorted(cKDTree(places).query_pairs(near)):
            if tags[a][0] != tags[b][0]:
                first[tags[b]] = first[tags[a]]
        return first


def _moved(rows: Sequence[Sequence[str]], name: str) -> Callable[[list[float]], list[float]]:
    """From places in a part to those in an assembly: a line with a way, then one with two places of an axis and an
    angle in degrees."""
    told = [[float(x) for x in row] for row in rows]
    way = np.zeros(3)
    turn, about = np.eye(3), np.zeros(3)
    for row in told:
        if len(row) <= 3:
            way[: len(row)] = row
        elif len(row) == 7 and row[:3] != row[3:6]:
            about = np.array(row[:3])
            axis = np.array(row[3:6]) - about
            x, y, z = axis / np.linalg.norm(axis)
            cross, angle = np.array([[0, -z, y], [z, 0, -x], [-y, x, 0]]), math.radians(row[6])
            turn = np.eye(3) + math.sin(angle) * cross + (1 - math.cos(angle)) * cross @ cross
        else:
            raise ProblemError(
                f"Mesh: the instance {name} is placed by {len(row)} numbers",
                "A line has three for a way, and then one seven for two places of an axis and an angle.",
            )

    def move(place: list[float]) -> list[float]:
        x = np.zeros(3)
        x[: len(place)] = place
        return [float(v) for v in turn @ (x + way - about) + about]

    return move
