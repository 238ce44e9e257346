"""A problem with integrals along one coordinate as one without: each is an unknown of its own (`problem.in_place`)."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import torch

from pinnsolve.errors import ProblemError
from pinnsolve.geometry.once import once
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.regions import face, point
from pinnsolve.jets.beside import Beside
from pinnsolve.problem.binding import arguments
from pinnsolve.problem.conditions import condition, dirichlet
from pinnsolve.problem.equation import Equation, inside
from pinnsolve.problem.fewer import Level
from pinnsolve.problem.in_place import Difference, InPlace, Integrand, Met, Slope
from pinnsolve.problem.nearby import integrand_of, names_of
from pinnsolve.problem.probes import Size
from pinnsolve.problem.problem import Problem


def in_place(problem: Problem) -> Problem:
    """The same problem with integrals as unknowns, which come after its own ones; itself where it has none.

    Raises
    ------
    ProblemError
        With the reason why that cannot be, as its fault.
    """
    return once(problem, ("in place",), lambda: _Made(problem).problem()) if problem.integrals else problem


def surplus_of(problem: Problem) -> str:
    """The unknown that is added to an equation, and zero if its conditions fit together; empty for none."""
    functions = (e.function for e in problem.equations)
    return next((f.added for f in functions if isinstance(f, InPlace) and f.added), "")


def sizes_in_place(problem: Problem, sizes: Mapping[str, Size]) -> dict[str, Size]:
    """How large unknowns that stand for integrals are, where the others are as large as that."""
    found, conditions = dict[str, Size](), [c for c in problem.conditions if c.function is not None]

    def made_of(told: Equation, function: Callable[..., Any]) -> float:
        equation = replace(told, residual=lambda at: at.call(function, told.name))
        points = problem.pieces(told)[0].grid() if told in conditions else problem.domain.line()
        return float(problem.prober.answer(equation, points, sizes=sizes).residual.square().mean().sqrt())

    for told in (*problem.equations, *conditions):
        function = told.function
        if isinstance(function, Integrand):
            length = problem.domain.length(function.along) if function.runs else 1.0
            found[function.unknown] = Size(scale=length * made_of(told, function.alone()) or 1.0)
        elif isinstance(function, InPlace) and function.added:
            found[function.added] = Size(scale=made_of(told, function.function) or 1.0)
    for function in [t.function for t in (*problem.equations, *conditions)] * len(problem.coordinates):
        if isinstance(function, Difference) and function.other in found:
            found[function.one] = found[function.other]
        elif isinstance(function, Slope) and function.other in found:
            scale = found[function.other].scale * problem.domain.length(function.along)
            found[function.one] = Size(scale=scale)
    return found


@dataclass
class _Made:
    """What is put in place of integrals, as it is collected."""

    of: Problem
    unknowns: list[str] = field(default_factory=list)
    equations: list[Callable[..., Any]] = field(default_factory=list)
    conditions: list[Any] = field(default_factory=list)

    def problem(self) -> Problem:
        p = self.of
        if len(p.space_coordinates) > 2 or p.domain.shape is not None or p.ranges:
            raise ProblemError("integrals are for cells of a line or a rectangle, without ranges of parameters", "")
        added = self._named_anew("surplus") if self._surplus() else ""
        if added:
            self.equations.append(Level(added, p.coordinates[0]))
        own = [self._told(e, added) for e in p.declared_equations]
        holding = {c.function: c for c in (*p.conditions, *p.inner) if c.integrates}
        standing = [
            self._standing(holding[c.function], added) if _function(c) in holding else c for c in p.declared_conditions
        ]
        return p.replaced(
            unknowns=p.declared_unknowns | dict.fromkeys(self.unknowns, p.coordinates),
            equations=[*own, *self.equations], conditions=[*standing, *self.conditions],
            reference=None, quantities=None,
        )  # fmt: skip

    # ------------------------------------------------------------ equations and conditions

    def _told(self, equation: Equation, added: str) -> Callable[..., Any] | None:
        if not equation.integrates:
            return InPlace(equation.function, {}, added) if added and equation.function else equation.function
        return self._named(equation, _met(self.of, equation, inside), added, whole=True)

    def _standing(self, told: Equation, added: str) -> Any:
        """A condition; one that holds integrals alone stands where these end, once."""
        met = _met(self.of, told, lambda _, function: condition(function, on=told.on)[0])
        moments = [p for p in self.of.pieces(told) if p.moment is not None]
        if moments and self.of.space_coordinates:
            raise ProblemError(f"{told.name} holds an integral at one moment", "")
        alone = told.integrates == "alone"
        along = next((m.limits.over[-1] for m in met if _runs(m)), self.of.coordinates[0])
        whole = not (alone and all(_runs(m) and not m.limits.upto and m.limits.over[-1] == along for m in met))
        on = face(**{along: self.of.domain.ends(along)[1]}) if alone else told.on
        return condition(self._named(told, met, "", whole, settles=added if alone else ""), on=on)

    def _named(
        self, equation: Equation, met: Sequence[Met], added: str, whole: bool, settles: str = ""
    ) -> InPlace:  # fmt: skip
        """Its function, with an unknown for each integral: all of it, or what runs up to where it stands."""
        function = equation.function
        assert function is not None
        names = {k: self._unknown(function, k, m, whole, equation.name) for k, m in enumerate(met)}
        return InPlace(function, names, added, settles)

    def _unknown(self, function: Callable[..., Any], number: int, met: Met, whole: bool, said: str) -> str:
        """The unknown that stands for an integral, with what says what it is."""
        p, limits = self.of, met.limits
        _check(p, function, number, met, said)
        if not _runs(met):
            (along,) = limits.over
            low, high = p.domain.ends(along)
            place, total = limits.pieces[0].fixed[along], self._named_anew("value")
            self.equations.append(Level(total, along))
            on = face(**{along: place}) if place in (low, high) else point(**{along: place})
            self.conditions.append(condition(Integrand(function, number, limits, total, runs=False), on=on))
            return total
        total = ""
        for along in limits.over:  # along the first all of what is integrated, along the next all of that
            low, high = p.domain.ends(along)
            running = self._named_anew("upto")
            self.equations.append(
                Slope(running, total, along) if total else Integrand(function, number, limits, running)
            )
            self.conditions.append(dirichlet(on=face(**{along: low}), **{running: 0.0}))
            if limits.upto or (along == limits.over[-1] and not whole):
                return running
            total = self._named_anew("whole")
            self.equations.append(Level(total, along))
            self.conditions.append(condition(Difference(total, running), on=face(**{along: high})))
        return total

    def _named_anew(self, kind: str) -> str:
        """A further unknown."""
        taken = {*self.of.names, *self.unknowns, *(f"n{c}" for c in self.of.space_coordinates)}
        name = next(n for n in (f"{kind}_{k}" for k in itertools.count(1)) if n not in taken)
        self.unknowns.append(name)
        return name

    def _surplus(self) -> bool:
        """Whether there is one condition more than a steady equation has orders, and one of them holds an integral
        alone: as of a mean that is given beside fluxes at both ends. Then a number is added to the equation, which is
        zero if these balance its source."""
        p = self.of
        alone = [c for c in p.conditions if c.integrates == "alone"]
        if len(p.coordinates) > 1 or len(p.unknowns) > 1 or len(p.equations) > 1 or len(alone) != 1:
            return False
        probe = p.prober.inside(p.equations[0]).probes[p.unknowns[0]]
        asked = max((alpha[0] for alpha in probe.asked), default=0)
        return sum(len(p.pieces(c)) for c in p.conditions if c not in alone) == asked


def _function(told: Any) -> Any:
    return told.function if isinstance(told, Equation) else None


def _met(problem: Problem, equation: Equation, made: Callable[[str, InPlace], Equation]) -> list[Met]:
    """The integrals that it holds, in order."""
    assert equation.function is not None
    seen = InPlace(equation.function, {})
    pieces = problem.pieces(equation)
    points = problem.domain.line(5) if not pieces[0].fixed and pieces[0].side is None else pieces[0].grid()
    problem.prober.answer(made(equation.name, seen), points)
    return seen.met


def _runs(met: Met) -> bool:
    """Whether it is taken along the coordinate, and not at a place of it."""
    limits = met.limits
    return limits.line or not any(c in p.fixed for c in limits.over for p in limits.pieces)


def _check(problem: Problem, function: Callable[..., Any], number: int, met: Met, said: str) -> None:
    """Refuse what no unknown of its own can stand for.

    Raises
    ------
    ProblemError
        With the reason.
    """
    limits, domain = met.limits, problem.domain
    names = [*problem.names]
    several = len(limits.over) > 1 and not _runs(met)
    if several or len(limits.pieces) > 1 or any(p.kept for p in limits.pieces):
        raise ProblemError(f"an integral in {said} is taken over a part of space or of its boundary", "")
    if domain.time in limits.over and problem.space_coordinates and not limits.upto:
        raise ProblemError(f"an integral in {said} is taken over all of time", "")
    if around := [p.coordinate for p in problem.periodic if p.coordinate in limits.over]:
        raise ProblemError(f"an integral in {said} is taken along {around[0]}, which is periodic", "")
    if any(name not in names for name in arguments(function)):
        raise ProblemError(f"an integral in {said} stands beside a normal", "")
    if not _runs(met):
        (along,) = limits.over
        place = limits.pieces[0].fixed[along]
        if place not in domain.ends(along) and (len(problem.coordinates) > 1 or along == domain.time):
            raise ProblemError(f"at(...) in {said} is taken inside", "")
    if met.kernel and _meets(problem, met):
        raise ProblemError(f"a kernel in {said} holds where it is integrated and where the equation stands", "")


def _meets(problem: Problem, met: Met) -> bool:
    """Whether a function that is integrated uses what stands around it, so that it is another one for each place."""
    outer, places = met.call.fields, problem.domain.line(3)
    chart, at = Points(dict(places.coordinates), places.weights).chart()
    owner = torch.zeros(chart.size, dtype=torch.int64, device=chart.device)
    chart.beside = Beside(outer.chart, owner, frozenset(met.limits.over))
    unknowns = {u: chart.constant(torch.ones(chart.size, dtype=chart.dtype), frozenset()) for u in problem.unknowns}
    inner = problem.fields(chart, at, unknowns, places, None, "here")
    aliases = {n: inner[c] for n, c in names_of(met.what, outer, met.limits).items()}
    with torch.enable_grad():
        integrand_of(met.call, met.what, aliases, inner).value  # noqa: B018
    return chart.beside.met
