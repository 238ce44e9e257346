"""Radau IIA collocation: an implicit step in time whose stages are decoupled.

The polynomial of degree q through a start u_0 and q stages U has at the stages the derivative (D U + D0 u_0)/dt. With
D = V diag(lambda) V^-1 the stages of u_t = F(u) become q separate problems, of which complex pairs need one each:

    lambda_j w_j / dt - F w_j = -(V^-1 D0)_j u_0 / dt,       U = Re sum_j mult_j V_j w_j.

Order 2q - 1 at the ends of steps, and q + 1 or so between; stiffly accurate and L-stable.

Source: Hairer & Wanner, Solving Ordinary Differential Equations II (1996), IV.5 and IV.8.
"""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import torch
from numpy.polynomial import legendre
from torch import Tensor


class Radau:
    """The tables of one number of stages.

    Attributes
    ----------
    places : tensor (q + 1,)
        Zero and the stages, in parts of the step.
    slopes, start : tensors (q, q), (q,)
        D and D0.
    values : tensor (S,)
        The eigenvalues lambda, one of each pair.
    middle : tensor ()
        The geometric mean of their sizes.
    into, back : tensors (S, q), (q, S)
        V^-1, and V times how often each counts.
    modes : tensor (q + 1, q + 1)
        From values at the places to coefficients of Legendre polynomials over the step.
    """

    def __init__(self, stages: int, device: torch.device) -> None:
        right = np.zeros(stages + 1)
        right[stages], right[stages - 1] = 1.0, -1.0  # P_q - P_(q-1): its zeros, the right end among them
        c = (np.sort(legendre.legroots(right).real) + 1) / 2
        c[-1] = 1.0
        x = np.concatenate([[0.0], c])
        d = _differences(x)
        values, vectors = np.linalg.eig(d[1:, 1:])
        chosen = np.flatnonzero(values.imag >= 0)
        twice = np.where(values[chosen].imag > 0, 2.0, 1.0)

        def tensor(array: np.ndarray) -> Tensor:
            return torch.as_tensor(np.ascontiguousarray(array), device=device)

        self.stages = stages
        self.places, self.slopes, self.start = tensor(x), tensor(d[1:, 1:]), tensor(d[1:, 0])
        self.values = tensor(values[chosen].astype(complex))
        self.middle = self.values.abs().log().mean().exp()
        self.into = tensor(np.linalg.inv(vectors)[chosen].astype(complex))
        self.back = tensor(vectors[:, chosen].astype(complex) * twice)
        self.modes = tensor(np.linalg.inv(legendre.legvander(2 * x - 1, stages)))

    def at(self, parts: Tensor) -> Tensor:
        """The weights (N, q + 1) of start and stages in the polynomial's values at parts of the step, (N,)."""
        vander = legendre.legvander(2 * parts.cpu().numpy() - 1, self.stages)
        return torch.as_tensor(vander, device=self.modes.device) @ self.modes


def _differences(x: np.ndarray) -> np.ndarray:
    """The matrix that takes values at places to derivatives there."""
    gaps = x[:, None] - x + np.eye(len(x))
    w = 1 / gaps.prod(1)
    slopes: np.ndarray = w / w[:, None] / gaps
    np.fill_diagonal(slopes, 0.0)
    np.fill_diagonal(slopes, -slopes.sum(1))
    return slopes


@lru_cache(maxsize=32)
def radau(stages: int, device: torch.device) -> Radau:
    """The tables, made once."""
    return Radau(stages, device)
