"""Conditions on unknown functions: a conductivity that is known at the ends, a source that vanishes at the rim."""

from __future__ import annotations

from functools import partial
from math import pi
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import sin

from pinnsolve import (
    MLP,
    Box,
    LevenbergMarquardt,
    LocalFeatures,
    Marching,
    Newton,
    Problem,
    ProblemError,
    RandomFeatures,
    Solution,
    Unknown,
    condition,
    d,
    dirichlet,
    exact,
    face,
    faces,
    initial,
    initial_rate,
    interior,
    laplace,
    neumann,
    observed,
    point,
    solve,
)
from pinnsolve.checks.check import check
from pinnsolve.checks.signature import signature
from pinnsolve.geometry.points import Points
from pinnsolve.settings import Settings
from pinnsolve.solve import prepare
from pinnsolve.trial.series import polynomials
from pinnsolve.trial.ties import Tie, Tied, ties_of

rng = np.random.default_rng(4)
PLACES = rng.uniform(0, 1, (3, 60))


def problem_of(*conditions: Any, of: Any = "x", time: bool = False, **changes: Any) -> Problem:
    """A rod, or a plate where k depends on y, with values of no meaning."""
    names = [*("xy" if "y" in of else "x"), *("t" if time else "")]

    def rod(u, x, k):  # type: ignore[no-untyped-def]
        return d(k * d(u, x), x) + 1

    given: dict[str, Any] = {
        "space": Box(**{c: (0, 1) for c in names if c != "t"}), "unknowns": "u", "equations": rod, "reference": None,
        "conditions": [dirichlet(u=0), observed(**dict(zip(names, PLACES, strict=False)), u=PLACES[0]), *conditions],
        "parameters": {"k": Unknown(0.5, of=of)}, **({"time": (0, 1)} if time else {}),
    }  # fmt: skip
    return Problem(**{**given, **changes})


POSITIVE, CONSTANT = {"k": Unknown(0.5, of="x", positive=True)}, {"k": Unknown(0.5)}


@pytest.mark.parametrize(
    ("conditions", "options", "fault", "remedy"),
    [
        (dirichlet(k=1), {"parameters": CONSTANT}, "'k' is a constant", r'Unknown\(0.5, of="x"\)'),
        (condition(lambda k: k - 1, on=face(x=0)), {"parameters": CONSTANT}, "'k' is a constant", "parameters="),
        (dirichlet(k=1), {"parameters": {"k": 0.5}}, "a parameter that is known", "Leave the condition out"),
        (dirichlet(kk=1), {}, "no unknown 'kk'", "did you mean 'k'"),
        (dirichlet(k=lambda u: u), {}, "asks for 'u'", "Possible: x, k"),
        (initial(k=1), {"time": True}, "k is a function of x alone, and t=0", r"on=face\(x=0\)"),
        (dirichlet(k=1), {"time": True, "of": "t"}, "k is a function of t alone, and x=0", r"on=face\(t=0\)"),
        (dirichlet(k=lambda t: t), {"time": True}, "asks for 't', on which k does not depend", "Say it by x"),
        (condition(lambda k, t: k - t, on=face(x=0)), {"time": True}, "asks for 't'", "Say it by x"),
        (dirichlet(k=1, on=face(x=0.5)), {}, "stands inside", r"on=point\(x=0.5\)"),
        (dirichlet(k=1, on=interior), {}, "holds everywhere inside", "it is no unknown"),
        (neumann(k=1, on=face(t=0)), {"time": True, "of": "t"}, "no normal there", "faces of space"),
        ([dirichlet(k=1), dirichlet(k=2, on=face(x=0))], {}, "k is prescribed twice at x=0", "on=face"),
        (condition(lambda u, k: k - 1, on=face(x=0)), {}, "does not involve any unknown", "something of k alone"),
        (condition(lambda k: 0 * k, on=face(x=0)), {}, "does not involve any unknown function", "constant"),
        (dirichlet(k=-1), {"parameters": POSITIVE}, "prescribes -1 at x=0", "k is positive"),
        (dirichlet(k=2), {"parameters": {"k": Unknown(0.5, bounds=(0, 1), of="x")}}, "prescribes 2", "between 0 and 1"),
        (dirichlet(k=lambda x: 1 / x), {}, "prescribes inf", "finite"),
    ],
)
def test_what_cannot_be_known_is_told_in_words(conditions: Any, options: Any, fault: str, remedy: str) -> None:
    with pytest.raises(ProblemError, match=fault) as told:
        check(problem_of(conditions, **options))
    with pytest.raises(ProblemError, match=remedy):
        raise told.value


