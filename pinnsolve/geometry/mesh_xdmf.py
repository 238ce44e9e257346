"""Meshes in XDMF, of any version: the first moment of a series, several grids over the same points as blocks.

meshio reads no series as a mesh, no grids beside each other (as DOLFINx writes groups), and no version but 2 and 3.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

import numpy as np

from pinnsolve.errors import ProblemError

# Kinds of cells by their names in lower letters, their number in mixed lists, and how many nodes they have.
KINDS = {
    "polyvertex": ("vertex", 1, 1), "polyline": ("line", 2, 2), "triangle": ("triangle", 4, 3),
    "quadrilateral": ("quad", 5, 4), "tetrahedron": ("tetra", 6, 4), "pyramid": ("pyramid", 7, 5),
    "wedge": ("wedge", 8, 6), "hexahedron": ("hexahedron", 9, 8), "edge_3": ("line3", 34, 3),
    "triangle_6": ("triangle6", 36, 6), "tri_6": ("triangle6", 36, 6), "quadrilateral_8": ("quad8", 37, 8),
    "quad_8": ("quad8", 37, 8), "quadrilateral_9": ("quad9", 35, 9), "quad_9": ("quad9", 35, 9),
    "tetrahedron_10": ("tetra10", 38, 10), "tet_10": ("tetra10", 38, 10), "pyramid_13": ("pyramid13", 39, 13),
    "wedge_15": ("wedge15", 40, 15), "wedge_18": ("wedge18", 41, 18), "hexahedron_20": ("hexahedron20", 48, 20),
    "hex_20": ("hexahedron20", 48, 20), "hexahedron_27": ("hexahedron27", 50, 27), "hex_27": ("hexahedron27", 50, 27),
}  # fmt: skip
BY_NUMBER = {number: (kind, nodes) for kind, number, nodes in KINDS.values()}


def read_xdmf(path: Path) -> Any:
    """Points, cells, and whole numbers of cells as meshio.Mesh has them.

    Raises
    ------
    ProblemError
        If it is no XDMF of points and cells, or its heavy data are not there.
    """
    import meshio  # only who has a mesh waits for it

    try:
        root = ElementTree.parse(path).getroot()
    except ElementTree.ParseError as error:
        raise ProblemError(f"Mesh: {path} is no XML ({error})", "Write the mesh anew.") from None
    points: np.ndarray | None = None
    blocks: dict[str, Block] = {}
    for grid in _uniform(root):
        geometry, topology = grid.find("Geometry"), grid.find("Topology")
        if geometry is not None and points is None:
            points = _points(geometry, path)
        if topology is not None:
            values = _values(grid, path)
            for kind, nodes, where in _cells(topology, path):
                blocks.setdefault(kind, Block()).add(nodes, {name: v[where] for name, v in values.items()})
    if points is None or not blocks:
        raise ProblemError(
            f"Mesh: {path} holds no points and cells of its own",
            "A grid needs Topology and Geometry; regular ones (CoRectMesh) are a Box(...).",
        )
    names = dict.fromkeys(name for block in blocks.values() for name in block.values)
    alone = all(len(block.values) <= 1 for block in blocks.values())  # cells and sides may have names of their own
    data: dict[str, list[np.ndarray]] = {}
    for name in ["cell_tags"] if alone and names else names:
        data[name] = [block.told(next(iter(block.values), "") if alone else name) for block in blocks.values()]
    return meshio.Mesh(points, [(kind, block.nodes) for kind, block in blocks.items()], cell_data=data)


class Block:
    """The cells of one kind, with whole numbers of each; cells that are told twice are one."""

    def __init__(self) -> None:
        self.rows: dict[tuple[int, ...], int] = {}
        self.values: dict[str, dict[int, int]] = {}

    def add(self, nodes: np.ndarray, values: dict[str, np.ndarray]) -> None:
        numbers = [self.rows.setdefault(tuple(row), len(self.rows)) for row in nodes.tolist()]
        for name, told in values.items():
            self.values.setdefault(name, {}).update(zip(numbers, told.tolist(), strict=True))

    @property
    def nodes(self) -> np.ndarray:
        return np.array(list(self.rows))

    def told(self, name: str) -> np.ndarray:
        known = self.values.get(name, {})
        return np.array([known.get(k, 0) for k in range(len(self.rows))], dtype=np.int64)


def _values(grid: Any, path: Path) -> dict[str, np.ndarray]:
    """The whole numbers of its cells, by name."""
    found = {}
    for attribute in grid.findall("Attribute"):
        item = attribute.find("DataItem")
        if item is not None and attribute.get("Center", "Node").lower() == "cell":
            values = _data(item, path).reshape(-1)
            if np.array_equal(values, np.round(values)):
                found[attribute.get("Name", "")] = values.astype(np.int64)
    return found


def _uniform(node: Any) -> Iterator[Any]:
    """Grids of points and cells; of a series in time the first."""
    for grid in node.findall("Domain") + node.findall("Grid"):
        kind = grid.get("GridType", grid.get("Type", "Uniform")).lower()
        if grid.tag == "Grid" and kind == "uniform":
            yield grid
        elif grid.get("CollectionType", "").lower() == "temporal":
            yield from list(_uniform(grid))[:1]
        else:
            yield from _uniform(grid)


def _points(geometry: Any, path: Path) -> np.ndarray:
    kind = geometry.get("GeometryType", geometry.get("Type", "XYZ")).upper()
    items = [_data(item, path) for item in geometry.findall("DataItem")]
    if kind in ("XYZ", "XY") and len(items) == 1:
        flat = items[0].reshape(-1, len(kind)).astype(float)
    elif kind in ("X_Y_Z", "X_Y"):
        flat = np.stack([item.reshape(-1) for item in items], 1).astype(float)
    else:
        raise ProblemError(f"Mesh: the points of {path} are of the type {kind}", "Possible: XYZ, XY, X_Y_Z.")
    return flat


def _cells(topology: Any, path: Path) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Kinds, nodes, and which cells of the list they are."""
    name = topology.get("TopologyType", topology.get("Type", "")).lower()
    item = topology.find("DataItem")
    if item is None or (name != "mixed" and name not in KINDS):
        raise ProblemError(
            f"Mesh: {path} holds cells of the type '{name}'", f"Possible: Mixed, {', '.join(sorted(KINDS))}."
        )
    nodes = _data(item, path).astype(int)
    if name == "mixed":
        return _mixed(nodes.reshape(-1), path)
    kind, _, each = KINDS[name]
    nodes = nodes.reshape(-1, each)
    return [(kind, nodes, np.arange(len(nodes)))]


