"""What poorer marches tell of the error of a march over a plane (`pinnsolve.methods.told_by_poorer`), beside that error.

    python -m validation.poorer [name ...]           three minutes on one core

No richer march is solved: the error that is stated is the part that last terms tell of the distance. Exact solutions;
fronts that run aslant through a square, humps that are carried or turned, modes, waves. Writes the table "poorer" of
docs/how_to_choose.md.

Sources: Ablowitz & Zeppetella, Bull. Math. Biol. 41 (1979) 835 (Fisher's front); Murray, Mathematical Biology I (2002),
13.3 (that of two stable states); Fletcher, Int. J. Numer. Methods Fluids 3 (1983) 213.
"""

from __future__ import annotations

import sys
import time
import warnings
from collections.abc import Callable, Sequence
from math import pi
from typing import Any

import torch
from torch import cos, exp, sigmoid, sin

from pinnsolve import Box, Problem, compare, d, dirichlet, exact, initial, initial_rate, laplace, solve
from pinnsolve.methods.enriching import Enriching
from validation.results import ROOT, put

Field = Callable[..., Any]
SQUARE = Box(x=(0, 1), y=(0, 1))


def declared(
    equations: Any, fields: Sequence[Field], tolerance: float, space: Box = SQUARE, end: float = 1.0,
    rate: Field | None = None,
) -> Problem:  # fmt: skip
    """A problem whose start and boundary are those of its solution."""
    known: dict[str, Any] = dict(zip(("u", "v"), fields, strict=False))
    starts = {u: lambda x, y, f=f: f(x, y, 0 * x) for u, f in known.items()}
    rates = [] if rate is None else [initial_rate(u=rate)]
    return Problem(
        space=space, time=(0, end), unknowns=tuple(known), equations=equations, tolerance=tolerance,
        conditions=[initial(**starts), *rates, dirichlet(**known)], reference=exact(**known),
    )  # fmt: skip


def burgers(nu: float, tolerance: float = 1e-3) -> Problem:
    """u_t + u u_x + u u_y = nu lap u: a front along x + y = t."""
    return declared(
        lambda u, x, y, t: d(u, t) + u * (d(u, x) + d(u, y)) - nu * laplace(u, x, y),
        [lambda x, y, t: sigmoid((t - x - y) / (2 * nu))], tolerance,
    )  # fmt: skip


def fletcher(nu: float) -> Problem:
    """Burgers' equations of two velocities."""

    def along(k: int) -> Field:
        return lambda u, v, x, y, t: (
            d((u, v)[k], t) + u * d((u, v)[k], x) + v * d((u, v)[k], y) - nu * laplace((u, v)[k], x, y)
        )

    front = [lambda x, y, t, s=s: 0.75 + s * sigmoid((4 * x - 4 * y + t) / (32 * nu)) / 4 for s in (-1, 1)]
    return declared([along(0), along(1)], front, 1e-3)


def fisher(spread: float, tolerance: float) -> Problem:
    """u_t = spread lap u + 5 u (1 - u): a front across (2, 1)."""
    steep, speed = (5 / (6 * spread)) ** 0.5, 5 * (5 * spread / 6) ** 0.5
    return declared(
        lambda u, x, y, t: d(u, t) - spread * laplace(u, x, y) - 5 * u * (1 - u),
        [lambda x, y, t: sigmoid(-steep * ((2 * x + y) / 5**0.5 - 0.4 - speed * t)) ** 2], tolerance,
    )  # fmt: skip


def bistable() -> Problem:
    """u_t = 1e-3 lap u + 20 u (1 - u) (u - 1/4): a front across (1, 1), up to t = 4."""
    return declared(
        lambda u, x, y, t: d(u, t) - 1e-3 * laplace(u, x, y) - 20 * u * (1 - u) * (u - 0.25),
        [lambda x, y, t: sigmoid(-100 * ((x + y) / 2**0.5 - 0.5 - 0.05 * t))], 1e-3, end=4.0,
    )  # fmt: skip


def hump(tolerance: float) -> Problem:
    """A hump that is carried and spreads."""

    def known(x: Any, y: Any, t: Any) -> Any:
        wide = 0.01 + 8e-3 * t
        return 0.01 / wide * exp(-((x - 0.25 - 0.6 * t) ** 2 + (y - 0.3 - 0.3 * t) ** 2) / wide)

    return declared(
        lambda u, x, y, t: d(u, t) + 0.6 * d(u, x) + 0.3 * d(u, y) - 2e-3 * laplace(u, x, y), [known], tolerance
    )  # fmt: skip


