"""Ranges of parameters over cells: orders from theory, right answers with sensitivities, honest ends."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import exp, sin

from pinnsolve import Box, Problem, Settings, Solution, d, dirichlet, initial, solve
from pinnsolve.line import range_front
from pinnsolve.methods import range_nodes
from pinnsolve.solve import prepare
from pinnsolve.trial import over_ranges
from pinnsolve.trial.lower_set import Axis, before, polynomials, to_surpluses
from pinnsolve.trial.over_ranges import OverRanges
from pinnsolve.trial.range_node import Growth


def decay(unit: float = 1.0, **changes: Any) -> Problem:
    """u' = -exp(k) u^2 where k is in units of its own."""

    def equation(u: Any, t: Any, k: Any) -> Any:
        return d(u, t) + exp(k / unit) * u**2

    given: dict[str, Any] = {
        "time": (0, 2), "unknowns": "u", "equations": equation, "conditions": [initial(u=1)],
        "parameters": {"k": (-0.5 * unit, 0.9 * unit)}, "reference": None, "tolerance": 1e-4,
    }  # fmt: skip
    return Problem(**{**given, **changes})


# ---------------------------------------------------------------- polynomials


def missed(axis: Axis, values: Any, count: int) -> float:
    """By how much polynomials through so many nodes miss a function of the parameter."""
    for _ in range(count):
        axis = axis.grown()
    nodes, k = torch.tensor(axis.places, dtype=torch.float64), torch.linspace(axis.low, axis.high, 401).double()
    indices = [(i,) for i in range(count)]
    told = polynomials([axis], indices, k[:, None]) @ to_surpluses([axis], indices) @ values(nodes)
    return float((told - values(k)).abs().max())


@pytest.mark.parametrize(
    ("axis", "rho"),
    [
        # the pole at k = 0 lies at z = -3 beside [1, 2], where the ellipse of convergence has rho = 3 + sqrt(8)
        (Axis("k", 1.0, 2.0), 3 + 8**0.5),
        # in the logarithm 1 / (1 + k) has poles at log k = +- i pi, half a range being log(10): z = i pi / log 10
        (Axis("k", 0.1, 10.0, logarithmic=True), math.pi / math.log(10) + math.hypot(1, math.pi / math.log(10))),
    ],
)
def test_polynomials_converge_as_theory_says(axis: Axis, rho: float) -> None:
    """Errors fall as rho^-n (Trefethen, Approximation Theory and Approximation Practice (2013), theorem 8.2)."""
    counts = np.arange(4, 16)

    def values(k: torch.Tensor) -> torch.Tensor:
        return 1 / (1 + k) if axis.logarithmic else 1 / k

    slope = np.polyfit(counts, [math.log(missed(axis, values, int(n))) for n in counts], 1)[0]
    assert -slope / math.log(rho) == pytest.approx(1.0, abs=0.2)


def test_a_lower_set_holds_the_products_that_its_nodes_say() -> None:
    a, b = (Axis(name, -1.0, 3.0) for name in "ab")
    for _ in range(3):
        a, b = a.grown(), b.grown()
    nodes = [(0, 0), (1, 0), (0, 1), (1, 1), (2, 0), (2, 1)]
    assert all(i in nodes[:k] for k, j in enumerate(nodes) for i in before(j))

    def product(x: torch.Tensor) -> torch.Tensor:
        return (1 + x[:, 0] - x[:, 0] ** 2) * (2 - x[:, 1])

    places = torch.tensor([[a.places[i], b.places[j]] for i, j in nodes], dtype=torch.float64)
    x = torch.rand(50, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64) * 4 - 1
    told = polynomials([a, b], nodes, x) @ to_surpluses([a, b], nodes) @ product(places)
    assert torch.allclose(told, product(x), rtol=0, atol=1e-12)


# ---------------------------------------------------------------- answers


def test_an_ode_is_solved_for_a_whole_range_with_its_sensitivities(tmp_path: Path) -> None:
    solution = solve(decay())
    assert isinstance(solution.trial, OverRanges) and solution.converged and solution.estimate is not None
    t, k = np.meshgrid(np.linspace(0, 2, 9), np.linspace(-0.5, 0.9, 12))
    right, slope = 1 / (1 + np.exp(k) * t), -np.exp(k) * t / (1 + np.exp(k) * t) ** 2
    off = np.abs(solution.u(t=t, k=k) - right).max()
    assert off < 1e-5 and off < 10 * solution.estimate
    assert np.abs(solution.d("u", "k")(t=t, k=k) - slope).max() < 1e-4
    mixed = (solution.d("u", "k")(t=1.01, k=0.3) - solution.d("u", "k")(t=0.99, k=0.3)) / 0.02
    assert solution.d("u", "t", "k")(t=1.0, k=0.3) == pytest.approx(mixed, rel=1e-3)
    assert np.abs(solution.residuals(t=t, k=k)["equation"]).max() < 1e-4
    assert np.array_equal(solution.at(k=0.3).u(t=t), solution.u(t=t, k=0.3))
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", decay())
    assert np.array_equal(again.u(t=t, k=k), solution.u(t=t, k=k))
    # the same in another unit of the parameter
    other = solve(decay(1e3))
    assert np.abs(other.u(t=t, k=1e3 * k) - solution.u(t=t, k=k)).max() < 1e-9


def test_a_run_that_was_interrupted_goes_on_to_the_same_bits(tmp_path: Path) -> None:
    whole = solve(decay(tolerance=1e-3))
    problem, resumed = decay(tolerance=1e-3), False
    while True:
        ready = prepare(problem, Settings(), tmp_path)
        if resumed:
            ready.resume()
        stop, step = [False], ready.loop._step

        def one(stop: list[bool] = stop, step: Any = step) -> Any:
            if stop[0]:
                raise KeyboardInterrupt
            stop[0] = True
            return step()

        ready.loop._step = one  # type: ignore[method-assign]
        training, resumed = ready.loop.run(), True
        if training.outcome.kind != "interrupted":
            break
    assert torch.equal(ready.loop.state.trial.vector(), whole.trial.vector())
    assert training.estimate == whole.estimate


