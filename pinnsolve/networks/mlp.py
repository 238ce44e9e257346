"""The fully connected network."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import torch
from torch import nn

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.networks.features import Fourier


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
    """A fully connected network: depth hidden layers of one width, then a linear output layer.

        h_0 = inputs,   h_k = activation(W_k h_(k-1) + b_k),   output = W h_depth + b

    Weights start as Xavier (Glorot) normal, biases as zero.

    Parameters
    ----------
    width, depth : int
        Neurons of a hidden layer, and number of hidden layers.
    activation : str
        tanh, sine, sigmoid, silu, gelu or relu. ReLU has no second derivative and is refused where one is needed.
    fourier : Fourier, optional
        Random Fourier features beside the scaled coordinates.

    Source: Glorot & Bengio, AISTATS 2010, equation 16.
    """

    width: int = 16
    depth: int = 4
    activation: str = "tanh"
    fourier: Fourier | None = None

    def __post_init__(self) -> None:
        for name in ("width", "depth"):
            value = getattr(self, name)
            if isinstance(value, bool) or not isinstance(value, int) or value < 1:
                raise ProblemError(
                    f"MLP: {name}={value!r} is no positive whole number", "Write MLP(width=20, depth=3)."
                )
        if self.activation not in ACTIVATIONS:
            raise ProblemError(
                f"MLP: there is no activation '{self.activation}'", did_you_mean(str(self.activation), ACTIVATIONS)
            )

    def build(self, inputs: int, outputs: int, generator: torch.Generator) -> nn.Sequential:
        """The network as a module in float64 on the CPU, its weights drawn from the generator."""
        layers: list[nn.Module] = []
        for fan_in in [inputs] + [self.width] * (self.depth - 1):
            layers += [_linear(fan_in, self.width, generator), ACTIVATIONS[self.activation]()]
        layers.append(_linear(self.width, outputs, generator))
        return nn.Sequential(*layers)


def _linear(fan_in: int, fan_out: int, generator: torch.Generator) -> nn.Linear:
    layer: nn.Linear = nn.utils.skip_init(nn.Linear, fan_in, fan_out, dtype=torch.float64)
    nn.init.xavier_normal_(layer.weight, generator=generator)
    nn.init.zeros_(layer.bias)
    return layer
