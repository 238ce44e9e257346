"""Eigenvalues of more equations than unknowns: for which E is there a c with (A + E B) c = 0, as near as it goes?

Features are brought to a basis that is orthonormal in the values of the unknowns, so that a direction that is nearly no
function cannot pass for a mode; then, with A + s B = Q R at a shift s near the eigenvalues that are wanted,

    (A + E B) c = 0      is      M c = c / (E - s),     M = -R^-1 Q' B.

Sources: Betcke & Trefethen, SIAM Rev. 47 (2005) 469 (the basis); Saad, Numerical Methods for Large Eigenvalue Problems
(2011), section 4.1 (shift and invert).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor


@dataclass(frozen=True)
class Rules:
    """What counts as a mode. Chosen on strings, drums and wells.

    Parameters
    ----------
    kept : float
        Singular values of the features on points, of the largest: smaller ones are no functions. Larger: digits of the
        modes are lost. Smaller: rounding passes for a function.
    real : float
        Of an eigenvalue: an imaginary part below it is rounding, or two that are nearly one.
    beside : float
        Of the distance to the last one that is wanted: an eigenvalue may not be nearer to the shift, which is moved.
    shifts : int
        How often it is moved at most.
    one : float
        Of the largest: eigenvalues that differ by less are one, with as many modes. Larger: two that nearly are lose
        theirs. Smaller: rounding makes two of one, with modes that are nearly the same.
    """

    kept: float = 1e-12
    real: float = 1e-4
    beside: float = 1e-2
    shifts: int = 8
    one: float = 1e-6


RULES = Rules()


@dataclass(frozen=True)
class Pencil:
    """The equations (A + E B) c of features.

    Parameters
    ----------
    a, b : tensor (rows, P)
    values : tensor (places, P)
        The unknowns at places, by their weights: |values c| is the norm of a mode.
    """

    a: Tensor
    b: Tensor
    values: Tensor

    def basis(self) -> Tensor:
        """(P, r) with orthonormal values."""
        scale = self.values.norm(dim=0).clamp(min=torch.finfo(self.values.dtype).tiny)
        _, s, v = torch.linalg.svd(self.values / scale, full_matrices=False)
        kept = s > RULES.kept * s[0]
        return v[kept].T / s[kept] / scale[:, None]

    def near(self, place: float, count: int) -> tuple[Tensor, Tensor, Tensor, float]:
        """The eigenvalues (K,) nearest to a place, ascending, their coefficients (P, K), those of the nearest that
        are no real numbers, nearest first, and how far the next one lies."""
        w = self.basis()
        a, b = self.a @ w, self.b @ w
        shift = place
        for _ in range(RULES.shifts):
            q, r = torch.linalg.qr(a + shift * b)
            found, vectors = torch.linalg.eig(torch.linalg.solve_triangular(r, -(q.T @ b), upper=True))
            values = (shift + 1 / found).nan_to_num(torch.inf)
            away = (values - shift).abs().sort().values
            reach = float(away[min(count, len(away) - 1)])
            if float(away[0]) > RULES.beside * reach:
                break
            shift += 3 * RULES.beside * reach  # at an eigenvalue nothing can be solved for
        order = (values - place).abs().argsort().tolist()
        real = values.imag.abs() <= RULES.real * values.abs().clamp(min=RULES.real * reach)
        chosen = [k for k in order if bool(real[k])][:count]
        beyond = values[[k for k in order[:count] if not bool(real[k])]]
        if not chosen:
            return values.real[:0], w[:, :0], beyond, float(away[0])
        mine = vectors[:, torch.tensor(chosen, device=vectors.device)]
        z = torch.linalg.svd(torch.cat([mine.real, mine.imag], 1), full_matrices=False)[0][:, : len(chosen)]
        reach = float((values - place).abs().sort().values[min(count, len(order) - 1)])
        return *self._within(a @ z, b @ z, w @ z), beyond, reach

    @staticmethod
    def _within(a: Tensor, b: Tensor, z: Tensor) -> tuple[Tensor, Tensor]:
        """The eigenvalues in the space that some modes span, ascending, and their coefficients; those of nearly one
        eigenvalue orthogonal to each other."""
        found, y = torch.linalg.eig(torch.linalg.lstsq(b, -a).solution)
        order = found.real.argsort()
        values, y = found.real[order], y[:, order]
        vectors, begin = [], 0
        for end in range(1, len(values) + 1):
            if end < len(values) and float(values[end] - values[end - 1]) <= RULES.one * float(values.abs().max()):
                continue
            cluster = torch.cat([y[:, begin:end].real, y[:, begin:end].imag], 1)
            vectors.append(torch.linalg.svd(cluster, full_matrices=False)[0][:, : end - begin])
            begin = end
        return values, z @ torch.cat(vectors, 1)
