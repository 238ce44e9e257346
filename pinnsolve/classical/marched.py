"""What a march through time found, evaluated anywhere."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import torch

from pinnsolve.algebra.radau import radau
from pinnsolve.classical.rows import Rows
from pinnsolve.classical.stencils import Array


class OutOfTimeError(Exception):
    """The seconds that a reference may take are used."""


@dataclass
class Marched:
    """The steps of a march.

    Parameters
    ----------
    rows : Rows
    ends : list of float
        Where steps begin and end, one more than there are steps.
    values : list of arrays (q + 1, F, N)
        Of the unknowns, at the start and the stages of each step. What a rate is, as v = u_t, is not kept.
    sizes : list of arrays (V,)
        Of the variables, at the end of each step.
    rounding : float
        Corrections of Newton's method that did not fall any more, relative to the variables.
    """

    rows: Rows
    ends: list[float]
    values: list[Array] = field(default_factory=list)
    sizes: list[Array] = field(default_factory=list)
    rounding: float = 0.0

    def add(self, end: float, values: Array, sizes: Array) -> None:
        """One more step."""
        self.ends.append(end)
        self.values.append(values)
        self.sizes.append(sizes)

    def grown(self, moment: float) -> Array:
        """The largest sizes (V,) of the variables up to a moment."""
        steps = max(int(np.searchsorted(self.ends[1:], moment)), 1)
        found: Array = np.max(self.sizes[:steps], 0)
        return found

    def at(self, unknown: int, places: dict[str, Array]) -> Array:
        """An unknown's values (P,) at places and moments (P,)."""
        time = self.rows.time
        assert time is not None
        moments = places[time]
        ends = np.array(self.ends)
        step = np.clip(np.searchsorted(ends, moments, side="right") - 1, 0, len(ends) - 2)
        parts = (moments - ends[step]) / (ends[step + 1] - ends[step])
        stages = self.values[0].shape[0]
        in_time = radau(stages - 1, torch.device("cpu")).at(torch.from_numpy(parts)).numpy()
        numbers, weights = self.rows.grid.interpolation(places, len(moments))
        found, order = np.empty(len(moments)), np.argsort(step, kind="stable")
        many = 256  # places at once: as much memory as the values in a few steps
        for begin in range(0, len(moments), many):
            part = order[begin : begin + many]
            steps, which = np.unique(step[part], return_inverse=True)
            values = np.stack([self.values[k][:, unknown] for k in steps])
            near = values[which[:, None, None], np.arange(stages)[:, None], numbers[part, None]]
            found[part] = np.einsum("psw,ps,pw->p", near, in_time[part], weights[part])
        return found
