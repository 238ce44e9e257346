"""The references for incompressible flows: against each other, theory, the literature, and their own words."""

from __future__ import annotations

from functools import cache
from types import ModuleType, SimpleNamespace
from typing import Any

import numpy as np
import pytest

from validation import cavity, kovasznay, taylor_green
from validation.collocation import solve_steady
from validation.refine import Array, Domain, Fields, relative_l2

KOVASZNAY = (kovasznay, kovasznay.WAKE, (("Re", 20.0),), ("exact_solution", "chebyshev_collocation"))
VORTICES = (taylor_green, taylor_green.BOX, (("nu", 0.01),), ("exact_solution", "pseudospectral"))
VISCOUS = (taylor_green, taylor_green.BOX, (("nu", 1.0),), ("exact_solution", "pseudospectral"))
CAVITY = (cavity, cavity.CAVITY, (("Re", 100.0),), ("chebyshev_collocation",))
Case = tuple[ModuleType, Domain, tuple[tuple[str, float], ...], tuple[str, ...]]
EXACT = pytest.mark.parametrize("case", [KOVASZNAY, VORTICES, VISCOUS], ids=["kovasznay", "vortices", "viscous"])
EVERY = pytest.mark.parametrize("case", [KOVASZNAY, VORTICES, CAVITY], ids=["kovasznay", "vortices", "cavity"])


def posed(case: Case, tolerance: float = 1e-4) -> Any:
    bounds = {name: ends for name, ends in case[1].items() if name != "t"}
    return SimpleNamespace(
        parameters=dict(case[2]), tolerance=tolerance, space=SimpleNamespace(bounds=bounds), time=case[1].get("t")
    )


RUN: dict[tuple[Any, ...], Any] = {}


def solved(case: Case, name: str, tolerance: float = 1e-4) -> Any:
    """The reference of that name, found once."""
    key = (case[2:], name, tolerance)
    if key not in RUN:
        RUN[key] = getattr(case[0], name)(posed(case, tolerance))
    return RUN[key]


def scattered(domain: Domain, count: int = 5000, margin: float = 0.0) -> dict[str, Array]:
    generator = np.random.default_rng(3)
    return {
        name: generator.uniform(low + margin * (high - low), high - margin * (high - low), count)
        for name, (low, high) in domain.items()
    }


def error(found: Fields, truth: Fields, at: dict[str, Array]) -> float:
    """The relative L2 error, the largest over u, v and p."""
    return max(relative_l2(found[u](**at), truth[u](**at), np.ones_like(at["x"])) for u in "uvp")


def clear(at: dict[str, Array]) -> dict[str, Array]:
    x, y = at["x"], at["y"]
    apart = np.minimum(np.hypot(x, 1 - y), np.hypot(1 - x, 1 - y)) >= cavity.CLEAR
    return {"x": x[apart], "y": y[apart]}


@cache
def cavity_on(n: int, re: float = 100.0) -> Fields:
    return cavity.solve_on_grid(n, re, cavity_on(24, re) if n > 24 else None)


Terms = dict[str, Array]


def equations(fields: Fields, at: dict[str, Array], nu: float) -> list[Terms]:
    """The terms of div U = 0 and of the two momentum equations, by sixth-order central differences."""
    step = 5e-3
    first = np.array([-1, 9, -45, 0, 45, -9, 1]) / (60 * step)
    second = np.array([2, -27, 270, -490, 270, -27, 2]) / (180 * step**2)

    def derivative(unknown: str, along: str, weights: Array) -> Array:
        shifted = [fields[unknown](**{**at, along: at[along] + k * step}) for k in range(-3, 4)]
        return np.tensordot(weights, np.stack(shifted), axes=1)

    u, v = fields["u"](**at), fields["v"](**at)
    terms: list[Terms] = [{"source": derivative("u", "x", first), "sink": derivative("v", "y", first)}]
    for q, along in (("u", "x"), ("v", "y")):
        momentum = {
            "advection": u * derivative(q, "x", first) + v * derivative(q, "y", first),
            "pressure": derivative("p", along, first),
            "viscosity": -nu * (derivative(q, "x", second) + derivative(q, "y", second)),
        }
        terms.append(momentum | ({"rate": derivative(q, "t", first)} if "t" in at else {}))
    return terms


