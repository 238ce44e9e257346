"""References of one coordinate and of rods and strings: against theory, other methods, and their own words."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from validation import gray_scott, kuramoto_sivashinsky, lotka_volterra, plucked_string, two_materials
from validation.refine import relative_l2


def declared(domain: Any, parameters: dict[str, float], tolerance: float = 1e-3) -> Any:
    bounds = dict(domain)
    time = bounds.pop("t", None)
    space = SimpleNamespace(bounds=bounds) if bounds else None
    return SimpleNamespace(parameters=parameters, tolerance=tolerance, space=space, time=time)


def test_populations_keep_what_theory_says() -> None:
    r, m = 1.0, 1.0
    reference = lotka_volterra.dormand_prince(declared(lotka_volterra.TIME, {"r": r, "m": m}, 1e-5))
    t = np.linspace(0, 60, 501)
    a, b = (reference.fields[u](t=t) for u in ("a", "b"))
    kept = a - m * np.log(a) + b - r * np.log(b)
    assert np.abs(kept - kept[0]).max() < 1e-9 and reference.own_error < 1e-6
    assert np.abs(a - 1.01 * m * np.log(a) + b - r * np.log(b) - kept[0]).max() > 1e-3


def test_string_is_the_sum_of_its_modes() -> None:
    a, c = plucked_string.CORNER, 0.7
    x, t = (v.ravel() for v in np.meshgrid(np.linspace(0, 1, 41), np.linspace(0, 2, 31)))
    n = np.arange(1, 4001)[:, None]
    weights = 2 * np.sin(n * np.pi * a) / (n * np.pi) ** 2 / (a * (1 - a))
    modes = (weights * np.sin(n * np.pi * x) * np.cos(n * np.pi * c * t)).sum(0)
    found = plucked_string.waves(c)(x=x, t=t)
    assert np.abs(found - modes).max() < 1e-3  # what 4000 modes leave of a corner
    assert np.abs(plucked_string.waves(1.02 * c)(x=x, t=t) - modes).max() > 1e-2


def test_value_and_flux_continue_between_the_materials() -> None:
    k1, k2, away = 0.2, 4.0, 1e-6
    for m in two_materials.modes(k1, k2):
        field, at = two_materials.together([m]), two_materials.MIDDLE
        left, right = (field(x=np.array([at - away, at, at - 2 * away][k : k + 1]), t=np.zeros(1)) for k in (1, 0))
        assert abs(float(left[0] - right[0])) < 1e-4
        flux = [
            k * (field(x=np.array([b]), t=np.zeros(1)) - field(x=np.array([a]), t=np.zeros(1)))[0] / (b - a)
            for k, a, b in ((k1, at - 2 * away, at - away), (k2, at + away, at + 2 * away))
        ]
        assert abs(flux[0] - flux[1]) < 5e-3 * abs(flux[0]) < abs(flux[0] - 1.02 * flux[1])
    decays = [m.decay for m in two_materials.modes(k1, k2, 4)]
    assert decays == sorted(decays) and two_materials.modes(1.0, 1.0)[0].decay == pytest.approx(np.pi**2, rel=1e-12)


def test_flame_front_on_other_nodes_and_steps() -> None:
    """Of fourth order in time; and the mean of u stays, since all its terms are derivatives."""
    x = np.linspace(0, 32 * np.pi, 200, endpoint=False)
    found = [kuramoto_sivashinsky.solve_by_fourier(n, 1.0)(x=x, t=np.full(200, 20.0)) for n in (64, 128, 256)]
    ones = np.ones(200)
    first, second = (relative_l2(a, found[-1], ones) for a in found[:2])
    assert second < 1e-3 and second < first / 8
    start = kuramoto_sivashinsky.initial(x)
    assert abs(found[-1].mean() - start.mean()) < 1e-8


def test_a_reaction_on_other_nodes_and_steps_keeps_its_balance() -> None:
    """Of fourth order in time; and what is fed less what is taken away is the change of u + v over the square."""
    numbers = 3e-4, 1.5e-4, 0.04, 0.06
    x, y, t = np.random.default_rng(0).uniform(size=(3, 300))
    at = {"x": x - 0.5, "y": y - 0.5, "t": 40 * t}
    levels = [gray_scott.solve_by_fourier(n, *numbers) for n in (32, 64, 128)]
    first, second = (relative_l2(f["v"](**at), levels[-1]["v"](**at), np.ones(300)) for f in levels[:2])
    assert second < 2e-2 and second < first / 8
    nodes, moments = np.arange(64) / 64 - 0.5, 20 + np.array([-2.0, -1.0, 0.0, 1.0, 2.0])
    cloud = [a.ravel() for a in np.meshgrid(nodes, nodes, moments, indexing="ij")]
    u, v = (levels[-1][n](x=cloud[0], y=cloud[1], t=cloud[2]).reshape(-1, 5).mean(0) for n in ("u", "v"))
    change = (u + v) @ np.array([1.0, -8.0, 0.0, 8.0, -1.0]) / 12
    feed, kill = numbers[2:]
    assert abs(change - (feed * (1 - u[2]) - (feed + kill) * v[2])) < 1e-5 * feed


@pytest.mark.parametrize(
    ("solve", "domain", "parameters"),
    [
        (gray_scott.exponential_steps, {"x": (0.0, 1.0), "y": (0.0, 1.0), "t": (0.0, 40.0)}, {"a": 1.0}),
        (lotka_volterra.dormand_prince, {"t": (0.0, 1.0)}, {"r": 1.0, "m": 1.0}),
        (plucked_string.dalembert, {"x": (0.0, 2.0), "t": (0.0, 2.0)}, {"c": 1.0}),
        (two_materials.separated, {"x": (0.0, 1.0), "t": (0.0, 2.0)}, {"k1": 1.0, "k2": 2.0}),
        (kuramoto_sivashinsky.exponential_steps, {"x": (0.0, 1.0), "t": (0.0, 50.0)}, {"nu": 1.0}),
    ],
)
def test_another_domain_is_refused_with_words(solve: Any, domain: Any, parameters: dict[str, float]) -> None:
    with pytest.raises(ValueError, match="this reference solves"):
        solve(declared(domain, parameters))
