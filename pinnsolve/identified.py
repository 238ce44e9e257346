"""What the data say of the unknown constants: standard errors, correlations, and how well the data are met.

Near the minimum of the loss |r(z)|^2 over all trained numbers z, with rows A of its Jacobian, noise e in the data moves
the minimum by

    dz = -(A^T A)^(-1) A_d^T e,

A_d the rows of the data; so the covariance of z is the sandwich (A^T A)^(-1) A_d^T cov(e) A_d (A^T A)^(-1), of which
the rows and columns of the constants are kept. cov(e) is the identity in units of sigma; where sigma is not known, the
noise is taken from the misfit over the degrees of freedom that the fit has left. Where a share of the measurements is
held out, the misfit is theirs: the fit took none of their degrees of freedom, wherever it was stopped.

Training ends somewhere near the minimum. The Gauss-Newton step that is left, (A^T A)^(-1) A^T r, says how far from it;
its square is added to the variance. It is what counts where measurements have no noise, or training was cut short.

Source: Seber & Wild, Nonlinear Regression (Wiley 1989), section 2.1; White, Econometrica 48 (1980) 817.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.residuals import Residuals

RIDGE = 1e-10  # relative to columns of length one
ALIKE = 0.99  # a correlation beyond which two constants are only known together
EXPECTED = 3.0  # standard deviations of chi squared
UNFINISHED = 1.0  # of what the noise moves a constant: a longer step that is left is told


@dataclass(frozen=True)
class Constant:
    """An unknown constant, as it was found.

    Parameters
    ----------
    value : float
    standard_error : float
        In the same units, from the noise and the step that training has left; infinite where nothing depends on it.
    """

    value: float
    standard_error: float

    def __str__(self) -> str:
        error = self.standard_error
        if not (math.isfinite(error) and error > 0):
            return f"{self.value:.6g} +- {error:.1g}"
        digits = max(0, 1 - math.floor(math.log10(error))) if error < 1 else 0
        return f"{self.value:.{min(digits, 12)}f} +- {error:.{min(digits, 12)}f}"


@dataclass(frozen=True)
class Misfit:
    """How well one set of measurements is met.

    Parameters
    ----------
    value : float
        The sum of ((u - measured) / sigma)^2; with sigma not known, in the unknown's units.
    expected : float
        For the true noise, the number of measurements less the degrees of freedom that the fit took from them; NaN
        where sigma is not known.
    """

    value: float
    expected: float

    @property
    def met(self) -> bool:
        """Whether the misfit is near its expectation, within three standard deviations of chi squared."""
        return abs(self.value - self.expected) <= EXPECTED * math.sqrt(2 * max(self.expected, 1.0))


@dataclass(frozen=True)
class Identified:
    """The constants of a run.

    Parameters
    ----------
    constants : dict from name to Constant
    correlations : dict from (name, name) to float
    misfits : dict from residual name to Misfit
    warnings : list of str
        Which constants the data cannot tell, and which training has not found yet.
    """

    constants: dict[str, Constant]
    correlations: dict[tuple[str, str], float]
    misfits: dict[str, Misfit]
    warnings: list[str]


def identified(
    residuals: Residuals, weights: Mapping[str, float], unseen: Residuals | None = None
) -> Identified | None:
    """Standard errors from the Jacobian at the end of training; None for a problem without data.

    Where measurements were held out, `unseen` has the residuals on them.
    """
    trial = residuals.trial
    observations = trial.problem.observations
    if not observations:
        return None
    known = {name: o.known for o in observations for name in o.terms}
    rows, values = _stacked(residuals, weights)
    factor, scale = _factor(torch.cat(list(rows.values())))
    judged = values if unseen is None else unseen.values()
    noise, misfits = {}, {}
    for name, sure in known.items():
        taken = _leverage(rows[name], factor, scale) if unseen is None else 0.0
        total, free = float(judged[name].square().sum()), len(judged[name]) - taken
        noise[name] = 1.0 if sure else math.sqrt(total / max(free, 1.0))
        misfits[name] = Misfit(total, free if sure else math.nan)
    names = list(trial.constants.raw)
    if not names:
        return Identified({}, {}, misfits, [])
    whole, inverse = torch.cat(list(rows.values())), _inverse(factor, scale, len(names))
    per_row = {n: (weights[n] / residuals.counts[n]) ** 0.5 for n in rows}
    moved = torch.cat([rows[n] @ inverse * (per_row[n] * size) for n, size in noise.items()])
    left = (whole @ inverse).T @ torch.cat([values[n] * per_row[n] for n in rows])
    slopes = torch.tensor(list(trial.constants.slopes().values()), dtype=torch.float64)
    by_noise, left = slopes[:, None] * (moved.T @ moved) * slopes, slopes * left
    covariance = by_noise + torch.outer(left, left)
    met = whole[:, -len(names) :].any(0)
    errors = torch.where(met, covariance.diagonal().clamp(min=0).sqrt(), torch.inf)
    found = {n: Constant(v, float(e)) for (n, v), e in zip(trial.constants.values().items(), errors, strict=True)}
    correlations = {
        (a, b): float(covariance[i, j] / (errors[i] * errors[j] or 1.0))
        for i, a in enumerate(names) for j, b in enumerate(names) if i < j
    }  # fmt: skip
    far = left.abs() > UNFINISHED * by_noise.diagonal().clamp(min=0).sqrt()
    moving = {n: float(step) for n, step, is_far in zip(names, left, far & met, strict=True) if is_far}
    return Identified(found, correlations, misfits, _warnings(found, correlations, moving))


def _stacked(residuals: Residuals, weights: Mapping[str, float]) -> tuple[dict[str, Tensor], dict[str, Tensor]]:
    """The weighted rows of the Jacobian by residual name, and the residuals without weights; on the CPU."""
    rows: dict[str, list[Tensor]] = {name: [] for name in residuals.names}
    values: dict[str, list[Tensor]] = {name: [] for name in residuals.names}
    for block in residuals.linearised():
        for name, r in block.residuals.items():
            scale = (weights[name] / residuals.counts[name]) ** 0.5
            rows[name].append((block.jacobians[name] * scale).to("cpu", torch.float64))
            values[name].append(r.to("cpu", torch.float64))
    return {n: torch.cat(v) for n, v in rows.items()}, {n: torch.cat(v) for n, v in values.items()}


def _factor(matrix: Tensor) -> tuple[Tensor, Tensor]:
    """R of the QR factorisation with columns of length one over a small ridge, and the lengths."""
    scale = matrix.norm(dim=0)
    scale = torch.where(scale > 0, scale, torch.ones_like(scale))
    below = RIDGE * torch.eye(matrix.shape[1], dtype=matrix.dtype)
    return torch.linalg.qr(torch.cat([matrix / scale, below]), mode="r").R, scale


def _leverage(rows: Tensor, factor: Tensor, scale: Tensor) -> float:
    """The degrees of freedom that the fit takes from these rows."""
    image = torch.linalg.solve_triangular(factor.T, (rows / scale).T, upper=False)
    return float(image.square().sum())


def _inverse(factor: Tensor, scale: Tensor, count: int) -> Tensor:
    """The columns of (A^T A)^(-1) that belong to the constants: (P, count)."""
    last = torch.eye(len(scale), dtype=torch.float64)[:, -count:] / scale[:, None]
    half = torch.linalg.solve_triangular(factor.T, last, upper=False)
    return torch.linalg.solve_triangular(factor, half, upper=True) / scale[:, None]


def _warnings(
    found: Mapping[str, Constant], correlations: Mapping[tuple[str, str], float], moving: Mapping[str, float]
) -> list[str]:
    """Which constants the data cannot tell, and which training has not found yet."""
    told = [
        f"the data cannot tell {name}: its standard error {c.standard_error:.1g} is no less than itself ({c.value:.3g})"
        for name, c in found.items()
        if not c.standard_error < abs(c.value)
    ]
    told += [
        f"the data tell {a} and {b} only together: their correlation is {r:.4f}"
        for (a, b), r in correlations.items()
        if abs(r) > ALIKE
    ]
    told += [
        f"training has not come to its end: one more step would move {name} by about {abs(step):.1g}, more than the "
        "noise does; go on with --resume and a larger --budget"
        for name, step in moving.items()
        if found[name].standard_error < abs(found[name].value)
    ]
    return told
