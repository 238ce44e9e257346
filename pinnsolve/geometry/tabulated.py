"""Functions from data: coefficients, sources, walls and starts that are given as tables."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from pinnsolve.calls import worded
from pinnsolve.data.tables import Table, beside, read, table_of
from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.splines import LIMITS, Spline, tabulated
from pinnsolve.jets.jet import Jet

Kind = Literal["linear", "nearest", "cubic", "smoothing"]
Outside = Literal["refuse", "hold"]
Array = NDArray[np.float64]
FURTHER = 'Give data that reach further, or outside="hold", which keeps the values at its ends.'
LEAST = {"linear": 2, "nearest": 2, "cubic": 4, "smoothing": 5}


class Tabulated:
    """A function of named coordinates that is interpolated from data. Made by `table`.

    It stands wherever a function of coordinates does, and as a parameter: `parameters={"k": table("k.csv", of="x")}`,
    `initial(T=table("T0.csv", of="x"))`; and it can be called on any field, `k(T)`, with all derivatives.

    Attributes
    ----------
    of : tuple of str
    kind : "linear", "nearest", "cubic" or "smoothing"
    nodes : mapping from coordinate to array
        Where data are given, ascending.
    """

    def __init__(
        self, name: str, nodes: Mapping[str, Array], spline: Spline, kind: Kind, outside: Outside
    ) -> None:  # fmt: skip
        self.name, self.__name__, self.nodes, self.spline = name, name, dict(nodes), spline
        self.of, self.kind, self.outside = tuple(nodes), kind, outside
        place = inspect.Parameter.POSITIONAL_OR_KEYWORD
        self.__signature__ = inspect.Signature([inspect.Parameter(c, place) for c in self.of])

    def __repr__(self) -> str:
        counts = " x ".join(str(len(x)) for x in self.nodes.values())
        total = float(self.spline.coefficients.sum())
        return f"table({self.name!r}, of={self.of}, kind={self.kind!r}; {counts} values, {total:.9g} together)"

    def __call__(self, *places: Any, **named: Any) -> Any:
        """The function at places: fields, tensors, or whatever NumPy takes."""
        given = dict(zip(self.of, places, strict=False)) | named
        if len(places) + len(named) != len(self.of) or set(given) != set(self.of):
            raise ProblemError(
                f"the table {self.name} is a function of {', '.join(self.of)}, and was called with "
                f"{len(places) + len(named)} arguments",
                f"Write k({', '.join(self.of)}).",
            )
        ordered = [given[c] for c in self.of]
        self._check_inside(ordered)
        if any(isinstance(x, Jet | torch.Tensor) for x in ordered):
            return tabulated(self.spline, *ordered)
        arrays = [torch.from_numpy(np.array(x, dtype=np.float64)) for x in np.broadcast_arrays(*ordered)]
        return tabulated(self.spline, *arrays).numpy()[()]

    def _check_inside(self, places: Sequence[Any]) -> None:
        """Refuse places that lie beyond the data; of values of unknowns, which change on the way to a solution, the
        chart notes them, and it is judged where they end."""
        if self.outside == "hold":
            return
        for c, place, (low, high) in zip(self.of, places, self.spline.ends, strict=True):
            value = place.value if isinstance(place, Jet) else place
            if not isinstance(value, torch.Tensor | np.ndarray | float | int):
                continue  # intervals are those of boxes inside the domain
            given = torch.as_tensor(value)
            x, room = given.detach(), LIMITS.room * (high - low)
            far = (x < low - room) | (x > high + room)
            told = ""
            if bool(far.any()):
                told = (
                    f"the table {self.name} is asked at {c} = {float(x[far][0] if x.ndim else x):.6g}, and its data "
                    f"reach from {low:.6g} to {high:.6g}"
                )
            if isinstance(place, Jet) and c not in place.chart.names:
                place.chart.tables[told] = given.requires_grad
            elif told:
                raise ProblemError(told, FURTHER)

    def check(self, parameter: str, domain: Domain) -> None:
        """Refuse a parameter of other coordinates, or whose data do not reach over the domain.

        Raises
        ------
        ProblemError
        """
        for c, (low, high) in zip(self.of, self.spline.ends, strict=True):
            if c not in domain.coordinates:
                raise ProblemError(
                    f"parameters: the table {parameter} is a function of '{c}', which is no coordinate",
                    did_you_mean(c, domain.coordinates)
                    + f". A function of an unknown is no parameter: call it in the equation, {parameter}({c}).",
                )
            begin, end = domain.ends(c)
            room = LIMITS.room * (high - low)
            if self.outside == "refuse" and (begin < low - room or end > high + room):
                raise ProblemError(
                    f"parameters: the table {parameter} reaches from {c} = {low:.6g} to {high:.6g}, and the domain "
                    f"from {begin:.6g} to {end:.6g}",
                    FURTHER,
                )

    def breaks(self, coordinate: str) -> tuple[float, ...]:
        """Where it has kinks (linear) or jumps (nearest) along a coordinate."""
        if self.kind not in ("linear", "nearest") or coordinate not in self.of:
            return ()
        x = self.nodes[coordinate]
        inner = x[1:-1] if self.kind == "linear" else (x[1:] + x[:-1]) / 2
        return tuple(map(float, inner))


@worded
def table(
    file: str | Path | None = None,
    *,
    of: str | Sequence[str],
    value: str | None = None,
    kind: Kind = "linear",
    outside: Outside = "refuse",
    **columns: Any,
) -> Tabulated:
    """A function that is interpolated from data, for coefficients, sources, walls and starts.

    Source of the smoothing: Woltring, Adv. Eng. Software 8 (1986) 104, as in `scipy.interpolate`.

    Parameters
    ----------
    file : path, optional
        `.csv` (its first line names the columns), `.npz`, or point data in `.vtu`, `.vtk` or `.xdmf`: one row for each
        place. A relative path begins at the folder of the file that calls this, or at the current one.
    of : str or sequence of str
        The coordinates that it is a function of, columns of the data.
    value : str, optional
        The column of its values; by default the only other one.
    kind : "linear", "nearest", "cubic" or "smoothing"
        Straight between the data, with kinks at them; the value of the nearest place, with jumps halfway; a spline
        through the data, smooth to the second derivative; or a spline that smooths noise, as much as the data ask for
        by generalised cross-validation (of one coordinate).
    outside : "refuse" or "hold"
        Beyond its data it is an error, or has the value at their end.
    **columns : array (N,)
        Columns by keyword, in place of a file.

    Raises
    ------
    ProblemError
        If the file cannot be read, or the rows are no full grid: one value for each combination of places.

    Examples
    --------
    >>> k = table(x=[0.0, 1.0, 3.0], k=[1.0, 2.0, 6.0], of="x")
    >>> float(k(2.0)), k.breaks("x")
    (4.0, (1.0,))
    """
    if file is not None and not isinstance(file, str | Path):
        raise ProblemError(f"table: file={file!r:.60} is no path", EXAMPLE)
    for what, given, possible in (("kind", kind, get_args(Kind)), ("outside", outside, get_args(Outside))):
        if not isinstance(given, str) or given not in possible:
            raise ProblemError(f"table: there is no {what} {given!r:.60}", did_you_mean(str(given), possible))
    if value is not None and not isinstance(value, str):
        raise ProblemError(
            f"table: value={value!r:.60} is no name of a column",
            "Name the column of the values: table(x=xs, k=ks, of='x').",
        )
    names = (of,) if isinstance(of, str) else tuple(of) if isinstance(of, list | tuple) else ()
    if not names or not all(isinstance(c, str) and c.isidentifier() for c in names) or len(set(names)) < len(names):
        raise ProblemError(f"table: of={of!r:.60} names no coordinates", EXAMPLE)
    if (file is None) == (not columns):
        raise ProblemError("table: data are given by a file, or by columns", EXAMPLE)
    if file is not None:
        data = read(beside(Path(file), Path(sys._getframe(2).f_code.co_filename).parent))
    else:
        data = table_of(f"table {', '.join(columns)}", columns)
    nodes, values = _grid(data, names, _value_of(data, names, value))
    return Tabulated(data.name, nodes, _spline(data.name, nodes, values, kind), kind, outside)


EXAMPLE = 'Write table("k.csv", of="x"), table("k.csv", of=("x", "y"), value="k"), or table(x=xs, k=ks, of="x").'


def _value_of(data: Table, of: tuple[str, ...], value: str | None) -> str:
    for c in of:
        if c not in data.columns:
            raise ProblemError(f"{data.name} has no column '{c}'", did_you_mean(c, data.columns))
    others = [name for name in data.columns if name not in of]
    if value is not None and value not in others:
        told = "is a coordinate of it" if value in of else "is no column"
        raise ProblemError(f"{data.name}: value='{value}' {told}", did_you_mean(value, others))
    if value is None and len(others) != 1:
        what = f"the columns {', '.join(others)}" if others else "no other column"
        raise ProblemError(
            f"{data.name} has {what} beside {', '.join(of)}: which one are the values?", 'Write value="k".'
        )
    return value or others[0]


def _grid(data: Table, of: tuple[str, ...], value: str) -> tuple[dict[str, Array], Array]:
    """The places along each coordinate, ascending, and the values on their grid; rows may stand in any order."""
    nodes, numbers = {}, []
    for c in of:
        nodes[c], number = np.unique(data.columns[c], return_inverse=True)
        numbers.append(number.ravel())
    shape = tuple(len(x) for x in nodes.values())
    flat = np.ravel_multi_index(numbers, shape)
    seen, first, counts = np.unique(flat, return_index=True, return_counts=True)
    if (counts > 1).any():
        row = int(first[counts > 1][0])
        place = ", ".join(f"{c} = {data.columns[c][row]:.6g}" for c in of)
        raise ProblemError(f"{data.name} has more than one row for {place}", "Each place has one value.")
    whole = int(np.prod(shape))
    if len(seen) < whole:
        missing = np.unravel_index(int(np.setdiff1d(np.arange(whole), seen)[0]), shape)
        place = ", ".join(f"{c} = {x[k]:.6g}" for (c, x), k in zip(nodes.items(), missing, strict=True))
        told = " and ".join(f"{len(x)} of {c}" for c, x in nodes.items())
        raise ProblemError(
            f"{data.name} is no full grid: there are {told}, and {len(seen)} rows for {whole} places; {place} is "
            "missing",
            "Interpolation needs a value for each combination of the coordinates. Scattered measurements can be "
            "fitted: observed(...) without equations.",
        )
    values = np.empty(whole)
    values[flat] = data.columns[value]
    return nodes, values.reshape(shape)


def _spline(name: str, nodes: Mapping[str, Array], values: Array, kind: Kind) -> Spline:
    from scipy.interpolate import make_interp_spline, make_smoothing_spline  # slow to import, and seldom needed

    for coordinate, x in nodes.items():
        if len(x) < LEAST[kind]:
            raise ProblemError(
                f"{name} has {len(x)} places along {coordinate}, and kind='{kind}' needs {LEAST[kind]}",
                "Give more of them, or kind='linear', which needs two.",
            )
    if kind == "smoothing" and len(nodes) > 1:
        raise ProblemError(
            f"{name}: kind='smoothing' smooths along one coordinate, and there are {len(nodes)}",
            "Write kind='cubic', or fit the data first: a problem without equations, observed(..., sigma=...).",
        )
    degree, c, tensors = {"nearest": 0, "linear": 1}.get(kind, 3), values, list[Tensor]()
    for axis, x in enumerate(nodes.values()):
        knots: Array = np.concatenate([x[:1], (x[1:] + x[:-1]) / 2, x[-1:]])
        if degree:
            smoothed = kind == "smoothing"
            made = make_smoothing_spline(x, c) if smoothed else make_interp_spline(x, c, k=degree, axis=axis)
            knots, c = made.t, np.moveaxis(made.c, 0, axis)
        tensors.append(torch.from_numpy(np.ascontiguousarray(knots, dtype=np.float64)))
    numbers = torch.from_numpy(np.ascontiguousarray(c, dtype=np.float64))
    return Spline(tuple(tensors), (degree,) * len(tensors), numbers, (False,) * len(tensors))
