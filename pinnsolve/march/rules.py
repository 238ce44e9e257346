"""What decides in a march over cells."""

from __future__ import annotations

from dataclasses import dataclass

from pinnsolve.trial.evolution import Evolution


@dataclass(frozen=True)
class Rules:
    """What decides in a march. Values are those of the prototypes, where they were measured one by one."""

    newton: float = 0.01  # of the tolerance: what Newton's method may leave; larger: it is what the error consists of
    # times that where fluxes join cells: there it adds a sixtieth to errors (gray_scott, a front aslant), and saves a
    eased: float = 5.0  # fifth of all iterations (Heat2d-LT); larger: it is told in the error of the second march
    helps: float = 0.6  # a shorter step must bring its last coefficient below this part; otherwise space lacks
    aim: float = 0.4  # of the tolerance: what the next step aims at; larger: more steps are repeated
    grows: float = 2.0  # a step is at most so much longer than the last
    leaps: float = 8.0  # in a plane and over space, where each length is factorised anew; larger: more are repeated
    kept: float = 4.0  # steps of a plane that longer ones must save, since each length is factorised anew (0.35 s for
    # 0.2 of a step over cells that rims cut: `benchmarks.pinnacle heat2d_cg`); larger: lengths that are never taken up
    # of all time: the first step over space; shorter: its residual is the start's, and cells are halved
    begin: float = 1 / 16
    serves: float = 20.0  # steps over space: so few more go on with their cells; larger: more cells than are needed
    failures: int = 4  # steps of a plane or space before a length at which Newton's method failed; more: short steps
    longest: float = 0.25  # of all time: the longest step
    stretch: float = 1.1  # times a step's length: what is left up to its end is taken at once; larger: it is repeated
    first: float = 1 / 64  # of all time: the first step
    # times as much as any other the first step after a jump may leave out along a line, where kinks spread at once: all
    # the others together are as many squares; larger: it is all the error; smaller: waves that a kink sends out are
    # resolved (Schroedinger's equation: twice as many steps and cells), and lost again when steps grow
    once: float = 8.0
    merge: float = 1e-3  # of the bound: calm cells are merged; larger: they are split again at once
    gathers: float = 0.03  # of the bound: the same in a plane where others are halved; larger: the same
    calm: float = 0.1  # of the bound: over a shape what calm cells leave; larger: cells are sought in vain
    mostly: float = 0.5  # of the cells: where more are calm, fewer may do
    between: int = 2  # steps between two looks for fewer; fewer: more looks
    asked: float = 0.3  # of the bound: what fewer cells may leave before they are solved; larger: some are halved again
    fewer: float = 0.75  # of the cells: more are not worth it
    few: float = 0.1  # of the cells of a line, soon after a halving: fewer are not merged; larger: more cells are kept
    many: float = 1 / 6  # of the cells of space: where more are bad all are halved; smaller: beside layers, in vain
    even: float = 3.0  # times as many cells of space at most, where all are halved; larger: too many for narrow things
    worth: float = 0.2  # of the cells of a plane: fewer are not merged, since all must be factorised anew
    narrow: float = 0.1  # of the length: in cells below it a larger residual is let pass, as the root of their width
    shallow: float = 2.0**-18  # of the length: no cell is halved below it; in a plane below its root
    layer: float = 20.0  # times the tolerance, its power of 2/3: beside jumps on a rim no cell is narrower, soon after
    corner: float = 2.0**-10  # of the length: cells at corners of a rim, to begin with; larger: theirs is all the error
    widest: float = 2.0**-4  # of the length: they may always be that narrow
    jump: float = 0.01  # of the unknowns' sizes: a first step that leaves out more begins at a jump; larger: more tries
    after: float = 0.05  # of a first step that is too long: the next try; larger: more tries after a jump
    sudden: float = 1e-10  # of all time: no first step is tried below it (its root) before cells are halved
    low: float = 1 / 3  # of the degree in a plane: features that show what time leaves out; larger: space does
    plane: int = 2  # cells along each of two coordinates to begin with; more: long ones are not found
    twice: float = 8.0  # times the bound: along a line such cells are halved twice at once; larger: more rounds
    rounds: int = 20  # of halving in one step
    linear: float = 2.5  # times as many cells of a plane at most where factors serve all steps of a length
    room: float = 0.1  # of the cells: the least that is halved where there is no room for all; less: more rounds
    spares: float = 10.0  # times what a step leaves out that no cells mend: what later ones may; smaller: short steps
    short: float = 1e-12  # of all time: a step below it is none
    longer: float = 4.0  # the step where steps make what is carried grow; less: they still do; more: time lacks
    # of what cells that fluxes join leave, where things are of first order in time: how much of it is felt beside what
    # steps leave out; larger: a quarter more cells, for errors that are less by a hundredth (a front aslant); smaller:
    felt: float = 1 / 3  # those of cells are as large
    fades: float = 0.7  # the size of the equations' terms is at least so much of the last step's

    def ease(self, evolution: Evolution) -> float:
        """How many times as much Newton's method may leave as elsewhere."""
        return self.eased if evolution.fluxed and not evolution.second else 1.0


RULES = Rules()
