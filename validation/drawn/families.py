"""All families, by kind."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from validation.drawn.curves import CURVES
from validation.drawn.fronts import FRONTS
from validation.drawn.narrow import bump, crack, dot, pulse, spot
from validation.drawn.rough import plucked, switched, tent, top_hat, tracer, two_materials
from validation.drawn.shapes import SHAPES
from validation.drawn.smooth import cooling, decay, layer, membrane, oscillator
from validation.drawn.statement import Drawn, Numbers
from validation.drawn.undetermined import drum, resonance, said_twice, without_level

FAMILIES: dict[str, tuple[Callable[[Numbers], Drawn], ...]] = {
    "rough": (tent, top_hat, plucked, tracer, two_materials, switched),
    "narrow": (spot, pulse, bump, crack, dot),
    "undetermined": (resonance, without_level, said_twice, drum),
    "other units": (decay, oscillator, cooling, membrane),
    "layers": (layer,),
    "fronts": tuple(FRONTS.values()),
    "shapes": tuple(SHAPES.values()),
    "curves": tuple(CURVES.values()),
}
KINDS = {make.__name__: kind for kind, families in FAMILIES.items() for make in families}
MAKE = {make.__name__: make for families in FAMILIES.values() for make in families}
_boxes = sorted(MAKE.keys() - SHAPES.keys() - FRONTS.keys() - CURVES.keys())
NUMBERS = {name: k for k, name in enumerate(_boxes)} | {name: 100 + k for k, name in enumerate(sorted(SHAPES))}
NUMBERS |= {name: 200 + k for k, name in enumerate(sorted(FRONTS))}
NUMBERS |= {name: 300 + k for k, name in enumerate(sorted(CURVES))}


def drawn(name: str, seed: int) -> Drawn:
    """One problem of a family; the same one for each seed whatever families there are besides."""
    return MAKE[name](np.random.default_rng([NUMBERS[name], seed]))
