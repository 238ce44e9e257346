"""The flow over a backward-facing step, by spectral elements that are graded towards its edge.

    u u_x + v u_y = -p_x + nu (u_xx + u_yy)      -2 < x < L, 0 < y < 2, without x < 0, y < 1
    u v_x + v v_y = -p_y + nu (v_xx + v_yy)
    u_x + v_y = 0,   u = 6 (y - 1) (2 - y) and v = 0 at x = -2,   u = v = 0 on walls
    nu u_x - p = 0 and nu v_x = 0 at x = L

Lengths in heights of the step, which is half of the channel's; the mean speed of the inlet is one, and Re = 2 / nu by
the hydraulic diameter of the inlet. Slopes are not bounded at the edge, as r^(-0.456), and so are pressures: elements
become smaller towards it by a factor. The own error is the difference from elements of one degree less with one layer
less. `python -m validation.backward_step` prints where the flow reattaches beside Erturk's table.

Armaly, Durst, Pereira & Schoenung, J. Fluid Mech. 127 (1983) 473-496; Erturk, Computers & Fluids 37 (2008) 633-655,
expansion ratio 2, for the lengths below.
"""

from __future__ import annotations

from itertools import pairwise
from time import perf_counter

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import brentq

from pinnsolve.reference import Reference
from validation.refine import SAFETY, Array, Declared, lattice, read, relative_l2
from validation.spectral_elements import Element, Rectangle
from validation.viscous_flow import Channel, Flow, by_degrees

BEFORE, LENGTH = 2.0, 10.0
CHANNEL = {"x": (-BEFORE, LENGTH), "y": (0.0, 2.0)}
SOLVES = "the flow over a step of validation/backward_step.py"
REATTACHED = {100: 2.922, 200: 4.982}  # by Re, in heights of the step: Erturk (2008)
LAYERS, FALLS, FIRST = 5, 0.2, 0.4  # so many layers of elements around the edge, each so much smaller than the last
ALONG = (-2.0, -1.0, 1.0, 1.8, 2.8, 4.0, 5.5, 7.5, 10.0)  # where elements end away from it
DEGREE = 7


def elements(layers: int) -> list[Element]:
    """Rectangles between lines that crowd at the edge."""
    near = [FIRST * FALLS**k for k in range(layers)]
    around = sorted({0.0, *near, *(-w for w in near)})
    xs, ys = sorted({*ALONG, *around}), sorted({0.0, 2.0, *(1 + w for w in around)})
    return [
        Rectangle((a, c), (b, d)) for a, b in pairwise(xs) for c, d in pairwise(ys) if b > 1e-12 or c > 1 - 1e-12
    ]  # fmt: skip


def held(x: Array, y: Array) -> NDArray[np.bool_]:
    """Whether places are on walls or the inlet."""
    near = 1e-9
    floor = np.where(x < -near, np.abs(y - 1) < near, np.abs(y) < near)
    step = (np.abs(x) < near) & (y < 1 + near)
    return np.asarray(floor | step | (np.abs(y - 2) < near) | (np.abs(x + BEFORE) < near))


def inlet(x: Array, y: Array) -> Array:
    """What flows in, of mean one."""
    return np.where(np.abs(x + BEFORE) < 1e-9, 6 * (y - 1) * (2 - y), 0.0)


def solved(nu: float) -> tuple[Flow, Flow]:
    """The flow of one degree and one layer less, and that which is taken."""
    fewer = by_degrees(Channel(elements(LAYERS - 1), held, inlet), nu, (4, DEGREE - 1))[-1]
    return fewer, Flow(Channel(elements(LAYERS), held, inlet), DEGREE, nu, fewer)


def reattached(flow: Flow) -> float:
    """Where the flow meets the wall behind the step again: u_y = 0 at y = 0."""
    u = flow.field("u")

    def slope(x: float) -> float:
        at, h = np.full(3, x), 1e-3
        return float(np.array([-3.0, 4.0, -1.0]) @ u(at, h * np.arange(3.0)))  # of second order

    return float(brentq(slope, 0.5, LENGTH - 1))


def graded_elements(problem: Declared) -> Reference:
    """The flow by elements of degree 7, and its difference from coarser ones as its own error.

    Reads the parameter "nu"; raises ValueError for another domain.
    """
    begin = perf_counter()
    (nu,) = read(problem, SOLVES, CHANNEL, "nu")
    if abs(problem.space.measure - (2 * LENGTH + BEFORE)) > 1e-9:
        raise ValueError(f"this reference solves {SOLVES}, and not on {problem.space!r}.")
    coarse, fine = solved(nu)
    points, weight = lattice(CHANNEL, 4181)
    inside = (points["x"] > 0) | (points["y"] > 1)
    x, y, weight = points["x"][inside], points["y"][inside], weight[inside]
    own = max(relative_l2(coarse.field(f)(x, y), fine.field(f)(x, y), weight) for f in "uvp")
    return Reference("spectral elements", {f: fine.field(f) for f in "uvp"}, SAFETY * own, perf_counter() - begin)


def main() -> None:
    """Where the flow reattaches, beside the literature's."""
    for reynolds, known in REATTACHED.items():
        lengths = [reattached(flow) for flow in solved(2 / reynolds)]
        print(f"Re = {reynolds}: reattached at {lengths[0]:.4f} and {lengths[1]:.4f} (Erturk {known})")


if __name__ == "__main__":
    main()
