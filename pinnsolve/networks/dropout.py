"""Dropout: in training, hidden neurons are left out at random, so that none relies on a few others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import torch
from torch import nn

from pinnsolve.errors import ProblemError


class Dropout(nn.Module):
    """h <- m h / (1 - p), with m zero with probability p and one otherwise, for each point and each neuron.

    The expectation of h stays as it is. At one point the mask is the same for h and for all its derivatives: what a
    residual sees there is one thinned network. Outside `thinned`, the layer leaves h as it is.

    Parameters
    ----------
    p : float
        The probability of being left out, from zero to below one (dimensionless).

    Source: Srivastava et al., J. Mach. Learn. Res. 15 (2014) 1929, sections 4 and 10 (inverted dropout).
    """

    def __init__(self, p: float) -> None:
        super().__init__()
        self.p = p
        self.generator: torch.Generator | None = None

    def forward(self, h: Any) -> Any:
        if self.generator is None:
            return h
        drawn = torch.rand(tuple(h.shape), generator=self.generator, dtype=torch.float64)
        return h * ((drawn >= self.p).to(h.device, h.dtype) / (1 - self.p))

    def extra_repr(self) -> str:
        return f"p={self.p}"


@contextmanager
def thinned(network: nn.Module, generator: torch.Generator) -> Iterator[None]:
    """While this lasts, dropout is at work, with masks from a generator on the CPU."""
    layers = [layer for layer in network.modules() if isinstance(layer, Dropout)]
    for layer in layers:
        layer.generator = generator
    try:
        yield
    finally:
        for layer in layers:
            layer.generator = None


def adopted(network: nn.Module) -> nn.Module:
    """The user's own module (a copy) with torch's dropout layers, which draw from a global source, replaced by ours."""
    for name, child in network.named_children():
        setattr(network, name, Dropout(child.p) if type(child) is nn.Dropout else adopted(child))
    return network


def drops(network: object) -> bool:
    """Whether a network, or its description, has dropout."""
    if isinstance(network, nn.Module):
        return any(isinstance(layer, Dropout | nn.Dropout) and layer.p > 0 for layer in network.modules())
    return bool(getattr(network, "dropout", 0.0))


def probability(what: str, value: float) -> None:
    """Refuse what is no probability of being left out."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value < 1:
        raise ProblemError(f"{what}={value!r} is no probability below one", "Write MLP(dropout=0.2).")
