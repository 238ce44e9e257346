"""One hidden layer that is drawn once and stays; only the output layer is trained."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from pinnsolve.errors import ProblemError
from pinnsolve.networks.features import Fourier


@dataclass(frozen=True)
class RandomFeatures:
    """Random features with a trained output layer:  output = W tanh(A h + b),  h the inputs.

    Each neuron has its own steepness R, log-uniform in `steepness`; its weights and its bias are uniform in [-R, R]. A
    linear problem becomes linear least squares.

    Parameters
    ----------
    count : int
        Neurons of the hidden layer.
    steepness : (float, float)
        The range of R, for inputs scaled to [-1, 1].

    Source: Huang, Zhu & Siew, Neurocomputing 70 (2006) 489-501; Dong & Li, Comput. Methods Appl. Mech. Engrg. 387
    (2021) 114129.
    """

    count: int = 400
    steepness: tuple[float, float] = (1.0, 4.0)

    def __post_init__(self) -> None:
        low, high = self.steepness
        if isinstance(self.count, bool) or not isinstance(self.count, int) or self.count < 1 or not 0 < low <= high:
            raise ProblemError(f"{self!r} is no layer", "Write RandomFeatures(count=400, steepness=(1.0, 4.0)).")

    @property
    def fourier(self) -> Fourier | None:
        return None

    def build(self, inputs: int, outputs: int, generator: torch.Generator) -> nn.Sequential:
        """The network as a module in float64 on the CPU; the output layer starts as Xavier normal."""
        hidden: nn.Linear = nn.utils.skip_init(nn.Linear, inputs, self.count, dtype=torch.float64)
        output: nn.Linear = nn.utils.skip_init(nn.Linear, self.count, outputs, dtype=torch.float64)
        weight, bias = hidden_layers((self.count,), inputs, self.steepness, generator)
        with torch.no_grad():
            hidden.weight.copy_(weight)
            hidden.bias.copy_(bias)
        hidden.requires_grad_(False)
        nn.init.xavier_normal_(output.weight, generator=generator)
        nn.init.zeros_(output.bias)
        return nn.Sequential(hidden, nn.Tanh(), output)


def hidden_layers(
    shape: tuple[int, ...], inputs: int, steepness: tuple[float, float], generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Weights (*shape, inputs) and biases (*shape), uniform in [-R, R], each neuron's R log-uniform in `steepness`."""
    low, high = steepness
    draw = torch.rand(*shape, inputs + 2, generator=generator, dtype=torch.float64)
    own = low * (high / low) ** draw[..., :1]
    return (2 * draw[..., 2:] - 1) * own, ((2 * draw[..., 1:2] - 1) * own)[..., 0]
