"""Unknown functions of an unknown: a conductivity k(T), a source f(u)."""

from __future__ import annotations

import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from numpy.polynomial import legendre
from torch import sin

from pinnsolve import (
    Box,
    Piecewise,
    Problem,
    ProblemError,
    RandomFeatures,
    Reference,
    Solution,
    Unknown,
    condition,
    d,
    dirichlet,
    exact,
    face,
    initial,
    neumann,
    observed,
    point,
    solve,
)
from pinnsolve.checks.references import reference_of, reference_values
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Jet
from pinnsolve.problem.expansion import Expansion, Products
from pinnsolve.trial.reach import refitted
from pinnsolve.trial.series import polynomials
from pinnsolve.trial.ties import Tie, Tied

warnings.simplefilter("ignore")
PLACES = np.linspace(0.02, 0.98, 40)
NOISE = 0.001 * np.random.default_rng(0).standard_normal(40)


def conduction(T, x, k):  # type: ignore[no-untyped-def]
    return d(k * d(T, x), x)


def kirchhoff(heat: Any) -> np.ndarray:
    """T of T + T^3 / 6 = heat, where k = 1 + T^2 / 2: Cardano's formula."""
    half = 3 * np.asarray(heat)
    root = np.sqrt(half**2 + 8)
    return np.cbrt(half + root) + np.cbrt(half - root)


def rod(*conditions: Any, unit: float = 1.0, zero: float = 0.0, length: float = 1.0, **changes: Any) -> Problem:
    """A rod between 0 and 1 degrees, in units of one's own."""
    seen = zero + unit * (kirchhoff(7 / 6 * PLACES) + NOISE)
    given: dict[str, Any] = {
        "space": Box(x=(0, length)), "unknowns": "T", "equations": conduction, "reference": None, "tolerance": 0.1,
        "conditions": [
            dirichlet(T=zero, on=face(x=0)), dirichlet(T=zero + unit, on=face(x=length)),
            observed(x=length * PLACES, T=seen, sigma=0.001 * unit), *conditions,
        ],
        "parameters": {"k": Unknown(0.7, positive=True, of="T")},
    }  # fmt: skip
    return Problem(**{**given, **changes})


@cache
def found() -> Solution:
    return solve(rod(dirichlet(k=1.5, on=point(T=1))), budget=60)


# ------------------------------------------------------------ the series


