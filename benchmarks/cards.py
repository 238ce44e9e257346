"""The same runs on this machine's CPU and on its card: whether they agree, and which takes longer.

    python -m benchmarks.cards                          # agreement, then times; needs a card
    python -m benchmarks.cards --agree burgers sod      # problems of problems/ alone
    python -m benchmarks.cards --times lm features      # of the larger runs alone
    python -m benchmarks.cards --times features thousand --chunks 1 16 64   # so many times a CPU's points at once
    torchrun --nproc-per-node 1 -m benchmarks.cards --nccl  # sums of one rank go through NCCL
    python -m benchmarks.cards --device cpu             # without a card: the CPU against itself

Agreement is the relative L2 distance of both solutions at the held-out points of a run, with default settings, beside
the tolerance that was asked for; rounding alone is far below it, and a method that lost its way is far above. Every run
is a process of its own; those for agreement run beside each other, those for times alone, with as many threads as the
machine has cores. A card's first run in a process also loads its libraries: times are those of training.
"""

from __future__ import annotations

import argparse
import json
import os
import tempfile
import time
import warnings
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, as_completed
from dataclasses import replace
from importlib import import_module
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import torch
from torch import distributed

from benchmarks.dimensions import squares
from benchmarks.ranks import Size, least_squares, march
from benchmarks.running import in_own_process
from pinnsolve import MLP, SOAP, SPRING, Adam, LevenbergMarquardt, Problem, Settings
from pinnsolve.machine import room
from pinnsolve.machine.world import World
from pinnsolve.settings import DTYPES
from pinnsolve.solve import prepare
from problems import burgers, poisson

T = TypeVar("T")
# One of each mechanism: cells in one dimension, planes, boxes and shapes, in time or not; materials; constants and
# functions that are unknown; a range; shocks; integrals; features.
AGREEING = (
    "burgers", "heat_many_scales", "wave", "lotka_volterra", "heat_plate", "taylor_green", "cavity", "poisson",
    "poisson_3d", "plate_with_holes", "heat_in_a_disc", "inclusion", "two_materials", "inverse_burgers", "fit",
    "parametric_burgers", "sod", "renewal", "ball", "inverse_heat", "mixing", "waveguide", "cylinder_flow",
    "maxwell_cavity", "l_shape", "plate_under_tension", "bracket_3d", "inverse_burgers_noisy",
)  # fmt: skip
LIMIT = 150.0  # seconds of a run for agreement: a budget that is used up on the slower device tells nothing


def wide() -> tuple[Problem, Settings]:
    """Poisson's equation on a network of 1.2e5 weights and 20,000 points, 50 steps of SOAP."""
    return poisson.problem, Settings(network=MLP(width=200, depth=4), method=SOAP(steps=50), points=20_000, budget=1e4)


def wider() -> tuple[Problem, Settings]:
    """The same on 1.1e6 weights, 10 steps."""
    return poisson.problem, Settings(network=MLP(width=600, depth=4), method=SOAP(steps=10), points=20_000, budget=1e4)


def first_order() -> tuple[Problem, Settings]:
    """Burgers' equation on a network of 1.2e5 weights and 100,000 points, 20 steps of Adam."""
    network = MLP(width=200, depth=4)
    return burgers.problem, Settings(network=network, method=Adam(steps=20), points=100_000, budget=1e4)


def in_hundred() -> tuple[Problem, Settings]:
    """Poisson's equation in 100 dimensions on 1.4e6 weights, 20 steps of SPRING on 900 points."""
    network, method = MLP((768, 768, 512, 512)), SPRING(steps=20)
    return squares(100), Settings(
        network=network, method=method, points=900, condition_points=225, budget=1e4, memory="100 GB"
    )


def second_order() -> tuple[Problem, Settings]:
    """Burgers' equation on a network of 3,400 weights and 20,000 points, 10 steps of Levenberg-Marquardt."""
    network, method = MLP(width=40, depth=3), LevenbergMarquardt(steps=10)
    return burgers.problem, Settings(network=network, method=method, points=20_000, budget=1e4)


