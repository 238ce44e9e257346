"""Spectral elements: what they solve is known otherwise, and mutants are not."""

from __future__ import annotations

import numpy as np
import pytest

from validation.backward_step import held, inlet
from validation.spectral_elements import Condensed, assembled
from validation.waveguide import Wave


def test_nothing_of_a_wave_is_lost_but_what_of_the_second_mode_reaches_the_ends() -> None:
    """Which falls as exp(-2 sqrt(4 pi^2 - k^2)) twice, 5e-4 squared, over arms of length one."""
    sent, back = Wave(8, 5.0).sent_and_back
    assert abs(abs(sent) ** 2 + abs(back) ** 2 - 1) < 2e-5
    wrong = Wave(8, 5.0)
    wrong.state = wrong.state * 1.01
    assert abs(abs(wrong.sent_and_back[0]) ** 2 - abs(sent) ** 2) > 1e-2


def test_a_bend_becomes_clear_where_the_wave_number_grows() -> None:
    """Near the threshold k = pi much is sent back, far from it hardly anything."""
    near, far = (abs(Wave(8, k).sent_and_back[1]) for k in (3.3, 5.0))
    assert near > 5 * far


@pytest.mark.parametrize("place", [(-2.0, 1.5), (0.0, 0.4), (3.0, 0.0), (-1.0, 1.0), (3.0, 2.0)])
def test_a_step_has_walls_and_an_inlet(place: tuple[float, float]) -> None:
    x, y = (np.array([v]) for v in place)
    assert held(x, y).all() and not held(x + 0.01, y + 0.01 if y < 2 else y - 0.01).any()
    assert float(inlet(x, y)[0]) == (1.5 if place[0] == -2 else 0.0)


def test_what_elements_have_alone_is_eliminated_there() -> None:
    """The unknowns are those of the whole system; what is not free is zero."""
    rng = np.random.default_rng(0)
    matrices, given = rng.normal(size=(3, 5, 5)) + 6 * np.eye(5), rng.normal(size=9)
    numbers = np.array([[0, 1, 2, 3, 4], [3, 4, 5, 6, 7], [6, 7, 8, 0, 1]])
    inner, free = np.array([False, False, True, False, False]), np.arange(9) != 6
    whole = assembled([(numbers, numbers, matrices)], 9).toarray()
    expected = np.zeros(9)
    expected[free] = np.linalg.solve(whole[np.ix_(free, free)], given[free])
    assert Condensed(matrices, numbers, inner, free).solve(given) == pytest.approx(expected, rel=1e-12)
