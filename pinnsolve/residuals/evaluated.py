"""Functions of a trial function's fields, evaluated at many points: some at a time, so that memory is bounded."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
import torch

from pinnsolve.geometry.points import Points
from pinnsolve.machine.room import UNLIMITED
from pinnsolve.problem.binding import Fields
from pinnsolve.trial.trial import Trial

# Points at once. Larger: more memory, of which a user's reference may need much for each. Smaller: more calls. Chosen,
# not measured.
CHUNK = 4096
Quantity = Callable[[Fields], torch.Tensor]


def evaluated(
    trial: Trial,
    points: Points,
    quantities: Mapping[str, Quantity],
    derived: bool = True,
    shown: Callable[[Fields], Fields] = lambda at: at,
) -> dict[str, np.ndarray]:
    """Each quantity at all points, (N,) by name.

    Parameters
    ----------
    derived : bool
        Whether derivatives are asked for: frozen features come with theirs, and take more memory.
    shown : callable Fields -> Fields
        From what is trained to the unknowns of the user's problem.
    """
    out = {name: np.empty(len(points)) for name in quantities}
    numbers = trial.row_size if derived else trial.width  # frozen features with their derivatives, or not
    share = numbers // len(trial.problem.unknowns)  # all unknowns are read from the same features
    size = max(64, min(CHUNK, UNLIMITED.entries // max(share, 1)))
    for start in range(0, len(points), size):
        with torch.set_grad_enabled(not trial.takes_jets):
            at = shown(trial.fields(trial.prepare(points[start : start + size])))
            for name, quantity in quantities.items():
                out[name][start : start + size] = quantity(at).detach().cpu().numpy()
    return out
