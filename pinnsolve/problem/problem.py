"""The problem as its user declares it, checked as far as names and shapes of the declaration go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Literal

from pinnsolve.data.observed import Observed
from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.geometry.box import Box
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.regions import Slab
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.problem.binding import Fields, arguments, check_names
from pinnsolve.problem.conditions import Condition, Periodic, Solenoidal
from pinnsolve.problem.names import check_free
from pinnsolve.problem.observations import Measured, measured
from pinnsolve.problem.reading import domain_of, equations_of, flattened, parameters_of, positive, unknowns_of
from pinnsolve.problem.unknown import Unknown


class Problem:
    """A partial (or ordinary) differential equation with its conditions.

    Parameters
    ----------
    space : Box, optional
        The coordinates of space and their extent; without it, a system of ordinary differential equations in `t`.
    time : (t0, t1), optional
        Adds the coordinate `t`; without it, a steady problem.
    unknowns : str or sequence of str
    equations : function or sequence of functions
        Each returns a residual; arguments bind by name to unknowns, coordinates and parameters. Without any, the
        problem is a fit to the data alone.
    conditions : sequence
        What `dirichlet`, `neumann`, `initial`, `initial_rate`, `periodic`, `solenoidal`, `condition` and `observed`
        return.
    parameters : mapping from name to number, Unknown, or (low, high)
        What equations and conditions may ask for by name. An `Unknown` is found together with the solution; a range
        makes the parameter one more input of the network, beside the coordinates.
    reference : callable problem -> Reference, optional
        `None` switches the comparison off; "automatic" lets the package look for one.
    tolerance : float
        The relative L2 error that is wanted (dimensionless).

    Raises
    ------
    ProblemError
        If any of these contradicts the others; the message says what was possible.
    """

    def __init__(
        self,
        *,
        space: Box | None = None,
        time: tuple[float, float] | None = None,
        unknowns: str | Sequence[str],
        equations: Callable[..., Any] | Sequence[Callable[..., Any]] = (),
        conditions: Sequence[Any] = (),
        parameters: Mapping[str, float | Unknown | tuple[float, float]] | None = None,
        reference: Callable[[Any], Any] | Literal["automatic"] | None = "automatic",
        tolerance: float = 1e-3,
    ) -> None:
        self._declared = {
            "space": space, "time": time, "unknowns": unknowns, "equations": equations, "conditions": conditions,
            "parameters": parameters, "reference": reference, "tolerance": tolerance,
        }  # fmt: skip
        given = parameters_of(parameters or {})
        self._parameters = dict(parameters or {})
        self.parameters, self.ranges = given.numbers, given.ranges
        self.constants = {name: u for name, u in given.unknown.items() if not u.coordinates}
        self.functions = {name: u for name, u in given.unknown.items() if u.coordinates}
        self.space, self.domain = space, domain_of(space, time, self.ranges)
        self.time: tuple[float, float] | None = self.domain.bounds["t"] if time is not None else None
        self.unknowns = unknowns_of(unknowns)
        self.tolerance = positive("tolerance", tolerance)
        self.reference = reference
        check_free(self.unknowns, self.coordinates, self.parameters, self.functions)
        self._check_distinct()
        self._check_functions()
        self.equations = equations_of(equations)
        flat = flattened(conditions)
        self.conditions = tuple(c for c in flat if isinstance(c, Condition))
        self.periodic = tuple(c for c in flat if isinstance(c, Periodic))
        self.solenoidal = tuple(c for c in flat if isinstance(c, Solenoidal))
        self.observations = tuple(measured(self.domain, self.unknowns, c) for c in flat if isinstance(c, Observed))
        self._check_equations()
        self._check_conditions()

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Of space, of time, and the parameters that are inputs."""
        return self.domain.coordinates

    @property
    def space_coordinates(self) -> tuple[str, ...]:
        return tuple(self.space.coordinates) if self.space is not None else ()

    @property
    def data(self) -> dict[str, Measured]:
        """The measurements by the names of their residuals."""
        return {name: o for o in self.observations for name in o.terms}

    @property
    def indivisible(self) -> str:
        """Why it cannot be solved cell by cell and window by window; empty if it can."""
        if self.constants or self.functions:
            return "local features find no unknown constants or functions: each window of time would find its own"
        if not self.equations:
            return "local features fit no data alone: they split where an equation's residual is large"
        if self.ranges:
            return "local features take no parameters as inputs: their cells divide space and time alone"
        return ""

    def slabs(self, condition: Condition) -> tuple[Slab, ...]:
        """The faces, points or start on which a condition holds."""
        return condition.on.resolve(self.domain, self.space_coordinates)

    def replaced(self, **changes: Any) -> Problem:
        """The same declaration with some arguments changed."""
        return Problem(**{**self._declared, **changes})

    def with_parameters(self, values: Mapping[str, float]) -> Problem:
        """The same problem with other values of some parameters; an unknown one is known then, and an input fixed."""
        for name in values:
            if name not in self._parameters:
                raise ProblemError(f"there is no parameter '{name}'", did_you_mean(name, self._parameters))
        return self.replaced(parameters={**self._parameters, **values})

    def fields(
        self, chart: Chart, at: Mapping[str, Jet], unknowns: Mapping[str, Jet], points: Points,
        found: Mapping[str, Jet] | None = None,
    ) -> Fields:  # fmt: skip
        """Everything that a function may ask for on these points; unknown constants and functions have the values of
        their guesses, unless what was `found` is given."""
        guesses = {name: chart.numbers(u.guess) for name, u in self.functions.items()}
        normals = {f"n{c}": chart.constant(n) for c, n in points.normals.items()}
        values = {f"measured {name}": chart.constant(v) for name, v in points.measured.items()}
        return Fields(chart, {**self.parameters, **guesses, **(found or {}), **at, **unknowns, **normals, **values})

    # ------------------------------------------------------------ checks of the declaration

    def _names(self) -> list[str]:
        return [*self.unknowns, *self.coordinates, *self.parameters]

    def _check_distinct(self) -> None:
        normals = [f"n{c}" for c in self.space_coordinates]
        names = [*self._names(), *normals]
        for name in names:
            if names.count(name) > 1:
                raise ProblemError(
                    f"the name '{name}' stands for two things",
                    f"Unknowns {self.unknowns}, coordinates {self.coordinates}, parameters "
                    f"{tuple(self.parameters)} and normals {tuple(normals)} must differ.",
                )

    def _check_functions(self) -> None:
        for name, function in self.functions.items():
            for coordinate in function.coordinates:
                if coordinate not in self.coordinates:
                    raise ProblemError(
                        f"the unknown function '{name}' depends on '{coordinate}', which is no coordinate",
                        did_you_mean(coordinate, self.coordinates),
                    )

    def _check_equations(self) -> None:
        for equation in self.equations:
            check_names(equation.function, f"equation '{equation.name}'", self._names())

    def _check_conditions(self) -> None:
        normals = [f"n{c}" for c in self.space_coordinates]
        for c in self.conditions:
            if c.unknown is not None and c.unknown not in self.unknowns:
                raise ProblemError(
                    f"{c.name}: there is no unknown '{c.unknown}'", did_you_mean(c.unknown, self.unknowns)
                )
            try:
                slabs = self.slabs(c)
            except ProblemError as error:
                raise ProblemError(f"{c.name}: {error.fault}", error.remedy) from None
            faces_of_space = all(s.normal is not None for s in slabs)
            if c.kind == "neumann" and not faces_of_space:
                raise ProblemError(f"{c.name}: there is no normal there", "Neumann conditions hold on faces of space.")
            if callable(c.given):
                general = c.kind == "condition"
                extra = normals if general and faces_of_space else []
                names = [*self._names(), *extra] if general else [*self.coordinates, *self.parameters]
                check_names(c.given, c.name, names)
        for p in self.periodic:
            if p.coordinate not in self.space_coordinates:
                raise ProblemError(
                    f"{p.name}: there is no such coordinate of space",
                    did_you_mean(p.coordinate, self.space_coordinates),
                )
        self._check_solenoidal()
        self._check_mentioned()
        self._check_twice()

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
            if len(flow.components) != len(self.space_coordinates):
                raise ProblemError(
                    f"{flow.name}: {len(flow.components)} components over the coordinates "
                    f"{', '.join(self.space_coordinates) or 'of no space'}",
                    "A velocity has one component for each coordinate of space, and two or three of them.",
                )

    def _check_mentioned(self) -> None:
        """Every unknown stands in an equation and in a condition."""
        if not self.equations and not self.observations:
            raise ProblemError(
                "the problem has no equation and no data",
                "Write equations=heat, a function that returns a residual, or conditions=[observed(...)].",
            )
        for unknown in self.unknowns:
            if self.equations and not any(unknown in arguments(e.function) for e in self.equations):
                raise ProblemError(
                    f"no equation mentions the unknown '{unknown}'", "Add one, or leave the unknown out."
                )
            told = any(c.mentions(unknown) for c in self.conditions) or any(
                unknown in o.unknowns for o in self.observations
            )
            if not self.periodic and not told:
                raise ProblemError(
                    f"no condition mentions the unknown '{unknown}'",
                    f"Without one it is not determined: add dirichlet({unknown}=...), initial({unknown}=...), "
                    f"or fix it in one point, dirichlet({unknown}=0, on=point(...)).",
                )

    def _check_twice(self) -> None:
        """No unknown is prescribed twice in one place, and no periodic end has a condition."""
        seen: dict[tuple[Any, ...], str] = {}
        for c in self.conditions:
            for slab in self.slabs(c):
                on_periodic = [p for p in self.periodic if p.coordinate in slab.fixed and len(slab.fixed) == 1]
                if on_periodic:
                    raise ProblemError(
                        f"{c.name} stands on an end of the coordinate {on_periodic[0].coordinate}, which is periodic",
                        "A periodic coordinate has no ends: leave one of the two out.",
                    )
                if c.unknown is None:
                    continue
                order = "value" if c.kind in ("dirichlet", "initial") else c.kind
                key = (c.unknown, order, tuple(sorted(slab.fixed.items())))
                if key in seen:
                    raise ProblemError(
                        f"{c.unknown} is prescribed twice at {slab.name}: by {seen[key]} and by {c.name}",
                        "Give each condition a region of its own, with on=face(...).",
                    )
                seen[key] = c.name
