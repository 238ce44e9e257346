"""The systems of all stages over cells that fluxes join, solved with the factors of one that is real.

With the mass M of what equations of first order derive along time, N(lambda) = M + K/lambda is the system of a stage,
tested with what it derives. Times lambda/mu, mu the geometric mean of |lambda|, it differs from N = N(mu) by

    D = (lambda/mu - 1) M

in each cell by itself. From N x_0 = b on, residuals have no part on sides, and are made least by directions of which
each is N^-1 times what is left:

    s = -D x_0,    z = N^-1 s,   q = s + D z,   made orthogonal to those before;   x += alpha z,   s -= alpha q,
    alpha = <q, s> / <q, q>.

Where K has a positive spectrum, as diffusion has it, that of N(lambda) N^-1 lies between 1 and lambda/mu, so that an
iteration leaves 0.16 to 0.3 (2 to 7 stages). Real factors of one matrix take the place of complex ones of each pair: of
what joins cells, a fifth of the operations and of the memory with three stages, a ninth with five.

Source: Eisenstat, Elman & Schultz, SIAM J. Numer. Anal. 20 (1983) 345 (generalised conjugate residuals).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor

from pinnsolve.cells.cell_rows import CellRows
from pinnsolve.cells.conjugate import RULES, Linear
from pinnsolve.cells.implicit_step import Scheme
from pinnsolve.cells.own_cells import OwnCells, Seen
from pinnsolve.cells.rows import Slopes
from pinnsolve.networks.tiles import Tiles


def minimal(
    x: Tensor, solved: Linear, apart: Linear, inner: Callable[[Tensor, Tensor], Tensor]
) -> tuple[Tensor, int]:  # fmt: skip
    """Solutions of N + D, for each stage and right side by itself, and how many iterations it took.

    Parameters
    ----------
    x : tensor (S, n, F M, K)
        Complex: those of N.
    solved : callable
        N^-1 of right sides in cells, the coefficients' part.
    apart : callable
        D c.
    inner : callable
        Products over all cells and ranks, (S, 1, 1, K), conjugate in the first.
    """
    s, before = -apart(x), list[tuple[Tensor, Tensor, Tensor]]()
    while len(before) < RULES.most:
        z = solved(s)
        q = s + apart(z)
        for direction, image, square in before:
            part = inner(image, q) / square
            z, q = z - part * direction, q - part * image
        square = inner(q, q).real.clamp(min=1e-300)
        alpha = inner(q, s) / square
        x, s = x + alpha * z, s - alpha * q
        before.append((z, q, square))
        change = alpha.abs().square() * inner(z, z).real
        if bool((change <= RULES.left**2 * inner(x, x).real).all()):
            break
    return x, len(before)


@dataclass
class SharedSides:
    """What the stages are beside the one whose factors they share.

    Parameters
    ----------
    own : OwnCells
    mass : tensor (1, C, F M, F M)
        M in cells that stand for all alike.
    ratio : tensor (S,)
        lambda / mu.
    shares : tensor (m,)
        By what this rank's cells are weighed.

    Attributes
    ----------
    iterations : int
        Of the last solution.
    """

    own: OwnCells
    mass: Tensor
    ratio: Tensor
    shares: Tensor
    iterations: int = 0

    def apart(self, c: Tensor) -> Tensor:
        """D c, of coefficients (S, m, F M, K)."""
        return (self.ratio - 1)[:, None, None, None] * by_columns(lambda x: self.own.here(self.mass, x), c)

    def inner(self, x: Tensor, y: Tensor) -> Tensor:
        """Products over the cells of all ranks."""
        return self.own.shares.ranks.sum((self.shares[:, None, None] * (x.conj() * y)).sum((1, 2), keepdim=True))

    def solved(self, x: Tensor, through: Linear) -> Tensor:
        """Those of all stages, from those of the one with its factors, and what these make of right sides in cells."""
        found, self.iterations = minimal(x, through, self.apart, self.inner)
        return found


def shared_sides(
    scheme: Scheme, mesh: Tiles, slopes: Slopes, own: OwnCells, seen: Seen, columns: Tensor, weights: Tensor,
    values: Tensor,
) -> tuple[SharedSides, Tensor, Tensor]:  # fmt: skip
    """What stages of such values (S,) share, in units (F M,) of the coefficients; and with the shared one in front, the
    weights of rows (S + 1, n, E, P) and the values."""
    mean = values.abs().log().mean().exp()
    weights = torch.cat([weights[:1] * (values[0].abs() / mean), weights])
    first, evolves = mean[None].to(values), {k: s for k, s in slopes.items() if scheme.evolution.derivative(k[2])[1]}
    rows = CellRows(scheme, mesh, evolves, own.first, weights[:1], first, seen)
    mass = rows.normal([True])[0].mul_(columns[:, None]).mul_(columns)
    shares = (mesh.shares / mesh.shares.max())[own.cells]
    return SharedSides(own, mass, values / mean, shares), weights, torch.cat([first, values])


def by_columns(real: Linear, x: Tensor) -> Tensor:
    """A real map of (1, n, M, K) on complex numbers of all stages (S, n, M, K), side by side."""
    parts = torch.view_as_real(x.resolve_conj()).permute(1, 2, 0, 3, 4)  # (n, M, S, K, 2)
    found = real(parts.flatten(2)[None])[0].unflatten(2, parts.shape[2:]).permute(2, 0, 1, 3, 4)
    return torch.view_as_complex(found.contiguous())
