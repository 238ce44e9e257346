"""Whatever goes wrong is told in words: mistakes with exit code 2, faults of our own with 3, and no traceback."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from pinnsolve import MLP, Settings, solve
from pinnsolve.__main__ import main
from pinnsolve.training.loop import Loop
from tests.conftest import SMALL

pytestmark = pytest.mark.usefixtures("unpictured")
Write = Callable[..., Path]

HEAT = "    return d(u, t) - alpha * d(u, x, x)"
TRUE = "lambda x, t, alpha: np.exp(-alpha * np.pi**2 * t) * np.sin(np.pi * x)"
SETTINGS = (
    "settings = Settings(network=MLP(width=8, depth=2), points=300, held_out=200, budget=30, "
    "method=LevenbergMarquardt(steps=15))"
)
TORCH = ("import numpy as np", "import numpy as np\nimport torch")
REFUSED: dict[str, tuple[list[tuple[str, str]], str]] = {
    "complex equation": ([(HEAT, "    return d(u, t) - 1j * u")], "complex"),
    "complex start": ([("lambda x: sin(pi * x)", "lambda x: 1j * sin(pi * x)")], "complex"),
    "complex start, a number": ([("lambda x: sin(pi * x)", "lambda x: np.exp(1j)")], "complex"),
    "complex value": ([("dirichlet(u=0)", "dirichlet(u=1j)")], "complex"),
    "complex condition": ([("dirichlet(u=0)", "condition(lambda u, x: u - 1j)")], "complex"),
    "complex guess": ([('"alpha": 0.1', '"alpha": Unknown(0.1j)')], "complex"),
    "complex parameter": ([('"alpha": 0.1', '"alpha": np.complex128(0.1)')], "complex"),
    "complex reference": ([("np.sin(np.pi * x)", "np.exp(1j * np.pi * x)")], "complex"),
    "complex data": ([("dirichlet(u=0)", "dirichlet(u=0), observed(x=[0.5, 0.6], t=0.5, u=[1j, 0])")], "complex"),
    "no derivative": ([(HEAT, HEAT + " + torch.special.zeta(2 + u * u, x + 1)"), TORCH], "cannot be differentiated"),
    "large": ([(HEAT, "    return 1e200 * (d(u, t) - alpha * d(u, x, x))")], "its square overflows"),
    "small": ([(HEAT, "    return 1e-200 * (d(u, t) - alpha * d(u, x, x))")], "beyond what float64 can hold"),
    "large for float32": (
        [(HEAT, "    return 1e25 * (d(u, t) - alpha * d(u, x, x))"), TORCH, ("points=300", "points=300, dtype=torch.float32")],
        "its square overflows",
    ),
    "exit in an equation": ([(HEAT, "    raise SystemExit(0)")], "raised SystemExit"),
    "reference raises": ([(f"exact(u={TRUE})", "lambda problem: 1 / 0")], "ZeroDivisionError"),
    "reference exits": ([(f"exact(u={TRUE})", "lambda problem: exit()")], "SystemExit"),
}  # fmt: skip


def told(error: str) -> str:
    assert "Traceback" not in error
    return " ".join(error.split())


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_refused_in_words(
    case: str, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:  # fmt: skip
    changes, words = REFUSED[case]
    assert main([str(write(*changes)), "--out", str(tmp_path / "out")]) == 2
    assert words in told(capsys.readouterr().err)


OWN = """
class Own:
    name, steps, cycle, redraws = "own", 3, 1, True

    def init(self, objective):
        return {}

    def step(self, objective, state):
        BODY

