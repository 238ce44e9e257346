"""How many cells of space are unlike each other, before anything is factorised."""

from __future__ import annotations

from pinnsolve.cells.condensed import alike, constant
from pinnsolve.cells.faces import faces_in
from pinnsolve.cells.implicit_step import Scheme, Step
from pinnsolve.cells.rows import averaged
from pinnsolve.march.start import at_start
from pinnsolve.networks.tiles import Tiles


def varies(scheme: Scheme, mesh: Tiles) -> bool:
    """Whether slopes of a march vary in space or in time, as a few cells show; over shapes cells are unlike anyway, and
    in other dimensions nobody asks."""
    e = scheme.evolution
    if e.dims < 3 or not e.constant or mesh.region is not None:
        return True
    start, length = at_start(scheme, mesh), e.times[1] - e.times[0]
    step = Step(scheme, mesh, e.times[0], length, start, start.values.expand(scheme.stages, -1, -1, -1))
    inside = step.inside(scheme.points, slopes=True)
    slopes = averaged(inside, scheme.stages, (len(mesh), scheme.in_cell))
    return not constant([slopes], lambda values, same: same)


def unlike(scheme: Scheme, mesh: Tiles) -> int:
    """How many stand for all alike, where slopes do not vary."""
    return len(alike(mesh, faces_in(scheme, mesh).alike, [], constant=True)[0])
