"""Marches of conservation laws with less and less added viscosity, whose limit is the entropy solution.

    nu_0,  nu_0 / 4,  nu_0 / 16,  ...,        |u_k - u| <= c |u_k - u_(k-1)| + own,

u the limit, and c as errors fall with nu (`march.limits`). A march takes as many times as long as nu is less. What the
march itself misses (own) is told by the same march with richer features, at the viscosity before, twice. Beside a shock
values themselves are not within any.

Where linear equations carry jumps, these are smeared over nu / speed in place of a viscosity.

Source: Kuznetsov, USSR Comput. Math. Math. Phys. 16 (1976) 105 (the order 1/2 in L1).
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, replace

from pinnsolve.march.keeping import measured, restore, stored
from pinnsolve.march.limits import Difference, difference
from pinnsolve.march.limits_in_planes import difference_in_plane
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.pace import collocated, some_way, spent
from pinnsolve.march.record import Accuracy
from pinnsolve.march.second import richer, slabs
from pinnsolve.march.step_solver import Counts
from pinnsolve.march.untold import untold
from pinnsolve.march.waves import fastest
from pinnsolve.methods.protocol import Objective, State
from pinnsolve.residuals.costs import JOINED
from pinnsolve.trial.marched import Marched, Slab
from pinnsolve.trial.viscous import Law


@dataclass(frozen=True)
class Rules:
    """How viscosity falls, and what is told of the limit. The first four are those of the prototypes.

    Parameters
    ----------
    first : float
        Of speed times length, the first viscosity. Larger: a march that tells little.
    ratio : float
        From one to the next. Smaller: more marches; and the difference of two tells less than the error.
    l1, most : float
        Times the last difference, the bounds in L1 and, at most, in L2 where diffusion vanishes.
    tolerance : float
        Of a march's steps, at most. Larger: what marches miss themselves is in the bounds.
    steps : float
        Times the viscosity over speed and length, the tolerance of its steps. Larger: the same. Smaller: several times
        as many steps (with 1, three times) for bounds that are smaller by a tenth.
    bound : float
        Of its residuals in space, in tolerances of its steps. Larger: cells that do not see a shock.
    leaves : float
        Times what Newton's method leaves of a march elsewhere, which is told with what the march misses. Smaller: a
        third more iterations.
    grows : float
        Of what a march took over the one before: so many times as long as itself the next one takes at least. Larger:
        time is left in which it could have been made. Smaller: marches that are not made to their end.
    least : float
        Of speed times length: viscosity is not lowered below it. Smaller: cells as narrow as rounding allows.
    shock : float
        Powers of the ratio by which slopes grow: more belongs to a shock (in theory one), less to a contact (half).
    together : int
        Iterations of Newton's method in one step of training: about a quarter of a second.
    waits : int
        Steps before a longer one than that at which Newton's method failed is tried again, at most. Fewer: half as
        many iterations again. More: short steps.
    spread : float
        Times the largest diffusivity, in place of speed times length, where diffusion vanishes. Larger: marches that
        tell little; but three are needed to see how differences fall.
    exact : float
        There, in place of `leaves`. Larger: what Newton's method leaves in the narrow cells of a front is taken for
        what cells leave, and these are halved in vain, up to ten times as many. Smaller: more iterations.
    closer, edge : float
        There, in place of `tolerance` and `steps`. Larger: values below zero beside an edge, where diffusion would be
        negative, and marches that end there. Smaller: up to twice the time.
    carried : float
        In place of `tolerance` where jumps are carried along without a viscosity, which wears nothing down; there
        `edge` stands for `steps`, too. Larger: bounds of what marches miss that do not fall, twice the error. Smaller:
        the time of the first marches.
    again : int
        Where diffusion vanishes, how often a march that got stuck is made to a lower tolerance.
    seen : float
        There, the ratio of differences that is believed at most. Larger: too kind where a slow part is small as yet.
    sure : float
        There, times the error that this ratio tells.
    fewer : int
        Degrees in a plane. More: as many cells as edges are long, four times over. Fewer: cells that are dear.
    """

    first: float = 1e-2
    ratio: float = 4.0
    l1: float = 1.25
    most: float = 2.5
    tolerance: float = 1e-2
    steps: float = 30.0
    bound: float = 30.0
    leaves: float = 10.0
    grows: float = 0.7
    least: float = 1e-7
    shock: float = 0.8
    together: int = 100
    waits: int = 16
    spread: float = 4.0
    exact: float = 0.1
    closer: float = 1e-3
    edge: float = 2.0
    carried: float = 3e-3
    again: int = 2
    seen: float = 3.0
    sure: float = 1.5
    fewer: int = 2


RULES = Rules()


@dataclass(frozen=True)
class Limit:
    """What is known of the limit after some marches.

    Parameters
    ----------
    nu : float
        The added viscosity of the last one (length squared over time).
    marches : int
    l1, l2 : float
        Bounds of its relative distance from the limit (dimensionless); infinite after one march.
    shock : bool
        Whether its slopes grow as those of shocks do.
    unsaid : str
        Why the equations do not say where a shock runs, if they do not.
    untold : str
        Where waves come in of which no condition speaks.
    width : float
        Where no viscosity was added, since jumps are carried along alone, over which length these were smeared.
    """

    nu: float
    marches: int
    l1: float = math.inf
    l2: float = math.inf
    shock: bool = False
    unsaid: str = ""
    untold: str = ""
    width: float = 0.0


@dataclass(frozen=True, kw_only=True)
class Vanishing:
    """A series of marches with less and less viscosity. One step of training marches some way on."""

    name = "vanishing"
    words = "cells, with a viscosity that is lowered"
    steps = None
    cycle = 1
    redraws = False

    def init(self, objective: Objective) -> State:
        trial = _trial(objective)
        assert isinstance(trial.law, Law)
        begun = trial.law.begun
        offsets = {u: trial.plan.size(u).offset for u in trial.problem.unknowns}
        (low, high), (begin, end) = begun.extent[0], begun.times
        speed = fastest(begun, offsets, trial.law.spread > 0) if begun.dims == 1 else 0.0
        unit = max(speed * min(high - low, speed * (end - begin)), RULES.spread * trial.law.spread)
        return {
            "loss": 0.0, "stuck": False, "done": False, "points": {}, "rate": RULES.together * JOINED.call,
            "unit": unit, "speed": speed, "level": 0, "march": {}, "growing": None, "took": 0.0, "before": 0.0,
            "share": RULES.first, "former": math.inf, "limit": {}, "apart": 0.0, "closer": 0,
        }  # fmt: skip

    def operations(self, objective: Objective, state: State) -> float:
        """Of the next step; before a march begins, of all of it: a part of it is worth nothing."""
        return float(state["rate"])

    def step(self, objective: Objective, state: State) -> State:
        trial = _trial(objective)
        marcher, growing = _taken_up(trial, state)
        more, steps, took = some_way(marcher, RULES.together * JOINED.call)
        growing.take(slabs(steps))
        objective.work.add(took)
        now = {**state, "points": collocated(growing.slabs, marcher), "rate": took, "took": state["took"] + took}
        if more or marcher.paused:
            return now | {"march": stored(marcher), "growing": growing.vector()}
        trial.live = None
        if marcher.record.status == "stuck" and trial.law.spread and state["closer"] < RULES.again:
            growing.slabs = []
            return now | {"march": {}, "growing": None, "closer": state["closer"] + 1}
        if marcher.record.status != "done":  # what was found with more viscosity stays
            return now | {"done": True, "stuck": growing is trial}
        return _ended(trial, growing.slabs, now, objective)


def _trial(objective: Objective) -> Marched:
    model = objective.model
    assert isinstance(model, Marched)
    return model


def _marcher(trial: Marched, state: State, share: float) -> Marcher:
    """A march with a viscosity that is such a share of a unit, to a tolerance that was divided by `ratio` so many
    times as one got stuck; a start's jumps are as wide as a shock."""
    assert isinstance(trial.law, Law)
    most, steps = RULES.tolerance, RULES.steps
    if trial.law.spread or trial.law.carries:
        most, steps = RULES.closer if trial.law.spread else RULES.carried, RULES.edge
    tolerance = min(most, steps * share) / RULES.ratio ** state["closer"]
    accuracy = Accuracy(*_richness(trial), tolerance, RULES.bound * tolerance, activation=trial.layer.activation)
    marcher = Marcher(
        trial.law.with_viscosity(share * state["unit"], 0.0 if trial.law.spread else state["speed"]),
        accuracy,
        trial.device,
    )
    marcher.solver.left *= RULES.exact if trial.law.spread else RULES.leaves
    marcher.failures.most = RULES.waits
    marcher.spreads = False  # kinks do not spread at once: shocks and contacts stand there
    return marcher


