"""What a run gains by several ranks, and what it costs them: measured side by side, and a model to 64 ranks.

    python -m benchmarks.ranks                 # one and two ranks, in turns; the model beside it
    python -m benchmarks.ranks --model         # the model alone: nothing is measured
    python -m benchmarks.ranks --points 20000 --tolerance 1e-2 --turns 1    # a smaller one
    python -m benchmarks.ranks --only cells

Seconds are those of training, one core for each rank. The efficiency is the time on one rank over the time on R, over
R. Other work on the machine spoils it, and spoils CPU seconds less. These are counted along the longest path: between
two sums the rank that computes longest counts, since the others wait for it, and what a sum takes of a core.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, TypeVar

import numpy as np
import torch

from pinnsolve import Box, Problem, RandomFeatures, Settings, d, dirichlet, initial, laplace
from pinnsolve.algebra.dissection import Dissection
from pinnsolve.algebra.operations import SPEED, product, qr
from pinnsolve.algebra.subtrees import owners, planned
from pinnsolve.machine.shared import begun
from pinnsolve.machine.world import World
from pinnsolve.residuals.costs import JOINED
from pinnsolve.solve import prepare
from problems import burgers_2d

PROBLEMS = ("features", "cells")
T = TypeVar("T")


@dataclass(frozen=True)
class Size:
    """What is solved.

    Parameters
    ----------
    points, features : int
        Of the least-squares problem.
    tolerance, viscosity : float
        Of the march over cells: how exact, and how narrow its front is.
    """

    points: int = 1_000_000
    features: int = 300
    tolerance: float = 1e-5
    viscosity: float = 0.0035


@dataclass(frozen=True)
class Machine:
    """What the model counts with.

    Parameters
    ----------
    speed : float
        Operations a second of a core, as choices count them.
    bandwidth : float
        Bytes a second between two ranks: ten gigabits. Within a machine it is several times as much.
    latency : float
        Seconds of a message.
    iterations : int
        That a factorisation serves: six of `march`.
    cell : float
        Seconds of Python for each cell of a mesh that is new. Measured on a hundred, of degree 9: what a factorisation
        takes longer than the next one on the same mesh.
    """

    speed: float = SPEED
    bandwidth: float = 1.25e9
    latency: float = 5e-5
    iterations: int = 6
    cell: float = 1e-3


def least_squares(size: Size) -> tuple[Problem, Settings]:
    """The heat equation in a plane on random features: one least-squares problem on many points."""

    def heat(u, x, y, t):  # type: ignore[no-untyped-def]
        return d(u, t) - 0.1 * laplace(u, x, y)

    problem = Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, 1), unknowns="u", equations=heat, reference=None, tolerance=1e-6,
        conditions=[initial(u=lambda x, y: torch.sin(math.pi * x) * torch.sin(math.pi * y)), dirichlet(u=0)],
    )  # fmt: skip
    return problem, Settings(network=RandomFeatures(size.features), points=size.points, budget=36_000)


def march(size: Size) -> tuple[Problem, Settings]:
    """Burgers' equations in a plane over cells, and the same again with richer features."""
    problem, nu = burgers_2d.problem, {"nu": size.viscosity}
    return problem.replaced(tolerance=size.tolerance, parameters=nu, reference=None), Settings(budget=36_000)


class Paced(World):
    """The ranks of a run, and the CPU seconds of this one between the times when all of them wait for each other."""

    def __init__(self, world: World) -> None:
        super().__init__(world.rank, world.size, world._store)
        self.begin()

    def begin(self) -> None:
        self.parts: list[float] = []
        self.since = time.process_time()

    def met(self) -> None:
        now = time.process_time()
        self.parts.append(now - self.since)
        self.since = now

    def _reduced(self, tensor: torch.Tensor, how: str) -> torch.Tensor:
        self.met()
        return super()._reduced(tensor, how)

    def told(self, work: Callable[[], T]) -> T:
        def alone() -> T:
            found = work()
            self.met()
            return found

        if not self.first:
            self.met()
        return super().told(alone)

    def longest(self) -> float:
        """CPU seconds along the longest path."""
        self.met()
        return float(super()._reduced(torch.tensor(self.parts), "MAX").sum()) if self.size > 1 else sum(self.parts)


