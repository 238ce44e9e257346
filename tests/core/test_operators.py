"""The operators of a problem file against hand derivatives, and against each other."""

from __future__ import annotations

import pytest
import torch

from pinnsolve import ProblemError, curl, d, div, dot, grad, laplace
from pinnsolve.jets.jet import Jet
from tests.core.common import fields

ROUNDING = 1e-12  # third derivatives of order 10, a dozen terms of 1e-16 each


def close(a: Jet, b: Jet | float) -> bool:
    other = b.value if isinstance(b, Jet) else torch.full_like(a.value, b)
    return bool(torch.allclose(a.value, other, rtol=ROUNDING, atol=ROUNDING))


def test_values_against_hand_derivatives() -> None:
    x, y, z = fields("xyz")
    sin, cos = torch.sin, torch.cos
    u, v, w = sin(x) * y + z, x**2 * z + y, cos(y * z) + x
    assert close(d(u, x, y), cos(x))
    assert close(d(u, x, x, x), -cos(x) * y)
    assert close(d(x, x), 1.0)
    assert all(close(a, b) for a, b in zip(grad(u, x, y), (cos(x) * y, sin(x)), strict=True))
    assert close(div((u, v * y, w), x, y, z), cos(x) * y + x**2 * z + 2 * y - y * sin(y * z))
    assert close(laplace(w + u, x, y, z), -(z**2) * cos(y * z) - y**2 * cos(y * z) - sin(x) * y)
    assert close(curl((u, v), x, y), 2 * x * z - sin(x))
    expected = (-z * sin(y * z) - x**2, 0 * x, 2 * x * z - sin(x))
    assert all(close(a, b) for a, b in zip(curl((u, v, w), x, y, z), expected, strict=True))
    assert close(dot((u, v, w), (x, y, z)), u * x + v * y + w * z)
    assert close(dot((2.0, v), (u, 3.0)), 2 * u + 3 * v)
    assert close(dot((u, v), grad(w, x, y)), u - v * z * sin(y * z))
    assert close(curl((2 * u + z**2, v, w + x * x), x, y, z)[1], 2 + 2 * z - 1 - 2 * x)


def test_a_sign_error_in_curl_would_be_seen() -> None:
    x, y = fields()
    assert not close(curl((torch.sin(x) * y, x * x * y), x, y), d(x * x * y, x) + d(torch.sin(x) * y, y))


def test_identities() -> None:
    x, y, z = fields("xyz")
    f = torch.sin(x * y) * torch.exp(z) + x**3 * z
    a = (torch.sin(y * z) * x, torch.exp(x * y) * z, torch.tanh(x * y * z))
    assert close(div(curl(a, x, y, z), x, y, z), 0.0)
    assert all(close(c, 0.0) for c in curl(grad(f, x, y, z), x, y, z))
    assert close(laplace(f, x, y, z), div(grad(f, x, y, z), x, y, z))
    flux = d(y * d(f, x), x) + d(y * d(f, y), y)
    assert close(flux, div(y * grad(f, x, y), x, y)) and close(3 * flux, div(-(grad(f, x, y) * (-6 * y) / 2), x, y))
    left = curl(curl(a, x, y, z), x, y, z)
    right = grad(div(a, x, y, z), x, y, z)
    assert all(close(p, q - laplace(b, x, y, z)) for p, q, b in zip(left, right, a, strict=True))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda x, y, t: d(x * x, t), r"depends on x alone.*along t is zero"),
        (lambda x, y, t: d(torch.sin(y) * x, x, t), r"depends on x, y alone"),
        (lambda x, y, t: d(3.0, x), "the number 3.0"),
        (lambda x, y, t: d(torch.ones(7), x), "Tensor"),
        (lambda x, y, t: d(x * y, x * x), "a field that is no coordinate"),
        (lambda x, y, t: d(x * y, "x"), r"str 'x'"),
        (lambda x, y, t: d(x * y, 2), r"the number 2"),
        (lambda x, y, t: d(x * y), "names no coordinate"),
        (lambda x, y, t: grad(x * y), r"grad names no coordinate[\s\S]*grad\(u, x, y\)"),
        (lambda x, y, t: laplace(x * y), "names no coordinate"),
        (lambda x, y, t: div((), *()), "names no coordinate"),
        (lambda x, y, t: div((x, y), x), "2 components and 1 coordinates"),
        (lambda x, y, t: div(x * y, x), "takes a vector"),
        (lambda x, y, t: div((x, 1.0), x, y), "the number 1.0"),
        (lambda x, y, t: curl((x, y), x, y, t), "2 components and 3 coordinates"),
        (lambda x, y, t: curl((x,), x), "two and in three dimensions"),
        (lambda x, y, t: dot((x, y), (x,)), "as many components"),
        (lambda x, y, t: dot(x, (x, y)), "two vectors"),
        (lambda x, y, t: dot(2.0, (x, y)), "two vectors"),
        (lambda x, y, t: laplace((x, y), x, y), r"laplace\(.* as the field to differentiate"),
    ],
)  # fmt: skip
def test_errors_say_what_was_given(make: object, message: str) -> None:
    with pytest.raises(ProblemError, match=message) as caught:
        make(*fields("xyt"))  # type: ignore[operator]
    assert caught.value.remedy


def test_a_coordinate_times_a_number_is_no_coordinate() -> None:
    x, y = fields()
    assert (x * 1).name is None
    assert (2 * y).name is None
    assert (-x).name is None
    with pytest.raises(ProblemError):
        d(x * y, 2 * x)
