"""Unknowns that live on parts of space, `unknowns={"a": Box(x=(0, 1)), "b": Box(x=(1, 3))}`."""

from __future__ import annotations

import json
import warnings
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from torch import cos, sin

from pinnsolve import (
    Box,
    Disk,
    Eigenvalue,
    Piecewise,
    Problem,
    ProblemError,
    Unknown,
    compare,
    condition,
    d,
    dirichlet,
    exact,
    face,
    faces,
    initial,
    integral,
    laplace,
    neumann,
    observed,
    periodic,
    solve,
    source,
    table,
)
from pinnsolve.solution import Solution

K, R = 5.0, 0.3
(A, B) = np.linalg.solve([[1, K], [1 + R, -2]], [1, 0.5 + R])  # a = -x^2 / 2 + A x, b = B (3 - x)


def heated(a: Any, x: Any) -> Any:
    return d(a, x, x) + 1


def cold(b: Any, x: Any, k: Any) -> Any:
    return k * d(b, x, x)


def flux(a: Any, b: Any, x: Any, k: Any) -> Any:
    return d(a, x) - k * d(b, x)


def contact(a: Any, b: Any, x: Any) -> Any:
    return a - b + R * d(a, x)


JOINED = [condition(flux, on=face(x=1)), condition(contact, on=face(x=1))]
TRUE = {"a": lambda x: -(x**2) / 2 + A * x, "b": lambda x: B * (3 - x)}


def rods(**changes: Any) -> Problem:
    """A heated rod and a cold one, twice as long, with a resistance between them."""
    told = {
        "space": Box(x=(0, 3)), "unknowns": {"a": Box(x=(0, 1)), "b": Box(x=(1, 3))}, "equations": [heated, cold],
        "conditions": [dirichlet(a=0, on=face(x=0)), dirichlet(b=0, on=face(x=3)), *JOINED], "parameters": {"k": K},
        "reference": exact(**TRUE),
    }  # fmt: skip
    return Problem(**{**told, **changes})


def solved(problem: Problem) -> Solution:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return solve(problem, budget=60)


