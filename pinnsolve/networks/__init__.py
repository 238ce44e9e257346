"""Networks and their inputs: they know no problem."""

from pinnsolve.calls import worded_class
from pinnsolve.networks.inputs import Fourier, Inputs
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.mlp import MLP, Network
from pinnsolve.networks.random_features import RandomFeatures

for made in (MLP, Fourier, LocalFeatures, RandomFeatures):
    worded_class(made)

__all__ = ["MLP", "Fourier", "Inputs", "LocalFeatures", "Network", "RandomFeatures"]
