"""The flow around a cylinder in a channel at Re = 20, by spectral elements: the benchmark 2D-1 of Schaefer & Turek.

    u u_x + v u_y = -p_x + nu (u_xx + u_yy)      0 < x < 2.2,  0 < y < 0.41,  outside of the cylinder
    u v_x + v v_y = -p_y + nu (v_xx + v_yy)
    u_x + v_y = 0,   u = 4 U y (H - y) / H^2 and v = 0 at x = 0,   u = v = 0 on walls and cylinder
    nu u_x - p = 0 and nu v_x = 0 at x = 2.2

The elements of `validation.viscous_flow`; those around the cylinder have its curve. The forces are the reactions at its
nodes. The own error is the difference of two degrees. `python -m validation.cylinder_flow` prints the three numbers of
the benchmark beside the literature's.

Schaefer & Turek, in: Flow Simulation with High-Performance Computers II (1996) 547-566; John & Matthies, Int. J. Numer.
Methods Fluids 37 (2001) 885-903, and Nabh, Dissertation, Heidelberg 1998, for the digits below.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from time import perf_counter

import numpy as np
from numpy.typing import NDArray

from pinnsolve.reference import Reference
from validation.refine import SAFETY, Array, Declared, lattice, read, relative_l2
from validation.spectral_elements import Element, Rectangle
from validation.viscous_flow import Channel, Flow, by_degrees

LENGTH, HEIGHT, SPEED = 2.2, 0.41, 0.3  # in metres, and metres a second at the middle of the inlet
CENTRE, RADIUS, BOX = (0.2, 0.2), 0.05, 0.1  # of the cylinder; half the side of the square that is divided around it
CHANNEL = {"x": (0.0, LENGTH), "y": (0.0, HEIGHT)}
SOLVES = "the flow around a cylinder of validation/cylinder_flow.py"
DRAG, LIFT, DROP = 5.57953523384, 0.010618948146, 0.11752016697  # of the literature, at nu = 0.001
ACROSS, ALONG = (0.0, 0.1, 0.2, 0.3, 0.41), (0.0, 0.1, 0.2, 0.3, 0.42, 0.6, 0.9, 1.35, 1.85, 2.2)
RINGS = (0.0, 0.2, 0.5, 1.0)  # from the cylinder to the square
DEGREES = 7, 8  # compared; those of degree 4 are where they begin


@dataclass(frozen=True)
class Around:
    """A part of a quarter of the square around the cylinder.

    Parameters
    ----------
    low, high : (float, float)
        Of the slope and the way from the cylinder to the square.
    quarter : int
        Turned by so many right angles.
    centre, radius, box
        Of the disc, and half the side of the square around it.
    """

    low: tuple[float, float]
    high: tuple[float, float]
    quarter: int
    centre: tuple[float, float] = CENTRE
    radius: float = RADIUS
    box: float = BOX

    def place(self, r: Array, s: Array) -> tuple[Array, Array]:
        """Where the point (r, s) of (-1, 1)^2 lies."""
        a, b = Rectangle(self.low, self.high).place(r, s)
        away = self.radius / np.sqrt(1 + a * a) * (1 - b) + self.box * b  # along the axis of the quarter
        z = (away + 1j * a * away) * 1j**self.quarter
        return self.centre[0] + z.real, self.centre[1] + z.imag

    def found(self, x: Array, y: Array) -> tuple[Array, Array]:
        """The (r, s) of places, beyond (-1, 1)^2 where they lie elsewhere."""
        z = (x - self.centre[0] + 1j * (y - self.centre[1])) / 1j**self.quarter
        away = np.where(z.real > 1e-9, z.real, 1e9)
        a = z.imag / away
        near = self.radius / np.sqrt(1 + a * a)
        return Rectangle(self.low, self.high).found(a, (away - near) / (self.box - near))


def elements() -> list[Element]:
    """Those around the cylinder, and the rectangles beside its square."""
    found: list[Element] = [
        Around((a, b), (a + 1, c), quarter)
        for quarter in range(4) for a in (-1.0, 0.0) for b, c in pairwise(RINGS)
    ]  # fmt: skip
    for a, b in pairwise(ALONG):
        for c, d in pairwise(ACROSS):
            if not (0.1 <= a < 0.3 and 0.1 <= c < 0.3):
                found.append(Rectangle((a, c), (b, d)))
    return found


def on_cylinder(x: Array, y: Array) -> NDArray[np.bool_]:
    """Whether places are on it."""
    return np.asarray(np.abs(np.hypot(x - CENTRE[0], y - CENTRE[1]) - RADIUS) < 1e-9)


def held(x: Array, y: Array) -> NDArray[np.bool_]:
    """Whether places are on walls, the cylinder or the inlet."""
    return np.asarray((np.abs(y) < 1e-9) | (np.abs(y - HEIGHT) < 1e-9) | on_cylinder(x, y) | (np.abs(x) < 1e-9))


def inlet(x: Array, y: Array) -> Array:
    """What flows in."""
    return np.where(np.abs(x) < 1e-9, 4 * SPEED * y * (HEIGHT - y) / HEIGHT**2, 0.0)


def solved(nu: float) -> list[Flow]:
    """The flows of both degrees, each from the one before."""
    return by_degrees(Channel(elements(), held, inlet), nu, (4, *DEGREES))[1:]


def coefficients(flow: Flow) -> tuple[float, float]:
    """Those of drag and lift: 2 F / (rho U^2 D), U = 2/3 of the speed at the middle of the inlet."""
    drag, lift = (2 / ((2 * SPEED / 3) ** 2 * 2 * RADIUS) * f for f in flow.force(on_cylinder(*flow.places.T)))
    return drag, lift


def spectral_elements(problem: Declared) -> Reference:
    """The flow by elements of degree 8, and its difference from those of degree 7 as its own error.

    Reads the parameter "nu"; raises ValueError for another domain.
    """
    begin = perf_counter()
    (nu,) = read(problem, SOLVES, CHANNEL, "nu")
    if abs(problem.space.measure - (LENGTH * HEIGHT - np.pi * RADIUS**2)) > 1e-9:
        raise ValueError(f"this reference solves {SOLVES}, and not on {problem.space!r}.")
    coarse, fine = solved(nu)
    points, weight = lattice(CHANNEL, 4181)
    outside = np.hypot(points["x"] - CENTRE[0], points["y"] - CENTRE[1]) > RADIUS
    x, y, weight = points["x"][outside], points["y"][outside], weight[outside]
    own = max(relative_l2(coarse.field(f)(x, y), fine.field(f)(x, y), weight) for f in "uvp")
    return Reference("spectral elements", {f: fine.field(f) for f in "uvp"}, SAFETY * own, perf_counter() - begin)


def main() -> None:
    """The three numbers beside the literature's."""
    for n, flow in zip(DEGREES, solved(1e-3), strict=True):
        drag, lift = coefficients(flow)
        p = flow.field("p")(np.array([0.15, 0.25]), np.array([0.2, 0.2]))
        print(f"degree {n}: drag {drag:.8f} ({DRAG:.8f}), lift {lift:.9f} ({LIFT:.9f}), ", end="")
        print(f"pressure difference {p[0] - p[1]:.9f} ({DROP:.9f})")


if __name__ == "__main__":
    main()
