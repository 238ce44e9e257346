"""Newton's method on one implicit step, which keeps its factorisation while that serves."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import torch
from torch import Tensor

from pinnsolve.cells.curves import Curve, across, curves_of
from pinnsolve.cells.implicit_step import Scheme, Step, sites_of
from pinnsolve.cells.own_cells import seen_by
from pinnsolve.cells.plane_memory import held_in_plane
from pinnsolve.cells.sites import Site
from pinnsolve.cells.stage_operator import Known, Operator
from pinnsolve.geometry.clipped import Place
from pinnsolve.machine.memory import give_back
from pinnsolve.march.mixing import Mixing
from pinnsolve.networks.tiles import Tiles
from pinnsolve.residuals.pointwise import Answers


@dataclass(frozen=True)
class Rules:
    """What decides in Newton's method. Values are those of the prototypes, where they were measured one by one."""

    iterations: int = 10  # before the step is given up; more: time on steps that are too long
    contracts: float = 0.05  # a factorisation is kept while each iteration leaves less; larger: more iterations
    keeps: float = 0.3  # the same in a plane and over space, where a factorisation takes as long as ten iterations
    anew: float = 0.4  # it is made anew within a step where an iteration leaves more; larger: more iterations
    moved: float = (
        3e-2  # of the unknowns' sizes, in a plane and over space: a change below it is not why; smaller: more
    )
    away: float = 1e3  # of the unknowns' sizes: a change that large leads nowhere
    leaps: float = (
        8.0  # times the change before, in a plane and over space: such a one leads nowhere; larger: more tries
    )
    brief: float = 1e-2  # of what joins cells: the error of factors with half of the digits; larger: more iterations
    alike: float = 4.0  # times the lengths at which it was seen what an iteration leaves; larger: it is seen less often
    solutions: float = 2.0  # of a step, with factors for all of its length
    several: float = 6.0  # with factors that serve while slopes change little
    # of that: factors with such an error need not be looked at again at such lengths, which takes a tenth of a march
    # over a shape (mixing: 6e-5 to 3e-4 of them all); larger: iterations where some are worse
    sound: float = 0.1
    sure: float = 1e3  # times that, where it is not seen once more; smaller: rounding may be left that nobody looks at


RULES = Rules()


def norm(c: Tensor, mesh: Tiles, sizes: Tensor) -> Tensor:
    """The root mean square over space of fields (..., n, F, M), each relative to its size: (...,)."""
    square = (c / sizes[:, None]).square().sum((-1, -2))
    return (square @ mesh.shares).sqrt()


@dataclass
class Counts:
    """How often what was done."""

    iterations: int = 0
    factorisations: int = 0
    operations: float = 0.0


@dataclass(frozen=True)
class Seen:
    """What iterations have left of those before, at most, on cells at such places and at lengths between two."""

    places: tuple[Place, ...]
    rate: float
    shortest: float
    longest: float

    def like(self, length: float) -> bool:
        """Whether a length is about as long."""
        return self.shortest / RULES.alike <= length <= self.longest * RULES.alike


