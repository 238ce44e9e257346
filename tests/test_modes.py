"""Modes of homogeneous linear problems: eigenvalues, solutions that are not zero, their errors, and what is told."""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from scipy.sparse import diags_array, eye_array, kron, lil_array
from scipy.sparse.linalg import eigsh
from scipy.special import ai_zeros, jn_zeros

import problems.drum
from pinnsolve import (
    Box,
    Disk,
    Eigenvalue,
    Piecewise,
    Problem,
    ProblemError,
    Settings,
    automatic_reference,
    compare,
    condition,
    d,
    dirichlet,
    ensemble,
    exact,
    face,
    laplace,
    modes,
    neumann,
    periodic,
    solve,
    table,
)
from pinnsolve.__main__ import main
from pinnsolve.checks.check import check
from pinnsolve.modes.compared import known
from pinnsolve.modes.found import _distance
from pinnsolve.modes.search import Search
from pinnsolve.modes.statement import at
from pinnsolve.networks.random_features import RandomFeatures
from pinnsolve.trial.exact import verified

pi = math.pi
LINE = Box(x=(0, 1))


def string(near: float = 0.0, count: int = 3, **changes: Any) -> Problem:
    def wave(u, x, E):  # type: ignore[no-untyped-def]
        return d(u, x, x) + E * u

    given = {
        "space": LINE, "unknowns": "u", "equations": wave, "conditions": dirichlet(u=0), "tolerance": 1e-6,
        "parameters": {"E": Eigenvalue(near=near, count=count)}, "reference": None,
    }  # fmt: skip
    return Problem(**{**given, **changes})


@pytest.mark.parametrize(
    ("problem", "wanted"),
    [
        (string(), [(pi * n) ** 2 for n in (1, 2, 3)]),
        (string(5000.0, 2), [(pi * n) ** 2 for n in (22, 23)]),
        (string(pi**2, 1), [pi**2]),  # at an eigenvalue nothing can be solved for
        (string(conditions=neumann(u=0)), [0.0, pi**2, 4 * pi**2]),
        (string(conditions=periodic("x")), [0.0, 4 * pi**2, 4 * pi**2]),
    ],
)
def test_strings(problem: Problem, wanted: list[float]) -> None:
    found = modes(problem)
    assert found.solution.converged
    assert np.allclose(found.values, wanted, rtol=1e-9, atol=1e-7)
    assert max(found.errors) < 1e-6 and max(found.residuals) < 1e-6


def test_modes_have_norm_one_an_order_and_a_sign() -> None:
    solution = solve(string())
    x = np.linspace(0, 1, 2001)
    for n in (1, 2, 3):
        u = getattr(solution, f"u_{n}")(x=x)
        assert np.trapezoid(u**2, x) == pytest.approx(1.0, rel=1e-5)
        assert np.allclose(np.abs(u), math.sqrt(2) * np.abs(np.sin(n * pi * x)), atol=1e-7)
        assert u[-2] > 0 or n in {1, 3}  # what lies further on decides where both sides are alike
        assert solution.problem.parameters[f"E_{n}"] == pytest.approx((n * pi) ** 2)
    assert solution.u_2(x=0.75) == pytest.approx(math.sqrt(2))
    assert solution.estimate is not None and solution.estimate < 1e-6
    again = solve(string(), seed=5)
    assert np.allclose(again.u_2(x=x), solution.u_2(x=x), atol=1e-7)


def test_what_an_equation_gives_needs_no_condition_at_the_eigenvalue_that_is_tried() -> None:
    """p' = E v, v' = -E p: at E = 0 the first of them would leave v open."""
    both = [lambda p, v, x, E: d(p, x) - E * v, lambda p, v, x, E: d(v, x) + E * p]
    found = modes(string(0.5, 3, unknowns=("p", "v"), equations=both, conditions=dirichlet(p=0)))
    assert np.allclose(found.values, [-pi, 0, pi], atol=1e-9)


def test_a_mode_that_does_not_stay_is_not_estimated_at_zero() -> None:
    """With one wall alone every number is an eigenvalue, and each set of features has others near to one."""
    problem = string(1.0, 1, conditions=dirichlet(u=0, on=face(x=0)))
    base = at(problem, 1.0)
    made, _ = verified(base, check(base))
    search = Search(problem, 1.0, 1, made, Settings())
    one, other = (search.found(RandomFeatures(40, (1.0, 8.0), "sine"), seed) for seed in (0, 1))
    estimate = _distance(problem, replace(one, before=other), made, Settings(), problem.unknowns)
    assert estimate is None or estimate > 0.1


