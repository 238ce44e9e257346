"""What a source in a point does beside it: the part of a solution that has no bound there.

Beside it an equation reads a_ij u_ij + b_i u_i + c u + q delta = 0, a positive definite, or u_t = the same. With d the
distance from it, v = -inv(a) b / 2, rho^2 = d' inv(a) d and k = b' inv(a) b / 4 - c, over sqrt(det a), it is

    q exp(v'd) g,    g = K_0(sqrt(k) rho) / 2 pi  or  -Y_0(sqrt(-k) rho) / 4  or  -log(rho) / 2 pi,
                     exp(-sqrt(k) rho) / 4 pi rho  or  cos(sqrt(-k) rho) / 4 pi rho     in three coordinates,

which leaves nothing where coefficients are constant. With time, s = t - t0 and z = rho^2 / 4 s,

    (1 + v'd + (v'd)^2 / 2) (q g - (q_t + k q) h),
    g = E_1(z) / 4 pi,              h = (s exp(-z) - rho^2 E_1(z) / 4) / 4 pi,
    g = erfc(sqrt z) / 4 pi rho,    h = (2 sqrt(s / pi) exp(-z) - rho erfc(sqrt z)) / 8 pi     in three,

leaves what is continuous, since h_t - a_ij h_ij = g.

Source: Carslaw & Jaeger, Conduction of Heat in Solids (Oxford 1959), sections 10.2 and 10.4; h by integrating these.
"""

from __future__ import annotations

import operator
from collections.abc import Mapping
from dataclasses import dataclass
from functools import reduce
from math import pi
from typing import Any

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import SAME
from pinnsolve.checks.coverage import derivative_name
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.points import Points
from pinnsolve.jets.arithmetic import elementary
from pinnsolve.jets.intervals import UnenclosedError
from pinnsolve.jets.jet import Jet, on_jets
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.problem.sources import Place, name_of


@dataclass(frozen=True)
class Rules:
    """How it is looked at a source. Chosen, not measured.

    Parameters
    ----------
    shifts : tuple of float
        Phases of the probes: coefficients that differ between them depend on the solution.
    same : float
        Of the largest coefficient: what differs by less is the same.
    least : float
        Of the domain's length: as near to the source as a distance is told; and of its time.
    """

    shifts: tuple[float, ...] = (0.0, 1.1)
    same: float = 1e-8
    least: float = 1e-12


RULES = Rules()


@dataclass(frozen=True)
class Singular:
    """The part without bound of an unknown at a source.

    Parameters
    ----------
    unknown : str
    equation : Equation
    place : mapping from coordinate to float
    inverse : tensor (n, n)
        Of the matrix a of second derivatives.
    drift : tensor (n,)
        v.
    decay : float
        k.
    factor : float
        What the strength is multiplied by: the sign of a, and one over the factor of u_t.
    length : float
        In which distances are told, so that logarithms are of numbers.
    time, start : str and float, or None
    span : float
        Of time.
    """

    unknown: str
    equation: Equation
    place: Place
    inverse: Tensor
    drift: Tensor
    decay: float
    factor: float
    length: float
    time: str | None = None
    start: float = 0.0
    span: float = 1.0

    def of(self, at: Mapping[str, Any], strength: Jet) -> Jet:
        """It for a strength, on fields of the coordinates, (N,)."""
        away = [at[c] - value for c, value in self.place.items()]
        n, size = len(away), float(torch.linalg.det(self.inverse)) ** 0.5
        pairs = [(i, j) for i in range(n) for j in range(n) if self.inverse[i, j] != 0.0]
        square = reduce(operator.add, [away[i] * away[j] * float(self.inverse[i, j]) for i, j in pairs])
        unit = self.length**2 * float(self.inverse.diagonal().max())
        square = on_jets.clamp(square, min=unit * RULES.least**2)
        turned = [a * float(v) for a, v in zip(away, self.drift, strict=True) if v != 0.0]
        along = reduce(operator.add, turned) if turned else 0.0
        if self.time is None:
            found = strength * _steady(square, unit, n, self.decay, along)
        else:
            first, then = _timed(square, on_jets.clamp(at[self.time] - self.start, min=RULES.least * self.span), n)
            rate = strength * self.decay + strength.along(strength.chart.axis(self.time))
            found = (strength * first - rate * then) * (1 + along + along * along * 0.5)
        made: Jet = found * (self.factor * size)
        return made