def test_two_rods_with_a_contact_that_resists(tmp_path: Path) -> None:
    problem = rods()
    solution, x = solved(problem), np.linspace(0, 3, 13)
    found, mine = solution.everything(x=x), x <= 1
    assert solution.converged and compare(solution).verdict == "pass"
    assert np.abs(found["a"][mine] - TRUE["a"](x[mine])).max() < 1e-12 and np.isnan(found["a"][~mine]).all()
    assert np.abs(found["b"][x >= 1] - TRUE["b"](x[x >= 1])).max() < 1e-12 and np.isnan(found["b"][x < 1]).all()
    assert abs(solution.d("b", "x")(x=2.0) + B) < 1e-12 and abs(solution.d("a", "x")(x=0.5) - A + 0.5) < 1e-12
    assert abs(solution.residual("heated")(x=0.3)) < 1e-9 and np.isnan(solution.residual("heated")(x=1.5))
    assert abs(solution.integral(lambda b: b) - 2 * B) < 1e-10  # over the part on which it lives
    with pytest.raises(ProblemError, match="several parts of space"):
        solution.integral(lambda a, b: a * b)
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", problem)
    assert again.b(x=1.7) == solution.b(x=1.7)
    solution.report(tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["verdict"] == "pass" and set(report["errors"]) == {"a", "b"}
    assert "a (x from 0 to 1)" in repr(problem) and "x from 1 to 3" in str(problem.check())


def test_the_reference_that_is_made_of_the_declaration() -> None:
    comparison = compare(solved(rods(reference="automatic")))
    assert comparison.verdict == "pass" and comparison.reference is not None
    places = np.array([0.5, 1.5])
    assert np.isnan(comparison.reference.fields["a"](x=places)[1])
    assert abs(comparison.reference.fields["b"](x=places)[1] - TRUE["b"](1.5)) < 1e-9


def test_a_range_of_a_parameter_goes_with_parts() -> None:
    solution = solved(rods(parameters={"k": (4.0, 6.0)}, reference=None))
    at = solution.at(k=K)
    assert solution.converged and abs(at.a(x=0.4) - TRUE["a"](0.4)) < 1e-6 and abs(at.b(x=2.0) - TRUE["b"](2.0)) < 1e-6
    assert np.isnan(at.a(x=2.0)) and np.isnan(at.b(x=0.4))


def test_words_and_units_change_nothing() -> None:
    """Unknowns in another order, equations and conditions too, and x in millimetres."""
    mm = 1e-3

    def scaled(a: Any, x: Any) -> Any:
        return mm**2 * d(a, x, x) + 1

    other = rods(
        space=Box(x=(0, 3 * mm)), unknowns={"b": Box(x=(mm, 3 * mm)), "a": Box(x=(0, mm))}, equations=[cold, scaled],
        conditions=[
            condition(lambda a, b, x: a - b + R * mm * d(a, x), on=face(x=mm)), condition(flux, on=face(x=mm)), dirichlet(b=0, on=face(x=3 * mm)),
            dirichlet(a=0, on=face(x=0)),
        ], reference=None,
    )  # fmt: skip
    plain, found = solved(rods(reference=None)), solved(other)
    assert abs(found.a(x=0.7 * mm) - plain.a(x=0.7)) < 1e-10 and abs(found.b(x=2 * mm) - plain.b(x=2.0)) < 1e-10


def test_three_parts_of_unequal_length_are_one_rod() -> None:
    """u'' = -sin x cut at 0.4 and 1.5; `dirichlet` without a place holds on the ends of space that a part touches."""

    joined = [
        condition(lambda a, b: a - b, on=face(x=0.4)), condition(lambda a, b, x: d(a, x) - d(b, x), on=face(x=0.4)),
        condition(lambda b, c: b - c, on=face(x=1.5)), condition(lambda b, c, x: d(b, x) - d(c, x), on=face(x=1.5)),
    ]  # fmt: skip
    problem = Problem(
        space=Box(x=(0, 3)), unknowns={"c": Box(x=(1.5, 3)), "a": Box(x=(0, 0.4)), "b": Box(x=(0.4, 1.5))},
        equations=[lambda b, x: d(b, x, x) + sin(x), lambda a, x: d(a, x, x) + sin(x), lambda c, x: d(c, x, x) + sin(x)],
        conditions=[dirichlet(a=0), dirichlet(c=float(np.sin(3))), *joined],
        reference=exact(**{u: lambda x: np.sin(x) for u in "abc"}), tolerance=1e-6,
    )  # fmt: skip
    assert compare(solved(problem)).verdict == "pass"


def test_two_materials_in_time_as_one_unknown_with_a_coefficient_that_jumps() -> None:
    """A wall with a flux in the mirrored part: its normal derivative is that of the user's coordinate."""
    begin = lambda x: x * (2 - x)  # noqa: E731
    wall = lambda t: cos(t) - 3  # noqa: E731
    parts = Problem(
        space=Box(x=(0, 2)), time=(0, 0.2), unknowns={"a": Box(x=(0, 0.7)), "b": Box(x=(0.7, 2))},
        equations=[lambda a, x, t: d(a, t) - d(a, x, x), lambda b, x, t: d(b, t) - 4 * d(b, x, x)],
        conditions=[
            initial(a=begin, b=begin), dirichlet(a=0, on=face(x=0)), neumann(b=wall, on=face(x=2)),
            condition(lambda a, b: a - b, on=face(x=0.7)), condition(lambda a, b, x: d(a, x) - 4 * d(b, x), on=face(x=0.7)),
        ], tolerance=1e-4, reference=None,
    )  # fmt: skip
    one = Problem(
        space=Box(x=(0, 2)), time=(0, 0.2), unknowns="u", equations=lambda u, x, t, k: d(u, t) - d(k * d(u, x), x),
        conditions=[initial(u=begin), dirichlet(u=0, on=face(x=0)), neumann(u=wall, on=face(x=2))],
        parameters={"k": Piecewise(1.0, (Box(x=(0.7, 2)), 4.0))}, tolerance=1e-4, reference=None,
    )  # fmt: skip
    found, whole = solved(parts), solved(one)
    x, t = np.array([0.2, 0.6, 0.8, 1.3, 1.9]), 0.15
    mine = np.where(x < 0.7, found.a(x=x, t=t), found.b(x=x, t=t))
    assert np.abs(mine - whole.u(x=x, t=t)).max() < 1e-4


def test_a_plate_of_two_materials() -> None:
    """sin(pi y) times sinh and cosh of pi x, k = 1 up to x = 1 and 3 beyond."""
    w, s, c = np.pi, np.sinh(np.pi / 2), np.cosh(np.pi / 2)
    p, q, r = np.linalg.solve([[np.sinh(w), -c, -s], [np.cosh(w), 3 * s, 3 * c], [0, 1, 0]], [0, 0, 1])
    plate = Problem(
        space=Box(x=(0, 1.5), y=(0, 1)), unknowns={"a": Box(x=(0, 1), y=(0, 1)), "b": Box(x=(1, 1.5), y=(0, 1))},
        equations=[lambda a, x, y: laplace(a, x, y), lambda b, x, y: 3 * laplace(b, x, y)],
        conditions=[
            dirichlet(a=0), dirichlet(b=0, on=faces("y")), dirichlet(b=lambda y: sin(w * y), on=face(x=1.5)),
            condition(lambda a, b: a - b, on=face(x=1)), condition(lambda a, b, x: d(a, x) - 3 * d(b, x), on=face(x=1)),
        ],
        reference=exact(
            a=lambda x, y: p * np.sinh(w * x) * np.sin(w * y),
            b=lambda x, y: (q * np.cosh(w * (1.5 - x)) + r * np.sinh(w * (1.5 - x))) * np.sin(w * y),
        ),
        tolerance=1e-5,
    )  # fmt: skip
    solution = solved(plate)
    assert compare(solution).verdict == "pass"
    out = solution.integral(lambda a, x, nx: nx * d(a, x), over=face(x=0))
    assert abs(out + 2 * p) < 1e-9


def test_a_constant_from_data_on_both_parts_and_a_table_along_them() -> None:
    xs, ys = np.linspace(0.1, 0.9, 15), np.linspace(1.1, 2.9, 15)
    noise = 1e-4 * np.random.default_rng(0).standard_normal((2, 15))
    seen = [
        observed(x=xs, a=TRUE["a"](xs) + noise[0], sigma=1e-4), observed(x=ys, b=TRUE["b"](ys) + noise[1], sigma=1e-4),
    ]  # fmt: skip
    known = [dirichlet(a=0, on=face(x=0)), dirichlet(b=0, on=face(x=3)), *JOINED]
    problem = rods(conditions=[*known, *seen], parameters={"k": Unknown(1.0, positive=True)}, tolerance=1e-2)
    training = solved(problem.replaced(reference=None)).training
    assert training is not None and training.identified is not None
    k = training.identified.constants["k"]
    assert abs(k.value - K) < 4 * k.standard_error < 0.2

    at = np.linspace(0, 3, 31)
    ramp = table(x=at, q=at**2, of="x", kind="cubic")
    told = rods(
        unknowns={"a": Box(x=(0, 1)), "b": Box(x=(1, 3))}, parameters={"q": ramp}, reference=None, tolerance=1e-5,
        equations=[lambda a, x, q: d(a, x, x) - q, lambda b, x, q: d(b, x, x) - q],
        conditions=[
            dirichlet(a=0, on=face(x=0)), dirichlet(b=0, on=face(x=3)), condition(lambda a, b: a - b, on=face(x=1)),
            condition(lambda a, b, x: d(a, x) - d(b, x), on=face(x=1)),
        ],
    )  # fmt: skip
    assert abs(solved(told).b(x=2.0) - (2**4 - 27 * 2) / 12) < 1e-4  # (x^4 - 27 x) / 12


def test_a_tank_that_is_the_same_on_all_parts() -> None:
    """Two rods in a stirred tank: a tank s(t) at their joint that takes what both give; a = b = s there."""
    tank = Problem(
        space=Box(x=(0, 2)), time=(0, 0.5), unknowns={"a": Box(x=(0, 1)), "b": Box(x=(1, 2)), "s": "t"},
        equations=[lambda a, x, t: d(a, t) - d(a, x, x), lambda b, x, t: d(b, t) - d(b, x, x)],
        conditions=[
            initial(a=0, b=0, s=1), dirichlet(a=0, on=face(x=0)), dirichlet(b=0, on=face(x=2)),
            condition(lambda a, s: a - s, on=face(x=1)), condition(lambda b, s: b - s, on=face(x=1)),
            condition(lambda a, b, s, x, t: d(s, t) + d(a, x) - d(b, x), on=face(x=1)),
        ], tolerance=1e-2, reference=None,
    )  # fmt: skip
    assert tank.check() is not None


# ------------------------------------------------------------ words


@pytest.mark.parametrize(
    ("unknowns", "words"),
    [
        ({"a": Disk(x=0, y=0, radius=1), "b": Box(x=(1, 3))}, "solved in boxes alone"),
        ({"a": Box(x=(0, 1)), "b": "x"}, "a has a part of space, and b has none"),
        ({"a": Box(x=(0, 2)), "b": Box(x=(1, 3))}, "overlap, and are not the same.*Cut space"),
        ({"a": Box(x=(0, 1)), "b": Box(x=(1, 4))}, "the part of b goes beyond space"),
        ({"a": Box(x=(0, 1)), "b": Box(y=(1, 3))}, "has other coordinates than space"),
    ],
)
def test_parts_that_do_not_go_together_are_told(unknowns: Any, words: str) -> None:
    with pytest.raises(ProblemError, match=f"(?s){words}"):
        rods(unknowns=unknowns)


ENDS = [dirichlet(a=0, on=face(x=0)), dirichlet(b=0, on=face(x=3))]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"equations": [heated, lambda a, b, x: d(b, x, x) + a]}, "speaks of a and b, which live on different parts"),
        ({"conditions": [*ENDS, *JOINED, dirichlet(a=0, on=face(x=3))]}, r"a lives on x from 0 to 1, and face\(x=3\) does not touch it"),
        ({"conditions": [*ENDS, JOINED[0], condition(contact, on=face(x=0))]}, "does not touch both"),
        ({"conditions": [*ENDS, *JOINED, dirichlet(b=0, on=face(x=2))]}, "stands inside the part.*Cut that part in two"),
        ({"conditions": [*ENDS, *JOINED, periodic("x")]}, "parts of space lie along x|periodic"),
        ({"equations": [lambda a, x: heated(a, x) + source(1.0, x=0.5), cold]}, "sources and unknowns on parts of space"),
        ({"equations": [lambda a, x: heated(a, x) + integral(a, over="x"), cold]}, "integrals and unknowns on parts"),
        ({"parameters": {"k": Eigenvalue(near=1)}}, "unknowns live on parts of space, and modes"),
        ({"parameters": {"k": Piecewise(1.0, (Box(x=(0, 0.5)), 2.0))}}, "materials and unknowns on parts of space"),
        ({"conditions": [*ENDS, *JOINED, observed(x=[0.5, 1.5], a=[1.0, 1.0])]}, "places lie outside of the part of a"),
    ],
)  # fmt: skip
def test_what_cannot_hold_on_parts_is_told(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ProblemError, match=f"(?s){words}"):
        rods(reference=None, **changes).check()