def test_one_mode_keeps_its_names() -> None:
    solution = solve(string(9.0, 1))
    assert solution.u(x=0.5) == pytest.approx(math.sqrt(2)) and solution.problem.parameters["E"] == pytest.approx(pi**2)


def test_a_drum_and_its_verdict() -> None:
    problem = problems.drum.problem.replaced(parameters={"E": Eigenvalue(near=0, count=3)}, tolerance=1e-4)
    found = modes(problem)
    pairs = [k for m in range(4) for k in list(jn_zeros(m, 3) ** 2) * (1 if m == 0 else 2)]
    assert np.allclose(found.values, sorted(pairs)[:3], rtol=1e-7)
    told = compare(found.solution)
    assert told.verdict == "pass" and told.errors["E"].relative_l2 < 1e-7
    assert told.eigenvalues_of is not None and list(told.quantities) == ["E_1", "E_2", "E_3"]
    wrong = exact(E=lambda mode: 5.8 * mode)
    assert compare(found.solution, wrong).verdict == "fail"
    listed = exact(E=lambda mode: np.sort(pairs)[mode - 1])  # asked by number, as many as are wanted
    assert compare(found.solution, listed).verdict == "pass"
    assert compare(found.solution, None).verdict == "unconfirmed"
    turned = 2 * pi * np.arange(16) / 16  # two modes of one eigenvalue are orthogonal over the drum, too
    node, weight = np.polynomial.legendre.leggauss(16)
    r = (node[:, None] + 1) / 2
    u, v = (mode(x=r * np.cos(turned), y=r * np.sin(turned)) for mode in (found.solution.u_2, found.solution.u_3))
    assert abs(np.sum(u * v * r * weight[:, None]) * pi / 16) < 1e-6


def test_other_kinds() -> None:
    """An oscillator; a beam that buckles, P = 4 pi^2; eigenvalues in a condition (Steklov), 0, 1, 1, ...; a first-order
    system; a well in SI units."""

    def oscillator(psi, x, E):  # type: ignore[no-untyped-def]
        return -0.5 * d(psi, x, x) + 0.5 * x**2 * psi - E * psi

    def beam(w, x, E):  # type: ignore[no-untyped-def]
        return d(w, x, x, x, x) + E * d(w, x, x)

    def harmonic(u, x, y):  # type: ignore[no-untyped-def]
        return laplace(u, x, y)

    def rim(u, x, y, nx, ny, E):  # type: ignore[no-untyped-def]
        return nx * d(u, x) + ny * d(u, y) - E * u

    def force(u, f, x, E):  # type: ignore[no-untyped-def]
        return d(f, x) + E * u

    def slope(u, f, x):  # type: ignore[no-untyped-def]
        return d(u, x) - f

    def well(u, x, E, a):  # type: ignore[no-untyped-def]
        return -a * d(u, x, x) - E * u

    a, width = 6.1e-39, 1e-9  # hbar^2 / (2 m) in J m^2
    cases = [
        (string(0, 2, space=Box(x=(-8, 8)), unknowns="psi", equations=oscillator, conditions=dirichlet(psi=0)), [0.5, 1.5]),
        (string(0, 1, unknowns="w", equations=beam, conditions=[dirichlet(w=0), neumann(w=0)]), [4 * pi**2]),
        (string(0.3, 2, space=Disk(x=0, y=0, radius=1), equations=harmonic, conditions=condition(rim), tolerance=1e-2), [0, 1]),
        (string(0, 2, unknowns=("u", "f"), equations=[force, slope]), [pi**2, 4 * pi**2]),
        (
            string(0, 2, space=Box(x=(0, width)), equations=well, parameters={"E": Eigenvalue(near=0, count=2), "a": a}),
            [a * (pi * n / width) ** 2 for n in (1, 2)],
        ),
    ]  # fmt: skip
    for problem, wanted in cases:
        found = modes(problem)
        assert np.allclose(found.values, wanted, rtol=1e-5, atol=1e-6 * max(wanted)), problem
        assert found.solution.converged


