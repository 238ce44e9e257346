"""Layers at the beginning of a network that train nothing: what they make of a point is computed once."""

from __future__ import annotations

from typing import cast

from torch import nn


def frozen(module: nn.Module) -> int:
    """How many layers at the beginning of a sequence train nothing."""
    found = list(module) if type(module) is nn.Sequential else []  # a subclass may do more than its layers
    trained = [k for k, layer in enumerate(found) if any(p.requires_grad for p in layer.parameters())]
    return trained[0] if trained else 0


def layers(module: nn.Module, begin: int, end: int | None) -> nn.Sequential:
    """Some layers of a sequence."""
    return nn.Sequential(*list(cast(nn.Sequential, module))[begin:end])
