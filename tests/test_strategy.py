"""Which stage follows, on plain tables of what was measured."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from pinnsolve import MLP, Adam, LevenbergMarquardt, Newton, RandomFeatures
from pinnsolve.algebra.operations import LARGEST, SPEED, Work
from pinnsolve.errors import Outcome
from pinnsolve.methods import Marching, Retracing
from pinnsolve.settings import AUTOMATIC, BOUNDS, LAYERS, Stage
from pinnsolve.training.clock import Clock
from pinnsolve.training.results import Ended, Results, Turn
from pinnsolve.training.rules import RULES
from pinnsolve.training.strategy import Strategy

KINDS = len(LAYERS)
FIRST = next(
    k for k, s in enumerate(AUTOMATIC) if isinstance(s.network, RandomFeatures) and s.network.count == RULES.usual
)
SECOND, THIRD, FOURTH = FIRST + KINDS, FIRST + 2 * KINDS, FIRST + 3 * KINDS
LAST = len(AUTOMATIC) - 1
LOCAL = LAST - 2 * len(BOUNDS)  # marching and retracing by turns
TOLERANCE = 1e-3


def clock(seconds: float) -> Clock:
    """When so many seconds' worth of operations were made, at the nominal speed."""
    return Clock(work=Work(SPEED * seconds))


def ended(stage: int, residual: float, fraction: float | None = None, seconds: float = 0.1) -> Ended:
    network = AUTOMATIC[stage].network
    assert isinstance(network, RandomFeatures)
    part = residual if fraction is None else fraction
    return Ended(stage, part, {"r": residual}, SPEED * seconds, network.count)


def asked(*stages: Ended, spent: float = 1.0, budget: float = 60.0) -> Turn | Outcome:
    return Strategy(AUTOMATIC, budget, TOLERANCE).next(Results(stages, {"r": 1.0}), clock(spent))


def next_after(*stages: Ended, spent: float = 1.0, budget: float = 60.0) -> tuple[int, str]:
    turn = asked(*stages, spent=spent, budget=budget)
    assert isinstance(turn, Turn)
    return turn.number, turn.why


# ---------------------------------------------------------------- random features


def test_every_kind_of_layer_is_tried_before_more_features_are() -> None:
    tried = []
    for stage in range(FIRST, SECOND - 1):
        tried.append(ended(stage, 1e-3))
        assert next_after(*tried) == (stage + 1, "")


@pytest.mark.parametrize("best", range(KINDS))
def test_the_best_kind_goes_on_with_more_features(best: int) -> None:
    tried = [ended(FIRST + k, 1e-5 if k == best else 1e-2) for k in range(KINDS)]
    assert next_after(*tried) == (SECOND + best, "")
    network = AUTOMATIC[SECOND + best].network
    assert isinstance(network, RandomFeatures)
    assert (network.count, (network.activation, network.scale)) == (2 * RULES.usual, LAYERS[best])


def test_a_close_rival_goes_on_too_and_a_far_one_does_not() -> None:
    tried = [ended(FIRST + k, {1: 1e-5, 3: 1e-5 * 0.9 * RULES.rival}.get(k, 1e-2)) for k in range(KINDS)]
    assert next_after(*tried) == (SECOND + 1, "")
    tried.append(ended(SECOND + 1, 1e-7))
    assert next_after(*tried) == (SECOND + 3, "")
    tried.append(ended(SECOND + 3, 1e-6))  # too far behind now
    assert next_after(*tried) == (THIRD + 1, "")


def test_while_nothing_is_decided_three_rivals_go_on() -> None:
    """A wave of high frequency: 200 sines of the right range are not yet better than others."""
    close = [1e-2, 1.1e-2, 1.2e-2, 1.3e-2, 1.4e-2, 1.5e-2]
    for fraction, going in ((0.2, 3), (0.04, 2)):
        tried = [ended(FIRST + k, size, fraction) for k, size in enumerate(close)]
        for k in range(going):
            assert next_after(*tried) == (SECOND + k, "")
            tried.append(ended(SECOND + k, 1e-5, 1e-3))
        assert next_after(*tried)[0] == THIRD


def test_a_rival_that_would_take_too_long_is_left_out() -> None:
    tried = [ended(FIRST + k, 1e-5 if k < 2 else 1e-2, seconds=10.0 if k == 1 else 0.1) for k in range(KINDS)]
    assert next_after(*tried) == (SECOND, "")
    tried.append(ended(SECOND, 1e-6))
    assert next_after(*tried) == (THIRD, ""), "the second needs 80 of 36 s"


def test_cells_get_features_of_their_own_where_more_features_do_not_pay() -> None:
    tried = [ended(FIRST + k, 1e-2 if k == 0 else 1e-1) for k in range(KINDS)]
    for more, why in (
        ([ended(FIRST + k, 0.5) for k in range(KINDS)], "too much"),
        ([*tried, ended(SECOND, 0.9e-2)], "hardly less"),
        ([*tried, ended(SECOND, 1e-3, seconds=30.0)], "too long"),
    ):
        stage, told = next_after(*more)
        assert stage == LOCAL and why in told and "so each cell got features of its own" in told
    large = [replace(ended(FIRST + k, 1e-2), parameters=LARGEST) for k in range(KINDS)]
    assert next_after(*large)[0] == LOCAL
    assert next_after(*tried)[0] == SECOND


