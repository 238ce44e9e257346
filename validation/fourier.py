"""Periodic problems: trigonometric interpolation in space, symplectic splitting of fourth order in time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from validation.interpolation import WIDTH, on_grid
from validation.refine import Array, Field

State = NDArray[Any]  # real or complex
Flow = Callable[[State], State]

FINER = 4  # the trigonometric polynomial is tabulated on a grid so many times finer
OUTER = 1 / (2 - 2 ** (1 / 3))
SUBSTEPS = (OUTER, 1 - 2 * OUTER, OUTER)  # Yoshida, Phys. Lett. A 150 (1990) 262-268


def split(
    kick: Callable[[State, float], State], drift: Callable[[float], Flow], u: State, time: float, n: int
) -> State:
    """All n + 1 levels, stacked, of a problem of which two parts are solved exactly, in n steps up to `time`.

    `kick` takes a state and a time step, `drift` a time step and returns its flow. Three Strang steps make one of
    Yoshida's. An ArithmeticError says so if the solution leaves the finite numbers.
    """
    levels, dt = np.empty((n + 1, *u.shape), u.dtype), time / n
    levels[0] = u
    flows = [drift(dt * part) for part in SUBSTEPS]
    kicks = [dt * (a + b) / 2 for a, b in zip((0.0, *SUBSTEPS), (*SUBSTEPS, 0.0), strict=True)]
    with np.errstate(over="ignore", invalid="ignore"):
        for level in range(1, n + 1):
            u = kick(u, kicks[0])
            for flow, step in zip(flows, kicks[1:], strict=True):
                u = kick(flow(u), step)
            levels[level] = u
    if not np.isfinite(u).all():
        raise ArithmeticError(f"the reference in {n} steps left the finite numbers: does the solution blow up?")
    return levels


def periodic(levels: Array, x: tuple[float, float], t: tuple[float, float]) -> Field:
    """The field of x and t from values (levels, n) at n equal steps of a period x, and at equal steps of the time t."""
    steps, n = levels.shape[0] - 1, levels.shape[1]
    spectrum = np.fft.rfft(levels, axis=1)
    spectrum[:, n // 2] /= 2  # the highest cosine of an even number of nodes stands for both of its exponentials
    fine = FINER * np.fft.irfft(spectrum, FINER * n, axis=1)
    dx = (x[1] - x[0]) / (FINER * n)
    wrapped = np.pad(fine, ((0, 0), (WIDTH // 2, WIDTH // 2)), mode="wrap")
    return on_grid(wrapped, t=(t[0], (t[1] - t[0]) / steps), x=(x[0] - WIDTH // 2 * dx, dx))
