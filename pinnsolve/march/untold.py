"""Where waves of conservation laws come in of which no condition speaks."""

from __future__ import annotations

from collections.abc import Sequence

import torch

from pinnsolve.march.limits import at_place
from pinnsolve.march.waves import RULES, States, coming_in
from pinnsolve.trial.marched import Slab
from pinnsolve.trial.viscous import Law


def untold(law: Law, found: Sequence[Slab], speed: float) -> str:
    """Where more waves come in than conditions stand, in words; empty where there is no such end."""
    if law.problem.periodic or law.spread or law.begun.second:  # of waves all ends are told
        return ""
    laws, (name,) = law.begun, law.problem.domain.space_coordinates
    begin, span = found[0].begin, found[-1].end - found[0].begin
    times = [begin + span * (k + 0.5) / RULES.looks for k in range(RULES.looks)]
    short = []
    for end, place in enumerate(law.problem.domain.ends(name)):
        at = torch.full((len(times),), place, dtype=torch.float64)
        states = States(at, torch.tensor(times, dtype=torch.float64), at_place(found, place, times).cpu())
        missing = coming_in(laws, states, bool(end), speed) - law.told[end]
        if missing > 0:
            short.append(f"{missing} more condition{'s' * (missing > 1)} at {name} = {place:g}")
    return f"waves come in that ask for {' and '.join(short)}" if short else ""
