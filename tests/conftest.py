"""Small problems that several tests share."""

from __future__ import annotations

import os

os.environ.setdefault("OMP_NUM_THREADS", "1")  # small tensors, and one process on each core already
# What is freed stays with the process: pages need not be asked for and cleared again and again. glibc reads this where a
# process begins, those of xdist and of tests.
os.environ.setdefault("MALLOC_TRIM_THRESHOLD_", str(2**30))
os.environ.setdefault("MALLOC_MMAP_THRESHOLD_", str(2**25))
# What one process has compiled others read: workers, which rewrite the assertions of all tests, and those of tests.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

import gc
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:  # what hands out the tests runs none, and need not wait for torch
    from pinnsolve import Problem

collect_ignore_glob = ["cases/*"]  # problem files, run by test_cases.py; some of them are refused

SMALL = """
from math import pi
from torch import sin
import numpy as np
from pinnsolve import *

def heat(u, x, t, alpha):
    return d(u, t) - alpha * d(u, x, x)

problem = Problem(
    space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=heat,
    conditions=[initial(u=lambda x: sin(pi * x)), dirichlet(u=0)],
    parameters={"alpha": 0.1},
    reference=exact(u=lambda x, t, alpha: np.exp(-alpha * np.pi**2 * t) * np.sin(np.pi * x)),
    tolerance=1e-2,
)
settings = Settings(network=MLP(width=8, depth=2), points=300, held_out=200, budget=30, method=LevenbergMarquardt(steps=15))
"""


def pytest_configure() -> None:
    """Ctrl-C as a terminal delivers it: a shell lets background jobs ignore it, and what they start inherits that."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
    sys.dont_write_bytecode = False


def pytest_collection_finish() -> None:
    """What torch and the tests have loaded stays: Python need not look through it again and again for garbage."""
    gc.freeze()
    gc.set_threshold(30_000, 20, 50)  # and what is new, more rarely than a program that runs for days has to


@pytest.fixture(scope="session")
def heat() -> Problem:
    """u_t = 0.1 u_xx with one mode, whose exact solution is known."""
    import numpy as np
    from torch import pi, sin

    from pinnsolve import Box, Problem, d, dirichlet, exact, initial

    def equation(u, x, t, alpha):  # type: ignore[no-untyped-def]
        return d(u, t) - alpha * d(u, x, x)

    return Problem(
        space=Box(x=(0, 1)),
        time=(0, 1),
        unknowns="u",
        equations=equation,
        conditions=[initial(u=lambda x: sin(pi * x)), dirichlet(u=0)],
        parameters={"alpha": 0.1},
        reference=exact(u=lambda x, t, alpha: np.exp(-alpha * pi**2 * t) * np.sin(pi * x)),
        tolerance=1e-2,
    )


def without_pictures(monkeypatch: pytest.MonkeyPatch) -> None:
    """The command draws nothing, which costs more than the small problem: what figures show is tested in tests/report."""
    monkeypatch.setattr("pinnsolve.report.write.solution_figure", lambda run, figures: None)
    monkeypatch.setattr("pinnsolve.report.write.png", lambda figure: b"\x89PNG" + bytes(20_000))
    monkeypatch.setattr("pinnsolve.report.write.over_time", lambda run, unknowns: None)


@pytest.fixture
def unpictured(monkeypatch: pytest.MonkeyPatch) -> None:
    """A test that looks at no picture."""
    without_pictures(monkeypatch)


@pytest.fixture
def unasked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of a problem that is read for its equations and conditions alone, hidden places are not looked for, nor is it
    asked whether it has one solution: tests/core/test_hidden.py and tests/test_uniqueness.py do so."""
    from pinnsolve.checks.posed import Posed

    monkeypatch.setattr("pinnsolve.checks.check.hidden", lambda problem, sizes: ([], [], []))
    monkeypatch.setattr("pinnsolve.checks.check.posed", lambda systems, smooth: Posed())


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    """Write a problem file: the small heat problem with some text replaced, or any text."""

    def make(*replacements: tuple[str, str], text: str = SMALL, name: str = "case.py") -> Path:
        for old, new in replacements:
            assert old in text, old
            text = text.replace(old, new)
        path = tmp_path / name
        path.write_text(text)
        return path

    return make