TIMES: dict[str, Callable[[], tuple[Problem, Settings]]] = {
    "cells": lambda: march(Size(tolerance=1e-4, viscosity=0.01)),
    "features": lambda: least_squares(Size()),
    "thousand": lambda: least_squares(Size(features=1000)),
    "soap": wide,
    "wider": wider,
    "hundred": in_hundred,
    "adam": first_order,
    "lm": second_order,
}


def chosen(name: str) -> tuple[Problem, Settings]:
    """What a name stands for, without its reference."""
    if name in TIMES:
        return TIMES[name]()
    problem = import_module(f"problems.{name}").problem
    return problem.replaced(reference=None), Settings(budget=LIMIT)


def ran(name: str, device: str, dtype: str, file: Path, chunks: int | None = None) -> dict[str, Any]:
    """One run in this process: its seconds, what it ended with, and where its values are; on a card with so many times
    as many points at once as on a CPU."""
    room.ON_A_CARD = chunks or room.ON_A_CARD
    problem, settings = chosen(name)
    settings = replace(settings, device=device, dtype=DTYPES[dtype])
    warm = torch.randn(64, 64, dtype=torch.float64, device=device)  # loads the libraries of a card
    torch.linalg.qr(warm @ warm)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        ready = prepare(problem, settings)
        began = time.perf_counter()
        solution = ready.solution(ready.loop.run())
        if device != "cpu":
            torch.cuda.synchronize()
        seconds = time.perf_counter() - began
    values = ready.loop.state.points.values()
    np.savez(file, *(v.detach().cpu().double().numpy() for v in values.values()))
    memory = torch.cuda.max_memory_allocated() / 2**30 if device != "cpu" else 0.0
    ended = solution.outcome.kind if solution.outcome else ""
    return {"seconds": seconds, "memory": memory, "ended": ended, "estimate": solution.estimate}


def process(
    name: str, device: str, dtype: str, threads: int, folder: Path, chunks: int | None = None
) -> dict[str, Any]:  # fmt: skip
    """The same in a process of its own; a run that fails tells its last words."""
    file = folder / f"{name}-{device.replace(':', '')}-{dtype}-{threads}-{chunks}.npz"
    given = ["--run", name, "--device", device, "--dtype", dtype, "--file", str(file)]
    given += ["--chunks", str(chunks)] if chunks else []
    return {**in_own_process("benchmarks.cards", *given, OMP_NUM_THREADS=str(threads)), "file": str(file)}


def apart(one: dict[str, Any], two: dict[str, Any]) -> float:
    """The relative L2 distance of the values of two runs, the worst of what each of them has."""
    found = [0.0]
    with np.load(one["file"]) as mine, np.load(two["file"]) as others:
        for k in mine:
            size = max(float(np.linalg.norm(mine[k])), 1e-300)
            same = mine[k].shape == others[k].shape
            found.append(float(np.linalg.norm(others[k] - mine[k])) / size if same else float("nan"))
    return max(found)


def row(name: str, mine: dict[str, Any], card: dict[str, Any]) -> str:
    """A line of the table."""
    for where, run in (("CPU", mine), ("card", card)):
        if "failed" in run:
            return f"| {name} | failed on the {where}: {run['failed']} |"
    told = " ".join(f"{run['estimate']:.0e}" if run["estimate"] else "none" for run in (mine, card))
    ended = mine["ended"] if mine["ended"] == card["ended"] else f"{mine['ended']}, {card['ended']}"
    ratio = mine["seconds"] / card["seconds"]
    return (
        f"| {name} | {apart(mine, card):.0e} | {told} | {ended} | {mine['seconds']:.2f} | {card['seconds']:.2f} "
        f"| {ratio:.2f} | {card['memory']:.2f} |"
    )