def test_coefficients_that_jump_and_tables() -> None:
    """A stiff disc in a square, by fluxes through the sides of small squares; a table that is 1 + x^2, by differences."""
    count = 40
    x = (np.arange(count) + 0.5) / count
    k = np.where((x[:, None] - 0.5) ** 2 + (x[None, :] - 0.5) ** 2 < 0.04, 10.0, 1.0)
    matrix = _fluxes(k, count)
    lowest = eigsh(matrix, k=1, sigma=0, return_eigenvectors=False)[0]

    def stiff(u, x, y, k, E):  # type: ignore[no-untyped-def]
        return d(k * d(u, x), x) + d(k * d(u, y), y) + E * u

    material = Piecewise(1.0, (Disk(x=0.5, y=0.5, radius=0.2), 10.0))
    problem = string(0, 1, space=Box(x=(0, 1), y=(0, 1)), equations=stiff, tolerance=0.3,
                     parameters={"E": Eigenvalue(near=0), "k": material})  # fmt: skip
    assert modes(problem).values[0] == pytest.approx(lowest, rel=1e-2)
    assert "jump" in known(problem.replaced(reference="automatic"), 30, 20.0).why

    def rod(u, x, k, E):  # type: ignore[no-untyped-def]
        return d(k * d(u, x), x) + E * u

    nodes = np.linspace(0, 1, 9)
    data = table(x=nodes, k=1 + nodes**2, of="x", kind="cubic")
    problem = string(
        0, 2, equations=rod, parameters={"E": Eigenvalue(near=0, count=2), "k": data}, reference="automatic"
    )
    found = modes(problem)
    assert np.allclose(found.values, known(problem, 30, found.scale).values, rtol=1e-6)


def _fluxes(k: np.ndarray, count: int) -> Any:
    """-div(k grad u) between zeros, on the middles of squares."""
    number = np.arange(count**2).reshape(count, count)
    matrix = lil_array((count**2, count**2))
    for axis in (0, 1):
        sides, places = np.moveaxis(k, axis, 0), np.moveaxis(number, axis, 0)
        flux = (2 * sides[1:] * sides[:-1] / (sides[1:] + sides[:-1]) * count**2).ravel()
        one, other = places[1:].ravel(), places[:-1].ravel()
        matrix[one, one] += flux
        matrix[other, other] += flux
        matrix[one, other] -= flux
        matrix[other, one] -= flux
        for end in (0, -1):  # half as far to the wall
            matrix[places[end], places[end]] += 2 * sides[end] * count**2
    return matrix.tocsc()


def test_differences_find_the_same() -> None:
    along = diags_array([1.0, -2.0, 1.0], offsets=[-1, 0, 1], shape=(59, 59)) * 60**2
    both = eigsh(
        -(kron(along, eye_array(59)) + kron(eye_array(59), along)).tocsc(), k=3, sigma=0, return_eigenvectors=False
    )

    def wave(u, x, y, E):  # type: ignore[no-untyped-def]
        return laplace(u, x, y) + E * u

    square = string(0, 3, space=Box(x=(0, 1), y=(0, 1)), equations=wave, reference="automatic", tolerance=1e-4)
    found = known(square, 30, 50.0)
    assert found.reference is not None and found.reference.own_error < 1e-5
    assert np.allclose(found.values, np.sort(both), rtol=2e-3)
    assert np.allclose(found.values, [2 * pi**2, 5 * pi**2, 5 * pi**2], rtol=1e-5)


def two(u, x, E):  # type: ignore[no-untyped-def]
    return d(u, x, x) + E * torch.where(x < 0.5, 10.0, 1.0) * u


def rod(u, x, k, E):  # type: ignore[no-untyped-def]
    return d(k * d(u, x), x) + E * u


def corner(u, x, E):  # type: ignore[no-untyped-def]
    return -d(u, x, x) + abs(x) * u - E * u


def ring(u, x, E):  # type: ignore[no-untyped-def]
    return -d(u, x, x) + 20 * torch.where(x < 0.3, 1.0, 0.0) * u - E * u


def of_halves(E: float, a: float, b: float, flux: float) -> float:
    """Waves of numbers a and b in the halves of a string, what the second one's slope counts beside the first one's."""
    p, q = a * math.sqrt(E), b * math.sqrt(E)
    return flux * q * math.sin(p / 2) * math.cos(q / 2) + p * math.cos(p / 2) * math.sin(q / 2)


