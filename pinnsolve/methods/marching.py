"""Newton's method on local features, window after window of time, on cells that split where the residual is large."""

from __future__ import annotations

import math
from dataclasses import dataclass

from torch import Tensor

from pinnsolve.algebra.operations import qr
from pinnsolve.algebra.tolerances import RIDGE
from pinnsolve.errors import positive, whole
from pinnsolve.geometry.places import Narrow
from pinnsolve.methods.protocol import Objective, State
from pinnsolve.methods.windows import ROWS, by_cell, follow, newton, piecewise, residuals_of, trained_on, weights_of
from pinnsolve.networks.cells import Cells
from pinnsolve.trial.lined import Lined
from pinnsolve.trial.marched import Marched
from pinnsolve.trial.piecewise import WIDTHS, Piecewise
from pinnsolve.trial.window import Window


@dataclass(frozen=True)
class Rules:
    """When windows are taken, halved, or given up. What of it was measured stands in docs/how_to_choose.md, "Local
    features"; the rest is chosen."""

    windows: int = 8  # the first window is this part of the time; fewer: it is halved more often
    shortest: int = 64  # no window is shorter than this part of the time; fewer: it gives up earlier
    few: int = 32  # cells: windows with fewer are cheap, and must get below the bound by as much (measured)
    easy: float = 0.1  # of the bound: so little on the first cells, and the next window is twice as long
    misses: int = 3  # windows that may be left with more than the bound; more: time spent on what comes to nothing
    rest: float = 1.25  # of a window: a rest that is not longer is taken along with the last one
    more: float = 1.4  # windows take up to so many times what was seen before: a step or two more
    together: int = 4  # cells along each axis whose features meet in one factorisation, at most
    usual: int = 3  # steps of Newton's method, before it is known how many a window takes
    helps: float = 0.7  # splitting must bring the worst cell below this part of what it was; larger: more cells


RULES = Rules()