def trained(name: str, size: Size, world: Paced) -> dict[str, Any]:
    """One run: seconds, CPU seconds along the longest path, and the solution's mean square, by which runs are
    compared."""
    problem, settings = (least_squares if name == "features" else march)(size)
    ready = prepare(problem, settings, None, world)
    world.sum(torch.zeros(1))  # all begin together
    world.begin()
    began = time.perf_counter()
    ready.loop.train()
    seconds, cpu = time.perf_counter() - began, world.longest()
    values = ready.loop.state.points.values()
    return {"seconds": seconds, "cpu": cpu, "solution": float(sum(v.square().mean() for v in values.values()))}


def measured(name: str, size: Size, ranks: int) -> dict[str, Any]:
    """The same in processes of its own."""
    given = ["--rank", name, *(f"--{key}={value}" for key, value in vars(size).items())]
    command = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", str(ranks), "-m", "benchmarks.ranks"]
    said = subprocess.run(
        [*command, *given], capture_output=True, text=True, check=True, env={**os.environ, "OMP_NUM_THREADS": "1"}
    )
    found: dict[str, Any] = json.loads(next(line for line in said.stdout.splitlines() if line.startswith("{")))
    return found


def compared(name: str, size: Size, turns: int) -> str:
    """One and two ranks in turns: the quickest of each, and the efficiency."""
    found: dict[int, list[dict[str, Any]]] = {1: [], 2: []}
    for _ in range(turns):
        for ranks, runs in found.items():
            runs.append(measured(name, size, ranks))
    one, two = (min(runs, key=lambda run: run["seconds"]) for runs in found.values())
    apart = abs(two["solution"] - one["solution"]) / abs(one["solution"])
    by_clock, by_cpu = (one[key] / two[key] / 2 for key in ("seconds", "cpu"))
    return (
        f"| {name} | {one['seconds']:.1f} ({one['cpu']:.1f}) | {two['seconds']:.1f} ({two['cpu']:.1f}) "
        f"| {by_clock:.2f} ({by_cpu:.2f}) | {apart:.0e} |"
    )


# ------------------------------------------------------------ the model


def features_model(size: Size, ranks: int, machine: Machine) -> tuple[float, float, float]:
    """Seconds that are shared, that are not, and of messages, of one Newton step.

    Rows and their triangle are shared, 2 N P^2 / R and what evaluates them; the reduction folds log2 R triangles of P
    columns, 10/3 P^3 each, and sends as many of 8 P^2 bytes.
    """
    rows, width, levels = size.points, size.features + 2, math.ceil(math.log2(ranks))
    evaluation = 10 * 2.0 * rows * width * 4 * 3  # as `residuals.costs` counts rows with three derivatives
    shared = (qr(rows, width) + evaluation) / ranks
    alone = qr(2 * width, width) * (1 + levels)
    messages = levels * (8 * width**2 / machine.bandwidth + machine.latency)
    return shared / machine.speed, alone / machine.speed, messages


@cache
def plane(n: int, unknowns: int) -> Dissection:
    """The order of elimination of n x n equal cells with so many unknowns on each side."""
    number = np.arange(n * n).reshape(n, n)
    beside = [(number[:-1], number[1:]), (number[:, :-1], number[:, 1:])]
    sides = np.concatenate([np.stack([a.ravel(), b.ravel()], 1) for a, b in beside])
    centres = np.stack(np.divmod(np.arange(n * n), n), 1).astype(float)
    return Dissection(sides, np.full(len(sides), unknowns), centres, torch.device("cpu"))