def test_many_unknowns_begin_with_smaller_layers_and_a_small_one_is_never_hopeless() -> None:
    counts = {}
    for unknowns in (1, 3, 15, 100):
        network = AUTOMATIC[Strategy(AUTOMATIC, 20.0, TOLERANCE).first(unknowns)].network
        assert isinstance(network, RandomFeatures)
        counts[unknowns] = network.count
    assert counts[1] == counts[3] == RULES.usual and counts[100] <= counts[15] < RULES.usual
    assert Strategy(AUTOMATIC, 2.0, TOLERANCE).first(15) <= Strategy(AUTOMATIC, 2000.0, TOLERANCE).first(15)
    small = [ended(k, 0.5) for k in range(KINDS)]
    assert next_after(*small) == (KINDS, "")


@pytest.mark.parametrize(("coordinates", "highest"), [(1, 64.0), (2, 16.0), (3, 16.0), (4, 8.0), (5, 4.0)])
def test_frequencies_that_no_layer_covers_in_so_many_dimensions_are_not_tried(coordinates: int, highest: float) -> None:
    """1600 sines are 40 in each of two directions, and 40 sines on [-1, 1] reach a frequency of 63."""
    tried = [ended(FIRST, 1e-2)]
    strategy = Strategy(AUTOMATIC, 60.0, TOLERANCE, coordinates=coordinates)
    while isinstance(turn := strategy.next(Results(tried, {"r": 1.0}), clock(1.0)), Turn) and turn.number < SECOND:
        tried.append(ended(turn.number, 1e-3))
    scales = [
        n.scale[1]
        for e in tried
        if isinstance(n := AUTOMATIC[e.stage].network, RandomFeatures)
        if n.activation == "sine"
    ]
    assert max(scales) == highest and len(tried) > 2


# ---------------------------------------------------------------- local features


def marched(stage: int, seconds: float = 1.0, residual: float = 1e-2, estimate: float | None = None) -> Ended:
    assert isinstance(AUTOMATIC[stage].method, Marching)
    return Ended(stage, residual, {"r": residual}, SPEED * seconds, 1000, estimate=estimate, best=stage)


def retraced(stage: int, behind: float = 1.0) -> Ended:
    assert isinstance(AUTOMATIC[stage].method, Retracing)
    estimate = 1.01 * behind * RULES.certain * TOLERANCE
    return Ended(stage, 0.1, {"r": 0.1}, SPEED * 0.1, 1000, estimate=estimate, best=stage - 1)


def test_bounds_become_lower_until_a_network_is_trained() -> None:
    for stage in range(LOCAL, LAST, 2):
        before = marched(stage)
        assert next_after(before) == (stage + 1, "")
        for second in (retraced(stage + 1), replace(retraced(stage + 1), held_out={"r": math.inf}, estimate=None)):
            after, why = next_after(before, second)
            assert after == stage + 2 and ("so a network was trained" in why) == (stage + 2 == LAST)
    stage, why = next_after(marched(LOCAL, residual=math.inf))
    assert stage == LAST and "too much" in why


def test_two_bounds_at_once_where_one_will_not_do_and_there_is_time() -> None:
    for behind, seconds, stage in (
        (0.9 * RULES.behind, 1.0, 2), (RULES.behind, 1.0, 4), (RULES.behind, 20.0, 2), (math.inf, 1.0, 2), (1e9, 1.0, 4)
    ):  # fmt: skip
        both = [marched(LOCAL, seconds), retraced(LOCAL + 1, behind)]
        assert next_after(*both, spent=10.0)[0] == LOCAL + stage
    before_the_last = [marched(LAST - 4), retraced(LAST - 3, 1e9)]
    assert next_after(*before_the_last, spent=10.0)[0] == LAST - 2


def test_where_cells_did_worse_than_random_features_there_are_more_of_these() -> None:
    few = [ended(FIRST + k, 1e-2 if k == 0 else 1e-1) for k in range(KINDS)]
    paid_little = [*few, ended(SECOND, 0.9e-2, seconds=0.5)]
    assert next_after(*paid_little)[0] == LOCAL
    worse, better = marched(LOCAL, residual=2e-2), marched(LOCAL, residual=0.5e-2)
    stage, why = next_after(*paid_little, worse)
    assert stage == THIRD and "more random ones" in why
    assert next_after(*paid_little, replace(worse, held_out={"r": math.inf}))[0] == THIRD
    assert next_after(*paid_little, better) == (LOCAL + 1, "")
    assert next_after(*paid_little, worse, spent=35.0) == (LOCAL + 1, ""), "there is no time for more"
    hopeless = [ended(FIRST + k, 0.9 - 0.1 * (k == 0), 0.9) for k in range(KINDS)]
    assert next_after(*hopeless, marched(LOCAL, residual=1.0)) == (LOCAL + 1, "")
    again = [*paid_little, worse, ended(THIRD, 0.89e-2, seconds=3.0)]
    assert next_after(*again)[0] == FOURTH, "as long as there is time"
    assert next_after(*again, spent=20.0)[0] == LOCAL + 1


