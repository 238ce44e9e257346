"""What training holds in memory at its peak, beside the budget that it was given.

    python -m benchmarks.memory                        # a million points of a thousand features; ten thousand cells
    python -m benchmarks.memory --points 100000 --features 300 --cells 1600 --memory "1 GB"     # smaller ones

Each run is a process of its own, and its peak what the system tells of all of it, Python and PyTorch
included. The last column is what the check foretells.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from dataclasses import replace
from typing import Any

import torch

from benchmarks.ranks import Size, least_squares
from benchmarks.running import in_own_process
from pinnsolve import Box, Problem, d, dirichlet, initial
from pinnsolve.cells.plane_memory import held_in_plane
from pinnsolve.machine.memory import peak_memory
from pinnsolve.machine.room import SHARES, Room, in_words, read
from pinnsolve.march.marcher import Marcher
from pinnsolve.march.record import Accuracy
from pinnsolve.solve import prepare
from pinnsolve.training.expected import expected
from validation.marched import read as read_evolution

KINDS = ("features", "cells")


def of_features(points: int, features: int, memory: str | None) -> dict[str, Any]:
    """The heat equation in a plane: one least-squares problem, its triangle by successive QR of chunks of rows."""
    problem, settings = least_squares(Size(points, features))
    ready = prepare(problem, replace(settings, memory=memory))
    run = ready.loop.state
    places = [site for site, _ in run.points.training.places]
    foretold = expected(run.trial, places, run.stage.method, ready.settings)
    ready.loop.train()
    values = run.points.values()["u"]
    return {"foretold": foretold, "told": f"{float(values.square().mean()):.12f}"}


def conducting(u, x, y, t):  # type: ignore[no-untyped-def]
    k = 1 + 0.3 * torch.sin(math.pi * x) * torch.cos(math.pi * y)  # so that no two cells are alike
    return d(u, t) - 0.01 * (d(k * d(u, x), x) + d(k * d(u, y), y))


def of_cells(cells: int, degree: int, stages: int, memory: str | None) -> dict[str, Any]:
    """A step of heat over n x n equal cells of a plane, by elimination of what joins them."""
    problem = Problem(
        space=Box(x=(0, 1), y=(0, 1)), time=(0, 1), unknowns="u", equations=conducting, reference=None,
        conditions=[initial(u=lambda x, y: torch.sin(math.pi * x) * torch.sin(math.pi * y)), dirichlet(u=0)],
    )  # fmt: skip
    evolution, n = read_evolution(problem)[0], round(cells**0.5)
    ends = tuple(k / n for k in range(1, n))
    accuracy, device = Accuracy(degree, stages, 1e-2, 1e3), torch.device("cpu")
    room = Room.of(read("memory", memory))
    march = Marcher(replace(evolution, joints=(ends, ends)), accuracy, device, room=room)
    march.advance()
    brief = room.cells is not None and held_in_plane(march.scheme, len(march.mesh), brief=False) > room.cells
    foretold = SHARES.base + held_in_plane(march.scheme, len(march.mesh), brief)
    fit = f", {march.most} would fit" * (room.cells is not None)
    return {"foretold": foretold, "told": f"{len(march.mesh)} cells{fit}, {march.record.status}"}


def run(kind: str, given: argparse.Namespace, memory: str | None) -> dict[str, Any]:
    """One run in this process."""
    began = time.process_time()
    with peak_memory() as peak:
        found = (
            of_features(given.points, given.features, memory)
            if kind == "features"
            else of_cells(given.cells, given.degree, given.stages, memory)
        )
    return {**found, "cpu": time.process_time() - began, "peak": peak.bytes}


def measured(kind: str, memory: str | None) -> dict[str, Any]:
    """The same in a process of its own."""
    return in_own_process(
        "benchmarks.memory", *sys.argv[1:], "--run", kind, "--given", memory or "", OMP_NUM_THREADS="1"
    )


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("--points", type=int, default=1_000_000)
    p.add_argument("--features", type=int, default=1000)
    p.add_argument("--cells", type=int, default=10_000)
    p.add_argument("--degree", type=int, default=5)
    p.add_argument("--stages", type=int, default=3)
    p.add_argument("--memory", default="2 GB")
    p.add_argument("--only", choices=KINDS)
    p.add_argument("--free", action="store_true", help="without a budget, too")
    p.add_argument("--run", choices=KINDS, help=argparse.SUPPRESS)
    p.add_argument("--given", help=argparse.SUPPRESS)
    given = p.parse_args()
    if given.run:
        print(json.dumps(run(given.run, given, given.given or None)), flush=True)
        return
    print("| run | budget | peak | foretold | CPU, s | what it came to |\n|---|---|---|---|---|---|")
    for kind in [given.only] if given.only else KINDS:
        what = f"{given.points:,} points, {given.features} features" if kind == "features" else f"{given.cells:,} cells"
        for memory in [given.memory, *([None] if given.free else [])]:
            found = measured(kind, memory)
            if "failed" in found:
                print(f"| {what} | {memory or 'none'} | {found['failed']} |", flush=True)
                continue
            peak, foretold = in_words(found["peak"]), in_words(found["foretold"])
            print(
                f"| {what} | {memory or 'none'} | {peak} | {foretold} | {found['cpu']:.0f} | {found['told']} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
