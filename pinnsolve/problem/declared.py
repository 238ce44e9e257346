"""Whether the parts of a declaration fit together, as far as names and places go."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.embedded import Cut
from pinnsolve.geometry.inner import Inner
from pinnsolve.geometry.piece import Piece
from pinnsolve.problem.binding import check_names
from pinnsolve.problem.conditions import Periodic, Solenoidal
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.fewer import Level
from pinnsolve.problem.observations import Measured
from pinnsolve.problem.of_functions import check_reach, functions_of, no_function
from pinnsolve.problem.unknown import Unknown


@dataclass(frozen=True)
class Declared:
    """The parts of a declaration, each of which was read on its own; `found` are the parameters that are not known;
    `parted` says that unknowns live on parts of space, which have faces inside."""

    domain: Domain
    unknowns: tuple[str, ...]
    parameters: tuple[str, ...]
    found: Mapping[str, Unknown]
    equations: Sequence[Equation]
    conditions: Sequence[Equation]
    periodic: Sequence[Periodic]
    solenoidal: Sequence[Solenoidal]
    observations: Sequence[Measured]
    parted: bool = False

    @property
    def functions(self) -> dict[str, Unknown]:
        """The unknown functions."""
        return {name: u for name, u in self.found.items() if u.coordinates}

    @property
    def constants(self) -> dict[str, Unknown]:
        """The unknown constants."""
        return {name: u for name, u in self.found.items() if not u.coordinates}

    @property
    def of_unknowns(self) -> dict[str, Unknown]:
        """The unknown functions that depend on an unknown."""
        return {name: u for name, u in self.functions.items() if any(c in self.unknowns for c in u.coordinates)}

    @property
    def valued(self) -> list[Equation]:
        """The conditions on these alone."""
        return [c for c in self.conditions if functions_of(c, self.unknowns, self.of_unknowns)]

    @property
    def known(self) -> list[Equation]:
        """The conditions on unknown functions of coordinates alone."""
        valued = self.valued
        return [c for c in self.conditions if functions_of(c, self.unknowns, self.functions) and c not in valued]

    @property
    def standing(self) -> list[Equation]:
        """The conditions on unknowns."""
        return [c for c in self.conditions if not functions_of(c, self.unknowns, self.functions)]

    def check(self) -> None:
        """Refuse what contradicts itself.

        Raises
        ------
        ProblemError
            With what was possible.
        """
        self._check_distinct()
        self._check_functions()
        for equation in self.equations:
            assert equation.function is not None
            check_names(equation.function, f"equation '{equation.name}'", self._names)
        for condition in self.conditions:
            self._check_condition(condition)
        for p in self.periodic:
            possible = [c for c in (*self.domain.space_coordinates, self.domain.time) if c is not None]
            if p.coordinate not in possible:
                raise ProblemError(
                    f"{p.name}: there is no such coordinate of space or time", did_you_mean(p.coordinate, possible)
                )
            if p.coordinate != self.domain.time and not self.domain.walls.meet(p.coordinate):
                raise ProblemError(
                    f"{p.name}: what is left of the shape is not the same at the two ends of {p.coordinate}",
                    "What leaves through one end comes back through the other: cut both in the same way.",
                )
        self._check_solenoidal()
        self._check_mentioned()

    @property
    def _names(self) -> list[str]:
        return [*self.unknowns, *self.domain.coordinates, *self.parameters]

    @property
    def _normals(self) -> list[str]:
        return [f"n{c}" for c in self.domain.space_coordinates]

    def _check_distinct(self) -> None:
        names = [*self._names, *self._normals]
        for name in names:
            if names.count(name) > 1:
                raise ProblemError(
                    f"the name '{name}' stands for two things",
                    f"Unknowns {self.unknowns}, coordinates {self.domain.coordinates}, parameters "
                    f"{self.parameters} and normals {tuple(self._normals)} must differ.",
                )

    def _check_functions(self) -> None:
        possible = [*self.domain.coordinates, *self.unknowns]
        for name, function in self.functions.items():
            for argument in function.coordinates:
                if argument not in possible:
                    raise ProblemError(
                        f"the unknown function '{name}' depends on '{argument}', which is no coordinate and no unknown",
                        did_you_mean(argument, possible),
                    )
            if len({*function.coordinates}) < len(function.coordinates):
                raise ProblemError(
                    f"the unknown function '{name}' names one of its arguments twice: of={function.of!r}",
                    f"Write of={tuple(dict.fromkeys(function.coordinates))!r}.",
                )

    def _check_condition(self, c: Equation) -> None:
        if c in self.valued:  # it stands at a value of an unknown, and not in the domain
            return
        told = functions_of(c, self.unknowns, self.functions)
        if not told and not any(u in c.asks for u in self.unknowns):
            no_function(c, self.constants, self.parameters)
        if c.unknown is not None and c.unknown not in (*self.unknowns, *told):
            possible = [*self.unknowns, *self.functions]
            raise ProblemError(f"{c.name}: there is no unknown '{c.unknown}'", did_you_mean(c.unknown, possible))
        try:
            pieces = c.on.resolve(self.domain)
        except ProblemError as error:
            raise ProblemError(f"{c.name}: {error.fault}", error.remedy) from None
        inner = [isinstance(p, Inner | Cut) and not self.parted for p in pieces]
        faces_of_space = all(p.on_boundary or (self.parted and isinstance(p, Inner)) for p in pieces)
        if any(inner):
            _check_inner(c, pieces, self.domain)
        if c.says("normal derivative") and not faces_of_space:
            raise ProblemError(f"{c.name}: there is no normal there", "Neumann conditions hold on faces of space.")
        if told:
            check_reach(c, pieces, {name: self.functions[name] for name in told}, self.domain)
        if c.function is None:
            return
        if c.prescribes is not None:  # a value knows no unknowns
            check_names(c.function, c.name, [*self.domain.coordinates, *self.parameters])
        else:
            check_names(c.function, c.name, [*self._names, *(self._normals if faces_of_space else [])])

    def _check_solenoidal(self) -> None:
        """Each velocity has as many components as space has dimensions, and no unknown is in two of them."""
        named: list[str] = []
        for flow in self.solenoidal:
            for component in flow.components:
                if component not in self.unknowns:
                    raise ProblemError(
                        f"{flow.name}: there is no unknown '{component}'", did_you_mean(component, self.unknowns)
                    )
                if component in named:
                    raise ProblemError(f"{flow.name}: {component} is named twice", "Name each component once.")
                named.append(component)
            space = self.domain.space_coordinates
            if len(flow.components) != len(space):
                raise ProblemError(
                    f"{flow.name}: {len(flow.components)} components over the coordinates "
                    f"{', '.join(space) or 'of no space'}",
                    "A velocity has one component for each coordinate of space, and two or three of them.",
                )

    def _check_mentioned(self) -> None:
        """There is something to solve, and every unknown stands in an equation."""
        if not self.equations and not self.observations:
            raise ProblemError(
                "the problem has no equation and no data",
                "Write equations=heat, a function that returns a residual, or conditions=[observed(...)].",
            )
        written = [e for e in self.equations if not isinstance(e.function, Level)]
        if len(written) < len(self.equations):  # a front's speed may stand at a wall
            written += [c for c in self.conditions if c.prescribes is None]
        for unknown in self.unknowns:
            if written and not any(unknown in e.asks for e in written):
                raise ProblemError(
                    f"no equation mentions the unknown '{unknown}'", "Add one, or leave the unknown out."
                )

    @property
    def untold(self) -> list[str]:
        """The unknowns that no condition, no data and no period says anything of."""
        if self.periodic:
            return []
        seen = {u for o in self.observations for u in o.unknowns}.union(*(c.asks for c in self.standing))
        return [u for u in self.unknowns if u not in seen]


def _check_inner(c: Equation, pieces: Sequence[Piece], domain: Domain) -> None:
    """Refuse what an inner place cannot be asked for."""
    line = next((p for p in pieces if isinstance(p, Inner)), None)
    x = domain.space_coordinates[0] if line is None else line.across[0]
    write = f"condition(lambda u, {x}: jump(d(u, {x})) + 1, on={c.on.name if line is None else line.told})"
    if not all(isinstance(p, Inner | Cut) for p in pieces):
        raise ProblemError(
            f"{c.name} stands on the boundary and on an inner place at once",
            "Write two conditions: there are two sides inside, and one at the boundary.",
        )
    if c.says("normal derivative"):
        raise ProblemError(f"{c.name}: inside the domain no normal points outward", f"Write {write}.")
    if any(p.kept for p in pieces):
        raise ProblemError(
            f"{c.name} stands on a part of an inner place", "Let it stand on all of it: leave where(...) out."
        )
    normals = [n for n in ("n" + s for s in domain.space_coordinates) if n in c.asks]
    if line is not None and normals:
        raise ProblemError(
            f"{c.name} asks for {normals[0]}: inside the domain no normal points outward", f"Write {write}."
        )


def undetermined(unknown: str, elsewhere: Collection[str] = ()) -> ProblemError:
    """What to say of an unknown that nothing fixes; `elsewhere` are those of experiments."""
    remedy = f"Without one it is not determined: add dirichlet({unknown}=...), initial({unknown}=...), "
    if elsewhere and unknown not in elsewhere:
        return ProblemError(
            f"no condition and no data mention the unknown '{unknown}': all data are given other values of parameters",
            f"Make one experiment the problem's own, its values under parameters=, and no given= there. {remedy}"
            f"or observed(..., {unknown}=...).",
        )
    return ProblemError(
        f"no condition mentions the unknown '{unknown}'",
        f"{remedy}or fix it in one point, dirichlet({unknown}=0, on=point(...)).",
    )


def ends_a_period(piece: Piece, p: Periodic, domain: Domain) -> bool:
    """Whether a piece is an end of a periodic coordinate, or lies in one."""
    across = piece.normal is not None and piece.normal[0] == p.coordinate and piece.side is not None
    sides = [domain.walls.pieces[k].side for k in domain.walls.at_ends([p.coordinate])] if across else []
    single = len(piece.fixed) == 1 and piece.fixed.get(p.coordinate) in domain.ends(p.coordinate)
    return single or any(piece.side is side for side in sides)


def check_twice(conditions: Sequence[Equation], periodic: Sequence[Periodic], domain: Domain) -> None:
    """No unknown is prescribed twice in one place, and no periodic end has a condition."""
    seen: dict[tuple[Any, ...], str] = {}
    for c in conditions:
        for piece in c.on.resolve(domain):
            on_periodic = [p for p in periodic if ends_a_period(piece, p, domain)]
            if on_periodic and c.integrates != "alone":
                raise ProblemError(
                    f"{c.name} stands on an end of the coordinate {on_periodic[0].coordinate}, which is periodic",
                    "A periodic coordinate has no ends: leave one of the two out.",
                )
            if c.prescribes is None:
                continue
            key = (c.unknown, c.prescribes.what, tuple(sorted(piece.fixed.items())), id(piece.side), piece.kept)
            if key in seen:
                raise ProblemError(
                    f"{c.unknown} is prescribed twice at {piece.name}: by {seen[key]} and by {c.name}",
                    "Give each condition a region of its own, with on=face(...).",
                )
            seen[key] = c.name
