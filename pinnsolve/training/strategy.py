"""Which stage of a run follows, from what was measured so far.

In an automatic run cells come first where they fit: a march, the same again with richer features, which tells its
error, and where that is too large a march to a lower tolerance. Elsewhere, and where cells do not do, few features of
several kinds are tried, sines of several frequencies and tanh; the best go on with twice as many, and twice again, two
of them once it shows which. Where that does not pay, a network is trained. The residual on held-out points decides, and
the estimated error ends it.

Time enters as counted operations, and the budget as the operations that a core makes in it at a nominal speed, so that
the same seed makes the same choices on any machine, however loaded.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from pinnsolve.algebra.operations import LARGEST, SPEED, qr
from pinnsolve.errors import Outcome
from pinnsolve.methods import Marching, Vanishing
from pinnsolve.networks import LocalFeatures, RandomFeatures
from pinnsolve.networks.described import alike, is_features
from pinnsolve.settings import LAYERS, Stage
from pinnsolve.training.after_cells import after_cells, closer_by, richer_still
from pinnsolve.training.clock import Clock
from pinnsolve.training.results import Ended, Results, Turn
from pinnsolve.training.rules import RULES, Rules

NOISE = "; the data's noise comes on top"


class Strategy:
    """Says when a stage is over, and what follows.

    Parameters
    ----------
    stages : sequence of Stage
    budget : float
        Seconds.
    tolerance : float
        The relative error that is asked for.
    automatic : bool
        Whether stages are chosen, and not taken one after the other.
    cells : int
        Over how many coordinates of space cells can do; zero where they cannot.
    only : bool
        Whether nothing but cells can do: they end at inner places, and features do not.
    noise : str
        What the estimate of the error leaves out, told with it.
    ranges : bool
        Whether some of them are parameters: cells are solved for many values of these.
    coordinates : int
        Of the problem, time among them: what sines of high frequency cannot cover is not tried.
    law : str
        Whether these are conservation laws, which make shocks, from a start that is smooth or jumps.
    rules : Rules
    largest : int
        Trained numbers of random features at most.
    rough : bool
        Whether it is only to begin another one with: a march within its bound does, and nobody asks for its error.
    """

    def __init__(
        self, stages: Sequence[Stage], budget: float, tolerance: float, *, automatic: bool = True, cells: int = 0,
        only: bool = False, noise: str = "", coordinates: int = 1, law: Literal["", "smooth", "jumps"] = "",
        ranges: bool = False, rules: Rules = RULES, largest: int = LARGEST, rough: bool = False,
    ) -> None:  # fmt: skip
        self.cells, self.plane, self.only, self.unknowns = bool(cells), cells > 1 or (ranges and cells > 0), only, 1
        evolves, self.rough, self.law = 0 < cells < coordinates and not (ranges or noise), rough, law
        self.travels, self.space = evolves and cells == 2, evolves and cells > 2
        self.more, self.line = rules.most if evolves and cells < 3 else 2, coordinates == 1
        self.stages, self.tolerance, self.automatic, self.largest = stages, tolerance, automatic, largest
        self.operations, self.noise, self.coordinates, self.rules = SPEED * budget, noise, coordinates, rules

    # ------------------------------------------------------------ the two questions

    def first(self, unknowns: int) -> int:
        """The stage to begin with: cells where they fit; otherwise layers of random features."""
        self.unknowns = unknowns
        if self.automatic and (self.law == "jumps" or (self.law and not self.cells)):
            return self._with_viscosity()
        marched = [k for k, s in enumerate(self.stages) if isinstance(s.method, Marching)]
        if self.automatic and self.cells and marched:
            return marched[0]
        return self._first_features()

    def _with_viscosity(self) -> int:
        return next(k for k, s in enumerate(self.stages) if isinstance(s.method, Vanishing))

    def _first_features(self) -> int:
        """Layers of the usual size, or smaller ones where many unknowns make them dear."""
        counts = sorted({n.count for s in self.stages if isinstance(n := s.network, RandomFeatures)})
        if not self.automatic or not counts:
            return 0
        share = self.rules.first_share * self.operations / len(LAYERS)
        fit = [c for c in counts if c <= self.rules.usual and qr(3 * c * self.unknowns, c * self.unknowns) <= share]
        return self._of(max(fit, default=counts[0]))[0]

    def over(self, stage: int, verdict: Outcome | None, steps: int, done: bool, clock: Clock) -> bool:
        """Whether a stage has come to its end.

        Parameters
        ----------
        stage : int
        verdict : Outcome, optional
            What the losses say.
        steps : int
            That it made.
        done : bool
            Whether its method says so.
        clock : Clock
        """
        method, last = self.stages[stage].method, stage + 1 == len(self.stages)
        if done or (method.steps is not None and steps >= method.steps):
            return True
        if isinstance(method, Vanishing):  # residuals of the equations without viscosity say nothing
            return False
        if verdict is not None:  # where solutions are compared, a small residual alone proves nothing
            return last or verdict.kind != "converged" or not self.compares(stage)
        if isinstance(method, Marching) and self.automatic:
            return clock.operations >= (self.rules.plane if self.plane else self.rules.cells) * self.operations
        share = self.operations * (stage + 1) / len(self.stages)
        return not last and method.steps is None and not self.automatic and clock.operations >= share

    def next(self, results: Results, clock: Clock) -> Turn | Outcome:
        """What follows the stage that has just come to its end."""
        now = results.ended[-1]
        if isinstance(self.stages[now.stage].method, Vanishing) and not now.missing:
            return Outcome("plateau", "a viscosity below that was not tried")  # `training.limit` says more
        if now.stage + 1 == len(self.stages):
            return self._at_the_end(now)
        if now.verdict is not None and now.verdict.kind == "non-finite" and not self._another(now.stage):
            return now.verdict
        if now.verdict is not None and now.verdict.kind == "converged" and not self.compares(now.stage):
            return now.verdict
        if found := self._solved_well(results, now):
            return found
        return self._following(results, clock) if self.automatic else Turn(now.stage + 1)

    # ------------------------------------------------------------ how it ends

    def compares(self, stage: int) -> bool:
        """Whether this is one of several stages with features, whose solutions are compared."""
        return self.automatic and is_features(self.stages[stage].network)

    def _another(self, stage: int) -> bool:
        """Whether another network follows, which may do where this one fails."""
        return any(s.network is not self.stages[stage].network for s in self.stages[stage:])

    def _at_the_end(self, now: Ended) -> Outcome:
        if now.missing and (now.verdict is None or now.verdict.kind != "non-finite"):
            kind = "plateau" if now.stuck else "steps"
            return Outcome(
                kind, now.missing, "raise Marching's bound, its steps or the budget, or leave method and network out"
            )
        if now.verdict is None and isinstance(self.stages[now.stage].method, Marching):
            return self._marched(now)
        return now.verdict or Outcome("steps", f"all {now.steps} steps made")

    def _marched(self, now: Ended) -> Outcome:
        """A march that was asked for came to its end, and is not solved again."""
        if now.stuck:
            return Outcome("plateau", "some cells or steps leave more than the bound", "raise Marching's bound")
        remedy = "leave method and network out, and it is estimated"
        return Outcome("steps", "the march came to its end within its bound, but its error was not estimated", remedy)

    def _solved_well(self, results: Results, now: Ended) -> Outcome | None:
        """The outcome where nothing better is needed, or to be had."""
        if self.rough and isinstance(self.stages[now.stage].method, Marching) and now.solved and not now.stuck:
            return Outcome("steps", "the cells are within their bound, which is near enough to go on from")
        if self._good_enough(now):
            told = f"the error is estimated at {now.estimate:.0e} ({now.compared} solutions compared){self.noise}"
            return Outcome("converged", told)
        exact = sum(e.exact for e in results.ended)
        return self._exact(exact, now.estimate) if exact >= self.rules.enough and now.estimate is not None else None

    def _good_enough(self, now: Ended) -> bool:
        """Whether the best solution is, and its error need not be told by solving it again."""
        cells = now.best is not None and isinstance(self.stages[now.best].network, LocalFeatures)
        certain = self.rules.of_tolerance(cells, now.part < 1.0)
        if not now.solved or now.estimate is None or not now.estimate <= certain * self.tolerance:
            return False
        return not (cells and now.best == now.stage and isinstance(self.stages[now.stage].method, Marching))

    def _exact(self, count: int, estimate: float) -> Outcome:
        """Several solutions meet all equations and conditions to rounding, and no other will meet them better."""
        told = f"{count} solutions have residuals at rounding, and the error is estimated at {estimate:.0e}"
        if estimate > self.rules.differ:
            return Outcome("plateau", told, "more than one function may solve the problem: is a condition missing?")
        return Outcome("plateau", told, "a smaller tolerance than that is out of reach in this precision")

    # ------------------------------------------------------------ what follows in an automatic run

    def _following(self, results: Results, clock: Clock) -> Turn | Outcome:
        now, left = self.stages[results.ended[-1].stage].network, self.rules.share * self.operations - clock.operations
        if isinstance(now, LocalFeatures):
            more = (self.rules.plane - self.rules.share) * self.operations * self.plane
            return self._after_cells(results, left + more)
        if not isinstance(now, RandomFeatures):
            return Turn(results.ended[-1].stage + 1)
        rounds = self._rounds(results)
        rivals = self._rivals(results, rounds, left)
        return Turn(rivals[0]) if rivals else self._wider(results, rounds, left)

    def _after_cells(self, results: Results, left: float) -> Turn | Outcome:
        """A march is solved again with richer features; then one to a lower tolerance; then other things."""
        marched = [e for e in results.ended if isinstance(self.stages[e.stage].method, Marching)]
        now = results.ended[-1]
        closer = closer_by(self.stages, results, self.tolerance, self.plane, self.rules, self.travels)
        full = self.space and bool(marched) and now is not marched[-1] and marched[-1].stuck  # no room for more cells
        dear = bool(marched) and (full or closer.costs * marched[-1].operations > left)
        again = richer_still(self.stages, results, self.tolerance, left, self.rules, dear, self.more, self.line)
        viscous, share = self._with_viscosity() if self.law else None, closer.by * (marched or [now])[-1].share or None
        given = viscous, self.only, dear, share, not self.plane, self.space, closer.even
        return again or after_cells(self.stages, now, self._first_features(), *given)

    def _rivals(self, results: Results, rounds: Mapping[int, Mapping[int, float]], left: float) -> list[int]:
        """What is left of the last round: at first every layer, later those that did best, if there is time."""
        *before, count = rounds
        if not before:
            return [k for k in self._of(count) if k not in rounds[count] and self._covers(k)]
        going = self._contenders(results, rounds[before[-1]], count)
        return [k for k in going if k not in rounds[count] and self._cost(results, k) <= left]

    def _of(self, count: int) -> list[int]:
        """The stages of one round: layers with so many features."""
        return [k for k, s in enumerate(self.stages) if isinstance(n := s.network, RandomFeatures) and n.count == count]

    def _covers(self, stage: int) -> bool:
        """Whether the most features there are hold as many sines as functions of that frequency R have degrees of
        freedom on [-1, 1]^n, which are (2 R / pi)^n."""
        network = self.stages[stage].network
        assert isinstance(network, RandomFeatures)
        if network.activation != "sine":
            return True
        most = max(s.network.count for s in self.stages if isinstance(s.network, RandomFeatures))
        return (2 * network.scale[1] / math.pi) ** self.coordinates <= most

    def _rounds(self, results: Results) -> dict[int, dict[int, float]]:
        """For each number of features the weighted residual (rms) of the stages that had it, the smallest first."""
        rounds: dict[int, dict[int, float]] = {}
        for e in sorted(results.ended, key=lambda e: e.size(results.weights)):
            network = self.stages[e.stage].network
            if isinstance(network, RandomFeatures):
                rounds.setdefault(network.count, {})[e.stage] = e.size(results.weights)
        return dict(sorted(rounds.items()))

    def _contenders(self, results: Results, last: Mapping[int, float], count: int) -> list[int]:
        """The stages with `count` features whose layers did best in the last round, the best first."""
        decided = min(e.fraction for e in results.ended if e.stage in last) <= self.rules.undecided
        best = [k for k, size in last.items() if size <= self.rules.rival * min(last.values())]
        best = best[: self.rules.rivals if decided else self.rules.rivals + 1]
        kinds = [replace(self.stages[k].network, count=count) for k in best]  # type: ignore[type-var]
        return [k for kind in kinds for k in self._of(count) if self.stages[k].network == kind]

    def _cost(self, results: Results, stage: int) -> float:
        """Operations that a stage will take, by what fewer features of its kind took."""
        network = self.stages[stage].network
        assert isinstance(network, RandomFeatures)
        nets = ((self.stages[e.stage].network, e.operations) for e in results.ended)
        fewer, operations = max((n.count, spent) for n, spent in nets if alike(n, network))
        return (network.count / fewer) ** self.rules.growth * operations

    def _wider(self, results: Results, rounds: Mapping[int, Mapping[int, float]], left: float) -> Turn:
        """More features of the best layers, or a trained network."""
        *before, most = rounds
        best, wider = self._best_and_wider(results, rounds, left)
        why = ""
        if best.fraction > self.rules.hopeless and most >= self.rules.usual:
            why = ": too much"
        elif before and most > self.rules.usual and self._hardly_less(rounds[most], rounds[before[-1]]):
            why = ", hardly less than fewer did"
        elif wider is None:
            why = ", and more of them would take too long"
        if not why and wider is not None:
            return Turn(wider)
        trained = next(k for k, s in enumerate(self.stages) if not is_features(s.network))
        return Turn(
            trained,
            f"{most} random features left {best.fraction:.1e} of the held-out residual{why}; so a network was trained",
        )

    def _hardly_less(self, most: Mapping[int, float], fewer: Mapping[int, float]) -> bool:
        """Whether more features brought the least residual down by too little."""
        return min(most.values()) > self.rules.gain * min(fewer.values())

    def _best_and_wider(
        self, results: Results, rounds: Mapping[int, Mapping[int, float]], left: float
    ) -> tuple[Ended, int | None]:
        """The best stage of the last round, and the one with more of its features, if there is time for it."""
        most = list(rounds)[-1]
        best = results.of([next(iter(rounds[most]))])[0]
        counts = sorted({s.network.count for s in self.stages if isinstance(s.network, RandomFeatures)})
        wider = next((count for count in counts if count > most), None)
        if not wider or wider / most * best.parameters > self.largest:
            return best, None
        going = self._contenders(results, rounds[most], wider)[0]
        return best, going if self._cost(results, going) <= left else None
