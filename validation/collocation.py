"""Steady incompressible flow in a rectangle by Chebyshev collocation and Newton's method.

    (U . grad) U = -grad p + nu laplace(U),   div U = 0,   U given on all four walls,   p = 0 at one point

Velocities have degree n in x and m in y, on the Gauss-Lobatto points, and pressures n - 2 and m - 2 on the inner ones:
no spurious pressures, and none needed on walls. Canuto, Hussaini, Quarteroni & Zang, Spectral Methods: Evolution to
Complex Geometries and Applications to Fluid Dynamics, Springer 2007, chapter 3; Peyret, Spectral Methods for
Incompressible Viscous Flow, Springer 2002, chapter 7. Everything is dimensionless.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import product
from math import inf
from typing import Any

import numpy as np
from scipy.linalg import lu_factor, lu_solve
from scipy.sparse import bmat, kron
from scipy.sparse import diags_array as diags
from scipy.sparse import eye_array as eye

from validation.chebyshev import Line, surface
from validation.refine import Array, Domain, Field, Fields

STEPS, CONVERGED = 60, 1e-11  # of the iteration; most are cheap, on an old Jacobian


@dataclass(frozen=True)
class Carrier:
    """A known part of the flow on given points, (N,) each: what is left for the polynomials is smoother.

    `flow` holds u, v, u_x, v_x, u_y, v_y, and `p` the pressure; the `force` nu laplace(U) - grad p need not be zero.
    """

    flow: Sequence[Array]
    p: Array
    force: Sequence[Array]


Degrees = tuple[int, int]
Point = tuple[float, float]
Walls = Callable[[Array, Array], tuple[Array, Array]]
Known = Callable[[Array, Array], Carrier]


def at_rest(x: Array, y: Array) -> Carrier:
    """The carrier that carries nothing."""
    nothing = np.zeros_like(x)
    return Carrier([nothing] * 6, nothing, [nothing] * 2)


class Rectangle:
    """The collocated equations. Their unknown is u, v and p on the inner points less the carrier's, and one constant.

    The equation div U = constant takes the place of div U = 0, and the constant vanishes with the error: the walls'
    velocities, known on a grid, let no more fluid in than out only up to the error.
    """

    def __init__(self, degrees: Degrees, domain: Domain, nu: float, walls: Walls, carrier: Known) -> None:
        x, y = self.lines = [Line(n, domain[name]) for n, name in zip(degrees, "xy", strict=True)]
        self.carrier = carrier
        px, py = self.p_lines = [Line(line.n, line.ends, inner=True) for line in (x, y)]
        on_x, on_y = (a.ravel() for a in np.meshgrid(x.nodes, y.nodes, indexing="ij"))
        inside = np.zeros((x.n + 1, y.n + 1), dtype=bool)
        inside[1:-1, 1:-1] = True
        self.inside, free, self.m = inside, inside.ravel(), int(inside.sum())
        self.at, own = (on_x[free], on_y[free]), carrier(on_x, on_y)
        self.wall = [(wall - part) * ~free for wall, part in zip(walls(on_x, on_y), own.flow[:2], strict=True)]

        # Derivatives at the inner points: of all values, then of the inner ones; the rest is known.
        along = [kron(x.slope, eye(y.n + 1)), kron(eye(x.n + 1), y.slope)]
        laplace = (along[0] @ along[0] + along[1] @ along[1]).tocsr()[free]
        along = [d.tocsr()[free] for d in along]
        self.d_x, self.d_y, self.viscous = (d[:, free] for d in (*along, -nu * laplace))
        self.p_x, self.p_y = kron(px.slope, eye(y.n - 1)), kron(eye(x.n - 1), py.slope)
        added = [np.zeros(self.m)] * 2 + [d @ wall for d, wall in product(along, self.wall)]
        self.known = [part[free] + more for part, more in zip(own.flow, added, strict=True)]
        self.force = [nu * laplace @ wall + f[free] for wall, f in zip(self.wall, own.force, strict=True)]
        self.source = along[0] @ self.wall[0] + along[1] @ self.wall[1]

    def fix_pressure(self, zero: Point, filtered: bool) -> None:
        """No pressure at this point, the carrier's included."""
        at = [np.array([z]) for z in zero]
        rows = [(line.filtered if filtered else line.values)(z) for line, z in zip(self.p_lines, at, strict=True)]
        self.pin, self.p_zero = np.kron(*rows), self.carrier(*at).p

    def residual(self, unknown: Array, inertia: float) -> Array:
        """The equations' left sides; `inertia` (dimensionless) is a factor on the advection, 0 in Stokes flow."""
        w, p, constant = unknown[: 2 * self.m].reshape(2, -1), unknown[2 * self.m : -1], unknown[-1]
        u, v, u_x, v_x, u_y, v_y = self.total(unknown)
        return np.concatenate(
            [
                inertia * (u * u_x + v * u_y) + self.p_x @ p + self.viscous @ w[0] - self.force[0],
                inertia * (u * v_x + v * v_y) + self.p_y @ p + self.viscous @ w[1] - self.force[1],
                self.d_x @ w[0] + self.d_y @ w[1] + self.source + constant,
                self.pin @ p + self.p_zero,
            ]
        )

    def total(self, unknown: Array) -> list[Array]:
        """u, v, u_x, v_x, u_y, v_y at the inner points, with the carrier's part."""
        w = unknown[: 2 * self.m].reshape(2, -1)
        parts = [*w, *(d @ a for d, a in product((self.d_x, self.d_y), w))]
        return [part + known for part, known in zip(parts, self.known, strict=True)]

    def factors(self, unknown: Array, inertia: float) -> Any:
        """The Jacobian of `residual`, factorised."""
        u, v, u_x, v_x, u_y, v_y = (diags(inertia * part) for part in self.total(unknown))
        transport = u @ self.d_x + v @ self.d_y + self.viscous
        blocks = [
            [transport + u_x, u_y, self.p_x, None],
            [v_x, transport + v_y, self.p_y, None],
            [self.d_x, self.d_y, None, np.ones((self.m, 1))],
            [None, None, self.pin, None],
        ]
        return lu_factor(bmat(blocks).toarray(order="F"), overwrite_a=True, check_finite=False)

    def iterate(self, unknown: Array, inertia: float) -> Array:
        """Newton's method, that keeps a Jacobian as long as each step is a fifth of the last or less."""
        factors, last = self.factors(unknown, inertia), inf
        for _ in range(STEPS):
            step = lu_solve(factors, self.residual(unknown, inertia), check_finite=False)
            unknown, size = unknown - step, float(np.abs(step[: 2 * self.m]).max())
            if size < CONVERGED:
                return unknown
            if not size < 1e6:
                break
            if size > last / 5:
                factors, size = self.factors(unknown, inertia), inf
            last = size
        raise ArithmeticError(f"Newton's method failed on {' x '.join(str(line.n) for line in self.lines)} points")

    def fields(self, unknown: Array) -> Fields:
        """The polynomials of u, v and p, without the carrier."""
        (x, y), (px, py) = self.lines, self.p_lines
        u, v = (wall.reshape(self.inside.shape) for wall in self.wall)
        u[self.inside], v[self.inside] = unknown[: 2 * self.m].reshape(2, -1)
        p = unknown[2 * self.m : -1].reshape(px.nodes.size, py.nodes.size)
        return {"u": surface(x, y, u), "v": surface(x, y, v), "p": surface(px, py, p)}


