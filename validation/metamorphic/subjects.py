"""Whatever is told in other words: the gallery's quick problems, a problem of every form, and a few by other methods."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module

from pinnsolve import MLP, LevenbergMarquardt, Problem, Settings
from validation.metamorphic.first_order import FIRST_ORDER
from validation.metamorphic.forms import FORMS

# all of the gallery that is trained in less than two seconds on one core, and the two next to it, which are the only
# ones that are both periodic and solenoidal, or of second order in time and not linear
GALLERY = (
    "heat", "cooling", "heat_plate", "poisson", "poisson_3d", "kovasznay", "wave", "fisher_kpp", "inverse_heat",
    "klein_gordon", "taylor_green",
)  # fmt: skip
TRAINED = ("heat", "bar", "oscillator", "vortex")
BUDGET = 60.0  # seconds of training: ten times what the slowest of them takes, since other work may share the machine


@dataclass(frozen=True)
class Subject:
    """A problem and how it is solved.

    Parameters
    ----------
    name : str
    declare : callable -> Problem
    settings : Settings
    first_order : callable -> Problem, optional
        The same problem as a system of first order.
    """

    name: str
    declare: Callable[[], Problem]
    settings: Settings
    first_order: Callable[[], Problem] | None = None


def subjects(budget: float = BUDGET) -> dict[str, Subject]:
    """All, by name."""
    default = Settings(budget=budget)
    trained = Settings(
        network=MLP(width=10, depth=2), method=LevenbergMarquardt(steps=40), points=300, condition_points=100,
        budget=budget,
    )  # fmt: skip
    found = [Subject(name, _shipped(name), default, FIRST_ORDER.get(name)) for name in GALLERY]
    found += [Subject(name, form, default, FIRST_ORDER.get(name)) for name, form in FORMS.items()]
    declare = {one.name: one.declare for one in found}
    found += [Subject(f"{name}, trained", _for_so_few_steps(declare[name]), trained) for name in TRAINED]
    return {one.name: one for one in found}


def _for_so_few_steps(declare: Callable[[], Problem]) -> Callable[[], Problem]:
    """The problem with a tolerance that forty steps reach."""
    return lambda: declare().replaced(tolerance=2e-2)


def _shipped(name: str) -> Callable[[], Problem]:
    def declare() -> Problem:
        problem: Problem = import_module(f"problems.{name}").problem
        return problem

    return declare
