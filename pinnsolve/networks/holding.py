"""Which cells hold places of wider ones: only those that touch a wide cell are looked at."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.networks.tiles import Tiles


@dataclass(frozen=True)
class Rules:
    """How cells are looked at.

    Parameters
    ----------
    together : int
        Wide cells in one, each with as many neighbours as the one that has most of them. More: memory.
    """

    together: int = 16


RULES = Rules()


def holding(old: Tiles, new: Tiles, wide: Tensor, x: Tensor) -> Tensor:
    """The old cells (w, P) that hold places x (w, P, dims) of wide new cells (w,), or are nearest to these, of the same
    part."""
    (low, high), (below, above) = ([u[:, : old.dims] for u in mesh.units] for mesh in (old, new))
    wide = wide.cpu()
    alike = new.parts[wide, None] == old.parts
    touching = ((low <= above[wide, None]) & (below[wide, None] <= high)).all(-1) & alike
    touching = torch.where(touching.any(1, keepdim=True), touching, alike).to(x.device)  # (w, n)
    begin, end = (torch.stack([old.along_axis(k, u[:, k]) for k in range(old.dims)], -1).to(x) for u in (low, high))
    counts, found = touching.sum(1), torch.zeros(x.shape[:2], dtype=torch.int64, device=x.device)
    for mine in counts.argsort().split(RULES.together):
        chosen = touching[mine].int().sort(dim=1, descending=True, stable=True).indices[:, : int(counts[mine].max())]
        at = x[mine][:, :, None]
        away = torch.maximum(begin[chosen][:, None] - at, at - end[chosen][:, None]).amax(-1)  # (w', P, k)
        away = away.masked_fill(~touching[mine].gather(1, chosen)[:, None], torch.inf)
        found[mine] = chosen.gather(1, away.argmin(-1))
    return found
