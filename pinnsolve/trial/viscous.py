"""Conservation laws, and laws whose diffusion vanishes, with a little viscosity: the limit is their entropy solution.

    sum of c d(q, t) + sum of e d(f, x) - nu sum of c d(q, x, x) = s

in every equation that derives something along time. Where an equation spreads its one unknown by D(u), viscosity is
added where that lacks, nu / sqrt(1 + (D / nu)^2) (`trial.spreading`). What is diffused is what is conserved: so no
shock is moved, and none stands that expands. Where no condition speaks of an unknown at an end, its slope is zero
there: it flows out.

Linear equations of first order, and waves, make no shocks and need no viscosity: what jumps at start and walls is
smeared over nu / speed alone (`trial.softened`), and stays as wide while it is carried.

Sources: Kruzkov, Math. USSR Sb. 10 (1970) 217 (one law); Bianchini & Bressan, Ann. Math. 161 (2005) 223 (systems).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import torch

from pinnsolve.checks.conserved import Conserved, conserved
from pinnsolve.checks.differentiated import differentiated
from pinnsolve.geometry.regions import face
from pinnsolve.jets.calculus import d
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.conditions import neumann
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.problem import Problem
from pinnsolve.trial.determined import UnmarchableError, Wall, derivatives_of, wall_at
from pinnsolve.trial.evolution import Evolution, evolution
from pinnsolve.trial.exact import Plan
from pinnsolve.trial.softened import RULES, at_wall, caught_up, closes, softened
from pinnsolve.trial.spreading import Diffusivity, spreading


@dataclass(frozen=True)
class Law:
    """Conservation laws along one coordinate of space.

    Parameters
    ----------
    conserved : Conserved
    told : (int, int)
        How many conditions stand at the lower and at the upper end.
    start : "smooth" or "jumps"
        Where it jumps, or has a part in which nothing is spread, no march without viscosity gets on.
    begun : Evolution
        The laws with a viscosity of one.
    spread : float
        The largest diffusivity of laws that spread by as much as the unknowns say (length squared over time).
    diffusivity : Diffusivity, optional
        Theirs, where one unknown says it: viscosity is added where it lacks.
    leaps : str
        That it jumps between two values of an unknown, as in Stefan's problem by its enthalpy, in words: the derivative
        of the flux has a delta there that no point sees. Empty where it does not.
    """

    conserved: Conserved
    told: tuple[int, ...]
    start: Literal["smooth", "jumps"]
    begun: Evolution
    spread: float = 0.0
    diffusivity: Diffusivity | None = None
    leaps: str = ""

    @property
    def carries(self) -> bool:
        """Whether what jumps is carried along alone, by equations that make no shocks: it is smeared in place of an
        added viscosity."""
        return self.conserved.linear and carries(self.begun)

    @property
    def problem(self) -> Problem:
        return self.begun.problem

    def with_viscosity(self, nu: float, speed: float = 0.0) -> Evolution:
        """The laws with that viscosity (length squared over time), from a start whose jumps are as wide as a shock with
        it that runs at that speed, where one is given: a strong jump itself begins with densities below zero."""
        if self.carries:
            width = nu / speed
            return replace(self.begun, starts=softened(self.begun, width), walls=caught_up(self.begun, width / speed))
        made = replace(self.begun, equations=_viscous(self.problem, self.conserved, nu, self.diffusivity))
        return replace(made, starts=softened(self.begun, nu / speed)) if speed else made


def _viscous(
    problem: Problem, found: Conserved, nu: float, own: Diffusivity | None = None
) -> tuple[Equation, ...]:  # fmt: skip
    pairs = zip(problem.equations, found.weights, strict=True)
    return tuple(viscous(e, weights, nu, problem, own) if weights else e for e, weights in pairs)


def viscous(
    equation: Equation, weights: Sequence[float], nu: float, problem: Problem, own: Diffusivity | None = None
) -> Equation:  # fmt: skip
    """An equation less nu times the second derivative of what it derives along time; of one with a diffusivity of its
    own that where this lacks, d(lacking(u) d(q, x), x)."""
    space, time = problem.domain.space_coordinates, problem.domain.time

    def residual(at: Fields) -> Jet:
        found, taken = differentiated(equation, at)
        kept = [field for field, name in taken if name == time]
        added = nu if own is None else own.lacking(at[problem.unknowns[0]], nu)
        for weight, field in zip(weights, kept, strict=True):
            for name in space:
                found = found - weight * d(added * d(field, at[name]), at[name])
        return found

    return replace(equation, residual=residual)


def read_law(problem: Problem, made: Plan) -> Law | None:
    """A problem as conservation laws along one coordinate, in that form or another, or with diffusion that vanishes;
    nothing where it is none, or where it says more at an end than they can be told."""
    if problem.indivisible or problem.parts is not None or problem.domain.time is None:
        return None
    found = conserved(problem, made.sizes)
    line = len(problem.domain.space_coordinates) == 1
    if found is None or not (line or problem.domain.shape is None):
        return None
    evolving = _evolving(problem)
    if len(evolving) != sum(map(bool, found.weights)) or len(problem.equations) != len(problem.unknowns):
        return None
    try:
        told = _at_ends(problem)
        # in a plane all sides have their conditions
        open_ends = (
            [] if problem.periodic or not line else [(end, u) for end in (0, 1) for u in _untold(evolving, told[end])]
        )
        begun = evolution(problem, made) if found.linear else None
        if begun is None or not carries(begun):
            flowing = [_flowing(problem, u, end) for end, u in open_ends]
            begun = evolution(problem, made, _viscous(problem, found, 1.0), flowing)
    except UnmarchableError:
        return None
    return _law(found, tuple(map(len, told)), begun, made) if begun.sign > 0 else None  # else there is no limit


def carries(linear: Evolution) -> bool:
    """Whether linear equations carry what jumps without a viscosity: where they do not jump themselves, and walls tell
    values, which can be smeared; as waves, always."""
    told = all(wall.equation.prescribes is not None for wall in linear.walls)
    return linear.second or (told and not linear.inside[0].breaks)


def _law(found: Conserved, told: tuple[int, ...], begun: Evolution, made: Plan) -> Law | None:
    """What is conserved, where a viscosity is worth adding."""
    if found.spreads:
        sizes = [made.size(u) for u in begun.problem.unknowns]
        seen = spreading(begun, torch.tensor([[s.offset, s.scale] for s in sizes], dtype=torch.float64))
        start: Literal["smooth", "jumps"] = "jumps" if seen.edged else "smooth"
        law = Law(found, told, start, begun, seen.largest, seen.known, _leaps(begun) if seen.leaps else "")
        return law if seen.vanishes or seen.leaps else None
    jumps = _jumps(begun)
    return None if found.linear and not jumps else Law(found, told, "jumps" if jumps else "smooth", begun)


def without_leaps(made: Plan, law: Law | None) -> tuple[Plan, Law | None, list[str]]:
    """What is known of a problem whose diffusivity jumps between two values of an unknown: that residuals say nothing
    of it, in its plan and as a warning, and no law. Others as they are."""
    if law is None or not law.leaps:
        return made, law, []
    return replace(made, undecided=(*made.undecided, law.leaps)), None, [law.leaps]


def _leaps(begun: Evolution) -> str:
    names = " or ".join(begun.problem.unknowns)
    return (
        f"how much is spread jumps where {names} takes some value between those of start and walls, and no residual "
        "at points sees how the flux goes on there"
    )


def _evolving(problem: Problem) -> list[str]:
    """The unknowns that are derived along time."""
    orders, time = derivatives_of(problem, problem.equations), problem.coordinates.index(str(problem.domain.time))
    return [u for u in problem.unknowns if max((a[time] for a in orders[u]), default=0)]


def _jumps(begun: Evolution) -> bool:
    """Whether a start jumps, inside, where a ring closes, or beside what a wall says, or a wall does; a kink is no
    jump."""
    ((low, high),), moment = begun.extent, begun.times[0]
    away, sizes = RULES.beside * (high - low), dict(zip(begun.problem.unknowns, begun.sizes, strict=True))
    pairs = [(b - away, b + away) for b in begun.begun[0].breaks]
    x = torch.tensor(pairs, dtype=torch.float64).flatten()[:, None]
    for u, told in begun.starts.items():
        values = begun.given(told, x, moment).reshape(-1, 2)
        if bool(((values[:, 0] - values[:, 1]).abs() > RULES.jump * sizes[u]).any()):
            return True
    return closes(begun) or any(at_wall(begun, wall) for wall in begun.walls)


def _at_ends(problem: Problem) -> tuple[tuple[Wall, ...], ...]:
    walls = [
        wall_at(problem, condition, piece)
        for condition in problem.conditions
        for piece in problem.pieces(condition)
        if piece.moment is None
    ]
    return tuple(tuple(w for w in walls if w.side == (0, end)) for end in (0, 1))


def _untold(evolving: Sequence[str], walls: Sequence[Wall]) -> tuple[str, ...]:
    """The unknowns of which no condition at an end speaks; a condition on several counts for the first of them."""
    left = list(evolving)
    for wall in sorted(walls, key=lambda w: w.equation.prescribes is None):
        mine = [wall.equation.unknown] if wall.equation.prescribes is not None else list(left)
        mine = [u for u in mine if u in left and u in wall.equation.asks]
        if not mine:
            raise UnmarchableError(f"{wall.equation.name} is one condition more than the equations can be told there")
        left.remove(mine[0])
    return tuple(left)


def _flowing(problem: Problem, unknown: str, end: int) -> Wall:
    (name,) = problem.domain.space_coordinates
    place = problem.domain.ends(name)[end]
    (condition,) = neumann(on=face(**{name: place}), **{unknown: 0})
    return Wall(condition, {0: place}, (0, end))
