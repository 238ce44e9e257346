"""Every problem file of tests/cases ends as it says itself: `wanted = right(1e-3)`, `honest()` or `refused("word")`."""

from __future__ import annotations

from pathlib import Path

import pytest

from validation.cases import collected, fault, read, run
from validation.wanted import Wanted, honest, refused, right

CASES = collected()
QUICK = [path for path in CASES if not read(path)[0].wanted.slow]


@pytest.mark.parametrize("path", QUICK, ids=lambda path: path.stem)
def test_a_case_ends_as_it_wants(path: Path) -> None:
    found = fault(*run(path))
    assert not found, found


@pytest.mark.parametrize("path", CASES, ids=lambda path: path.stem)
def test_every_case_says_what_it_is(path: Path) -> None:
    module, _ = read(path)
    assert isinstance(module.wanted, Wanted)
    assert (module.__doc__ or "").strip()


TINY = """
from pinnsolve import Problem, Reference, d, initial
from validation.wanted import honest, refused, right
import numpy as np

wanted = {wanted}

def decay(u, t):
    return d(u, t) + {rate} * u

problem = Problem(time=(0, 1), unknowns="{name}", equations=decay, conditions=[initial(u=1)],
                  reference=lambda problem: Reference("by hand", {{"u": lambda t: np.exp(-t)}}, 1e-16, 0.0),
                  tolerance=1e-4)
"""


@pytest.mark.parametrize(
    ("wanted", "rate", "name", "words"),
    [
        (right(1e-4), 1, "u", ""),
        (right(1e-4), 2, "u", "true error"),  # another equation than the reference's
        (honest(), 2, "u", "the true error is"),  # and converged
        (honest(wrong=True), 1, "u", "the true error is"),
        (refused("asks for 'u'"), 1, "v", ""),
        (refused("at least"), 1, "v", "not for 'at least'"),
        (refused("v"), 1, "u", "was not refused"),
    ],
)
def test_what_is_not_as_wanted_is_found(wanted: Wanted, rate: int, name: str, words: str, tmp_path: Path) -> None:
    says = {"right": "right(1e-4)", "honest": f"honest(wrong={wanted.wrong})", "refused": f'refused("{wanted.word}")'}
    path = tmp_path / "tiny.py"
    path.write_text(TINY.format(wanted=says[wanted.kind], rate=rate, name=name))
    found = fault(*run(path))
    assert (words in found) if words else not found, found
