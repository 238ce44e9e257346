"""Jets: a field together with its derivatives, each computed when it is asked for and then remembered.

A jet w over N points knows the partial derivatives D^alpha w for every multi-index alpha (one count per coordinate).
Sums are linear, products follow Leibniz' rule

    D^alpha (a b) = sum_{beta <= alpha} C(alpha, beta) D^beta a D^(alpha-beta) b,

and a function f is declared by its derivative alone, since D^alpha f(w) = D^(alpha-e_i) (f'(w) D^(e_i) w).
Differentiation shifts the index. The functions themselves stand in `pinnsolve.jets.rules`.

Source: Griewank & Walther, Evaluating Derivatives (SIAM 2008), chapter 13.
"""

from __future__ import annotations

import operator
from collections.abc import Callable, Sequence
from math import log
from typing import Any

import numpy as np
import torch
from torch import Tensor

from pinnsolve.errors import ProblemError, if_complex
from pinnsolve.jets.asked import Asked, Recorder
from pinnsolve.jets.beside import Beside
from pinnsolve.jets.multi_index import Alpha, is_sum, raised, summed
from pinnsolve.jets.shapes import nothing, plain

on_jets: Any = torch  # torch's functions take jets, which their type stubs do not know
ARITHMETIC: dict[Any, Any] = {
    np.add: torch.add, np.subtract: torch.sub, np.multiply: torch.mul, np.divide: torch.div, np.power: torch.pow,
    np.negative: torch.neg, np.less: operator.lt, np.less_equal: operator.le, np.greater: operator.gt,
    np.greater_equal: operator.ge, np.equal: operator.eq, np.not_equal: operator.ne,
}  # fmt: skip
Rule = Callable[[Alpha], Tensor | None]
Applied = Callable[[Any, tuple[Any, ...], dict[str, Any]], Any]
UNASKED: Any = object()
REGISTRY: dict[str, Applied] = {}  # `pinnsolve.jets.rules` enters what applies a torch function to jets


class Chart:
    """The coordinates of one set of N points, in the order of the multi-indices: what all jets over it share."""

    def __init__(self, names: Sequence[str], size: int, dtype: torch.dtype, device: torch.device) -> None:
        self.names = tuple(names)
        self.zeroth: Alpha = (0,) * len(self.names)
        self.size = size
        self.dtype, self.device = dtype, device
        self.ones: Tensor | None = None  # the slope of every coordinate along itself
        self.tape: Recorder | None = None
        self.fallbacks: set[str] = set()
        self.tables: dict[str, bool] = {}  # what they say of values beyond their data, and whether these have gradients
        self.paired = False  # whether points are below an inner place and above it, by turns
        self.beside: Beside | None = None  # around which points these lie, where they are an integral's
        self.carries = False  # whether Laplacians are carried through: of networks, and not where slopes are asked for
        self.coarse = False  # whether numbers of fewer digits were combined with its fields
        self.asked: set[Alpha] = set()
        self.read: set[Alpha] = set()
        self.plan: Callable[[], Asked] | None = None
        # told what `d` differentiates, along what, and what comes out; what it returns takes the place of that
        self.differentiated: Callable[[Jet, str, Jet], Jet] | None = None

    def axis(self, name: str) -> int:
        return self.names.index(name)

    def coordinate(self, name: str, values: Tensor) -> Jet:
        """The coordinate itself as a field: slope one along itself, zero along the others."""
        if self.ones is None:
            self.ones = torch.ones((), dtype=self.dtype, device=self.device).expand(self.size)
        parts = {self.zeroth: values, raised(self.zeroth, self.axis(name)): self.ones}
        return Jet(self, parts.get, (self.size,), frozenset({name}), name=name, sums=True)

    def fixed(self, name: str, value: float | Tensor) -> Jet:
        """The coordinate on a face, or on several (N,), where it is fixed: what depends on it is constant along it."""
        whole = torch.as_tensor(value, dtype=self.dtype, device=self.device).expand(self.size)
        return Jet(self, lambda alpha: None if any(alpha) else whole, (self.size,), frozenset(), name, sums=True)

    def constant(self, value: Tensor, depends: frozenset[str] = frozenset()) -> Jet:
        """A field that is the same everywhere, or given point by point with no derivatives."""
        made = Jet(self, lambda alpha: None if any(alpha) else value, tuple(value.shape), depends, sums=True)
        made.boolean = value.dtype == torch.bool
        return made

    def numbers(self, value: float) -> Jet:
        """The number `value` at each of the N points."""
        return self.constant(torch.full((self.size,), value, dtype=self.dtype, device=self.device))


