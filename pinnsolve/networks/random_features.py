"""One hidden layer that is drawn once and stays; only the output layer is trained."""

from __future__ import annotations

from dataclasses import dataclass
from math import pi

import torch
from torch import Tensor, nn

from pinnsolve.errors import ProblemError, did_you_mean
from pinnsolve.least_squares import solved
from pinnsolve.networks.features import Fourier
from pinnsolve.networks.mlp import ACTIVATIONS
from pinnsolve.problem.declaration import whole

RIDGE = 1e-12
FEATURES = ("sine", "tanh")  # activations of random features


@dataclass(frozen=True)
class RandomFeatures:
    """Random features with a trained output layer:  output = W sigma(A h + b),  h the inputs, sigma sine or tanh.

    Each neuron has its own R, log-uniform in `scale`. For sines its weights are uniform in [-R, R] and its phase in
    [-pi, pi]; for tanh its weights have a random direction and the length R, and its plane A h + b = 0 goes through a
    random place. A linear problem becomes linear least squares.

    Parameters
    ----------
    count : int
        Neurons of the hidden layer.
    scale : (float, float)
        The range of R, for inputs scaled to [-1, 1]: the frequency of sines, the steepness of tanh.
    activation : str
        "sine" or "tanh". Sines converge by far the fastest where the solution is smooth.

    Source: Rahimi & Recht, NeurIPS 2007 (sines); Dong & Li, Comput. Methods Appl. Mech. Engrg. 387 (2021) 114129
    (tanh, least squares).
    """

    count: int = 400
    scale: tuple[float, float] = (2.0, 4.0)
    activation: str = "sine"

    def __post_init__(self) -> None:
        whole("RandomFeatures: count", self.count)
        checked("RandomFeatures", self.scale, self.activation)

    @property
    def fourier(self) -> Fourier | None:
        return None

    def build(self, inputs: int, outputs: int, generator: torch.Generator) -> nn.Sequential:
        """The network as a module in float64 on the CPU; the output layer starts as Xavier normal."""
        hidden: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, self.count, dtype=torch.float64)
        output: nn.Linear = nn.utils.skip_init(nn.Linear, self.count, outputs, dtype=torch.float64)
        weight, bias = hidden_layers((self.count,), inputs, self.scale, self.activation, generator)
        with torch.no_grad():
            hidden.weight.copy_(weight)
            hidden.bias.copy_(bias)
        hidden.requires_grad_(False)
        nn.init.xavier_normal_(output.weight, generator=generator)
        nn.init.zeros_(output.bias)
        return nn.Sequential(hidden, ACTIVATIONS[self.activation](), output)


def fitted(features: Tensor, targets: Tensor) -> Tensor | None:
    """The parameters (P,) of the output layer with which features (N, m) come closest to targets (N, outputs)."""
    ones = torch.ones_like(features[:, :1])
    found = solved(torch.cat([features, ones], 1), targets, RIDGE)
    return None if found is None else torch.cat([found[:-1].T.flatten(), found[-1]])


def hidden_layers(
    shape: tuple[int, ...], inputs: int, scale: tuple[float, float], activation: str, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Weights (*shape, inputs) and biases (*shape), drawn as `RandomFeatures` says."""

    def uniform(*size: int) -> Tensor:
        return 2 * torch.rand(*size, generator=generator, dtype=torch.float64) - 1

    low, high = scale
    own = low * (high / low) ** ((uniform(*shape, 1) + 1) / 2)
    if activation == "sine":
        return uniform(*shape, inputs) * own, uniform(*shape) * pi
    direction = torch.randn(*shape, inputs, generator=generator, dtype=torch.float64)
    weight = direction * (own / direction.norm(dim=-1, keepdim=True))
    return weight, -(weight * uniform(*shape, inputs)).sum(-1)


def checked(name: str, scale: tuple[float, float], activation: str) -> None:
    """Refuse what no hidden layer can be drawn from."""
    if activation not in FEATURES:
        raise ProblemError(f"{name}: there is no activation '{activation}'", did_you_mean(str(activation), FEATURES))
    low, high = scale
    if not 0 < low <= high:
        raise ProblemError(f"{name}: scale={scale!r} is no range", f"Write {name}(scale=(0.5, 2.0)).")
