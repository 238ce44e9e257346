"""Layers at the beginning of a network that train nothing: what they make of a point is computed once."""

from __future__ import annotations

from typing import cast

from torch import nn

from pinnsolve.networks.dropout import Dropout


def frozen(module: nn.Module) -> int:
    """How many layers at the beginning of a sequence are the same at every step."""
    found = list(module) if type(module) is nn.Sequential else []  # a subclass may do more than its layers
    moving = [
        k for k, layer in enumerate(found)
        if isinstance(layer, Dropout) or any(p.requires_grad for p in layer.parameters())
    ]  # fmt: skip
    return moving[0] if moving else 0


def layers(module: nn.Module, begin: int, end: int | None) -> nn.Sequential:
    """Some layers of a sequence."""
    return nn.Sequential(*list(cast(nn.Sequential, module))[begin:end])


def told(network: nn.Module) -> list[tuple[str, str, int]]:
    """One row for each layer: name, what it is, and its number of trained parameters."""
    rows = []
    for name, module in network.named_modules():
        if not list(module.children()):
            trained = [p.numel() for p in module.parameters() if p.requires_grad]
            kept = ", frozen" * (not trained and any(True for _ in module.parameters()))
            rows.append((name or "network", f"{module}{kept}", sum(trained)))
    return rows
