"""Incompressible flow: elements of Taylor and Hood of high degree, Newton's method or backward differences in time."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from numpy.polynomial import legendre
from scipy.sparse import block_diag, bmat, csc_matrix
from scipy.sparse.linalg import splu

from benchmarks.pinnacle.truths.elements import Space
from benchmarks.pinnacle.truths.mesh import graded, plane
from benchmarks.pinnacle.truths.potentials import ONTO
from benchmarks.pinnacle.truths.record import MOVING, STEADY, Truth, Values, at_times, on_two_grids, uniform
from validation.refine import Array
from validation.spectral_elements import Element, assembled, both, lagrange
from validation.viscous_flow import Channel as Bounded
from validation.viscous_flow import Flow

NU = 0.01
Given = tuple[Any, Any, Array, Array]


def steady(
    places: dict[str, Array],
    given: Callable[[Array, Array], Given],
    closed: bool,
    meshes: list[list[Element]],
    about: str,
) -> Truth:
    """u, v, p by Newton's method from Stokes' flow."""

    def solve(grid: tuple[int, int]) -> Values:
        n, which = grid
        along, across, inlet, _ = (partial(_one, given, k) for k in range(4))
        flow = Flow(Bounded(meshes[which], along, inlet, across, closed), n, NU)
        space = {"u": Space(meshes[which], n), "p": Space(meshes[which], n - 1)}
        u, v = np.split(flow.state[: 2 * flow.count], 2)
        at, above = (space[f].at(**places) for f in "up")
        return {"u": at @ u, "v": at @ v, "p": above @ flow.state[2 * flow.count :]}

    return on_two_grids(places, solve, ((5, 0), (7, 1)), about)


def _one(given: Callable[[Array, Array], Given], which: int, x: Array, y: Array) -> Any:
    return given(x, y)[which]


def ns2d_c() -> Truth:
    """101 x 101 nodes, without the lid's corners, where the pressure is infinite."""
    x, y = (v.ravel() for v in np.meshgrid(np.linspace(0, 1, 101), np.linspace(0, 1, 101), indexing="ij"))
    keep = ~((y == 1) & ((x == 0) | (x == 1)))

    def given(x: Array, y: Array) -> Given:
        rim = (np.minimum(x, y) < ONTO) | (np.maximum(x, y) > 1 - ONTO)
        return rim, rim, np.where(y > 1 - ONTO, 4 * x * (1 - x), 0.0), np.zeros_like(x)

    meshes = [plane(graded(0, 1, 5, (0, 1), least, 0.3), graded(0, 1, 5, (1,), least, 0.3)) for least in (1e-2, 1e-3)]
    about = "Taylor-Hood of degrees 5 and 7, graded to 1e-2 and 1e-3 at the lid's corners"
    found = steady({"x": x[keep], "y": y[keep]}, given, True, meshes, about)
    level = found.values["p"][0]  # at (0, 0)
    return Truth(found.places, {**found.values, "p": found.values["p"] - level}, found.own, found.about)


def ns2d_cg() -> Truth:
    def outside(x: Array, y: Array) -> Array:
        return np.asarray((x > 2) | (y < 1))

    def given(x: Array, y: Array) -> Given:
        outlet = x > 4 - ONTO
        wall = (y < ONTO) | (y > 2 - ONTO) | ((x < 2 + ONTO) & (y > 1 - ONTO))
        inlet = x < ONTO
        return wall | inlet, wall | inlet | outlet, np.where(inlet, 4 * y * (1 - y), 0.0), np.zeros_like(x)

    places = uniform(STEADY, {"x": (0, 4), "y": (0, 2)}, outside)
    meshes = [
        plane(
            graded(0, 4, 10, (2, 4), least, 0.3),
            graded(0, 2, 6, (0, 1), least, 0.3),
            inside=lambda x, y: x > 2 or y < 1,
        )
        for least in (2e-2, 2e-3)
    ]
    return steady(places, given, False, meshes, "Taylor-Hood of degrees 5 and 7, graded to 2e-2 and 2e-3 at the edge")