def test_values_that_disagree_in_a_corner_or_jump_are_told_and_weighted() -> None:
    jump = partial(problem_of, of=("x", "y"))
    corner = jump(dirichlet(k=1, on=face(x=0)), dirichlet(k=2, on=face(y=0))).check()
    assert any("contradict each other at x=0, y=0: jump 1" in w for w in corner.findings)
    assert corner.conditions["dirichlet k on face(x=0)"]["holds"] == "weighted"
    rough = jump(dirichlet(k=lambda y: torch.where(y < 0.5, 1.0, 2.0), on=face(x=0))).check()
    assert any("dirichlet k on face(x=0) jumps by 1 at y=0.5" in w for w in rough.findings)
    assert rough.conditions["dirichlet k on face(x=0)"]["holds"] == "weighted"


def test_a_function_that_conditions_alone_speak_of_changes_nothing() -> None:
    parameters = {"k": Unknown(0.5, of="x"), "idle": Unknown(0.5, of="x")}
    findings = problem_of(dirichlet(idle=1), dirichlet(k=1), parameters=parameters).check().findings
    (told,) = [w for w in findings if "changes nothing" in w]
    assert "no equation and no condition asks for the parameter 'idle'" in told


def test_they_are_part_of_the_problem_and_gone_where_the_function_is_known() -> None:
    one, other = (problem_of(dirichlet(k=value)) for value in (1.0, 2.0))
    assert signature(one) != signature(other)
    assert signature(one) == signature(problem_of(dirichlet(k=1.0)))
    assert "dirichlet k on boundary  k = 1" in repr(one)
    assert not one.with_parameters({"k": 1.0}).known
    wrong = exact(u=lambda x: x * (1 - x) / 2, k=lambda x: 1 + 0 * x)
    told = [p.replaced(reference=wrong).check().findings for p in (one, other)]
    assert [any("does not satisfy the condition 'dirichlet k" in w for w in each) for each in told] == [False, True]


# ------------------------------------------------------------ what is built in


@pytest.mark.parametrize(("network", "method"), [(MLP(6, 1), LevenbergMarquardt()), (RandomFeatures(20), Newton())])
@pytest.mark.parametrize("kind", [{"positive": True}, {"bounds": (0.0, 9.0)}])
def test_a_function_of_any_kind_has_its_values_at_the_rim_whatever_is_trained(
    network: Any, method: Any, kind: Any
) -> None:
    def rim(x: Any, y: Any) -> Any:
        return 2 + sin(3 * x) * y

    unknown = {"k": Unknown(0.5, of=("x", "y"), **kind)}
    problem = problem_of(dirichlet(k=rim), of=("x", "y"), parameters=unknown)
    trial = prepare(problem, Settings(network=network, method=method)).loop.state.trial
    trial.assign(torch.randn(trial.parameters_count, generator=torch.Generator().manual_seed(1), dtype=torch.float64))
    for piece in problem.domain.walls.pieces:
        points = piece.grid()
        found = trial.functions.along("k", trial.prepare(points).functions).value.detach()
        torch.testing.assert_close(found, rim(**points.coordinates), rtol=1e-12, atol=1e-12)
    inside = Points({c: torch.full((1,), 0.4, dtype=torch.float64) for c in "xy"}, torch.ones(1, dtype=torch.float64))
    value = trial.functions.along("k", trial.prepare(inside).functions).value
    assert abs(float(value.detach()) - float(rim(*(torch.tensor(0.4),) * 2))) > 1e-2  # it is free there