def _richness(trial: Marched) -> tuple[int, int]:
    """Degree and stages."""
    degree, stages = trial.layer.over(1)
    return degree - RULES.fewer * (len(trial.space) - 1), stages


def _taken_up(trial: Marched, state: State) -> tuple[Marcher, Marched]:
    """The march as it stands, and its steps: that in hand, or one that goes on from what was kept; to the same bits."""
    live = trial.live
    if not (live and state["march"] and live[0].at == state["march"]["at"]):
        marcher, growing = _marcher(trial, state, state["share"]), trial
        if state["level"]:  # of the first march what is solved is handed out
            growing = Marched(trial.problem, trial.layer, trial.plan, trial.dtype, trial.device)
        if state["march"]:
            restore(marcher, state["march"])
            growing.assign(state["growing"])
        live = marcher, growing
    live[0].solver.forget()
    trial.live = live
    return live


def begun_with(law: Law, state: State, marches: int = 0) -> Limit:
    """What a march adds, before anything is known of how far that is from the limit."""
    nu = float(state["share"] * state["unit"])
    return Limit(nu, marches, width=nu / state["speed"] if law.carries else 0.0)


def _ended(trial: Marched, found: list[Slab], now: State, objective: Objective) -> State:
    """A march has come to its end: how far it is from the one before, and whether another follows."""
    level, took, before = now["level"], now["took"], now["before"]
    share, former = now["share"], now["former"]
    limit = begun_with(trial.law, now, level + 1)
    limit = replace(limit, unsaid=trial.law.conserved.unsaid, untold=untold(trial.law, found, now["speed"]))
    if level:
        scales = [trial.plan.size(u).scale for u in trial.problem.unknowns]
        last = _apart(trial.slabs, found, scales, former / share, trial.law.carries)
        own = _own(trial, now, scales, objective) or last
        shock = last.steeper > (former / share) ** RULES.shock
        l2 = _falls(now["apart"], last.l2, shock) * last.l2 if trial.law.spread else last.beyond_l2
        l1 = RULES.l1 * last.l1 if trial.law.spread else last.beyond_l1
        limit = replace(limit, l1=l1 + 2 * own.l1, l2=l2 + 2 * own.l2, shock=shock)
        now = now | {"apart": last.l2}
    trial.slabs = []
    trial.take(found)
    grew = took / before if before else 1.0
    lost = bool(limit.untold or (limit.unsaid and limit.shock))
    done = lost or limit.l2 <= trial.problem.tolerance or share / RULES.ratio < RULES.least
    return now | {
        "limit": asdict(limit), "level": level + 1, "march": {}, "growing": None, "took": 0.0, "before": took,
        "share": share / RULES.ratio, "former": share, "rate": max(1.0, RULES.grows * grew) * took, "done": done,
    }  # fmt: skip


