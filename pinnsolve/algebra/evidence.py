"""How smooth data say that a function is: least squares whose priors are found from the data themselves.

    b = A c + e,     e normal of variance s^2,     c_k normal of variance 1 / a_g for k in the group g,

with s and all a_g where the probability of b (the evidence) is largest. So large coefficients are dear where the data
do not need them, and no data have to be held out.

Source: MacKay, Neural Computation 4 (1992) 415, whose updates of a_g and s^2 these are; Tipping, J. Mach. Learn. Res. 1
(2001) 211 (groups).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import torch
from torch import Tensor


@dataclass(frozen=True)
class Evidence:
    """What was found.

    Parameters
    ----------
    solution : tensor (P,)
        The mean of c.
    precisions : tensor (P,)
        a, for each column.
    variance : float
        s^2.
    """

    most: ClassVar[int] = 60  # updates. Larger: time. Smaller: priors have not settled. Chosen, not measured
    settled: ClassVar[float] = 0.05  # change of a logarithm: larger: ends early; smaller: updates for nothing
    least: ClassVar[float] = 1e-12  # of the mean square of b, s^2: below it rounding decides. Smaller: no factor exists
    widest: ClassVar[float] = 1e9  # of 1 / mean square of b, the range of a either way. The same

    solution: Tensor
    precisions: Tensor
    variance: float


def evidence(matrix: Tensor, right: Tensor, groups: Tensor) -> Evidence | None:
    """The largest evidence of rows A (N, P) and b (N,), of columns in groups (P,); None where nothing is finite.

    Raises
    ------
    ValueError
        If there are no rows.
    """
    if not len(right):
        raise ValueError("no rows: there is nothing to learn from")
    gram, seen, mean = matrix.T @ matrix, matrix.T @ right, float(right.square().mean())
    if not mean > 0:
        return Evidence(torch.zeros_like(seen), torch.full_like(seen, Evidence.widest), 0.0)
    count = int(groups.max()) + 1
    prior, variance = right.new_full((count,), 1 / mean), 0.01 * mean
    for _ in range(Evidence.most):
        factor, bad = torch.linalg.cholesky_ex(gram / variance + torch.diag(prior[groups]))
        if bool(bad):
            return None
        covariance = torch.cholesky_inverse(factor)
        solution = covariance @ seen / variance
        told = _summed(1 - prior[groups] * covariance.diagonal(), groups, count)  # numbers that the data determine
        after = told.clamp(min=1e-9) / _summed(solution.square(), groups, count).clamp(min=1e-300)
        after = after.clamp(1 / (Evidence.widest * mean), Evidence.widest / mean)
        left = float((right - matrix @ solution).square().sum()) / max(len(right) - float(told.sum()), 1.0)
        left = max(left, Evidence.least * mean)
        moved = max(
            float((after / prior).log().abs()[told > 0.5].amax()) if bool((told > 0.5).any()) else 0.0,
            abs(left / variance - 1),
        )
        prior, variance = after, left
        if moved < Evidence.settled:
            break
    return Evidence(solution, prior[groups], variance)


def _summed(values: Tensor, groups: Tensor, count: int) -> Tensor:
    return values.new_zeros(count).index_add(0, groups, values)
