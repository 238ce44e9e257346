"""What joins the parts of a solution across an interface: whatever an equation differentiates is continuous there.

With F_i what an equation differentiates along the coordinate x_i, and c_i what multiplies the derivative,

    residual = ... + sum of c_i d(F_i, x_i),      sum of c_i n_i [F_i] = 0,      [F] = F on one side - F on the other,

or there were a delta that nothing balances. What is differentiated again, as T in d(k * d(T, x), x), is continuous by
itself: n_i [F_i] = 0; so is what a coefficient multiplies that jumps there, as T_x in k * d(T, x, x).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import torch
from torch import Tensor

from pinnsolve.checks.differentiated import differentiated, twice, weights
from pinnsolve.geometry.across import BEYOND
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.regions import interior
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.probes import fields_of, probes
from pinnsolve.problem.problem import Problem


@dataclass(frozen=True)
class Rules:
    """How it is looked. Chosen, not measured.

    Parameters
    ----------
    points : int
        Of the interfaces, on which coefficients are compared.
    same : float
        Of the largest: what differs by less is the same.
    least : float
        Contrasts beyond its inverse are taken for that: beyond it rounding decides.
    """

    points: int = 64
    same: float = 1e-6
    least: float = 1e-8


RULES = Rules()


@dataclass(frozen=True)
class Joined:
    """How an equation joins both sides.

    Parameters
    ----------
    equation : Equation
    together : tuple of (int, float or None)
        Of what is differentiated, that which counts in the flux, with what multiplies it; None where that varies.
    alone : tuple of int
        That which is continuous by itself.
    lost : bool
        Whether a coefficient that jumps multiplies a second derivative: that form does not conserve.
    """

    equation: Equation
    together: tuple[tuple[int, float | None], ...]
    alone: tuple[int, ...]
    lost: bool


def joined(problem: Problem) -> list[Joined]:
    """How each equation joins both sides of the interfaces of a problem's materials."""
    if not problem.interfaces:
        return []
    generator = torch.Generator().manual_seed(17)
    points = [piece.draw(RULES.points, "sobol", generator) for piece in problem.interfaces]
    return [_joined(problem, e, points) for e in problem.equations]


def _joined(problem: Problem, equation: Equation, points: Sequence[Points]) -> Joined:
    weights = [_weights(problem, equation, p) for p in points]
    here, beyond = (torch.cat([w[side] for w in weights], 1) for side in (0, 1))
    names = [name for _, name in differentiated(equation, _probed(problem, points[0]))[1]]
    flux = twice(equation, _probed(problem, points[0]))
    together, alone, lost = [], [], False
    size = torch.maximum(here.abs(), beyond.abs()).amax() if len(here) else torch.tensor(0.0)
    for k, name in enumerate(names):
        if name not in problem.space_coordinates:
            continue
        both = torch.stack([here[k], beyond[k]])
        if not bool((both.abs() > RULES.same * size).any()):
            alone.append(k)
        elif bool(((both[0] - both[1]).abs() > RULES.same * size).any()):
            alone.append(k)
            lost |= flux[k]  # what is no flux goes on by itself, as T does before k(T) T_x is differentiated
        else:
            constant = bool(((both - both[0, 0]).abs() <= RULES.same * size).all())
            together.append((k, float(both[0, 0]) if constant else None))
    return Joined(equation, tuple(together), tuple(alone), lost)


@dataclass(frozen=True)
class Row:
    """A residual on points of an interface: what one side has of something, less what the other has.

    Parameters
    ----------
    side : callable Fields -> Jet
    """

    side: Callable[[Fields], Jet]

    def __call__(self, at: Fields) -> Jet:
        return self.side(at) - self.side(beyond(at))


def rows(problem: Problem) -> dict[str, Row]:
    """Residuals on points of the interfaces, by name: fluxes that differ, and what else is not continuous."""
    found: dict[str, Row] = {}
    for one in joined(problem):
        if one.together:
            found[flux_name(one.equation.name)] = Row(_flux(problem, one))
        for number, k in enumerate(one.alone):
            found[_alone_name(one, number)] = Row(_Alone(one, k))
    return found


@dataclass(frozen=True)
class Relation:
    """One of the relations that hold across interfaces, and by which names `rows` says the same."""

    equation: Equation
    rows: tuple[str, ...]


