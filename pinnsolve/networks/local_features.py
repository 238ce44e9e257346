"""Random features on cells: each cell has its own hidden layer, drawn once, and its own trained output layer."""

from __future__ import annotations

import weakref
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property

import torch
from torch import Tensor

from pinnsolve.errors import whole
from pinnsolve.jets.jet import Chart, Jet, on_jets
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.jets.settled import settled
from pinnsolve.networks.cells import Cells, rising
from pinnsolve.networks.mlp import ACTIVATIONS
from pinnsolve.networks.random_features import checked, hidden_layers


@dataclass(frozen=True)
class LocalFeatures:
    """Random features on cells that refine themselves, in windows of time, under a smooth partition of unity:

        sum_s w_s(x) W_s sigma(A_s h_s + b_s),     h_s the coordinates scaled to the reach of cell s.

    Parameters
    ----------
    count : int, optional
        Neurons of each cell; by default 60, and 200 from three coordinates on.
    scale : (float, float)
    activation : str
        As in `RandomFeatures`.

    Source: Chen, Chi, E & Yang, J. Mach. Learn. 1 (2022) 268 (random feature method); Moseley, Markham &
    Nissen-Meyer, Adv. Comput. Math. 49 (2023) 62 (windows).
    """

    count: int | None = None
    scale: tuple[float, float] = (0.5, 2.0)
    activation: str = "sine"

    def __post_init__(self) -> None:
        whole("LocalFeatures: count", self.count)
        checked("LocalFeatures", self.scale, self.activation)

    def features(self, coordinates: int) -> int:
        """Neurons of each cell over so many coordinates."""
        return self.count or (60 if coordinates < 3 else 200)


@dataclass
class Basis:
    """The hidden layers of all cells, and what is trained.

    Parameters
    ----------
    cells : Cells
        Over the coordinates `axes`.
    axes : tuple of int
    weight, bias : tensor (S, m, D), (S, m)
    coefficients : tensor (S, outputs, m)
    kinks : tuple of (axis of the cells, place)
        Where slopes may jump: the distance from there is one more input of the cells around it.
    """

    cells: Cells
    axes: tuple[int, ...]
    weight: Tensor
    bias: Tensor
    coefficients: Tensor
    kinks: tuple[tuple[int, float], ...] = ()
    activation: str = "sine"

    @classmethod
    def drawn(
        cls, cells: Cells, axes: Sequence[int], coordinates: int, outputs: int, layer: LocalFeatures,
        generator: torch.Generator, kinks: Sequence[tuple[int, float]] = (),
    ) -> Basis:  # fmt: skip
        """Hidden layers drawn as in `RandomFeatures`; the function that they make is zero."""
        count = layer.features(coordinates)
        shape, inputs = (len(cells), count), coordinates + len(kinks)
        weight, bias = hidden_layers(shape, inputs, layer.scale, layer.activation, generator)
        nothing = torch.zeros(len(cells), outputs, count, dtype=torch.float64)
        return cls(cells, tuple(axes), weight, bias, nothing, tuple(kinks), layer.activation)

    @property
    def width(self) -> int:
        """Trained numbers of one cell."""
        return self.coefficients[0].numel()

    def assign(self, coefficients: Tensor) -> None:
        """Coefficients (S, width), on any device."""
        self.coefficients = coefficients.to("cpu", torch.float64).reshape(self.coefficients.shape)


