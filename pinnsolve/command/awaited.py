"""What a solution of the command is held against: built before training, or beside it."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import numpy as np

from pinnsolve.checks.check import Findings
from pinnsolve.checks.references import brought, reference_of
from pinnsolve.classical.automatic import EFFORT, Attempt, attempt
from pinnsolve.machine.beside import Beside, second_core
from pinnsolve.machine.memory import Peak, peak_memory
from pinnsolve.machine.world import ALONE, World
from pinnsolve.problem.problem import Problem
from pinnsolve.reference import Reference
from pinnsolve.verdict.slices import References, references_of

Known = tuple[References, str, Peak]
Told = tuple[Attempt, int]


@contextmanager
def awaited(
    problem: Problem, findings: Findings, budget: float, world: World = ALONE
) -> Iterator[Callable[[], Known]]:  # fmt: skip
    """The same as `references`, asked for later: an automatic one is solved beside what this process does where there
    is a second core that no other rank has. Its fields can be asked while the context is entered."""
    if problem.reference is None or brought(problem) or world.size > 1 or not second_core():
        known = references(problem, findings, budget)
        yield lambda: known
        return
    beside = Beside(lambda: _served(*_solved(problem, findings, budget)))
    try:
        yield lambda: _known(problem, *(_asking(beside) or _solved(problem, findings, budget)))
    finally:
        beside.close()


def references(problem: Problem, findings: Findings, budget: float) -> Known:
    """The references at all values at which the problem is compared, a note where there is none, and their memory.

    One that the problem brings is built before training, so that a fault in it costs nothing. Where it brings none it
    is solved by differences, which takes at most half of the budget, and nothing of what training has.
    """
    if problem.reference is not None and not brought(problem):
        return _known(problem, *_solved(problem, findings, budget))
    with peak_memory() as peak:
        if problem.reference is None:
            return references_of(problem, lambda _: None), "the reference is switched off", peak
        return references_of(problem, reference_of, findings.narrow), "", peak


def _solved(problem: Problem, findings: Findings, budget: float) -> Told:
    with peak_memory() as peak:
        tried = attempt(problem, seconds=EFFORT.share * budget, findings=findings)
    return tried, peak.bytes


def _known(problem: Problem, tried: Attempt, peak: int) -> Known:
    note = "" if tried.reference else f"no reference, because {tried.why}"
    return references_of(problem, lambda _: tried.reference), note, Peak(peak)


def _served(tried: Attempt, peak: int) -> tuple[tuple[Attempt, list[str], int], Callable[[Any], Any]]:
    """What can be told of it, and its fields' answers."""
    found = tried.reference
    fields = {} if found is None else dict(found.fields)

    def answer(question: tuple[str, Mapping[str, np.ndarray]]) -> np.ndarray:
        name, places = question
        return fields[name](**places)

    told = dataclasses.replace(tried, reference=found and dataclasses.replace(found, fields={}))
    return (told, list(fields), peak), answer


def _asking(beside: Beside[tuple[Attempt, list[str], int]]) -> Told | None:
    """The same with fields that ask the other process; None where it failed there."""
    told = beside.told()
    if told is None:
        return None
    tried, names, peak = told

    def field(name: str) -> Callable[..., np.ndarray]:
        return lambda **places: beside.ask((name, places))

    found: Reference | None = tried.reference
    if found is not None:
        found = dataclasses.replace(found, fields={name: field(name) for name in names})
    return dataclasses.replace(tried, reference=found), peak
