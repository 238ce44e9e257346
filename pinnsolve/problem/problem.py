"""The problem as its user declares it, checked as far as names and shapes of the declaration go."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from functools import partial
from importlib import import_module
from numbers import Real
from typing import Any, Literal

from torch import Tensor

from pinnsolve.calls import worded_class
from pinnsolve.data.observed import Observed
from pinnsolve.errors import ProblemError, did_you_mean, tolerated
from pinnsolve.geometry.across import materials_at
from pinnsolve.geometry.along import Along
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.embedded import Cut
from pinnsolve.geometry.inner import Inner
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.shape import Shape
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.problem.balance import balances
from pinnsolve.problem.binding import Around, Elsewhere, Fields
from pinnsolve.problem.conditions import Periodic, Solenoidal
from pinnsolve.problem.declared import Declared, check_twice, undetermined
from pinnsolve.problem.divided import Divided
from pinnsolve.problem.equation import Equation, Prescribed
from pinnsolve.problem.expansion import written_out
from pinnsolve.problem.experiments import APART, experiments_of, told_apart
from pinnsolve.problem.fewer import fewer_of, levels
from pinnsolve.problem.flows import in_order
from pinnsolve.problem.guess import guess_of
from pinnsolve.problem.indivisible import indivisible
from pinnsolve.problem.integrating import integrating
from pinnsolve.problem.mixed import mixed
from pinnsolve.problem.names import check_free
from pinnsolve.problem.observations import Measured, measured
from pinnsolve.problem.of_functions import beside, values_known
from pinnsolve.problem.overview import Overview
from pinnsolve.problem.probes import Prober
from pinnsolve.problem.quantities import quantities_of
from pinnsolve.problem.reading import (
    Held,
    Parameter,
    equations_of,
    flattened,
    numbered,
    parameters_of,
    reference_given,
    unknowns_of,
)
from pinnsolve.problem.recognition import recognised
from pinnsolve.problem.spans import spans_of
from pinnsolve.problem.told import Told
from pinnsolve.reference import Reference


@worded_class
class Problem(Told, Divided):
    """A partial (or ordinary) differential equation with its conditions.

    Parameters
    ----------
    space : Shape, optional
        The coordinates of space and their extent: a `Box`, a `Disk`, or any other shape; without it,
        a system of ordinary differential equations in `t`.
    time : (t0, t1), optional
        Adds the coordinate `t`; without it, a steady problem.
    unknowns : str, sequence of str, or mapping from name to coordinates or Box
        `{"T": ("x", "t"), "s": "t"}` names its coordinates, `{"T": Box(x=(0, 1))}` the part of space on which it lives.
    equations : function or sequence of functions
        Each returns a residual; arguments bind by name to unknowns, coordinates and parameters. Without any, the
        problem is a fit to the data alone.
    conditions : sequence
        What `dirichlet`, `neumann`, `initial`, `initial_rate`, `periodic`, `solenoidal`, `condition` and `observed`
        return.
    parameters : mapping from name to number, Unknown, Eigenvalue, (low, high), Piecewise, or table
        What equations and conditions may ask for by name. An `Unknown` is found together with the solution, an
        `Eigenvalue` together with modes; a range makes the parameter one more input of the network, beside the
        coordinates; a `Piecewise` jumps between parts of space; a `table` is a function from data.
    reference : callable problem -> Reference, or Reference, optional
        `exact(u=...)` makes one. `None` switches the comparison off; "automatic" lets the package look for one.
    tolerance : float
        The relative L2 error that is wanted (dimensionless).
    quantities : mapping from name to (function, region) or (function, region, time)
        Integrals that the table and the report shall tell beside the reference's: a drag, a flux, an energy. See
        `Solution.integral`; in an evolution at the end of time, where none is told.
    guess : mapping from unknown to number or function, or a Solution, optional
        Where iterations begin: of several solutions of a nonlinear problem it says which one is wanted.

    Raises
    ------
    ProblemError
        If any of these contradicts the others; the message says what was possible.
    """

    def __init__(
        self,
        *,
        space: Shape | None = None,
        time: tuple[float, float] | Along | None = None,
        unknowns: str | Sequence[str] | Mapping[str, str | Sequence[str] | Shape],
        equations: Callable[..., Any] | Sequence[Callable[..., Any]] = (),
        conditions: Sequence[Any] = (),
        parameters: Mapping[str, Parameter] | None = None,
        reference: Callable[[Any], Any] | Reference | Literal["automatic"] | None = "automatic",
        tolerance: float = 1e-3,
        quantities: Mapping[str, Any] | None = None,
        guess: Any = None,
    ) -> None:
        self._declared = told_apart(mixed({
            "space": space, "time": time, "unknowns": unknowns, "equations": equations, "conditions": conditions,
            "parameters": parameters, "reference": reference, "tolerance": tolerance, "quantities": quantities,
            "guess": guess,
        }))  # fmt: skip
        unknowns, equations, conditions, parameters, reference, guess = (self._declared[name] for name in APART)
        given, self._parameters = parameters_of(parameters), dict(parameters or {})
        self.parameters, self.ranges, self.held, self.sought = given.numbers, given.ranges, given.held, given.sought
        self.materials = given.over(space)
        self.tables, self.eigenvalues, self.expansions = given.tables, given.eigenvalues, given.expansions
        self.constants, self.functions, self.again = given.constants, given.functions, given.again
        shapes = [shape for m in self.materials.values() for shape, _ in m.parts]
        self.space, self.domain = space, Domain(space, time, self.ranges, shapes)
        varying: dict[str, Any] = {**self.materials, **self.tables}
        for name, what in varying.items():
            what.check(name, self.domain)
        self.time = None if self.domain.time is None else self.domain.ends(self.domain.time)
        self.unknowns, self.fewer = unknowns_of(unknowns), fewer_of(unknowns, self.domain)
        self.spans = spans_of(unknowns, self.domain)
        self.tolerance, self.reference = tolerated(tolerance), reference_given(reference)
        check_free(self.unknowns, self.coordinates, self.others, self.functions)
        flat = numbered(flattened(conditions))
        data = [c for c in flat if isinstance(c, Observed)]
        self.observations = tuple(measured(self.domain, self.unknowns, c, self.fewer, self.functions) for c in data)
        self.experiments = experiments_of(data)
        declared = Declared(
            self.domain, self.unknowns, self.others, given.unknown, equations_of(equations, levels(self.fewer)),
            [c for c in flat if isinstance(c, Equation)], [c for c in flat if isinstance(c, Periodic)],
            [c for c in flat if isinstance(c, Solenoidal)], self.observations, bool(self.spans),
        )  # fmt: skip
        declared.check()
        self.of_unknowns = given.of_unknowns(self.unknowns)
        known = values_known(declared.valued, declared.of_unknowns, given.known, self.domain.time)
        (self.known_values, self.known_planes), moving = known, {n: u.guess for n, u in self.constants.items()}
        self.looked_at = partial(self.fields, elsewhere="here")  # before training: integrals of the right size alone
        functions = {n: u.guess for n, u in self.functions.items()}
        self.prober = Prober(self.domain, self.unknowns, self.looked_at, moving | self.sought, functions)
        self.periodic, marked = tuple(declared.periodic), partial(integrating, prober=self.prober)
        self.equations, conditions = tuple(map(marked, declared.equations)), [*map(marked, declared.standing)]
        conditions += balances(self.equations, conditions, self.prober)
        if left := [u for u in declared.untold if not self.prober.algebraic(u, self.equations, self.parameters)]:
            raise undetermined(left[0], self.told_experiments)
        self.quantities = quantities_of(quantities, self.domain, self.names)
        self.inner = tuple(c for c in conditions if isinstance(self.pieces(c)[0], Inner | Cut) and not self.spans)
        self.guess = guess_of(guess, self.unknowns, self.coordinates, [n for n in self.names if n not in self.unknowns])
        self.conditions = tuple(recognised(c, self.prober, self.of_unknowns) for c in conditions if c not in self.inner)
        flows = {f: in_order(f.components, self.equations, self.prober) for f in declared.solenoidal}
        self.solenoidal = tuple(replace(flow, components=components) for flow, components in flows.items())
        self.functions_prober = replace(self.prober, unknowns=tuple(self.functions), functions={})
        self.known = tuple(recognised(c, self.functions_prober) for c in declared.known)
        check_twice((*self.conditions, *self.known), self.periodic, self.domain)

    def check(self, settings: Any = None) -> Overview:
        """What can be known before training: the problem in words, what a run begins with, and what may be wrong.

        Parameters
        ----------
        settings : Settings, optional
            How it is to be solved.

        Raises
        ------
        ProblemError
            If it cannot be solved as it stands.
        """
        # the room that looks at all stands below this one in the tower, and is asked for by name
        return import_module("pinnsolve.overview").overview(self, settings)

    @property
    def system(self) -> tuple[Equation, ...]:
        """Everything that shall hold, in one list: the equations inside, the conditions, the data."""
        data = [e for o in self.observations for e in o.equations]
        return (*self.equations, *self.conditions, *self.known, *self.inner, *data)

    @property
    def names(self) -> list[str]:
        """What a function may ask for anywhere: unknowns, coordinates, parameters."""
        return [*self.unknowns, *self.coordinates, *self.others]

    @property
    def declared_parameters(self) -> dict[str, Any]:
        """What was declared under `parameters`, as it is."""
        return dict(self._parameters)

    @property
    def others(self) -> tuple[str, ...]:
        """The parameters, whatever they are, but those that are coordinates of the network."""
        return (*self.parameters, *self.materials, *self.tables, *self.expansions, *self.again)

    @property
    def coordinates(self) -> tuple[str, ...]:
        """Of space, of time, and the parameters that are inputs."""
        return self.domain.coordinates

    @property
    def space_coordinates(self) -> tuple[str, ...]:
        return self.domain.space_coordinates

    @property
    def data(self) -> dict[str, Measured]:
        """The measurements by the names of their residuals."""
        return {e.name: o for o in self.observations for e in o.equations}

    @property
    def integrals(self) -> bool:
        """Whether equations or conditions hold integrals of unknowns."""
        return any(bool(e.integrates) for e in (*self.equations, *self.conditions, *self.inner))

    @property
    def indivisible(self) -> str:
        """Why it cannot be solved over cells; empty if it can."""
        return indivisible(self)

    def guessed(self, points: Points) -> dict[str, Tensor]:
        """Where iterations begin: the values (N,) of those unknowns of which there is a guess."""
        fields = self.fields(*points.chart(), {}, points)
        return {u: self.guess.of(u, fields).value.detach() for u in self.guess.unknowns}

    def to_be_found(self, prescribed: Prescribed) -> bool:
        """Whether a prescribed value depends on an unknown constant or function: it is not known before training."""
        return bool(prescribed.asks & {*self.constants, *self.functions})

    @property
    def declared_conditions(self) -> list[Any]:
        """Everything that stands among the conditions, as it was written."""
        return flattened(self._declared["conditions"])

    def replaced(self, **changes: Any) -> Problem:
        """The same declaration with some arguments changed."""
        return Problem(**{**self._declared, **changes})

    def with_parameters(self, values: Mapping[str, float]) -> Problem:
        """The same problem with other values of some parameters; an unknown one is known then, and an input fixed."""
        for name in values:
            if name not in self._parameters:
                raise ProblemError(f"there is no parameter '{name}'", did_you_mean(name, self._parameters))
        kept = {n: Held(v) if n in self.ranges and isinstance(v, Real) else v for n, v in values.items()}
        return self.replaced(parameters={**self._parameters, **kept}, conditions=beside(self, values))

    def solved_for(self, values: Mapping[str, Any], more: Sequence[Equation] = ()) -> Problem:
        """The same problem without its data, with these values of parameters, and more conditions."""
        given = [*(c for c in beside(self, values) if not isinstance(c, Observed)), *more]
        return self.replaced(conditions=given, parameters={**self._parameters, **values}, reference=None)

    def fields(
        self, chart: Chart, at: Mapping[str, Jet], unknowns: Mapping[str, Jet], points: Points,
        found: Mapping[str, Jet] | None = None, elsewhere: Elsewhere | Literal["here"] | None = None,
    ) -> Fields:  # fmt: skip
        """Everything that a function may ask for on these points; unknown constants and functions have the values of
        their guesses, unless what was `found` is given. Integrals are taken of what is known `elsewhere`."""
        behind = {
            **self.parameters,
            **{n: chart.numbers(self.parameters[n]) for n in self.held},
            **materials_at(self.materials, chart, at, points),
            **{n: t(**{c: at[c] for c in t.of}) for n, t in self.tables.items() if all(c in at for c in t.of)},
            **{n: chart.numbers(u.guess) for n, u in self.functions.items()},
            **(found or {}),
            **at,
            **unknowns,
            **{f"n{c}": chart.constant(n) for c, n in points.normals.items()},
            **{f"measured {name}": chart.constant(v) for name, v in points.measured.items()},
        }
        behind |= written_out(self, chart, behind)
        return Fields(chart, behind, self.domain.time, Around(self.domain, [*self.materials.values()], elsewhere))
