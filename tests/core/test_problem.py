"""The declaration of a problem: what binds by name, what is refused and how, what stays untouched."""

from __future__ import annotations

import copy
import inspect
import math
from dataclasses import dataclass
from functools import partial

import numpy as np
import pytest
import torch

from pinnsolve import (
    Ball,
    Box,
    Problem,
    ProblemError,
    condition,
    d,
    dirichlet,
    face,
    faces,
    initial,
    initial_rate,
    laplace,
    neumann,
    periodic,
    point,
)  # fmt: skip
from pinnsolve.checks.check import check
from pinnsolve.geometry.points import Points
from pinnsolve.problem.binding import Fields, arguments
from pinnsolve.problem.manufactured import manufactured
from pinnsolve.problem.probes import Size
from tests.core.common import random

X = Box(x=(0, 1))


def heat(u, x, t, alpha):
    return d(u, t) - alpha * d(u, x, x)


def make(**changes: object) -> Problem:
    declared = {
        "space": X, "time": (0, 1), "unknowns": "u", "equations": heat, "parameters": {"alpha": 0.1},
        "conditions": [initial(u=lambda x: torch.sin(math.pi * x)), dirichlet(u=0)],
    }  # fmt: skip
    return Problem(**{**declared, **changes})  # type: ignore[arg-type]


def test_a_good_problem() -> None:
    problem = make()
    assert problem.coordinates == ("x", "t")
    assert problem.space_coordinates == ("x",)
    assert problem.unknowns == ("u",)
    assert [c.name for c in problem.conditions] == ["initial u", "dirichlet u on boundary"]
    assert check(problem).warnings == []


def two_things(u, x, u_x):
    return u


def starred(u, *rest):
    return u


STEADY = {"time": None, "equations": lambda u, x: d(u, x, x), "conditions": dirichlet(u=0), "parameters": None}

