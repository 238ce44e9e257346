"""A problem in words: as it is written, as the docstring of its file would tell it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.materials import Piecewise
from pinnsolve.geometry.tabulated import Tabulated
from pinnsolve.problem.conditions import Periodic, Solenoidal
from pinnsolve.problem.eigenvalue import Eigenvalue
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.experiments import Experiment
from pinnsolve.problem.fewer import Fewer, Level
from pinnsolve.problem.guess import Guess
from pinnsolve.problem.observations import Measured
from pinnsolve.problem.on_planes import Plane
from pinnsolve.problem.spans import Span
from pinnsolve.problem.unknown import Again, Unknown
from pinnsolve.problem.written import equation_text, problem_text


class Told:
    """What a problem says of itself."""

    domain: Domain
    unknowns: tuple[str, ...]
    equations: tuple[Equation, ...]
    conditions: tuple[Equation, ...]
    known: tuple[Equation, ...]
    inner: tuple[Equation, ...]
    periodic: tuple[Periodic, ...]
    solenoidal: tuple[Solenoidal, ...]
    observations: tuple[Measured, ...]
    experiments: tuple[Experiment, ...]
    spans: dict[str, Span]
    fewer: dict[str, Fewer]
    parameters: dict[str, float]
    constants: dict[str, Unknown]
    functions: dict[str, Unknown]
    again: dict[str, Again]
    known_values: dict[str, tuple[tuple[float, float], ...]]
    known_planes: dict[str, tuple[Plane, ...]]
    ranges: dict[str, tuple[float, float]]
    materials: Mapping[str, Piecewise]
    tables: dict[str, Tabulated]
    eigenvalues: dict[str, Eigenvalue]
    guess: Guess
    reference: Any
    tolerance: float

    def __repr__(self) -> str:
        """The problem as it is written, as the docstring of its file would tell it.

        >>> from pinnsolve import Box, Problem, d, dirichlet, initial
        >>> def heat(u, x, t, k):
        ...     return d(u, t) - k * d(u, x, x)
        >>> conditions = [initial(u=1), dirichlet(u=0)]
        >>> parameters = {"k": 0.1}
        >>> Problem(
        ...     space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat, conditions=conditions,
        ...     parameters=parameters,
        ... )
        Problem for u over Box(x=(0, 1), t=(0, 1))
        equations:
          heat  d(u, t) - k * d(u, x, x) = 0
        conditions:
          initial u                u = 1
          dirichlet u on boundary  u = 0
        parameters: k = 0.1
        reference: automatic
        tolerance: 0.001
        """
        time = self.domain.time
        conditions = {c.name: equation_text(c, time) for c in (*self.conditions, *self.known, *self.inner)}
        conditions |= {c.name: "" for c in self.periodic} | {c.name: "" for c in self.solenoidal}
        conditions |= {e.name: f"{len(o.points):,} values" for o in self.observations for e in o.equations}
        parameters = ", ".join(f"{n} = {told}" for n, told in self.told_parameters.items())
        others = {"parameters": parameters, "guess": self.guess.told}
        others = {name: told for name, told in others.items() if told}
        others |= {"reference": self.told_reference, "tolerance": f"{self.tolerance:g}"}
        equations = {e.name: equation_text(e, time) for e in self.equations}
        unknowns = [f"{u} ({self.spans[u]})" if u in self.spans else u for u in self.unknowns]
        return problem_text(repr(self.domain), unknowns, equations, conditions, others)

    @property
    def declared_unknowns(self) -> dict[str, tuple[str, ...]]:
        """The unknowns, each with the coordinates of space and time that it depends on."""
        mine = [c for c in self.domain.coordinates if c in self.domain.space_coordinates or c == self.domain.time]
        idle = {u: f.others for u, f in self.fewer.items()}
        return {u: tuple(c for c in mine if c not in idle.get(u, ())) for u in self.unknowns}

    @property
    def declared_equations(self) -> list[Equation]:
        """The equations without those that follow from what unknowns depend on."""
        return [e for e in self.equations if not isinstance(e.function, Level)]

    @property
    def told_parameters(self) -> dict[str, str]:
        """What each parameter is, in words."""
        told = {name: f"{value:.6g}" for name, value in self.parameters.items()}
        told |= {
            e.names[n]: f"{told[e.names[n]]}, as {n} of {', '.join(e.unknowns.values())}"
            for e in self.experiments
            for n in e.given
            if e.names[n] in told
        }
        told |= {n: f"unknown, guessed as {u.guess:g}" for n, u in self.constants.items()}
        told |= {n: f"unknown, a function of {', '.join(u.coordinates)}" for n, u in self.functions.items()}
        for n, known in self.known_values.items():
            (of,) = self.functions[n].coordinates
            told[n] += f", known at {' and '.join(f'{of} = {place:g} ({n} = {value:g})' for place, value in known)}"
        for n, planes in self.known_planes.items():
            told[n] += f", known at {' and '.join(f'{p.argument} = {p.place:g} ({n} {p.told})' for p in planes)}"
        told |= {n: f"{a.name}, of {', '.join(a.names[c] for c in self.functions[a.name].coordinates)}"
                 for n, a in self.again.items() if a.name in self.functions}  # fmt: skip
        told |= {n: f"an eigenvalue, the {e.count} nearest to {e.near:g}" for n, e in self.eigenvalues.items()}
        told |= {n: f"a function of {', '.join(t.of)}, {t.kind} between data" for n, t in self.tables.items()}
        told |= {n: _in_parts(m) for n, m in self.materials.items() if not n.startswith("_")}  # others are made
        return told | {n: f"an input, from {low:g} to {high:g}" for n, (low, high) in self.ranges.items()}

    @property
    def told_experiments(self) -> dict[str, str]:
        """Of which unknown, and where, each unknown of an experiment is."""
        return {new: f"{u} where {e.told}" for e in self.experiments for u, new in e.unknowns.items()}

    @property
    def told_reference(self) -> str:
        """Where the reference comes from, in words."""
        given = self.reference
        if given is None or isinstance(given, str):
            return given or "none"
        return str(getattr(given, "name", None) or getattr(given, "__name__", type(given).__name__.lower()))


def _in_parts(material: Piecewise) -> str:
    """The number in each part of space."""
    return ", ".join(
        [*(f"{value:g} in {shape!r}" for shape, value in material.parts), f"{material.elsewhere:g} elsewhere"]
    )
