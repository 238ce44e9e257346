"""Jets agree with nested autograd, which is their definition; what they cannot do is refused in words."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from scipy import special
from torch import nn
from torch.nn import functional

from pinnsolve import ProblemError, d
from pinnsolve.jets.jet import Chart, Jet
from pinnsolve.jets.rules import ALIASES, ELEMENTARY, FLAT, STRUCTURAL
from tests.core.common import alphas, assert_same_derivatives, fields, nested, random

# Both sides are sums of some hundred products of order-4 derivatives, in a different order: 1e3 roundings of 1e-16.
ROUNDING = 1e-12

# An argument w(x, y) inside each function's domain, with all mixed derivatives different from zero.
INNER = {
    name: lambda x, y: 0.3 + 0.4 * x * y + 0.1 * torch.sin(2 * x - y) for name in ELEMENTARY if "bessel" not in name
} | {"acosh": lambda x, y: 1.5 + x * y + 0.3 * torch.sin(2 * x - y)}
TORCH = {"logsigmoid": functional.logsigmoid}


@pytest.mark.parametrize("name", INNER)
def test_each_elementary_function_has_the_derivatives_of_nested_autograd(name: str) -> None:
    f = TORCH.get(name) or getattr(torch, name)
    assert_same_derivatives(lambda x, y: f(INNER[name](x, y)), fields(), 4, ROUNDING)


@pytest.mark.parametrize("name", ["sin", "tanh", "square", "atan", "erf", "abs", "relu", "sigmoid", "expm1", "asinh"])
def test_elementary_functions_of_negative_arguments(name: str) -> None:
    f = getattr(torch, name)
    assert_same_derivatives(lambda x, y: f(-0.2 - x * y), fields(), 4, ROUNDING)


STRUCTURES = {
    "polynomial": lambda x, y: (x - y) * (x + 2 * y) * x - 3 / y + (-x) * 2 - (1 - y),
    "quotient": lambda x, y: torch.sin(x * y) / (1 + x**2 * y),
    "pow int": lambda x, y: (x * y - 0.5) ** 5,
    "pow 0": lambda x, y: (x * y) ** 0 + x,
    "pow 1": lambda x, y: (x * y) ** 1,
    "pow float": lambda x, y: (x + y) ** 2.5,
    "pow negative": lambda x, y: (x + y) ** -3,
    "pow of negative base": lambda x, y: (-x - y) ** 3.0,
    "pow 0-dim tensor, negative base": lambda x, y: (-x - y) ** torch.tensor(3.0, dtype=torch.float64),
    "pow field": lambda x, y: (x + y) ** (x * y),
    "rpow": lambda x, y: 2 ** (x * y),
    "tensor ** field": lambda x, y: torch.tensor(2.0, dtype=torch.float64) ** (x * y),
    "float_power": lambda x, y: torch.float_power(x + y, 2.5),
    "where": lambda x, y: torch.where(x * y > 0.3, torch.sin(x * y), torch.exp(x) * y),
    "where number": lambda x, y: torch.where(x < 0.5, 0.1, x * y) * y,
    "where and or not": lambda x, y: torch.where((x < 0.5) & ~(y > 0.6) | (x > 0.8), x * x * y, y),
    "clamp": lambda x, y: torch.clamp(x * y, 0.2, 0.5),
    "clamp min": lambda x, y: torch.clamp(x * y, min=0.3),
    "clamp max": lambda x, y: torch.clip(x * y, max=0.3),
    "maximum": lambda x, y: torch.maximum(x**3, y * y),
    "minimum": lambda x, y: torch.minimum(x**3, y * y),
    "atan2": lambda x, y: torch.atan2(x - 0.5, y * x - 0.4),
    "atan2 number": lambda x, y: torch.atan2(x * y, torch.tensor(0.7, dtype=torch.float64)),
    "abs": lambda x, y: abs(x * x - 0.3 * y),
    "rsub": lambda x, y: 1 - x * y,
    "rdiv": lambda x, y: 2 / (x + y),
    "sub alpha": lambda x, y: torch.sub(x * y, y, alpha=3) + torch.add(x, y * y, alpha=2),
    "div": lambda x, y: torch.div(x, 1 + y),
    "gelu": lambda x, y: functional.gelu(x * y - 0.3),
    "gelu tanh": lambda x, y: functional.gelu(x * y - 0.3, approximate="tanh"),
    "softplus": lambda x, y: functional.softplus(x * y, beta=2.0),
    "silu": lambda x, y: functional.silu(x * y - 0.2),
    "elu": lambda x, y: functional.elu(x * y - 0.3, alpha=1.3),
    "leaky_relu": lambda x, y: functional.leaky_relu(x * y - 0.3, 0.2),
    "relu": lambda x, y: functional.relu(x * y - 0.3),
    "flat": lambda x, y: torch.floor(4 * x) * y + torch.sign(y - 0.5) + torch.round(x * y, decimals=1) * x,
    "sinc": lambda x, y: torch.sinc(2 * x * y + 0.1),
    "likes": lambda x, y: torch.ones_like(x) * y + torch.zeros_like(x) + torch.full_like(y, 3.0) * x,
    "nested": lambda x, y: torch.exp(-(torch.sin(x * y) ** 2)) * torch.log(1 + torch.sqrt(x + y)),
}


@pytest.mark.parametrize("name", STRUCTURES)
def test_structural_functions_have_the_derivatives_of_nested_autograd(name: str) -> None:
    assert_same_derivatives(STRUCTURES[name], fields(size=20), 4, ROUNDING)


def test_a_wrong_rule_would_be_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ELEMENTARY, "tanh", lambda w, y: 1 - 0.98 * torch.square(y))
    with pytest.raises(AssertionError):
        assert_same_derivatives(lambda x, y: torch.tanh(x * y), fields(), 2, ROUNDING)


def test_whole_powers_are_exact_at_zero() -> None:
    x, y = fields()
    zero = x - x.value  # the field 0 with slope 1
    for power, derivatives in {1: [0, 1, 0], 2: [0, 0, 2], 3: [0, 0, 0], 0: [1, 0, 0]}.items():
        for exponent in (power, float(power)):
            f = zero**exponent * (1 + 0 * y)
            assert [float(f.dense((k, 0))[0]) for k in range(3)] == derivatives
    assert torch.isinf((zero**-1).value).all()
    assert (torch.sqrt(zero).value == 0).all()
    assert torch.isinf(d(torch.sqrt(zero), x).value).all()


def test_not_a_number_is_not_clamped_away() -> None:
    x, _ = fields()
    bad = torch.log(x - 5)
    for f in (
        torch.clamp(bad, min=0),
        torch.clamp(bad, max=0),
        torch.maximum(bad, x),
        torch.minimum(x, bad),
        functional.elu(bad),
    ):
        assert torch.isnan(f.value).all()


def test_every_alias_leads_to_a_rule() -> None:
    known = {*ELEMENTARY, *STRUCTURAL, *FLAT}
    assert {a for a in ALIASES.values() if a not in known} <= {"matmul_right"}


# ---------------------------------------------------------------- networks, operators of equations


ACTIVATIONS = [nn.Tanh, nn.Sigmoid, nn.SiLU, nn.GELU, nn.ReLU, nn.ELU, nn.Softplus, nn.LogSigmoid, nn.LeakyReLU, nn.PReLU,
               nn.Mish, nn.SELU, nn.CELU, nn.Softsign, nn.Tanhshrink, nn.Identity, nn.Hardtanh]  # fmt: skip


def module(*layers: nn.Module, seed: int = 0) -> nn.Sequential:
    net = nn.Sequential(*layers).double()
    for k, p in enumerate(net.parameters()):
        p.data = random(*p.shape, seed=seed + k, low=-1, high=1)
    return net


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=lambda a: a.__name__)
def test_sequential_networks(activation: type[nn.Module]) -> None:
    net = module(nn.Linear(2, 6), activation(), nn.Linear(6, 5, bias=False), activation(), nn.Linear(5, 1))
    assert_same_derivatives(lambda x, y: net(torch.stack([x, y], -1))[:, 0], fields(), 3, ROUNDING)


def test_mixed_derivatives_of_a_network_in_three_coordinates() -> None:
    net = module(nn.Linear(3, 7), nn.Tanh(), nn.Linear(7, 6), nn.Tanh(), nn.Linear(6, 2))
    for column in range(2):
        f = lambda x, y, z, k=column: net(torch.stack([x, y, z], -1))[..., k]  # noqa: E731
        assert_same_derivatives(f, fields("xyz"), 3, ROUNDING)


def test_kdv_and_biharmonic_operators_of_a_network() -> None:
    net = module(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    x, y = fields()
    u = net(torch.stack([x, y], -1))[:, 0]

    def true(*alpha: int) -> torch.Tensor:
        return nested(lambda a, b: net(torch.stack([a, b], -1))[:, 0], [x.value, y.value], alpha)

    kdv = d(u, y) + 6 * u * d(u, x) + d(u, x, x, x)
    expected = true(0, 1) + 6 * true(0, 0) * true(1, 0) + true(3, 0)
    assert torch.allclose(kdv.value, expected, rtol=0, atol=ROUNDING * float(expected.abs().max()))
    lap = d(u, x, x) + d(u, y, y)
    biharmonic = d(lap, x, x) + d(lap, y, y)
    expected = true(4, 0) + 2 * true(2, 2) + true(0, 4)
    assert torch.allclose(biharmonic.value, expected, rtol=0, atol=ROUNDING * float(expected.abs().max()))


def test_conservative_forms() -> None:
    x, y = fields()
    u = torch.sin(2 * x) * torch.exp(y) + x * y
    nu = 0.01
    flux = d(u * u / 2 - nu * d(u, x), x)
    plain = u * d(u, x) - nu * d(u, x, x)
    assert torch.allclose(flux.value, plain.value, rtol=ROUNDING, atol=ROUNDING)
    k = 1 + x**2 * torch.cos(y)
    heat = d(k * d(u, x), x)
    expanded = d(k, x) * d(u, x) + k * d(u, x, x)
    assert torch.allclose(heat.value, expanded.value, rtol=ROUNDING, atol=ROUNDING)
    by_hand = 2 * x * torch.cos(y) * (2 * torch.cos(2 * x) * torch.exp(y) + y) - k * 4 * torch.sin(2 * x) * torch.exp(y)
    assert torch.allclose(heat.value, by_hand.value, rtol=ROUNDING, atol=ROUNDING)


def test_only_what_is_asked_for_is_computed() -> None:
    net = module(nn.Linear(2, 8), nn.Tanh(), nn.Linear(8, 1))
    x, y = fields()
    hidden = net[0](torch.stack([x, y], -1))
    u = net[2](net[1](hidden))[:, 0]
    d(u, x, x).value  # noqa: B018
    assert set(u.known) == {(2, 0)}
    assert set(hidden.known) == {(0, 0), (1, 0), (2, 0)}
    u.value  # noqa: B018
    assert all(alpha[1] == 0 for alpha in hidden.known)


# ---------------------------------------------------------------- functions without a rule


FALLBACKS = {
    "special_erfcx": lambda x, y: torch.special.erfcx(x * y),
    "special_i0": lambda x, y: torch.special.i0(x * y),
    "lgamma": lambda x, y: torch.lgamma(1 + x * y),
    "hypot": lambda x, y: torch.hypot(x, y),
    "addcmul": lambda x, y: torch.addcmul(x * y, torch.sin(x), y * y),
    "lerp": lambda x, y: torch.lerp(torch.sin(x), y * y, x * y),
    "remainder": lambda x, y: torch.remainder(3 * x * y, 1.0),
    "xlogy": lambda x, y: torch.xlogy(x, y),
    "hypot_number": lambda x, y: torch.hypot(x * y, torch.tensor(0.5, dtype=torch.float64)),
}


@pytest.mark.parametrize("name", FALLBACKS)
def test_a_function_without_a_rule_is_differentiated_by_autograd_and_noted(name: str) -> None:
    x, y = fields()
    assert_same_derivatives(FALLBACKS[name], [x, y], 3, ROUNDING)
    assert x.chart.fallbacks == {"torch." + name.removesuffix("_number")} or "special" in name or name == "xlogy"
    assert len(x.chart.fallbacks) == 1


def test_bessel_functions() -> None:
    """PyTorch cannot differentiate them at all, and says nothing; SciPy can."""
    x, y = fields()
    w = x.value * y.value
    for order, name in enumerate(("bessel_j0", "bessel_j1")):
        f = getattr(torch.special, name)(x * y)
        for k in range(4):
            true = torch.from_numpy(special.jvp(order, w.numpy(), k)) * y.value**k
            assert torch.allclose(f.dense((k, 0)), true, rtol=1e3 * ROUNDING, atol=1e3 * ROUNDING)  # j1/w loses digits


@pytest.mark.parametrize(
    ("name", "true"),
    [
        ("bessel_y0", lambda w, k: special.yvp(0, w, k)),
        ("bessel_y1", lambda w, k: special.yvp(1, w, k)),
        ("modified_bessel_k0", lambda w, k: special.kvp(0, w, k)),
        ("modified_bessel_k1", lambda w, k: special.kvp(1, w, k)),
        ("scaled_modified_bessel_k0", lambda w, k: _scaled(0, w, k)),
        ("scaled_modified_bessel_k1", lambda w, k: _scaled(1, w, k)),
    ],
)
def test_bessel_functions_of_what_has_no_bound_at_zero(name: str, true: Callable[[Any, int], Any]) -> None:
    x, y = fields()
    w = x.value.abs() * y.value.abs() + 0.5
    chart = x.chart
    z = chart.coordinate(chart.names[0], w)
    f = getattr(torch.special, name)(z)
    for k in range(4):
        assert torch.allclose(f.dense((k, 0)), torch.from_numpy(true(w.numpy(), k)), rtol=1e4 * ROUNDING)


def _scaled(order: int, w: Any, k: int) -> Any:
    """D^k of exp(w) K(w), by Leibniz."""
    return sum(math.comb(k, j) * np.exp(w) * special.kvp(order, w, j) for j in range(k + 1))


@pytest.mark.parametrize("f", [torch.special.airy_ai, torch.special.modified_bessel_i0])
def test_what_pytorch_cannot_differentiate_is_refused_and_not_zero(f: object) -> None:
    x, y = fields()
    with pytest.raises(ProblemError, match="cannot be differentiated"):
        f(x * y).dense((1, 0))  # type: ignore[operator]


@pytest.mark.parametrize(
    "f",
    [
        lambda u: torch.heaviside(u - 0.5, torch.zeros_like(u)),
        lambda u: torch.heaviside(u - 0.5, torch.tensor(0.5)),
        lambda u: torch.heaviside(torch.tensor(0.5), u),
        lambda u: torch.div(4 * u, 2, rounding_mode="floor"),
        lambda u: 4 * u // 2,
        lambda u: torch.floor_divide(4 * u, 2),
        lambda u: torch.fix(4 * u),
    ],
)
def test_piecewise_constant_functions_have_slope_zero(f: Callable[[Jet], Jet]) -> None:
    x, y = fields()
    field = f(x * y)
    assert len(field.value.unique()) < len(x) and not field.dense((1, 0)).any() and field.depends == {"x", "y"}


def test_a_remainder_has_the_slope_of_what_is_divided() -> None:
    x, y = fields()
    field = (5 * x * y) % 1
    assert torch.allclose(field.value, (5 * x * y).value % 1) and torch.allclose(field.dense((1, 0)), 5 * y.value)


@pytest.mark.parametrize(
    "f",
    [
        lambda u: 1j * u, lambda u: u - 1j, lambda u: 1j / u, lambda u: u**1j, lambda u: 1j**u,
        lambda u: np.complex128(1j) * u, lambda u: np.array([1j]) * u, lambda u: torch.tensor(1j) * u,
        lambda u: torch.complex(u, u), lambda u: torch.polar(u, u), lambda u: torch.where(u > 0.5, 1j, 0.0),
    ],
)  # fmt: skip
def test_complex_numbers_are_refused(f: Callable[[Jet], Jet]) -> None:
    x, y = fields()
    with pytest.raises(ProblemError, match="complex"):
        f(x * y).dense((1, 0))


def test_the_fallback_does_not_count_twice_what_one_argument_owes_to_another() -> None:
    """While training, both arguments depend on the same weight: their graphs are connected."""
    weight = random(1, seed=3).requires_grad_()
    x, y = fields()
    u = torch.sin(x * y) * weight
    for f in (torch.hypot(u, torch.exp(u)), torch.hypot(u, u)):
        slope = d(f, x).value
        e = torch.exp(u) if f is not None else u
        true = (u * d(u, x) + e * d(e, x)) / torch.sqrt(u * u + e * e)
        if f.partial((0, 0)).allclose(torch.hypot(u.value, u.value)):
            true = d(torch.sqrt(u * u * 2), x)
        assert torch.allclose(slope, true.value, rtol=ROUNDING, atol=ROUNDING)


MIXING = {
    "mean": torch.mean, "sum": torch.sum, "cumsum": lambda u: torch.cumsum(u, 0), "flip": lambda u: torch.flip(u, (0,)),
    "sort": torch.sort, "msort": torch.msort, "roll": lambda u: torch.roll(u, 1), "softmax": lambda u: torch.softmax(u, 0),
    "prod": torch.prod, "amax": torch.amax, "normalize": lambda u: functional.normalize(u, dim=0), "std": torch.std,
    "diff": torch.diff, "logsumexp": lambda u: torch.logsumexp(u, 0), "index": lambda u: u[0], "slice": lambda u: u[1:],
    "permuted": lambda u: u[torch.arange(len(u)).flip(0)], "mask": lambda u: u[[0] * len(u)], "dots": lambda u: u[..., 0],
    "boolean": lambda u: u[torch.ones(len(u), dtype=torch.bool)],
}  # fmt: skip


@pytest.mark.parametrize("size", [6, 7, 61])
@pytest.mark.parametrize("name", MIXING)
def test_functions_that_mix_points_are_refused(name: str, size: int) -> None:
    x, y = fields(size=size)
    with pytest.raises(ProblemError, match="treats every point alike|mixes points"):
        MIXING[name](torch.sin(3 * x) * y)


@pytest.mark.parametrize("columns", [1, 2, 3])
@pytest.mark.parametrize("layer", ["softmax", "layer_norm", "cumsum", "normalize", "glu"])
def test_functions_that_mix_columns_are_never_differentiated_as_if_they_did_not(layer: str, columns: int) -> None:
    x, y = fields()
    h = torch.stack([x, y, x * y][:columns], -1)
    functions = {
        "softmax": lambda: torch.softmax(h, -1), "layer_norm": lambda: functional.layer_norm(h, (columns,)),
        "cumsum": lambda: torch.cumsum(h, -1), "normalize": lambda: functional.normalize(h, dim=-1),
        "glu": lambda: functional.glu(h, -1),
    }  # fmt: skip
    with pytest.raises((ProblemError, RuntimeError)):
        functions[layer]().dense((1, 0))


# ---------------------------------------------------------------- shapes


@pytest.mark.parametrize(
    "operation", [torch.add, torch.mul, torch.sub, torch.div, torch.maximum, torch.atan2, torch.hypot]
)
@pytest.mark.parametrize("shape", [(7, 1), (7, 7), (3,), (1, 7)], ids=str)
def test_what_would_broadcast_silently_is_refused(operation: object, shape: tuple[int, ...]) -> None:
    x, y = fields()
    for pair in ((x * y, random(*shape)), (random(*shape), x * y)):
        with pytest.raises(ProblemError, match="broadcast|shape|each point alone"):
            operation(*pair)  # type: ignore[operator]
    with pytest.raises(ProblemError):
        np.ones(shape) * x
    with pytest.raises(ProblemError):
        torch.where(x < 0.5, x, random(*shape))
    with pytest.raises(ProblemError):
        torch.where(random(*shape) < 0.5, x, y)


def test_fields_of_different_sets_of_points_and_columns_are_refused() -> None:
    (x, _), (a, _) = fields(), fields()
    with pytest.raises(ProblemError, match="different sets of points"):
        x + a
    with pytest.raises(ProblemError, match="different sets of points"):
        d(x * x, a)
    with pytest.raises(ProblemError, match="broadcast"):
        x * x[:, None]


@pytest.mark.parametrize(
    ("do", "remedy"),
    [
        (lambda u: np.sin(u), "torch.sin"),
        (lambda u: np.exp(u), "torch.exp"),
        (lambda u: np.maximum(u, 0.0), "torch.maximum"),
        (lambda u: math.sin(u), "from torch import"),
        (lambda u: float(u), "from torch import"),
        (lambda u: u if u > 0 else -u, "torch.where"),
        (lambda u: max(u, 0), "torch.where"),
        (lambda u: bool(u), "torch.where"),
        (lambda u: 0.1 < u < 0.5, "torch.where"),
        (lambda u: list(u), "every point alike"),
        (lambda u: torch.sin_(u), "torch.sin"),
        (lambda u: 0 ** u, "2 \\*\\* u"),
        (lambda u: torch.where(u, 1.0, 0.0), "torch.where\\(x < 0.5"),
    ],
)  # fmt: skip
def test_refusals_name_the_remedy(do: object, remedy: str) -> None:
    x, y = fields()
    with pytest.raises(ProblemError, match=remedy):
        do(x * y)  # type: ignore[operator]


def test_no_tensor_of_the_user_is_changed_in_place() -> None:
    x, _ = fields()
    mine = random(len(x))
    before = mine.clone()
    with pytest.raises(ProblemError, match="in place"):
        mine += x
    values = x.value.clone()
    functional.selu(x, inplace=True)
    assert torch.equal(mine, before)
    assert torch.equal(x.value, values)


@pytest.mark.parametrize("number", [3, 3.0, np.float64(3.0), np.int64(3), np.array(3.0), torch.tensor(3.0, dtype=torch.float64),
                                    torch.tensor([3.0], dtype=torch.float64), torch.tensor(3)], ids=repr)  # fmt: skip
def test_numbers_of_all_kinds_on_both_sides(number: object) -> None:
    x, y = fields()
    u = x * y
    for operation in ("+", "-", "*", "/", "**", "<", ">="):
        right = eval(f"u {operation} n", {"u": u, "n": number if not isinstance(number, np.ndarray) else float(number)})
        left = eval(f"n {operation} u", {"u": u, "n": number})
        plain_right, plain_left = (eval(f"{a} {operation} {b}", {"u": u.value, "n": 3.0}) for a, b in ("un", "nu"))
        for mine, true in ((right, plain_right), (left, plain_left)):
            assert mine.value.shape == true.shape
            assert torch.allclose(mine.value.double(), true.double(), rtol=1e-15, atol=0)


def test_a_choice_between_numbers_keeps_double_precision() -> None:
    x, _ = fields()
    k = torch.where(x < 0.5, 0.1, 0.3)
    assert k.value.dtype == torch.float64
    assert set(k.value.tolist()) == {0.1, 0.3}
    with pytest.raises(ProblemError, match="depends on no coordinate"):
        d(k, x)


def test_single_precision_charts_stay_single() -> None:
    chart = Chart(("x",), 5, torch.float32, torch.device("cpu"))
    x = chart.coordinate("x", random(5).float())
    f = torch.where(x < 0.5, 0.1, torch.sin(2 * x)) * x**2 + 1
    assert {f.dense(a).dtype for a in alphas(1, 3)} == {torch.float32}


@pytest.mark.parametrize("at", [0.0, 1e-4])
def test_sinc_near_zero(at: float) -> None:
    x, _ = fields()
    w = x - x.value + at
    second = d(torch.sinc(w), x, x).value
    true = -(math.pi**2) / 3 + math.pi**4 * at**2 / 10
    assert torch.allclose(second, torch.full_like(second, true), rtol=1e-10)
