"""The solution as an object: calls, derivatives, residuals, files; and the verdict on it."""

from __future__ import annotations

import pickle
import warnings
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from pinnsolve import (
    MLP,
    Box,
    Fourier,
    LevenbergMarquardt,
    NotConverged,
    Outcome,
    Problem,
    ProblemError,
    Reference,
    Settings,
    Solution,
    compare,
    d,
    dirichlet,
    exact,
    initial,
    periodic,
    solve,
)
from pinnsolve.solve import prepare
from pinnsolve.verdict.contradiction import told_by

SMALL = Settings(network=MLP(width=8, depth=2), points=300, held_out=200, method=LevenbergMarquardt(steps=25))


@pytest.fixture(scope="module")
def trained(request: pytest.FixtureRequest) -> Solution:
    from tests.conftest import heat as make

    return solve(make.__wrapped__(), settings=SMALL)  # type: ignore[attr-defined]


def test_broadcasts_like_a_ufunc(trained: Solution) -> None:
    x, t = np.linspace(0, 1, 4)[:, None], np.linspace(0, 1, 3)
    values = trained.u(x=x, t=t)
    assert values.shape == (4, 3) and values.dtype == np.float64
    assert values[1, 2] == pytest.approx(trained.u(x=1 / 3, t=1.0), abs=1e-15)
    assert np.ndim(trained.u(x=0.5, t=0.5)) == 0
    assert trained.u(x=np.empty((0, 2)), t=0.5).shape == (0, 2)
    assert np.array_equal(trained.u(x=[0, 1], t=0.3), [0, 0]), "the Dirichlet condition is exact"


def test_derivatives_agree_with_differences(trained: Solution) -> None:
    x, t, h = np.linspace(0.1, 0.9, 9), 0.5, 1e-4
    by_hand = (trained.u(x=x + h, t=t) - 2 * trained.u(x=x, t=t) + trained.u(x=x - h, t=t)) / h**2
    assert np.allclose(trained.d("u", "x", "x")(x=x, t=t), by_hand, atol=1e-5)  # h^2 + eps/h^2
    residual = trained.d("u", "t")(x=x, t=t) - 0.1 * trained.d("u", "x", "x")(x=x, t=t)
    assert np.allclose(trained.residuals(x=x, t=t)["equation"], residual, atol=1e-13)


def test_arguments_are_not_modified_and_bad_ones_named(trained: Solution) -> None:
    x = np.linspace(0, 1, 5)
    before = x.copy()
    trained.u(x=x, t=0.5)
    assert np.array_equal(x, before)
    for call, words in (
        (lambda: trained.u(x=0.5), "coordinate t is missing"),
        (lambda: trained.u(x=0.5, y=1, t=0), "no coordinate 'y'"),
        (lambda: trained.u(x=1.5, t=0), "leaves the domain"),
        (lambda: trained.u(x=[0.5, np.nan], t=0), "1 of 2 values of x are NaN"),
        (lambda: trained.d(trained.u, "x"), "is no name of an unknown"),
        (lambda: trained.d("v"), "no unknown 'v'"),
        (lambda: trained.d("u", "z"), "no coordinate 'z'"),
        (lambda: trained.residual("wave"), "no equation 'wave'"),
    ):
        with pytest.raises(ProblemError, match=words):
            call()
    with pytest.raises(AttributeError, match="no unknown 'w'"):
        trained.w  # noqa: B018
    with pytest.raises(AttributeError, match="did you mean 'estimate'"):
        trained.estimat  # noqa: B018
    with pytest.raises(AttributeError, match="'alpha' is a parameter"):
        trained.alpha  # noqa: B018


def test_layers_and_parameters(trained: Solution) -> None:
    assert trained.parameters_count == (2 * 8 + 8) + (8 * 8 + 8) + (8 + 1)
    assert "Linear(in_features=2, out_features=8" in trained.summary() and "105" in trained.summary()
    assert trained.conditions == {"initial u": "exact", "dirichlet u on boundary": "exact"}


