"""What the data say of the unknown constants: standard errors, correlations, and how well the data are met.

Near the minimum of the loss |r(z)|^2 over all trained numbers z, with rows A of its Jacobian, noise e in the data moves
the minimum by

    dz = -(A^T A)^(-1) A_d^T e,

A_d the rows of the data; so a quantity q(z), a constant or the value of a function somewhere, has the variance

    g^T (A^T A)^(-1) A_d^T cov(e) A_d (A^T A)^(-1) g,      g its gradient.

cov(e) is the identity in units of sigma; where sigma is not known, the noise is taken from the misfit over the degrees
of freedom that the fit has left. Where a share of the measurements is held out, the misfit is theirs: the fit took none
of their degrees of freedom, wherever it was stopped.

Training ends somewhere near the minimum. The Gauss-Newton step that is left, (A^T A)^(-1) A^T r, says how far from it;
its square is added to the variance. It is what counts where measurements have no noise, or training was cut short.

Whether anything determines q at all, data or not, is told by the least change of all residuals with which q can change
by its own size,  |q| / sqrt(g^T (A^T A)^(-1) g): where that is no more than rounding beside what the change costs with
all else held, nothing does.

Source: Seber & Wild, Nonlinear Regression (Wiley 1989), section 2.1; White, Econometrica 48 (1980) 817.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.algebra.operations import LARGEST
from pinnsolve.algebra.tolerances import RIDGE
from pinnsolve.geometry.points import Points
from pinnsolve.inverse.limits import LIMITS
from pinnsolve.inverse.record import Constant, Function, Identified, Misfit
from pinnsolve.jets.tape import Tape
from pinnsolve.problem.observations import HUBER, ROW, Measured, named, unhuber
from pinnsolve.residuals import Residuals
from pinnsolve.trial.trial import Trial


def identified(
    residuals: Residuals, weights: Mapping[str, float], unseen: Residuals | None = None
) -> Identified | None:
    """What is known at the end of training; None for a problem without data, unknown constants and functions.

    Parameters
    ----------
    residuals : Residuals
        On the training points.
    weights : dict from residual name to float
    unseen : Residuals, optional
        On the measurements that were held out, if some were.
    """
    trial = residuals.trial
    sets = trial.problem.data
    if not sets and not trial.constants.declared and not trial.functions.declared:
        return None
    if trial.parameters_count > LARGEST:
        return _without_errors(trial, (unseen or residuals).values(), held_out=unseen is not None)
    fit = _Fit.of(residuals, weights)
    judged = fit.values if unseen is None else unseen.values()
    noise, misfits, told = {}, {}, []
    for name, data in sets.items():
        taken = fit.leverage(name) if unseen is None else 0.0
        total, free = float(judged[name].square().sum()), len(judged[name]) - taken
        noise[name] = 1.0 if data.known else math.sqrt(total / max(free, 1.0))
        misfits[name] = Misfit(total, free * (HUBER if data.loss == "huber" else 1.0) if data.known else math.nan)
        told += _followed(name, taken, len(judged[name]))
        told += _outliers(name, data, fit.values[name], residuals) if data.known else []
    functions, loose = {}, list[str]()
    for name in trial.functions.declared:
        gradient = _function_gradient(trial, name)
        by_noise, left = fit.moved(gradient, noise)
        functions[name] = _function(trial, name, (by_noise.diagonal() + left.square()).clamp(min=0).sqrt())
        if float(fit.free(gradient).double().mean()) > LIMITS.most:
            loose.append(name)
    gradient = _constants_gradient(trial)
    loose += [n for n, is_free in zip(trial.constants.declared, fit.free(gradient).tolist(), strict=True) if is_free]
    by_noise, left = fit.moved(gradient, noise)
    constants, correlations = _constants(trial, by_noise + torch.outer(left, left), fit.reached)
    far = left.abs() > LIMITS.unfinished * by_noise.diagonal().clamp(min=0).sqrt()
    moving = {n: float(step) for n, step, is_far in zip(constants, left, far & fit.reached, strict=True) if is_far}
    told += _warnings(constants, functions, correlations) + _moving(constants, moving)
    told += [f"nothing determines {n}: it may change by its own size, and no residual tells; add data" for n in loose]
    return Identified(constants, functions, correlations, misfits, list(dict.fromkeys(told)), loose)


def _without_errors(trial: Trial, judged: Mapping[str, Tensor], held_out: bool) -> Identified:
    """What can be said of a network that is too large for the covariance of its parameters."""
    misfits = {}
    for name, data in trial.problem.data.items():
        expected = len(judged[name]) * (HUBER if data.loss == "huber" else 1.0)
        misfits[name] = Misfit(float(judged[name].square().sum()), expected if held_out and data.known else math.nan)
    constants = {name: Constant(value, math.nan) for name, value in trial.constants.values().items()}
    nothing = {n: torch.full((len(_places(trial, n)),), math.nan) for n in trial.functions.declared}
    functions = {n: _function(trial, n, errors) for n, errors in nothing.items()}
    told = (
        f"no standard errors are stated for more than {LARGEST:,} trained numbers, here {trial.parameters_count:,}: "
        "their covariance is a dense matrix; a smaller network has them"
    )
    return Identified(constants, functions, {}, misfits, [told])


@dataclass(frozen=True)
class _Fit:
    """The least-squares problem at the end of training: weighted rows by residual name, values, R of all rows."""

    rows: Mapping[str, Tensor]
    values: Mapping[str, Tensor]
    per_row: Mapping[str, float]
    factor: Tensor
    scale: Tensor
    reached: Tensor

    @classmethod
    def of(cls, residuals: Residuals, weights: Mapping[str, float]) -> _Fit:
        rows, values = _stacked(residuals, weights)
        whole, constants = torch.cat(list(rows.values())), len(residuals.trial.constants.raw)
        per_row = {n: (weights[n] / residuals.counts[n]) ** 0.5 for n in rows}
        return cls(rows, values, per_row, *_factor(whole), whole.any(0)[whole.shape[1] - constants :])

    def leverage(self, name: str) -> float:
        """The degrees of freedom that the fit takes from these rows."""
        image = torch.linalg.solve_triangular(self.factor.T, (self.rows[name] / self.scale).T, upper=False)
        return float(image.square().sum())

    def moved(self, gradient: Tensor, noise: Mapping[str, float]) -> tuple[Tensor, Tensor]:
        """The covariance (m, m) that noise gives to quantities with these gradients (m, P), and the step (m,) left."""
        half = torch.linalg.solve_triangular(self.factor.T, (gradient / self.scale).T, upper=False)
        inverse = torch.linalg.solve_triangular(self.factor, half, upper=True) / self.scale[:, None]
        each = {n: rows @ inverse for n, rows in self.rows.items()}
        nothing = inverse.new_zeros(0, inverse.shape[1])
        by_noise = torch.cat([nothing, *(each[n] * (self.per_row[n] * size) for n, size in noise.items())])
        left = sum(image.T @ (self.values[n] * self.per_row[n]) for n, image in each.items())
        assert isinstance(left, Tensor)
        return by_noise.T @ by_noise, left

    def free(self, gradient: Tensor) -> Tensor:
        """Which quantities with these gradients (m, P) nothing determines, (m,) of bools: with everything else fitted
        to it, a change costs no more than `LIMITS.free` of what it costs with everything else held."""
        half = torch.linalg.solve_triangular(self.factor.T, (gradient / self.scale).T, upper=False)
        least = 1 / half.norm(dim=0).clamp(min=torch.finfo(half.dtype).tiny)
        whole = torch.cat(list(self.rows.values()))
        alone = (whole @ gradient.T).norm(dim=0) / gradient.square().sum(1).clamp(min=torch.finfo(half.dtype).tiny)
        return ~(least > LIMITS.free * alone) | ~gradient.any(1)


def _constants(
    trial: Trial, covariance: Tensor, reached: Tensor
) -> tuple[dict[str, Constant], dict[tuple[str, str], float]]:
    """The constants, and their correlations; `reached` tells whether anything depends on each."""
    errors = torch.where(reached, covariance.diagonal().clamp(min=0).sqrt(), torch.inf)
    found = {n: Constant(v, float(e)) for (n, v), e in zip(trial.constants.values().items(), errors, strict=True)}
    correlations = {
        (a, b): float(covariance[i, j] / (errors[i] * errors[j] or 1.0))
        for i, a in enumerate(found) for j, b in enumerate(found) if i < j
    }  # fmt: skip
    return found, correlations


def _function(trial: Trial, name: str, errors: Tensor) -> Function:
    points = _places(trial, name)
    with torch.no_grad():
        values = trial.functions.fields(trial.prepare(points).functions)[name].value
    places = {c: points.coordinates[c].tolist() for c in trial.functions.declared[name].coordinates}
    return Function(places, values.tolist(), errors.tolist())


def _places(trial: Trial, name: str) -> Points:
    """A grid over the coordinates on which a function depends; the others in their middle."""
    mine, domain = trial.functions.declared[name].coordinates, trial.problem.domain
    count = LIMITS.places[min(len(mine), len(LIMITS.places)) - 1]
    axes = [torch.linspace(*domain.ends(c), count, dtype=torch.float64) for c in mine]
    grid = dict(zip(mine, torch.meshgrid(*axes, indexing="ij"), strict=True))
    size = count ** len(mine)
    values = {c: grid[c].flatten() if c in grid else torch.full((size,), m) for c, m in domain.middle.items()}
    return Points(values, torch.ones(size, dtype=torch.float64))


def _constants_gradient(trial: Trial) -> Tensor:
    """The gradients of all constants, (constants, P)."""
    slopes = torch.tensor(list(trial.constants.slopes().values()), dtype=torch.float64)
    found = torch.zeros(len(slopes), trial.parameters_count, dtype=torch.float64)
    found[:, trial.parameters_count - len(slopes) :] = torch.diag(slopes)
    return found


def _function_gradient(trial: Trial, name: str) -> Tensor:
    """The gradients of a function's values at its places, (places, P), on the CPU."""
    prepared = trial.prepare(_places(trial, name))
    tape = Tape(trial.parameters)
    prepared.chart.tape = tape
    return tape.rows(trial.functions.fields(prepared.functions)[name].value).to("cpu", torch.float64)


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