class Jet:
    """A field over the points of a chart, with its derivatives by multi-index.

    Problem files see fields of shape (N,); inside networks a jet carries columns, (N, C).

    Parameters
    ----------
    chart : Chart
        The points and coordinates.
    rule : callable from multi-index to tensor or None
        Computes one derivative; None stands for one that is identically zero.
    shape : tuple of int
        The shape of the field and of each of its derivatives.
    depends : frozenset of str
        The coordinates on which the field depends.
    name : str
        Set for a coordinate, and for nothing else.
    sums : bool
        Whether the rule knows Laplacians; of any other they are the sum of second derivatives.
    """

    def __init__(
        self, chart: Chart, rule: Rule, shape: tuple[int, ...], depends: frozenset[str], name: str | None = None,
        sums: bool = False,
    ) -> None:  # fmt: skip
        self.chart, self.shape, self.depends, self.name = chart, torch.Size(shape), depends, name
        self._rule, self.sums = rule, sums
        self.boolean = False  # whether it is what a comparison returned
        self.known: dict[Alpha, Tensor | None] = {}

    def partial(self, alpha: Alpha) -> Tensor | None:
        """The derivative D^alpha, or None where it is identically zero."""
        if (found := self.known.get(alpha, UNASKED)) is UNASKED:
            found = self._rule(alpha) if self.sums or not is_sum(alpha) else summed(self.partial, alpha)
            self.known[alpha] = found
        return found

    def dense(self, alpha: Alpha) -> Tensor:
        """The derivative D^alpha as a tensor in every case."""
        part = self.partial(alpha)
        if part is None:
            return torch.zeros(self.shape, dtype=self.dtype, device=self.device)
        return part

    @property
    def value(self) -> Tensor:
        return self.dense(self.chart.zeroth)

    @property
    def dtype(self) -> torch.dtype:
        return self.chart.dtype

    @property
    def device(self) -> torch.device:
        return self.chart.device

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def size(self, dim: int | None = None) -> Any:
        return self.shape if dim is None else self.shape[dim]

    def dim(self) -> int:
        return self.ndim

    def along(self, axis: int) -> Jet:
        """The derivative along one coordinate, as a field again."""
        return Jet(self.chart, lambda alpha: self.partial(raised(alpha, axis)), self.shape, self.depends)

    def map(self, linear: Callable[[Tensor], Tensor], shape: tuple[int, ...]) -> Jet:
        """The field under a linear map that acts on each point alike (a view, a column, a sign)."""

        def rule(alpha: Alpha) -> Tensor | None:
            part = self.partial(alpha)
            return None if part is None else linear(part)

        return Jet(self.chart, rule, shape, self.depends, sums=True)

    def __getitem__(self, index: Any) -> Jet:
        index = index if isinstance(index, tuple) else (index,)
        dots = next((k for k, i in enumerate(index) if i is Ellipsis), None)
        if dots is not None:
            named = sum(i is not None for i in index) - 1
            index = (*index[:dots], *(slice(None),) * (self.ndim - named), *index[dots + 1 :])
        if not isinstance(index[0], slice) or index[0] != slice(None):
            raise ProblemError(
                f"a field was indexed along its {self.chart.size} points", "A residual treats every point alike."
            )
        shape = tuple(nothing(self.shape)[index].shape)
        return self.map(lambda part: part[index], shape)

    @classmethod
    def __torch_function__(cls, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        return REGISTRY["torch"](func, args, kwargs or {})

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if method == "__call__" and ufunc in ARITHMETIC and not kwargs:
            numbers = [a if isinstance(a, Jet) else plain(a) for a in inputs]
            return REGISTRY["torch"](ARITHMETIC[ufunc], tuple(numbers), {})
        raise ProblemError(
            f"np.{ufunc.__name__} was called on a field",
            f"NumPy cannot differentiate: write torch.{ufunc.__name__} (from torch import {ufunc.__name__}).",
        )

    def __neg__(self) -> Jet:
        return on_jets.neg(self)

    def __add__(self, other: Any) -> Jet:
        return _applied(torch.add, self, other)

    def __sub__(self, other: Any) -> Jet:
        return _applied(torch.sub, self, other)

    def __rsub__(self, other: Any) -> Jet:
        return _applied(torch.add, -self, other)

    def __mul__(self, other: Any) -> Jet:
        # a gradient multiplies itself
        return NotImplemented if isinstance(other, tuple) else _applied(torch.mul, self, other)

    def __truediv__(self, other: Any) -> Jet:
        return _applied(torch.div, self, other)

    def __rtruediv__(self, other: Any) -> Jet:
        return on_jets.mul(on_jets.reciprocal(self), other)

    def __pow__(self, other: Any) -> Jet:
        return on_jets.pow(self, other)

    def __rpow__(self, other: Any) -> Jet:
        if isinstance(other, complex) or not other > 0:
            raise ProblemError(
                f"the base {other!r} of a power is not positive",
                if_complex(other) + "Its logarithm is needed: 2 ** u, exp(u).",
            )
        return on_jets.exp(self * log(other))

    def __floordiv__(self, other: Any) -> Jet:
        return on_jets.floor_divide(self, other)

    def __rfloordiv__(self, other: Any) -> Jet:
        return on_jets.floor_divide(self * 0 + other, self)

    def __mod__(self, other: Any) -> Jet:
        return self - other * on_jets.floor(self / other)

    def __abs__(self) -> Jet:
        return on_jets.abs(self)

    def __matmul__(self, other: Any) -> Jet:
        return on_jets.matmul(self, other)

    def __lt__(self, other: Any) -> Jet:
        return on_jets.lt(self, other)

    def __le__(self, other: Any) -> Jet:
        return on_jets.le(self, other)

    def __gt__(self, other: Any) -> Jet:
        return on_jets.gt(self, other)

    def __ge__(self, other: Any) -> Jet:
        return on_jets.ge(self, other)

    def __eq__(self, other: object) -> Jet:  # type: ignore[override]
        return on_jets.eq(self, other)

    def __ne__(self, other: object) -> Jet:  # type: ignore[override]
        return on_jets.ne(self, other)

    def __and__(self, other: Any) -> Jet:
        return on_jets.logical_and(self, other)

    def __or__(self, other: Any) -> Jet:
        return on_jets.logical_or(self, other)

    def __invert__(self) -> Jet:
        return on_jets.logical_not(self)

    __hash__ = object.__hash__
    __radd__ = __add__
    __rmul__ = __mul__

    def __float__(self) -> float:
        raise ProblemError(
            "a function for numbers (from math, or float()) was called on a field",
            "Functions of fields come from torch: from torch import sin, exp, sqrt, ...",
        )

    def __bool__(self) -> bool:
        raise ProblemError(
            "a field has no single truth value", "Choose point by point with torch.where(x < 0.5, a, b)."
        )

    def __iter__(self) -> Any:
        raise ProblemError("a field cannot be iterated over", "A residual treats every point alike.")

    def __len__(self) -> int:
        return int(self.shape[0])

    def __repr__(self) -> str:
        return f"field of shape {tuple(self.shape)} over ({', '.join(self.chart.names)})"


def _applied(func: Any, jet: Jet, other: Any) -> Any:
    """torch's function of a jet and something else; not by way of torch where that is a jet or a number."""
    direct = type(jet) is Jet and (type(other) is Jet or type(other) is float or type(other) is int)
    return REGISTRY["torch"](func, (jet, other), {}) if direct else func(jet, other)
