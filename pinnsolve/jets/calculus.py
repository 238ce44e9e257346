"""The calculus of a problem file: d, grad, div, laplace, curl, dot.

Fields are scalar, one number a point; a vector is a tuple of fields.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.multi_index import Alpha, laplacian

Vector = Sequence[Jet]
SCALAR = ("d", "grad", "laplace")  # what is taken of one field


def d(field: Jet, *coordinates: Jet) -> Jet:
    """The partial derivative of a field, d(u, x, x) = u_xx.

    Parameters
    ----------
    field : field (N,)
        An unknown or any expression of unknowns and coordinates.
    *coordinates : coordinates
        One for each order of the derivative.

    Raises
    ------
    ProblemError
        If `field` is no field, does not depend on a coordinate (its derivative would be zero everywhere), or if a
        later argument is no coordinate.
    """
    if not coordinates:
        raise ProblemError("d(field) names no coordinate", "Write d(u, x), or d(u, x, x) for the second derivative.")
    return _derived("d", field, *coordinates)


def _derived(name: str, field: Jet, *coordinates: Jet) -> Jet:
    """The same, by the name of what was called."""
    if not isinstance(field, Jet):
        raise ProblemError(
            f"{name}(...) was given {describe(field)} as the field to differentiate",
            f"{'The first argument' if name in SCALAR else 'Each component'} is a field: an unknown, or an expression "
            "of unknowns and coordinates.",
        )
    result = field
    for coordinate in coordinates:
        if not isinstance(coordinate, Jet) or coordinate.name is None:
            raise ProblemError(
                f"{name}(...) was given {describe(coordinate)} as a coordinate",
                f"Differentiate along one of {', '.join(field.chart.names)}: d(u, {field.chart.names[0]}).",
            )
        if coordinate.chart is not field.chart:
            raise ProblemError(
                "fields over different sets of points were combined", "Use one function's own arguments."
            )
        if coordinate.name not in field.depends:
            known = ", ".join(sorted(field.depends)) or "no coordinate"
            raise ProblemError(
                f"{name}(..., {coordinate.name}): the field depends on {known} alone, "
                f"so its derivative along {coordinate.name} is zero everywhere",
                "Leave the term out, or differentiate a field that depends on that coordinate.",
            )
        before, result = result, result.along(field.chart.axis(coordinate.name))
        if field.chart.differentiated is not None:
            result = field.chart.differentiated(before, coordinate.name, result)
    return result


def jump(expression: Jet) -> Jet:
    """What an expression changes by across an inner place x = c: its value just above it less that just below.

    It stands in a condition on such a place, `condition(load, on=face(x=0.5))`. What stands there outside of a jump is
    the mean of both sides.

    Raises
    ------
    ProblemError
        If `expression` is no field, or the function does not stand on an inner place.
    """
    if not isinstance(expression, Jet):
        raise ProblemError(
            f"jump(...) was given {describe(expression)}, which does not jump",
            "Write jump(u), jump(d(u, x)), or another expression of unknowns.",
        )
    if not expression.chart.paired:
        raise ProblemError(
            "jump(...) stands in a function that holds at no inner place",
            "Write condition(function, on=face(x=0.5)), x = 0.5 inside the domain.",
        )

    def rule(alpha: Alpha) -> Tensor | None:
        part = expression.partial(alpha)
        if part is None:
            return None
        below, above = part.unflatten(0, (-1, 2)).unbind(1)
        return (above - below).repeat_interleave(2, 0)

    return Jet(expression.chart, rule, tuple(expression.shape), expression.depends)


def describe(thing: object) -> str:
    """What the user handed over, in a few words."""
    if isinstance(thing, Jet):
        return f"the coordinate {thing.name}" if thing.name else "a field that is no coordinate"
    if isinstance(thing, int | float):
        return f"the number {thing!r}"
    if isinstance(thing, complex):
        return f"the complex number {thing!r}"
    return f"{type(thing).__name__} {str(thing)[:40]!r}"


def _paired(name: str, vector: Any, coordinates: Sequence[Jet]) -> Sequence[Jet]:
    if isinstance(vector, Jet) or not isinstance(vector, Sequence):
        raise ProblemError(f"{name} takes a vector, and was given {describe(vector)}", f"Write {name}((u, v), x, y).")
    if len(vector) != len(coordinates):
        raise ProblemError(
            f"{name} was given {len(vector)} components and {len(coordinates)} coordinates",
            f"Write {name}((u, v), x, y).",
        )
    return vector


class Gradient(tuple[Jet, ...]):
    """The tuple (u_x, u_y, ...), which a factor multiplies part by part: `div(k * grad(u, x, y), x, y)`."""

    __slots__ = ()

    def __mul__(self, factor: Any) -> Gradient:
        return Gradient(factor * part for part in self)

    __rmul__ = __mul__

    def __truediv__(self, factor: Any) -> Gradient:
        return Gradient(part / factor for part in self)

    def __neg__(self) -> Gradient:
        return Gradient(-part for part in self)


def grad(field: Jet, *coordinates: Jet) -> Gradient:
    """The gradient (u_x, u_y, ...) along the named coordinates; a factor multiplies all of it, `k * grad(u, x, y)`."""
    if not coordinates:
        raise _nothing("grad(u, x, y)")
    return Gradient(_derived("grad", field, x) for x in coordinates)


def div(vector: Vector, *coordinates: Jet) -> Jet:
    """The divergence u_x + v_y + ... of a vector (u, v, ...) along as many coordinates."""
    parts = [_derived("div", v, x) for v, x in zip(_paired("div", vector, coordinates), coordinates, strict=True)]
    return _sum("div", parts)


def laplace(field: Jet, *coordinates: Jet) -> Jet:
    """The Laplacian u_xx + u_yy + ... along the named coordinates.

    Along four and more a network carries it through its layers as one number beside the gradient.
    """
    total = _sum("laplace", [_derived("laplace", field, x, x) for x in coordinates])
    chart, axes = field.chart, {field.chart.axis(str(x.name)) for x in coordinates}
    few = len(axes) < 4 or len(axes) < len(coordinates)  # where one by one costs hardly more
    if few or not chart.carries or chart.differentiated is not None:
        return total
    index = laplacian(axes, len(chart.names))

    def rule(alpha: Alpha) -> Tensor | None:
        return total.partial(alpha) if any(alpha) else field.partial(index)

    return Jet(chart, rule, tuple(field.shape), field.depends)


def curl(vector: Vector, *coordinates: Jet) -> Jet | tuple[Jet, Jet, Jet]:
    """The curl: v_x - u_y in two dimensions, (w_y - v_z, u_z - w_x, v_x - u_y) in three."""
    parts, along = _paired("curl", vector, coordinates), partial(_derived, "curl")
    if len(coordinates) == 2:
        (u, v), (x, y) = parts, coordinates
        return along(v, x) - along(u, y)
    if len(coordinates) == 3:
        (u, v, w), (x, y, z) = parts, coordinates
        return along(w, y) - along(v, z), along(u, z) - along(w, x), along(v, x) - along(u, y)
    raise ProblemError(f"curl was given {len(coordinates)} coordinates", "It exists in two and in three dimensions.")


def dot(a: Sequence[Any], b: Sequence[Any]) -> Jet:
    """The inner product a_1 b_1 + a_2 b_2 + ... of two vectors."""
    if not (isinstance(a, Sequence) and isinstance(b, Sequence)) or len(a) != len(b):
        raise ProblemError("dot takes two vectors with as many components", "Write dot((u, v), grad(T, x, y)).")
    return _sum("dot", [p * q for p, q in zip(a, b, strict=True)])


def _sum(name: str, parts: Sequence[Any]) -> Jet:
    if not parts:
        raise _nothing(f"{name}(u, x, y)" if name in SCALAR else f"{name}((u, v), x, y)")
    total = parts[0]
    for part in parts[1:]:
        total = total + part
    return total


def _nothing(example: str) -> ProblemError:
    """What is raised where no coordinate is named."""
    return ProblemError(f"{example.partition('(')[0]} names no coordinate", f"Write {example}.")
