"""The polynomial of the last step, carried on as the first guess of the next.

With T_j the terms of its Taylor series at its end and s = tau L'/L, the next step's part of the last one's length,

    u(tau) = T_0 + s T_1 + ... + s^p T_p.

All of them, s^q T_q too, lead far away where the next step is as long as things take to change: there the series is cut
before its smallest term, which is about what it leaves out.
"""

from __future__ import annotations

from functools import lru_cache
from math import factorial

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Step
from pinnsolve.march.step_solver import norm


def extrapolated(last: Step, length: float, sizes: Tensor, least: int) -> Tensor:
    """The stages (q, n, F, M) of the next step.

    Parameters
    ----------
    last : Step
    length : float
        Of the next.
    sizes : tensor (F,)
        Of the unknowns.
    least : int
        The lowest degree: the order of the equations in time, less one.
    """
    r = last.scheme.radau
    terms = torch.tensordot(_taylor(r.stages).to(r.modes) @ r.modes, last.everything(), 1)
    ratio = length / last.length
    powers = ratio ** torch.arange(r.stages + 1, dtype=terms.dtype, device=terms.device)
    size = (norm(terms, last.mesh, sizes) * powers).tolist()
    size.append(size[-1] ** 2 / max(size[-2], 1e-300))
    degree = min(range(least, r.stages + 1), key=lambda p: size[p + 1])
    at = (ratio * r.places[1:, None]) ** torch.arange(degree + 1, device=terms.device)
    return torch.tensordot(at, terms[: degree + 1], 1)


@lru_cache(maxsize=32)
def _taylor(degree: int) -> Tensor:
    """(d + 1, d + 1), entries (k + j)!/(j!^2 (k - j)!): from coefficients of P_k(2 tau - 1) to those of (tau - 1)^j."""
    rows = [
        [factorial(k + j) / (factorial(j) ** 2 * factorial(k - j)) if j <= k else 0.0 for k in range(degree + 1)]
        for j in range(degree + 1)
    ]
    return torch.tensor(rows, dtype=torch.float64)
