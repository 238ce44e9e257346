"""Diffusion that vanishes with the unknown: true errors of less and less viscosity beside the bounds that are stated.

    python -m validation.spreading [case ...]        some minutes on one core

Writes the table "spreading" of docs/how_to_choose.md, made as that of `validation.shocks`.

Sources: Vazquez, The Porous Medium Equation (2007), section 4.4 (Barenblatt's solutions, and waves); Newman, J. Theor.
Biol. 85 (1980) 325 (Fisher's sharp wave).
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
from torch import clamp, exp

from pinnsolve import Box, Problem, d, dirichlet, exact, face, initial, neumann
from validation.results import ROOT, put
from validation.shocks import HEADER, table


def barenblatt(m: int, dims: int = 1) -> Problem:
    """u_t = laplace(u^m) from its source solution at t = 1, along a line or a radius."""
    a = 1 / (dims * (m - 1) + 2)
    k = a * (m - 1) / (2 * m)
    end = 1.3 * k**-0.5 * 8**a

    def known(x: Any, t: Any) -> Any:
        return t ** (-dims * a) * np.maximum(1 - k * x**2 / t ** (2 * a), 0) ** (1 / (m - 1))

    def line(u, x, t):  # type: ignore[no-untyped-def]
        return d(u, t) - d(u**m, x, x)

    def radius(u, x, t):  # type: ignore[no-untyped-def]
        return d(u, t) - d(x * d(u**m, x), x) / x

    middle = [neumann(u=0, on=face(x=0)), dirichlet(u=0, on=face(x=end))]
    return Problem(
        space=Box(x=(-end if dims == 1 else 0, end)), time=(1, 8), unknowns="u", equations=line if dims == 1 else radius,
        conditions=[
            initial(u=lambda x: clamp(1 - k * x**2, min=0.0) ** (1 / (m - 1))),
            *([dirichlet(u=0)] if dims == 1 else middle),
        ],
        reference=exact(u=known), tolerance=1e-2,
    )  # fmt: skip


def radiation(n: int) -> Problem:
    """u_t = (u^n u_x)_x: a wave u = (n (t - x))^(1/n) that comes in."""
    return Problem(
        space=Box(x=(0, 1)), time=(0, 0.5), unknowns="u", equations=lambda u, x, t: d(u, t) - d(u**n * d(u, x), x),
        conditions=[
            initial(u=0.0), dirichlet(u=lambda t: clamp(n * t, min=0.0) ** (1 / n), on=face(x=0)),
            dirichlet(u=0.0, on=face(x=1)),
        ],
        reference=exact(u=lambda x, t: np.maximum(n * (t - x), 0) ** (1 / n)), tolerance=1e-2,
    )  # fmt: skip


def sharp_wave() -> Problem:
    """u_t = (u u_x)_x + u (1 - u): u = 1 - exp((x - c t) / sqrt 2) behind its edge, c = 1 / sqrt 2."""
    c = 2**-0.5
    return Problem(
        space=Box(x=(-10, 10)), time=(0, 6), unknowns="u",
        equations=lambda u, x, t: d(u, t) - d(u * d(u, x), x) - u * (1 - u),
        conditions=[
            initial(u=lambda x: clamp(1 - exp(c * x), min=0.0)), dirichlet(u=0.0, on=face(x=10)),
            dirichlet(u=lambda t: 1 - exp(c * (-10 - c * t)), on=face(x=-10)),
        ],
        reference=exact(u=lambda x, t: np.maximum(1 - np.exp(c * (x - c * t)), 0)), tolerance=1e-2,
    )  # fmt: skip


CASES: dict[str, tuple[Callable[[], Problem], int]] = {
    "gas, m = 2": (partial(barenblatt, 2), 3),
    "gas, m = 3": (partial(barenblatt, 3), 4),
    "gas, m = 4": (partial(barenblatt, 4), 4),
    "gas, m = 2, in a disc by its radius": (partial(barenblatt, 2, 2), 6),
    "radiation, u^3 u_x": (partial(radiation, 3), 3),
    "sharp wave": (sharp_wave, 3),
}

if __name__ == "__main__":
    lines = [line for name in sys.argv[1:] or CASES for line in table(name, CASES[name][0](), CASES[name][1])]
    page = ROOT / "docs" / "how_to_choose.md"
    if not sys.argv[1:]:
        page.write_text(put(page.read_text(), "spreading", "\n".join([HEADER, *lines])))