@pytest.mark.parametrize(
    "ties",
    [
        (Tie(-1.0, 0, 2.0), Tie(1.0, 0, -1.0)),
        (Tie(-1.0, 1, 0.0), Tie(1.0, 1, 3.0)),  # slopes alone: the constant is free
        (Tie(0.3, 0, 1.0), Tie(-1.0, 0, 0.5), Tie(-1.0, 1, -2.0)),
    ],
)
def test_tied_series_are_all_polynomials_with_these_values_and_no_others(ties: tuple[Tie, ...]) -> None:
    tied, count = Tied(polynomials, ties), 6
    s = torch.linspace(-1, 1, 40, dtype=torch.float64)
    for tie in ties:
        place = torch.tensor([tie.place], dtype=torch.float64)
        assert float(tied(place, count, tie.order).abs().max()) < 1e-12
        assert float(tied.about(place, tie.order)) == pytest.approx(tie.value, abs=1e-12)
    assert int(torch.linalg.matrix_rank(tied(s, count))) == count  # of degree 5 + ties, less one for each tie
    torch.testing.assert_close(tied(s, count)[:, :4], tied(s, 4))  # more terms leave the first as they were


# ------------------------------------------------------------ solved


def conductivity(x: Any) -> Any:
    return 2 + np.sin(pi * x)


def rod_of(*known: Any, positive: bool = True, scale: float = 1.0) -> Problem:
    """(k u')' = -f for u = x (1 - x) + x^2 / 2 and k = 2 + sin pi x, known to 1e-3; `scale` is the unit of k."""

    def equation(u, x, k):  # type: ignore[no-untyped-def]
        flux = pi * torch.cos(pi * x) * (1 - x) - (2 + sin(pi * x))
        return d(k * d(u, x), x) / scale - flux

    x = np.linspace(0, 1, 120)
    u = x - x**2 / 2 + 1e-3 * np.random.default_rng(6).standard_normal(len(x))
    return Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=equation, reference=None, tolerance=2e-2,
        conditions=[dirichlet(u=lambda x: x - x**2 / 2), observed(x=x, u=u, sigma=1e-3), *known],
        parameters={"k": Unknown(scale, positive=positive, of="x")},
    )  # fmt: skip


def found_of(problem: Problem, network: Any = None, method: Any = None) -> tuple[Solution, Any, Any, Any]:
    """The solution, and k with its errors and its standard errors where it is told."""
    solution = solve(problem, network=network or LocalFeatures(), method=method or Marching(), budget=60)
    assert solution.training is not None and solution.training.identified is not None
    told = solution.training.identified.functions["k"]
    away = np.array(told.values) - conductivity(np.array(told.places["x"]))
    return solution, np.array(told.values), away, np.array(told.standard_errors)


