"""The method that solves all steps of a march again with other features, whose distance tells the error."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pinnsolve.cells.implicit_step import Scheme, Step
from pinnsolve.cells.stage_costs import operations
from pinnsolve.cells.stage_operator import that_fit
from pinnsolve.machine.room import UNLIMITED, Room
from pinnsolve.march.asked import RULES as ASKED
from pinnsolve.march.asked import accuracy, closeness, may_be_even, share_of
from pinnsolve.march.cells import first_cells
from pinnsolve.march.keeping import measured
from pinnsolve.march.like_cells import unlike, varies
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.pace import collocated, spent
from pinnsolve.march.rules import RULES
from pinnsolve.march.second import RULES as SECOND
from pinnsolve.march.second import apart, as_it_was, richer, slabs, stages_for, steps_of, told_by_distance
from pinnsolve.march.start import missed_at_start
from pinnsolve.march.step_solver import RULES as STEP
from pinnsolve.march.step_solver import Counts
from pinnsolve.methods import fitted, line_solving, range_nodes, steady_solving
from pinnsolve.methods.fitting_rules import RULES as FITTING
from pinnsolve.methods.in_hand import evolution_of, known_of, marched
from pinnsolve.methods.last_terms import RULES as TERMS
from pinnsolve.methods.last_terms import left_by_iterations, part_left
from pinnsolve.methods.protocol import Objective, State
from pinnsolve.methods.told_by_poorer import RULES as POORER
from pinnsolve.methods.told_by_poorer import good_enough, part_of, part_of_kinks, tells
from pinnsolve.residuals.costs import JOINED
from pinnsolve.trial.evolution import Evolution
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.marched import Marched, Slab
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.over_ranges import OverRanges
from pinnsolve.trial.planar import Planar


@dataclass(frozen=True, kw_only=True)
class Enriching:
    """One step solves all steps of the best march so far again, with two degrees more in space and in time.

    It is better by orders, so that the distance of the two is the error of the first, and more than its own. Where
    there is no time or no memory for that, it is two degrees fewer, which take a tenth: the distance is then the error
    of the poorer one, and more than that of the first. Over a plane, where slopes change from step to step and so all
    is factorised anew, these come first: what they tell may be small enough (`methods.told_by_poorer`).

    Parameters
    ----------
    more : int
        Degrees more, over a plane, in place of two.
    sparing : bool
        Whether fewer may do.
    even : bool
        As the march's that is solved again.
    """

    share: float = 1e-2
    more: int = 2
    sparing: bool = True
    even: bool = False
    least: float = 1e-11
    bound = None
    name = "enriching"
    words = "cells, solved again"
    steps = None
    cycle = 1
    redraws = False

    def init(self, objective: Objective) -> State:
        known = objective.guess() if objective.guess is not None else None
        left, more = 0.0, self.more
        if isinstance(known, Marched) and known.complete:
            more = POORER.fewer if self.even and may_be_even(evolution_of(known)) else more
            left = self._ahead(known, more) * (1 + POORER.costs * self._spares(known, more))
        left = steady_solving.ahead(known) if isinstance(known, Planar) and known.complete else left
        return {"loss": math.nan, "stuck": False, "done": False, "points": {}, "left": left, "more": more}

    def poorer(self, objective: Objective, state: State) -> State:
        """The state in which fewer degrees will do instead, where that can be done."""
        known = objective.guess() if objective.guess is not None else None
        if state["more"] < 0 or not isinstance(known, Marched) or not self._has_fewer(known):
            return state
        return {**state, "left": self._ahead(known, -2), "more": -2}

    def _has_fewer(self, known: Marched) -> bool:
        """Whether a march has degrees to spare: its equations, and what joins cells, ask for some."""
        degree, stages = known.features
        return known.complete and not known.forward.count and degree > 6 and stages > 2

    def _spares(self, known: Marched, more: int) -> bool:
        """Whether fewer degrees come before so many more: where these are dear, and the march was asked for as much as
        the tolerance wants; not beside what is narrow where residuals as large as the terms are let pass."""
        e, asked = evolution_of(known), accuracy(self, known)
        dear, wanted = e.dims == 2 and not e.constant, share_of(self, known) <= self.share
        coarse = bool(known.plan.narrow) and asked.tolerance > ASKED.most
        return more > 0 and self.sparing and dear and wanted and not coarse and self._has_fewer(known) and tells(known)

    def _again(self, known: Marched, room: Room = UNLIMITED, more: int | None = None) -> Scheme:
        """With what its steps are solved again."""
        more = self.more if more is None else more
        read, asked = evolution_of(known), accuracy(self, known)
        degree, stages = asked.degree + more, asked.stages + stages_for(more)
        return Scheme(read, degree, stages, known.device, room=room, activation=known.layer.activation)

    def _fits(self, known: Marched, room: Room) -> bool:
        """Whether a budget of memory has room for that."""
        if room.cells is None:
            return True
        return max(len(slab.mesh) for slab in known.slabs) <= that_fit(self._again(known, room))

    def _ahead(self, known: Marched, more: int | None = None) -> float:
        """Operations of solving its steps again: two iterations each, and a factorisation for every other length."""
        scheme, before, total = self._again(known, more=more), (0.0, 0), 0.0
        e = scheme.evolution
        same = not varies(scheme, first_cells(e, RULES.plane, scheme.device))
        for slab in known.slabs:
            factor, solve = operations(scheme, slab.mesh, unlike(scheme, slab.mesh) if same else None, STEP.solutions)
            here = slab.length, hash(slab.mesh.places)
            total += 2 * (JOINED.call + solve) + factor * (here != before)
            before = here
        return total

    def operations(self, objective: Objective, state: State) -> float:
        """Of the whole march: a part of it is worth nothing."""
        return float(state["left"])

    def step(self, objective: Objective, state: State) -> State:
        known = objective.guess() if objective.guess is not None else None
        if isinstance(known, OfCells) and known.complete and (known.forward.count or isinstance(known, OverRanges)):
            return self._of_several(objective, known, state)
        if isinstance(objective.model, Lined):
            return line_solving.enriched(objective.model, known_of(objective, Lined), state, objective.work)
        if isinstance(objective.model, Planar):
            bound = closeness(self, objective.model)
            return steady_solving.enriched(objective.model, known_of(objective, Planar), bound, state, objective)
        trial, room = marched(objective), objective.room
        nothing = {**state, "loss": 0.0, "stuck": True, "done": True, "left": 0.0}
        if not isinstance(known, Marched) or not known.complete:
            return nothing
        if state["more"] > 0 and not self._fits(known, room):
            state = self.poorer(objective, state)
        more = int(state["more"])
        known.read = evolution_of(trial)
        before = Marcher(known.read, accuracy(self, known), trial.device, world=objective.world, room=room)
        for slab in known.slabs:
            measured(before, slab)
        counts, e = Counts(), before.scheme.evolution
        # along a line a factorisation costs little, and beside corners steps are compared one by one
        longer = e.dims > 1 and not _by_distance(e) and more > 0
        found, told, allowed = None, None, SECOND.spares * before.accuracy.tolerance if e.dims == 1 else math.inf
        if self._spares(known, more):
            found, told = self._poorer_march(trial, known, before, counts)
            more = -2 if found is not None else more
        if found is None and (more < 0 or self._fits(known, room)):
            found = richer(
                before.scheme, known.slabs, before.solver, more=more, counts=counts, longer=longer, allowed=allowed
            )
        objective.work.add(spent(counts))
        if found is None:
            return nothing
        trial.take(slabs(found))
        _tell(trial, known, before, found, more, told)
        return {**nothing, "stuck": False, "points": collocated(trial.slabs, before)}

    def _poorer_march(
        self, trial: Marched, known: Marched, before: Marcher, counts: Counts
    ) -> tuple[list[Step], tuple[float, float]] | tuple[None, None]:
        """Steps with fewer degrees, and what they tell of the known ones, where that is small enough."""
        found = richer(before.scheme, known.slabs, before.solver, more=-2, counts=counts)
        if found is None:
            return None, None
        away, part = _of_poorer(trial, known, before, found)
        return (found, (away, part)) if good_enough(part, away, known.problem.tolerance) else (None, None)

    def _of_several(self, objective: Objective, known: OfCells, state: State) -> State:
        """For values of constants that are found, or for many values of parameters."""
        assert isinstance(objective.model, OfCells)
        if isinstance(known, OverRanges):
            assert isinstance(objective.model, OverRanges)
            return range_nodes.again(objective.model, known, state)
        told = fitted.enriched(objective.model, known, accuracy(self, known), objective)
        kept = {} if told is None or told.numel() > FITTING.carried else {"told": told}
        return {**state, **kept, "loss": 0.0, "stuck": told is None, "done": True, "left": 0.0}


def _by_distance(e: Evolution) -> bool:
    """Whether marches are compared step by step: beside corners and curves few points have the largest residuals."""
    return bool(e.cornered or e.fluxed or e.relations)


def _tell(
    trial: Marched, known: Marched, before: Marcher, found: list[Step], more: int, told: tuple[float, float] | None
) -> None:  # fmt: skip
    """What a second march with so many degrees more tells of the error, where residuals do not; with what a poorer one
    has told already."""
    e, scales = before.scheme.evolution, _scales(trial)
    if more > 0 and e.dims != 2:  # over a plane it is told five times too large, where residuals tell it
        trial.remains = max(
            _part_left(known.slabs, trial.slabs, before), left_by_iterations(len(found)) if e.dims < 2 else 0.0
        )
    if len(found) != len(known.slabs) or (more > 0 and not _by_distance(e)):
        return
    if more < 0:
        trial.apart, trial.of_known = told or _of_poorer(trial, known, before, found)
        return
    steps = _steps(known, before)
    if not e.fluxed:
        trial.apart = apart(steps, found, scales)
    else:
        trial.apart = told_by_distance(steps, found, scales, before.sizes)
        trial.better = trial.apart > 0


def _of_poorer(trial: Marched, known: Marched, before: Marcher, found: list[Step]) -> tuple[float, float]:
    """How far a poorer march is from the known one (relative), and what part of that the known one has."""
    poorer = slabs(found)
    if before.even:
        away = apart(found, _steps(known, before), _scales(trial))
        missed, more = (missed_at_start(s, before.mesh) / before.sizes for s in (before.scheme, found[0].scheme))
        return away, part_of_kinks(missed, more, away)
    alike = _part_left(poorer, known.slabs, before) if before.scheme.evolution.dims != 2 else 0.0
    away = max(1.0, TERMS.alike * alike) * apart(found, _steps(known, before), _scales(trial))
    return away, part_of(known, poorer, away, before.sizes)


def _scales(trial: Marched) -> list[float]:
    return [trial.plan.size(u).scale for u in trial.problem.unknowns]


def _steps(known: Marched, before: Marcher) -> list[Step]:
    return steps_of(as_it_was(before.scheme, known.slabs), known.slabs)


def _part_left(poor: Sequence[Slab], rich: Sequence[Slab], before: Marcher) -> float:
    """What the richer one of two marches has of the other's error, as the last terms of both tell it."""
    most = max(k for join in before.scheme.evolution.joins for k in join)
    return part_left(poor, rich, before.sizes.tolist(), most)