def _steady(square: Any, unit: float, n: int, decay: float, along: Any) -> Any:
    """exp(v'd) g by rho^2; lengths of logarithms are in the root of `unit`."""
    rho, rate = on_jets.sqrt(square), abs(decay) ** 0.5
    if decay * unit > SAME:  # the product, since each by itself may overflow
        faded = on_jets.exp(along - rho * rate)
        if n == 3:
            return faded / rho * (0.25 / pi)
        return faded * on_jets.special.scaled_modified_bessel_k0(rho * rate) * (0.5 / pi)
    if decay * unit < -SAME:
        waves = on_jets.cos(rho * rate) / rho * (0.25 / pi) if n == 3 else on_jets.special.bessel_y0(rho * rate) * -0.25
    else:
        waves = on_jets.reciprocal(rho) * (0.25 / pi) if n == 3 else on_jets.log(square / unit) * (-0.25 / pi)
    return waves * on_jets.exp(along) if isinstance(along, Jet) else waves


def _timed(square: Any, passed: Any, n: int) -> tuple[Any, Any]:
    """The same with time."""
    z = square / (4 * passed)
    if n == 2:
        first = exponential_integral(z)
        return first * (0.25 / pi), (passed * on_jets.exp(-z) - square * first * 0.25) * (0.25 / pi)
    rho, left = on_jets.sqrt(square), on_jets.erfc(on_jets.sqrt(z))
    spread = on_jets.sqrt(passed) * on_jets.exp(-z) * (2 / pi**0.5)
    return left / rho * (0.25 / pi), (spread - rho * left) * (0.125 / pi)


def exponential_integral(w: Jet) -> Jet:
    """E_1(w), whose derivative is -exp(-w) / w."""
    return elementary(_values, lambda w, y: -on_jets.exp(-w) / w, w)


def _values(w: Tensor) -> Tensor:
    if not isinstance(w, Tensor):
        raise UnenclosedError
    from scipy.special import exp1  # scipy changes the warning filters: only who asks gets it

    return torch.as_tensor(exp1(w.detach().cpu().numpy())).to(w)


def singular(problem: Problem, equation: Equation, place: Place) -> Singular:
    """What a source of an equation in a point does beside it.

    Raises
    ------
    ProblemError
        Where that is not known: a system in which several unknowns answer to it, coefficients that depend on the
        solution or are to be found, an equation that is not of second order.
    """
    said = f"equation '{equation.name}': source(..., {name_of(place)})"
    order, slopes = _slopes(problem, equation, place, said)
    unknown = _unknown(problem, slopes, order, said)
    names, coordinates = list(place), problem.coordinates
    axes, n = [coordinates.index(c) for c in names], len(place)
    a, b, c, rate = torch.zeros(n, n).double(), torch.zeros(n).double(), 0.0, 0.0
    for (u, alpha), slope in slopes.items():
        if u != unknown:
            continue
        if not any(alpha):
            c = slope
            continue
        along = [k for k, axis in enumerate(axes) for _ in range(alpha[axis])]
        if coordinates[_first(alpha)] == problem.domain.time and sum(alpha) == 1:
            rate = slope
        elif len(along) == sum(alpha) == 2:
            a[along[0], along[1]] += slope / 2
            a[along[1], along[0]] += slope / 2
        elif len(along) == sum(alpha) == 1:
            b[along[0]] = slope
        elif along or coordinates[_first(alpha)] == problem.domain.time:
            _refuse(said, f"{derivative_name(u, alpha, coordinates)} stands in the equation", "")
    if rate:
        a, b, c = a / -rate, b / -rate, c / -rate
    ends = torch.linalg.eigvalsh(a)
    sign = 1.0 if bool((ends > 0).all()) else -1.0
    if not bool((ends * sign > RULES.same * ends.abs().max()).all()) or (rate and sign < 0):
        _refuse(said, "its second derivatives are not those of a diffusion", "")
    time = problem.domain.time if rate else None
    begin, end = problem.domain.ends(time) if time is not None else (0.0, 1.0)
    inverse = torch.linalg.inv(sign * a)
    drift = inverse @ b * (-sign / 2)
    length = max(problem.domain.length(c) for c in names)
    return Singular(
        unknown, equation, place, inverse, drift, float(drift @ (sign * a) @ drift) - sign * c,
        -1 / rate if rate else sign, length, time, begin, end - begin,
    )  # fmt: skip