def test_a_conductivity_in_a_rod_that_is_known_at_both_ends() -> None:
    """Where u is level at x = 1 no heat flows, and nothing else tells k there."""
    _, _, alone, alone_errors = found_of(rod_of())
    solution, values, away, errors = found_of(rod_of(dirichlet(k=2)))
    assert solution.conditions["dirichlet k on boundary"] == "exact"
    assert np.abs(values[[0, -1]] - 2).max() < 1e-12
    assert np.sqrt(np.mean(away**2)) < 2e-2 * 2.7
    assert alone_errors[-1] > 0.1 and np.abs(errors[[0, -1]]).max() < 1e-12  # the condition says what data do not
    assert np.sqrt(np.mean(errors**2)) < np.sqrt(np.mean(alone_errors**2))
    assert np.sqrt(np.mean((away[1:-1] / errors[1:-1]) ** 2)) < 3
    assert np.sqrt(np.mean((alone / alone_errors) ** 2)) < 3
    # the same in another unit of k, and said as a residual
    _, again, _, _ = found_of(rod_of(condition(lambda k, x: 3e3 * 2 - 3 * k, on=faces("x")), scale=1e3))
    np.testing.assert_allclose(again / 1e3, values, rtol=1e-6)
    # the mutant: from what is false the series bends back as fast as it can, and its errors grow with that
    _, _, false, false_errors = found_of(rod_of(dirichlet(k=3)))
    assert np.sqrt(np.mean(false[2:-2] ** 2)) > 5 * np.sqrt(np.mean(away[2:-2] ** 2))
    assert np.median(false_errors[1:-1] / errors[1:-1]) > 2


def test_slopes_are_exact_over_cells_and_weighted_in_features() -> None:
    known = [*dirichlet(k=2, on=face(x=0)), *neumann(k=-pi, on=faces("x"))]
    solution, *_ = found_of(rod_of(*known, positive=False))
    assert solution.conditions["neumann k on faces('x')"] == "exact"
    slopes = [float(solution.d("k", "x")(x=x)) for x in (0.0, 1.0)]
    np.testing.assert_allclose(slopes, [pi, -pi], rtol=1e-10)
    assert float(solution.k(x=0.0)) == pytest.approx(2, abs=1e-12)
    solution, _, away, errors = found_of(rod_of(*known), RandomFeatures(60), Newton())
    assert solution.conditions["neumann k on faces('x')"] == "weighted"
    np.testing.assert_allclose([float(solution.d("k", "x")(x=x)) for x in (0.0, 1.0)], [pi, -pi], rtol=1e-2)
    assert np.sqrt(np.mean((away[1:] / errors[1:]) ** 2)) < 3


def test_a_source_of_two_coordinates_that_vanishes_at_the_rim(tmp_path: Path) -> None:
    """-laplace u = f, u = sin pi x sin pi y seen with noise: f from second derivatives of data, known at the rim."""

    def solved(*known: Any) -> tuple[Solution, float, float]:
        draw = np.random.default_rng(8)
        x, y = draw.uniform(0, 1, (2, 400))
        u = np.sin(pi * x) * np.sin(pi * y) + 0.01 * draw.standard_normal(400)
        problem = Problem(
            space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=lambda u, x, y, f: laplace(u, x, y) + f,
            conditions=[dirichlet(u=0), observed(x=x, y=y, u=u, sigma=0.01), *known], reference=None, tolerance=0.1,
            parameters={"f": Unknown(10.0, of=("x", "y"))},
        )  # fmt: skip
        solution = solve(problem, network=RandomFeatures(100), method=Newton(), budget=60)
        assert solution.training is not None and solution.training.identified is not None
        told = solution.training.identified.functions["f"]
        true = 2 * pi**2 * np.sin(pi * np.array(told.places["x"])) * np.sin(pi * np.array(told.places["y"]))
        away = np.linalg.norm(np.array(told.values) - true) / np.linalg.norm(true)
        return solution, float(away), float(np.linalg.norm(told.standard_errors) / np.linalg.norm(true))

    _, alone, _ = solved()
    solution, known, error = solved(dirichlet(f=0))
    assert 0.3 < known / error < 3
    assert known < 0.5 * alone
    places = {"x": np.linspace(0, 1, 9), "y": np.ones(9)}
    np.testing.assert_allclose(solution.f(**places), 0, atol=1e-12)
    _, false, _ = solved(dirichlet(f=10))
    assert false > 3 * known
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", solution.problem)
    np.testing.assert_array_equal(again.f(x=[0.3], y=[0.6]), solution.f(x=[0.3], y=[0.6]))