def test_all_derivatives_of_a_series_of_a_field_are_those_of_the_chain_rule() -> None:
    numbers = {"a": 0.4, "b": -0.3, "c": 0.7, "e": 0.2}
    series = Expansion(
        Unknown(2.0, of="u"), Products.alone("u", polynomials, 4), tuple(numbers), None, None, ((-1.0, 3.0),)
    )
    x, y = torch.rand(2, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    chart, at = Points({"x": x.detach(), "y": y.detach()}, torch.ones(9, dtype=torch.float64)).chart()
    u: Any = 1 + 1.5 * sin(at["x"]) * at["y"]
    domain = Problem(time=(0, 1), unknowns="u", equations=lambda u, t: d(u, t), conditions=initial(u=1)).domain
    k = series.field(domain, chart, {**numbers, "u": u})
    flux = d(k * d(u, at["x"]), at["x"])

    scaled = [c * (2 * n + 1) ** 0.5 for n, c in enumerate(numbers.values())]
    powers = legendre.leg2poly(scaled)
    plain = 1 + 1.5 * torch.sin(x) * y
    value = 2 + 2 * sum(c * ((plain - 1) / 2) ** n for n, c in enumerate(powers))
    (slope,) = torch.autograd.grad(plain.sum(), x, create_graph=True)
    (wanted,) = torch.autograd.grad((value * slope).sum(), x)
    assert torch.allclose(k.value, value, rtol=1e-13)
    assert torch.allclose(flux.value, wanted, rtol=1e-12)


def test_beyond_its_reach_a_series_goes_on_with_its_tangent_and_over_another_reach_it_is_the_same_function() -> None:
    unknown, names = Unknown(1.0, of="u"), ("a", "b", "c")
    numbers = {"a": 0.3, "b": 0.5, "c": -0.4}
    one, half = (
        Expansion(unknown, Products.alone("u", polynomials, 3), names, None, None, (r,))
        for r in ((0.0, 2.0), (0.5, 1.5))
    )
    places = torch.tensor([-3.0, -1.0, -1e-9, 1e-9, 2.0, 4.0, 6.0], dtype=torch.float64)
    chart, at = Points({"u": places}, torch.ones_like(places)).chart()
    z: Jet = one.composed(chart, {**numbers, **at}, ((0.0, 2.0),))
    assert torch.allclose(z.value[0] - z.value[1], -2 * z.dense((1,))[0])
    assert torch.allclose(z.value[6] - z.value[5], 2 * z.dense((1,))[4])
    assert torch.allclose(z.dense((1,))[2], z.dense((1,))[3])
    assert not z.dense((2,))[[0, 1, 5, 6]].any()
    other = dict(zip(names, refitted(one, half, numbers), strict=True))
    inside = torch.linspace(0.5, 1.5, 7, dtype=torch.float64)
    chart, at = Points({"u": inside}, torch.ones_like(inside)).chart()
    both = [e.field(None, chart, {**n, **at}).value for e, n in ((one, numbers), (half, other))]  # type: ignore[arg-type]
    assert torch.allclose(*both, rtol=1e-12)


def test_known_values_stay_where_a_series_is_told_over_another_reach() -> None:
    terms = [Tied(polynomials, (Tie(place, 0, 0.6),)) for place in (0.5, 1.0)]
    one, other = (
        Expansion(Unknown(1.0, of="u"), Products.alone("u", t, 2), ("a", "b"), t.about, None, (r,))
        for t, r in zip(terms, ((0.0, 4.0), (1.0, 3.0)), strict=True)
    )
    numbers = {"a": 0.2, "b": 0.9}
    moved = dict(zip("ab", refitted(one, other, numbers), strict=True))
    place = torch.tensor([3.0, 2.0], dtype=torch.float64)
    chart, at = Points({"u": place}, torch.ones_like(place)).chart()
    before, after = (
        one.composed(chart, {**numbers, **at}, ((0.0, 4.0),)),
        other.composed(chart, {**moved, **at}, ((1.0, 3.0),)),
    )
    assert torch.allclose(before.value, after.value)
    assert abs(float(after.value[0]) - 0.6) < 1e-12


# ------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("more", "options", "fault", "remedy"),
    [
        (
            (),
            {"parameters": {"k": Unknown(1.0, of="TT")}},
            "depends on 'TT', which is no coordinate and no unknown",
            "'T'",
        ),
        ((), {"parameters": {"k": Unknown(1.0, of=("T", "T"))}}, "names one of its arguments twice", r"of=\('T',\)"),
        (
            (dirichlet(k=1.0, on=point(T=0, x=0)),),
            {"parameters": {"k": Unknown(1.0, of=("T", "x"))}},
            "what k is in a single point cannot be built in",
            r"dirichlet\(k=0.0, on=point\(T=0\)\)",
        ),
        ((dirichlet(k=1.0),), {}, "k is a function of T, and boundary says where", r"on=point\(T=0\)"),
        ((dirichlet(k=1.0, on=face(x=0)),), {}, "says where that is, not what", r"on=point\(T=0\)"),
        ((dirichlet(k=1.0, on=point(x=0)),), {}, "says where that is, not what", r"on=point\(T=0\)"),
        ((neumann(k=1.0, on=point(T=0)),), {}, "is none of its values", r"on=point\(T=0\)"),
        ((dirichlet(k=-1.0, on=point(T=0)),), {}, "prescribes -1 at T=0", "positive"),
        ((dirichlet(k=lambda x: x, on=point(T=0)),), {}, "asks for 'x'", "Possible: T"),
        ((condition(lambda k: 0 * k + 1, on=point(T=0)),), {}, "does not say what k is", "dirichlet"),
        ((dirichlet(k=1.0, on=point(T=0)), dirichlet(k=2.0, on=point(T=0))), {}, "twice at T=0", "Leave one"),
    ],
)
def test_what_cannot_be_said_is_told_in_words(more: Any, options: Any, fault: str, remedy: str) -> None:
    with pytest.raises(ProblemError, match=fault) as told:
        rod(*more, **options)
    with pytest.raises(ProblemError, match=remedy):
        raise told.value


def test_it_is_told_as_what_it_is() -> None:
    told = str(rod(dirichlet(k=1.5, on=point(T=1))).check())
    assert "unknown, a function of T, known at T = 1 (k = 1.5)" in told
    assert "(nonlinear, order 2 in x)" in told


