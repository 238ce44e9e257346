"""One first-order step against nested autograd in PyTorch, and the time of importing the package.

    python -m benchmarks.step

A step is forward, residual, loss and backward on 10,000 points. Nested autograd is as one writes it by hand: a plain
network, `torch.autograd.grad` for every derivative. It has no conditions to meet; pinnsolve's step has them built in,
as always. Both take turns in one process, on one thread. Writes `benchmarks/step.md`.
"""

from __future__ import annotations

import argparse
import statistics
import subprocess
import sys
from collections.abc import Callable
from itertools import pairwise
from math import pi
from pathlib import Path
from time import perf_counter
from typing import Any

import torch
from torch import Tensor, nn

from benchmarks.running import environment
from pinnsolve import MLP, Adam, Box, Problem, Settings, d, initial, periodic
from pinnsolve.solve import prepare
from problems import burgers, kovasznay

WIDTH, DEPTH, POINTS, ROUNDS = 64, 4, 10_000, 15
IMPORTS = {
    "torch": "import torch",
    "pinnsolve": "import pinnsolve",
    "pinnsolve, used": "import pinnsolve; pinnsolve.Problem, pinnsolve.solve",
}
Step = Callable[[], Any]
Residual = Callable[..., list[Tensor]]


def beam(u: Any, x: Any, t: Any) -> Any:
    return d(u, t) + d(u, x, x, x, x)


fourth_order = Problem(
    space=Box(x=(0, 1)),
    time=(0, 1),
    unknowns="u",
    equations=beam,
    conditions=[initial(u=lambda x: torch.sin(2 * pi * x)), periodic("x")],
)


def slope(u: Tensor, x: Tensor) -> Tensor:
    """du/dx at every point by nested autograd, (N,)."""
    (found,) = torch.autograd.grad(u, x, torch.ones_like(u), create_graph=True)
    return found


def nested_burgers(u: Tensor, x: Tensor, t: Tensor) -> list[Tensor]:
    u_x = slope(u, x)
    return [slope(u, t) + u * u_x - 0.01 / pi * slope(u_x, x)]


def nested_beam(u: Tensor, x: Tensor, t: Tensor) -> list[Tensor]:
    return [slope(u, t) + slope(slope(slope(slope(u, x), x), x), x)]


def nested_flow(u: Tensor, v: Tensor, p: Tensor, x: Tensor, y: Tensor) -> list[Tensor]:
    u_x, u_y, v_x, v_y = slope(u, x), slope(u, y), slope(v, x), slope(v, y)
    along = u * u_x + v * u_y + slope(p, x) - (slope(u_x, x) + slope(u_y, y)) / 20
    across = u * v_x + v * v_y + slope(p, y) - (slope(v_x, x) + slope(v_y, y)) / 20
    return [along, across, u_x + v_y]


CASES: dict[str, tuple[Problem, Residual, int]] = {
    "Burgers": (burgers.problem, nested_burgers, 1),
    "fourth order: u_t + u_xxxx": (fourth_order, nested_beam, 1),
    "Navier-Stokes, u, v, p": (kovasznay.problem, nested_flow, 3),
}


def ours(problem: Problem, network: Any, points: int, dtype: torch.dtype = torch.float64) -> Step:
    """pinnsolve's loss and gradient on so many points."""
    settings = Settings(network=network, method=Adam(), points=points, redraw=None, weights=1.0, dtype=dtype)
    loop = prepare(problem, settings).loop
    return lambda: loop.state.points.training.loss_and_gradient(loop.state.weights)


def by_hand(residual: Residual, unknowns: int, dtype: torch.dtype) -> Step:
    """The same by nested autograd on a plain network."""
    widths = [2] + [WIDTH] * DEPTH
    layers = [m for a, b in pairwise(widths) for m in (nn.Linear(a, b), nn.Tanh())]
    net = nn.Sequential(*layers, nn.Linear(WIDTH, unknowns)).to(dtype)
    places = [torch.rand(POINTS, dtype=dtype, requires_grad=True) for _ in range(2)]

    def step() -> None:
        net.zero_grad()
        fields = net(torch.stack(places, dim=1)).unbind(dim=1)
        sum(r.square().mean() for r in residual(*fields, *places)).backward()  # type: ignore[union-attr]

    return step


def seconds(step: Step) -> float:
    begin = perf_counter()
    step()
    return perf_counter() - begin


def alternating(steps: list[Step], rounds: int) -> list[float]:
    """The median time (s) of each, taken in turns after one round to warm up."""
    times = [[seconds(step) for step in steps] for _ in range(rounds + 1)][1:]
    return [statistics.median(column) for column in zip(*times, strict=True)]


def imports(rounds: int) -> dict[str, float]:
    """The median time (s) of a fresh process for each import, less that of one that imports nothing."""
    codes = {"nothing": "", **IMPORTS}
    times = {name: list[float]() for name in codes}
    for _ in range(rounds):
        for name, code in codes.items():
            begin = perf_counter()
            subprocess.run([sys.executable, "-c", code], check=True, env=environment(1))
            times[name].append(perf_counter() - begin)
    found = {name: statistics.median(values) for name, values in times.items()}
    return {name: found[name] - found["nothing"] for name in IMPORTS}


def main() -> None:
    """Measure and write."""
    made = argparse.ArgumentParser(prog="python -m benchmarks.step")
    made.add_argument("--rounds", type=int, default=ROUNDS, help="steps of each kind (default: %(default)s)")
    rounds = made.parse_args().rounds
    torch.set_num_threads(1)
    lines = [
        "# One first-order step, and the import", "",
        "Made by `python -m benchmarks.step`: forward, residual, loss and backward on "
        f"{POINTS:,} points, tanh 2-{'-'.join([str(WIDTH)] * DEPTH)}, one thread, PyTorch {torch.__version__}; medians "
        f"of {rounds} steps, taken in turns in one process. A ratio below one: pinnsolve is faster.", "",
        "| equation | numbers | pinnsolve | nested autograd | ratio |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for name, (problem, residual, unknowns) in CASES.items():
        for dtype in (torch.float32, torch.float64):
            steps = [ours(problem, MLP(WIDTH, DEPTH), POINTS, dtype), by_hand(residual, unknowns, dtype)]
            here, there = alternating(steps, rounds)
            row = f"| {name} | {str(dtype).removeprefix('torch.')} | {1e3 * here:.0f} ms | {1e3 * there:.0f} ms | "
            lines.append(f"{row}{here / there:.2f} |")
            print(lines[-1], flush=True)
    found = imports(max(2, rounds // 2))
    lines += ["", "| import | seconds | more than torch |", "|---|---|---|"]
    lines += [f"| {name} | {value:.2f} s | {value - found['torch']:+.2f} s |" for name, value in found.items()]
    lines += ["", f"Medians of {max(2, rounds // 2)} fresh processes, less the time of Python alone."]
    Path(__file__).with_suffix(".md").write_text("\n".join(lines) + "\n")
    print("\n".join(lines[-5:]))


if __name__ == "__main__":
    main()
