"""A value at the start is one thing, whatever it is called: the run is the same to rounding, step by step."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from pinnsolve import LevenbergMarquardt, Problem, Settings, Solution, solve
from validation.metamorphic.subjects import subjects
from validation.metamorphic.transformations import places, retellings

SUBJECTS = subjects(budget=20.0)
STEPS = LevenbergMarquardt(steps=10)  # of a network: what rounds otherwise shows from the first one on
NAMES = ("growth", "oscillator", "heat", "heat, trained", "bar, trained")
ROUNDING = 1e-12  # of the largest value: two ways to say a value may round differently, and no more
WAYS = ("start by dirichlet()", "values face by face", "all by condition()")
CASES = [(name, way) for name in NAMES for way in WAYS if way in retellings(SUBJECTS[name].declare())]


def asked(name: str) -> Settings:
    settings = SUBJECTS[name].settings
    return settings if settings.automatic else replace(settings, method=STEPS)


@cache
def solved(name: str) -> tuple[Problem, Solution]:
    problem = SUBJECTS[name].declare()
    return problem, solve(problem, settings=asked(name))


@pytest.mark.parametrize(("name", "way"), CASES, ids=str)
def test_the_run_is_the_same_to_rounding(name: str, way: str) -> None:
    problem, known = solved(name)
    told = solve(retellings(problem)[way].problem(problem), settings=asked(name))
    assert told.training is not None
    assert known.training is not None
    assert (told.training.steps, told.training.network) == (known.training.steps, known.training.network)
    assert sorted(told.conditions.values()) == sorted(known.conditions.values()) or way == "values face by face"
    at = places(problem)
    for u in problem.unknowns:
        values = known.d(u)(**at)
        assert np.abs(told.d(u)(**at) - values).max() <= ROUNDING * np.abs(values).max(), u
