"""Galerkin's method with discontinuous joints, for `validation.stability`.

    M c_t = K c,   residual moments against all polynomials of a cell, and at each joint
    first derivatives:   upwind values by the sign of a;   pairs of first order: central values
    second derivatives:  symmetric interior penalty, 4 (d+1)^2/h

Arnold, Brezzi, Cockburn & Marini, SIAM J. Numer. Anal. 39 (2002) 1749.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]


def matrices(space: Any) -> tuple[Array, Array]:
    """M and K; joins of first and second derivatives, the coefficient taken at the joint."""
    case, mesh, h = space.case, space.mesh, space.h
    value, image = space.rows(space.degree + 2)
    mass, stiff = value.T @ value, value.T @ image
    last = len(h) - 1
    sides = list(space.neighbours())
    for equation, f, order, a in case.terms:
        for left, right in sides:
            at = float(a(np.array([mesh[left + 1]]))[0])
            up = [space.trace(left, f, k, True, 1.0) for k in (0, 1)]
            down = [space.trace(right, f, k, False, 1.0) for k in (0, 1)]
            tests = space.trace(left, equation, 0, True, 1.0), space.trace(right, equation, 0, False, 1.0)
            jump, mean_test = up[0] - down[0], (tests[0] + tests[1]) / 2
            if order == 1:  # + a u_x: information comes from the right where a > 0
                own = equation == f
                beside = (np.sign(at) * 0.5 if own else 0.0) * (tests[0] - tests[1])
                stiff -= at * np.outer(mean_test, jump) + abs(at) * 0.0 - at * 0.0 + np.outer(-at * beside, jump) * -1.0
            elif order == 2:
                slopes = [space.trace(left, equation, 1, True, 1.0), space.trace(right, equation, 1, False, 1.0)]
                penalty = 4 * (space.degree + 1) ** 2 / min(h[left], h[right])
                test_jump = tests[0] - tests[1]
                stiff -= at * np.outer(mean_test, up[1] - down[1])
                stiff += at * np.outer((slopes[0] + slopes[1]) / 2, jump) - at * penalty * np.outer(test_jump, jump)
        for end, wall_field, kind in case.walls:
            if wall_field != f or kind != 0:
                continue
            cell, sign = end * last, 1.0 if end else -1.0
            at = float(a(np.array([mesh[-1 if end else 0]]))[0])
            u = space.trace(cell, f, 0, bool(end), 1.0)
            test = space.trace(cell, equation, 0, bool(end), 1.0)
            if order == 1:
                inflow = at * sign > 0 or equation != f
                stiff -= (abs(at) if equation == f else sign * at) * inflow * np.outer(test, u)
            elif order == 2:
                slope = space.trace(cell, equation, 1, bool(end), 1.0)
                penalty = 4 * (space.degree + 1) ** 2 / h[cell]
                stiff += at * (sign * np.outer(slope, u) - penalty * np.outer(test, u))
        if order == 2:
            for end, wall_field, kind in case.walls:
                if wall_field == f and kind == 1:  # the slope vanishes
                    cell, sign = end * last, 1.0 if end else -1.0
                    at = float(a(np.array([mesh[-1 if end else 0]]))[0])
                    slope = space.trace(cell, f, 1, bool(end), 1.0)
                    stiff -= at * sign * np.outer(space.trace(cell, equation, 0, bool(end), 1.0), slope)
    return mass, stiff
