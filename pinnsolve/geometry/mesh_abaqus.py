"""Meshes in Abaqus' input files: nodes, elements, and sets of both; surfaces by elements' sides or by nodes.

meshio knows few kinds of elements (none for heat), reads no surfaces, and keeps one set of a cell in several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.mesh_kinds import CORNERS, FACES, kind_of

# Cells of a family of elements by how many nodes they have.
PLANE = {3: "triangle", 4: "quad", 6: "triangle6", 8: "quad8", 9: "quad9"}
SPACE = {
    4: "tetra", 5: "pyramid", 6: "wedge", 8: "hexahedron", 10: "tetra10", 13: "pyramid13", 15: "wedge15",
    20: "hexahedron20", 27: "hexahedron27",
}  # fmt: skip
LINE = {2: "line", 3: "line3"}
FAMILIES = (
    (r"(?:C3D|DC3D|DCC3D|AC3D|SC|Q3D)(\d+)", SPACE), (r"STRI(3)", PLANE), (r"STRI(6)5", PLANE),
    (r"(?:CPS|CPE|CPEG|CAX|CGAX|DC2D|DCAX|DCC2D|DCCAX|AC2D|ACAX|M3D|R3D|SFM3D|DS|S)(\d)", PLANE),
    (r"(?:T2D|T3D|DC1D|R2D|SAX|FRAME\dD)(\d)", LINE),
)  # fmt: skip
# The sides S1, S2, ... of elements by their corners; those of plane ones are the edges in their order.
SIDES = {
    "tetra": ((0, 1, 2), (0, 3, 1), (1, 3, 2), (2, 3, 0)),
    "pyramid": ((0, 1, 2, 3), (0, 4, 1), (1, 4, 2), (2, 4, 3), (3, 4, 0)),
    "wedge": ((0, 1, 2), (3, 5, 4), (0, 3, 4, 1), (1, 4, 5, 2), (2, 5, 3, 0)),
    "hexahedron": ((0, 1, 2, 3), (4, 7, 6, 5), (0, 4, 5, 1), (1, 5, 6, 2), (2, 6, 7, 3), (3, 7, 4, 0)),
}
EDGE = {2: "line", 3: "triangle", 4: "quad"}  # a side by its corners
Lines = Iterator[tuple[str, dict[str, str], list[list[str]]]]


@dataclass
class Deck:
    """What an input file holds.

    Parameters
    ----------
    nodes : dict from number to place
    cells : dict from number to (kind, numbers of nodes)
    nodesets, cellsets : dict from name to numbers
    surfaces : dict from name to pairs of a set and a side
    hidden : names of sets that Abaqus made for itself
    """

    nodes: dict[int, list[float]] = field(default_factory=dict)
    cells: dict[int, tuple[str, list[int]]] = field(default_factory=dict)
    nodesets: dict[str, list[int]] = field(default_factory=dict)
    cellsets: dict[str, list[int]] = field(default_factory=dict)
    surfaces: dict[str, list[list[str]]] = field(default_factory=dict)
    hidden: set[str] = field(default_factory=set)


def read_abaqus(path: Path) -> Any:
    """Points, cells, and sets of cells; sides in surfaces and between the nodes of a set are lines or faces in sets."""
    import meshio  # only who has a mesh waits for it

    deck = _deck(path)
    number = {tag: k for k, tag in enumerate(deck.nodes)}
    points = np.zeros((len(number), 3))
    for k, place in enumerate(deck.nodes.values()):
        points[k, : len(place)] = place[:3]
    blocks: dict[str, list[tuple[int, list[int]]]] = {}
    for tag, (kind, nodes) in deck.cells.items():
        blocks.setdefault(kind, []).append((tag, [number[n] for n in nodes]))
    cells = [(kind, np.array([nodes for _, nodes in of])) for kind, of in blocks.items()]
    sets: dict[str, list[np.ndarray]] = {}
    for name, members in deck.cellsets.items():
        if name not in deck.hidden:
            sets[name] = [np.flatnonzero(np.isin([tag for tag, _ in of], members)) for of in blocks.values()]
    for name, faces in _faces(deck).items():
        for count in sorted({len(face) for face in faces}):
            rows = [[number[n] for n in face] for face in faces if len(face) == count]
            nothing = [np.zeros(0, dtype=int)] * (len(cells) - len(sets.get(name, [])))
            sets[name] = [*sets.get(name, []), *nothing, np.arange(len(rows))]
            cells.append((EDGE[count], np.array(rows)))
    every = {n: [*of, *[np.zeros(0, dtype=int)] * (len(cells) - len(of))] for n, of in sets.items()}
    return meshio.Mesh(points, cells, cell_sets=every)


def _faces(deck: Deck) -> dict[str, list[tuple[int, ...]]]:
    """The sides of cells in each surface, and those all of whose corners are in a set of nodes."""
    found: dict[str, list[tuple[int, ...]]] = {}
    for name, told in deck.surfaces.items():
        for of, side in told:
            members = deck.cellsets.get(of, [int(of)] if of.isdigit() else [])
            if side[:1] == "S" and side[1:].isdigit():
                found.setdefault(name, []).extend(_side(*deck.cells[tag], int(side[1:]) - 1) for tag in members)
    whole = set(deck.nodes)
    for name, nodes in sorted(deck.nodesets.items(), key=lambda of: len(of[1])):
        mine = set(nodes)
        if name in deck.hidden or mine >= whole:
            continue
        for kind, corners in deck.cells.values():
            plain = kind_of(kind)
            if plain is not None and plain in FACES and len(mine.intersection(corners[: CORNERS[plain]])) > 1:
                faces = [tuple(corners[k] for k in face) for face in FACES[plain]]
                if inside := [face for face in faces if mine.issuperset(face)]:
                    found.setdefault(name, []).extend(inside)
    return found


def _side(kind: str, nodes: list[int], side: int) -> tuple[int, ...]:
    plain = str(kind_of(kind))
    return tuple(nodes[k] for k in SIDES.get(plain, FACES.get(plain, ()))[side])


def _deck(path: Path) -> Deck:
    deck, parts = Deck(), 0
    for word, told, rows in _blocks(path):
        if word == "PART":
            parts += 1
        elif word == "NODE":
            deck.nodes.update({int(row[0]): [float(x) for x in row[1:4]] for row in rows})
            _add(deck.nodesets, told.get("NSET"), [int(row[0]) for row in rows])
        elif word == "ELEMENT":
            kind, count = _kind(told.get("TYPE", ""), path)
            flat = [int(x) for row in rows for x in row]
            each = [flat[k : k + count + 1] for k in range(0, len(flat), count + 1)]
            deck.cells.update({row[0]: (kind, row[1:]) for row in each})
            _add(deck.cellsets, told.get("ELSET"), [row[0] for row in each])
        elif word in ("ELSET", "NSET"):
            known = deck.cellsets if word == "ELSET" else deck.nodesets
            _add(known, told.get(word), _members(rows, known, "GENERATE" in told))
            deck.hidden |= {told[word]} if "INTERNAL" in told and word in told else set()
        elif word == "SURFACE":
            if told.get("TYPE", "ELEMENT").upper() == "NODE":
                _add(deck.nodesets, told.get("NAME"), _members([row[:1] for row in rows], deck.nodesets, False))
            else:
                deck.surfaces.setdefault(told.get("NAME", ""), []).extend(
                    [row[0], row[1].upper()] for row in rows if row[1:]
                )
    if parts > 1:
        raise ProblemError(f"Mesh: {path} holds {parts} parts", "Write one part, or merge them into one.")
    return deck


def _blocks(path: Path) -> Lines:
    """Each keyword with what stands behind it, and its rows of words."""
    word, told, rows = "", dict[str, str](), list[list[str]]()
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("**") or not line.strip():
            continue
        if not line.startswith("*"):
            rows.append([w.strip().strip('"') for w in line.split(",") if w.strip()])
            continue
        yield word, told, rows
        first, *more = line[1:].split(",")
        pairs = [m.partition("=") for m in more]
        word, rows = first.strip().upper(), []
        told = {key.strip().upper(): value.strip().strip('"') for key, _, value in pairs}
        if word == "INCLUDE":
            yield from _blocks(path.parent / told.get("INPUT", ""))
    yield word, told, rows


def _members(rows: list[list[str]], known: dict[str, list[int]], ranges: bool) -> list[int]:
    if ranges:
        every = [[int(x) for x in row] for row in rows]
        return [n for row in every for n in range(row[0], row[1] + 1, row[2] if len(row) > 2 else 1)]
    words = [w for row in rows for w in row]
    return [n for w in words for n in ([int(w)] if w.isdigit() else known.get(w, []))]


def _add(known: dict[str, list[int]], name: str | None, members: list[int]) -> None:
    if name:
        known.setdefault(name, []).extend(members)


def _kind(name: str, path: Path) -> tuple[str, int]:
    """The kind of cells of elements, and how many nodes they have."""
    if found := re.fullmatch(r"B[23]([12])\w*", name.upper()):
        return LINE[1 + int(found[1])], 1 + int(found[1])
    for pattern, kinds in FAMILIES:
        if (found := re.match(pattern, name.upper())) and int(found[1]) in kinds:
            return kinds[int(found[1])], int(found[1])
    raise ProblemError(
        f"Mesh: {path} holds elements of the type {name or 'that is not said'}",
        "Possible are solids, shells, membranes and their like for heat: C3D10, CPS6, DC2D4, S3.",
    )
