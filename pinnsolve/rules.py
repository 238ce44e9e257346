"""The Taylor rules of arithmetic and of torch functions, by the name of the function.

An elementary function is one line: its derivative, written with the same functions. Whatever has no line here and
acts point by point is differentiated by nested autograd, and the chart notes that it was.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from math import pi, sqrt
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional

from pinnsolve.errors import ProblemError
from pinnsolve.nested import by_autograd
from pinnsolve.taylor import Alpha, Chart, Jet, fits, leibniz, on_jets, raised, same_rank

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
    "sinc": lambda w, y: on_jets.where(w == 0, 0.0, (on_jets.cos(w * pi) - y) / on_jets.where(w == 0, 1.0, w)),
    "special_bessel_j0": lambda w, y: -on_jets.special.bessel_j1(w),
    "special_bessel_j1": lambda w, y: on_jets.special.bessel_j0(w) - y / w,
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
    "logsigmoid", "fmin": "minimum", "fmax": "maximum", "rmatmul": "matmul_right", "mm": "matmul",
}  # fmt: skip
FLAT = {"sign", "sgn", "floor", "ceil", "round", "trunc"}
COMPARISONS = {"lt", "le", "gt", "ge", "eq", "ne", "less", "less_equal", "greater", "greater_equal", "not_equal",
               "isnan", "isfinite", "isinf", "logical_and", "logical_or", "logical_xor", "logical_not"}  # fmt: skip
IN_PLACE = {"iadd", "isub", "imul", "idiv", "itruediv", "ipow"}


def apply(func: Any, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
    """A torch function (or method, or operator) applied to jets."""
    written = getattr(func, "__name__", str(func))
    name = written.strip("_")
    if name in IN_PLACE or (written.endswith("_") and not written.endswith("__")):
        raise ProblemError(f"torch.{written} works in place", f"A field is never changed: use torch.{name}.")
    name = ALIASES.get(name, name)
    chart = chart_of((*args, *kwargs.values()))
    if name in COMPARISONS:
        plain = {k: v.value if isinstance(v, Jet) else v for k, v in kwargs.items()}
        jet, *others = sorted((a for a in args if isinstance(a, Jet | Tensor)), key=lambda a: isinstance(a, Tensor))
        for other in others:
            same_rank(jet, other, name)
        return chart.constant(func(*(a.value if isinstance(a, Jet) else a for a in args), **plain))
    if name in STRUCTURAL:
        return STRUCTURAL[name](*args, **kwargs)
    shape = next(a.shape for a in args if isinstance(a, Jet)) if any(isinstance(a, Jet) for a in args) else ()
    args = tuple(operand(chart, a, shape) if isinstance(a, Tensor) else a for a in args)
    if name in ELEMENTARY and len(args) == 1 and not kwargs:
        return elementary(func, ELEMENTARY[name], args[0])
    if name in FLAT:
        return flat(lambda v: func(v, *args[1:], **kwargs), args[0])
    args = tuple(a.expand(shape) if isinstance(a, Tensor) and fits(a, shape) else a for a in args)
    return by_autograd(chart, func, name, args, kwargs)


def chart_of(operands: Sequence[Any]) -> Chart:
    """The one chart that all jets among the operands share."""
    flat_list = [b for a in operands for b in (a if isinstance(a, list | tuple) else (a,))]
    charts = {id(a.chart): a.chart for a in flat_list if isinstance(a, Jet)}
    if len(charts) != 1:
        raise ProblemError(
            "fields over different sets of points were combined", "Use the arguments of one function only."
        )
    return next(iter(charts.values()))


def operand(chart: Chart, tensor: Tensor, shape: Sequence[int]) -> Tensor:
    """A plain tensor about to meet a jet of some shape: if training moves it, the tape hands out one copy a point."""
    if chart.tape is not None and tensor.requires_grad:
        return chart.tape.copy(tensor, shape)
    return tensor


def elementary(func: Callable[[Tensor], Tensor], derivative: Callable[[Jet, Jet], Any], w: Jet) -> Jet:
    """f(w), from f and its derivative."""

    @cache
    def slope() -> Jet:
        s = derivative(w, y)
        return s if isinstance(s, Jet) else w.chart.constant(s)

    def rule(alpha: Alpha) -> Tensor | None:
        if not any(alpha):
            return func(w.value)
        axis = next(i for i, k in enumerate(alpha) if k)
        return leibniz(slope().partial, w.along(axis).partial, raised(alpha, axis, -1))

    y = Jet(w.chart, rule, tuple(w.shape), w.depends)
    return y


def flat(func: Callable[[Tensor], Tensor], w: Jet) -> Jet:
    """A piecewise constant function: zero slope wherever it has one."""
    return w.chart.constant(func(w.value), w.depends)


# ---------------------------------------------------------------- arithmetic


def ordered(a: Any, b: Any) -> tuple[Jet, Any, bool]:
    """The pair with a jet first, and whether it had to be swapped."""
    return (a, b, False) if isinstance(a, Jet) else (b, a, True)


def add(a: Any, b: Any, *, alpha: float = 1) -> Jet:
    if alpha != 1:
        b = mul(b, alpha) if isinstance(b, Jet) else b * alpha
    a, b, _ = ordered(a, b)
    if isinstance(b, Jet):
        shape = same_rank(a, b, "+")

        def both(k: Alpha) -> Tensor | None:
            left, right = a.partial(k), b.partial(k)
            if left is None or right is None:
                one = right if left is None else left
                return one if one is None or tuple(one.shape) == shape else one.expand(shape)
            return left + right

        return Jet(a.chart, both, shape, a.depends | b.depends)
    if isinstance(b, Tensor):
        same_rank(a, b, "+")
        b = operand(a.chart, b, a.shape)
    return Jet(a.chart, lambda k: a.partial(k) if any(k) else a.value + b, tuple(a.shape), a.depends)


def mul(a: Any, b: Any) -> Jet:
    a, b, _ = ordered(a, b)
    if isinstance(b, Jet):
        if a is b:
            return elementary(torch.square, ELEMENTARY["square"], a)
        shape = same_rank(a, b, "*")
        return Jet(a.chart, lambda k: leibniz(a.partial, b.partial, k), shape, a.depends | b.depends)
    if isinstance(b, Tensor):
        same_rank(a, b, "*")
        b = operand(a.chart, b, a.shape)
    return a.map(lambda part: part * b, tuple(a.shape))


def neg(a: Jet) -> Jet:
    return a.map(torch.neg, tuple(a.shape))


def sub(a: Any, b: Any, *, alpha: float = 1) -> Jet:
    return add(a, mul(b, -alpha) if isinstance(b, Jet) else b * -alpha)


def div(a: Any, b: Any, *, rounding_mode: str | None = None) -> Jet:
    if rounding_mode is not None:
        raise ProblemError("a rounding division of a field has no useful derivative", "Write a / b.")
    if isinstance(b, Jet):
        inverse = elementary(torch.reciprocal, ELEMENTARY["reciprocal"], b)
        return inverse if isinstance(a, int | float) and a == 1 else mul(a, inverse)
    return mul(a, 1 / (b.to(a.dtype) if isinstance(b, Tensor) else b))


def power(a: Any, b: Any) -> Jet:
    """a ** b; a number b stays exact at a = 0, and takes a negative a."""
    if isinstance(b, Tensor) and b.numel() == 1 and b.ndim <= 1 and not b.requires_grad:
        b = float(b)
    if isinstance(b, Jet | Tensor):
        base = a if isinstance(a, Jet) else torch.as_tensor(a, dtype=b.dtype)
        return on_jets.exp(mul(b, on_jets.log(base)))
    if b == 0:
        return add(mul(a, 0.0), 1.0)
    if b == 1:
        return mul(a, 1.0)
    return elementary(lambda w: torch.pow(w, b), lambda w, _: mul(power(w, b - 1), b), a)


def spread(chart: Chart, value: Any, shape: Sequence[int]) -> Any:
    """A number or a plain tensor as a field of some shape, if that is what it would be beside one."""
    tensor = value if isinstance(value, Tensor) else torch.tensor(value, dtype=chart.dtype)
    tensor = tensor.to(chart.device)
    return chart.constant(operand(chart, tensor, shape).expand(shape) if fits(tensor, shape) else tensor)


def atan2(a: Any, b: Any) -> Jet:
    chart, shape = chart_of((a, b)), ordered(a, b)[0].shape
    a, b = (v if isinstance(v, Jet) else spread(chart, v, shape) for v in (a, b))
    square = a * a + b * b

    def rule(alpha: Alpha) -> Tensor | None:
        if not any(alpha):
            return torch.atan2(a.value, b.value)
        axis = next(i for i, k in enumerate(alpha) if k)
        return ((b * a.along(axis) - a * b.along(axis)) / square).partial(raised(alpha, axis, -1))

    return Jet(a.chart, rule, same_rank(a, b, "atan2"), a.depends | b.depends)


def where(condition: Any, a: Any, b: Any) -> Jet:
    """Choose point by point; the derivatives are those of the side that is chosen."""
    chart = chart_of((condition, a, b))
    if isinstance(condition, Jet):
        condition = condition.value
    if condition.dtype != torch.bool:
        raise ProblemError("the condition of torch.where is a field", "Compare it: torch.where(x < 0.5, a, b).")
    shape = tuple(condition.shape)
    jets = [s if isinstance(s, Jet) else spread(chart, s, shape) for s in (a, b)]

    def rule(alpha: Alpha) -> Tensor | None:
        parts = [j.partial(alpha) for j in jets]
        if parts[0] is None and parts[1] is None:
            return None
        zero = torch.zeros((), dtype=chart.dtype, device=chart.device)
        left, right = (zero if p is None else p for p in parts)
        return torch.where(condition, left, right)

    if any(tuple(j.shape) != shape for j in jets):
        raise ProblemError(
            f"torch.where got shapes {tuple(condition.shape)}, {tuple(jets[0].shape)} and {tuple(jets[1].shape)}",
            "Fields are (N,), one number a point; condition and both sides must agree.",
        )
    return Jet(chart, rule, shape, jets[0].depends | jets[1].depends)


def maximum(a: Any, b: Any) -> Jet:
    a, b, _ = ordered(a, b)
    return where((a > b) | on_jets.isnan(a), a, b)  # what is not a number stays so


def minimum(a: Any, b: Any) -> Jet:
    a, b, _ = ordered(a, b)
    return where((a < b) | on_jets.isnan(a), a, b)


def clamp(a: Jet, min: Any = None, max: Any = None) -> Jet:
    low = a if min is None else maximum(a, min)
    return low if max is None else minimum(low, max)


# ---------------------------------------------------------------- what networks are made of


def linear(h: Jet, weight: Tensor, bias: Tensor | None = None) -> Jet:
    """W h + b, column by column: the weight acts on every derivative, the bias on the value alone."""
    if isinstance(weight, Jet):
        raise ProblemError("a field was used as the weight of a linear layer", "Weights are parameters.")
    tape = h.chart.tape
    record = tape.linear(weight, bias) if tape is not None else None

    def rule(alpha: Alpha) -> Tensor | None:
        part = h.partial(alpha)
        if part is None:
            return None if any(alpha) or bias is None else bias.expand(h.chart.size, -1)
        image = functional.linear(part, weight, None if any(alpha) else bias)
        if record is not None:
            record(alpha, part, image)
        return image

    return Jet(h.chart, rule, (h.chart.size, weight.shape[0]), h.depends)


def matmul(a: Any, b: Any) -> Jet:
    if not isinstance(a, Jet) or not isinstance(b, Tensor) or a.ndim != 2 or b.ndim != 2:
        raise ProblemError("matmul of fields: only (N, C) @ (C, D) with a matrix of parameters")
    return linear(a, b.T)


def stack(jets: Sequence[Any], dim: int = 0) -> Jet:
    """Fields (N,) side by side as the columns of one jet (N, C)."""
    chart = chart_of(jets)
    columns = [column(chart, j) for j in jets]
    if dim not in (-1, 1) or any(j.ndim != 1 for j in columns):
        raise ProblemError("fields are stacked as columns", "Write torch.stack([a, b], -1).")
    return cat([j[:, None] for j in columns], -1)


def column(chart: Chart, part: Any) -> Jet:
    """A field, or a plain tensor that stands beside fields."""
    if isinstance(part, Tensor) and part.requires_grad:
        raise ProblemError("a parameter was joined to a field", "It has no Taylor rule; add it to the field instead.")
    return part if isinstance(part, Jet) else chart.constant(part)


def cat(jets: Sequence[Any], dim: int = 0) -> Jet:
    chart = chart_of(jets)
    columns = [column(chart, j) for j in jets]
    if dim not in (-1, 1):
        raise ProblemError("fields are joined along columns", "Write torch.cat([a, b], -1).")

    def rule(alpha: Alpha) -> Tensor | None:
        parts = [j.partial(alpha) for j in columns]
        if all(p is None for p in parts):
            return None
        return torch.cat([j.dense(alpha) if p is None else p for j, p in zip(columns, parts, strict=True)], -1)

    shape = (chart.size, sum(j.shape[1] for j in columns))
    return Jet(chart, rule, shape, frozenset().union(*(j.depends for j in columns)))


def filled(like: Jet, value: float) -> Jet:
    return like.chart.constant(torch.full(like.shape, value, dtype=like.dtype, device=like.device))


def reshaped(a: Jet, map_: Callable[[Tensor], Tensor]) -> Jet:
    shape = tuple(map_(torch.empty(a.shape, device="meta")).shape)
    if not shape or shape[0] != a.chart.size:
        raise ProblemError("a reshape that mixes points")
    return a.map(map_, shape)


def softplus(w: Jet, beta: float = 1, threshold: float = 20) -> Jet:
    return elementary(lambda v: functional.softplus(v, beta, threshold), lambda v, _: on_jets.sigmoid(v * beta), w)


def gelu(w: Jet, approximate: str = "none") -> Jet:
    if approximate == "tanh":
        return 0.5 * w * (1 + on_jets.tanh(sqrt(2 / pi) * (w + 0.044715 * w**3)))
    return 0.5 * w * (1 + on_jets.erf(w / sqrt(2)))


def silu(w: Jet, inplace: bool = False) -> Jet:
    return w * on_jets.sigmoid(w)


def dropout(w: Jet, p: float = 0.5, training: bool = True, inplace: bool = False) -> Jet:
    if training and p > 0:
        raise ProblemError("dropout while training")
    return w


STRUCTURAL: dict[str, Callable[..., Any]] = {
    "add": add, "radd": add, "mul": mul, "rmul": mul, "neg": neg, "pos": lambda a: a,
    "sub": sub, "rsub": lambda a, b: sub(b, a), "div": div, "rdiv": lambda a, b: div(b, a),
    "pow": power, "rpow": lambda a, b: power(b, a), "atan2": atan2, "where": where,
    "maximum": maximum, "minimum": minimum, "clamp": clamp,
    "linear": linear, "matmul": matmul, "stack": stack, "cat": cat,
    "squeeze": lambda a, *k, **kw: reshaped(a, lambda t: t.squeeze(*k, **kw)),
    "unsqueeze": lambda a, *k, **kw: reshaped(a, lambda t: t.unsqueeze(*k, **kw)),
    "softplus": softplus, "gelu": gelu, "silu": silu, "dropout": dropout,
    "relu": lambda w, inplace=False: elementary(torch.relu, ELEMENTARY["relu"], w),
    "prelu": lambda w, weight: where(w > 0, w, mul(w, weight)),
    "leaky_relu": lambda w, negative_slope=0.01, inplace=False: where(w > 0, w, w * negative_slope),
    "elu": lambda w, alpha=1.0, inplace=False: where(w > 0, w, alpha * on_jets.expm1(minimum(w, 0.0))),
    "zeros_like": lambda a, **_: filled(a, 0.0), "ones_like": lambda a, **_: filled(a, 1.0),
    "full_like": lambda a, value, **_: filled(a, value),
}  # fmt: skip
