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
    values : list of arrays (q + 1, V, N)
        At the start and the stages of each step.
    rounding : float
        Corrections of Newton's method that did not fall any more, relative to the variables.
    """

    rows: Rows
    ends: list[float]
    values: list[Array] = field(default_factory=list)
    rounding: float = 0.0

    def grown(self, moment: float) -> Array:
        """The largest sizes (V,) of the variables up to a moment."""
        steps = max(int(np.searchsorted(self.ends[1:], moment)), 1)
        ends = np.stack([v[-1] for v in self.values[:steps]])
        found: Array = np.sqrt(np.mean(ends**2, 2)).max(0)
        return found

    def at(self, unknown: int, places: dict[str, Array]) -> Array:
        """An unknown's values (P,) at places and moments (P,)."""
        time = self.rows.time
        assert time is not None
        moments = places[time]
        variable = self.rows.variables.index((unknown, 0))
        all_values = np.stack([v[:, variable] for v in self.values])  # (K, q + 1, N)
        ends = np.array(self.ends)
        step = np.clip(np.searchsorted(ends, moments, side="right") - 1, 0, len(ends) - 2)
        parts = (moments - ends[step]) / (ends[step + 1] - ends[step])
        tables = radau(all_values.shape[1] - 1, torch.device("cpu"))
        in_time = tables.at(torch.from_numpy(parts)).numpy()
        numbers, weights = self.rows.grid.interpolation(places, len(moments))
        found = np.empty(len(moments))
        many = 2048  # places at once: as much memory as the values of a small grid
        for begin in range(0, len(moments), many):
            part = slice(begin, begin + many)
            stages, nodes = np.arange(all_values.shape[1])[:, None], numbers[part, None]
            near = all_values[step[part][:, None, None], stages, nodes]
            found[part] = np.einsum("psw,ps,pw->p", near, in_time[part], weights[part])
        return found
