"""Several experiments, `observed(..., given={"Q": 3})`: one constant over all of them."""

from __future__ import annotations

import json
import warnings
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pinnsolve import (
    Box,
    Eigenvalue,
    Problem,
    ProblemError,
    Reference,
    Unknown,
    condition,
    d,
    dirichlet,
    exact,
    face,
    integral,
    neumann,
    observed,
    solve,
)
from pinnsolve.checks.substitution import misfits
from pinnsolve.solution import Solution

A, B, SIGMA = 0.2, 0.1, 1e-3
XS = np.linspace(0.05, 0.95, 40)
SHAPE = XS * (1 - XS) / 2


def rod(u: Any, x: Any, a: Any, b: Any, Q: Any) -> Any:
    return (a + b * Q) * d(u, x, x) + 1


def measured(Q: float, seed: int) -> np.ndarray:
    """u = x (1 - x) / 2 / (a + b Q), with noise."""
    return SHAPE / (A + B * Q) + SIGMA * np.random.default_rng(seed).standard_normal(len(XS))


def found_from(*data: Any, **changes: Any) -> Solution:
    told = {
        "space": Box(x=(0, 1)), "unknowns": "u", "equations": rod, "conditions": [dirichlet(u=0), *data],
        "parameters": {"a": Unknown(0.1), "b": Unknown(0.2), "Q": 1.0}, "tolerance": 1e-2,
    }  # fmt: skip
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return solve(Problem(**{**told, **changes}), budget=60)


OWN = observed(x=XS, u=measured(1, 0), sigma=SIGMA)
OTHER = observed(x=XS, u=measured(4, 1), sigma=SIGMA, given={"Q": 4})


@cache
def both() -> Solution:
    return found_from(OWN, OTHER)


def test_what_no_experiment_tells_alone_all_tell_together() -> None:
    """One set of data tells a + b Q, two of them a and b. By least squares s = 1 / (a + b Q) has the variance
    sigma^2 / sum of shape^2, a + b Q that times s^-4, and b a third of the difference."""
    alone = found_from(OWN).training
    together = both().training
    assert alone is not None and together is not None and alone.identified and together.identified
    assert alone.outcome.kind == "undetermined" and "b" in " ".join(alone.identified.undetermined)
    assert together.outcome.kind == "converged"
    deviation = [SIGMA / np.sqrt(np.sum(SHAPE**2)) * (A + B * Q) ** 2 for Q in (1, 4)]
    expected = {"b": np.hypot(*deviation) / 3, "a": np.hypot(4 * deviation[0], deviation[1]) / 3}
    for name, true in (("a", A), ("b", B)):
        constant = together.identified.constants[name]
        assert constant.standard_error == pytest.approx(expected[name], rel=0.05)
        assert abs(constant.value - true) < 4 * expected[name]


def test_experiments_are_what_is_written_out_by_hand() -> None:
    """The same two experiments as two unknowns, with bounds on a constant: neither words nor bounds change anything."""
    parameters = {"a": Unknown(0.1, bounds=(0, 1)), "b": Unknown(0.2, positive=True), "Q": 1.0}
    told = both().training
    second = observed(x=XS, w=measured(4, 1), sigma=SIGMA)
    hand = found_from(
        OWN, second, dirichlet(w=0), unknowns=("u", "w"), parameters=parameters | {"R": 4.0},
        equations=[rod, lambda w, x, a, b, R: rod(w, x, a, b, R)],
    ).training  # fmt: skip
    assert told is not None and hand is not None and told.identified is not None and hand.identified is not None
    for name, constant in told.identified.constants.items():
        assert constant.value == pytest.approx(hand.identified.constants[name].value, rel=1e-5)
        assert constant.standard_error == pytest.approx(hand.identified.constants[name].standard_error, rel=1e-3)


def told(*data: Any, **changes: Any) -> Problem:
    parts = {
        "space": Box(x=(0, 1)), "unknowns": "u", "equations": rod,
        "conditions": [dirichlet(u=lambda Q: Q, on=face(x=0)), neumann(u=0, on=face(x=1)), *data],
        "parameters": {"a": 0.2, "b": Unknown(0.2), "Q": 1.0},
    }  # fmt: skip
    return Problem(**{**parts, **changes})