def _first(alpha: tuple[int, ...]) -> int:
    return next(k for k, n in enumerate(alpha) if n)


def _slopes(
    problem: Problem, equation: Equation, place: Place, said: str
) -> tuple[int, dict[tuple[str, tuple[int, ...]], float]]:  # fmt: skip
    """The coefficients at the source, and the highest order in space."""
    parts = torch.linspace(0.1, 0.9, 5, dtype=torch.float64)
    points = Points(
        {c: torch.full_like(parts, place[c]) if c in place else problem.domain.place(c, parts)
         for c in problem.coordinates},
        torch.ones_like(parts),
    )  # fmt: skip
    looks = [problem.prober.answer(equation, points, s, guessed=g) for s in RULES.shifts for g in (True, False)]
    found: dict[tuple[str, tuple[int, ...]], float] = {}
    usual = {(u, alpha) for u, alpha, _ in problem.prober.inside(equation).slopes}
    varying = [kind for kind in problem.prober.derivatives(equation) if kind not in usual]  # beyond some value of u
    for u, alpha, slope in looks[0].slopes:
        others = [dict(look.of(u)).get(alpha, torch.zeros_like(slope)) for look in looks]
        size = float(slope.abs().max())
        if any(float((o - slope[0]).abs().max()) > RULES.same * size for o in others):
            varying.append((u, alpha))
        found[u, alpha] = float(slope[0])
    for u, alpha in varying:
        if any(alpha):
            told = derivative_name(u, alpha, problem.coordinates)
            why = f"the factor of {told} depends there on the solution, on time, or on what is to be found"
            _refuse(said, why, "")
    space = [problem.coordinates.index(c) for c in problem.space_coordinates]
    return max((sum(alpha[k] for k in space) for _, alpha in found), default=0), found


def _unknown(
    problem: Problem, slopes: Mapping[tuple[str, tuple[int, ...]], float], order: int, said: str
) -> str:  # fmt: skip
    """The one unknown that answers to the source."""
    derived = {u for u, alpha in slopes if any(alpha)}
    if order != 2:
        _refuse(said, f"the equation is of order {order} in space, and not of second", "")
    if len(derived) != 1:
        _refuse(said, f"{' and '.join(sorted(derived))} are differentiated in the equation, and not one unknown", "")
    return derived.pop()


def check_alone(problem: Problem, part: Singular) -> None:
    """Refuse a source beside which an unknown without bound is differentiated in another equation.

    Raises
    ------
    ProblemError
    """
    for equation in problem.equations:
        if equation.name == part.equation.name:
            continue
        if any(u == part.unknown and any(alpha) for u, alpha in problem.prober.derivatives(equation)):
            said = f"equation '{part.equation.name}': source(..., {name_of(part.place)})"
            _refuse(said, f"{part.unknown} is differentiated in '{equation.name}', too", "")


def _refuse(said: str, why: str, remedy: str) -> None:
    raise ProblemError(
        f"{said}: {why}, and how a solution behaves at such a point is not known",
        remedy or "Write a narrow source of a width that is meant, as q * exp(-r2 / w**2) / (pi * w**2).",
    )