# what is declared, what the message must name, what the remedy must say
WRONG = {
    "space": ({"space": (0, 1)}, r"space=\(0, 1\) is no domain", "Box"),
    "nothing": ({"space": None, "time": None}, "neither space nor time", "space=Box"),
    "t twice": ({"space": Box(t=(0, 1))}, "coordinate t stands in space and in time", "Rename"),
    "time": ({"time": (1, 0)}, r"time = \(1, 0\) runs backwards", r"\(0, 1\)"),
    "time empty": ({"time": (1, 1)}, "time.*is empty", "above"),
    "time number": ({"time": 1.0}, "time = 1.0 is not an interval", "two finite numbers"),
    "no unknown": ({"unknowns": ()}, "no unknown", 'unknowns="u"'),
    "bad unknown": ({"unknowns": "2u"}, "'2u' is no name", 'unknowns="u"'),
    "unknown number": ({"unknowns": 5}, "5 is no name", 'unknowns="u"'),
    "unknown twice": ({"unknowns": ("u", "u")}, "'u' stands for two things", "must differ"),
    "unknown is coordinate": ({"unknowns": ("u", "x")}, "'x' stands for two things", "must differ"),
    "parameter is coordinate": ({"parameters": {"x": 1}}, "'x' stands for two things", "must differ"),
    "parameter is normal": ({"parameters": {"nx": 1, "alpha": 1}}, "'nx' stands for two things", "normals"),
    "parameters list": ({"parameters": [1]}, "is no mapping", "parameters="),
    "parameter text": ({"parameters": {"alpha": "1"}}, "alpha = '1' is no finite number", "parameters="),
    "parameter bool": ({"parameters": {"alpha": True}}, "alpha = True", "parameters="),
    "parameter nan": ({"parameters": {"alpha": math.nan}}, "alpha = nan", "parameters="),
    "parameter name": ({"parameters": {"al pha": 1}}, "'al pha' is no name", "parameters="),
    "tolerance": ({"tolerance": 0}, "tolerance=0 is not a positive number", "tolerance="),
    "tolerance text": ({"tolerance": "1e-3"}, "tolerance='1e-3'", "tolerance="),
    "no equation": ({"equations": []}, "no equation", "residual"),
    "equation None": ({"equations": None}, "None is no function", "residual"),
    "equation text": ({"equations": ["u_t"]}, "'u_t' is no function", "residual"),
    "two of a name": ({"equations": [heat, heat]}, "two equations are called 'heat'", "name of its own"),
    "missing parameter": ({"parameters": {"alhpa": 1}}, "asks for 'alpha'", "did you mean 'alhpa'"),
    "misspelt argument": ({"equations": lambda v, x, t: v}, "asks for 'v'", "Possible: u, x, t, alpha"),
    "derivative by name": ({"equations": two_things}, "'u_x'", "Possible"),
    "starred": ({"equations": starred}, r"\*rest cannot be bound", "Name every argument"),
    "builtin": ({"equations": max}, "max.* no names|max: .* cannot be bound", "Wrap|Name every"),
    "normal in equation": ({"equations": lambda u, nx: u}, "asks for 'nx'", "Possible"),
    "no condition": ({"conditions": [3]}, "3 is no condition", "dirichlet, neumann"),
    "function as condition": ({"conditions": [heat]}, "is no condition", "condition"),
    "unmentioned in equations": ({"unknowns": ("u", "v"), "conditions": dirichlet(u=0, v=0)}, "no equation mentions .*'v'", "leave"),
    "unmentioned in conditions": ({"conditions": []}, "no condition mentions the unknown 'u'", "point"),
    "unknown unknown": ({"conditions": dirichlet(U=0)}, "there is no unknown 'U'", "Possible: u"),
    "value asks for unknown": ({"conditions": dirichlet(u=lambda u: u)}, "asks for 'u'", "Possible: x, t, alpha"),
    "value asks for y": ({"conditions": dirichlet(u=lambda y: y)}, "asks for 'y'", "Possible: x, t, alpha"),
    "no such face": ({"conditions": dirichlet(u=0, on=face(x=2))}, r"dirichlet u on face\(x=2\).*no face x = 2", r"face\(x=1\)"),
    "no such coordinate": ({"conditions": dirichlet(u=0, on=face(y=0))}, "no coordinate 'y'", "Possible: x, t"),
    "point outside": ({"conditions": dirichlet(u=0, on=point(x=2))}, "x = 2 lies outside", "point of the domain"),
    "neumann at start": ({"conditions": neumann(u=0, on=face(t=0))}, "no normal there", "faces of space"),
    "neumann in point": ({"conditions": neumann(u=0, on=point(x=0))}, "no normal there", "faces of space"),
    "normal at start": ({"conditions": condition(lambda u, nx: u * nx, on=face(t=0))}, "asks for 'nx'", "Possible"),
    "initial, steady": (STEADY | {"conditions": initial(u=0)}, "initial u: the problem has no time", "time="),
    "boundary of an ODE": ({"space": None, "equations": lambda u, t: d(u, t), "conditions": dirichlet(u=0)}, "no space", "initial"),
    "periodic in y": ({"conditions": [periodic("y")]}, "periodic in y: .*no such coordinate of space or time", "Possible: x, t"),
    "periodic and start": ({"conditions": [periodic("t"), initial(u=0)]}, "initial u stands on an end.* t", "leave one"),
    "periodic and face": ({"conditions": [periodic("x"), dirichlet(u=0)]}, "dirichlet u on boundary stands on an end.* x", "leave one"),
    "twice": ({"conditions": [dirichlet(u=0), dirichlet(u=1, on=face(x=1))]}, "u is prescribed twice at x=1: by dirichlet u on boundary", "region"),
    "start twice": ({"conditions": [initial(u=0), dirichlet(u=1, on=face(t=0))]}, "prescribed twice at t=0", "region"),
    "no value": (lambda: dirichlet(), "names no unknown", r"dirichlet\(u=0\)"),
    "text value": (lambda: dirichlet(u="0"), "u='0'", "finite number or a function"),
    "nan value": (lambda: initial(u=math.nan), "u=nan", "finite number or a function"),
    "on text": (lambda: dirichlet(u=0, on="x=0"), "on='x=0'", r"face\(x=0\)"),
    "condition on text": (lambda: condition(heat, on="x=0"), "on='x=0'", r"face\(x=0\)"),
    "condition of no function": (lambda: condition(3), r"condition\(3\) is no function", "function"),
    "periodic of nothing": (lambda: periodic(), "names of coordinates", r'periodic\("x"\)'),
    "periodic of number": (lambda: periodic(0), "names of coordinates", r'periodic\("x"\)'),
}  # fmt: skip


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_declaration_is_refused_with_its_remedy(name: str) -> None:
    changes, fault, remedy = WRONG[name]
    with pytest.raises(ProblemError) as caught:
        changes() if callable(changes) else make(**changes)  # type: ignore[operator]
    assert caught.match(fault), caught.value.fault
    import re

    assert re.search(remedy, caught.value.remedy), caught.value.remedy


@pytest.mark.parametrize(
    "name",
    ["misspelt argument", "derivative by name", "starred", "two of a name", "value asks for y", "normal in equation"],
)
def test_where_points_to_the_users_function(name: str) -> None:
    changes, *_ = WRONG[name]
    with pytest.raises(ProblemError) as caught:
        make(**changes)  # type: ignore[arg-type]
    functions = {"starred": starred, "derivative by name": two_things, "two of a name": heat}
    file, line = caught.value.where or ("", 0)
    assert file == __file__
    source = inspect.getsource(inspect.getmodule(make) or make).splitlines()  # type: ignore[arg-type]
    if name in functions:
        assert line == functions[name].__code__.co_firstlineno
    else:
        assert "lambda" in source[line - 1]


