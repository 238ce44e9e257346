"""The unknown functions of a problem: a network of its own for each, over the coordinates on which it depends.

Where values are known on faces, what is trained is g + phi * network, as for the unknowns (`pinnsolve.trial.lift`);
where values of a function of one unknown are known, g interpolates them and phi vanishes there.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import torch
from torch import Tensor, nn

from pinnsolve.geometry.box import Box
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.networks.frozen import frozen, layers
from pinnsolve.networks.inputs import Inputs
from pinnsolve.networks.mlp import MLP
from pinnsolve.networks.random_features import RandomFeatures, fitted
from pinnsolve.problem.expansion import Reach
from pinnsolve.problem.on_planes import holding
from pinnsolve.problem.probes import Size
from pinnsolve.problem.unknown import Unknown
from pinnsolve.trial.lift import Ends, lift
from pinnsolve.trial.reach import reaches_of
from pinnsolve.trial.ties import interpolated, ties_within

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
        self.reach: Mapping[str, Reach] = {}  # of those that depend on unknowns
        self.networks: dict[str, nn.Sequential] = {}  # no ModuleDict: it has attributes that names may be

    @classmethod
    def drawn(
        cls, problem: Problem, known: Mapping[str, list[Ends]], sizes: Mapping[str, Size], linear: bool,
        generator: torch.Generator, dtype: torch.dtype, device: torch.device,
    ) -> Functions:  # fmt: skip
        """Those of a problem, with values where they are `known`, of unknowns of these `sizes`; `linear` if only output
        layers are to be trained."""
        made = cls()
        made.problem, made.known, made.reach = problem, known, reaches_of(problem, sizes)
        periods = {p.coordinate for p in problem.periodic}
        for name, function in problem.functions.items():
            reach = dict(zip(function.coordinates, made.reach.get(name, ()), strict=name in made.reach))
            mine = Domain(Box(**reach)) if reach else problem.domain.over(function.coordinates)
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
        """What does not change in training, by name; of a function of unknowns the coordinates beside them."""
        found: dict[str, Any] = {}
        for name, network in self.networks.items():
            assert self.problem is not None
            if name in self.reach:
                found[name] = {c: at[c] for c in self.declared[name].coordinates if c not in self.problem.unknowns}
            else:
                inputs = layers(network, 0, frozen(network))(self.inputs[name](at))
                found[name] = Seen(inputs, lift(self.problem, self.known.get(name, []), points, at))
        return found

    def fields(self, seen: Mapping[str, Any], unknowns: Mapping[str, Jet]) -> dict[str, Jet]:
        """The functions as fields (N,), where unknowns are as given."""
        at = dict(unknowns)
        for name in self.reach:
            at |= seen[name]
        found = {n: self.alone(n, at) if n in self.reach else self.along(n, seen) for n in self.networks}
        return self.told(found, at)

    def along(self, name: str, seen: Mapping[str, Any]) -> Jet:
        """A function of coordinates, (N,), where these are as was seen."""
        z, lifted = self._raw(name, seen), seen[name].lifted
        found: Jet = self.declared[name].value(z if lifted is None else lifted[0] + lifted[1] * z)
        return found

    def told(self, found: dict[str, Jet], at: Mapping[str, Jet]) -> dict[str, Jet]:
        """The same, with functions of unknowns as they are of what experiments have in their place."""
        again = {} if self.problem is None else self.problem.again
        for name, other in again.items():
            if other.name in self.declared:
                found[name] = self.alone(other.name, {**at, **{u: at[v] for u, v in other.names.items()}})
        return found

    def alone(self, name: str, at: Mapping[str, Jet]) -> Jet:
        """A function of unknowns, (N,), where these are as given."""
        assert self.problem is not None
        inputs, known = self.inputs[name](at), self.problem.known_values.get(name, ())
        z = self.networks[name](inputs)[:, 0]
        if ties := ties_within(self.declared[name], known, self.reach[name][0]):
            g, phi = interpolated(ties, inputs[:, 0])
            z = g + phi * z
        z = holding(self.problem.known_planes.get(name, ()), self.declared[name], at, self.reach[name], z)
        found: Jet = self.declared[name].value(z)
        return found

    def _raw(self, name: str, seen: Mapping[str, Any]) -> Any:
        network = self.networks[name]
        return layers(network, frozen(network), None)(seen[name].inputs)[:, 0]

    @torch.no_grad()
    def follow(self, mine: Mapping[str, Any], other: Functions, theirs: Mapping[str, Any]) -> list[Tensor]:
        """The parameters that come closest to another's functions on the same points, where only output layers are
        trained; those of unknowns over their reach."""
        found = []
        for name, network in self.networks.items():
            if name in self.reach:
                s = _over(len(self.reach[name])).to(next(network.parameters()))
                features, z = layers(network, 0, frozen(network))(s), other.networks[name](s)
            else:
                features, z = mine[name].inputs.value, other._raw(name, theirs).value[:, None]
            best = fitted([(features, z)], len(z))
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


def _over(arguments: int) -> Tensor:
    """Places of (-1, 1) along each argument, (N, arguments)."""
    axis = torch.linspace(-1, 1, 200 if arguments == 1 else 24, dtype=torch.float64)
    return torch.cartesian_prod(*[axis] * arguments).view(-1, arguments)
