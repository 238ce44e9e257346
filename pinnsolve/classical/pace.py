"""How the steps of a march are chosen."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Pace:
    """How steps are chosen.

    Parameters
    ----------
    stages : int
        More: fewer and longer steps, each of them dearer.
    first : float
        The first step that is tried, in parts of the time.
    least : float
        The shortest step, in parts of the time: what asks for less is no smooth solution.
    rejections : int
        Of steps, beside half as many as were taken: more are a sign of a solution that is not resolved in space.
    growth : float
        By which a step may be longer than the last one.
    safety : float
        Of the step that would meet the tolerance.
    strict : float
        How much more conditions count than equations: what they leave open is the equations' alone. Smaller: waves
        grow at walls.
    idle : float
        On shapes: of the error of a step, what is left of it after a shorter one if that is idle. Smaller: errors of
        time are taken for those of space.
    calm : int
        On shapes: steps without a rejected one, after which one that is twice as long is tried.
    beyond : float
        Of the length of a step whose stages were not found: that of the longest ones after it, however small their
        error. Larger: the next ones fail, too.
    again : float
        By which this grows with each step, so that longer ones are tried again.
    soon : float
        Of the time: errors count beside what a march on fewer nodes has grown to so much later. More: what grows by
        itself is followed less closely than it asks for.
    iterations : int
        Of Newton's method in a step.
    solved : float
        Newton's corrections end below this part of the tolerance.
    slow : float
        A correction that is more than this part of the last one asks for a new Jacobian.
    kept : int
        Lengths of steps, beside the one that is taken, whose factors are kept. More: they serve again where lengths go
        up and down, and take as much memory again each.
    wanes : float
        The power to which what is known of corrections is raised with each step that asked for one alone: by how much
        the second was smaller than the first, the last time that there were two. Where equations are linear that is
        rounding, and every sixth step has two. Larger: where they are not, it is known of another solution by then.
    settling : int
        Corrections that need not be smaller than the one before: what begins at zero, and answers to the square of
        another that does, moves with the second one alone. Larger: steps that are too long are given up later.
    stays : float
        Of the tolerance: corrections below it that do not fall are rounding. Larger: what a step leaves of its
        equations is felt. Smaller: third derivatives on many nodes end a march.
    many : int
        Steps after which a march that is not resolved in space is given up.
    unseen : float
        Relative: what every second node may not show of a solution that is resolved.
    rounding : float
        Corrections, relative to what is corrected, that no further one betters.
    """

    stages: int = 5
    first: float = 1e-2
    least: float = 1e-12
    rejections: int = 15
    growth: float = 4.0
    safety: float = 0.8
    strict: float = 100.0
    idle: float = 0.5
    calm: int = 3
    beyond: float = 0.6
    again: float = 1.1
    soon: float = 0.05
    iterations: int = 7
    solved: float = 1e-3
    slow: float = 0.3
    kept: int = 1
    wanes: float = 0.8
    settling: int = 2
    stays: float = 0.03
    many: int = 40
    unseen: float = 0.1
    rounding: float = 1e-13


PACE = Pace()
