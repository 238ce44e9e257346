"""Meshes that Gmsh wrote in its version 4.1, in text or in bytes (Gmsh reference manual, "MSH file format").

meshio does not read those with parametric nodes, with partitions, or with groups of some cells alone; of an entity in
several physical groups it keeps one.
"""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import numpy as np

from pinnsolve.errors import ProblemError

# Kinds of cells by Gmsh's numbers, and in which order meshio has their nodes where Gmsh has another.
KINDS = {
    1: "line", 2: "triangle", 3: "quad", 4: "tetra", 5: "hexahedron", 6: "wedge", 7: "pyramid", 8: "line3",
    9: "triangle6", 10: "quad9", 11: "tetra10", 12: "hexahedron27", 13: "wedge18", 14: "pyramid14", 15: "vertex",
    16: "quad8", 17: "hexahedron20", 18: "wedge15", 19: "pyramid13",
}  # fmt: skip
COUNTS = {"line": 2, "triangle": 3, "quad": 4, "tetra": 4, "hexahedron": 8, "wedge": 6, "pyramid": 5, "vertex": 1}
_BRICK = [0, 1, 2, 3, 4, 5, 6, 7, 8, 11, 13, 9, 16, 18, 19, 17, 10, 12, 14, 15]
ORDERS = {
    "tetra10": [0, 1, 2, 3, 4, 5, 6, 7, 9, 8], "hexahedron20": _BRICK,
    "hexahedron27": [*_BRICK, 22, 23, 21, 24, 20, 25, 26],
    "wedge15": [0, 1, 2, 3, 4, 5, 6, 9, 7, 12, 14, 13, 8, 10, 11],
    "pyramid13": [0, 1, 2, 3, 4, 5, 8, 10, 6, 7, 9, 11, 12],
}  # fmt: skip
Key = tuple[int, int]  # the dimension and the tag of an entity, or of a physical group


class Numbers:
    """The numbers of one section, one after the other.

    Parameters
    ----------
    body : bytes
    order : str, optional
        "<" or ">" of numbers in bytes; nothing of those in text.
    """

    def __init__(self, body: bytes, order: str) -> None:
        self.body, self.order, self.at = body, order, 0
        self.words = [] if order else body.split()

    def take(self, kind: str, count: int) -> np.ndarray:
        """So many of a kind: "i4", "u8" or "f8"."""
        if not self.order:
            words, self.at = self.words[self.at : self.at + count], self.at + count
            return np.array(words, dtype=bytes).astype("f8" if kind == "f8" else "i8")
        found = np.frombuffer(self.body, self.order + kind, count, self.at)
        self.at += found.nbytes
        return found.astype("f8" if kind == "f8" else "i8")

    def whole(self, kind: str = "i4") -> int:
        return int(self.take(kind, 1)[0])


def is_gmsh_41(path: Path) -> bool:
    """Whether a file says so of itself."""
    with path.open("rb") as file:
        head = file.read(4096)
    begin = head.find(b"$MeshFormat")
    return begin >= 0 and head[begin:].split()[1:2] == [b"4.1"]


def read_gmsh(path: Path) -> Any:
    """Its points, cells, and physical groups as cell sets, those without a name under their number."""
    import meshio  # only who has a mesh waits for it

    data = b"\n" + path.read_bytes()  # sections begin with a line
    _, binary, size = _section(data, "MeshFormat", path).split()[:3]
    if size != b"8":
        raise ProblemError(f"Mesh: {path} has numbers of {size.decode()} bytes", "Write it by Gmsh of 64 bits.")
    order = ""
    if binary == b"1":
        body = _section(data, "MeshFormat", path)
        order = "<" if np.frombuffer(body.split(b"\n", 1)[1], "<i4", 1)[0] == 1 else ">"
    names = _names(_section(data, "PhysicalNames", path, needed=False))
    groups: dict[Key, list[int]] = {}
    for section in ("Entities", "PartitionedEntities"):
        if body := _section(data, section, path, needed=False):
            groups |= _entities(Numbers(body, order), partitioned=section != "Entities")
    points, number = _nodes(Numbers(_section(data, "Nodes", path), order))
    blocks = _elements(Numbers(_section(data, "Elements", path), order), path)
    cells = [(kind, number[nodes]) for kind, _, nodes in blocks]
    sets: dict[str, list[Any]] = {}
    for k, (_, (dimension, tag), nodes) in enumerate(blocks):
        for group in groups.get((dimension, tag), []):
            name = names.get((dimension, abs(group)), str(abs(group)))
            sets.setdefault(name, [np.zeros(0, dtype=int)] * len(blocks))[k] = np.arange(len(nodes))
    return meshio.Mesh(points, cells, cell_sets=sets)


