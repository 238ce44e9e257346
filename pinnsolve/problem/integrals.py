"""Integrals inside of equations and conditions: what a user's function may ask of places other than its own.

    integral(u, over="x")                        the integral of u along x, from one end of the domain to the other
    integral(a * u, over=("x", "y"))             over several coordinates
    integral(u**2, over=side("outer"))           over a part of the boundary, or any other region
    integral(u, upto="t")                        from the beginning of t up to where the equation stands
    integral(lambda u, s: K(x, s) * u, over="x")   with a kernel: x where the equation stands, s where it is integrated
    at(d(u, x), x=0)                             no integral, but the value at one place, by the same means

What is integrated is an expression of the function's own arguments, evaluated at the points of a quadrature around each
point of the equation; or a function, whose arguments are bound at those points, and which may use those of the function
around it, as they are where the equation stands. An argument of it that is no name of the problem is the coordinate of
integration.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from pinnsolve.calls import worded
from pinnsolve.errors import ProblemError
from pinnsolve.geometry.regions import Region
from pinnsolve.jets.calculus import describe
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.binding import arguments
from pinnsolve.problem.calling import Call, Captured, innermost
from pinnsolve.problem.in_place import InPlace
from pinnsolve.problem.limits import WRITE, Limits
from pinnsolve.problem.nearby import at_the_point
from pinnsolve.problem.renamed import alike
from pinnsolve.problem.taken import Taken, unmet

NESTED = ProblemError(
    "an integral stands within an integral",
    'Make the inner one an unknown of its own: unknowns=("u", "m"), and an equation m - integral(u, over="x").',
)


@worded
def integral(
    what: Any, *, over: str | Sequence[str] | Region | None = None, upto: str | None = None
) -> Jet:  # fmt: skip
    """The integral of an expression of unknowns, inside of an equation or a condition.

    Parameters
    ----------
    what : field, or function
        An expression of the arguments of the function that it stands in; or a function with arguments bound by name,
        `lambda u, s: exp(-abs(x - s)) * u`, where `s` is the coordinate of integration and `x` that of the equation.
    over : name, names, or region
        One coordinate or several, each over all of the domain; or a region, as `interior` or `side("outer")`.
    upto : name
        In place of `over`: the integral runs from the lower end of this coordinate to where the equation stands.

    Returns
    -------
    field (N,)
        In the units of what is integrated times those of the coordinates. Its quadrature is refined until it is as
        good as rounding, or the run says that it is not.

    Raises
    ------
    ProblemError
        If there is no such coordinate or region, no unknown stands in it, or it stands within another one.

    Examples
    --------
    >>> from pinnsolve import Problem, d, initial
    >>> def memory(u, t):  # u' = - (integral of u from 0 to t), and so u = cos t
    ...     return d(u, t) + integral(u, upto="t")
    >>> problem = Problem(time=(0, 1), unknowns="u", equations=memory, conditions=[initial(u=1)])
    """
    return _somewhere(what, "integral(...)", lambda domain: Limits.of(domain, over, upto))


@worded
def at(what: Any, **place: float) -> Jet:
    """The value of an expression of unknowns at a place, inside of an equation or a condition that stands elsewhere.

    Parameters
    ----------
    what : field, or function
        As in `integral`.
    **place : float
        Coordinates and where they stand; the others are those of where the equation stands.

    Returns
    -------
    field (N,)

    Raises
    ------
    ProblemError
        If there is no such coordinate, the place lies outside, or no unknown stands in it.

    Examples
    --------
    >>> from pinnsolve import Box, Problem, d, dirichlet
    >>> def fed_back(u, x):  # a source as strong as the slope at the left end
    ...     return d(u, x, x) + at(d(u, x), x=0)
    >>> problem = Problem(space=Box(x=(0, 1)), unknowns="u", equations=fed_back, conditions=dirichlet(u=1))
    """
    return _somewhere(what, "at(...)", lambda domain: Limits.at(domain, place))


def _somewhere(what: Any, said: str, limits_in: Callable[[Any], Limits]) -> Jet:
    """What has to be known of other places than those where an equation stands."""
    call = innermost()
    if call is None:
        after = "solution.integral(function, over=interior)" if said == "integral(...)" else "solution.u(x=0)"
        raise ProblemError(f"{said} stands in no equation and no condition", f"After training write {after}.")
    number, fields = call.next(), call.fields
    if call.wanted == number:
        raise Captured(what)
    if call.wanted == -1:
        raise ProblemError(NESTED.fault, NESTED.remedy)
    if call.wanted is not None:  # one before that for which the function is called again
        return unmet(fields.chart, NESTED)
    try:
        limits = limits_in(fields.around.domain)
    except ProblemError as error:
        told = error.fault if said.removesuffix("...)") in error.fault else f"{said}: {error.fault}"
        raise ProblemError(told, error.remedy, error.where) from None
    what = alike(what, call.function) if callable(what) and not isinstance(what, Jet) else what
    _checked(what, said, limits, call)
    if isinstance(call.function, InPlace):
        return call.function.stands(call, number, what, limits)
    if fields.around.elsewhere is None:
        raise ProblemError(
            f"{call.what}: {said} cannot be taken here, where nothing is known of the unknowns elsewhere",
            "It may stand in equations and in condition(...).",
        )
    if fields.around.elsewhere == "here":
        return at_the_point(call, what, limits)
    return Taken(call, number, what, limits).field()


def _checked(what: Any, said: str, limits: Limits, call: Call) -> None:
    """Refuse what cannot be taken elsewhere."""
    if isinstance(what, Jet):
        return
    if not callable(what):
        raise ProblemError(
            f"{said} was given {describe(what)}, which holds no unknown",
            "Give it an expression of unknowns; of a number or a known function write what it comes to.",
        )
    _names(what, limits, call)


def _names(what: Callable[..., Any], limits: Limits, call: Call) -> None:
    """Every argument of an integrand is a name of the problem, or the coordinate of integration, of which there are no
    more than coordinates."""
    more = [name for name in arguments(what) if name not in call.fields and name not in limits.normals]
    if len(more) > len(limits.over):
        raise ProblemError(
            f"the function in integral(...) asks for {', '.join(more)}, and it is integrated over "
            f"{', '.join(limits.over)} alone",
            WRITE,
        )