def solve_steady(
    degrees: Degrees,
    domain: Domain,
    nu: float,
    walls: Walls,
    zero: Point,
    carrier: Known = at_rest,
    guess: Fields | None = None,
    filtered: bool = False,
) -> Fields:
    """u, v and p as fields, with the velocities `walls`(x, y) on the walls and no pressure at the point `zero`.

    Newton's method starts from the velocities of `guess`, or from Stokes flow; an ArithmeticError says if it fails.
    The pressure at `zero` is `filtered` if the flow is singular in places: see `Line.filtered`.
    """
    grid = Rectangle(degrees, domain, nu, walls, carrier)
    grid.fix_pressure(zero, filtered)
    unknown = np.zeros(3 * grid.m + 1)
    if guess is None:
        unknown = grid.iterate(unknown, inertia=0.0)
    else:
        start = [guess[name](x=grid.at[0], y=grid.at[1]) - own for name, own in zip("uv", grid.known[:2], strict=True)]
        unknown[: 2 * grid.m] = np.concatenate(start)
    parts = grid.fields(grid.iterate(unknown, inertia=1.0))

    def total(name: str) -> Field:
        def field(x: Array, y: Array) -> Array:
            own = carrier(x, y)
            return np.asarray(parts[name](x=x, y=y) + {"u": own.flow[0], "v": own.flow[1], "p": own.p}[name])

        return field

    return {name: total(name) for name in parts}
