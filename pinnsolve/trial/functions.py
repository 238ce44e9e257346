"""The unknown functions of a problem: a network of its own for each, over the coordinates on which it depends.

Where values are known on faces, what is trained is g + phi * network, as for the unknowns (`pinnsolve.trial.lift`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.networks.frozen import frozen, layers
from pinnsolve.networks.inputs import Inputs
from pinnsolve.networks.mlp import MLP
from pinnsolve.networks.random_features import RandomFeatures, fitted
from pinnsolve.problem.unknown import Unknown
from pinnsolve.trial.lift import Ends, lift

if TYPE_CHECKING:
    from pinnsolve.problem.problem import Problem

TRAINED = MLP(width=8, depth=2)  # beside a trained network
FEATURES = RandomFeatures(count=60, scale=(2.0, 6.0))  # beside random features


@dataclass(frozen=True)
class Seen:
    """What of a function does not change in training: its inputs, or what frozen layers make of them, and g and phi."""

    inputs: Any
    lifted: tuple[Jet, Jet] | None = None


class Functions:
    """Networks z of the unknown functions `Unknown.value(z)`; their output layers are zero at first."""

    def __init__(self) -> None:
        self.declared: dict[str, Unknown] = {}
        self.inputs: dict[str, Inputs] = {}
        self.known: Mapping[str, list[Ends]] = {}  # where values are
        self.problem: Problem | None = None
        self.networks: dict[str, nn.Sequential] = {}  # no ModuleDict: it has attributes that names may be

    @classmethod
    def drawn(
        cls, problem: Problem, known: Mapping[str, list[Ends]], linear: bool, generator: torch.Generator,
        dtype: torch.dtype, device: torch.device,
    ) -> Functions:  # fmt: skip
        """Those of a problem, with values where they are `known`; `linear` if only output layers are to be trained."""
        made = cls()
        made.problem, made.known = problem, known
        periods = {p.coordinate for p in problem.periodic}
        for name, function in problem.functions.items():
            mine = problem.domain.over(function.coordinates)
            inputs = Inputs(mine, tuple(c for c in function.coordinates if c in periods), None, generator)
            network = (FEATURES if linear else TRAINED).build(inputs.count, 1, generator)
            nn.init.zeros_(cast(nn.Linear, network[-1]).weight)
            made.declared[name], made.inputs[name] = function, inputs
            made.networks[name] = network.to(device=device, dtype=dtype)
        return made

    @property
    def parameters(self) -> list[nn.Parameter]:
        return [p for network in self.networks.values() for p in network.parameters() if p.requires_grad]

    def seen(self, at: Mapping[str, Jet], points: Points) -> dict[str, Any]:
        """What does not change in training, by name."""
        found: dict[str, Any] = {}
        for name, network in self.networks.items():
            assert self.problem is not None
            inputs = layers(network, 0, frozen(network))(self.inputs[name](at))
            found[name] = Seen(inputs, lift(self.problem, self.known.get(name, []), points, at))
        return found

    def fields(self, seen: Mapping[str, Any]) -> dict[str, Jet]:
        """The functions as fields (N,)."""
        found = {}
        for name, z in self._raw(seen).items():
            lifted = seen[name].lifted
            found[name] = self.declared[name].value(z if lifted is None else lifted[0] + lifted[1] * z)
        return found

    def _raw(self, seen: Mapping[str, Any]) -> dict[str, Any]:
        return {n: layers(net, frozen(net), None)(seen[n].inputs)[:, 0] for n, net in self.networks.items()}

    @torch.no_grad()
    def follow(self, mine: Mapping[str, Any], other: Functions, theirs: Mapping[str, Any]) -> list[Tensor]:
        """The parameters that come closest to another's functions on the same points, where only output layers are
        trained."""
        found = []
        for name, z in other._raw(theirs).items():
            best = fitted([(mine[name].inputs.value, z.value[:, None])], len(z))
            found.append(torch.cat([p.detach().flatten() for p in self.parameters_of(name)]) if best is None else best)
        return found

    def parameters_of(self, name: str) -> list[nn.Parameter]:
        """Those of one function."""
        return [p for p in self.networks[name].parameters() if p.requires_grad]

    def tensors(self) -> dict[str, Tensor]:
        """All numbers, by name."""
        return {
            f"{name}.{n}": v.detach().cpu().contiguous()
            for name, network in self.networks.items()
            for n, v in network.state_dict().items()
        }

    def restore(self, tensors: Mapping[str, Tensor]) -> None:
        """Take over saved numbers; a RuntimeError if they are those of other functions."""
        parts: dict[str, dict[str, Tensor]] = {name: {} for name in self.networks}
        for n, value in tensors.items():
            name, _, own = n.partition(".")
            if name not in parts:
                raise RuntimeError(f"there is no unknown function '{name}'")
            parts[name][own] = value
        for name, part in parts.items():
            self.networks[name].load_state_dict(part)
