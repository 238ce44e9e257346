"""What the data say of the unknown constants: standard errors, correlations, and how well the data are met.

Near the minimum of the loss |r(z)|^2 over all trained numbers z, with rows A of its Jacobian, noise e in the data moves
the minimum by

    dz = -(A^T A)^(-1) A_d^T e,

A_d the rows of the data; so a quantity q(z), a constant or the value of a function somewhere, has the variance

    g^T (A^T A)^(-1) A_d^T cov(e) A_d (A^T A)^(-1) g,      g its gradient.

cov(e) is the identity in units of sigma; where sigma is not known, the noise is taken from the misfit over the degrees
of freedom that the fit has left. Where a share of the measurements is held out, the misfit is theirs: the fit took none
of their degrees of freedom, wherever it was stopped.

Source: Seber & Wild, Nonlinear Regression (Wiley 1989), section 2.1; White, Econometrica 48 (1980) 817.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.networks.trial import Trial
from pinnsolve.problem.observations import Measured, named, unhuber
from pinnsolve.residuals import Residuals
from pinnsolve.tape import Tape

RIDGE = 1e-12  # relative to columns of length one, as in Newton's method
FAR, SHARE = 5.0, 0.05  # standard deviations of an outlier, and how many of the measurements may be outliers
HUBER = 0.9325849825936035  # the mean of a squared Huber misfit under normal noise
ALIKE = 0.99  # a correlation beyond which two constants are only known together
PLACES = (33, 9, 5)  # along each coordinate, for a function of one, two and more of them
EXPECTED = 3.0  # standard deviations of chi squared


@dataclass(frozen=True)
class Constant:
    """An unknown constant, as it was found.

    Parameters
    ----------
    value : float
    standard_error : float
        In the same units; infinite where nothing depends on it.
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
class Function:
    """An unknown function at some places, as it was found.

    Parameters
    ----------
    places : dict from coordinate to list of float
    values : list of float
    standard_errors : list of float
        Of each value, in the same units.
    """

    places: dict[str, list[float]]
    values: list[float]
    standard_errors: list[float]

    def __str__(self) -> str:
        typical = math.sqrt(sum(e * e for e in self.standard_errors) / len(self.standard_errors))
        return f"from {min(self.values):.4g} to {max(self.values):.4g}, +- {typical:.1g} (rms)"


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
    """What was found beside the solution.

    Parameters
    ----------
    constants : dict from name to Constant
    functions : dict from name to Function
    correlations : dict from (name, name) to float
    misfits : dict from residual name to Misfit
    warnings : list of str
        Which constants the data cannot tell, and why.
    """

    constants: dict[str, Constant]
    functions: dict[str, Function]
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
    sets = {name: o for o in observations for name in o.terms}
    rows, values = _stacked(residuals, weights)
    factor, scale = _factor(torch.cat(list(rows.values())))
    judged = values if unseen is None else unseen.values()
    noise, misfits, told = {}, {}, []
    for name, data in sets.items():
        taken = _leverage(rows[name], factor, scale) if unseen is None else 0.0
        total, free = float(judged[name].square().sum()), len(judged[name]) - taken
        noise[name] = 1.0 if data.known else math.sqrt(total / max(free, 1.0))
        misfits[name] = Misfit(total, free * (HUBER if data.loss == "huber" else 1.0) if data.known else math.nan)
        told += _outliers(name, data, values[name], residuals) if data.known else []
    scales = {n: (weights[n] / residuals.counts[n]) ** 0.5 * s for n, s in noise.items()}
    moved = {q: _moved(rows, factor, scale, _gradient(trial, q), scales) for q in [*trial.functions.declared, None]}
    functions = {n: _function(trial, n, moved[n].norm(dim=0)) for n in trial.functions.declared}
    reached = torch.cat(list(rows.values())).any(0)[trial.parameters_count - len(trial.constants.raw) :]
    constants, correlations = _constants(trial, moved[None], reached)
    told += _warnings(constants, functions, correlations)
    return Identified(constants, functions, correlations, misfits, told)


def _constants(
    trial: Trial, moved: Tensor, reached: Tensor
) -> tuple[dict[str, Constant], dict[tuple[str, str], float]]:
    """The constants, and their correlations; `reached` tells whether anything depends on each."""
    covariance = moved.T @ moved
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
    mine, bounds = trial.functions.declared[name].coordinates, trial.problem.domain.bounds
    count = PLACES[min(len(mine), len(PLACES)) - 1]
    axes = [torch.linspace(*bounds[c], count, dtype=torch.float64) for c in mine]
    grid = dict(zip(mine, torch.meshgrid(*axes, indexing="ij"), strict=True))
    size = count ** len(mine)
    values = {c: grid[c].flatten() if c in grid else torch.full((size,), sum(b) / 2) for c, b in bounds.items()}
    return Points(values, torch.ones(size, dtype=torch.float64))


def _gradient(trial: Trial, name: str | None) -> Tensor:
    """The gradients of a function's values, or of all constants: (quantities, P), on the CPU."""
    if name is None:
        slopes = torch.tensor(list(trial.constants.slopes().values()), dtype=torch.float64)
        found = torch.zeros(len(slopes), trial.parameters_count, dtype=torch.float64)
        found[:, trial.parameters_count - len(slopes) :] = torch.diag(slopes)
        return found
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


def _leverage(rows: Tensor, factor: Tensor, scale: Tensor) -> float:
    """The degrees of freedom that the fit takes from these rows."""
    image = torch.linalg.solve_triangular(factor.T, (rows / scale).T, upper=False)
    return float(image.square().sum())


def _moved(
    rows: Mapping[str, Tensor], factor: Tensor, scale: Tensor, gradient: Tensor, noise: Mapping[str, float]
) -> Tensor:
    """How far noise of one standard deviation in each measurement moves each quantity: (N, quantities)."""
    half = torch.linalg.solve_triangular(factor.T, (gradient / scale).T, upper=False)
    inverse = torch.linalg.solve_triangular(factor, half, upper=True) / scale[:, None]
    return torch.cat([rows[name] @ inverse * s for name, s in noise.items()])


def _outliers(name: str, data: Measured, values: Tensor, residuals: Residuals) -> list[str]:
    """Measurements that the solution misses by far, in words."""
    away = (unhuber(values) if data.loss == "huber" else values).abs()
    points = next(points for site, points in residuals.places if name in site.terms)
    lost = (away > FAR).nonzero()[:, 0].tolist()
    if not lost or len(lost) > SHARE * len(values):
        return []  # where so many are missed, it is the solution that is far off
    rows = [data.rows[int(points.measured["row"][k])] for k in lost]
    cure = "" if data.loss == "huber" else '; observed(..., loss="huber") lessens what outliers do'
    return [f"{name}: {len(lost)} of {len(values)} lie beyond {FAR:g} sigma ({named(rows, len(rows))}){cure}"]


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
        pairs = zip(function.values, function.standard_errors, strict=True)
        lost = [k for k, (value, error) in enumerate(pairs) if not error < abs(value)]
        if lost:
            where = ", ".join(f"{c} = {values[lost[0]]:.3g}" for c, values in function.places.items())
            told.append(
                f"the data cannot tell {name} at {len(lost)} of {len(function.values)} places, as at {where}: its "
                "standard error there is no less than itself"
            )
    told += [
        f"the data tell {a} and {b} only together: their correlation is {r:.4f}"
        for (a, b), r in correlations.items()
        if abs(r) > ALIKE
    ]
    return told
