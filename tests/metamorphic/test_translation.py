"""A function in other words is the same function: values, derivatives, normals and data, and a slip in a unit is seen."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import torch

from pinnsolve import Problem, d
from pinnsolve.geometry.points import Points
from pinnsolve.jets.jet import Chart, Jet, on_jets
from pinnsolve.problem.binding import Fields
from validation.metamorphic.forms import FORMS
from validation.metamorphic.retelling import Manner, equal, retold
from validation.metamorphic.transformations import places, retellings, same
from validation.metamorphic.translation import Translation, Word

WORDS = Translation(
    {"x": Word("r", -1e3, 7.0), "t": Word("t", 1e-3, 2.0)}, {"u": Word("w", 1e6, 5e6), "v": Word("z", -2.0)}
)


def known(at: dict[str, Jet]) -> dict[str, Jet]:
    """Two fields in the old words."""
    x, t = at["x"], at["t"]
    return {"u": on_jets.sin(2 * x) * on_jets.exp(-t) + x * t, "v": on_jets.cos(x + t * t)}


def residual(u: Any, v: Any, x: Any, t: Any, k: float, nx: Any) -> Any:
    return d(u, t) + k * u * d(u, x) - d(v, x, x, t) * x + nx * d(u * v, x) - t


def both(function: Callable[..., Any], words: Translation, told: Callable[..., Any]) -> tuple[torch.Tensor, Jet]:
    """The function on the old fields, and what tells it on the new ones, at the same points."""
    x, t = torch.linspace(0.1, 0.9, 11, dtype=torch.float64), torch.linspace(0.3, 0.7, 11, dtype=torch.float64)
    ones = torch.ones(11, dtype=torch.float64)
    chart, at = Points({"x": x, "t": t}, ones).chart()
    old = function(
        **{
            n: v
            for n, v in {**at, **known(at), "k": 0.3, "nx": chart.constant(ones)}.items()
            if n in inspect.signature(function).parameters
        }
    )
    new, here = Points({"t": words.coordinates["t"].new(t), "r": words.coordinates["x"].new(x)}, ones).chart()
    back = {c: (here[w.name] - w.shift) / w.scale for c, w in words.coordinates.items()}
    fields = {w.name: known(back)[u] * w.scale + w.shift for u, w in words.unknowns.items()}
    fields = {n: Jet(new, f.partial, (11,), frozenset({"r", "t"})) for n, f in fields.items()}
    values = {**here, **fields, "k": 0.3, "nr": new.constant(-ones)}
    return old.value, Fields(new, values).call(told, "told")


def test_a_residual_is_the_same_in_other_words() -> None:
    old, new = both(residual, WORDS, WORDS.function(residual))
    assert set(inspect.signature(WORDS.function(residual)).parameters) == {"w", "z", "r", "t", "k", "nr"}
    assert torch.allclose(old, new.value, rtol=1e-10, atol=1e-10)
    off = replace(WORDS, coordinates={**WORDS.coordinates, "t": Word("t", 1.02e-3, 2.0)})
    assert not torch.allclose(old, both(residual, WORDS, off.function(residual))[1].value, rtol=1e-3)


def test_what_a_function_prescribes_is_told_in_the_unknowns_units_with_its_derivatives() -> None:
    def start(x: Any, k: float) -> Any:
        return k * on_jets.sin(x)

    told = WORDS.function(start, WORDS.unknowns["u"])
    old, new = both(lambda x, k: d(start(x, k), x, x), WORDS, told)
    assert torch.allclose(new.partial((0, 2)), 1e6 * old / 1e3**2, rtol=1e-12)  # type: ignore[arg-type]
    assert new.depends == {"r"}
    assert WORDS.function(lambda k: k, WORDS.unknowns["u"])(k=2.0) == 7e6


def test_a_fixed_coordinate_stays_fixed() -> None:
    chart = Chart(("r", "t"), 3, torch.float64, torch.device("cpu"))
    told = WORDS.function(lambda x: x * x)
    assert told(r=chart.numbers(7.0 - 2e3)).value.tolist() == [4.0, 4.0, 4.0]
    assert told(r=chart.numbers(0.0)).partial((1, 0)) is None


def test_values_rates_and_slopes_as_equations() -> None:
    made = equal("u", lambda x, k: k * x, "x", outward=True)
    assert list(inspect.signature(made).parameters) == ["u", "x", "k", "nx"]
    chart, at = Points({"x": torch.tensor([1.0, 2.0], dtype=torch.float64)}, torch.ones(2, dtype=torch.float64)).chart()
    assert made(u=at["x"] ** 2, x=at["x"], k=3.0, nx=chart.numbers(-1.0)).value.tolist() == [-5.0, -10.0]


@pytest.mark.parametrize("name", FORMS)
def test_every_retelling_has_the_residuals_of_the_original(name: str) -> None:
    problem = FORMS[name]()
    before = residuals(problem, same(problem), problem)
    for retelling in retellings(problem).values():
        after = residuals(retelling.problem(problem), retelling.words, problem)
        assert set(after) == set(before)
        for number, (equation, values) in enumerate(before.items()):
            factor = 1.0 if number else retelling.manner.factor
            size = float(values.abs().max())
            assert torch.allclose(after[equation], factor * values, rtol=0, atol=1e-8 * factor * size), retelling.name


def residuals(told: Problem, words: Translation, old: Problem) -> dict[str, torch.Tensor]:
    """Each equation of a retelling where the unknowns are waves of the old coordinates, by its name."""
    steps = (torch.arange(20, dtype=torch.float64) + 0.5) / 20
    at = {c: old.domain.place(c, steps * (1 + 7 * k) % 1) for k, c in enumerate(old.coordinates)}
    moved = words.moved(at)
    points = Points({c: moved[c] for c in told.coordinates}, torch.ones(20, dtype=torch.float64))
    chart, here = points.chart()
    waves = {}
    for k, word in enumerate(words.unknowns.values()):
        phase = sum(
            ((here[w.name] - w.shift) / (w.scale * old.domain.length(c)) * (1.1 + 0.2 * j) for j, (c, w) in enumerate(words.coordinates.items())),
            start=0.7 * k,
        )  # fmt: skip
        wave = on_jets.sin(phase) * word.scale + word.shift
        waves[word.name] = Jet(chart, wave.partial, (20,), frozenset(chart.names))
    fields = told.fields(chart, here, waves, points)
    return {
        e.name: e.residual(fields).value
        for e in sorted(told.equations, key=lambda e: [o.name for o in old.equations].index(e.name))
    }


def test_nothing_said_otherwise_is_the_same_problem() -> None:
    problem = FORMS["rate"]()
    told = retold(problem, same(problem), Manner())
    assert told.parameters == problem.parameters and told.constants == problem.constants
    assert [(c.unknown, told.pieces(c)) for c in told.conditions] == [
        (c.unknown, problem.pieces(c)) for c in problem.conditions
    ]
    measured = problem.observations[0].points.measured
    assert all(torch.equal(told.observations[0].points.measured[n], v) for n, v in measured.items())


def test_data_keep_their_places_and_their_noise_in_the_new_units() -> None:
    problem = FORMS["rate"]()
    words = Translation({"x": Word("x", -10.0, 1.0), "t": Word("t")}, {"u": Word("u", -1e3, 5.0)})
    old, new = problem.observations[0].points, retold(problem, words, Manner()).observations[0].points
    assert torch.allclose(new.coordinates["x"], 1 - 10 * old.coordinates["x"])
    assert torch.allclose(new.measured["u"], 5 - 1e3 * old.measured["u"])
    assert torch.allclose(new.measured["sigma u"], torch.full((100,), 0.1, dtype=torch.float64))


def test_held_out_points_lie_in_the_domain() -> None:
    problem = FORMS["membrane"]()
    assert all(v.min() > 0 and v.max() < 1 for v in places(problem).values())
