"""Networks and their inputs: they know no problem."""

from pinnsolve.networks.inputs import Fourier, Inputs
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.mlp import MLP, Network
from pinnsolve.networks.random_features import RandomFeatures

__all__ = ["MLP", "Fourier", "Inputs", "LocalFeatures", "Network", "RandomFeatures"]
