"""References are tried before training, on copies; exact ones are put into equations and conditions."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import exp, sin, where

from pinnsolve import (
    Box,
    NotConverged,
    Problem,
    ProblemError,
    Reference,
    Unknown,
    compare,
    condition,
    d,
    dirichlet,
    exact,
    face,
    initial,
    initial_rate,
    neumann,
    observed,
    periodic,
    solenoidal,
    solve,
)
from pinnsolve.__main__ import main
from pinnsolve.checks.differences import stencil
from pinnsolve.checks.references import reference_of, reference_values
from pinnsolve.checks.substitution import misfits
from pinnsolve.settings import Settings
from pinnsolve.solve import prepare

PI = float(np.pi)


def decay(u, t):  # type: ignore[no-untyped-def]
    return d(u, t) + u


def brings(reference: Any, **changes: Any) -> Problem:
    given: dict[str, Any] = {"time": (0, 1), "unknowns": "u", "equations": decay, "conditions": [initial(u=1)]}
    return Problem(**{**given, "reference": reference, **changes})


def returns(values: Callable[[np.ndarray], Any]) -> Callable[[Problem], Reference]:
    return lambda problem: Reference("mine", {"u": lambda t: values(t)}, 1e-9, 0.0)


# ------------------------------------------------------------ what is refused


@pytest.mark.parametrize("own", [-1.0, None, float("nan"), float("inf"), "small", 1j, True, np.array(1e-9), [1e-9]])
def test_an_own_error_is_a_finite_number_from_zero_up(own: Any) -> None:
    with pytest.raises(ProblemError, match=r"states own_error=.*no finite number from zero up\n.*own_error=1e-6"):
        Reference("mine", {"u": np.exp}, own, 0.0)


@pytest.mark.parametrize(
    ("reference", "words"),
    [
        (returns(lambda t: np.exp(-t) * (1 + 1j)), "complex"),
        (returns(lambda t: np.array([None] * len(t))), "object values, and no real numbers"),
        (returns(lambda t: np.array(["a"] * len(t))), "and no real numbers"),
        (returns(lambda t: t > 0.5), "bool values, and no real numbers"),
        (returns(lambda t: None), "returned nothing, and no real numbers"),
        (returns(lambda t: np.ma.masked_less(t, 0.5)), "masked values"),
        (returns(lambda t: np.where(t > 0.5, np.nan, t)), r"is nan at t=0\.\d+, and not finite at 32 of 64 points"),
        (returns(lambda t: np.where(t > 0.5, np.inf, t)), "is inf at"),
        (returns(lambda t: 1.0), r"returned shape \(\) for \(64,\)"),
        (returns(lambda t: t[:, None]), "returned shape"),
        (returns(lambda t: 1 / 0), "failed: ZeroDivisionError"),
        (lambda problem: None, "returned nothing: its return is missing"),
        (lambda problem: {"u": np.exp}, "returned dict, and no Reference"),
        (lambda x, t: x, "failed: TypeError.*\n.*reference=exact"),
        (exact, r"Write exact\(u=lambda"),
        (Reference, "is missing 3 required"),
        (lambda problem: sys.exit(), "failed: SystemExit"),
        (lambda problem: Reference("mine", {}, 0.0, 0.0), "has no field 'u'"),
        (lambda problem: Reference("mine", {"u": 3.0}, 0.0, 0.0), "not functions"),  # type: ignore[dict-item]
        (lambda problem: Reference("mine", np.exp, 0.0, 0.0), "not functions"),  # type: ignore[arg-type]
        (lambda problem: Reference("mine", {"u": np.exp}, 0.0, -1.0), "states seconds=-1.0"),
        (lambda problem: Reference(None, {"u": np.exp}, 0.0, 0.0), "name is None"),  # type: ignore[arg-type]
        (exact(v=lambda t: t), "there is no unknown 'v'"),
        (exact(u=lambda t: t, w=1.0), "there is no unknown 'w'"),
        (exact(u=np.exp), "arguments of exp have no names"),
        (exact(u=lambda s: s), "failed: TypeError"),
        (exact(u=lambda *t: t[0]), "have no names"),
        (exact(u=lambda t: np.exp(1j * t)), "complex"),
    ],
)
def test_what_is_no_reference_is_told_before_training(reference: Any, words: str) -> None:
    with pytest.raises(ProblemError, match=words):
        reference_of(brings(reference))


@pytest.mark.parametrize("reference", [3.0, {"u": np.exp}, "exact", False, [exact(u=np.exp)]])
def test_what_cannot_make_a_reference_is_refused_with_the_problem(reference: Any) -> None:
    with pytest.raises(ProblemError, match="neither a Reference nor a function.*\n.*reference=exact"):
        brings(reference)


@pytest.mark.parametrize("value", ["x", 1j, None, float("nan"), True])
def test_an_exact_solution_is_a_function_or_a_number(value: Any) -> None:
    with pytest.raises(ProblemError, match="neither a function nor a finite number"):
        exact(u=value)
    with pytest.raises(ProblemError, match="names no unknown"):
        exact()


def test_the_command_refuses_before_training(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "negative.py"
    path.write_text(
        "import numpy as np\nfrom pinnsolve import *\n"
        "def ref(problem):\n    return Reference('mine', {'u': lambda t: np.exp(-t)}, -1.0, 0.0)\n"
        "problem = Problem(time=(0, 1), unknowns='u', equations=lambda u, t: d(u, t) + u,\n"
        "                  conditions=[initial(u=1)], reference=ref)\n"
    )
    assert main([str(path), "--out", str(tmp_path / "run")]) == 2
    told = capsys.readouterr()
    assert "negative.py, line 4: the reference 'mine' states own_error=-1.0" in told.err.replace("\n", "")
    assert "training" not in told.out and not (tmp_path / "run" / "report.json").exists()


@pytest.mark.usefixtures("unpictured")
def test_the_command_tells_once_that_a_run_did_not_converge(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "short.py"
    path.write_text(
        "from pinnsolve import *\nproblem = Problem(time=(0, 1), unknowns='u', equations=lambda u, t: d(u, t) + u,\n"
        "                  conditions=[initial(u=1)], reference=None)\n"
        "settings = Settings(network=MLP(4, 1), method=LevenbergMarquardt(steps=1), points=50)\n"
    )
    with warnings.catch_warnings(record=True) as issued:
        warnings.simplefilter("always")
        assert main([str(path), "--out", str(tmp_path / "run")]) == 1
    assert not [w for w in issued if w.category is NotConverged]
    told = capsys.readouterr()
    assert told.out.count("steps: all 1 steps made") == 1 and "without convergence" not in told.out + told.err


# ------------------------------------------------------------ what is handed out


def test_a_reference_gets_copies_and_what_it_returns_is_copied() -> None:
    kept = np.empty(3)

    def careless(t: np.ndarray) -> np.ndarray:
        t *= 0.1
        kept[:] = t
        return kept

    places = {"t": np.array([1.0, 2.0, 3.0])}
    reference = Reference("careless", {"u": careless}, 0.0, 0.0)
    first = reference_values(reference, "u", places)
    second = reference_values(reference, "u", {"t": places["t"] + 1})
    assert places["t"].tolist() == [1, 2, 3]
    assert np.allclose(first, [0.1, 0.2, 0.3]) and np.allclose(second, [0.2, 0.3, 0.4])


def test_an_exact_solution_of_torch_s_functions_gets_parameters_with_all_digits() -> None:
    """nu pi^2 of a parameter that torch takes by itself has seven digits, and the error of a run was 3e-8."""
    nu, x = 0.3, np.linspace(0, 1, 5)
    problem = Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x, nu: nu * d(u, x, x) + torch.sin(x),
        conditions=[dirichlet(u=0)], parameters={"nu": nu}, reference=None,
    )  # fmt: skip
    known = exact(u=lambda x, nu: torch.sin(x) / (nu * np.pi**2))(problem)
    assert np.abs(known.fields["u"](x=x) - np.sin(x) / (nu * np.pi**2)).max() < 1e-15


def test_an_exact_solution_of_torch_s_functions_gets_its_places_untouched() -> None:
    """It is called with arrays first, which torch refuses, and which it may have changed by then."""

    def careless(t):  # type: ignore[no-untyped-def]
        t *= 0.1
        return exp(-t)

    reference = reference_of(brings(exact(u=careless)))
    places = {"t": np.array([1.0, 2.0])}
    assert np.allclose(reference.fields["u"](**places), np.exp([-0.1, -0.2])) and places["t"].tolist() == [1, 2]


def test_a_reference_that_changes_its_places_passes_nothing() -> None:
    """u' = -u is solved; the reference of u' = -u / 10 scales the times that it is given."""

    def slow(t: np.ndarray) -> np.ndarray:
        t *= 0.1
        return np.exp(-t)

    problem = brings(lambda problem: Reference("slow", {"u": slow}, 1e-12, 0.0))
    solution = solve(problem)
    assert compare(solution, reference_of(problem)).verdict == "fail"


def test_a_reference_may_do_with_its_problem_as_it_likes() -> None:
    def careless(problem: Problem) -> Reference:
        problem.parameters["k"] = 7.0
        return Reference("careless", {"u": lambda t: np.exp(-t)}, 0.0, 0.0)

    problem = brings(careless, equations=lambda u, t, k: d(u, t) + k * u, parameters={"k": 1.0})
    reference_of(problem)
    assert problem.parameters == {"k": 1.0}


def test_a_reference_may_be_given_as_it_is_and_a_solution_as_a_number() -> None:
    given = Reference("mine", {"u": lambda t: np.exp(-t)}, 1e-12, 0.0)
    assert reference_of(brings(given)) is given
    flat = reference_of(brings(exact(u=2.0)))
    assert reference_values(flat, "u", {"t": np.zeros(3)}).tolist() == [2, 2, 2]
    everything = reference_of(brings(exact(u=lambda **at: at["t"])))
    assert reference_values(everything, "u", {"t": np.ones(2)}).tolist() == [1, 1]


# ------------------------------------------------------------ exact solutions in equations and conditions


def test_stencils_are_exact_for_polynomials() -> None:
    for order, reach, shift in ((1, 2, 0), (2, 2, -2), (3, 3, 3), (4, 3, 0)):
        for power in range(2 * reach + 1):
            found = sum(w * float(j) ** power for j, w in stencil(order, reach, shift))
            true = np.prod(range(1, order + 1)) if power == order else 0.0
            assert found == pytest.approx(true, abs=1e-9 * 6**power)


def heat(u, x, t, k):  # type: ignore[no-untyped-def]
    return d(u, t) - k * d(u, x, x)


def burgers(u, x, t, k):  # type: ignore[no-untyped-def]
    return d(u, t) + u * d(u, x) - k * d(u, x, x)


def mode(x, t, k):  # type: ignore[no-untyped-def]
    return np.exp(-k * PI**2 * t) * np.sin(PI * x)


def front(x, t, k):  # type: ignore[no-untyped-def]
    return 0.5 - 0.5 * np.tanh((x - 0.5 * t) / (4 * k))


def rod(solution: Any, equation: Any = heat, k: Any = 0.1, conditions: Any = None, **changes: Any) -> Problem:
    given: Any = [initial(u=lambda x: sin(PI * x)), dirichlet(u=0)] if conditions is None else conditions
    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=equation, conditions=given, parameters={"k": k},
        reference=exact(u=solution), **changes,
    )  # fmt: skip


def steep(k: float = 0.01) -> list[Any]:
    """A front that runs through the rod: a hundredth of it is steep."""
    return [
        initial(u=lambda x: 0.5 - 0.5 * torch.tanh(x / (4 * k))),
        dirichlet(u=lambda t: 0.5 - 0.5 * torch.tanh(-0.5 * t / (4 * k)), on=face(x=0)),
        dirichlet(u=lambda t: 0.5 - 0.5 * torch.tanh((1 - 0.5 * t) / (4 * k)), on=face(x=1)),
    ]


RIGHT = {
    "a mode": lambda: rod(mode),
    "a mode, over a range": lambda: rod(mode, k=(0.05, 0.5)),
    "a front": lambda: rod(front, burgers, 0.01, steep()),
    "a kink": lambda: Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x: d(u, x) - where(x < 0.3, -1.0, 1.0),
        conditions=[dirichlet(u=0.3, on=face(x=0))], reference=exact(u=lambda x: abs(x - 0.3)),
    ),
    "a flux": lambda: rod(
        lambda x, t, k: np.exp(-k * PI**2 * t) * np.cos(PI * x), conditions=[initial(u=lambda x: torch.cos(PI * x)), neumann(u=0)]
    ),
    "an unknown constant": lambda: rod(
        lambda x, t: mode(x, t, 0.3), k=Unknown(1.0),
        conditions=[dirichlet(u=0), observed(x=[0.5], t=[0.5], u=[1.0])],
    ),
    "kelvin": lambda: rod(
        lambda x, t, k: 300 + 0.1 * mode(x, t, k),
        conditions=[initial(u=lambda x: 300 + 0.1 * sin(PI * x)), dirichlet(u=300)],
    ),
    "kilometres away": lambda: Problem(
        space=Box(x=(1e6, 1e6 + 1)), unknowns="u", equations=lambda u, x: d(u, x, x) - 2,
        conditions=[dirichlet(u=0)], reference=exact(u=lambda x: (x - 1e6) * (x - 1e6 - 1)),
    ),
    "a wave": lambda: Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=lambda u, x, t: d(u, t, t) - d(u, x, x),
        conditions=[initial(u=lambda x: sin(2 * PI * x)), initial_rate(u=0), periodic("x")],
        reference=exact(u=lambda x, t: np.sin(2 * PI * x) * np.cos(2 * PI * t)),
    ),
    "nothing but zeros": lambda: rod(0.0, conditions=[initial(u=0), dirichlet(u=0)]),
    "a beam": lambda: Problem(
        space=Box(x=(0, 2)), unknowns="u", equations=lambda u, x: 2e5 * d(u, x, x, x, x) - 1e3,
        conditions=[dirichlet(u=0), neumann(u=0)],
        reference=exact(u=lambda x: 1e3 / (24 * 2e5) * x**2 * (x - 2) ** 2), tolerance=1e-6,
    ),
    "a layer at the wall": lambda: Problem(
        space=Box(x=(0, 1)), unknowns="u", equations=lambda u, x: d(u, x) - 1e-4 * d(u, x, x) - 1,
        conditions=[dirichlet(u=0)], reference=exact(u=lambda x: x - np.exp((x - 1) / 1e-4)),
    ),
    "a corner": lambda: Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u", equations=lambda u, x, y: d(u, x, x) + d(u, y, y),
        conditions=[dirichlet(u=0, on=face(y=0))],
        reference=exact(u=lambda x, y: np.hypot(x, y) ** (2 / 3) * np.sin(2 / 3 * np.arctan2(y, x))),
    ),
    "a narrow bump": lambda: Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u",
        equations=lambda u, x, y: d(u, x) + 2e4 * (x - 0.37) * exp(-((x - 0.37) ** 2 + (y - 0.6) ** 2) * 1e4),
        conditions=[dirichlet(u=0)],
        reference=exact(u=lambda x, y: np.exp(-((x - 0.37) ** 2 + (y - 0.6) ** 2) * 1e4)),
    ),
}  # fmt: skip
WRONG = {
    "another diffusivity": (lambda: rod(lambda x, t: mode(x, t, 0.11)), "the equation 'heat'"),
    "another diffusivity, over a range": (
        lambda: rod(lambda x, t, k: mode(x, t, 1.1 * k), k=(0.05, 0.5)), "the equation 'heat'",
    ),
    "another sign": (lambda: rod(mode, lambda u, x, t, k: d(u, t) + k * d(u, x, x)), "the equation 'equation 1'"),
    "another speed of a front": (
        lambda: rod(lambda x, t, k: front(x, 1.2 * t, k), burgers, 0.01, steep()), "the equation 'burgers'",
    ),
    "another start": (
        lambda: rod(mode, conditions=[initial(u=lambda x: 2 * sin(PI * x)), dirichlet(u=0)]),
        "the condition 'initial u'",
    ),
    "another wall": (
        lambda: rod(mode, conditions=[initial(u=lambda x: sin(PI * x)), dirichlet(u=0.1)]), r"'dirichlet u on boundary' \(at",
    ),
    "another flux": (lambda: rod(mode, conditions=[initial(u=lambda x: sin(PI * x)), neumann(u=0)]), "neumann u"),
    "another Robin end": (
        lambda: rod(mode, conditions=[dirichlet(u=0, on=face(x=0)), initial(u=lambda x: sin(PI * x)),
                                      condition(lambda u, x, nx: nx * d(u, x) + u, on=face(x=1))]),
        "the condition",
    ),
    "no period": (lambda: rod(lambda x, t, k: x + 0 * t, conditions=[initial(u=lambda x: x), periodic("x")]), "periodic in x"),
    "a divergence": (
        lambda: Problem(
            space=Box(x=(0, 1), y=(0, 1)), unknowns=("u", "v"),
            equations=[lambda u, x, y: d(u, x, x) + d(u, y, y), lambda v, x, y: d(v, x, x) + d(v, y, y)],
            conditions=[dirichlet(u=lambda x: x, v=lambda y: y), solenoidal("u", "v")],
            reference=exact(u=lambda x, y: x, v=lambda x, y: y),
        ),
        "divergence of u, v",
    ),
    "a constant of the ODE": (lambda: brings(exact(u=lambda t: 2 * np.exp(-t))), "the condition 'initial u'"),
}  # fmt: skip


@pytest.mark.parametrize("name", RIGHT)
def test_a_right_exact_solution_is_not_told(name: str) -> None:
    assert [str(m) for m in misfits(RIGHT[name]())] == []


@pytest.mark.parametrize("name", WRONG)
def test_a_wrong_exact_solution_is_told_with_equation_place_and_size(name: str) -> None:
    made, words = WRONG[name]
    found = [str(m) for m in misfits(made())]
    assert found and all(m.startswith("the exact solution does not satisfy ") for m in found)
    with pytest.raises(AssertionError, match=words):
        raise AssertionError(found)


def test_a_wrong_exact_solution_is_told_before_training_and_ends_no_run_as_converged() -> None:
    problem = rod(lambda x, t: mode(x, t, 0.2))
    ready = prepare(problem, Settings())
    assert any("does not satisfy the equation 'heat': it leaves 0.3 times" in w for w in ready.findings.warnings)
    with pytest.warns(UserWarning, match="contradicted"):
        solution = solve(problem)
    assert not solution.converged and solution.estimate is None
    assert "does not satisfy the equation 'heat'" in str(solution.outcome)
