"""The misfits to data of a solution that depends on constants alone: values, and rows of their Jacobian."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import torch
from torch import Tensor

from pinnsolve.geometry.points import Points
from pinnsolve.geometry.regions import interior
from pinnsolve.jets.multi_index import Alpha
from pinnsolve.machine.world import ALONE
from pinnsolve.problem.equation import Equation
from pinnsolve.residuals.chunks import Chunks
from pinnsolve.residuals.pointwise import answers
from pinnsolve.residuals.residuals import Block, Residuals
from pinnsolve.residuals.sites import Site
from pinnsolve.trial.by_constants import ByConstants


class DataOfConstants(Residuals):
    """Parameters
    ----------
    trial : ByConstants
    places : sequence of (Site, Points)
        Those of data are taken.
    """

    trial: ByConstants

    def __init__(self, trial: ByConstants, places: Sequence[tuple[Site, Points]]) -> None:
        self.trial, self.places = trial, [(site, points) for site, points in places if site.points is not None]
        self.world = ALONE
        self.counts = {name: len(points) for site, points in self.places for name in site.terms}

    def own_values(self) -> dict[str, Tensor]:
        """The misfits (N,) by name; infinite where the equations could not be solved."""
        return {name: r for block in self._blocks(rows=False) for name, r in block.residuals.items()}

    def linearised(self, chunks: Chunks | None = None) -> Iterator[Block]:
        """All of it at once."""
        return self._blocks(rows=True)

    def _blocks(self, rows: bool) -> Iterator[Block]:
        solved = self.trial.solved()
        tangents = solved.tangents() if rows and solved is not None else None
        for site, points in self.places:
            if solved is None or (rows and tangents is None):
                lost = {name: torch.full((len(points),), math.inf, dtype=torch.float64) for name in site.terms}
                nothing = {n: torch.zeros(len(points), self.trial.forward.count, dtype=torch.float64) for n in lost}
                yield Block(lost, nothing)
                continue
            yield self._block(site, points, tangents)

    def _block(self, site: Site, points: Points, tangents: Tensor | None) -> Block:
        solved, forward = self.trial.solved(), self.trial.forward
        assert solved is not None
        of = solved.trial
        prepared = of.prepare(points)

        def part(f: int, alpha: Alpha, tangent: Tensor | None = None) -> Tensor:
            return of.part(prepared, of.gathered(prepared, f, tangent), alpha)

        equations = [Equation(name, interior, term) for name, term in site.terms.items()]
        values = forward.values()
        rows = tangents is not None
        found = answers(of.problem, equations, prepared.points, part, rows, values if rows else None)
        residuals = dict(zip(site.terms, found.residuals, strict=True))
        if tangents is None:
            return Block(residuals, {})
        jacobian = torch.zeros(*found.residuals.shape, len(values), dtype=torch.float64, device=of.device)
        for k, (name, tangent) in enumerate(zip(values, tangents, strict=True)):
            for (e, f, alpha), slope in found.slopes.items():
                jacobian[e, :, k] += slope * part(f, alpha, tangent)
            for e in range(len(equations)):
                jacobian[e, :, k] += found.by.get((e, name), 0.0)
        jacobian = jacobian * forward.slopes().to(of.device)
        return Block(residuals, dict(zip(site.terms, jacobian, strict=True)))
