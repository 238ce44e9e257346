"""The fully connected network."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.networks.dropout import Dropout, probability
from pinnsolve.networks.inputs import Fourier


class Sine(nn.Module):
    """sin(z), elementwise."""

    def forward(self, z: Any) -> Any:
        return torch.sin(z)


ACTIVATIONS: dict[str, type[nn.Module]] = {
    "tanh": nn.Tanh, "sine": Sine, "sigmoid": nn.Sigmoid, "silu": nn.SiLU, "gelu": nn.GELU, "relu": nn.ReLU,
}  # fmt: skip


@runtime_checkable
class Network(Protocol):
    """What `solve` needs of a network's description."""

    @property
    def fourier(self) -> Fourier | None: ...

    def build(self, inputs: int, outputs: int, generator: torch.Generator) -> nn.Module: ...


@dataclass(frozen=True)
class MLP:
    """A fully connected network: hidden layers, then a linear output layer.

        h_0 = inputs,   h_k = activation(W_k h_(k-1) + b_k),   output = W h_depth + b

    Weights start as Xavier (Glorot) normal, biases as zero.

    Source: Glorot & Bengio, AISTATS 2010, equation 16.

    Parameters
    ----------
    width : int or sequence of int
        Neurons of every hidden layer, or of each: width=(64, 32).
    depth : int, optional
        Number of hidden layers: 4, or as many as there are widths.
    activation : str
        tanh, sine, sigmoid, silu, gelu or relu. ReLU has no second derivative and is refused where one is needed.
    fourier : Fourier, optional
        Random Fourier features beside the scaled coordinates.
    dropout : float
        The probability with which training leaves out each hidden neuron, h_k <- m h_k / (1 - dropout) with m zero or
        one (`pinnsolve.networks.dropout.Dropout`). For Adam, SGD and SOAP alone.

    Raises
    ------
    ProblemError
        If one of these is not what it should be.
    """

    width: int | Sequence[int] = 16
    depth: int | None = None
    activation: str = "tanh"
    fourier: Fourier | None = None
    dropout: float = 0.0

    def __post_init__(self) -> None:
        several = isinstance(self.width, list | tuple)
        widths: tuple[int, ...] = tuple(self.width) if several else (self.width,)  # type: ignore[arg-type,assignment]
        depth = self.depth if self.depth is not None else len(widths) if several else 4
        for name, value, counts in (("width", self.width, widths), ("depth", depth, (depth,))):
            if not counts or any(isinstance(n, bool) or not isinstance(n, int) or n < 1 for n in counts):
                raise ProblemError(
                    f"MLP: {name}={value!r} is no positive whole number",
                    "Write MLP(width=20, depth=3), or MLP(width=(64, 32)).",
                )
        if several and depth != len(widths):
            raise ProblemError(
                f"MLP: width={widths} is {len(widths)} hidden layers, and depth={depth}", "Leave depth out."
            )
        object.__setattr__(self, "width", widths if several else self.width)
        object.__setattr__(self, "depth", depth)
        probability("MLP: dropout", self.dropout)
        if not isinstance(self.activation, str) or self.activation not in ACTIVATIONS:
            raise ProblemError(
                f"MLP: there is no activation '{self.activation}'", did_you_mean(str(self.activation), ACTIVATIONS)
            )

    @property
    def widths(self) -> tuple[int, ...]:
        """The neurons of each hidden layer."""
        assert self.depth is not None
        return (self.width,) * self.depth if isinstance(self.width, int) else tuple(self.width)

    def build(self, inputs: int, outputs: int, generator: torch.Generator) -> nn.Sequential:
        """The network as a module in float64 on the CPU, its weights drawn from the generator."""
        layers: list[nn.Module] = []
        sizes = [inputs, *self.widths]
        for fan_in, fan_out in pairwise(sizes):
            layers += [_linear(fan_in, fan_out, generator), ACTIVATIONS[self.activation]()]
            layers += [Dropout(self.dropout)] if self.dropout else []
        layers.append(_linear(sizes[-1], outputs, generator))
        return nn.Sequential(*layers)


def undrawn(fan_in: int, fan_out: int) -> nn.Linear:
    """A linear layer in float64 on the CPU whose numbers are still to be set; torch's own generator stays as it is.

    Not by `torch.nn.utils.skip_init`, which loads SymPy: a third of a second for every run.
    """
    with torch.random.fork_rng(devices=[]):
        return nn.Linear(fan_in, fan_out, device="cpu", dtype=torch.float64)


def _linear(fan_in: int, fan_out: int, generator: torch.Generator) -> nn.Linear:
    layer = undrawn(fan_in, fan_out)
    nn.init.xavier_normal_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer
