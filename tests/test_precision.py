"""What float32 cannot hold is refused before training; what it can is solved."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from torch import exp, sin

from pinnsolve import Box, Problem, ProblemError, Settings, Unknown, condition, d, dirichlet, face, initial, observed
from pinnsolve.solve import prepare

PI = float(np.pi)


def membrane(u, x):  # type: ignore[no-untyped-def]
    return d(u, x, x) + 2


def told(dtype: torch.dtype, **changes: Any) -> str:
    """Why a membrane with these changes is refused; empty where it is not."""
    given: dict[str, Any] = {
        "space": Box(x=(0, 1)), "unknowns": "u", "equations": membrane, "conditions": [dirichlet(u=0)], "reference": None
    }  # fmt: skip
    try:
        prepare(Problem(**{**given, **changes}), Settings(dtype=dtype))
    except ProblemError as error:
        return str(error)
    return ""


def of_time(low: float, high: float, rate: float = 1.0) -> dict[str, Any]:
    return {
        "space": None, "time": (low, high), "equations": lambda u, t: d(u, t) + rate * u, "conditions": [initial(u=1)],
    }  # fmt: skip


MEASURED = np.linspace(0.1, 0.9, 9)
REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "far away": ({"space": Box(x=(1e6, 1e6 + 1))}, "cannot tell places along x apart: from 1000000 to 1000001"),
    "far to the left": ({"space": Box(x=(-2e4 - 1, -2e4))}, "cannot tell places along x apart"),
    "seconds of the era": (of_time(1.7e9, 1.7e9 + 3600, 1e-3), "cannot tell places along t apart.*\n.*Shift t"),
    "a range": (
        {**of_time(0, 1), "parameters": {"k": (1e6, 1e6 + 1)}, "equations": lambda u, t, k: d(u, t) + u * (k - 1e6)},
        "cannot tell places along k apart",
    ),
    "a large value": ({"conditions": [dirichlet(u=1e39)]}, "unknown u is 1e.39, and float32 goes from 1e-38 to 3e.38"),
    "a large function": ({"conditions": [dirichlet(u=lambda x: 1e39 * x)]}, "the size of the unknown u"),
    "a large source": ({"equations": lambda u, x: d(u, x, x) + exp(100 * x)}, "the size of the unknown u"),
    "a large equation": ({"equations": lambda u, x: 1e39 * (d(u, x, x) + 1)}, "'equation 1' overflows in float32"),
    "a power": (
        {"equations": lambda u, x: d(u, x, x) - u**20, "conditions": [dirichlet(u=200)]}, "'equation 1' overflows",
    ),
    "a large condition": (
        {"conditions": [dirichlet(u=0, on=face(x=0)), condition(lambda u, x: 1e39 * (d(u, x) - 1), on=face(x=1))]},
        "the condition 'condition on face.x=1.' overflows",
    ),
    "what vanishes": ({"equations": lambda u, x: 1e-46 * d(u, x, x) + 1e-46}, "loses .*% of its size in float32"),
    "a small length": ({"space": Box(x=(0, 1e-25))}, "the size of the unknown u is 2e-50|5e-51|1e-50"),
    "large data": (
        {"conditions": [dirichlet(u=0), observed(x=MEASURED, u=1e39 * MEASURED, sigma=1e37)]}, "the size of the unknown u",
    ),
    "small noise": (
        {"conditions": [dirichlet(u=0), observed(x=MEASURED, u=MEASURED, sigma=1e-46)]}, "a value of sigma u in .* is 1e-46",
    ),
    "a large guess": (
        {"parameters": {"k": Unknown(1e39)}, "equations": lambda u, x, k: d(u, x, x) * k / 1e39 + 1,
         "conditions": [dirichlet(u=0), observed(x=[0.5], u=[0.1])]},
        "the guess of k is 1e.39",
    ),
    "a small variation": (
        {"equations": lambda u, x: d(u, x, x), "conditions": [dirichlet(u=lambda x: 300 + 1e-4 * x)]},
        "cannot tell values of u apart: they vary by 5e-05 around 300",
    ),
}  # fmt: skip
HELD: dict[str, dict[str, Any]] = {
    "as it is": {},
    "a thousand lengths away": {"space": Box(x=(1000, 1001))},
    "small and large numbers": {"equations": lambda u, x: 8.85e-12 * d(u, x, x) + 1.6e-12 * sin(PI * x)},
    "a small constant": {
        "parameters": {"hbar": 1.05e-34}, "equations": lambda u, x, hbar: hbar**2 * 1e68 * d(u, x, x) + 2,
    },
    "kelvin": {"equations": lambda u, x: d(u, x, x), "conditions": [dirichlet(u=lambda x: 300 + 10 * x)]},
    "nanometres": {"space": Box(x=(0, 1e-9)), "equations": lambda u, x: 1e-18 * d(u, x, x) + 2},
}  # fmt: skip


@pytest.mark.parametrize("name", REFUSED)
def test_what_float32_cannot_hold_is_refused_in_words(name: str) -> None:
    changes, words = REFUSED[name]
    message = told(torch.float32, **changes)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(message)
    assert "float64" in message and "traceback" not in message.lower()


@pytest.mark.parametrize("name", HELD)
def test_what_float32_can_hold_is_not_refused(name: str) -> None:
    assert told(torch.float32, **HELD[name]) == ""


@pytest.mark.parametrize(
    "name", ["far away", "seconds of the era", "a large value", "what vanishes", "a small variation"]
)
def test_float64_holds_what_float32_does_not(name: str) -> None:
    assert told(torch.float64, **REFUSED[name][0]) == ""


def test_a_type_is_taken_by_its_name_and_told_where_there_is_none() -> None:
    assert Settings(dtype="float32").dtype is torch.float32  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match="Possible: float64, float32"):
        Settings(dtype="double")  # type: ignore[arg-type]
