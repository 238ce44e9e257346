"""A steady solution on its way as plain values, and again from them to the same bits."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import torch
from torch import Tensor

from pinnsolve.networks.reference_cell import degree_of
from pinnsolve.networks.tiles import Tiles
from pinnsolve.steady.cells import SteadyCells
from pinnsolve.steady.easing import Easing
from pinnsolve.steady.measured import sizes_like
from pinnsolve.steady.whole import SteadyWhole

KEPT = "parent", "offs", "tries", "solved", "settled", "bound", "factorised", "defect", "degree"


def taken_up(whole: SteadyWhole, mesh: Tiles, coefficients: Tensor, kept: Mapping[str, Any]) -> SteadyWhole:
    """The same, with what `stored` gave and the cells of the next round."""
    sizes = tuple(kept["sizes"].tolist())
    whole.scheme = replace(whole.scheme, degree=degree_of(coefficients.shape[2], mesh.dims))  # it may have been raised
    scheme = replace(whole.scheme, evolution=replace(whole.scheme.evolution, sizes=sizes))
    for name in KEPT:
        setattr(whole, name, kept[name])
    whole.easing = Easing.restored(kept["easing"]) if kept["easing"] else None
    added = {} if whole.easing is None else whole.easing.added
    whole.cells = SteadyCells(scheme, mesh, coefficients, added=added)
    if good := kept["good"]:
        before = tuple(good["sizes"].tolist())
        degree = degree_of(good["coefficients"].shape[2], mesh.dims)
        was = replace(scheme, evolution=replace(scheme.evolution, sizes=before), degree=degree)
        whole.good = SteadyCells(
            was, Tiles.placed(mesh.ends, good["places"], mesh.device, mesh.region), good["coefficients"]
        )
    return whole


def stored(whole: SteadyWhole) -> dict[str, Any]:
    """All that the next round depends on beside the cells."""
    good = whole.good
    kept = {} if good is None else {
        "places": torch.tensor(good.mesh.places), "coefficients": good.coefficients, "sizes": sizes_like(good),
    }  # fmt: skip
    return {
        "sizes": sizes_like(whole.cells), "easing": whole.easing.stored() if whole.easing else [], "good": kept,
    } | {name: getattr(whole, name) for name in KEPT}  # fmt: skip
