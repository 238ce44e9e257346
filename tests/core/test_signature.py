"""What a problem's functions read may change before it is solved, and between two solutions."""

from __future__ import annotations

import pytest

from pinnsolve import Box, Problem, d, dirichlet, face
from pinnsolve.checks.check import check
from pinnsolve.checks.signature import as_told

READ = {"height": 0.5, "source": 1.0}


def poisson() -> Problem:
    return Problem(
        space=Box(x=(0, 1), y=(0, 1)), unknowns="u",
        equations=lambda u, x, y: d(u, x, x) + d(u, y, y) - READ["source"],
        conditions=[dirichlet(u=0, on=face(x=1)), dirichlet(u=0, on=face(x=0).where(lambda y: y < READ["height"]))],
    )  # fmt: skip


def told(problem: Problem) -> tuple[float, float]:
    """How far up the second condition holds, and how large the unknown is taken to be."""
    highest = problem.pieces(problem.conditions[1])[0].grid().coordinates["y"].max()
    return float(highest), check(problem).sizes["u"].scale


@pytest.mark.parametrize("looked", ["made", "checked"])
def test_what_has_changed_is_looked_at_anew(looked: str, monkeypatch: pytest.MonkeyPatch) -> None:
    problem = poisson()
    if looked == "checked":
        before = told(problem)
        assert before[0] == pytest.approx(0.5, abs=0.1)
    monkeypatch.setitem(READ, "height", 0.8)
    monkeypatch.setitem(READ, "source", 100.0)
    again, fresh = told(as_told(problem)), told(poisson())
    assert again == fresh and again[0] == pytest.approx(0.8, abs=0.1)
    if looked == "checked":
        assert again[1] == pytest.approx(100 * before[1])


def test_what_has_not_changed_is_looked_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    problem = poisson()
    once = check(as_told(problem))
    assert check(as_told(problem)).sizes is once.sizes
