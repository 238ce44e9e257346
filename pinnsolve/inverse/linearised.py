"""The least-squares problem at the end of training, linearised: what noise does to constants, functions and unknowns.

Near the minimum of the loss |r(z)|^2 over all trained numbers z, with rows A of its Jacobian, noise e in the data moves
the minimum by

    dz = -(A^T A)^(-1) A_d^T e,

A_d the rows of the data; so a quantity q(z), a constant or the value of a function somewhere, has the variance

    g^T (A^T A)^(-1) A_d^T cov(e) A_d (A^T A)^(-1) g,      g its gradient.

cov(e) is the identity in units of sigma; where sigma is not known, the noise is taken from the misfit over the degrees
of freedom that the fit has left.

Training ends somewhere near the minimum. The Gauss-Newton step that is left, (A^T A)^(-1) A^T r, says how far from it.

Whether anything determines q at all, data or not, is told by the least change of all residuals with which q can change
by its own size,  |q| / sqrt(g^T (A^T A)^(-1) g): where that is no more than rounding beside what the change costs with
all else held, nothing does.

Source: Seber & Wild, Nonlinear Regression (Wiley 1989), section 2.1; White, Econometrica 48 (1980) 817.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace

import torch
from torch import Tensor

from pinnsolve.algebra.tolerances import RIDGE
from pinnsolve.geometry.points import Points
from pinnsolve.inverse.limits import LIMITS
from pinnsolve.jets.jet import Jet
from pinnsolve.jets.tape import Tape, dense_rows
from pinnsolve.residuals import Residuals
from pinnsolve.trial.by_constants import ByConstants
from pinnsolve.trial.forward import WrittenFunctions
from pinnsolve.trial.reach import passed, reached
from pinnsolve.trial.trial import Trial

PRIOR = "what is known of the parameters"  # no residual is called so


@dataclass(frozen=True)
class Fit:
    """The least-squares problem at the end of training: weighted rows by residual name, values, R of all rows, and
    whether rows are in units of the noise."""

    rows: Mapping[str, Tensor]
    values: Mapping[str, Tensor]
    per_row: Mapping[str, float]
    factor: Tensor
    scale: Tensor
    reached: Tensor
    in_noise: bool = False

    @classmethod
    def of(
        cls, residuals: Residuals, weights: Mapping[str, float], in_noise: bool = False,
        prior: tuple[Tensor, Tensor] | None = None,
    ) -> Fit:  # fmt: skip
        """At the present parameters; `prior` are rows (m, P) and values (m,) of what is known beside the residuals, in
        the same units and without noise."""
        rows, values = _stacked(residuals, weights)
        if prior is not None:
            known, about = (part.to("cpu", torch.float64) for part in prior)
            rows, values = rows | {PRIOR: known}, values | {PRIOR: about}
        whole, constants = torch.cat(list(rows.values())), len(residuals.trial.constants.raw)
        per_row = {n: (weights[n] / residuals.counts[n]) ** 0.5 if n != PRIOR else 1.0 for n in rows}
        return cls(rows, values, per_row, *_factor(whole), whole.any(0)[whole.shape[1] - constants :], in_noise)

    def without_prior(self) -> Fit:
        """What residuals alone determine."""
        rows = {n: r for n, r in self.rows.items() if n != PRIOR}
        factor, scale = _factor(torch.cat(list(rows.values())))
        return replace(self, rows=rows, factor=factor, scale=scale)

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

    def spread(self, gradient: Tensor, variances: Tensor) -> Tensor:
        """The standard deviations (m,) of quantities with these gradients (m, P) and these variances by noise (m,); no
        less than sqrt(g^T (A^T A)^(-1) g), where rows are in units of the noise."""
        errors = variances.clamp(min=0).sqrt()
        if not self.in_noise:
            return errors
        half = torch.linalg.solve_triangular(self.factor.T, (gradient / self.scale).T, upper=False)
        return torch.maximum(errors, half.norm(dim=0))

    def free(self, gradient: Tensor) -> Tensor:
        """Which quantities with these gradients (m, P) nothing determines, (m,) of bools: with everything else fitted
        to it, a change costs no more than `LIMITS.free` of what it costs with everything else held."""
        half = torch.linalg.solve_triangular(self.factor.T, (gradient / self.scale).T, upper=False)
        least = 1 / half.norm(dim=0).clamp(min=torch.finfo(half.dtype).tiny)
        whole = torch.cat(list(self.rows.values()))
        alone = (whole @ gradient.T).norm(dim=0) / gradient.square().sum(1).clamp(min=torch.finfo(half.dtype).tiny)
        return ~(least > LIMITS.free * alone) | ~gradient.any(1)


def places_of(trial: Trial, name: str) -> Points:
    """A grid over the coordinates on which a function depends, the others in their middle; of one of an unknown over
    what that comes to, of one of several at places through which the solution goes."""
    mine, domain = trial.functions.declared[name].coordinates, trial.problem.domain
    count = LIMITS.places[min(len(mine), len(LIMITS.places)) - 1]
    if name in trial.problem.of_unknowns:
        axes = [torch.linspace(*reached(trial, name)[0], count, dtype=torch.float64)]
        if len(mine) > 1:
            axes = list(passed(trial, name, count ** min(len(mine), 3))[: count**3].unbind(1))
        return Points(dict(zip(mine, axes, strict=True)), torch.ones_like(axes[0]))
    axes = [torch.linspace(*domain.ends(c), count, dtype=torch.float64) for c in mine]
    grid = dict(zip(mine, torch.meshgrid(*axes, indexing="ij"), strict=True))
    size = count ** len(mine)
    values = {c: grid[c].flatten() if c in grid else torch.full((size,), m) for c, m in domain.middle.items()}
    return Points(values, torch.ones(size, dtype=torch.float64))


def function_at(trial: Trial, name: str, points: Points, tape: Tape | None = None) -> Jet:
    """A function at its places."""
    return function_on(trial, name, points, tape)[0]


def function_on(
    trial: Trial, name: str, points: Points, tape: Tape | None = None
) -> tuple[Jet, Mapping[str, Jet]]:  # fmt: skip
    """The same, and what it depends on as fields there."""
    if name in trial.problem.of_unknowns:
        chart, at = points.to(trial.dtype, trial.device).chart()
        chart.tape = tape
        return trial.functions.alone(name, at), at
    prepared = trial.prepare(points)
    prepared.chart.tape = tape
    return trial.functions.along(name, prepared.functions), prepared.at


def constants_gradient(trial: Trial) -> Tensor:
    """The gradients of all constants, (constants, P)."""
    slopes = torch.tensor(list(trial.constants.slopes().values()), dtype=torch.float64)
    found = torch.zeros(len(slopes), trial.parameters_count, dtype=torch.float64)
    found[:, trial.parameters_count - len(slopes) :] = torch.diag(slopes)
    return found


def function_gradient(trial: Trial, name: str, points: Points) -> Tensor:
    """The gradients of a function's values at its places, (places, P), on the CPU."""
    if isinstance(trial.functions, WrittenFunctions):
        alone = name in trial.problem.of_unknowns
        at = points.to(trial.dtype, trial.device).chart()[1] if alone else trial.prepare(points).functions
        return trial.functions.gradients(name, at).to("cpu", torch.float64)
    tape = Tape(trial.parameters)
    return tape.rows(function_at(trial, name, points, tape).value).to("cpu", torch.float64)


def unknown_gradients(trial: Trial, points: Points) -> dict[str, tuple[Tensor, Tensor]]:
    """The unknowns at some points (N,), and their gradients (N, P) there, on the CPU."""
    if isinstance(trial, ByConstants):
        return trial.gradients(points)
    prepared = trial.prepare(points)
    tape = trial.tape(prepared)
    prepared.chart.tape = tape
    found = {}
    for name, field in trial.unknowns(prepared).items():
        value = field.value
        rows = dense_rows(value, trial.parameters) if tape is None else tape.rows(value)
        found[name] = (value.detach().to("cpu", torch.float64), rows.to("cpu", torch.float64))
    return found


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