@dataclass
class StepSolver:
    """Newton's method with slopes averaged over the stages.

    Parameters
    ----------
    scheme : Scheme
    sizes : tensor (F,)
        Of the unknowns.
    left : float
        The change that may be left, relative to them.
    constant : bool
        Whether iterations leave nothing but rounding: the equations are linear, with slopes that do not change in time.
    """

    scheme: Scheme
    sizes: Tensor
    left: float
    constant: bool = False
    counts: Counts = field(default_factory=Counts)

    def __post_init__(self) -> None:
        self.operator: Operator | None = None
        self.sides: Known | None = None  # what the last one knew
        self.first = 0.0  # the size of the first change of a step
        self.leapt = False  # whether the last change led nowhere
        self.made_at: Step | None = None  # as the step stood when it was factorised
        self.rate, self.told = 1.0, True  # what an iteration left of the one before, and whether that was seen
        self.held: list[tuple[Site, Answers]] | None = None  # conditions that hold since the first iteration
        self.sound: tuple[float, float] | None = None  # lengths between which half of the digits do
        self.seen: Seen | None = None  # where equations are linear: the most that any has left
        # what is iterated upon anyway needs few digits; what is factorised once, or has no energy, all of them; over
        # space there is no memory for these
        once = self.constant and self.scheme.evolution.dims < 3
        self.brief = self.scheme.evolution.dims > 1 and not (once or self.scheme.weak)

    def solve(self, step: Step) -> bool:
        """Solve for the stages, in place; whether it settled."""
        before, earlier, self.held = None, math.inf, None
        mixing = None if self.constant or step.mesh.dims < 2 else Mixing()  # where a factorisation is dear
        for k in range(1, RULES.iterations + 1):
            fresh = self._fresh(step, k)
            try:
                change = self._change(step, fresh)
            except torch.linalg.LinAlgError:  # type: ignore[attr-defined]  # rounding has left nothing to solve
                return self._failed()
            step.stages = step.stages + (mixing.mixed(step, change, self.sizes, fresh) if mixing else change)
            self.counts.iterations += 1
            size = float(norm(change, step.mesh, self.sizes).max())
            self.first = size if before is None else self.first
            self.leapt = not size < (RULES.leaps * before if before and mixing else RULES.away)
            if self.leapt:
                return self._failed()
            if self.constant:
                self._rated(step, fresh, size / before if before else None)  # of all iterations with this factorisation
                settled = size * (self.rate or 1.0) < self.left
            else:
                self.rate = size / before if before else 0.0
                settled = bool(before) and self.rate < 0.5 and size * self.rate < 3 * self.left
            if settled or size < self.left:
                return True
            if k > 4 and self.rate > 1 and (size > earlier or not mixing):
                break
            before, earlier = size, before or math.inf
        return self._failed()

    def _known(self, step: Step) -> float:
        """What an iteration leaves with a factorisation that is new, as those of like lengths on these cells have told;
        zero where there are none."""
        if self.seen is not None and self.seen.places != step.mesh.places:
            self.seen = None
        if self.seen is None or not self.seen.like(step.length):
            return 0.0
        return RULES.sure * self.seen.rate

    def _rated(self, step: Step, fresh: bool, seen: float | None) -> None:
        """Note what an iteration leaves with this factorisation, once that was seen; before what is known of it."""
        if seen is None:
            if fresh:
                self.rate, self.told = self._known(step), False
            return
        self.rate, self.told = max(self.rate, seen) if self.told else seen, True
        known = self.seen or Seen(step.mesh.places, seen, step.length, step.length)
        lengths = known.shortest, known.longest, step.length
        self.seen = Seen(known.places, max(known.rate, seen), min(lengths), max(lengths))

    def forget(self) -> None:
        """Make the next factorisation anew, as a march that is taken up again does."""
        self._drop()
        self.made_at, self.rate, self.told = None, 1.0, True

    def _drop(self) -> None:
        """Let go of the factorisation, but for what it knows of sides."""
        if self.operator is not None:
            self.sides, self.operator = self.operator.known, None

    def take_up(self, step: Step, rate: float, told: bool) -> None:
        """Make the factorisation of a step again, as it stood then."""
        walls = [(site, step.at_site(site, slopes=True)) for site in sites_of(self.scheme, step.mesh)]
        seen = seen_by(self.scheme, step.mesh)
        inside = step.inside(self.scheme.points, slopes=True, cells=seen.cells)
        self.operator = self._factorised(step, inside, walls, self._at_curves(step, slopes=True))
        self.rate, self.told = rate, told

    def _failed(self) -> bool:
        self.forget()
        return False

    @property
    def serves(self) -> bool:
        """Whether the factorisation at hand does for another step of the same length."""
        contracts = RULES.contracts if self.scheme.evolution.dims < 2 else RULES.keeps
        return self.constant or self.rate <= contracts

    def _fresh(self, step: Step, iteration: int) -> bool:
        """Whether the factorisation must be made anew."""
        kept = self.operator
        if kept is None or kept.mesh is not step.mesh or kept.length != step.length:
            return True
        if iteration == 1:
            return not self.serves
        again = iteration in (3, 6) and self.rate > RULES.anew and not self.constant
        return again and (step.mesh.dims < 2 or self._moved(step) > RULES.moved)

    def _moved(self, step: Step) -> float:
        """By how much a step has changed since it was factorised, or the one before."""
        assert self.made_at is not None
        return float(norm(step.stages - self.made_at.stages, step.mesh, self.sizes).max())

    def _change(self, step: Step, fresh: bool) -> Tensor:
        s = self.scheme
        seen = seen_by(s, step.mesh)
        inside = step.inside(s.points, slopes=fresh, cells=seen.cells)
        walls, curves = self._at_walls(step, fresh), self._at_curves(step, fresh)
        if fresh:
            self.operator = self._factorised(step, inside, walls, curves)
            self.counts.factorisations += 1
            self.counts.operations += self.operator.operations[0]
        assert self.operator is not None
        self.counts.operations += self.operator.operations[1]
        at_walls, at_curves = ([found.residuals for _, found in told] for told in (walls, curves))
        return self.operator.correction(inside.residuals, at_walls, step.stages, step.times, at_curves)

    def _at_walls(self, step: Step, slopes: bool) -> list[tuple[Site, Answers]]:
        """What conditions say. Along a line a correction meets exactly what is prescribed of one unknown, so that
        nothing is left for the next."""
        if self.held is not None and not slopes:
            return self.held
        found = [(site, step.at_site(site, slopes)) for site in self._sites(step)]
        met = step.mesh.dims == 1 and all(c.prescribes is not None for site, _ in found for c in site.conditions)
        self.held = [(s, replace(a, residuals=torch.zeros_like(a.residuals))) for s, a in found] if met else None
        return found

    def _at_curves(self, step: Step, slopes: bool) -> list[tuple[Curve, Answers]]:
        """What relations say across curves between materials, which are looked for once."""
        kept = self.operator
        known = kept is not None and kept.mesh is step.mesh
        curves = [curve for curve, _ in kept.curves] if known else curves_of(self.scheme, step.mesh)  # type: ignore[union-attr]
        return [(curve, across(step, curve, slopes)) for curve in curves]

    def _factorised(
        self, step: Step, inside: Answers, walls: Sequence[tuple[Site, Answers]],
        curves: Sequence[tuple[Curve, Answers]],
    ) -> Operator:  # fmt: skip
        """The factorisation made anew. The old one goes before: two, and the holes that one leaves, take gigabytes."""
        self._drop()
        self.made_at = replace(step)
        if step.mesh.dims > 1:
            give_back()
        brief = self.brief or self._tight(step)
        low, high = self.sound or (math.inf, 0.0)
        sure = low / RULES.alike <= step.length <= high * RULES.alike
        made = Operator.of(step, inside, walls, brief, curves, self._uses(step), self.sides, sure)
        if made.error < RULES.brief or not self.brief:
            if not sure and made.error < RULES.sound * RULES.brief:
                self.sound = min(low, step.length), max(high, step.length)
            return made
        self.brief = False
        return self._factorised(step, inside, walls, curves)

    def _uses(self, step: Step) -> float:
        """How often factors of a step are solved: where they serve all steps of its length, for as long as was marched
        so far, or is left; else in that step and a few more."""
        begin, end = self.scheme.evolution.times
        ahead = min(end - step.begin, step.begin + step.length - begin) if self.constant else 0.0
        return RULES.solutions * max(1.0, ahead / step.length) if self.constant else RULES.several

    def _tight(self, step: Step) -> bool:
        """Whether a budget of memory leaves room for half of the digits alone."""
        s = self.scheme
        if s.room.cells is None or s.evolution.dims != 2 or s.weak:
            return False
        return held_in_plane(s, len(step.mesh), brief=False) > s.room.cells

    def _sites(self, step: Step) -> list[Site]:
        """Where conditions hold on the step's mesh, looked for once."""
        kept = self.operator
        if kept is not None and kept.mesh is step.mesh:
            return [site for site, _ in kept.sites]
        return sites_of(self.scheme, step.mesh)