class Expansion:
    """A basis on the points of a chart, as pairs of a point and a cell that is active there, sorted by cell.

    Parameters
    ----------
    scaled : list of Jet
        The coordinates, scaled to [-1, 1].

    Attributes
    ----------
    places : tensor (N, k)
        The points, in the coordinates of the cells.
    cell, point : tensor (P,)
    active : tensor (N, S) of bool
    features : Jet (P, m)
        w_s sigma(A_s h_s + b_s); its derivatives are computed once, since nothing in it is trained.
    """

    def __init__(self, basis: Basis, chart: Chart, scaled: Sequence[Jet]) -> None:
        self.basis, self.chart = basis, chart
        coordinates = torch.stack([s.value for s in scaled], 1).detach().to("cpu", torch.float64)
        self.places = coordinates[:, list(basis.axes)]
        self.active = basis.cells.active(self.places)
        self.cell, self.point = self.active.T.nonzero(as_tuple=True)
        pairs = Chart(chart.names, len(self.cell), chart.dtype, chart.device)
        own = weakref.ref(self)  # no rule may hold the expansion, which holds it: a cycle would keep all its tensors
        self.features = settled(lambda: own()._made(pairs, scaled), chart)  # type: ignore[union-attr]

    def _made(self, pairs: Chart, scaled: Sequence[Jet]) -> Jet:
        """The features at the pairs, times the partition of unity."""
        basis, columns = self.basis, list[Jet]()
        bump: Jet | None = None
        for axis, field in enumerate(scaled):
            here = self._at_pairs(pairs, field)
            if axis not in basis.axes:
                columns.append(here)
                continue
            column, factor = self._local(here, basis.axes.index(axis))
            columns.append(column)
            bump = factor if bump is None else bump * factor
        columns += [self._kink(pairs, scaled[basis.axes[k]], k, place) for k, place in basis.kinks]
        features = self._hidden(pairs, torch.stack(columns, -1))  # type: ignore[arg-type]
        if bump is not None and len(basis.cells) > 1:
            features = (bump * self._at_pairs(pairs, 1 / self._summed(bump)))[:, None] * features
        return features

    @cached_property
    def groups(self) -> list[tuple[tuple[int, ...], Tensor, Tensor]]:
        """Points with the same active cells: these, the pairs (cell by cell, in each by point), and the points."""
        keys, group = torch.unique(self.active, dim=0, return_inverse=True)
        sizes = torch.bincount(group, minlength=len(keys))
        pairs = group[self.point].argsort(stable=True).split((sizes * keys.sum(1)).tolist())
        points = group.argsort(stable=True).split(sizes.tolist())
        cells = [tuple(key.nonzero()[:, 0].tolist()) for key in keys]
        return list(zip(cells, pairs, points, strict=True))

    def _at_pairs(self, pairs: Chart, field: Jet) -> Jet:
        """A field over the points, at the pairs."""
        point = self.point  # no rule may hold the expansion, which holds it: such a cycle would keep all its tensors

        def rule(alpha: Alpha) -> Tensor | None:
            part = field.partial(alpha)
            return None if part is None else part.expand(field.shape)[point]

        return Jet(pairs, rule, (pairs.size,), field.depends)

    def _summed(self, field: Jet) -> Jet:
        """A field over the pairs, summed at each point."""
        point, size = self.point, self.chart.size

        def rule(alpha: Alpha) -> Tensor | None:
            part = field.partial(alpha)
            return None if part is None else _summed(part.expand(field.shape), point, size)

        return Jet(self.chart, rule, (size,), field.depends)

    def _local(self, x: Jet, k: int) -> tuple[Jet, Jet]:
        """A coordinate scaled to the reach of each pair's cell, and its factor of the bump."""
        cells = self.basis.cells

        def of(values: Tensor) -> Tensor:
            return values[self.cell].to(x.device, x.dtype)

        half, below, above = of(cells.half[:, k]), of(cells.reach[:, k, 0]), of(cells.reach[:, k, 1])
        away = x - of(cells.centre[:, k])
        if cells.periodic[k]:
            away = away - 2 * torch.round(away.value.detach() / 2)

        def side(sign: float, reach: Tensor) -> Jet:
            steep = torch.where(reach > 0, 1 / reach, torch.zeros_like(reach))
            offset = torch.where(reach > 0, half / reach, torch.ones_like(reach))
            return rising(away * (sign * steep) + offset)

        local = (away - (above - below) / 2) * (1 / (half + (below + above) / 2))
        return local, side(1.0, below) * side(-1.0, above)

    def _kink(self, pairs: Chart, x: Jet, k: int, place: float) -> Jet:
        """The distance from a place, scaled like the coordinate, in cells whose reach it touches; zero in others."""
        cells, reach = self.basis.cells, self.basis.cells.reach
        inside = (cells.low[:, k] - reach[:, k, 0] <= place) & (place <= cells.high[:, k] + reach[:, k, 1])
        size = cells.half[:, k] + reach[:, k].sum(1) / 2
        factor = torch.where(inside, 1 / size, torch.zeros_like(size))[self.cell].to(x.device, x.dtype)
        return on_jets.abs(self._at_pairs(pairs, x) - place) * factor

    def _hidden(self, pairs: Chart, inputs: Jet) -> Jet:
        """sigma(A_s h + b_s) at each pair."""
        weight, bias = (v.to(pairs.device, pairs.dtype) for v in (self.basis.weight, self.basis.bias))
        sizes = self.active.sum(0).tolist()

        def rule(alpha: Alpha) -> Tensor | None:
            part = inputs.partial(alpha)
            if part is None:
                return None
            parts = part.expand(inputs.shape).split(sizes)
            images = [h @ a.T for h, a in zip(parts, weight, strict=True)]
            return torch.cat(images if any(alpha) else [z + b for z, b in zip(images, bias, strict=True)])

        images = Jet(pairs, rule, (pairs.size, weight.shape[1]), inputs.depends)
        return ACTIVATIONS[self.basis.activation]()(images)

    def columns(self, listen: Callable[[int, Alpha, Tensor], None] | None = None) -> list[Jet]:
        """What the basis puts out, as fields (N,); `listen` is told each derivative as it is computed."""
        coefficients = self.basis.coefficients.to(self.chart.device, self.chart.dtype)[self.cell]

        def output(k: int) -> Jet:
            def rule(alpha: Alpha) -> Tensor | None:
                features = self.features.partial(alpha)
                if features is None:
                    return None
                value = _summed((features * coefficients[:, k]).sum(1), self.point, self.chart.size)
                if listen is not None:
                    listen(k, alpha, value.requires_grad_())
                return value

            return Jet(self.chart, rule, (self.chart.size,), self.features.depends)

        return [output(k) for k in range(coefficients.shape[1])]