def test_save_and_load(trained: Solution, heat: Problem, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    trained.save(path)
    loaded = Solution.load(path, heat)
    x = np.linspace(0, 1, 7)
    assert np.array_equal(trained.u(x=x, t=0.7), loaded.u(x=x, t=0.7))
    with pytest.raises(ProblemError, match="parameter alpha was"):
        Solution.load(path, heat.with_parameters({"alpha": 0.3}))
    assert Solution.load(tmp_path, heat).u(x=0.5, t=0.7) == trained.u(x=0.5, t=0.7), "the model of a run folder"
    (tmp_path / "empty").mkdir()
    for given, words in (
        (tmp_path / "empty", "holds no model"), (tmp_path / "no", "there is no model"), (3, "no path"),
        (heat, r"Write Solution.load\(path, problem\)"),
    ):  # fmt: skip
        with pytest.raises(ProblemError, match=words):
            Solution.load(given, heat)  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match=r"nope.py does not exist"):
        Solution.load(path, "nope.py")
    with pytest.raises(ProblemError, match="is a folder"):
        trained.save(tmp_path)
    with pytest.raises(ProblemError, match="cannot be written: No such file"):
        trained.save(tmp_path / "no" / "model.safetensors")
    for content in (b"", b"nonsense" * 9, path.read_bytes()[:-9], pickle.dumps(_Bomb())):
        path.write_bytes(content)
        with pytest.raises(ProblemError, match="cannot be read"):
            Solution.load(path, heat)


class _Bomb:
    def __reduce__(self):  # type: ignore[no-untyped-def]
        return (pytest.fail, ("loading a model executed code",))


def test_fourier_features_and_own_modules_survive_saving(heat: Problem, tmp_path: Path) -> None:
    path = tmp_path / "model.safetensors"
    ring = heat.replaced(conditions=[*heat._declared["conditions"][0], periodic("x")])
    fourier = solve(
        ring,
        settings=SMALL,
        network=MLP(width=6, depth=1, fourier=Fourier(count=4)),
        method=LevenbergMarquardt(steps=2),
    )
    fourier.save(path)
    assert fourier.u(x=0.3, t=0.2) == Solution.load(path, ring).u(x=0.3, t=0.2)
    module = torch.nn.Sequential(torch.nn.Linear(2, 5), torch.nn.Tanh(), torch.nn.Linear(5, 1))
    before = [p.clone() for p in module.parameters()]
    own = solve(heat, settings=SMALL, network=module, method=LevenbergMarquardt(steps=2))
    assert all(torch.equal(a, b) for a, b in zip(before, module.parameters(), strict=True)), (
        "the user's module was changed"
    )
    own.save(path)
    assert own.u(x=0.3, t=0.2) == Solution.load(path, heat, network=module).u(x=0.3, t=0.2)
    with pytest.raises(ProblemError, match="network of its user's own"):
        Solution.load(path, heat)
    with pytest.raises(ProblemError, match="do not fit"):
        Solution.load(
            path, heat, network=torch.nn.Sequential(torch.nn.Linear(2, 6), torch.nn.Tanh(), torch.nn.Linear(6, 1))
        )


def reference(problem: Problem, offset: float = 0.0, own: float = 0.0) -> Reference:
    def u(x, t):  # type: ignore[no-untyped-def]
        return np.exp(-0.1 * np.pi**2 * t) * np.sin(np.pi * x) + offset

    return Reference("test", {"u": u}, own, 0.0)


def test_verdicts(trained: Solution, heat: Problem) -> None:
    assert compare(trained, reference(heat)).verdict == "pass"
    assert compare(trained, reference(heat, offset=0.02)).verdict == "fail"
    assert compare(trained, reference(heat, own=2e-3)).verdict == "unconfirmed", "own error above a tenth of 1e-2"
    with pytest.raises(ProblemError, match="own_error=nan"):
        reference(heat, own=float("nan"))
    with pytest.raises(ProblemError, match="field 'u' is nan"):
        compare(trained, reference(heat, offset=float("nan")))
    assert compare(trained, None).verdict == "unconfirmed"
    assert compare(trained, exact(u=reference(heat).fields["u"])).verdict == "pass"
    assert compare(trained, lambda problem: reference(problem, offset=0.02)).verdict == "fail"
    with pytest.raises(ProblemError, match="returned nothing"):
        compare(trained, lambda problem: None)  # type: ignore[arg-type,return-value]
    with pytest.raises(ProblemError, match="reference=3 is no Reference"):
        compare(trained, 3)  # type: ignore[arg-type]
    with pytest.raises(ProblemError, match="has no field 'u'"):
        compare(trained, Reference("test", {}, 0.0, 0.0))
    with pytest.raises(ProblemError, match="returned shape"):
        compare(trained, Reference("test", {"u": lambda x, t: x[:, None]}, 0.0, 0.0))


def ended(trained: Solution, outcome: Outcome, estimate: float | None = None) -> Solution:
    """The same solution, as if its run had ended so."""
    assert trained.training is not None
    return Solution(trained.trial, replace(trained.training, outcome=outcome, estimate=estimate), trained.findings)