def test_a_conductivity_of_a_plate_that_is_known_on_its_walls_where_nothing_is_known_of_u() -> None:
    """PINNacle's PInv with its source put right: -div(a grad u) = f, u = sin pi x sin pi y seen on a grid with noise of
    0.1; u is not known on the walls, a is."""

    def true(x, y):  # type: ignore[no-untyped-def]
        return 1 / (1 + x**2 + y**2 + (x - 1) ** 2 + (y - 1) ** 2)

    def poisson(u, k, x, y):  # type: ignore[no-untyped-def]
        a, (sx, sy), (cx, cy) = true(x, y), (sin(pi * x), sin(pi * y)), (torch.cos(pi * x), torch.cos(pi * y))
        source = 2 * pi**2 * a * sx * sy + 2 * pi * a**2 * ((2 * x - 1) * cx * sy + (2 * y - 1) * sx * cy)
        return d(k * d(u, x), x) + d(k * d(u, y), y) + source

    x, y = (each.ravel() for each in np.meshgrid(*2 * [np.linspace(0, 1, 40)]))
    u = np.sin(pi * x) * np.sin(pi * y) + 0.1 * np.random.default_rng(3).standard_normal(x.size)

    def found(*known: Any) -> tuple[Any, Any, Any]:
        problem = Problem(
            space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=poisson, reference=None, tolerance=0.1,
            conditions=[observed(x=x, y=y, u=u, sigma=0.1), *known],
            parameters={"k": Unknown(0.5, positive=True, of=("x", "y"))},
        )  # fmt: skip
        solution = solve(problem, network=RandomFeatures(80), method=Newton(), budget=60)
        assert solution.training is not None and solution.training.identified is not None
        told = solution.training.identified.functions["k"]
        values, errors = np.array(told.values), np.array(told.standard_errors)
        return values - true(**{c: np.array(v) for c, v in told.places.items()}), errors, np.linalg.norm(values)

    away, errors, size = found(dirichlet(k=true))
    alone, errors_alone, _ = found()
    assert np.linalg.norm(away) < 0.08 * size
    assert 2 * np.linalg.norm(away) < np.linalg.norm(alone) < 0.16 * size  # it was 0.22 where k could bend for nothing
    assert 0.3 < np.linalg.norm(alone) / np.linalg.norm(errors_alone) < 3
    assert 0.3 < np.linalg.norm(away) / np.linalg.norm(errors) < 3
    assert np.mean(np.abs(away) <= 2 * errors + 1e-12) > 0.85


def test_a_point_inside_and_a_start_are_places_too() -> None:
    inside = problem_of(dirichlet(k=1, on=point(x=0.5))).check()
    assert inside.conditions["dirichlet k on point(x=0.5)"]["holds"] == "exact"

    def heat(u, x, t, k):  # type: ignore[no-untyped-def]
        return d(u, t) - k * d(u, x, x)

    parameters = {"k": Unknown(0.5, of="t", positive=True)}
    known = [*initial(k=2), *initial_rate(k=3)]
    start = problem_of(*known, time=True, of="t", equations=heat, parameters=parameters)
    told = start.check().conditions
    assert told["initial k"]["holds"] == told["initial_rate k"]["holds"] == "exact"
    # k = 0.5 exp(z), and s = 2 t - 1: z = log 4, dz/ds = 3 / 2 / k
    assert ties_of(start, "k") == (Tie(-1.0, 0, pytest.approx(np.log(4))), Tie(-1.0, 1, pytest.approx(0.75)))
    over_all = start.check(Settings(network=RandomFeatures(20), method=Newton())).conditions
    assert over_all["initial k"]["holds"] == "exact" and over_all["initial_rate k"]["holds"] == "weighted"
    # a slope of what is positive says nothing linear of what is trained where the value is not known
    assert ties_of(start.replaced(conditions=[*start.declared_conditions[:-2], *initial_rate(k=3)]), "k") is None