def _apart(
    first: list[Slab], second: list[Slab], scales: list[float], ratio: float | None = None, carried: bool = False
) -> Difference:  # fmt: skip
    planar = second[0].mesh.dims > 1
    return difference_in_plane(first, second, scales) if planar else difference(first, second, scales, ratio, carried)


def _falls(before: float, last: float, shock: bool) -> float:
    """How many times the last difference in L2 the error is at most, where differences fall: with r from one to the
    next it is 1 / (r - 1) of the last."""
    seen = min(before / last, RULES.ratio**0.5 if shock else RULES.seen) if last > 0 else 0.0
    return min(RULES.most, RULES.sure / (seen - 1)) if seen > 1 else RULES.most


def _own(trial: Marched, now: State, scales: list[float], objective: Objective) -> Difference | None:
    """What the march in the trial function missed, told by the same steps with richer features; nothing where these
    cannot be solved."""
    before, counts = _marcher(trial, now, now["former"]), Counts()
    for slab in trial.slabs:
        measured(before, slab)
    again = richer(before.scheme, trial.slabs, before.solver, counts=counts)
    objective.work.add(spent(counts))
    found = None if again is None else _apart(trial.slabs, slabs(again), scales)
    return found if found is not None and math.isfinite(found.l1 + found.l2) else None