class Channel:
    """The pulsating channel, in elements of degree n: matrices once, backward differences of order three in time.

    Advection is extrapolated, all else implicit: (11/6 u - 3 u' + 3/2 u'' - 1/3 u''')/dt + ... (Karniadakis, Israeli &
    Orszag, J. Comput. Phys. 97 (1991) 414). The first steps are of lower order, and short.
    """

    def __init__(self, n: int, cells: tuple[int, int]) -> None:
        mesh = plane(graded(0, 2, cells[0], (0, 2), 0.02), graded(0, 1, cells[1], (0, 1), 0.02))
        self.space, above = Space(mesh, n), Space(mesh, n - 1)
        self.above, s = above, self.space
        top = _shapes(s, above)
        self.mass, self.viscous = s.mass(), NU * s.stiffness()
        self.gradients = [_mixed(s, above, slopes, top) for slopes in (s.vx, s.vy)]
        x, y = s.places.T
        wall, inlet = (y < ONTO) | (y > 1 - ONTO), x < ONTO
        self.inlet, self.profile = inlet, np.where(inlet, np.sin(np.pi * y), 0.0)
        self.free = np.concatenate([~(wall | inlet), ~(wall | inlet | (x > 2 - ONTO)), np.ones(above.size, dtype=bool)])
        self.force = s.load(np.sin(np.pi * s.x) * np.sin(np.pi * s.y))

    def factors(self, weight: float) -> tuple[csc_matrix, Any]:
        """Of weight M + viscosity with the constraint."""
        block = weight * self.mass + self.viscous
        gx, gy = self.gradients
        whole = bmat([[block, None, -gx], [None, block, -gy], [-gx.T, -gy.T, None]]).tocsc()
        return whole, splu(whole[self.free][:, self.free])

    def advection(self, u: Array, v: Array) -> Array:
        """The integrals of (U . grad) U against all functions, (2 size,)."""
        s = self.space
        local = [f[s.nodes] for f in (u, v)]
        at = [f @ s.v.T for f in local]
        along = [[np.einsum("eqk,ek->eq", t, f) for t in (s.vx, s.vy)] for f in local]
        return np.concatenate([s.load(at[0] * gx + at[1] * gy) for gx, gy in along])

    def march(self, dt: float, times: Array) -> dict[float, Array]:
        """The states u, v, p at the times."""
        size, found = self.space.size, {}
        mass = block_diag([self.mass, self.mass]).tocsr()
        past = [np.zeros(2 * size)]
        wind = [np.zeros(2 * size)]
        orders = {1: ((1.0,), (1.0,)), 2: ((2.0, -0.5), (2.0, -1.0)), 3: ((3.0, -1.5, 1 / 3), (3.0, -3.0, 1.0))}
        leads, cached = {1: 1.0, 2: 1.5, 3: 11 / 6}, {}
        wanted = {round(float(t), 9) for t in times}
        for number in range(1, round(float(times[-1]) / dt) + 1):
            t, order = number * dt, min(number, 3)
            if order not in cached:
                cached[order] = self.factors(leads[order] / dt)
            whole, solved = cached[order]
            back, ahead = orders[order]
            known = mass @ sum(c * w for c, w in zip(back, past, strict=False)) / dt
            known = known - sum(c * w for c, w in zip(ahead, wind, strict=False))
            known[size:] -= self.force * np.sin(np.pi * t)
            state = np.zeros(whole.shape[0])
            state[:size] = self.profile * sum(np.sin(k * np.pi * t) for k in (1, 3, 5))
            right = np.concatenate([known, np.zeros(self.above.size)]) - whole @ state
            state[self.free] = solved.solve(right[self.free])
            past = [state[: 2 * size], *past[:2]]
            wind = [self.advection(*np.split(past[0], 2)), *wind[:2]]
            if round(t, 9) in wanted:
                found[round(t, 9)] = state
        return found


def _shapes(space: Space, above: Space) -> Array:
    """The pressure's functions at the velocity's points of integration."""
    at, _ = legendre.leggauss(space.n + 2)
    table = lagrange(above.n, at)
    return both(table, table)


def _mixed(space: Space, above: Space, slopes: Array, top: Array) -> csc_matrix:
    """The integrals of the slope of v against q: (size of v, size of q)."""
    parts = np.swapaxes(slopes, 1, 2) @ (space.weight[..., None] * top)
    return assembled([(space.nodes, above.nodes, parts)], space.size, above.size)


def ns2d_lt() -> Truth:
    times = np.linspace(0.1, 5, 50)
    here = uniform(MOVING, {"x": (0, 2), "y": (0, 1)})

    def solve(grid: tuple[int, tuple[int, int], float]) -> Values:
        n, cells, dt = grid
        channel = Channel(n, cells)
        at, above = channel.space.at(**here), channel.above.at(**here)
        states, size = channel.march(dt, times), channel.space.size
        parts = [(at @ w[:size], at @ w[size : 2 * size], above @ w[2 * size :]) for w in states.values()]
        return {name: np.concatenate([part[k] for part in parts]) for k, name in enumerate("uvp")}

    about = "Taylor-Hood of degree 5 with steps of 1/400 and 7 with 1/800, backward differences of order three"
    return on_two_grids(at_times(here, times), solve, ((5, (8, 4), 1 / 400), (7, (8, 4), 1 / 800)), about)


TRUTHS: dict[str, Callable[[], Truth]] = {"ns2d_c": ns2d_c, "ns2d_cg": ns2d_cg, "ns2d_lt": ns2d_lt}