def test_an_undetermined_run_is_never_a_pass(trained: Solution, heat: Problem) -> None:
    undetermined = Outcome("undetermined", "nothing determines a and b", "give measurements: observed(...)")
    found = compare(ended(trained, undetermined), reference(heat))
    assert found.verdict == "unconfirmed"
    assert "is within the tolerance" in found.reason and "but nothing determines a and b" in found.reason
    assert compare(ended(trained, undetermined), reference(heat, offset=0.05)).verdict == "fail"


@pytest.mark.parametrize(
    ("kind", "estimate", "offset", "becomes", "left"),
    [
        ("converged", 1e-6, 0.05, "contradicted", None),  # the error is above the tolerance of 1e-2
        ("converged", None, 0.05, "contradicted", None),
        ("converged", 1e-6, 0.0, "converged", 1e-6),
        ("plateau", 1e-6, 0.05, "plateau", None),  # an estimate below a tenth of the error is not handed on
        ("plateau", 2e-2, 0.05, "plateau", 2e-2),
        ("undetermined", None, 0.05, "undetermined", None),
    ],
)
def test_a_reference_that_says_otherwise_contradicts_the_run(
    trained: Solution, heat: Problem, kind: str, estimate: float | None, offset: float, becomes: str, left: float | None
) -> None:
    solution = ended(trained, Outcome(kind, "as it was told"), estimate)
    assert solution.training is not None
    found = told_by(solution.training, compare(solution, reference(heat, offset=offset)))
    assert (found.outcome.kind, found.estimate) == (becomes, left)
    if becomes == "contradicted":
        assert "ended as converged" in found.outcome.detail and "reference's u differs by" in found.outcome.detail
    assert solution.training.outcome.kind == kind, "the record itself stays as it is"


def test_the_error_is_what_it_says(trained: Solution, heat: Problem) -> None:
    """An offset of 0.02 on a field of known norm: ||u|| = sqrt((1 - exp(-2 a)) / (4 a)), a = 0.1 pi^2."""
    found = compare(trained, reference(heat, offset=0.02)).errors["u"]
    a = 0.1 * np.pi**2
    mean = 2 / np.pi * (1 - np.exp(-a)) / a
    norm = np.sqrt((1 - np.exp(-2 * a)) / (4 * a) + 2 * 0.02 * mean + 0.02**2)
    assert found.relative_l2 == pytest.approx(0.02 / norm, rel=0.02)  # the trained error is a per cent of the offset
    assert found.max == pytest.approx(0.02, rel=0.1)


def decay(**changes: Any) -> Problem:
    given: dict[str, Any] = {
        "time": (0, 1), "unknowns": "u", "equations": lambda u, t: d(u, t) + u, "conditions": [initial(u=1)],
    }  # fmt: skip
    return Problem(**{**given, **changes})


def test_a_solution_says_how_it_ended(tmp_path: Path) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = solve(decay())
    assert found.converged and found.outcome is not None and found.outcome.kind == "converged"
    assert found.estimate is not None and 0 < found.estimate < 1e-3
    assert repr(found).endswith(f"parameters, converged, estimated error {found.estimate:.0e})")
    found.save(tmp_path / "model.safetensors")
    loaded = Solution.load(tmp_path / "model.safetensors", decay())
    assert (loaded.converged, loaded.estimate, loaded.outcome) == (False, None, None)
    assert repr(loaded).endswith("parameters, not trained here)")


def test_a_run_that_does_not_converge_warns_once_where_it_was_called() -> None:
    with pytest.warns(NotConverged, match="without convergence. steps: all 1 steps made") as told:
        found = solve(decay(), network=MLP(4, 1), method=LevenbergMarquardt(steps=1), points=50)
    (warning,) = told
    assert warning.filename == __file__ and str(found.outcome) in str(warning.message)
    assert not found.converged and f"parameters, {found.outcome.kind}, " in repr(found)  # type: ignore[union-attr]


@pytest.mark.parametrize(
    ("number", "told"),
    [(torch.tensor(0.1), True), (0.1, False), (torch.tensor(0.1, dtype=torch.float64), False)],
)
def test_numbers_of_fewer_digits_are_told(number: Any, told: bool) -> None:
    def heat(u, x, t):  # type: ignore[no-untyped-def]
        return d(u, t) - number * d(u, x, x)

    problem = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat, conditions=[initial(u=0), dirichlet(u=0)],
        reference=None,
    )  # fmt: skip
    found = prepare(problem, Settings(network=MLP(4, 1), points=64)).findings.warnings
    assert any("float32" in w for w in found) is told