def around(E: float) -> float:
    """Kronig & Penney's equation, of modes that repeat themselves."""
    p, q = math.sqrt(20 - E), math.sqrt(E)
    mixed = (p * p - q * q) / (2 * p * q) * math.sinh(0.3 * p) * math.sin(0.7 * q)
    return math.cosh(0.3 * p) * math.cos(0.7 * q) + mixed - 1


halves = Piecewise(1.0, (Box(x=(0.5, 1)), 9.0))
jumping = [
    (string(0, 1, equations=two), brentq(of_halves, 1, 2, (math.sqrt(10), 1, 1))),
    (
        string(equations=rod, parameters={"E": Eigenvalue(near=0), "k": halves}),
        brentq(of_halves, 10, 30, (1, 1 / 3, 9)),
    ),
    (string(0, 1, equations=corner, space=Box(x=(-10, 10))), -ai_zeros(1)[1][0]),
    (string(0, 1, equations=ring, conditions=periodic("x")), brentq(around, 1, 10)),
]


@pytest.mark.parametrize(("problem", "wanted"), jumping)
def test_what_jumps_or_has_a_kink_along_a_line(problem: Problem, wanted: float) -> None:
    """A density, a stiffness, a well with a corner, and a ring that closes at a jump (it was 8.0 in place of 4.7)."""
    found = modes(problem)
    x, weights = np.polynomial.legendre.leggauss(200)
    low, high = problem.domain.ends("x")
    values = found.solution.u(x=low + (high - low) * (x + 1) / 2)
    assert abs(found.values[0] / wanted - 1) < 1e-6 and found.solution.converged
    assert (weights * values**2).sum() * (high - low) / 2 == pytest.approx(1, abs=1e-4)  # not the flux as well


def test_narrow_wells_take_wider_ranges_of_frequency() -> None:
    """-l (l + 1) / (2 cosh(x)^2): E = -l^2 / 2."""

    def narrow(u, x, E):  # type: ignore[no-untyped-def]
        return -d(u, x, x) / 2 - 4 * u / torch.cosh(x) ** 2 - E * u

    found = modes(string(-4.0, 1, equations=narrow, space=Box(x=(-8, 8)), tolerance=1e-3))
    wanted = -((math.sqrt(33) - 1) ** 2) / 8
    assert found.solution.converged and abs(found.values[0] / wanted - 1) < found.errors[0] < 3e-4


def test_an_eigenvalue_is_told_no_closer_than_it_is_however_large_its_terms_are() -> None:
    """The oscillator between walls at 40, where its potential is 800: few features are far off, and say so."""

    def wide(u, x, E):  # type: ignore[no-untyped-def]
        return -d(u, x, x) / 2 + x**2 / 2 * u - E * u

    problem = string(0.0, 3, equations=wide, space=Box(x=(-40, 40)))
    base = at(problem, 1.0)
    made, _ = verified(base, check(base))
    found = Search(problem, 0.0, 3, made, Settings()).found(RandomFeatures(100, (16.0, 64.0), "sine"), 0)
    values, told = np.array(found.values), np.array(found.residuals)
    assert (np.abs(values - np.floor(values) - 0.5) < told * values).all() and told.min() > 0.3


def test_a_stiffness_that_jumps_before_a_second_derivative_has_no_modes() -> None:
    def loose(u, x, k, E):  # type: ignore[no-untyped-def]
        return k * d(u, x, x) + E * u

    with pytest.raises(ProblemError, match="nothing says how the slope goes on"):
        modes(string(equations=loose, parameters={"E": Eigenvalue(near=0), "k": halves}))


# ---------------------------------------------------------------- what is told


def squared(u, x, E):  # type: ignore[no-untyped-def]
    return d(u, x, x) + E**2 * u


def loaded(u, x, E):  # type: ignore[no-untyped-def]
    return d(u, x, x) + E * u - 1


def cubic(u, x, E):  # type: ignore[no-untyped-def]
    return d(u, x, x) + E * u - u**3


def carried(u, v, x, E):  # type: ignore[no-untyped-def]
    return d(u, x) - E * v


