"""Which general conditions say the same as a prescribed value, rate or normal derivative, and which only seem to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from pinnsolve import Box, Problem, Unknown, condition, d, dirichlet, face, observed

LEFT, START = face(x=0), face(t=0)


def problem(function: Callable[..., Any], on: Any, **parameters: Any) -> Problem:
    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=lambda u, x, t: d(u, t, t) - d(u, x, x),
        conditions=[condition(function, on=on), dirichlet(u=0, on=face(x=1)), observed(x=[0.5], t=[0.5], u=[1.0])],
        parameters=parameters,
    )  # fmt: skip


def prescribed(*stated: Any, **parameters: Any) -> str | None:
    (found, *_) = problem(*stated, **parameters).conditions
    return None if found.prescribes is None else found.prescribes.what


@pytest.mark.parametrize(
    ("function", "on", "what"),
    [
        (lambda u: 3 * u - 1, LEFT, "value"),
        (lambda u, t: t - u / 2, LEFT, "value"),
        (lambda u, x: d(u, x) - 1, LEFT, "normal derivative"),
        (lambda u, x, nx: nx * d(u, x), LEFT, "normal derivative"),
        (lambda u, t: 2 * d(u, t), START, "rate"),
        (lambda u, x: d(u, x), START, None),  # a slope along the start, and no rate
        (lambda u, x: u + d(u, x), LEFT, None),
        (lambda u: u**3, LEFT, None),
        (lambda u, t: (1 + t) * u - 1, LEFT, None),  # its weight varies
        (lambda u: u * 0 + 1, LEFT, None),
    ],
)
def test_what_prescribes_one_thing_of_one_unknown_is_recognised(function: Any, on: Any, what: str | None) -> None:
    assert prescribed(function, on) == what


@pytest.mark.parametrize(
    ("function", "unknown"),
    [
        (lambda u, k: k * u - 1, Unknown(1.2)),
        (lambda u, x, k: k * d(u, x) - 1, Unknown(1.2, positive=True)),
        (lambda u, k: (k + 1) * u, Unknown(0.0)),
        (lambda u, x, k: k * d(u, x) - 1, Unknown(1.2, of="x")),
        (lambda u, x, k: (1 + d(k, x)) * u - 1, Unknown(1.2, of="x")),  # its slope is nothing where it is guessed
        (lambda u, x, k: d(k * u, x) - 1, Unknown(1.2, of="x")),
    ],
)
def test_what_an_unknown_coefficient_multiplies_is_not_prescribed(function: Any, unknown: Unknown) -> None:
    """Found together with u: divided by its guess, it would never change."""
    assert prescribed(function, LEFT, k=unknown) is None


def test_an_unknown_value_is_prescribed_as_far_as_it_is_known() -> None:
    for unknown in (Unknown(1.2), Unknown(1.2, of="t")):
        told = problem(lambda u, k: 2 * u - k, LEFT, k=unknown)
        (found, *_) = told.conditions
        assert found.prescribes is not None and told.to_be_found(found.prescribes)
