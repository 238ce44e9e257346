"""How the cost grows with points, parameters, dimension and order.

    python -m benchmarks.growth

Every measurement is a process of its own, so that its peak memory is its own. A column ends where a measurement took
longer than a minute, or where the memory was not enough. Writes `benchmarks/growth.md`.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
from collections.abc import Callable
from math import pi
from pathlib import Path
from typing import Any

import torch
from scipy.stats import qmc

from benchmarks.running import environment, pin
from benchmarks.step import ours, seconds
from benchmarks.workers.measure import peak_mib
from pinnsolve import (
    MLP,
    Box,
    LevenbergMarquardt,
    Newton,
    Problem,
    RandomFeatures,
    Settings,
    d,
    dirichlet,
    initial,
    laplace,
    periodic,
    solve,
)
from pinnsolve.methods.protocol import Objective
from pinnsolve.solve import prepare
from problems import burgers

LONGEST = 60.0  # s: nothing larger is tried after a measurement that took longer
PATIENCE = 600.0  # s until a process is ended
MEMORY = 0.8  # of the machine's, for one process
NAMES = ("x", "y", "z", "v", "w")
POINTS = (1_000, 10_000, 100_000, 1_000_000)
WIDTHS = {109: 6, 1_009: 21, 9_937: 69, 99_901: 222}  # parameters of 2-w-w-w-1, by width w
SLOPES: dict[int, Callable[..., Any]] = {
    1: lambda u, x, t: d(u, t) + d(u, x),
    2: lambda u, x, t: d(u, t) - d(u, x, x),
    3: lambda u, x, t: d(u, t) + d(u, x, x, x),
    4: lambda u, x, t: d(u, t) + d(u, x, x, x, x),
}


def one(problem: Problem, network: Any, method: Any, points: int) -> dict[str, float]:
    """One step of a method that solves for all weights (s); of Newton's, as many as it makes."""
    settings = Settings(network=network, method=method, points=points, redraw=None, weights=1.0)
    loop = prepare(problem, settings).loop
    objective = Objective(loop.state.trial, loop.state.points.training, loop.state.weights)
    if isinstance(network, RandomFeatures):  # as the training loop begins
        loop.state.trial.assign(torch.zeros_like(loop.state.trial.vector()))
    state = method.init(objective)

    def steps() -> None:
        told = method.step(objective, state)
        while not told.get("done", True):
            told = method.step(objective, told)

    return {"seconds": seconds(steps)}


def first_order(problem: Problem, network: Any, points: int) -> dict[str, float]:
    """Loss and gradient, the better of two (s): the first warms up."""
    step = ours(problem, network, points)
    return {"seconds": min(seconds(step), seconds(step))}


def poisson(dimension: int) -> dict[str, float]:
    """-laplace(u) = n pi^2 u, u = product of sin(pi x_i) on the unit cube of n dimensions, by the default."""
    names = NAMES[:dimension]
    scope = {"laplace": laplace, "torch": torch, "pi": pi}
    values = " * ".join(f"torch.sin(pi * {name})" for name in names)  # arguments are bound by name: they must have some
    source = f"lambda u, {', '.join(names)}: -laplace(u, {', '.join(names)}) - {dimension} * pi**2 * {values}"
    bounds: dict[str, tuple[float, float]] = dict.fromkeys(names, (0.0, 1.0))
    conditions = [dirichlet(u=0)]
    problem = Problem(space=Box(**bounds), unknowns="u", equations=_named(source, scope), conditions=conditions)
    solution = solve(problem.replaced(tolerance=1e-3), budget=LONGEST)
    cube = qmc.Sobol(dimension, seed=7).random_base2(12)
    true = torch.sin(pi * torch.from_numpy(cube)).prod(dim=1).numpy()
    found = solution.u(**{name: cube[:, k] for k, name in enumerate(names)})
    assert solution.training is not None
    error = float(((found - true) ** 2).sum() ** 0.5 / (true**2).sum() ** 0.5)
    return {"seconds": solution.training.seconds, "error": error}


def _named(source: str, scope: dict[str, Any]) -> Callable[..., Any]:
    equation: Callable[..., Any] = eval(source, scope)
    equation.__name__ = "poisson"
    return equation


def evolution(order: int) -> Problem:
    """u_t plus or minus the x-derivative of this order, periodic in x."""
    SLOPES[order].__name__ = f"order_{order}"
    conditions = [initial(u=lambda x: torch.sin(2 * pi * x)), periodic("x")]
    return Problem(space=Box(x=(0, 1)), time=(0, 1), unknowns="u", equations=SLOPES[order], conditions=conditions)


