"""The study of one-step operators says what the march is built on, and would have seen the fault that it cures."""

from __future__ import annotations

import numpy as np
import pytest

from validation.stability import CASES, MESHES, growth, one_step, radau

BY_NAME = {case.name: case for case in CASES}
DISPERSIVE = ["advection, ring", "wave, pair", "Schroedinger"]


@pytest.mark.parametrize("mesh", ["split", "uneven"])
@pytest.mark.parametrize("name", [*DISPERSIVE, "advection", "wind, diffusion 0.0001", "heat"])
def test_joined_least_squares_do_not_grow(name: str, mesh: str) -> None:
    for part in (1.0, 0.1, 0.01):
        seen = growth(BY_NAME[name], MESHES[mesh], 7, 3, part / 6, "joined")
        assert seen.rate < 1e-4 and seen.norm < 2.0


@pytest.mark.parametrize("name", DISPERSIVE)
def test_rows_of_equal_weight_grow(name: str) -> None:
    assert growth(BY_NAME[name], MESHES["split"], 7, 3, 0.01 / 6, "equal").rate > 0.1


def test_waves_of_second_order_want_collocation() -> None:
    rates = {form: growth(BY_NAME["wave"], MESHES["split"], 7, 3, 0.01 / 6, form).rate for form in ("joined", "square")}
    assert rates["joined"] > 1.0 and rates["square"] < 1e-6


def test_collocation_at_gauss_points_grows_where_wind_outweighs_diffusion() -> None:
    assert growth(BY_NAME["wind, diffusion 0.0001"], MESHES["equal"], 7, 3, 0.1 / 6, "square").rate > 1.0


@pytest.mark.parametrize("form", ["integral", "joined", "square", "discontinuous"])
def test_the_slowest_mode_of_heat_decays_as_it_should(form: str) -> None:
    step, _ = one_step(BY_NAME["heat"], MESHES["uneven"], 9, 5, 0.02, form)
    assert np.abs(np.linalg.eigvals(step)).max() == pytest.approx(np.exp(-(np.pi**2) * 0.02), rel=1e-6)


def test_radau_of_three_stages_is_the_one_of_the_book() -> None:
    places, _, _ = radau(3)
    assert places == pytest.approx([(4 - 6**0.5) / 10, (4 + 6**0.5) / 10, 1.0])
