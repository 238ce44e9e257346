"""The guard at run time: what a march carries from step to step must not grow where the equations do not let it."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import pytest
import torch
from torch import sin

from pinnsolve import Box, Problem, d, initial, periodic
from pinnsolve.cells.implicit_step import Start, Step
from pinnsolve.march import carried
from pinnsolve.march.carried import Carried
from pinnsolve.march.growth import one_step, unequal
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.record import Accuracy
from pinnsolve.march.second import slabs
from pinnsolve.march.start import at_start
from pinnsolve.methods.marching import GROWING
from pinnsolve.networks.local_features import LocalFeatures
from pinnsolve.trial.marched import Marched
from validation.marched import read
from validation.stability_planes import CASES

pytestmark = pytest.mark.usefixtures("unasked")

CPU = torch.device("cpu")


def marcher(problem: Problem, degree: int, stages: int, part: float) -> Marcher:
    """A march on cells of unequal size, the bounds of which are met by any step of so short a length; joined by
    springs, as over shapes, since fluxes let nothing grow."""
    made = Marcher(replace(read(problem)[0], fluxed=()), Accuracy(degree, stages, 1e-3, 1e9), CPU)
    made.mesh = unequal(made.scheme.evolution, CPU)
    made.start = at_start(made.scheme, made.mesh)
    made.carried = Carried.begun(made.scheme, made.mesh, made.sizes)
    made.length = part * made.span
    return made


def growing(u: Any, x: Any, t: Any) -> Any:
    return d(u, t) + d(u, x) - 50 * u


def test_a_change_goes_through_a_step_as_the_one_step_operator_says() -> None:
    m = marcher(CASES["drum"], 5, 3, 1 / 40)
    step = Step(m.scheme, m.mesh, m.at, m.length, m.start, m._constant(m.length))
    assert m.solver.solve(step) and m.solver.operator is not None
    before = m.carried.change
    end, grown = carried._through(step, m.solver.operator, before, m.sizes)
    c = torch.cat([before.values.flatten(), before.rates.flatten()])
    after = (one_step(step) @ c)[: before.values.numel()].reshape(before.values.shape)
    made = end.values * math.exp(grown) * carried.norm(before.values, m.mesh, m.sizes)
    assert torch.allclose(made, after, atol=1e-7 * float(after.abs().max()))


def test_short_steps_of_a_drum_grow_and_are_lengthened(monkeypatch: pytest.MonkeyPatch) -> None:
    """At steps of 1/4000 a drum grows by e^75 by the end (`validation/stability_planes.md`)."""
    monkeypatch.setattr(carried, "RULES", replace(carried.RULES, much=0.2, waits=0))
    m = marcher(CASES["drum"], 7, 5, 1 / 4000)
    for _ in range(160):
        m.length = min(m.length, m.span / 4000)  # as if something asked for it
        assert m.advance()
        if m.shortest:
            break
    assert m.shortest == pytest.approx(4 / 4000)


def test_what_equations_let_grow_is_no_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(carried, "RULES", replace(carried.RULES, settling=3, much=1.0, waits=0))
    ring = Problem(
        space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=growing,
        conditions=[initial(u=lambda x: sin(2 * math.pi * x)), periodic("x")],
    )  # fmt: skip
    m = marcher(ring, 7, 3, 1 / 200)
    for _ in range(40):
        m.length = m.span / 200
        assert m.advance()
    assert m.carried.even and m.carried.grown - m.carried.low > 2
    assert m.record.status == "done" and not m.shortest


def test_the_outcome_says_that_a_march_grows() -> None:
    m = marcher(CASES["drum"], 5, 3, 1 / 40)
    m.shortest = 1.0  # steps were lengthened already
    m.carried = Carried(m.scheme, Start(m.carried.change.values, m.carried.change.rates), m.sizes, 9.0)
    m.carried.even, m.carried.steps = [m.start], 1
    assert not m.advance() and m.record.status == "growing" and not m.record.honest
    problem = CASES["drum"]
    trial = Marched(problem, LocalFeatures(degree=9, stages=5), read(problem)[1])
    trial.take(slabs(m.record.steps))
    trial.stopped = GROWING
    words = f"beyond t = {m.at:.4g} nothing is solved; what is carried from step to step grows there"
    assert 0 < m.at < m.span and trial.missing.startswith(words)
