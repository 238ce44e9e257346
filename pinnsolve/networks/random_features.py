"""One hidden layer that is drawn once and stays; only the output layer is trained."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from math import pi
from typing import Any

import torch
from torch import Tensor, nn

from pinnsolve.algebra.least_squares import Triangle
from pinnsolve.algebra.tolerances import RIDGE
from pinnsolve.errors import ProblemError, did_you_mean, is_number, whole
from pinnsolve.networks.inputs import Fourier
from pinnsolve.networks.mlp import ACTIVATIONS, undrawn

# The smallest scale at which a place is seen, for inputs scaled to [-1, 1]. Larger: a corner is less resolved. Smaller:
# neurons see what no collocation point shows. Measured against none: `python -m validation.features`, "corners".
FINEST = 0.01
FEATURES = ("sine", "tanh")  # activations of random features


@dataclass(frozen=True)
class RandomFeatures:
    """Random features with a trained output layer:  output = W sigma(A h + b),  h the inputs, sigma sine or tanh.

    Each neuron has its own R, log-uniform in `scale`. For sines its weights are uniform in [-R, R] and its phase in
    [-pi, pi]; for tanh its weights have a random direction and the length R, and its plane A h + b = 0 goes through a
    random place. A linear problem becomes linear least squares.

    Source: Rahimi & Recht, NeurIPS 2007 (sines); Dong & Li, Comput. Methods Appl. Mech. Engrg. 387 (2021) 114129
    (tanh, least squares).

    Parameters
    ----------
    count : int
        Neurons of the hidden layer.
    scale : (float, float)
        The range of R, for inputs scaled to [-1, 1]: the frequency of sines, the steepness of tanh.
    activation : str
        "sine" or "tanh". Sines converge by far the fastest where the solution is smooth.
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

    def build(
        self,
        inputs: int,
        outputs: int,
        generator: torch.Generator,
        around: Sequence[Mapping[int, float]] = (),
        seen: Tensor | None = None,
    ) -> nn.Sequential:
        """The network as a module in float64 on the CPU; the output layer starts as Xavier normal.

        `around` names places, by input and value, that half of the neurons see at scales of their own (`Zoomed`);
        `seen` (count, inputs) says which inputs each neuron sees, where it does not see all.
        """
        plain = undrawn(inputs, self.count)
        output = undrawn(self.count, outputs)
        weight, bias = hidden_layers((self.count,), inputs, self.scale, self.activation, generator, seen)
        with torch.no_grad():
            plain.weight.copy_(weight)
            plain.bias.copy_(bias)
        hidden = Zoomed(plain, around, self.scale, generator) if around else plain
        hidden.requires_grad_(False)
        nn.init.xavier_normal_(output.weight, generator=generator)
        nn.init.zeros_(output.bias)
        return nn.Sequential(hidden, ACTIVATIONS[self.activation](), output)


class Zoomed(nn.Module):
    """A hidden layer half of whose neurons see the direction of a place at a scale of their own:

        z_k = a_k . h + b_k + c_k . d_k,     d_k = (h - place) / sqrt(|h - place|^2 + s_k^2),

    h - place in the inputs that fix the place, s_k log-uniform from `FINEST` to one, the entries of c_k uniform in
    [-R, R]. Together they represent what a singular corner leaves in its surroundings at every scale.
    """

    def __init__(
        self, plain: nn.Linear, places: Sequence[Mapping[int, float]], scale: tuple[float, float],
        generator: torch.Generator,
    ) -> None:  # fmt: skip
        super().__init__()
        self.plain = plain
        count, inputs = plain.weight.shape
        mine = torch.arange(count) % len(places)
        size = FINEST ** torch.rand(count, generator=generator, dtype=torch.float64)
        own = scale[0] * (scale[1] / scale[0]) ** torch.rand(count, generator=generator, dtype=torch.float64)
        own[count // 2 :] = 0.0
        self.axes = max(len(place) for place in places)
        for k in range(self.axes):
            at = torch.tensor([list(place.items())[k] for place in places], dtype=torch.float64)[mine]
            toward = torch.zeros(count, inputs, dtype=torch.float64)
            toward[torch.arange(count), at[:, 0].long()] = 1 / size
            self.register_buffer(f"toward_{k}", toward)
            self.register_buffer(f"offset_{k}", -at[:, 1] / size)
            factor = (2 * torch.rand(count, generator=generator, dtype=torch.float64) - 1) * own
            self.register_buffer(f"factor_{k}", factor)

    def forward(self, h: Any) -> Any:
        away = [
            nn.functional.linear(h, getattr(self, f"toward_{k}"), getattr(self, f"offset_{k}"))
            for k in range(self.axes)
        ]
        inverse = (sum(a * a for a in away) + 1.0) ** -0.5
        z = self.plain(h)
        for k, a in enumerate(away):
            z = z + a * inverse * getattr(self, f"factor_{k}")
        return z


def fitted(parts: Iterable[tuple[Tensor, Tensor]], rows: int) -> Tensor | None:
    """The parameters (P,) of the output layer with which features come closest to targets: (n, m) and (n, outputs) at a
    time, `rows` in all."""
    triangle: Triangle | None = None
    for features, targets in parts:
        matrix = torch.cat([features, torch.ones_like(features[:, :1])], 1)
        triangle = triangle or Triangle(rows, matrix.shape[1], matrix, targets.shape[1])
        triangle.add(matrix, targets)
    found = None if triangle is None else triangle.solved(RIDGE)
    return None if found is None else torch.cat([found[0][:-1].T.flatten(), found[0][-1]])


def hidden_layers(
    shape: tuple[int, ...],
    inputs: int,
    scale: tuple[float, float],
    activation: str,
    generator: torch.Generator,
    seen: Tensor | None = None,
) -> tuple[Tensor, Tensor]:
    """Weights (*shape, inputs) and biases (*shape), drawn as `RandomFeatures` says; zero for inputs not `seen`."""
    seen = torch.ones(*shape, inputs, dtype=torch.float64) if seen is None else seen

    def uniform(*size: int) -> Tensor:
        return 2 * torch.rand(*size, generator=generator, dtype=torch.float64) - 1

    low, high = scale
    own = low * (high / low) ** ((uniform(*shape, 1) + 1) / 2)
    if activation == "sine":
        return uniform(*shape, inputs) * own * seen, uniform(*shape) * pi
    direction = torch.randn(*shape, inputs, generator=generator, dtype=torch.float64) * seen
    weight = direction * (own / direction.norm(dim=-1, keepdim=True))
    return weight, -(weight * uniform(*shape, inputs)).sum(-1)


def checked(name: str, scale: tuple[float, float], activation: str) -> None:
    """Refuse what no hidden layer can be drawn from."""
    if not isinstance(activation, str) or activation not in FEATURES:
        raise ProblemError(f"{name}: there is no activation '{activation}'", did_you_mean(str(activation), FEATURES))
    pair = isinstance(scale, tuple | list) and len(scale) == 2 and all(map(is_number, scale))
    if not pair or not 0 < scale[0] <= scale[1]:
        raise ProblemError(f"{name}: scale={scale!r} is no range", f"Write {name}(scale=(0.5, 2.0)).")