def test_a_layer_over_two_decades_and_a_plane_are_solved_over_cells() -> None:
    def carried(u: Any, x: Any, eps: Any) -> Any:
        return d(u, x) - eps * d(u, x, x) - 1

    layer = solve(
        Problem(
            space=Box(x=(0, 1)), unknowns="u", equations=carried, conditions=[dirichlet(u=0)],
            parameters={"eps": (0.02, 2)}, reference=None, tolerance=1e-2,
        )
    )  # fmt: skip
    assert isinstance(layer.trial, OverRanges) and layer.converged and layer.trial.axes[0].logarithmic
    x, eps = np.meshgrid(np.linspace(0, 1, 41), np.geomspace(0.02, 2, 15))
    right = x - (np.exp((x - 1) / eps) - np.exp(-1 / eps)) / (1 - np.exp(-1 / eps))
    size = np.sqrt((right**2).mean(1))
    off = np.sqrt(((layer.u(x=x, eps=eps) - right) ** 2).mean(1)) / size
    assert off.max() < min(1e-2, 3 * float(layer.estimate or 0))

    def screened(u: Any, x: Any, y: Any, a: Any) -> Any:
        return d(u, x, x) + d(u, y, y) + a**2

    plane = solve(
        Problem(
            space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=screened,
            conditions=[dirichlet(u=lambda x, y, a: a * x * y - (a * y) ** 2 / 2 + a * exp(x) * sin(y))],
            parameters={"a": (-1, 2)},
            reference=None, tolerance=1e-4,
        )
    )  # fmt: skip
    assert isinstance(plane.trial, OverRanges) and plane.converged
    assert plane.u(x=0.3, y=0.6, a=0.7) == pytest.approx(
        0.7 * 0.18 - 0.42**2 / 2 + 0.7 * math.exp(0.3) * math.sin(0.6), abs=1e-7
    )


def test_two_ranges_are_solved_together() -> None:
    problem = decay(
        equations=lambda u, t, k, a: d(u, t) + k * (u - a), parameters={"k": (0.3, 0.6), "a": (-1, 1)}, tolerance=1e-3
    )
    solution = solve(problem)
    assert isinstance(solution.trial, OverRanges) and solution.converged
    t, k, a = np.random.default_rng(2).random((3, 200))
    t, k, a = 2 * t, 0.3 + 0.3 * k, 2 * a - 1
    assert np.abs(solution.u(t=t, k=k, a=a) - a - (1 - a) * np.exp(-k * t)).max() < 1e-4


# ---------------------------------------------------------------- honest ends


def kink(u: Any, t: Any, k: Any) -> Any:
    return d(u, t) + torch.abs(k) * u


def test_what_has_a_kink_in_the_parameter_does_not_converge_over_nodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(range_nodes, "RULES", replace(range_front.RULES, patience=0.0))
    trial = nodes_of(decay(equations=kink, parameters={"k": (-1, 1.3)}, tolerance=1e-4))
    assert trial.growth is Growth.SLOW and trial.error > 1e-4


def test_a_value_without_solution_ends_the_march_over_nodes() -> None:
    """u = 1 / (1 - exp(k) t) has no value at t = 2 from k = -log(2) on."""
    trial = nodes_of(decay(equations=lambda u, t, k: d(u, t) - exp(k) * u**2))
    assert trial.growth is Growth.FAILED and not trial.complete and "k = " in trial.missing


def test_polynomials_that_are_wrong_do_not_converge(monkeypatch: pytest.MonkeyPatch) -> None:
    """The mutant: what nodes bring is taken for what they are."""
    right = nodes_of(decay(tolerance=1e-3))
    assert right.growth is Growth.CONVERGED and right.error < 3e-4
    monkeypatch.setattr(range_front, "RULES", replace(range_front.RULES, most=16))
    monkeypatch.setattr(range_front, "to_surpluses", lambda axes, nodes: torch.eye(len(nodes), dtype=torch.float64))
    assert nodes_of(decay(tolerance=1e-3)).growth is Growth.SLOW


def nodes_of(problem: Problem) -> OverRanges:
    """All that the first stage makes of a problem."""
    loop = prepare(problem, Settings()).loop
    loop._start(fresh=True)
    while not loop.state.method_state.get("done"):
        loop._step()
    assert isinstance(loop.state.trial, OverRanges)
    return loop.state.trial


def test_what_a_node_of_a_range_was_measured_by_alone_says_nothing_of_other_polynomials() -> None:
    """Nodes that were chosen for the logarithm lie close at the lower end; polynomials of the parameter itself, which
    are good there, are taken no more once nodes follow them."""
    stiff = Problem(
        time=(0, 0.5), unknowns="u", equations=lambda u, t, k: d(u, t) + 40 * k * u, conditions=[initial(u=1)],
        parameters={"k": (0.1, 1)}, reference=None, tolerance=1e-4,
    )  # fmt: skip
    trial = nodes_of(stiff)
    k = torch.linspace(0.1, 1, 50).double()
    points = over_ranges.Points({"t": 0.3 * torch.ones_like(k), "k": k}, torch.ones_like(k))
    told = trial.unknowns(trial.prepare(points))["u"].value
    assert float((told - torch.exp(-12 * k)).abs().max()) < 1e-4
    assert len(trial.axes[0].places) >= range_front.RULES.fewest
