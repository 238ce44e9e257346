"""Steps of a march that are solved again as fewer ones of equal length: what they cover, and where they do not do."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch import Tensor

from pinnsolve import Box, Problem, d, dirichlet, initial, laplace
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.march.longer_steps import Stretch, stretches
from pinnsolve.networks.tiles import Tiles
from pinnsolve.trial.marched import Slab
from validation.marched import read

CPU = torch.device("cpu")

PLATE = Problem(
    space=Box(x=(0, 1), y=(0, 1)), time=(0, 1), unknowns="u", reference=None,
    equations=lambda u, x, y, t: d(u, t) - laplace(u, x, y), conditions=[initial(u=0), dirichlet(u=0)],
)  # fmt: skip
LENGTHS = (0.02, 0.08, 0.2, 0.3, 0.2, 0.2)
SIZES = torch.ones(1, dtype=torch.float64)


def known(of: Callable[[Tensor], Tensor], lengths: tuple[float, ...] = LENGTHS, cells: int = 2) -> list[Slab]:
    """Steps of degree three that follow a function of time, everywhere the same, as Legendre polynomials do."""
    evolution, _ = read(PLATE)
    mesh, made, begin = Tiles.begun(evolution.extent, cells, evolution.joints, CPU, None), list[Slab](), 0.0
    x, w = (torch.from_numpy(a) for a in np.polynomial.legendre.leggauss(4))
    p = torch.from_numpy(np.polynomial.legendre.legvander(x, 3).T * np.sqrt(2 * np.arange(4) + 1)[:, None])
    for length in lengths:
        modes = torch.zeros(len(mesh), 4, 1, 36, dtype=torch.float64)
        modes[:, :, 0, 0] = p @ (w / 2 * of(begin + length * (x + 1) / 2))
        made.append(Slab(mesh, begin, length, modes))
        begin += length
    return made


def taken(steps: list[Slab]) -> list[Stretch]:
    evolution, _ = read(PLATE)
    return stretches(steps, Scheme(evolution, 9, 5, CPU), Scheme(evolution, 7, 3, CPU), SIZES)


def test_the_first_step_stays_and_the_others_are_as_long_as_the_longest_of_them() -> None:
    found = taken(known(lambda t: torch.exp(-t)))
    assert [s.length for s in found] == pytest.approx([0.02, *[0.98 / 4] * 4])
    assert len({s.length for s in found[1:]}) == 1
    assert all(a.begin + a.length == pytest.approx(b.begin, abs=1e-14) for a, b in zip(found, found[1:], strict=False))
    assert found[-1].begin + found[-1].length == pytest.approx(1.0, abs=1e-14)


def test_what_is_known_is_read_at_any_time_of_a_long_step() -> None:
    found = taken(known(lambda t: torch.exp(-t)))[1]
    parts = torch.linspace(0, 1, 21, dtype=torch.float64)
    values = found.at(parts)[:, 0, 0, 0]
    assert torch.allclose(values, torch.exp(-(found.begin + parts * found.length)), atol=3e-5)
    assert [s.length for s in found.known] == [0.08, 0.2]


def test_what_long_steps_would_lose_is_left_as_it_is() -> None:
    """A pulse that short steps follow, and long ones do not (mutant: without `_lost`)."""
    lengths = (0.02, *[0.02] * 20, 0.29, 0.29)
    pulse = known(lambda t: torch.exp(-(((t - 0.2) / 0.02) ** 2)), lengths)
    assert [s.length for s in taken(pulse)][:17] == pytest.approx([0.02] * 17)
    calm = known(lambda t: torch.exp(-t), lengths)
    assert len(taken(calm)) == 1 + math.ceil(0.98 / 0.29) == 5


def test_nothing_is_taken_together_across_a_change_of_cells() -> None:
    some, others = known(lambda t: torch.exp(-t)), known(lambda t: torch.exp(-t), cells=3)
    mixed = [*some[:3], *others[3:]]
    assert any(s.begin == pytest.approx(0.3) for s in taken(mixed))
    assert all(len({slab.mesh.places for slab in s.known}) == 1 for s in taken(mixed))
