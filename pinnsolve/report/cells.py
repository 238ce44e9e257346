"""Where the cells of a solution lie, for pictures."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch

from pinnsolve.report.grids import Array, Grid
from pinnsolve.report.record import Report
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.planar import Planar

Ends = Mapping[str, tuple[Array, Array]]  # by coordinate: where each cell begins, and where it ends, (n,)


def cells_on(run: Report, on: Grid) -> Ends | None:
    """The cells that a line or a plane cuts, by the coordinates of that; None of what has none."""
    every = _every(run)
    if every is None:
        return None
    mine = np.ones(len(next(iter(every.values()))[0]), dtype=bool)
    for c, value in on.fixed.items():
        if c in every:
            low, high = every[c]
            mine &= (low <= value) & (value < high) | (high == value) & (value == high.max())
    return {c: (every[c][0][mine], every[c][1][mine]) for c in on.axes if c in every}


def _every(run: Report) -> Ends | None:
    """All of them, once for all pictures."""
    if "cells" not in run.evaluated:
        run.evaluated["cells"] = _found(run)
    found: Ends | None = run.evaluated["cells"]
    return found


def _found(run: Report) -> Ends | None:
    trial, problem = run.solution.trial, run.solution.problem
    if isinstance(trial, Lined) and len(trial.edges) > 1:
        edges = trial.edges.cpu().numpy()
        return {problem.coordinates[0]: (edges[:-1], edges[1:])}
    slabs = trial.slabs if isinstance(trial, Marched) else []
    tiles = [slab.mesh for slab in slabs]
    if isinstance(trial, Planar) and trial.mesh is not None:
        tiles = [trial.mesh]
    if not tiles:
        return None
    low = torch.cat([mesh.lows for mesh in tiles]).cpu().numpy()
    high = low + torch.cat([mesh.widths for mesh in tiles]).cpu().numpy()
    found = {c: (low[:, k], high[:, k]) for k, c in enumerate(problem.space_coordinates)}
    if isinstance(trial, Marched):
        ends = np.sort(np.array([[slab.begin, slab.end] for slab in slabs]) * trial.sign, axis=1)
        begin, end = ends.repeat([len(mesh) for mesh in tiles], axis=0).T
        found[str(problem.domain.time)] = (begin, end)
    return found
