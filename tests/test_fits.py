"""How constants are fitted over cells: as exactly as they need it, and with no more solutions than tell something."""

from __future__ import annotations

from dataclasses import replace
from functools import cache
from math import pi

import numpy as np
import pytest
from torch import sin

from pinnsolve import Box, Problem, Solution, Unknown, d, dirichlet, initial, observed, solve
from pinnsolve.inverse.profile import REACH, Profile
from pinnsolve.inverse.refit import Refit
from pinnsolve.methods import by_constants, fitted, marched_for
from pinnsolve.methods.fitting_rules import RULES


def rod(noise: float) -> Problem:
    """A rod that cools, known by two modes, D = 0.07."""
    x, t = (v.ravel() for v in np.meshgrid(np.linspace(0.1, 0.9, 9), np.linspace(0.05, 1, 8)))
    modes = [s * np.sin(k * pi * x) * np.exp(-0.07 * (k * pi) ** 2 * t) for k, s in ((1, 1.0), (3, 0.5))]
    u = sum(modes) + noise * np.random.default_rng(5).standard_normal(len(x))
    return Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u",
        equations=lambda u, x, t, D: d(u, t) - D * d(u, x, x),
        conditions=[
            initial(u=lambda x: sin(pi * x) + 0.5 * sin(3 * pi * x)), dirichlet(u=0.0),
            observed(x=x, t=t, u=u, sigma=noise or None),
        ],
        parameters={"D": Unknown(1.0, positive=True)}, reference=None, tolerance=1e-3,
    )  # fmt: skip


@cache
def seen(noise: float) -> tuple[Solution, list[float], list[int]]:
    """The solution, what was asked of each march in turn, and how many of them each side of a profile took."""
    asked, sides = list[float](), list[int]()
    with pytest.MonkeyPatch.context() as patch:
        for name in ("anew", "again"):
            plain = getattr(marched_for.OverSteps, name)

            def noted(self, *given, plain=plain):  # type: ignore[no-untyped-def]
                asked.append(self.accuracy.tolerance)
                return plain(self, *given)

            patch.setattr(marched_for.OverSteps, name, noted)
        side = Profile._side

        def counted(self: Profile, name: str, sign: int) -> object:
            before = len(asked)
            found = side(self, name, sign)
            sides.append(len(asked) - before)
            return found

        patch.setattr(Profile, "_side", counted)
        return solve(rod(noise), budget=60), asked, sides


def test_cells_are_as_fine_as_constants_need_and_in_the_end_as_the_tolerance_asks() -> None:
    solution, asked, _ = seen(0.0)
    found = solution.training.identified.constants["D"]  # type: ignore[union-attr]
    assert abs(found.value - 0.07) < 1e-7 and solution.converged
    assert asked[0] == RULES.coarsest and asked == sorted(asked, reverse=True)
    assert asked[-1] == pytest.approx(1e-5), "a hundredth of the tolerance"


def test_a_side_of_a_profile_is_one_solution_and_tells_the_other() -> None:
    solution, _, sides = seen(0.01)
    found = solution.training.identified.constants["D"]  # type: ignore[union-attr]
    assert sides == [1]
    assert abs(found.value - 0.07) < 4 * found.standard_error < 0.01


def test_where_slopes_foretell_another_rise_both_sides_are_followed(monkeypatch: pytest.MonkeyPatch) -> None:
    followed = list[int]()
    side = Profile._side
    monkeypatch.setattr(Profile, "_side", lambda self, name, sign: followed.append(sign) or side(self, name, sign))
    beside = Refit.beside
    monkeypatch.setattr(Refit, "beside", lambda *given: (beside(*given)[0], 1e3))
    solve(rod(0.01), budget=60)
    assert followed == [-1, 1] and 0 < REACH.bends < 1


def test_coarse_cells_do_not_serve_where_finer_ones_are_asked_for() -> None:
    solution, _, _ = seen(0.0)
    trial = solution.trial
    solver = by_constants.ForConstants(trial, replace(fitted.Accuracy(), tolerance=1e-3))  # type: ignore[arg-type]
    kept = solver.as_kept(trial)  # type: ignore[arg-type]
    assert kept is not None and kept.asked == 1e-3
    assert solver._is_near(kept.values, kept)
    solver.ask(1e-4)
    assert not solver._is_near(kept.values, kept)
