"""Which stage follows, on plain tables of what was measured."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest

from pinnsolve import MLP, Adam, LevenbergMarquardt, LocalFeatures, Newton, RandomFeatures
from pinnsolve.algebra.operations import LARGEST, SPEED, Work
from pinnsolve.errors import Outcome
from pinnsolve.methods import Enriching, Marching
from pinnsolve.settings import AUTOMATIC, LAYERS, Stage
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
CELLS = next(k for k, s in enumerate(AUTOMATIC) if isinstance(s.method, Marching))  # marching and enriching by turns
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


def test_a_network_is_trained_where_more_features_do_not_pay() -> None:
    tried = [ended(FIRST + k, 1e-2 if k == 0 else 1e-1) for k in range(KINDS)]
    for more, why in (
        ([ended(FIRST + k, 0.5) for k in range(KINDS)], "too much"),
        ([*tried, ended(SECOND, 0.9e-2)], "hardly less"),
        ([*tried, ended(SECOND, 1e-3, seconds=30.0)], "too long"),
    ):
        stage, told = next_after(*more)
        assert stage == LAST and why in told and "so a network was trained" in told
    large = [replace(ended(FIRST + k, 1e-2), parameters=LARGEST) for k in range(KINDS)]
    assert next_after(*large)[0] == LAST
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


# ---------------------------------------------------------------- cells


def over_cells(coordinates: int = 2, budget: float = 60.0) -> Strategy:
    return Strategy(AUTOMATIC, budget, TOLERANCE, cells=coordinates - 1, coordinates=coordinates)


def marched(stage: int, seconds: float = 1.0, **changes: Any) -> Ended:
    assert isinstance(AUTOMATIC[stage].method, Marching)
    return replace(Ended(stage, 1e-2, {"r": 1e-2}, SPEED * seconds, 1000, best=stage), **changes)


def enriched(stage: int, behind: float = 20.0, **changes: Any) -> Ended:
    """The same again with richer features: an estimate so many times what would do."""
    assert isinstance(AUTOMATIC[stage].method, Enriching)
    estimate = behind * RULES.certain_cells * TOLERANCE
    return replace(Ended(stage, 0.1, {"r": 1e-3}, SPEED * 0.1, 1000, estimate=estimate, best=stage), **changes)


def after_cells(*stages: Ended, spent: float = 1.0, coordinates: int = 2) -> tuple[int, str]:
    turn = over_cells(coordinates).next(Results(stages, {"r": 1.0}), clock(spent))
    assert isinstance(turn, Turn)
    return turn.number, turn.why


def test_where_space_has_no_room_for_more_cells_those_that_there_are_are_solved_again() -> None:
    """Richer features tell how far off they were; a march to a lower tolerance has no more room, so that still richer
    ones follow, or random features. In a plane another kind is tried at once."""
    full = marched(CELLS, stuck=True)
    assert after_cells(full, coordinates=4)[0] == CELLS + 1
    assert after_cells(full, enriched(CELLS + 1), coordinates=4)[0] == CELLS + 3
    assert after_cells(full, enriched(CELLS + 1, operations=SPEED * 30.0), coordinates=4)[0] == FIRST
    assert after_cells(marched(CELLS), enriched(CELLS + 1), coordinates=4)[0] == CELLS + 2
    assert after_cells(marched(CELLS, stuck=True, missing="beyond t = 1"), coordinates=4)[0] == FIRST
    assert after_cells(full, coordinates=3)[0] == FIRST


def test_a_steady_problem_whose_cells_fill_memory_ends_with_words() -> None:
    """No finer cells, no richer features, and no random ones, which do less; a mutant goes on with them. Where nothing
    was solved they are tried, and where cells met their bound a closer march is."""
    first, again = marched(CELLS, full=True), enriched(CELLS + 1, 1.5, full=True)
    stuck = marched(CELLS + 2, full=True, stuck=True, best=CELLS + 1)
    for stages in ((first, again), (marched(CELLS), replace(again, full=False), stuck)):
        ends = over_cells(4).next(Results(stages, {"r": 1.0}), clock(5.0))
        assert isinstance(ends, Outcome) and ends.kind == "plateau" and "memory" in ends.detail and "GB" in ends.remedy
    assert after_cells(first, coordinates=4)[0] == CELLS + 1
    assert after_cells(first, replace(again, full=False), coordinates=4)[0] == CELLS + 3
    assert after_cells(marched(CELLS, full=True, stuck=True, best=None), coordinates=3)[0] == FIRST


def test_cells_come_first_where_they_fit_and_nowhere_else() -> None:
    assert over_cells().first(1) == CELLS
    assert Strategy(AUTOMATIC, 60.0, TOLERANCE).first(1) == FIRST
    alone = [Stage(LocalFeatures(), Marching())]
    assert Strategy(alone, 60.0, TOLERANCE, automatic=False, cells=1).first(1) == 0


def test_a_march_is_solved_again_and_then_to_lower_tolerances_until_features_are_tried() -> None:
    stages = [k for k, s in enumerate(AUTOMATIC) if isinstance(s.method, Marching)]
    for stage, following in zip(stages, [*stages[1:], FIRST], strict=True):
        assert after_cells(marched(stage)) == (stage + 1, "")
        after, why = after_cells(marched(stage), enriched(stage + 1, 50.0))
        assert after == following and bool(why) == (following == FIRST)


def test_a_lower_tolerance_that_would_take_too_long_is_not_asked_for() -> None:
    both = [marched(CELLS, seconds=10.0), enriched(CELLS + 1)]
    assert after_cells(*both, spent=11.0)[0] == CELLS + 3, "40 of 25 s: richer features do what can be done"
    poor = [both[0], enriched(CELLS + 1, operations=SPEED * 20.0)]
    assert after_cells(*poor, spent=11.0)[0] == FIRST, "and these, too, take 40 of 25 s"
    far = [marched(CELLS, seconds=10.0), enriched(CELLS + 1, 50.0)]
    assert after_cells(*far, spent=11.0, coordinates=3) == (CELLS + 2, ""), "in a plane cells have the whole budget"


def test_cells_are_solved_once_more_with_still_richer_features_where_these_will_do() -> None:
    """What two degrees more brought the residual down by, twice as much being left at most, tells of two more."""
    gain = RULES.again * 0.1  # of the residuals of `marched` and `enriched`
    for behind, following in ((0.9 / gain**2, CELLS + 3), (1.1 / gain**2, CELLS + 2)):  # four degrees more at most
        assert after_cells(marched(CELLS), enriched(CELLS + 1, behind)) == (following, "")
    near = enriched(CELLS + 1, 1.5)
    assert after_cells(marched(CELLS), replace(near, held_out={"r": 9e-3}))[0] == CELLS + 2, "they brought little"
    assert after_cells(marched(CELLS), replace(near, best=CELLS))[0] == CELLS + 2, "they are not the best"
    assert after_cells(marched(CELLS), replace(near, operations=SPEED * 20.0), spent=25.0)[0] != CELLS + 3, "40 of 11 s"
    last = [k for k, s in enumerate(AUTOMATIC) if isinstance(s.method, Enriching)][-1]
    finest = marched(last - 2), enriched(last - 1, 1.5)
    assert after_cells(*finest)[0] == last, "the richest follow the last march"
    assert after_cells(*finest, enriched(last, 1.5))[0] == FIRST, "there are none"
    still = enriched(CELLS + 3, 1.5, operations=SPEED)
    assert after_cells(marched(CELLS), near, still)[0] == CELLS + 4, "the last two brought nothing"
    assert after_cells(marched(CELLS), near, replace(still, held_out={"r": 1e-4}))[0] == last


def test_where_richer_features_leave_hardly_less_no_more_than_is_missing_is_asked_for() -> None:
    """Along a line: with half of the bound an estimate of three halves would do."""

    def share(left: float, behind: float, coordinates: int = 2) -> float:
        again = enriched(CELLS + 1, behind, held_out={"r": left})
        turn = over_cells(coordinates).next(Results([marched(CELLS, share=0.1), again], {"r": 1.0}), clock(1.0))
        assert isinstance(turn, Turn) and turn.number == CELLS + 2 and turn.share is not None
        return turn.share

    hardly, less = 1.1 * RULES.hardly * 1e-2, 0.9 * RULES.hardly * 1e-2  # of what `marched` left
    assert share(hardly, 1.03) == pytest.approx(RULES.aim * 0.1 / 1.03)
    assert share(hardly, 4.0) == pytest.approx(RULES.aim * 0.1 / 4.0)
    assert share(less, 1.03) == pytest.approx(RULES.less * 0.1)
    assert share(hardly, 1.03, coordinates=3) == pytest.approx(RULES.less_in_plane * 0.1)


def test_over_a_line_or_a_plane_in_time_up_to_four_degrees_more_are_taken_at_once() -> None:
    """As many as bring what is left down far enough: four twice as many digits as two."""
    gain = RULES.again * 0.1

    def more(behind: float, seconds: float = 0.1, **other: Any) -> int | None:
        one = Strategy(AUTOMATIC, 60.0, TOLERANCE, **({"cells": 2, "coordinates": 3} | other))
        stages = marched(CELLS), enriched(CELLS + 1, behind, operations=SPEED * seconds)
        turn = one.next(Results(stages, {"r": 1.0}), clock(1.0))
        assert isinstance(turn, Turn)
        return turn.more

    for degrees in (2, 3, 4):
        assert more(0.9 / gain ** (degrees / 2)) == degrees
        assert more(1.1 / gain ** (degrees / 2)) == (degrees + 1 if degrees < 4 else None)
        assert more(0.9 / gain ** (degrees / 2), cells=1, coordinates=2) == degrees
    assert more(1.1 / gain**2, cells=1, coordinates=2) is None, "six would be needed"
    assert more(0.9 / gain**2, cells=1, coordinates=1) is None, "of ODEs"
    assert more(0.9 / gain**2, seconds=20.0) is None, "80 of 53 s"
    assert more(0.9 / gain**2, coordinates=2) is None, "where nothing evolves"
    assert more(0.9 / gain**2, noise="; noise") is None, "with constants that are sought"
    assert Turn(3, more=4).changed == {3: {"more": 4, "sparing": False}} and set(Turn(3, share=0.1).changed) == {3, 4}


def test_a_kink_that_travels_is_marched_no_closer_than_is_needed() -> None:
    """In a plane, where richer features left more, and the march itself is the best; elsewhere a tenth at least."""

    def by(best: int, behind: float, coordinates: int = 3) -> float:
        stages = marched(CELLS, share=0.5), enriched(CELLS + 1, behind, best=best, operations=SPEED * 40.0)
        turn = over_cells(coordinates).next(Results(stages, {"r": 1.0}), clock(1.0))
        assert isinstance(turn, Turn) and turn.number == CELLS + 2 and turn.share is not None
        return turn.share / 0.5

    assert by(CELLS, 1.4) == pytest.approx(RULES.kinked / 1.4)
    assert by(CELLS, 14.0) == pytest.approx(RULES.kinked / 14.0)
    assert by(CELLS + 1, 1.4) == pytest.approx(RULES.less_in_plane)
    assert by(CELLS, 1.4, coordinates=2) <= RULES.less


@pytest.mark.parametrize(
    ("part", "best", "even"), [(1.1, CELLS + 1, True), (0.9, CELLS + 1, False), (0.9, CELLS, True)]
)
def test_a_kink_that_travels_over_a_plane_goes_on_over_cells_that_are_alike(part: float, best: int, even: bool) -> None:
    """Where richer features left hardly less, or more; along a line never."""
    again = enriched(CELLS + 1, 1.4, best=best, held_out={"r": part * RULES.hardly * 1e-2})
    for coordinates, wanted in ((3, even), (2, False)):
        cells = {"cells": coordinates - 1, "coordinates": coordinates}
        turn = Strategy(AUTOMATIC, 60.0, TOLERANCE, **cells).next(  # type: ignore[arg-type]
            Results([marched(CELLS, share=0.1), again], {"r": 1.0}), clock(1.0)
        )
        assert isinstance(turn, Turn) and turn.even is wanted
        assert all(("even" in changed) is wanted for changed in turn.changed.values())


def test_a_march_that_broke_off_is_followed_by_one_to_a_lower_tolerance_and_then_by_random_features() -> None:
    """Along a line, where there is time: ahead of a front small errors grow."""

    def broken(stage: int, seconds: float = 0.1) -> Ended:
        return marched(stage, seconds, held_out={"r": math.inf}, missing="beyond t = 0.2 nothing is solved")

    stage, why = after_cells(broken(CELLS))
    assert stage == CELLS + 2 and "beyond t = 0.2" in why and "lower tolerance" in why
    last = max(k for k, s in enumerate(AUTOMATIC) if isinstance(s.method, Marching))
    for stage, why in (
        after_cells(broken(CELLS), coordinates=3),
        after_cells(broken(CELLS, 10.0), spent=11.0),
        after_cells(broken(CELLS), broken(last)),
    ):
        assert stage == FIRST and "beyond t = 0.2" in why and "random features were tried" in why
    stage, why = after_cells(marched(CELLS, stuck=True))
    assert stage == CELLS + 2 and "more than its bound" in why and "lower tolerance" in why
    assert after_cells(marched(CELLS, stuck=True), marched(last, stuck=True))[0] == FIRST
    assert after_cells(marched(CELLS, stuck=True), coordinates=3)[0] == FIRST
    stuck = enriched(CELLS + 1, stuck=True, estimate=None)  # its cells are too wide for what stands there
    assert after_cells(marched(CELLS), stuck)[0] == CELLS + 2
    assert after_cells(marched(CELLS), stuck, coordinates=4)[0] == FIRST
    assert after_cells(marched(CELLS), stuck, marched(last), enriched(last + 1, stuck=True))[0] == FIRST


def test_a_march_has_a_part_of_the_budget_and_in_a_plane_nearly_all() -> None:
    for coordinates, share in ((2, RULES.cells), (3, RULES.plane)):
        one = over_cells(coordinates)
        assert one.over(CELLS, None, 7, False, clock(1.01 * share * 60.0))
        assert not one.over(CELLS, None, 7, False, clock(0.99 * share * 60.0))
    alone = Strategy([Stage(LocalFeatures(), Marching())], 60.0, TOLERANCE, automatic=False, cells=1)
    assert not alone.over(0, None, 7, False, clock(59.0)), "what was asked for has all of it"


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
    assert next_after(marched(CELLS, estimate=sure)) == (CELLS + 1, "")
    told = asked(marched(CELLS, estimate=sure), enriched(CELLS + 1, estimate=sure))
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


def test_a_march_that_was_asked_for_ends_within_its_bound_or_not() -> None:
    one = Strategy([Stage(LocalFeatures(), Marching())], 9.0, TOLERANCE, automatic=False, cells=1)
    for stuck, kind, words in ((False, "steps", "within its bound"), (True, "plateau", "more than the bound")):
        turn = one.next(Results([Ended(0, 1e-3, {"r": 1e-3}, 1.0, 10, 3, stuck=stuck)], {"r": 1.0}), clock(1.0))
        assert isinstance(turn, Outcome) and turn.kind == kind and words in turn.detail


def test_when_more_solutions_bring_nothing_the_run_ends() -> None:
    """Their residuals are rounding: either they agree to what the precision gives, or the problem has several."""
    three = [replace(ended(FIRST + k, 1e-15), exact=True, estimate=3e-11, compared=k + 1) for k in range(3)]
    one = Strategy(AUTOMATIC, 60.0, 1e-12)
    assert isinstance(one.next(Results(three[:2], {"r": 1.0}), clock(1.0)), Turn)
    told = one.next(Results(three, {"r": 1.0}), clock(1.0))
    assert isinstance(told, Outcome) and told.kind == "plateau" and "smaller tolerance" in told.remedy
    told = one.next(Results([*three[:2], replace(three[2], estimate=0.3)], {"r": 1.0}), clock(1.0))
    assert isinstance(told, Outcome) and "more than one function" in told.remedy