SERIES: dict[str, tuple[tuple[int, ...], Callable[[int], dict[str, float]]]] = {
    "points, first-order step": (POINTS, lambda n: first_order(burgers.problem, MLP(20, 3), n)),
    "points, Levenberg-Marquardt step": (POINTS, lambda n: one(burgers.problem, MLP(20, 3), LevenbergMarquardt(), n)),
    "points, Newton solve": (POINTS, lambda n: one(burgers.problem, RandomFeatures(400), Newton(), n)),
    "parameters, first-order step": (
        tuple(WIDTHS), lambda p: first_order(burgers.problem, MLP(WIDTHS[p], 3), 2_000)
    ),
    "parameters, Levenberg-Marquardt step": (
        tuple(WIDTHS), lambda p: one(burgers.problem, MLP(WIDTHS[p], 3), LevenbergMarquardt(), 2_000)
    ),
    "dimension, Poisson by the default": ((1, 2, 3, 4, 5), poisson),
    "order, first-order step": ((1, 2, 3, 4), lambda k: first_order(evolution(k), MLP(20, 3), 10_000)),
    "order, Levenberg-Marquardt step": (
        (1, 2, 3, 4), lambda k: one(evolution(k), MLP(20, 3), LevenbergMarquardt(), 10_000)
    ),
}  # fmt: skip
WHAT = {
    "points": "Burgers, tanh 2-20-20-20-1 (921 parameters); Newton: 400 random features, all its steps",
    "parameters": "Burgers, tanh 2-w-w-w-1, 2,000 points",
    "dimension": "-laplace(u) = n pi^2 u on the unit cube, u = the product of sin(pi x_i); tolerance 1e-3, 60 s",
    "order": "u_t +- the x-derivative of this order, periodic, tanh 2-20-20-20-1, 10,000 points",
}


def measured(name: str, longest: float) -> dict[int, str]:
    """A series: what each size cost, in words."""
    found: dict[int, str] = {}
    last = 0.0
    for size in SERIES[name][0]:
        if last > longest and name.startswith(("points", "parameters")):
            found[size] = f"not run: the one before took {last:.3g} s"
            continue
        if found and "not run" in list(found.values())[-1]:
            found[size] = "not run"
            continue
        told = _apart(name, size)
        last = told.get("seconds", 0.0)
        error = f", error {told['error']:.1e}" if "error" in told else ""
        found[size] = told.get("fault") or f"{last:.3g} s{error}, {told['peak']:,.0f} MiB"
        print(f"{name}, {size:,}: {found[size]}", flush=True)
    return found


def _apart(name: str, size: int) -> dict[str, Any]:
    """A measurement in a process of its own."""
    command = [sys.executable, "-m", "benchmarks.growth", "--one", name, str(size)]
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=PATIENCE, env=environment(1), preexec_fn=lambda: pin(1),
            check=False,
        )  # fmt: skip
    except subprocess.TimeoutExpired:
        return {"fault": f"not run: more than {PATIENCE:.0f} s"}
    if done.returncode:
        said = done.stderr.strip().splitlines()[-1] if done.stderr.strip() else f"code {done.returncode}"
        short = "memory" in said.lower()
        return {"fault": "not run: more memory than the machine has" if short else f"failed: {said}"}
    told: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return told


def _measure(name: str, size: int) -> None:
    """In the process of its own: what is more than the machine's memory shall fail, and not swap or be killed."""
    most = int(MEMORY * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    found = SERIES[name][1](size)
    print(json.dumps({**found, "peak": peak_mib()}))


def table(found: dict[str, dict[int, str]]) -> str:
    """One table for each thing that grows, a column for each of its series."""
    parts = []
    for what, statement in WHAT.items():
        series = {name.split(", ", maxsplit=1)[1]: f for name, f in found.items() if name.startswith(what)}
        if series:
            sizes = next(iter(series.values()))
            rows = [f"| {size:,} | " + " | ".join(s[size] for s in series.values()) + " |" for size in sizes]
            head = f"| {what} | " + " | ".join(series) + " |\n" + "|---" * (len(series) + 1) + "|"
            parts.append(f"## {what}\n\n{statement}.\n\n{head}\n" + "\n".join(rows))
    return "\n\n".join(parts) + "\n"


def main() -> None:
    """Measure every series and write the tables."""
    made = argparse.ArgumentParser(prog="python -m benchmarks.growth")
    made.add_argument("--one", nargs=2, metavar=("SERIES", "SIZE"), help="a single measurement, in this process")
    made.add_argument("--longest", type=float, default=LONGEST, help="seconds after which a column ends (default: 60)")
    given = made.parse_args()
    if given.one:
        _measure(given.one[0], int(given.one[1]))
        return
    found = {name: measured(name, given.longest) for name in SERIES}
    preface = (
        "# How the cost grows\n\nMade by `python -m benchmarks.growth`: seconds and peak memory of pinnsolve (of the "
        f"process, 300 MiB of PyTorch included) on one thread, float64, PyTorch {torch.__version__}.\n\n"
    )
    Path(__file__).with_suffix(".md").write_text(preface + table(found))


if __name__ == "__main__":
    main()
