"""Places inside at which an equation has no value, and parts in which its coefficients have the wrong sign."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import cos, sin

from pinnsolve import (
    Box,
    Disk,
    Piecewise,
    Problem,
    condition,
    d,
    dirichlet,
    face,
    initial,
    integral,
    laplace,
    neumann,
    point,
)
from pinnsolve.checks.check import check
from pinnsolve.checks.systems import System

LINE, SQUARE, DISC = Box(x=(-1, 1)), Box(x=(0, 1), y=(0, 1)), Disk(x=0, y=0, radius=1)
POLE = "grows without bound at "
WRONG, CHANGES = "time runs the wrong way in 'eq' for u in a part of the domain", "is positive at "


def told(equation: Any, space: Any = LINE, start: Any = None, **more: Any) -> list[str]:
    def eq(*given: Any) -> Any:
        return equation(*given)

    names = equation.__code__.co_varnames[: equation.__code__.co_argcount]
    source = f"lambda {', '.join(names)}: eq({', '.join(names)})"
    named = eval(source, {"eq": eq})  # of one name, and of these arguments
    named.__name__ = "eq"
    conditions = [dirichlet(u=0)] + ([] if start is None else [initial(u=start)])
    time = {} if start is None else {"time": (0.0, 1.0)}
    return check(Problem(space=space, unknowns="u", equations=named, conditions=conditions, **time, **more)).warnings


@pytest.mark.parametrize(
    "words",
    [
        (lambda: told(lambda u, x: d(u, x, x) - 1 / x), "x=0"),
        (lambda: told(lambda u, x: d(u, x, x) - 1 / (x - 0.3e-6) ** 2, Box(x=(-1e-6, 1e-6))), "x=3e-07"),
        (lambda: told(lambda u, x: d(u, x, x) - torch.tan(3 * x), Box(x=(0, 1))), "x=0.523599"),
        (lambda: told(lambda u, x: d(u, x, x) + d(u, x) / x + u), "x=0"),
        (lambda: told(lambda u, x, y: laplace(u, x, y) - 1 / (x**2 + y**2), DISC), "x=0, y=0"),
        (lambda: told(lambda u, x, y: laplace(u, x, y) - y / (x - 0.25), SQUARE), "x=0.25"),
        (lambda: told(lambda u, x, t: d(u, t) - d(u, x, x) - 1 / (t - 0.5), start=0), "t=0.5"),
    ],
    ids=["1/x", "in micrometres", "tangent", "coefficient", "1/r^2", "line", "moment"],
)  # fmt: skip
def test_a_pole_is_told_with_its_place(words: tuple[Any, str]) -> None:
    made, place = words
    assert sum(POLE + place + "," in w for w in made()) == 1


@pytest.mark.parametrize(
    "made",
    [
        lambda: told(lambda u, x: d(u, x, x) - abs(x) ** -0.5),
        lambda: told(lambda u, x: d(u, x, x) - torch.log(abs(x))),
        lambda: told(lambda u, x, y: laplace(u, x, y) - 1 / (x**2 + y**2) ** 0.5, DISC),
        lambda: told(lambda u, r: d(u, r, r) + d(u, r) / r + 1, Box(r=(0, 1))),
        lambda: told(lambda u, x: d(u, x, x) - 1 / (x**2 + 1e-6)),
    ],
    ids=["root", "logarithm", "1/r in a plane", "axis", "peak"],
)
def test_what_has_an_integral_is_no_pole(made: Any) -> None:
    assert not any(POLE in w for w in made())


@pytest.mark.parametrize(
    ("made", "words"),
    [
        (lambda: told(lambda u, x, t: d(u, t) - d((x - 0.2) * d(u, x), x), start=0), WRONG),
        (lambda: told(lambda u, x, t: d(u, t) - cos(4 * t) * d(u, x, x), start=0), WRONG),
        (lambda: told(lambda u, x, t: d(u, t) - d((1 - u) * d(u, x), x), start=lambda x: 2 * cos(1.5 * x)), WRONG),
        (lambda: told(lambda u, x: d(x * d(u, x), x) + 1), CHANGES),
        (lambda: told(lambda u, x, y, k: d(k * d(u, x), x) + d(k * d(u, y), y) + 1, SQUARE,
                      parameters={"k": Piecewise(1.0, (Disk(x=0.5, y=0.5, radius=0.2), -3.0))}), CHANGES),
    ],
    ids=["place", "moment", "of the solution", "steady", "material"],
)  # fmt: skip
def test_a_conductivity_that_is_negative_somewhere_is_told(made: Any, words: str) -> None:
    assert sum(words in w for w in made()) == 1


@pytest.mark.parametrize(
    "made",
    [
        lambda: told(lambda u, x, t: d(u, t) - d((1 - u) * d(u, x), x), start=lambda x: 0.5 * cos(1.5 * x)),
        lambda: told(lambda u, x, t: d(u, t) - d(u**3, x, x), start=lambda x: 1 + x),
        lambda: told(lambda u, x, t: d(u, t) + d(u, x, x) + d(u, x, x, x, x), start=0),
        lambda: told(lambda u, x, y: y * d(u, x, x) + d(u, y, y) + 1, Box(x=(0, 1), y=(-1, 1))),
        lambda: told(lambda u, x: d(u, x, x) + sin(9 * x) * d(u, x) + 1),
        lambda: told(lambda u, x: d((1 + u) * d(u, x), x) + 1),
    ],
    ids=["of the solution", "powers", "fourth order", "Tricomi", "wind", "steady, of the solution"],
)
def test_other_signs_are_not(made: Any) -> None:
    assert not any(WRONG in w or CHANGES in w for w in made())


def mean(value: float) -> Any:
    return condition(lambda u: integral(u, over="x") - value)


@pytest.mark.parametrize(
    ("conditions", "more"),
    [
        ([dirichlet(u=0), mean(0.0)], 1),
        ([dirichlet(u=0), dirichlet(u=0.2, on=point(x=0.5))], 1),
        ([dirichlet(u=0), mean(2 / 3)], 0),
        ([neumann(u=-1, on=face(x=1)), dirichlet(u=0, on=face(x=-1)), mean(1.0)], 1),
        ([neumann(u=-1), mean(1.0)], 0),
    ],
    ids=["a mean", "a place", "that agrees", "one wall", "what is missing"],
)
def test_a_condition_that_says_one_number_too_much_is_told(conditions: Any, more: int) -> None:
    """u'' = -1 on (-1, 1): (1 - x^2)/2 between zeros, with the integral 2/3."""
    problem = Problem(space=LINE, unknowns="u", equations=lambda u, x: d(u, x, x) + 1, conditions=conditions)
    assert sum("is too much: the equations" in w for w in check(problem).warnings) == more


def test_what_polynomials_answer_is_assembled_once_for_both_questions(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether anything is open, and whether one number is too much: with that number, and without."""
    asked, assemble = [], System.of
    monkeypatch.setattr(System, "of", lambda problem, *more: asked.append(more) or assemble(problem, *more))
    problem = Problem(
        space=LINE, unknowns="u", equations=lambda u, x: d(u, x, x) + 1, conditions=[dirichlet(u=0), mean(2 / 3)]
    )
    assert not check(problem).warnings and len(asked) == 2
