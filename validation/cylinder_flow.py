"""The flow around a cylinder in a channel at Re = 20, by spectral elements: the benchmark 2D-1 of Schaefer & Turek.

    u u_x + v u_y = -p_x + nu (u_xx + u_yy)      0 < x < 2.2,  0 < y < 0.41,  outside of the cylinder
    u v_x + v v_y = -p_y + nu (v_xx + v_yy)
    u_x + v_y = 0,   u = 4 U y (H - y) / H^2 and v = 0 at x = 0,   u = v = 0 on walls and cylinder
    nu u_x - p = 0 and nu v_x = 0 at x = 2.2

Quadrangles with velocities of degree N and pressures of degree N - 1 in each direction, continuous (Taylor & Hood);
those around the cylinder have its curve. The forces are the reactions at its nodes. The own error is the difference of
two degrees. `python -m validation.cylinder_flow` prints the three numbers of the benchmark beside the literature's.

Schaefer & Turek, in: Flow Simulation with High-Performance Computers II (1996) 547-566; John & Matthies, Int. J. Numer.
Methods Fluids 37 (2001) 885-903, and Nabh, Dissertation, Heidelberg 1998, for the digits below.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from time import perf_counter

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray
from scipy.sparse import csc_matrix
from scipy.sparse.linalg import splu

from pinnsolve.reference import Reference
from validation.refine import SAFETY, Array, Declared, Field, lattice, read, relative_l2

Numbers = NDArray[np.int64]
Given = tuple[NDArray[np.bool_], NDArray[np.bool_], Array, Array]

LENGTH, HEIGHT, SPEED = 2.2, 0.41, 0.3  # in metres, and metres a second at the middle of the inlet
CENTRE, RADIUS, BOX = (0.2, 0.2), 0.05, 0.1  # of the cylinder; half the side of the square that is divided around it
CHANNEL = {"x": (0.0, LENGTH), "y": (0.0, HEIGHT)}
SOLVES = "the flow around a cylinder of validation/cylinder_flow.py"
DRAG, LIFT, DROP = 5.57953523384, 0.010618948146, 0.11752016697  # of the literature, at nu = 0.001
ACROSS, ALONG = (0.0, 0.1, 0.2, 0.3, 0.41), (0.0, 0.1, 0.2, 0.3, 0.42, 0.6, 0.9, 1.35, 1.85, 2.2)
RINGS = (0.0, 0.2, 0.5, 1.0)  # from the cylinder to the square
DEGREES = 7, 8  # compared; those of degree 4 are where they begin


@dataclass(frozen=True)
class Element:
    """A quadrangle: a rectangle, or a part of a quarter of the square around the cylinder.

    Parameters
    ----------
    low, high : (float, float)
        Of x and y, or of the slope and the way from the cylinder to the square.
    quarter : int or None
        Turned by so many right angles.
    centre, radius, box
        Of the disc that it lies beside, and half the side of the square around that.
    """

    low: tuple[float, float]
    high: tuple[float, float]
    quarter: int | None = None
    centre: tuple[float, float] = CENTRE
    radius: float = RADIUS
    box: float = BOX

    def place(self, r: Array, s: Array) -> tuple[Array, Array]:
        """Where the point (r, s) of (-1, 1)^2 lies."""
        a, b = (lo + (hi - lo) * (t + 1) / 2 for lo, hi, t in zip(self.low, self.high, (r, s), strict=True))
        if self.quarter is None:
            return a, b
        away = self.radius / np.sqrt(1 + a * a) * (1 - b) + self.box * b  # along the axis of the quarter
        turn = 1j**self.quarter
        z = (away + 1j * a * away) * turn
        return self.centre[0] + z.real, self.centre[1] + z.imag

    def found(self, x: Array, y: Array) -> tuple[Array, Array]:
        """The (r, s) of places, beyond (-1, 1)^2 where they lie elsewhere."""
        a, b = x, y
        if self.quarter is not None:
            z = (x - self.centre[0] + 1j * (y - self.centre[1])) / 1j**self.quarter
            away = np.where(z.real > 1e-9, z.real, 1e9)
            a = z.imag / away
            near = self.radius / np.sqrt(1 + a * a)
            b = (away - near) / (self.box - near)
        r, s = (2 * (v - lo) / (hi - lo) - 1 for v, lo, hi in zip((a, b), self.low, self.high, strict=True))
        return r, s


def elements() -> list[Element]:
    """Those around the cylinder, and the rectangles beside its square."""
    found = [
        Element((a, b), (a + 1, c), quarter)
        for quarter in range(4) for a in (-1.0, 0.0) for b, c in pairwise(RINGS)
    ]  # fmt: skip
    for a, b in pairwise(ALONG):
        for c, d in pairwise(ACROSS):
            if not (0.1 <= a < 0.3 and 0.1 <= c < 0.3):
                found.append(Element((a, c), (b, d)))
    return found


def lobatto(n: int) -> Array:
    """The n + 1 nodes of Gauss and Lobatto."""
    inner = legendre.Legendre.basis(n).deriv().roots()
    return np.concatenate([[-1.0], np.sort(inner.real), [1.0]])


@cache
def modes(n: int, order: int) -> Array:
    """Legendre's coefficients of the polynomials of the nodes of degree n, or of their derivatives: (n + 1 - order, n + 1)."""
    return np.asarray(legendre.legder(np.linalg.inv(legendre.legvander(lobatto(n), n)), order))