def _section(data: bytes, name: str, path: Path, needed: bool = True) -> bytes:
    begin, end = (data.find(f"\n${word}".encode()) for word in (name, f"End{name}"))
    if begin < 0 or end < begin:
        if needed or begin >= 0:
            raise ProblemError(f"Mesh: {path} has no whole section ${name}", "Write the mesh anew: it may be cut off.")
        return b""
    return data[data.find(b"\n", begin + 1) + 1 : end]


def _names(body: bytes) -> dict[Key, str]:
    found: dict[Key, str] = {}
    for line in body.decode("utf-8", "replace").splitlines()[1:]:
        if words := shlex.split(line):
            found[int(words[0]), int(words[1])] = " ".join(words[2:])
    return found


def _entities(numbers: Numbers, partitioned: bool) -> dict[Key, list[int]]:
    """The physical groups of each entity."""
    found: dict[Key, list[int]] = {}
    if partitioned:
        numbers.whole("u8")
        numbers.take("i4", 2 * numbers.whole("u8"))  # ghosts
    for dimension, count in enumerate(numbers.take("u8", 4).tolist()):
        for _ in range(count):
            tag = numbers.whole()
            if partitioned:
                numbers.take("i4", 2)  # of what it is a part
                numbers.take("i4", numbers.whole("u8"))
            numbers.take("f8", 6 if dimension else 3)
            found[dimension, tag] = numbers.take("i4", numbers.whole("u8")).tolist()
            if dimension:
                numbers.take("i4", numbers.whole("u8"))  # what bounds it
    return found


def _nodes(numbers: Numbers) -> tuple[np.ndarray, np.ndarray]:
    """The points (n, 3), and which of them has which tag."""
    blocks, count, _, largest = numbers.take("u8", 4).tolist()
    points, tags = [np.zeros((0, 3))], [np.zeros(0, dtype=int)]
    for _ in range(blocks):
        (dimension, _, parametric), many = numbers.take("i4", 3).tolist(), numbers.whole("u8")
        tags.append(numbers.take("u8", many))
        each = 3 + (dimension if parametric else 0)
        points.append(numbers.take("f8", each * many).reshape(many, each)[:, :3])
    every = np.concatenate(tags)
    number = np.full(max(largest, int(every.max(initial=0))) + 1, count)  # of a missing one: beyond the last
    number[every] = np.arange(len(every))
    return np.concatenate(points), number


def _elements(numbers: Numbers, path: Path) -> list[tuple[str, Key, np.ndarray]]:
    """The kind, the entity and the nodes of each block of cells."""
    found = []
    for _ in range(int(numbers.take("u8", 4)[0])):
        (dimension, tag, kind), many = numbers.take("i4", 3).tolist(), numbers.whole("u8")
        if kind not in KINDS:
            raise ProblemError(
                f"Mesh: {path} holds cells of Gmsh's kind {kind}, which are not read",
                "Linear and quadratic cells are: set the order of the elements to one or two in Gmsh.",
            )
        name = KINDS[kind]
        digits = name[len(name.rstrip("0123456789")) :]
        each = int(digits) if digits else COUNTS[name]
        nodes = numbers.take("u8", many * (1 + each)).reshape(many, 1 + each)[:, 1:]
        found.append((name, (dimension, tag), nodes[:, ORDERS.get(name, list(range(each)))]))
    return found
