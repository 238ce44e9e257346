"""What the data say of the unknown constants: standard errors, correlations, and how well the data are met.

The solution is solved again with equations that weigh as much as they can beside the noise, and is handed out so: where
they are light it follows the noise, and constants are biased. The linearised errors of `pinnsolve.inverse.linearised`
come next, with the step that is left. Then each constant is moved by its error and all else is solved again
(`pinnsolve.inverse.profile`): where the misfit does not rise, the error is widened until it does. Where a share of the
measurements is held out, the misfit is theirs: the fit took none of their degrees of freedom.

The noise moves the solution too: its standard deviation at held-out points is part of the solution's error.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field

import torch
from torch import Tensor

from pinnsolve.algebra import yardstick
from pinnsolve.algebra.operations import LARGEST
from pinnsolve.geometry.points import Points
from pinnsolve.inverse.limits import LIMITS
from pinnsolve.inverse.linearised import (
    Fit,
    constants_gradient,
    function_at,
    function_gradient,
    places_of,
    unknown_gradients,
)
from pinnsolve.inverse.profile import Profile, Profiled
from pinnsolve.inverse.record import Constant, Function, Identified, Misfit
from pinnsolve.inverse.refit import Refit
from pinnsolve.inverse.scan import scanned
from pinnsolve.inverse.smoothness import Smoothness
from pinnsolve.inverse.words import (
    at_bounds,
    far_off,
    followed,
    moving_still,
    nothing_determines,
    outliers,
    same_everywhere,
    unchecked,
    untold,
)
from pinnsolve.problem.observations import HUBER
from pinnsolve.residuals import Residuals
from pinnsolve.trial.by_constants import ByConstants
from pinnsolve.trial.trial import Trial


@dataclass(frozen=True)
class Means:
    """What the statement may use.

    Parameters
    ----------
    solves : int
        Least-squares problems that may be solved for the profiles.
    met : mapping from residual name to float
        The rms at which training calls a residual met.
    elsewhere : Points, optional
        Where the error of the solution that comes from noise is told.
    prior : (Tensor, float), optional
        The precision (P,) of each trained number about zero, and the variance of the noise in units of the misfits,
        where data alone were smoothed by them (`pinnsolve.methods.Smoothing`).
    moved : mapping from name to float
        By how much richer features moved a constant: the error that fewer had made.
    """

    solves: int
    met: Mapping[str, float]
    elsewhere: Points | None = None
    prior: tuple[Tensor, float] | None = None
    moved: Mapping[str, float] = field(default_factory=dict)


def identified(
    residuals: Residuals, weights: Mapping[str, float], means: Means, unseen: Residuals | None = None
) -> Identified | None:
    """What is known at the end of training; None for a problem without data, unknown constants and functions.

    Parameters
    ----------
    residuals : Residuals
        On the training points.
    weights : dict from residual name to float
    means : Means
    unseen : Residuals, optional
        On the measurements that were held out, if some were.
    """
    trial = residuals.trial
    if not trial.problem.data and not trial.constants.declared and not trial.functions.declared:
        return None
    if trial.parameters_count > LARGEST:
        return _without_errors(trial, (unseen or residuals).values(), held_out=unseen is not None)
    fit = _fit(residuals, weights, means)
    noise, misfits, told = _met(residuals, fit, unseen, isinstance(trial, ByConstants))
    sought = trial.constants.declared or trial.functions.declared
    profile = _solved_again(residuals, fit, noise, means) if sought and means.solves else None
    if profile is not None:
        fit = _fit_of(profile.refit, profile.refit.smooth)
        noise, misfits, told = _met(residuals, fit, unseen, heavy=True)
        profile.rescaled(noise)
    gradient = constants_gradient(trial)
    by_noise, left = fit.moved(gradient, noise)
    stated, correlations = _constants(trial, by_noise + torch.outer(left, left), fit.reached)
    far = left.abs() > LIMITS.unfinished * by_noise.diagonal().clamp(min=0).sqrt()
    moving = {n: float(step) for n, step, is_far in zip(stated, left, far & fit.reached, strict=True) if is_far}
    smooth = profile is not None and profile.refit.smooth is not None
    alone = fit.without_prior() if smooth else fit  # what nothing determines, no smoothness does
    doubted = _fit_of(profile.refit, profile.refit.doubted) if profile is not None and smooth else fit
    free = [n for n, is_free in zip(stated, alone.free(gradient).tolist(), strict=True) if is_free]
    each = dict(zip(stated, by_noise.diagonal().clamp(min=0).sqrt().tolist(), strict=True))
    profiled = Profiled(each, [], [], list(stated)) if profile is None else _profiled(profile, each)
    lost = list(dict.fromkeys([*profiled.undetermined, *free, *(n for n, c in stated.items() if c.endless)]))
    errors = profiled.errors | {n: stated[n].standard_error for n in profiled.unchecked}
    errors = {n: math.inf if n in lost else math.hypot(e, means.moved.get(n, 0.0)) for n, e in errors.items()}
    constants = {n: Constant(c.value, errors[n]) for n, c in stated.items()}
    functions, loose = _functions(trial, doubted, noise, alone)
    ended = at_bounds(constants, trial.constants.declared, any(m.missed for m in misfits.values()))
    still = {n: step for n, step in moving.items() if n not in ended}  # a step beyond its bounds is none
    told += (
        untold(constants, functions, correlations)
        + same_everywhere(functions)
        + moving_still(constants, still)
        + profiled.told
    )
    told += ended.values()
    told += nothing_determines([n for n in (*free, *loose) if n not in profiled.undetermined], correlations)
    told += unchecked(profiled.unchecked, isinstance(trial, ByConstants) and bool(trial.functions.declared))
    by_noise_too = None if unseen is not None else _spread(trial, doubted, noise, means.elsewhere, functions)
    return Identified(
        constants, functions, correlations, misfits, list(dict.fromkeys(told)), lost + loose, by_noise_too
    )


def _fit(residuals: Residuals, weights: Mapping[str, float], means: Means) -> Fit:
    """What is solved at the end of training, linearised."""
    if means.prior is None:
        return Fit.of(residuals, weights)
    precisions, variance = means.prior
    in_noise = {n: count / max(variance, Refit.tiny**2) for n, count in residuals.counts.items()}
    about = precisions.sqrt()
    return Fit.of(residuals, in_noise, in_noise=True, prior=(torch.diag(about), about * residuals.trial.vector()))


def _fit_of(refit: Refit, smooth: Smoothness | None) -> Fit:
    """What is solved again, linearised, with what unknown functions cost that bend."""
    residuals = refit.residuals
    bends = None if smooth is None else (smooth.rows(), smooth.at(residuals.trial.vector()))
    return Fit.of(residuals, refit.weights(), in_noise=True, prior=bends)


def _met(
    residuals: Residuals, fit: Fit, unseen: Residuals | None, heavy: bool
) -> tuple[dict[str, float], dict[str, Misfit], list[str]]:
    """The noise of each set of data in its own units, how well it is met, and what is doubtful of it; where equations
    are `heavy` they hold, and what data are missed by is noise, or contradicts them."""
    judged = fit.values if unseen is None else unseen.values()
    noise, misfits, told = {}, {}, list[str]()
    for name, data in residuals.trial.problem.data.items():
        taken = fit.leverage(name) if unseen is None else 0.0
        kept = judged[name]
        if data.known and data.loss == "huber":  # outliers are named, and do not say that all else is missed
            kept = kept[~far_off(data, kept)]
        total, free = float(kept.square().sum()), len(kept) - taken
        noise[name] = 1.0 if data.known else math.sqrt(total / max(free, 1.0))
        misfits[name] = Misfit(total, free * (HUBER if data.loss == "huber" else 1.0) if data.known else math.nan)
        told_apart = misfits[name].missed and misfits[name].expected > 0  # by more data than there are numbers
        if told_apart and heavy:
            noise[name] = math.sqrt(total / misfits[name].expected)
        told += followed(name, taken, len(judged[name]))
        told += outliers(name, data, fit.values[name], residuals) if data.known else []
    return noise, misfits, told


def _solved_again(residuals: Residuals, fit: Fit, noise: Mapping[str, float], means: Means) -> Profile:
    """The minimum where the equations are heavy enough; the trial function is left there."""
    equations = [n for n in fit.per_row if n not in noise]
    left = math.sqrt(sum(float((fit.values[n] * fit.per_row[n]).square().sum()) for n in equations))
    unit = min((fit.per_row[n] * max(size, Refit.tiny) for n, size in noise.items()), default=max(left, Refit.tiny))
    scales = {n: 1 / max(noise[n], Refit.tiny) if n in noise else per_row / unit for n, per_row in fit.per_row.items()}
    sizes = {n: scales[n] * means.met.get(n, 0.0) for n in equations}
    met = sum(residuals.counts[n] * size * size for n, size in sizes.items())  # a power would raise where it overflows
    return Profile(Refit(residuals, scales, means.solves), met)


def _profiled(profile: Profile, stated: Mapping[str, float]) -> Profiled:
    """The profiles of the constants, and what lies elsewhere between their bounds."""
    made = profile.made(stated)
    for name, error in made.errors.items():
        if not math.isinf(error) and name not in made.unchecked:
            others = scanned(profile, name, error)
            made.told.extend(others.told(name, profile.found[name]))
            made.errors[name] = max([error, *(abs(v - profile.found[name]) for v in others.others)])
    profile.trial.assign(profile.start)
    return made


def _spread(
    trial: Trial,
    fit: Fit,
    noise: Mapping[str, float],
    points: Points | None,
    functions: Mapping[str, Function],
) -> float | None:
    """The relative error that is due to noise, the largest over the unknowns and the unknown functions
    (dimensionless)."""
    if not trial.problem.data or points is None:
        return None
    found = []
    for name, (values, gradient) in unknown_gradients(trial, points).items():
        errors = fit.spread(gradient, fit.moved(gradient, noise)[0].diagonal())
        yard = yardstick.of_values(values, trial.plan.size(name).scale)
        found.append(float(errors.square().mean().sqrt()) / yard)
    for function in functions.values():
        size = function.size if function.alike else yardstick.of_values(torch.tensor(function.values), 0.0)
        found.append(function.error / size)
    return max(found) if all(map(math.isfinite, found)) else None


def _functions(
    trial: Trial, fit: Fit, noise: Mapping[str, float], alone: Fit
) -> tuple[dict[str, Function], list[str]]:  # fmt: skip
    """The unknown functions, and those that nothing determines at most places, by what residuals alone say."""
    functions, loose = {}, list[str]()
    for name in trial.functions.declared:
        points = places_of(trial, name)
        gradient = function_gradient(trial, name, points)
        functions[name] = _function(trial, name, points, _errors(fit, gradient, noise))
        if float(alone.free(gradient).double().mean()) > LIMITS.most:
            loose.append(name)
    return functions, loose


def _errors(fit: Fit, gradient: Tensor, noise: Mapping[str, float]) -> Tensor:
    """The standard errors (m,) of quantities with these gradients (m, P), with the step that is left."""
    by_noise, left = fit.moved(gradient, noise)
    return fit.spread(gradient, by_noise.diagonal() + left.square())


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


def _function(trial: Trial, name: str, points: Points, errors: Tensor) -> Function:
    with torch.no_grad():
        values = function_at(trial, name, points).value
    places = {c: points.coordinates[c].tolist() for c in trial.functions.declared[name].coordinates}
    return Function(places, values.tolist(), errors.tolist())


def _without_errors(trial: Trial, judged: Mapping[str, Tensor], held_out: bool) -> Identified:
    """What can be said of a network that is too large for the covariance of its parameters."""
    misfits = {}
    for name, data in trial.problem.data.items():
        expected = len(judged[name]) * (HUBER if data.loss == "huber" else 1.0)
        misfits[name] = Misfit(float(judged[name].square().sum()), expected if held_out and data.known else math.nan)
    constants = {name: Constant(value, math.nan) for name, value in trial.constants.values().items()}
    places = {n: places_of(trial, n) for n in trial.functions.declared}
    functions = {n: _function(trial, n, at, torch.full((len(at),), math.nan)) for n, at in places.items()}
    told = (
        f"no standard errors are stated for more than {LARGEST:,} trained numbers, here {trial.parameters_count:,}: "
        "their covariance is a dense matrix; a smaller network has them"
    )
    return Identified(constants, functions, {}, misfits, [told])
