"""Singular corners: where prescribed values jump, as under the lid of a driven cavity."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from pinnsolve.checks.contradictions import Contradiction
from pinnsolve.geometry.domain import Domain
from pinnsolve.geometry.places import Corner
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.problem.probes import Size

# Of how much all values of the unknown vary: a smaller jump needs no treatment. Larger: a corner that limits the error
# is left alone. Smaller: errors are measured away from corners that do no harm. Chosen, not measured.
SERIOUS = 1e-3


def corners(
    found: Sequence[Contradiction], domain: Domain, derivatives: Mapping[str, set[Alpha]], sizes: Mapping[str, Size]
) -> tuple[Corner, ...]:
    """The singular corners among the contradictions: where values that are given on two faces jump, and the unknown has
    second derivatives along both.

    A jump between the start and a face is none of them, whether time is called time or one more coordinate of space:
    what happens there decides all that comes later, so nothing may be weighted down (measured on a plate whose
    temperature jumps: an error of 8e-3 instead of 2e-3).
    """
    places: dict[tuple[tuple[str, float], ...], Corner] = {}
    for c in found:
        (first, here), (second, there) = c.first, c.second
        walls = here.face is not None and there.face is not None and first.says("value") and second.says("value")
        if not walls or not c.jump > SERIOUS * 2 * sizes[str(first.unknown)].scale:
            continue
        fixed = {**here.fixed, **there.fixed}
        axes = [domain.coordinates.index(name) for name in fixed]
        if all(any(alpha[axis] > 1 for alpha in derivatives[str(first.unknown)]) for axis in axes):
            places[tuple(sorted(fixed.items()))] = Corner({name: fixed[name] for name in c.place if name in fixed})
    return tuple(places.values())