def residual(terms: Terms, mutated: str = "", factor: float = 1.0) -> float:
    """The norm of the sum over that of the smallest term, of which pressure does without one in Kovasznay's v."""
    norms = [float(np.linalg.norm(term)) for term in terms.values()]
    total = sum(term * (factor if name == mutated else 1.0) for name, term in terms.items())
    return float(np.linalg.norm(total)) / min(norm for norm in norms if norm > 1e-6 * max(norms))


def perturbed(x: Array, y: Array) -> Array:
    return taylor_green.vortices(x, y) + 1.5 * np.sin(2 * x + y) + np.cos(3 * y) - np.sin(x)


def flow(which: str) -> tuple[Fields, dict[str, Array], float]:
    """Fields, points and viscosity."""
    if which == "cavity":
        return cavity_on(36), scattered(cavity.CAVITY, 400, margin=0.15), 1 / 100
    if which == "perturbed":
        fields = taylor_green.solve_in_steps(128, 0.05, perturbed, 48)
        return fields, scattered(taylor_green.BOX, 200, margin=0.1), 0.05
    case, name = (VORTICES if which.startswith("vortices") else KOVASZNAY), which.split()[1]
    fields = solved(case, name).fields
    return fields, scattered(case[1], 400, margin=0.05), 0.01 if case is VORTICES else 1 / 20


@EXACT
@pytest.mark.parametrize("tolerance", [1e-3, 1e-4])
def test_numerical_and_exact_solution_agree_within_their_stated_errors(case: Case, tolerance: float) -> None:
    exact, found = (solved(case, name, tolerance) for name in case[3])
    true = error(found.fields, exact.fields, scattered(case[1]))
    assert true <= exact.own_error + found.own_error
    assert found.own_error <= min(tolerance / 10, 5 * true + 1e-14)
    assert exact.own_error < 1e-14


def test_own_error_of_the_cavity_bounds_the_true_one(monkeypatch: pytest.MonkeyPatch) -> None:
    at = clear(scattered(cavity.CAVITY))
    monkeypatch.setattr(cavity, "DEGREES", (11, 16, 24))
    found = cavity.chebyshev_collocation(posed(CAVITY, tolerance=5e-1))
    true = error(found.fields, cavity_on(36), at)
    assert true <= 2 * found.own_error
    assert found.own_error <= 5 * true


def test_collocation_converges_exponentially_to_kovasznay_s_flow() -> None:
    exact, at = solved(KOVASZNAY, "exact_solution").fields, scattered(kovasznay.WAKE)
    errors = [error(kovasznay.solve_on_grid(n, 20.0), exact, at) for n in (12, 16, 20, 24)]
    assert np.all(np.array(errors[:-1]) / errors[1:] > 100), errors
    assert errors[-1] < 1e-11


@pytest.mark.parametrize("re", [0.5, 200.0])
def test_collocation_finds_kovasznay_s_flow_at_other_reynolds_numbers(re: float) -> None:
    exact = kovasznay.exact_solution(posed((kovasznay, kovasznay.WAKE, (("Re", re),), ()))).fields
    assert error(kovasznay.solve_on_grid(28, re), exact, scattered(kovasznay.WAKE)) < 1e-7


def test_errors_in_the_cavity_fall_with_sixth_order_or_more() -> None:
    at = clear(scattered(cavity.CAVITY))
    errors = [relative_l2(cavity_on(n)["v"](**at), cavity_on(36)["v"](**at), np.ones_like(at["x"])) for n in (16, 24)]
    assert errors[0] / errors[1] > 1.5**cavity.ORDER * 0.9, errors


def test_time_stepping_is_of_fourth_order() -> None:
    x = 2 * np.pi * np.arange(32) / 32
    start = taylor_green.Modes(32).spectrum(perturbed(x[:, None], x[None, :]))
    truth, *coarse = (taylor_green.march(steps, 0.01, start)[-1] for steps in (512, 16, 32, 64))
    errors = [np.linalg.norm(found - truth) for found in coarse]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.abs(orders - 4).max() < 0.2, orders