def turned() -> Problem:
    """A hump that is turned around once, and nothing spreads."""

    def known(x: Any, y: Any, t: Any) -> Any:
        c, s = cos(2 * pi * t), sin(2 * pi * t)
        return exp(-((c * x + s * y - 0.5) ** 2 + (c * y - s * x) ** 2) / 0.0128)

    wide = Box(x=(-1, 1), y=(-1, 1))
    return declared(
        lambda u, x, y, t: d(u, t) - 2 * pi * y * d(u, x) + 2 * pi * x * d(u, y), [known], 1e-2, wide
    )  # fmt: skip


def mode(tolerance: float, grows: float = 0.0) -> Problem:
    """u_t = 0.05 lap u + grows u: sin(3 pi x) sin(pi y)."""
    return declared(
        lambda u, x, y, t: d(u, t) - 0.05 * laplace(u, x, y) - grows * u,
        [lambda x, y, t: exp((grows - 0.5 * pi**2) * t) * sin(3 * pi * x) * sin(pi * y)], tolerance,
    )  # fmt: skip


def driven(tolerance: float) -> Problem:
    """Burgers' equation with a source, whose solution is carried along x."""

    def known(x: Any, y: Any, t: Any) -> Any:
        return 0.5 + sin(2 * pi * (x - t)) * cos(2 * pi * y)

    def equation(u: Any, x: Any, y: Any, t: Any) -> Any:
        w, along = known(x, y, t), 2 * pi * cos(2 * pi * (x - t)) * cos(2 * pi * y)
        source = w * (along - 2 * pi * sin(2 * pi * (x - t)) * sin(2 * pi * y)) - along + 0.08 * pi**2 * (w - 0.5)
        return d(u, t) + u * (d(u, x) + d(u, y)) - 0.01 * laplace(u, x, y) - source

    return declared(equation, [known], tolerance)


def wave() -> Problem:
    """u_tt = lap u: a plane wave across (0.8, 0.6)."""

    def at(x: Any, y: Any, t: Any) -> Any:
        return (0.8 * x + 0.6 * y - 0.2 - t) / 0.1

    return declared(
        lambda u, x, y, t: d(u, t, t) - laplace(u, x, y), [lambda x, y, t: exp(-(at(x, y, t) ** 2))], 1e-3,
        rate=lambda x, y: 20 * at(x, y, 0) * exp(-(at(x, y, 0) ** 2)),
    )  # fmt: skip


CASES: dict[str, Callable[[], Problem]] = {
    "Burgers, nu = 0.02": lambda: burgers(2e-2),
    "Burgers, nu = 0.02, to 1e-2": lambda: burgers(2e-2, 1e-2),
    "Burgers, nu = 0.01": lambda: burgers(1e-2),
    "Burgers, nu = 0.005": lambda: burgers(5e-3),
    "Burgers, nu = 0.04, to 1e-4": lambda: burgers(4e-2, 1e-4),
    "two velocities, nu = 0.005": lambda: fletcher(5e-3),
    "Fisher's front": lambda: fisher(5e-4, 1e-3),
    "Fisher's front, to 1e-4": lambda: fisher(5e-4, 1e-4),
    "a narrow one, to 1e-2": lambda: fisher(5e-5, 1e-2),
    "two stable states": bistable,
    "a hump, carried, to 1e-2": lambda: hump(1e-2),
    "the same to 1e-3": lambda: hump(1e-3),
    "the same to 1e-5": lambda: hump(1e-5),
    "turned around once, to 1e-2": turned,
    "a mode": lambda: mode(1e-3),
    "a mode that grows": lambda: mode(1e-3, 6.0),
    "driven": lambda: driven(1e-3),
    "driven, to 1e-4": lambda: driven(1e-4),
    "a plane wave": wave,
}
HEADER = "| | tolerance | error | stated | times | s |\n|---|---|---|---|---|---|"


def row(name: str, problem: Problem) -> str:
    """One run with no time for a richer march."""
    begun = time.process_time()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        solution = solve(problem, budget=1000)
    took, stated = time.process_time() - begun, solution.estimate
    error = max(e.relative_l2 for e in compare(solution).errors.values())
    told = "none | " if stated is None else f"{stated:.1e} | {stated / error:.1f}"
    return f"| {name} | {problem.tolerance:.0e} | {error:.1e} | {told} | {took:.1f} |"


def _without_richer(method: Enriching, _: Any, state: dict[str, Any]) -> float:
    return float("inf") if state["more"] > 0 else float(state["left"])


if __name__ == "__main__":
    torch.set_num_threads(1)
    Enriching.operations = _without_richer  # type: ignore[assignment]
    lines = [HEADER]
    for chosen in sys.argv[1:] or CASES:
        lines.append(row(chosen, CASES[chosen]()))
        print(lines[-1], flush=True)
    page = ROOT / "docs" / "how_to_choose.md"
    if not sys.argv[1:]:
        page.write_text(put(page.read_text(), "poorer", "\n".join(lines)))