def agreeing(names: list[str], device: str, dtype: str, folder: Path) -> None:
    """Both runs of each problem, many beside each other."""
    beside = max(1, len(os.sched_getaffinity(0)) - 1)

    def both(name: str) -> str:
        with ThreadPoolExecutor(2) as pair:
            return row(f"{name} {dtype}", *pair.map(lambda d: process(name, d, dtype, 1, folder), ("cpu", device)))

    with ThreadPoolExecutor(max(1, beside // 2)) as pool:
        for done in as_completed(pool.submit(both, name) for name in names):
            print(done.result(), flush=True)


def timed(names: list[str], device: str, folder: Path, chunks: list[int]) -> None:
    """Both runs of each of the larger ones, one after the other; on the card one for each size of chunks."""
    threads = len(os.sched_getaffinity(0))
    for name in names:
        for dtype in ("float64", "float32") if name in ("soap", "wider", "adam") else ("float64",):
            mine = process(name, "cpu", dtype, threads, folder)
            for times in chunks or [room.ON_A_CARD]:
                card = process(name, device, dtype, threads, folder, times)
                print(row(f"{name} {dtype}, {threads} threads, {times} times", mine, card), flush=True)


class Through(World):
    """A world of one rank whose sums and words go through torch.distributed nevertheless."""

    def sum(self, tensor: torch.Tensor, /) -> torch.Tensor:
        return self._reduced(tensor, "SUM")

    def largest(self, tensor: torch.Tensor) -> torch.Tensor:
        return self._reduced(tensor, "MAX")

    def whole(self, mine: torch.Tensor, begin: int, count: int) -> torch.Tensor:
        return self._reduced(mine, "SUM")

    def told(self, work: Callable[[], T]) -> T:
        box = [work()]
        distributed.broadcast_object_list(box)
        return box[0]


def through_nccl(names: list[str], device: str) -> None:
    """Runs on one rank, alone and through NCCL: the mean squares of both solutions."""
    distributed.init_process_group("cpu:gloo,cuda:nccl" if torch.device(device).type == "cuda" else "gloo")
    for name in names:
        problem, settings = chosen(name)
        found = []
        for world in (World(), Through()):
            ready = prepare(problem, replace(settings, device=device), None, world)
            ready.loop.train()
            values = ready.loop.state.points.values().values()
            found.append(float(sum(v.square().mean() for v in values)))
        print(f"| {name} | {found[0]:.15e} | {found[1]:.15e} |", flush=True)
    distributed.destroy_process_group()


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--agree", nargs="*", metavar="NAME", help="problems of problems/")
    p.add_argument("--times", nargs="*", choices=TIMES)
    p.add_argument("--chunks", nargs="*", type=int, default=[], help="of --times: so many times a CPU's points at once")
    p.add_argument("--nccl", action="store_true", help="under torchrun")
    p.add_argument("--device", default="cuda")
    p.add_argument("--dtype", default="float64", choices=("float64", "float32"))
    p.add_argument("--run", help=argparse.SUPPRESS)
    p.add_argument("--file", type=Path, help=argparse.SUPPRESS)
    given = p.parse_args()
    if given.run:
        chunks = given.chunks[0] if given.chunks else None
        print(json.dumps(ran(given.run, given.device, given.dtype, given.file, chunks)), flush=True)
        return
    if given.nccl:
        through_nccl(given.times or ["lm", "cells"], given.device)
        return
    everything = given.agree is None and given.times is None
    with tempfile.TemporaryDirectory() as folder:
        print(f"| run | apart | estimates | ended | CPU, s | card, s | ratio | card, GiB |\n{'|---' * 8}|")
        if everything or given.agree is not None:
            agreeing(given.agree or list(AGREEING), given.device, given.dtype, Path(folder))
        if everything or given.times is not None:
            timed(given.times or list(TIMES), given.device, Path(folder), given.chunks)


if __name__ == "__main__":
    main()
