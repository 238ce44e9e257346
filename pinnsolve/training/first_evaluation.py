"""What the first evaluation shows: whether a network has the derivatives that are asked, and how functions behave."""

from __future__ import annotations

import torch

from pinnsolve.checks.check import Findings
from pinnsolve.checks.coverage import derivative_name
from pinnsolve.errors import ProblemError
from pinnsolve.training.run import Run
from pinnsolve.trial.of_cells import OfCells
from pinnsolve.trial.trial import Trial


def check_smooth(trial: Trial, findings: Findings) -> None:
    """Every derivative of second or higher order that the equations need is one that the network has."""
    if isinstance(trial, OfCells):
        return  # polynomials have them all
    begin = trial.vector()
    missing = _missing(trial, findings)
    if missing:  # random features begin at zero, whatever constants do; any other output layer shows what they can do
        trial.assign(torch.ones_like(begin))
        missing = _missing(trial, findings)
        trial.assign(begin)
    if missing:
        raise ProblemError(
            f"the equations hold {missing}, but this network's second derivatives are zero everywhere",
            "ReLU (and any piecewise linear network) cannot represent it. Possible activations: tanh, sine, "
            "sigmoid, silu, gelu.",
        )


def _missing(trial: Trial, findings: Findings) -> str:
    """The name of a derivative of second or higher order that is asked for and is zero; empty where there is none."""
    bare = trial.bare(trial.prepare(trial.some_points()))
    for unknown, alphas in findings.derivatives.items():
        for alpha in sorted(a for a in alphas if sum(a) >= 2):
            part = bare[unknown].partial(alpha)
            if part is None or not bool(part.detach().abs().max() > 0):
                return derivative_name(unknown, alpha, trial.problem.coordinates)
    return ""


def noted(run: Run) -> list[str]:
    """What the first evaluation showed of the user's functions."""
    training = run.points.training
    told = [
        f"{name} has no Taylor rule; nested autograd stands in, exact but slower" for name in sorted(training.fallbacks)
    ]
    if training.coarse:
        told.append(
            "numbers of fewer digits are combined with the fields: torch.tensor(0.1), for one, is float32 and loses "
            "nine digits of 0.1; write 0.1, or torch.tensor(0.1, dtype=torch.float64)"
        )
    return told