# ---------------------------------------------------------------- how it ends

FOUND = Outcome("converged", "the residual fell")
BAD = Outcome("non-finite", "the residual 'r' is nan")


def test_an_error_that_is_estimated_small_enough_ends_a_run() -> None:
    small = replace(ended(FIRST, 1e-5), estimate=0.9 * RULES.certain * TOLERANCE, compared=2)
    told = asked(small)
    assert isinstance(told, Outcome) and told.kind == "converged" and "2 solutions" in told.detail
    assert isinstance(asked(replace(small, estimate=1.1 * RULES.certain * TOLERANCE)), Turn)
    assert isinstance(asked(replace(small, missing="beyond t = 0.2 nothing is solved")), Turn)
    assert isinstance(asked(replace(small, verdict=FOUND, estimate=None)), Turn), "a small residual proves nothing"


def test_the_best_solution_on_cells_is_solved_again_before_its_estimate_is_believed() -> None:
    sure = 0.1 * RULES.certain * TOLERANCE
    assert next_after(marched(LOCAL, estimate=sure)) == (LOCAL + 1, "")
    told = asked(marched(LOCAL, estimate=sure), replace(retraced(LOCAL + 1), estimate=sure))
    assert isinstance(told, Outcome) and told.kind == "converged"


def test_what_is_not_finite_ends_a_run_only_where_no_other_network_follows() -> None:
    assert isinstance(asked(replace(ended(FIRST, math.inf), verdict=BAD)), Turn)
    steps = [Stage(network := MLP(), Adam(steps=5)), Stage(network, LevenbergMarquardt())]
    one = Strategy(steps, 10.0, TOLERANCE, automatic=False)
    failed = Ended(0, 1.0, {"r": math.inf}, 1.0, 10, verdict=BAD)
    assert one.next(Results([failed], {"r": 1.0}), clock(1.0)) == BAD
    assert one.next(Results([replace(failed, verdict=None)], {"r": 1.0}), clock(1.0)) == Turn(1)


def test_a_stage_is_over_by_its_steps_its_method_its_losses_or_its_share() -> None:
    network = MLP()
    stages = [Stage(network, Adam(steps=5)), Stage(network, Adam()), Stage(network, LevenbergMarquardt())]
    one = Strategy(stages, 9.0, TOLERANCE, automatic=False)
    assert one.over(0, None, 5, False, clock(0.0)) and not one.over(0, None, 4, False, clock(8.9))
    assert one.over(1, None, 7, True, clock(0.0)) and one.over(1, FOUND, 7, False, clock(0.0))
    assert one.over(1, None, 7, False, clock(6.1)) and not one.over(1, None, 7, False, clock(5.9))
    assert not one.over(2, None, 7, False, clock(8.9))
    chosen = Strategy(AUTOMATIC, 9.0, TOLERANCE)
    assert not chosen.over(FIRST, FOUND, 1, False, clock(0.0)), "solutions are compared first"
    assert chosen.over(LAST, FOUND, 1, False, clock(0.0))


def test_at_the_end_it_is_told_what_is_missing_or_how_many_steps_were_made() -> None:
    one = Strategy([Stage(RandomFeatures(), Newton(steps=3))], 9.0, TOLERANCE, automatic=False)

    def told(**changes: object) -> Turn | Outcome:
        return one.next(Results([replace(Ended(0, 1.0, {"r": 1.0}, 1.0, 10, 3), **changes)], {"r": 1.0}), clock(1.0))  # type: ignore[arg-type]

    assert told() == Outcome("steps", "all 3 steps made")
    assert told(verdict=FOUND) == FOUND and told(verdict=BAD, missing="all of it") == BAD
    for stuck, kind in ((True, "plateau"), (False, "steps")):
        outcome = told(missing="beyond t = 0.2 nothing is solved", stuck=stuck)
        assert isinstance(outcome, Outcome) and (outcome.kind, outcome.detail[:14]) == (kind, "beyond t = 0.2")


def test_when_more_solutions_bring_nothing_the_run_ends() -> None:
    """Their residuals are rounding: either they agree to what the precision gives, or the problem has several."""
    three = [replace(ended(FIRST + k, 1e-15), exact=True, estimate=3e-11, compared=k + 1) for k in range(3)]
    one = Strategy(AUTOMATIC, 60.0, 1e-12)
    assert isinstance(one.next(Results(three[:2], {"r": 1.0}), clock(1.0)), Turn)
    told = one.next(Results(three, {"r": 1.0}), clock(1.0))
    assert isinstance(told, Outcome) and told.kind == "plateau" and "smaller tolerance" in told.remedy
    told = one.next(Results([*three[:2], replace(three[2], estimate=0.3)], {"r": 1.0}), clock(1.0))
    assert isinstance(told, Outcome) and "more than one function" in told.remedy
