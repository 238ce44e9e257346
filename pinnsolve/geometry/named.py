"""Parts of space by name, as a problem file writes them before it is known of which space."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from pinnsolve.calls import worded
from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.geometry.extruded import Extruded
from pinnsolve.geometry.mesh import Mesh
from pinnsolve.geometry.shape import Combined, Placed, Shape


@dataclass(frozen=True)
class PartName:
    """The part of space that has this name."""

    name: str

    def __repr__(self) -> str:
        return f"part({self.name!r})"

    def of(self, space: Shape | None) -> Shape:
        """The part of a problem's space.

        Raises
        ------
        ProblemError
            If no part of it is called so.
        """
        known = {} if space is None else parts(space)
        if self.name in known:
            return known[self.name]()
        raise ProblemError(
            f"no part of space is called '{self.name}'",
            did_you_mean(self.name, list(known)) if known else
            "Parts have the names of a mesh's groups of cells (physical groups, cell sets, references), or of shapes "
            'that space is made from, name="core".',
        )  # fmt: skip


def parts(space: Shape) -> dict[str, Callable[[], Shape]]:
    """What of a shape has a name of its own: groups of a mesh's cells, and shapes that it is made from."""
    found: dict[str, Callable[[], Shape]] = {} if space.name is None else {space.name: lambda: space}
    if isinstance(space, Mesh):
        return found | {name: partial(space.part, name) for name in space.read.parts}
    if isinstance(space, Combined):
        cut = {} if space.how == "-" else parts(space.second)
        return cut | parts(space.first) | found
    if isinstance(space, Placed):

        def placed(made: Callable[[], Shape]) -> Shape:
            return Placed(made(), space.turn, space.shift)

        return {name: partial(placed, made) for name, made in parts(space.shape).items()}
    if isinstance(space, Extruded):

        def drawn(made: Callable[[], Shape]) -> Shape:
            return Extruded(made(), name=None, **{space.along: space.ends})

        return {name: partial(drawn, made) for name, made in parts(space.shape).items()} | found
    return found


@worded
def part(name: str) -> PartName:
    """A part of space by name, for materials: a group of a mesh's cells (a physical group, a cell set, a reference), or
    a shape that space is made from.

    Examples
    --------
    >>> from pinnsolve import Piecewise
    >>> Piecewise(1.0, (part("steel"), 50.0))
    Piecewise(1, (part('steel'), 50))
    """
    if isinstance(name, int) and not isinstance(name, bool):  # a reference
        return PartName(str(name))
    if not isinstance(name, str):
        raise ProblemError(f"part({name!r}) is no name", 'Write part("steel"), a group of the mesh.')
    return PartName(name)