@pytest.mark.parametrize("said", [lambda k: 2 * k - 3.0, lambda k, T: k - 1 - T / 2])
def test_a_value_may_be_said_by_any_condition(said: Any) -> None:
    assert rod(condition(said, on=point(T=1))).known_values == {"k": ((1.0, 1.5),)}
    assert rod(dirichlet(k=lambda T: 1 + T / 2, on=point(T=1))).known_values == {"k": ((1.0, 1.5),)}


# ------------------------------------------------------------ what is found


def test_a_conductivity_between_two_temperatures_with_one_value_known() -> None:
    T = np.linspace(0, 1, 11)
    off, told = found().k(T=T) - (1 + T**2 / 2), found().training.identified.functions["k"]  # type: ignore[union-attr]
    assert np.abs(off).max() < 0.02
    assert abs(off[-1]) < 1e-12  # it is known there
    assert list(told.places) == ["T"]
    assert (told.places["T"][0], told.places["T"][-1]) == (0.0, 1.0)
    assert np.all(np.abs(np.interp(T, told.places["T"], told.values) - found().k(T=T)) < 1e-3)
    assert np.abs(found().k(x=0.3) - found().k(T=found().T(x=0.3))) < 1e-12
    step = (found().k(T=0.5001) - found().k(T=0.4999)) / 2e-4
    assert abs(found().d("k", "T")(T=0.5) - step) < 1e-6
    with pytest.raises(ProblemError, match="k is known from T = 0 to 1, and was asked at T = 1.2"):
        found().k(T=[0.5, 1.2])


def test_units_do_not_matter() -> None:
    """Kelvin from 300 to 350, millimetres: k is the same, and T as it was."""
    same = rod(dirichlet(k=1.5, on=point(T=350)), unit=50.0, zero=300.0, length=1000.0)
    other, T = solve(same, budget=60), np.linspace(0, 1, 11)
    assert np.allclose(other.k(T=300 + 50 * T), found().k(T=T), rtol=1e-5)


def test_a_solution_that_is_read_again_knows_how_far_its_function_goes(tmp_path: Path) -> None:
    found().save(tmp_path / "k.safetensors")
    again = Solution.load(tmp_path / "k.safetensors", rod(dirichlet(k=1.5, on=point(T=1))))
    assert again.k(T=0.37) == found().k(T=0.37)


def test_without_a_flux_or_a_value_nothing_tells_its_size() -> None:
    lost = solve(rod(), budget=60)
    assert lost.outcome is not None
    assert lost.outcome.kind == "undetermined"
    assert "nothing determines k; say what k is somewhere, dirichlet(k=1.0, on=point(T=0))" in str(lost.outcome)
    assert abs(lost.T(x=0.5) - kirchhoff(7 / 12)) < 0.01  # what the data tell, they tell


def test_experiments_have_one_function_between_them() -> None:
    def heated(T, x, k, Q):  # type: ignore[no-untyped-def]
        return d(k * d(T, x), x) + Q

    seen = [kirchhoff(Q * (1 - PLACES**2) / 2) + 3 * NOISE for Q in (1, 4)]
    both = rod(
        equations=heated,
        conditions=[
            neumann(T=0, on=face(x=0)), dirichlet(T=0, on=face(x=1)), observed(x=PLACES, T=seen[0], sigma=0.003),
            condition(lambda k, T: k - 1 - T, on=point(T=0)), observed(x=PLACES, T=seen[1], sigma=0.003, given={"Q": 4}),
        ],
        parameters={"k": Unknown(0.7, positive=True, of="T"), "Q": 1.0},
        reference=exact(T=lambda x, Q: kirchhoff(Q * (1 - x**2) / 2), k=lambda T: 1 + T**2 / 2),
    )  # fmt: skip
    solution = solve(both, budget=60)
    hottest = float(kirchhoff(2.0))
    T = np.linspace(0, 0.99 * hottest, 9)
    assert np.abs(solution.k(T=T) / (1 + T**2 / 2) - 1).max() < 0.04
    assert abs(solution.training.identified.functions["k"].places["T"][-1] - hottest) < 0.01  # type: ignore[union-attr]


