"""The Taylor rules of arithmetic and of torch functions, by the name of the function.

An elementary function is one line: its derivative, written with the same functions. Whatever has no line here and
acts point by point is differentiated by nested autograd, and the chart notes that it was.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from math import pi, sqrt
from typing import Any

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError, if_complex
from pinnsolve.jets.activations import CURVES, fused
from pinnsolve.jets.arithmetic import (
    add,
    atan2,
    brought,
    chart_of,
    clamp,
    div,
    elementary,
    flat,
    maximum,
    minimum,
    mul,
    neg,
    operand,
    power,
    same_rank,
    sub,
    where,
)  # fmt: skip
from pinnsolve.jets.comparing import answered
from pinnsolve.jets.jet import REGISTRY, Jet, on_jets
from pinnsolve.jets.layers import (
    cat,
    dropout,
    filled,
    gelu,
    linear,
    matmul,
    reshaped,
    silu,
    sinc,
    softplus,
    stack,
)  # fmt: skip
from pinnsolve.jets.nested import by_autograd
from pinnsolve.jets.shapes import fits

# name: derivative as an expression in the argument w and the value y
ELEMENTARY: dict[str, Callable[[Jet, Jet], Any]] = {
    "exp": lambda w, y: y,
    "exp2": lambda w, y: y * 0.6931471805599453,
    "expm1": lambda w, y: y + 1,
    "log": lambda w, y: 1 / w,
    "log2": lambda w, y: 1.4426950408889634 / w,
    "log10": lambda w, y: 0.4342944819032518 / w,
    "log1p": lambda w, y: 1 / (w + 1),
    "sqrt": lambda w, y: 0.5 / y,
    "rsqrt": lambda w, y: -0.5 * y * y * y,
    "square": lambda w, y: 2 * w,
    "reciprocal": lambda w, y: -on_jets.square(y),
    "sin": lambda w, y: on_jets.cos(w),
    "cos": lambda w, y: -on_jets.sin(w),
    "tan": lambda w, y: 1 + on_jets.square(y),
    "asin": lambda w, y: on_jets.rsqrt(1 - on_jets.square(w)),
    "acos": lambda w, y: -on_jets.rsqrt(1 - on_jets.square(w)),
    "atan": lambda w, y: 1 / (1 + on_jets.square(w)),
    "sinh": lambda w, y: on_jets.cosh(w),
    "cosh": lambda w, y: on_jets.sinh(w),
    "tanh": lambda w, y: 1 - on_jets.square(y),
    "asinh": lambda w, y: on_jets.rsqrt(1 + on_jets.square(w)),
    "acosh": lambda w, y: on_jets.rsqrt(on_jets.square(w) - 1),
    "atanh": lambda w, y: 1 / (1 - on_jets.square(w)),
    "sigmoid": lambda w, y: y - on_jets.square(y),
    "erf": lambda w, y: on_jets.exp(-on_jets.square(w)) * (2 / sqrt(pi)),
    "erfc": lambda w, y: on_jets.exp(-on_jets.square(w)) * (-2 / sqrt(pi)),
    "special_bessel_j0": lambda w, y: -on_jets.special.bessel_j1(w),
    "special_bessel_j1": lambda w, y: on_jets.special.bessel_j0(w) - y / w,
    "special_bessel_y0": lambda w, y: -on_jets.special.bessel_y1(w),
    "special_bessel_y1": lambda w, y: on_jets.special.bessel_y0(w) - y / w,
    "special_modified_bessel_k0": lambda w, y: -on_jets.special.modified_bessel_k1(w),
    "special_modified_bessel_k1": lambda w, y: -on_jets.special.modified_bessel_k0(w) - y / w,
    "special_scaled_modified_bessel_k0": lambda w, y: y - on_jets.special.scaled_modified_bessel_k1(w),
    "special_scaled_modified_bessel_k1": lambda w, y: y - y / w - on_jets.special.scaled_modified_bessel_k0(w),
    "logsigmoid": lambda w, y: on_jets.sigmoid(-w),
    "abs": lambda w, y: on_jets.sign(w),
    "relu": lambda w, y: on_jets.where(w > 0, 1.0, 0.0),
}
ALIASES = {
    "arcsin": "asin", "arccos": "acos", "arctan": "atan", "arcsinh": "asinh", "arccosh": "acosh", "arctanh": "atanh",
    "arctan2": "atan2", "special_erf": "erf", "special_erfc": "erfc", "special_expm1": "expm1", "special_sinc": "sinc",
    "special_expit": "sigmoid", "special_log1p": "log1p", "absolute": "abs", "multiply": "mul", "divide": "div",
    "true_divide": "div", "truediv": "div", "rtruediv": "rdiv", "subtract": "sub", "negative": "neg",
    "positive": "pos", "concat": "cat", "clip": "clamp", "float_power": "pow", "rpower": "rpow", "log_sigmoid":
    "logsigmoid", "fmin": "minimum", "fmax": "maximum", "mm": "matmul", "fix": "trunc", "special_round": "round",
}  # fmt: skip
FLAT = {"sign", "sgn", "floor", "ceil", "round", "trunc", "heaviside", "floor_divide",
        "inside"}  # the last is that of shapes  # fmt: skip
COMPARISONS = {"lt", "le", "gt", "ge", "eq", "ne", "less", "less_equal", "greater", "greater_equal", "not_equal",
               "isnan", "isfinite", "isinf", "logical_and", "logical_or", "logical_xor", "logical_not"}  # fmt: skip
IN_PLACE = {"iadd", "isub", "imul", "idiv", "itruediv", "ipow"}

REAL = (Jet, float, int)
FOUR = {"add", "sub", "mul", "div"}


@cache
def named(func: Any) -> str:
    """The name under which a torch function (or method, or operator) has its rule."""
    written = getattr(func, "__name__", str(func))
    name = written.strip("_")
    if name in IN_PLACE or (written.endswith("_") and not written.endswith("__")):
        raise ProblemError(f"torch.{written} works in place", f"A field is never changed: use torch.{name}.")
    return ALIASES.get(name, name)


def apply(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A torch function (or method, or operator) applied to jets."""
    name = named(func)
    if not kwargs and (common := _common(func, name, args)) is not None:
        return common
    if len(args) > 1:
        args = tuple(brought(args))
    given = (*args, *kwargs.values()) if kwargs else args
    for value in given:
        if not isinstance(value, REAL) and (remedy := if_complex(value)):
            raise ProblemError(f"torch.{name} was given a field and a complex number", remedy.strip())
    chart = chart_of(given)
    if name in COMPARISONS:
        return compared(func, name, args, kwargs)
    if name != "where":  # what a comparison returned counts as zeros and ones, and is not added by "or"
        args = tuple([counted(a) for a in args])
    if name in STRUCTURAL:
        return STRUCTURAL[name](*args, **kwargs)
    if name in ELEMENTARY and len(args) == 1 and not kwargs:
        return _curved(func, name, args[0])
    shape = next(a.shape for a in args if isinstance(a, Jet)) if any(isinstance(a, Jet) for a in args) else ()
    args = tuple(operand(chart, a, shape) if isinstance(a, Tensor) else a for a in args)
    if name in FLAT:
        return flat(func, args, kwargs)
    args = tuple(a.expand(shape) if isinstance(a, Tensor) and fits(a, shape) else a for a in args)
    return by_autograd(chart, func, name, args, kwargs)


