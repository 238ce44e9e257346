"""Measured values of the unknowns, as terms of the loss.

With the noise sigma of every value known, the misfit is the mean over the measurements of ((u - measured) / sigma)^2,
whose expectation is one for the true solution (chi squared over N).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
import torch

from pinnsolve.data.observed import Loss, Observed
from pinnsolve.data.tables import Column, Table, table_of
from pinnsolve.errors import ProblemError, did_you_mean, positive
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.points import Points
from pinnsolve.geometry.regions import Region
from pinnsolve.jets.jet import Jet, on_jets
from pinnsolve.problem.binding import Fields
from pinnsolve.problem.equation import Equation
from pinnsolve.problem.fewer import Fewer
from pinnsolve.problem.names import check_noise
from pinnsolve.problem.unknown import Unknown

ROW = "number of the row"  # no unknown can be called so
# Standard deviations from which on Huber's loss is no longer a square. Larger: outliers count for more. Smaller: less
# is made of normal noise; at 1.345 a fit keeps 95 % of the efficiency of squares (Huber, Robust Statistics, Wiley
# 1981).
TURN = 1.345
# The mean of a squared Huber misfit under normal noise of one standard deviation: it follows from TURN, by the integral
# that tests/test_unknowns.py does.
HUBER = 0.9325849825936035


@dataclass(frozen=True)
class Measured:
    """Measurements of some unknowns of a problem.

    Parameters
    ----------
    name : str
    points : Points
        Where, with the values under `measured`, their sigma under "sigma " and the name, and their number under `ROW`.
    unknowns : tuple of str
    rows : tuple of str
    known : bool
        Whether sigma was given.
    loss : "squares" or "huber"
    """

    name: str
    points: Points
    unknowns: tuple[str, ...]
    rows: tuple[str, ...]
    known: bool
    loss: Loss = "squares"

    @cached_property
    def equations(self) -> list[Equation]:
        """(u - measured) / sigma = 0 at these points; where sigma is not known, in the unknown's units.

        Of Huber's loss the residual is what has twice that loss as its square.
        """

        def misfit(unknown: str) -> Callable[[Fields], Jet]:
            def residual(at: Fields) -> Jet:
                away = at[unknown] - at[f"measured {unknown}"]
                noise = at.get(f"measured sigma {unknown}")
                scaled = away if noise is None else away / noise
                return scaled if self.loss == "squares" else huber(scaled)

            return residual

        region = Region(self.name, lambda domain: ())
        return [Equation(f"{u} of {self.name}", region, misfit(u), points=self.points) for u in self.unknowns]


def huber(r: Any) -> Any:
    """s(r) with s^2 = r^2 up to |r| = k, and 2 k |r| - k^2 beyond, k = 1.345: a jet or a tensor."""
    beyond = on_jets.sqrt(on_jets.clamp(2 * TURN * on_jets.abs(r) - TURN**2, min=TURN**2))
    return on_jets.where(on_jets.abs(r) <= TURN, r, on_jets.sign(r) * beyond)


def unhuber(s: torch.Tensor) -> torch.Tensor:
    """r for s(r)."""
    return torch.where(s.abs() <= TURN, s, torch.sign(s) * (s.square() + TURN**2) / (2 * TURN))


def measured(
    domain: Domain, unknowns: Sequence[str], given: Observed, fewer: Mapping[str, Fewer] | None = None,
    functions: Mapping[str, Unknown] | None = None,
) -> Measured:  # fmt: skip
    """The measurements in the problem's terms, by its domain and the names of its unknowns; a coordinate on which none
    of those that were measured depends (`fewer`) need not be told.

    Raises
    ------
    ProblemError
        If a coordinate is missing, a column is neither coordinate nor unknown, or a row lies outside the domain.
    """
    table = _anywhere(given.table, domain, unknowns, fewer or {})
    columns = dict(table.columns)
    check_noise(given, [*domain.coordinates, *unknowns])
    names = {*domain.coordinates, *unknowns}
    for name, function in (functions or {}).items():
        if name in columns:
            place = f"on=point({function.coordinates[0]}=0.5)"
            raise ProblemError(
                f"{table.name} tells of '{name}', an unknown function, and data are of unknowns",
                f"What is known of {name} is a condition, dirichlet({name}=1.0, {place}). To leave the column out, "
                "name the others: columns=(...).",
            )
    for coordinate in domain.coordinates:
        if coordinate not in columns:
            raise ProblemError(
                f"{table.name} has no column for the coordinate '{coordinate}'",
                f"Its columns: {', '.join(columns)}. Give a number for all rows as observed(..., {coordinate}=0.5), or "
                f'name its column: columns={{"{coordinate}": "..."}}.',
            )
    seen = tuple(u for u in unknowns if u in columns)
    if not seen:
        raise ProblemError(
            f"{table.name} has no column for an unknown", f"Its columns: {', '.join(columns)}. Unknowns: "
            f"{', '.join(unknowns)}.",
        )  # fmt: skip
    sigma = {u: s for u in seen if (s := _sigma(given, u)) is not None}
    used = {s for s in (given.sigma.values() if isinstance(given.sigma, Mapping) else [given.sigma]) if _text(s)}
    for column in columns:
        if column not in names | used:
            hint = ' If it is the noise, write sigma="sigma".' if column == "sigma" else ""
            raise ProblemError(
                f"{table.name}: the column '{column}' is neither a coordinate nor an unknown",
                did_you_mean(column, sorted(names)) + f". To leave it out, name the others: columns=(...).{hint}",
            )
    _inside(domain, table)
    values = {u: columns[u] for u in seen} | {f"sigma {u}": s for u, s in sigma.items()}
    values[ROW] = np.arange(len(table.rows), dtype=np.float64)
    places = {c: torch.from_numpy(np.array(columns[c])) for c in domain.coordinates}
    points = Points(
        places, torch.ones(len(table.rows), dtype=torch.float64),
        measured={n: torch.from_numpy(np.array(np.broadcast_to(v, len(table.rows)))) for n, v in values.items()},
    )  # fmt: skip
    return Measured(table.name, points, seen, table.rows, len(sigma) == len(seen), given.loss)


def _anywhere(table: Table, domain: Domain, unknowns: Sequence[str], fewer: Mapping[str, Fewer]) -> Table:
    """The table with a place along those coordinates that change nothing of what was measured."""
    seen = [u for u in unknowns if u in table.columns]
    idle = [c for c in domain.coordinates if seen and all(u in fewer and c in fewer[u].others for u in seen)]
    added = {c: np.full(len(table.rows), domain.middle[c]) for c in idle if c not in table.columns}
    return replace(table, columns={**table.columns, **added}) if added else table


def _text(value: Any) -> bool:
    return isinstance(value, str)


def _sigma(given: Observed, unknown: str) -> Column | None:
    """The noise of one unknown, (N,)."""
    sigma, table = given.sigma, given.table
    if isinstance(sigma, Mapping):
        for name in sigma:
            if name not in table.columns:
                raise ProblemError(f"sigma: {table.name} has no column '{name}'", did_you_mean(name, table.columns))
        sigma = sigma.get(unknown)
    if sigma is None:
        return None
    if isinstance(sigma, str):
        if sigma not in table.columns:
            raise ProblemError(f"sigma: {table.name} has no column '{sigma}'", did_you_mean(sigma, table.columns))
        sigma = table.columns[sigma]
    elif np.ndim(sigma) == 0:
        return np.full(len(table.rows), positive("sigma", sigma))
    values = table_of(f"{table.name}, sigma", {"sigma": sigma, "rows": np.zeros(len(table.rows))}).columns["sigma"]
    bad = np.flatnonzero(values <= 0)
    if len(bad):
        raise ProblemError(
            f"{table.name}, {table.rows[bad[0]]}: sigma is {values[bad[0]]:g}", "A standard deviation is above zero."
        )
    return values


def _inside(domain: Domain, table: Table) -> None:
    """No row lies outside the domain."""
    left = domain.outside(table.columns)  # rounding in a file puts no point outside
    if left is not None:
        name, out = left
        rows, (low, high) = np.flatnonzero(out), domain.ends(name)
        shown = named([f"{table.rows[k]} ({name} = {table.columns[name][k]:g})" for k in rows], len(rows))
        raise ProblemError(f"{table.name}: outside the domain lie {shown}", f"{name} goes from {low:g} to {high:g}.")
    beside = domain.beside(table.columns)
    if beside is not None:
        rows = np.flatnonzero(beside)
        raise ProblemError(
            f"{table.name}: outside the shape, or in a hole, lie {named([table.rows[k] for k in rows], len(rows))}",
            "Leave these rows out, or look at the units of the shape.",
        )


def named(rows: Sequence[str], count: int) -> str:
    """Some rows in words."""
    shown = 3
    return ", ".join(rows[:shown]) + f" and {count - shown} more" * (count > shown)


def copies(found: Measured) -> list[str]:
    """Rows that stand twice, in words."""
    columns = [*found.points.coordinates.values(), *(found.points.measured[u] for u in found.unknowns)]
    rows = torch.stack(columns, 1)
    _, group, counts = torch.unique(rows, dim=0, return_inverse=True, return_counts=True)
    twice = [k for k in range(len(rows)) if counts[group[k]] > 1]
    if not twice:
        return []
    shown = named([found.rows[k] for k in twice], len(twice))
    return [f"{found.name}: the same measurement stands more than once ({shown}), and counts as often"]
