"""Quasi-Newton methods: self-scaled Broyden with a dense inverse Hessian, and L-BFGS with a few pairs instead."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError, positive, whole
from pinnsolve.machine.room import Room
from pinnsolve.methods.line_search import Probe, searched
from pinnsolve.methods.protocol import Objective, State

# Iterations in one step, on the same points. Larger: less is lost where points are redrawn, and losses are looked at
# less often. Chosen, not measured; that redrawing every 50 iterations does no harm is in docs/how_to_choose.md.
ITERATIONS = 10


@dataclass(frozen=True, kw_only=True)
class SSBroyden:
    """Self-scaled Broyden steps along -H g, with a line search that meets the strong Wolfe conditions. After each one,
    with s the step, y the change of the gradient g, and v = s/(y.s) - Hy/(y.Hy),

        H <- (H - Hy (Hy)^T / (y.Hy) + phi (y.Hy) v v^T) / tau + s s^T / (y.s).

    phi and tau are chosen by `scaling`. One step is ten iterations. When points are redrawn the matrix stays, and no
    pair s, y ever spans two sets of points.

    Source: Urban, Stefanou & Pons, J. Comput. Phys. 523 (2025) 113656 (SSBroyden2 in the authors' code);
    Al-Baali, Spedicato & Maggioni, Optim. Methods Softw. 29 (2014) 937.

    Parameters
    ----------
    steps : int, optional
        Ends after so many steps.

    Raises
    ------
    ProblemError
        In `init`, for more than 10,000 parameters.
    """

    steps: int | None = None
    name = "ssbroyden"
    cycle = 1
    redraws = True
    by_rows = False
    most = 10_000  # parameters: their matrix takes 800 MB in float64

    def __post_init__(self) -> None:
        whole("SSBroyden: steps", self.steps)

    def init(self, objective: Objective) -> State:
        count = len(objective.model.vector())
        if count > self.most:
            raise ProblemError(
                f"SSBroyden keeps a dense matrix, and {count:,} parameters make it {8e-9 * count**2:.1f} GB large",
                f"Write method=SOAP() or LBFGS(), or a network of at most {self.most:,} parameters.",
            )
        return {"inverse": None, "loss": math.nan, "stuck": False}

    def held(self, rows: int, columns: int, squares: float, room: Room) -> float:
        """The matrix, and what its update makes of it."""
        return 3.0 * columns**2

    def step(self, objective: Objective, state: State) -> State:
        inverse: Tensor | None = state["inverse"]
        here = _begun(objective)
        stuck = math.isfinite(here.loss)
        for _ in range(ITERATIONS if stuck else 0):
            moved = None if inverse is None else _moved(objective, here, inverse.mv)
            if moved is None:
                inverse, moved = None, _moved(objective, here, None)
            if moved is None:
                break
            new, s = moved
            inverse = updated(inverse, s, new.gradient - here.gradient, -new.step * float(s @ here.gradient))
            here, stuck = new, False
        return {"inverse": inverse, "loss": here.loss, "stuck": stuck}


@dataclass(frozen=True, kw_only=True)
class LBFGS:
    """Limited-memory BFGS: steps along -H g, H from the last pairs of steps s and changes y of the gradient, with a
    line search that meets the strong Wolfe conditions. One step is ten iterations. When points are redrawn the pairs
    stay, and none ever spans two sets of points.

    Source: Nocedal & Wright, Numerical Optimization (2006), algorithms 7.4, 7.5 and 3.5.

    Parameters
    ----------
    memory : int
        The number of pairs.
    steps : int, optional
        Ends after so many steps.
    """

    memory: int = 50
    steps: int | None = None
    name = "lbfgs"
    cycle = 1
    redraws = True
    by_rows = False

    def __post_init__(self) -> None:
        positive("LBFGS: memory", self.memory)
        whole("LBFGS: memory", self.memory)
        whole("LBFGS: steps", self.steps)

    def init(self, objective: Objective) -> State:
        none = objective.model.vector()[None][:0]
        return {"s": none, "y": none, "loss": math.nan, "stuck": False}

    def held(self, rows: int, columns: int, squares: float, room: Room) -> float:
        """The pairs, old and new, and a dozen vectors."""
        return (4.0 * self.memory + 12.0) * columns

    def step(self, objective: Objective, state: State) -> State:
        pairs: tuple[Tensor, Tensor] = state["s"], state["y"]
        here = _begun(objective)
        stuck = math.isfinite(here.loss)
        for _ in range(ITERATIONS if stuck else 0):
            moved = _moved(objective, here, partial(two_loops, *pairs)) if len(pairs[0]) else None
            if moved is None:
                pairs = pairs[0][:0], pairs[1][:0]
                moved = _moved(objective, here, None)
            if moved is None:
                break
            new, s = moved
            y = new.gradient - here.gradient
            if float(y @ s) > 0:
                pairs = torch.cat([pairs[0], s[None]])[-self.memory :], torch.cat([pairs[1], y[None]])[-self.memory :]
            here, stuck = new, False
        return {"s": pairs[0], "y": pairs[1], "loss": here.loss, "stuck": stuck}


def _begun(objective: Objective) -> Probe:
    loss, gradient = objective.loss_and_gradient()
    return Probe(0.0, loss, -1.0, gradient)


def _moved(objective: Objective, here: Probe, along: Callable[[Tensor], Tensor] | None) -> tuple[Probe, Tensor] | None:
    """One line search along -H g: where it ends, and the step (P,). `along` gives H g; without it H is one.

    None, with the model where it was, if that is no way down.
    """
    start, gradient = objective.model.vector(), here.gradient
    direction = -gradient if along is None else -along(gradient)
    slope = float(gradient @ direction)
    if slope < 0:

        def at(step: float) -> Probe:
            objective.model.assign(start + step * direction)
            loss, g = objective.loss_and_gradient()
            return Probe(step, loss, float(g @ direction), g)

        first = min(1.0, 1 / float(gradient.abs().sum())) if along is None else 1.0
        found = searched(at, Probe(0.0, here.loss, slope, gradient), first)
        if found is not None:
            s = found.step * direction
            objective.model.assign(start + s)
            return found, s
    objective.model.assign(start)
    return None


def two_loops(s: Tensor, y: Tensor, gradient: Tensor) -> Tensor:
    """H g (P,) from pairs s, y (k, P), the oldest first, over H_0 = (s.y)/(y.y) I of the last one.

    Source: Nocedal & Wright, Numerical Optimization (2006), algorithm 7.4.
    """
    product = (s * y).sum(1)
    q, alphas = gradient.clone(), []
    for k in reversed(range(len(s))):
        alphas.append(s[k] @ q / product[k])
        q -= alphas[-1] * y[k]
    q *= product[-1] / y[-1].square().sum()
    for k, alpha in enumerate(reversed(alphas)):
        q += (alpha - y[k] @ q / product[k]) * s[k]
    return q


def updated(inverse: Tensor | None, s: Tensor, y: Tensor, sbs: float) -> Tensor:
    """The next inverse Hessian H (P, P), which takes y to s; `sbs` is s.Bs, B the inverse of H.

    Without H it begins with (y.s)/(y.y) I (Nocedal & Wright, equation 6.20). Where y.s is not positive, or the numbers
    are at the end of their range, H stays.
    """
    ys = float(y @ s)
    if inverse is None:
        scale = ys / float(y @ y) if ys > 0 and float(y @ y) > 0 else 1.0
        scale = scale or 1.0
        inverse = torch.eye(len(s), dtype=s.dtype, device=s.device) * scale
        sbs = float(s @ s) / scale
    if not ys > 0:
        return inverse
    image = inverse @ y
    yhy = float(y @ image)
    if not yhy > 0:
        return inverse
    pair = torch.stack([image, s], 1)
    try:
        phi, tau = scaling(sbs / ys, yhy / ys, len(s))
        cross = -phi / (tau * ys)
        small = pair.new_tensor([[(phi - 1) / (tau * yhy), cross], [cross, phi * yhy / (tau * ys**2) + 1 / ys]])
    except (ZeroDivisionError, OverflowError):
        return inverse
    new = torch.addmm(inverse, pair @ small, pair.T, beta=1 / tau)
    return new if bool(torch.isfinite(new).all()) else inverse


def scaling(b: float, h: float, count: int) -> tuple[float, float]:
    """phi and tau from b = s.Bs/(y.s) and h = y.Hy/(y.s), in n dimensions: with a = b h - 1 and c = sqrt(a/(1 + a)),

        theta = max((rho - 1)/a, min(1/rho, (1 - b)/b)),   rho = min(1, h (1 - c)),   sigma = 1 + a theta,
        phi = (1 - theta)/sigma,
        tau = min(1, 1/b) min(sigma^(1/(1-n)), 1/theta) where theta > 0, else min(min(1, 1/b) sigma^(1/(1-n)), sigma).

    phi = tau = 1 is BFGS. By the Cauchy-Schwarz inequality a >= 0.
    """
    a = max(b * h - 1, 1e-12)
    rho = min(1.0, h / ((1 + a) * (1 + math.sqrt(a / (1 + a)))))  # h (1 - c), without cancellation
    theta = max((rho - 1) / a, min(1 / rho, (1 - b) / b))
    sigma = 1 + a * theta
    shrunk = min(1.0, 1 / b)
    root = abs(sigma) ** (1 / (1 - count)) if count > 1 else 1.0
    tau = shrunk * min(root, 1 / theta) if theta > 0 else min(shrunk * root, sigma)
    return (1 - theta) / sigma, tau