def _followed(name: str, taken: float, count: int) -> list[str]:
    """Whether the fit is as free as the data are many, in words."""
    if taken <= LIMITS.follows * count:
        return []
    return [
        f"{name}: the fit takes {taken:.0f} of {count} degrees of freedom, so that it follows the noise; fewer "
        "neurons, weight decay, or Settings(validation=0.2) prevent that"
    ]


def _outliers(name: str, data: Measured, values: Tensor, residuals: Residuals) -> list[str]:
    """Measurements that the solution misses by far, in words."""
    away = (unhuber(values) if data.loss == "huber" else values).abs()
    points = next(points for site, points in residuals.places if name in site.terms)
    lost = (away > LIMITS.far).nonzero()[:, 0].tolist()
    if not lost or len(lost) > LIMITS.share * len(values):
        return []  # where so many are missed, it is the solution that is far off
    rows = [data.rows[int(points.measured[ROW][k])] for k in lost]
    cure = "" if data.loss == "huber" else '; observed(..., loss="huber") lessens what outliers do'
    return [f"{name}: {len(lost)} of {len(values)} lie beyond {LIMITS.far:g} sigma ({named(rows, len(rows))}){cure}"]


def _warnings(
    found: Mapping[str, Constant], functions: Mapping[str, Function], correlations: Mapping[tuple[str, str], float]
) -> list[str]:
    """Which constants and functions the data cannot tell."""
    told = [
        f"the data cannot tell {name}: its standard error {c.standard_error:.1g} is no less than itself ({c.value:.3g})"
        for name, c in found.items()
        if not c.standard_error < abs(c.value)
    ]
    for name, function in functions.items():
        size = math.sqrt(sum(v * v for v in function.values) / len(function.values))
        lost = [k for k, error in enumerate(function.standard_errors) if not error < size]
        if lost:
            where = ", ".join(f"{c} = {values[lost[0]]:.3g}" for c, values in function.places.items())
            told.append(
                f"the data cannot tell {name} at {len(lost)} of {len(function.values)} places, as at {where}: its "
                f"standard error there is no less than {name} itself is on average ({size:.2g})"
            )
    told += [
        f"the data tell {a} and {b} only together: their correlation is {r:.4f}"
        for (a, b), r in correlations.items()
        if abs(r) > LIMITS.alike
    ]
    return told


def _moving(found: Mapping[str, Constant], moving: Mapping[str, float]) -> list[str]:
    """Which constants training has not found yet."""
    return [
        f"training has not come to its end: one more step would move {name} by about {abs(step):.1g}, more than the "
        "noise does; go on with --resume and a larger --budget"
        for name, step in moving.items()
        if found[name].standard_error < abs(found[name].value)
    ]
