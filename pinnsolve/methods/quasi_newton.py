"""A self-scaled quasi-Newton method with a dense inverse Hessian."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.errors import ProblemError
from pinnsolve.methods.line_search import Trial, searched
from pinnsolve.methods.protocol import Objective, State
from pinnsolve.problem.declaration import whole

ITERATIONS = 10  # in one step
LARGEST = 10_000  # parameters: their matrix takes 800 MB in float64


@dataclass(frozen=True, kw_only=True)
class SSBroyden:
    """Self-scaled Broyden steps along -H g, with a line search that meets the strong Wolfe conditions. After each one,
    with s the step, y the change of the gradient g, and v = s/(y.s) - Hy/(y.Hy),

        H <- (H - Hy (Hy)^T / (y.Hy) + phi (y.Hy) v v^T) / tau + s s^T / (y.s).

    phi and tau are chosen by `scaling`. One step is ten iterations. When points are redrawn the matrix stays, and no
    pair s, y ever spans two sets of points.

    Parameters
    ----------
    steps : int, optional
        Ends after so many steps.

    Raises
    ------
    ProblemError
        In `init`, for more than 10,000 parameters.

    Source: Urban, Stefanou & Pons, J. Comput. Phys. 523 (2025) 113656, equations 12-23; Al-Baali, Spedicato & Maggioni,
    Optim. Methods Softw. 29 (2014) 937.
    """

    steps: int | None = None
    name = "ssbroyden"
    cycle = 1
    redraws = True

    def __post_init__(self) -> None:
        whole("SSBroyden: steps", self.steps)

    def init(self, objective: Objective) -> State:
        count = len(objective.model.vector())
        if count > LARGEST:
            raise ProblemError(
                f"SSBroyden keeps a dense matrix, and {count:,} parameters make it {8e-9 * count**2:.1f} GB large",
                f"Write method=SOAP() or LBFGS(), or a network of at most {LARGEST:,} parameters.",
            )
        return {"inverse": None, "loss": math.nan, "stuck": False}

    def step(self, objective: Objective, state: State) -> State:
        inverse: Tensor | None = None if state["inverse"] is None else state["inverse"].clone()
        loss, gradient = objective.loss_and_gradient()
        here = Trial(0.0, loss, -1.0, gradient)
        stuck = math.isfinite(loss)
        for _ in range(ITERATIONS if math.isfinite(loss) else 0):
            moved = _moved(objective, here, inverse)
            if moved is None:
                break
            here, inverse, stuck = *moved, False
        return {"inverse": inverse, "loss": here.loss, "stuck": stuck}


def _moved(objective: Objective, here: Trial, inverse: Tensor | None) -> tuple[Trial, Tensor] | None:
    """One iteration: where it leads, and the next matrix; None, with the model where it was, without a way down."""
    start, gradient = objective.model.vector(), here.gradient
    for matrix in [inverse, None] if inverse is not None else [None]:
        direction = -gradient if matrix is None else -(matrix @ gradient)
        slope = float(gradient @ direction)
        if not slope < 0:
            continue

        def at(step: float, direction: Tensor = direction) -> Trial:
            objective.model.assign(start + step * direction)
            loss, g = objective.loss_and_gradient()
            return Trial(step, loss, float(g @ direction), g)

        first = 1.0 if matrix is not None else min(1.0, 1 / float(gradient.abs().sum()))
        found = searched(at, Trial(0.0, here.loss, slope, gradient), first)
        if found is not None:
            s, y = found.step * direction, found.gradient - gradient
            objective.model.assign(start + s)
            return found, updated(matrix, s, y, -found.step * float(s @ gradient))
    objective.model.assign(start)
    return None


def updated(inverse: Tensor | None, s: Tensor, y: Tensor, sbs: float) -> Tensor:
    """The next inverse Hessian H (P, P), which takes y to s; `sbs` is s.Bs, B the inverse of H.

    Without H it begins with (y.s)/(y.y) I (Nocedal & Wright, equation 6.20). Where y.s is not positive, H stays.
    """
    ys = float(y @ s)
    if inverse is None:
        scale = ys / float(y @ y) if ys > 0 else 1.0
        inverse = torch.eye(len(s), dtype=s.dtype, device=s.device) * scale
        sbs = float(s @ s) / scale
    if not ys > 0:
        return inverse
    image = inverse @ y
    yhy = float(y @ image)
    if not yhy > 0:
        return inverse
    phi, tau = scaling(sbs / ys, yhy / ys, len(s))
    pair = torch.stack([image, s], 1)
    cross = -phi / (tau * ys)
    small = pair.new_tensor([[(phi - 1) / (tau * yhy), cross], [cross, phi * yhy / (tau * ys**2) + 1 / ys]])
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
    rho = min(1.0, h * (1 - math.sqrt(a / (1 + a))))
    theta = max((rho - 1) / a, min(1 / rho, (1 - b) / b))
    sigma = 1 + a * theta
    shrunk = min(1.0, 1 / b)
    root = abs(sigma) ** (1 / (1 - count)) if count > 1 else 1.0
    tau = shrunk * min(root, 1 / theta) if theta > 0 else min(shrunk * root, sigma)
    return (1 - theta) / sigma, tau