def cells_model(cells: int, degree: int, fields: int, ranks: int, machine: Machine) -> tuple[float, float, float]:
    """The same of one factorisation of a plane of equal cells that fluxes join, by the order in which these go, at five
    stages: one real system and two complex ones, each of which one rank eliminates in what joins subtrees.

    Not shared is what Python does: calls, however many cells there are, of each iteration (in cells, at four walls, and
    what lies around) and of the slopes on sides; and the order, faces and sides of a mesh that is new, by cell.
    """
    order, systems = plane(round(cells**0.5), fields * (degree + 1)), [1.0, 4.0, 4.0]
    m, k = fields * (degree + 1) * (degree + 2) // 2, 4 * fields * (degree + 1)
    each = product(m, fields * (degree + 1) ** 2, m) + 2 * product(m, m, m) + product(m, m, k) + product(k, m, k)
    condensed, beside = sum(systems) * each * cells, sum(systems) * sum(p.operations[0] for p in order.parts)
    alone = (machine.iterations * 6 + 6) * JOINED.call + machine.cell * cells * machine.speed
    plan = planned(order, ranks, each)
    if ranks == 1 or plan is None:
        return (condensed + beside) / machine.speed, alone / machine.speed, 0.0
    told = sum(systems) / 2 * sum(8.0 * len(order.parts[root].border) ** 2 for root in plan.owners)
    messages = told / machine.bandwidth + 2 * machine.latency * len(plan.owners)
    whose = owners(systems, World(0, ranks))
    top = max(sum(c for c, own in zip(systems, whose, strict=True) if own == r) for r in range(ranks))
    return sum(systems) * max(plan.loads) / machine.speed, (top * plan.top + alone) / machine.speed, messages


def model(size: Size, machine: Machine) -> list[str]:
    """Efficiencies to 64 ranks, and from where on what is not shared takes more than what is."""
    counts = (1, 2, 4, 8, 16, 32, 64)
    wide = replace(size, features=1000)
    kinds: dict[str, Callable[[int], tuple[float, float, float]]] = {
        f"{size.points:,} points, {size.features} features": lambda r: features_model(size, r, machine),
        f"{size.points:,} points, {wide.features} features": lambda r: features_model(wide, r, machine),
        "400 cells, degree 9, two unknowns": lambda r: cells_model(400, 9, 2, r, machine),
        "2,500 cells, degree 9, two unknowns": lambda r: cells_model(2500, 9, 2, r, machine),
    }
    lines = [f"| model | {' | '.join(f'{r}' for r in counts)} | crossing |", f"|---|{'---|' * (len(counts) + 1)}"]
    for what, seconds in kinds.items():
        parts = [seconds(r) for r in counts]
        shares = [sum(parts[0]) / sum(part) / r for r, part in zip(counts, parts, strict=True)]
        over = next((f"{r} ranks" for r, (a, b, c) in zip(counts, parts, strict=True) if b + c > a), "beyond 64")
        lines.append(f"| {what} | {' | '.join(f'{share:.2f}' for share in shares)} | {over} |")
    return lines


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--points", type=int, default=Size.points)
    p.add_argument("--features", type=int, default=Size.features)
    p.add_argument("--tolerance", type=float, default=Size.tolerance)
    p.add_argument("--viscosity", type=float, default=Size.viscosity)
    p.add_argument("--only", choices=PROBLEMS)
    p.add_argument("--turns", type=int, default=2, help="runs of each kind; the quickest counts")
    p.add_argument("--model", action="store_true", help="the model alone")
    p.add_argument("--rank", choices=PROBLEMS, help=argparse.SUPPRESS)
    given = p.parse_args()
    size = Size(given.points, given.features, given.tolerance, given.viscosity)
    if given.rank:
        with begun() as world:
            found = trained(given.rank, size, Paced(world))
            if world.first:
                print(json.dumps(found), flush=True)
        return
    if not given.model:
        print("| run | one rank, s (CPU) | two, s (CPU) | efficiency (by CPU) | apart |\n|---|---|---|---|---|")
        for name in [given.only] if given.only else PROBLEMS:
            print(compared(name, size, given.turns), flush=True)
        print()
    print("\n".join(model(size, Machine())))


if __name__ == "__main__":
    main()
