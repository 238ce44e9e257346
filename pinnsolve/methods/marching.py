"""The method that marches over cells from the start on, some way in each step of training."""

from __future__ import annotations

import math
from dataclasses import dataclass

from pinnsolve.errors import positive, whole
from pinnsolve.march.asked import accuracy, closeness
from pinnsolve.march.keeping import restore, stored
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.pace import collocated, some_way
from pinnsolve.march.running_away import ran_away
from pinnsolve.march.second import slabs
from pinnsolve.methods import fitted, line_solving, range_nodes, steady_solving
from pinnsolve.methods.enriching import Enriching
from pinnsolve.methods.in_hand import evolution_of, known_of, marched
from pinnsolve.methods.protocol import Objective, State
from pinnsolve.residuals.costs import JOINED
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.over_ranges import OverRanges
from pinnsolve.trial.planar import Planar


@dataclass(frozen=True)
class Rules:
    """How a march is cut into steps of training.

    Parameters
    ----------
    larger : float
        So many times as many over a plane or space, where each factorisation takes as long, and one is lost with every
        step.
    together : int
        Iterations of Newton's method in one step of training: about a quarter of a second. More: the budget is kept
        less closely. Fewer: more looks at residuals.
    """

    together: int = 100
    larger: float = 2.0


RULES = Rules()
GROWING = "what is carried from step to step grows there, and no equation lets it: short steps on these cells make it"


@dataclass(frozen=True, kw_only=True)
class Marching:
    """A march over cells that do not overlap. One step of training marches some way on: steps in time find their
    length, cells are halved and merged (`march.marcher`). Along one coordinate cells are solved at once where that can
    be done (`line_solving`). Meant for `LocalFeatures`.

    Parameters
    ----------
    bound : float, optional
        On the held-out residual of every cell, relative to the equation's terms (dimensionless). Steps in time leave a
        hundredth of it. By default it follows from the problem's tolerance.
    share : float
        Without a bound: of the problem's tolerance, that of a step's last coefficient.
    least : float
        The least of that. A first march that asks for little solves something on any machine, whatever the tolerance.
    steps : int, optional
        Ends after so many steps of training.
    even : bool
        Whether cells of a plane are alike, and stay: for kinks that are carried through all of them.
    """

    bound: float | None = None
    share: float = 1e-2
    least: float = 1e-11  # below it is rounding
    steps: int | None = None
    even: bool = False
    name = "marching"
    cycle = 1
    redraws = False

    def __post_init__(self) -> None:
        if self.bound is not None:
            positive("Marching: bound", self.bound)
        positive("Marching: share", self.share)
        positive("Marching: least", self.least)
        whole("Marching: steps", self.steps)

    @property
    def words(self) -> str:
        """In reports: how exact it is follows from the tolerance, unless somebody gave a bound."""
        return "cells" + ("" if self.bound is None else f", bound {self.bound:g}")

    def init(self, objective: Objective) -> State:
        assert isinstance(objective.model, Marched | Lined | Planar | OverRanges)
        first = together(len(objective.model.problem.space_coordinates))
        return {"loss": math.nan, "stuck": False, "done": False, "points": {}, "march": {}, "rate": first}

    def operations(self, objective: Objective, state: State) -> float:
        """What the last step took."""
        return float(state["rate"])

    def step(self, objective: Objective, state: State) -> State:
        assert isinstance(objective.model, OfCells)
        if objective.model.forward.count:
            return fitted.stepped(objective.model, accuracy(self, objective.model), objective, state)
        if isinstance(objective.model, OverRanges):
            second, most = Enriching(share=self.share, least=self.least), together(len(objective.model.axes))
            return range_nodes.stepped(objective.model, objective, state, self, second, most)
        if isinstance(objective.model, Lined):
            bound = accuracy(self, objective.model).tolerance
            return line_solving.stepped(objective.model, known_of(objective, Lined), bound, state, objective.work)
        if isinstance(objective.model, Planar):
            bound = closeness(self, objective.model)
            return steady_solving.stepped(objective.model, known_of(objective, Planar), bound, state, objective)
        trial, work = marched(objective), objective.work
        marcher = self._taken_up(trial, state, objective)
        more, steps, took = some_way(marcher, together(marcher.mesh.dims))
        trial.take(slabs(steps))
        trial.better = marcher.even  # what smears a kink leaves less of the equations
        work.add(took)
        record = marcher.record
        if (ran := ran_away(marcher)) is not None:
            trial.end_at(ran.until, ran.words)
            more = False
        done = not more
        if done:  # its factors are of no more use, and take hundreds of megabytes over a plane
            marcher.solver.forget()
        if record.status == "growing":
            trial.stopped = GROWING
        stuck = done and not (record.honest and trial.complete)
        return {
            **state, "loss": marcher.residual, "done": done, "stuck": stuck, "rate": took,
            "points": collocated(trial.slabs, marcher), "march": stored(marcher),
        }  # fmt: skip

    def _taken_up(self, trial: Marched, state: State, objective: Objective) -> Marcher:
        """The march as it stands: the one in hand, or one that goes on from what was kept of it; to the same bits."""
        live = trial.live
        if not (isinstance(live, Marcher) and state["march"] and live.at == state["march"]["at"]):
            world, room = objective.world, objective.room
            live = Marcher(evolution_of(trial), accuracy(self, trial), trial.device, world=world, room=room)
            if state["march"]:
                restore(live, state["march"])
        if not state["march"] or state["march"]["rate"] is None:  # otherwise the same factors can be made again
            live.solver.forget()
        trial.live = live
        return live


def together(dims: int) -> float:
    """Operations of one step of training."""
    return RULES.together * JOINED.call * (RULES.larger if dims > 1 else 1.0)
