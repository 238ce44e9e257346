"""Networks, their inputs, and the trial function that makes conditions exact."""

from pinnsolve.networks.features import Fourier, Inputs
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.mlp import MLP, Network
from pinnsolve.networks.random_features import RandomFeatures
from pinnsolve.networks.trial import Trial

__all__ = ["MLP", "Fourier", "Inputs", "LocalFeatures", "Network", "RandomFeatures", "Trial"]
