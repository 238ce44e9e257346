"""What decides where unknown constants are fitted to data."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """How constants move. Chosen, not measured, but for the first, which is that of the prototypes.

    Parameters
    ----------
    longest : float
        Of a logarithm, or of what stands for a bounded constant: a factor of e^1.5. Larger: solutions of another kind.
    damping, less, more : float
        mu at first, and what it is multiplied with after a step that did, and after one that did not.
    least, most : float
        Of mu: below it is none; above it no step leads down.
    settled : float
        Of one standard error: a step that is foretold to be shorter is the last one.
    floor : float
        Of the misfit: what a step must bring, where the misfit is the error of the cells themselves.
    far : float
        Of what is trained: richer features move no constant by more, or neither solution is one.
    share : float
        Of the measurements: what is not said has no more coefficients.
    near : float
        Of what a step was to change: slopes serve for another where no more came otherwise. Larger: constants end
        that part of a standard error beside the minimum. Smaller: slopes that are computed for nothing.
    roughly : float
        The same where more terms follow anyway, and how much less than it must a step is foretold to bring then.
        Larger: these are tried too early, and again with fewer. Smaller: the same as of `near`.
    rises, missed : float
        Of the misfit: what a step must bring where more terms of what is not said may bring more, while the misfit is
        so many times what noise makes. Larger: series that are decided upon before they have come to their end.
    poor : float
        Of how the data vary: where more is left, another minimum is sought. Larger: wrong ones are taken.
    astray : float
        Of the same: a first solution that is so far away ran away. Smaller: what data alone tell of functions of
        unknowns is tried where a guess would do.
    places : (int, int)
        Along one coordinate, and over more: where else a constant may begin. Fewer: the right one is passed by.
    reach : float
        How far from the guess: a factor of sixteen, if a constant is positive.
    beside : float
        Of the misfit, relative to how the data vary: what cells are asked for while constants are sought. Larger:
        misfits are those of the cells. Smaller: cells that far constants do not need.
    coarsest : float
        The most of that. Larger: marches that say nothing, or do not come to their end.
    finer : float
        Times what is asked for in the end: what is nearer to it is asked for at once.
    together : int
        Iterations of Newton's method after which a step of training ends: about a quarter of a second, as of marches.
        More: the budget is kept less closely. Fewer: more looks at residuals.
    serves : float
        Of the misfit: slopes that were used before serve as long as a step leaves less.
    decisive : float
        Of Akaike's criterion: what more terms of an unknown function must bring at the least. Smaller: they follow the
        noise where data say little. Larger: its error is told by fewer. Differences below it mean little (Burnham &
        Anderson, Model Selection and Multimodel Inference (2002), section 2.6).
    carried : int
        Numbers: so many slopes go on to what is stated of constants, and into checkpoints. More: memory. Fewer: they
        are computed once more.
    weak : float
        Of the largest: directions that data tell less are left as they are.
    rounding : float
        Of the largest slope: what no misfit answers to, as the size of a conductivity between given temperatures.
        Smaller: the step is as long as that may be, and nothing else moves.
    """

    longest: float = 1.5
    damping: float = 1e-6
    less: float = 0.1
    more: float = 10.0
    least: float = 1e-12
    most: float = 1e6
    settled: float = 0.03
    floor: float = 0.1
    far: float = 0.1
    share: float = 0.25
    near: float = 0.02
    roughly: float = 0.5
    rises: float = 0.3
    missed: float = 4.0
    poor: float = 0.25
    astray: float = 10.0
    places: tuple[int, int] = (28, 8)
    reach: float = 2.8
    beside: float = 1e-2
    coarsest: float = 1e-3
    finer: float = 3.0
    together: int = 100
    serves: float = 0.5
    decisive: float = 4.0
    carried: int = 5_000_000
    weak: float = 1e-7
    rounding: float = 1e-10


RULES = Rules()