def _summed(values: Tensor, point: Tensor, size: int) -> Tensor:
    """Numbers at pairs, summed at each of `size` points."""
    return values.new_zeros(size).index_add_(0, point.to(values.device), values)


class Listener:
    """Remembers what an expansion put out, and turns a residual's slopes into rows of the Jacobian."""

    def __init__(self, expansion: Expansion) -> None:
        self.expansion = expansion
        self.heard: list[tuple[int, Alpha, Tensor]] = []

    def __call__(self, column: int, alpha: Alpha, value: Tensor) -> None:
        self.heard.append((column, alpha, value))

    def rows(self, residual: Tensor) -> Tensor:
        """The Jacobian of a residual (N,) by pairs: (P, outputs * m), the row of a point times what its cell trains."""
        expansion = self.expansion
        outputs = expansion.basis.coefficients.shape[1]
        found = residual.new_zeros(len(expansion.point), outputs, expansion.basis.coefficients.shape[2])
        if self.heard and residual.requires_grad:
            slopes = torch.autograd.grad(
                residual.sum(), [v for *_, v in self.heard], retain_graph=True, allow_unused=True
            )
            for (column, alpha, _), slope in zip(self.heard, slopes, strict=True):
                if slope is not None:
                    features = expansion.features.partial(alpha)
                    assert features is not None
                    found[:, column].addcmul_(slope[expansion.point][:, None], features)
        return found.flatten(1)
