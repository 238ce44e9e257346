"""Vector fields over a plane: how large they are, and their streamlines."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import Normalize

from pinnsolve.problem.vector_fields import vector_fields
from pinnsolve.report.axes import Draw
from pinnsolve.report.fields import Outline, Sampled, finite, limits
from pinnsolve.report.grids import Array, Axis, ratio
from pinnsolve.report.layout import LAYOUT
from pinnsolve.report.maps import mapped
from pinnsolve.report.record import Report


def flows(run: Report, shown: Mapping[str, Sampled], edge: Outline | None) -> list[Draw]:
    """Each vector field of which all components in the plane are shown: the solution, then the reference on the same
    scale, where there is one."""
    found, space = list[Draw](), run.solution.problem.space_coordinates
    for components in vector_fields(run.solution.problem):
        mine = [u for u, c in zip(components, space, strict=True) if c in next(iter(shown.values())).grid.axes]
        if len(mine) == 2 and all(u in shown for u in mine):
            found += _flow(mine, [shown[u] for u in mine], edge)
    return found


def _flow(names: list[str], fields: list[Sampled], edge: Outline | None) -> list[Draw]:
    over = fields[0].grid.axes
    both = [np.stack([f.solution for f in fields])]
    if all(f.reference is not None for f in fields):
        both.append(np.stack([f.reference for f in fields if f.reference is not None]))
    sizes = [np.hypot(*v) for v in both]
    norm = Normalize(*limits(*sizes))
    field = replace(fields[0], solution=sizes[0], reference=sizes[1] if len(sizes) > 1 else None)
    found = []
    for vector, size, what in zip(both, sizes, ("solution", "reference"), strict=False):
        below = mapped(f"|({', '.join(names)})|", field, size, norm, f"{what}, streamlines", edge)
        found.append(_lined(below, over, vector))
    return found


def _lined(below: Draw, over: Axis, vector: Array) -> Draw:
    def draw(axes: Axes) -> None:
        below(axes)
        if not finite(np.hypot(*vector)).max(initial=0.0) > 0.0:
            return  # nothing flows
        (xs, ys), wide, (u, v) = over.values(), (ratio(over) or 1.0) ** 0.5, (np.ma.masked_invalid(c.T) for c in vector)
        density = (LAYOUT.streams * wide, LAYOUT.streams / wide)
        axes.streamplot(xs, ys, u, v, density=density, color="white", linewidth=0.8, arrowsize=0.8)

    return draw