def back(u, v, x, E):  # type: ignore[no-untyped-def]
    return d(v, x) - E * u


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"equations": squared}, "no linear function of E"), ({"equations": loaded}, "a source or a value that is not zero"),
        ({"equations": cubic}, "not linear in the unknowns"), ({"conditions": dirichlet(u=1)}, "a value that is not zero"),
        ({"time": (0, 1), "equations": lambda u, x, t, E: d(u, t) - E * d(u, x, x)}, "do not change in time"),
        ({"parameters": {"E": Eigenvalue(near=0), "F": Eigenvalue(near=1)}}, "two eigenvalues"),
        ({"equations": lambda u, x: d(u, x, x) + u}, "asks for the eigenvalue"),
        ({"unknowns": ("u", "v"), "equations": [carried, back], "conditions": [periodic("x")], "parameters": {"E": Eigenvalue(near=6.3, count=4)}}, "no real numbers"),
    ],
)  # fmt: skip
def test_what_has_no_modes_is_told(changes: dict[str, Any], told: str) -> None:
    with pytest.raises(ProblemError, match=told):
        modes(string(**changes), Settings(budget=4))


@pytest.mark.parametrize(
    "given", [{"near": "low"}, {"near": math.nan}, {"near": 1j}, {"near": 0, "count": 0}, {"near": 0, "count": 2.5}]
)
def test_what_is_no_eigenvalue_is_told(given: dict[str, Any]) -> None:
    with pytest.raises(ProblemError, match="Eigenvalue"):
        Eigenvalue(**given)


def test_zero_is_never_handed_out() -> None:
    """Whoever asks otherwise than by `solve` or `modes` is told, since at a number nothing but zero solves it."""
    for asked in (
        lambda: ensemble(string(), 2),
        lambda: solve(string(), method="lm"),
        lambda: solve(string(), resume=True),
    ):
        with pytest.raises(ProblemError, match="modes"):
            asked()
    with pytest.raises(ProblemError, match="modes are compared by their eigenvalues"):
        automatic_reference(string())
    assert compare(solve(string(9.0, 1)), None).verdict == "unconfirmed"


def test_the_check_and_the_command(tmp_path: Path, capsys: Any) -> None:
    told = string().check()
    assert told.parameters["E"] == "an eigenvalue, the 3 nearest to 0" and told.method == "3 modes of random features"
    file = tmp_path / "string.py"
    file.write_text(
        "from math import pi\nfrom pinnsolve import Box, Eigenvalue, Problem, d, dirichlet, exact\n"
        "def wave(u, x, E):\n    return d(u, x, x) + E * u\n"
        'problem = Problem(space=Box(x=(0, 1)), unknowns="u", equations=wave, conditions=dirichlet(u=0),\n'
        '    parameters={"E": Eigenvalue(near=0, count=2)}, reference=exact(E=lambda mode: (pi * mode) ** 2))\n'
    )
    out = tmp_path / "run"
    assert main([str(file), "--out", str(out)]) == 0
    report = json.loads((out / "report.json").read_text())
    assert report["verdict"] == "pass" and report["errors"]["E"]["relative_l2"] < 1e-9
    assert report["quantities"]["E_2"]["value"] == pytest.approx(4 * pi**2)
    assert report["reference"]["name"] == "exact solution"
    assert (out / "solution.png").exists() and (out / "solution.vtu").exists()
    assert main([str(file), "--no-reference", "--out", str(tmp_path / "b")]) == 1
    assert main([str(file), "--ensemble", "2", "--out", str(tmp_path / "c")]) == 2
    assert "modes are found at once" in capsys.readouterr().err


def test_no_real_eigenvalue_near_the_place_is_told() -> None:
    """a'' + 20 b = E a, b'' - 20 a = E b: E = -n^2 pi^2 +- 20 i, none of them real."""
    spiral = Problem(
        space=Box(x=(0, 1)), unknowns=("a", "b"), conditions=dirichlet(a=0, b=0), reference=None,
        equations=[lambda a, b, x, E: d(a, x, x) + 20 * b - E * a, lambda a, b, x, E: d(b, x, x) - 20 * a - E * b],
        parameters={"E": Eigenvalue(near=-10, count=2)},
    )  # fmt: skip
    with pytest.raises(ProblemError, match="no real numbers"):
        modes(spiral)
