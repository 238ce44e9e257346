"""Steady viscous flow through a channel, by spectral elements.

    u u_x + v u_y = -p_x + nu (u_xx + u_yy)
    u v_x + v v_y = -p_y + nu (v_xx + v_yy)
    u_x + v_y = 0,   u and v given at the inlet, zero on walls,   nu u_n = p n at the outlet

Velocities of degree N and pressures of degree N - 1 in each direction, continuous (Taylor & Hood); Newton's method.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from validation.refine import Array, Field
from validation.spectral_elements import Condensed, Element, Quadrangles, both, lagrange

Where = Callable[[Array, Array], NDArray[np.bool_]]


@dataclass(frozen=True)
class Channel:
    """What a flow goes through.

    Parameters
    ----------
    elements : sequence of Element
    held : callable
        Whether velocities are given at places: at walls and the inlet.
    inlet : callable
        u there, zero on walls; v is zero.
    across : callable, optional
        Whether v is given, where that is at other places than those of u.
    closed : bool
        Whether velocities are given all around: then one pressure is zero.
    """

    elements: Sequence[Element]
    held: Where
    inlet: Callable[[Array, Array], Array]
    across: Where | None = None
    closed: bool = False


class Flow(Quadrangles):
    """The solution of degree n.

    Parameters
    ----------
    channel : Channel
    n : int
    nu : float
        The viscosity.
    known : Flow, optional
        Of another degree, from which Newton's method begins; without it from Stokes' flow.
    """

    def __init__(self, channel: Channel, n: int, nu: float, known: Flow | None = None) -> None:
        super().__init__(channel.elements, n)
        self.nu = nu
        self.tops, above = self.numbered(n - 1)
        self.top = both(lagrange(n - 1, self.ticks), lagrange(n - 1, self.ticks))
        self.count, self.size = len(self.places), 2 * len(self.places) + len(above)
        self.state = np.zeros(self.size)
        x, y = self.places.T
        held, level = channel.held(x, y), channel.closed & (np.arange(len(above)) == 0)
        self.held = np.concatenate([held, (channel.across or channel.held)(x, y), level])
        if known is not None:
            whole = known.field("u")(x, y), known.field("v")(x, y), known.field("p")(*above.T)
            self.state = np.where(self.held, 0.0, np.concatenate(whole))
        self.state[: self.count][held] = channel.inlet(x, y)[held]
        self._solve(known is None)

    def _assembled(self, advection: float) -> tuple[Array, Array]:
        """The slopes of the weak equations in each element (elements, k, k), and what is left of them (size,)."""
        c, one = self.count, self.weight
        u, v = (self.state[k * c : (k + 1) * c][self.nodes] for k in range(2))
        p = self.state[2 * c :][self.tops] @ self.top.T
        (ux, vx), (uy, vy) = ([np.einsum("eqi,ei->eq", t, f) for f in (u, v)] for t in (self.vx, self.vy))
        u, v = u @ self.v.T, v @ self.v.T
        wind = advection * (u[..., None] * self.vx + v[..., None] * self.vy)
        viscous = self.nu * (self.against(self.vx, self.vx) + self.against(self.vy, self.vy))
        viscous = viscous + self.against(self.v, wind)
        mass = [advection * self.against(self.v, s[..., None] * self.v) for s in (ux, uy, vx, vy)]
        press = [
            -self.against(t, np.broadcast_to(self.top, (*one.shape, self.top.shape[1]))) for t in (self.vx, self.vy)
        ]
        across, along, tops = self.nodes, self.nodes + c, self.tops + 2 * c
        turned = [np.swapaxes(part, 1, 2) for part in press]
        slopes = np.concatenate([
            np.concatenate([viscous + mass[0], mass[1], press[0]], 2),
            np.concatenate([mass[2], viscous + mass[3], press[1]], 2),
            np.concatenate([*turned, np.zeros((len(one), self.top.shape[1], self.top.shape[1]))], 2),
        ], 1)  # fmt: skip
        left = np.zeros(self.size)
        for numbers, pressed, fx, fy in ((across, self.vx, ux, uy), (along, self.vy, vx, vy)):
            weak = self.nu * (np.einsum("eqi,eq->ei", self.vx, one * fx) + np.einsum("eqi,eq->ei", self.vy, one * fy))
            weak += advection * (one * (u * fx + v * fy)) @ self.v - np.einsum("eqi,eq->ei", pressed, one * p)
            np.add.at(left, numbers, weak)
        np.add.at(left, tops, -(one * (ux + vy)) @ self.top)
        return slopes, left

    def _solve(self, stokes: bool) -> None:
        """Newton's method from Stokes' flow; a factorisation is kept where changes shrink fast with it."""
        numbers = np.concatenate([self.nodes, self.nodes + self.count, self.tops + 2 * self.count], 1)
        inner = np.concatenate([_within(self.n), _within(self.n), _within(self.n - 1)])
        factors, before = None, np.inf
        for advection in (*[0.0] * stokes, *[1.0] * 20):
            slopes, left = self._assembled(advection)
            if factors is None or stokes:
                factors = Condensed(slopes, numbers, inner, ~self.held)
            change = factors.solve(-left)
            self.state += change
            size = np.abs(change).max()
            if advection and size < 1e-9:
                break
            factors, before = None if size > 0.3 * before else factors, size

    def force(self, on: NDArray[np.bool_]) -> tuple[float, float]:
        """What the flow exerts on walls, as reactions at their nodes."""
        left, c = self._assembled(1.0)[1], self.count
        along, across = (-float(left[k * c : (k + 1) * c][on].sum()) for k in range(2))
        return along, across

    def field(self, name: str) -> Field:
        """u, v or p of places."""
        if name == "p":
            return self.evaluated(self.state[2 * self.count :][self.tops], self.n - 1)
        return self.evaluated(self.state[self.count * (name == "v") :][self.nodes])


def _within(n: int) -> NDArray[np.bool_]:
    """Which nodes of degree n of an element lie on none of its sides, ((n + 1)^2,)."""
    one = np.zeros(n + 1, dtype=bool)
    one[1:-1] = True
    return np.logical_and.outer(one, one).ravel()


def by_degrees(channel: Channel, nu: float, degrees: Sequence[int]) -> list[Flow]:
    """The flows of several degrees, each from the one before."""
    flows = list[Flow]()
    for n in degrees:
        flows.append(Flow(channel, n, nu, flows[-1] if flows else None))
    return flows
