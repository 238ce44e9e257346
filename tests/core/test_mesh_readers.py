"""Meshes by Gmsh 4.1 and in XDMF that meshio does not read, each written here by the format's own description."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from pinnsolve import Mesh, ProblemError
from pinnsolve.geometry.named import parts

POINTS = np.array([[0, 0, 0], [1, 0, 0], [2, 0, 0], [0, 1, 0], [1, 1, 0], [2, 1, 0]], dtype=float)
STEEL, AIR = [[1, 2, 5], [1, 5, 4]], [[2, 3, 6], [2, 6, 5]]  # nodes from one, as Gmsh counts
Told = list[tuple[str, list[Any]]]


def gmsh(path: Path, order: str = "", partitioned: bool = False) -> None:
    """Two squares: "st eel" and "air", "in let" on the left, which is of the group "all" with the right, too; no group
    above and below. The nodes of curves have parameters, and there is a curve without anything."""
    i, u, f = "i4", "u8", "f8"

    def entity(tag: int, groups: list[int]) -> Told:
        of: Told = [(i, [1, tag]), (u, [2]), (i, [1, 2])] if partitioned else []
        return [(i, [tag]), *of, (f, [0] * 6), (u, [len(groups)]), (i, groups), (u, [0])]

    entities: Told = [(u, [2]), (u, [1]), (i, [3, 1])] if partitioned else []
    entities.append((u, [0, 4, 2, 0]))
    for tag, groups in ((1, [7, -8]), (2, [8]), (3, []), (9, [])):
        entities += entity(tag, groups)
    entities += entity(1, [5]) + entity(2, [6])
    nodes: Told = [(u, [2, 6, 1, 6])]
    nodes += [(i, [1, 1, 1]), (u, [2]), (u, [1, 4])]
    for k in (0, 3):
        nodes.append((f, [*POINTS[k], 0.5]))
    nodes += [(i, [2, 1, 1]), (u, [4]), (u, [2, 3, 5, 6])]
    for k in (1, 2, 4, 5):
        nodes.append((f, [*POINTS[k], 0.1, 0.2]))
    blocks = [
        (1, 1, 1, [[1, 4]]), (1, 2, 1, [[3, 6]]), (1, 3, 1, [[1, 2], [2, 3]]), (2, 1, 2, STEEL), (2, 2, 2, AIR),
        (0, 1, 15, [[1]]),
    ]  # fmt: skip
    elements: Told = [(u, [len(blocks), 9, 1, 9])]
    number = 0
    for dimension, tag, kind, rows in blocks:
        elements += [(i, [dimension, tag, kind]), (u, [len(rows)])]
        for row in rows:
            number += 1
            elements.append((u, [number, *row]))
    names = b'4\n1 7 "in let"\n1 8 "all"\n2 5 "st eel"\n2 6 "air"\n'
    told = [b"$MeshFormat\n4.1 %d 8\n" % bool(order)]
    told += [np.array([1], order + "i4").tobytes() + b"\n"] if order else []
    told += [
        b"$EndMeshFormat\n$Comments\nby hand $Nodes\n$EndComments\n$PhysicalNames\n",
        names,
        b"$EndPhysicalNames\n",
    ]
    for name, section in (
        ("PartitionedEntities" if partitioned else "Entities", entities),
        ("Nodes", nodes),
        ("Elements", elements),
    ):
        told.append(f"${name}\n".encode())
        for kind, values in section:
            plain = " ".join(map(str, values)).encode() + b"\n"
            told.append(np.array(values, order + kind).tobytes() if order else plain)
        told.append(f"\n$End{name}\n".encode())
    path.write_bytes(b"".join(told))


@pytest.mark.parametrize("partitioned", [False, True])
@pytest.mark.parametrize("order", ["", "<", ">"])
def test_gmsh_41_with_parameters_partitions_and_groups_of_some(order: str, partitioned: bool, tmp_path: Path) -> None:
    gmsh(tmp_path / "two.msh", order, partitioned)
    mesh = Mesh(tmp_path / "two.msh")
    assert mesh.measure == pytest.approx(2.0) and sorted(parts(mesh)) == ["air", "st eel"]
    assert parts(mesh)["st eel"]().bounds == {"x": (0, 1), "y": (0, 1)}
    assert {s.names: s.size for s in mesh.sides if s.called != "rim"} == {
        ("in let", "all", "in let"): 1.0, ("all", "all"): 1.0,
    }  # fmt: skip
    assert sum(s.size for s in mesh.sides if s.called == "rim") == pytest.approx(4.0)


def test_a_gmsh_file_that_is_cut_off_says_so(tmp_path: Path) -> None:
    gmsh(tmp_path / "two.msh")
    text = (tmp_path / "two.msh").read_text()
    (tmp_path / "cut.msh").write_text(text[: text.index("$EndElements")])
    with pytest.raises(ProblemError, match=r"no whole section \$Elements"):
        Mesh(tmp_path / "cut.msh")
    (tmp_path / "strange.msh").write_text(text.replace("2 1 2\n", "2 1 36\n"))
    with pytest.raises(ProblemError, match="kind 36"):
        Mesh(tmp_path / "strange.msh")
    (tmp_path / "few.msh").write_text(text.replace("2.0 1.0 0.0 0.1 0.2\n", ""))
    with pytest.raises(ProblemError, match=r"few.msh cannot be read"):
        Mesh(tmp_path / "few.msh")


def item(values: Any, more: str = "") -> str:
    values = np.asarray(values)
    shape = " ".join(map(str, values.shape))
    return f'<DataItem Dimensions="{shape}" Format="XML" {more}>{" ".join(map(str, values.ravel()))}</DataItem>'


CELLS = np.array(STEEL + AIR) - 1
GEOMETRY = f'<Geometry GeometryType="XY">{item(POINTS[:, :2])}</Geometry>'
TOPOLOGY = f'<Topology TopologyType="Triangle" NumberOfElements="4">{item(CELLS)}</Topology>'
TAGS = f'<Attribute Name="f" Center="Cell">{item([5, 5, 6, 6])}</Attribute>'
GRIDS = {
    "a series in time": f"""<Grid Name="s" GridType="Collection" CollectionType="Temporal">
        <Grid GridType="Uniform"><Time Value="0"/>{GEOMETRY}{TOPOLOGY}{TAGS}</Grid>
        <Grid GridType="Uniform"><Time Value="1"/>{GEOMETRY}{TOPOLOGY}</Grid></Grid>""",
    "groups in grids of their own": f"""<Grid Name="mesh" GridType="Uniform">{GEOMETRY}{TOPOLOGY}</Grid>
        <Grid Name="cell_tags" GridType="Uniform">{TOPOLOGY}{TAGS}</Grid>
        <Grid Name="facet_tags" GridType="Uniform"><Topology TopologyType="PolyLine" NodesPerElement="2">
        {item([[0, 3], [2, 5]])}</Topology><Attribute Name="facet_tags" Center="Cell">{item([7, 8])}</Attribute></Grid>""",
    "cells of several kinds": f"""<Grid><Geometry Type="X_Y">{item(POINTS[:, 0])}{item(POINTS[:, 1])}</Geometry>
        <Topology Type="Mixed" Dimensions="4">{item([5, 0, 1, 4, 3, 4, 1, 2, 5, 4, 1, 5, 4, 2, 2, 0, 3])}</Topology>
        <Attribute Name="f" Center="Cell">{item([5, 6, 6, 7])}</Attribute></Grid>""",
}  # fmt: skip


@pytest.mark.parametrize("name", GRIDS)
def test_xdmf_that_meshio_does_not_read(name: str, tmp_path: Path) -> None:
    for version in ("2.0", "3.0"):
        text = f'<?xml version="1.0"?><!DOCTYPE Xdmf SYSTEM "Xdmf.dtd" []><Xdmf Version="{version}"><Domain>'
        (tmp_path / "two.xdmf").write_text(f"{text}{GRIDS[name]}</Domain></Xdmf>")
        mesh = Mesh(tmp_path / "two.xdmf")
        assert mesh.measure == pytest.approx(2.0) and sorted(parts(mesh)) == ["5", "6"]
        assert parts(mesh)["5"]().bounds == {"x": (0, 1), "y": (0, 1)}
        sides = {s.called: s.size for s in mesh.sides}
        assert name == "a series in time" or sides["7"] == 1.0


@pytest.mark.parametrize(("old", "new", "told"), [
    ('Format="XML" >0.0', 'Format="HDF">away.h5:/x', "which is not there"),
    ('"Triangle"', '"Triangel"', "cells of the type 'triangel'"),
    ('"XY"', '"VXVY"', "of the type VXVY"),
    ('Format="XML" >0.0', 'ItemType="HyperSlab">0.0', "by reference or in parts"),
    ("</Grid>", "</Grit>", "is no XML"),
    ("Topology", "Topologie", "no points and cells"),
], ids=["heavy data", "cells", "points", "parts", "no XML", "no cells"])  # fmt: skip
def test_xdmf_that_is_not_read_says_why(old: str, new: str, told: str, tmp_path: Path) -> None:
    text = f'<Xdmf Version="3.0"><Domain><Grid>{GEOMETRY}{TOPOLOGY}</Grid></Domain></Xdmf>'
    assert old in text
    (tmp_path / "two.xdmf").write_text(text.replace(old, new))
    with pytest.raises(ProblemError, match=told):
        Mesh(tmp_path / "two.xdmf")


def test_xdmf_with_its_numbers_in_bytes(tmp_path: Path) -> None:
    POINTS[:, :2].astype("<f8").tofile(tmp_path / "x.bin")
    with (tmp_path / "c.bin").open("wb") as file:
        file.write(b"12345678" + CELLS.astype(">i4").tobytes())
    (tmp_path / "two.xdmf").write_text(
        '<Xdmf Version="3.0"><Domain><Grid><Geometry Type="XY"><DataItem Dimensions="6 2" Format="Binary" Precision="8" '
        'NumberType="Float">x.bin</DataItem></Geometry><Topology Type="Triangle"><DataItem Dimensions="4 3" Endian="Big" '
        'Format="Binary" NumberType="Int" Precision="4" Seek="8">c.bin</DataItem></Topology></Grid></Domain></Xdmf>'
    )
    assert Mesh(tmp_path / "two.xdmf").measure == pytest.approx(2.0)


ABAQUS = """*HEADING
two squares, in text as people write it
** a comment
*Node, nset=every
1, 0., 0.
2, 1., 0.
3, 2., 0.
4, 0., 1.
5, 1., 1.
6, 2., 1.
*ELEMENT, TYPE=DC2D4, ELSET=plate
10, 1, 2,
5, 4
*Element, type=DC2D3, elset=plate
20, 2, 3, 6
21, 2, 6, 5
*Elset, elset="st eel"
10,
*ELSET, ELSET=_TOP_S3, internal
10
*ELSET, ELSET=air, GENERATE
20, 21, 1
*NSET, NSET=in let
1, 4
*NSET, NSET=all
in let, 3, 6
*SURFACE, NAME=top, TYPE=ELEMENT
_TOP_S3, S3
21, S2
*SURFACE, NAME=right, TYPE=NODE
3
6
*STEP
*BOUNDARY
1, 11, 11, 5.
"""


def test_abaqus_sets_of_elements_nodes_and_surfaces(tmp_path: Path) -> None:
    (tmp_path / "two.inp").write_text(ABAQUS)
    mesh = Mesh(tmp_path / "two.inp")
    assert mesh.measure == pytest.approx(2.0) and sorted(parts(mesh)) == ["air", "plate", "st eel"]
    assert parts(mesh)["air"]().bounds == {"x": (1, 2), "y": (0, 1)}
    names = ("in let", "all", "top", "right", "rim")
    sizes = {name: sum(s.size for s in mesh.sides if name in s.names) for name in names}
    assert sizes == pytest.approx({"in let": 1, "all": 2, "top": 2, "right": 1, "rim": 2})
    (tmp_path / "outer.inp").write_text("*INCLUDE, INPUT=two.inp\n")
    assert Mesh(tmp_path / "outer.inp").measure == pytest.approx(2.0)


PARTS = """*Part, name=Tile
*Node
1, 0., 0.
2, 1., 0.
3, 1., 1.
4, 0., 1.
*Element, type=CPS4,
elset=Set-1
1, 1, 2, 3, 4
*Nset, nset=low
1, 2
*Nset, nset=Set-1
1, 2, 3, 4
*Surface, name=head
Set-1, S3
*End Part
*Part, name=Slab
*Node
1, 5., 0.
2, 5., 1.
3, 3., 1.
4, 3., 0.
*Element, type=CPS4, elset=steel
1, 1, 2, 3, 4
*Elset, elset=_end_S1, internal
1
*Surface, name=end
_end_S1, S1
*End Part
*Assembly, name=Assembly
*Instance, name=Tile-1, part=tile
*End Instance
*Instance, name=Tile-2, part=Tile
1., 0., 0.
1.5, 0.5, 0., 1.5, 0.5, 1., 180.
*End Instance
*Instance, name=Slab-1, part=Slab
-1., 0., 0.
*End Instance
*Elset, elset=both, instance=Tile-1
1,
*Elset, elset=BOTH, instance=Slab-1
1
*Surface, name=outer
Slab-1._end_S1, S1
*End Assembly
"""


def test_abaqus_parts_are_placed_joined_and_keep_their_names(tmp_path: Path) -> None:
    """Two unit squares, the second turned upside down, and a slab beside them: areas, sides and parts as by hand."""
    (tmp_path / "parts.inp").write_text(PARTS)
    mesh = Mesh(tmp_path / "parts.inp")
    assert mesh.measure == pytest.approx(4.0) and mesh.bounds == {"x": (0, 4), "y": (0, 1)}
    names = ("low", "Tile-1.low", "head", "Tile-2.head", "end", "outer")
    sizes = {name: sum(s.size for s in mesh.sides if name in s.names) for name in names}
    assert sizes == pytest.approx({"low": 2, "Tile-1.low": 1, "head": 2, "Tile-2.head": 1, "end": 1, "outer": 1})
    assert sum(s.size for s in mesh.sides) == pytest.approx(2 * 4 + 2), "parts are joined: no sides are between them"
    turned = [s.nodes[0].points[:, 1] for s in mesh.sides if "Tile-2.head" in s.names]
    assert all(bool((y.abs() < 1e-12).all()) for y in turned)
    held = {name: part().measure for name, part in parts(mesh).items()}
    assert held["steel"] == pytest.approx(2) and held["both"] == pytest.approx(3) and held["Slab-1"] == pytest.approx(2)
    assert held["Set-1"] == pytest.approx(2) and held["Tile-2.Set-1"] == pytest.approx(1)
    for old, new, told in (
        ("part=tile", "part=tyle", "no part 'tyle'.*\n.*TILE"), ("*Nset, nset=low", "*Ngen", "NGEN, which is not read"),
        ("Slab-1._end", "Slab-1._and", "the set 'SLAB-1._AND_S1', which is not there"),
        ("1.5, 0.5, 0., ", "1.5, 0.5, ", "placed by 6 numbers"),
    ):  # fmt: skip
        (tmp_path / "bad.inp").write_text(PARTS.replace(old, new))
        with pytest.raises(ProblemError, match=told):
            Mesh(tmp_path / "bad.inp")


def test_sides_of_solids_are_numbered_as_abaqus_does(tmp_path: Path) -> None:
    """A brick, and a wedge beside it: S6 of the brick is at x = 0, S4 of the wedge slants."""
    text = """*NODE
