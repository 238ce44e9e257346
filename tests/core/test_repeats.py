"""Equations that repeat others are told from those that only look alike on probes."""

from __future__ import annotations

from typing import Any

from pinnsolve import Box, Problem, Unknown, d, dirichlet, observed
from pinnsolve.checks.repeats import repeats

SQUARE = Box(x=(0, 1), y=(0, 1))


def test_what_only_looks_alike_repeats_nothing() -> None:
    """Derivatives of one probe are multiples of each other; those of an unknown are not."""

    def alike(*equations: Any, **more: Any) -> list[str]:
        given = {"space": SQUARE, "unknowns": ("u", "v"), "conditions": dirichlet(u=0, v=0)}
        return repeats(Problem(**{**given, "equations": equations, **more}))

    assert not alike(lambda u, v, x: d(u, x) + v, lambda u, v, y: d(u, y) + v)
    assert not alike(lambda u, v, x: d(u, x, x) + v, lambda u, v: u + v)
    assert not alike(lambda u, v, x: d(u, x) + v - 1, lambda u, v, x: 2 * d(u, x) + 2 * v - 1)
    assert not alike(lambda u, v, x: d(u, x) + v, lambda u, v, x: d(u, x) + v**2)
    assert alike(lambda u, v, x: d(u, x) + v, lambda u, v, x: (d(u, x) + v) / 3)


def test_a_guess_that_makes_two_equations_one_repeats_nothing() -> None:
    given: dict[str, Any] = {
        "space": Box(x=(0, 1)), "unknowns": ("u", "v"), "parameters": {"k": Unknown(2.0)},
        "conditions": [dirichlet(u=0, v=0), observed(x=[0.3, 0.5], u=[0.1, 0.2])],
        "equations": [lambda u, v, x: d(u, x, x) + v, lambda u, v, x, k: 2 * d(u, x, x) + k * v],
    }  # fmt: skip
    assert not repeats(Problem(**given))