def lagrange(n: int, at: Array, order: int = 0) -> Array:
    """The polynomials of the nodes of degree n, or their derivatives, at places: (places, n + 1)."""
    return np.asarray(legendre.legvander(at, n - order) @ modes(n, order))


def both(one: Array, other: Array) -> Array:
    """Products of two tables, those of r first: (places, nodes)."""
    return np.asarray(np.einsum("pi,qj->pqij", one, other).reshape(len(one) * len(other), -1))


def walls(x: Array, y: Array) -> Given:
    """Where u and where v are given, and their values there: in the channel with the cylinder."""
    wall = (np.abs(y) < 1e-9) | (np.abs(y - HEIGHT) < 1e-9)
    held = wall | (np.abs(np.hypot(x - CENTRE[0], y - CENTRE[1]) - RADIUS) < 1e-9) | (np.abs(x) < 1e-9)
    inlet = np.where(np.abs(x) < 1e-9, 4 * SPEED * y * (HEIGHT - y) / HEIGHT**2, 0.0)
    return held, held, inlet, np.zeros_like(x)


class Flow:
    """The solution of degree n.

    Parameters
    ----------
    n : int
    nu : float
        The viscosity (metres squared a second).
    known : Flow, optional
        Of another degree, from which Newton's method begins; without it from Stokes' flow.
    mesh : list of Element, optional
        Of another domain; its own `given` velocities, and `closed` if they are given all around: then one pressure is
        zero. Elsewhere on the rim nu u_n - p n = 0.
    """

    def __init__(
        self,
        n: int,
        nu: float,
        known: Flow | None = None,
        mesh: list[Element] | None = None,
        given: Callable[[Array, Array], Given] = walls,
        closed: bool = False,
    ) -> None:
        self.n, self.nu, self.elements = n, nu, mesh or elements()
        self.nodes, self.places = self._numbered(n)
        self.tops, above = self._numbered(n - 1)
        self.count, self.size = len(self.places), 2 * len(self.places) + len(above)
        self._tables()
        self.state = np.zeros(self.size)
        x, y = self.places.T
        self.on = np.abs(np.hypot(x - CENTRE[0], y - CENTRE[1]) - RADIUS) < 1e-9
        held_u, held_v, u, v = given(x, y)
        level = closed & (np.arange(len(above)) == 0)
        self.held = np.concatenate([held_u, held_v, level])
        if known is not None:
            whole = known.field("u")(x, y), known.field("v")(x, y), known.field("p")(*above.T)
            self.state = np.concatenate(whole)
        self.state[self.held] = np.concatenate([u, v, 0.0 * level])[self.held]
        self._solve(known is None)

    def _numbered(self, n: int) -> tuple[Numbers, Array]:
        """The nodes of each element by number (elements, (n + 1)^2), and where each lies."""
        r, s = (v.ravel() for v in np.meshgrid(lobatto(n), lobatto(n), indexing="ij"))
        every = np.concatenate([np.stack(e.place(r, s), 1) for e in self.elements])
        _, first, number = np.unique(every.round(9), axis=0, return_index=True, return_inverse=True)
        return number.reshape(len(self.elements), -1), every[first]

    def _tables(self) -> None:
        """Weights, values and slopes at Gauss' points of all elements."""
        n = self.n
        at, w = legendre.leggauss(n + 2)
        value, slope = lagrange(n, at), lagrange(n, at, 1)
        self.v, self.top = both(value, value), both(lagrange(n - 1, at), lagrange(n - 1, at))
        along = both(slope, value), both(value, slope)
        x, y = (self.places[self.nodes][..., k] for k in range(2))
        (xr, xs), (yr, ys) = ([c @ t.T for t in along] for c in (x, y))
        area = xr * ys - xs * yr
        self.weight = np.abs(area) * np.outer(w, w).ravel()
        self.vx = (ys / area)[..., None] * along[0] - (yr / area)[..., None] * along[1]
        self.vy = (xr / area)[..., None] * along[1] - (xs / area)[..., None] * along[0]

    def _assembled(self, advection: float) -> tuple[csc_matrix, Array]:
        """The slopes of the weak equations and what is left of them."""
        c, w = self.count, self.weight[..., None]
        u, v = (self.state[k * c : (k + 1) * c][self.nodes] for k in range(2))
        p = self.state[2 * c :][self.tops] @ self.top.T
        (ux, vx), (uy, vy) = ([np.einsum("eqi,ei->eq", t, f) for f in (u, v)] for t in (self.vx, self.vy))
        u, v = u @ self.v.T, v @ self.v.T

        def against(test: Array, found: Array) -> Array:
            return np.asarray(np.swapaxes(np.broadcast_to(test, found.shape[:2] + test.shape[-1:]), 1, 2) @ (w * found))

        wind = advection * (u[..., None] * self.vx + v[..., None] * self.vy)
        viscous = self.nu * (against(self.vx, self.vx) + against(self.vy, self.vy)) + against(self.v, wind)
        mass = [advection * against(self.v, s[..., None] * self.v) for s in (ux, uy, vx, vy)]
        press = [-against(t, np.broadcast_to(self.top, (*w.shape[:2], self.top.shape[1]))) for t in (self.vx, self.vy)]
        rows = [viscous + mass[0], mass[1], press[0]], [mass[2], viscous + mass[3], press[1]]
        last = [np.swapaxes(press[0], 1, 2), np.swapaxes(press[1], 1, 2)]
        numbers = self.nodes, self.nodes + c, self.tops + 2 * c
        data, i, j = [], [], []
        for a, blocks in enumerate([*rows, last]):
            for b, block in enumerate(blocks):
                data.append(block.ravel())
                i.append(np.broadcast_to(numbers[a][:, :, None], block.shape).ravel())
                j.append(np.broadcast_to(numbers[b][:, None, :], block.shape).ravel())
        matrix = csc_matrix((np.concatenate(data), (np.concatenate(i), np.concatenate(j))), (self.size, self.size))
        left, one = np.zeros(self.size), w[..., 0]
        for number, fx, fy, conv in ((numbers[0], ux, uy, u * ux + v * uy), (numbers[1], vx, vy, u * vx + v * vy)):
            weak = self.nu * (np.einsum("eqi,eq->ei", self.vx, one * fx) + np.einsum("eqi,eq->ei", self.vy, one * fy))
            weak += advection * (one * conv) @ self.v
            weak -= np.einsum("eqi,eq->ei", self.vx if number is numbers[0] else self.vy, one * p)
            np.add.at(left, number, weak)
        np.add.at(left, numbers[2], -(one * (ux + vy)) @ self.top)
        return matrix, left

    def _solve(self, stokes: bool) -> None:
        """Newton's method from Stokes' flow; beside a flow that is known already one factorisation does."""
        free, factors = ~self.held, None
        for advection in (*[0.0] * stokes, *[1.0] * 20):
            matrix, left = self._assembled(advection)
            if factors is None or stokes:
                factors = splu(matrix[free][:, free])
            change = factors.solve(-left[free])
            self.state[free] += change
            if advection and np.abs(change).max() < 1e-9:
                break

    @property
    def forces(self) -> tuple[float, float]:
        """The coefficients of drag and lift: 2 F / (rho U^2 D), U = 2/3 of the speed at the middle of the inlet."""
        left, c = self._assembled(1.0)[1], self.count
        scale = 2 / ((2 * SPEED / 3) ** 2 * 2 * RADIUS)
        drag, lift = (-scale * float(left[k * c : (k + 1) * c][self.on].sum()) for k in range(2))
        return drag, lift

    def field(self, name: str) -> Field:
        """u, v or p of places."""
        n, c = self.n - (name == "p"), self.count
        values = self.state[2 * c :][self.tops] if name == "p" else self.state[c * (name == "v") :][self.nodes]

        def evaluated(x: Array, y: Array) -> Array:
            flat, found = [np.asarray(v, dtype=float).ravel() for v in (x, y)], np.full(np.size(x), np.nan)
            beyond = np.full(np.size(x), np.inf)
            for element, mine in zip(self.elements, values, strict=True):
                r, s = element.found(*flat)
                out = np.maximum(np.abs(r), np.abs(s))
                near = (out < beyond) & (out < 2.0)  # a little beyond, where differences are taken
                if not near.any():
                    continue
                tables = lagrange(n, r[near]), lagrange(n, s[near])
                found[near] = np.einsum("pi,pj,ij->p", *tables, mine.reshape(n + 1, n + 1))
                beyond[near] = out[near]
            return found.reshape(np.shape(x))

        return evaluated


def solved(nu: float) -> list[Flow]:
    """The flows of both degrees, each from the one before."""
    flows = [Flow(4, nu)]
    for n in DEGREES:
        flows.append(Flow(n, nu, flows[-1]))
    return flows[1:]


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
        drag, lift = flow.forces
        p = flow.field("p")(np.array([0.15, 0.25]), np.array([0.2, 0.2]))
        print(f"degree {n}: drag {drag:.8f} ({DRAG:.8f}), lift {lift:.9f} ({LIFT:.9f}), ", end="")
        print(f"pressure difference {p[0] - p[1]:.9f} ({DROP:.9f})")


if __name__ == "__main__":
    main()
