"""The groups of a mesh's cells: physical groups, cell sets, references."""

from __future__ import annotations

from typing import Any

import numpy as np

TAGS = ("gmsh:physical", "medit:ref", "cell_tags")
OTHERS = ("gmsh:geometrical", "gmsh:dim_tags")  # what cells were made from, and no group of the user's


def groups(mesh: Any, dimensions: list[int]) -> list[list[tuple[str, ...]]]:
    """The names of the groups of each cell, block by block.

    Parameters
    ----------
    mesh : meshio.Mesh
    dimensions : list of int
        Of the cells of each block; minus one for those that are not read.
    """
    names = {(int(tag), int(of)): name for name, (tag, of) in mesh.field_data.items()}
    tags, sets = _tags(mesh), _sets(mesh)
    found: list[list[tuple[str, ...]]] = []
    for k, (block, dimension) in enumerate(zip(mesh.cells, dimensions, strict=True)):
        called: list[tuple[str, ...]] = [()] * len(block.data)
        if dimension >= 0 and tags is not None:
            for row, tag in enumerate(np.asarray(tags[k]).astype(np.int64).tolist()):
                name = names.get((tag, dimension)) or str(tag)
                called[row] = (name,) if tag > 0 or (tag, dimension) in names else ()
        for name, parts in sets.items() if dimension >= 0 else ():
            for row in parts[k]:
                called[int(row)] += (name,) * (name not in called[int(row)])
        found.append(called)
    return found


def _tags(mesh: Any) -> Any:
    """Numbers by block: those that are known to be references, or the only whole numbers that there are."""
    for name in TAGS:
        if name in mesh.cell_data:
            return mesh.cell_data[name]
    whole = [name for name, told in mesh.cell_data.items() if name not in OTHERS and _whole(told)]
    return mesh.cell_data[whole[0]] if len(whole) == 1 and not _written(mesh, whole[0]) else None


def _sets(mesh: Any) -> dict[str, list[Any]]:
    """The rows of named sets by block; formats without them hold numbers under all the names, "inlet-outlet"."""
    found = {
        name: [() if rows is None else np.atleast_1d(rows) for rows in parts]
        for name, parts in mesh.cell_sets.items() if not name.startswith("gmsh:")
    }  # fmt: skip
    for key, told in mesh.cell_data.items():
        if key not in (*TAGS, *OTHERS) and _whole(told):
            for number, name in enumerate(_written(mesh, key)):
                found[name] = [np.flatnonzero(np.asarray(block) == number) for block in told]
    return found


def _written(mesh: Any, key: str) -> list[str]:
    """The names of sets that were written as numbers; nothing where they were not."""
    names, told = key.split("-"), [np.asarray(block) for block in mesh.cell_data[key]]
    values = {int(v) for block in told for v in np.unique(block)} - {-1}
    letters = all(name.strip() and not name.strip().isdigit() for name in names)
    several = len(names) > 1 or any((block == -1).any() for block in told)
    return names if letters and several and values == set(range(len(names))) else []


def _whole(told: Any) -> bool:
    return all(np.asarray(block).ndim == 1 and np.asarray(block).dtype.kind in "iu" for block in told)
