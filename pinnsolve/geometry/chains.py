"""Chords of a curve in a plane, one after the other along it."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor


def chained(chords: Tensor, near: float) -> tuple[Tensor, list[int]]:
    """Chords that lie in any order, in runs along which each begins where the one before ends.

    A run ends where it has come around, at an end of the curve, and where more than two chords meet.

    Parameters
    ----------
    chords : tensor (K, 2, 2)
        Where each begins and ends.
    near : float
        Ends that are closer are one place.

    Returns
    -------
    chords : tensor (K, 2, 2)
    runs : list of int
        How many chords there are up to the end of each run.
    """
    from scipy.spatial import cKDTree  # only who has such a curve waits for it

    ends = chords.reshape(-1, 2).numpy()
    meeting = [[j for j in found if j != k] for k, found in enumerate(cKDTree(ends).query_ball_point(ends, near))]
    partner = [found[0] if len(found) == 1 else -1 for found in meeting]
    left = np.ones(len(chords), dtype=bool)
    order, runs = list[int](), list[int]()
    starts = [k for k, other in enumerate(partner) if other < 0] + list(range(0, len(ends), 2))
    for start in starts:  # open runs from their ends; what is left goes around
        end = start
        while end >= 0 and left[end // 2]:
            left[end // 2] = False
            order.append(end)
            end = partner[end ^ 1]
        if order and (not runs or runs[-1] < len(order)):
            runs.append(len(order))
    begins = torch.tensor(order)
    flat = chords.reshape(-1, 2)
    return torch.stack([flat[begins], flat[begins ^ 1]], 1), runs
