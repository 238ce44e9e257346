"""All families, by kind."""

from __future__ import annotations

from collections.abc import Callable

from validation.drawn.narrow import bump, crack, dot, pulse, spot
from validation.drawn.rough import plucked, switched, tent, top_hat, tracer, two_materials
from validation.drawn.smooth import cooling, decay, layer, membrane, oscillator
from validation.drawn.statement import Drawn, Numbers
from validation.drawn.undetermined import drum, resonance, said_twice, without_level

FAMILIES: dict[str, tuple[Callable[[Numbers], Drawn], ...]] = {
    "rough": (tent, top_hat, plucked, tracer, two_materials, switched),
    "narrow": (spot, pulse, bump, crack, dot),
    "undetermined": (resonance, without_level, said_twice, drum),
    "other units": (decay, oscillator, cooling, membrane),
    "layers": (layer,),
}
KINDS = {make.__name__: kind for kind, families in FAMILIES.items() for make in families}
MAKE = {make.__name__: make for families in FAMILIES.values() for make in families}
