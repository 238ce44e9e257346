"""Devices by name."""

from __future__ import annotations

import torch

from pinnsolve.errors import ProblemError


def usable_device(name: str) -> torch.device:
    """A device that exists on this machine."""
    possible = ["cpu"] + ["cuda"] * torch.cuda.is_available()
    try:
        device = torch.device(name)
        torch.zeros(1, device=device)
    except Exception:
        raise ProblemError(f"the device '{name}' cannot be used here", f"Possible: {', '.join(possible)}") from None
    return device
