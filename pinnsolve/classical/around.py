"""The weights of the nodes around a place in each D^alpha there: polynomials and |x - x_i|^p that pass through values.

What is computed for some stencils is written over by the next ones: fresh memory takes longer to come by than these
matrices to fill.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from pinnsolve.classical.powers import monomials, odd_power, radial
from pinnsolve.classical.stencils import Array
from pinnsolve.jets.multi_index import Alpha


class Around:
    """Solves stencils of so many nodes.

    Parameters
    ----------
    power : int
        Of the distance.
    powers : sequence of exponents
        The M monomials.
    nodes : int
        The n nodes of a stencil.
    at_once : int
        Stencils at the most.
    """

    def __init__(self, power: int, powers: Sequence[tuple[int, ...]], nodes: int, at_once: int) -> None:
        self.power, self.powers, self.nodes = power, powers, nodes
        whole = nodes + len(powers)
        self._matrix = np.zeros((at_once, whole, whole))
        self._squares, self._apart = np.empty((2, at_once, nodes, nodes))
        self._right = np.empty(0)

    def weights(self, x: Sequence[Array], parts: Sequence[tuple[Sequence[Array], Sequence[Alpha]]]) -> Array:
        """The weights (S, n, sum of A Q) of nodes x, arrays (S, n) for each coordinate, in the derivatives that are
        asked for at places (S, Q) of each part."""
        matrix, right = self._system(x), self._answers(x, parts)
        found: Array = np.linalg.solve(matrix, right)[:, : self.nodes]
        return found

    def _system(self, x: Sequence[Array]) -> Array:
        """The matrices (S, n + M, n + M)."""
        n, some = self.nodes, len(x[0])
        matrix, squares, apart = (a[:some] for a in (self._matrix, self._squares, self._apart))
        squares[:] = 0.0
        for c in x:
            np.subtract(c[:, :, None], c[:, None], out=apart)
            apart *= apart
            squares += apart
        matrix[:, :n, :n] = odd_power(squares, self.power, apart)
        (alone,) = monomials(x, self.powers, [(0,) * len(x)])
        matrix[:, n:, :n] = alone.transpose(1, 0, 2)
        matrix[:, :n, n:] = matrix[:, n:, :n].transpose(0, 2, 1)
        return matrix

    def _answers(self, x: Sequence[Array], parts: Sequence[tuple[Sequence[Array], Sequence[Alpha]]]) -> Array:
        """The right sides (S, n + M, sum of A Q): what the functions of which values are sums say at places."""
        n, some = self.nodes, len(x[0])
        size = (some, n + len(self.powers), sum(len(alphas) * at[0].shape[1] for at, alphas in parts))
        if len(self._right) < np.prod(size):
            self._right = np.empty(np.prod(size))
        right, begin = self._right[: np.prod(size)].reshape(size), 0
        for at, alphas in parts:
            apart = [p[:, None] - c[:, :, None] for p, c in zip(at, x, strict=True)]
            told = zip(radial(apart, alphas, self.power), monomials(at, self.powers, alphas), strict=True)
            for above, below in told:
                part = slice(begin, begin := begin + at[0].shape[1])
                right[:, :n, part], right[:, n:, part] = above, below.transpose(1, 0, 2)
        return right