@dataclass(frozen=True, kw_only=True)
class Marching:
    """One step solves one window of time by Newton's method on the cells as they are; where the held-out residual of a
    cell is above the bound, the next step splits it, and where that does not help, the window is halved. Windows of
    fewer than 32 cells cost little, and their errors are carried through all that follow: they are asked for as much
    less, and taken with the bound itself only where splitting brings no more.

    A window begins with the values that the one before ended with, as weighted residuals: what is built in exactly
    would hand on the roughness of its derivatives. A steady problem is a single window, in which Newton's method begins
    at the best solution so far. Meant for `LocalFeatures`.

    Parameters
    ----------
    bound : float
        Relative to the residual of g alone (dimensionless).
    ridge : float
        See `Newton`.
    most : int
        Trained numbers of one window, beside those of cells that are small for narrow places from the beginning.
    steps : int, optional
        Ends after so many steps.

    Source: Chen, Chi, E & Yang, J. Mach. Learn. 1 (2022) 268.
    """

    bound: float = 1e-2
    ridge: float = RIDGE
    most: int = 8000
    steps: int | None = None
    name = "marching"
    cycle = 1
    redraws = False

    def __post_init__(self) -> None:
        positive("Marching: bound", self.bound)
        positive("Marching: ridge", self.ridge)
        whole("Marching: most", self.most)
        whole("Marching: steps", self.steps)

    def init(self, objective: Objective) -> State:
        march = piecewise(objective)
        length = _duration(march) / RULES.windows
        cells = march.rest.cells
        return {
            "loss": math.nan, "stuck": False, "done": False, "low": cells.low, "high": cells.high,
            "length": length, "worst": math.inf, "scale": math.nan, "missed": 0, "halved": False,
            "settled": False, "before": None, "points": {}, "drawn": {}, "rate": 0.0,
        }  # fmt: skip

    def operations(self, objective: Objective, state: State) -> float:
        """The most that a cell has taken so far, for all cells; before the first window what its factorisations would,
        were they dense over so many cells at once as meet each other."""
        if not state["rate"]:
            rest, rules = piecewise(objective).rest, RULES
            count, cells, axes = rest.parameters_count, *rest.cells.low.shape
            together = min(cells, rules.together**axes)
            some = together * rest.basis.width
            factors = qr(round((ROWS + 1) * some), some) * _nested(state["low"]) / _nested(state["low"][:together])
            return rules.usual * (factors + objective.costs.rows * ROWS * count / max(objective.size, 1))
        return RULES.more * state["rate"] * _nested(state["low"])

    def step(self, objective: Objective, state: State) -> State:
        march, work, begun = piecewise(objective), objective.work, objective.work.operations
        cells = Cells(state["low"], state["high"], march.rest.cells.periodic)
        window = march.window(cells, _times(march, state["length"]), objective.generator)
        training, held = (residuals_of(march, window, share, objective.generator) for share in (ROWS, ROWS / 2))
        weights = weights_of(objective, training)
        scale = state["scale"] if math.isfinite(state["scale"]) else held.loss(weights) ** 0.5 or 1.0
        if window.times is None and objective.guess is not None:
            known = objective.guess()
            if not isinstance(known, Lined | Marched):  # their columns are unknowns, and nothing that conditions shape
                follow(window, known.parts[0] if isinstance(known, Piecewise) else known, training, self.ridge, work)
        loss = newton(window, training, weights, self.ridge, work)
        rate = max(state["rate"], (work.operations - begun) / _nested(state["low"]))
        now = {"rate": rate, "drawn": trained_on(state["points"], training)}
        state = {**state, **now, "loss": loss, "scale": scale}
        if not math.isfinite(loss):
            return state
        worst = by_cell(window, held, weights) / scale
        return self._decided(march, window, worst, state)

    def _decided(self, march: Piecewise, window: Window, worst: Tensor, state: State) -> State:
        """Take the window and go on, split cells, or begin again with a shorter window."""
        cells, before = window.cells, state["worst"]
        size, asked = float(worst.max()), self._asked(window, state)
        first = math.isinf(before)
        if size <= asked:
            easy = first and size < RULES.easy * self.bound and not (state["halved"] or state["settled"])
            return self._taken(march, window, {**state, "length": state["length"] * (2 if easy else 1)})
        bad = worst > asked
        more = cells.split(bad, (cells.high - cells.low).argmax(1)) if cells.low.shape[1] else cells
        beside = (len(more) - march.graded) * window.basis.width
        full = beside > self.most or len(more) == len(cells)
        if not full and (first or size < RULES.helps * before):
            return {**state, "low": more.low, "high": more.high, "worst": size, "before": (cells.low, cells.high)}
        if size <= self.bound:
            return self._taken(march, window, state)
        return self._again(march, state) or self._missed(march, window, state)

    def _asked(self, window: Window, state: State) -> float:
        """The bound; below it by as much as few cells are cheaper than many, unless that was tried in vain."""
        if window.times is None or not window.cells.low.shape[1] or state["settled"]:
            return self.bound
        return self.bound * min(1.0, len(window.cells) / RULES.few)

    def _again(self, march: Piecewise, state: State) -> State | None:
        """Splitting was in vain: back to cells that did, or on with a shorter window."""
        if state["worst"] <= self.bound:
            low, high = state["before"]
            return {**state, "low": low, "high": high, "worst": math.inf, "settled": True}
        if not march.direction or state["length"] <= _duration(march) / RULES.shortest:
            return None
        return {**state, "length": state["length"] / 2, "worst": math.inf, "halved": True}

    def _missed(self, march: Piecewise, window: Window, state: State) -> State:
        """Take a window that is left with more than the bound, unless there were too many."""
        missed = state["missed"] + 1
        if missed > RULES.misses:
            return {**state, "stuck": True, "done": True}
        return self._taken(march, window, {**state, "missed": missed})

    @staticmethod
    def _taken(march: Piecewise, window: Window, state: State) -> State:
        march.parts.append(window)
        cells = window.cells
        fresh = {"points": state["drawn"], "worst": math.inf, "before": None, "halved": False, "settled": False}
        return {**state, **fresh, "low": cells.low, "high": cells.high, "done": march.complete}


def _duration(march: Piecewise) -> float:
    """All of time, where it is cut into windows; nothing else."""
    return march.problem.time[1] - march.problem.time[0] if march.direction and march.problem.time else 0.0


def _nested(low: Tensor) -> float:
    """By what power of the number of cells (S, k) the operations of a window grow, as in nested dissection."""
    count, axes = low.shape
    return float(count ** max(1.0, (axes + 1) / 2))


def _times(march: Piecewise, length: float) -> tuple[float, float] | None:
    """From the last window's end on; a rest that is too short for a window of its own is taken along."""
    if march.until is None or march.problem.time is None:
        return None
    begin, last = march.until, march.problem.time[:: march.direction][1]
    time = march.problem.domain.time
    pulses = [place for place in march.plan.narrow if time is not None and place.alone(time)]
    length = min([length, *(_at_most(march, place, begin) for place in pulses)])
    end = last if RULES.rest * length >= abs(last - begin) else begin + march.direction * length
    return (begin, end) if march.direction > 0 else (end, begin)


def _at_most(march: Piecewise, place: Narrow, begin: float) -> float:
    """How long a window may be near a narrow place: half of the way to it, a part of its width within it, and as much
    longer beyond it as the way from it."""
    time = str(march.problem.domain.time)
    first, last = (march.direction * (edge - begin) for edge in place.around(time)[:: march.direction])
    return WIDTHS * place.width[time] + (first / 2 if first > 0 else max(0.0, -last))
