"""The same problem in other words has the same verdict and, within a factor of ten, the same error.

What costs least of every form; the whole product is `python -m validation.metamorphic`.
"""

from __future__ import annotations

from functools import cache

import pytest

from pinnsolve import Problem
from tests.metamorphic.test_same_run import CASES
from validation.metamorphic.__main__ import main
from validation.metamorphic.measuring import Measured, fault, original, told, told_by_hand, with_other_seeds
from validation.metamorphic.subjects import Subject, subjects
from validation.metamorphic.transformations import retellings

SUBJECTS = subjects(budget=20.0)  # of which none should need more than three, on a machine that has other work too
# every transformation of these: an ODE, a steady one
WHOLE = ("oscillator", "bar")
# of the others, and of the methods that are not the default, those that once changed the answer or might
PARTS = {
    "hunters": ("x x 1e+06", "y offset", "t mirrored", "unknowns reversed"),
    "poisson": ("u offset", "y mirrored", "equation x 1e6"),
    "string": ("u offset", "t mirrored", "time as space, renamed"),
    "membrane": ("x mirrored",),
    "plate": ("time as space, renamed",),
    "line": ("equations reversed",),
    "ring": ("x x 1e-09", "t mirrored"),
    "spring_rate": ("t shifted",),
    "cooling": ("all by condition()",),
    "bar, trained": ("u x 1e-06",),
}
CHOSEN = [(name, told) for name in WHOLE for told in retellings(SUBJECTS[name].declare())]
# of one in time and space what neither can be told in, and a few
ALREADY = {told for _, told in CHOSEN} - {"x x 0.001"}
CHOSEN += [("heat", told) for told in retellings(SUBJECTS["heat"].declare()) if told not in ALREADY]
CHOSEN += [(name, told) for name, listed in PARTS.items() for told in listed]
# to rounding: tests/metamorphic/test_same_run.py
CHOSEN = [(name, told) for name, told in CHOSEN if (name, told) not in CASES]


@cache
def before(name: str) -> tuple[Problem, Measured]:
    """A problem in its own words, solved once."""
    problem = SUBJECTS[name].declare()
    return problem, original(problem, SUBJECTS[name].settings)


@pytest.mark.parametrize(("name", "retelling"), CHOSEN, ids=str)
def test_other_words_give_the_same_answer(name: str, retelling: str) -> None:
    (problem, known), settings = before(name), SUBJECTS[name].settings
    words = retellings(problem)[retelling]
    after = told(problem, words, settings)
    found = fault(known, after)
    if found and words.redraws:
        found = fault(with_other_seeds(problem, settings, known), after)
    assert not found, found


@pytest.mark.parametrize("name", [s.name for s in SUBJECTS.values() if s.first_order])
def test_a_first_order_system_gives_the_same_answer(name: str) -> None:
    problem, known = before(name)
    declare = SUBJECTS[name].first_order
    assert declare is not None
    found = fault(known, told_by_hand(declare, problem, SUBJECTS[name].settings))
    assert not found, found


def test_every_form_is_solved_as_it_stands() -> None:
    for name in [*WHOLE, "heat", *PARTS]:
        assert before(name)[1].verdict == "pass", name


def test_a_worse_error_another_verdict_and_a_refusal_are_faults() -> None:
    known = Measured({"u": 1e-6, "v": 1e-12}, "pass", "converged", 0.1)
    assert not fault(known, Measured({"u": 9e-6, "v": 9e-10}, "pass", "", 0.1))
    assert "error of u" in fault(known, Measured({"u": 2e-5, "v": 0.0}, "pass", "", 0.1))
    assert "error of v" in fault(known, Measured({"u": 1e-6, "v": 2e-9}, "pass", "", 0.1))
    assert "error of u" in fault(known, Measured({"u": float("nan")}, "pass", "", 0.1))
    assert "verdict fail" in fault(known, Measured({"u": 1e-6}, "fail", "", 0.1))
    assert "refused: why" in fault(known, Measured({}, "refused", "why", 0.1))


def test_the_command_prints_a_row_each(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["oscillator", "--transformation", "renamed"]) == 0
    told = capsys.readouterr().out.splitlines()
    assert len(told) == 4 and told[2].startswith("oscillator") and told[2].endswith("ok")
    with pytest.raises(SystemExit):
        main(["no such problem"])


def test_every_subject_is_listed_once_with_its_settings() -> None:
    assert all(isinstance(s, Subject) and s.name == name for name, s in SUBJECTS.items())
    assert set(WHOLE) | set(PARTS) <= set(SUBJECTS)
