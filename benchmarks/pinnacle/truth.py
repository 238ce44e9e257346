"""The truth of a task, computed once and kept in `benchmarks/.cache/pinnacle/`.

A truth is computed anew where the function that makes it has changed. Where what that calls has changed, delete the
file.
"""

from __future__ import annotations

import inspect
import json
import zlib
from typing import Any

import numpy as np

from benchmarks.pinnacle.truths import diffusion, flows, formulas, potentials, solid, spectra, waves
from benchmarks.pinnacle.truths.record import Truth
from benchmarks.truth import CACHE

FOLDER = CACHE / "pinnacle"
TRUTHS = {
    **formulas.TRUTHS, **potentials.TRUTHS, **solid.TRUTHS, **diffusion.TRUTHS, **spectra.TRUTHS, **flows.TRUTHS,
    **waves.TRUTHS,
}  # fmt: skip


def truth(name: str) -> Truth:
    """That of a task, from its file or computed."""
    made = TRUTHS[name]
    path = FOLDER / f"{name}-{zlib.crc32(inspect.getsource(made).encode()):08x}.npz"
    if path.exists():
        with np.load(path) as kept:
            told = json.loads(str(kept["told"]))
            places, values = ({n: kept[f"{kind}_{n}"] for n in told[kind]} for kind in ("at", "of"))
            return Truth(places, values, told["own"], told["about"])
    found = made()
    told = {"at": list(found.places), "of": list(found.values), "own": dict(found.own), "about": found.about}
    arrays: dict[str, Any] = {f"at_{n}": v for n, v in found.places.items()} | {
        f"of_{n}": v for n, v in found.values.items()
    }
    FOLDER.mkdir(parents=True, exist_ok=True)
    np.savez(path, told=json.dumps(told), **arrays)
    return found
