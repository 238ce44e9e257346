"""A network from what is written of it in a file."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pinnsolve.errors import ProblemError
from pinnsolve.networks.inputs import Fourier
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.networks.mlp import MLP, Network
from pinnsolve.networks.random_features import RandomFeatures


def network_of(written: Mapping[str, Any], path: str | Path) -> Network | LocalFeatures:
    """The description of the network that was saved.

    Raises
    ------
    ProblemError
        If it was a module of the user's own, of which the file holds the weights alone.
    """
    if written["kind"] == "RandomFeatures":
        count, scale = written["count"], tuple(written["scale"])
        return RandomFeatures(count=count, scale=scale, activation=written["activation"])
    if written["kind"] == "LocalFeatures":
        activation = written.get("activation", "legendre")
        return LocalFeatures(degree=written["degree"], stages=written["stages"], activation=activation)
    if written["kind"] != "MLP":
        raise ProblemError(
            f"the model {path} was trained with a network of its user's own",
            "Pass one of the same shape: load(path, problem, network=...).",
        )
    fourier = Fourier(**written["fourier"]) if written["fourier"] else None
    return MLP(
        width=written["width"], depth=written["depth"], activation=written["activation"], fourier=fourier,
        dropout=written["dropout"],
    )  # fmt: skip
