"""Meshes in Abaqus' input files: nodes, elements, and sets of both; surfaces by elements' sides or by nodes; parts, and
assemblies of their instances, which are joined where nodes coincide.

meshio knows few kinds of elements (none for heat), reads no surfaces and no assemblies, and keeps one set of a cell in
several.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from pathlib import Path
from typing import Any

import numpy as np

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.geometry.mesh_deck import Deck, Side, Tag
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
# Keywords by which nodes and elements come about otherwise than by their lines.
GENERATED = ("NGEN", "NFILL", "NCOPY", "NMAP", "ELGEN", "ELCOPY", "SYSTEM")
Lines = Iterator[tuple[str, dict[str, str], list[list[str]]]]


def read_abaqus(path: Path) -> Any:
    """Points, cells, and sets of cells; sides in surfaces and between the nodes of a set are lines or faces in sets."""
    import meshio  # only who has a mesh waits for it

    deck = _deck(path)
    same = deck.same()
    number = {tag: k for k, tag in enumerate(t for t, one in same.items() if t == one)}
    number |= {tag: number[one] for tag, one in same.items()}
    points = np.zeros((len(set(same.values())), 3))
    for tag, place in deck.nodes.items():
        points[number[tag], : len(place)] = place[:3]
    blocks: dict[str, list[tuple[Tag, list[int]]]] = {}
    for tag, (kind, nodes) in deck.cells.items():
        if lost := [n for n in nodes if n not in number]:
            raise ProblemError(
                f"Mesh: {path} holds the element {tag[1]}, whose node {lost[0][1]} is not found",
                "Write all nodes of elements in lines behind *NODE.",
            )
        blocks.setdefault(kind, []).append((tag, [number[n] for n in nodes]))
    cells = [(kind, np.array([nodes for _, nodes in of])) for kind, of in blocks.items()]
    sets: dict[str, list[np.ndarray]] = {}
    for name, members in deck.cellsets.items():
        if name not in deck.hidden:
            chosen = set(members)
            mine = [[k for k, (tag, _) in enumerate(of) if tag in chosen] for of in blocks.values()]
            sets[deck.written[name]] = [np.array(rows, dtype=int) for rows in mine]
    for key, faces in _faces(deck).items():
        name = deck.written[key]
        for count in sorted({len(face) for face in faces}):
            rows = [[number[n] for n in face] for face in faces if len(face) == count]
            nothing = [np.zeros(0, dtype=int)] * (len(cells) - len(sets.get(name, [])))
            sets[name] = [*sets.get(name, []), *nothing, np.arange(len(rows))]
            cells.append((EDGE[count], np.array(rows)))
    every = {n: [*of, *[np.zeros(0, dtype=int)] * (len(cells) - len(of))] for n, of in sets.items()}
    return meshio.Mesh(points, cells, cell_sets=every)


def _faces(deck: Deck) -> dict[str, list[tuple[Tag, ...]]]:
    """The sides of cells in each surface, and those all of whose corners are in a set of nodes."""
    found: dict[str, list[tuple[Tag, ...]]] = {}
    for name, told in deck.surfaces.items():
        for of, side in told if name not in deck.hidden else ():
            members = deck.members(deck.cellsets, [of], "", name) if isinstance(of, str) else [of]
            if side[:1] == "S" and side[1:].isdigit():
                found.setdefault(name, []).extend(_side(*deck.cells[tag], int(side[1:]) - 1) for tag in members)
    scopes = {scope for scope, _ in deck.cells}  # Abaqus/CAE makes a set of all nodes of a part with each section
    wholes = [{tag for tag in deck.nodes if tag[0] == scope} for scope in scopes]
    for name, nodes in sorted(deck.nodesets.items(), key=lambda of: len(of[1])):
        mine = set(nodes)
        if name in deck.hidden or any(mine >= whole for whole in wholes):
            continue
        for kind, corners in deck.cells.values():
            plain = kind_of(kind)
            if plain is not None and plain in FACES and len(mine.intersection(corners[: CORNERS[plain]])) > 1:
                faces = [tuple(corners[k] for k in face) for face in FACES[plain]]
                if inside := [face for face in faces if mine.issuperset(face)]:
                    found.setdefault(name, []).extend(inside)
    return found


def _side(kind: str, nodes: list[Tag], side: int) -> tuple[Tag, ...]:
    plain = str(kind_of(kind))
    return tuple(nodes[k] for k in SIDES.get(plain, FACES.get(plain, ()))[side])


def _deck(path: Path) -> Deck:
    root, parts, instances = Deck(), dict[str, Deck](), list[str]()
    here, name, place = root, "", list[list[str]]()
    for word, told, rows in _blocks(path):
        if word == "PART":
            here = parts.setdefault(told.get("NAME", "").upper(), Deck())
            root.written.setdefault(told.get("NAME", "").upper(), told.get("NAME", ""))
        elif word == "INSTANCE":
            name, place = told.get("NAME", ""), rows
            here = deepcopy(_part(parts, told["PART"], name, path)) if told.get("PART") else Deck()
        elif word == "END INSTANCE":
            root.take(here.placed(name, place))
            instances.append(name)
            here = root
        elif word == "END PART":
            here = root
        else:
            _read(here, word, told, rows, path)
    if parts and not instances:  # no assembly
        if len(parts) == 1 and not root.nodes:
            return next(iter(parts.values()))
        instances = [root.written[key] for key in parts]
        for key, part in parts.items():
            root.take(part.placed(root.written[key], []))
    return root.assembled(instances)


def _part(parts: dict[str, Deck], called: str, instance: str, path: Path) -> Deck:
    if called.upper() not in parts:
        raise ProblemError(
            f"Mesh: {path} has no part '{called}', of which {instance} is an instance",
            did_you_mean(called.upper(), list(parts)),
        )
    return parts[called.upper()]


def _read(deck: Deck, word: str, told: dict[str, str], rows: list[list[str]], path: Path) -> None:
    """Take up one keyword."""
    scope = told.get("INSTANCE", "").upper()
    if word in GENERATED or (word == "NODE" and told.get("SYSTEM", "R").upper() != "R"):
        raise ProblemError(
            f"Mesh: {path} makes nodes or elements by *{word}{', SYSTEM' * (word == 'NODE')}, which is not read",
            "Write the mesh with all of its nodes and elements, as Abaqus/CAE does, in Cartesian coordinates.",
        )
    if word == "NODE":
        deck.nodes.update({("", int(row[0])): [float(x) for x in row[1:4]] for row in rows})
        deck.add(deck.nodesets, told.get("NSET"), [("", int(row[0])) for row in rows])
    elif word == "ELEMENT":
        kind, count = _kind(told.get("TYPE", ""), path)
        flat = [int(x) for row in rows for x in row]
        each = [flat[k : k + count + 1] for k in range(0, len(flat), count + 1)]
        deck.cells.update({("", row[0]): (kind, [("", n) for n in row[1:]]) for row in each})
        deck.add(deck.cellsets, told.get("ELSET"), [("", row[0]) for row in each])
    elif word in ("ELSET", "NSET"):
        known, name = deck.cellsets if word == "ELSET" else deck.nodesets, told.get(word, "")
        words = _counted(rows) if "GENERATE" in told else [w for row in rows for w in row]
        deck.add(known, name, deck.members(known, words, scope, name))
        deck.hidden |= {name.upper()} if "INTERNAL" in told else set()
    elif word == "SURFACE":
        name = told.get("NAME", "")
        if told.get("TYPE", "ELEMENT").upper() == "NODE":
            deck.add(deck.nodesets, name, deck.members(deck.nodesets, [row[0] for row in rows], scope, name))
        else:
            deck.add(deck.surfaces, name, [_one_side(row) for row in rows if row[1:]])


def _one_side(row: list[str]) -> Side:
    where, _, number = row[0].rpartition(".")
    return (where.upper(), int(number)) if number.isdigit() else row[0].upper(), row[1].upper()


def _blocks(path: Path) -> Lines:
    """Each keyword with what stands behind it, and its rows of words."""
    word, told, rows = "", dict[str, str](), list[list[str]]()
    begun = ""  # a keyword's line that ends with a comma goes on in the next one
    for line in path.read_text(errors="replace").splitlines():
        if line.startswith("**") or not line.strip():
            continue
        if not line.startswith("*") and not begun:
            rows.append([w.strip().strip('"') for w in line.split(",") if w.strip()])
            continue
        begun += line.strip()
        if begun.endswith(","):
            continue
        yield word, told, rows
        first, *more = begun[1:].split(",")
        pairs = [m.partition("=") for m in more]
        word, rows, begun = " ".join(first.split()).upper(), [], ""
        told = {key.strip().upper(): value.strip().strip('"') for key, _, value in pairs}
        if word == "INCLUDE":
            yield from _blocks(path.parent / told.get("INPUT", ""))
    yield word, told, rows


def _counted(rows: list[list[str]]) -> list[str]:
    """The numbers from, to, and in steps of."""
    every = [[int(x) for x in row] for row in rows]
    return [str(n) for row in every for n in range(row[0], row[1] + 1, row[2] if len(row) > 2 else 1)]


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