WAYS = {
    "of T": lambda T: 1 + T**2 / 2,
    "of the place": lambda x: 1 + kirchhoff((1 - x**2) / 2) ** 2 / 2,
    "of whatever there is": lambda **places: 1 + places["T"] ** 2 / 2,
    "of whatever there is, by the place": lambda **places: 1 + kirchhoff((1 - places["x"] ** 2) / 2) ** 2 / 2,
}


@pytest.mark.parametrize("way", WAYS)
@pytest.mark.parametrize("by_hand", [False, True])
def test_a_reference_tells_a_function_of_the_solution_in_any_words(way: str, by_hand: bool) -> None:
    def temperature(x: np.ndarray) -> np.ndarray:
        return kirchhoff((1 - x**2) / 2)

    fields = {"T": temperature, "k": WAYS[way]}
    problem = rod(reference=(lambda problem: Reference("by hand", fields, 0.0, 0.0)) if by_hand else exact(**fields))
    known = reference_of(problem)
    assert np.allclose(reference_values(known, "k", {"x": PLACES}), 1 + temperature(PLACES) ** 2 / 2)
    assert known.fields["k"].alone == (way == "of T")  # type: ignore[attr-defined]


def test_the_growth_of_a_population_from_its_course() -> None:
    """u' = f(u), f = u (1 - u)."""
    times = np.linspace(0.2, 8, 40)
    logistic = 0.1 / (0.1 + 0.9 * np.exp(-times))
    growth = Problem(
        time=(0, 8), unknowns="u", equations=lambda u, t, f: d(u, t) - f, parameters={"f": Unknown(0.2, of="u")},
        conditions=[initial(u=0.1), observed(t=times, u=logistic + 3 * NOISE, sigma=0.003)], reference=None, tolerance=0.1,
    )  # fmt: skip
    u = np.linspace(0.15, 0.95, 9)
    assert np.abs(solve(growth, budget=60).f(u=u) - u * (1 - u)).max() < 0.01


def test_random_features_find_it_too_with_its_value_exact() -> None:
    solution = solve(rod(dirichlet(k=1.5, on=point(T=1))), network=RandomFeatures(60), budget=20)
    T = np.linspace(0.2, 1, 9)
    assert np.abs(solution.k(T=T) - (1 + T**2 / 2)).max() < 0.1
    assert abs(solution.k(T=1.0) - 1.5) < 1e-12


# ------------------------------------------------------------ materials


def layers(*, one: Any, other: Any) -> Problem:
    """Two layers of a wall through which a flux of one goes: T = x / 2 up to the middle, and from there (x + 0.5) / 4."""
    seen = np.where(PLACES < 0.5, PLACES / 2, (PLACES + 0.5) / 4)
    return rod(
        conditions=[
            dirichlet(T=0, on=face(x=0)), condition(lambda T, x, k: k * d(T, x) - 1, on=face(x=1)),
            observed(x=PLACES, T=seen + NOISE, sigma=0.001),
        ],
        parameters={"k": Piecewise(one, (Box(x=(0.5, 1), name="felt"), other))},
    )  # fmt: skip


def test_numbers_of_materials_may_be_sought() -> None:
    solution = solve(layers(one=Unknown(1.0, positive=True), other=4.0), budget=60)
    found = solution.training.identified.constants  # type: ignore[union-attr]
    assert abs(found["k_elsewhere"].value - 2) < 4 * found["k_elsewhere"].standard_error < 0.05
    other = layers(one=2.0, other=Unknown(1.0))
    assert "d(k * d(T, x), x) = 0" in repr(other)
    assert list(other.constants) == ["k_felt"]


def test_a_flux_with_a_sought_coefficient_answers_to_it() -> None:
    """Cells had taken k as it was guessed where it stands before the slope, and found something else."""
    wire = rod(
        conditions=[dirichlet(T=0, on=face(x=0)), condition(lambda T, x, k: k * d(T, x) - 1, on=face(x=1)),
                    observed(x=PLACES, T=PLACES / 2 + NOISE, sigma=0.001)],
        parameters={"k": Unknown(1.0, positive=True)},
    )  # fmt: skip
    found = solve(wire, budget=60).training.identified.constants["k"]  # type: ignore[union-attr]
    assert abs(found.value - 2) < 4 * found.standard_error < 0.05


def test_a_number_of_a_material_is_no_function() -> None:
    with pytest.raises(ProblemError, match="the same everywhere in it"):
        layers(one=Unknown(1.0, of="x"), other=4.0)
