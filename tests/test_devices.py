"""Every kind of run on a card that is pretended (`tests.pretended_card`): nothing that it computes with stays on the
host. Where a card is at hand the same runs are its own test."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import Any

import pytest
import torch

from pinnsolve import (
    MLP,
    SPRING,
    Box,
    Disk,
    LevenbergMarquardt,
    LocalFeatures,
    Marching,
    Piecewise,
    Problem,
    RandomFeatures,
    Settings,
    Unknown,
    d,
    dirichlet,
    initial,
    integral,
    laplace,
    observed,
    solve,
)
from pinnsolve.checks.check import check
from pinnsolve.methods.by_name import METHODS
from tests.pretended_card import CARD, HOST, PretendedCard, put, where

SQUARE = Box(x=(0, 1), y=(0, 1))
HOLE = Disk(x=0.5, y=0.5, radius=0.2)
TRAINED: dict[str, Any] = {"network": MLP(width=6, depth=1), "method": LevenbergMarquardt(steps=6), "points": 80}


def of(equations: Any, space: Any = SQUARE, **more: Any) -> Problem:
    given = {"conditions": [dirichlet(u=lambda x, y: x * y)], "tolerance": 1e-2, **more}
    return Problem(space=space, unknowns="u", equations=equations, reference=None, **given)


def cubic(u, x, y):  # type: ignore[no-untyped-def]
    return laplace(u, x, y) - u**3 + torch.sin(3 * x)


def conducting(u, x, y, k):  # type: ignore[no-untyped-def]
    return d(k * d(u, x), x) + d(k * d(u, y), y)


def heating(u, x, y, t, k):  # type: ignore[no-untyped-def]
    return d(u, t) - conducting(u, x, y, k)


def averaging(u, x):  # type: ignore[no-untyped-def]
    return d(u, x, x) - integral(u, over="x") + 1


def decaying(u, t, k):  # type: ignore[no-untyped-def]
    return d(u, t) + k * u


def carried(u, x, y, t):  # type: ignore[no-untyped-def]
    return d(u, t) + u * d(u, x) - 0.1 * laplace(u, x, y)


DATA = {"t": torch.linspace(0.1, 1, 12), "u": torch.exp(-0.7 * torch.linspace(0.1, 1, 12))}
RUNS: dict[str, tuple[Problem, dict[str, Any]]] = {
    "a network, its points redrawn": (of(cubic), TRAINED),
    "more weights than points": (of(cubic), {**TRAINED, "method": SPRING(steps=6)}),
    "cells that a rim cuts": (
        of(cubic, Disk(x=0, y=0, radius=1)),
        {"network": LocalFeatures(activation="tanh"), "method": Marching(bound=0.5, steps=2)},
    ),
    "cells that a curve between materials cuts": (
        of(conducting, parameters={"k": Piecewise(1.0, (Disk(x=0.5, y=0.5, radius=0.2), 5.0))}),
        {"network": LocalFeatures(), "method": Marching(bound=0.5, steps=2)},
    ),
    "blocks that fluxes join": (
        of(conducting, parameters={"k": Piecewise(1.0, (Box(x=(0.5, 1), y=(0.5, 1)), 5.0))}),
        {"network": LocalFeatures(), "method": Marching(bound=0.5, steps=2)},
    ),
    "random features, materials": (
        of(conducting, parameters={"k": Piecewise(1.0, (HOLE, 5.0))}),
        {"network": RandomFeatures(15), "points": 60},
    ),
    "random features beside a hole": (of(cubic, SQUARE - HOLE), {"network": RandomFeatures(15), "points": 60}),
    "integrals": (
        of(averaging, Box(x=(0, 1)), conditions=[dirichlet(u=0)]), {"network": RandomFeatures(20), "points": 60},
    ),
    "a march of a plane": (
        of(carried, time=(0, 0.05), conditions=[initial(u=lambda x, y: x * (1 - x) * y * (1 - y)), dirichlet(u=0)]), {},
    ),
    "an integral in cells": (of(averaging, Box(x=(0, 1)), conditions=[dirichlet(u=0)]), {}),
    "a constant in cells": (
        Problem(
            time=(0, 1), unknowns="u", equations=decaying, parameters={"k": Unknown(1.0)}, reference=None,
            conditions=[initial(u=1), observed(sigma=1e-3, **DATA)],
        ),
        {},
    ),
}  # fmt: skip


for method in ("ssbroyden", "lbfgs", "soap", "adam", "sgd", "newton"):  # beside those above
    steps = {"method": METHODS[method](steps=2), "dtype": torch.float32}
    RUNS[f"{method} with half of the digits"] = (of(cubic), {**TRAINED, **steps})


@pytest.mark.parametrize("name", RUNS)
def test_nothing_stays_on_the_host(name: str) -> None:
    problem, options = RUNS[name]
    check(problem)  # on the host, as for every card
    with warnings.catch_warnings(), PretendedCard() as card:
        warnings.simplefilter("ignore")  # such short runs do not converge
        solve(problem, settings=replace(Settings(held_out=60, budget=100), device=str(CARD), **options))
    assert not card.found


def test_every_method_runs_on_it() -> None:
    """Mutant: a method that is listed and stands in no run."""
    ran = {type(options.get("method", Marching())) for _, options in RUNS.values()}
    assert {type(made()) for made in METHODS.values()} <= ran


def test_what_a_card_refuses_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each way: numbers, one number, an index, a draw, a driver, and numbers that are read as an array."""
    monkeypatch.setattr(PretendedCard, "_note", lambda card, what: card.found.setdefault(what, what))
    before = torch.ones(3)  # made by a user, before anything was on a card
    with PretendedCard() as card:
        there, here = torch.ones(3, device=CARD), torch.ones(3)
        assert (where(there), where(here), there.device, here.device) == ("card", "host", CARD, HOST)
        assert where(there + 1) == where(here.to(CARD)) == "card" and where(there.cpu()) == "host"
        assert where(there) == "card" and not card.found
        assert where(torch.nn.Parameter(there)) == where(torch.nn.Parameter(there).detach()) == "card"
        there + here
        there.sub(before)
        here.mul(there[0])  # the host may lend a number to the card, and not the reverse
        there * here[0]
        torch.linalg.lstsq(there[:, None], there[:, None], driver="gelsd")
        there[torch.tensor([0])]
        torch.rand(2, generator=torch.Generator(), device=CARD)
        there.numpy()
    assert [what.split(" ")[0] for what in card.found] == [
        "add", "sub", "mul", "linalg_lstsq", "__getitem__", "rand", "numpy",
    ]  # fmt: skip
    put(here, None)
    assert where(here) == "host"
