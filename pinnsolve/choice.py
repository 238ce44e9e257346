"""Which stage of an automatic run follows: more features while they pay, and a trained network where they do not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from pinnsolve.networks import RandomFeatures
from pinnsolve.settings import Stage

HOPELESS = 0.05  # of the first held-out residual: few features that leave more of it will not do with many
GAIN = 0.5  # twice as many features must bring the residual below this part of what it was
SHARE = 0.4  # of the budget, for all stages with features
LARGEST = 3500  # parameters: beyond, dense factorisations cost more than they bring


@dataclass(frozen=True)
class Ended:
    """A stage that came to its end.

    Parameters
    ----------
    stage : int
    fraction : float
        Its best held-out residual (rms) over the one at its start.
    seconds : float
    parameters : int
    """

    stage: int
    fraction: float
    seconds: float
    parameters: int


def following(stages: Sequence[Stage], ended: Sequence[Ended], spent: float, budget: float) -> tuple[int, str]:
    """The index of the next stage, and why it is that one."""
    last = ended[-1]
    after = last.stage + 1
    now, then = stages[last.stage].network, stages[after].network
    if not (isinstance(now, RandomFeatures) and isinstance(then, RandomFeatures)):
        return after, ""
    trained = next(k for k in range(after, len(stages)) if not isinstance(stages[k].network, RandomFeatures))
    what = f"{now.count} random features left {last.fraction:.1e} of the held-out residual"
    more = then.count / now.count
    if last.fraction > HOPELESS:
        return trained, f"{what}: too much, so a network was trained"
    if len(ended) > 1 and last.fraction > GAIN * ended[-2].fraction:
        return trained, f"{what}, hardly less than half as many: so a network was trained"
    if more * last.parameters > LARGEST or spent + more**3 * last.seconds > SHARE * budget:
        return trained, f"{what}, and more of them would take too long: so a network was trained"
    return after, ""
