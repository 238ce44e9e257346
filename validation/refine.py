"""What the references share: the domain check, refinement until the own error suffices, the method of lines."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from math import inf
from time import perf_counter
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from pinnsolve.reference import Reference

Array = NDArray[np.float64]
Field = Callable[..., Array]
Fields = Mapping[str, Field]
Interval = tuple[float, float]
Domain = Mapping[str, Interval]

SAFETY = 1.25  # on every estimate, as Roache takes it for three grids
CLOSED_FORM_AIM = 1e-7  # closed forms are carried further than asked: it costs milliseconds
CHUNK = 2**14  # numbers in a temporary array, so that it stays in the processor's cache


class Declared(Protocol):
    """The part of a problem that a reference reads; of its space, the `bounds` {coordinate: (low, high)}."""

    @property
    def parameters(self) -> Mapping[str, Any]: ...
    @property
    def materials(self) -> Mapping[str, Any]: ...
    @property
    def tolerance(self) -> float: ...
    @property
    def space(self) -> Any: ...
    @property
    def time(self) -> Interval | None: ...


def read(problem: Declared, solves: str, domain: Domain, *names: str, signed: Sequence[str] = ()) -> list[float]:
    """The named parameters of a problem that is posed on exactly this domain, its time under "t": first those above
    zero, then the signed ones.

    A ValueError says so if the domain is another or a parameter no such number: no reference beats a wrong one.
    """
    given = dict(problem.space.bounds) if problem.space is not None else {}
    if problem.time is not None:
        given["t"] = problem.time
    if {name: tuple(map(float, ends)) for name, ends in given.items()} != dict(domain):
        raise ValueError(
            f"this reference solves {solves} on {_told(domain)}; the problem was given {_told(given) or 'no domain'}.\n"
            "  Change the problem's space and time to those, or give it another reference."
        )
    for name in (*names, *signed):
        value = problem.parameters.get(name)
        if not isinstance(value, int | float) or not abs(value) < inf or not (value > 0 or name in signed):
            raise ValueError(
                f"this reference solves {solves} and needs {name} as a number{'' if name in signed else ' above zero'}; "
                f"the problem was given the parameters {dict(problem.parameters)}.\n"
                f"  Write parameters={{{name!r}: ...}} in the problem."
            )
    return [float(problem.parameters[name]) for name in (*names, *signed)]


def _told(domain: Domain) -> str:
    return ", ".join(f"{name} in ({low:g}, {high:g})" for name, (low, high) in domain.items())


def lattice(domain: Domain, count: int = 17711) -> tuple[dict[str, Array], Array]:
    """Points over a domain by coordinate, arrays of shape (count,), and their relative weights.

    An additive recurrence, whose steps are powers of the real root of g^(d+1) = g + 1: no coordinate comes twice.
    Points crowd to the ends of space and to the start, where layers may be thin.
    """
    root = 2.0
    for _ in range(64):
        root = (1 + root) ** (1 / (len(domain) + 1))
    i, points, weight = np.arange(1, count + 1), {}, np.ones(count)
    for k, (name, (low, high)) in enumerate(domain.items()):
        part = (0.5 + i * root ** -(k + 1.0)) % 1.0
        points[name] = low + (high - low) * (part**3 if name == "t" else (1 - np.cos(np.pi * part)) / 2)
        weight *= part**2 if name == "t" else np.sin(np.pi * part)
    return points, weight


def relative_l2(found: Array, truth: Array, weight: Array) -> float:
    """The norm of found - truth over that of truth, both the square root of sum weight u^2 (dimensionless)."""
    return float(np.sqrt(weight @ (found - truth) ** 2 / (weight @ truth**2)))


def refine(
    name: str,
    solve: Callable[[int], Fields],
    sizes: tuple[int, int],
    problem: Declared,
    domain: Domain,
    order: int | None = None,
    rounding: float = 2.0**-52,
    within: Callable[..., NDArray[np.bool_]] | None = None,
) -> Reference:
    """Double the size, from the first of `sizes` up to the last, until the own error is a tenth of the tolerance.

    With D the relative L2 difference of two sizes, the largest over the unknowns, the finer grid of a method of known
    order is returned with Richardson's estimate D / (r - 1), r the ratio of the last two D but at most 2^order
    (Roache, Annu. Rev. Fluid Mech. 29 (1997) 123-160). A series or a quadrature (`order` None) converges too fast for
    that to mean much: the finer judges the coarser, which is returned, and D is its error. No D counts as less than
    `rounding`. Where the domain is less than its box, `within` says of coordinates (N,) which are in it: others are no
    part of D.
    """
    begin, (points, weight) = perf_counter(), lattice(domain)
    if within is not None:
        inside = within(**points)
        points, weight = {name: values[inside] for name, values in points.items()}, weight[inside]
    aim = problem.tolerance / 10 if order else min(problem.tolerance / 10, CLOSED_FORM_AIM)
    size, difference, own_error = sizes[0], 0.0, inf
    answer = fine = solve(size)
    values = {unknown: field(**points) for unknown, field in fine.items()}
    while own_error > aim and 2 * size <= sizes[1]:
        size, coarse, coarse_values, before = 2 * size, fine, values, difference
        fine = solve(size)
        values = {unknown: field(**points) for unknown, field in fine.items()}
        difference = max(rounding, *(relative_l2(coarse_values[u], v, weight) for u, v in values.items()))
        if order is None:
            answer, own_error = coarse, SAFETY * difference
        elif before > 0:  # one difference alone tells nothing of the order reached
            reduction = min(max(before / difference, 1.25), 2.0**order)
            answer, own_error = fine, SAFETY * difference / (reduction - 1)
    return Reference(name, answer, own_error, perf_counter() - begin)


def pointwise(evaluate: Callable[[Array, Array], Array], width: int) -> Field:
    """A field from a function of chunks (M,), (M,) -> (M,), in order of time, that needs `width` numbers a point."""

    def field(x: Array, t: Array) -> Array:
        if x.shape != t.shape:
            raise ValueError(f"x and t must be arrays of one shape, and are {x.shape} and {t.shape}")
        in_time, value = np.argsort(t, axis=None), np.empty(x.size)
        for chunk in np.array_split(in_time, max(1, x.size * width // CHUNK)):
            value[chunk] = evaluate(x.ravel()[chunk], t.ravel()[chunk])
        return value.reshape(x.shape)

    return field


def march(rate: Callable[[float, Array], Array], x: Array, start: Array, accuracy: float) -> Field:
    """The method of lines, du/dt = rate(t, u) for the values u (n + 1,) at the nodes x, 0 < t < 1, as a field.

    LSODA (Petzold, SIAM J. Sci. Stat. Comput. 4 (1983) 136-148) has the tolerance `accuracy` / n^2, and keeps times
    graded to t = 0, in number as sqrt(n), for cubic interpolation: so all errors fall as n^-2 and Richardson sees them.
    """
    from scipy.integrate import solve_ivp  # a quarter of a second to import: only where it is used

    n = x.size - 1
    t, tolerance = np.linspace(0.0, 1.0, round(4 * np.sqrt(n)) + 1) ** 3, accuracy / n**2
    found = solve_ivp(rate, (0.0, 1.0), start, "LSODA", t, lband=1, uband=1, rtol=tolerance, atol=tolerance)
    if not found.success:
        raise ArithmeticError(f"the reference on {n + 1} points failed: {found.message}")

    def evaluate(at_x: Array, at_t: Array) -> Array:
        (i, in_x), (k, in_t) = _cubic(x, at_x), _cubic(t, at_t)
        return np.asarray(np.einsum("am,bm,abm->m", in_x, in_t, found.y[i[:, None], k[None, :]]))

    return pointwise(evaluate, width=16)


def _cubic(nodes: Array, at: Array) -> tuple[NDArray[np.intp], Array]:
    """Indices (4, M) of the four nodes round each point (M,), and Lagrange's weights (4, M) on them."""
    near = np.clip(np.searchsorted(nodes, at) - 2, 0, nodes.size - 4) + np.arange(4)[:, None]
    off = at - nodes[near]
    rest = [[m for m in range(4) if m != j] for j in range(4)]
    return near, np.stack([np.prod(off[rest[j]] / (off[rest[j]] - off[j]), axis=0) for j in range(4)])
