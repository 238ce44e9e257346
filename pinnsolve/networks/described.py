"""What a network's description says of it."""

from __future__ import annotations

from dataclasses import replace
from typing import TypeGuard

from torch import nn

from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.mlp import Network
from pinnsolve.networks.random_features import RandomFeatures


def described_network(network: Network | LocalFeatures | nn.Module) -> str:
    return type(network).__name__ if isinstance(network, nn.Module) else repr(network)


def is_features(network: Network | LocalFeatures | nn.Module) -> bool:
    """Whether all but the output layer is drawn once and stays."""
    return isinstance(network, RandomFeatures | LocalFeatures)


def kind_of(network: Network | LocalFeatures | nn.Module) -> str:
    """A network's description, but for how many random features it has."""
    return described_network(replace(network, count=1) if isinstance(network, RandomFeatures) else network)


def alike(a: object, b: RandomFeatures) -> TypeGuard[RandomFeatures]:
    """Whether two layers differ in how many features they have alone."""
    return isinstance(a, RandomFeatures) and replace(a, count=b.count) == b
