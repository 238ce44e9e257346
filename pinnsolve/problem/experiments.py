"""Several experiments: data that were taken at other values of some parameters than the problem's own.

Each experiment has unknowns of its own, `u_2`, which solve the same equations under the same conditions with its values
of the parameters, `Q_2`. What is to be found is one over all of them, and is fitted to all data at once.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from typing import Any

from pinnsolve.data.observed import Observed
from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.problem.conditions import Solenoidal, holding, prescribing
from pinnsolve.problem.eigenvalue import Eigenvalue
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.reading import flattened, parameters_of, unknowns_of
from pinnsolve.problem.renamed import Renamed
from pinnsolve.problem.unknown import Again, Unknown
from pinnsolve.reference import Exact, Field, Reference

APART = ("unknowns", "equations", "conditions", "parameters", "reference", "guess")  # of what each experiment has more


@dataclass(frozen=True)
class Experiment:
    """One of them.

    Parameters
    ----------
    given : mapping from parameter to its value there
    names : mapping from name to name
        What the unknowns, their unknown functions, and the parameters that are given, are called there.
    unknowns : mapping from name to name
        Of these the unknowns.
    """

    given: Mapping[str, Any]
    names: Mapping[str, str]
    unknowns: Mapping[str, str]

    @property
    def told(self) -> str:
        """As "Q = 3, h = 0.1"."""
        each = {n: f"{v:.6g}" if isinstance(v, int | float) else repr(v) for n, v in self.given.items()}
        return ", ".join(f"{n} = {what}" for n, what in each.items())

    def function(self, function: Callable[..., Any], name: str | None = None) -> Renamed:
        """A function of the problem in these names."""
        made = Renamed(function, self.names)
        made.__name__ = f"{name or made.__name__}, {self.told}"
        return made

    def value(self, given: Any) -> Any:
        """A number, or such a function."""
        return self.function(given) if callable(given) else given

    def condition(self, c: Any) -> Any:
        """What stands among the conditions, said of this experiment; None for what is said of all at once."""
        if isinstance(c, Solenoidal):
            components = tuple(self.names.get(n, n) for n in c.components)
            return Solenoidal(components, f"solenoidal {', '.join(components)}")
        if not isinstance(c, Equation):
            return None
        name, prescribed = f"{c.name}, {self.told}", c.prescribes
        # a place of an unknown is none of the domain, and what a function is there may ask for unknowns, too
        asked = {c.unknown} if c.unknown is not None else {*c.asks} - {*(c.on.place or ())}
        if not asked & self.unknowns.keys():
            return None  # of an unknown function, which is the same in all
        if prescribed is None:
            return None if c.function is None else holding(name, c.on, self.function(c.function))
        value = prescribed.number if c.function is None else self.function(c.function)
        assert value is not None
        return prescribing(name, c.on, self.names[prescribed.unknown], prescribed.what, value)

    def data(self, seen: Observed) -> Observed:
        """Its measurements in these names."""
        columns = {self.names.get(n, n): column for n, column in seen.table.columns.items()}
        sigma = seen.sigma
        if isinstance(sigma, Mapping):
            sigma = {self.names.get(n, n): value for n, value in sigma.items()}
        return replace(seen, table=replace(seen.table, columns=columns), sigma=sigma, given={}, experiment=self)


def told_apart(declared: Mapping[str, Any]) -> dict[str, Any]:
    """A declaration with the unknowns of each experiment; as it is where all data are of the problem's own.

    Raises
    ------
    ProblemError
        If data are given something that cannot be given.
    """
    flat = flattened(declared["conditions"])
    if not any(isinstance(c, Observed) and c.given for c in flat):
        return dict(declared)
    parameters = dict(declared["parameters"] or {})
    found: list[Experiment] = []
    conditions: list[Any] = []
    for c in flat:
        belongs = c
        if isinstance(c, Observed) and c.given:
            _check(c, parameters, declared)
            own = {n: v for n, v in c.given.items() if v != parameters[n]}
            experiment = next((e for e in found if e.given == own), None)
            if own and experiment is None:
                experiment = _experiment(own, declared, len(found) + 2)
                found.append(experiment)
            belongs = experiment.data(c) if experiment is not None else replace(c, given={})
        conditions.append(belongs)
    more = [m for e in found for c in flat if (m := e.condition(c)) is not None]
    for e in found:
        parameters |= {e.names[n]: v for n, v in e.given.items()}
        parameters |= {e.names[n]: Again(n, e.unknowns) for n in _functions(declared)}
    guess = declared["guess"]
    if isinstance(guess, Mapping):
        guess = dict(guess) | {e.names[u]: e.value(v) for e in found for u, v in guess.items() if u in e.names}
    return {
        **declared, "parameters": parameters, "conditions": [*conditions, *more], "guess": guess,
        "unknowns": _unknowns(declared["unknowns"], found), "equations": _equations(declared["equations"], found),
        "reference": _reference(declared, found),
    }  # fmt: skip


def _check(seen: Observed, parameters: Mapping[str, Any], declared: Mapping[str, Any]) -> None:
    """Refuse what cannot be given."""
    unknowns = unknowns_of(declared["unknowns"])
    for name, value in seen.given.items():
        here = f"{seen.name}: given={{{name!r}: ...}}"
        if name not in parameters:
            why = "is an unknown, and what is found" if name in unknowns else "is no parameter of the problem"
            raise ProblemError(f"{here}: '{name}' {why}", did_you_mean(name, _possible(parameters)))
        own = parameters[name]
        if isinstance(own, Unknown):
            raise ProblemError(
                f"{here}: '{name}' is to be found, one over all experiments",
                f"Give what differs between them: {', '.join(_possible(parameters)) or 'a parameter that is known'}.",
            )
        if isinstance(own, tuple | list):
            raise ProblemError(
                f"{here}: '{name}' is a range, a coordinate of the solution", f"Write observed(..., {name}={value!r})."
            )
        if isinstance(own, Eigenvalue):
            raise ProblemError(f"{here}: '{name}' is an eigenvalue", "Data tell nothing of modes: leave them out.")
        try:
            parameters_of({name: value})
        except ProblemError as error:
            raise ProblemError(f"{here}: {error.fault.removeprefix('parameters: ')}", 'Write given={"Q": 3}.') from None
        if isinstance(value, tuple | list):
            raise ProblemError(f"{here}: a range is no value", "An experiment was made at one: given={'Q': 3}.")


def _possible(parameters: Mapping[str, Any]) -> list[str]:
    return [n for n, v in parameters.items() if not isinstance(v, Unknown | Eigenvalue | tuple | list)]


def _functions(declared: Mapping[str, Any]) -> list[str]:
    """The unknown functions that depend on an unknown: each experiment has them of its own one."""
    unknowns, parameters = unknowns_of(declared["unknowns"]), declared["parameters"] or {}
    return [n for n, v in parameters.items() if isinstance(v, Unknown) and any(c in unknowns for c in v.coordinates)]


def _experiment(given: Mapping[str, Any], declared: Mapping[str, Any], number: int) -> Experiment:
    """One in which unknowns and parameters have names of their own: u_2, Q_2."""
    unknowns = unknowns_of(declared["unknowns"])
    names = [*unknowns, *_functions(declared), *given]
    taken = {*unknowns, *(declared["parameters"] or {})}
    for end in count():
        found = {n: f"{n}_{number}{'_' * end}" for n in names}
        if taken.isdisjoint(found.values()):
            return Experiment(given, found, {u: found[u] for u in unknowns})
    raise AssertionError


def _unknowns(unknowns: Any, experiments: Sequence[Experiment]) -> Any:
    names = unknowns_of(unknowns)
    if isinstance(unknowns, Mapping):
        return {**unknowns} | {e.names[n]: unknowns[n] for e in experiments for n in names}
    return (*names, *(e.names[n] for e in experiments for n in names))


def _equations(equations: Any, experiments: Sequence[Experiment]) -> list[Any]:
    """The equations, and those of each experiment; what is no function is refused where equations are read."""
    own = list(equations) if isinstance(equations, list | tuple) else [equations]
    called = [getattr(f, "__name__", "").replace("<lambda>", "") or f"equation {k}" for k, f in enumerate(own, 1)]
    return own + [e.function(f, name) for e in experiments for f, name in zip(own, called, strict=True) if callable(f)]


def _reference(declared: Mapping[str, Any], experiments: Sequence[Experiment]) -> Any:
    """The problem's own reference asked for each experiment."""
    own = declared["reference"]
    if isinstance(own, Exact):
        more = {e.unknowns[n]: e.value(f) for e in experiments for n, f in own.solutions.items() if n in e.unknowns}
        return Exact({**own.solutions, **more})
    return _Each(own, declared, experiments) if callable(own) else own


