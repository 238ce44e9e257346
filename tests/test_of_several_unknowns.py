"""Unknown functions of several unknowns, or of unknowns and places: a rate f(u, v), a conductivity k(T, x)."""

from __future__ import annotations

import warnings
from functools import cache
from typing import Any

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp
from torch import sin

from pinnsolve import (
    Box,
    Problem,
    ProblemError,
    Solution,
    Unknown,
    condition,
    d,
    dirichlet,
    exact,
    face,
    initial,
    observed,
    point,
    solve,
)
from pinnsolve.checks.references import reference_of, reference_values
from pinnsolve.checks.signature import signature
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart
from pinnsolve.problem.expansion import Expansion, Products
from pinnsolve.problem.on_planes import agreeing, plane_of
from pinnsolve.trial.series import polynomials

warnings.simplefilter("ignore")


def test_a_series_of_several_fields_has_the_derivatives_of_the_chain_rule_and_goes_on_with_its_tangent() -> None:
    """z = 1 + 2 r s + 3 s^2 + ..., by polynomials of two arguments that autograd differentiates."""
    terms = Products(("u", "v"), (polynomials, polynomials), ((0, 0), (1, 1), (0, 2), (2, 1)))
    numbers = {"a": 0.4, "b": -0.3, "c": 0.7, "e": 0.2}
    series = Expansion(Unknown(1.0, of=("u", "v")), terms, tuple(numbers), None, None, ((-2.0, 2.0), (-3.0, 5.0)))
    x, y = torch.rand(2, 9, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).requires_grad_()
    chart, at = Points({"x": x.detach(), "y": y.detach()}, torch.ones(9, dtype=torch.float64)).chart()
    u: Any = 1.5 * sin(at["x"]) * at["y"]
    v: Any = 8.0 * at["x"] - at["y"]  # beyond five in part
    k = series.composed(chart, {**numbers, "u": u, "v": v}, series.reach)  # type: ignore[arg-type]

    def legendres(s: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return torch.ones_like(s), 3**0.5 * s, 5**0.5 * (1.5 * s**2 - 0.5)

    r, s = 1.5 * torch.sin(x) * y / 2, (8.0 * x - y - 1) / 4
    (one, p, q), (_, m, n) = legendres(r), legendres(s)
    inside = 0.4 * one - 0.3 * p * m + 0.7 * n + 0.2 * q * m
    (_, m, n), slope = legendres(torch.ones_like(s)), 5**0.5 * 3
    beyond = 0.4 * one - 0.3 * p * m + 0.7 * n + 0.2 * q * m + (s - 1) * (3**0.5 * (0.2 * q - 0.3 * p) + 0.7 * slope)
    wanted = torch.where(s <= 1, inside, beyond)
    assert bool((s > 1).any()) and bool((s < 1).any())
    (by_x,) = torch.autograd.grad(wanted.sum(), x, create_graph=True)
    (mixed,) = torch.autograd.grad(by_x.sum(), y)
    torch.testing.assert_close(k.value, wanted.detach(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(d(k, at["x"]).value, by_x.detach(), rtol=1e-12, atol=1e-12)
    torch.testing.assert_close(d(k, at["x"], at["y"]).value, mixed, rtol=1e-12, atol=1e-12)


STARTS = ((1.5, 1.0), (0.7, 0.5))
MOMENTS = np.linspace(0.1, 3, 30)


def preying(first: float, second: float) -> np.ndarray:
    """u' = u - u v, v' = u v - v, by SciPy."""
    rates = solve_ivp(
        lambda t, y: (y[0] - y[0] * y[1], y[0] * y[1] - y[1]), (0, 3), (first, second), t_eval=MOMENTS, rtol=1e-9
    )
    return np.asarray(rates.y)


@cache
def preys() -> Solution:
    """Two species, and f of both: how much of the one is eaten by the other."""
    seen = [preying(*start) + 0.002 * np.random.default_rng(0).standard_normal((2, 30)) for start in STARTS]
    (u, v), (more, fewer) = seen
    return solve(Problem(
        time=(0, 3), unknowns=("u", "v"), reference=None, tolerance=0.05,
        equations=[lambda u, v, t, f: d(u, t) - u + f, lambda u, v, t, f: d(v, t) - f + v],
        conditions=[
            initial(u=lambda a: a, v=lambda b: b), observed(t=MOMENTS, u=u, v=v, sigma=0.002),
            observed(t=MOMENTS, u=more, v=fewer, sigma=0.002, given=dict(zip("ab", STARTS[1], strict=True))),
        ],
        parameters={"f": Unknown(1.0, of=("u", "v")), "a": STARTS[0][0], "b": STARTS[0][1]},
    ), budget=120)  # fmt: skip


def test_a_function_of_two_unknowns_is_found_where_the_solution_goes_with_its_error() -> None:
    told = preys().training.identified.functions["f"]  # type: ignore[union-attr]
    true = np.array(told.places["u"]) * np.array(told.places["v"])
    off = np.array(told.values) - true
    assert preys().converged
    assert np.linalg.norm(off) < 3e-3 * np.linalg.norm(true)
    assert 0.1 < np.sqrt(np.mean((off / np.array(told.standard_errors)) ** 2)) < 2
    assert list(told.places) == ["u", "v"]


def test_a_function_of_two_unknowns_is_asked_by_both_or_by_the_place_and_not_where_nothing_tells_it() -> None:
    u, v = preys().u(t=2.0), preys().v(t=2.0)
    assert abs(preys().f(u=u, v=v) - preys().f(t=2.0)) < 1e-12
    assert abs(preys().d("f", "v")(u=u, v=v) - u) < 0.02
    with pytest.raises(ProblemError, match=r"f was asked at u = 1, v = 1, and the solution comes no nearer"):
        preys().f(u=[1.0, u], v=[1.0, v])  # in the middle of both circles
    with pytest.raises(ProblemError, match=r"Write f\(u=..., v=...\)"):
        preys().f(u=1.0)


def test_a_reference_tells_a_function_of_an_unknown_and_a_place_in_any_words() -> None:
    x = np.linspace(0.1, 0.9, 5)

    def rod(k: Any) -> Problem:
        return Problem(
            space=Box(x=(0, 1)), unknowns="T", equations=lambda T, x, k: d(k * d(T, x), x),
            conditions=[dirichlet(T=0, on=face(x=0)), dirichlet(T=1, on=face(x=1)), observed(x=x, T=x**2)],
            parameters={"k": Unknown(1.0, of=("T", "x"))}, reference=exact(T=lambda x: x**2, k=k),
        )  # fmt: skip

    for k in (lambda T, x: (1 + T) * x, lambda x: (1 + x**2) * x, lambda **at: (1 + at["T"]) * at["x"]):
        assert np.allclose(reference_values(reference_of(rod(k)), "k", {"x": x}), (1 + x**2) * x)
    both = reference_of(rod(lambda T, x: (1 + T) * x))
    assert np.allclose(reference_values(both, "k", {"x": x, "T": 0 * x}), x)


# ------------------------------------------------------------ what is known where one argument has a value


@pytest.mark.parametrize("unknown", [Unknown(2.0, of=("u", "v")), Unknown(2.0, positive=True, of=("u", "v"))])
def test_what_is_known_holds_whatever_is_trained_and_where_places_cross(unknown: Unknown) -> None:
    """f(1, v) = 3 + v^2, f(4, v) = 7 and f(u, 2) = 7: at other places it is what the series makes of it."""
    told = [
        dirichlet(f=lambda v: 3 + v**2, on=point(u=1)),
        dirichlet(f=7, on=point(u=4)),
        dirichlet(f=7, on=point(v=2)),
    ]
    planes = tuple(plane_of(c[0], "f", unknown, {}) for c in told)
    agreeing("f", unknown, planes)
    terms = Products(("u", "v"), (polynomials, polynomials), ((0, 0), (1, 1), (2, 1)))

    def at(u: list[float], v: list[float], numbers: tuple[float, float, float]) -> torch.Tensor:
        places = {"u": torch.tensor(u, dtype=torch.float64), "v": torch.tensor(v, dtype=torch.float64)}
        chart, fields = Points(places, torch.ones(len(u), dtype=torch.float64)).chart()
        coefficients = dict(zip("abc", numbers, strict=True))
        series = Expansion(unknown, terms, tuple("abc"), None, None, ((0.0, 5.0), (-1.0, 3.0)), planes)
        found: torch.Tensor = series.field(None, chart, {**fields, **coefficients}).value  # type: ignore[arg-type]
        return found

    for numbers in ((0.0, 0.0, 0.0), (0.4, -1.3, 0.7)):
        known = at([1, 1, 1, 4, 4, 0.5, 3, 1], [-0.5, 0.3, 2, 0.1, 2, 2, 2, 2], numbers)
        torch.testing.assert_close(known, torch.tensor([3.25, 3.09, 7, 7, 7, 7, 7, 7], dtype=torch.float64))
    assert abs(float(at([2.5], [0.5], (0.4, -1.3, 0.7)) - at([2.5], [0.5], (0.0, 0.0, 0.0)))) > 0.1


def test_a_conductivity_of_temperature_and_place_is_found_from_what_is_known_of_it() -> None:
    """k = 1 + T, known where T is 0: temperatures between temperatures tell the rest, and not how large it is."""
    x = np.linspace(0.05, 0.95, 40)
    seen = np.sqrt(1 + 3 * x) - 1 + 1e-4 * np.random.default_rng(0).standard_normal(40)
    rod = Problem(
        space=Box(x=(0, 1)), unknowns="T", equations=lambda T, x, k: d(k * d(T, x), x), reference=None, tolerance=0.1,
        conditions=[dirichlet(T=0, on=face(x=0)), dirichlet(T=1, on=face(x=1)), observed(x=x, T=seen, sigma=1e-4),
                    dirichlet(k=lambda x, c: c + 0 * x, on=point(T=0)), dirichlet(k=2.0, on=point(T=1))],
        parameters={"k": Unknown(1.5, positive=True, of=("T", "x")), "c": 1.0},
    )  # fmt: skip
    solution = solve(rod, budget=60)
    assert np.allclose([solution.k(x=0.0), solution.k(x=1.0)], [1, 2], rtol=1e-12)
    assert np.allclose(solution.k(x=x), np.sqrt(1 + 3 * x), rtol=5e-3)
    assert "known at T = 0 (k = 1) and T = 1 (k = 2)" in repr(rod)
    named = signature(rod)["values of k"]
    assert named != signature(rod.replaced(parameters={**rod.declared_parameters, "c": 1.1}))["values of k"]


def test_values_are_known_in_whichever_words() -> None:
    """2 f - 2 v^2 = 4 where u is 3 is f = 2 + v^2 there."""

    def field(told: Any, u: list[float], v: list[float]) -> torch.Tensor:
        problem = Problem(
            time=(0, 1), unknowns=("u", "v"), equations=[lambda u, f, t: d(u, t) + f, lambda v, t: d(v, t) + v],
            conditions=[initial(u=1, v=1), observed(t=[0.5], u=[0.7]), told], parameters={"f": Unknown(1.0, of=("u", "v"))},
        )  # fmt: skip
        (plane,) = problem.known_planes["f"]
        chart = Chart(("u", "v"), len(u), torch.float64, torch.device("cpu"))
        places = {n: chart.coordinate(n, torch.tensor(x, dtype=torch.float64)) for n, x in (("u", u), ("v", v))}
        return plane.at(chart, places).value

    one = field(dirichlet(f=lambda v: 2 + v**2, on=point(u=3)), [3.0, 3.0], [0.5, -2.0])
    other = field(condition(lambda f, v: 2 * f - 2 * v**2 - 4, on=point(u=3)), [3.0, 3.0], [0.5, -2.0])
    torch.testing.assert_close(other, one)
    assert one.tolist() == [2.25, 6.0]


@pytest.mark.parametrize(
    ("told", "words"),
    [
        ([dirichlet(f=0, on=point(u=0)), dirichlet(f=1, on=point(v=0))], "as 0 at u=0 and as 1 at v=0, which meet"),
        ([dirichlet(f=0, on=point(u=0)), dirichlet(f=1, on=point(u=0))], "prescribed twice at u=0"),
        ([dirichlet(f=0, on=point(u=0, v=1))], "Say where one of them has a value: dirichlet(f=0.0, on=point(u=0))"),
        ([dirichlet(f=0, on=point(u=0, v=1))], "what f is in a single point cannot be built in"),
        ([condition(lambda f, u, v: d(f, u) - v, on=point(u=0))], "is none of its values"),
        ([condition(lambda f, v: f * f - v, on=point(u=0))], "is none of its values"),
        ([observed(u=[1.0], v=[1.0], f=[1.0])], "tells of 'f', an unknown function"),
        ([dirichlet(f=0, on=face(t=0))], "face(t=0) is no place of one of these"),
        ([dirichlet(f=lambda u: u, on=point(u=0))], "asks for 'u', which does not exist"),
    ],
)
def test_what_cannot_be_known_of_it_is_told(told: list[Any], words: str) -> None:
    with pytest.raises(ProblemError) as error:
        Problem(
            time=(0, 1), unknowns=("u", "v"), equations=[lambda u, f, t: d(u, t) + f, lambda v, t: d(v, t) + v],
            conditions=[initial(u=1, v=1), observed(t=[0.5], u=[0.7]), *told], parameters={"f": Unknown(1.0, of=("u", "v"))},
        )  # fmt: skip
    assert words in str(error.value)