def _mixed(flat: np.ndarray, path: Path) -> list[tuple[str, np.ndarray, np.ndarray]]:
    """Each cell is its number and its nodes; of points and lines there stands how many, too."""
    found: dict[str, list[tuple[np.ndarray, int]]] = {}
    at = number = 0
    while at < len(flat):
        if (code := int(flat[at])) not in BY_NUMBER:
            raise ProblemError(f"Mesh: {path} holds cells of XDMF's kind {code}", "Write linear or quadratic cells.")
        kind, each = BY_NUMBER[code]
        at += 2 if code in (1, 2) else 1
        found.setdefault(kind, []).append((flat[at : at + each], number))
        at, number = at + each, number + 1
    return [(kind, np.stack([n for n, _ in of]), np.array([k for _, k in of])) for kind, of in found.items()]


def _data(item: Any, path: Path) -> np.ndarray:
    """The numbers of a DataItem, wherever they are."""
    shape = [int(n) for n in item.get("Dimensions", "-1").split()]
    text, kind = (item.text or "").strip(), item.get("Format", "XML").upper()
    if item.get("Reference") or item.get("ItemType", "Uniform").lower() != "uniform":
        raise ProblemError(
            f"Mesh: {path} holds data by reference or in parts (HyperSlab)", "Write its numbers plainly, or a .vtu."
        )
    if kind == "XML":
        return np.array(text.split(), dtype=float).reshape(shape)
    name, _, inside = text.partition(":")
    file = path.parent / name.strip()
    if not file.exists():
        raise ProblemError(f"Mesh: the numbers of {path} are in {file}, which is not there", "Put it beside the other.")
    if kind == "BINARY":
        order = ">" if item.get("Endian", "Native").lower() == "big" else "<"
        letter = {"float": "f", "int": "i", "uint": "u", "char": "i", "uchar": "u"}
        dtype = order + letter[item.get("NumberType", "Float").lower()] + item.get("Precision", "4")
        return np.fromfile(file, dtype, int(np.prod(shape)), offset=int(item.get("Seek", "0"))).reshape(shape)
    try:
        import h5py  # only who has such data waits for it
    except ImportError:
        raise ProblemError(
            f"Mesh: {path} cannot be read without the package h5py: its numbers are in {file}",
            "Install it (pip install h5py), or save the mesh in another format: .msh, .vtu, .vtk.",
        ) from None
    with h5py.File(file, "r") as heavy:
        if inside not in heavy:
            raise ProblemError(f"Mesh: {file} has no '{inside}', which {path} names", "Write both anew.")
        return np.asarray(heavy[inside]).reshape(shape)
