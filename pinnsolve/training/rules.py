"""The numbers by which a run chooses its stages."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Rules:
    """When more features, other features or a trained network follow (`training.strategy`).

    Chosen on the gallery and not varied one by one, but where another command is named. `python -m validation.results`
    shows what runs make of all of them together.

    Parameters
    ----------
    certain : float
        Of the tolerance: an error that is estimated below it ends the run. Larger: a pass that is none, since 96 % of
        the estimates are within a factor of three (`python -m validation.estimates`). Smaller: time for nothing.
    certain_cells : float
        The same of cells that were solved again, whose errors were never above 1.4 times the estimate (51 of them, the
        same command). Smaller: a solution that is good enough is followed by others that cost twenty times as much.
    certain_poorer : float
        The same of a march of which a poorer one tells what it has of its error, which was 0.14 to 1.1 times what is
        told (`python -m validation.poorer`). Larger: errors above the tolerance. Smaller: richer marches that tell as
        much.
    enough : int
        Solutions whose residual is rounding: another one brings nothing. Fewer: the error is told by fewer.
    differ : float
        An error of such solutions beyond rounding: they differ, and all of them solve the problem. Smaller: an
        ill-conditioned problem is said to have several solutions.
    hopeless : float
        Of the first held-out residual: few features that leave more of it will not do with many. Smaller: a network is
        trained where more of these would have done.
    gain : float
        Twice as many features must bring the residual below this part of what it was. Larger: rounds that bring little.
        Tables "kinds" and "counts" of `python -m validation.features`.
    share : float
        Of the budget, for all stages with features. Larger: no time is left for a network.
    first_share : float
        Of the budget, for the first layers of all kinds. Larger: with many unknowns nothing is left for the second.
    usual : int
        Features to begin with, where they fit in that share. Fewer: a round costs more time than it saves. More: where
        few are enough they cost more. Table "counts" of `python -m validation.features`.
    growth : float
        The operations of a stage grow as this power of the number of features, as those of a factorisation do.
    rival : float
        Times the smallest residual: layers above that do not go on. Larger: more layers, and less time for each.
    rivals : int
        Layers that go on, and one more while all of them leave more than `undecided`.
    undecided : float
        Of the first residual. Smaller: three layers go on for longer.
    cells : float
        Of the budget, for marches over cells: what is not solved by then is left to others. Larger: these have too
        little. Smaller: long marches are left before their end. Chosen, not measured.
    plane : float
        The same over two coordinates of space, or ranges of parameters, for marches and what follows them: random
        features do little there with time as a third one. Chosen, not measured.
    deeper : float
        A march to a hundred times lower tolerance takes about so many times the operations
        (`python -m validation.marched`).
    aim : float
        Of the bound at which the error would be small enough, if it goes as the bound does: it falls a little more
        slowly. Larger: a third march follows. Smaller: steps and cells that nobody asked for.
    kinked : float
        The same in a plane in time where richer features leave no less, and there the most of the bound before: a kink
        travels, its error falls as the bound does, and what it takes grows as the power of 2.5 of that (a cone carried
        around once: 2 s, 13 s at half of the bound, 33 s at a third). Smaller: time for what nobody asked for. Larger:
        a third march follows.
    again : float
        Of what two degrees more brought the residual down by: what two more bring the error down by. Measured where
        errors are known: 0.5 to 2. Smaller: they are not enough, and a march follows after all.
    dearer : float
        Times the operations of two degrees more: those of two more (1.5 to 2.3).
    looks : float
        Of the steps of training that a march has made: it is looked at again after so many more. Larger: what is told
        on the way is older. Smaller: looks at all points take a fifth of a march of a hundred steps.
    most : int
        Degrees more at once in time over a line or a plane, where other cells cost most. Larger: what was seen of two
        does not tell. Smaller: a march from the start on in its place (allen_cahn to 1e-5 takes a half more).
    hardly : float
        Of the residual before: where richer features leave more, they do not do, and the next march along a line is
        asked for no more than is missing. Larger: Schroedinger's equation after a kink asks a hundred times as much,
        and comes to no end. Smaller: a third march follows where one would have done (Maxwell's pulse).
    less, less_in_plane, least, least_in_plane : float
        Of the bound before. A march that is hardly richer tells nothing new; in a plane, where cells are dear, a tenth
        it is. Along a line a hundredth in place of 0.03 takes a tenth to a fifth more time on burgers, allen_cahn and
        klein_gordon to 1e-5 to 1e-8, for estimates that are two to three times as small; a tenth takes no less. One
        that asks for more than the least at once may come to no end; in a plane the error of few cells is told far too
        large.
    """

    certain: float = 1 / 3
    certain_cells: float = 2 / 3
    certain_poorer: float = 0.9
    enough: int = 3
    differ: float = 1e-3
    hopeless: float = 0.3
    gain: float = 0.5
    share: float = 0.6
    first_share: float = 0.2
    usual: int = 200
    growth: float = 3.0
    rival: float = 3.0
    rivals: int = 2
    undecided: float = 0.05
    cells: float = 0.3
    plane: float = 0.9
    deeper: float = 4.0
    aim: float = 0.5
    kinked: float = 0.7
    again: float = 2.0
    dearer: float = 2.0
    looks: float = 0.125
    most: int = 4
    hardly: float = 0.7
    less: float = 0.03
    less_in_plane: float = 0.1
    least: float = 1e-4
    least_in_plane: float = 0.02

    def of_tolerance(self, cells: bool, poorer: bool) -> float:
        """The part of the tolerance below which an estimate ends the run: of cells, or told by a poorer march."""
        if poorer:
            return self.certain_poorer
        return self.certain_cells if cells else self.certain


RULES = Rules()
