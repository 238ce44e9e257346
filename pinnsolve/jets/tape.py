"""The structured Jacobian: each point's gradient from one backward pass to what the linear layers produce.

A weight W of a linear layer enters through z_a = W h_a alone, a over the derivatives that a jet carries. With
g_a = dr/dz_a, which one backward pass gives for all points at once since points do not mix, a point's gradient is

    dr/dW = sum_a g_a h_a^T,      dr/db = g_0.

Every other parameter that meets a jet is handed out as one copy a point, whose gradient is read off directly.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn

from pinnsolve.jets.multi_index import Alpha


@dataclass
class _Layer:
    weight: Tensor
    bias: Tensor | None
    parts: list[Tensor] = field(default_factory=list)
    images: list[Tensor] = field(default_factory=list)
    zeroth: int = -1


@dataclass
class _Given:
    value: Tensor
    rows: Tensor


@dataclass
class _Copy:
    original: Tensor
    copies: Tensor


class Tape:
    """Listens to one evaluation on n points and turns it into rows of the Jacobian.

    Parameters
    ----------
    parameters : list of nn.Parameter
        In the order of the Jacobian's columns.
    """

    def __init__(self, parameters: Sequence[nn.Parameter]) -> None:
        self.parameters = list(parameters)
        self.columns: dict[int, slice] = {}
        self.count = 0
        for p in self.parameters:
            self.columns[id(p)] = slice(self.count, self.count + p.numel())
            self.count += p.numel()
        self._layers: list[_Layer] = []
        self._copies: list[_Copy] = []
        self._given: list[_Given] = []

    def linear(self, weight: Tensor, bias: Tensor | None) -> Callable[[Alpha, Tensor, Tensor], None]:
        layer = _Layer(weight, bias)
        self._layers.append(layer)

        def record(alpha: Alpha, part: Tensor, image: Tensor) -> None:
            if not any(alpha):
                layer.zeroth = len(layer.parts)
            layer.parts.append(part)
            layer.images.append(image)

        return record

    def copy(self, parameter: Tensor, shape: Sequence[int]) -> Tensor:
        copies = parameter.detach().broadcast_to(tuple(shape)).clone().requires_grad_()
        self._copies.append(_Copy(parameter, copies))
        return copies

    def given(self, value: Tensor, rows: Tensor) -> Tensor:
        """A field (n,) of which its own rows of the Jacobian (n, P) are known: an integral over other points."""
        leaf = value.detach().clone().requires_grad_()
        self._given.append(_Given(leaf, rows))
        return leaf

    def rows(self, residual: Tensor) -> Tensor:
        """The Jacobian (n, P) of a residual (n,) that was evaluated while this tape listened."""
        jacobian = torch.zeros(residual.shape[0], self.count, dtype=residual.dtype, device=residual.device)
        images = [z for layer in self._layers for z in layer.images if z.requires_grad]
        leaves = images + [c.copies for c in self._copies] + [g.value for g in self._given]
        if not leaves or not residual.requires_grad:
            return jacobian
        grads = torch.autograd.grad(residual.sum(), leaves, retain_graph=True, allow_unused=True)
        slope = {id(leaf): g for leaf, g in zip(leaves, grads, strict=True) if g is not None}
        for layer in self._layers:
            self._add_layer(jacobian, layer, slope)
        for c in self._copies:
            if id(c.copies) in slope:
                self._add(jacobian, c.original, _reduced(slope[id(c.copies)], c.original))
        for g in self._given:
            if id(g.value) in slope:
                jacobian.addcmul_(slope[id(g.value)][:, None], g.rows)
        return jacobian

    def _add_layer(self, jacobian: Tensor, layer: _Layer, slope: dict[int, Tensor]) -> None:
        used = [(g, h) for z, h in zip(layer.images, layer.parts, strict=True) if (g := slope.get(id(z))) is not None]
        if used and layer.weight.requires_grad:
            outputs, inputs = layer.weight.shape
            self._add(jacobian, layer.weight, _outer(used, len(jacobian), outputs, inputs).flatten(1))
        if layer.bias is not None and layer.bias.requires_grad and layer.zeroth >= 0:
            at_zero = slope.get(id(layer.images[layer.zeroth]))
            if at_zero is not None:
                self._add(jacobian, layer.bias, at_zero)

    def _add(self, jacobian: Tensor, tensor: Tensor, rows: Tensor) -> None:
        """Rows (n, size of the tensor) into the tensor's columns, or through what the tensor was computed from."""
        columns = self.columns.get(id(tensor))
        if columns is not None:
            jacobian[:, columns] += rows
        elif not tensor.is_leaf:
            eye = torch.eye(tensor.numel(), dtype=tensor.dtype, device=tensor.device).view(-1, *tensor.shape)
            inner = torch.autograd.grad(
                tensor, self.parameters, eye, retain_graph=True, allow_unused=True, is_grads_batched=True
            )
            for p, block in zip(self.parameters, inner, strict=True):
                if block is not None:
                    jacobian[:, self.columns[id(p)]] += rows @ block.reshape(tensor.numel(), -1)


def _outer(used: Sequence[tuple[Tensor, Tensor]], count: int, outputs: int, inputs: int) -> Tensor:
    """sum_a g_a h_a^T, (n, outputs, inputs).

    Few are added one after the other, since side by side they take the memory of all derivatives once more; many are
    one product, which goes through the rows once and not as often as there are derivatives.
    """
    if len(used) < 8 or len(used) * (outputs + inputs) > 4 * outputs * inputs:
        rows = used[0][0].new_zeros(count, outputs, inputs)
        for g, h in used:
            rows.addcmul_(g[:, :, None], h.detach().expand(count, -1)[:, None, :])
        return rows
    left = torch.stack([g for g, _ in used], 2)
    return left @ torch.stack([h.detach().expand(count, -1) for _, h in used], 1)


def _reduced(slope: Tensor, original: Tensor) -> Tensor:
    """Sum a copy's gradient (n, ...) over whatever its original was broadcast along, but for the points."""
    shape = tuple(original.shape)
    while shape and shape[0] == 1 and len(shape) > slope.ndim - 1:
        shape = shape[1:]
    padded = (slope.shape[0], *(1,) * (slope.ndim - 1 - len(shape)), *shape)
    return slope.sum_to_size(padded).reshape(slope.shape[0], -1)


def dense_rows(residual: Tensor, parameters: Sequence[nn.Parameter]) -> Tensor:
    """The Jacobian (n, P) by one backward pass a row: slow, and true for any network."""
    n = residual.shape[0]
    eye = torch.eye(n, dtype=residual.dtype, device=residual.device)
    blocks = torch.autograd.grad(
        residual,
        list(parameters),
        eye,
        retain_graph=True,
        is_grads_batched=True,
        allow_unused=True,
    )
    pairs = zip(parameters, blocks, strict=True)
    return torch.cat([residual.new_zeros(n, p.numel()) if b is None else b.reshape(n, -1) for p, b in pairs], 1)