def test_interpolation_in_time_is_of_fourth_order() -> None:
    # Away from the splines' ends, whose larger error reaches over a few steps.
    exact, at = solved(VISCOUS, "exact_solution").fields, scattered(taylor_green.BOX, margin=0.3)
    errors = [error(taylor_green.solve_in_steps(steps, 1.0), exact, at) for steps in (32, 64, 128)]
    orders = np.log2(np.array(errors[:-1]) / errors[1:])
    assert np.abs(orders - 4).max() < 0.2, orders


def test_energy_and_enstrophy_decay_as_they_must() -> None:
    """dE/dt = -2 nu Z and dZ/dt = -2 nu P, with E = <u^2 + v^2> / 2, Z = <w^2> / 2, P = <|grad w|^2> / 2."""
    nu, steps, x = 0.05, 128, 2 * np.pi * np.arange(48) / 48
    modes = taylor_green.Modes(48)
    start = modes.spectrum(perturbed(x[:, None], x[None, :]))

    def means(history: Any) -> list[Array]:
        power = np.where(modes.l == 0, 0.5, 1.0) * np.abs(history) ** 2
        return [(power * modes.square**k).sum(axis=(1, 2)) for k in (-1, 0, 1)]

    energy, enstrophy, palinstrophy = means(taylor_green.march(steps, nu, start))
    simpson = np.array([1, *[4, 2] * (steps // 2 - 1), 4, 1]) / (3 * steps)
    assert energy[0] - energy[-1] == pytest.approx(2 * nu * simpson @ enstrophy, rel=1e-6)
    assert enstrophy[0] - enstrophy[-1] == pytest.approx(2 * nu * simpson @ palinstrophy, rel=1e-6)
    assert np.all(np.diff(energy) < 0) and np.all(np.diff(enstrophy) < 0)
    for kept in means(taylor_green.march(steps, 1e-12, start))[:2]:
        assert kept[-1] == pytest.approx(kept[0], rel=1e-6)


@pytest.mark.parametrize(
    ("which", "small"),
    [
        ("vortices exact_solution", 1e-8),
        ("vortices pseudospectral", 1e-6),
        ("perturbed", 1e-3),
        ("kovasznay exact_solution", 1e-7),
        ("kovasznay chebyshev_collocation", 1e-6),
        ("cavity", 2e-3),
    ],
)
def test_flow_has_no_residual_and_its_mutants_have(which: str, small: float) -> None:
    for terms in equations(*flow(which)):
        assert residual(terms) < small
        largest = max(float(np.linalg.norm(term)) for term in terms.values())
        for name, term in terms.items():
            if np.linalg.norm(term) > 1e-6 * largest:
                assert residual(terms, name, -1.0) > 2 - small, name
                assert min(residual(terms, name, factor) for factor in (0.98, 1.02)) > 0.02 - small, name


@pytest.mark.parametrize("speed", [1.0, -1.0])
def test_flow_near_a_corner_obeys_the_equations_up_to_its_own_advection(speed: float) -> None:
    re, h = 30.0, 1e-3
    r, theta = scattered({"r": (0.1, 1.0), "theta": (0.1, 1.5)}, 50).values()
    x, y = r * np.cos(theta), r * np.sin(theta)
    here = cavity.corner(x, y, speed, re)
    east, west, north, south = (
        cavity.corner(x + h * i, y + h * k, speed, re) for i, k in ((1, 0), (-1, 0), (0, 1), (0, -1))
    )
    for k, (up, down) in enumerate(((east, west), (north, south))):
        grad_p = (up.p - down.p) / (2 * h)
        laplace = (east.flow[k] + west.flow[k] + north.flow[k] + south.flow[k] - 4 * here.flow[k]) / h**2
        np.testing.assert_allclose(laplace / re - grad_p, here.force[k], atol=1e-2 * np.abs(here.force[k]).max())
        for q in (0, 1):
            slope = (up.flow[q] - down.flow[q]) / (2 * h)
            np.testing.assert_allclose(slope, here.flow[2 + 2 * k + q], rtol=1e-2, atol=1e-2)
    along, zero = np.linspace(0.0, 1.0, 11), np.zeros(11)
    lid, wall = cavity.corner(along, zero, speed, re), cavity.corner(zero[1:], along[1:], speed, re)
    np.testing.assert_allclose(lid.flow[:2], [zero + speed, zero], atol=1e-12)
    np.testing.assert_allclose(wall.flow[:2], np.zeros((2, 10)), atol=1e-12)


def test_initial_and_boundary_values_hold() -> None:
    line = np.linspace(0.0, 1.0, 201)
    zero, one = np.zeros(201), np.ones(201)
    found = cavity_on(36)
    np.testing.assert_allclose(found["u"](x=line, y=one), 1.0, atol=1e-9)
    np.testing.assert_allclose(found["u"](x=line, y=zero), 0.0, atol=1e-9)
    for wall in (zero, one):
        np.testing.assert_allclose(found["u"](x=wall[:-1], y=line[:-1]), 0.0, atol=1e-9)
        np.testing.assert_allclose(found["v"](x=wall, y=line), 0.0, atol=1e-9)
        np.testing.assert_allclose(found["v"](x=line, y=wall), 0.0, atol=1e-9)
    assert abs(found["p"](x=zero[:1], y=zero[:1])[0]) < 1e-3
    assert np.isfinite(found["p"](x=line, y=one)).all()

    wake = solved(KOVASZNAY, "chebyshev_collocation").fields
    for x, y in [(zero - 0.5, 2 * line - 0.5), (one, 2 * line - 0.5), (1.5 * line - 0.5, 1.5 * one)]:
        u, v = kovasznay.velocity(x, y, 20.0)
        np.testing.assert_allclose(wake["u"](x=x, y=y), u, atol=1e-7)
        np.testing.assert_allclose(wake["v"](x=x, y=y), v, atol=1e-7)
    assert abs(wake["p"](x=zero, y=zero)[0]) < 1e-12

    box = solved(VORTICES, "pseudospectral").fields
    x, y = 2 * np.pi * line, 2 * np.pi * line[::-1]
    np.testing.assert_allclose(box["u"](x=x, y=y, t=zero), -np.cos(x) * np.sin(y), atol=1e-12)
    np.testing.assert_allclose(box["v"](x=x, y=y, t=zero), np.sin(x) * np.cos(y), atol=1e-12)
    np.testing.assert_allclose(box["u"](x=0 * x, y=y, t=line), box["u"](x=0 * x + 2 * np.pi, y=y, t=line), atol=1e-12)
    assert np.abs(box["p"](x=zero + np.pi / 4, y=zero + np.pi / 4, t=line)).max() < 1e-12


def test_flow_in_a_channel_is_exact_and_keeps_its_shape() -> None:
    """Poiseuille's flow is a polynomial: u = 1 - y^2, p = -2 x / Re."""
    channel = {"x": (0.0, 3.0), "y": (-1.0, 1.0)}
    fields = solve_steady((5, 6), channel, 1 / 50, lambda x, y: (1 - y**2, 0 * x), zero=(0.0, 0.0))
    at = {name: points.reshape(4, 5) for name, points in scattered(channel, 20).items()}
    np.testing.assert_allclose(fields["u"](**at), 1 - at["y"] ** 2, atol=1e-12)
    np.testing.assert_allclose(fields["p"](**at), -2 * at["x"] / 50, atol=1e-12)


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"space": SimpleNamespace(bounds={"x": (0.0, 2.0), "y": (0.0, 1.0)})}, r"x in \(0, 2\), y in \(0, 1\)"),
        ({"space": SimpleNamespace(bounds={"y": (0.0, 1.0)})}, r"y in \(0, 1\)"),
        ({"time": (0.0, 2.0)}, r"t in \(0, 2\)"),
        ({"time": None, "space": None}, "no domain"),
        ({"parameters": {"kappa": 1.0}}, r"needs (Re|nu) as a number above zero.*kappa"),
        ({"parameters": {"Re": -1.0, "nu": 0.0}}, "needs (Re|nu) as a number above zero"),
    ],
)
@EVERY
def test_another_problem_is_refused_with_words(case: Case, change: dict[str, Any], words: str) -> None:
    for name in case[3]:
        with pytest.raises(ValueError, match=f"(?s)this reference solves .*u u_x.*{words}"):
            getattr(case[0], name)(SimpleNamespace(**{**vars(posed(case)), **change}))