def test_the_check_and_the_files_tell_of_experiments(tmp_path: Path) -> None:
    problem = told(OTHER, observed(x=XS, u=XS, sigma=SIGMA, given={"Q": 1}))
    assert problem.unknowns == ("u", "u_2") and problem.parameters["Q_2"] == 4
    text = str(problem.check())
    for words in ("u where Q = 4", "Q_2  4, as Q of u_2", "u_2 = Q_2", "(a + b * Q_2) * d(u_2, x, x) + 1"):
        assert words in text
    assert "no data are" not in text  # Q = 1 is the problem's own
    text = str(told(OTHER).check())
    assert "no data are of the problem's own Q = 1" in text
    other = observed(x=XS, u=XS, given={"a": 0.3})
    assert "the experiment with a = 0.3 has the problem's own Q = 1" in str(told(OTHER, other).check())

    solution = both()
    solution.report(tmp_path)
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["experiments"] == {"u_2": "u where Q = 4"} and report["parameters"]["Q_2"] == 4
    assert "Q = 4" in (tmp_path / "report.html").read_text()
    solution.save(tmp_path / "model.safetensors")
    again = Solution.load(tmp_path / "model.safetensors", solution.problem)
    assert np.array_equal(again.u_2(x=XS), solution.u_2(x=XS))
    moved = solution.problem.replaced(parameters=solution.problem.declared_parameters | {"Q_2": 5.0})
    with pytest.raises(ProblemError, match="belongs to another problem"):
        Solution.load(tmp_path / "model.safetensors", moved)


def test_references_are_those_of_each_experiment() -> None:
    def true(x: Any, Q: float) -> Any:
        return Q + (x - x**2 / 2) / (A + B * Q)

    problem = told(OTHER, reference=exact(u=true, b=B), tolerance=1e-2)
    assert not misfits(problem)
    assert misfits(told(OTHER, reference=exact(u=lambda x: true(x, 1.0), b=B)))
    asked = []

    def by_hand(problem: Problem) -> Reference:
        q = problem.parameters["Q"]
        asked.append(q)
        return Reference("by hand", {"u": lambda x: true(x, q)}, 1e-9 * q, 0.0)

    found = told(OTHER, reference=by_hand).reference
    assert callable(found)
    reference = found(problem)
    assert asked == [1.0, 4.0] and reference.own_error == 4e-9
    assert np.allclose(reference.fields["u_2"](x=XS), true(XS, 4.0))


def test_functions_inside_of_integrals_belong_to_their_experiment() -> None:
    """u = Q x + x times the integral of s u(s): u = c x with c = Q + c / 3."""

    def fredholm(u: Any, x: Any, Q: Any, k: Any) -> Any:
        return u - Q * x - k * integral(lambda u, s: x * s * u, over="x")

    problem = told(
        observed(x=XS, u=6 * XS, given={"Q": 4}), equations=fredholm, reference=exact(u=lambda x, Q: 1.5 * Q * x, k=1.0),
        conditions=[condition(lambda u: u, on=face(x=0)), observed(x=XS, u=6 * XS, given={"Q": 4})],
        parameters={"k": Unknown(0.5), "Q": 1.0},
    )  # fmt: skip
    assert not misfits(problem)


def test_an_experiment_may_have_a_number_of_its_own_to_be_found() -> None:
    problem = told(observed(x=XS, u=XS, given={"Q": Unknown(3.0)}))
    assert set(problem.constants) == {"b", "Q_2"}


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"R": 3}, "'R' is no parameter of the problem.*Possible: a, Q"),
        ({"u": 3}, "'u' is an unknown, and what is found"),
        ({"b": 3}, "'b' is to be found, one over all experiments.*what differs between them: a, Q"),
        ({"Q": "much"}, "Q = 'much' is no finite number"),
        ({"Q": (1, 2)}, "a range is no value"),
        ({}, 'names no parameters with their values.*given={"Q": 3}'),
        (3, "names no parameters with their values"),
    ],
)
def test_what_cannot_be_given_is_told(given: Any, words: str) -> None:
    with pytest.raises(ProblemError, match=f"(?s){words}"):
        told(observed(x=XS, u=XS, given=given))


def test_ranges_and_eigenvalues_are_not_given() -> None:
    parameters = {"a": 0.2, "b": Unknown(0.2), "Q": (1.0, 4.0)}
    with pytest.raises(ProblemError, match=r"(?s)'Q' is a range.*observed\(..., Q=3\)"):
        told(observed(x=XS, u=XS, given={"Q": 3}), parameters=parameters)
    with pytest.raises(ProblemError, match="'Q' is an eigenvalue"):
        told(observed(x=XS, u=XS, given={"Q": 3}), parameters=parameters | {"Q": Eigenvalue(near=1)})


def test_one_experiment_has_to_be_the_problems_own_where_data_alone_determine_it() -> None:
    """Nothing is known of walls: the problem's own u has neither data nor conditions."""
    with pytest.raises(
        ProblemError, match=r"(?s)no data mention the unknown 'u'.*Make one experiment the problem's own"
    ):
        told(conditions=[OTHER])
    assert torch.is_tensor(told(conditions=[OTHER, OWN]).observations[0].points.weights)