def relations(problem: Problem) -> tuple[Relation, ...]:
    """The same as equations on interfaces, each once: what is continuous in itself without a normal, where it is
    differentiated along all coordinates."""
    generator = torch.Generator().manual_seed(17)
    points = problem.interfaces[0].draw(RULES.points, "sobol", generator)
    fluxes, alone = list[Relation](), list[tuple[Tensor, dict[str, Row], list[tuple[str, str]]]]()
    for one in joined(problem):
        if one.together:
            name = flux_name(one.equation.name)
            fluxes.append(Relation(Equation(name, interior, Row(_flux(problem, one))), (name,)))
        with torch.enable_grad():
            taken = differentiated(one.equation, _probed(problem, points))[1]
            values = [field.value for field, _ in taken]
        for number, k in enumerate(one.alone):
            coordinate, row, value = taken[k][1], Row(_Alone(one, k)), values[k].detach()
            if not values[k].requires_grad:  # it holds no unknown
                continue
            known = next((group for group in alone if torch.allclose(group[0], value, 1e-10, 1e-12)), None)
            if known is None:
                alone.append(known := (value, {}, []))
            known[1].setdefault(coordinate, row)
            known[2].append((coordinate, _alone_name(one, number)))
    found = list[Relation]()
    for number, (_, mine, names) in enumerate(alone):
        row = next(iter(mine.values()))
        bare = isinstance(row.side, _Alone) and set(mine) == set(problem.space_coordinates)
        each = {c: r for c, r in mine.items() if not bare} or {"": Row(replace(row.side, bare=True))}  # type: ignore[type-var]
        for c, r in each.items():
            said = tuple(name for coordinate, name in names if c in ("", coordinate))
            found.append(Relation(Equation(f"continuous across interfaces [{number + 1}]", interior, r), said))
    return (*found, *fluxes)


def warnings_of(problem: Problem) -> list[str]:
    """Forms that do not conserve: a coefficient that jumps before a second derivative."""
    return [
        f"equation '{one.equation.name}' has a second derivative with a coefficient that jumps before it: that form "
        "does not conserve, and keeps the slope continuous in place of the flux; where a flux is meant, write "
        "d(k * d(T, x), x) + d(k * d(T, y), y) in place of k * laplace(T, x, y)"
        for one in joined(problem)
        if one.lost
    ]


def _alone_name(one: Joined, number: int) -> str:
    return f"{one.equation.name}, continuous across interfaces [{number + 1}]"


def flux_name(equation: str) -> str:
    """How the residual is called that joins the fluxes of an equation."""
    return f"{equation}, its flux across interfaces"


# ------------------------------------------------------------ one side and the other


def beyond(at: Fields) -> Fields:
    """The fields on the side from which the normals point."""
    other = {name.removeprefix(BEYOND): value for name, value in at.items() if name.startswith(BEYOND)}
    return at.replaced(other)


@dataclass(frozen=True)
class _Alone:
    """Of what an equation differentiates the k-th, times the normal, or bare."""

    one: Joined
    k: int
    bare: bool = False

    def __call__(self, at: Fields) -> Jet:
        field, name = differentiated(self.one.equation, at)[1][self.k]
        return field if self.bare else at["n" + name] * field


def _flux(problem: Problem, one: Joined) -> Callable[[Fields], Jet]:
    def side(at: Fields) -> Jet:
        taken, varying, numbers = differentiated(one.equation, at)[1], None, _derived(problem, at)
        if numbers or any(weight is None for _, weight in one.together):
            varying = _weights(problem, one.equation, _points_of(problem, at), numbers)[0]
        parts = []
        for k, weight in one.together:
            field, normal = taken[k][0], at["n" + taken[k][1]]
            # as a field: what is derived by numbers is no tensor of training's own
            parts.append(normal * (weight if varying is None else normal.chart.constant(varying[k])) * field)
        return sum(parts[1:], parts[0])

    return side


def _derived(problem: Problem, at: Fields) -> dict[str, Tensor]:
    """Numbers among the parameters by which what is evaluated is derived, (N,) each."""
    given = {name: at[name] for name in problem.parameters if isinstance(at.get(name), Jet)}
    return {name: field.value for name, field in given.items() if field.value.requires_grad}


def _points_of(problem: Problem, at: Fields) -> Points:
    normals = {c: at["n" + c].value.detach() for c in problem.space_coordinates}
    coordinates = {c: at[c].value.detach() for c in problem.coordinates}
    first = next(iter(coordinates.values()))
    return Points(coordinates, torch.ones_like(first), normals, {"across": torch.zeros_like(first)})


def _probed(problem: Problem, points: Points, numbers: Mapping[str, Tensor] = MappingProxyType({})) -> Fields:
    chart, at, found = probes(problem.domain, problem.unknowns, points)
    given = {name: chart.constant(value) for name, value in numbers.items()}
    return problem.looked_at(chart, at, fields_of(found), points, given)


def _weights(
    problem: Problem, equation: Equation, points: Points, numbers: Mapping[str, Tensor] = MappingProxyType({})
) -> tuple[Tensor, Tensor]:
    """What multiplies each derivative, on this side and beyond, (derivatives, N) each."""
    here, there = (_probed(problem, points, numbers) for _ in range(2))
    return weights(equation, here, bool(numbers))[1], weights(equation, beyond(there), bool(numbers))[1]