@dataclass(frozen=True)
class _Each:
    """A function that returns a reference, called with the problem as each experiment has it."""

    reference: Callable[[Any], Any]
    declared: Mapping[str, Any]
    experiments: Sequence[Experiment]

    @property
    def __name__(self) -> str:
        return str(getattr(self.reference, "__name__", "reference"))

    def __call__(self, problem: Any) -> Any:
        found = self.reference(problem)
        fields, own, seconds = dict[str, Field](found.fields), found.own_error, found.seconds
        for e in self.experiments:
            there = self.reference(_at(e, self.declared, type(problem)))
            fields |= {new: there.fields[n] for n, new in e.unknowns.items() if n in there.fields}
            own, seconds = max(own, there.own_error), seconds + there.seconds
        return Reference(found.name, fields, own, seconds, found.automatic, found.about)


def _at(experiment: Experiment, declared: Mapping[str, Any], made: Callable[..., Any]) -> Any:
    """The problem at an experiment's values, without the data that belong to others."""
    conditions = [c for c in flattened(declared["conditions"]) if not isinstance(c, Observed)]
    parameters = {**(declared["parameters"] or {}), **experiment.given}
    return made(**{**declared, "conditions": conditions, "parameters": parameters, "reference": None})


def experiments_of(observations: Collection[Observed]) -> tuple[Experiment, ...]:
    """The experiments that data belong to, in their order."""
    found: list[Experiment] = []
    for o in observations:
        if o.experiment is not None and o.experiment not in found:
            found.append(o.experiment)
    return tuple(found)
