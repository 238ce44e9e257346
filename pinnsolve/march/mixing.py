"""Anderson's mixing: iterations with one factorisation, of which each uses what the last ones have shown.

With slopes averaged over the stages a correction g(c) of the stages c leaves a part of what was wrong, wherever slopes
change within a step. Of the last moves dc and of what they changed in the corrections, dg, those multiples are taken
for which |g - sum a dg|, the correction that is left, is least:

    c <- c + g - sum a (dc + dg)

Source: Walker & Ni, SIAM J. Numer. Anal. 49 (2011) 1715.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import torch
from torch import Tensor

from pinnsolve.cells.implicit_step import Step


@dataclass
class Mixing:
    """What the iterations of a step have shown.

    Attributes
    ----------
    most : int
        Moves that are looked back at. More: those of stages that were far away. Fewer: more iterations.
    rounding : float
        Of the largest: moves that say no more than others are not told apart from them.
    """

    last: tuple[Tensor, Tensor] | None = None
    moves: list[tuple[Tensor, Tensor]] = field(default_factory=list)
    most: ClassVar[int] = 5
    rounding: ClassVar[float] = 1e-10

    def mixed(self, step: Step, change: Tensor, sizes: Tensor, fresh: bool) -> Tensor:
        """What the stages (q, n, F, M) of a step are changed by in place of a correction, of unknowns of sizes (F,);
        no earlier move belongs to a fresh factorisation."""
        if fresh:
            self.last, self.moves = None, []
        stages, units = step.stages, sizes[:, None] / step.mesh.shares.sqrt()[:, None, None]
        if self.last is not None:
            moved, changed = stages - self.last[0], change - self.last[1]
            self.moves = [*self.moves[1 - self.most :], (moved, changed)]
        self.last = stages, change
        if not self.moves:
            return change
        known = torch.stack([(changed / units).flatten() for _, changed in self.moves])
        norms = known.norm(dim=1).clamp(min=torch.finfo(known.dtype).tiny)
        known = known / norms[:, None]
        inverse = torch.linalg.pinv(known @ known.T, rtol=self.rounding, hermitian=True)
        parts = inverse @ (known @ (change / units).flatten()) / norms
        for part, (moved, changed) in zip(parts, self.moves, strict=True):
            change = change - part * (moved + changed)
        return change