settings = Settings(network=MLP(width=4, depth=1), points=300, method=Own())
"""


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("BODY", "return None", "step of the method 'own' returned NoneType"),
        ("BODY", "return {}", '"loss" is missing'),
        ("BODY", "return {'loss': 'small'}", "\"loss\" is 'small'"),
        ("BODY", "1 / 0", "line 25: the method 'own' raised ZeroDivisionError"),
        ("return {}", "return 1.0", "init of the method 'own' returned float"),
        ("cycle, redraws", "cycles, redraws", "the method Own has no cycle"),
        ("3, 1, True", "3, 0, True", "cycle=0 is not a positive whole number"),
        ("method=Own()", "method=Own", "Write method=Own()"),
    ],
)
def test_methods_that_are_none(
    old: str, new: str, words: str, write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = write((SETTINGS, OWN.replace(old, new)))
    assert main([str(path), "--out", str(tmp_path / "out")]) == 2
    assert words in told(capsys.readouterr().err)


def test_a_method_of_the_users_need_not_say_that_it_goes_on(write: Write, tmp_path: Path) -> None:
    main([str(write((SETTINGS, OWN.replace("BODY", "return {'loss': objective.loss()}")))), "--out", str(tmp_path)])
    assert json.loads((tmp_path / "report.json").read_text())["outcome"] == "steps: all 3 steps made"


def test_a_network_of_the_users_that_raises_is_the_users(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    network = """
class Own(torch.nn.Sequential):
    def forward(self, x):
        if len(x) > 50:
            raise ValueError("so many")
        return super().forward(x)

settings = Settings(network=Own(torch.nn.Linear(2, 8), torch.nn.Tanh(), torch.nn.Linear(8, 1)), points=300)
"""
    assert main([str(write((SETTINGS, network), TORCH)), "--out", str(tmp_path / "out")]) == 2
    assert "line 22: ValueError: so many" in told(capsys.readouterr().err)


def test_what_is_not_finite_at_redrawn_points_ends_in_an_outcome(write: Write, tmp_path: Path) -> None:
    strip = (HEAT, HEAT + " + log(((x - 0.3) ** 2) ** 0.5 - 5e-5)")
    path = write(strip, ("import sin", "import sin, log"), ("steps=15", "steps=200"), ("points=300", "points=1500"))
    assert main([str(path), "--out", str(tmp_path)]) == 1
    outcome = json.loads((tmp_path / "report.json").read_text())["outcome"]
    assert outcome.startswith("non-finite: the residual 'heat' is nan at x=0.3"), outcome


@pytest.mark.parametrize("method", ["LBFGS(steps=3)", "SSBroyden(steps=3)", "SOAP(steps=3)", "Newton()"])
@pytest.mark.parametrize("source", ["1e140 * x", "torch.exp(60 * u) * torch.exp(60 * u)"])
def test_numbers_at_the_end_of_their_range(method: str, source: str) -> None:
    space: dict[str, Any] = {}
    exec(SMALL.replace(HEAT, f"{HEAT} - {source}").replace(*TORCH), space)
    network = {} if method == "Newton()" else {"network": MLP(width=4, depth=1)}
    chosen = Settings(method=eval(method, space), points=100, held_out=50, budget=5, **network)  # type: ignore[arg-type]
    assert solve(space["problem"], settings=chosen).training is not None


def break_down(*_: object) -> None:
    raise RuntimeError("a bolt came loose")


def test_a_fault_of_our_own_is_exit_code_three(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Loop, "_step", break_down)
    out = tmp_path / "out"
    assert main([str(write()), "--out", str(out)]) == 3
    words = told(capsys.readouterr().err)
    assert "fault of pinnsolve's own" in words and "a bolt came loose" in words and "issue tracker" in words
    assert "in break_down" in (out / "traceback.txt").read_text() and str(out / "traceback.txt") in words
    assert main([str(write()), "--out", str(tmp_path / "shown"), "--debug"]) == 3
    assert "in break_down" in capsys.readouterr().err


def test_too_little_memory_is_told_as_such(
    write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate 1 byte")

    monkeypatch.setattr(Loop, "_step", full)
    assert main([str(write()), "--out", str(tmp_path / "out")]) == 3
    words = told(capsys.readouterr().err)
    assert "memory of this machine does not suffice" in words and "--memory" in words and "traceback" not in words
    assert f"kept in {tmp_path / 'out'}: go on with --resume" in words and (tmp_path / "out" / "checkpoint.pt").exists()


def test_interrupted_before_training(write: Write, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(write((HEAT, "    raise KeyboardInterrupt"))), "--out", str(tmp_path / "out")]) == 130
    assert told(capsys.readouterr().err) == "interrupted"