def test_where_of_residuals_that_return_nonsense() -> None:
    def no_field(u):
        return 3.0

    def columns(u, x):
        return torch.stack([u, x], -1)

    for function in (no_field, columns):
        with pytest.raises(ProblemError) as caught:
            check(make(equations=function))
        assert caught.value.where == (__file__, function.__code__.co_firstlineno)
        assert function.__name__ in caught.value.fault


def test_defaults_in_arguments() -> None:
    """A default stands unless a thing of that name exists; closures by default are bound early, as in plain Python."""
    seen = {}

    def equation(u, x, t, k=3.0, alpha=7.0, beta=None):
        seen.update(k=k, alpha=alpha, beta=beta)
        return d(u, t) - k * d(u, x, x)

    check(make(equations=equation))
    assert seen == {"k": 3.0, "alpha": 0.1, "beta": None}
    problem = make(conditions=[initial(u=lambda x, a=2.0: a * x * (1 - x)), dirichlet(u=0)])
    assert check(problem).contradictions == []


def test_callables_of_all_kinds() -> None:
    @dataclass
    class Profile:  # equality without a hash
        height: float

        def __call__(self, x):
            return self.height * torch.sin(math.pi * x)

        def method(self, u, x, t):
            return d(u, t) - d(u, x, x)

    profile = Profile(2.0)
    problem = make(
        equations=profile.method, conditions=[initial(u=profile), dirichlet(u=partial(lambda t, k: 0 * t * k, k=1.0))]
    )
    assert check(problem).contradictions == []
    assert problem.equations[0].name == "method"
    assert make(equations=[lambda u, x: d(u, x, x), lambda u: u]).equations[1].name == "equation 2"


def test_binding_keeps_no_function_alive() -> None:
    """Residuals are wrapped in a new function each time they are evaluated: a cache of them would hold every graph."""
    import gc
    import weakref

    def wrapped() -> weakref.ref:
        f = lambda x: x  # noqa: E731
        assert arguments(f) == {"x": True}
        return weakref.ref(f)

    ref = wrapped()
    gc.collect()
    assert ref() is None


def test_errors_inside_a_function_are_told_as_the_users() -> None:
    def broken(u, x, t):
        return u[{}["missing"]]

    def numpy(u, x, t):
        return np.sin(u)

    with pytest.raises(ProblemError, match=r"equation 'broken' raised KeyError: 'missing'"):
        check(make(equations=broken))
    for told, written in {
        "at\\(u, x=0\\)": lambda u, x: d(u, x, x) + u(0),
        r"u\*\*2": lambda u, x: d(u, x, x) + u ^ 2,
    }.items():
        with pytest.raises(ProblemError, match=rf"raised TypeError[\s\S]*{told}"):
            check(make(equations=written))
    with pytest.raises(ProblemError, match=r"equation 'numpy': np.sin was called on a field") as caught:
        check(make(equations=numpy))
    assert "torch.sin" in caught.value.remedy


def test_values_of_conditions() -> None:
    chart, at = Points({"x": random(5)}, torch.ones(5, dtype=torch.float64)).chart()
    fields = Fields(chart, {**at, "a": 2.0})
    for given, true in ((3, 3.0), (np.float64(3), 3.0), (lambda: 3, 3.0), (lambda a: torch.tensor(a), 2.0)):
        assert torch.equal(fields.value(given, "it").value, torch.full((5,), true, dtype=torch.float64))
    for wrong in (
        lambda x: None,
        lambda x: "0",
        lambda x: x[:, None],
        lambda x: torch.stack([x, x], -1),
        lambda x: (x, x),
    ):
        with pytest.raises(ProblemError, match="it returned"):
            fields.value(wrong, "it")


def test_replaced_and_with_parameters() -> None:
    problem = make()
    other = problem.with_parameters({"alpha": 0.5})
    assert (problem.parameters, other.parameters) == ({"alpha": 0.1}, {"alpha": 0.5})
    assert [e.function for e in other.equations] == [e.function for e in problem.equations]
    assert problem.replaced(tolerance=0.1).tolerance == 0.1
    assert problem.tolerance == 1e-3
    with pytest.raises(ProblemError, match="no parameter 'alhpa'.*\n.*did you mean 'alpha'"):
        problem.with_parameters({"alhpa": 1})
    with pytest.raises(ProblemError, match="no finite number"):
        problem.with_parameters({"alpha": math.inf})