1, 0, 0, 0
2, 1, 0, 0
3, 1, 1, 0
4, 0, 1, 0
5, 0, 0, 1
6, 1, 0, 1
7, 1, 1, 1
8, 0, 1, 1
9, 2, 0, 0
10, 2, 0, 1
*ELEMENT, TYPE=C3D8R
1, 1, 2, 3, 4, 5, 6, 7, 8
*ELEMENT, TYPE=C3D6
2, 2, 9, 3, 6, 10, 7
*SURFACE, NAME=left
1, S6
*SURFACE, NAME=slant
2, S4
*SURFACE, NAME=low
1, S1
2, S1
"""
    (tmp_path / "brick.inp").write_text(text)
    mesh = Mesh(tmp_path / "brick.inp")
    sizes = {name: sum(s.size for s in mesh.sides if name in s.names) for name in ("left", "slant", "low")}
    assert mesh.measure == pytest.approx(1.5) and sizes == pytest.approx({"left": 1, "slant": 2**0.5, "low": 1.5})
    for old, new, told in (("C3D6", "GAPUNI", "elements of the type GAPUNI"), ("9, 2, 0, 0\n", "", "9 is not found")):
        (tmp_path / "bad.inp").write_text(text.replace(old, new))
        with pytest.raises(ProblemError, match=told):
            Mesh(tmp_path / "bad.inp")
