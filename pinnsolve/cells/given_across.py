"""What is given across lines of a plane, or planes of space, for derivatives of a solution by constants."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor

from pinnsolve.cells.faces import Faces, faces_in
from pinnsolve.cells.implicit_step import Step, stretched
from pinnsolve.cells.joints import Told
from pinnsolve.networks.reference_cell import reference_cell
from pinnsolve.networks.spread import by_features, features_at
from pinnsolve.networks.traces import Crossed


def given_by(step: Step, stages: Tensor, constants: Mapping[str, float]) -> Tensor | None:
    """For the derivatives of stages (q, n, F, M) by K constants that stand at these values, on each unknown of faces,
    (q, N, K); nothing where nothing depends on them.

    With  b below + a above = given  joined,  b below' + a above' = given' - (db below + da above).
    """
    faces = faces_in(step.scheme, step.mesh)
    if not faces.told or not any(line.by for line in step.scheme.evolution.crossed):
        return None
    found = stages.new_zeros(len(stages), len(faces.above), len(constants))
    for k, line in enumerate(step.scheme.evolution.crossed):
        derived = {} if line.by is None else line.by(constants)
        for i in range(len(line.relations)):
            mine = [t for t in faces.told if (t.crossed, t.relation) == (k, i)]
            for number, name in enumerate(constants):
                if name in derived and mine:
                    found[..., number] -= _left_over(step, stages, faces, derived[name], mine)
    return found


def _left_over(step: Step, stages: Tensor, faces: Faces, line: Crossed, mine: Sequence[Told]) -> Tensor:
    """What stages leave of one relation, as coefficients on the faces (q, N) on which it stands."""
    mesh, cell, dims = step.mesh, step.scheme.cell, step.mesh.dims
    xi, modes = reference_cell(step.scheme.degree, mesh.device, dims).modes()
    low, high = torch.tensor([t.ends for t in mine], dtype=torch.float64, device=mesh.device).unbind(-1)
    along = low[:, None] + (high - low)[:, None] * (xi + 1) / 2  # (pieces, P, dims - 1)
    places = along.new_full((*along.shape[:2], dims), line.place)
    places[..., [axis for axis in range(dims) if axis != line.axis]] = along
    f, *sides = line.relations[mine[0].relation]
    first = torch.tensor([t.first for t in mine], device=mesh.device)
    values = stages.new_zeros(len(stages), *along.shape[:2])
    for cells, factors in zip((faces.cells[first], faces.above[first]), sides, strict=True):
        inside = 2 * (places - mesh.lows[cells][:, None]) / mesh.widths[cells][:, None] - 1
        for k, factor in enumerate(factors):
            if factor:
                orders = [k * (axis == line.axis) for axis in range(dims)]
                table = (
                    features_at(mesh, cell, cells, inside, orders)
                    * stretched(mesh.widths[cells], orders)[:, None, None]
                )
                values += factor * by_features(stages[:, cells, f], table)
    if line.given is not None:
        t = step.times.cpu()[:, None, None].expand(values.shape)
        y = along.cpu().expand(len(t), -1, -1, -1).flatten(0, 2)
        values -= line.given(t.flatten(), y).view(*t.shape, -1)[..., mine[0].relation].to(values)
    found = stages.new_zeros(len(stages), len(faces.above))
    for j, told in enumerate(mine):
        found[:, told.first : told.first + told.count] = values[:, j] @ modes[: told.count].T / told.norm
    return found