def test_nothing_that_the_user_passes_is_modified() -> None:
    parameters, conditions, bounds = {"alpha": 1}, [initial(u=0), [[dirichlet(u=0)]]], [0, 1]
    before = copy.copy(parameters), copy.copy(conditions), list(bounds)
    space = Box(x=bounds)  # type: ignore[arg-type]
    problem = make(space=space, parameters=parameters, conditions=conditions, time=bounds)
    check(problem)
    problem.parameters["alpha"] = 5.0
    assert (parameters, conditions, bounds) == before
    assert space.coordinates == ("x",)
    assert make(**STEADY).domain is not make(**STEADY).space


# ---------------------------------------------------------------- manufactured


def burgers(u, x, t, nu):
    return d(u, t) + u * d(u, x) - nu * d(u, x, x)


def cooling(u, x, nx, nu):
    return nx * d(u, x) + nu * (u - 20)


def largest_residual(problem: Problem, solution: object) -> float:
    """Over all equations and conditions, with the solution in place of the unknown, on random points."""
    worst = 0.0
    for residual, slabs in [(e.residual, [None]) for e in problem.equations] + [
        (c.residual, problem.pieces(c)) for c in problem.conditions
    ]:
        for slab in slabs:
            values = {
                n: random(40, seed=k, low=lo, high=hi) for k, (n, (lo, hi)) in enumerate(problem.domain.extent.items())
            }
            normals = {}
            if slab is not None:
                values |= {n: torch.full_like(values[n], v) for n, v in slab.fixed.items()}
                if slab.normal:
                    normals = {
                        n: torch.full_like(values[n], slab.normal[1] * (n == slab.normal[0]))
                        for n in problem.space_coordinates
                    }
            points = Points(values, torch.ones(40, dtype=torch.float64), normals)
            chart, at = points.chart()
            u = solution(at["x"], at["t"])  # type: ignore[operator]
            worst = max(worst, float(residual(problem.fields(chart, at, {"u": u}, points)).value.abs().max()))
    return worst


def test_manufactured_solutions_have_no_residual_and_mutants_do() -> None:
    problem = Problem(
        space=X, time=(0, 1), unknowns="u", equations=burgers, parameters={"nu": 0.3},
        conditions=[initial(u=0), initial_rate(u=5), dirichlet(u=1, on=face(x=0)), neumann(u=2, on=face(x=1)),
                    condition(cooling, on=faces("x"))],
    )  # fmt: skip
    made = manufactured(problem, u=lambda x, t, nu: torch.exp(-nu * t) * torch.sin(3 * x + 1))
    check(made)
    true = lambda x, t: torch.exp(-0.3 * t) * torch.sin(3 * x + 1)  # noqa: E731
    mutant = lambda x, t: 1.02 * torch.exp(-0.3 * t) * torch.sin(3 * x + 1)  # noqa: E731
    assert largest_residual(made, true) < 1e-13  # terms of order ten, rounded
    assert largest_residual(made, mutant) > 1e-2
    assert largest_residual(problem, true) > 1
    assert [e.name for e in made.equations] == ["burgers"]
    reference = made.reference(made)  # type: ignore[operator, misc]
    assert np.allclose(
        reference.fields["u"](x=np.array([0.5]), t=np.array([1.0])), np.exp(-0.3) * np.sin(2.5), rtol=1e-14
    )


@pytest.mark.parametrize("solutions", [{}, {"v": lambda x: x}, {"u": lambda x: x, "v": lambda x: x}])
def test_manufactured_needs_one_solution_for_each_unknown(solutions: dict) -> None:
    with pytest.raises(ProblemError, match="needs to be an unknown with a solution"):
        manufactured(make(), **solutions)


def test_a_change_of_a_value_on_a_small_piece_is_not_what_one_place_of_a_wave_makes() -> None:
    """Two small balls in a cube, of which one lies where a smooth wave is zero: of a size of 2 two waves tell 1 to 1.42
    on both. A mutant takes one of them, and a value on that ball counts many times as much as on the other."""
    near, far = (Ball(x=x, y=0.3, z=x, radius=0.02, name=name) for x, name in ((0.66, "near"), (0.2, "far")))
    problem = Problem(
        space=Box(x=(0, 1), y=(0, 1), z=(0, 1)) - near - far, unknowns="u", conditions=[dirichlet(u=0)],
        equations=lambda u, x, y, z: laplace(u, x, y, z),
    )  # fmt: skip
    (condition,), told = problem.conditions, []
    for piece in problem.pieces(condition)[-2:]:
        points, sizes = piece.scattered(50, 1), {"u": Size(3.0, 2.0)}
        told.append([problem.prober.change(condition, sizes, points, shift) for shift in (0.0, math.pi / 2)])
    (one, _), (other, _) = told
    assert one < 0.3 * other and all(0.95 < sum(both) / 2 < 1.45 for both in told)
