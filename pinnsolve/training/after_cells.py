"""What follows where cells were tried."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from pinnsolve.errors import Outcome
from pinnsolve.methods import Enriching, Marching, Vanishing
from pinnsolve.networks import LocalFeatures
from pinnsolve.settings import Stage
from pinnsolve.training.results import Ended, Results, Turn
from pinnsolve.training.rules import Rules


@dataclass(frozen=True)
class Closer:
    """By how much the bound of the next march is smaller, how many times as much it costs, and whether its cells are to
    be alike, since a kink travels."""

    by: float
    costs: float
    even: bool = False


def closer_by(
    stages: Sequence[Stage], results: Results, tolerance: float, plane: bool, rules: Rules, travels: bool = False
) -> Closer:
    """What the estimate of a march's error asks of the next one; over a plane or not.

    Where along a line richer features left hardly less of the residual, as of waves that a kink sets off, finer cells
    and shorter steps alone do, which are dear: no more of them than the estimate asks for. Where things may travel over
    a plane, and richer features left more, a kink does, and the next march is to be no closer than is needed.
    """
    least, by = (rules.least_in_plane, rules.less_in_plane) if plane else (rules.least, rules.less)
    now, aim = results.ended[-1], rules.aim
    more, hardly = now.best not in (None, now.stage), _hardly_less(stages, results, rules)
    if travels and more:
        by = aim = rules.kinked
    if now.estimate:
        by = 1.0 if not plane and hardly else by
        by = min(max(aim * rules.certain_cells * tolerance / now.estimate, least), by)
    return Closer(by, rules.deeper ** (-math.log10(by) / 2), travels and (more or hardly))


def _hardly_less(stages: Sequence[Stage], results: Results, rules: Rules) -> bool:
    """Whether cells that were just solved again with richer features have nearly the residual that they had."""
    now, before = results.ended[-1], _cells_before(stages, results)
    again = before is not None and isinstance(stages[now.stage].method, Enriching) and now.solved
    return again and now.size(results.weights) > rules.hardly * before.size(results.weights)  # type: ignore[union-attr]


def _cells_before(stages: Sequence[Stage], results: Results) -> Ended | None:
    """The last stage with cells before the one that has just ended."""
    return next((e for e in reversed(results.ended[:-1]) if isinstance(stages[e.stage].network, LocalFeatures)), None)


def richer_still(
    stages: Sequence[Stage], results: Results, tolerance: float, left: float, rules: Rules, dear: bool, most: int,
    line: bool = False,
) -> Turn | None:  # fmt: skip
    """The stage that solves cells once more with still richer features, where these will do: two degrees more have
    brought the residual down, and the error with it, and two bring it down as much again, in time over a line or a
    plane four even more. That costs less than other cells, and these solved again; where there is no time for those, it
    does more than anything else.

    Parameters
    ----------
    stages : sequence of Stage
    results : Results
        Of which the last one may be of cells that were solved again.
    tolerance : float
    left : float
        Operations.
    rules : Rules
    dear : bool
        Whether a march to a lower tolerance takes more than is left.
    most : int
        Degrees more at once.
    line : bool
        Whether cells are along a line alone: those of a march to a lower tolerance are made of these, for no more.
    """
    now = results.ended[-1]
    method, network = stages[now.stage].method, stages[now.stage].network
    if not isinstance(method, Enriching) or now.stuck or not now.solved or now.best != now.stage or now.full:
        return None
    if line and not dear and isinstance(stages[now.stage + 1].method, Marching):
        return None
    before = _cells_before(stages, results)
    assert isinstance(network, LocalFeatures)
    later = (
        k
        for k in range(now.stage + 1, len(stages))
        if isinstance(stages[k].method, Enriching)
        and isinstance(n := stages[k].network, LocalFeatures)
        and n.degree > network.degree
    )
    following = next(later, None)
    if before is None or following is None or not now.estimate:
        return None
    gain = rules.again * now.size(results.weights) / before.size(results.weights)
    missing = rules.certain_cells * tolerance / now.estimate
    for more in range(2, most + 1):
        enough = gain ** (more / 2) <= missing or (dear and more == 2)
        if enough and rules.dearer ** (more / 2) * now.operations <= left:
            return Turn(following, more=more)
    return None


def after_cells(
    stages: Sequence[Stage], now: Ended, features: int, viscous: int | None, only: bool, dear: bool,
    share: float | None, line: bool = False, space: bool = False, even: bool = False,
) -> Turn | Outcome:  # fmt: skip
    """The same again with richer features; then a march to a lower tolerance; then what else can do.

    Parameters
    ----------
    stages : sequence of Stage
    now : Ended
        The stage that has just ended.
    features : int
        The stage of the first random features.
    viscous : int, optional
        That of marches with an added viscosity, where these are conservation laws.
    only : bool
        Whether nothing but cells can do.
    dear : bool
        Whether a march to a lower tolerance takes more than is left.
    share : float, optional
        What its share of the tolerance is, where the estimate says so.
    line : bool
        Whether cells are along a line, and not in a plane or in space: where a march broke off, or came through with
        more than its bound, one to a lower tolerance may do. Small errors grow ahead of a front, and what space leaves
        out swings in the next steps (Schroedinger's equation), which no cells and no shorter steps mend any more. So it
        may where Newton's method finds nothing with richer features on its cells: they are too wide for what stands
        there (a stiff oscillator).
    space : bool
        Whether they are of space, in time: where there is no room for as many as the bound asks for, richer features
        may do on those that there are, and tell how far off they were.
    even : bool
        Whether those of the next march are to be alike.
    """
    method, unsure = stages[now.stage].method, now.stuck or not now.solved
    if now.full and now.best is not None and (isinstance(method, Enriching) or (unsure and now.best != now.stage)):
        told = f", and the error is estimated at {now.estimate:.0e}" if now.estimate else ""
        return Outcome(
            "plateau", f"memory has no room for more cells{told}", 'write memory="4 GB" or more, or raise the tolerance'
        )
    if space and isinstance(method, Marching) and now.solved and not now.missing:
        unsure = False
    deeper = isinstance(method, Enriching) and isinstance(stages[now.stage + 1].method, Marching) and not dear
    if (not unsure and (deeper or isinstance(method, Marching))) or (deeper and line):
        return Turn(now.stage + 1, share=share if deeper else None, even=even)
    limit = viscous if unsure and not isinstance(method, Vanishing) else None
    again = next((k for k in range(now.stage + 1, len(stages)) if isinstance(stages[k].method, Marching)), None)
    broken = isinstance(method, Marching) and now.verdict is None
    if broken and again is not None and limit is None and line and not dear:
        how = (
            f"ended early ({now.missing})" if now.missing else "left more than its bound, and finer cells did not help"
        )
        return Turn(again, f"the march over cells {how}; so one to a lower tolerance was tried")
    early = limit is not None or isinstance(method, Marching | Vanishing)
    why = now.missing or "there were too many of them" if early else "the error is not small enough"
    if only:
        told = f"cells did not do ({why}), and nothing else ends at the inner places where conditions stand"
        return Outcome("plateau", told, "raise the budget or the tolerance")
    told = (
        f"the march over cells ended early ({why})"
        if early
        else "the error of the march over cells is not small enough"
    )
    if limit is not None:
        return Turn(limit, f"{told}; so a viscosity was added, and lowered")
    return Turn(features, f"{told}; so random features were tried")
