"""What the checks before training see: derivatives, shapes, coverage, contradictions, sizes."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch

from pinnsolve import (
    Box,
    Disk,
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
    side,
)  # fmt: skip
from pinnsolve.checks.check import check
from pinnsolve.checks.contradictions import Part, contradictions, weighted_parts

sin, cos, pi = torch.sin, torch.cos, math.pi
X, XY = Box(x=(0, 1)), Box(x=(0, 1), y=(0, 2))


def heat(u, x, t):
    return d(u, t) - d(u, x, x)


def kdv(u, x, t):
    return d(u, t) + 6 * u * d(u, x) + d(u, x, x, x)


def wave(u, x, t):
    return d(u, t, t) - d(u, x, x)


def advection(u, x, t):
    return d(u, t) + d(u, x)


def biharmonic(u, x, y):
    return laplace(laplace(u, x, y), x, y)


def poisson(u, x, y):
    return laplace(u, x, y) - 1


def in_time(equation: Any, *conditions: Any, space: Box | None = X, **more: Any) -> Problem:
    return Problem(
        space=space, time=(0, 1), **{"unknowns": "u", "equations": equation, "conditions": conditions, **more}
    )


def steady(equation: Any, *conditions: Any, space: Any = XY, **more: Any) -> Problem:
    return Problem(space=space, **{"unknowns": "u", "equations": equation, "conditions": conditions, **more})


# ---------------------------------------------------------------- derivatives and shapes


def test_derivatives_found() -> None:
    assert check(in_time(kdv, initial(u=0), periodic("x"))).derivatives == {"u": {(0, 0), (0, 1), (1, 0), (3, 0)}}
    assert check(steady(biharmonic, dirichlet(u=0), neumann(u=0))).derivatives == {"u": {(4, 0), (2, 2), (0, 4)}}
    flux = in_time(lambda u, x, t: d(u, t) + d(u * u / 2 - d(u, x), x), initial(u=0), dirichlet(u=0))
    assert check(flux).derivatives == {"u": {(0, 0), (0, 1), (1, 0), (2, 0)}}
    system = steady([lambda u, v, x: d(u, x) - v, lambda v, y: d(v, y)], dirichlet(u=0, v=0), unknowns=("u", "v"))
    assert check(system).derivatives == {"u": {(1, 0)}, "v": {(0, 0), (0, 1)}}


N = 61  # points of the probe

WRONG_RESIDUALS = {
    "columns": (lambda u, x: (u + x)[:, None], r"shape \(61, 1\)"),
    "square": (lambda u, x: torch.ones(len(u), 1, dtype=torch.float64) * u, r"\(61, 1\)"),
    "square of numpy": (lambda u, x: np.ones((len(u), len(u))) * u, r"\(61, 61\)"),
    "three numbers": (lambda u, x: u * torch.ones(3, dtype=torch.float64), r"\(3,\)"),
    "number": (lambda u, x: 0.0, "the number 0.0"),
    "tensor": (lambda u, x: torch.ones(len(u)), "Tensor"),
    "None": (lambda u, x: None, "returned nothing"),
    "tuple": (lambda u, x: (u, u), "tuple"),
    "no unknown": (lambda u, x: x * 2, "does not involve any unknown"),
    "comparison": (lambda u, x: u > 0, "returned a comparison"),
    "mixes points": (lambda u, x: u - torch.mean(u), "torch.mean"),
    "flips": (lambda u, x: u - torch.flip(u, (0,)), "torch.flip"),
    "indexes": (lambda u, x: u - u[torch.arange(len(u)).flip(0)], "indexed"),
}


@pytest.mark.parametrize("name", WRONG_RESIDUALS)
def test_wrong_residuals_are_refused(name: str) -> None:
    function, fault = WRONG_RESIDUALS[name]
    with pytest.raises(ProblemError, match=fault):
        check(Problem(space=X, unknowns="u", equations=function, conditions=dirichlet(u=0)))
    if name not in ("number", "tensor"):
        fault = fault.replace(f"{N}", "9")  # points of a probe of the boundary
    elif name == "number":
        fault = "constant"
    with pytest.raises(ProblemError, match=fault):
        check(steady(poisson, condition(function, on=face(y=0))))


def test_an_unknown_that_is_named_but_never_used() -> None:
    with pytest.raises(ProblemError, match="no equation uses the unknown 'v'"):
        check(steady([lambda u, v, x: d(u, x)], dirichlet(u=0, v=0), unknowns=("u", "v")))
    with pytest.raises(ProblemError, match="asks for|does not involve"):
        check(steady(poisson, dirichlet(u=0, on=face(x=0)), condition(lambda u, x: x, on=face(x=1))))


@pytest.mark.parametrize("value", [lambda x: 1 / x, lambda x: torch.log(x - 0.5), lambda x: torch.sqrt(0.5 - x)])
def test_values_that_are_not_finite_are_named_with_their_place(value: Any) -> None:
    with pytest.raises(ProblemError, match=r"initial u prescribes (inf|nan|-inf) at x=") as caught:
        check(in_time(heat, initial(u=value), dirichlet(u=0)))
    assert (caught.value.where or ("",))[0] == __file__


# ---------------------------------------------------------------- coverage


SLOW_FLOW = [
    lambda u, p, x, y: laplace(u, x, y) - d(p, x),
    lambda v, p, x, y: laplace(v, x, y) - d(p, y),
    lambda u, v, x, y: d(u, x) + d(v, y),
]
COMPLETE = {
    "heat": in_time(heat, initial(u=0), dirichlet(u=0)),
    "heat, mixed": in_time(heat, initial(u=0), dirichlet(u=0, on=face(x=0)), neumann(u=0, on=face(x=1))),
    "heat, Robin": in_time(heat, initial(u=0), condition(lambda u, x, nx: nx * d(u, x) + u)),
    "heat, periodic": in_time(heat, initial(u=0), periodic("x")),
    "wave": in_time(wave, initial(u=0), initial_rate(u=0), dirichlet(u=0)),
    "kdv": in_time(kdv, initial(u=0), periodic("x")),
    "kdv, three": in_time(kdv, initial(u=0), dirichlet(u=0), neumann(u=0, on=face(x=1))),
    "poisson": steady(poisson, dirichlet(u=0)),
    "biharmonic": steady(biharmonic, dirichlet(u=0), neumann(u=0)),
    "advection": in_time(advection, initial(u=0), dirichlet(u=0, on=face(x=0))),
    "a wind that turns": in_time(
        lambda u, x, y, t: d(u, t) + (y - 1) * d(u, x) - (x - 0.5) * d(u, y), initial(u=0),
        dirichlet(u=0, on=face(x=0).where(lambda y: y > 1) | face(x=1).where(lambda y: y < 1)
                  | face(y=0).where(lambda x: x < 0.5) | face(y=2).where(lambda x: x > 0.5)), space=XY),
    "ODE": Problem(time=(0, 1), unknowns="u", equations=lambda u, t: d(u, t, t) + u, conditions=[initial(u=0), initial_rate(u=1)]),
    "backwards in time": in_time(lambda u, x, t: d(u, t) + d(u, x, x), dirichlet(u=0, on=face(t=1)), dirichlet(u=0)),
    "pressure in a point": steady([lambda u, p, x, y: laplace(u, x, y) - d(p, x),
                                   lambda v, p, x, y: laplace(v, x, y) - d(p, y),
                                   lambda u, v, x, y: d(u, x) + d(v, y)],
                                  dirichlet(u=0, v=0), dirichlet(p=0, on=point(x=0, y=0)), unknowns=("u", "v", "p")),
    "a pressure at the outlet": steady(SLOW_FLOW, dirichlet(u=0, v=0, on=face(x=0) | faces("y")),
                                       dirichlet(v=0, p=0, on=face(x=1)), unknowns=("u", "v", "p")),
    "a pressure at the outlet of a shape": steady(
        SLOW_FLOW, dirichlet(u=0, v=0, on=face(x=0) | faces("y") | side("post")), dirichlet(v=0, p=0, on=face(x=1)),
        unknowns=("u", "v", "p"), space=XY - Disk(x=0.5, y=1, radius=0.2, name="post")),
}  # fmt: skip


@pytest.mark.parametrize("name", COMPLETE)
def test_complete_conditions_give_no_warning(name: str) -> None:
    assert check(COMPLETE[name]).warnings == []


LACKING = {
    "a face": (in_time(heat, initial(u=0), dirichlet(u=0, on=face(x=0))), ["x=1", "u_xx"]),
    "both faces": (in_time(heat, initial(u=0)), ["x=0 and x=1", "u_xx"]),
    "initial": (in_time(heat, dirichlet(u=0)), ["0 of 1", "t=0", "u_t"]),
    "initial_rate": (in_time(wave, initial(u=0), dirichlet(u=0)), ["1 of 2", "t=0", "u_tt"]),
    "kdv, two": (in_time(kdv, initial(u=0), dirichlet(u=0)), ["x=0", "u_xxx"]),
    "biharmonic, values only": (steady(biharmonic, dirichlet(u=0)), ["y=0 and y=2", "u_yyyy"]),
    "advection without inflow": (in_time(advection, initial(u=0)), ["x=0 and x=1", "u_x"]),
    "poisson in y": (steady(poisson, dirichlet(u=0, on=faces("x"))), ["y=0 and y=2", "u_yy"]),
    "periodic in x only": (steady(poisson, periodic("x"), dirichlet(u=0, on=face(y=0))), ["y=2", "u_yy"]),
    "second unknown": (steady([lambda u, v, x, y: laplace(u, x, y) + laplace(v, x, y), lambda v, x, y: laplace(v, x, y)],
                              dirichlet(u=0), dirichlet(v=0, on=faces("x")), unknowns=("u", "v")), ["v has", "y=0 and y=2"]),
    "a velocity and a pressure": (steady(SLOW_FLOW, dirichlet(u=0, v=0, on=face(x=0) | faces("y")), dirichlet(p=0, on=face(x=1)),
                                         unknowns=("u", "v", "p")), ["v has no condition", "x=1"]),
    "a value for another's": (Problem(space=Box(x=(0, 1)), unknowns=("u", "w"), conditions=[dirichlet(u=0, on=face(x=0)),
                                      dirichlet(w=0, on=face(x=1))], equations=[lambda u, w, x: d(u, x, x) - d(w, x), lambda u, w, x: d(w, x) + d(u, x)]),
                              ["u has no condition", "x=1"]),
    "too few equations": (steady(lambda u, v, x, y: laplace(u, x, y) + laplace(v, x, y), dirichlet(u=0, v=0), unknowns=("u", "v")),
                          ["2 unknowns, but only 1 equations"]),
}  # fmt: skip


@pytest.mark.parametrize("name", LACKING)
def test_what_lacks_is_named(name: str) -> None:
    problem, words = LACKING[name]
    warnings = check(problem).warnings
    assert any(all(word in w for word in words) for w in warnings), warnings


def test_conditions_of_one_name_are_told_apart() -> None:
    """Two functions without a name at the end of a beam: its moment and its shear force."""
    moment, force = (condition(f, on=face(x=1)) for f in (lambda w, x: d(w, x, x), lambda w, x: d(w, x, x, x) - 1))
    bending = lambda w, x: d(w, x, x, x, x)  # noqa: E731
    beam = steady(
        bending, dirichlet(w=0, on=face(x=0)), neumann(w=0, on=face(x=0)), moment, force, space=X, unknowns="w"
    )
    assert [c.name for c in beam.conditions[2:]] == ["condition on face(x=1)", "condition on face(x=1) [2]"]
    assert [c["text"] for c in beam.check().conditions.values()][2:] == ["d(w, x, x) = 0", "d(w, x, x, x) - 1 = 0"]


# ---------------------------------------------------------------- contradictions


def _said(part: Part) -> str:
    """The function of the problem file that made a condition, which is the first word of its name."""
    return part[0].name.split()[0]


def places(problem: Problem) -> list[tuple[str, str, dict[str, float], float]]:
    return [(_said(c.first), _said(c.second), dict(c.place), c.jump) for c in contradictions(problem)]


AGREE = {
    "sine": in_time(heat, initial(u=lambda x: sin(pi * x)), dirichlet(u=0)),
    "many waves": in_time(heat, initial(u=lambda x: sin(40 * pi * x)), dirichlet(u=0)),
    "kelvin": in_time(heat, initial(u=lambda x: 300 + 5 * sin(pi * x)), dirichlet(u=300)),
    "micro": in_time(heat, initial(u=lambda x: 1e-6 * sin(pi * x)), dirichlet(u=0)),
    "pascal": in_time(heat, initial(u=lambda x: 101325.0 * (1 + x)), dirichlet(u=101325, on=face(x=0)), dirichlet(u=202650, on=face(x=1))),
    "time-dependent": in_time(heat, initial(u=lambda x: cos(x)), dirichlet(u=lambda x, t: cos(x) * torch.exp(-t))),
    "wave": in_time(wave, initial(u=lambda x: sin(pi * x)), initial_rate(u=lambda x: x), dirichlet(u=0, on=face(x=0)), dirichlet(u=lambda t: t, on=face(x=1))),
    "neumann": in_time(heat, initial(u=lambda x: cos(pi * x)), neumann(u=0)),
    "neumann, outward": in_time(heat, initial(u=lambda x: x), neumann(u=-1, on=face(x=0)), neumann(u=1, on=face(x=1))),
    "neumann, rounded": in_time(heat, initial(u=lambda x: 0.1 * x + 0.2 * x), neumann(u=0.3, on=face(x=1)), neumann(u=-0.3, on=face(x=0))),
    "flux in kelvin": in_time(heat, initial(u=lambda x: 300 - 100 * x / 0.3), neumann(u=-100 / 0.3, on=face(x=1)), dirichlet(u=300, on=face(x=0))),
    "robin": in_time(heat, initial(u=20), condition(lambda u, x, nx: nx * d(u, x) + 3 * (u - 20))),
    "robin, cancelling": in_time(heat, initial(u=lambda x: torch.exp(-0.3 * x)), condition(lambda u, x: d(u, x) + 0.3 * u, on=face(x=1))),
    "periodic": in_time(heat, initial(u=lambda x: sin(2 * pi * x) + 4), periodic("x")),
    "periodic, constant": in_time(heat, initial(u=lambda x: sin(x) ** 2 + cos(x) ** 2), periodic("x")),
    "periodic rate": in_time(wave, initial(u=1), initial_rate(u=lambda x: cos(2 * pi * x)), periodic("x")),
    "plane": steady(poisson, dirichlet(u=lambda x, y: 300 + x * sin(y))),
    "plane, products": steady(poisson, dirichlet(u=lambda x, y: sin(pi * x) * sin(pi * y))),
    "opposite faces may differ": steady(poisson, dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=face(x=1))),
    "two unknowns may differ": steady([lambda u, v, x, y: laplace(u, x, y) + v, lambda v, x, y: laplace(v, x, y)], dirichlet(u=0), dirichlet(v=1), unknowns=("u", "v")),
    "point": steady(poisson, dirichlet(u=0, on=faces("x")), dirichlet(u=0, on=point(x=0, y=1))),
}  # fmt: skip


@pytest.mark.parametrize("name", AGREE)
def test_data_that_agree_give_no_contradiction(name: str) -> None:
    assert places(AGREE[name]) == []


@pytest.mark.parametrize("scale", [1e-6, 1.0, 300.0, 1e8])
def test_a_jump_of_a_thousandth_is_seen_at_every_scale(scale: float) -> None:
    problem = in_time(
        heat,
        initial(u=lambda x: scale * (1 + sin(pi * x))),
        dirichlet(u=1.001 * scale, on=face(x=1)),
        dirichlet(u=scale, on=face(x=0)),
    )
    ((first, second, place, jump),) = places(problem)
    assert {first, second} == {"initial", "dirichlet"}
    assert place == {"x": 1.0, "t": 0.0}
    assert jump == pytest.approx(1e-3 * scale, rel=1e-9)


JUMPS = {
    "start against wall": (in_time(heat, initial(u=lambda x: x), dirichlet(u=0)), {"initial", "dirichlet"}, {"x": 1, "t": 0}, 1.0),
    "wall in time": (in_time(heat, initial(u=0), dirichlet(u=lambda t: t + 2, on=face(x=0)), dirichlet(u=0, on=face(x=1))), {"initial", "dirichlet"}, {"x": 0, "t": 0}, 2.0),
    "start against neumann": (in_time(heat, initial(u=lambda x: x**2), neumann(u=0)), {"initial", "neumann"}, {"x": 1, "t": 0}, 2.0),
    "start against robin": (in_time(heat, initial(u=20), condition(lambda u, x, nx: nx * d(u, x) + 3 * (u - 25), on=face(x=0)), dirichlet(u=20, on=face(x=1))), {"initial", "condition"}, {"x": 0, "t": 0}, 15.0),
    "rate against wall": (in_time(wave, initial(u=0), initial_rate(u=0), dirichlet(u=lambda t: 3 * t, on=face(x=0)), dirichlet(u=0, on=face(x=1))), {"initial_rate", "dirichlet"}, {"x": 0, "t": 0}, 3.0),
    "rate against constant wall": (in_time(wave, initial(u=0), initial_rate(u=lambda x: 1 + x), dirichlet(u=0, on=face(x=1)), neumann(u=0, on=face(x=0))), {"initial_rate", "dirichlet"}, {"x": 1, "t": 0}, 2.0),
    "periodic value": (in_time(heat, initial(u=lambda x: 5 * x), periodic("x")), {"initial"}, {"x": 1, "t": 0}, 5.0),
    "periodic slope": (in_time(heat, initial(u=lambda x: x * (1 - x)), periodic("x")), {"initial"}, {"x": 1, "t": 0}, 2.0),
    "faces": (steady(poisson, dirichlet(u=lambda y: y, on=face(x=0)), dirichlet(u=1, on=face(y=2))), {"dirichlet"}, {"x": 0, "y": 2}, 1.0),
    "point": (steady(poisson, dirichlet(u=0, on=faces("x")), dirichlet(u=2, on=point(x=0.5, y=0)), dirichlet(u=0, on=face(y=0))), set(), {}, 0.0),
}  # fmt: skip


@pytest.mark.parametrize("name", [n for n in JUMPS if n != "point"])
def test_data_that_contradict_are_named_with_place_and_jump(name: str) -> None:
    problem, kinds, place, jump = JUMPS[name]
    found = places(problem)
    assert any({a, b} == kinds and p == place and math.isclose(j, jump, rel_tol=1e-12) for a, b, p, j in found), found
    assert len([f for f in found if f[2] == place]) == 1
    warning = next(w for w in check(problem).warnings if f"jump {jump:g}" in w)
    assert all(f"{c}={v:g}" in warning for c, v in place.items())


def test_contradictions_of_one_kind_are_told_once_with_how_many_there_are() -> None:
    problem = Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=lambda u, x, y: d(u, x, x) + d(u, y, y), reference=None,
        conditions=[dirichlet(u=lambda y: 1 + y, on=faces("x")), dirichlet(u=0, on=faces("y"))],
    )  # fmt: skip
    told = [w for w in check(problem).warnings if "contradict" in w]
    assert len(told) == 1 and "at 4 places, most at x=0, y=1: jump 2" in told[0]


def test_a_point_on_a_face_with_another_value_is_a_contradiction() -> None:
    assert places(JUMPS["point"][0])


def cavity(lid_first: bool = False) -> Problem:
    walls = dirichlet(u=0, v=0, on=faces("x") | face(y=0))
    lid = dirichlet(u=1, v=0, on=face(y=2))

    def momentum(u, v, x, y):
        return u * d(u, x) + v * d(u, y) - laplace(u, x, y)

    def mass(u, v, x, y):
        return d(u, x) + laplace(v, x, y)

    return steady([momentum, mass], *((lid, walls) if lid_first else (walls, lid)), unknowns=("u", "v"))


@pytest.mark.parametrize("lid_first", [False, True])
def test_a_driven_lid_is_the_piece_that_gives_way(lid_first: bool) -> None:
    problem = cavity(lid_first)
    found = contradictions(problem)
    assert sorted(tuple(c.place.values()) for c in found) == [(0.0, 2.0), (1.0, 2.0)]
    assert all(c.jump == 1 and c.exact for c in found)
    ((lid, slab),) = weighted_parts(found)
    assert (lid.unknown, dict(slab.fixed)) == ("u", {"y": 2.0})
    assert sum("at 2 places" in w and "weighted, not exact" in w for w in check(problem).warnings) == 1


def test_the_fewest_pieces_give_way() -> None:
    start = in_time(heat, initial(u=1), dirichlet(u=0))
    assert [_said(p) for p in weighted_parts(contradictions(start))] == ["initial"]
    one = in_time(heat, initial(u=1), dirichlet(u=0, on=face(x=0)), dirichlet(u=1, on=face(x=1)))
    assert [c.name for c, _ in weighted_parts(contradictions(one))] == ["dirichlet u on face(x=0)"]  # declared later
    robin = JUMPS["start against robin"][0]
    assert weighted_parts(contradictions(robin)) == []  # weighted anyway


# ---------------------------------------------------------------- sizes


def test_coefficients_of_very_different_size_are_named() -> None:
    def stiff(u, x, t, k):
        return d(u, t) - k * d(u, x, x)

    def with_k(k: float, length: float = 1.0) -> list[str]:
        problem = in_time(stiff, initial(u=0), dirichlet(u=0), space=Box(x=(0, length)), parameters={"k": k})
        return [w for w in check(problem).warnings if "expect a layer" in w or "very different size" in w]

    (warning,) = with_k(1e-7)
    assert "1e-07 before u_xx in 'stiff', beside 1 before u_t: expect a layer of width 3e-04 along x" in warning
    assert with_k(1e-5) == []
    assert with_k(1e-7, length=1e-3) == []  # per length of the domain: k / length^2 = 0.1
    (warning,) = with_k(1.0, length=1e4)
    assert "a layer of width 1e+00 along x, which is 1e+04 long" in warning
    two = in_time([heat, lambda v, x, t: 1e-8 * (d(v, t) - d(v, x, x))], initial(u=0, v=0), dirichlet(u=0, v=0),
                  unknowns=("u", "v"))  # fmt: skip
    (warning,) = (w for w in check(two).warnings if "very different size" in w)
    assert "u_t in 'heat' weighs" in warning or "u_xx in 'heat' weighs" in warning
    assert "dimensionless" in warning


@pytest.mark.parametrize("width", [0.1, 0.004])
def test_a_front_that_passes_a_wall_is_as_large_as_it_is_high(width: float) -> None:
    """u = tanh((x - 1/2 - t) / width) has the slope 1 / width at x = 1, at t = 1/2 alone."""

    def slope(t):
        return 1 - torch.tanh((0.5 - t) / width) ** 2

    at_wall = neumann(u=lambda t: slope(t) / width, on=face(x=1))
    start = initial(u=lambda x: torch.tanh((x - 0.5) / width))
    found = check(in_time(heat, start, dirichlet(u=-1, on=face(x=0)), at_wall)).sizes["u"]
    assert 0.9 < found.scale < 4


@pytest.mark.parametrize(("modulus", "load"), [(1.0, 1e-4), (2e11, 2e7), (2e11, 2e3)])
def test_what_a_traction_alone_moves_is_as_large_as_the_load_over_the_modulus(modulus: float, load: float) -> None:
    """A wall that says nothing of how far it goes, in pascals and in units of the modulus."""
    along = [lambda u, x, y: modulus * (d(u, x, x) + d(u, x, y) / 2), lambda v, x, y: modulus * laplace(v, x, y)]
    pulled = condition(lambda u, v, x, y: modulus * (d(u, x) + 0.3 * d(v, y)) - load, on=face(x=1))
    free = condition(lambda u, v, x, y: modulus * (d(u, y) + d(v, x)), on=faces("y") | face(x=1))
    problem = Problem(space=Box(x=(0, 1), y=(0, 1)), unknowns=("u", "v"), equations=along,
                      conditions=[dirichlet(u=0, v=0, on=face(x=0)), pulled, free])  # fmt: skip
    sizes = check(problem).sizes
    assert all(0.3 < sizes[u].scale * modulus / load < 4 for u in "uv")


@pytest.mark.parametrize("where", ["equation", "condition"])
def test_what_returns_something_else_each_time_is_told(where: str) -> None:
    """A counter: the same function without it is right."""
    calls = [0.0]

    def counted(value: Any) -> Any:
        calls[0] += 1
        return value + calls[0]

    def equation(u, x):  # type: ignore[no-untyped-def]
        return d(u, x, x) + (counted(x) if where == "equation" else x)

    end = condition(lambda u, x: counted(u) if where == "condition" else u)
    problem = Problem(space=Box(x=(0, 1)), unknowns="u", equations=equation, conditions=[end])
    with pytest.raises(ProblemError, match="asked again at the same places"):
        check(problem)
