"""The flow into a corner whose two walls move differently, as a lid that scrapes along a wall.

With local coordinates xi, eta that point from the corner into the domain along its walls, and the angle theta between
the wall eta = 0 and a point, the stream function

    psi = a eta + b xi + theta (c eta + d xi)

is biharmonic, and its velocities on both walls are constant: a, b, c, d follow from the two velocities there. What
remains of the prescribed velocity is continuous in the corner, and what remains of a viscous flow is bounded.

Source: Taylor, in: Miszellaneen der angewandten Mechanik (Akademie-Verlag, Berlin 1962), 313-315.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi

from pinnsolve.geometry.places import Corner
from pinnsolve.geometry.points import Points
from pinnsolve.jets.calculus import d as derivative
from pinnsolve.jets.jet import Jet, on_jets
from pinnsolve.problem.equation import Prescribed
from pinnsolve.problem.problem import Problem

Wall = tuple[Prescribed, Prescribed]


@dataclass(frozen=True)
class CornerFlow:
    """A corner of two walls in the plane, and what is prescribed of the velocity's two components on each of them.

    Parameters
    ----------
    corner : Corner
    across : (Prescribed, Prescribed)
        u and v on the wall along which the first coordinate of space runs (eta = 0).
    up : (Prescribed, Prescribed)
        u and v on the wall along which the second one runs (xi = 0).
    """

    corner: Corner
    across: Wall
    up: Wall

    def velocity(self, problem: Problem, points: Points, at: Mapping[str, Jet]) -> tuple[Jet, Jet]:
        """The velocity (psi_y, -psi_x); like the prescribed one it may change in time."""
        x, y = problem.space_coordinates
        chart = at[x].chart
        there = {**at, **{c: chart.fixed(c, v) for c, v in self.corner.fixed.items()}}
        fields = problem.fields(chart, there, {}, points)
        signs = [1.0 if self.corner.fixed[c] == problem.domain.ends(c)[0] else -1.0 for c in (x, y)]
        u0, v0 = (told.given(fields) for told in self.across)
        u1, v1 = (told.given(fields) for told in self.up)
        xi = (at[x] - self.corner.fixed[x]) * signs[0]
        eta = (at[y] - self.corner.fixed[y]) * signs[1]
        # f = psi/r and its slope on both walls: psi_eta = f' and psi_xi = f at theta = 0, f and -f' at pi/2
        a, b, c, d = _coefficients(v0 * -signs[0], u0 * signs[1], u1 * signs[1], v1 * signs[0])
        # 1e-30 keeps the angle finite in the corner itself
        theta = 2 * on_jets.atan(eta / (on_jets.sqrt(xi * xi + eta * eta + 1e-30) + xi))
        psi = a * eta + b * xi + theta * (c * eta + d * xi)
        return derivative(psi, at[y]), -derivative(psi, at[x])


def _coefficients(start: Jet, start_slope: Jet, end: Jet, end_slope: Jet) -> tuple[Jet, Jet, Jet, Jet]:
    """a, b, c, d of f = a sin + b cos + theta (c sin + d cos) from f and f' at theta = 0 and at pi/2."""
    d = (end_slope + start - (end - start_slope) * (2 / pi)) * (1 / (2 / pi - pi / 2))
    c = (end - start_slope + d) * (2 / pi)
    return start_slope - d, start, c, d
