"""Integrals where nothing is known of other points: what is integrated at the point itself, times the length.

So a look before training sees an equation of the right size, which asks for what the integral asks for.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.binding import Fields, arguments
from pinnsolve.problem.calling import Call, calling
from pinnsolve.problem.limits import Limits


@dataclass(frozen=True)
class Look:
    """How an integral is looked at. Chosen, not measured.

    Parameters
    ----------
    away : float
        Of a coordinate's length: how far the other place of a kernel lies, which may be singular where both meet.
    counted : float
        Of the length. All of it, and a value less its mean would seem to hold no unknown.
    """

    away: float = 0.382
    counted: float = 0.9


LOOK = Look()


def at_the_point(call: Call, what: Any, limits: Limits) -> Jet:
    """The integrand where the equation stands, times the length, area or volume over which it is integrated."""
    fields: Fields = call.fields
    known, chart = fields.around, fields.chart
    assert known is not None
    integrand = what if isinstance(what, Jet) else integrand_of(call, what, _shifted(what, fields, limits), fields)
    integrand = integrand * 1.0  # another field than the unknown itself, which may stand beside its integral
    known.met.append(integrand)
    if limits.upto:
        (along,) = limits.over
        return integrand * (fields[along] - known.domain.ends(along)[0]) * LOOK.counted
    whole = integrand * (LOOK.counted * limits.size)
    return whole if not isinstance(what, Jet) else independent(whole, chart, limits.over)


def independent(field: Jet, chart: Chart, over: tuple[str, ...]) -> Jet:
    """The same field, constant along the coordinates that were integrated over."""
    axes = [chart.axis(c) for c in over]
    if type(field) is not Jet:  # of a stencil, which knows differences alone
        return field

    def rule(alpha: Alpha) -> Tensor | None:
        return None if any(alpha[k] for k in axes) else field.partial(alpha)

    return Jet(chart, rule, tuple(field.shape), field.depends - set(over))


def integrand_of(call: Call, function: Callable[..., Any], aliases: Mapping[str, Any], fields: Fields) -> Jet:
    """What a function says on fields, with no integral in it.

    Raises
    ------
    ProblemError
        If it is no field.
    """
    with calling(Call(fields, function, call.what, wanted=-1)):
        found = fields.called(function, f"{call.what}: the function in integral(...)", aliases)
    if not isinstance(found, Jet):
        raise ProblemError(
            "the function in integral(...) returned no field, and so holds no unknown",
            "Return an expression of unknowns; of a known function write what its integral is.",
        )
    return found


def names_of(function: Callable[..., Any], fields: Mapping[str, Any], limits: Limits) -> dict[str, str]:
    """The coordinates of integration by what an integrand calls them, where that is no name of the problem's."""
    more = [n for n in arguments(function) if n not in fields and n not in limits.normals]
    return dict(zip(more, limits.over, strict=False))


def _shifted(function: Callable[..., Any], fields: Fields, limits: Limits) -> dict[str, Any]:
    """The coordinates of integration by their own names, somewhere else; and normals, where the equation has none."""
    chart, around = fields.chart, fields.around
    assert around is not None
    away = {}
    for c in limits.over:
        part = torch.remainder(around.domain.unit(c, _numbers(fields[c])) + LOOK.away, 1.0)
        away[c] = chart.constant(around.domain.place(c, part), frozenset({c}))
    many = max(len(limits.normals), 1) ** -0.5
    normals = {n: chart.numbers(many) for n in limits.normals if n not in fields}
    return normals | away | {name: away[c] for name, c in names_of(function, fields, limits).items()}


def _numbers(field: Any) -> Tensor:
    values = field.value
    return values.detach() if isinstance(values, Tensor) else values.high
