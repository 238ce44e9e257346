"""Many dimensions: what each method comes to in the same seconds, on problems with exact solutions.

    python -m benchmarks.dimensions                                   # all of it, an hour
    python -m benchmarks.dimensions poisson_10 --methods spring soap --seconds 60
    python -m benchmarks.dimensions poisson_100 --device cuda --width 768 768 512 512 --points 900

Seconds are those of training, of the clock on the wall, and beside them CPU seconds with all checks; the error is
relative L2 on 4,000 points that are drawn anew. The table of `benchmarks/dimensions.md` was made so.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
import warnings
from collections.abc import Callable
from typing import Any

import torch

from benchmarks.running import in_own_process
from pinnsolve import (
    MLP,
    SOAP,
    SPRING,
    Adam,
    Ball,
    Box,
    LevenbergMarquardt,
    Problem,
    RandomFeatures,
    Redraw,
    Settings,
    SSBroyden,
    d,
    dirichlet,
    exact,
    initial,
    laplace,
    neumann,
    solve,
    vector,
)
from pinnsolve.machine.memory import peak_memory
from pinnsolve.solution import Solution

METHODS: dict[str, Callable[[], Any]] = {
    "spring": SPRING, "soap": SOAP, "adam": Adam, "ssbroyden": SSBroyden, "lm": LevenbergMarquardt,
    "features": RandomFeatures,
}  # fmt: skip


def in_cube(n: int, equation: Callable[..., Any], truth: Callable[..., Any]) -> Problem:
    """An equation whose solution is known, and prescribed on all faces."""
    return Problem(
        space=Box(x=[(0, 1)] * n), unknowns="u", equations=equation, conditions=dirichlet(u=truth),
        reference=exact(u=truth), tolerance=1e-4,
    )  # fmt: skip


def harmonic(n: int) -> Problem:
    """-Delta u = 0 in a cube, u = x0 x1 + x2 x3 + ...: Yu & E (2018), who solve it by the deep Ritz method."""

    @vector(x=n)
    def poisson(u, x):  # type: ignore[no-untyped-def]
        return laplace(u, *x)

    @vector(x=n)
    def pairs(x):  # type: ignore[no-untyped-def]
        return sum(x[2 * k] * x[2 * k + 1] for k in range(n // 2))

    return in_cube(n, poisson, pairs)


def squares(n: int) -> Problem:
    """Delta u = 2 n in a cube, u = x0^2 + ...: the problem of 100 dimensions of Dangel, Mueller & Zeinhofer (2024)."""

    @vector(x=n)
    def poisson(u, x):  # type: ignore[no-untyped-def]
        return laplace(u, *x) - 2.0 * n

    @vector(x=n)
    def bowl(x):  # type: ignore[no-untyped-def]
        return sum(c**2 for c in x)

    return in_cube(n, poisson, bowl)


def cosines(n: int) -> Problem:
    """-Delta u = pi^2 sum cos(pi x_i) in a cube, u = sum cos(pi x_i): the same authors' problem of five dimensions."""

    @vector(x=n)
    def poisson(u, x):  # type: ignore[no-untyped-def]
        return laplace(u, *x) + math.pi**2 * sum(torch.cos(math.pi * c) for c in x)

    @vector(x=n)
    def waves(x):  # type: ignore[no-untyped-def]
        return sum(torch.cos(math.pi * torch.as_tensor(c) if not hasattr(c, "chart") else math.pi * c) for c in x)

    return in_cube(n, poisson, waves)


def bump(n: int) -> Problem:
    """Delta u = f in a cube, u = exp(-|x - 1/2|^2): no sum or blend of what faces say."""

    @vector(x=n)
    def truth(x):  # type: ignore[no-untyped-def]
        return torch.exp(-sum((c - 0.5) ** 2 for c in x))

    @vector(x=n)
    def poisson(u, x):  # type: ignore[no-untyped-def]
        square = sum((c - 0.5) ** 2 for c in x)
        return laplace(u, *x) - (4 * square - 2 * n) * torch.exp(-square)

    return in_cube(n, poisson, truth)


def heat(n: int) -> Problem:
    """u_t = Delta u / n in a cube, u = |x|^2 + 2 t: grows as 2 t wherever one looks."""

    @vector(x=n)
    def conduction(u, x, t):  # type: ignore[no-untyped-def]
        return d(u, t) - laplace(u, *x) / n

    @vector(x=n)
    def bowl(x, t):  # type: ignore[no-untyped-def]
        return sum(c**2 for c in x) + 2 * t

    @vector(x=n)
    def begun(x):  # type: ignore[no-untyped-def]
        return sum(c**2 for c in x)

    return Problem(
        space=Box(x=[(0, 1)] * n), time=(0, 1), unknowns="u", equations=conduction,
        conditions=[initial(u=begun), dirichlet(u=bowl)], reference=exact(u=bowl), tolerance=1e-4,
    )  # fmt: skip