def _common(func: Any, name: str, args: tuple[Any, ...]) -> Jet | None:
    """What most of any expression is made of: nothing in it has to be brought, counted or refused."""
    if len(args) == 2 and name in FOUR and _alike(*args):
        return STRUCTURAL[name](*args)
    if len(args) == 1 and name in CURVED and type(args[0]) is Jet and not args[0].boolean:
        return _curved(func, name, args[0])
    return None


def _curved(func: Callable[[Tensor], Tensor], name: str, w: Jet) -> Jet:
    """An elementary function of a field: fused with its derivatives where a network's columns are asked for several."""
    one_by_one, plan = elementary(func, ELEMENTARY[name], w), w.chart.plan
    if len(w.shape) != 2 or plan is None or name not in CURVES:
        return one_by_one
    return fused(name, w, lambda: plan().below, one_by_one)


def _alike(a: Any, b: Any) -> bool:
    """Whether these are fields over the same points, or one and a number, with nothing to be counted or brought."""
    if type(b) is Jet and type(a) is not Jet:
        a, b = b, a
    if type(a) is not Jet or a.boolean:
        return False
    return b.chart is a.chart and not b.boolean if type(b) is Jet else type(b) is float or type(b) is int


def compared(func: Any, name: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A comparison of fields point by point, or what is known of it."""
    jet = next(a for a in args if isinstance(a, Jet))
    for other in args:
        if isinstance(other, Jet | Tensor):
            same_rank(jet, other, name)
    told = answered(name, *args) if len(args) == 2 else None
    if told is not None:
        return told
    plain = {k: v.value if isinstance(v, Jet) else v for k, v in kwargs.items()}
    return chart_of((*args, *kwargs.values())).constant(
        func(*(a.value if isinstance(a, Jet) else a for a in args), **plain)
    )


def counted(value: Any) -> Any:
    """Zeros and ones for a field of truth values; anything else as it is."""
    return value.chart.constant(value.value.to(value.dtype)) if isinstance(value, Jet) and value.boolean else value


STRUCTURAL: dict[str, Callable[..., Any]] = {
    "add": add, "radd": add, "mul": mul, "rmul": mul, "neg": neg, "pos": lambda a: a,
    "sub": sub, "rsub": lambda a, b: sub(b, a), "div": div, "rdiv": lambda a, b: div(b, a),
    "pow": power, "rpow": lambda a, b: power(b, a), "atan2": atan2, "where": where,
    "maximum": maximum, "minimum": minimum, "clamp": clamp,
    "linear": linear, "matmul": matmul, "stack": stack, "cat": cat,
    "squeeze": lambda a, *k, **kw: reshaped(a, lambda t: t.squeeze(*k, **kw)),
    "unsqueeze": lambda a, *k, **kw: reshaped(a, lambda t: t.unsqueeze(*k, **kw)),
    "sinc": sinc, "softplus": softplus, "gelu": gelu, "silu": silu, "dropout": dropout,
    "relu": lambda w, inplace=False: elementary(torch.relu, ELEMENTARY["relu"], w),
    "prelu": lambda w, weight: where(w > 0, w, mul(w, weight)),
    "leaky_relu": lambda w, negative_slope=0.01, inplace=False: where(w > 0, w, w * negative_slope),
    "elu": lambda w, alpha=1.0, inplace=False: where(w > 0, w, alpha * on_jets.expm1(minimum(w, 0.0))),
    "zeros_like": lambda a, **_: filled(a, 0.0), "ones_like": lambda a, **_: filled(a, 1.0),
    "full_like": lambda a, value, **_: filled(a, value),
}  # fmt: skip

CURVED = ELEMENTARY.keys() - STRUCTURAL.keys() - FLAT - COMPARISONS

REGISTRY["torch"] = apply
