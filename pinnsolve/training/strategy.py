"""Which stage of an automatic run follows: more features while they pay, then local ones, then a trained network.

Few features of several kinds are tried, sines of several frequencies and tanh; the best go on with twice as many, and
twice again, two of them once it shows which. Where that does not pay, cells with features of their own refine
themselves in windows of time, to lower and lower bounds. The residual on held-out points decides.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeGuard

from pinnsolve.methods import Marching, Retracing
from pinnsolve.networks import LocalFeatures, RandomFeatures
from pinnsolve.settings import Stage
from pinnsolve.training.weights import weighted

HOPELESS = 0.3  # of the first held-out residual: few features that leave more of it will not do with many
GAIN = 0.5  # twice as many features must bring the residual below this part of what it was
SHARE = 0.6  # of the budget, for all stages with features
GROWTH = 2.7  # the time of a stage grows as this power of the number of features
RIVAL = 3.0  # times the smallest residual: layers above that do not go on
RIVALS = 2  # layers that go on, and one more while all of them leave more than
UNDECIDED = 0.05  # of the first residual
BEHIND = 20.0  # a ten times lower bound lowers the error by about ten: where more than this is missing, it will not do
DEARER = 2.0  # the time of local features grows by about this with every ten times lower bound
LARGEST = 5000  # parameters: beyond, dense factorisations cost more than they bring


@dataclass(frozen=True)
class Ended:
    """A stage that came to its end.

    Parameters
    ----------
    stage : int
    fraction : float
        Its last held-out residual (rms) over the one at its start.
    held_out : dict from residual name to float
        Its last held-out residuals (rms).
    seconds : float
    parameters : int
    steps : int
    """

    stage: int
    fraction: float
    held_out: dict[str, float]
    seconds: float
    parameters: int
    steps: int = 1

    def size(self, weights: Mapping[str, float]) -> float:
        """The weighted residual (rms)."""
        return weighted(weights, self.held_out) ** 0.5


def following(
    stages: Sequence[Stage], ended: Sequence[Ended], weights: Mapping[str, float], spent: float, budget: float,
    behind: float = 1.0, windows: bool = True,
) -> tuple[int, str]:  # fmt: skip
    """The index of the next stage, and why it is that one, where that was a decision.

    `behind` is the estimated error over the one that is asked for; `windows` whether local features can do.
    """
    now = stages[ended[-1].stage].network
    rounds, time = _rounds(stages, ended, weights), SHARE * budget - spent
    if isinstance(now, RandomFeatures):
        left = _rivals(stages, ended, rounds, time)
        if left:
            return left[0], ""
    elif not isinstance(now, LocalFeatures):
        return ended[-1].stage + 1, ""
    if any(isinstance(stages[e.stage].network, LocalFeatures) for e in ended):
        return _back(stages, ended, weights, rounds, time) or _finer(stages, ended, budget - spent, behind)
    return _wider(stages, ended, rounds, time, windows)


def _rivals(
    stages: Sequence[Stage], ended: Sequence[Ended], rounds: Mapping[int, Mapping[int, float]], time: float
) -> list[int]:
    """What is left of the last round: at first every layer, later those that did best, if there is time for them."""
    *before, count = rounds
    if not before:
        return [k for k in _of(stages, count) if k not in rounds[count]]
    going = _contenders(stages, ended, rounds[before[-1]], count)
    return [k for k in going if k not in rounds[count] and _seconds(stages, ended, k) <= time]


def _of(stages: Sequence[Stage], count: int) -> list[int]:
    """The stages of one round: layers with so many features."""
    return [k for k, s in enumerate(stages) if isinstance(s.network, RandomFeatures) and s.network.count == count]


def _rounds(
    stages: Sequence[Stage], ended: Sequence[Ended], weights: Mapping[str, float]
) -> dict[int, dict[int, float]]:
    """For each number of features the weighted residual (rms) of the stages that had it, the smallest first."""
    rounds: dict[int, dict[int, float]] = {}
    for e in sorted(ended, key=lambda e: e.size(weights)):
        network = stages[e.stage].network
        if isinstance(network, RandomFeatures):
            rounds.setdefault(network.count, {})[e.stage] = e.size(weights)
    return dict(sorted(rounds.items()))


def _contenders(stages: Sequence[Stage], ended: Sequence[Ended], last: Mapping[int, float], count: int) -> list[int]:
    """The stages with `count` features whose layers did best in the last round, the best first."""
    decided = min(e.fraction for e in ended if e.stage in last) <= UNDECIDED
    best = [k for k, size in last.items() if size <= RIVAL * min(last.values())][: RIVALS if decided else RIVALS + 1]
    kinds = [replace(stages[k].network, count=count) for k in best]  # type: ignore[type-var]
    return [k for kind in kinds for k in _of(stages, count) if stages[k].network == kind]


def _seconds(stages: Sequence[Stage], ended: Sequence[Ended], stage: int) -> float:
    """What a stage will take, by what fewer features of its kind took."""
    network = stages[stage].network
    assert isinstance(network, RandomFeatures)
    mine = [(n.count, e.seconds) for e in ended if _alike(n := stages[e.stage].network, network)]
    fewer, seconds = max(mine)
    return (network.count / fewer) ** GROWTH * seconds


def _alike(a: object, b: RandomFeatures) -> TypeGuard[RandomFeatures]:
    """Whether two layers differ in how many features they have alone."""
    return isinstance(a, RandomFeatures) and replace(a, count=b.count) == b


def _wider(
    stages: Sequence[Stage], ended: Sequence[Ended], rounds: Mapping[int, Mapping[int, float]], time: float,
    windows: bool,
) -> tuple[int, str]:  # fmt: skip
    """More features of the best layers, or the first stage with local features, or with a trained network."""
    *before, most = rounds
    best, wider = _best_and_wider(stages, ended, rounds, time)
    why = ""
    if best.fraction > HOPELESS:
        why = ": too much"
    elif before and min(rounds[most].values()) > GAIN * min(rounds[before[-1]].values()):
        why = ", hardly less than fewer did"
    elif wider is None:
        why = ", and more of them would take too long"
    if not why and wider is not None:
        return wider, ""
    other = RandomFeatures if windows else (RandomFeatures, LocalFeatures)
    stage = next(k for k, s in enumerate(stages) if not isinstance(s.network, other))
    left = f"{most} random features left {best.fraction:.1e} of the held-out residual"
    return stage, f"{left}{why}; so " + ("each cell got features of its own" if windows else "a network was trained")


def _best_and_wider(
    stages: Sequence[Stage], ended: Sequence[Ended], rounds: Mapping[int, Mapping[int, float]], time: float
) -> tuple[Ended, int | None]:
    """The best stage of the last round, and the one with more of its features, if there is time for it."""
    most = list(rounds)[-1]
    best = next(e for e in ended if e.stage == next(iter(rounds[most])))
    counts = sorted({s.network.count for s in stages if isinstance(s.network, RandomFeatures)})
    wider = next((count for count in counts if count > most), None)
    if not wider or wider / most * best.parameters > LARGEST:
        return best, None
    going = _contenders(stages, ended, rounds[most], wider)[0]
    return best, going if _seconds(stages, ended, going) <= time else None


def _back(
    stages: Sequence[Stage], ended: Sequence[Ended], weights: Mapping[str, float],
    rounds: Mapping[int, Mapping[int, float]], time: float,
) -> tuple[int, str] | None:  # fmt: skip
    """More random features after all, where features of each cell's own did worse than they."""
    if not rounds:
        return None
    least = min(e.size(weights) for e in ended if isinstance(stages[e.stage].method, Marching))
    best, wider = _best_and_wider(stages, ended, rounds, time)
    if wider is None or best.fraction > HOPELESS or best.size(weights) > least:
        return None
    return wider, "cells with features of their own left more of it; so there were more random ones"


def _finer(stages: Sequence[Stage], ended: Sequence[Ended], left: float, behind: float) -> tuple[int, str]:
    """A second solution on the same cells, to tell the error; then a lower bound for the residual of every cell, two at
    once if one will not do and there is time; after one that was not reached, the stage that trains a network."""
    marched = [e for e in ended if isinstance(stages[e.stage].method, Marching)][-1]
    solved = all(math.isfinite(r) for r in marched.held_out.values())
    after = max(e.stage for e in ended) + 1
    if solved and isinstance(stages[after].method, Retracing):
        return after, ""
    lower = [k for k, s in enumerate(stages) if k >= after and isinstance(s.method, Marching)][:2]
    if solved and lower:
        far = math.isfinite(behind) and behind >= BEHIND and DEARER**2 * marched.seconds <= left
        return lower[-1] if far else lower[0], ""
    trained = next(k for k in range(after, len(stages)) if not isinstance(stages[k].network, LocalFeatures))
    why = "local features came to their end" if solved else "local features left too much of the residual"
    return trained, f"{why}; so a network was trained"