def ball(n: int) -> Problem:
    """Delta u - u = f in the unit ball, du/dn given on the sphere, u = exp(x0 x1) + x2: Neumann conditions alone."""

    @vector(x=n)
    def screened(u, x):  # type: ignore[no-untyped-def]
        grown = torch.exp(x[0] * x[1])
        return laplace(u, *x) - u - (grown * (x[0] ** 2 + x[1] ** 2 - 1) - x[2])

    @vector(x=n)
    def flux(x):  # type: ignore[no-untyped-def]
        return 2 * x[0] * x[1] * torch.exp(x[0] * x[1]) + x[2]  # x . grad u, since n = x

    @vector(x=n)
    def truth(x):  # type: ignore[no-untyped-def]
        return torch.exp(x[0] * x[1]) + x[2]

    return Problem(
        space=Ball(x=[0] * n, radius=1), unknowns="u", equations=screened, conditions=neumann(u=flux),
        reference=exact(u=truth), tolerance=1e-4,
    )  # fmt: skip


PROBLEMS: dict[str, Callable[[], Problem]] = {
    "cosines_5": lambda: cosines(5), "poisson_10": lambda: harmonic(10), "squares_10": lambda: squares(10),
    "squares_20": lambda: squares(20), "squares_100": lambda: squares(100), "poisson_100": lambda: harmonic(100),
    "heat_10": lambda: heat(10),
    "ball_5": lambda: ball(5), "bump_4": lambda: bump(4), "bump_5": lambda: bump(5), "bump_6": lambda: bump(6),
}  # fmt: skip


def error(problem: Problem, solution: Solution, count: int = 4000) -> float:
    """Relative L2 on points that nothing else saw."""
    generator = torch.Generator().manual_seed(97)
    points = problem.domain.interior.draw(count, "uniform", generator).coordinates
    places = {c: v.numpy() for c, v in points.items()}
    truth = problem.reference(problem).fields["u"](**places)
    return float(((solution.u(**places) - truth) ** 2).sum() ** 0.5 / (truth**2).sum() ** 0.5)


def run(name: str, method: str, given: argparse.Namespace) -> dict[str, Any]:
    """One run in this process."""
    problem, chosen = PROBLEMS[name](), METHODS[method]
    if method == "features":
        settings = Settings(network=RandomFeatures(given.features), budget=given.seconds, memory=given.memory)
    else:
        options = json.loads(given.options) if given.options else {}
        made = chosen(**options, **({"steps": given.steps} if given.steps else {}))
        settings = Settings(
            network=MLP(tuple(given.width)), method=made, budget=given.seconds, points=given.points, seed=given.seed,
            condition_points=given.rim or given.points // 4, held_out=500, device=given.device, memory=given.memory,
            redraw=Redraw(every=given.redraw, pool=given.pool),
        )  # fmt: skip
    began = time.process_time()
    with warnings.catch_warnings(), peak_memory() as held:
        warnings.simplefilter("ignore")
        solution = solve(problem, settings=settings)
        off = error(problem, solution)
    training, on_card = solution.training, given.device.startswith("cuda")
    assert training is not None
    return {
        "error": off, "seconds": training.seconds, "cpu": time.process_time() - began,
        "steps": training.steps, "weights": solution.parameters_count, "outcome": str(training.outcome)[:60],
        "estimate": training.estimate,
        "peak": torch.cuda.max_memory_allocated() if on_card else held.bytes,
    }  # fmt: skip


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("problems", nargs="*", choices=[*PROBLEMS, []], help=", ".join(PROBLEMS))
    p.add_argument("--methods", nargs="*", choices=METHODS, default=["spring", "soap", "adam"])
    p.add_argument("--seconds", type=float, default=60.0)
    p.add_argument("--steps", type=int, help="of the method, whatever the seconds are")
    p.add_argument("--width", type=int, nargs="*", default=[64, 64, 48, 48])
    p.add_argument("--points", type=int, default=1000)
    p.add_argument("--rim", type=int, help="points on each region of conditions (default: a quarter of those inside)")
    p.add_argument("--redraw", type=int, default=5, help="steps with the same points (default: 5)")
    p.add_argument("--pool", type=int, default=5, help="candidates for each point that is redrawn (default: 5)")
    p.add_argument("--features", type=int, default=1600)
    p.add_argument("--seed", type=int, default=0)
    p.add_argument("--device", default="cpu")
    p.add_argument("--memory")
    p.add_argument("--options", default="", help='of the method, as JSON: {"momentum": 0.5}')
    p.add_argument("--inside", action="store_true", help="in this process, one after the other: quicker to begin")
    p.add_argument("--run", nargs=2, help=argparse.SUPPRESS)
    given = p.parse_args()
    if given.run:
        name, method = given.run
        print(json.dumps(run(name, method, given)), flush=True)
        return
    print("| problem | method | weights | steps | seconds (CPU) | relative L2 error | estimate | peak | outcome |")
    print("|---|---|---|---|---|---|---|---|---|", flush=True)
    for name in given.problems or PROBLEMS:
        for method in given.methods:
            own = ["--run", name, method]
            found = (
                run(name, method, given)
                if given.inside
                else in_own_process("benchmarks.dimensions", *sys.argv[1:], *own)
            )
            print(row(name, method, found), flush=True)


def row(name: str, method: str, found: dict[str, Any]) -> str:
    if "failed" in found:
        return f"| {name} | {method} | failed: {found['failed']} |"
    estimate = "none" if found["estimate"] is None else f"{found['estimate']:.0e}"
    return (
        f"| {name} | {method} | {found['weights']:,} | {found['steps']} | {found['seconds']:.0f} ({found['cpu']:.0f}) "
        f"| {found['error']:.1e} | {estimate} | {found['peak'] / 1e9:.2f} GB | {found['outcome']} |"
    )


if __name__ == "__main__":
    main()
