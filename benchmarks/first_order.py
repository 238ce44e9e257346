"""One first-order step (forward, residual, loss, backward) against plain nested autograd in PyTorch.

    OMP_NUM_THREADS=1 python -m benchmarks.first_order [NAME ...]

Both run in one process and take turns, with the same weights on the same points: 2-64-64-64-64-C, 10,000 points.
Printed are the medians in milliseconds, the ratio of the two, and that of the processor times of all rounds. "built
in" has the initial and boundary values of the problem file in its trial function; what it is compared with has not.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from statistics import median
from time import perf_counter, process_time
from typing import Any

import torch
from torch import Tensor

from pinnsolve import MLP, Box, Problem, condition, d, laplace
from pinnsolve.networks.exact import verified
from pinnsolve.networks.trial import Trial
from pinnsolve.problem.checks import check
from pinnsolve.residuals import Residuals, sites
from pinnsolve.sampling import sample
from problems import burgers as burgers_file
from problems import heat as heat_file

POINTS, ROUNDS, NETWORK = 10_000, 15, MLP(width=64, depth=4)
SQUARE, LINE = Box(x=(-1, 1), y=(-1, 1)), Box(x=(-1, 1))  # the network's inputs are then the coordinates themselves
Slope = Callable[..., Tensor]


def burgers(u, x, t):
    return d(u, t) + u * d(u, x) - 0.01 * d(u, x, x)


def heat(u, x, t):
    return d(u, t) - 0.4 * d(u, x, x)


def beam(u, x, t):
    return d(u, t) + d(u, x, x, x, x)


def biharmonic(u, x, y):
    return laplace(laplace(u, x, y), x, y)


def x_momentum(u, v, p, x, y):
    return u * d(u, x) + v * d(u, y) + d(p, x) - laplace(u, x, y) / 20


def y_momentum(u, v, p, x, y):
    return u * d(v, x) + v * d(v, y) + d(p, y) - laplace(v, x, y) / 20


def continuity(u, v, x, y):
    return d(u, x) + d(v, y)


def grad(u: Tensor, x: Tensor) -> Tensor:
    return torch.autograd.grad(u.sum(), x, create_graph=True)[0]


def burgers_nested(u: Tensor, x: Tensor, t: Tensor) -> list[Tensor]:
    u_x = grad(u, x)
    return [grad(u, t) + u * u_x - 0.01 * grad(u_x, x)]


def heat_nested(u: Tensor, x: Tensor, t: Tensor) -> list[Tensor]:
    return [grad(u, t) - 0.4 * grad(grad(u, x), x)]


def beam_nested(u: Tensor, x: Tensor, t: Tensor) -> list[Tensor]:
    return [grad(u, t) + grad(grad(grad(grad(u, x), x), x), x)]


def biharmonic_nested(u: Tensor, x: Tensor, y: Tensor) -> list[Tensor]:
    lap = grad(grad(u, x), x) + grad(grad(u, y), y)
    return [grad(grad(lap, x), x) + grad(grad(lap, y), y)]


def flow_nested(u: Tensor, v: Tensor, p: Tensor, x: Tensor, y: Tensor) -> list[Tensor]:
    u_x, u_y, v_x, v_y = grad(u, x), grad(u, y), grad(v, x), grad(v, y)
    return [
        u * u_x + v * u_y + grad(p, x) - (grad(u_x, x) + grad(u_y, y)) / 20,
        u * v_x + v * v_y + grad(p, y) - (grad(v_x, x) + grad(v_y, y)) / 20,
        u_x + v_y,
    ]


def flow() -> Problem:
    equations = [x_momentum, y_momentum, continuity]
    weighted = condition(lambda u, v, p: u + v + p)
    return Problem(space=SQUARE, unknowns=("u", "v", "p"), equations=equations, conditions=weighted)


def plane(equation: Any, steady: bool = False) -> Problem:
    where: dict[str, Any] = {"space": SQUARE} if steady else {"space": LINE, "time": (-1, 1)}
    return Problem(**where, unknowns="u", equations=equation, conditions=condition(lambda u: u))


CASES: dict[str, tuple[Callable[[], Problem], Callable[..., list[Tensor]]]] = {
    "Burgers": (lambda: plane(burgers), burgers_nested),
    "Burgers, built in": (lambda: burgers_file.problem, burgers_nested),
    "heat": (lambda: plane(heat), heat_nested),
    "heat, built in": (lambda: heat_file.problem, heat_nested),
    "Navier-Stokes": (flow, flow_nested),
    "u_t + u_xxxx": (lambda: plane(beam), beam_nested),
    "biharmonic": (lambda: plane(biharmonic, steady=True), biharmonic_nested),
}


def ours(problem: Problem, dtype: torch.dtype) -> tuple[Residuals, dict[str, float]]:
    generator = torch.Generator().manual_seed(0)
    made, _ = verified(problem, check(problem))
    trial = Trial(problem, NETWORK, made, generator, dtype=dtype)
    site = sites(problem, made)[0]
    points = sample(problem.domain, problem.space_coordinates, site.slabs, POINTS, "uniform", generator)
    residuals = Residuals(trial, [(site, points)])
    return residuals, dict.fromkeys(residuals.names, 1.0)


def plain(residuals: Residuals, equations: Callable[..., list[Tensor]]) -> Callable[[], tuple[float, Tensor]]:
    """The same step by nested autograd, over the network itself."""
    trial = residuals.trial
    ((_, points),) = residuals.places
    places = [x.to(trial.dtype) for x in points.coordinates.values()]

    def step() -> tuple[float, Tensor]:
        leaves = [x.requires_grad_() for x in places]
        columns: Sequence[Tensor] = trial.network(torch.stack(leaves, -1)).unbind(1)
        loss = torch.stack([r.square().mean() for r in equations(*columns, *leaves)]).sum()
        slopes = torch.autograd.grad(loss, trial.parameters, materialize_grads=True, allow_unused=True)
        return float(loss.detach()), torch.cat([g.reshape(-1) for g in slopes])

    return step


def raced(steps: Sequence[Callable[[], Any]]) -> tuple[list[float], list[float]]:
    """Medians of the times, and the sums of the processor times, of steps that take turns."""
    times: list[list[float]] = [[] for _ in steps]
    work = [0.0] * len(steps)
    for turn in range(ROUNDS + 2):
        for k, step in enumerate(steps):
            wall, busy = perf_counter(), process_time()
            step()
            if turn >= 2:  # the first two are for warming up
                times[k].append(perf_counter() - wall)
                work[k] += process_time() - busy
    return [median(t) for t in times], work


def row(name: str, dtype: torch.dtype) -> str:
    build, equations = CASES[name]
    residuals, weights = ours(build(), dtype)
    nested = plain(residuals, equations)
    difference = ""
    if "built in" not in name:
        (loss, slope), (true_loss, true_slope) = residuals.loss_and_gradient(weights), nested()
        off = float((slope - true_slope).abs().max() / true_slope.abs().max())
        difference = f"  differs by {max(off, abs(loss / true_loss - 1)):.0e}"
    (own, other), work = raced([lambda: residuals.loss_and_gradient(weights), nested])
    kind = str(dtype).removeprefix("torch.")
    numbers = f"{own * 1e3:8.1f} {other * 1e3:8.1f} {own / other:6.2f} {work[0] / work[1]:6.2f}"
    return f"{name:20s} {kind} {numbers}{difference}"


if __name__ == "__main__":
    print(f"{'':20s} {'':7s} {'pinnsolve':>8s} {'nested':>7s}  ratio    CPU")
    for wanted in sys.argv[1:] or CASES:
        for kind in (torch.float32, torch.float64):
            print(row(wanted, kind), flush=True)
