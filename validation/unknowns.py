"""What data tell of unknown constants and functions, over every kind of cells and by random features alone.

    python -m validation.unknowns                      the table in docs/how_to_choose.md, in a quarter of an hour
    python -m validation.unknowns plane march          some of its rows
    python -m validation.unknowns --cells              without random features

The conductivity k of a body whose warmth u is known at 400 places with noise of 1e-3: a number, a function of x, or one
of two coordinates. Errors of k and u over the body, relative, the mean standard error that is stated of k, seconds of
CPU time of all of `solve`; one thread, seed 0, 60 s by the clock each on an idle machine. Random features are 400 sines.
"""

from __future__ import annotations

import argparse
import inspect
import time
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from math import pi
from typing import Any

import numpy as np
import torch
from torch import cos, sin

from pinnsolve import (
    Box,
    Disk,
    NotConverged,
    Problem,
    RandomFeatures,
    Solution,
    Unknown,
    d,
    dirichlet,
    initial,
    observed,
    periodic,
    solve,
)
from pinnsolve.trial.of_cells import OfCells

NOISE, SEEN = 1e-3, 400
Field = Callable[..., Any]


def along(names: str) -> Box:
    return Box(**dict.fromkeys(names, (0, 1)))


@dataclass(frozen=True)
class Body:
    """Where it is, over which coordinates, and whether time is one that repeats itself."""

    space: Any
    names: str
    rings: bool = False

    @property
    def timed(self) -> bool:
        return "t" in self.names

    def warmth(self, **at: Any) -> Any:
        shape: Any = 1.0
        for c in (c for c in self.names if c != "t"):
            shape = shape * sin(pi * at[c])
        swings: Any = cos(2 * pi * at["t"]) if self.rings else torch.exp(-at["t"]) if self.timed else 1.0
        return swings * shape + 0.3 * at["x"]

    def inside(self, count: int, seed: int) -> dict[str, Any]:
        """Places in it."""
        at = dict(zip(self.names, np.random.default_rng(seed).uniform(0, 1, (len(self.names), 4 * count)), strict=True))
        kept = (
            np.ones(4 * count, bool) if isinstance(self.space, Box) else np.hypot(at["x"] - 0.5, at["y"] - 0.5) > 0.21
        )
        return {c: v[kept][:count] for c, v in at.items()}


BODIES = {
    "line": Body(along("x"), "x"),
    "plane": Body(along("xy"), "xy"),
    "holed": Body(along("xy") - Disk(x=0.5, y=0.5, radius=0.2), "xy"),
    "space": Body(along("xyz"), "xyz"),
    "march": Body(along("x"), "xt"),
    "plane_march": Body(along("xy"), "xyt"),
    "holed_march": Body(along("xy") - Disk(x=0.5, y=0.5, radius=0.2), "xyt"),
    "space_march": Body(along("xyz"), "xyzt"),
    "ring": Body(along("x"), "xt", rings=True),
}


def conductivity(of: str) -> Field:
    """1.3, 1 + sin(2 x) / 2, or the same of 2 x + y (or t)."""

    def value(**at: Any) -> Any:
        where = sum((2.0 if c == "x" else 1.0) * at[c] for c in of)
        return 1 + 0.5 * sin(where) if of else 1.3 + 0 * at["x"]

    return value


def named(names: str, function: Callable[..., Any]) -> Field:
    """A function of **at whose arguments are called so."""

    def made(**at: Any) -> Any:
        return function(**at)

    kinds = inspect.Parameter.KEYWORD_ONLY
    made.__signature__ = inspect.Signature([inspect.Parameter(c, kinds) for c in names])  # type: ignore[attr-defined]
    return made


def stated(body: Body, of: str) -> Problem:
    """The body, what is known of it, and the source by which it is so warm."""
    space, known = [c for c in body.names if c != "t"], conductivity(of)

    def balance(u: Any, k: Any, at: dict[str, Any]) -> Any:
        flux = sum(d(k * d(u, at[c]), at[c]) for c in space)
        return d(u, at["t"]) - flux if body.timed else -flux

    def conducts(u: Any, k: Any, **at: Any) -> Any:
        return balance(u, k, at) - balance(body.warmth(**at), known(**at), at)

    at = body.inside(SEEN, 1)
    u = body.warmth(**{c: torch.as_tensor(v) for c, v in at.items()}).numpy()
    data = observed(**at, u=u + NOISE * np.random.default_rng(2).standard_normal(len(u)), sigma=NOISE)
    conditions: list[Any] = [dirichlet(u=named(body.names, body.warmth)), data]
    if body.rings:
        conditions.append(periodic("t"))
    elif body.timed:
        zero = named("".join(space), lambda **x: body.warmth(**x, t=0 * x["x"]))
        conditions.append(initial(u=zero))
    return Problem(
        space=body.space, unknowns="u", equations=named("uk" + body.names, conducts), conditions=conditions,
        parameters={"k": Unknown(1.0, positive=True, of=tuple(of) or None)}, reference=None, tolerance=1e-2,
        time=(0, 1) if body.timed else None,
    )  # fmt: skip


def told(problem: Problem, body: Body, of: str, budget: float, **how: Any) -> tuple[Solution, str]:
    """The solution, and what it found: errors of k and u, the error of k that it states, seconds."""
    begin = time.process_time()
    solution = solve(problem, budget=budget, **how)
    took = time.process_time() - begin
    at = body.inside(1000, 3)
    places = {c: torch.as_tensor(v) for c, v in at.items()}
    found = solution.training.identified if solution.training is not None else None
    k, error = float("nan"), float("nan")
    if found is not None and of:
        k = solution.k(**{c: at[c] for c in of})
        error = float(np.mean(found.functions["k"].standard_errors))
    elif found is not None:
        k, error = found.constants["k"].value, found.constants["k"].standard_error
    true, warm = conductivity(of)(**places).numpy(), body.warmth(**places).numpy()
    off = np.linalg.norm(k - true) / np.linalg.norm(true)
    missed = np.linalg.norm(solution.u(**at) - warm) / np.linalg.norm(warm)
    kind = "" if solution.outcome is None or solution.converged else f" ({solution.outcome.kind})"
    return solution, f"{off:.0e}, {error:.0e}, {missed:.0e}, {took:.1f}{kind}"


def main() -> None:
    """The table."""
    parser = argparse.ArgumentParser(prog="python -m validation.unknowns", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("bodies", nargs="*", choices=[*BODIES, []])
    parser.add_argument("--cells", action="store_true", help="without random features")
    parser.add_argument("--budget", type=float, default=60.0, help="seconds by the clock: more on a loaded machine")
    given = parser.parse_args()
    torch.set_num_threads(1)
    warnings.simplefilter("ignore", NotConverged)
    print("| body | k | cells: k, stated, u, seconds | 400 random features: the same |\n|---|---|---|---|")
    for name in given.bodies or BODIES:
        body = BODIES[name]
        for of in ("", "x", body.names[:2])[: 2 + (len(body.names) > 1)]:
            problem, features = stated(body, of), "not asked"
            if not given.cells:
                features = told(problem, body, of, given.budget, network=RandomFeatures(400))[1].removesuffix(
                    " (steps)"
                )
            solution, cells = told(problem, body, of, given.budget)
            what = f"of {' and '.join(of)}" if of else "a number"
            others = "" if isinstance(solution.trial, OfCells) else " (no cells)"
            print(f"| {name.replace('_', ' ')} | {what} | {cells}{others} | {features} |", flush=True)


if __name__ == "__main__":
    main()
