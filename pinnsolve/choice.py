"""Which stage of an automatic run follows: more features while they pay, then local ones, then a trained network.

Few features are tried at several steepnesses; the best of these goes on with twice as many, and twice again. Where that
does not pay, cells with features of their own refine themselves in windows of time, to lower and lower bounds. The
residual on held-out points decides, as it does for everything else.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from pinnsolve.networks import LocalFeatures, RandomFeatures
from pinnsolve.settings import Stage
from pinnsolve.weights import weighted

HOPELESS = 0.3  # of the first held-out residual: few features that leave more of it will not do with many
GAIN = 0.5  # twice as many features must bring the residual below this part of what it was
SHARE = 0.6  # of the budget, for all stages with features
GROWTH = 2.3  # the time of a stage grows as this power of the number of features
LARGEST = 3700  # parameters: beyond, dense factorisations cost more than they bring


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
    """

    stage: int
    fraction: float
    held_out: dict[str, float]
    seconds: float
    parameters: int


def following(
    stages: Sequence[Stage], ended: Sequence[Ended], weights: Mapping[str, float], spent: float, budget: float
) -> tuple[int, str]:
    """The index of the next stage, and why it is that one, where that was a decision."""
    after = ended[-1].stage + 1
    now, then = stages[after - 1].network, stages[after].network
    if isinstance(now, LocalFeatures):
        return _finer(stages, ended[-1])
    if not isinstance(now, RandomFeatures):
        return after, ""
    fewest = next(s.network.count for s in stages if isinstance(s.network, RandomFeatures))
    if isinstance(then, RandomFeatures) and then.count == fewest:
        return after, ""  # another steepness
    return _wider(stages, ended, weights, spent, budget)


def _wider(
    stages: Sequence[Stage], ended: Sequence[Ended], weights: Mapping[str, float], spent: float, budget: float
) -> tuple[int, str]:
    """More features of the best steepness, or the first stage that trains a network."""
    size = {e.stage: weighted(weights, e.held_out) ** 0.5 for e in ended}
    features = {k: s.network for k, s in enumerate(stages) if isinstance(s.network, RandomFeatures)}
    most = features[ended[-1].stage].count
    best = min((e for e in ended if features[e.stage].count == most), key=lambda e: size[e.stage])
    steepness = features[best.stage].steepness
    fewer = [size[e.stage] for e in ended if features[e.stage].count < most]
    wider = [k for k, f in features.items() if f.count > most and f.steepness == steepness]
    more = features[wider[0]].count / most if wider else 1.0
    why = ""
    if best.fraction > HOPELESS:
        why = ": too much"
    elif fewer and size[best.stage] > GAIN * min(fewer):
        why = ", hardly less than fewer did"
    elif not wider or more * best.parameters > LARGEST or spent + more**GROWTH * best.seconds > SHARE * budget:
        why = ", and more of them would take too long"
    if not why:
        return wider[0], ""
    local = next(k for k in range(ended[-1].stage + 1, len(stages)) if k not in features)
    left = f"{most} random features left {best.fraction:.1e} of the held-out residual"
    return local, f"{left}{why}; so each cell got features of its own"


def _finer(stages: Sequence[Stage], last: Ended) -> tuple[int, str]:
    """A lower bound for the residual of every cell; after one that was not reached, the stage that trains a network."""
    solved = all(math.isfinite(r) for r in last.held_out.values())
    after = last.stage + 1
    if solved and isinstance(stages[after].network, LocalFeatures):
        return after, ""
    trained = next(k for k in range(after, len(stages)) if not isinstance(stages[k].network, LocalFeatures))
    why = "local features came to their end" if solved else "local features left too much of the residual"
    return trained, f"{why}; so a network was trained"
