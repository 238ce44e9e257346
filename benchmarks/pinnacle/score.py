"""How far a solution is from the truth: all outputs together, as the benchmark has it, and each by itself."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from benchmarks.pinnacle.truths.record import JOINT, Truth, difference
from validation.refine import Array

REACHED = 1e-2  # the relative error up to which a chaotic solution counts as followed


@dataclass(frozen=True)
class Part:
    """What is scored by itself: an output, less a number or its mean, where `where` of the coordinates holds."""

    name: str
    output: str
    less: float | None = 0.0  # None: its mean
    where: Callable[[Mapping[str, Array]], Any] = lambda at: np.full(len(next(iter(at.values()))), True)


def until(end: float) -> Part:
    return Part(f"u to t = {end:g}", "u", where=lambda at: at["t"] <= end)


def away(*points: tuple[float, float]) -> Callable[[Mapping[str, Array]], Any]:
    """Outside of discs of radius 0.1."""
    return lambda at: np.all([np.hypot(at["x"] - a, at["y"] - b) > 0.1 for a, b in points], axis=0)


PARTS = {
    "ns2d_c": (
        Part("u", "u"), Part("v", "v"), Part("p less its mean, off the lid's corners", "p", None, away((0, 1), (1, 1))),
    ),
    "ns2d_cg": (Part("u", "u"), Part("v", "v"), Part("p", "p"), Part("p off the edge", "p", where=away((2, 1)))),
    "gs": (Part("u - 1", "u", 1.0), Part("v", "v")),
    "heat2d_lt": (Part("u", "u"), until(1), until(10)),
    "wave2d_ms": (Part("u", "u"), until(1), until(10)),
}  # fmt: skip


def scored(name: str, true: Truth, found: Mapping[str, Array]) -> dict[str, Any]:
    """The errors: "joint" and "outputs", over all places; "solved", the share of places that have values, with the
    joint error over these; and of what is chaotic the time up to which it was followed.

    A place without a value has no error: where there is one, joint and its output are None.
    """
    parts = PARTS.get(name) or tuple(Part(output, output) for output in true.values)
    both = [np.concatenate([values[output] for output in true.values]) for values in (found, true.values)]
    known = np.isfinite(both[0])
    told: dict[str, Any] = {
        JOINT: error(*both),
        "outputs": {part.name: _part(part, true, found) for part in parts},
        "solved": float(known.mean()),
        "joint where solved": error(both[0][known], both[1][known]) if known.any() else None,
    }
    if name == "ks":
        told["followed to t"] = followed(true.places["t"], found["u"], true.values["u"])
    return told


def _part(part: Part, true: Truth, found: Mapping[str, Array]) -> float | None:
    where = part.where(true.places)
    values = [v[part.output][where] for v in (found, true.values)]
    return error(*(v - (v.mean() if part.less is None else part.less) for v in values))


def error(found: Array, truth: Array) -> float | None:
    """The relative L2 error, or None where a value is missing."""
    return difference(found, truth) if np.isfinite(found).all() else None


def followed(t: Array, found: Array, truth: Array) -> float:
    """The last of the times up to which the relative error at each time is below a hundredth."""
    last = 0.0
    for time in np.unique(t):
        at = t == time
        wrong = error(found[at], truth[at])
        if wrong is None or wrong > REACHED:
            break
        last = float(time)
    return last
